"""When the definition of a table changed: as rows for programs, as lines for people."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click
import pyarrow as pa

from ingitdb.model.types import Scalar
from ingitdb_cli.commit_texts import FIELDS, cells, heading
from ingitdb_cli.output.display import clean
from ingitdb_cli.output.rows import Rows
from ingitdb_cli.output.values import dump

if TYPE_CHECKING:
    from ingitdb.services.schema_history import DefinitionChange, SchemaEvent

_COLOURS = {
    "created": "green",
    "added": "green",
    "gone": "red",
    "dropped": "red",
    "changed": "yellow",
    "retyped": "yellow",
    "renamed": "yellow",
    "key": "cyan",
}
_SCHEMA = pa.schema([*FIELDS, ("event", pa.string()), ("changes", pa.string())])


def rows(found: "Sequence[SchemaEvent]", warn: Callable[[str], None]) -> Rows:
    """Gives a row an event; `changes` has what changed."""
    records = [_row(event) for event in found]
    arrays = [
        pa.array([record[number] for record in records], field.type)
        for number, field in enumerate(_SCHEMA)
    ]
    batch = pa.RecordBatch.from_arrays(arrays, schema=_SCHEMA)
    columns = [(name, Scalar("JSON") if name == "changes" else None) for name in _SCHEMA.names]
    return Rows(columns=columns, schema=_SCHEMA, batches=iter([batch]), warn=warn)


def _row(event: "SchemaEvent") -> tuple[Any, ...]:
    changes = [
        {"kind": one.kind, "name": one.name or None, "before": one.before, "after": one.after}
        for one in event.changes
    ]
    return (*cells(event.commit), event.event, dump(changes))


def lines(found: "Sequence[SchemaEvent]", *, is_styled: bool) -> Iterator[str]:
    """Gives the lines, in colours where there are any."""
    style = click.style if is_styled else _plain
    for number, event in enumerate(found):
        if number:
            yield ""
        yield from heading(event.commit, event.event, _COLOURS[event.event], is_styled=is_styled)
        for change in event.changes:
            yield f"        {style(clean(_worded(change)), fg=_COLOURS[change.kind])}"


def _worded(change: "DefinitionChange") -> str:
    before, after = change.before, change.after
    if change.kind == "added":
        return f"+ {change.name} {after}"
    if change.kind == "dropped":
        return f"- {change.name} {before}"
    if change.kind == "key":
        return f"key: {before or '(none)'} → {after or '(none)'}"
    if change.kind == "renamed":
        return f"~ {before} → {after}"
    return f"~ {change.name}: {before} → {after}"


def _plain(text: str, **style: Any) -> str:
    del style
    return text
