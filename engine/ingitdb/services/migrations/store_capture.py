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
from ingitdb.model.types import ColumnType, quote_identifier
from ingitdb.services.migrations.capture import check_named, commit_changes, parameter, ran
from ingitdb.services.migrations.key_mappings import modes_of
from ingitdb.services.migrations.models import commit_model
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
        message: What the commit says; made of its statements when None.

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

    def delete(self, session: Session) -> None:
        """Deletes what the store does not have."""
        for record in self.records:
            if record.found is None:
                where, values = self._address(self._read(record, record.value), 1)
                ran(session, f"DELETE FROM {self._name} WHERE {where}", values)

    def update(self, session: Session) -> None:
        """Changes what the store has otherwise."""
        for record in self.records:
            if record.value is None or record.found is None:
                continue
            before, after = self._read(record, record.value), self._read(record, record.found)
            changed = [name for name in self._kinds if before.get(name) != after.get(name)]
            settings = ", ".join(
                f"{quote_identifier(name)} = {parameter(self._kinds[name], at)}"
                for at, name in enumerate(changed, 1)
            )
            where, values = self._address(before, len(changed) + 1)
            values = [*(after.get(name) for name in changed), *values]
            if changed:
                ran(session, f"UPDATE {self._name} SET {settings} WHERE {where}", values)

    def insert(self, session: Session) -> None:
        """Adds what only the store has."""
        for record in self.records:
            if record.value is None:
                fields = self._read(record, record.found)
                names = ", ".join(map(quote_identifier, fields))
                values = ", ".join(
                    parameter(self._kinds[name], at) for at, name in enumerate(fields, 1)
                )
                sql = f"INSERT INTO {self._name} ({names}) VALUES ({values})"
                ran(session, sql, list(fields.values()))

    @property
    def _name(self) -> str:
        return ".".join(map(quote_identifier, self.table.table.place))

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

    def _address(self, fields: Content, first: int) -> tuple[str, list[str | bytes | None]]:
        where = " AND ".join(
            f"{quote_identifier(name)} = {parameter(self._kinds[name], at)}"
            for at, name in enumerate(self.table.key, first)
        )
        return where, [fields[name] for name in self.table.key]
