"""A DuckDB of its own in which definitions run as typed: it holds nothing and reaches nothing."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import duckdb
import pyarrow as pa

from ingitdb.errors import StatementError, StatementInvalid
from ingitdb.model.types import quote_identifier
from ingitdb.sql.complaints import state_of_value
from ingitdb.writes.definition_texts import ColumnDefinition

_BARE = "\u0001defined"
_NAME = quote_identifier(_BARE)
_GIVEN = "\u0001given"
_WRONG = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException)
"""What is wrong whatever the rows are."""
_LOCKED: dict[str, Any] = {
    "threads": 1,
    "enable_external_access": False,
    "python_enable_replacements": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}


class DefinitionScratch:
    """One table in such a DuckDB; a context manager.

    Attributes:
        name: What the user calls the table.
    """

    def __init__(self, name: str, time_zone: str) -> None:
        self.name = name
        self._database = duckdb.connect(":memory:", config=_LOCKED)
        zone = time_zone.replace("'", "''")
        self._database.execute(f"SET TimeZone = '{zone}'")
        self._database.execute("SET lock_configuration = true")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._database.close()

    def create(self, body: str) -> None:
        """Makes the table of columns and constraints.

        Raises:
            StatementError: They are wrong.
        """
        with self._told():
            self._database.execute(f"CREATE TABLE {_NAME} (\n{body}\n)")

    def alter(self, action: str) -> None:
        """Alters the table.

        Raises:
            StatementError: That cannot be done.
        """
        with self._told():
            self._database.execute(f"ALTER TABLE {_NAME} {action}")

    def fill(self, rows: pa.Table) -> None:
        """Adds rows, whose columns are found by name.

        Raises:
            StatementError: One does not meet the constraints.
        """
        with self._told():
            self._database.register(_GIVEN, rows)
            given = quote_identifier(_GIVEN)
            self._database.execute(f"INSERT INTO {_NAME} BY NAME FROM {given}")

    def rows(self) -> pa.Table:
        """Gives all rows in the order in which they came."""
        with self._told():
            return self._database.sql(f"FROM {_NAME}").to_arrow_table()

    def columns(self) -> tuple[ColumnDefinition, ...]:
        """Gives the columns."""
        found = self._asked(
            "SELECT column_name, data_type, is_nullable, column_default FROM duckdb_columns()"
            " WHERE table_name = $1 ORDER BY column_index"
        )
        return tuple(
            ColumnDefinition(name=name, type=kind, required=not nullable, default=default)
            for name, kind, nullable, default in found
        )

    def groups(self, kind: str) -> tuple[tuple[str, ...], ...]:
        """Gives the columns of each UNIQUE or PRIMARY KEY."""
        found = self._asked(
            "SELECT constraint_column_names FROM duckdb_constraints()"
            f" WHERE table_name = $1 AND constraint_type = '{kind}' ORDER BY constraint_index"
        )
        return tuple(tuple(names) for (names,) in found)

    def checks(self) -> tuple[str, ...]:
        """Gives the text of each CHECK, as DuckDB words it."""
        found = self._asked(
            "SELECT expression FROM duckdb_constraints()"
            " WHERE table_name = $1 AND constraint_type = 'CHECK' ORDER BY constraint_index"
        )
        return tuple(text for (text,) in found)

    def failing(self, condition: str) -> int | None:
        """Gives the position of the first row that meets a condition; None if none does.

        Raises:
            StatementError: The condition is wrong.
        """
        with self._told():
            flags = self._database.sql(f"SELECT ({condition}) IS TRUE FROM {_NAME}").fetchall()
        return next((at for at, (flag,) in enumerate(flags) if flag), None)

    def _asked(self, sql: str) -> Sequence[tuple[Any, ...]]:
        return self._database.execute(sql, [_BARE]).fetchall()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except duckdb.Error as error:
            said = str(error).partition("\n\nLINE")[0]
            said = said.replace(_NAME, self.name).replace(_BARE, self.name)
            if isinstance(error, _WRONG):
                raise StatementInvalid(said) from None
            raise StatementError(said, sqlstate=state_of_value(said)) from None
