"""Adds a commit to a branch: objects first, then the ref, by compare-and-swap.

Work trees that have the branch checked out follow.
"""

import fcntl
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from ingitdb.errors import BranchMoved, RepositoryError
from ingitdb.git.commit_text import commit_text
from ingitdb.git.layout import Layout
from ingitdb.git.new_objects import NewObjects, sync_folder
from ingitdb.git.objects import ObjectStore
from ingitdb.git.process import Git, encode
from ingitdb.git.tree_splice import TreeSplice
from ingitdb.git.work_trees import WorkTrees
from ingitdb.model.history import Signature
from ingitdb.model.identifiers import CommitId, TreeId

_MOVED = re.compile(r"but expected|reference already exists|unable to resolve reference")
_LOCKED = re.compile(r"Unable to create '.*\.lock': File exists|unable to lock", re.IGNORECASE)
_SYNCED = ("-c", "core.fsync=all", "-c", "core.fsyncMethod=fsync")
_LOCK = "ingitdb-lock"
_TRIES = 40
_PAUSE = 0.05
"""Seconds between two tries to get a lock that another git process holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCommit:
    """A commit that is to be made.

    Attributes:
        branch: The branch's short name.
        base: What the branch must name by then; None for a branch that is not there yet.
        files: By path the new contents, or None for a file that goes.
        message: What the commit says.
        author: Who made the change.
        committer: Who makes the commit.
    """

    branch: str
    base: CommitId | None
    files: Mapping[str, bytes | None]
    message: str
    author: Signature
    committer: Signature


class BranchWriter:
    """Adds commits to the branches of one repository."""

    def __init__(self, git: Git, layout: Layout, objects: ObjectStore, prefix: bytes) -> None:
        self._git = git
        self._layout = layout
        self._objects = objects
        self._prefix = prefix
        self._trees = WorkTrees(git, layout)

    def commit(self, wanted: NewCommit) -> CommitId | None:
        """Adds a commit.

        Returns:
            The commit, which is on disk; None if nothing would change.

        Raises:
            BranchMoved: The branch names another commit by now.
            WorkTreeInTheWay: A work tree of the branch cannot follow.
            RepositoryError: A path leads through a file, or to a folder, link or submodule; or
                the repository cannot be written.
        """
        new = NewObjects(self._layout.object_format)
        before = None if wanted.base is None else self._tree_of(wanted.base)
        files = {
            self._prefix + encode_path(path): None if data is None else new.add("blob", data)
            for path, data in wanted.files.items()
        }
        size = 32 if self._layout.object_format == "sha256" else 20
        splice = TreeSplice(self._read, lambda data: new.add("tree", data), size)
        tree = TreeId(splice.spliced(before, files))
        if tree == before:
            return None
        parents = () if wanted.base is None else (wanted.base,)
        text = commit_text(tree, parents, wanted.author, wanted.committer, wanted.message)
        made = CommitId(new.add("commit", text))
        try:
            with self._alone():
                self._trees.finish()
                if self._named(wanted.branch) != wanted.base:
                    raise BranchMoved(wanted.branch)
                folder = self._layout.common_dir / "objects"
                following = self._trees.following(wanted.branch, wanted.base, made)
                with new.written(folder), following:
                    self._move(wanted.branch, made, wanted.base, wanted.message)
        except OSError as error:
            raise RepositoryError(
                f"The repository cannot be written: {error.strerror or error}.",
                hint="See that the disk has room and that you may write to its .git folder.",
            ) from error
        return made

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Waits for other writers of ours; git itself is met at its own locks."""
        with (self._layout.common_dir / _LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _named(self, branch: str) -> CommitId | None:
        ref = f"refs/heads/{branch}"
        found = self._git.run("rev-parse", "--verify", "--quiet", ref, accept=(0, 1, 128)).text
        return CommitId(found) if found else None

    def _tree_of(self, commit: CommitId) -> TreeId:
        return TreeId(self._git.run("rev-parse", f"{commit}^{{tree}}").text)

    def _read(self, tree: str) -> bytes:
        found = self._objects.raw(tree)
        return found if found is not None else self._git.run("cat-file", "tree", tree).output

    def _move(self, branch: str, new: CommitId, old: CommitId | None, message: str) -> None:
        """Lets a branch name another commit if it still names the old one."""
        subject = message.strip().partition("\n")[0]
        ref, expected = f"refs/heads/{branch}", old or "0" * len(new)
        arguments = (*_SYNCED, "update-ref", "-m", f"commit: {subject}", ref, new, expected)
        answer = self._git.run(*arguments, accept=(0, 1, 128))
        tries = 1
        while answer.status and _LOCKED.search(answer.errors) and tries < _TRIES:
            time.sleep(_PAUSE)
            answer = self._git.run(*arguments, accept=(0, 1, 128))
            tries += 1
        if _MOVED.search(answer.errors):
            raise BranchMoved(branch)
        if answer.status:
            raise RepositoryError(f"The branch {branch} cannot be moved: {answer.errors.strip()}")
        self._sync(ref)

    def _sync(self, ref: str) -> None:
        """Brings the name of a ref's file to the disk; git syncs but what is in it."""
        file = self._layout.common_dir / ref
        if file.exists():
            sync_folder(file.parent)


def encode_path(path: str) -> bytes:
    r"""Gives the bytes of a path; `\xNN` is how paths spell bytes that are not UTF-8."""
    raw = encode(path)
    return re.sub(rb"\\x([0-9a-f]{2})", lambda m: bytes([int(m[1], 16)]), raw)
