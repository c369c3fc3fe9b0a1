"""SQL systems that are brought to a commit: what their ledgers say, and scripts run on them."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from ingitdb.errors import TargetError, UsageError
from ingitdb.migrations.connections.connection import Connection
from ingitdb.migrations.mapping import NO_MAPPING, TargetMapping
from ingitdb.migrations.model import LEDGER
from ingitdb.migrations.plan import Plan
from ingitdb.migrations.scripts import Insertion, changes, inserted
from ingitdb.migrations.targets.target import Ends, Target
from ingitdb.model.identifiers import EMPTY, CommitId
from ingitdb.services.database import Database
from ingitdb.services.migrations.capture import captured
from ingitdb.services.migrations.commits import committed, ledger_commit
from ingitdb.services.migrations.comparing import Reader, TargetComparison
from ingitdb.services.migrations.migration import Migration
from ingitdb.services.migrations.progress import Told
from ingitdb.services.migrations.routes import (
    compared,
    differing,
    known,
    row_differences,
    taken_back,
)
from ingitdb.services.migrations.ways import (
    APPLIED,
    APPLYING,
    DEFAULTS,
    UNDOING,
    UNDONE,
    Analysis,
    Captured,
    LedgerRow,
    Mode,
    OnConflict,
    Options,
    Progress,
    RowsMode,
    Way,
    interrupted,
    is_applied,
)


@dataclass(frozen=True)
class SqlTarget:
    """A SQL system that is connected.

    Attributes:
        connection: Asks it.
        target: Its words.
        mapping: What it calls things.
    """

    connection: Connection
    target: Target
    mapping: TargetMapping = NO_MAPPING

    def ledger(self) -> list[LedgerRow]:
        """Gives what was done to it, the oldest first.

        Raises:
            TargetError: The target refuses to tell, or has a table of the name that is no ledger.
        """
        (there,) = self.connection.ask(self.target.ledger_there())
        if not there[0]:
            return []
        try:
            rows = self.connection.ask(self.target.ledger_rows())
        except TargetError as error:
            raise TargetError(
                f"The target's ledger, {LEDGER}, cannot be read: {error}",
                hint="If a table of that name is not ingitdb's own, give it another name.",
            ) from None
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

    @contextmanager
    def forward(self, database: Database, ref: str | None, options: Options) -> Iterator[Way]:
        """Gives what leads it to a commit, from the ledger's or from what it holds.

        Raises:
            RefNotFound: A ref leads nowhere, or the repository does not have the ledger's commit.
            StatementRefused: Others changed what is to change.
        """
        self.connection.lock()
        former = next(reversed(self._applied()), None)
        after = committed(database, ref)
        reader = Reader(self.connection, self.target, database, self.mapping)
        settles_all = options.mode is Mode.FULL and options.on_conflict is OnConflict.SOURCE
        is_resumed = self._is_resumed(APPLYING, after, settles_all=settles_all)
        if options.mode is Mode.FULL and not is_resumed:
            found = compared(reader, former, after, options)
        else:
            found = differing(reader, former, after, options, is_resumed=is_resumed)
        with found as (plan, ends):
            yield _SqlWay(self, plan, ends, options.batch_size, leaves_off=not is_resumed)

    @contextmanager
    def backward(
        self,
        database: Database,
        ref: str | None,
        on_conflict: OnConflict = OnConflict.FAIL,
    ) -> Iterator[Way]:
        """Gives what led it to where it is from a commit where it was before.

        Raises:
            UsageError: Its ledger has nothing that could be taken back, or not that commit.
            RefNotFound: The repository does not have the ledger's commits.
            StatementRefused: Others changed what would be taken back.
        """
        self.connection.lock()
        is_resumed = self._is_resumed(UNDOING, None)
        rows = self.ledger()
        commits = [row.commit for row in rows if row.state.startswith((APPLIED, UNDOING))]
        if not commits:
            raise UsageError("The target's ledger has nothing that could be taken back.")
        former = [str(EMPTY), *(commit for commit in commits if commit != commits[-1])]
        before = former[-1] if ref is None else str(committed(database, ref))
        if before not in former:
            raise UsageError(
                f"The target was never at {before} before.",
                hint="`ingitdb migrate status` shows where it was.",
            )
        first, last = ledger_commit(database, before), ledger_commit(database, commits[-1])
        database.catalogs.begin()
        connection = self.connection
        with Migration(
            database, first, last, self.target, self.mapping, connection.references
        ) as found:
            reader = Reader(connection, self.target, database, self.mapping)
            plan = found.down if is_resumed else taken_back(reader, found, on_conflict)
            yield _SqlWay(self, plan, found.ends_back, DEFAULTS.batch_size)

    @contextmanager
    def analyze(self, database: Database, ref: str | None) -> Iterator[Analysis]:
        """Compares what it holds with a commit.

        Raises:
            RefNotFound: The ref leads nowhere.
        """
        reader = Reader(self.connection, self.target, database, self.mapping)
        former = next(reversed(self._applied()), None)
        commit = committed(database, ref)
        database.catalogs.begin()
        with TargetComparison(reader, commit, known(reader, former), RowsMode.SYNC) as found:
            yield Analysis(
                commit=str(commit),
                ledger=former,
                plan=found.plan,
                others=tuple(found.others),
                rows=lambda: row_differences(found.plan),
            )

    def capture(self, database: Database, branch: str, message: str | None) -> Captured:
        """Brings what others changed in it back as a commit.

        Raises:
            UsageError: Its ledger names no commit.
            RefNotFound: The repository does not have the ledger's commit.
            StatementRefused: The branch is at another commit, or something cannot be captured.
        """
        former = next(reversed(self._applied()), None)
        if former is None:
            raise UsageError("The target's ledger names no commit: nothing tells what was changed.")
        reader = Reader(self.connection, self.target, database, self.mapping)
        return captured(reader, ledger_commit(database, former), branch, message)

    def run_script(self, script: str) -> None:
        """Runs a script for it.

        Raises:
            TargetError: The target refuses a statement; it is as it was where it can take
                definitions back.
        """
        self.connection.lock()
        self.connection.run_script(script)

    def close(self) -> None:
        """Closes the connection; what is not committed is undone."""
        self.connection.close()

    def run(self, plan: Plan, ends: Ends, progress: Progress, size: int) -> None:
        """Does what a plan says.

        Args:
            plan: The plan.
            ends: From where to where it leads.
            progress: Told how far it is.
            size: So many rows go to the target at once, where it does not take a stream.

        Raises:
            TargetError: The target refuses a statement; it is as it was where it can take
                definitions back.
        """
        digest = hashlib.sha256()
        ask, target = self.connection.ask, self.target
        for statement in target.begin(ends, plan):
            ask(statement)
        for change in changes(plan, target):
            if isinstance(change, Insertion):
                digest.update(f"{change.count} rows of {change.table.title};\n".encode())
                self._insert(change, progress, size)
            else:
                digest.update(f"{change};\n".encode())
                ask(change)
        for statement in target.end(ends, digest.hexdigest()):
            ask(statement)

    def _insert(self, change: Insertion, progress: Progress, size: int) -> None:
        what = f"rows of {change.table.title}"
        rows = Told(change.rows, lambda done: progress(what, done, change.count))
        told = replace(change, rows=rows)
        if not self.connection.load(told, self.target):
            for statement in inserted(told, self.target, size):
                self.connection.ask(statement)

    def leave_off(self) -> None:
        """Lets the ledger say of what was interrupted that it is undone: all is compared anyway."""
        ledger = self.target.name_of(("main", LEDGER))
        state, version = map(self.target.quoted, ("state", "version"))
        for row in filter(interrupted, self.ledger()):
            left = f"UPDATE {ledger} SET {state} = '{UNDONE}' WHERE {version} = {row.version}"
            self.connection.ask(left)

    def _is_resumed(self, word: str, after: CommitId | None, *, settles_all: bool = False) -> bool:
        """Whether the same was interrupted before.

        Args:
            word: What begins its state.
            after: The commit that it leads to; any if None.
            settles_all: Whether all of the target is compared and settled.

        Raises:
            TargetError: Something else was interrupted, and not all is settled.
        """
        row = next((row for row in self.ledger() if interrupted(row)), None)
        if row is None:
            return False
        if row.state.startswith(word) and after in (None, row.commit):
            return True
        if settles_all:
            return False
        way_out = f"migrate apply --to {row.commit[:12]}"
        raise TargetError(
            "Another migration was interrupted: finish it first.",
            hint=(way_out if row.state.startswith(APPLYING) else "migrate rollback")
            + "; or compare the target itself: migrate sync --mode full --on-conflict source",
        )

    def _applied(self) -> list[str]:
        """Gives the commits that were applied and not undone, the newest last."""
        return [row.commit for row in self.ledger() if is_applied(row)]


@dataclass(frozen=True)
class _SqlWay:
    """What leads a SQL system to another state."""

    target: SqlTarget
    plan: Plan
    ends: Ends
    size: int
    leaves_off: bool = False

    def run(self, progress: Progress) -> None:
        """Does it."""
        if self.leaves_off:
            self.target.leave_off()
        self.target.run(self.plan, self.ends, progress, self.size)
