"""Brings what a transaction wrote onto a branch, as one commit."""

import random
import time
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from threading import Lock, RLock
from typing import TYPE_CHECKING, TypeAlias
from weakref import WeakValueDictionary

from ingitdb.errors import BranchMoved, ReadOnly
from ingitdb.execution.transactions import Transaction
from ingitdb.git.branch_writer import NewCommit
from ingitdb.git.repository import Repository
from ingitdb.model.history import Signature
from ingitdb.model.identifiers import EMPTY, CommitId

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from ingitdb.execution.draft import Draft
    from ingitdb.writes.table_texts import Texts

MOST_TRIES = 10
PATIENT = 2
"""So many races are lost before other writers wait."""
_PATIENCE = 1.0
"""Seconds that a writer waits for another one of its process."""
_PAUSE = 0.005
"""Seconds, at most, after a lost race; twice as many after each further one."""
_MOST_TEXT = 2_000
"""So much of a statement stands in the message of its commit."""
_MOST_STATEMENTS = 20

Rebase: TypeAlias = "Callable[[Transaction, CommitId], Texts]"
"""Makes a transaction's changes once more, on what the branch names by now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What a user wants a commit to say.

    Attributes:
        message: The whole message; made of the statements where it is None.
        author: Who made the change; as the connection and git say where it is None.
        allow_empty: Whether there is a commit even if nothing changed.
    """

    message: str | None = None
    author: Signature | None = None
    allow_empty: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """Makes commits on one branch."""

    repository: Repository
    branch: str
    rebase: Rebase

    def land(
        self,
        transaction: Transaction,
        label: Label,
        *,
        is_alone: bool = False,
        has_turn: bool = False,
    ) -> CommitId | None:
        """Commits what a transaction wrote.

        Args:
            transaction: The transaction.
            label: What the commit says.
            is_alone: Whether it is one statement, which can as well be run again.
            has_turn: Whether other writers wait meanwhile.

        Returns:
            The commit; None if nothing would change.

        Raises:
            BranchMoved: The branch has moved meanwhile, in the last try too.
            Conflict: Someone else has changed the same records meanwhile.
            WriteError: The commit cannot be made.
        """
        written = transaction.written
        if not written.files and not label.allow_empty:
            return None
        author = label.author or self.repository.author()
        base, files = transaction.base, written.files
        for tries in range(MOST_TRIES):
            with turn(self.repository, 0 if has_turn else tries):
                if tries:
                    base = branch_tip(self.repository, self.branch)
                    files = self.rebase(transaction, base)
                wanted = NewCommit(
                    branch=self.branch,
                    base=None if base == EMPTY else base,
                    files=files,
                    message=(label.message or message_of(written.drafts)).replace("\0", "\ufffd"),
                    author=author,
                    committer=self.repository.committer(),
                    allow_empty=label.allow_empty,
                    has_turn=has_turn or tries >= PATIENT,
                )
                try:
                    return self.repository.writer().commit(wanted)
                except BranchMoved:
                    if is_alone or tries == MOST_TRIES - 1:
                        raise
            pause(tries)
        raise AssertionError


@contextmanager
def turn(repository: Repository, tries: int) -> "Iterator[None]":
    """Lets the writers of this process go one after another, so that none works in vain.

    One that takes long is not waited for, but may lose a race; one that has lost some keeps the
    writers of other processes away, too.

    Args:
        repository: What is written.
        tries: How often the writer has lost.
    """
    with _QUEUES_LOCK:
        queue = _QUEUES.setdefault(repository.common_dir, _Queue())
    is_first = queue.lock.acquire(timeout=_PATIENCE)
    try:
        with repository.writer().turn() if tries >= PATIENT else nullcontext():
            yield
    finally:
        if is_first:
            queue.lock.release()


class _Queue:
    """The writers of one repository in this process."""

    def __init__(self) -> None:
        self.lock = RLock()


_QUEUES: "WeakValueDictionary[Path, _Queue]" = WeakValueDictionary()
_QUEUES_LOCK = Lock()


def pause(lost: int) -> None:
    """Waits a little after a lost race, each writer for another time, so that one wins."""
    time.sleep(random.uniform(0, _PAUSE * 2**lost))  # noqa: S311 - no secret


def branch_tip(repository: Repository, branch: str) -> CommitId:
    """Gives the commit that a branch names now; EMPTY if it has none."""
    return repository.named(f"refs/heads/{branch}") or EMPTY


def message_of(drafts: "Sequence[Draft]") -> str:
    """Words a commit: what was done, and the statements without the values of parameters."""
    done = [draft for draft in drafts if draft.files] or list(drafts)
    if not done:
        return "Nothing changed"
    texts = [_shortened(draft.statement) for draft in done[:_MOST_STATEMENTS]]
    if len(done) > _MOST_STATEMENTS:
        texts.append(f"-- and {len(done) - _MOST_STATEMENTS:,} more")
    if len(done) == 1:
        subject = done[0].subject
    else:
        verbs = dict.fromkeys(draft.subject.partition(":")[0] for draft in done)
        subject = f"{len(done):,} statements: {', '.join(verbs)}"
        subject = subject if len(subject) <= 72 else f"{subject[:70]} …"
    body = ";\n".join(texts)
    return f"{subject}\n\n{body}"


def branch_of(repository: Repository, ref: str | None) -> str:
    """Gives the branch that is read, so that it can be written.

    Raises:
        ReadOnly: It is no branch that is read, but a commit, tag, date or HEAD without one.
    """
    head = repository.head().branch
    name = ref or head
    if name is None or (name != head and repository.named(f"refs/heads/{name}") is None):
        what = f"{name!r} is no branch" if name else "HEAD names no branch but a commit"
        raise ReadOnly(
            f"{what}, so that it cannot be written.",
            hint="Make one: git switch -c NAME, or read from one with --at BRANCH.",
        )
    return name


def _shortened(text: str) -> str:
    return text if len(text) <= _MOST_TEXT else f"{text[:_MOST_TEXT]} …"
