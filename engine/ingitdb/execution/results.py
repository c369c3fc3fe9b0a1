"""The answer of a statement: its columns, and its rows as a stream of Arrow batches."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

import duckdb
import pyarrow as pa

from ingitdb.errors import LimitExceeded, StatementRefused
from ingitdb.model.identifiers import CommitId
from ingitdb.model.types import ColumnType, ListOf, MapOf, Scalar, Struct
from ingitdb.snapshots.arrays import arrow_type

BATCH_ROWS = 8_192
_AS_TEXT = frozenset(["UHUGEINT", "TIME WITH TIME ZONE", "BIT", "BIGNUM"])
"""What DuckDB gives to Arrow cut to 128 signed bits, without the offset, or as its own bytes."""
_LOST_INSIDE = re.compile(r"UHUGEINT|TIME WITH TIME ZONE")


def column_type(found: "duckdb.sqltypes.DuckDBPyType") -> ColumnType:
    """Turns a type of DuckDB's into ours."""
    if found.id not in ("list", "array", "struct", "map"):
        return Scalar(str(found))
    inner = [
        (name, column_type(child))
        for name, child in found.children
        if isinstance(child, duckdb.sqltypes.DuckDBPyType)  # an array has its size beside it
    ]
    if found.id == "struct":
        return Struct(tuple(inner))
    types = [kind for _, kind in inner]
    return MapOf(types[0], types[1]) if found.id == "map" else ListOf(types[0])


def carried(
    relation: "duckdb.DuckDBPyRelation", columns: Sequence[tuple[str, ColumnType]]
) -> "duckdb.DuckDBPyRelation":
    """Gives a result whose values Arrow carries: those that it has no type for become text.

    Raises:
        StatementRefused: Such values lie inside others.
    """
    kinds = [kind.sql for _, kind in columns]
    for kind in kinds:
        if kind not in _AS_TEXT and (found := _LOST_INSIDE.search(kind)) is not None:
            raise StatementRefused(
                f"Results cannot carry {found[0]} inside other values.",
                hint="Cast it, for instance to VARCHAR.",
            )
    if _AS_TEXT.isdisjoint(kinds):
        return relation
    shown = (
        f"CAST(#{n} AS VARCHAR)" if kind in _AS_TEXT else f"#{n}" for n, kind in enumerate(kinds, 1)
    )
    return relation.project(", ".join(shown))


def arrow_field(name: str, kind: ColumnType, plain: pa.DataType) -> pa.Field:
    """Gives the field of a result's column, of which DuckDB knows the plain Arrow type."""
    return pa.field(name, pa.string() if kind.sql in _AS_TEXT else plain)


class Result:
    """One answer; a context manager. The rows are made while they are read.

    Attributes:
        columns: Names and types.
        schema: The same as Arrow has it.
        notes: Remarks for the user, such as files that could not be read.
        commit: The commit that unversioned tables were read at.
        affected: How many records a write met; None for what is no write.
        is_count: Whether the one row but says that number.
    """

    def __init__(
        self,
        columns: list[tuple[str, ColumnType]],
        reader: pa.RecordBatchReader,
        commit: CommitId,
        *,
        max_rows: int | None = None,
        close: Callable[[], None] | None = None,
        translate: Callable[[Exception], Exception] | None = None,
    ) -> None:
        self.columns = columns
        self.commit = commit
        self.affected: int | None = None
        self.is_count = False
        self.notes: list[str] = []
        self._reader = reader
        self._names = [name for name, _ in columns]
        self.schema = pa.schema(
            [field.with_name(name) for field, name in zip(reader.schema, self._names, strict=True)]
        )
        self._max_rows = max_rows
        self._close = close
        self._translate = translate
        self._started = time.perf_counter()
        self._ended: float | None = None

    @property
    def elapsed(self) -> timedelta:
        """The time from the start of the statement to its last row, or to now."""
        return timedelta(seconds=(self._ended or time.perf_counter()) - self._started)

    def since(self, started: float) -> Self:
        """Counts the time from an earlier reading of the clock."""
        self._started = started
        return self

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Gives the rows, batch by batch.

        Raises:
            LimitExceeded: There are more rows, or it takes longer, than the settings allow.
        """
        rows = 0
        while (batch := self._next()) is not None:
            rows += batch.num_rows
            if self._max_rows is not None and rows > self._max_rows:
                self.close()
                raise LimitExceeded(
                    f"The result has more than {self._max_rows} rows.",
                    hint="Add a LIMIT, or raise max_rows.",
                )
            yield batch
        self._ended = time.perf_counter()
        self.close()

    def reader(self) -> pa.RecordBatchReader:
        """Gives the rows as an Arrow stream."""
        return pa.RecordBatchReader.from_batches(self.schema, self.batches())

    def close(self) -> None:
        """Gives up what is not read yet."""
        if self._close is not None:
            self._reader.close()
            close, self._close = self._close, None
            close()

    def _next(self) -> pa.RecordBatch | None:
        try:
            batch = self._reader.read_next_batch()
        except StopIteration:
            return None
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            if self._translate is None:
                raise
            raise self._translate(error) from None
        return pa.RecordBatch.from_arrays(batch.columns, schema=self.schema)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def table_result(
    columns: list[tuple[str, ColumnType]], rows: list[tuple[Any, ...]], commit: CommitId
) -> Result:
    """Makes a result of rows that are already there."""
    names = [name for name, _ in columns]
    arrays = [
        pa.array([row[at] for row in rows], arrow_type(kind, nested=True))
        for at, (_, kind) in enumerate(columns)
    ]
    table = pa.Table.from_arrays(arrays, names=names)
    return Result(columns, table.to_reader(), commit, close=lambda: None)


def count_result(count: int, commit: CommitId) -> Result:
    """Makes the answer of a write: how many records it met."""
    result = table_result([("Count", Scalar("BIGINT"))], [(count,)], commit)
    result.is_count = True
    result.affected = count
    return result
