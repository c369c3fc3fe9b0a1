"""The tables of a commit as a target can have them; what its rows contradict is left out."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from ingitdb.catalog.constraint_names import named_once
from ingitdb.catalog.naming import NamedTable
from ingitdb.errors import IngitdbError, UsageError
from ingitdb.execution.session import Session
from ingitdb.migrations.expressions import names_any
from ingitdb.migrations.mapping import NO_MAPPING, TargetMapping
from ingitdb.migrations.model import Check, Column, Index, Place, Table
from ingitdb.migrations.targets.fitting import Fitted
from ingitdb.migrations.targets.target import Holder
from ingitdb.model.identifiers import CommitId
from ingitdb.model.types import ColumnType, quote_identifier
from ingitdb.services.database import Database
from ingitdb.services.listing import ListedColumn, Listing
from ingitdb.services.migrations.carried_references import carried_references
from ingitdb.services.migrations.limits import (
    check_names,
    check_values,
    longest,
    too_long,
    unindexed,
)
from ingitdb.services.migrations.lists import ListTable, list_table, lists_of
from ingitdb.services.migrations.mapped import Mapper
from ingitdb.services.migrations.mapped_commits import MappedCommit, place_of, title_of
from ingitdb.snapshots.relation import Relation


@dataclass(frozen=True)
class CommitModel(MappedCommit):
    """What a target has when it holds a commit.

    Attributes:
        session: Starts a session at a commit, for SQL of the repository's own.
        is_checked: Whether all values are looked at that the target might not store.
    """

    session: Callable[[CommitId], Session]
    is_checked: bool = True

    @cached_property
    def tables(self) -> dict[Place, Table]:
        """The tables that have columns, with their keys, conditions and references."""
        return self._read[0]

    @cached_property
    def notes(self) -> list[str]:
        """What is declared and not carried, and why."""
        return self._read[1]

    @cached_property
    def lists(self) -> dict[Place, ListTable]:
        """The tables of the items of lists."""
        return self._read[2]

    @cached_property
    def _read(self) -> tuple[dict[Place, Table], list[str], dict[Place, ListTable]]:
        notes: list[str] = []
        includes = self.mapper.mapping.includes
        tables = [table for table in self.listing.tables if includes(place_of(table))]
        named = [table for table in tables if self.relation(table).columns]
        taken_names = self._check_names(named)
        found = {self.place(table): self._table(table, notes) for table in named}
        if self.target.has_references:
            for table in named:
                place = self.place(table)
                references = tuple(carried_references(self, table, found, notes))
                found[place] = replace(found[place], references=references)
        taken = [table.title for table in found.values()]
        for table in named:
            place = self.place(table)
            indexes = tuple(self._indexes(table, taken, notes))
            found[place] = replace(found[place], indexes=indexes)
        lists = self._lists(tables, found, taken_names)
        for place, one in lists.items():
            found[place] = list_table(one, found[one.parent.place], self.target, self.query, notes)
        if isinstance(self.target, Fitted):
            relations = {self.place(table): self.relation(table) for table in named}
            relations |= {place: one.relation for place, one in lists.items()}
            sizes = {
                place: longest(self.target, relation, found[place], self.query)
                for place, relation in relations.items()
            }
            found = self.target.fitted(found, sizes, notes)
        return found, notes, lists

    def relation_of(self, place: Place) -> Relation:
        """Gives the columns and rows of a table by its place in the target."""
        if place in self.lists:
            return self.lists[place].relation
        named = {self.place(table): table for table in self.listing.tables}
        return self.relation(named[place])

    def lists_of(self, table: NamedTable) -> list[ListTable]:
        """Gives the tables of the items of a table's lists."""
        found = self.lists.values()
        mapped = self._mapped.get(place_of(table))
        return [one for one in found if one.parent is mapped]

    def _lists(
        self, included: Sequence[NamedTable], tables: Mapping[Place, Table], taken: dict[str, str]
    ) -> dict[Place, ListTable]:
        """Gives the tables of the items of lists by their places.

        Args:
            included: The tables that may have lists.
            tables: As the target has them.
            taken: Whose the names are that other tables have.

        Raises:
            UsageError: One cannot be made.
        """
        mapping = self.mapper.mapping
        made = (
            one
            for table in included
            for place in [self.place(table)]
            for one in lists_of(
                self.mapped(table),
                tables.get(place) or Table(place=place, columns=()),
                mapping,
                self.query,
            )
        )
        found = {}
        for one in made:
            title, name = self.target.title, self.target.name_of(one.place).casefold()
            if self.target.is_reserved(one.place):
                message = f"{title} can have no table called {one.place[1]}."
                raise mapping.wrong(message, one.said.way)
            if name in taken:
                message = f"The items of {one.title} and {taken[name]} would be one table."
                raise mapping.wrong(message, one.said.way)
            taken[name] = f"those of {one.title}"
            check_names(self.target, one.place, one.relation.columns)
            found[one.place] = one
        return found

    def _check_names(self, named: Sequence[NamedTable]) -> dict[str, str]:
        """Gives the names that tables have in the target, each with whose it is.

        Raises:
            UsageError: A name is none for the target, or two tables would have it.
        """
        taken: dict[str, NamedTable] = {}
        for table in named:
            place = self.place(table)
            if self.target.is_reserved(place):
                raise UsageError(f"{self.target.title} can have no table called {place[1]}.")
            check_names(self.target, place, self.relation(table).columns)
            other = taken.setdefault(self.target.name_of(place).casefold(), table)
            if other is not table:
                both = " and ".join(f"{one.name} of {one.schema}" for one in (other, table))
                message = f"{both} would be one table of {self.target.title}."
                raise self.mapper.fault(message, place_of(table))
        return {name: f"the table {title_of(table)}" for name, table in taken.items()}

    def _table(self, table: NamedTable, notes: list[str]) -> Table:
        relation, title = self.relation(table), title_of(table)
        if self.is_checked:
            is_mapped = not self.mapped(table).is_as_it_was
            check_values(self.target, relation, title, self.query, is_mapped=is_mapped)
        groups = [*self._groups(table, notes)]
        key = self._key(table, groups, notes)
        listed = self._listed(table)
        strict = [name for name, one in listed.items() if not one.nullable]
        nulls, counts = self._counted(
            relation, dict.fromkeys([*strict, *key]), [key, *groups] if key else groups
        )

        def is_kept(group: Sequence[str], what: str, *, is_key: bool) -> bool:
            repeated, long = counts.get(tuple(group), (0, 0))
            if tuple(group) not in counts:
                notes.append(f"{title}: {self.target.title} takes no {what} of such types.")
            elif repeated or (is_key and any(nulls[name] for name in group)):
                notes.append(f"{title}: the {what} is not carried, for rows contradict it.")
            elif long:
                notes.append(f"{title}: the {what} is not carried, for {unindexed(self.target)}.")
            else:
                return True
            return False

        kept_key = key and is_kept(key, _spelled("primary key", key), is_key=True)
        columns = tuple(key) if kept_key else ()
        return Table(
            place=self.place(table),
            columns=tuple(self._columns(table, listed, columns, nulls, notes)),
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

    def _groups(self, table: NamedTable, notes: list[str]) -> Iterator[list[str]]:
        """Gives the unique groups by the names of the target."""
        for one in self.listing.unique_keys(table):
            columns = self.mapped(table).called(one.columns)
            if columns is None:
                notes.append(f"{title_of(table)}: {_spelled('unique group', one.columns)} {_LEFT}")
            else:
                yield list(columns)

    def _key(self, table: NamedTable, groups: Sequence[Any], notes: list[str]) -> list[str]:
        """Gives the primary key by the names of the target.

        Raises:
            UsageError: The mapping leaves out a part of it, and nothing else tells rows apart.
        """
        key = self.listing.primary_key(table)
        if key is None:
            return []
        columns = self.mapped(table).called(key.columns)
        said = _spelled("primary key", key.columns)
        if columns is None and not groups:
            message = f"{title_of(table)} would have no key: its {said} {_LEFT}"
            raise self.mapper.fault(message, place_of(table))
        if columns is None:
            notes.append(f"{title_of(table)}: the {said} {_LEFT}")
        return list(columns or ())

    def _listed(self, table: NamedTable) -> dict[str, ListedColumn]:
        """Gives what the commit says of its own columns by the names of the target."""
        known = {column.name: column for column in self.listing.columns(table)}
        return {
            field.name: known[field.source]
            for field in self.mapped(table).fields
            if field.expression is None and field.source in known
        }

    def _counted(
        self, relation: Relation, names: Iterable[str], groups: Iterable[Sequence[str]]
    ) -> tuple[dict[str, int], dict[tuple[str, ...], tuple[int, int]]]:
        """Counts NULLs by column; by group rows beyond the first of equal ones, and too long ones.

        It is one look at all rows, and at no column that is not asked about. Groups that can be no
        key in the target are left out.
        """
        values = self.stored(relation)
        kinds = {column.name: column.type for column in relation.columns}
        able = [
            tuple(group)
            for group in groups
            if all(self.target.can_be_key(kinds[name]) for name in group)
        ]
        nulls = {name: f"count(*) - count({quote_identifier(name)})" for name in names}
        parts = [*nulls.values()]
        for group in able:
            given = " AND ".join(f"{quote_identifier(name)} IS NOT NULL" for name in group)
            whole = f"row({', '.join(values[name] for name in group)})"
            parts += [
                f"count(*) FILTER ({given}) - count(DISTINCT {whole}) FILTER ({given})",
                f"count(*) FILTER ({too_long(self.target, relation, group)})",
            ]
        if not parts:
            return {}, {}
        (row,) = self.query(f"SELECT {', '.join(parts)} FROM ({relation.body})")
        found = iter(row)
        return {name: next(found) for name in nulls}, {
            group: (next(found), next(found)) for group in able
        }

    def _columns(
        self,
        table: NamedTable,
        listed: Mapping[str, ListedColumn],
        key: Sequence[str],
        nulls: Mapping[str, int],
        notes: list[str],
    ) -> Iterator[Column]:
        title = title_of(table)
        for field in self.mapped(table).fields:
            said = listed.get(field.name)
            default = None
            if said is not None and said.default is not None:
                if self._is_value(said.default, field.kind):
                    default = self.target.default(said.default, field.kind)
                if default is None:
                    notes.append(f"{title}: the default of {field.name} is not carried.")
            is_free = (said is None or said.nullable) and field.name not in key
            if not is_free and nulls[field.name]:
                notes.append(f"{title}: {field.name} may be NULL, for it is in some row.")
                is_free = True
            yield Column(
                name=field.name,
                kind=field.kind,
                type=field.type or self.target.stored(field.kind).type,
                nullable=is_free,
                default=default,
            )

    def _checks(self, table: NamedTable, notes: list[str]) -> Iterator[Check]:
        mapped = self.mapped(table)
        kinds = {field.name: field.kind for field in mapped.fields}
        for name, expression in table.locations[0].declaration.checks:
            is_same = mapped.is_as_it_was or not names_any(expression, mapped.changed)
            condition = self.target.condition(expression, kinds) if is_same else None
            if condition is not None and self._holds(table, expression):
                yield Check(name=name, condition=condition)
            else:
                notes.append(f"{title_of(table)}: the check {name} is not carried.")

    def _holds(self, table: NamedTable, expression: str) -> bool:
        """Whether a condition of the repository's own is false of no row."""
        place = ".".join(map(quote_identifier, place_of(table)))
        return self._is_so(f"SELECT count(*) = 0 FROM {place} WHERE NOT (\n{expression}\n)")

    def _is_value(self, default: str, kind: ColumnType) -> bool:
        """Whether a default of the repository's own is a value of its column."""
        return self._is_so(f"SELECT count(CAST((\n{default}\n) AS {kind.sql})) >= 0")

    def _is_so(self, sql: str) -> bool:
        """Gives what a query of the repository's own answers; no where it fails."""
        with closing(self.session(self.listing.commit)) as session:
            try:
                with session.execute(sql) as result:
                    return bool(result.reader().read_all().column(0)[0].as_py())
            except IngitdbError:
                return False

    def _indexes(self, table: NamedTable, taken: list[str], notes: list[str]) -> Iterator[Index]:
        """Gives the indexes, each with a name that makes `table.name` one of its own."""
        mapped = self.mapped(table)
        kinds = {field.name: field.kind for field in mapped.fields}
        groups = [mapped.called(listed.columns) for listed in self.listing.indexes(table)]
        title = Table(place=mapped.place, columns=()).title
        for columns in dict.fromkeys([*groups, *mapped.said.indexes]):
            if columns is None:
                notes.append(f"{title}: an index {_LEFT}")
            elif all(self.target.can_be_key(kinds[name]) for name in columns):
                called = named_once(None, f"{title}.{'_'.join(columns)}", taken)
                taken.append(called)
                yield Index(name=called.removeprefix(f"{title}."), columns=columns)
            else:
                what = _spelled("index", columns)
                notes.append(f"{title}: {self.target.title} takes no {what} of such types.")


_LEFT = "is not carried, for the mapping leaves out a column of it."


def commit_model(
    database: Database,
    target: Holder,
    commit: CommitId,
    mapping: TargetMapping = NO_MAPPING,
    *,
    is_checked: bool = True,
) -> CommitModel:
    """Gives what a target has when it holds a commit.

    Args:
        database: Whose commit.
        target: For whom.
        commit: The commit.
        mapping: What the target calls things.
        is_checked: Whether all values are looked at that the target might not store.
    """
    listing = Listing(database.catalogs, commit, database._carried)
    mapper = Mapper(mapping, commit, database.session, database._parser)
    query, session = database._instance.query, database.session
    return CommitModel(listing, target, query, mapper, session, is_checked)


def _spelled(what: str, columns: Sequence[Any]) -> str:
    return f"{what} ({', '.join(columns)})"
