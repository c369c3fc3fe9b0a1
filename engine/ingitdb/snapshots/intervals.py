"""States of records over a line of commits: from which commit each stood, and until which."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import compress
from operator import lt, ne
from typing import Self, TypeAlias

from ingitdb.model.identifiers import BlobId
from ingitdb.model.tables import Location
from ingitdb.snapshots.reading import Fault
from ingitdb.snapshots.states import Reading

STANDING = 2**31 - 1
"""The end of an interval whose state still stands at the end of the line."""
_GAP = 1 << 32
_State: TypeAlias = int | tuple[str | None, int]
"""A value, with its key where some state of the file has one."""


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
        rows = _kept(before, keys, values)
        places = self._places(rows)
        if places is None:  # no room between two neighbours: all get new places
            rows = [None] * len(values)
            places = {at: (at + 1) * _GAP for at in range(len(values))}
        for row in set(before.rows).difference(rows):
            self.end[row] = ordinal
        new = {
            at: self._open(ordinal, path, keys[at], values[at], place)
            for at, place in places.items()
        }
        standing = [new[at] if row is None else row for at, row in enumerate(rows)]
        if standing:
            self._live[path] = _Standing(standing, keys, values)

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

    def _places(self, rows: Sequence[int | None]) -> dict[int, int] | None:
        """Gives every missing row a place among the others; None where there is no room."""
        places: dict[int, int] = {}
        for first, after in _gaps(rows):
            low = self._place(rows, first - 1)
            between = after - first + 1
            high = self._place(rows, after) if after < len(rows) else low + between * _GAP
            if high - low < between:
                return None
            for step in range(1, between):
                places[first + step - 1] = low + (high - low) * step // between
        return places

    def _place(self, rows: Sequence[int | None], at: int) -> int:
        row = rows[at] if at >= 0 else None
        return 0 if row is None else self.order[row]


def _gaps(rows: Sequence[int | None]) -> Iterator[tuple[int, int]]:
    """Gives where rows are missing one after the other: the first index, and the one after."""
    first = after = 0
    for at in [at for at, row in enumerate(rows) if row is None]:
        if at != after:
            if first < after:
                yield first, after
            first = at
        after = at + 1
    if first < after:
        yield first, after


def _kept(before: _Standing, keys: Sequence[str | None], values: Sequence[int]) -> list[int | None]:
    """Pairs equal states; of those that changed places only the fewest count as moved."""
    old: Sequence[_State] = before.values
    new: Sequence[_State] = values
    if before.keys.count(None) < len(old) or keys.count(None) < len(new):
        old = [*zip(before.keys, before.values, strict=True)]
        new = [*zip(keys, values, strict=True)]
    most = min(len(old), len(new))
    lead = _alike(old, new, most)
    tail = _alike(reversed(old), reversed(new), most - lead)
    ended = len(old) - tail
    rows = before.rows[lead:ended]
    paired = _paired(old[lead:ended], new[lead : len(new) - tail])
    middle = [None if at is None else rows[at] for at in paired]
    return [*before.rows[:lead], *middle, *before.rows[ended:]]


def _alike(old: Iterable[_State], new: Iterable[_State], most: int) -> int:
    """Counts the first states that are equal."""
    return next(compress(range(most), map(ne, old, new)), most)


def _paired(old: Sequence[_State], new: Sequence[_State]) -> Sequence[int | None]:
    """Gives where each new state stood among the old ones, None for one that begins or moved."""
    last = dict(zip(old, range(len(old)), strict=True))
    if len(last) == len(old):
        found = [*map(last.get, new)]
        if _is_rising([at for at in found if at is not None]):
            return found
    places: dict[_State, deque[int]] = {}
    for at, state in enumerate(old):
        places.setdefault(state, deque()).append(at)
    found = [queue.popleft() if (queue := places.get(state)) else None for state in new]
    rising = _longest_rise(found)
    return [at if index in rising else None for index, at in enumerate(found)]


def _is_rising(places: Sequence[int]) -> bool:
    return all(map(lt, places, places[1:]))


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
