"""Scalars as they stand in their files, for columns whose declared type asks for that text."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from ingitdb.model.identifiers import BlobId
from ingitdb.model.ports import BlobSource
from ingitdb.model.records import Value
from ingitdb.snapshots.packing import unpack
from ingitdb.snapshots.reading import Packed, Reader
from ingitdb.snapshots.segments import write_table
from ingitdb.snapshots.texts import json_text, source_text

if TYPE_CHECKING:
    from ingitdb.catalog.layout import Layout


def write_texts(
    files: Iterable[tuple[str, BlobId]],
    objects: BlobSource,
    layout: "Layout",
    storages: set[str],
    fields: Mapping[str, tuple[str, bool]],
    folder: Path,
) -> Path:
    """Writes the source text of some fields of every record, by path and place in the file.

    Args:
        files: Path and blob of each file of a table.
        objects: Where the blobs are.
        layout: How files are placed.
        storages: Those of the table.
        fields: For each column to write the field that it shows, and whether as JSON.
        folder: Where to write.
    """
    reader = Reader()
    blobs: dict[BlobId, list[str]] = {}
    for path, blob in files:
        blobs.setdefault(blob, []).append(path)
    rows: list[Sequence[str | int | None]] = []
    known: list[Packed] = []
    for blob, data in objects.read_many(blobs):
        for path in blobs[blob]:
            found = reader.read(layout, path, data).tables
            known += reader.take_new()
            states = [v for t in found if t.location.storage in storages for v in t.values]
            for number, state in enumerate(states, start=1):
                values = unpack(known[state].payload)
                texts = (_text(values.get(name), as_json) for name, as_json in fields.values())
                rows.append((path, number, *texts))
    columns = {"path": pa.string(), "place": pa.int64(), **dict.fromkeys(fields, pa.string())}
    made = {
        name: pa.array([row[at] for row in rows], kind)
        for at, (name, kind) in enumerate(columns.items())
    }
    return folder / write_table(folder, "texts", pa.table(made)).name


def _text(value: Value, as_json: bool) -> str | None:
    if value is None:
        return None
    return json_text(value) if as_json else source_text(value)
