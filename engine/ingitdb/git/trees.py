"""Lists and compares trees: those of commits, the empty one, the index and the work tree."""

from collections.abc import Iterator

from ingitdb.git.history import RAW, parse_changes
from ingitdb.git.process import Git, path_text, pieces
from ingitdb.git.uncommitted import Uncommitted
from ingitdb.model.history import FileChange, TreeEntry
from ingitdb.model.identifiers import EMPTY, STAGED, WORKING, BlobId, CommitId, TreeId

_EMPTY_TREES = {
    "sha1": TreeId("4b825dc642cb6eb9a060e54bf8d69288fbee4904"),
    "sha256": TreeId("6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321"),
}


class Trees:
    """The trees of one repository, all of them as git itself would write them."""

    def __init__(
        self, git: Git, uncommitted: Uncommitted, *, prefix: bytes, object_format: str
    ) -> None:
        self._git = git
        self._uncommitted = uncommitted
        self._prefix = prefix
        self._only = (prefix.decode("utf-8", "surrogateescape"),) if prefix else ()
        self._empty = _EMPTY_TREES[object_format]

    def tree(self, commit: CommitId) -> dict[str, TreeEntry]:
        """Gives all files of a state by path; symlinks and gitlinks too, sizes not."""
        return {entry.path: entry for entry in self.entries(commit)}

    def entries(
        self, commit: CommitId, *, sizes: bool = False, path: str | None = None
    ) -> Iterator[TreeEntry]:
        """Gives the files of a state in git's order; with sizes it takes much longer."""
        skip = len(self._prefix)
        tree = self._identify(commit)
        only = self._only
        if path is not None:
            only = ("".join(self._only) + path,)
        long = ("--long",) if sizes else ()
        arguments = ("ls-tree", "-r", "-z", "--full-tree", *long, tree, "--", *only)
        environment = self._uncommitted.environment(commit)
        with self._git.stream(*arguments, environment=environment) as stream:
            for line in pieces(stream):
                meta, _, name = line.partition(b"\t")
                mode, _, blob, *size = meta.decode("ascii").split()
                yield TreeEntry(
                    path_text(name[skip:]),
                    BlobId(blob),
                    int(mode, 8),
                    int(size[0]) if size and size[0].isdigit() else None,
                )

    def entry(self, commit: CommitId, path: str) -> TreeEntry | None:
        """Gives one file of a state; None where there is no such file."""
        whole = "\\x" in path  # perhaps our spelling of bytes that git knows otherwise
        for entry in self.entries(commit, path=None if whole else path):
            if entry.path == path:
                return entry
        return None

    def changes(self, old: CommitId, new: CommitId) -> list[FileChange]:
        """Compares two states, sorted by path as git sorts."""
        one, other = self._identify(old), self._identify(new)
        if one == other:
            return []
        environment = self._uncommitted.environment(old, new)
        arguments = ("diff-tree", "-r", "-z", *RAW, one, other, "--", *self._only)
        with self._git.stream(*arguments, environment=environment) as stream:
            return list(parse_changes(stream, self._prefix))

    def _identify(self, commit: CommitId) -> str:
        """Gives what names a state's tree to git."""
        if commit == EMPTY:
            return self._empty
        if commit in (WORKING, STAGED):
            return self._uncommitted.tree(commit)
        return f"{commit}^{{tree}}"
