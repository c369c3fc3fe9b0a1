"""What others changed in a key-value store, brought back as a commit on a branch."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from ingitdb.errors import StatementRefused
from ingitdb.execution.session import Session
from ingitdb.migrations.connections.stores import StoreConnection
from ingitdb.migrations.model import parents_first
from ingitdb.migrations.stores.store import Content, ContentFault, Store
from ingitdb.migrations.targets.sqlite import Sqlite
from ingitdb.model.types import ColumnType
from ingitdb.services.migrations.capture import check_named, commit_changes
from ingitdb.services.migrations.key_mappings import modes_of
from ingitdb.services.migrations.models import commit_model
from ingitdb.services.migrations.row_statements import RowStatements
from ingitdb.services.migrations.store_changes import StoreChanges
from ingitdb.services.migrations.stored_tables import StoredCommit, StoredTable
from ingitdb.services.migrations.ways import Captured, RowsMode


def captured_records(
    connection: StoreConnection,
    commit: StoredCommit,
    branch: str,
    message: str | None,
) -> Captured:
    """Commits what a store holds otherwise than the ledger's commit.

    Args:
        connection: The store.
        commit: The ledger's commit.
        branch: Where the commit goes: made at the ledger's commit if it is not there.
        message: What the commit says; the tables' names when None.

    Raises:
        StatementRefused: The branch is at another commit, or a record cannot be read.
        WriteError: The changes break what the repository declares.
    """
    database, base = commit.database, commit.commit
    changes = StoreChanges(database._instance)
    try:
        changes.compare_all(connection, [commit], commit)
        changes.narrow(modes_of([commit], RowsMode.SYNC))
        rows: dict[str, list[_Record]] = defaultdict(list)
        for title, key, value, found in changes.rows("title, key, value, found"):
            if value != found:
                rows[title].append(_Record(key, value, found))
    finally:
        changes.drop()
    tables = {one.table.title: one for one in commit.tables.values()}
    check_named(commit.model, [tables[title].table for title in rows])
    ordered = parents_first(list(commit_model(database, Sqlite(), base).tables.values()))
    found = [
        _Records(connection.store, tables[table.title], rows[table.title])
        for table in ordered
        if table.title in rows
    ]
    if not found:
        return Captured(commit=None, rows=0, notes=())
    made = commit_changes(database, base, branch, found, message)
    return Captured(commit=made, rows=sum(map(len, rows.values())), notes=())


@dataclass(frozen=True, slots=True)
class _Record:
    """A record that differs.

    Attributes:
        value: What the commit has; None if it has no such record.
        found: What the store has; None if it has none.
    """

    key: str
    value: bytes | None
    found: bytes | None


@dataclass(frozen=True)
class _Records:
    """The records of a table that differ, as statements on the repository."""

    store: Store
    table: StoredTable
    records: Sequence[_Record]

    @property
    def title(self) -> str:
        """What people call the table."""
        return self.table.table.title

    def delete(self, session: Session) -> None:
        """Deletes what the store does not have."""
        gone = (record for record in self.records if record.found is None)
        fields = (self._read(record, record.value) for record in gone)
        self._statements(session).delete(map(self._key, fields))

    def update(self, session: Session) -> None:
        """Changes what the store has otherwise."""
        self._statements(session).update(
            (
                tuple((name, self._kinds[name]) for name in changed),
                self._key(before),
                [after.get(name) for name in changed],
            )
            for record in self.records
            if record.value is not None and record.found is not None
            for before, after in [
                (self._read(record, record.value), self._read(record, record.found))
            ]
            for changed in [[n for n in self._kinds if before.get(n) != after.get(n)]]
            if changed
        )

    def insert(self, session: Session) -> None:
        """Adds what only the store has."""
        come = (record for record in self.records if record.value is None)
        fields = (self._read(record, record.found) for record in come)
        self._statements(session).insert(
            (tuple((name, self._kinds[name]) for name in found), list(found.values()))
            for found in fields
        )

    def _statements(self, session: Session) -> RowStatements:
        key = tuple((name, self._kinds[name]) for name in self.table.key)
        return RowStatements(session, self.table.table.place, key)

    def _key(self, fields: Content) -> list[str | bytes | None]:
        return [fields[name] for name in self.table.key]

    @property
    def _kinds(self) -> dict[str, ColumnType]:
        return {column.name: column.type for column in self.table.relation.columns}

    def _read(self, record: _Record, content: bytes | None) -> Content:
        """Gives the fields of a record.

        Raises:
            StatementRefused: They are not those of the table, or not of the record's key.
        """
        try:
            fields = self.store.fields(content or b"", self._kinds)
        except ContentFault as fault:
            raise StatementRefused(f"{record.key} {fault}: it is not captured.") from None
        missing = [name for name in self.table.key if name not in fields]
        if missing:
            said = f"{record.key} has no {', '.join(missing)}: it is not captured."
            raise StatementRefused(said)
        return fields
