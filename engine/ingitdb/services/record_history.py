"""What happened to one record: the commits that changed it, and what they changed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ingitdb.execution.results import Result
from ingitdb.execution.session import Session
from ingitdb.model.history import Commit, uncommitted
from ingitdb.model.identifiers import PSEUDO_COMMITS
from ingitdb.services.database import Database
from ingitdb.services.record_keys import KeyedTable, columns_of, keyed_table, matching


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordHistory:
    """The changes of one record.

    Attributes:
        key: The text of each part of the record's key, by its column.
        result: The rows of `diff` for the record, each commit against its first parent.
        commits: Gives the commits that lead to where the history ends, the newest first.
        session: Runs what is asked.
    """

    table: KeyedTable
    key: Mapping[str, str]
    result: Result
    commits: Iterator[Commit]
    session: Session


def record_history(
    database: Database, table: str, words: Sequence[str], ref: str | None = None
) -> RecordHistory:
    """Finds the changes of a record along the first parents that lead to a ref.

    Args:
        database: The database.
        table: The table's name.
        words: The values of the key's columns, or `column=value` for each.
        ref: Where the history ends; HEAD when None.

    Raises:
        CatalogError: There is no such table.
        StatementRefused: The table has no key.
        UsageError: The key has other columns.
    """
    session = database.session(ref)
    found = keyed_table(database, session, table, ref)
    values = found.values(words, command="history")
    source = f"diff({found.literal})"
    types = columns_of(session, source)
    old, parameters = matching(values, types, prefix="from_")
    new, _ = matching(values, types, prefix="to_")
    result = session.execute(f"FROM {source} WHERE ({new}) OR ({old})", parameters)
    return RecordHistory(
        table=found,
        key=values,
        result=result,
        commits=_commits(database, session, ref),
        session=session,
    )


def _commits(database: Database, session: Session, ref: str | None) -> Iterator[Commit]:
    """Gives what leads to where a session reads, the newest first."""
    head = database.repository.head().commit
    if session.commit in PSEUDO_COMMITS:
        yield uncommitted(session.commit, head)
    if head is not None:
        yield from database.log(ref)
