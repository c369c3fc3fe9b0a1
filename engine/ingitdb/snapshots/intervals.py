"""States of records over a line of commits: from which commit each stood, and until which."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from ingitdb.model.identifiers import BlobId
from ingitdb.model.tables import Location
from ingitdb.snapshots.reading import Fault
from ingitdb.snapshots.states import Reading

STANDING = 2**31 - 1
"""The end of an interval whose state still stands at the end of the line."""
_GAP = 1 << 32


@dataclass(slots=True)
class _Standing:
    """What stands of one file: its rows with their keys and values, in file order."""

    rows: Sequence[int]
    keys: Sequence[str | None]
    values: Sequence[int]


@dataclass(slots=True)
class StateRows:
    """The states of one table's records, column by column; values are numbers of `States`."""

    start: list[int] = field(default_factory=list)
    end: list[int] = field(default_factory=list)
    path: list[str] = field(default_factory=list)
    key: list[str | None] = field(default_factory=list)
    value: list[int] = field(default_factory=list)
    order: list[int] = field(default_factory=list)
    _live: dict[str, _Standing] = field(default_factory=dict)

    def put(
        self, ordinal: int, path: str, keys: Sequence[str | None], values: Sequence[int]
    ) -> None:
        """Makes a file hold just these records from an ordinal on."""
        before = self._live.pop(path, None)
        if before is None:
            self._begin(ordinal, path, keys, values)
            return
        kept = _kept(before, keys, values)
        labels = self._labels(kept)
        if labels is None:  # no room between two neighbours: all get new places
            kept = [None] * len(values)
            labels = [(i + 1) * _GAP for i in range(len(values))]
        standing = set(kept)
        for row in before.rows:
            if row not in standing:
                self.end[row] = ordinal
        rows = [
            self._open(ordinal, path, keys[at], values[at], labels[at]) if row is None else row
            for at, row in enumerate(kept)
        ]
        if rows:
            self._live[path] = _Standing(rows, keys, values)

    def remove(self, ordinal: int, path: str) -> None:
        """Ends the states of a file."""
        before = self._live.pop(path, None)
        if before is not None:
            for row in before.rows:
                self.end[row] = ordinal

    def _begin(
        self, ordinal: int, path: str, keys: Sequence[str | None], values: Sequence[int]
    ) -> None:
        """Adds a file of which nothing stands."""
        if not values:
            return
        count = len(values)
        first = len(self.start)
        self.start += [ordinal] * count
        self.end += [STANDING] * count
        self.path += [path] * count
        self.key += keys
        self.value += values
        self.order += range(_GAP, (count + 1) * _GAP, _GAP)
        self._live[path] = _Standing(range(first, first + count), keys, values)

    def _open(self, ordinal: int, path: str, key: str | None, value: int, order: int) -> int:
        self.start.append(ordinal)
        self.end.append(STANDING)
        self.path.append(path)
        self.key.append(key)
        self.value.append(value)
        self.order.append(order)
        return len(self.start) - 1

    def _labels(self, kept: Sequence[int | None]) -> list[int] | None:
        """Gives every state a place among the kept ones; None where there is no room."""
        labels: list[int] = []
        last, low = -1, 0
        count = len(kept)
        for at in range(count + 1):
            if at < count:
                row = kept[at]
                if row is None:
                    continue
                high = self.order[row]
            else:
                high = low + (count - last) * _GAP
            between = at - last
            if high - low < between:
                return None
            if between > 1:
                labels += [low + (high - low) * step // between for step in range(1, between)]
            labels.append(high)
            last, low = at, high
        return labels[:-1]


def _kept(before: _Standing, keys: Sequence[str | None], values: Sequence[int]) -> list[int | None]:
    """Pairs equal states; of those that changed places only the fewest count as moved."""
    count = len(values)
    lead = _common(before, keys, values)
    if lead == count == len(before.rows):
        return list(before.rows)
    most = min(count, len(before.rows)) - lead
    tail = 0
    while (
        tail < most
        and before.values[-1 - tail] == values[-1 - tail]
        and before.keys[-1 - tail] == keys[-1 - tail]
    ):
        tail += 1
    ended = len(before.rows) - tail
    middle = _paired(before, lead, ended, keys[lead : count - tail], values[lead : count - tail])
    return [*before.rows[:lead], *middle, *before.rows[ended:]]


def _common(before: _Standing, keys: Sequence[str | None], values: Sequence[int]) -> int:
    """Counts the first states that are equal."""
    pairs = zip(before.values, values, before.keys, keys, strict=False)
    for at, (old, new, old_key, new_key) in enumerate(pairs):
        if old != new or old_key != new_key:
            return at
    return min(len(before.rows), len(values))


def _paired(
    before: _Standing, first: int, last: int, keys: Sequence[str | None], values: Sequence[int]
) -> list[int | None]:
    """Pairs the states between those that are equal at both ends."""
    if first == last or not values:
        return [None] * len(values)
    places: dict[tuple[str | None, int], deque[int]] = {}
    for place in range(first, last):
        known = before.keys[place], before.values[place]
        places.setdefault(known, deque()).append(place)
    found = [
        queue.popleft() if (queue := places.get(known)) else None
        for known in zip(keys, values, strict=True)
    ]
    rising = _longest_rise(found)
    return [
        before.rows[place] if place is not None and index in rising else None
        for index, place in enumerate(found)
    ]


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
    storage: str = ""


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
    _recent: dict[int, tuple[Location, int, str]] = field(default_factory=dict)
    _open: dict[str, _Open] = field(default_factory=dict)

    @classmethod
    def continued(cls, locations: Sequence[Location]) -> Self:
        """Makes an empty one in which locations have the numbers that they had before."""
        numbers = {where: number for number, where in enumerate(locations)}
        return cls(locations=list(locations), _numbers=numbers)

    @property
    def count(self) -> int:
        """How many states there are, of all tables."""
        return sum(len(rows.start) for rows in self.rows.values())

    def put(self, ordinal: int, path: str, blob: BlobId, reading: Reading) -> None:
        """Makes a path hold what a reading found, from an ordinal on."""
        before = self._open.pop(path, None)
        gone = {p.storage for p in before.placements} if before is not None else set()
        self._close(before, ordinal)
        now = _Open([], [FaultSpan(path, fault, ordinal) for fault in reading.faults])
        for location, header, keys, values in reading.tables:
            number, storage = self._number(location)
            placement = Placement(path, blob, number, ordinal, header=header, storage=storage)
            now.placements.append(placement)
            gone.discard(storage)
            rows = self.rows.get(storage)
            if rows is None:
                rows = self.rows[storage] = StateRows()
            rows.put(ordinal, path, keys, values)
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
        for storage in {p.storage for p in before.placements}:
            self.rows[storage].remove(ordinal, path)
        self._close(before, ordinal)

    def _close(self, before: _Open | None, ordinal: int) -> None:
        if before is not None:
            spans: list[Placement | FaultSpan] = [*before.placements, *before.faults]
            for span in spans:
                span.end = ordinal

    def _number(self, location: Location) -> tuple[int, str]:
        """Gives a location's number and storage."""
        recent = self._recent.get(id(location))
        if recent is None:  # comparing whole locations is slow; kept here, their ids stay theirs
            number = self._numbers.setdefault(location, len(self.locations))
            if number == len(self.locations):
                self.locations.append(location)
            recent = self._recent[id(location)] = (location, number, location.storage)
        return recent[1:]
