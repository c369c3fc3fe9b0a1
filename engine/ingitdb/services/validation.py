"""Validation: what a state of a repository offends against, or what a change brought."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from ingitdb.errors import StatementRefused
from ingitdb.execution.catalogs import Catalogs
from ingitdb.execution.constraints import Constraints
from ingitdb.execution.plans import Plans
from ingitdb.execution.session import Session
from ingitdb.git.repository import Repository
from ingitdb.model.identifiers import PSEUDO_COMMITS, CommitId
from ingitdb.model.violations import Violation
from ingitdb.sql.statements import StatementKind

if TYPE_CHECKING:
    from ingitdb.model.ports import SqlParser

TableId = tuple[str, str]
"""Schema and name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """What was found.

    Attributes:
        commit: The state that was looked at.
        base: The state from which on changes were looked at; None where everything was.
        tables: How many tables were looked at.
        records: How many records these have.
        violations: By file, line and column.
        folder: The folder to which the database is narrowed, with a slash at its end, or empty;
            the paths of violations are those below it.
    """

    commit: CommitId
    base: CommitId | None
    tables: int
    records: int
    violations: tuple[Violation, ...]
    folder: str = ""

    @property
    def is_unreadable(self) -> bool:
        """Whether a file could not be read, so that its records were not looked at."""
        return any(v.family == "unreadable" and v.severity == "error" for v in self.violations)

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found but warnings."""
        return not any(v.severity == "error" for v in self.violations)


class CommitRows:
    """Runs queries of the repository's own at commits.

    Args:
        parser: DuckDB's parser.
        session: Opens a session at a commit.
    """

    def __init__(self, parser: "SqlParser", session: Callable[[str], Session]) -> None:
        self._plans = Plans(parser)
        self._open = session
        self._sessions: dict[CommitId, Session] = {}

    def __call__(self, sql: str, commit: CommitId) -> pa.Table:
        """Gives all rows of one query.

        Raises:
            StatementRefused: It is no query, or several.
        """
        statements = self._plans.split(sql)
        if len(statements) != 1 or statements[0].kind != StatementKind.QUERY:
            raise StatementRefused("What is declared there is not one query.")
        if commit not in self._sessions:
            self._sessions[commit] = self._open(str(commit))
        with self._sessions[commit].execute(sql) as result:
            return result.reader().read_all()

    def close(self) -> None:
        """Ends the sessions."""
        self._plans.close()
        for session in self._sessions.values():
            session.close()


def validate(
    catalogs: Catalogs,
    rows: CommitRows,
    commit: CommitId,
    base: CommitId | None,
    tables: Sequence[TableId],
) -> Validation:
    """Looks at a state.

    Args:
        catalogs: The repository's commits.
        rows: Runs what the repository declares in SQL.
        commit: The state.
        base: From which state on; what a branch did since it left the base counts. None looks at
            everything.
        tables: Schema and name of the tables to look at; all where empty.
    """
    before = None if base is None else _fork(catalogs.repository, base, commit)
    constraints = Constraints(catalogs, rows)
    found = _distinct(constraints.violations(before, commit, tables or None))
    snapshot = catalogs.snapshot(commit)
    asked = [t for t in snapshot.tables if not tables or (t.schema, t.name) in tables]
    return Validation(
        commit=commit,
        base=before,
        tables=len(asked),
        records=sum(snapshot.relation(table).rows for table in asked),
        violations=tuple(sorted(found, key=_order)),
        folder=catalogs.repository.prefix,
    )


def _fork(repository: Repository, base: CommitId, commit: CommitId) -> CommitId:
    """Gives where a commit's branch left a base, as a review of it compares; else the base."""
    if not PSEUDO_COMMITS.isdisjoint((base, commit)):
        return base
    return repository.merge_base(base, commit) or base


def _distinct(found: Iterator[Violation]) -> Iterator[Violation]:
    """Leaves out warnings about a place of which an error tells."""
    every = list(found)
    errors = {(v.path, v.line, v.column) for v in every if v.severity == "error"}
    for violation in every:
        place = (violation.path, violation.line, violation.column)
        if violation.severity == "error" or place not in errors:
            yield violation


def _order(violation: Violation) -> tuple[str, int, int, str, str]:
    return (
        violation.path,
        violation.line,
        violation.column,
        violation.rule,
        violation.message,
    )
