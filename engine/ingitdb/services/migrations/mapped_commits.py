"""A commit as a mapping lets a target have it: what its tables are called there, and their rows."""

from dataclasses import dataclass
from functools import cached_property

from ingitdb.catalog.naming import NamedTable
from ingitdb.migrations.model import Place
from ingitdb.migrations.targets.target import Holder
from ingitdb.model.types import quote_identifier
from ingitdb.services.listing import Listing
from ingitdb.services.migrations.mapped import MappedTable, Mapper
from ingitdb.snapshots.bodies import Query
from ingitdb.snapshots.relation import Relation


@dataclass(frozen=True)
class MappedCommit:
    """The tables of a commit by the names of the target.

    Attributes:
        listing: What stands at the commit.
        target: For whom.
        query: Runs SQL.
        mapper: Names and computes what the target calls otherwise.
    """

    listing: Listing
    target: Holder
    query: Query
    mapper: Mapper

    def mapped_tables(self) -> list[MappedTable]:
        """Gives all tables that the target may have, as the mapping lets it have them."""
        includes = self.mapper.mapping.includes
        tables = self.listing.tables
        return [self.mapped(table) for table in tables if includes(place_of(table))]

    def place(self, table: NamedTable) -> Place:
        """Gives the schema and name of a table in the target."""
        return self.mapper.mapping.place(place_of(table))

    def mapped(self, table: NamedTable) -> MappedTable:
        """Gives a table as the mapping lets the target have it."""
        if place_of(table) not in self._mapped:
            source = self.listing.catalogs.snapshot(self.listing.commit).relation(table)
            self._mapped[place_of(table)] = self.mapper.mapped(table, source)
        return self._mapped[place_of(table)]

    @cached_property
    def _mapped(self) -> dict[Place, MappedTable]:
        return {}

    def relation(self, table: NamedTable) -> Relation:
        """Gives the columns and rows of a table under the names of the target."""
        return self.mapped(table).relation

    def stored(self, relation: Relation) -> dict[str, str]:
        """Gives SQL for each column's values as the target stores them."""
        return {
            column.name: self.target.stored(column.type).value(quote_identifier(column.name))
            for column in relation.columns
        }


def place_of(table: NamedTable) -> Place:
    """Gives the schema and name of a table."""
    return table.schema, table.name


def title_of(table: NamedTable) -> str:
    """Gives what people call a table."""
    return table.name if table.schema == "main" else f"{table.schema}.{table.name}"
