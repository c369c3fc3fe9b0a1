"""A statement that writes records on its way to a draft: rows as they will be, texts of files."""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from ingitdb.catalog.naming import NamedTable
from ingitdb.errors import (
    CatalogError,
    DuplicateKey,
    ReadOnly,
    SeveralMatches,
    StatementError,
    StatementRefused,
    WriteError,
)
from ingitdb.execution.answers import Run
from ingitdb.execution.binding import Binder
from ingitdb.execution.catalogs import Catalogs
from ingitdb.execution.draft import Draft
from ingitdb.execution.instance import Instance
from ingitdb.execution.plans import Plans
from ingitdb.execution.results import Result, table_result
from ingitdb.execution.scratch import Scratch
from ingitdb.execution.written_tables import table_texts
from ingitdb.model.identifiers import CommitId
from ingitdb.model.ports import SqlParser
from ingitdb.model.types import BIGINT, ColumnType, quote_identifier
from ingitdb.settings import Settings
from ingitdb.snapshots.relation import KEY_SEPARATOR
from ingitdb.snapshots.snapshot import Snapshot
from ingitdb.sql.clauses import Delete, Insert, Update, Whole, Write, clauses
from ingitdb.sql.names import spell
from ingitdb.sql.statements import Statement
from ingitdb.sql.write_queries import (
    NUMBER_COLUMN,
    PATH_COLUMN,
    as_typed,
    assigned,
    delete_query,
    old_column,
    over_rows,
    returning_query,
    update_query,
)
from ingitdb.writes.table_texts import Added, Changed, Removed, TableTexts, Texts

_KEY = "_key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """Turns statements that write records into drafts.

    Attributes:
        commit: What is read, and will be changed.
        schema: Where names without a schema are looked up first.
        binder: Gives what binds a query at that commit.
        rows: Gives all rows of a query there.
    """

    catalogs: Catalogs
    instance: Instance
    settings: Settings
    parser: SqlParser
    plans: Plans
    commit: CommitId
    schema: str | None
    binder: Callable[[], Binder]
    rows: Callable[[str], pa.Table]

    def draft(self, statement: Statement) -> Draft:
        """Says what a statement changes; its answer is how many records, or what RETURNING asks.

        Raises:
            WriteError: The change cannot be made.
        """
        write = clauses(statement.source, self.parser)
        snapshot, table = self._target(write.target.path)
        target = _Table(
            snapshot=snapshot,
            table=table,
            kinds={column.name: column.type for column in snapshot.relation(table).columns},
            fields=snapshot.field_names(table),
            texts=table_texts(self.catalogs.repository, snapshot, table),
        )
        met = self._met(write, statement, target)
        result = None
        if not isinstance(write, Whole):
            result = self._returned(write, statement, met.rows.select(list(target.types)))
        if result is None:
            result = table_result([("Count", BIGINT)], [(met.count,)], self.commit)
            result.is_count = True
        result.affected = met.count
        records = "1 record" if met.count == 1 else f"{met.count:,} records"
        return Draft(
            files=met.files,
            tables=frozenset([(table.schema, table.name)]),
            subject=f"{_verb(statement)} {spell(table.name)}: {records}",
            statement=statement.text,
            result=result,
        )

    def _met(self, write: Write, statement: Statement, target: "_Table") -> "_Met":
        if isinstance(write, Update):
            return self._updated(write, statement, target)
        if isinstance(write, Delete):
            return self._deleted(write, statement, target)
        if isinstance(write, Insert):
            return self._inserted(write, statement, target)
        raise StatementRefused(
            f"This form of {_verb(statement)} is not there yet; nothing was written."
        )

    def _updated(self, write: Update, statement: Statement, target: "_Table") -> "_Met":
        rows = self._asked(update_query(write, statement.source, target.types), statement)
        names = assigned(write, target.types)
        changes = list(_changed(rows, names, target.kinds, target.fields))
        return _Met(rows=rows, count=rows.num_rows, files=target.texts.changed(changes))

    def _deleted(self, write: Delete, statement: Statement, target: "_Table") -> "_Met":
        rows = self._asked(delete_query(write, statement.source, target.types), statement)
        changes = list(_removed(rows))
        return _Met(rows=rows, count=len(changes), files=target.texts.changed(changes))

    def _inserted(self, write: Insert, statement: Statement, target: "_Table") -> "_Met":
        rows = self._new_rows(write, statement, target.types)
        self._meet_no_other(rows, target.table, write)
        added = list(_added(rows, target.kinds, target.fields))
        paths = [path for path, _ in target.snapshot.files.of(target.table)]
        files = target.texts.added(added, paths) if added else {}
        return _Met(rows=rows, count=len(added), files=files)

    def _returned(
        self, write: Update | Delete | Insert, statement: Statement, rows: pa.Table
    ) -> Result | None:
        """Gives what RETURNING asks of the records; what fails does so before a write."""
        if write.returning is None:
            return None
        query = returning_query(write, statement.source)
        try:
            (asked,) = self.plans.split(query)
            bound = self.binder().bind(asked)
            name = f"r_{uuid.uuid4().hex}"
            text = over_rows(bound.text, f"temp.main.{name}")
            tables = {**bound.tables, name: rows}
            bound = replace(bound, text=text, tables=tables, is_repeatable=False, idle=[])
            with Run(self.instance, self.settings, asked, bound).answer() as found:
                table = found.reader().read_all()
        except (StatementError, CatalogError) as error:
            error.message = as_typed(error.message, statement.source)
            raise
        return Result(found.columns, table.to_reader(), bound.commit)

    def _target(self, path: Sequence[str]) -> tuple[Snapshot, NamedTable]:
        place = self.binder().locate(path, None)
        if place.catalogs is not self.catalogs:
            raise ReadOnly("An attached repository is read only.", hint="Open it by itself.")
        snapshot = place.catalogs.snapshot(place.commit)
        table = place.catalogs.find(
            snapshot, place.name, schema=place.schema, preferred=self.schema
        )
        if place.commit != self.commit:
            raise ReadOnly(
                "Only the branch that is read can be written here.",
                hint=f"Write to {spell(table.schema, table.name)} there, or USE the other branch.",
            )
        return snapshot, table

    def _new_rows(self, insert: Insert, statement: Statement, types: Mapping[str, str]) -> pa.Table:
        """Gives what an INSERT adds: it runs as typed, into an empty table of the same columns."""
        if insert.rows is None:
            raise StatementRefused("DEFAULT VALUES is not there yet; nothing was written.")
        lead, columns, rows = (
            statement.text[slice(*span)] for span in (insert.lead, insert.columns, insert.rows)
        )
        (query,) = self.plans.split(f"{lead}\n{rows}")
        bound = self.binder().bind(query)
        return Scratch(insert.target.alias, self.instance, types).filled(columns, bound)

    def _asked(self, query: str, statement: Statement) -> pa.Table:
        """Asks a query of ours; what is wrong with it is shown in what the user typed."""
        try:
            return self.rows(query)
        except (StatementError, CatalogError) as error:
            error.message = as_typed(error.message, statement.source)
            raise

    def _meet_no_other(self, rows: pa.Table, table: NamedTable, write: Insert) -> None:
        """Refuses a new record that has the declared key of another one."""
        key = [
            name for name in table.locations[0].declaration.primary_key if name in rows.schema.names
        ]
        if len(key) < len(table.locations[0].declaration.primary_key) or not key:
            return
        names = ", ".join(map(quote_identifier, key))
        known = self.rows(f"SELECT {names} FROM {spell(*write.target.path)}")
        taken = set(zip(*(known[name].to_pylist() for name in key), strict=True))
        for values in zip(*(rows[name].to_pylist() for name in key), strict=True):
            if values in taken:
                raise DuplicateKey(table.name, KEY_SEPARATOR.join(map(str, values)))
            taken.add(values)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """The table that a statement writes, at the commit that it reads."""

    snapshot: Snapshot
    table: NamedTable
    kinds: Mapping[str, ColumnType]
    fields: Mapping[str, str]
    texts: TableTexts

    @property
    def types(self) -> dict[str, str]:
        """The columns by name, as SQL spells their types."""
        return {name: kind.sql for name, kind in self.kinds.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Met:
    """The records that a statement meets, as they will be or were, and what it makes of files."""

    rows: pa.Table
    count: int
    files: Texts


def _verb(statement: Statement) -> str:
    return statement.verb.split(" ", 1)[0]


def _changed(
    rows: pa.Table,
    names: Sequence[str],
    kinds: Mapping[str, ColumnType],
    fields: Mapping[str, str],
) -> Iterator[Changed]:
    """Gives the records that will differ.

    Raises:
        SeveralMatches: A record is met twice.
    """
    met: set[tuple[str, int]] = set()
    for row in rows.to_pylist():
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


def _added(
    rows: pa.Table, kinds: Mapping[str, ColumnType], fields: Mapping[str, str]
) -> Iterator[Added]:
    for row in rows.to_pylist():
        cells = {
            fields.get(name, name): (value, kinds[name])
            for name, value in row.items()
            if name != _KEY or _KEY in fields
        }
        yield Added(key=None if _KEY in fields else row.get(_KEY), cells=cells)


def _differ(new: Any, old: Any) -> bool:
    return type(new) is not type(old) or repr(new) != repr(old)


def _field(name: str, fields: Mapping[str, str]) -> str:
    if name == _KEY and name not in fields:
        raise WriteError(
            f"{name} is the record's place, not one of its fields.",
            hint="Insert the record under its new key and delete the old one.",
        )
    return fields.get(name, name)  # a declared column that no record has yet


def _removed(rows: pa.Table) -> Iterator[Removed]:
    places = zip(rows[PATH_COLUMN].to_pylist(), rows[NUMBER_COLUMN].to_pylist(), strict=True)
    for path, number in dict.fromkeys(places):
        yield Removed(path=path, number=number)
