"""Makes the tree of a commit from that of another: only folders with a change in them are new."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ingitdb.errors import RepositoryError
from ingitdb.model.history import REGULAR

Read: TypeAlias = Callable[[str], bytes]
Add: TypeAlias = Callable[[bytes], str]
Files: TypeAlias = Mapping[bytes, str | None]
"""By path the name of a blob, or None for a file that goes."""
_Entries: TypeAlias = dict[bytes, tuple[bytes, bytes]]
_FOLDER = b"40000"
_NEW = b"%o" % REGULAR
_MODES = (b"100644", b"100755", b"100664")


@dataclass(frozen=True, slots=True)
class TreeSplice:
    """Changes trees.

    Attributes:
        read: Gives the bytes of a tree.
        add: Takes the bytes of a new tree and gives its name.
        name_size: How many bytes the name of an object has.
    """

    read: Read
    add: Add
    name_size: int = 20

    def spliced(self, root: str | None, files: Files) -> str:
        """Gives the name of a tree with some other files; one without files is an empty tree.

        Raises:
            RepositoryError: A path leads through a file, or to a folder, a link or a submodule.
        """
        return self._tree(root, files, b"") or self.add(b"")

    def _tree(self, name: str | None, files: Files, place: bytes) -> str | None:
        """Gives the name of a folder's tree; None if nothing is left in it."""
        entries = self._entries(name)
        below: dict[bytes, dict[bytes, str | None]] = {}
        for path, blob in files.items():
            head, slash, rest = path.partition(b"/")
            if slash:
                below.setdefault(head, {})[rest] = blob
            else:
                self._put(entries, head, blob, place + head)
        for folder, inner in below.items():
            mode, known = entries.get(folder, (_FOLDER, b""))
            if mode != _FOLDER:
                raise _refused(place + folder, "is a file, so that nothing can lie in it")
            found = self._tree(known.hex() or None, inner, place + folder + b"/")
            if found is not None:
                entries[folder] = _FOLDER, bytes.fromhex(found)
            else:
                entries.pop(folder, None)
        return self.add(_packed(entries)) if entries else None

    def _put(self, entries: _Entries, name: bytes, blob: str | None, path: bytes) -> None:
        mode, _ = entries.get(name, (_NEW, b""))
        if mode == _FOLDER:
            raise _refused(path, "is a folder")
        if mode not in _MODES:
            raise _refused(path, "is a link or a submodule, which no write goes through")
        if blob is None:
            entries.pop(name, None)
        else:
            entries[name] = mode, bytes.fromhex(blob)

    def _entries(self, tree: str | None) -> _Entries:
        if tree is None:
            return {}
        pattern = rb"([0-7]+) ([^\0]+)\0(.{%d})" % self.name_size
        return {
            name: (mode, entry)
            for mode, name, entry in re.findall(pattern, self.read(tree), re.DOTALL)
        }


def _packed(entries: _Entries) -> bytes:
    """Gives the bytes of a tree: sorted as if each folder's name ended with a slash."""

    def order(entry: tuple[bytes, tuple[bytes, bytes]]) -> bytes:
        name, (mode, _) = entry
        return name + b"/" if mode == _FOLDER else name

    return b"".join(
        b"%b %b\0%b" % (mode, name, blob)
        for name, (mode, blob) in sorted(entries.items(), key=order)
    )


def _refused(path: bytes, why: str) -> RepositoryError:
    return RepositoryError(f"{path.decode('utf-8', 'backslashreplace')!r} {why}.")
