"""The DuckDB that answers: in memory, locked, able to read nothing but the cache's data files."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from ingitdb.errors import CacheCorrupt
from ingitdb.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

_FILE = re.compile(r"/[a-z]+-[0-9a-f]{32}\.parquet")


class Instance:
    """One locked DuckDB; cursors of it run side by side."""

    def __init__(self, settings: Settings) -> None:
        config: dict[str, Any] = {
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
        if settings.threads is not None:
            config["threads"] = settings.threads
        if settings.memory_limit is not None:
            config["memory_limit"] = f"{settings.memory_limit}B"
        self._root = duckdb.connect(":memory:", config=config)
        data = str(Path(settings.cache) / "data") + "/"
        self._root.execute("SET allowed_directories = [$1]".replace("$1", _literal(data)))
        self._root.execute("SET enable_external_access = false")
        self._root.execute("SET parquet_metadata_cache = true")  # our files never change
        self._root.execute("SET python_enable_replacements = false")
        self._root.execute(f"SET GLOBAL TimeZone = {_literal(settings.time_zone)}")  # for cursors
        self._root.execute("SET lock_configuration = true")
        self._catalogs: set[str] = set()

    def cursor(self) -> "duckdb.DuckDBPyConnection":
        """Gives a connection of its own to the same databases."""
        return self._root.cursor()

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Runs a statement of our own and gives its rows.

        Raises:
            CacheCorrupt: A cache file is not there or not readable.
        """
        cursor = self._root.cursor()
        try:
            rows: list[tuple[Any, ...]] = cursor.execute(sql).fetchall()
        except duckdb.Error as error:
            raise (damage(error) or error) from None
        finally:
            cursor.close()
        return rows

    def attach(self, name: str) -> None:
        """Makes an empty catalog, once."""
        if name not in self._catalogs:
            self.query(f"ATTACH ':memory:' AS \"{name}\"")
            self._catalogs.add(name)

    def hold(self, name: str, rows: "pa.Table | pa.RecordBatchReader") -> None:
        """Keeps rows of Arrow in memory, for SQL of our own."""
        cursor = self._root.cursor()
        try:
            cursor.register("held", rows)
            cursor.execute(f'CREATE OR REPLACE TABLE memory.main."{name}" AS FROM held')
        finally:
            cursor.close()

    def drop(self, name: str) -> None:
        """Lets go of what is held; queries that read it go on."""
        self.query(f'DROP TABLE IF EXISTS memory.main."{name}"')

    def close(self) -> None:
        """Frees everything."""
        self._root.close()


def damage(error: Exception) -> CacheCorrupt | None:
    """Gives what to raise instead of an error over a cache file; None for any other error."""
    is_of_file = isinstance(error, duckdb.InvalidInputException) and _FILE.search(str(error))
    if isinstance(error, duckdb.IOException) or is_of_file:
        return CacheCorrupt(
            "A cache file was damaged or removed while it was in use.",
            hint="Ask again: it is built anew.",
        )
    return None


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
