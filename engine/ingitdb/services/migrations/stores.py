"""Key-value stores that are brought to a commit, and taken back."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ingitdb.errors import StatementRefused, UsageError
from ingitdb.migrations.connections.stores import Arrival, StoreConnection
from ingitdb.migrations.mapping import NO_MAPPING, TargetMapping
from ingitdb.migrations.plan import Kind, Step
from ingitdb.migrations.stores.ledger import APPLIED, Entry, Standing, on_the_way
from ingitdb.migrations.stores.store import chunks
from ingitdb.migrations.targets.target import Ends
from ingitdb.model.identifiers import EMPTY, CommitId
from ingitdb.services.database import Database
from ingitdb.services.migrations.commits import commits_of
from ingitdb.services.migrations.key_mappings import modes_of
from ingitdb.services.migrations.mapped import check_known
from ingitdb.services.migrations.store_capture import captured_records
from ingitdb.services.migrations.store_changes import StoreChanges
from ingitdb.services.migrations.store_plans import StorePlan, is_atomic, store_plan
from ingitdb.services.migrations.stored_tables import Between, StoredCommit
from ingitdb.services.migrations.ways import (
    Analysis,
    Captured,
    LedgerRow,
    Mode,
    OnConflict,
    Options,
    Progress,
    RowDifference,
    RowsMode,
    Way,
)

_SHOWN = 5
_WHAT = "records"
_SETTLED = {
    "missing": Kind.INSERT,
    "further": Kind.DELETE,
    "different": Kind.UPDATE,
    "index": Kind.UPDATE,
}
"""What settles a difference."""


@dataclass(frozen=True)
class StoreTarget:
    """A key-value store that is connected.

    Attributes:
        connection: Speaks to it.
        mapping: What it calls things.
    """

    connection: StoreConnection
    mapping: TargetMapping = NO_MAPPING

    def ledger(self) -> list[LedgerRow]:
        """Gives what was done to it, the oldest first."""
        return [
            LedgerRow(
                version=row.version or number,
                commit=row.commit,
                checksum=row.checksum,
                applied_at=_moment(row.applied_at),
                duration=row.duration,
                state=row.state,
            )
            for number, (_, row) in enumerate(self.connection.entries(), 1)
        ]

    @contextmanager
    def forward(self, database: Database, ref: str | None, options: Options) -> Iterator[Way]:
        """Gives what leads it from where its ledger says it is to a commit.

        Raises:
            StatementRefused: Others have changed what would be changed, or a record is too large.
            RefNotFound: A ref leads nowhere, or the repository does not have the ledger's commit.
        """
        self.connection.lock()
        here = self.connection.standing()
        _, after = commits_of(database, None, ref)
        with self._way(database, here, after, options) as way:
            yield way

    @contextmanager
    def backward(
        self,
        database: Database,
        ref: str | None,
        on_conflict: OnConflict = OnConflict.FAIL,
    ) -> Iterator[Way]:
        """Gives what led it to where it is from a commit where it was before, the last one if None.

        Raises:
            UsageError: Its ledger has nothing that could be taken back, or not that commit.
            RefNotFound: The repository does not have the ledger's commits.
        """
        self.connection.lock()
        here = self.connection.standing()
        applied = [(name, row) for name, row in self.connection.entries() if row.state == APPLIED]
        undone = _taken_back(here, applied, ref and str(commits_of(database, None, ref)[1]))
        before = undone[0][1].before if undone else here.before
        after = commits_of(database, None, None if before == EMPTY else before)[1]
        goal = EMPTY if before == EMPTY else after
        options = Options(on_conflict=on_conflict)
        with self._way(database, here, goal, options, undone, is_back=True) as way:
            yield way

    @contextmanager
    def analyze(self, database: Database, ref: str | None) -> Iterator[Analysis]:
        """Compares what it holds with a commit.

        Raises:
            RefNotFound: The ref leads nowhere.
        """
        found = list(self.differences(database, ref))
        here = self.connection.standing()
        counts = Counter((table, _SETTLED[kind]) for table, kind, _ in found)
        steps = [Step(kind=k, table=t, rows=n) for (t, k), n in sorted(counts.items())]
        yield Analysis(
            commit=str(commits_of(database, None, ref)[1]),
            ledger=None if here.before == EMPTY else here.before,
            plan=StorePlan(steps=steps, notes=(), is_atomic=True),
            others=(),
            rows=lambda: (
                RowDifference(table=t, kind=_SETTLED[k].split()[0], key={"key": key})
                for t, k, key in found
            ),
        )

    def capture(self, database: Database, branch: str, message: str | None) -> Captured:
        """Brings what others changed in it back as a commit.

        Raises:
            UsageError: Its ledger names no commit, or it is between two.
            RefNotFound: The repository does not have the ledger's commit.
            StatementRefused: The branch is at another commit, or something cannot be captured.
        """
        here = self.connection.standing()
        if here.before == EMPTY or here.after is not None:
            raise UsageError("The target is at no commit: nothing tells what was changed.")
        base = commits_of(database, None, here.before)[1]
        (commit,) = self._commits(database, [base])
        return captured_records(self.connection, commit, branch, message)

    def run_script(self, script: str) -> None:
        """Refuses: a store's own client runs its scripts.

        Raises:
            UsageError: Always.
        """
        raise UsageError(
            "Scripts of key-value stores are run by their own clients.",
            hint="Leave --script out, or use redis-cli --pipe or curl.",
        )

    def differences(self, database: Database, ref: str | None) -> Iterator[tuple[str, str, str]]:
        """Gives what differs between it and a commit.

        Each difference is a table, a kind and a key: `missing` (only the commit has the record),
        `further` (only the store), `different`, `index` (only its sets differ).
        """
        _, after = commits_of(database, None, ref)
        here = self.connection.standing()
        with _changes(database) as changes:
            new, *olds = self._commits(database, [after, *_known(database, here)])
            changes.compare_all(self.connection, olds, new)
            changes.narrow(modes_of([new, *olds], RowsMode.SYNC))
            kind = (
                "CASE WHEN found IS NULL AND value IS NOT NULL THEN 'missing'"
                " WHEN value IS NULL AND found IS NOT NULL THEN 'further'"
                " WHEN value IS DISTINCT FROM found THEN 'different' ELSE 'index' END"
            )
            yield from changes.rows(f"title, {kind}, key")

    def close(self) -> None:
        """Lets others in, and closes the connection."""
        self.connection.close()

    @contextmanager
    def _way(
        self,
        database: Database,
        here: Standing,
        after: CommitId,
        options: Options,
        undone: Sequence[tuple[str, Entry]] | None = None,
        *,
        is_back: bool = False,
    ) -> Iterator[Way]:
        known = _known(database, here)
        new, *olds = self._commits(database, [after, *known])
        with _changes(database) as changes:
            is_resumed = here.after is not None and after == known[-1]

            def found() -> None:
                if options.mode is Mode.FULL or (len(known) > 1 and not is_resumed):
                    changes.compare_all(self.connection, olds, new)
                else:
                    changes.compare(Between(olds[0], new))
                    tables = dict.fromkeys([*olds[0].tables, *new.tables])
                    changes.look(self.connection, list(tables))

            database.catalogs.recovering((after, *known), found)
            modes = modes_of([new, *olds], options.rows)
            changes.narrow(modes, is_back=is_back)
            _settle(changes, options.on_conflict)
            connection = self.connection
            plan = store_plan(
                list(Between(olds[0], new).changes()),
                changes.counts,
                new.notes,
                modes,
                is_atomic=is_atomic(
                    changes.totals(), connection.limits, options.batch_size, connection.store
                ),
            )
            ends = Ends(before=here.before, after=str(after))
            yield _StoreWay(connection, changes, plan, here, ends, options.batch_size, undone)

    def _commits(self, database: Database, commits: Sequence[CommitId]) -> list[StoredCommit]:
        store = self.connection.store
        found = [StoredCommit(database, commit, store, self.mapping) for commit in commits]
        check_known(self.mapping, [one.model.listing for one in found])
        return found


@dataclass(frozen=True)
class _StoreWay:
    """What leads a store to another commit."""

    connection: StoreConnection
    changes: StoreChanges
    plan: StorePlan
    here: Standing
    ends: Ends
    batch_size: int
    undone: Sequence[tuple[str, Entry]] | None

    def run(self, progress: Progress) -> None:
        """Does it; where it is interrupted, the store says that it is on its way."""
        connection, total = self.connection, self.changes.totals().records
        if not total and self.here == Standing(before=self.ends.after):
            return
        begun, digest, done = connection.now(), hashlib.sha256(), 0
        state = str(self.here)
        rows = self.changes.rows(connection.columns)
        if self.plan.is_atomic:
            whole = list(rows)
            digest.update(connection.digested(whole))
            connection.write(whole, state, self._arrival(digest.hexdigest(), begun))
            progress(_WHAT, total, total)
            return
        way = str(on_the_way(self.ends))
        connection.depart(state, way)
        limits = connection.limits
        for chunk in chunks(rows, limits, self.batch_size, self._sized):
            digest.update(connection.digested(chunk))
            connection.write(chunk, way, None)
            done += len(chunk)
            progress(_WHAT, done, total)
        connection.write([], way, self._arrival(digest.hexdigest(), begun))

    def _sized(self, row: tuple[Any, ...]) -> int:
        return self.connection.store.value_size(sum(map(len, _bytes(row))))

    def _arrival(self, checksum: str, begun: float) -> Arrival:
        """Gives what the ledger is to say."""
        at = self.ends.after
        if self.undone is not None:
            return Arrival(at=at, rows=[(name, row.undone()) for name, row in self.undone])
        now, version = self.connection.now(), len(self.connection.entries()) + 1
        row = Entry(
            version=version,
            before=self.ends.before,
            commit=at,
            checksum=checksum,
            applied_at=now,
            duration=now - begun,
        )
        return Arrival(at=at, rows=[(f"{version:06}", row)])


def _known(database: Database, here: Standing) -> list[CommitId]:
    """Gives the commits whose records a store may hold: one, or two on the way."""
    texts = [here.before] if here.after is None else [here.before, here.after]
    return [EMPTY if text == EMPTY else database._allowed(text) for text in texts]


def _taken_back(
    here: Standing, applied: Sequence[tuple[str, Entry]], goal: str | None
) -> list[tuple[str, Entry]]:
    """Chooses the rows of the ledger that are taken back, the oldest first.

    Nothing is taken back of what was interrupted on its way forward: it goes back alone.

    Raises:
        UsageError: There is nothing, or the store was not at the goal.
    """
    last = applied[-1][1] if applied else None
    is_forward = here.after is not None and (
        last is None or (last.commit, last.before) != (here.before, here.after)
    )
    if is_forward and goal in (None, here.before):
        return []
    if last is None:
        raise UsageError("The target's ledger has nothing that could be taken back.")
    if goal is None:
        return [applied[-1]]
    for at in reversed(range(len(applied))):
        if applied[at][1].before == goal:
            return list(applied[at:])
    raise UsageError(f"The target's ledger does not say that it was at {goal} before.")


def _settle(changes: StoreChanges, on_conflict: OnConflict) -> None:
    """Settles what others have changed.

    Raises:
        StatementRefused: It is not to be settled.
    """
    if on_conflict is OnConflict.TARGET:
        changes.leave_conflicts()
    elif on_conflict is OnConflict.FAIL:
        number, keys = changes.conflicts(_SHOWN)
        if number:
            more = f" and {number - len(keys):,} more" if number > len(keys) else ""
            raise StatementRefused(
                f"The target was changed by others: {', '.join(keys)}{more}.",
                hint="Choose with --on-conflict source or target.",
            )


@contextmanager
def _changes(database: Database) -> Iterator[StoreChanges]:
    changes = StoreChanges(database._instance)
    try:
        yield changes
    finally:
        changes.drop()


def _bytes(row: tuple[Any, ...]) -> Iterator[bytes]:
    for part in row:
        if isinstance(part, str):
            yield part.encode()
        elif isinstance(part, bytes):
            yield part


def _moment(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat(" ")
