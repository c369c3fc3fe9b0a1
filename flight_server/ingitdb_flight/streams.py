"""Results on their way to clients: the first rows at once, each batch made while one is sent."""

from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from itertools import chain
from typing import TYPE_CHECKING, Self

import pyarrow as pa

from ingitdb.execution.results import BATCH_ROWS
from ingitdb_flight.column_fields import typed_fields
from ingitdb_flight.refusals import refusing_stream

if TYPE_CHECKING:
    from ingitdb.execution.results import Result

_WANTED = 4 * 1024 * 1024
"""Bytes of a batch. Smaller ones cost calls; clients of Go refuse messages of more than 16 MiB."""
_AHEAD = 16 * 1024 * 1024
"""So many bytes are made ahead of the batch that is sent."""
_MOST_AHEAD = 5
"""So many batches are made ahead at most."""


class Stream:
    """A result as it is sent.

    Attributes:
        result: What is sent.
        schema: Its columns, with what clients of Flight SQL want to know of them.
    """

    def __init__(self, result: "Result") -> None:
        self.result = result
        self.schema = typed_fields(result.schema, result.columns)
        self._batches = result.batches()
        self._first: list[pa.RecordBatch] = []
        self._is_whole = False

    def begin(self) -> Self:
        """Makes the first rows; if those are all, nothing but they is held from now on.

        Raises:
            IngitdbError: They cannot be made.
        """
        try:
            first = next(self._batches, None)
            self._first = [] if first is None else [first]
            if first is None or (first.num_rows < BATCH_ROWS and first.nbytes <= _WANTED):
                more = next(self._batches, None)
                self._is_whole = more is None
                self._first += [] if more is None else [more]
        except BaseException:
            self.close()
            raise
        return self

    def rows(self) -> pa.RecordBatchReader | pa.Table:
        """Gives the rows, once; the result is let go of when they end, however that is."""
        if self._is_whole:
            return pa.Table.from_batches(self._first, self.schema)
        return pa.RecordBatchReader.from_batches(self.schema, refusing_stream(self._sent()))

    def close(self) -> None:
        """Gives up what is not sent yet."""
        self.result.close()

    def _sent(self) -> Iterator[pa.RecordBatch]:
        try:
            # whoever reads ahead must have ended before the result is closed
            with closing(_read_ahead(_joined(chain(self._first, self._batches)))) as batches:
                for batch in batches:
                    yield from cut(batch)
        finally:
            self.close()


def _joined(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Puts small batches together."""
    held: list[pa.RecordBatch] = []
    size = 0
    for batch in batches:
        held.append(batch)
        size += batch.nbytes
        if size >= _WANTED // 2:
            yield _one(held)
            held, size = [], 0
    if held:
        yield _one(held)


def _one(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    return batches[0] if len(batches) == 1 else pa.concat_batches(batches)


def _read_ahead(batches: Iterator[pa.RecordBatch]) -> Generator[pa.RecordBatch]:
    """Makes batches while earlier ones are sent, as many as the memory for it takes."""
    reader = ThreadPoolExecutor(1, "read ahead")
    coming: deque[Future[pa.RecordBatch | None]] = deque()
    try:
        while (batch := _next(coming, batches)) is not None:
            room = min(_AHEAD // max(1, batch.nbytes), _MOST_AHEAD)
            while len(coming) < room:
                coming.append(reader.submit(next, batches, None))
            yield batch
    finally:
        reader.shutdown(cancel_futures=True)


def _next(
    coming: "deque[Future[pa.RecordBatch | None]]", batches: Iterator[pa.RecordBatch]
) -> pa.RecordBatch | None:
    """Takes the batch that was made first, else makes one."""
    return coming.popleft().result() if coming else next(batches, None)


def cut(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Cuts a batch so that no part is much larger than wanted; a row is never cut."""
    size, rows = batch.nbytes, batch.num_rows
    if rows <= 1 or size <= 2 * _WANTED:
        yield batch
        return
    most = max(1, rows * _WANTED // size)
    for start in range(0, rows, most):
        yield from cut(batch.slice(start, most))
