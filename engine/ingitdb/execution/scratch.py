"""An empty table of DuckDB's own with the columns of one of ours, for INSERT to run in as typed."""

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from ingitdb.errors import StatementError, StatementInvalid
from ingitdb.model.types import quote_identifier
from ingitdb.sql.complaints import state_of_value, without_internal_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingitdb.execution.binding import Bound
    from ingitdb.execution.footing import Footing
    from ingitdb.execution.points import Values
    from ingitdb.execution.targets import Target

_BARE = "\u0001scratch"
_NAME = quote_identifier(_BARE)
_GIVEN = "\u0001given"


@dataclass(frozen=True, slots=True)
class Scratch:
    """A scratch table.

    Attributes:
        name: What the user calls the table.
        footing: What the statement stands on.
        target: The table whose columns it has.
    """

    name: str
    footing: "Footing"
    target: "Target"

    def filled(self, columns: str, rows: "Bound | None", sets: "Sequence[Values]" = ()) -> pa.Table:
        """Gives the rows that an INSERT of a query makes.

        Args:
            columns: What stands between the table and the query: names of columns, or BY NAME.
            rows: The query; None for DEFAULT VALUES.
            sets: Sets of parameters, for each of which it is run; empty runs it once as bound.

        Raises:
            StatementError: A value does not fit its column, or the query fails.
        """
        with closing(self._made()) as cursor, self.footing.watched(cursor):
            return self._filled(cursor, columns, rows, sets)

    def _filled(
        self,
        cursor: "duckdb.DuckDBPyConnection",
        columns: str,
        rows: "Bound | None",
        sets: "Sequence[Values]",
    ) -> pa.Table:
        try:
            if rows is None:
                cursor.execute(f"INSERT INTO temp.main.{_NAME} DEFAULT VALUES")
            else:
                for name, table in rows.tables.items():
                    cursor.register(name, table)
                cursor.execute(f'USE "{rows.catalog}"')
                query = f"INSERT INTO temp.main.{_NAME} {columns} {rows.text}"
                cursor.execute("BEGIN")
                runs: Sequence[Values | None] = sets or [rows.parameters]
                for parameters in runs:
                    self.footing.watch.check()
                    cursor.execute(query, parameters)
                cursor.execute("COMMIT")
            return cursor.sql(f"FROM temp.main.{_NAME}").to_arrow_table()
        except duckdb.Error as error:
            raise self._told(error) from None

    def taken(self, data: pa.Table) -> pa.Table:
        """Gives the rows that rows of Arrow make, whose columns are found by name.

        Raises:
            StatementError: A value does not fit its column, or there is no such column.
        """
        with closing(self._made()) as cursor, self.footing.watched(cursor):
            try:
                cursor.register(_GIVEN, data)
                given = quote_identifier(_GIVEN)
                cursor.execute(f"INSERT INTO temp.main.{_NAME} BY NAME FROM {given}")
                return cursor.sql(f"FROM temp.main.{_NAME}").to_arrow_table()
            except duckdb.Error as error:
                raise self._told(error) from None

    def _made(self) -> "duckdb.DuckDBPyConnection":
        cursor = self.footing.instance.cursor()
        try:
            cursor.execute(f"CREATE TEMP TABLE {_NAME} ({', '.join(self.target.described)})")
        except duckdb.Error as error:
            cursor.close()
            raise self._told(error) from None
        return cursor

    def _told(self, error: duckdb.Error) -> StatementError:
        said = without_internal_names(str(error)).replace(_BARE, self.name)
        is_wrong = isinstance(error, duckdb.BinderException | duckdb.CatalogException)
        if is_wrong:
            return StatementInvalid(said)
        return StatementError(said, sqlstate=state_of_value(str(error)))
