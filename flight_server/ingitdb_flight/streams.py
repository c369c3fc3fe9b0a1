"""Results as streams of batches that every client takes: about four megabytes each."""

from collections.abc import Callable, Iterator

import pyarrow as pa

from ingitdb_flight.refusals import refusing_stream

_WANTED = 4 * 1024 * 1024
"""Bytes of a batch. Smaller ones cost calls; clients of Go refuse messages of more than 16 MiB."""


def stream(
    schema: pa.Schema, batches: Iterator[pa.RecordBatch], end: Callable[[], None]
) -> pa.RecordBatchReader:
    """Gives batches as a reader; `end` is called once it has ended, however that is."""
    return pa.RecordBatchReader.from_batches(schema, refusing_stream(_ending(batches, end)))


def _ending(batches: Iterator[pa.RecordBatch], end: Callable[[], None]) -> Iterator[pa.RecordBatch]:
    try:
        for batch in batches:
            yield from cut(batch)
    finally:
        end()


def cut(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Cuts a batch so that no part is much larger than wanted; a row is never cut."""
    size, rows = batch.nbytes, batch.num_rows
    if rows <= 1 or size <= 2 * _WANTED:
        yield batch
        return
    most = max(1, rows * _WANTED // size)
    for start in range(0, rows, most):
        yield from cut(batch.slice(start, most))
