"""What a first index has read so far, so that one that is interrupted goes on from there.

A part is a file that is written whole or not at all, with a checksum; a damaged one is left out.
The parts of one run share a mark in their names and are read in order: a later one relies on
the fields that an earlier one names. As no manifest names them, the collector takes parts that
nobody came back for.
"""

import hashlib
import os
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import orjson

from ingitdb.model.tables import Location
from ingitdb.snapshots.manifest import VERSION, location_of, packed
from ingitdb.snapshots.reading import Fault
from ingitdb.snapshots.states import FileTable, Reading, States

_FIRST_SECONDS = 4.0
_PACE_SECONDS = 2.0
_FORMAT = 1


class FileKey(NamedTuple):
    """What decides what a file holds."""

    blob: str
    path: str
    layout: str


Noted: TypeAlias = "tuple[FileKey, Reading]"


class Journal:
    """Keeps readings in a folder from which a later run takes them; one process at a time."""

    def __init__(self, folder: Path, has_room: Callable[[], bool]) -> None:
        self._folder = folder
        self._has_room = has_room
        self._mark = uuid.uuid4().hex
        self._parts = 0
        self._due = time.monotonic() + _FIRST_SECONDS
        self._waiting: list[Noted] = []
        self._written: set[int] = set()
        self._shapes: set[int] = set()
        self._locations: list[Location] = []
        self._sent = 0
        self._numbers: dict[int, tuple[Location, int | None]] = {}

    def load(self, states: States) -> dict[FileKey, Reading]:
        """Gives what earlier runs read, the fields of which are added to some states."""
        found: dict[FileKey, Reading] = {}
        runs: dict[str, _Run] = {}
        for path in sorted(self._folder.glob("journal-*.part")):
            body = _opened(path)
            if body is not None:
                run = runs.setdefault(path.name.split("-")[1], _Run(states))
                try:
                    found.update(run.readings(body))
                except (ValueError, KeyError, TypeError, IndexError):
                    continue
        return found

    def note(self, key: FileKey, reading: Reading) -> None:
        """Takes a reading, which is written before long; less what JSON would not give back."""
        if not key.path.isascii() and not _is_text(key.path):
            return
        if all(self._number(table.location) is not None for table in reading.tables):
            self._waiting.append((key, reading))

    def keep_pace(self, states: States) -> None:
        """Writes what waits, from time to time."""
        if time.monotonic() >= self._due:
            self.write(states)
            self._due = time.monotonic() + _PACE_SECONDS

    def write(self, states: States) -> None:
        """Writes what waits; where that fails, it will be read again, as without a journal."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        try:
            if self._has_room():
                self._put(_compressed(orjson.dumps(self._body(waiting, states))))
        except (OSError, ValueError, TypeError):
            return

    def clear(self) -> None:
        """Removes all parts: their readings stand in the index now."""
        for path in self._folder.glob("journal-*.part"):
            path.unlink(missing_ok=True)

    def _put(self, body: bytes) -> None:
        temporary = self._folder / f".new-{os.getpid()}-{uuid.uuid4().hex}"
        try:
            with temporary.open("wb") as stream:
                stream.write(_head(body))
                stream.write(body)
            temporary.replace(self._folder / f"journal-{self._mark}-{self._parts:06d}.part")
        finally:
            temporary.unlink(missing_ok=True)
        self._parts += 1

    def _body(self, waiting: Sequence[Noted], states: States) -> Mapping[str, Any]:
        values = {v for _, reading in waiting for table in reading.tables for v in table.values}
        values -= self._written
        self._written |= values
        shapes = {states.shapes[value] for value in values} - self._shapes
        self._shapes |= shapes
        files = [[*key, self._tables(reading), _faults(reading)] for key, reading in waiting]
        return {
            "shapes": [[number, states.shape_texts[number]] for number in shapes],
            "values": [
                [n, states.digests[n].hex(), states.shapes[n], states.payloads[n].decode()]
                for n in values
            ],
            "locations": self._unsent(),
            "files": files,
        }

    def _unsent(self) -> list[Any]:
        unsent = enumerate(self._locations[self._sent :], self._sent)
        self._sent = len(self._locations)
        return [[number, packed(where)] for number, where in unsent]

    def _number(self, location: Location) -> int | None:
        """Gives a location's number; None for one that JSON would change."""
        known = self._numbers.get(id(location))
        if known is None:  # comparing whole locations is slow; kept here, their ids stay theirs
            number = None
            if location_of(orjson.loads(orjson.dumps(packed(location)))) == location:
                number = len(self._locations)
                self._locations.append(location)
            known = self._numbers[id(location)] = (location, number)
        return known[1]

    def _tables(self, reading: Reading) -> list[Any]:
        return [
            [self._number(table.location), table.header, table.keys, table.values]
            for table in reading.tables
        ]


class _Run:
    """Reads the parts of one run, whose numbers are its own."""

    def __init__(self, states: States) -> None:
        self._states = states
        self._shapes: dict[int, int] = {}
        self._values: dict[int, int] = {}
        self._locations: dict[int, Location] = {}

    def readings(self, body: Mapping[str, Any]) -> Iterator[tuple[FileKey, Reading]]:
        """Gives the files of a part, less those that rely on a lost one."""
        self._shapes |= {number: self._states.shape(text) for number, text in body["shapes"]}
        self._locations |= {number: location_of(where) for number, where in body["locations"]}
        for number, digest, shape, payload in body["values"]:
            if shape in self._shapes:
                self._values[number] = self._states.add(
                    bytes.fromhex(digest), self._shapes[shape], payload.encode()
                )
        for blob, path, layout, tables, faults in body["files"]:
            if all(map(self._is_known, tables)):
                found = [self._table(*table) for table in tables]
                yield (
                    FileKey(blob, path, layout),
                    Reading(found, tuple(Fault(*fault) for fault in faults)),
                )

    def _is_known(self, table: Sequence[Any]) -> bool:
        location, _, _, values = table
        return location in self._locations and all(value in self._values for value in values)

    def _table(
        self, location: int, header: list[str], keys: list[str | None], values: list[int]
    ) -> FileTable:
        own = [self._values[value] for value in values]
        return FileTable(self._locations[location], tuple(header), tuple(keys), own)


def _faults(reading: Reading) -> list[Any]:
    return [[fault.message, fault.line, fault.column, fault.severity] for fault in reading.faults]


def _is_text(path: str) -> bool:
    """Tells whether a path is Unicode; git's may be any bytes."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _compressed(body: bytes) -> bytes:
    import pyarrow as pa  # loaded by whoever writes an index

    data: bytes = pa.compress(body, codec="zstd", asbytes=True)
    return b"%d\n" % len(body) + data


def _head(body: bytes) -> bytes:
    mark = hashlib.blake2b(body, digest_size=16).hexdigest().encode()
    return b"%d.%d %s\n" % (_FORMAT, VERSION, mark)


def _opened(path: Path) -> Mapping[str, Any] | None:
    """Gives what a part says; None where it is of another version or damaged."""
    import pyarrow as pa

    try:
        head, _, body = path.read_bytes().partition(b"\n")
        if _head(body) != head + b"\n":
            return None
        size, _, data = body.partition(b"\n")
        found: Mapping[str, Any] = orjson.loads(
            pa.decompress(data, decompressed_size=int(size), codec="zstd", asbytes=True)
        )
    except (OSError, ValueError):
        return None
    return found
