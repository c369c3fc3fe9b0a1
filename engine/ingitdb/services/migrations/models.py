"""The tables of a commit as a target can have them; what its rows contradict is left out."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from ingitdb.catalog.naming import NamedTable
from ingitdb.errors import IngitdbError, UsageError
from ingitdb.execution.session import Session
from ingitdb.migrations.model import Check, Column, Place, Reference, Table, folded
from ingitdb.migrations.targets.target import Target
from ingitdb.model.identifiers import CommitId
from ingitdb.model.types import quote_identifier
from ingitdb.services.listing import ListedReference, Listing
from ingitdb.services.migrations.limits import (
    can_refer,
    check_names,
    check_values,
    default_of,
    is_too_long,
)
from ingitdb.snapshots.bodies import Query
from ingitdb.snapshots.relation import Relation


@dataclass(frozen=True)
class CommitModel:
    """What a target has when it holds a commit.

    Attributes:
        listing: What stands at the commit.
        target: For whom.
        query: Runs SQL.
        session: Starts a session at a commit, for SQL of the repository's own.
    """

    listing: Listing
    target: Target
    query: Query
    session: Callable[[CommitId], Session]

    @cached_property
    def tables(self) -> dict[Place, Table]:
        """The tables that have columns, with their keys, conditions and references."""
        return self._read[0]

    @cached_property
    def notes(self) -> list[str]:
        """What is declared and not carried, and why."""
        return self._read[1]

    @cached_property
    def _read(self) -> tuple[dict[Place, Table], list[str]]:
        notes: list[str] = []
        named = [table for table in self.listing.tables if self.relation(table).columns]
        self._check_names(named)
        found = {place_of(table): self._table(table, notes) for table in named}
        if self.target.has_references:
            for table in named:
                place = place_of(table)
                references = tuple(self._references(table, found, notes))
                found[place] = replace(found[place], references=references)
        return found, notes

    def relation(self, table: NamedTable) -> Relation:
        """Gives the columns and rows of a table."""
        return self.listing.catalogs.snapshot(self.listing.commit).relation(table)

    def _check_names(self, named: Sequence[NamedTable]) -> None:
        taken: dict[str, NamedTable] = {}
        for table in named:
            place = place_of(table)
            if self.target.is_reserved(place):
                raise UsageError(f"{self.target.title} can have no table called {table.name}.")
            check_names(self.target, place, self.relation(table).columns)
            other = taken.setdefault(self.target.name_of(place).casefold(), table)
            if other is not table:
                raise UsageError(
                    f"{place_of(other)} and {place} would be one table of {self.target.title}."
                )

    def _table(self, table: NamedTable, notes: list[str]) -> Table:
        relation, title = self.relation(table), _title(table)
        check_values(self.target, relation, title, self.query)
        key = self.listing.primary_key(table)
        groups = [list(one.columns) for one in self.listing.unique_keys(table)]
        nulls, counts = self._counted(relation, [list(key.columns)] if key else [], groups)
        kinds = {column.name: column.type for column in relation.columns}

        def is_kept(group: Sequence[str], what: str, *, is_key: bool) -> bool:
            if not all(self.target.can_be_key(kinds[name]) for name in group):
                notes.append(f"{title}: {self.target.title} takes no {what} of such types.")
            elif counts[tuple(group)] or (is_key and any(nulls[name] for name in group)):
                notes.append(f"{title}: the {what} is not carried, for rows contradict it.")
            elif is_too_long(self.target, relation, group, self.query):
                notes.append(f"{title}: the {what} is not carried, for some row is too long.")
            else:
                return True
            return False

        kept_key = key is not None and is_kept(
            key.columns, _spelled("primary key", key.columns), is_key=True
        )
        columns = key.columns if key is not None and kept_key else ()
        return Table(
            place=place_of(table),
            columns=tuple(self._columns(table, columns, nulls, notes)),
            key=columns,
            unique=tuple(
                tuple(group)
                for group in groups
                if tuple(group) != columns
                and is_kept(group, _spelled("unique group", group), is_key=False)
            ),
            checks=tuple(self._checks(table, notes)),
            rows=relation.rows,
        )

    def _counted(
        self, relation: Relation, keys: list[list[str]], groups: list[list[str]]
    ) -> tuple[dict[str, int], dict[tuple[str, ...], int]]:
        """Counts NULLs by column, and by group the rows beyond the first of equal ones."""
        values = self._values(relation)
        parts = [f"count(*) - count({quote_identifier(c.name)})" for c in relation.columns]
        for group in (*keys, *groups):
            given = " AND ".join(f"{quote_identifier(name)} IS NOT NULL" for name in group)
            whole = f"row({', '.join(values[name] for name in group)})"
            parts.append(f"count(*) FILTER ({given}) - count(DISTINCT {whole}) FILTER ({given})")
        (row,) = self.query(f"SELECT {', '.join(parts)} FROM ({relation.body})")
        width = len(relation.columns)
        nulls = {c.name: row[at] for at, c in enumerate(relation.columns)}
        found = zip((*keys, *groups), row[width:], strict=True)
        return nulls, {tuple(group): count for group, count in found}

    def _values(self, relation: Relation) -> dict[str, str]:
        """Gives SQL for each column's values as the target stores them."""
        return {
            column.name: self.target.stored(column.type).value(quote_identifier(column.name))
            for column in relation.columns
        }

    def _columns(
        self, table: NamedTable, key: Sequence[str], nulls: dict[str, int], notes: list[str]
    ) -> Iterator[Column]:
        title = _title(table)
        for column in self.listing.columns(table):
            default = None
            if column.default is not None:
                default = default_of(self.target, column.default, column.type)
                if default is None:
                    notes.append(f"{title}: the default of {column.name} is not carried.")
            is_free = column.nullable and column.name not in key
            if not is_free and nulls[column.name]:
                notes.append(f"{title}: {column.name} may be NULL, for it is in some row.")
                is_free = True
            yield Column(
                name=column.name,
                kind=column.type,
                type=self.target.stored(column.type).type,
                nullable=is_free,
                default=default,
            )

    def _checks(self, table: NamedTable, notes: list[str]) -> Iterator[Check]:
        for name, expression in table.locations[0].declaration.checks:
            condition = self.target.condition(expression)
            if condition is not None and self._holds(table, expression):
                yield Check(name=name, condition=condition)
            else:
                notes.append(f"{_title(table)}: the check {name} is not carried.")

    def _holds(self, table: NamedTable, expression: str) -> bool:
        """Whether a condition of the repository's own is false of no row."""
        place = ".".join(map(quote_identifier, place_of(table)))
        sql = f"SELECT count(*) AS n FROM {place} WHERE NOT (\n{expression}\n)"
        with closing(self.session(self.listing.commit)) as session:
            try:
                with session.execute(sql) as result:
                    return not result.reader().read_all().column(0)[0].as_py()
            except IngitdbError:
                return False

    def _references(
        self, table: NamedTable, tables: dict[Place, Table], notes: list[str]
    ) -> Iterator[Reference]:
        by_fold = {folded(place_of(other)): other for other in self.listing.tables}
        own = {column.name for column in tables[place_of(table)].columns}
        for listed in self.listing.references(table):
            parent = by_fold.get(folded((listed.schema, listed.table)))
            if parent is None or place_of(parent) not in tables or not set(listed.columns) <= own:
                fault = "there is nothing that it leads to"
            else:
                fault = self._fault(table, parent, tables[place_of(parent)], listed)
            if fault or parent is None:
                said = ", ".join(listed.columns)
                notes.append(f"{_title(table)}: the foreign key {said} is not carried: {fault}.")
                continue
            yield Reference(
                columns=listed.columns,
                target=place_of(parent),
                references=listed.references,
                on_update=listed.on_update,
                on_delete=listed.on_delete,
            )

    def _fault(
        self, table: NamedTable, parent: NamedTable, model: Table, listed: ListedReference
    ) -> str:
        """Says why a foreign key cannot be carried; empty where it can."""
        groups = [set(group) for group in (model.key, *model.unique)]
        if set(listed.references) not in groups:
            return "it refers to no key"
        child, other = self.relation(table), self.relation(parent)
        pairs = list(zip(listed.columns, listed.references, strict=True))
        if not can_refer(self.target, child, other, pairs):
            return "its types differ from those that it refers to"
        mine, theirs = self._values(child), self._values(other)
        given = " AND ".join(f"{quote_identifier(name)} IS NOT NULL" for name in listed.columns)
        here = ", ".join(f"CAST({mine[name]} AS VARCHAR)" for name in listed.columns)
        there = ", ".join(f"CAST({theirs[name]} AS VARCHAR)" for name in listed.references)
        ((broken,),) = self.query(
            f"SELECT count(*) FROM (SELECT {here} FROM ({child.body}) WHERE {given}"
            f" EXCEPT SELECT {there} FROM ({other.body}))"
        )
        return "some rows refer to nothing" if broken else ""


def place_of(table: NamedTable) -> Place:
    """Gives the schema and name of a table."""
    return table.schema, table.name


def _title(table: NamedTable) -> str:
    return table.name if table.schema == "main" else f"{table.schema}.{table.name}"


def _spelled(what: str, columns: Sequence[Any]) -> str:
    return f"{what} ({', '.join(columns)})"
