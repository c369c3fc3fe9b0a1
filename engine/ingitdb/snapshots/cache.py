"""The cache folder of one repository: its files, its lock, its size; all of it can be deleted."""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ingitdb.errors import CacheCorrupt, CacheError
from ingitdb.snapshots.manifest import Manifest, load, save
from ingitdb.snapshots.segments import Segment, verify


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheInfo:
    """What the cache folder of a repository holds.

    Attributes:
        path: The folder of the data files.
        bytes: Their size together with that of the manifests.
        limit: The size above which the oldest go.
        files: How many there are.
        entries: For each manifest its name and its size with the files that it names.
    """

    path: Path
    bytes: int
    limit: int
    files: int
    entries: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheVerification:
    """What a check of all files found: how many were read, and the names of the bad ones."""

    checked: int
    bad: tuple[str, ...]


class CacheFolder:
    """The cache of one repository.

    Attributes:
        data: The folder of the Parquet files; the only one that DuckDB may read.
    """

    def __init__(self, root: Path, identity: str, limit: int) -> None:
        self._root = root
        self.data = root / "data" / identity
        self._meta = root / "meta" / identity
        self._limit = limit
        self._verified: set[str] = set()
        self._reading: IO[bytes] | None = None
        self._has_waste = False
        self.prepare()

    def prepare(self) -> None:
        """Makes the folders; they may go at any time.

        Raises:
            CacheError: They cannot be made.
        """
        try:
            self.data.mkdir(parents=True, exist_ok=True)
            self._meta.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CacheError(
                f"The cache folder {self._root} cannot be written: {error.strerror}.",
                hint="Choose another with --cache or INGITDB_CACHE.",
            ) from None

    def hold(self) -> None:
        """Keeps every file from being collected while this object is open."""
        if self._reading is None:
            self._reading = (self._meta / "readers").open("ab")
            fcntl.flock(self._reading, fcntl.LOCK_SH)

    def close(self) -> None:
        """Lets go of the files; those that no manifest names any more are deleted."""
        if self._reading is not None:
            self._reading.close()
            self._reading = None
        if self._has_waste:
            self._has_waste = False
            self._collect()

    @contextmanager
    def building(self) -> Iterator[None]:
        """Lets one process at a time build; readers never wait."""
        self.prepare()
        with (self._meta / "lock").open("ab") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield

    def load(self, name: str) -> Manifest | None:
        """Gives a manifest, or None where it is missing, of another version or damaged."""
        path = self._meta / f"{name}.json"
        found = self._peek(path)
        if found is not None:
            self._touch(path)
        return found

    @staticmethod
    def _peek(path: Path) -> Manifest | None:
        """Reads a manifest without counting that as a use."""
        try:
            return load(path)
        except (CacheCorrupt, ValueError, KeyError, TypeError):
            return None

    def save(self, name: str, manifest: Manifest) -> None:
        """Writes a manifest, then makes room if the cache is past its limit."""
        save(manifest, self._meta / f"{name}.json")
        self._has_waste = True
        self.shrink(keep=name)

    def has_mark(self, name: str) -> bool:
        """Tells whether something was noted by `mark`."""
        return (self._meta / name).exists()

    def mark(self, name: str) -> None:
        """Notes something for other processes."""
        (self._meta / name).touch()

    def path(self, segment: Segment) -> Path:
        """Gives a checked file; each process checks a file when it first opens it.

        Raises:
            CacheCorrupt: The file is damaged or missing.
        """
        path = self.data / segment.name
        if segment.name not in self._verified or not path.exists():
            verify(self.data, segment)
            self._verified.add(segment.name)
        return path

    def forget(self, name: str) -> None:
        """Drops a manifest, so that it is built anew, and the bad files that it names."""
        found = self.load(name)
        self._has_waste = True
        self._verified.clear()
        if found is not None:
            for segment in found.segments:
                try:
                    verify(self.data, segment)
                except CacheCorrupt:
                    (self.data / segment.name).unlink(missing_ok=True)
        (self._meta / f"{name}.json").unlink(missing_ok=True)

    def info(self) -> CacheInfo:
        """Measures the folder."""
        sizes = [size for folder in (self.data, self._meta) for size in _sizes(folder.iterdir())]
        entries = [(path.stem, self._size(path)) for path in self._manifests()]
        return CacheInfo(
            path=self.data,
            bytes=sum(sizes),
            limit=self._limit,
            files=len(sizes),
            entries=tuple(entries),
        )

    def verify(self) -> CacheVerification:
        """Reads every file that a manifest names and compares its checksum."""
        checked = 0
        bad: list[str] = []
        for path in self._manifests():
            found = self._peek(path)
            if found is None:
                bad.append(path.name)
                continue
            for segment in found.segments:
                checked += 1
                try:
                    verify(self.data, segment)
                except CacheCorrupt:
                    bad.append(segment.name)
        return CacheVerification(checked=checked, bad=tuple(bad))

    def clear(self) -> int:
        """Deletes everything; gives the bytes that were freed."""
        with self.building():
            return _deleted((*self._manifests(), *self.data.iterdir()))

    def limit(self, size: int) -> None:
        """Drops what was used longest ago until the rest takes at most `size` bytes."""
        self._limit = size
        with self.building():
            self.shrink()

    def has_room(self) -> bool:
        """Tells whether the data files take less than the limit."""
        return sum(_sizes(self.data.iterdir())) < self._limit

    def shrink(self, *, keep: str | None = None) -> None:
        """Drops the manifests used longest ago until the rest fits, then unnamed files."""
        if self.has_room():
            return
        sizes = {path: self._size(path) for path in self._manifests()}
        total = sum(sizes.values())
        for path in sorted(sizes, key=_last_used):
            if total <= self._limit:
                break
            if path.stem != keep:
                path.unlink(missing_ok=True)
                self._has_waste = True
                total -= sizes[path]
        if self._reading is None:
            self._collect()

    def _size(self, path: Path) -> int:
        """Gives the size of a manifest with the files that it names."""
        found = self._peek(path)
        return sum(_sizes([path])) + (sum(s.size for s in found.segments) if found else 0)

    def _collect(self) -> None:
        """Deletes files that no manifest names; none while another process reads."""
        named: set[str] = set()
        for path in self._manifests():
            found = self._peek(path)
            if found is not None:
                named |= {segment.name for segment in found.segments}
        with (self._meta / "readers").open("ab") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return
            _deleted(path for path in self.data.iterdir() if path.name not in named)

    def _manifests(self) -> list[Path]:
        return [p for p in self._meta.glob("*.json") if not p.name.startswith(".")]

    @staticmethod
    def _touch(path: Path) -> None:
        try:
            os.utime(path)
        except OSError:
            return


def _sizes(paths: Iterable[Path]) -> Iterator[int]:
    """Measures the files that are still there: other processes write and delete meanwhile."""
    for path in paths:
        with suppress(FileNotFoundError):
            yield path.stat().st_size


def _deleted(paths: Iterable[Path]) -> int:
    """Deletes files and gives the bytes that were freed."""
    freed = 0
    for path in paths:
        freed += sum(_sizes([path]))
        path.unlink(missing_ok=True)
    return freed


def _last_used(manifest: Path) -> float:
    """Tells when a manifest was last asked for; one that is gone meanwhile comes first."""
    try:
        return manifest.stat().st_mtime
    except FileNotFoundError:
        return 0.0
