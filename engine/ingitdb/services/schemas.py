"""What the tables of a commit are: columns, keys and references, as data and as SQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ingitdb.catalog.naming import NamedTable
from ingitdb.execution.definitions import create_statement
from ingitdb.execution.relations import is_nullable, key_columns
from ingitdb.model.history import Commit
from ingitdb.model.identifiers import PSEUDO_COMMITS
from ingitdb.model.tables import ForeignKey
from ingitdb.model.types import quote_literal
from ingitdb.services.database import Database
from ingitdb.snapshots.relation import Column
from ingitdb.snapshots.snapshot import Snapshot
from ingitdb.sql.names import fold

_NO_RULES = frozenset({"type", "datetime", "foreign_key", "description"})
"""What is declared about a column and shown elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnSchema:
    """A column.

    Attributes:
        type: As DuckDB spells it.
        rules: What else is declared, such as `max_length`.
    """

    name: str
    type: str
    nullable: bool
    key: bool
    title: str | None
    description: str | None
    rules: tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSchema:
    """A table.

    Attributes:
        location: The folder, file or pattern that its records lie in.
        create: The statement that makes such a table.
    """

    schema: str
    name: str
    title: str | None
    description: str | None
    location: str
    rows: int
    columns: tuple[ColumnSchema, ...]
    key: tuple[str, ...]
    foreign_keys: tuple[ForeignKey, ...]
    create: str

    @property
    def qualified(self) -> str:
        """The name, with the schema where that is not `main`."""
        return self.name if self.schema == "main" else f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Schemas:
    """The tables of a commit.

    Attributes:
        commit: None for what is not committed.
        tables: By schema and name.
    """

    database: str
    commit: Commit | None
    tables: tuple[TableSchema, ...]

    def referenced_first(self) -> list[TableSchema]:
        """Gives the tables so that each stands behind those that it refers to, where that goes."""
        found: list[TableSchema] = []
        left = list(self.tables)
        while left:
            names = {_place(table.schema, table.name) for table in left}
            free = [table for table in left if not (_targets(table) & names)]
            chosen = free or left[:1]
            found += chosen
            left = [table for table in left if table not in chosen]
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaChange:
    """A table whose definition differs.

    Attributes:
        old: What it was called; empty where it was not there.
        new: What it is called; empty where it is not there any more.
        before: The statement that makes it as it was; empty where it was not there.
        after: The statement that makes it as it is.
    """

    old: str
    new: str
    before: str
    after: str


def schemas(database: Database, names: Sequence[str] = (), ref: str | None = None) -> Schemas:
    """Describes tables of a commit; all if none is named.

    Raises:
        TableNotFound: There is none of a name; the nearest are named.
        TableAmbiguous: Several have it.
    """

    def describe(snapshot: Snapshot) -> Schemas:
        chosen = [database._find(snapshot, name) for name in names] or snapshot.tables
        known = snapshot.commit not in PSEUDO_COMMITS
        return Schemas(
            database=database.name,
            commit=database.repository.commit(snapshot.commit) if known else None,
            tables=tuple(_described(snapshot, table) for table in dict.fromkeys(chosen)),
        )

    return database._asked(ref, describe)


def schema_changes(
    database: Database, old: str, new: str | None = None, *, tables: Sequence[str] = ()
) -> list[SchemaChange]:
    """Gives the tables whose columns, keys or names differ between two commits.

    Args:
        database: The database.
        old: A ref, or a range as `a..b`, `a...b`.
        new: Another ref; None where `old` is a range.
        tables: Only these; all if there are none.

    Raises:
        RefNotFound: A ref leads nowhere.
        TableNotFound: A table is at neither commit.
    """
    refs = [quote_literal(ref) for ref in (old, new) if ref is not None]
    session = database.session()
    found: dict[tuple[str, str], SchemaChange] = {}
    for table in tables or (None,):
        named = [] if table is None else [f"table_name => {quote_literal(table)}"]
        with session.execute(f"FROM schema_diff({', '.join([*refs, *named])})") as result:
            for batch in result.batches():
                for cells in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                    before, after = cells[2:]
                    change = SchemaChange(old=cells[0], new=cells[1], before=before, after=after)
                    found[change.old, change.new] = change
    return sorted(found.values(), key=lambda change: change.new or change.old)


def _described(snapshot: Snapshot, table: NamedTable) -> TableSchema:
    relation = snapshot.relation(table)
    where = table.locations[0]
    declared = where.declaration
    key = key_columns(table)
    rules = dict(declared.rules)
    return TableSchema(
        schema=table.schema,
        name=table.name,
        title=declared.title,
        description=rules.get("description"),
        location=where.path,
        rows=relation.rows,
        columns=tuple(_column(column, key) for column in relation.columns),
        key=key,
        foreign_keys=declared.foreign_keys,
        create=create_statement(table, relation),
    )


def _column(column: Column, key: Sequence[str]) -> ColumnSchema:
    declared = column.declared
    rules = declared.rules if declared else ()
    return ColumnSchema(
        name=column.name,
        type=column.type.sql,
        nullable=is_nullable(column, key),
        key=column.name in key,
        title=declared.title if declared else None,
        description=declared.description if declared else None,
        rules=tuple((name, value) for name, value in rules if name not in _NO_RULES),
    )


def _place(schema: str, name: str) -> tuple[str, str]:
    return fold(schema), fold(name)


def _targets(table: TableSchema) -> set[tuple[str, str]]:
    own = _place(table.schema, table.name)
    return {_place(one.schema, one.table) for one in table.foreign_keys} - {own}
