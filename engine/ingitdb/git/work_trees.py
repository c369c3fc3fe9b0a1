"""Work trees that have a branch checked out: they follow when the branch moves.

Each is asked before: what would overwrite a change of its user, or meets a merge, refuses the move.
An intent stands on disk while the branch moves, so that after a crash the next writer ends what was
begun; else the work tree would show the reversal of a commit that was acknowledged, and a lock that
git had would stand for ever.
"""

import json
import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ingitdb.errors import RepositoryError, WorkTreeInTheWay, WriteError
from ingitdb.git.layout import Layout
from ingitdb.git.new_objects import sync_folder
from ingitdb.git.process import Answer, Git
from ingitdb.model.identifiers import CommitId

_INTENT = "ingitdb-intent"
_PATIENCE = 2.0
"""Seconds that a git process may need: one that holds a lock, or has outlived its writer."""
_SOON = 5.0
"""Seconds after an intent within which a lock that was left is one of its writer's git."""
_PAUSE = 0.02
_LOCKED = re.compile(r"Unable to create '.*index\.lock': File exists")
_BUSY = {
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase",
}
_IN_THE_WAY = re.compile(
    r"(?:Entry|Untracked working tree file) '(?P<path>.+?)' (?:not up\w+|would be)"
    r"|'(?P<other>.+?)' already exists"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkTree:
    """A work tree of the repository.

    Attributes:
        path: Its folder.
        git_dir: Its folder of HEAD and the index.
    """

    path: Path
    git_dir: Path

    @property
    def git(self) -> Git:
        """Git, aimed at this work tree."""
        options = (f"--git-dir={self.git_dir}", f"--work-tree={self.path}")
        return Git(place=self.path, options=options)


class WorkTrees:
    """The work trees of one repository."""

    def __init__(self, git: Git, layout: Layout) -> None:
        self._git = git
        self._common = layout.common_dir
        self._is_bare = layout.bare

    @contextmanager
    def following(self, branch: str, old: CommitId | None, new: CommitId) -> Iterator[None]:
        """Lets the work trees of a branch follow a move that happens in the block.

        Args:
            branch: The branch's short name.
            old: What it names before; None for a branch that is not there yet.
            new: What it names after the block, whose objects are there already.

        Raises:
            WorkTreeInTheWay: A work tree cannot follow; the block is not entered.
        """
        found = list(self.of(branch))
        self._tell(json.dumps({"branch": branch, "old": old, "new": new}), synced=bool(found))
        try:
            for tree in found:
                _check_ready(tree)
                _try(tree, old, new)
            yield
            with suppress(RepositoryError):  # changed since it was asked: `finish` tries again
                for tree in found:
                    _follow(tree, old, new)
                self._forget()
        except WriteError:  # refused; were git killed, the intent would have to stay
            self._forget()
            raise
        except KeyboardInterrupt:  # perhaps the branch has moved, and no writer comes soon
            with suppress(RepositoryError, WriteError):
                self.finish()
            raise

    def finish(self) -> None:
        """Ends what a writer began that is no more, if its branch had moved.

        Raises:
            WorkTreeInTheWay: A work tree that has to follow is amid something else.
        """
        intent = self._common / _INTENT
        try:
            told = json.loads(intent.read_bytes())
            begun = intent.stat().st_mtime
        except FileNotFoundError:
            return
        except ValueError:  # it was not written to its end, so the branch had not moved
            self._forget()
            return
        branch, old, new = told["branch"], told["old"], CommitId(told["new"])
        trees = list(self.of(branch))
        self._outwait(trees, branch, (old, new), begun)
        if self._named(branch) == new:
            for tree in trees:
                _catch_up(tree, old, new)
        self._forget()

    def _tell(self, text: str, *, synced: bool) -> None:
        """Writes the intent; only where a work tree may stay behind it has to outlive the power."""
        with (self._common / _INTENT).open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            if synced:
                os.fsync(stream.fileno())
        if synced:
            sync_folder(self._common)

    def _forget(self) -> None:
        (self._common / _INTENT).unlink(missing_ok=True)

    def _named(self, branch: str) -> str | None:
        ref = f"refs/heads/{branch}"
        return (
            self._git.run("rev-parse", "--verify", "--quiet", ref, accept=(0, 1, 128)).text or None
        )

    def _outwait(
        self,
        trees: Sequence[WorkTree],
        branch: str,
        move: tuple[CommitId | None, CommitId],
        begun: float,
    ) -> None:
        """Gives git that has outlived its writer time to end; then removes the locks it left."""
        places = [
            self._common / f"refs/heads/{branch}.lock",
            self._common / "HEAD.lock",
            *self._common.glob("worktrees/*/HEAD.lock"),
            *(tree.git_dir / "index.lock" for tree in trees),
        ]
        old, new = move
        end = time.monotonic() + min(_PATIENCE, begun + _PATIENCE - time.time())
        while True:
            left = [lock for lock in places if _is_left(lock, new, begun)]
            if time.monotonic() >= end:
                break
            if not left and self._named(branch) != old:
                return
            time.sleep(_PAUSE)
        for lock in left:
            lock.unlink(missing_ok=True)

    def of(self, branch: str) -> Iterator[WorkTree]:
        """Gives the work trees that have a branch checked out and are there."""
        if self._is_bare and not (self._common / "worktrees").exists():
            return
        listed = self._git.run("worktree", "list", "--porcelain").text
        for block in listed.split("\n\n"):
            lines = block.splitlines()
            if not lines or f"branch refs/heads/{branch}" not in lines or "bare" in lines:
                continue
            path = Path(lines[0].removeprefix("worktree "))
            git_dir = _git_dir(path)
            if git_dir is not None:
                yield WorkTree(path=path, git_dir=git_dir)


def _git_dir(path: Path) -> Path | None:
    """Gives the git folder of a work tree; None where the work tree is gone."""
    pointer = path / ".git"
    if pointer.is_dir():
        return pointer
    if not pointer.is_file():
        return None
    place = os.fsdecode(pointer.read_bytes()).removeprefix("gitdir:").strip()
    return Path(os.path.normpath(path / place))


def _is_left(lock: Path, new: CommitId, begun: float) -> bool:
    """Tells whether a lock is one that git took for a writer of ours."""
    try:
        held, at = lock.read_bytes(), lock.stat().st_mtime
    except FileNotFoundError:
        return False
    is_ours = lock.name == "index.lock" or held in (b"", f"{new}\n".encode())
    return is_ours and begun - 1 <= at <= begun + _SOON


def _check_ready(tree: WorkTree) -> None:
    """Returns once nothing else is going on in a work tree."""
    for name, what in _BUSY.items():
        if (tree.git_dir / name).exists():
            raise WorkTreeInTheWay(str(tree.path), f"is amid {what}", "Finish or abort it first.")
    end = time.monotonic() + _PATIENCE
    while (tree.git_dir / "index.lock").exists():
        if time.monotonic() >= end:
            raise WorkTreeInTheWay(
                str(tree.path),
                "is being changed by another git process",
                f"If none runs, remove {tree.git_dir / 'index.lock'}.",
            )
        time.sleep(_PAUSE)


def _try(tree: WorkTree, old: CommitId | None, new: CommitId) -> None:
    answer = _read_tree(tree, "-n", *_steps(old, new))
    if answer.status:  # perhaps files were only touched or copied, which the index does not know
        tree.git.run("update-index", "-q", "--refresh", accept=(0, 1, 128))
        answer = _read_tree(tree, "-n", *_steps(old, new))
    if answer.status:
        found = _IN_THE_WAY.search(answer.errors)
        path = (found["path"] or found["other"]) if found else answer.errors.strip()
        raise WorkTreeInTheWay(
            str(tree.path),
            f"has changes of its own in {path}",
            "Commit, stash or discard them: git status",
        )


def _follow(tree: WorkTree, old: CommitId | None, new: CommitId) -> None:
    answer = _read_tree(tree, *_steps(old, new))
    if answer.status:
        raise RepositoryError(f"The work tree {tree.path} has not followed: {answer.errors}")


def _read_tree(tree: WorkTree, *arguments: str) -> Answer:
    """Runs git until it gets the lock of the index."""
    end = time.monotonic() + _PATIENCE
    while True:
        answer = tree.git.run("read-tree", *arguments, accept=(0, 1, 128))
        if not (answer.status and _LOCKED.search(answer.errors)) or time.monotonic() >= end:
            return answer
        time.sleep(_PAUSE)


def _catch_up(tree: WorkTree, old: CommitId | None, new: CommitId) -> None:
    """Lets a work tree follow that may have done so in part; what its user changed stays."""
    _check_ready(tree)
    try:
        _try(tree, old, new)
    except WorkTreeInTheWay:
        _take_away(tree, old, new)
    with suppress(WorkTreeInTheWay):
        _try(tree, old, new)
        _follow(tree, old, new)


def _take_away(tree: WorkTree, old: CommitId | None, new: CommitId) -> None:
    """Removes what was written of the new files before git was killed, so that it starts afresh."""
    before = (old,) if old is not None else ("--root",)
    changed = tree.git.run(
        "diff-tree", "-r", "-z", "--name-only", "--no-commit-id", "--diff-filter=AMT", *before, new
    )
    for name in changed.output.split(b"\0")[:-1]:
        path = tree.path / os.fsdecode(name)
        if path.is_symlink() or not path.is_file():
            continue
        whole = tree.git.run("cat-file", "--filters", f"{new}:{os.fsdecode(name)}").output
        if whole.startswith(path.read_bytes()):
            path.unlink()


def _steps(old: CommitId | None, new: CommitId) -> tuple[str, ...]:
    return ("-m", "-u", new) if old is None else ("-m", "-u", old, new)
