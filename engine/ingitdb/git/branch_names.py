"""Makes, renames and drops branches; none is dropped whose commits would be lost with it."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from ingitdb.errors import RefNotFound, WriteError, nearest_names
from ingitdb.git.commit_settings import commit_settings
from ingitdb.git.hooks import Hooks
from ingitdb.git.layout import Layout
from ingitdb.git.process import Git
from ingitdb.git.ref_moves import SYNCED, RefMoves, alone
from ingitdb.git.ref_names import check_branch_name, check_room
from ingitdb.model.identifiers import CommitId
from ingitdb.model.types import quote_identifier

_HEADS = "refs/heads/"
_AMID = ("rebase-merge/head-name", "rebase-apply/head-name")
_BRANCH = re.compile(r"^branch refs/heads/(.+)$", re.MULTILINE)
_FOLDER = re.compile(r"^worktree (.+)$", re.MULTILINE)


class BranchNames:
    """The branches of one repository, as names that come and go."""

    def __init__(self, git: Git, layout: Layout) -> None:
        self._git = git
        self._layout = layout

    def all(self) -> dict[str, CommitId]:
        """Gives the local branches with their commits."""
        lines = self._git.run("for-each-ref", "--format=%(objectname) %(refname)", _HEADS).text
        pairs = (line.split(" ", 1) for line in lines.splitlines())
        return {ref.removeprefix(_HEADS): CommitId(commit) for commit, ref in pairs}

    def create(self, name: str, at: CommitId, *, start: str) -> None:
        """Makes a branch.

        Args:
            name: Its short name.
            at: The commit that it names.
            start: That commit in the user's words.

        Raises:
            WriteError: The name is taken, or git does not allow it.
        """
        check_branch_name(self._git, name)
        check_room("branch", name, self.all())
        with alone(self._layout):
            self._moves().move(_HEADS + name, at, None, f"branch: Created from {start}")

    def drop(self, name: str, *, force: bool = False) -> CommitId:
        """Removes a branch; gives the commit that it named.

        Raises:
            RefNotFound: There is none of that name.
            WriteError: It is checked out; or it alone leads to some commits, and `force` is not
                said.
        """
        known = self.all()
        commit = known.get(name)
        if commit is None:
            raise unknown_branch(name, known)
        for place in self._users(name):
            raise WriteError(
                f"The branch {name!r} is checked out at {place}.",
                hint="Switch that work tree to another branch first: git switch OTHER",
            )
        lost = 0 if force else self._only_in(name)
        if lost:
            commits = "1 commit" if lost == 1 else f"{lost:,} commits"
            raise WriteError(
                f"Only the branch {name!r} leads to {commits}, up to {commit[:12]}.",
                hint=f"Merge it first, or give them up: DROP BRANCH {quote_identifier(name)} FORCE",
            )
        with alone(self._layout):
            self._moves().drop(_HEADS + name, commit)
            section = f"branch.{name}"
            self._git.run("config", "--local", "--remove-section", section, accept=(0, 1, 128, 255))
        return commit

    def rename(self, name: str, new: str) -> None:
        """Gives a branch another name; work trees that have it checked out go along.

        Raises:
            RefNotFound: There is none of that name.
            WriteError: The new name is taken, or git does not allow it.
        """
        known = self.all()
        if name not in known:
            raise unknown_branch(name, known)
        check_branch_name(self._git, new)
        check_room("branch", new, known.keys() - {name})
        with alone(self._layout):
            options = (*SYNCED, *Hooks(self._layout, commit_settings(self._git)).options)
            self._git.run(*options, "branch", "-m", name, new)

    def _moves(self) -> RefMoves:
        hooks = Hooks(self._layout, commit_settings(self._git))
        return RefMoves(self._git, self._layout, hooks.options)

    def _only_in(self, name: str) -> int:
        """Counts the commits to which nothing but a branch leads."""
        others = (f"--exclude={name}", "--branches", "--remotes", "--tags")
        counted = self._git.run("rev-list", "--count", _HEADS + name, "--not", *others)
        return int(counted.text)

    def _users(self, name: str) -> Iterator[Path]:
        """Gives the work trees that have a branch checked out, those amid a rebase of it too."""
        listed = self._git.run("worktree", "list", "--porcelain").text
        for block in listed.split("\n\n"):
            place, branch = _FOLDER.search(block), _BRANCH.search(block)
            if place is not None and branch is not None and branch[1] == name:
                yield Path(place[1])
        head = self._git.run("symbolic-ref", "--quiet", "HEAD", accept=(0, 1)).text
        if self._layout.bare and head == _HEADS + name:
            yield self._layout.git_dir
        common = self._layout.common_dir
        for folder in (common, *common.glob("worktrees/*")):
            for file in (folder / known for known in _AMID):
                if file.is_file() and os.fsdecode(file.read_bytes()).strip() == _HEADS + name:
                    yield folder


def unknown_branch(name: str, known: dict[str, CommitId]) -> RefNotFound:
    """Makes the error for a branch that is not there."""
    return RefNotFound(
        name, message=f"There is no branch {name!r}.", hint=nearest_names(name, known)
    )
