"""Rows of Arrow as Python has them; what Python has not is text, or refused."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ingitdb.errors import WriteError

_DAY = 86_400_000_000


def python_rows(table: pa.Table) -> list[dict[str, Any]]:
    """Gives the rows of a table; moments with nanoseconds as texts.

    Raises:
        WriteError: A date or time is one that Python cannot hold.
    """
    for at, column in enumerate(table.schema):
        if column.type == pa.timestamp("ns"):
            table = table.set_column(at, column.name, table.column(at).cast(pa.string()))
        if column.type == pa.time64("us"):
            _check(table.column(at))
    try:
        found: list[dict[str, Any]] = table.to_pylist()
    except (OverflowError, ValueError):
        raise WriteError(
            "Only dates of the years 1 to 9999 can be written, inside of others only such with"
            " microseconds.",
            hint="Make it text, in a column of the type VARCHAR.",
        ) from None
    return found


def _check(times: pa.ChunkedArray) -> None:
    latest = pc.max(times.cast(pa.int64())).as_py()
    if latest is not None and latest >= _DAY:
        raise WriteError("The time 24:00:00 cannot be written.", hint="Write 00:00:00, or text.")
