"""The cursor of a connection to a server."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Self

from ingitdb.api.bases import BaseCursor, check_given
from ingitdb.api.columns import values
from ingitdb.api.dbapi import InterfaceError
from ingitdb_dbapi.failures import translated
from ingitdb_dbapi.kinds import name_of
from ingitdb_dbapi.statements import Statement

if TYPE_CHECKING:
    import pyarrow as pa

    from ingitdb_dbapi.connection import Connection
    from ingitdb_dbapi.parameters import Parameters


class Cursor(BaseCursor):
    """Runs statements and gives their rows, as PEP 249 describes; also as Arrow.

    `BaseCursor` says what its attributes are.
    """

    def __init__(self, connection: "Connection") -> None:
        super().__init__()
        self.connection = connection
        self._sql: str | None = None
        self._statement: Statement | None = None
        self._reader: pa.RecordBatchReader | None = None
        self._is_open = True

    def execute(self, sql: str, parameters: "Parameters | None" = None) -> Self:
        """Runs a statement; parameters are `?` with a sequence or `$name` with a mapping.

        Raises:
            Error: One of PEP 249's classes, with the server's code and hint.
        """
        return self._run(sql, [() if parameters is None else parameters])

    def executemany(self, sql: str, parameters: "Iterable[Parameters]") -> Self:
        """Runs a statement once for each set of parameters, all or none, in one call.

        With `autocommit` they are one commit. `rowcount` counts the records of all.
        """
        if sets := list(parameters):
            return self._run(sql, sets)
        self._check()
        self._drop()
        self.rowcount = -1
        return self

    def _run(self, sql: str, sets: "Sequence[Parameters]") -> Self:
        self._check()
        self._drop()
        check_given(sql, sets)
        with self.connection._following(sql):
            statement = self._prepared(sql)
            reader = statement.run(sets)
        self.rowcount = statement.rowcount
        if reader.schema.names:
            self.description = [
                (field.name, name_of(field), None, None, None, None, None)
                for field in reader.schema
            ]
            self._reader = reader
            self._rows = self._tuples()
        return self

    def _prepared(self, sql: str) -> Statement:
        """Gives the statement; the last one again where the text is the same."""
        if self._statement is None or self._sql != sql:
            self._forget()
            self._statement = self.connection._prepared(sql)
            self._sql = sql
        return self._statement

    def reader(self) -> "pa.RecordBatchReader":
        """Gives the rows as an Arrow stream, which holds few batches at a time."""
        import pyarrow

        reader = self._expect()
        return pyarrow.RecordBatchReader.from_batches(reader.schema, self._batches())

    def arrow(self) -> "pa.Table":
        """Gives the rows as an Arrow table."""
        reader = self._expect()
        with translated():
            return reader.read_all()

    fetch_record_batch = reader
    fetch_arrow_table = arrow

    def cancel(self) -> None:
        """Stops what runs; callable from another thread."""
        if self._statement is not None:
            with translated():
                self._statement.cancel()

    def close(self) -> None:
        """Lets go of the result and the statement."""
        self._drop()
        self._forget()
        self._is_open = False
        self.connection._cursors.discard(self)

    def _check(self) -> None:
        if not self._is_open or self.connection._is_closed:
            raise InterfaceError("The cursor or its connection is closed.", code="IGD-1001")

    def _expect(self) -> "pa.RecordBatchReader":
        self._check()
        if self._reader is None:
            raise InterfaceError("There is no result: execute a query first.", code="IGD-1001")
        return self._reader

    def _drop(self) -> None:
        if self._reader is not None:
            self._reader.close()
        self._reader = None
        self._rows = iter(())
        self.description = None

    def _forget(self) -> None:
        if self._statement is not None:
            self._statement.close()
        self._statement = None

    def _batches(self) -> "Iterator[pa.RecordBatch]":
        reader = self._expect()
        with translated():
            yield from reader

    def _tuples(self) -> Iterator[tuple[Any, ...]]:
        kinds = [column[1] for column in self.description or ()]
        for batch in self._batches():
            yield from zip(*map(values, batch.columns, kinds), strict=True)
