"""Parquet files of record states: immutable, named by their content, checked when first opened."""

import hashlib
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from ingitdb.catalog.columns import type_of
from ingitdb.errors import CacheCorrupt
from ingitdb.model.shapes import Place
from ingitdb.snapshots.arrays import array_of
from ingitdb.snapshots.intervals import STANDING, Placement, StateRows
from ingitdb.snapshots.reading import fields_of

StoredColumn: TypeAlias = tuple[str, str, Place, frozenset[str]]
"""A stored column: its name, the field, what stands there, and the shapes that have no place in it."""
_ROW_GROUP = 20_000
_CHECKSUM_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A cache file as the manifest knows it.

    Attributes:
        name: The file's name in the data folder.
        checksum: BLAKE2b over the bytes, hexadecimal.
        size: In bytes.
        rows: How many rows it holds.
    """

    name: str
    checksum: str
    size: int
    rows: int


def checksum_of(path: Path) -> str:
    """Gives the checksum of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(
            stream, lambda: hashlib.blake2b(digest_size=_CHECKSUM_BYTES)
        ).hexdigest()


def verify(folder: Path, segment: Segment) -> Path:
    """Gives the path of a file whose bytes are those that were written.

    Raises:
        CacheCorrupt: The file is missing, shorter, longer or changed.
    """
    path = folder / segment.name
    try:
        if path.stat().st_size == segment.size and checksum_of(path) == segment.checksum:
            return path
    except OSError:
        pass
    raise CacheCorrupt(f"Cache file {segment.name} is damaged or missing.")


def write_table(folder: Path, kind: str, table: pa.Table) -> Segment:
    """Writes a table as a new file of the data folder, whole or not at all."""
    handle, name = tempfile.mkstemp(prefix=".new-", dir=folder)
    os.close(handle)
    temporary = Path(name)
    try:
        pq.write_table(
            table,
            temporary,
            compression="zstd",
            row_group_size=_ROW_GROUP,
            write_statistics=True,
            store_schema=False,
        )
        checksum = checksum_of(temporary)
        segment = Segment(
            name=f"{kind}-{checksum}.parquet",
            checksum=checksum,
            size=temporary.stat().st_size,
            rows=table.num_rows,
        )
        with temporary.open("rb") as stream:
            os.fsync(stream.fileno())
        temporary.replace(folder / segment.name)
    finally:
        temporary.unlink(missing_ok=True)
    return segment


def state_table(
    rows: StateRows,
    chosen: Sequence[int],
    payloads: Mapping[bytes, bytes],
    shapes: Mapping[str, int],
    columns: Sequence[StoredColumn],
) -> pa.Table:
    """Puts states into an Arrow table.

    Args:
        rows: The states.
        chosen: Which of them, in the order of the table.
        payloads: The packed fields of each digest.
        shapes: The number of each shape.
        columns: The columns to fill.
    """
    fields = _fields(rows, chosen, payloads)
    arrays: dict[str, Any] = {
        "_from": pa.array([rows.start[i] for i in chosen], pa.int32()),
        "_to": pa.array([rows.end[i] for i in chosen], pa.int32()),
        "_path": pa.array([rows.path[i] for i in chosen], pa.string()),
        "_key": pa.array([rows.key[i] for i in chosen], pa.string()),
        "_order": pa.array([rows.order[i] for i in chosen], pa.int64()),
        "_shape": pa.array([shapes[rows.shape[i]] for i in chosen], pa.int32()),
        "_digest": pa.array([rows.digest[i] for i in chosen], pa.binary()),
    }
    for column, name, place, odd in columns:
        values = [
            None if odd and rows.shape[row] in odd else found.get(name)
            for row, found in zip(chosen, fields, strict=True)
        ]
        arrays[column] = array_of(values, type_of(place), place)
    return pa.table(arrays)


def _fields(
    rows: StateRows, chosen: Sequence[int], payloads: Mapping[bytes, bytes]
) -> list[Mapping[str, Any]]:
    opened: dict[bytes, Mapping[str, Any]] = {}
    found = []
    for row in chosen:
        digest = rows.digest[row]
        fields = opened.get(digest)
        if fields is None:
            fields = opened[digest] = fields_of(payloads[digest])
        found.append(fields)
    return found


def in_file_order(rows: StateRows, *, standing: bool) -> list[int]:
    """Gives the rows that still stand, by path and place, or the others, the latest end first."""
    if standing:
        chosen = [i for i, end in enumerate(rows.end) if end == STANDING]
        return sorted(chosen, key=lambda i: (rows.path[i], rows.order[i]))
    chosen = [i for i, end in enumerate(rows.end) if end != STANDING]
    return sorted(chosen, key=lambda i: (-rows.end[i], rows.path[i], rows.order[i]))


def placement_table(placements: Sequence[Placement]) -> pa.Table:
    """Puts placements into an Arrow table."""
    return pa.table(
        {
            "path": pa.array([p.path for p in placements], pa.string()),
            "blob": pa.array([p.blob for p in placements], pa.string()),
            "location": pa.array([p.location for p in placements], pa.int32()),
            "_from": pa.array([p.start for p in placements], pa.int32()),
            "_to": pa.array([p.end for p in placements], pa.int32()),
        }
    )
