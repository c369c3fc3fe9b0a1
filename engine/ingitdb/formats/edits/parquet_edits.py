"""Edits of Parquet files: rows change, and all that the file says about itself stays as it is.

A Parquet file cannot be changed in part: it is written anew with the same schema, the same
metadata, compression and row groups. A value must fit its column's type.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from ingitdb.formats.edits.changed_values import applied, same
from ingitdb.formats.edits.parquet_files import as_written, opened
from ingitdb.formats.edits.parquet_values import fitting
from ingitdb.formats.headers import column_names
from ingitdb.formats.parquet import values_of
from ingitdb.model.edits import Edit, EditFault, Insert, Put, Remove
from ingitdb.model.records import DEFAULT_OPTIONS, ReadOptions, Value


class ParquetEditor:
    """Edits Parquet files."""

    def edit(
        self, data: bytes, edits: Sequence[Edit], options: ReadOptions = DEFAULT_OPTIONS
    ) -> bytes:
        """Gives a file with some edits; without any change the same bytes.

        Raises:
            FormatFault: The file cannot be read.
            EditFault: An edit cannot be made.
        """
        del options
        if not edits:
            return data
        file = opened(data)
        rows = _Rows(file.read())
        rows.take(edits)
        return as_written(rows.table(), file) if rows.is_changed else data

    def write(
        self,
        value: Value,
        options: ReadOptions = DEFAULT_OPTIONS,
        *,
        like: bytes | None = None,
        table: str = "",
    ) -> bytes:
        """Gives a new file that holds a list of maps; what a map lacks is null.

        Columns and types are those of `like`, else what the values show.

        Raises:
            FormatFault: `like` cannot be read.
            EditFault: The values of a column have no type in common, or do not fit that of `like`.
        """
        del options, table
        if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
            raise EditFault("A table is a list of maps.")
        if like:
            file = opened(like)
            rows = _Rows(file.read().slice(0, 0))
            rows.take([Insert(place=(0,), value=row) for row in value])
            return as_written(rows.table(), file)
        names = list(dict.fromkeys(name for row in value for name in row))
        if not names or list(column_names(names)) != names:
            raise EditFault("A table without columns, or with one without a name, is no file.")
        return as_written(pa.table([_typed(name, value) for name in names], names=names), None)


class _Rows:
    """The rows of a table, and what is done to them."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table
        self._names = column_names(table.column_names)
        self._cells: dict[str, dict[int, Any]] = {}
        self._removed: set[int] = set()
        self._added: dict[int, list[Mapping[str, Any]]] = {}

    @property
    def is_changed(self) -> bool:
        """Whether any row is another."""
        return bool(self._cells or self._removed or self._added)

    def take(self, edits: Sequence[Edit]) -> None:
        """Takes some edits in.

        Raises:
            EditFault: One is of no row or cell.
        """
        below: dict[tuple[int, str], list[Edit]] = {}
        for edit in edits:
            row = self._row(edit)
            if len(edit.place) > 1:
                below.setdefault((row, self._name(edit.place[1])), []).append(edit)
            elif isinstance(edit, Remove):
                self._removed.add(row)
            elif isinstance(edit, Insert):
                self._added.setdefault(row, []).append(self._record(edit.value))
            else:
                for name, value in self._record(edit.value).items():
                    self._put(row, name, value)
        for (row, name), found in below.items():
            if any(len(edit.place) == 2 and not isinstance(edit, Put) for edit in found):
                raise EditFault(f"A record has all its values, {name!r} among them.")
            old = {name: self._value(row, name)}
            inner = [_below(edit) for edit in found]
            self._put(row, name, applied(old, inner)[name])  # type: ignore[index,call-overload]

    def table(self) -> pa.Table:
        """Gives the table as it is to be.

        Raises:
            EditFault: A value does not fit its column.
        """
        order: list[int] | None = None
        added: list[Mapping[str, Any]] = []
        if self._removed or self._added:
            order, added = self._order()
        columns = [
            self._column(at, name, order, [row.get(name) for row in added])
            for at, name in enumerate(self._names)
        ]
        return pa.Table.from_arrays(columns, schema=self._table.schema)

    def _column(
        self, at: int, name: str, order: Sequence[int] | None, added: Sequence[Any]
    ) -> pa.ChunkedArray:
        """Gives a column: what stays of it as it is, and the new values at their places."""
        column, changed = self._table.column(at), self._cells.get(name, {})
        if order is None and not changed:
            return column
        field, count = self._table.schema.field(at), self._table.num_rows
        places = list(range(count)) if order is None else [*order]
        behind = {row: count + len(added) + n for n, row in enumerate(changed)}
        places = [behind.get(place, place) for place in places]
        new = [fitting(value, field)[0] for value in (*added, *changed.values())]
        chunks = [*column.chunks, *new]
        whole = pa.chunked_array(chunks, column.type)
        if pa.types.is_dictionary(column.type):
            whole = whole.unify_dictionaries()
        return whole.take(pa.array(places, pa.int64()))

    def _order(self) -> tuple[list[int], list[Mapping[str, Any]]]:
        """Gives the rows that stay, by their numbers, among new ones with numbers behind them."""
        count = self._table.num_rows
        order: list[int] = []
        added: list[Mapping[str, Any]] = []
        for row in range(count + 1):
            for record in self._added.get(row, ()):
                order.append(count + len(added))
                added.append(record)
            if row < count and row not in self._removed:
                order.append(row)
        return order, added

    def _value(self, row: int, name: str) -> Any:
        return values_of(self._table.column(self._names.index(name)).slice(row, 1))[0]

    def _put(self, row: int, name: str, value: Any) -> None:
        if not same(self._value(row, name), value):
            self._cells.setdefault(name, {})[row] = value

    def _row(self, edit: Edit) -> int:
        row = edit.place[0] if edit.place else None
        is_new = isinstance(edit, Insert) and len(edit.place) == 1
        if not isinstance(row, int) or not 0 <= row < self._table.num_rows + is_new:
            raise EditFault(f"A table of {self._table.num_rows} rows has no row {row!r}.")
        return row

    def _name(self, name: Any) -> str:
        if name not in self._names:
            raise EditFault(f"The file has no column {name!r}; it must be added first.")
        return str(name)

    def _record(self, value: Value) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise EditFault("A row is a map of its columns.")
        given = {self._name(name): item for name, item in value.items()}
        return {name: given.get(name) for name in self._names}


def fitted(schema: pa.Schema, name: str, value: Value) -> Value:
    """Gives a value as it will be read again from a column of a file.

    Raises:
        EditFault: The value does not fit the column.
    """
    names = column_names(schema.names)
    if name not in names:
        raise EditFault(f"The file has no column {name!r}; it must be added first.")
    return fitting(value, schema.field(names.index(name)))[1]


def _below(edit: Edit) -> Edit:
    place = edit.place[1:]
    if isinstance(edit, Remove):
        return Remove(place=place)
    return type(edit)(place=place, value=edit.value)


def _typed(name: str, rows: Sequence[Mapping[str, Any]]) -> pa.Array:
    """Gives a new column in the type that its values show."""
    values = [row.get(name) for row in rows]
    try:
        made = pa.array(values)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        raise EditFault(f"The values of {name!r} have no type in common.") from None
    return made.cast(pa.string()) if pa.types.is_null(made.type) else made
