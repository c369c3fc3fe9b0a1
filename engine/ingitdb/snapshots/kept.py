"""Rows that follow from commits alone, kept in DuckDB's memory for as long as they are asked for.

What has been used longest ago goes first. A query may still be about to read rows that have just
gone, so that they are dropped some turns later.
"""

import re
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, TypeAlias
from uuid import uuid4

import duckdb

from ingitdb.model.types import quote_identifier
from ingitdb.snapshots.bodies import Query
from ingitdb.snapshots.held import Held

if TYPE_CHECKING:
    import pyarrow as pa

_MOST_ROWS = 256
"""So many answers are kept, the ones that turned out too large among them."""
_MOST_BYTES = 64 * 1024**2
_SHARE = 8
"""An answer takes at most such a part of all that is kept."""
_LATER = 32
_NAMED = re.compile(r'memory\.main\."(kept-[0-9a-f]{32}(?:-[0-9]+-rows)?)"')
_Drop: TypeAlias = Callable[[], None]


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows by the name of their table, or none where they are too large."""

    name: str | None
    size: int
    drop: _Drop


class Kept:
    """The rows that are kept, by what they answer.

    Args:
        held: Puts Arrow tables into DuckDB.
        most_bytes: So much may be kept, counted as text.
    """

    def __init__(self, held: Held, most_bytes: int = _MOST_BYTES) -> None:
        self._held = held
        self._most_bytes = min(most_bytes, _MOST_BYTES)
        self._known: OrderedDict[Hashable, _Rows] = OrderedDict()
        self._names: dict[str, Hashable] = {}
        self._going: deque[_Drop] = deque()
        self._lock = Lock()

    def has(self, name: str) -> bool:
        """Tells whether a table is still kept, which counts as a use of it."""
        with self._lock:
            fact = self._names.get(name)
            if fact is not None:
                self._known.move_to_end(fact)
            return fact is not None

    def answer(self, sql: str, query: Query, *, is_small: Callable[[], bool]) -> str | None:
        """Gives the name of a table with the rows of a query of our own, in its order.

        Args:
            sql: The query.
            query: Runs SQL.
            is_small: Tells beforehand whether the rows may be kept.

        Returns:
            None where there are too many rows, or too large ones.
        """
        known = self._found(sql)
        if known is not None:
            return known.name
        made = self._made(sql, query) if is_small() else None
        return self._put(sql, made or _Rows(None, 0, _nothing))

    def _made(self, sql: str, query: Query) -> _Rows | None:
        """Writes rows into a table; None where they are too large.

        SQL that fails does so again, and is told of, when the query itself runs.
        """
        name = f"kept-{uuid4().hex}"
        table = named(name)

        def drop() -> None:
            query(f"DROP TABLE IF EXISTS {table}")

        try:
            query(f"CREATE TABLE {table} AS {sql}")
            ((size,),) = query(f"SELECT sum(strlen(CAST(t AS VARCHAR))) FROM {table} t")
        except duckdb.Error:
            drop()
            return None
        if (size or 0) * _SHARE > self._most_bytes:
            drop()
            return None
        return _Rows(name, size or 0, drop)

    def rows(self, fact: Hashable, make: "Callable[[], pa.Table]") -> str:
        """Gives the name of a table with rows that are made once."""
        known = self._found(fact)
        if known is not None and known.name is not None:
            return known.name
        made = make()
        segment = self._held.overlay(f"kept-{uuid4().hex}")("rows", made)
        name = self._held.loaded(segment)
        self._put(fact, _Rows(name, made.nbytes, lambda: self._held.forget(segment)))
        return name

    def _found(self, fact: Hashable) -> _Rows | None:
        with self._lock:
            known = self._known.get(fact)
            if known is not None:
                self._known.move_to_end(fact)
            return known

    def _put(self, fact: Hashable, rows: _Rows) -> str | None:
        """Keeps rows, and lets others go where that is too much."""
        late: list[_Drop] = []
        with self._lock:
            before = self._known.pop(fact, None)
            if before is not None:
                self._let_go(before)
            self._known[fact] = rows
            if rows.name is not None:
                self._names[rows.name] = fact
            while self._is_too_much():
                self._let_go(self._known.popitem(last=False)[1])
            while len(self._going) > _LATER:
                late.append(self._going.popleft())
        for drop in late:
            drop()
        return rows.name

    def _is_too_much(self) -> bool:
        size = sum(rows.size for rows in self._known.values())
        return len(self._known) > 1 and (len(self._known) > _MOST_ROWS or size > self._most_bytes)

    def _let_go(self, rows: _Rows) -> None:
        if rows.name is not None:
            del self._names[rows.name]
            self._going.append(rows.drop)


def named(name: str) -> str:
    """Spells the name of a kept table in SQL."""
    return f"memory.main.{quote_identifier(name)}"


def kept_in(sql: str) -> set[str]:
    """Gives the names of the kept tables that SQL reads.

    Example:
        >>> kept_in('SELECT * FROM ' + named("kept-0123456789abcdef0123456789abcdef"))
        {'kept-0123456789abcdef0123456789abcdef'}
    """
    return set(_NAMED.findall(sql))


def _nothing() -> None:
    """Drops nothing."""
