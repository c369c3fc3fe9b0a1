"""New objects of a repository: named in memory, then written as one small pack and synced.

The pack has a `.keep` beside it until its user lets go: a `git gc` that runs meanwhile would drop
objects to which no ref leads yet. The layout of packs and their indexes is that of gitformat-pack.
"""

import hashlib
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["commit", "tree", "blob"]

_NUMBERS: dict[Kind, int] = {"commit": 1, "tree": 2, "blob": 3}
_LARGE = 1 << 20
"""Such an object is stored as it is: to compress a tree of 4 MB takes longer than all else."""
_FAR = 1 << 31
_TRIES = 5
MARK = b"ingitdb".hex()
"""So begin the digits in the name of a pack that a commit of ours brought."""
KEPT = b"ingitdb\n"
"""What a `.keep` of ours holds."""


class NewObjects:
    """Objects that are about to be written.

    Args:
        object_format: `sha1` or `sha256`.
    """

    def __init__(self, object_format: str = "sha1") -> None:
        self._format = object_format
        self._objects: dict[bytes, tuple[Kind, bytes]] = {}

    def __len__(self) -> int:
        return len(self._objects)

    def add(self, kind: Kind, data: bytes) -> str:
        """Takes an object; gives its name in hexadecimal digits."""
        name = self._hash(b"%s %d\0" % (kind.encode(), len(data)), data)
        self._objects[name] = kind, data
        return name.hex()

    def get(self, name: str) -> bytes | None:
        """Gives an object that was taken."""
        found = self._objects.get(bytes.fromhex(name))
        return found[1] if found is not None else None

    @contextmanager
    def written(self, folder: Path) -> Iterator[None]:
        """Writes the objects into an object folder; they are on disk when the block begins.

        If the block fails they stay, for another git may have met them and rely on them: `git gc`
        removes what nothing leads to in its own time.

        Args:
            folder: The `objects` of a repository.
        """
        packs = folder / "pack"
        packs.mkdir(exist_ok=True)
        pack, entries, checksum = self._packed()
        name = self._hash(checksum, os.urandom(16)).hex()
        stem = packs / f"pack-{MARK}{name[len(MARK) :]}"
        parts = {".keep": KEPT, ".pack": pack, ".idx": self._indexed(entries, checksum)}
        try:
            for suffix, data in parts.items():  # the index last: with it the pack is there
                write_synced(stem.with_suffix(suffix), data, packs, 0o444)
            sync_folder(packs)
            yield
        finally:
            stem.with_suffix(".keep").unlink(missing_ok=True)
            if not stem.with_suffix(".idx").exists():
                stem.with_suffix(".pack").unlink(missing_ok=True)

    def store(self, folder: Path) -> None:
        """Writes the objects into a temporary object folder; they need not outlive the process."""
        packs = folder / "pack"
        packs.mkdir(exist_ok=True)
        pack, entries, checksum = self._packed()
        stem = packs / f"pack-{self._hash(checksum, os.urandom(16)).hex()}"
        stem.with_suffix(".pack").write_bytes(pack)
        stem.with_suffix(".idx").write_bytes(self._indexed(entries, checksum))

    def _packed(self) -> tuple[bytes, list[tuple[bytes, int, int]], bytes]:
        """Gives the pack, of each object name, place and checksum, and the pack's checksum."""
        parts = [b"PACK" + (2).to_bytes(4, "big") + len(self._objects).to_bytes(4, "big")]
        entries: list[tuple[bytes, int, int]] = []
        place = len(parts[0])
        for name, (kind, data) in self._objects.items():
            level = 0 if len(data) >= _LARGE else 1
            entry = _head(_NUMBERS[kind], len(data)) + zlib.compress(data, level)
            entries.append((name, place, zlib.crc32(entry)))
            parts.append(entry)
            place += len(entry)
        body = b"".join(parts)
        checksum = self._hash(body)
        return body + checksum, entries, checksum

    def _indexed(self, entries: list[tuple[bytes, int, int]], checksum: bytes) -> bytes:
        """Gives the index of a pack, version 2."""
        entries = sorted(entries)
        starts = [0] * 256
        for name, _, _ in entries:
            starts[name[0]] += 1
        total, fanout = 0, []
        for count in starts:
            total += count
            fanout.append(total.to_bytes(4, "big"))
        far = [place for _, place, _ in entries if place >= _FAR]
        numbers = iter(range(len(far)))
        near = (place if place < _FAR else _FAR | next(numbers) for _, place, _ in entries)
        body = b"".join(
            [
                b"\xfftOc" + (2).to_bytes(4, "big"),
                *fanout,
                *(name for name, _, _ in entries),
                *(crc.to_bytes(4, "big") for _, _, crc in entries),
                *(place.to_bytes(4, "big") for place in near),
                *(place.to_bytes(8, "big") for place in far),
                checksum,
            ]
        )
        return body + self._hash(body)

    def _hash(self, *parts: bytes) -> bytes:
        made = hashlib.new(self._format, usedforsecurity=False)
        for part in parts:
            made.update(part)
        return made.digest()


def _head(number: int, size: int) -> bytes:
    """Gives kind and size of an object as they stand before it in a pack."""
    first, size = number << 4 | size & 15, size >> 4
    found = bytearray()
    while size:
        found.append(first | 128)
        first, size = size & 127, size >> 7
    found.append(first)
    return bytes(found)


def write_synced(target: Path, data: bytes, folder: Path, mode: int = 0o666) -> None:
    """Writes a file that is complete and synced when it gets its name.

    Args:
        target: The file.
        data: What it holds.
        folder: Where it lies; who may not read the folder may not read the file.
        mode: What may be done with it.
    """
    for left in reversed(range(_TRIES)):
        with NamedTemporaryFile(prefix="tmp_", dir=folder, delete=False) as stream:
            made = Path(stream.name)
            try:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
                made.chmod(mode & folder.stat().st_mode)
                made.replace(target)
            except FileNotFoundError:  # `git gc --prune=now` takes what is not finished
                if not left:
                    raise
            except BaseException:
                made.unlink(missing_ok=True)
                raise
            else:
                return


def sync_folder(folder: Path) -> None:
    """Brings the names of a folder's files to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
