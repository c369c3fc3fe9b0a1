"""The tables of a commit as a key-value store has them: SQL for the keys, values and sets."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ingitdb.catalog.naming import NamedTable
from ingitdb.execution.comparisons import Comparison
from ingitdb.execution.differences import Difference
from ingitdb.migrations.mapping import NO_MAPPING, TargetMapping
from ingitdb.migrations.model import Table, TableChange
from ingitdb.migrations.stores.store import Field, Store
from ingitdb.migrations.stores.values import text
from ingitdb.model.identifiers import CommitId
from ingitdb.model.types import ColumnType, quote_identifier, quote_literal
from ingitdb.services.database import Database
from ingitdb.services.migrations.mapped import MappedTable, kept_columns
from ingitdb.services.migrations.mapped_commits import place_of
from ingitdb.services.migrations.models import CommitModel, commit_model
from ingitdb.snapshots.relation import Relation

NO_SETS = "CAST([] AS VARCHAR[])"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTable:
    """A table whose records have keys.

    Attributes:
        key: The columns that the keys are made of.
        groups: The columns of each kind of set that records are found by.
        mapped: Its columns and rows, and what they are at the commit.
    """

    store: Store
    table: Table
    key: tuple[str, ...]
    groups: frozenset[tuple[str, ...]]
    mapped: MappedTable = field(compare=False)

    @property
    def relation(self) -> Relation:
        """Its columns and rows."""
        return self.mapped.relation

    @property
    def members(self) -> str:
        """The key of the set of its records' keys."""
        return self.store.layout.members(self.table.place)

    def is_like(self, other: "StoredTable") -> bool:
        """Whether a record is stored under the same key and in the same way in another table."""
        return (
            self.table.place == other.table.place
            and (self.key, self.groups) == (other.key, other.groups)
            and self._kinds() == other._kinds()
        )

    def entries(self, source: str, prefix: str | None = None) -> str:
        """Gives SQL for `title`, `key`, `value` and `sets` of each record.

        Args:
            source: SQL for the records.
            prefix: What the names of their columns begin with, as in a difference.
        """
        names = [column.name for column in self.relation.columns]
        called = {
            name: self.mapped.sql(name, prefix) if prefix else quote_identifier(name)
            for name in names
        }
        kinds = dict(self._kinds())
        texts = {name: text(called[name], kinds[name]) for name in self._spelled()}
        layout, place = self.store.layout, self.table.place
        key = layout.record_sql(place, [texts[name] for name in self.key])
        ordered = sorted(called, key=str.encode)
        inner = ", ".join(f"{called[name]} AS c{at}" for at, name in enumerate(ordered))
        fields = [
            Field(name=name, sql=f"c{at}", kind=kinds[name]) for at, name in enumerate(ordered)
        ]
        return (
            f"SELECT {quote_literal(self.table.title)} AS title, key,"
            f" {self.store.content('key', fields)} AS value, sets FROM"
            f" (SELECT {key} AS key, {self._sets(texts)} AS sets, {inner} FROM ({source}))"
        )

    def _sets(self, texts: dict[str, str]) -> str:
        if not self.store.has_sets:
            return NO_SETS
        layout, place = self.store.layout, self.table.place
        found = [
            layout.found_by_sql(place, group, [texts[name] for name in group])
            for group in sorted(self.groups)
        ]
        members = quote_literal(self.members)
        if not found:
            return f"[{members}]"
        return f"list_filter([{members}, {', '.join(found)}], lambda name: name IS NOT NULL)"

    def _spelled(self) -> set[str]:
        return {*self.key, *(name for group in self.groups for name in group)}

    def _kinds(self) -> frozenset[tuple[str, ColumnType]]:
        return frozenset((column.name, column.type) for column in self.relation.columns)


@dataclass(frozen=True)
class StoredCommit:
    """The tables of a commit, each where its records have keys.

    Attributes:
        database: Whose commit.
        store: In what kind of store.
        mapping: What it calls things.
    """

    database: Database
    commit: CommitId
    store: Store
    mapping: TargetMapping = NO_MAPPING

    @cached_property
    def tables(self) -> dict[str, StoredTable]:
        """The tables by the keys of their members."""
        tables = self.model.listing.tables
        found = (self._stored(table) for table in tables if self._includes(table))
        return {one.members: one for one in found if one is not None}

    @property
    def notes(self) -> list[str]:
        """Which tables are left out."""
        kept = {one.table.place for one in self.tables.values()}
        return [
            f"{table.title} is left out: nothing tells its records apart."
            f" Declare a key in .ingitdb/tables.yaml."
            for place, table in self.model.tables.items()
            if place not in kept
        ]

    def find(self, known: NamedTable | None) -> StoredTable | None:
        """Gives a table as it is stored; None where it is not."""
        if known is None or not self._includes(known):
            return None
        return self.tables.get(self.store.layout.members(self.model.place(known)))

    def entries(self) -> str:
        """Gives SQL for the records of all tables."""
        parts = [one.entries(one.relation.body) for one in self.tables.values()]
        return joined(parts)

    @cached_property
    def model(self) -> CommitModel:
        """What the store has when it holds the commit."""
        return commit_model(self.database, self.store, self.commit, self.mapping)

    def _includes(self, known: NamedTable) -> bool:
        return self.mapping.includes(place_of(known))

    def _stored(self, known: NamedTable) -> StoredTable | None:
        table = self.model.tables.get(self.model.place(known))
        if table is None:
            return None
        free = {column.name for column in table.columns if column.nullable}
        groups = [table.key, *(group for group in table.unique if free.isdisjoint(group))]
        key = next((group for group in groups if group), None)
        if key is None:
            return None
        mapped = self.model.mapped(known)
        listed = [mapped.called(one.columns) for one in self.model.listing.references(known)]
        listed += [index.columns for index in table.indexes]
        found = frozenset(one for one in listed if one)
        return StoredTable(
            store=self.store,
            table=table,
            key=key,
            groups=found if self.store.has_sets else frozenset(),
            mapped=mapped,
        )


@dataclass(frozen=True)
class Between:
    """Two commits as a store has them.

    Attributes:
        old: The one that it is at.
        new: The one that it is to be at.
    """

    old: StoredCommit
    new: StoredCommit

    def entries(self) -> tuple[str, str, str]:
        """Gives SQL for the records that may differ: a WITH or nothing, those before, those after.

        Of a table that is stored in the same way at both commits, records are left out that are
        the same states.
        """
        shared: list[str] = []
        sides: tuple[list[str], list[str]] = ([], [])
        for number, (difference, old, new) in enumerate(self._tables()):
            if old is None or new is None or not old.is_like(new):
                for side, one in zip(sides, (old, new), strict=True):
                    side += [] if one is None else [one.entries(one.relation.body)]
            elif old.relation.body != new.relation.body:
                shared.append(f"d{number} AS MATERIALIZED ({difference.both(whole=False)})")
                apart = f"SELECT * FROM d{number} WHERE diff_type <>"
                sides[0].append(old.entries(f"{apart} 'added'", "from"))
                sides[1].append(new.entries(f"{apart} 'removed'", "to"))
        return (f"WITH {', '.join(shared)}" if shared else ""), joined(sides[0]), joined(sides[1])

    def changes(self) -> Iterator[TableChange]:
        """Gives what differs in the definitions of tables."""
        for difference, old, new in self._tables():
            names = {}
            if old is not None and new is not None:
                names = kept_columns(difference.pairs, old.mapped, new.mapped)
            if old is not None or new is not None:
                yield TableChange(
                    old=None if old is None else old.table,
                    new=None if new is None else new.table,
                    names=names,
                )

    def _tables(self) -> Iterator[tuple[Difference, StoredTable | None, StoredTable | None]]:
        database = self.new.database
        comparison = Comparison(
            database.catalogs,
            self.old.commit,
            self.new.commit,
            database._instance.query,
            database.catalogs.snapshot,
        )
        for difference in comparison.tables():
            old, new = difference.sides
            yield difference, self.old.find(old.table), self.new.find(new.table)


def joined(parts: Sequence[str]) -> str:
    """Puts queries for records together; there may be none."""
    none = f"SELECT '' AS title, '' AS key, ''::BLOB AS value, {NO_SETS} AS sets WHERE false"
    return " UNION ALL ".join([*parts, none])
