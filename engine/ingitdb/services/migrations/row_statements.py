"""Changes of rows as statements on a repository, many rows each."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count, groupby
from typing import Any, TypeAlias

from ingitdb.execution.session import Session
from ingitdb.migrations.model import Place
from ingitdb.model.types import ColumnType, Scalar, quote_identifier

_PARAMETERS = 2_000
"""So many values a statement has at most, or those of one row."""

Columns: TypeAlias = tuple[tuple[str, ColumnType], ...]
"""Names and types."""
Cells: TypeAlias = Sequence[Any]
"""The values of a row: texts that DuckDB casts to their types, bytes or None."""


@dataclass(frozen=True, slots=True)
class RowStatements:
    """Changes the rows of a table in a transaction.

    Attributes:
        session: Where the transaction is.
        place: The table.
        key: The columns that tell its rows apart.
    """

    session: Session
    place: Place
    key: Columns

    def delete(self, keys: Iterable[Cells]) -> None:
        """Deletes the rows of some keys."""
        for some in _chunks(keys, len(self.key)):
            given = _values([self.key] * len(some))
            names = ", ".join(f"k{at}" for at in range(len(self.key)))
            self._run(
                f"DELETE FROM {self._name} AS t USING {given} AS v({names}) WHERE {self._same}",
                some,
            )

    def update(self, rows: Iterable[tuple[Columns, Cells, Cells]]) -> None:
        """Changes rows: those columns of each, the key of each, the values of those columns."""
        waiting: dict[Columns, list[Cells]] = defaultdict(list)
        for columns, key, values in rows:
            found = waiting[columns]
            found.append([*key, *values])
            if len(found) * len(found[0]) >= _PARAMETERS:
                self._update(columns, waiting.pop(columns))
        for columns, found in waiting.items():
            self._update(columns, found)

    def insert(self, rows: Iterable[tuple[Columns, Cells]]) -> None:
        """Adds rows in their order: the columns and values of each."""
        for columns, found in groupby(rows, key=lambda row: row[0]):
            names = ", ".join(quote_identifier(name) for name, _ in columns)
            for some in _chunks((values for _, values in found), len(columns)):
                given = _values([columns] * len(some))[1:-1]
                self._run(f"INSERT INTO {self._name} ({names}) {given}", some)

    def _update(self, columns: Columns, rows: Sequence[Cells]) -> None:
        names = [f"k{at}" for at in range(len(self.key))]
        names += [f"s{at}" for at in range(len(columns))]
        settings = (f"{quote_identifier(c)} = v.s{at}" for at, (c, _) in enumerate(columns))
        given = _values([self.key + columns] * len(rows))
        self._run(
            f"UPDATE {self._name} AS t SET {', '.join(settings)}"
            f" FROM {given} AS v({', '.join(names)}) WHERE {self._same}",
            rows,
        )

    @property
    def _name(self) -> str:
        return ".".join(map(quote_identifier, self.place))

    @property
    def _same(self) -> str:
        return " AND ".join(
            f"t.{quote_identifier(name)} = v.k{at}" for at, (name, _) in enumerate(self.key)
        )

    def _run(self, sql: str, rows: Sequence[Cells]) -> None:
        with self.session.execute(sql, [value for row in rows for value in row]) as result:
            for _ in result.batches():
                pass


def _chunks(rows: Iterable[Cells], width: int) -> Iterable[list[Cells]]:
    most = max(_PARAMETERS // width, 1)
    some: list[Cells] = []
    for row in rows:
        some.append(row)
        if len(some) == most:
            yield some
            some = []
    if some:
        yield some


def _values(rows: Iterable[Columns]) -> str:
    numbers = count(1)
    shown = (
        f"({', '.join(_parameter(kind, next(numbers)) for _, kind in columns)})" for columns in rows
    )
    return f"(VALUES {', '.join(shown)})"


def _parameter(kind: ColumnType, at: int) -> str:
    """Gives SQL for a parameter in a column's type."""
    if isinstance(kind, Scalar):
        return f"CAST(${at} AS {kind.sql})"
    return f"CAST(CAST(${at} AS JSON) AS {kind.sql})"
