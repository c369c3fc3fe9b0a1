"""Reads many files, in worker processes where there are enough of them to be worth it.

The workers are plain child processes that speak pickle over pipes with this process alone: they
need neither a fork, which is unsafe beside threads, nor a main module that can be imported twice.
"""

import os
import pickle
import subprocess  # noqa: TID251 - starts this program itself, not git
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from queue import SimpleQueue
from typing import IO, Any, NamedTuple

from ingitdb.catalog.layout import Layout
from ingitdb.git.objects import ObjectStore
from ingitdb.model.identifiers import BlobId
from ingitdb.model.ports import Progress
from ingitdb.snapshots.reading import FileReading, Reader

_FEWEST = 600
"""Starting a worker costs as much as reading about so many files."""
_BATCH = 64


class Task(NamedTuple):
    """A blob to be read as the file of a path, under a layout given by its number."""

    blob: BlobId
    path: str
    layout: int


Readings = dict[Task, FileReading]
Payloads = dict[bytes, bytes]


def read_files(
    tasks: Sequence[Task],
    layouts: Sequence[Layout],
    objects: ObjectStore,
    *,
    workers: int,
    progress: Progress | None = None,
) -> tuple[Readings, Payloads]:
    """Reads files; gives each one's states, and the packed fields of every digest among them."""
    by_blob: dict[BlobId, list[Task]] = {}
    for task in tasks:
        by_blob.setdefault(task.blob, []).append(task)
    ordered = objects.in_pack_order(by_blob)
    readings: Readings = {}
    payloads: Payloads = {}
    count = min(workers, len(ordered) // _FEWEST + 1)
    if count < 2:
        found = _read(ordered, by_blob, layouts, objects)
    else:
        found = _read_apart(ordered, by_blob, layouts, objects, count)
    for some, fields in found:
        readings.update(some)
        payloads.update(fields)
        if progress is not None:
            progress.advance("records", len(readings), len(tasks))
    return readings, payloads


def _read(
    blobs: Sequence[BlobId],
    by_blob: dict[BlobId, list[Task]],
    layouts: Sequence[Layout],
    objects: ObjectStore,
) -> Iterator[tuple[Readings, Payloads]]:
    reader = Reader()
    readings: Readings = {}
    for blob, data in objects.read_many(blobs):
        for task in by_blob[blob]:
            readings[task] = reader.read(layouts[task.layout], task.path, data)
        if len(readings) >= _BATCH:
            yield readings, reader.take_payloads()
            readings = {}
    yield readings, reader.take_payloads()


def _read_apart(
    blobs: Sequence[BlobId],
    by_blob: dict[BlobId, list[Task]],
    layouts: Sequence[Layout],
    objects: ObjectStore,
    count: int,
) -> Iterator[tuple[Readings, Payloads]]:
    """Gives each worker a contiguous part of the disk."""
    size = -(-len(blobs) // count)
    parts = [blobs[at : at + size] for at in range(0, len(blobs), size)]
    arrivals: SimpleQueue[Any] = SimpleQueue()
    processes = [_start() for _ in parts]
    try:
        for process, part in zip(processes, parts, strict=True):
            job = (part, {blob: by_blob[blob] for blob in part}, layouts, objects)
            threading.Thread(target=_converse, args=(process, job, arrivals), daemon=True).start()
        running = len(parts)
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


def _start() -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-c", "from ingitdb.snapshots.workers import work; work()"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()


def _converse(process: "subprocess.Popen[bytes]", job: Any, arrivals: "SimpleQueue[Any]") -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        pickle.dump(job, process.stdin, protocol=5)
        process.stdin.flush()
        for arrived in _received(process.stdout):
            arrivals.put(arrived)
        arrivals.put(None)
    except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
        arrivals.put(error)


def _received(stream: IO[bytes]) -> Iterable[Any]:
    while (arrived := pickle.load(stream)) is not None:  # noqa: S301 - from our own child
        yield arrived


def work() -> None:
    """Serves one job: the main function of a worker process."""
    import gc
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    gc.disable()
    try:
        job = pickle.load(sys.stdin.buffer)  # noqa: S301 - from our own parent
        for result in _read(*job):
            pickle.dump(result, sys.stdout.buffer, protocol=5)
            sys.stdout.buffer.flush()
        pickle.dump(None, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    except (EOFError, BrokenPipeError):  # the parent is gone
        os._exit(1)
