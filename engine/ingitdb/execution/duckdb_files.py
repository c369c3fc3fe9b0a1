"""A DuckDB file that is no part of a repository: a target of migrations."""

from pathlib import Path
from typing import Any

import duckdb

from ingitdb.errors import TargetError


class DuckdbFile:
    """A DuckDB database in a file, which is made if it is not there.

    Raises:
        TargetError: It cannot be opened.
    """

    dialect = "duckdb"

    def __init__(self, path: Path) -> None:
        try:
            self._connection = duckdb.connect(str(path))
        except duckdb.Error as error:
            raise TargetError(f"{path} cannot be opened: {error}") from None

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Runs a statement and gives its rows.

        Raises:
            TargetError: DuckDB refuses it.
        """
        try:
            rows: list[tuple[Any, ...]] = self._connection.execute(sql).fetchall()
        except duckdb.Error as error:
            raise TargetError(f"DuckDB refuses: {error}") from None
        return rows

    def tables(self) -> list[str]:
        """Gives the names of the tables in `main`."""
        found = self.ask("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main'")
        return [name for (name,) in found]

    def close(self) -> None:
        """Closes it; what is not committed is undone."""
        self._connection.close()
