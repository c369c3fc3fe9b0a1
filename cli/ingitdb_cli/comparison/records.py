"""The rows of a difference as records: which one, what happened to it, and its fields."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any

import orjson
from pyarrow import types

from ingitdb.model.types import ColumnType, Scalar
from ingitdb.services.differences import ComparedField, TableDifference
from ingitdb_cli.output.values import dump, json_values, text_values

_ROWS = 1024
_MOST_IN_LABEL = 8
KEY_SEPARATOR = "__"
"""Stands between the parts of a key, as in `_key`."""


class Form(Enum):
    """How a value is written for people."""

    NULL = "null"
    TEXT = "text"
    PLAIN = "plain"
    NESTED = "nested"


@dataclass(frozen=True, slots=True)
class Cell:
    """One value.

    Attributes:
        form: How it is written.
        text: Its text; that of a nested one is JSON.
        value: As orjson writes it.
    """

    form: Form
    text: str
    value: Any

    @property
    def spelled(self) -> str:
        """The value as one word: texts in quotes, so that they are not taken for numbers."""
        return dump(self.text) if self.form is Form.TEXT else self.text

    @property
    def tree(self) -> Any:
        """The maps and lists of a nested value."""
        return orjson.loads(self.text)


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field at both commits; None where the table has no such column."""

    field: ComparedField
    old: Cell | None
    new: Cell | None
    is_changed: bool

    @property
    def label(self) -> str:
        """What it is called, and what it was called."""
        name, before = self.field.name, self.field.before
        return name if before in (None, name) else f"{before} → {name}"


@dataclass(frozen=True, slots=True)
class RecordChange:
    """A record that differs.

    Attributes:
        kind: `added`, `removed` or `modified`.
        old_key: What it was known by; without a key its first values.
        new_key: What it is known by.
        fields: All its fields.
    """

    kind: str
    old_key: tuple[str, ...]
    new_key: tuple[str, ...]
    fields: Callable[[], list[FieldChange]]

    @property
    def label(self) -> str:
        """The key for people."""
        old, new = ", ".join(self.old_key), ", ".join(self.new_key)
        if self.kind == "modified" and old != new:
            return f"{old} → {new}"
        return old if self.kind == "removed" else new

    @property
    def key(self) -> str:
        """The key as one text."""
        return KEY_SEPARATOR.join(self.old_key if self.kind == "removed" else self.new_key)

    def changed(self) -> list[FieldChange]:
        """The fields that differ."""
        return [one for one in self.fields() if one.is_changed]

    def side(self, *, new: bool) -> dict[str, Any]:
        """The whole record at one commit."""
        cells = [(f.field, f.new if new else f.old) for f in self.fields()]
        return {(f.name if new else f.before) or "": c.value for f, c in cells if c is not None}


def records(table: TableDifference, result: Any) -> Iterator[RecordChange]:
    """Reads `Differences.rows`."""
    for batch in result.batches():
        for start in range(0, batch.num_rows, _ROWS):
            yield from _Rows(table, result.columns, batch.slice(start, _ROWS)).records()


class _Rows:
    """Some rows; a column is read when the first of its values is asked for."""

    def __init__(
        self, table: TableDifference, columns: Sequence[tuple[str, ColumnType]], batch: Any
    ) -> None:
        self._table = table
        self._types = [kind for _, kind in columns]
        self._batch = batch
        self._read: dict[int, list[Cell]] = {}
        fields = table.fields
        self._places = {f.name: (f.old, f.new) for f in fields if f.old is None or f.new is None}
        self._places |= {f.before or f.name: (f.old, f.new) for f in fields}
        self._places |= {f.name: (f.old, f.new) for f in fields if f.new is not None}

    def records(self) -> Iterator[RecordChange]:
        kinds = self._batch.column(self._batch.num_columns - 2).to_pylist()
        changed = self._batch.column(self._batch.num_columns - 1).to_pylist()
        for at, kind in enumerate(kinds):
            yield RecordChange(
                kind,
                self._key(at, 0) if kind != "added" else (),
                self._key(at, 1) if kind != "removed" else (),
                partial(self._fields, at, kind, set(changed[at] or ())),
            )

    def _key(self, row: int, side: int) -> tuple[str, ...]:
        parts = [self._part(row, side, path) for path in self._table.key]
        return tuple(parts) if parts else tuple(self._values(row, side))

    def _part(self, row: int, side: int, path: Sequence[str]) -> str:
        place = self._places.get(path[0], (None, None))[side]
        if place is None:
            return ""
        cell = self._cells(place)[row]
        if len(path) == 1 or cell.form is not Form.NESTED:
            return cell.text
        found = cell.tree
        for part in path[1:]:
            found = found.get(part) if isinstance(found, dict) else None
        return found if isinstance(found, str) else dump(found)

    def _values(self, row: int, side: int) -> Iterator[str]:
        """Gives the first values of a record that nothing tells from others."""
        places = [place for f in self._table.fields if (place := (f.old, f.new)[side]) is not None]
        for place in places[:_MOST_IN_LABEL]:
            cell = self._cells(place)[row]
            if cell.form in (Form.TEXT, Form.PLAIN):
                yield cell.text.split("\n", 1)[0]

    def _fields(self, row: int, kind: str, changed: set[str]) -> list[FieldChange]:
        found = []
        for one in self._table.fields:
            old = self._cells(one.old)[row] if one.old is not None and kind != "added" else None
            new = self._cells(one.new)[row] if one.new is not None and kind != "removed" else None
            found.append(FieldChange(one, old, new, one.name in changed))
        return found

    def _cells(self, place: int) -> list[Cell]:
        if place not in self._read:
            self._read[place] = cells(self._batch.column(place), self._types[place])
        return self._read[place]


def cells(array: Any, kind: ColumnType | None) -> list[Cell]:
    """Reads a column."""
    values = json_values(array, kind)
    if _is_nested(array.type):
        return [_NULL if v is None else Cell(Form.NESTED, dump(v), v) for v in values]
    texts = text_values(array, kind)
    form = Form.PLAIN
    if isinstance(kind, Scalar) and kind.name == "JSON":
        return [_json(text, value) for text, value in zip(texts, values, strict=True)]
    if types.is_string(array.type) or types.is_large_string(array.type):
        form = Form.TEXT
    return [
        _NULL if text is None else Cell(form, text, value)
        for text, value in zip(texts, values, strict=True)
    ]


def _is_nested(kind: Any) -> bool:
    return bool(types.is_nested(kind))


def _json(text: str | None, value: Any) -> Cell:
    if text is None:
        return _NULL
    is_nested = text.lstrip()[:1] in ("{", "[")
    return Cell(Form.NESTED if is_nested else Form.PLAIN, text, value)


_NULL = Cell(Form.NULL, "NULL", None)
