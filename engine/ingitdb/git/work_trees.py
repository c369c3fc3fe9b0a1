"""Work trees that have a branch checked out: they follow when the branch moves.

Each is asked before: what would overwrite a change of its user, or meets a merge, refuses the move.
An intent stands on disk while the branch moves, so that after a crash the next writer ends what was
begun; else the work tree would show the reversal of a commit that was acknowledged.
"""

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ingitdb.errors import RepositoryError, WorkTreeInTheWay
from ingitdb.git.layout import Layout
from ingitdb.git.new_objects import sync_folder, write_synced
from ingitdb.git.process import Git
from ingitdb.model.identifiers import CommitId

_INTENT = "ingitdb-intent"
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
        for tree in found:
            _try(tree, old, new)
        if not found:
            yield
            return
        intent = self._common / _INTENT
        told = {"branch": branch, "old": old, "new": new}
        write_synced(intent, json.dumps(told).encode(), self._common)
        sync_folder(self._common)
        try:
            yield
        except BaseException:
            intent.unlink(missing_ok=True)
            raise
        with suppress(RepositoryError):  # changed since it was asked: `finish` tries again
            for tree in found:
                _follow(tree, old, new)
            intent.unlink(missing_ok=True)

    def finish(self) -> None:
        """Ends what a writer began that is no more, if its branch had moved."""
        intent = self._common / _INTENT
        try:
            told = json.loads(intent.read_bytes())
        except FileNotFoundError:
            return
        except ValueError:  # it was not synced, so the branch had not moved
            intent.unlink(missing_ok=True)
            return
        branch, old, new = told["branch"], told["old"], CommitId(told["new"])
        named = self._git.run("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}",
                              accept=(0, 1, 128)).text  # fmt: skip
        if named == new:
            for tree in self.of(branch):
                if _has(tree, old):
                    with suppress(WorkTreeInTheWay):
                        _try(tree, old, new)
                        _follow(tree, old, new)
        intent.unlink(missing_ok=True)

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


def _try(tree: WorkTree, old: CommitId | None, new: CommitId) -> None:
    for name, what in _BUSY.items():
        if (tree.git_dir / name).exists():
            raise WorkTreeInTheWay(str(tree.path), f"is amid {what}", "Finish or abort it first.")
    if (tree.git_dir / "index.lock").exists():
        raise WorkTreeInTheWay(
            str(tree.path),
            "is being changed by another git process",
            f"If none runs, remove {tree.git_dir / 'index.lock'}.",
        )
    answer = tree.git.run("read-tree", "-n", *_steps(old, new), accept=(0, 1, 128))
    if answer.status:
        found = _IN_THE_WAY.search(answer.errors)
        path = (found["path"] or found["other"]) if found else answer.errors.strip()
        raise WorkTreeInTheWay(
            str(tree.path),
            f"has changes of its own in {path}",
            "Commit, stash or discard them: git status",
        )


def _follow(tree: WorkTree, old: CommitId | None, new: CommitId) -> None:
    tree.git.run("read-tree", *_steps(old, new))


def _steps(old: CommitId | None, new: CommitId) -> tuple[str, ...]:
    return ("-m", "-u", new) if old is None else ("-m", "-u", old, new)


def _has(tree: WorkTree, commit: CommitId | None) -> bool:
    """Tells whether the index is still that of a commit."""
    if commit is None:
        return not tree.git.run("ls-files", "--cached").output
    answer = tree.git.run("diff-index", "--cached", "--quiet", commit, accept=(0, 1))
    return answer.status == 0
