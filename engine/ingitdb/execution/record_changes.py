"""Rows as DuckDB gives them, told as changes of records."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from ingitdb.errors import SeveralMatches, WriteError
from ingitdb.execution.targets import KEY
from ingitdb.model.types import ColumnType
from ingitdb.sql.write_queries import NUMBER_COLUMN, PATH_COLUMN, old_column
from ingitdb.writes.python_rows import python_rows
from ingitdb.writes.table_texts import Added, Changed, Removed


def changed(
    rows: pa.Table,
    names: Sequence[str],
    kinds: Mapping[str, ColumnType],
    fields: Mapping[str, str],
) -> Iterator[Changed]:
    """Gives the records that will differ.

    Args:
        rows: The place of each, and of each column the value that it gets and the one it has.
        names: The columns.
        kinds: Their types.
        fields: For each column of the records the field that it shows.

    Raises:
        SeveralMatches: A record is met twice.
    """
    met: set[tuple[str, int]] = set()
    for row in python_rows(rows):
        place = row[PATH_COLUMN], row[NUMBER_COLUMN]
        if place in met:
            raise SeveralMatches(place[0])
        met.add(place)
        cells = {
            _field(name, fields): (row[name], kinds[name])
            for name in names
            if _differ(row[name], row[old_column(name)])
        }
        if cells:
            yield Changed(path=place[0], number=place[1], cells=cells)


def once(rows: pa.Table) -> list[int]:
    """Gives the positions of rows such that each record is met once."""
    places = zip(rows[PATH_COLUMN].to_pylist(), rows[NUMBER_COLUMN].to_pylist(), strict=True)
    first: dict[tuple[str, int], int] = {}
    for at, place in enumerate(places):
        first.setdefault(place, at)
    return list(first.values())


def removed(rows: pa.Table) -> Iterator[Removed]:
    """Gives the records that go."""
    places = zip(rows[PATH_COLUMN].to_pylist(), rows[NUMBER_COLUMN].to_pylist(), strict=True)
    for path, number in places:
        yield Removed(path=path, number=number)


def added(
    rows: pa.Table, kinds: Mapping[str, ColumnType], fields: Mapping[str, str]
) -> Iterator[Added]:
    """Gives the records that come."""
    for row in python_rows(rows):
        cells = {
            fields.get(name, name): (value, kinds[name])
            for name, value in row.items()
            if name != KEY or KEY in fields
        }
        yield Added(key=None if KEY in fields else row.get(KEY), cells=cells)


def _differ(new: Any, old: Any) -> bool:
    return type(new) is not type(old) or repr(new) != repr(old)


def _field(name: str, fields: Mapping[str, str]) -> str:
    if name == KEY and name not in fields:
        raise WriteError(
            f"{name} is the record's place, not one of its fields.",
            hint="Insert the record under its new key and delete the old one.",
        )
    return fields.get(name, name)  # a declared column that no record has yet
