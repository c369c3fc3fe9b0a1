"""Knows where objects lie in packs, so that many can be read in the order of the disk."""

import os
from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from mmap import ACCESS_READ, mmap
from pathlib import Path
from sys import byteorder
from typing import overload

_MAGIC = b"\xfftOc\x00\x00\x00\x02"
_HEADER = 8
_FANOUT = 256 * 4
_FAR = 1 << 31
_SHARE_WORTH_A_TABLE = 16


class PackIndex:
    """One `.idx` file of version 2: sorted object names and their offsets in the pack."""

    def __init__(self, data: mmap, name_size: int) -> None:
        if data[: len(_MAGIC)] != _MAGIC:
            raise ValueError("not a pack index of version 2")
        self._data = data
        self._size = name_size
        self._count = int.from_bytes(data[_HEADER + _FANOUT - 4 : _HEADER + _FANOUT], "big")
        self._names = _HEADER + _FANOUT
        self._near = self._names + self._count * (name_size + 4)
        self._far = self._near + self._count * 4

    def offsets(self, names: Collection[bytes]) -> Iterator[tuple[bytes, int]]:
        """Gives those names that lie in the pack, with their offsets."""
        if len(names) * _SHARE_WORTH_A_TABLE < self._count:
            return self._offsets_by_search(names)
        return self._offsets_by_table(names)

    def _offsets_by_search(self, names: Iterable[bytes]) -> Iterator[tuple[bytes, int]]:
        column = _Names(self._data, self._names, self._size, self._count)
        for name in names:
            place = bisect_left(column, name, *self._range(name[0]))
            if place < self._count and column[place] == name:
                at = self._near + place * 4
                yield name, self._resolve(int.from_bytes(self._data[at : at + 4], "big"))

    def _offsets_by_table(self, names: Iterable[bytes]) -> Iterator[tuple[bytes, int]]:
        size, start = self._size, self._names
        places = {
            self._data[start + i * size : start + (i + 1) * size]: i for i in range(self._count)
        }
        near = array("I", self._data[self._near : self._far])
        if byteorder == "little":
            near.byteswap()
        for name in names:
            place = places.get(name)
            if place is not None:
                yield name, self._resolve(near[place])

    def _range(self, first: int) -> tuple[int, int]:
        at = _HEADER + first * 4
        low = int.from_bytes(self._data[at - 4 : at], "big") if first else 0
        return low, int.from_bytes(self._data[at : at + 4], "big")

    def _resolve(self, offset: int) -> int:
        if offset < _FAR:
            return offset
        at = self._far + (offset - _FAR) * 8
        return int.from_bytes(self._data[at : at + 8], "big")


class _Names(Sequence[bytes]):
    """The sorted names of a pack index, read where they are looked at."""

    def __init__(self, data: mmap, start: int, size: int, count: int) -> None:
        self._data = data
        self._start = start
        self._size = size
        self._count = count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, place: int) -> bytes: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[bytes]: ...
    def __getitem__(self, place: int | slice) -> bytes | Sequence[bytes]:
        if isinstance(place, slice):
            return [self[i] for i in range(*place.indices(self._count))]
        at = self._start + place * self._size
        return self._data[at : at + self._size]


def in_pack_order(folders: Iterable[Path], names: Iterable[bytes], name_size: int) -> list[bytes]:
    """Sorts object names by where they lie: pack by pack, by offset; loose ones come last."""
    waiting = dict.fromkeys(names)
    ordered: list[bytes] = []
    for folder in folders:
        for file in sorted((folder / "pack").glob("*.idx")):
            if not waiting:
                return ordered
            try:
                found = _found_in(file, waiting, name_size)
            except (OSError, ValueError):  # just repacked, or of version 1: order is only speed
                continue
            found.sort(key=lambda pair: pair[1])
            for name, _ in found:
                ordered.append(name)
                del waiting[name]
    return [*ordered, *waiting]


def _found_in(file: Path, names: Collection[bytes], name_size: int) -> list[tuple[bytes, int]]:
    with file.open("rb") as opened, mmap(opened.fileno(), 0, access=ACCESS_READ) as data:
        return list(PackIndex(data, name_size).offsets(names))


def object_folders(folder: Path) -> list[Path]:
    """Gives an object folder and all those it borrows from."""
    folders = [folder]
    for known in folders:
        alternates = known / "info" / "alternates"
        if not alternates.is_file():
            continue
        for line in alternates.read_bytes().splitlines():
            if line and not line.startswith(b"#"):
                other = Path(os.path.normpath(known / os.fsdecode(line)))
                if other not in folders:
                    folders.append(other)
    return folders
