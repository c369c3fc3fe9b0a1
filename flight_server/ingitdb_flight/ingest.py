"""Uploads of Arrow into a table."""

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ingitdb.sql.names import spell
from ingitdb_flight.refusals import InvalidRequest, Unsupported

if TYPE_CHECKING:
    from pyarrow import flight

    from ingitdb_flight.sessions import Session

_CREATE = 1
_FAIL_EXISTS, _APPEND, _REPLACE = 1, 2, 3


def ingest(
    session: "Session", command: Any, reader: "flight.MetadataRecordBatchReader", most: int
) -> int:
    """Adds what is uploaded to a table, as one commit or a part of the transaction.

    Args:
        session: Whose upload it is.
        command: Says which table, and what if it is there, or is not.
        reader: The rows.
        most: Bytes that they may have.

    Returns:
        How many rows came.

    Raises:
        InvalidRequest: The rows have too many bytes, or the options contradict each other.
        IngitdbError: The rows do not fit, or the table is there and should not be.
    """
    if command.temporary:
        raise Unsupported(
            "There are no temporary tables: each table is files of the repository.\n"
            "Create a table on a branch of its own. (IGD-5003, SQLSTATE 0A000)"
        )
    lane = session.lane(command.transaction_id)
    name = spell(command.schema, command.table) if command.schema else spell(command.table)
    options = command.table_definition_options
    return lane.ingest(name, _rows(reader, most), _mode(options.if_not_exist, options.if_exists))


def _mode(if_not_exist: int, if_exists: int) -> str:
    """Gives the engine's word for what to do where a table is there, and where it is not."""
    if if_exists == _REPLACE:
        return "replace"
    if if_not_exist == _CREATE:
        return "create_append" if if_exists == _APPEND else "create"
    if if_exists == _FAIL_EXISTS:
        raise InvalidRequest("A table that is neither there nor not there takes no rows. (IGD-1001)")
    return "append"


def _rows(reader: "flight.MetadataRecordBatchReader", most: int) -> pa.Table:
    """Reads the upload, up to a limit."""
    batches, size = [], 0
    for chunk in reader:
        size += chunk.data.nbytes
        if size > most:
            raise InvalidRequest(
                f"The upload has more than {most:,} bytes.\n"
                "Send it in parts. (IGD-5005, SQLSTATE 54000)"
            )
        batches.append(chunk.data)
    return pa.Table.from_batches(batches, reader.schema)

