"""What could be declared as keys: as rows for programs, as a table and as YAML for people."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ingitdb_cli.commit_texts import day
from ingitdb_cli.output.rows import Rows
from ingitdb_cli.output.table import Table

if TYPE_CHECKING:
    from ingitdb.services.key_suggestions import KeyCandidate, KeySuggestions, TableKeys

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z_][A-Za-z0-9_-]*)*")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_SHORT = 12
_TEXT, _NUMBER = pa.string(), pa.int64()
_MOMENT = pa.timestamp("us", tz="UTC")
_SCHEMA = pa.schema(
    [
        ("schema", _TEXT),
        ("table", _TEXT),
        ("key", pa.list_(_TEXT)),
        ("verdict", _TEXT),
        ("suggested", pa.bool_()),
        ("commits", _NUMBER),
        ("broken", _NUMBER),
        ("missing", pa.bool_()),
        ("repeated", pa.bool_()),
        ("first_broken", _TEXT),
        ("first_broken_date", _MOMENT),
        ("last_broken", _TEXT),
        ("last_broken_date", _MOMENT),
    ]
)
_SEEN = pa.schema([("table", _TEXT), ("key", _TEXT), ("verdict", _TEXT)])
_NONE = "none"


def rows(found: "KeySuggestions", warn: Callable[[str], None]) -> Rows:
    """Gives a row a key or candidate, and one for each table that has neither."""
    return _rows(_SCHEMA, [row for table in found.tables for row in _told(table)], warn)


def lines(found: "KeySuggestions", warn: Callable[[str], None]) -> Iterator[str]:
    """Gives a table of the keys and candidates, and what to declare."""
    records = [
        (_name(table), ", ".join(key), verdict)
        for table in found.tables
        for key, verdict in _worded(table)
    ]
    yield from Table(_rows(_SEEN, records, warn), columns=None).lines()
    declared = list(yaml(found))
    if declared:
        yield ""
        yield from declared


def yaml(found: "KeySuggestions") -> Iterator[str]:
    """Gives what to declare, as .ingitdb/tables.yaml has it; nothing where there is nothing."""
    wanted = [table for table in found.tables if table.candidates]
    if not wanted:
        return
    if found.has_file:
        yield "# .ingitdb/tables.yaml is there already. What stands below `tables:` goes below"
        yield "# the `tables:` there; to a table that it has already, add the line `key:` alone."
    else:
        yield "# .ingitdb/tables.yaml"
    yield "tables:"
    for table in wanted:
        best = table.candidates[0]
        name = _name(table)
        is_whole = "." in table.name
        yield f"  {_quoted(table.name if is_whole else name)}:"
        if is_whole:
            yield f"    schema: {_quoted(table.schema)}"
        if best.broken:
            yield f"    # {_broken(best, table.commits, has_ids=True)}"
        yield f"    key: {_listed(best.columns)}"


def _told(table: "TableKeys") -> Iterator[tuple[Any, ...]]:
    place = (table.schema, table.name)
    if table.key:
        verdict = "file name or map key" if table.has is None else "declared"
        yield (*place, list(table.key), verdict, False, *_fate(table.has, table.commits))
    for number, one in enumerate(table.candidates):
        verdict = "broken" if one.broken else "lasts"
        yield (*place, list(one.columns), verdict, number == 0, *_fate(one, table.commits))
    if not table.key and not table.candidates:
        yield (*place, None, _NONE, False, *_fate(None, table.commits))


def _fate(one: "KeyCandidate | None", commits: int) -> tuple[Any, ...]:
    if one is None:
        return commits, None, None, None, None, None, None, None
    ends = (
        (commit.identifier, commit.moment) if commit is not None else (None, None)
        for commit in (one.first, one.last)
    )
    return commits, one.broken, one.is_missing, one.is_repeated, *next(ends), *next(ends)


def _worded(table: "TableKeys") -> Iterator[tuple[Sequence[str], str]]:
    if table.key and table.has is None:
        yield table.key, "is the key: file names or the keys of a map"
    elif table.has is not None:
        fate = _broken(table.has, table.commits) if table.has.broken else _lasting(table.commits)
        yield table.key, f"is declared; {fate}"
    for one in table.candidates:
        yield one.columns, _broken(one, table.commits) if one.broken else _lasting(table.commits)
    if not table.key and not table.candidates:
        yield (), "nothing tells its records apart"


def _lasting(commits: int) -> str:
    return f"holds at all {commits:,} commits" if commits != 1 else "holds at the one commit"


def _broken(one: "KeyCandidate", commits: int, *, has_ids: bool = False) -> str:
    """Says why and when a key did not hold."""
    kinds = ((one.is_missing, "missing"), (one.is_repeated, "repeated"))
    how = " or ".join(word for is_so, word in kinds if is_so)
    ends = [
        day(commit) + (f" ({commit.identifier[:_SHORT]})" if has_ids and commit.moment else "")
        for commit in (one.first, one.last)
        if commit is not None
    ]
    when = f"on {ends[0]}" if one.broken == 1 else f"first on {ends[0]}, last on {ends[1]}"
    return f"{how} at {one.broken:,} of {commits:,} commits, {when}"


def _name(table: "TableKeys") -> str:
    return table.name if table.schema == "main" else f"{table.schema}.{table.name}"


def _listed(names: Sequence[str]) -> str:
    spelled = [_quoted(name) for name in names]
    return spelled[0] if len(spelled) == 1 else f"[{', '.join(spelled)}]"


def _quoted(name: str) -> str:
    """Spells a name as YAML; in quotes, as JSON does it, where it might be something else."""
    if _PLAIN.fullmatch(name) and name.lower() not in _WORDS:
        return name
    return json.dumps(name, ensure_ascii=False)


def _rows(schema: Any, records: Sequence[Sequence[Any]], warn: Callable[[str], None]) -> Rows:
    arrays = [
        pa.array([record[number] for record in records], field.type)
        for number, field in enumerate(schema)
    ]
    batch = pa.RecordBatch.from_arrays(arrays, schema=schema)
    columns = [(name, None) for name in schema.names]
    return Rows(columns=columns, schema=schema, batches=iter([batch]), warn=warn)
