"""What can be asked of any live target, and what leads it from one commit to another."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias

from ingitdb.errors import StatementRefused
from ingitdb.migrations.plan import Outline
from ingitdb.model.identifiers import CommitId
from ingitdb.services.database import Database

Progress: TypeAlias = Callable[[str, int, int], None]
"""Told what is being done, how many rows of it are done, and how many there are."""
APPLIED = "applied"
UNDONE = "undone"
APPLYING = "applying "
UNDOING = "undoing "
"""What begins the state of what was interrupted, in systems that take no definitions back."""


class Mode(StrEnum):
    """How it is found out what differs."""

    INCREMENTAL = "incremental"
    """From the ledger's commit and the new one."""
    FULL = "full"
    """From what the target holds, all of it read."""


class RowsMode(StrEnum):
    """Which differences of rows are settled."""

    INSERT = "insert"
    """Rows that the target does not have."""
    UPSERT = "upsert"
    """And rows that it has otherwise."""
    SYNC = "sync"
    """And rows that only it has."""


class OnConflict(StrEnum):
    """What is done where the target was changed by others since the ledger's commit."""

    FAIL = "fail"
    SOURCE = "source"
    """The commit's values."""
    TARGET = "target"
    """The target's values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a target is brought to a commit.

    Attributes:
        batch_size: So many rows go to the target at once.
    """

    mode: Mode = Mode.INCREMENTAL
    rows: RowsMode = RowsMode.SYNC
    on_conflict: OnConflict = OnConflict.FAIL
    batch_size: int = 1000


DEFAULTS = Options()


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """What was done to a target once.

    Attributes:
        applied_at: In UTC, as the target spells it.
        duration: Seconds; None where the target does not tell.
        state: `applied`, `undone`, or how far it was when it was interrupted.
    """

    version: int
    commit: str
    checksum: str
    applied_at: str
    duration: float | None
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowDifference:
    """A row that a target has not as a commit has it.

    Attributes:
        kind: `insert`, `update` or `delete`: what would settle it.
        key: What tells it apart.
    """

    table: str
    kind: str
    key: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """What differs between a target and a commit.

    Attributes:
        commit: The commit.
        ledger: The commit that the target's ledger names.
        plan: What would lead the target there.
        others: Tables of the target's own, which no commit of the repository has.
        rows: Gives the rows that differ; those of tables that change as a whole are left out.
    """

    commit: str
    ledger: str | None
    plan: Outline
    others: tuple[str, ...]
    rows: Callable[[], Iterator[RowDifference]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """What was brought back from a target.

    Attributes:
        commit: None where there was nothing.
        notes: What differs and was not brought back.
    """

    commit: CommitId | None
    rows: int
    notes: tuple[str, ...]


def interrupted(row: LedgerRow) -> bool:
    """Whether something was begun and neither finished nor taken back."""
    is_open = row.state.startswith((APPLYING, UNDOING))
    return is_open and row.state.split()[1].partition("/")[0] != "0"


def is_applied(row: LedgerRow) -> bool:
    """Whether a target holds what was applied; nothing was taken back of what is at its step 0."""
    return row.state == APPLIED or (row.state.startswith(UNDOING) and not interrupted(row))


class Way(Protocol):
    """What leads a target to another state."""

    @property
    def plan(self) -> Outline:
        """What is to be done."""
        ...

    def run(self, progress: Progress) -> None:
        """Does it.

        Raises:
            TargetError: The target refuses something.
        """
        ...


class LiveTarget(Protocol):
    """A system that is connected."""

    def ledger(self) -> list[LedgerRow]:
        """Gives what was done to it, the oldest first."""
        ...

    def forward(
        self, database: Database, ref: str | None, options: Options
    ) -> AbstractContextManager[Way]:
        """Gives what leads it to a commit.

        Raises:
            RefNotFound: A ref leads nowhere, or the repository does not have the ledger's commit.
        """
        ...

    def backward(
        self,
        database: Database,
        ref: str | None,
        on_conflict: OnConflict = OnConflict.FAIL,
    ) -> AbstractContextManager[Way]:
        """Gives what led it to where it is from a commit where it was before, the last one if None.

        Raises:
            UsageError: Its ledger has nothing that could be taken back, or not that commit.
            RefNotFound: The repository does not have the ledger's commits.
        """
        ...

    def analyze(self, database: Database, ref: str | None) -> AbstractContextManager[Analysis]:
        """Compares what it holds with a commit.

        Raises:
            RefNotFound: The ref leads nowhere.
        """
        ...

    def capture(self, database: Database, branch: str, message: str | None) -> Captured:
        """Brings what others changed in it back as a commit.

        Raises:
            UsageError: Its ledger names no commit.
            StatementRefused: The branch is at another commit, or something cannot be captured.
        """
        ...

    def run_script(self, script: str) -> None:
        """Runs a script for it.

        Raises:
            TargetError: The target refuses a statement; it is as it was where it can take
                definitions back.
        """
        ...

    def close(self) -> None:
        """Closes the connection; what is not committed is undone."""
        ...


def check_destructive(plan: Outline) -> None:
    """Returns if a plan takes nothing from the target.

    Raises:
        StatementRefused: A table or column goes.
    """
    steps = plan.destructive
    if steps:
        said = "; ".join(
            f"{step.kind} {step.table}{': ' + step.detail if step.detail else ''}" for step in steps
        )
        raise StatementRefused(
            f"The target would lose what it holds: {said}.", hint="Add --allow-destructive."
        )
