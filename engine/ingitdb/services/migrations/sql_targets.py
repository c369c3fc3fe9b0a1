"""SQL systems that are brought to a commit: what their ledgers say, and scripts run on them."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ingitdb.errors import UsageError
from ingitdb.migrations.connections.connection import Connection
from ingitdb.migrations.mapping import NO_MAPPING, TargetMapping
from ingitdb.migrations.plan import Plan
from ingitdb.migrations.scripts import Insertion, changes, inserted
from ingitdb.migrations.targets.target import Ends, Target
from ingitdb.model.identifiers import EMPTY
from ingitdb.services.database import Database
from ingitdb.services.migrations.migration import Migration, migration
from ingitdb.services.migrations.ways import APPLIED, LedgerRow, Options, Progress, Way


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
        """Gives what was done to it, the oldest first."""
        (there,) = self.connection.ask(self.target.ledger_there())
        if not there[0]:
            return []
        rows = self.connection.ask(self.target.ledger_rows())
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
        """Gives what leads it from where its ledger says it is to a commit.

        Raises:
            RefNotFound: A ref leads nowhere, or the repository does not have the ledger's commit.
        """
        self.connection.lock()
        before = next(reversed(self._applied()), None)
        with migration(database, self.target.name, ref, before, mapping=self.mapping) as found:
            yield _Up(self, found)

    @contextmanager
    def backward(self, database: Database, ref: str | None) -> Iterator[Way]:
        """Gives what led it to where it is from a commit where it was before.

        Raises:
            UsageError: Its ledger has nothing that could be taken back.
            RefNotFound: The repository does not have the ledger's commits.
        """
        self.connection.lock()
        commits = self._applied()
        if not commits:
            raise UsageError("The target's ledger has nothing that could be taken back.")
        before = commits[-2] if len(commits) > 1 else str(EMPTY)
        with migration(
            database, self.target.name, commits[-1], before, mapping=self.mapping
        ) as found:
            yield _Down(self, found)

    def close(self) -> None:
        """Closes the connection; what is not committed is undone."""
        self.connection.close()

    def run(self, plan: Plan, ends: Ends, progress: Progress) -> None:
        """Does what a plan says.

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
                progress(f"rows of {change.table.title}", 0, change.count)
                digest.update(f"{change.count} rows of {change.table.title};\n".encode())
                if not self.connection.load(change, target):
                    for statement in inserted(change, target):
                        ask(statement)
                progress(f"rows of {change.table.title}", change.count, change.count)
            else:
                digest.update(f"{change};\n".encode())
                ask(change)
        for statement in target.end(ends, digest.hexdigest()):
            ask(statement)

    def _applied(self) -> list[str]:
        """Gives the commits that were applied and not undone, the newest last."""
        return [row.commit for row in self.ledger() if row.state == APPLIED]


@dataclass(frozen=True)
class _Up:
    """What leads to the newer commit."""

    target: SqlTarget
    migration: Migration

    @property
    def plan(self) -> Plan:
        """What is to be done."""
        return self.migration.up

    def run(self, progress: Progress) -> None:
        """Does it."""
        self.target.run(self.plan, self.migration.ends, progress)


@dataclass(frozen=True)
class _Down:
    """What leads back."""

    target: SqlTarget
    migration: Migration

    @property
    def plan(self) -> Plan:
        """What is to be done."""
        return self.migration.down

    def run(self, progress: Progress) -> None:
        """Does it."""
        self.target.run(self.plan, self.migration.ends_back, progress)
