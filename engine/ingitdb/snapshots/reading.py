"""One file into the states of its records: parsed once per content, known by their values."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from ingitdb.catalog.content import Content, summarize
from ingitdb.catalog.layout import Layout
from ingitdb.catalog.records import header_of, records
from ingitdb.formats.registry import by_name, by_path, extension_of
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
"""A smaller file is read whole: cutting it would cost as much."""
_MEMO_ITEMS = 200_000


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
        lines: The first lines, counted from 1.
        header: The columns that the file names, whatever its records hold; empty if it names none.
    """

    location: Location
    keys: tuple[str | None, ...]
    values: tuple[int, ...]
    lines: tuple[int, ...]
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


_Found: TypeAlias = tuple[tuple[str | None, ...], tuple[int, ...]]
"""The keys and the numbers of the fields of the records of one item."""


class Reader:
    """Reads files; remembers the items of many-record files, so that each is parsed once."""

    def __init__(self) -> None:
        self._items: dict[tuple[str, str, bytes], dict[bytes, _Found]] = {}
        self._entries: dict[tuple[str, bytes], tuple[str, str] | None] = {}
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
            return self._as(layout, path, data, (None, DEFAULT_OPTIONS), ())
        by_reading = {(where.format, where.options): where for where in declared}
        results = [
            self._as(layout, path, data, (name, options), declared) for name, options in by_reading
        ]
        return _joined(results)

    def _as(
        self,
        layout: Layout,
        path: str,
        data: bytes,
        reading: tuple[str | None, ReadOptions],
        declared: Sequence[Location],
    ) -> FileReading:
        name, options = reading
        form = by_name(name) if name is not None else by_path(path)
        if form is None:
            return FileReading(faults=(Fault(f"No format reads {name or path!r}."),))
        try:
            if not declared and (cut := self._by_items(layout, form, path, data)) is not None:
                return cut
            document = form.read(data, options)
            found = self._located(layout, path, document)
        except FormatFault as fault:
            return FileReading(faults=(_fault(fault),))
        wanted = [where for where in found if (where.format, where.options) == reading] or found
        return self._tables(document, path, wanted)

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

    def _by_items(self, layout: Layout, form: Format, path: str, data: bytes) -> FileReading | None:
        """Reads a file item by item; None where its items do not stand alone."""
        chunks = form.split(data) if len(data) >= _FEWEST_BYTES else None
        if chunks is None or not chunks.items:
            return None
        self._documents.clear()
        where = self._located_by_items(layout, form, path, chunks)
        if where is None:
            return None
        known = self._items.setdefault((form.name, where.storage, chunks.header), {})
        keys: list[str | None] = []
        values: list[int] = []
        lines: list[int] = []
        faults: list[Fault] = []
        for chunk in chunks.items:
            found = known.get(chunk.data)
            if found is None:
                try:
                    document = self._documents.get(chunk.data) or form.read_chunk(chunk, chunks)
                    found = known[chunk.data] = self._found(document, where, path)
                except FormatFault as fault:
                    if chunks.kind == "map":
                        return None
                    faults.append(_fault(fault))  # only this item is lost
                    continue
            keys += found[0]
            values += found[1]
            lines += [chunk.line] * len(found[1])
        if len(known) > _MEMO_ITEMS:
            known.clear()
        header = header_of(chunks.columns, where)
        states = FileStates(where, tuple(keys), tuple(values), tuple(lines), header)
        return FileReading((states,), tuple(faults))

    def _located_by_items(
        self, layout: Layout, form: Format, path: str, chunks: Chunks
    ) -> Location | None:
        """Places a file by the outlines of its items; None if its records are not its items."""
        content: Content | None = Content(kind=chunks.kind)
        wanted: tuple[Form, ...] = (Form.ROWS,)
        if chunks.kind == "map":
            slot = layout.claim(path).slot
            content = None
            if slot is not None and slot.container and path not in self._uncut:
                content = self._outline(form, chunks)
                wanted = (Form.ENTRIES, Form.ENTRY_ITEMS)
        located = layout.locate(path, content) if content is not None else ()
        if len(located) == 1 and located[0].form in wanted:
            return located[0]
        if chunks.kind == "map":  # so that its entries are not read in vain again
            self._uncut.add(path)
        return None

    def _outline(self, form: Format, chunks: Chunks) -> Content | None:
        """Outlines a map by its entries; None if they are not all maps or all lists of maps."""
        keys: set[str] = set()
        common: str | None = None
        for chunk in chunks.items:
            entry = self._entry(form, chunk, chunks)
            if entry is None:
                return None
            entries, key = entry
            if entries == "mixed" or entries != (common or entries) or key in keys:
                return None
            common = entries
            keys.add(key)
        return Content(kind="map", entries="maps" if common == "maps" else "lists")

    def _entry(self, form: Format, chunk: Chunk, chunks: Chunks) -> tuple[str, str] | None:
        """Gives what the value of an entry is, and its key; None if it does not stand alone."""
        known = (form.name, chunk.data)
        if known in self._entries:
            return self._entries[known]
        found = None
        try:
            document = form.read_chunk(chunk, chunks)
        except FormatFault:
            document = None
        if document is not None and document.kind == "map" and len(document.value) == 1:
            self._documents[chunk.data] = document
            found = (summarize(document).entries, next(iter(document.value)))
        if len(self._entries) > _MEMO_ITEMS:
            self._entries.clear()
        self._entries[known] = found
        return found

    def _found(self, document: Document, where: Location, path: str) -> _Found:
        found = list(records(document, where, path))
        keys = tuple([record.key for record in found])
        return keys, tuple([self._number(record) for record in found])


def _fault(fault: FormatFault) -> Fault:
    return Fault(fault.message, fault.line, fault.column, fault.severity)


def _joined(results: Sequence[FileReading]) -> FileReading:
    tables = tuple(table for result in results for table in result.tables)
    faults = tuple(fault for result in results for fault in result.faults)
    return FileReading(tables, tuple(dict.fromkeys(faults)))
