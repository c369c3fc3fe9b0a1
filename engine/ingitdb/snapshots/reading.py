"""One file into the states of its records: parsed once per content, known by their values."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple, TypeAlias

from ingitdb.catalog.content import Content, summarize
from ingitdb.catalog.layout import Layout
from ingitdb.catalog.records import header_of, records
from ingitdb.formats.items_split import Items
from ingitdb.formats.registry import by_name, by_path, extension_of
from ingitdb.formats.text import moved
from ingitdb.model.ports import Format
from ingitdb.model.records import (
    DEFAULT_OPTIONS,
    Chunk,
    Chunks,
    Document,
    DocumentKind,
    FormatFault,
    ReadOptions,
    Record,
    Severity,
)
from ingitdb.model.shapes import shape_of
from ingitdb.model.tables import Form, Location
from ingitdb.snapshots.packing import digest_of, pack

MOST_BYTES = 256 * 1024 * 1024
"""Files beyond this are reported, not read."""
_LFS_MARK = b"version https://git-lfs.github.com/spec/"
_FEWEST_BYTES = 8192
"""A smaller file is read whole, as far as that can be: cutting it would cost as much."""
_MEMO_ITEMS = 200_000
"""Once so many items of a table are remembered, those of the last file alone are kept."""


class Packed(NamedTuple):
    """The fields of one record.

    Attributes:
        digest: A hash of the values with their names, order and spelling.
        shape: The record's shape.
        payload: The packed fields.
    """

    digest: bytes
    shape: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class FileStates:
    """What one file gives to one table, a place for each record in file order.

    Attributes:
        keys: The keys outside the fields, or None.
        values: The numbers that the reader gave to the fields.
        lines: The first lines, counted from 1; a reader without lines may leave them out.
        header: The columns that the file names, whatever its records hold; empty if it names none.
    """

    location: Location
    keys: tuple[str | None, ...]
    values: tuple[int, ...]
    lines: Sequence[int]
    header: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a file, or its part for one table, could not be read."""

    message: str
    line: int = 0
    column: int = 0
    severity: Severity = "error"


@dataclass(frozen=True, slots=True)
class FileReading:
    """What a file holds: states per table, and what went wrong."""

    tables: tuple[FileStates, ...] = ()
    faults: tuple[Fault, ...] = ()


_Found: TypeAlias = tuple[tuple[str | None, ...], tuple[int, ...], int]
"""The keys and field numbers of one item's records, and how far below its line they stand."""
_Memo: TypeAlias = tuple[str, DocumentKind, bytes, Form, str, str | None]
_Reading: TypeAlias = tuple[str | None, ReadOptions]
"""The name of a format, or None where the path decides, and its options."""
_NOTHING: _Found = ((), (), 0)
_MAP_OF_MAPS = Content(kind="map", entries="maps")
_FORMS_OF_ITEMS = frozenset({Form.ROWS, Form.ENTRIES})
_FORMS_OF_ENTRIES = frozenset({Form.ENTRIES, Form.ENTRY_ITEMS})
"""The forms that make the records of each item or entry of a file by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cut:
    """A file that was cut at its items."""

    path: str
    data: bytes
    form: Format
    options: ReadOptions
    chunks: Chunks
    items: Items

    def read(self, text: bytes) -> Document:
        """Reads one item, as if it stood in the first line.

        Raises:
            FormatFault: It cannot be read.
        """
        return self.form.read_chunk(Chunk(line=1, data=text), self.chunks, self.options)

    def memo(self, where: Location) -> _Memo:
        """Names all that decides, beside its text, what records an item gives to a table."""
        path = self.path if where.captures else None
        return (
            self.form.name,
            self.chunks.kind,
            self.chunks.header,
            where.form,
            where.storage,
            path,
        )


class Reader:
    """Reads files; remembers the items of many-record files, so that each is parsed once."""

    def __init__(self, *, with_lines: bool = True) -> None:
        self._with_lines = with_lines
        self._items: dict[_Memo, dict[bytes, _Found]] = {}
        self._entries: dict[tuple[str, ReadOptions], dict[bytes, tuple[str, str] | None]] = {}
        self._uncut: set[str] = set()
        self._documents: dict[bytes, Document] = {}
        self._places: dict[tuple[str, str, DocumentKind, bool], tuple[Location, ...]] = {}
        self._numbers: dict[bytes, int] = {}
        self._new: list[Packed] = []

    def take_new(self) -> list[Packed]:
        """Gives the fields that are new since the last call, in the order of their numbers."""
        taken, self._new = self._new, []
        return taken

    def read(self, layout: Layout, path: str, data: bytes | None) -> FileReading:
        """Reads a file as the tables that a layout sees in it; None stands for a missing blob."""
        claim = layout.claim(path)
        if claim.excluded is not None:
            return FileReading()
        if data is None:
            return FileReading(faults=(Fault("The object is not in this repository."),))
        if data.startswith(_LFS_MARK):
            return FileReading(faults=(Fault("A Git LFS pointer; its content is not here."),))
        if len(data) > MOST_BYTES:
            return FileReading(faults=(Fault(f"Larger than {MOST_BYTES >> 20} MiB."),))
        declared = claim.locations
        if not declared:
            return self._as(layout, path, data, (None, DEFAULT_OPTIONS))
        readings = dict.fromkeys((where.format, where.options) for where in declared)
        return _joined([self._as(layout, path, data, reading) for reading in readings])

    def _as(self, layout: Layout, path: str, data: bytes, reading: _Reading) -> FileReading:
        name, options = reading
        form = by_name(name) if name is not None else by_path(path)
        if form is None:
            return FileReading(faults=(Fault(f"No format reads {name or path!r}."),))
        is_long = len(data) >= _FEWEST_BYTES
        cut = self._by_items(layout, form, path, data, reading) if is_long else None
        if cut is not None:
            return cut
        try:
            document = form.read(data, options)
            found = self._located(layout, path, document)
        except FormatFault as fault:
            cut = None if is_long else self._by_items(layout, form, path, data, reading)
            return cut or FileReading(faults=(_fault(fault),))
        return self._tables(document, path, _of_reading(found, reading))

    def _located(self, layout: Layout, path: str, document: Document) -> tuple[Location, ...]:
        """Places a document; of the files of a discovered folder only the first is looked at."""
        slot = layout.claim(path).slot
        if slot is None or slot.container or not layout.is_plain:
            return layout.locate(path, summarize(document))
        kind, front_matter = document.kind, document.front_matter
        known = (slot.folder, extension_of(path), kind, front_matter)
        found = self._places.get(known)
        if found is None:  # there the entries of a map are fields, whatever they hold
            content = Content(kind=kind, front_matter=front_matter)
            found = self._places[known] = layout.locate(path, content)
        return found

    def _tables(self, document: Document, path: str, found: Sequence[Location]) -> FileReading:
        tables = []
        faults = []
        for where in found:
            keys: tuple[str | None, ...] = ()
            values: tuple[int, ...] = ()
            lines: tuple[int, ...] = ()
            try:
                states = list(records(document, where, path))
                keys = tuple([record.key for record in states])
                values = tuple([self._number(record) for record in states])
                lines = tuple([record.line for record in states])
            except FormatFault as fault:
                faults.append(_fault(fault))
            header = header_of(document.columns, where)
            tables.append(FileStates(where, keys, values, lines, header))
        return FileReading(tuple(tables), tuple(faults))

    def _number(self, record: Record) -> int:
        shape = shape_of(record.fields)
        payload = pack(record.fields, shape)
        digest = digest_of(payload)
        number = self._numbers.get(digest)
        if number is None:
            number = self._numbers[digest] = len(self._numbers)
            self._new.append(Packed(digest, shape, payload))
        return number

    def _by_items(
        self, layout: Layout, form: Format, path: str, data: bytes, reading: _Reading
    ) -> FileReading | None:
        """Reads a file item by item; None where its items do not stand alone."""
        options = reading[1]
        chunks = form.split(data, options)
        if chunks is None or not chunks.items:
            return None
        items = Items.of(chunks.items)
        cut = _Cut(path=path, data=data, form=form, options=options, chunks=chunks, items=items)
        self._documents.clear()
        located = self._located_by_items(layout, cut)
        may_lose = chunks.kind != "map" and not layout.claim(path).rules
        lost: list[Fault] | None = [] if may_lose else None
        try:
            tables = [self._states(cut, where, lost) for where in _of_reading(located, reading)]
        except FormatFault:
            return None
        return FileReading(tuple(tables), tuple(lost or ())) if tables else None

    def _states(self, cut: _Cut, where: Location, lost: list[Fault] | None) -> FileStates:
        """Takes the records of one table out of a cut file.

        Args:
            cut: The file.
            where: The table.
            lost: Takes the faults of the items that are left out; None if none may be.

        Raises:
            FormatFault: An item cannot be read, and none may be left out.
        """
        items = cut.items
        memo = cut.memo(where)
        known = self._items.setdefault(memo, {})
        found = [*map(known.get, items.texts)]
        if not any(found) and cut.chunks.kind != "map":
            known |= self._read_at_once(cut, where)
            found = [*map(known.get, items.texts)]
        read = [item or self._item(cut, at, where, known, lost) for at, item in enumerate(found)]
        keys = tuple(chain.from_iterable([item[0] for item in read]))
        values = tuple(chain.from_iterable([item[1] for item in read]))
        lines: Sequence[int] = ()
        if self._with_lines:
            lines = [
                line + below
                for line, (_, numbers, below) in zip(items.lines, read, strict=True)
                for _ in numbers
            ]
        if len(known) > _MEMO_ITEMS:
            pairs = zip(items.texts, read, strict=True)
            self._items = {memo: {text: item for text, item in pairs if item is not _NOTHING}}
        return FileStates(where, keys, values, lines, header_of(cut.chunks.columns, where))

    def _read_at_once(self, cut: _Cut, where: Location) -> dict[bytes, _Found]:
        """Reads a list or rows of which no item is known, which is faster than item by item."""
        try:
            found = list(records(cut.form.read(cut.data, cut.options), where, cut.path))
        except FormatFault:
            return {}
        if len(found) != len(cut.items):
            return {}
        return {
            text: ((record.key,), (self._number(record),), record.line - line)
            for text, line, record in zip(cut.items.texts, cut.items.lines, found, strict=True)
        }

    def _item(
        self,
        cut: _Cut,
        at: int,
        where: Location,
        known: dict[bytes, _Found],
        lost: list[Fault] | None,
    ) -> _Found:
        """Reads an item, unless it has just been read; gives nothing for one that is lost."""
        text = cut.items.texts[at]
        found = known.get(text)
        if found is None:
            try:
                document = self._documents.get(text) or cut.read(text)
                found = known[text] = self._found(document, where, cut.path)
            except FormatFault as fault:
                if lost is None:
                    raise
                lost.append(_fault(moved(fault, cut.items.lines[at] - 1)))
                return _NOTHING
        return found

    def _located_by_items(self, layout: Layout, cut: _Cut) -> tuple[Location, ...]:
        """Places a file by the outlines of its items; nothing if its records are not its items."""
        path, kind = cut.path, cut.chunks.kind
        if kind != "map":
            return _all_in(layout.locate(path, Content(kind=kind)), _FORMS_OF_ITEMS)
        if path in self._uncut:
            return ()
        located = _all_in(layout.locate(path, _MAP_OF_MAPS), _FORMS_OF_ENTRIES)
        if located:
            content = self._outline(cut)
            located = layout.locate(path, content) if content is not None else ()
            located = _all_in(located, _FORMS_OF_ENTRIES)
        if not located:  # so that its entries are not read in vain again
            self._uncut.add(path)
        return located

    def _outline(self, cut: _Cut) -> Content | None:
        """Outlines a map by its entries; None if they are not all maps or all lists of maps."""
        keys: set[str] = set()
        common: str | None = None
        for text in cut.items.texts:
            entry = self._entry(cut, text)
            if entry is None:
                return None
            entries, key = entry
            if entries == "mixed" or entries != (common or entries) or key in keys:
                return None
            common = entries
            keys.add(key)
        return Content(kind="map", entries="maps" if common == "maps" else "lists")

    def _entry(self, cut: _Cut, text: bytes) -> tuple[str, str] | None:
        """Gives what the value of an entry is, and its key; None if it does not stand alone."""
        known = self._entries.setdefault((cut.form.name, cut.options), {})
        if text in known:
            return known[text]
        found = None
        try:
            document = cut.read(text)
        except FormatFault:
            document = None
        if document is not None and document.kind == "map" and len(document.value) == 1:
            self._documents[text] = document
            found = (summarize(document).entries, next(iter(document.value)))
        if len(known) > _MEMO_ITEMS:
            known.clear()
        known[text] = found
        return found

    def _found(self, document: Document, where: Location, path: str) -> _Found:
        found = list(records(document, where, path))
        keys = tuple([record.key for record in found])
        below = found[0].line - 1 if found else 0
        return keys, tuple([self._number(record) for record in found]), below


def _of_reading(found: Sequence[Location], reading: _Reading) -> Sequence[Location]:
    """Gives the tables that are declared to be read so; where none is, all."""
    return [where for where in found if (where.format, where.options) == reading] or found


def _all_in(found: tuple[Location, ...], forms: Container[Form]) -> tuple[Location, ...]:
    """Gives the tables if all are of some forms, else none."""
    return found if all(where.form in forms for where in found) else ()


def _fault(fault: FormatFault) -> Fault:
    return Fault(fault.message, fault.line, fault.column, fault.severity)


def _joined(results: Sequence[FileReading]) -> FileReading:
    tables = tuple(table for result in results for table in result.tables)
    faults = tuple(fault for result in results for fault in result.faults)
    return FileReading(tables, tuple(dict.fromkeys(faults)))
