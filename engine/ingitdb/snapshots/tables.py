"""States, placements and shapes as Arrow tables, ready to be written."""

from collections.abc import Mapping, Sequence
from operator import attrgetter

import pyarrow as pa

from ingitdb.catalog.columns import type_of
from ingitdb.model.types import JSON
from ingitdb.snapshots.columns import StoredColumn, columns_of
from ingitdb.snapshots.intervals import STANDING, Placement, StateRows
from ingitdb.snapshots.states import States

_DIGEST_BYTES = 8
BY_PLACE = [("_path", "ascending"), ("_order", "ascending")]
"""The order of standing states."""
BY_END = [("_to", "descending"), *BY_PLACE]
"""The order of states that have ended."""


def state_table(
    rows: StateRows,
    chosen: Sequence[int],
    states: States,
    shapes: Mapping[int, int],
    columns: Sequence[StoredColumn],
) -> pa.Table:
    """Puts states into an Arrow table.

    Args:
        rows: The states.
        chosen: Which of them, in the order of the table.
        states: The fields of each value.
        shapes: The stored number of each shape.
        columns: The columns to fill.
    """
    values = [rows.value[i] for i in chosen]
    arrays = {
        "_from": pa.array([rows.start[i] for i in chosen], pa.int32()),
        "_to": pa.array([rows.end[i] for i in chosen], pa.int32()),
        "_path": pa.array([rows.path[i] for i in chosen], pa.string()),
        "_key": pa.array([rows.key[i] for i in chosen], pa.string()),
        "_order": pa.array([rows.order[i] for i in chosen], pa.int64()),
        "_shape": pa.array([shapes[states.shapes[v]] for v in values], pa.int32()),
        "_digest": pa.array([states.digests[v][:_DIGEST_BYTES] for v in values], pa.binary()),
    }
    found = columns_of(values, states, columns)
    for name, _, place, _ in columns:
        column = found[name]
        arrays[name] = _as_json(column) if type_of(place) == JSON else column
    return pa.table(arrays)


def _as_json(column: pa.ChunkedArray) -> pa.ChunkedArray:
    chunks = [pa.ExtensionArray.from_storage(pa.json_(), chunk) for chunk in column.chunks]
    return pa.chunked_array(chunks, pa.json_())


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
    placements = sorted(placements, key=attrgetter("path", "start", "location"))
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
