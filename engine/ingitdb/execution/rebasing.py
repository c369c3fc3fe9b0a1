"""Makes what a transaction changed once more, on what its branch names by now.

Record by record: what both sides have changed is a conflict, as docs/transactions.md tells.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from ingitdb.catalog.files import is_configuration
from ingitdb.catalog.naming import NamedTable
from ingitdb.catalog.records import INDEX_COLUMN, PARENT_COLUMN
from ingitdb.errors import Conflict, DuplicateKey, TableNotFound
from ingitdb.execution.catalogs import Catalogs
from ingitdb.execution.changed_records import (
    HIDDEN_BY_DIFF,
    ChangedRecord,
    RecordName,
    changed_records,
    record_name,
)
from ingitdb.execution.relations import key_columns
from ingitdb.execution.transactions import Transaction
from ingitdb.execution.written_tables import table_texts
from ingitdb.model.identifiers import CommitId
from ingitdb.model.types import ColumnType, Scalar, quote_identifier
from ingitdb.snapshots.snapshot import Snapshot
from ingitdb.sql.hidden import NUMBER
from ingitdb.sql.names import spell
from ingitdb.writes.table_texts import Added, Cells, Changed, Removed, Texts

_KEY = "_key"
_PATH = "_path"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebasing:
    """Brings transactions to another commit.

    Attributes:
        catalogs: The repository's.
        rows: Gives all rows of a query.
    """

    catalogs: Catalogs
    rows: Callable[[str], pa.Table]

    def files(self, transaction: Transaction, head: CommitId) -> Texts:
        """Gives the texts of files that make a transaction's changes at another commit.

        Raises:
            Conflict: The other side has changed the same.
        """
        repository = self.catalogs.repository
        theirs = {change.path for change in repository.changes(transaction.base, head)}
        written = transaction.written
        if any(is_configuration(path) for path in theirs):
            raise Conflict("The definition of tables")
        tables = [self._side(transaction, head, name) for name in sorted(written.tables)]
        meeting, left = _meeting(tables, theirs)
        ours = written.files
        if meeting and any(is_configuration(path) for path in ours):
            raise Conflict(spell(meeting[0].name[1]))
        texts = {path: data for path, data in ours.items() if path not in left}
        for path in theirs & texts.keys():
            raise Conflict(path)
        for table in meeting:
            texts |= self._redone(table, transaction, head, texts)
        return texts

    def _side(self, transaction: Transaction, head: CommitId, name: tuple[str, str]) -> "_Meeting":
        """Gives a table with the paths that it has on any side."""
        paths: set[str] = set()
        last: tuple[Snapshot, NamedTable] | None = None
        for commit in (transaction.base, head, transaction.written.commit):
            snapshot = self.catalogs.snapshot(commit)
            try:
                table = self.catalogs.find(snapshot, name[1], schema=name[0], preferred=None)
            except TableNotFound:
                continue
            last = snapshot, table
            paths |= {path for path, _ in snapshot.files.of(table)}
        return _Meeting(name=name, paths=frozenset(paths), ours=last[1] if last else None)

    def _redone(
        self, table: "_Meeting", transaction: Transaction, head: CommitId, texts: Texts
    ) -> Texts:
        base, ours = transaction.base, transaction.written.commit
        if table.ours is None or HIDDEN_BY_DIFF & self._kinds(table, ours).keys():
            raise Conflict(spell(table.name[1]))  # gone on a side, or its diff hides a column
        key = key_columns(table.ours)
        mine = self._changes(table.name, key, base, ours)
        self._meet(table, mine, self._changes(table.name, key, base, head))
        now = self.catalogs.repository.pending(head, texts, head)
        changed = self._changed(table, mine, key, ours, now)
        then = self.catalogs.repository.pending(now, changed, head)
        try:
            return {**changed, **self._added(table, mine, ours, then)}
        except DuplicateKey as error:
            raise Conflict(error.message.rstrip(".").removesuffix(" already")) from None

    def _meet(
        self, table: "_Meeting", mine: Sequence[ChangedRecord], theirs: Sequence[ChangedRecord]
    ) -> None:
        """Refuses what both sides have changed."""
        rules = dict(table.ours.locations[0].declaration.rules if table.ours else ())
        known = {change.name: change for change in theirs}
        for change in mine:
            other = known.get(change.name)
            if other is None:
                continue
            both = None not in (change.before, change.after, other.before, other.after)
            if not (rules.get("merge") == "field" and both and not change.columns & other.columns):
                raise Conflict(f"The record {'/'.join(change.name)!r} of {spell(table.name[1])}")

    def _changes(
        self, name: tuple[str, str], key: Sequence[str], old: CommitId, new: CommitId
    ) -> list[ChangedRecord]:
        table = spell(*name).replace("'", "''")
        return changed_records(self.rows(f"FROM diff('{table}', '{old}', '{new}')"), key)

    def _changed(
        self,
        table: "_Meeting",
        mine: Sequence[ChangedRecord],
        key: Sequence[str],
        ours: CommitId,
        now: CommitId,
    ) -> Texts:
        """Makes the changes of records that were there before."""
        met = [change for change in mine if change.before is not None]
        if not met:
            return {}
        places = self._places(table.name, key, now)
        snapshot, found = self._at(table, now)
        kinds = self._kinds(table, ours)
        fields = snapshot.field_names(found)
        changes: list[Changed | Removed] = []
        for change in met:
            stands = places.get(change.name)
            if not stands:
                raise Conflict(f"The record {'/'.join(change.name)!r} of {spell(table.name[1])}")
            path, number = stands.pop(0)
            if change.after is None:
                changes.append(Removed(path=path, number=number))
                continue
            cells: Cells = {
                fields.get(name, name): (change.after.get(name), kinds[name])
                for name in sorted(change.columns)
                if name in kinds
            }
            changes.append(Changed(path=path, number=number, cells=cells))
        return table_texts(self.catalogs.repository, snapshot, found).changed(changes)

    def _added(
        self, table: "_Meeting", mine: Sequence[ChangedRecord], ours: CommitId, now: CommitId
    ) -> Texts:
        """Adds the records that were not there before."""
        new = [change.after for change in mine if change.before is None and change.after]
        if not new:
            return {}
        try:
            snapshot, found = self._at(table, now)
        except TableNotFound:  # all records that were there went, so that no place is known
            raise Conflict(spell(table.name[1])) from None
        fields = snapshot.field_names(found)
        placed = {INDEX_COLUMN, PARENT_COLUMN} - {*found.locations[0].captures}
        own = self._kinds(table, ours)  # the other side may have none of these columns any more
        theirs = {column.name: column.type for column in snapshot.relation(found).columns}
        kinds = own | theirs | {name: kind for name, kind in own.items() if _is_nested(kind)}
        added = [
            Added(
                key=None if _KEY in fields else record.get(_KEY),
                cells={
                    fields.get(name, name): (record[name], kind)
                    for name, kind in kinds.items()
                    if name in record and name not in placed and (name != _KEY or _KEY in fields)
                },
            )
            for record in new
        ]
        paths = [path for path, _ in snapshot.files.of(found)]
        return table_texts(self.catalogs.repository, snapshot, found).added(added, paths)

    def _places(
        self, name: tuple[str, str], key: Sequence[str], commit: CommitId
    ) -> dict[RecordName, list[tuple[str, int]]]:
        """Gives file and number of each record, by what names it."""
        number = quote_identifier(NUMBER)
        shown = ", ".join(map(quote_identifier, key)) or "*"
        table = f"{spell(*name)} AT (VERSION => '{commit}')"
        rows = self.rows(f"SELECT {_PATH} AS {_PATH}, {number}, {shown} FROM {table}")
        found: dict[RecordName, list[tuple[str, int]]] = {}
        for row in rows.to_pylist(maps_as_pydicts="lossy"):
            place = row.pop(_PATH), row.pop(NUMBER)
            found.setdefault(record_name(row, key), []).append(place)
        return found

    def _at(self, table: "_Meeting", commit: CommitId) -> tuple[Snapshot, NamedTable]:
        schema, name = table.name
        snapshot = self.catalogs.snapshot(commit)
        return snapshot, self.catalogs.find(snapshot, name, schema=schema, preferred=None)

    def _kinds(self, table: "_Meeting", commit: CommitId) -> dict[str, Any]:
        snapshot, found = self._at(table, commit)
        return {column.name: column.type for column in snapshot.relation(found).columns}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Meeting:
    """A table that a transaction wrote, with the paths that it has on any side."""

    name: tuple[str, str]
    paths: frozenset[str]
    ours: NamedTable | None


def _is_nested(kind: ColumnType) -> bool:
    """Tells whether a type has fields, which may be others on another side."""
    return not isinstance(kind, Scalar)


def _meeting(
    tables: Sequence[_Meeting], theirs: Collection[str]
) -> tuple[list[_Meeting], frozenset[str]]:
    """Gives the tables that the other side touched or that share a file with one; their files."""
    left = frozenset(theirs)
    while True:
        meeting = [table for table in tables if table.paths & left]
        more = frozenset(path for table in meeting for path in table.paths) | left
        if more == left:
            return meeting, frozenset(path for table in meeting for path in table.paths)
        left = more
