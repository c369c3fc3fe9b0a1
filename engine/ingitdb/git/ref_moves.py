"""Moves refs by compare-and-swap: synced, with a line in the reflog, in turn with other writers."""

import fcntl
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ingitdb.errors import BranchMoved, RepositoryError, WriteError
from ingitdb.git.layout import Layout
from ingitdb.git.new_objects import sync_folder
from ingitdb.git.process import Answer, Git

SYNCED = ("-c", "core.fsync=all", "-c", "core.fsyncMethod=fsync")
_MOVED = re.compile(r"but expected|reference already exists|unable to resolve reference")
_LOCKED = re.compile(r"Unable to create '.*\.lock': File exists|unable to lock", re.IGNORECASE)
_HOOKED = re.compile(r"^fatal: .*aborted by (?:the reference-transaction )?hook.*$", re.MULTILINE)
_LOCK = "ingitdb-lock"
_TURN = "ingitdb-turn"
_TRIES = 40
_PAUSE = 0.05
"""Seconds between two tries to get a lock that another git process holds."""


@contextmanager
def alone(layout: Layout) -> Iterator[None]:
    """Waits for other writers of ours; git itself is met at its own locks.

    Raises:
        RepositoryError: The repository cannot be written.
    """
    try:
        lock = (layout.common_dir / _LOCK).open("w")
    except OSError as error:
        raise unwritable(error) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def turn(layout: Layout, *, shared: bool) -> Iterator[None]:
    """Lets a writer that has lost races have its turn: the others share it, and wait meanwhile.

    Raises:
        RepositoryError: The repository cannot be written.
    """
    try:
        lock = (layout.common_dir / _TURN).open("w")
    except OSError as error:
        raise unwritable(error) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield


def unwritable(error: OSError) -> RepositoryError:
    """Words that a repository cannot be written."""
    return RepositoryError(
        f"The repository cannot be written: {error.strerror or error}.",
        hint="See that the disk has room and that you may write to its .git folder.",
    )


class RefMoves:
    """Moves the refs of one repository.

    Args:
        git: Git, aimed at the repository.
        layout: Where its parts lie.
        options: What git is told before its command, such as where hooks lie.
    """

    def __init__(self, git: Git, layout: Layout, options: Sequence[str] = ()) -> None:
        self._git = git
        self._layout = layout
        self._options = (*SYNCED, *options)

    def move(self, ref: str, new: str, old: str | None, reason: str) -> None:
        """Lets a ref name an object if it still names the old one.

        Args:
            ref: The whole name, with `refs/`.
            new: What it names from now on.
            old: What it names by now; None for a ref that is not there yet.
            reason: What the reflog says.

        Raises:
            BranchMoved: It names something else by now.
            RepositoryError: It cannot be moved.
        """
        self._update(ref, "-m", reason, ref, new, old or "0" * len(new))
        file = self._layout.common_dir / ref
        if file.exists():
            depth = ref.count("/") - 1  # a folder that is new, as of the branch team/x
            for folder in list(file.parents)[:depth]:
                sync_folder(folder)

    def drop(self, ref: str, old: str) -> None:
        """Removes a ref if it still names the old one.

        Raises:
            BranchMoved: It names something else by now.
            RepositoryError: It cannot be removed.
        """
        self._update(ref, "-d", ref, old)
        folder = (self._layout.common_dir / ref).parent
        if folder.is_dir():
            sync_folder(folder)

    def _update(self, ref: str, *arguments: str) -> None:
        answer = self._tried(arguments)
        if not answer.status:
            return
        name = ref.split("/", 2)[2]
        if _MOVED.search(answer.errors):
            raise BranchMoved(name)
        if _HOOKED.search(answer.errors):
            raise WriteError(
                "The hook reference-transaction refuses the change:\n"
                + _HOOKED.sub("", answer.errors).strip()
            )
        kind = "tag" if ref.startswith("refs/tags/") else "branch"
        raise RepositoryError(f"The {kind} {name} cannot be moved: {answer.errors.strip()}")

    def _tried(self, arguments: Sequence[str]) -> Answer:
        """Runs git until it gets its locks."""
        tries = 0
        while True:
            answer = self._git.run(*self._options, "update-ref", *arguments, accept=(0, 1, 128))
            tries += 1
            if not answer.status or not _LOCKED.search(answer.errors) or tries == _TRIES:
                return answer
            time.sleep(_PAUSE)
