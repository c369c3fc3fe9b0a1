"""Targets that migrations are applied to: their ledgers, and scripts run against them."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ingitdb.errors import TargetError, UsageError
from ingitdb.execution.duckdb_files import DuckdbFile
from ingitdb.migrations.model import LEDGER
from ingitdb.model.identifiers import EMPTY
from ingitdb.services.database import Database
from ingitdb.services.migrating import Migration, migration

_SCHEME = "://"


class OpenTarget(Protocol):
    """A target that is connected.

    Attributes:
        dialect: For which kind of target it takes scripts.
    """

    dialect: str

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Runs a statement and gives its rows."""
        ...

    def tables(self) -> list[str]:
        """Gives the names of its tables, at least of those that have no schema."""
        ...

    def close(self) -> None:
        """Closes it; what is not committed is undone."""
        ...


class SqliteFile:
    """A SQLite database in a file, which is made if it is not there."""

    dialect = "sqlite"

    def __init__(self, path: Path) -> None:
        try:
            self._connection = sqlite3.connect(path, isolation_level=None)
        except sqlite3.Error as error:
            raise TargetError(f"{path} cannot be opened: {error}.") from None

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Runs a statement and gives its rows.

        Raises:
            TargetError: SQLite refuses it.
        """
        try:
            return self._connection.execute(sql).fetchall()
        except sqlite3.Error as error:
            raise TargetError(f"SQLite refuses: {error}.") from None

    def tables(self) -> list[str]:
        """Gives the names of its tables."""
        found = self.ask("SELECT name FROM sqlite_master WHERE type = 'table'")
        return [name for (name,) in found]

    def close(self) -> None:
        """Closes it; what is not committed is undone."""
        self._connection.close()


_KINDS: dict[str, Callable[[Path], OpenTarget]] = {"sqlite": SqliteFile, "duckdb": DuckdbFile}


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """What was done to a target once.

    Attributes:
        applied_at: In UTC, as the target spells it.
        duration: Seconds; None where the target does not tell.
        state: `applied` or `undone`.
    """

    version: int
    commit: str
    checksum: str
    applied_at: str
    duration: float | None
    state: str


@contextmanager
def opened(url: str, *, must_exist: bool = False) -> Iterator[OpenTarget]:
    """Connects to a target.

    Args:
        url: Such as `sqlite:///app.db`; a fourth slash begins an absolute path.
        must_exist: Whether a file that is not there is refused.

    Raises:
        UsageError: It is no URL of a kind of target that there is.
        TargetError: It cannot be opened.
    """
    scheme, _, rest = url.partition(_SCHEME)
    kind = _KINDS.get(scheme)
    if kind is None or not rest.startswith("/") or rest == "/":
        known = ", ".join(f"{name}:///FILE" for name in _KINDS)
        raise UsageError(f"There is no target {url!r}.", hint=f"There are: {known}.")
    path = Path(rest[1:])
    if must_exist and not path.is_file():
        raise TargetError(f"There is no file {path}.")
    with closing(kind(path)) as target:
        yield target


def ledger(target: OpenTarget) -> list[LedgerRow]:
    """Gives what was done to a target, the oldest first."""
    if LEDGER not in target.tables():
        return []
    rows = target.ask(
        'SELECT "version", "commit", "checksum", CAST("applied_at" AS VARCHAR), "duration",'
        f' "state" FROM "main"."{LEDGER}" ORDER BY "version"'
    )
    return [
        LedgerRow(
            version=version,
            commit=commit,
            checksum=checksum,
            applied_at=at,
            duration=duration,
            state=state,
        )
        for version, commit, checksum, at, duration, state in rows
    ]


def applied(target: OpenTarget) -> list[str]:
    """Gives the commits that were applied and not undone, the newest last."""
    return [row.commit for row in ledger(target) if row.state == "applied"]


@contextmanager
def forward(database: Database, target: OpenTarget, ref: str | None) -> Iterator[Migration]:
    """Gives what leads a target from where its ledger says it is to a commit.

    Raises:
        RefNotFound: A ref leads nowhere, or the repository does not have the ledger's commit.
    """
    before = next(reversed(applied(target)), None)
    with migration(database, target.dialect, ref, before) as found:
        yield found


@contextmanager
def backward(database: Database, target: OpenTarget) -> Iterator[Migration]:
    """Gives what led a target to where it is from where it was before.

    Raises:
        UsageError: Its ledger says of nothing that it was applied.
        RefNotFound: The repository does not have the ledger's commits.
    """
    commits = applied(target)
    if not commits:
        raise UsageError("The target's ledger has nothing that could be taken back.")
    before = commits[-2] if len(commits) > 1 else str(EMPTY)
    with migration(database, target.dialect, commits[-1], before) as found:
        yield found


def run(target: OpenTarget, script: Iterator[str]) -> None:
    """Runs a script against a target.

    Raises:
        TargetError: The target refuses a statement; it is as it was.
    """
    for statement in script:
        if not statement.startswith("--"):
            target.ask(statement)
