"""What a commit changed, record by record, for subscribers."""

from collections.abc import Iterator
from typing import Literal

from ingitdb.catalog.files import is_configuration
from ingitdb.catalog.naming import NamedTable
from ingitdb.execution.catalogs import Catalogs
from ingitdb.execution.changed_records import ChangedRecord, changed_records
from ingitdb.execution.relations import key_columns
from ingitdb.execution.session import Session
from ingitdb.model.changes import ChangeEvent, RecordChange
from ingitdb.model.identifiers import EMPTY, CommitId
from ingitdb.snapshots.relation import KEY_SEPARATOR
from ingitdb.sql.names import spell


def change_event(catalogs: Catalogs, session: Session, branch: str, after: CommitId) -> ChangeEvent:
    """Gives the event of a branch that has got a new commit.

    Args:
        catalogs: The repository's.
        session: Runs queries; at any commit.
        branch: The branch's short name.
        after: The commit.
    """
    repository = catalogs.repository
    parents = repository.parents(after)
    before = parents[0] if parents else EMPTY
    changes = [
        change
        for table in _touched(catalogs, before, after)
        for change in _changes(session, table, before, after)
    ]
    return ChangeEvent(
        database=repository.name,
        branch=branch,
        before=parents[0] if parents else None,
        after=after,
        at=repository.commit(after).committer.at,
        changes=tuple(changes),
    )


def _touched(catalogs: Catalogs, before: CommitId, after: CommitId) -> list[NamedTable]:
    """Gives the tables with a file that differs, each once."""
    paths = {change.path for change in catalogs.repository.changes(before, after)}
    is_redefined = any(is_configuration(path) for path in paths)
    found: dict[tuple[str, str], NamedTable] = {}
    for commit in (before, after):
        snapshot = catalogs.snapshot(commit)
        for table in snapshot.tables:
            if is_redefined or any(path in paths for path, _ in snapshot.files.of(table)):
                found[table.schema, table.name] = table
    return list(found.values())


def _changes(
    session: Session, table: NamedTable, before: CommitId, after: CommitId
) -> Iterator[RecordChange]:
    key = key_columns(table)
    name = spell(table.schema, table.name).replace("'", "''")
    with session.execute(f"FROM diff('{name}', '{before}', '{after}')") as result:
        rows = result.reader().read_all()
    for record in changed_records(rows, key):
        yield RecordChange(
            schema=table.schema,
            table=table.name,
            key=KEY_SEPARATOR.join(record.name) if key else None,
            kind=_kind(record),
            before=record.before,
            after=record.after,
        )


def _kind(record: ChangedRecord) -> Literal["created", "updated", "deleted"]:
    if record.before is None:
        return "created"
    return "deleted" if record.after is None else "updated"
