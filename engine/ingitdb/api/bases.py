"""What connections and cursors of PEP 249 have in common, whether they reach a disk or a server."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from ingitdb.api import dbapi
from ingitdb.api.dbapi import translated

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from ingitdb.execution.ingesting import IngestMode

Answer = TypeVar("Answer")
SERIALIZATION_FAILURE = "40001"
"""The SQLSTATE of what can be tried again."""


def check_given(sql: Any, sets: Iterable[Any]) -> None:
    """Returns if something can be a statement, and other things sets of its parameters.

    Raises:
        ProgrammingError: The statement is no text, or a set of parameters is one.
    """
    hint = None
    if not isinstance(sql, str):
        message = f"A statement is text, not {type(sql).__name__}."
    elif not _can_be_sent(sql):
        message = "The statement has a zero byte or half a surrogate: write chr(0) in SQL."
    elif any(isinstance(values, str | bytes) for values in sets):
        message = "Parameters are a sequence or a mapping, not one text."
        hint = "`?` takes a sequence, `$name` a mapping."
    else:
        return
    raise dbapi.ProgrammingError(message, code="IGD-5002", sqlstate="42601", hint=hint)


def _can_be_sent(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


class BaseCursor(ABC):
    """The rows of a statement, one after another; also as Arrow and as data frames.

    Attributes:
        description: For each column (name, type, None, None, None, None, None); None before the
            first statement and after one without a result. The type is DuckDB's name for it.
        rowcount: How many records a write met; -1 for a query, whose rows are made while they are
            read.
        arraysize: How many rows `fetchmany` gives unless told otherwise.
    """

    def __init__(self) -> None:
        self.arraysize = 1
        self.rowcount = -1
        self.description: list[tuple[Any, ...]] | None = None
        self._rows: Iterator[tuple[Any, ...]] = iter(())

    def fetchone(self) -> tuple[Any, ...] | None:
        """Gives the next row, or None."""
        self._expect()
        with translated():
            return next(self._rows, None)

    def fetchmany(self, size: int | None = None) -> list[tuple[Any, ...]]:
        """Gives the next rows, at most `size`, else `arraysize`."""
        self._expect()
        count = self.arraysize if size is None else size
        with translated():
            return list(islice(self._rows, max(count, 0)))

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Gives all remaining rows."""
        self._expect()
        with translated():
            return list(self._rows)

    @abstractmethod
    def reader(self) -> "pa.RecordBatchReader":
        """Gives the rows as an Arrow stream."""

    def arrow(self) -> "pa.Table":
        """Gives the rows as an Arrow table."""
        return self.reader().read_all()

    def pl(self) -> "pl.DataFrame":
        """Gives the rows as a polars data frame."""
        import polars

        found = polars.from_arrow(self.arrow())
        if not isinstance(found, polars.DataFrame):
            raise TypeError(type(found))
        return found

    def df(self) -> "pd.DataFrame":
        """Gives the rows as a pandas data frame."""
        frame: pd.DataFrame = self.arrow().to_pandas()
        return frame

    @abstractmethod
    def close(self) -> None:
        """Lets go of the result."""

    def setinputsizes(self, sizes: Sequence[Any]) -> None:  # noqa: B027 - for all
        """Does nothing, as PEP 249 allows."""

    def setoutputsize(self, size: int, column: int | None = None) -> None:  # noqa: B027
        """Does nothing, as PEP 249 allows."""

    def __iter__(self) -> Self:
        self._expect()
        return self

    def __next__(self) -> tuple[Any, ...]:
        self._expect()
        with translated():
            return next(self._rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @abstractmethod
    def _expect(self) -> Any:
        """Returns if there is a result."""


class BaseConnection(ABC):
    """A transaction that the first statement that writes opens; a context manager.

    As a context manager it commits at the end, or rolls back after an error, and closes.
    """

    Error = dbapi.Error
    Warning = dbapi.Warning
    InterfaceError = dbapi.InterfaceError
    DatabaseError = dbapi.DatabaseError
    DataError = dbapi.DataError
    OperationalError = dbapi.OperationalError
    IntegrityError = dbapi.IntegrityError
    InternalError = dbapi.InternalError
    ProgrammingError = dbapi.ProgrammingError
    NotSupportedError = dbapi.NotSupportedError
    _is_closed = False

    @abstractmethod
    def commit(self, message: str | None = None, *, author: str | None = None) -> str | None:
        """Ends the transaction; what it wrote becomes one commit.

        Args:
            message: What the commit says; made of the statements where it is None.
            author: Who made the change, as `Name <address>`; as git, or the server, says where
                it is None.

        Returns:
            The new commit; None if nothing was written.

        Raises:
            OperationalError: Someone else has changed the same records (`sqlstate` 40001), or the
                commit cannot be made.
        """

    @abstractmethod
    def rollback(self) -> None:
        """Ends the transaction; what it wrote is forgotten."""

    @abstractmethod
    def ingest(self, table: str, data: Any, mode: "IngestMode" = "append") -> int:
        """Adds rows of Arrow to a table, as one commit or as a part of the transaction.

        Args:
            table: The table's name, perhaps with its schema and in double quotes.
            data: Whatever gives a stream of Arrow: a table, a reader, a data frame of polars.
            mode: `append` to a table that is there, `create` one that is not, `replace` it, or
                `create_append` to create it if need be.

        Returns:
            How many rows were added.

        Raises:
            IntegrityError: A row contradicts what is declared.
            Error: The rows do not fit the table, or the commit cannot be made.
        """

    @abstractmethod
    def close(self) -> None:
        """Frees everything; a transaction that is open is rolled back."""

    def run(self, work: Callable[[Self], Answer], *, tries: int = 10) -> Answer:
        """Does some work in a transaction and commits it; again where it clashes with others.

        Args:
            work: Is called with this connection, once for each try.
            tries: How often to try.

        Raises:
            OperationalError: It has clashed in each try (`sqlstate` 40001).
        """
        for left in reversed(range(tries)):
            try:
                answer = work(self)
                self.commit()
            except BaseException as error:
                self.rollback()
                if left and getattr(error, "sqlstate", None) == SERIALIZATION_FAILURE:
                    continue
                raise
            return answer
        raise AssertionError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None and not self._is_closed:
                self.commit()
        finally:
            self.close()

    def _check(self) -> None:
        if self._is_closed:
            raise dbapi.InterfaceError("The connection is closed.", code="IGD-1001")
