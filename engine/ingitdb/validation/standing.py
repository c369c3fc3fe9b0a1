"""The records of files as they stand, and which of them a change brought or took."""

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from ingitdb.catalog.content import Content
from ingitdb.catalog.layout import Layout
from ingitdb.catalog.records import records
from ingitdb.formats.items_split import Items
from ingitdb.formats.registry import by_name, by_path
from ingitdb.model.ports import Format
from ingitdb.model.records import DEFAULT_OPTIONS, Chunk, Chunks, FormatFault, Value
from ingitdb.model.tables import Form, Location
from ingitdb.snapshots.packing import unpack
from ingitdb.snapshots.reading import FileStates, Packed, Reader

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A record in its file.

    Attributes:
        location: The place of its table.
        number: Its number among the records of the table in that file, counted from 1.
        key: The key outside its fields, or None.
        line: Its first line; 0 where unknown.
    """

    location: Location
    path: str
    number: int
    key: str | None
    line: int
    fields: Mapping[str, Value]


@dataclass(slots=True)
class Difference:
    """What a change did to the records of a table.

    Attributes:
        came: Records that were not there, as they are now.
        went: The files of records that are there no more.
        counts: For each file how many records it had and has.
    """

    came: list[Standing] = field(default_factory=list)
    went: set[str] = field(default_factory=set)
    counts: dict[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Side:
    """A file as it was or is: how its tree is laid out, and its bytes, None without a file."""

    layout: Layout
    path: str
    data: bytes | None


class Records:
    """Reads the records of files; what two states of a file have in common is read once."""

    def __init__(self) -> None:
        self._reader = Reader()
        self._known: list[Packed] = []

    def of(self, side: Side) -> Iterator[Standing]:
        """Gives the records of a file; none of what cannot be read, which is named elsewhere."""
        for states in self._states(side):
            for at in range(len(states.values)):
                yield self._standing(states, side.path, at)

    def differences(self, old: Side, new: Side) -> list[tuple[str, Difference]]:
        """Compares the records of one file by the storage of their tables.

        Equal fields under an equal key are the same record, wherever in the file they stand.
        """
        found = by_items(old, new)
        return found if found is not None else list(self._by_records(old, new))

    def _by_records(self, old: Side, new: Side) -> Iterator[tuple[str, Difference]]:
        before = {states.location.storage: states for states in self._states(old)}
        after = {states.location.storage: states for states in self._states(new)}
        for storage in {**before, **after}:
            one, other = before.get(storage), after.get(storage)
            was = list(zip(one.keys, one.values, strict=True)) if one else []
            now = list(zip(other.keys, other.values, strict=True)) if other else []
            made = Difference(counts={new.path: (len(was), len(now))})
            if other is not None:
                came = without(now, was)
                made.came = [self._standing(other, new.path, at) for at in came]
            if without(was, now):
                made.went = {old.path}
            yield storage, made

    def _states(self, side: Side) -> Sequence[FileStates]:
        if side.data is None:
            return ()
        found = self._reader.read(side.layout, side.path, side.data).tables
        self._known += self._reader.take_new()
        return found

    def _standing(self, states: FileStates, path: str, at: int) -> Standing:
        return Standing(
            location=states.location,
            path=path,
            number=at + 1,
            key=states.keys[at],
            line=states.lines[at] if at < len(states.lines) else 0,
            fields=unpack(self._known[states.values[at]].payload),
        )


@dataclass(frozen=True, slots=True)
class _Cut:
    """A file that was cut at its items."""

    side: Side
    form: Format
    location: Location
    chunks: Chunks
    items: Items

    def record(self, at: int) -> Standing:
        """Reads an item.

        Raises:
            FormatFault: It is no single record.
        """
        options = self.location.options
        chunk = Chunk(line=1, data=self.items.texts[at])
        document = self.form.read_chunk(chunk, self.chunks, options)
        path = self.side.path
        try:
            (record,) = records(document, self.location, path)
        except ValueError:
            raise FormatFault("This is no single record.") from None
        line = self.items.lines[at] + max(record.line - 1, 0)
        return Standing(
            location=self.location,
            path=path,
            number=at + 1,
            key=record.key,
            line=line,
            fields=record.fields,
        )


def by_items(old: Side, new: Side) -> list[tuple[str, Difference]] | None:
    """Compares two states of a file item by item, of which only the new ones are read.

    Returns:
        What differs; None where the items of a state are not the records of one table.
    """
    before, after = _cut(old), _cut(new)
    if before is None or after is None or before.location.storage != after.location.storage:
        return None
    if before.chunks.header != after.chunks.header:
        return None
    was, now = before.items.texts, after.items.texts
    made = Difference(counts={new.path: (len(was), len(now))})
    try:
        made.came = [after.record(at) for at in without(now, was)]
    except FormatFault:
        return None
    if without(was, now):
        made.went = {old.path}
    return [(after.location.storage, made)]


def _cut(side: Side) -> _Cut | None:
    known = _only(side.layout.claim(side.path).locations)
    form = by_path(side.path)
    if known is not None and known.format is not None:
        form = by_name(known.format)
    if side.data is None or form is None:
        return None
    chunks = form.split(side.data, known.options if known else DEFAULT_OPTIONS)
    where = _located(side, chunks) if chunks is not None and chunks.items else None
    if chunks is None or where is None:
        return None
    return _Cut(side, form, where, chunks, Items.of(chunks.items))


def _located(side: Side, chunks: Chunks) -> Location | None:
    """Gives the table whose records the items of a file are; None where they may not be that."""
    if chunks.kind == "map":
        rule = _only(side.layout.claim(side.path).rules)
        is_sure = rule is not None and not rule.by_content and rule.location.form == Form.ENTRIES
        return rule.location if rule is not None and is_sure else None
    where = _only(side.layout.locate(side.path, Content(kind=chunks.kind)))
    return where if where is not None and where.form == Form.ROWS else None


def _only(items: Sequence[T]) -> T | None:
    return items[0] if len(items) == 1 else None


def without(items: Sequence[Hashable], others: Sequence[Hashable]) -> list[int]:
    """Gives the places of items that have no equal among others, as often as they have none."""
    if list(items) == list(others):
        return []
    left = Counter(others)
    found = []
    for at, item in enumerate(items):
        if left[item] > 0:
            left[item] -= 1
        else:
            found.append(at)
    return found
