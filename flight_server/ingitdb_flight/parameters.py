"""Bound parameters: rows of Arrow, one a run, as the engine takes them."""

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ingitdb_flight.refusals import InvalidRequest

if TYPE_CHECKING:
    from ingitdb.execution.session import Values


def asked_for(parameters: pa.Schema) -> pa.Schema:
    """Gives the types that clients are asked to bind.

    Times are asked for in milliseconds: the JDBC driver writes such a number into whatever unit it
    is asked for. Other clients bind what they have.
    """
    return pa.schema([field.with_type(_in_milliseconds(field.type)) for field in parameters])


def _in_milliseconds(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_timestamp(kind):
        return pa.timestamp("ms", kind.tz)
    return pa.time32("ms") if pa.types.is_time(kind) else kind


def sets_of(names: list[str], rows: pa.Table | None) -> "list[Values | None]":
    """Gives a set of values for each row; one without values where nothing is bound.

    Args:
        names: Those of the statement's parameters; the columns of the rows are in their order.
        rows: What is bound.
    """
    if rows is None or not rows.num_columns:
        return [None]
    columns = [_values(column) for column in rows.columns]
    if all(name.isdecimal() for name in names):
        return [list(values) for values in zip(*columns, strict=True)]
    given = names if len(names) == len(columns) else rows.column_names
    sets: list[Values | None] = []
    for values in zip(*columns, strict=True):
        named: dict[str, Any] = dict(zip(given, values, strict=True))
        sets.append(named)
    return sets


def _values(column: pa.ChunkedArray) -> list[Any]:
    """Gives the values of a column as Python has them, as DuckDB takes them.

    Raises:
        InvalidRequest: There are nanoseconds in them, which would be lost.
    """
    kind = column.type
    if pa.types.is_map(kind):
        return [None if value is None else _map(value) for value in column.to_pylist()]
    if pa.types.is_interval(kind):
        return [None if value is None else _interval(value) for value in column.to_pylist()]
    if getattr(kind, "unit", "") != "ns":
        return list(column.to_pylist())
    try:
        return list(column.cast(_in_microseconds(kind)).to_pylist())
    except pa.ArrowInvalid:
        raise _too_fine() from None


def _in_microseconds(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", kind.tz)
    return pa.time64("us") if pa.types.is_time(kind) else pa.duration("us")


def _map(entries: list[tuple[Any, Any]]) -> dict[str, list[Any]]:
    return {"key": [key for key, _ in entries], "value": [value for _, value in entries]}


def _interval(value: Any) -> str:
    if value.nanoseconds % 1000:
        raise _too_fine()
    return f"{value.months} months {value.days} days {value.nanoseconds // 1000} microseconds"


def _too_fine() -> InvalidRequest:
    return InvalidRequest(
        "A parameter has nanoseconds; microseconds are the finest that can be bound.\n"
        "Round it, or bind text and cast it. (IGD-5001, SQLSTATE 22008)"
    )


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
