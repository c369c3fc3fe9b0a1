"""Arrow IPC streams and Parquet, batch by batch."""

import io
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from ingitdb.errors import UsageError
from ingitdb_cli.output.rows import Rows, unique_names


class _Drain(io.RawIOBase):
    """Takes what a writer of Arrow's writes, and hands it on."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._position = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._position += len(part)
        return len(part)

    def drained(self) -> bytes:
        """Gives what has come since the last call."""
        found = b"".join(self._parts)
        self._parts.clear()
        return found


def arrow(rows: Rows) -> Iterator[bytes]:
    """Writes the Arrow IPC streaming format."""
    drain, schema = _Drain(), _schema(rows)
    with pa.ipc.new_stream(drain, schema) as writer:
        for batch in rows.batches:
            writer.write_batch(pa.RecordBatch.from_arrays(batch.columns, schema=schema))
            yield drain.drained()
    yield drain.drained()


def parquet(rows: Rows) -> Iterator[bytes]:
    """Writes a Parquet file.

    Raises:
        UsageError: A column has a type that Parquet does not know.
    """
    from pyarrow import parquet as files  # slow to import, and needed for this format alone

    drain, schema = _Drain(), _schema(rows)
    try:
        with files.ParquetWriter(drain, schema, compression="zstd") as writer:
            for batch in rows.batches:
                writer.write_batch(pa.RecordBatch.from_arrays(batch.columns, schema=schema))
                yield drain.drained()
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid) as error:
        raise _refusal(schema, str(error).splitlines()[0]) from error
    yield drain.drained()


def _refusal(schema: Any, reason: str) -> UsageError:
    """Says what Parquet cannot hold, and the cast that helps."""
    hint = "or choose another --format, such as arrow."
    for field in schema:
        if _holds_interval(field.type):
            name = field.name if field.name.isidentifier() else "…"
            return UsageError(
                f"Parquet cannot hold intervals: column {field.name!r} is {field.type}.",
                hint=f"Write CAST({name} AS VARCHAR) in the query, {hint}",
            )
    return UsageError(
        f"Parquet cannot hold this result: {reason}",
        hint=f"Cast the column, for example CAST(… AS VARCHAR), {hint}",
    )


def _holds_interval(kind: Any) -> bool:
    if pa.types.is_interval(kind):
        return True
    return any(_holds_interval(kind.field(i).type) for i in range(kind.num_fields))


def _schema(rows: Rows) -> Any:
    names = unique_names(rows.names)
    fields = [field.with_name(name) for field, name in zip(rows.schema, names, strict=True)]
    return pa.schema(fields)
