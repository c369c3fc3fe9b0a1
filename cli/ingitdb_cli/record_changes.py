"""The changes of one record, newest first: as rows for programs, as lines for people."""

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click
import orjson
import pyarrow as pa

from ingitdb.model.history import Commit
from ingitdb.model.types import VARCHAR, ColumnType, Scalar
from ingitdb.services.record_history import RecordHistory
from ingitdb_cli.commit_texts import FIELDS, cells, heading
from ingitdb_cli.comparison.changes import MISSING, leaves
from ingitdb_cli.output.display import clean, fit
from ingitdb_cli.output.rows import Rows
from ingitdb_cli.output.values import dump, json_values

_COLOURS = {"added": "green", "removed": "red", "modified": "yellow"}
_CONTEXT = 2
_LINE_END = "\n"
_SCHEMA = pa.schema([*FIELDS, ("change", pa.string()), ("fields", pa.string())])


@dataclass(frozen=True, slots=True)
class Field:
    """A field before and after; None where it is NULL or not there.

    Attributes:
        is_text: Whether its values are texts, and not spelled as such only in JSON.
    """

    old: Any
    new: Any
    is_text: bool

    def spelled(self, value: Any) -> str:
        """Writes a value for people: texts in quotes, so that they are not taken for numbers."""
        return value if isinstance(value, str) and not self.is_text else dump(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one commit did to the record.

    Attributes:
        kind: `added`, `removed` or `modified`.
        fields: The fields that differ, by name; of a record that came or went those that it has.
    """

    commit: Commit
    kind: str
    fields: Mapping[str, Field]


def changes(history: RecordHistory) -> Iterator[Change]:
    """Gives the changes, the newest first."""
    found: dict[str, list[dict[str, Any]]] = {}
    types = dict(history.result.columns)
    with history.result as result:
        for batch in result.batches():
            columns = [
                json_values(batch.column(n), kind) for n, (_, kind) in enumerate(result.columns)
            ]
            for values in zip(*columns, strict=True):
                known = dict(zip(types, values, strict=True))
                found.setdefault(known["to_commit"], []).append(known)
    while found and (commit := next(history.commits, None)) is not None:
        yield from (_change(commit, row, types) for row in found.pop(commit.identifier, ()))


def _change(commit: Commit, row: Mapping[str, Any], types: Mapping[str, ColumnType]) -> Change:
    kind = row["diff_type"]
    names = row["changed_columns"]
    if kind != "modified":
        side = "from_" if kind == "removed" else "to_"
        names = [name.removeprefix(side) for name in _columns(types, side) if row[name] is not None]
    fields = {}
    for name in dict.fromkeys(names or ()):
        old, new = f"from_{name}", f"to_{name}"
        is_text = types.get(new, types.get(old)) == VARCHAR
        fields[name] = Field(row.get(old), row.get(new), is_text)
    return Change(commit=commit, kind=kind, fields=fields)


def _columns(types: Mapping[str, ColumnType], side: str) -> Iterator[str]:
    """Gives the columns of a side but for its commit and date, which stand last."""
    named = [name for name in types if name.startswith(side)]
    yield from named[: named.index(f"{side}commit")]


def former_key(history: RecordHistory, first: Change) -> str | None:
    """Gives the key that the record had before its first change; None where it had none."""
    if first.kind != "modified" or len(history.key) > 1:
        return None
    ((column, value),) = history.key.items()
    field = first.fields.get(column)
    return str(field.old) if field and str(field.new) == value and field.old is not None else None


def rows(found: Sequence[Change], warn: Callable[[str], None]) -> Rows:
    """Gives a row a change; `fields` has the old and the new value of each."""
    records = zip(*map(_row, found), strict=True)
    arrays = [
        pa.array(list(cells), field.type) for cells, field in zip(records, _SCHEMA, strict=True)
    ]
    batch = pa.RecordBatch.from_arrays(arrays, schema=_SCHEMA)
    columns = [(name, Scalar("JSON") if name == "fields" else None) for name in _SCHEMA.names]
    return Rows(columns=columns, schema=_SCHEMA, batches=iter([batch]), warn=warn)


def _row(change: Change) -> tuple[Any, ...]:
    fields = {name: {"old": f.old, "new": f.new} for name, f in change.fields.items()}
    return (*cells(change.commit), change.kind, dump(fields))


class Lines:
    """Writes the changes line by line, in colours where there are any.

    Attributes:
        cut: Whether a value was too long to be shown whole.
    """

    def __init__(self, *, is_styled: bool, longest: int | None = None) -> None:
        self.cut = False
        self._is_styled = is_styled
        self._longest = longest

    def lines(self, found: Sequence[Change]) -> Iterator[str]:
        """Gives the lines."""
        for number, change in enumerate(found):
            if number:
                yield ""
            colour = _COLOURS[change.kind]
            yield from heading(change.commit, change.kind, colour, is_styled=self._is_styled)
            for name, field in change.fields.items():
                yield from self._field(f"        {clean(name)}:", field, change.kind)

    def _field(self, label: str, field: Field, kind: str) -> Iterator[str]:
        old, new = field.old, field.new
        if kind != "modified":
            value = new if kind == "added" else old
            yield f"{label} {self._coloured(field.spelled(value), _COLOURS[kind])}"
        elif field.is_text and _LINE_END in f"{old or ''}".strip() + f"{new or ''}".strip():
            yield label
            yield from self._texts(old or "", new or "")
        elif isinstance(old, dict | list) and isinstance(new, dict | list):
            yield label
            for path, *sides in leaves(_loaded(old), _loaded(new)):
                values = ("(none)" if side is MISSING else dump(side) for side in sides)
                yield self._arrow(f"            {clean(path) or '(all)'}:", *values)
        else:
            yield self._arrow(label, field.spelled(old), field.spelled(new))

    def _arrow(self, label: str, old: str, new: str) -> str:
        return f"{label} {self._coloured(old, 'red')} → {self._coloured(new, 'green')}"

    def _texts(self, old: str, new: str) -> Iterator[str]:
        before, after = old.splitlines(), new.splitlines()
        if before == after:
            yield "            (only line ends differ)"
        for line in list(difflib.unified_diff(before, after, n=_CONTEXT, lineterm=""))[2:]:
            colour = {"+": "green", "-": "red", "@": "cyan"}.get(line[0])
            yield f"            {self._coloured(line, colour)}".rstrip()

    def _coloured(self, text: str, colour: str | None) -> str:
        shown = clean(text if self._longest is None else text[: self._longest + 1])
        if self._longest is not None:
            fitted = fit(shown, self._longest)
            self.cut = self.cut or fitted != shown
            shown = fitted
        return click.style(shown, fg=colour) if self._is_styled else shown


def _loaded(value: Any) -> Any:
    """Gives the maps and lists of a value that may have JSON inside."""
    return orjson.loads(dump(value))
