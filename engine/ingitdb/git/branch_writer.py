"""Adds a commit to a branch: objects first, then the ref, by compare-and-swap.

Work trees that have the branch checked out follow.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, replace

from ingitdb.errors import BranchMoved
from ingitdb.git.commit_settings import commit_settings
from ingitdb.git.commit_text import commit_text, with_signature
from ingitdb.git.hooks import Hooks
from ingitdb.git.layout import Layout
from ingitdb.git.new_objects import NewObjects
from ingitdb.git.pack_folding import fold
from ingitdb.git.process import Git
from ingitdb.git.ref_moves import RefMoves, alone, turn, unwritable
from ingitdb.git.signing import Signer
from ingitdb.git.spliced_trees import SplicedTrees
from ingitdb.git.trailers import Trailers, with_trailers
from ingitdb.git.work_trees import WorkTrees
from ingitdb.model.history import Signature
from ingitdb.model.identifiers import CommitId

_ID_SIZES = (40, 64)


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
        allow_empty: Whether it is made even if nothing changes.
        has_turn: Whether whoever asks has the turn.
        trailers: Keys and values of lines at the end of the message, as `Reviewed-by`.
    """

    branch: str
    base: CommitId | None
    files: Mapping[str, bytes | None]
    message: str
    author: Signature
    committer: Signature
    allow_empty: bool = False
    has_turn: bool = False
    trailers: Trailers = ()


class BranchWriter:
    """Adds commits to the branches of one repository."""

    def __init__(self, git: Git, layout: Layout, spliced: SplicedTrees) -> None:
        self._git = git
        self._layout = layout
        self._spliced = spliced
        self._trees = WorkTrees(git, layout)

    def commit(self, wanted: NewCommit) -> CommitId | None:
        """Adds a commit, signed and with hooks as git's configuration says.

        Returns:
            The commit, which is on disk; None if nothing would change.

        Raises:
            BranchMoved: The branch names another commit by now.
            WorkTreeInTheWay: A work tree of the branch cannot follow.
            WriteError: It cannot be signed, or a hook refuses it.
            RepositoryError: A path leads through a file, or to a folder, link or submodule; or
                the repository cannot be written.
        """
        new = NewObjects(self._layout.object_format)
        tree = self._spliced.of(wanted.base, wanted.files, new)
        is_same = wanted.base is not None and tree == self._spliced.tree_of(wanted.base)
        if is_same and not wanted.allow_empty:
            return None
        settings = commit_settings(self._git)
        hooks = Hooks(self._layout, settings)
        message = with_trailers(self._git, wanted.message, wanted.trailers)
        with hooks.scene(wanted.branch, wanted.base, tree, new) as scene:
            if scene is not None:
                message = scene.message(message, tree, wanted.author)
            parents = () if wanted.base is None else (wanted.base,)
            text = commit_text(tree, parents, wanted.author, wanted.committer, message)
            if settings.signs_commits:
                signer = Signer(settings, self._layout.work_tree or self._layout.git_dir)
                made_by = signer.signature(text, wanted.committer)
                text = with_signature(text, made_by, self._layout.object_format)
            made = CommitId(new.add("commit", text))
            self._land(
                replace(wanted, message=message),
                made,
                new,
                RefMoves(self._git, self._layout, hooks.options),
            )
            if scene is not None:
                scene.after()
        return made

    def _land(self, wanted: NewCommit, made: CommitId, new: NewObjects, moves: RefMoves) -> None:
        """Brings a commit to the disk and lets its branch name it."""
        subject = wanted.message.strip().partition("\n")[0]
        ref = f"refs/heads/{wanted.branch}"
        folder = self._layout.common_dir / "objects"
        try:
            with self._in_turn(wanted), alone(self._layout):
                self._trees.finish()
                if self._named(ref) != wanted.base:
                    raise BranchMoved(wanted.branch)
                following = self._trees.following(wanted.branch, wanted.base, made)
                with new.written(folder), following:
                    moves.move(ref, made, wanted.base, f"commit: {subject}")
                fold(self._git, folder, len(made) // 2)
        except OSError as error:
            raise unwritable(error) from error

    def turn(self) -> AbstractContextManager[None]:
        """Keeps other writers of ours from the branches meanwhile; see `NewCommit.has_turn`."""
        return turn(self._layout, shared=False)

    def _in_turn(self, wanted: NewCommit) -> AbstractContextManager[None]:
        return nullcontext() if wanted.has_turn else turn(self._layout, shared=True)

    def _named(self, ref: str) -> CommitId | None:
        with suppress(OSError):  # no file where refs are packed, or kept in tables
            text = (self._layout.common_dir / ref).read_text("ascii").strip()
            if len(text) in _ID_SIZES:
                return CommitId(text)
        found = self._git.run("rev-parse", "--verify", "--quiet", ref, accept=(0, 1, 128)).text
        return CommitId(found) if found else None
