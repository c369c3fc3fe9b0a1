"""Reads blobs: many through libgit2's object database, a few through git, which starts faster.

libgit2 is given the object folders alone, never the repository: it asks neither who owns them nor
what the configuration says. Whether a repository may be read is git's decision when it is opened.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ingitdb.git.layout import common_of
from ingitdb.git.packs import in_pack_order, object_folders
from ingitdb.git.process import Git
from ingitdb.model.identifiers import BlobId

if TYPE_CHECKING:
    import pygit2

_FEW_CALLS = 20
"""So many single reads through git (4 ms each) cost no more than loading libgit2 (85 ms)."""
_OPEN_PACKS = 128
"""So many packs libgit2 keeps open at once, in all repositories of a process."""
_FEW_BLOBS = 2000
"""So many blobs of one call git reads before libgit2 would be loaded and done."""


class ObjectStore:
    """The blobs of one repository; a pickle of it opens them again in another process."""

    def __init__(
        self, git_dir: Path, *, uncommitted: Path | None = None, object_format: str = "sha1"
    ) -> None:
        self._git_dir = git_dir
        self._uncommitted = uncommitted
        self._object_format = object_format
        self._folder = common_of(git_dir) / "objects"
        self._database: pygit2.Odb | None = None
        self._calls = 0

    def __reduce__(self) -> tuple[Callable[..., "ObjectStore"], tuple[object, ...]]:
        return _reopen, (self._git_dir, self._uncommitted, self._object_format)

    def attach(self, uncommitted: Path) -> None:
        """Adds a folder of objects that no commit holds."""
        self._uncommitted = uncommitted
        self._database = None

    def read(self, blob: BlobId) -> bytes:
        """Gives the bytes of one blob.

        Raises:
            KeyError: The blob is not in the repository (partial clone, damage).
        """
        self._calls += 1
        if self._asks_git(self._calls, _FEW_CALLS):
            ((_, data),) = self._read_by_git([blob])
        else:
            data = self._read_by_libgit2(blob)
        if data is None:
            raise KeyError(blob)
        return data

    def raw(self, name: str) -> bytes | None:
        """Gives the bytes of an object of any kind; None if it is missing or git is to be asked."""
        self._calls += 1
        if self._asks_git(self._calls, _FEW_CALLS):
            return None
        found = self._object(name)
        return found[1] if found is not None else None

    def read_many(self, blobs: Iterable[BlobId]) -> Iterator[tuple[BlobId, bytes | None]]:
        """Gives each of many blobs once, in the order of the disk; None for a missing one."""
        ordered = self.in_pack_order(blobs)
        if self._asks_git(len(ordered), _FEW_BLOBS):
            yield from self._read_by_git(ordered)
            return
        for blob in ordered:
            yield blob, self._read_by_libgit2(blob)

    def in_pack_order(self, blobs: Iterable[BlobId]) -> list[BlobId]:
        """Sorts blobs as they are read fastest: give workers contiguous parts of this."""
        names = [bytes.fromhex(blob) for blob in dict.fromkeys(blobs)]
        if len(names) > 1:
            size = 32 if self._object_format == "sha256" else 20
            names = in_pack_order(object_folders(self._folder), names, size)
        return [BlobId(name.hex()) for name in names]

    def size(self, blob: BlobId) -> int:
        """Gives a blob's size without reading it.

        Raises:
            KeyError: The blob is not in the repository.
        """
        self._calls += 1
        if self._asks_git(self._calls, _FEW_CALLS):
            return self._size_by_git(blob)
        import pygit2  # slow to load: only where objects are read

        try:
            kind, size = self._opened().read_header(pygit2.Oid(hex=blob))
        except (ValueError, pygit2.GitError):
            raise KeyError(blob) from None
        if kind != pygit2.enums.ObjectType.BLOB:
            raise KeyError(blob)
        return int(size)

    @cached_property
    def partial(self) -> bool:
        """Whether a promisor remote owes objects; git would fetch them or stop, libgit2 neither."""
        return any((self._folder / "pack").glob("*.promisor"))

    def _asks_git(self, count: int, few: int) -> bool:
        if self._object_format != "sha1":
            return True  # libgit2 reads no other format
        if self._database is not None or "pygit2" in sys.modules:
            return False
        return count <= few and not self.partial

    def _opened(self) -> "pygit2.Odb":
        if self._database is None:
            import pygit2

            pygit2.settings.enable_strict_hash_verification(False)  # 1.7 times faster
            pygit2.settings.mwindow_file_limit = _OPEN_PACKS  # each commit of ours is a pack
            database = pygit2.Odb(str(self._folder))
            if self._uncommitted is not None:
                database.add_disk_alternate(str(self._uncommitted))
            self._database = database
        return self._database

    def _read_by_libgit2(self, blob: BlobId) -> bytes | None:
        import pygit2

        found = self._object(blob)
        return found[1] if found and found[0] == pygit2.enums.ObjectType.BLOB else None

    def _object(self, name: str) -> tuple[int, bytes] | None:
        import pygit2

        try:
            kind, data = self._opened().read(pygit2.Oid(hex=name))
        except (KeyError, ValueError, pygit2.GitError):  # missing, no id, damaged
            return None
        return int(kind), data

    def _read_by_git(self, blobs: list[BlobId]) -> Iterator[tuple[BlobId, bytes | None]]:
        with self._git.stream(
            "cat-file", "--batch", "--buffer", data=_lines(blobs), environment=self._environment
        ) as stream:
            for blob in blobs:
                yield blob, _next_blob(stream)

    def _size_by_git(self, blob: BlobId) -> int:
        answer = self._git.run(
            "cat-file", "--batch-check", data=_lines([blob]), environment=self._environment
        )
        _, kind, *size = answer.text.split(" ")
        if kind != "blob":
            raise KeyError(blob)
        return int(size[0])

    @property
    def _git(self) -> Git:
        return Git(place=self._git_dir, options=(f"--git-dir={self._git_dir}",))

    @property
    def _environment(self) -> Mapping[str, str]:
        return {"GIT_OBJECT_DIRECTORY": str(self._uncommitted)} if self._uncommitted else {}


def _lines(blobs: Iterable[BlobId]) -> bytes:
    return "".join(f"{blob}\n" for blob in blobs).encode()


def _next_blob(stream: IO[bytes]) -> bytes | None:
    """Reads one answer of `cat-file --batch`: `id kind size`, the bytes, a line end."""
    _, _, description = stream.readline().rstrip(b"\n").partition(b" ")
    kind, _, size = description.partition(b" ")
    if not size.isdigit():  # `missing`, `ambiguous`, or the end of the stream
        return None
    data = stream.read(int(size) + 1)[:-1]
    return data if kind == b"blob" else None


def _reopen(git_dir: Path, uncommitted: Path | None, object_format: str) -> ObjectStore:
    return ObjectStore(git_dir, uncommitted=uncommitted, object_format=object_format)
