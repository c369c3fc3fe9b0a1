"""What stands at a commit, for those who list it: tables, views, columns, keys and references."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from ingitdb.catalog.constraint_names import key_names, primary_key_name
from ingitdb.catalog.naming import NamedTable
from ingitdb.catalog.references import KEY_COLUMN
from ingitdb.execution.carried_types import CarriedTypes
from ingitdb.execution.catalogs import Catalogs
from ingitdb.execution.relations import is_nullable, key_columns, schema_names
from ingitdb.execution.views import View
from ingitdb.model.identifiers import CommitId
from ingitdb.model.tables import ForeignKey, Reaction
from ingitdb.model.types import ColumnType
from ingitdb.sql.names import fold


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedColumn:
    """A column of a table.

    Attributes:
        carried: The type that results carry its values as.
        default: A SQL expression for the value that INSERT leaves out.
        length: How many characters a value may have, where that is declared.
        remarks: What is declared about its meaning.
    """

    name: str
    type: ColumnType
    carried: pa.DataType
    nullable: bool
    default: str | None
    length: int | None
    remarks: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedKey:
    """A primary key, columns that are unique together, or an index."""

    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedReference:
    """A foreign key.

    Attributes:
        schema: Where the table lies that it refers to.
        table: That table.
        references: The columns that it refers to.
        key: The name of the key that they are; None where they are none.
    """

    name: str
    columns: tuple[str, ...]
    schema: str
    table: str
    references: tuple[str, ...]
    key: str | None
    on_update: Reaction
    on_delete: Reaction


@dataclass(frozen=True)
class Listing:
    """The tables and views of a commit."""

    catalogs: Catalogs
    commit: CommitId
    types: CarriedTypes

    @cached_property
    def tables(self) -> list[NamedTable]:
        """The tables, by schema and name."""
        return self.catalogs.snapshot(self.commit).tables

    @cached_property
    def views(self) -> tuple[View, ...]:
        """The views, by schema and name."""
        return self.catalogs.views.at(self.commit)

    @cached_property
    def schemas(self) -> list[str]:
        """The schemas, also those without a table."""
        return sorted(schema_names(self.catalogs, self.catalogs.snapshot(self.commit)).values())

    def columns(self, table: NamedTable) -> list[ListedColumn]:
        """Gives the columns that `SELECT *` shows."""
        columns = self.catalogs.snapshot(self.commit).relation(table).columns
        key = key_columns(table)
        carried = self.types.of(column.type for column in columns)
        return [
            ListedColumn(
                name=column.name,
                type=column.type,
                carried=arrow,
                nullable=is_nullable(column, key),
                default=said.default if said else None,
                length=_length(dict(said.rules).get("max_length")) if said else None,
                remarks=(said.description or said.title) if said else None,
            )
            for column, arrow in zip(columns, carried, strict=True)
            for said in (column.declared,)
        ]

    def primary_key(self, table: NamedTable) -> ListedKey | None:
        """Gives the key that is declared, else `_key` where the records have one beside the fields.

        One that leads into a nested field is none of columns: it is left out.
        """
        columns = self._spelled(table, key_columns(table))
        return ListedKey(name=primary_key_name(table.name), columns=columns) if columns else None

    def unique_keys(self, table: NamedTable) -> list[ListedKey]:
        """Gives the groups of columns that are declared unique."""
        groups = table.locations[0].declaration.unique_groups
        named = zip(key_names(table.name, groups, "key"), groups, strict=True)
        return [
            ListedKey(name=name, columns=columns)
            for name, group in named
            if (columns := self._spelled(table, group))
        ]

    def indexes(self, table: NamedTable) -> list[ListedKey]:
        """Gives the groups of columns that are declared to be indexes."""
        groups = table.locations[0].declaration.indexes
        named = zip(key_names(table.name, groups, "idx"), groups, strict=True)
        return [
            ListedKey(name=name, columns=columns)
            for name, group in named
            if (columns := self._spelled(table, group))
        ]

    def references(self, table: NamedTable) -> list[ListedReference]:
        """Gives the foreign keys."""
        keys = table.locations[0].declaration.foreign_keys
        names = key_names(table.name, [key.columns for key in keys], "fkey")
        return [self._reference(n, table, key) for n, key in zip(names, keys, strict=True)]

    def referring(self, table: NamedTable) -> Iterator[tuple[NamedTable, ListedReference]]:
        """Gives the foreign keys of all tables that refer to one, each with its table."""
        for other in self.tables:
            keys = other.locations[0].declaration.foreign_keys
            if any(self._find(key.schema, key.table) == table for key in keys):
                for found in self.references(other):
                    if self._find(found.schema, found.table) == table:
                        yield other, found

    def _reference(self, name: str, table: NamedTable, key: ForeignKey) -> ListedReference:
        target = self._find(key.schema, key.table)
        columns = self._spelled(table, key.columns) or key.columns
        schema, place, references, target_key = key.schema, key.table, key.references, None
        if target is not None:
            schema, place = target.schema, target.name
            references, target_key = self._target(target, key.references)
        return ListedReference(
            name=name,
            columns=columns,
            schema=schema,
            table=place,
            references=references,
            key=target_key,
            on_update=key.on_update,
            on_delete=key.on_delete,
        )

    def _target(
        self, target: NamedTable, references: tuple[str, ...]
    ) -> tuple[tuple[str, ...], str | None]:
        """Gives the columns that a foreign key refers to, and the name of the key that they are."""
        primary = self.primary_key(target)
        if primary and references == (KEY_COLUMN,) and len(primary.columns) == 1:
            return primary.columns, primary.name
        columns = self._spelled(target, references) or references
        for key in (primary, *self.unique_keys(target)):
            if key is not None and key.columns == columns:
                return columns, key.name
        return columns, None

    def _spelled(self, table: NamedTable, names: tuple[str, ...]) -> tuple[str, ...]:
        """Gives columns as the table spells them; none where one of them is no column."""
        columns = self.catalogs.snapshot(self.commit).relation(table).columns
        known = {fold(column.name): column.name for column in columns}
        found = tuple(known[fold(name)] for name in names if fold(name) in known)
        return found if len(found) == len(names) else ()

    def _find(self, schema: str, name: str) -> NamedTable | None:
        return self._by_name.get((fold(schema), fold(name)))

    @cached_property
    def _by_name(self) -> dict[tuple[str, str], NamedTable]:
        return {
            (fold(table.schema), fold(name)): table
            for table in reversed(self.tables)
            for name in (*reversed(table.aliases), table.name)
        }


def _length(said: object) -> int | None:
    return said if isinstance(said, int) else None
