"""Runs a bound query and gives its answer: as a stream, within the time allowed, in our errors."""

from dataclasses import dataclass
from threading import Timer
from typing import TYPE_CHECKING

import duckdb

from ingitdb.errors import (
    IngitdbError,
    Interrupted,
    LimitExceeded,
    StatementError,
    StatementInvalid,
    StatementRefused,
)
from ingitdb.execution.instance import damage
from ingitdb.execution.results import BATCH_ROWS, Result, carried, column_type, table_result
from ingitdb.model.types import VARCHAR, ColumnType
from ingitdb.sql.complaints import (
    explain_binder_error,
    state_of_value,
    without_catalogs,
    without_internal_names,
)
from ingitdb.sql.statements import Statement, StatementKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from ingitdb.execution.binding import Bound
    from ingitdb.execution.instance import Instance
    from ingitdb.settings import Settings

_EXPLAINED = [("explain_key", VARCHAR), ("explain_value", VARCHAR)]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A query that DuckDB has bound and can run again.

    Attributes:
        cursor: The connection that it is bound on.
        relation: DuckDB's name for a bound query.
        columns: Its columns.
    """

    cursor: "duckdb.DuckDBPyConnection"
    relation: "duckdb.DuckDBPyRelation"
    columns: list[tuple[str, ColumnType]]


class Run:
    """One query while it runs, on a cursor of its own.

    Attributes:
        on_close: Is called once when the query has ended.
    """

    def __init__(
        self, instance: "Instance", settings: "Settings", statement: Statement, bound: "Bound"
    ) -> None:
        self.on_close: Callable[[], None] = _nothing
        self._prepared = bound.take() if bound.is_repeatable else None
        self._cursor = self._prepared.cursor if self._prepared else instance.cursor()
        self._settings = settings
        self._statement = statement
        self._bound = bound
        self._timer: Timer | None = None
        self._is_late = False
        self._is_spoilt = False

    def interrupt(self) -> None:
        """Stops the query; callable from another thread."""
        self._is_spoilt = True
        self._cursor.interrupt()

    def close(self) -> None:
        """Lets go of the cursor."""
        if self._timer is not None:
            self._timer.cancel()
        if self._prepared is not None and not self._is_spoilt:
            self._bound.idle.append(self._prepared)
        else:
            self._cursor.close()
        on_close, self.on_close = self.on_close, _nothing
        on_close()

    def answer(self) -> Result:
        """Starts the query.

        Raises:
            IngitdbError: It fails.
            CacheCorrupt: A cache file is not there or not readable.
        """
        self._start_timer()
        try:
            return self._started()
        except BaseException:
            self.close()
            raise

    def _started(self) -> Result:
        try:
            if self._prepared is not None:
                return self._streamed(self._prepared)
            for name, table in self._bound.tables.items():
                self._cursor.register(name, table)
            self._cursor.execute(f'USE "{self._bound.catalog}"')
            if self._statement.kind == StatementKind.EXPLAIN:
                return self._explained()
            prepared = self._prepare()
            if self._bound.is_repeatable:
                self._prepared = prepared
            return self._streamed(prepared)
        except (duckdb.Error, RuntimeError, ValueError) as error:
            raise self.translated(error) from None

    def translated(self, error: Exception) -> Exception:
        """Turns what DuckDB or Arrow raised into one of our errors."""
        self._is_spoilt = True
        text = str(error)
        if isinstance(error, IngitdbError):
            return error
        if isinstance(error, duckdb.InterruptException) or "Interrupted" in text[:60]:
            return self._stopped()
        if isinstance(error, duckdb.OutOfMemoryException):
            return LimitExceeded(
                "The statement needs more memory than memory_limit allows.",
                hint="Raise memory_limit, or ask for less.",
            )
        if isinstance(error, duckdb.BinderException | duckdb.CatalogException):
            return explain_binder_error(text, self._statement.source, self._bound.columns)
        if (damaged := damage(error)) is not None:
            return damaged
        plain = without_internal_names(text)
        if isinstance(error, duckdb.PermissionException):
            return StatementRefused(plain)
        if isinstance(error, duckdb.InvalidInputException) and "parameter" in text:
            return StatementInvalid(plain)
        if isinstance(error, duckdb.NotImplementedException) and "named and positional" in text:
            return StatementInvalid(
                "The parameters do not fit the statement.",
                hint="`?` takes a sequence, `$name` a mapping.",
            )
        return StatementError(plain, sqlstate=state_of_value(text))

    def _stopped(self) -> IngitdbError:
        if self._is_late:
            return LimitExceeded(
                f"The statement took longer than {self._settings.timeout} seconds.",
                hint="Raise timeout, or ask for less.",
            )
        return Interrupted("The statement was stopped.")

    def _start_timer(self) -> None:
        if self._settings.timeout is None:
            return

        def stop() -> None:
            self._is_late = self._is_spoilt = True
            self._cursor.interrupt()

        self._timer = Timer(self._settings.timeout, stop)
        self._timer.daemon = True
        self._timer.start()

    def _explained(self) -> Result:
        plan = self._cursor.execute(self._bound.text, self._bound.parameters).fetchall()
        rows = [tuple(without_catalogs(str(cell)) for cell in row) for row in plan]
        self.close()
        return table_result(list(_EXPLAINED), rows, self._bound.commit)

    def _prepare(self) -> Prepared:
        relation = self._cursor.sql(self._bound.text, params=self._bound.parameters)
        if relation is None:
            raise StatementInvalid("The statement has no result.")
        columns = [
            (without_catalogs(name), column_type(kind))
            for name, kind in zip(relation.columns, relation.types, strict=True)
        ]
        return Prepared(self._cursor, carried(relation, columns), columns)

    def _streamed(self, prepared: Prepared) -> Result:
        return Result(
            prepared.columns,
            prepared.relation.to_arrow_reader(BATCH_ROWS),
            self._bound.commit,
            max_rows=self._settings.max_rows,
            close=self.close,
            translate=self.translated,
        )


def _nothing() -> None:
    """Does nothing."""
