"""DuckDB's own parser behind the port `SqlParser`: it reads texts and never runs them."""

import json
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Self

import duckdb

from ingitdb.errors import StatementInvalid
from ingitdb.sql.texts import excerpt
from ingitdb.sql.tokens import Offsets

_SERIALIZE = (
    "json_serialize_sql($1::VARCHAR, skip_null := true, skip_empty := true,"
    " skip_default := true, format := false)"
)
_OWN_FROM = 4
"""At this call the parser gets a DuckDB of its own, which answers faster with its one thread."""
_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "threads": 1,
    "enable_external_access": False,
    "python_enable_replacements": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}


class DuckdbParser:
    """Asks a private, empty, in-memory DuckDB; safe to share between threads.

    To start it takes as long as to parse a hundred statements: the first few are given to a DuckDB
    that runs already, if there is one to lend cursors. A prepared `json_serialize_sql` called with
    a literal answers in half the time of one called with a bound parameter; hence the quoting here.
    """

    def __init__(self, lend: Callable[[], duckdb.DuckDBPyConnection] | None = None) -> None:
        self._lend = lend
        self._calls = 0
        self._idle: list[duckdb.DuckDBPyConnection] = []

    def tokenize(self, sql: str) -> list[tuple[int, str]]:
        """Gives (offset in UTF-8 bytes, category) of each token; comments are tokens too."""
        return [(offset, kind.name) for offset, kind in duckdb.tokenize(sql)]

    def serialize(self, sql: str) -> Mapping[str, Any] | None:
        """Gives the tree of a SELECT, or `{"error": True, …}` with DuckDB's message and place.

        Returns:
            None where DuckDB has no tree for the statement.
        """
        if "\x00" in sql:
            return {
                "error": True,
                "error_message": "a zero byte",
                "position": str(sql.index("\x00")),
            }
        connection = self._take()
        try:
            row = connection.execute(
                f"EXECUTE tree('{sql.replace(chr(39), chr(39) * 2)}')"
            ).fetchone()
        finally:
            self._idle.append(connection)
        tree: dict[str, Any] = json.loads(row[0]) if row else {}
        return None if tree.get("error_type") == "not implemented" else tree

    def statement_types(self, sql: str) -> list[str]:
        """Gives the kind of each statement, such as `SELECT`; `MULTI` for a dynamic PIVOT.

        Raises:
            StatementInvalid: The text does not parse.
        """
        connection = self._take()
        try:
            return [s.type.name for s in connection.extract_statements(sql)]
        except duckdb.Error as error:
            tree = self.serialize(sql) or {}
            message = str(tree.get("error_message") or str(error).splitlines()[0])
            start = Offsets(sql).index(int(tree.get("position", 0)))
            raise StatementInvalid(f"{message}\n{excerpt(sql, start, start + 1)}") from None
        finally:
            self._idle.append(connection)

    def __enter__(self) -> Self:
        """Gives itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes."""
        self.close()

    def close(self) -> None:
        """Lets the private database go."""
        self._forget_idle()
        if "_root" in self.__dict__:
            self._root.close()

    @cached_property
    def _root(self) -> duckdb.DuckDBPyConnection:
        root = duckdb.connect(":memory:", config=_SETTINGS)
        root.execute("SET lock_configuration = true")
        return root

    def _take(self) -> duckdb.DuckDBPyConnection:
        self._calls += 1
        if self._calls == _OWN_FROM:
            self._lend = None
            self._forget_idle()
        try:
            return self._idle.pop()
        except IndexError:
            connection = self._lend() if self._lend else self._root.cursor()
            connection.execute(f"PREPARE tree AS SELECT {_SERIALIZE}")
            return connection

    def _forget_idle(self) -> None:
        while self._idle:
            self._idle.pop().close()
