"""States, placements and shapes as Arrow tables, ready to be written."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import pyarrow as pa

from ingitdb.catalog.columns import type_of
from ingitdb.model.shapes import Place
from ingitdb.snapshots.arrays import array_of
from ingitdb.snapshots.intervals import STANDING, Placement, StateRows
from ingitdb.snapshots.reading import fields_of

StoredColumn: TypeAlias = tuple[str, str, Place, frozenset[str]]
"""A stored column: its name, the field, what stands there, the shapes that have no place in it."""


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
        "_digest": pa.array([rows.digest[i][:8] for i in chosen], pa.binary()),
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


def shape_table(shapes: Sequence[str], standing: Mapping[str, int]) -> pa.Table:
    """Puts shapes, in the order of their numbers, into an Arrow table with how many stand."""
    return pa.table(
        {
            "number": pa.array(range(len(shapes)), pa.int32()),
            "shape": pa.array(shapes, pa.string()),
            "standing": pa.array([standing.get(shape, 0) for shape in shapes], pa.int64()),
        }
    )


def placement_table(placements: Sequence[Placement]) -> pa.Table:
    """Puts placements into an Arrow table, by path, so that a few paths are found fast."""
    placements = sorted(placements, key=lambda p: (p.path, p.start, p.location))
    return pa.table(
        {
            "path": pa.array([p.path for p in placements], pa.string()),
            "blob": pa.array([p.blob for p in placements], pa.string()),
            "header": pa.array([p.header or None for p in placements], pa.list_(pa.string())),
            "location": pa.array([p.location for p in placements], pa.int32()),
            "_from": pa.array([p.start for p in placements], pa.int32()),
            "_to": pa.array([p.end for p in placements], pa.int32()),
        }
    )
