"""Compares two commits and walks their first parents through libgit2, which starts no process.

Meant for a commit that has just landed. Answers None where git itself does better: where libgit2
is not loaded and the question is one of few, for large trees and where an object is missing.
"""

import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

from ingitdb.git.process import path_text
from ingitdb.model.history import FileChange
from ingitdb.model.identifiers import BlobId, CommitId

Read: TypeAlias = Callable[[str], bytes | None]
_Entry: TypeAlias = tuple[bytes, bytes]
_Entries: TypeAlias = dict[bytes, _Entry]
_FOLDER = b"40000"
_NAME_SIZE = 20
_ENTRY = re.compile(rb"([0-7]+) ([^\0]+)\0(.{20})", re.DOTALL)
_MOST_BYTES = 1 << 20
"""Python reads so much of trees (25,000 entries) in about the time that git takes to start."""


class _TooMuch(Exception):
    """Raised where git would be faster, or knows more."""


def first_parents(read: Read, tip: CommitId, most: int) -> Iterator[CommitId]:
    """Gives a commit and those before it, at most so many, as far as they can be read."""
    commit: CommitId | None = tip
    for _ in range(most):
        data = read(commit) if commit is not None else None
        if commit is None or data is None:
            return
        yield commit
        commit = _first_parent(data)


def compare(read: Read, old: CommitId, new: CommitId, prefix: bytes) -> list[FileChange] | None:
    """Gives the changes between two commits below a folder, sorted by path as git sorts.

    Args:
        read: Gives the bytes of an object, or None.
        old: A commit.
        new: Another.
        prefix: The folder, with a slash at its end, or empty.
    """
    comparison = _Comparison(read)
    try:
        trees = [comparison.tree_of(commit, prefix) for commit in (old, new)]
        return list(comparison.changes(trees[0], trees[1], b""))
    except _TooMuch:
        return None


class _Comparison:
    """One comparison, with the bytes of trees that it has read so far."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._bytes = 0

    def tree_of(self, commit: CommitId, prefix: bytes) -> bytes | None:
        """Gives the name of a commit's tree below a folder; None if there is no such folder."""
        data = self._object(commit)
        tree: bytes | None = bytes.fromhex(data[5 : 5 + 2 * _NAME_SIZE].decode("ascii"))
        for step in prefix.split(b"/")[:-1]:
            tree = self._entries(tree).get(step + b"/", (b"", None))[1]
        return tree

    def changes(self, old: bytes | None, new: bytes | None, path: bytes) -> Iterator[FileChange]:
        """Gives the changes between two trees."""
        if old == new:
            return
        before, after = self._entries(old), self._entries(new)
        differing = {name for name, _ in before.items() ^ after.items()}
        for name in sorted(differing):
            one, other = before.get(name), after.get(name)
            if name.endswith(b"/"):
                trees = [entry[1] if entry else None for entry in (one, other)]
                yield from self.changes(trees[0], trees[1], path + name)
            else:
                yield FileChange(
                    path_text(path + name),
                    BlobId(one[1].hex()) if one else None,
                    BlobId(other[1].hex()) if other else None,
                    int(other[0], 8) if other else 0,
                )

    def _entries(self, tree: bytes | None) -> _Entries:
        """Gives mode and object of each name of a tree; names of folders end with a slash."""
        if tree is None:
            return {}
        data = self._object(tree.hex())
        self._bytes += len(data)
        if self._bytes > _MOST_BYTES:
            raise _TooMuch
        return {
            name + (b"/" if mode == _FOLDER else b""): (mode, entry)
            for mode, name, entry in _ENTRY.findall(data)
        }

    def _object(self, name: str) -> bytes:
        data = self._read(name)
        if data is None:
            raise _TooMuch
        return data


def _first_parent(data: bytes) -> CommitId | None:
    line = data[data.index(b"\n") + 1 :].partition(b"\n")[0]
    return CommitId(line[7:].decode("ascii")) if line.startswith(b"parent ") else None
