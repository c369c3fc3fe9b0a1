"""DuckDB files, whose DuckDB is reached through a port."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import pyarrow as pa

from ingitdb.migrations.model import LEDGER, Check, Column, Index, Place, Table, folded
from ingitdb.migrations.scripts import Insertion
from ingitdb.migrations.targets.duckdb import is_carried
from ingitdb.migrations.targets.target import Target
from ingitdb.model.types import quote_identifier, quote_literal

_COLUMNS = (
    "SELECT schema_name, table_name, column_name, data_type, is_nullable, column_default"
    " FROM duckdb_columns() JOIN duckdb_tables() USING (database_name, schema_name, table_name)"
    " WHERE database_name = current_database() AND NOT temporary"
    " ORDER BY schema_name, table_name, column_index"
)
_CONSTRAINTS = (
    "SELECT schema_name, table_name, constraint_type, constraint_column_names,"
    " expression FROM duckdb_constraints() WHERE database_name = current_database()"
    " AND constraint_type IN ('PRIMARY KEY', 'UNIQUE', 'CHECK') ORDER BY ALL"
)
_INDEXES = (
    "SELECT schema_name, table_name, index_name, CAST(expressions AS VARCHAR[])"
    " FROM duckdb_indexes() WHERE database_name = current_database() AND NOT is_unique ORDER BY ALL"
)


class File(Protocol):
    """A DuckDB file that is open."""

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Runs a statement and gives its rows."""
        ...

    def stream(self, sql: str) -> Iterator[pa.RecordBatch]:
        """Gives the rows of a query."""
        ...

    def append(self, sql: str, rows: Iterator[pa.RecordBatch]) -> None:
        """Runs an INSERT that reads rows from `incoming`."""
        ...

    def close(self) -> None:
        """Closes it."""
        ...


class DuckdbDatabase:
    """A DuckDB database in a file; while it is open other processes are kept out of it."""

    def __init__(self, file: File) -> None:
        self._file = file
        self.ask = file.ask
        self.stream = file.stream
        self.close = file.close

    def run_script(self, script: str) -> None:
        """Runs a whole script.

        Raises:
            TargetError: DuckDB refuses a statement; what is not committed is undone.
        """
        self.ask(script)

    def check_names(self, tables: Sequence[Table]) -> Mapping[Place, Mapping[str, Check]]:
        """Gives the checks of all tables by their conditions, for DuckDB keeps no names of them."""
        return {
            folded(table.place): {self._spelled(one.condition): one for one in table.checks}
            for table in tables
        }

    def references(self) -> list[tuple[Place, Place]]:
        """Gives the tables that hinder others from being emptied; none does."""
        return []

    def lock(self) -> None:
        """Keeps other migrations out: the open file does."""

    def load(self, insertion: Insertion, target: Target) -> bool:
        """Adds rows as Arrow; False where Arrow has no type that keeps their values."""
        table = insertion.table
        if not all(is_carried(column.kind) for column in table.columns):
            return False
        columns = ", ".join(quote_identifier(column.name) for column in table.columns)
        self._file.append(
            f"INSERT INTO {target.name_of(table.place)} ({columns})"
            f" SELECT * FROM incoming WHERE NOT {target.done}",
            insertion.rows.batches(lambda values: ", ".join(sql for sql, _ in values)),
        )
        return True

    def _spelled(self, condition: str) -> str:
        """Spells a condition in one way, without looking up what it names."""
        ((text,),) = self.ask(
            "SELECT json_deserialize_sql(json_serialize_sql("
            f"{quote_literal(f'SELECT ({condition}{chr(10)})')}))"
        )
        return str(text).removeprefix("SELECT ")

    def tables(self, target: Target) -> list[Table]:
        """Gives the tables that are there, as a model."""
        columns: dict[Place, list[Column]] = defaultdict(list)
        for schema, table, name, declared, nullable, default in self.ask(_COLUMNS):
            kind = target.kind(declared)
            columns[schema, table].append(
                Column(name=name, kind=kind, type=kind.sql, nullable=nullable, default=default)
            )
        keys: dict[Place, tuple[str, ...]] = {}
        unique: dict[Place, list[tuple[str, ...]]] = defaultdict(list)
        checks: dict[Place, list[Check]] = defaultdict(list)
        for schema, table, kind, names, condition in self.ask(_CONSTRAINTS):
            if kind == "PRIMARY KEY":
                keys[schema, table] = tuple(names)
            elif kind == "UNIQUE":
                unique[schema, table].append(tuple(names))
            else:
                checks[schema, table].append(
                    Check(name=self._spelled(condition), condition=condition)
                )
        indexes: dict[Place, list[Index]] = defaultdict(list)
        for schema, table, name, parts in self.ask(_INDEXES):
            own = name.removeprefix(f"{table}.")
            indexes[schema, table].append(Index(name=own, columns=tuple(map(_name, parts))))
        return [
            Table(
                place=place,
                columns=tuple(found),
                key=keys.get(place, ()),
                unique=tuple(unique[place]),
                checks=tuple(checks[place]),
                indexes=tuple(indexes[place]),
            )
            for place, found in columns.items()
            if place[1] != LEDGER
        ]


def _name(expression: str) -> str:
    """Gives the name of a column that an index is on."""
    is_quoted = expression.startswith('"')
    return expression[1:-1].replace('""', '"') if is_quoted else expression
