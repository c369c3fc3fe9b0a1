"""Reads many files, in worker processes where there are enough of them to be worth it.

The workers are plain child processes that speak pickle over pipes with this process alone: they
need neither a fork, which is unsafe beside threads, nor a main module that can be imported twice.
"""

import os
import pickle
import subprocess  # noqa: TID251 - starts this program itself, not git
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import IO, Any, NamedTuple, TypeAlias

from ingitdb.catalog.layout import Layout
from ingitdb.git.objects import ObjectStore
from ingitdb.model.identifiers import BlobId
from ingitdb.model.ports import Progress
from ingitdb.model.tables import Location
from ingitdb.snapshots.journal import FileKey, Journal
from ingitdb.snapshots.reading import Fault, FileReading, Packed, Reader
from ingitdb.snapshots.states import FileTable, Reading, States

_FEWEST = 600
"""Starting a worker costs as much as reading about so many files."""
_BATCH = 256
_BATCH_BYTES = 8 * 1024 * 1024
_MOST_RECENT = 10_000
_SLICES = 16
"""So many parts of the files each worker asks for, one after the other."""


class Task(NamedTuple):
    """A blob to be read as the file of a path, under a layout given by its number."""

    blob: BlobId
    path: str
    layout: int


Wanted: TypeAlias = tuple[BlobId, tuple[tuple[int, str, int], ...]]
"""A blob with the number, path and layout of each task that wants it."""


class Batch(NamedTuple):
    """What was read of some files; numbers count on from the batches of the same reader before.

    Attributes:
        files: The number of a task, its tables and its faults; a table is the number of its
            location, its header, the keys and the numbers of the fields of its records.
        locations: Those that are new.
        shapes: Those that are new.
        packed: The fields that are new: digest, number of the shape, payload.
    """

    files: list[tuple[int, tuple[tuple[Any, ...], ...], tuple[Fault, ...]]]
    locations: list[Location]
    shapes: list[str]
    packed: list[tuple[bytes, int, bytes]]


def read_files(
    tasks: Sequence[Task],
    layouts: Sequence[Layout],
    objects: ObjectStore,
    *,
    workers: int,
    progress: Progress | None = None,
    journal: Journal | None = None,
) -> tuple[dict[int, Reading], States]:
    """Reads files; gives what each task found, by its place, and the states they found.

    Args:
        tasks: What to read.
        layouts: The layouts that the tasks name.
        objects: Where the blobs are.
        workers: How many processes may read.
        progress: Is told how far the reading is.
        journal: Knows what an interrupted run has read, and keeps what this one reads.
    """
    states = States()
    readings = _taken(tasks, layouts, states, journal)
    by_blob: dict[BlobId, list[tuple[int, str, int]]] = {}
    for number, task in enumerate(tasks):
        if number not in readings:
            by_blob.setdefault(task.blob, []).append((number, task.path, task.layout))
    ordered = objects.in_pack_order(by_blob)
    wanted = [(blob, tuple(by_blob[blob])) for blob in ordered]
    count = min(workers, len(ordered) // _FEWEST + 1)
    found: Iterator[tuple[int, Batch]]
    if count < 2:
        found = ((0, batch) for batch in _read(_Sender(), wanted, layouts, objects))
    else:
        found = _read_apart(wanted, layouts, objects, count)
    receivers = [_Receiver(states) for _ in range(count)]
    try:
        for worker, batch in found:
            receivers[worker].take(batch, readings)
            if journal is not None:
                for number, *_ in batch.files:
                    journal.note(_key(tasks[number], layouts), readings[number])
                journal.keep_pace(states)
            if progress is not None:
                progress.advance("records", len(readings), len(tasks))
    except BaseException:  # an interrupt too: the next run goes on from here
        if journal is not None:
            journal.write(states)
        raise
    return readings, states


def _key(task: Task, layouts: Sequence[Layout]) -> FileKey:
    return FileKey(task.blob, task.path, layouts[task.layout].digest)


def _taken(
    tasks: Sequence[Task], layouts: Sequence[Layout], states: States, journal: Journal | None
) -> dict[int, Reading]:
    """Takes what an interrupted run has read."""
    found = journal.load(states) if journal is not None else {}
    if not found:
        return {}
    numbered = ((number, found.get(_key(task, layouts))) for number, task in enumerate(tasks))
    return {number: reading for number, reading in numbered if reading is not None}


@dataclass(slots=True)
class _Sender:
    """Numbers what a reader finds, so that each thing is sent once."""

    reader: Reader = field(default_factory=lambda: Reader(with_lines=False))
    locations: dict[Location, int] = field(default_factory=dict)
    shapes: dict[str, int] = field(default_factory=dict)
    recent: dict[int, tuple[Location, int]] = field(default_factory=dict)

    def batch(self, readings: Sequence[tuple[int, FileReading]]) -> Batch:
        """Turns some readings into a message."""
        known = len(self.locations), len(self.shapes)
        files = [
            (
                number,
                tuple(
                    [(self._where(t.location), t.header, t.keys, t.values) for t in found.tables]
                ),
                found.faults,
            )
            for number, found in readings
        ]
        packed = [self._packed(new) for new in self.reader.take_new()]
        return Batch(files, list(self.locations)[known[0] :], list(self.shapes)[known[1] :], packed)

    def _where(self, location: Location) -> int:
        recent = self.recent.get(id(location))
        if recent is None:  # comparing whole locations is slow; kept here, their ids stay theirs
            number = self.locations.setdefault(location, len(self.locations))
            if len(self.recent) > _MOST_RECENT:
                self.recent.clear()
            recent = self.recent[id(location)] = (location, number)
        return recent[1]

    def _packed(self, new: Packed) -> tuple[bytes, int, bytes]:
        return new.digest, self.shapes.setdefault(new.shape, len(self.shapes)), new.payload


@dataclass(slots=True)
class _Receiver:
    """Translates the numbers of one worker into those of all."""

    states: States
    locations: list[Location] = field(default_factory=list)
    shapes: list[int] = field(default_factory=list)
    values: list[int] = field(default_factory=list)

    def take(self, batch: Batch, readings: dict[int, Reading]) -> None:
        """Adds what a message tells."""
        self.locations += batch.locations
        self.shapes += [self.states.shape(shape) for shape in batch.shapes]
        self.values += [
            self.states.add(digest, self.shapes[shape], payload)
            for digest, shape, payload in batch.packed
        ]
        for number, tables, faults in batch.files:
            readings[number] = Reading([self._table(*table) for table in tables], faults)

    def _table(
        self,
        location: int,
        header: tuple[str, ...],
        keys: tuple[str | None, ...],
        values: tuple[int, ...],
    ) -> FileTable:
        own = self.values
        return FileTable(self.locations[location], header, keys, [own[value] for value in values])


def _read(
    sender: _Sender,
    wanted: Sequence[Wanted],
    layouts: Sequence[Layout],
    objects: ObjectStore,
) -> Iterator[Batch]:
    tasks: Mapping[BlobId, tuple[tuple[int, str, int], ...]] = dict(wanted)
    reader = sender.reader
    readings: list[tuple[int, FileReading]] = []
    size = 0
    for blob, data in objects.read_many(tasks):
        size += len(data or b"")
        readings += [
            (number, reader.read(layouts[layout], path, data))
            for number, path, layout in tasks[blob]
        ]
        if len(readings) >= _BATCH or size >= _BATCH_BYTES:
            yield sender.batch(readings)
            readings = []
            size = 0
    yield sender.batch(readings)


class _Slices:
    """Hands out parts of the disk: each worker reads on in its own, then helps out in another."""

    def __init__(self, wanted: Sequence[Wanted], count: int) -> None:
        part = -(-len(wanted) // count)
        size = max(part // _SLICES, 1)
        self._left = [
            [wanted[at : min(at + size, start + part)] for at in range(start, start + part, size)]
            for start in range(0, part * count, part)
        ]
        self._lock = threading.Lock()

    def next(self, worker: int) -> Sequence[Wanted] | None:
        """Gives the next slice for a worker; None if nothing is left."""
        with self._lock:
            own = self._left[worker]
            if own:
                return own.pop(0)
            most = max(self._left, key=len)
            return most.pop() if most else None


def _read_apart(
    wanted: Sequence[Wanted], layouts: Sequence[Layout], objects: ObjectStore, count: int
) -> Iterator[tuple[int, Batch]]:
    slices = _Slices(wanted, count)
    arrivals: SimpleQueue[Any] = SimpleQueue()
    processes = [_start() for _ in range(count)]
    job = (layouts, objects)
    try:
        for worker, process in enumerate(processes):
            arguments = (worker, process, job, slices, arrivals)
            threading.Thread(target=_converse, args=arguments, daemon=True).start()
        _load_writers()
        running = count
        while running:
            arrived = arrivals.get()
            if isinstance(arrived, BaseException):
                raise arrived
            if arrived is None:
                running -= 1
            else:
                yield arrived
    finally:
        for process in processes:
            _stop(process)


def _load_writers() -> None:
    """Loads what writes the index while the workers start; pyarrow looks for pandas only then."""
    import pyarrow as pa
    import pyarrow.json
    import pyarrow.parquet

    pa.array([0])


def _start() -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-c", "from ingitdb.snapshots.workers import work; work()"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()


def _converse(
    worker: int,
    process: "subprocess.Popen[bytes]",
    job: Any,
    slices: _Slices,
    arrivals: "SimpleQueue[Any]",
) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        _send(process.stdin, job)
        while (part := slices.next(worker)) is not None:
            _send(process.stdin, part)
            while (arrived := _received(process.stdout)) is not None:
                arrivals.put((worker, Batch(*arrived)))
        arrivals.put(None)
    except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
        arrivals.put(error)


def _send(stream: IO[bytes], message: Any) -> None:
    pickle.dump(message, stream, protocol=5)
    stream.flush()


def _received(stream: IO[bytes]) -> Any:
    return pickle.load(stream)  # noqa: S301 - between this program and its own child


def work() -> None:
    """Reads one slice after the other: the main function of a worker process."""
    import gc
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    gc.disable()
    sender = _Sender()
    try:
        job = _received(sys.stdin.buffer)
        while True:
            for batch in _read(sender, _received(sys.stdin.buffer), *job):
                _send(sys.stdout.buffer, tuple(batch))
            _send(sys.stdout.buffer, None)
    except (EOFError, BrokenPipeError):  # the parent is gone
        os._exit(1)
