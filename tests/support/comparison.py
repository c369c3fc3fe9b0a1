"""Compares what a connection answers with what the oracle expects."""

import json
from collections.abc import Iterator, Sequence
from itertools import islice, zip_longest
from typing import Any

import duckdb

from tests.support.oracle import Table
from tests.support.oracle_types import JSON, JsonValue, Type, same

SHOWN = 5
MISSING = object()


class Spelling:
    """Knows how DuckDB itself spells a type."""

    def __init__(self) -> None:
        self._connection = duckdb.connect()
        self._known: dict[str, str] = {}

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()

    def __call__(self, text: str) -> str:
        """Gives DuckDB's spelling."""
        if text not in self._known:
            found = self._connection.execute(f"SELECT typeof(NULL::{text})").fetchone()
            assert found is not None
            self._known[text] = str(found[0])
        return self._known[text]


def differences(table: Table, connection: Any, spelling: Spelling) -> Iterator[str]:
    """Names, in words, each way in which an answer is not what it must be."""
    name = table.qualified
    if not table.columns:  # an empty file: SQL has no table without columns to compare with
        count = connection.execute(f"SELECT count(*) FROM {name}").fetchall()
        if count != [(0,)]:
            yield f"{name}: {count} rows in an empty file"
        return
    described = connection.execute(f"DESCRIBE SELECT * FROM {name}").fetchall()
    actual = [(row[0], row[1]) for row in described]
    expected = [(column, spelling(kind)) for column, kind in table.types()]
    if actual != expected:
        yield from column_differences(name, expected, actual)
        if [column for column, _ in actual] != [column for column, _ in expected]:
            return
    rows = connection.execute(f"SELECT * FROM {name}").fetchall()
    if len(rows) != len(table.rows):
        yield f"{name}: {len(rows)} rows, expected {len(table.rows)}"
    yield from islice(row_differences(table, rows), SHOWN)
    yield from islice(place_differences(table, connection), SHOWN)


def column_differences(
    name: str, expected: Sequence[tuple[str, str]], actual: Sequence[tuple[str, str]]
) -> Iterator[str]:
    """Names columns that differ, or their order."""
    known, found = dict(expected), dict(actual)
    for column in known.keys() | found.keys():
        if known.get(column) != found.get(column):
            yield f"{name}.{column}: {found.get(column)}, expected {known.get(column)}"
    if known == found:
        yield f"{name}: columns in the order {list(found)}, expected {list(known)}"


def row_differences(table: Table, rows: Sequence[Sequence[Any]]) -> Iterator[str]:
    """Names cells that differ, in the order of the records."""
    types = list(table.columns.items())
    for number, (row, expected) in enumerate(zip_longest(rows, table.rows)):
        place = table.places[number] if number < len(table.places) else ("nowhere", 0)
        if row is None or expected is None:
            yield f"{table.qualified} row {number} ({place[0]}): only on one side"
            return
        for (column, wanted), cell, value in zip(types, row, expected, strict=True):
            found = normal(cell, wanted)
            if not same(found, ordinary(value, wanted)):
                yield (
                    f"{table.qualified}.{column} row {number} ({place[0]}:{place[1]}): "
                    f"{found!r:.300}, expected {value!r:.300}"
                )


def place_differences(table: Table, connection: Any) -> Iterator[str]:
    """Names records whose file or line is another."""
    query = f"SELECT _path, _line FROM {table.qualified}"
    for row, (path, line) in zip_longest(
        connection.execute(query).fetchall(), table.places, fillvalue=("", 0)
    ):
        if row[0] != path or (line and row[1] != line):
            yield f"{table.qualified}: {row[0]}:{row[1]}, expected {path}:{line}"


def normal(cell: Any, wanted: Type) -> Any:
    """Brings a cell as DuckDB gives it into the form that the oracle has."""
    if cell is None:
        return None
    if wanted == JSON:
        return JsonValue(json.loads(cell) if isinstance(cell, str) else cell)
    kind = wanted[0]
    if kind == "LIST":
        return [normal(item, wanted[1]) for item in cell]
    if kind == "STRUCT":
        below = dict(wanted[1])
        return {name: normal(cell[name], below.get(name, ("VARCHAR",))) for name in cell}
    if kind == "MAP":
        return dict(cell)
    return cell


def ordinary(value: Any, wanted: Type) -> Any:
    """Gives a map of the oracle as a dict, as DuckDB does."""
    return dict(value) if wanted[0] == "MAP" and value is not None else value


def listed(connection: Any) -> set[tuple[str, str]]:
    """Gives (schema, name) of the tables of a connection."""
    query = "SELECT table_schema, table_name FROM information_schema.tables"
    return {(schema, name) for schema, name in connection.execute(query).fetchall()}


def unreadable(connection: Any) -> set[str]:
    """Gives the paths of the files that could not be read, as a whole or in parts."""
    return {path for (path,) in connection.execute("SELECT path FROM unreadable()").fetchall()}
