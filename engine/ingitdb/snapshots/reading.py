"""One file into the states of its records: parsed once per content, known by their values."""

import hashlib
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ingitdb.catalog.content import Content, summarize
from ingitdb.catalog.layout import Layout
from ingitdb.catalog.records import header_of, records
from ingitdb.formats.registry import by_name, by_path
from ingitdb.model.ports import Format
from ingitdb.model.records import (
    DEFAULT_OPTIONS,
    Chunk,
    Chunks,
    Document,
    FormatFault,
    ReadOptions,
    Record,
)
from ingitdb.model.shapes import shape_of
from ingitdb.model.tables import Form, Location

MOST_BYTES = 256 * 1024 * 1024
"""Files beyond this are reported, not read."""
_LFS_MARK = b"version https://git-lfs.github.com/spec/"
_FEWEST_BYTES = 8192
"""A smaller file is read whole: cutting it would cost as much."""
_MEMO_ITEMS = 200_000


@dataclass(frozen=True, slots=True)
class State:
    """One record as it stands in a file.

    Attributes:
        key: The key outside the fields, or None.
        line: The first line, counted from 1.
        digest: A hash of the values with their names, order and spelling.
        shape: The record's shape.
    """

    key: str | None
    line: int
    digest: bytes
    shape: str


@dataclass(frozen=True, slots=True)
class FileStates:
    """What one file gives to one table.

    Attributes:
        header: The columns that the file names, whatever its records hold; empty if it names none.
    """

    location: Location
    states: tuple[State, ...]
    header: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a file, or its part for one table, could not be read."""

    message: str
    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True)
class FileReading:
    """What a file holds: states per table, and what went wrong."""

    tables: tuple[FileStates, ...] = ()
    faults: tuple[Fault, ...] = ()


class Reader:
    """Reads files; remembers the items of many-record files, so that each is parsed once.

    Attributes:
        payloads: The pickled fields of each digest that was met since the last `take_payloads`.
    """

    def __init__(self) -> None:
        self._items: dict[tuple[Any, ...], tuple[Any, ...]] = {}
        self._sent: set[bytes] = set()
        self._payloads: dict[bytes, bytes] = {}

    def take_payloads(self) -> dict[bytes, bytes]:
        """Gives the fields of the digests that are new since the last call."""
        taken, self._payloads = self._payloads, {}
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
        by_reading = {(where.format, where.options): where for where in declared}
        if not declared:
            return self._discovered(layout, path, data)
        results = [
            self._as(layout, path, data, (name, options), declared) for name, options in by_reading
        ]
        return _joined(results)

    def _discovered(self, layout: Layout, path: str, data: bytes) -> FileReading:
        return self._as(layout, path, data, (None, DEFAULT_OPTIONS), ())

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
            found = layout.locate(path, summarize(document))
        except FormatFault as fault:
            return FileReading(faults=(Fault(fault.message, fault.line, fault.column),))
        wanted = [where for where in found if (where.format, where.options) == reading] or found
        return self._tables(document, path, wanted)

    def _tables(self, document: Document, path: str, found: Sequence[Location]) -> FileReading:
        tables = []
        faults = []
        for where in found:
            try:
                states = tuple(self._state(record) for record in records(document, where, path))
            except FormatFault as fault:
                faults.append(Fault(fault.message, fault.line, fault.column))
                states = ()
            tables.append(FileStates(where, states, header_of(document.columns, where)))
        return FileReading(tuple(tables), tuple(faults))

    def _state(self, record: Record) -> State:
        digest = hashlib.blake2b(repr(record.fields).encode("utf-8", "surrogatepass")).digest()[:16]
        if digest not in self._sent:
            self._sent.add(digest)
            fields = record.fields if isinstance(record.fields, dict) else dict(record.fields)
            self._payloads[digest] = pickle.dumps(fields, protocol=5)
        return State(record.key, record.line, digest, shape_of(record.fields))

    def _by_items(self, layout: Layout, form: Format, path: str, data: bytes) -> FileReading | None:
        """Reads a file of rows item by item; None where its items do not stand alone."""
        chunks = form.split(data) if len(data) >= _FEWEST_BYTES else None
        if chunks is None or not chunks.items or chunks.kind == "map":
            return None
        located = layout.locate(path, Content(kind=chunks.kind))
        if len(located) != 1 or located[0].form != Form.ROWS:
            return None
        where = located[0]
        states: list[State] = []
        faults: list[Fault] = []
        for chunk in chunks.items:
            try:
                found = self._item_states(form, chunk, chunks, where, path)
            except FormatFault as fault:  # only this item is lost
                faults.append(Fault(fault.message, fault.line, fault.column))
                continue
            states += [State(s.key, chunk.line, s.digest, s.shape) for s in found]
        header = header_of(chunks.columns, where)
        return FileReading((FileStates(where, tuple(states), header),), tuple(faults))

    def _item_states(
        self, form: Format, chunk: Chunk, chunks: Chunks, where: Location, path: str
    ) -> tuple[State, ...]:
        known = (form.name, where.storage, chunks.header, chunk.data)
        states = self._items.get(known)
        if states is None:
            document = form.read_chunk(chunk, chunks)
            states = tuple(self._state(record) for record in records(document, where, path))
            if len(self._items) > _MEMO_ITEMS:
                self._items.clear()
            self._items[known] = states
        return states


def _joined(results: Sequence[FileReading]) -> FileReading:
    tables = tuple(table for result in results for table in result.tables)
    faults = tuple(fault for result in results for fault in result.faults)
    return FileReading(tables, tuple(dict.fromkeys(faults)))


def fields_of(payload: bytes) -> Mapping[str, Any]:
    """Opens the fields that a `Reader` of this program packed; never used on stored bytes."""
    fields: Mapping[str, Any] = pickle.loads(payload)  # noqa: S301 - made by our own process
    return fields
