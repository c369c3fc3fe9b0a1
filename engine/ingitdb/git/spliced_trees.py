"""Trees of one repository that are made of those of its commits and some other files."""

import re
from collections.abc import Mapping

from ingitdb.git.layout import Layout
from ingitdb.git.new_objects import NewObjects
from ingitdb.git.objects import ObjectStore
from ingitdb.git.process import Git, encode
from ingitdb.git.tree_splice import TreeSplice
from ingitdb.model.identifiers import CommitId, TreeId


class SplicedTrees:
    """Makes trees of one repository from those of its commits and some other files."""

    def __init__(self, git: Git, layout: Layout, objects: ObjectStore, prefix: bytes) -> None:
        self._git = git
        self._size = 32 if layout.object_format == "sha256" else 20
        self._objects = objects
        self._prefix = prefix

    def of(
        self, base: CommitId | None, files: Mapping[str, bytes | None], new: NewObjects
    ) -> TreeId:
        """Gives the tree of a commit with some other files; what is new in it goes to `new`.

        Raises:
            RepositoryError: A path leads through a file, or to a folder, link or submodule.
        """
        named = {
            self._prefix + encode_path(path): None if data is None else new.add("blob", data)
            for path, data in files.items()
        }
        splice = TreeSplice(self._read, lambda data: new.add("tree", data), self._size)
        before = None if base is None else self.tree_of(base)
        return TreeId(splice.spliced(before, named))

    def tree_of(self, commit: CommitId) -> TreeId:
        """Gives the tree of a commit."""
        data = self._objects.raw(commit)
        if data is not None and data.startswith(b"tree "):
            return TreeId(data[5 : data.index(b"\n")].decode("ascii"))
        return TreeId(self._git.run("rev-parse", f"{commit}^{{tree}}").text)

    def _read(self, tree: str) -> bytes:
        found = self._objects.raw(tree)
        return found if found is not None else self._git.run("cat-file", "tree", tree).output


def encode_path(path: str) -> bytes:
    r"""Gives the bytes of a path; `\xNN` is how paths spell bytes that are not UTF-8."""
    raw = encode(path)
    return re.sub(rb"\\x([0-9a-f]{2})", lambda m: bytes([int(m[1], 16)]), raw)
