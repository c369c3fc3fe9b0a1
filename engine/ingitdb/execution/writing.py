"""A writing statement on its way to a commit: rows as they will be, texts of files, the branch."""

import random
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pyarrow as pa

from ingitdb.catalog.naming import NamedTable
from ingitdb.errors import (
    BranchMoved,
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
from ingitdb.execution.instance import Instance
from ingitdb.execution.plans import Plans
from ingitdb.execution.results import Result, table_result
from ingitdb.execution.scratch import Scratch
from ingitdb.git.branch_writer import NewCommit
from ingitdb.git.repository import Repository
from ingitdb.model.identifiers import BlobId, CommitId
from ingitdb.model.ports import SqlParser
from ingitdb.model.types import BIGINT, ColumnType, quote_identifier
from ingitdb.settings import Settings
from ingitdb.snapshots.relation import KEY_SEPARATOR
from ingitdb.snapshots.snapshot import Snapshot
from ingitdb.sql.clauses import Delete, Insert, Update, Whole, clauses
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
from ingitdb.writes.table_texts import Added, Change, Changed, Removed, TableTexts, Texts

_MOST_TRIES = 10
_PAUSE = 0.005
"""Seconds, at most, after a lost race; twice as many after each further one."""
_MOST_TEXT = 2_000
"""So much of a statement stands in the message of its commit."""
_KEY = "_key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """Writes to one branch of one repository.

    Attributes:
        branch: The branch's short name.
        schema: Where names without a schema are looked up first.
        binder: Gives what binds a query at the branch's commit.
        rows: Gives all rows of a query there.
        commit: Gives the branch's commit.
    """

    catalogs: Catalogs
    instance: Instance
    settings: Settings
    parser: SqlParser
    plans: Plans
    branch: str
    schema: str | None
    binder: Callable[[], Binder]
    rows: Callable[[str], pa.Table]
    commit: Callable[[], CommitId]

    def run(self, statement: Statement) -> Result:
        """Runs a statement as one commit; gives how many records it met, or what RETURNING asks.

        Raises:
            BranchMoved: The branch has moved again and again meanwhile.
            WriteError: The change cannot be made.
        """
        write = clauses(statement.source, self.parser)
        if isinstance(write, Whole):
            raise StatementRefused(
                f"This form of {_verb(statement)} is not there yet; nothing was written."
            )
        for lost in range(_MOST_TRIES - 1):
            try:
                return self._attempt(statement, write)
            except BranchMoved:  # wait a little, each writer for another time, so that one wins
                time.sleep(random.uniform(0, _PAUSE * 2**lost))  # noqa: S311 - no secret
        return self._attempt(statement, write)

    def _attempt(self, statement: Statement, write: Update | Delete | Insert) -> Result:
        commit = self.commit()
        snapshot, table = self._target(write.target.path)
        if self.commit() != commit:
            raise BranchMoved(self.branch)
        if snapshot.commit != commit:
            raise ReadOnly(
                f"Only the branch {self.branch} can be written here.",
                hint=f"Write to {spell(table.schema, table.name)} there, or USE the other branch.",
            )
        kinds = {column.name: column.type for column in snapshot.relation(table).columns}
        types = {name: kind.sql for name, kind in kinds.items()}
        fields = snapshot.field_names(table)
        texts = self._texts(snapshot, table)
        if isinstance(write, Update):
            rows = self._asked(update_query(write, statement.source, types), statement)
            changes: list[Change] = list(_changed(rows, assigned(write, types), kinds, fields))
            count, files = rows.num_rows, texts.changed(changes)
        elif isinstance(write, Delete):
            rows = self._asked(delete_query(write, statement.source, types), statement)
            changes = list(_removed(rows))
            count, files = len(changes), texts.changed(changes)
        else:
            rows = self._new_rows(write, statement, types)
            self._meet_no_other(rows, table, write)
            added = list(_added(rows, kinds, fields))
            paths = [path for path, _ in snapshot.files.of(table)]
            count, files = len(added), texts.added(added, paths) if added else {}
        result = self._returned(write, statement, rows.select(list(types)))
        if files:
            self._commit(statement, snapshot.commit, table, files, count)
        if result is None:
            result = table_result([("Count", BIGINT)], [(count,)], self.commit())
            result.is_count = True
        result.affected = count
        return result

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

    def _texts(self, snapshot: Snapshot, table: NamedTable) -> TableTexts:
        repository = self.catalogs.repository
        blobs = dict(snapshot.files.of(table))
        others = cache(lambda: repository.tree(snapshot.commit).keys() - blobs.keys())

        def read(path: str) -> bytes | None:
            if path in blobs:
                return _content(repository, path, blobs[path])
            return repository.read_file(snapshot.commit, path) if path in others() else None

        return TableTexts(
            name=table.name,
            locations=table.locations,
            located=snapshot.files.located(table),
            read=read,
        )

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

    def _commit(
        self,
        statement: Statement,
        base: CommitId,
        table: NamedTable,
        files: Texts,
        count: int,
    ) -> None:
        repository = self.catalogs.repository
        author = repository.author()
        records = "1 record" if count == 1 else f"{count:,} records"
        subject = f"{_verb(statement)} {spell(table.name)}: {records}"
        repository.writer().commit(
            NewCommit(
                branch=self.branch,
                base=base,
                files=files,
                message=f"{subject}\n\n{_shortened(statement.text)}",
                author=author,
                committer=repository.committer(),
            )
        )


def _verb(statement: Statement) -> str:
    return statement.verb.split(" ", 1)[0]


def _content(repository: Repository, path: str, blob: BlobId) -> bytes:
    try:
        return repository.objects().read(blob)
    except KeyError:
        raise WriteError(
            f"The contents of {path} are missing from the repository.",
            hint="In a partial clone, `git fetch --refetch --no-filter` brings them.",
        ) from None


def _shortened(text: str) -> str:
    return text if len(text) <= _MOST_TEXT else f"{text[:_MOST_TEXT]} …"


def branch_of(repository: Repository, ref: str | None) -> str:
    """Gives the branch that is read, so that it can be written.

    Raises:
        ReadOnly: It is no branch that is read, but a commit, tag, date or HEAD without one.
    """
    head = repository.head().branch
    name = ref or head
    local = {branch.name for branch in repository.branches() if not branch.is_remote} | {head}
    if name is None or name not in local:
        what = f"{name!r} is no branch" if name else "HEAD names no branch but a commit"
        raise ReadOnly(
            f"{what}, so that it cannot be written.",
            hint="Make one: git switch -c NAME, or read from one with --at BRANCH.",
        )
    return name


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
