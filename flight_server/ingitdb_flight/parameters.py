"""Bound parameters: rows of Arrow, one a run, as the engine takes them."""

from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from ingitdb.execution.session import Values


def sets_of(names: list[str], rows: pa.Table | None) -> "list[Values | None]":
    """Gives a set of values for each row; one without values where nothing is bound.

    Args:
        names: Those of the statement's parameters; the columns of the rows are in their order.
        rows: What is bound.
    """
    if rows is None or not rows.num_columns:
        return [None]
    columns = [_plain(column).to_pylist() for column in rows.columns]
    if all(name.isdecimal() for name in names):
        return [list(values) for values in zip(*columns, strict=True)]
    given = names if len(names) == len(columns) else rows.column_names
    sets: list[Values | None] = []
    for values in zip(*columns, strict=True):
        named: dict[str, Any] = dict(zip(given, values, strict=True))
        sets.append(named)
    return sets


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Gives a column in a type whose Python values lose nothing."""
    kind = column.type
    if pa.types.is_timestamp(kind) and kind.unit == "ns":  # would need pandas
        return column.cast(pa.timestamp("us", kind.tz), safe=False)
    if pa.types.is_time64(kind) and kind.unit == "ns":
        return column.cast(pa.time64("us"), safe=False)
    if pa.types.is_duration(kind) and kind.unit == "ns":
        return column.cast(pa.duration("us"), safe=False)
    return column


def packed(rows: pa.Table | None) -> bytes:
    """Writes rows as bytes, to be kept in a ticket."""
    if rows is None or not rows.num_columns:
        return b""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as writer:
        writer.write_table(rows)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def unpacked(data: bytes) -> pa.Table | None:
    """Reads such bytes."""
    if not data:
        return None
    with pa.ipc.open_stream(data) as reader:
        return reader.read_all()
