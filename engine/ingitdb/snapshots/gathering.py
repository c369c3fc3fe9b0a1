"""Walks a line of commits, reads each new blob once and records when every state stood."""

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from ingitdb.catalog.layout import Layout
from ingitdb.git.objects import ObjectStore
from ingitdb.model.history import EXECUTABLE, REGULAR, FileChange
from ingitdb.model.identifiers import BlobId
from ingitdb.model.ports import Progress
from ingitdb.snapshots.intervals import Intervals
from ingitdb.snapshots.journal import Journal
from ingitdb.snapshots.states import Reading, States
from ingitdb.snapshots.workers import Task, read_files

FILE_MODES = (REGULAR, EXECUTABLE)


@dataclass(frozen=True, slots=True)
class Event:
    """From an ordinal on a path holds a blob, read under a layout; no blob means it is gone."""

    ordinal: int
    path: str
    blob: BlobId | None
    layout: int


@dataclass(slots=True)
class Line:
    """What happened along a line of commits.

    Attributes:
        layouts: The layouts that occurred.
        spans: From which ordinal each layout held: (ordinal, number of the layout).
        events: What each path holds from when on.
        is_placed: Whether the one layout was given and holds throughout.
        files: The blobs of the last commit.
    """

    layouts: list[Layout] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    is_placed: bool = False
    files: dict[str, BlobId] = field(default_factory=dict)

    def advance(
        self, ordinal: int, changes: Iterable[FileChange], read: Callable[[BlobId], bytes]
    ) -> None:
        """Takes in the changes of one commit."""
        changed: dict[str, BlobId | None] = {}
        for change in changes:
            new = change.new if change.new_mode in FILE_MODES else None
            if new is None:
                if self.files.pop(change.path, None) is None:
                    continue
            elif self.files.get(change.path) == new:
                continue
            else:
                self.files[change.path] = new
            changed[change.path] = new
        current = self.spans[-1][1] if self.spans else None
        number = self._layout(ordinal, changed, current, read)
        if current is not None and number != current:
            before, after = self.layouts[current], self.layouts[number]
            for path, blob in self.files.items():
                if path not in changed and before.claim(path) != after.claim(path):
                    changed[path] = blob
        self.events += [Event(ordinal, path, blob, number) for path, blob in changed.items()]

    def _layout(
        self,
        ordinal: int,
        changed: Mapping[str, BlobId | None],
        current: int | None,
        read: Callable[[BlobId], bytes],
    ) -> int:
        if current is not None and (
            self.is_placed
            or not any(
                Layout.is_configuration(path) or path in self.layouts[current].inputs
                for path in changed
            )
        ):
            return current
        layout = Layout.read(self.files.keys(), lambda path: read(self.files[path]))
        number = next(
            (i for i, known in enumerate(self.layouts) if known.digest == layout.digest), None
        )
        if number is None:
            number = len(self.layouts)
            self.layouts.append(layout)
        if number != current:
            self.spans.append((ordinal, number))
        return number


@dataclass(slots=True)
class Gathered:
    """The result of a walk: intervals, the states that stood in them, and the layouts."""

    line: Line
    intervals: Intervals
    states: States


def gather(
    commits: Iterable[Sequence[FileChange]],
    objects: ObjectStore,
    *,
    workers: int,
    layout: Layout | None = None,
    progress: Progress | None = None,
    journal: Journal | None = None,
) -> Gathered:
    """Walks over the changes of each commit in order and reads what they brought.

    Args:
        commits: The changes of each commit, the first against an empty tree.
        objects: Where the blobs are.
        workers: How many processes may read.
        layout: How files are placed, if their own tree does not tell.
        progress: Is told how far the walk and the reading are.
        journal: Knows what an interrupted run has read, and keeps what this one reads.
    """
    line = Line()
    if layout is not None:
        line = Line(layouts=[layout], spans=[(0, 0)], is_placed=True)
    with without_cycle_search():
        return _gathered(line, commits, objects, workers, progress, journal)


@contextmanager
def without_cycle_search() -> Iterator[None]:
    """Stops the search for cyclic garbage: many small values are made that all stay for a while."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _gathered(
    line: Line,
    commits: Iterable[Sequence[FileChange]],
    objects: ObjectStore,
    workers: int,
    progress: Progress | None,
    journal: Journal | None,
) -> Gathered:
    count = 0
    for ordinal, changes in enumerate(commits):
        line.advance(ordinal, changes, objects.read)
        count = ordinal + 1
        if progress is not None and count % 256 == 0:
            progress.advance("commits", count, 0)
    if progress is not None:
        progress.advance("commits", count, count)
    readings, states = read_events(
        line, objects, workers=workers, progress=progress, journal=journal
    )
    intervals = Intervals()
    for event, reading in zip(line.events, readings, strict=True):
        record(intervals, event.ordinal, event, reading)
    return Gathered(line, intervals, states)


def read_events(
    line: Line,
    objects: ObjectStore,
    *,
    workers: int,
    progress: Progress | None = None,
    journal: Journal | None = None,
) -> tuple[list[Reading], States]:
    """Reads what the events of a line brought; gives a reading for each, and all states."""
    tasks, wanted = _tasks(line)
    found, states = read_files(
        tasks, line.layouts, objects, workers=workers, progress=progress, journal=journal
    )
    nothing = Reading()
    return [found.get(task, nothing) for task in wanted], states


def record(intervals: Intervals, ordinal: int, event: Event, reading: Reading) -> None:
    """Notes an event as one of an ordinal."""
    if event.blob is None:
        intervals.remove(ordinal, event.path)
    else:
        intervals.put(ordinal, event.path, event.blob, reading)


def _tasks(line: Line) -> tuple[list[Task], list[int]]:
    """Gives what is to be read, each once, and the place of each event's task; -1 for none."""
    places: dict[Task, int] = {}
    wanted = []
    for event in line.events:
        place = -1
        if event.blob is not None:
            layout = line.layouts[event.layout]
            if layout.claim(event.path).excluded is None:
                task = Task(event.blob, event.path, event.layout)
                place = places.setdefault(task, len(places))
        wanted.append(place)
    return list(places), wanted
