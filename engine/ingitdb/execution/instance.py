"""The DuckDB that answers: in memory, locked, able to read nothing but the cache's data files."""

from pathlib import Path
from typing import Any

import duckdb

from ingitdb.settings import Settings


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
        self._root.execute("SET python_enable_replacements = false")
        self._root.execute(f"SET TimeZone = {_literal(settings.time_zone)}")
        self._root.execute("SET lock_configuration = true")
        self._catalogs: set[str] = set()

    def cursor(self) -> "duckdb.DuckDBPyConnection":
        """Gives a connection of its own to the same databases."""
        return self._root.cursor()

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Runs a query of our own and gives its rows."""
        cursor = self._root.cursor()
        try:
            rows: list[tuple[Any, ...]] = cursor.execute(sql).fetchall()
        finally:
            cursor.close()
        return rows

    def attach(self, name: str) -> None:
        """Makes an empty catalog, once."""
        if name not in self._catalogs:
            self._run(f"ATTACH ':memory:' AS \"{name}\"")
            self._catalogs.add(name)

    def run(self, sql: str) -> None:
        """Runs a statement of our own."""
        self._run(sql)

    def _run(self, sql: str) -> None:
        cursor = self._root.cursor()
        try:
            cursor.execute(sql)
        finally:
            cursor.close()

    def close(self) -> None:
        """Frees everything."""
        self._root.close()


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
