"""Uploads of Arrow into a table."""

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ingitdb.sql.names import spell
from ingitdb_flight.refusals import OURS, InvalidRequest, Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyarrow import flight

    from ingitdb_flight.session import Session

_CREATE = 1
_FAIL_EXISTS, _APPEND, _REPLACE = 1, 2, 3
_MOST_DIGITS = 38


def ingest(session: "Session", command: Any, read: "Callable[[], pa.Table]") -> int:
    """Adds what is uploaded to a table, as one commit or a part of the transaction.

    Args:
        session: Whose upload it is.
        command: Says which table, and what if it is there, or is not.
        read: Gives the rows.

    Returns:
        How many rows came.

    Raises:
        InvalidRequest: The options contradict each other, or another database is meant.
        NotFound: The transaction has ended that the upload belongs to.
        IngitdbError: The rows do not fit, or the table is there and should not be.
    """
    lane = session.lane(command.transaction_id)
    _check(command, lane.database.name)
    name = spell(command.schema, command.table) if command.schema else spell(command.table)
    options = command.table_definition_options
    rows = storable(read())
    mode = _mode(options.if_not_exist, options.if_exists)
    with lane.lock:
        session.check_upload(command.transaction_id)
        return lane.ingest(name, rows, mode, is_temporary=command.temporary)


def _check(command: Any, database: str) -> None:
    """Refuses what an upload cannot be told."""
    if command.catalog and command.catalog.casefold() != database.casefold():
        raise InvalidRequest(
            f"The session stands in {database}, not in {command.catalog!r}.\n"
            "USE the other database first. (IGD-5008, SQLSTATE 3D000)"
        )
    if command.options:
        names = ", ".join(sorted(command.options))
        raise Unsupported(f"An upload has no option {names} here. (IGD-5003, SQLSTATE 0A000)")
    if not command.table:
        raise InvalidRequest("The upload names no table. (IGD-1001)")


def _mode(if_not_exist: int, if_exists: int) -> str:
    """Gives the engine's word for what to do where a table is there, and where it is not."""
    if if_exists == _REPLACE:
        return "replace"
    if if_not_exist == _CREATE:
        return "create_append" if if_exists == _APPEND else "create"
    if if_exists == _FAIL_EXISTS:
        raise InvalidRequest("No table may be there, and none may be made. (IGD-1001)")
    return "append"


def uploaded(reader: "flight.MetadataRecordBatchReader", most: int) -> pa.Table:
    """Reads what a client sends, up to a limit.

    Raises:
        InvalidRequest: It has too many bytes, or is no Arrow.
    """
    batches, size = [], 0
    try:
        for chunk in reader:
            if chunk.data is None:
                continue
            size += chunk.data.nbytes
            if size > most:
                raise InvalidRequest(
                    f"The upload has more than {most:,} bytes.\n"
                    "Send it in parts. (IGD-5005, SQLSTATE 54000)"
                )
            batches.append(chunk.data)
        return pa.Table.from_batches(batches, reader.schema)
    except OURS:
        raise
    except (pa.ArrowException, ValueError):
        raise InvalidRequest("What was sent are no rows of Arrow. (IGD-1001)") from None


def storable(rows: pa.Table) -> pa.Table:
    """Gives rows in types that DuckDB reads: the next wider one for each that it does not.

    Raises:
        InvalidRequest: A value does not fit into the widest DECIMAL.
        Unsupported: There is no wider type.
    """
    schema = pa.schema([field.with_type(_wider(field.type)) for field in rows.schema])
    if schema == rows.schema:
        return rows
    try:
        return rows.cast(schema)
    except pa.ArrowInvalid as error:
        raise InvalidRequest(f"{error}. (IGD-6106, SQLSTATE 22003)") from None


def _wider(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_float16(kind):
        return pa.float32()
    if pa.types.is_decimal(kind):
        return _decimal(kind)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return pa.list_(kind.value_field.with_type(_wider(kind.value_type)))
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_wider(field.type)) for field in kind.fields])
    if pa.types.is_union(kind):
        raise Unsupported(
            "Files have no place for values of a union.\n"
            "Store them as a STRUCT. (IGD-5003, SQLSTATE 0A000)"
        )
    return kind


def _decimal(kind: pa.DataType) -> pa.DataType:
    """Gives the DECIMAL of DuckDB, of 38 digits at most and no scale below 0."""
    if kind.scale < 0:
        return pa.decimal128(min(kind.precision - kind.scale, _MOST_DIGITS), 0)
    if pa.types.is_decimal256(kind):
        scale = min(kind.scale, _MOST_DIGITS)
        return pa.decimal128(min(kind.precision, _MOST_DIGITS), scale)
    return kind
