"""One statement of ADBC: prepared once, run with rows of parameters, read as Arrow."""

import contextlib
import random
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import adbc_driver_manager as adbc
import pyarrow as pa
from adbc_driver_manager._lib import _blocking_call

from ingitdb.api.dbapi import InterfaceError, ProgrammingError
from ingitdb_dbapi.failures import failure, is_unreachable, translated

if TYPE_CHECKING:
    from ingitdb_dbapi.parameters import Parameters

Answer = TypeVar("Answer")
_READING = re.compile(r"\s*(?:SELECT|FROM|VALUES|TABLE|SHOW|DESCRIBE|SUMMARIZE|WITH)\b", re.I)
_WRITING = re.compile(r"\b(?:INSERT|UPDATE|DELETE|MERGE|CALL|COPY|CREATE|COMMIT)\b", re.I)
MODES = ("append", "create", "replace", "create_append")
"""What an upload can do where its table is there, or is not."""
_FORGOTTEN = "26000"
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0


def is_read(sql: str) -> bool:
    """Tells whether a statement surely only reads; one with a word of writing anywhere does not.

    Example:
        >>> is_read("SELECT 1"), is_read("WITH a AS (SELECT 1) INSERT INTO t FROM a")
        (True, False)
    """
    return _READING.match(sql) is not None and _WRITING.search(sql) is None


@dataclass(frozen=True, slots=True)
class Retries:
    """Asks again, ever later, while the server cannot be reached.

    Attributes:
        tries: How often at most.
    """

    tries: int

    def ask(self, question: Callable[[], Answer]) -> Answer:
        """Asks until there is an answer, or it has been tried too often."""
        pause = _FIRST_PAUSE
        for _ in range(self.tries - 1):
            try:
                return question()
            except adbc.Error as error:
                if not is_unreachable(error):
                    raise
            time.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - so that clients part
            pause = min(2 * pause, _LONGEST_PAUSE)
        return question()


class Statement:
    """A statement, prepared by the server; it can be run again.

    Attributes:
        names: Its parameters in order: numbers for `?`.
        rowcount: How many records the last run met; -1 for a query.
    """

    def __init__(self, connection: adbc.AdbcConnection, sql: str, retries: Retries) -> None:
        self._is_open = False
        if not sql.strip():
            raise ProgrammingError("There is no statement.", code="IGD-5002", sqlstate="42601")
        self._connection = connection
        self._sql = sql
        self._retries = retries
        self._given: pa.RecordBatch | None = None
        self.rowcount = -1
        with translated():
            self._statement = retries.ask(self._prepared)
            self._is_open = True
            schema = pa.schema(self._statement.get_parameter_schema())
        self.names: Sequence[str] = schema.names

    def _prepared(self) -> adbc.AdbcStatement:
        made = adbc.AdbcStatement(self._connection)
        try:
            made.set_sql_query(self._sql)
            interruptible(made.prepare, made.cancel)
        except BaseException:
            made.close()
            raise
        return made

    def run(self, sets: "Sequence[Parameters]") -> pa.RecordBatchReader:
        """Runs it, once for each set of values; the reader has no columns where there are no rows.

        A read is tried again where the server cannot be reached.
        """
        from ingitdb_dbapi.parameters import bound

        is_given = self.names or len(sets) > 1 or any(sets)
        self._given = bound(self.names, sets) if is_given else None
        if not is_read(self._sql):
            with translated():
                return self._run_prepared()
        with translated():
            return self._retries.ask(self._run_anew)

    def _run_anew(self) -> pa.RecordBatchReader:
        """Runs it; lets go of it for the next try where that fails."""
        if not self._is_open:
            self._statement, self._is_open = self._prepared(), True
        try:
            return self._run_prepared()
        except adbc.Error as error:
            if is_unreachable(error):
                self.close()
            raise

    def _run_prepared(self) -> pa.RecordBatchReader:
        """Runs it; prepares it anew where the server has forgotten it, and has not run it."""
        try:
            return self._run()
        except adbc.Error as error:
            if failure(error).sqlstate != _FORGOTTEN:
                raise
        self.close()
        self._statement, self._is_open = self._prepared(), True
        return self._run()

    def _run(self) -> pa.RecordBatchReader:
        if self._given is not None:
            self._statement.bind(self._given)
        stream, self.rowcount = interruptible(self._statement.execute_query, self.cancel)
        return pa.RecordBatchReader.from_stream(stream)

    def cancel(self) -> None:
        """Stops it; callable from another thread."""
        self._statement.cancel()

    def close(self) -> None:
        """Lets go of it; a server that has gone has let go already."""
        if self._is_open:
            self._is_open = False
            with contextlib.suppress(adbc.Error):
                self._statement.close()

    def __del__(self) -> None:
        self.close()


def ingest(
    connection: adbc.AdbcConnection, place: tuple[str | None, str], data: Any, mode: str
) -> int:
    """Uploads rows of Arrow; gives their number.

    Args:
        connection: Where to.
        place: Schema, or None, and name of the table.
        data: Whatever gives a stream of Arrow.
        mode: What to do where the table is there, or is not.

    Raises:
        InterfaceError: There is no such mode, or the data are not Arrow.
    """
    if mode not in MODES:
        hint = f"Modes: {', '.join(MODES)}."
        raise InterfaceError(f"There is no mode {mode!r}.", code="IGD-1001", hint=hint)
    is_stream = hasattr(data, "__arrow_c_stream__")
    if not is_stream and not hasattr(data, "__arrow_c_array__"):
        kind = type(data).__name__
        raise InterfaceError(f"{kind} is not Arrow: a table, a batch or a stream.", code="IGD-1001")
    schema, table = place
    options = {
        "adbc.ingest.target_table": table,
        "adbc.ingest.mode": f"adbc.ingest.mode.{mode.replace('_', '')}",
    }
    if schema is not None:
        options["adbc.ingest.target_db_schema"] = schema
    with translated(), adbc.AdbcStatement(connection) as statement:
        statement.set_options(**options)
        statement.bind_stream(data if is_stream else pa.table(data))
        return int(interruptible(statement.execute_update, statement.cancel))


def interruptible(call: Callable[[], Any], cancel: Callable[[], None]) -> Any:
    """Makes a call that Ctrl-C stops."""
    return _blocking_call(call, (), {}, cancel)
