"""States of records over a line of commits: from which commit each stood, and until which."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from ingitdb.model.identifiers import BlobId
from ingitdb.model.tables import Location
from ingitdb.snapshots.reading import Fault, FileReading, State

STANDING = 2**31 - 1
"""The end of an interval whose state still stands at the end of the line."""
_GAP = 1 << 32


@dataclass(slots=True)
class StateRows:
    """The states of one table's records, column by column."""

    start: list[int] = field(default_factory=list)
    end: list[int] = field(default_factory=list)
    path: list[str] = field(default_factory=list)
    key: list[str | None] = field(default_factory=list)
    digest: list[bytes] = field(default_factory=list)
    shape: list[str] = field(default_factory=list)
    order: list[int] = field(default_factory=list)
    _live: dict[str, list[int]] = field(default_factory=dict)

    def put(self, ordinal: int, path: str, states: Sequence[State]) -> None:
        """Makes a file hold just these states from an ordinal on."""
        before = self._live.pop(path, [])
        kept = self._kept(before, states)
        labels = self._labels(kept)
        if labels is None:  # no room between two neighbours: all get new places
            kept = [None] * len(states)
            labels = [(i + 1) * _GAP for i in range(len(states))]
        standing = set(kept)
        for row in before:
            if row not in standing:
                self.end[row] = ordinal
        rows = [
            self._open(ordinal, path, state, label) if row is None else row
            for row, state, label in zip(kept, states, labels, strict=True)
        ]
        if rows:
            self._live[path] = rows

    def remove(self, ordinal: int, path: str) -> None:
        """Ends the states of a file."""
        for row in self._live.pop(path, ()):
            self.end[row] = ordinal

    def _open(self, ordinal: int, path: str, state: State, order: int) -> int:
        self.start.append(ordinal)
        self.end.append(STANDING)
        self.path.append(path)
        self.key.append(state.key)
        self.digest.append(state.digest)
        self.shape.append(state.shape)
        self.order.append(order)
        return len(self.start) - 1

    def _kept(self, before: Sequence[int], states: Sequence[State]) -> list[int | None]:
        """Pairs equal states; of those that changed places only the fewest count as moved."""
        if len(before) == len(states) and all(
            self.digest[row] == state.digest and self.key[row] == state.key
            for row, state in zip(before, states, strict=True)
        ):
            return list(before)
        places: dict[tuple[str | None, bytes], deque[int]] = {}
        for place, row in enumerate(before):
            places.setdefault((self.key[row], self.digest[row]), deque()).append(place)
        found = [
            queue.popleft() if (queue := places.get((state.key, state.digest))) else None
            for state in states
        ]
        rising = _longest_rise(found)
        return [
            before[place] if place is not None and index in rising else None
            for index, place in enumerate(found)
        ]

    def _labels(self, kept: Sequence[int | None]) -> list[int] | None:
        """Gives every state a place among the kept ones; None where there is no room."""
        labels: list[int] = []
        anchors = [(-1, 0)]
        anchors += [(i, self.order[row]) for i, row in enumerate(kept) if row is not None]
        anchors.append((len(kept), anchors[-1][1] + (len(kept) - anchors[-1][0]) * _GAP))
        for (left, low), (right, high) in pairwise(anchors):
            between = right - left
            if (high - low) < between:
                return None
            labels += [low + (high - low) * step // between for step in range(1, between)]
            labels.append(high)
        return labels[:-1]


def _longest_rise(places: Sequence[int | None]) -> set[int]:
    """Gives the indexes of a longest rising subsequence (patience sorting)."""
    from bisect import bisect_left

    tails: list[int] = []
    tail_indexes: list[int] = []
    previous: dict[int, int] = {}
    for index, place in enumerate(places):
        if place is None:
            continue
        at = bisect_left(tails, place)
        if at == len(tails):
            tails.append(place)
            tail_indexes.append(index)
        else:
            tails[at] = place
            tail_indexes[at] = index
        if at:
            previous[index] = tail_indexes[at - 1]
    rise: set[int] = set()
    current = tail_indexes[-1] if tail_indexes else None
    while current is not None:
        rise.add(current)
        current = previous.get(current)
    return rise


@dataclass(slots=True)
class Placement:
    """A file that held records of a table, over an interval."""

    path: str
    blob: BlobId
    location: int
    start: int
    end: int = STANDING
    header: tuple[str, ...] = ()


@dataclass(slots=True)
class FaultSpan:
    """A file that could not be read, over an interval."""

    path: str
    fault: Fault
    start: int
    end: int = STANDING


@dataclass(slots=True)
class _Open:
    """What stands of one path."""

    placements: list[Placement]
    faults: list[FaultSpan]


@dataclass(slots=True)
class Intervals:
    """Everything that is known about a line of commits.

    Attributes:
        locations: Every table location that occurred, by number.
        rows: The states by storage; locations of equal storage share them.
        placements: Which files held records of which location, and when.
        faults: Which files could not be read, and when.
    """

    locations: list[Location] = field(default_factory=list)
    rows: dict[str, StateRows] = field(default_factory=dict)
    placements: list[Placement] = field(default_factory=list)
    faults: list[FaultSpan] = field(default_factory=list)
    _numbers: dict[Location, int] = field(default_factory=dict)
    _open: dict[str, _Open] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many states there are, of all tables."""
        return sum(len(rows.start) for rows in self.rows.values())

    def put(self, ordinal: int, path: str, blob: BlobId, reading: FileReading) -> None:
        """Makes a path hold what a reading found, from an ordinal on."""
        before = self._open.pop(path, None)
        gone = {self.locations[p.location].storage for p in before.placements} if before else set()
        self._close(before, ordinal)
        now = _Open([], [FaultSpan(path, fault, ordinal) for fault in reading.faults])
        for table in reading.tables:
            number = self._number(table.location)
            now.placements.append(Placement(path, blob, number, ordinal, header=table.header))
            storage = table.location.storage
            gone.discard(storage)
            self.rows.setdefault(storage, StateRows()).put(ordinal, path, table.states)
        for storage in gone:
            self.rows[storage].remove(ordinal, path)
        self.placements += now.placements
        self.faults += now.faults
        if now.placements or now.faults:
            self._open[path] = now

    def remove(self, ordinal: int, path: str) -> None:
        """Ends everything that stands of a path."""
        before = self._open.pop(path, None)
        if before is None:
            return
        for storage in {self.locations[p.location].storage for p in before.placements}:
            self.rows[storage].remove(ordinal, path)
        self._close(before, ordinal)

    def _close(self, before: _Open | None, ordinal: int) -> None:
        if before is not None:
            spans: list[Placement | FaultSpan] = [*before.placements, *before.faults]
            for span in spans:
                span.end = ordinal

    def _number(self, location: Location) -> int:
        number = self._numbers.get(location)
        if number is None:
            number = self._numbers[location] = len(self.locations)
            self.locations.append(location)
        return number


def live_at(spans: Iterable[Placement], ordinal: int) -> list[Placement]:
    """Gives the placements that stand at an ordinal."""
    return [span for span in spans if span.start <= ordinal < span.end]
