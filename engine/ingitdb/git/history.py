"""Reads commits: the log, the first-parent line with its file changes, ancestry."""

from collections.abc import Collection, Iterator
from itertools import islice
from typing import IO

from ingitdb.errors import RefNotFound
from ingitdb.git.moments import instant
from ingitdb.git.process import Git, path_text, pieces
from ingitdb.model.history import Commit, FileChange, Signature
from ingitdb.model.identifiers import BlobId, CommitId, TreeId

_FIELDS = ("%H", "%T", "%P", "%an", "%ae", "%at", "%cn", "%ce", "%ct", "%B")
_LOG = (
    "log",
    "-z",
    "--no-color",
    "--no-decorate",
    "--no-ext-diff",
    "--no-mailmap",
    "--no-notes",
    "--no-show-signature",
    "--encoding=UTF-8",
)
_COMMITS = (*_LOG, "--no-patch", "--format=" + "%x00".join(_FIELDS))
RAW = (
    "--raw",
    "--no-abbrev",
    "--no-renames",
    "--no-relative",
    "--no-ext-diff",
    "--ignore-submodules=none",
)
"""What every comparison asks of git, so that no configuration changes its answer."""
_CHANGES = (
    *_LOG,
    *RAW,
    "--diff-merges=first-parent",
    "--format=%H",
    "--root",
)
_GONE = "000000"


class History:
    """The commits of one repository.

    Attributes:
        prefix: The folder that the database is narrowed to, with a slash at its end, or empty.
    """

    def __init__(self, git: Git, prefix: bytes = b"") -> None:
        self._git = git
        self.prefix = prefix

    def log(
        self, *revisions: str, options: tuple[str, ...] = (), paths: Collection[str] = ()
    ) -> Iterator[Commit]:
        """Gives the commits that revisions reach, newest first, in git's own order.

        With paths, only those that touched something there.
        """
        prefix = self.prefix.decode("utf-8", "surrogateescape")
        only = [f"{prefix}{path}" for path in paths]
        arguments = (*_COMMITS, *options, "--end-of-options", *revisions, "--", *only)
        with self._git.stream(*arguments) as stream:
            yield from _commits(stream)

    def commits(self, wanted: list[CommitId]) -> Iterator[Commit]:
        """Gives these commits, in this order."""
        data = "".join(f"{commit}\n" for commit in wanted).encode()
        with self._git.stream(*_COMMITS, "--no-walk=unsorted", "--stdin", data=data) as stream:
            yield from _commits(stream)

    def commit(self, commit: CommitId) -> Commit:
        """Gives one commit.

        Raises:
            RefNotFound: There is no such commit.
        """
        for found in self.log(commit, options=("-1",)):
            return found
        raise RefNotFound(commit)

    def first_parents(self, tip: CommitId) -> list[CommitId]:
        """Gives the first-parent line, the tip first, its root or shallow boundary last."""
        output = self._git.run("rev-list", "--first-parent", tip, "--").output
        return [CommitId(line) for line in output.decode("ascii").split()]

    def line_changes(
        self, tip: CommitId, since: CommitId | None
    ) -> Iterator[tuple[CommitId, list[FileChange]]]:
        """Gives what each commit of the first-parent line changed, the oldest first."""
        revisions = (tip,) if since is None else (tip, f"^{since}")
        only: tuple[str, ...] = ()
        simplify: tuple[str, ...] = ()
        if self.prefix:
            only = (self.prefix.decode("utf-8", "surrogateescape"),)
            simplify = ("--full-history", "--sparse")  # commits that touch nothing below it too
        arguments = (*_CHANGES, "--first-parent", "--reverse", *simplify, *revisions, "--", *only)
        with self._git.stream(*arguments) as stream:
            yield from self._changed(stream)

    def changes_of(self, wanted: list[CommitId]) -> Iterator[tuple[CommitId, list[FileChange]]]:
        """Gives what each of these commits changed against its first parent.

        One that changed nothing may be left out.
        """
        only = (self.prefix.decode("utf-8", "surrogateescape"),) if self.prefix else ()
        data = "".join(f"{commit}\n" for commit in wanted).encode()
        arguments = (*_CHANGES, "--no-walk=unsorted", "--stdin", "--", *only)
        with self._git.stream(*arguments, data=data) as stream:
            yield from self._changed(stream)

    def _changed(self, stream: IO[bytes]) -> Iterator[tuple[CommitId, list[FileChange]]]:
        commit: CommitId | None = None
        changes: list[FileChange] = []
        tokens = pieces(stream)
        for token in tokens:
            text = token.lstrip(b"\n")
            if text.startswith(b":"):
                changes.append(_change(text, next(tokens, b""), len(self.prefix)))
                continue
            if commit is not None:
                yield commit, changes
            commit, changes = CommitId(text.decode("ascii")), []
        if commit is not None:
            yield commit, changes

    def merge_base(self, one: CommitId, other: CommitId) -> CommitId | None:
        """Gives the best common ancestor, the first of several; None if there is none."""
        found = self._git.run("merge-base", one, other, accept=(0, 1)).text
        return CommitId(found) if found else None

    def is_ancestor(self, ancestor: CommitId, descendant: CommitId) -> bool:
        """Says whether one commit is the other or can be reached from it."""
        answer = self._git.run("merge-base", "--is-ancestor", ancestor, descendant, accept=(0, 1))
        return answer.status == 0


def parse_changes(stream: IO[bytes], prefix: bytes) -> Iterator[FileChange]:
    """Reads the raw comparison of two trees."""
    tokens = pieces(stream)
    for token in tokens:
        yield _change(token, next(tokens, b""), len(prefix))


def _change(meta: bytes, path: bytes, skip: int) -> FileChange:
    """Reads `:100644 100644 old new M` and the path after it."""
    old_mode, new_mode, old, new, _ = meta[1:].decode("ascii").split(" ")
    return FileChange(
        path_text(path[skip:]),
        None if old_mode == _GONE else BlobId(old),
        None if new_mode == _GONE else BlobId(new),
        int(new_mode, 8),
    )


def _commits(stream: IO[bytes]) -> Iterator[Commit]:
    values = pieces(stream)
    while len(fields := list(islice(values, len(_FIELDS)))) == len(_FIELDS):
        commit, tree, parents, *rest = (value.decode("utf-8", "replace") for value in fields)
        author, author_email, authored, committer, committer_email, committed, message = rest
        yield Commit(
            identifier=CommitId(commit),
            tree=TreeId(tree),
            parents=tuple(CommitId(parent) for parent in parents.split()),
            author=Signature(name=author, email=author_email, at=instant(authored)),
            committer=Signature(name=committer, email=committer_email, at=instant(committed)),
            message=message.rstrip("\n"),
        )
