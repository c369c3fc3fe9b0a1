"""Small overlays that are kept in memory: their tables reach DuckDB when a query reads them."""

from itertools import count
from threading import Lock
from typing import TYPE_CHECKING, TypeAlias

from ingitdb.snapshots.segments import Segment, Write

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

Hold: TypeAlias = "Callable[[str, pa.Table], None]"
Drop: TypeAlias = "Callable[[str], None]"


class Held:
    """The tables that are kept, by name; a name means the same rows whenever it is put."""

    def __init__(self, hold: Hold, drop: Drop) -> None:
        self._hold = hold
        self._drop = drop
        self._tables: dict[str, pa.Table] = {}
        self._loaded: set[str] = set()
        self._lock = Lock()

    def overlay(self, name: str) -> Write:
        """Gives what takes the tables of one overlay, in their order, instead of files."""
        numbers = count()

        def put(kind: str, table: "pa.Table") -> Segment:
            own = f"{name}-{next(numbers)}-{kind}"
            self._tables[own] = table
            return Segment(name=own, checksum="", size=0, rows=table.num_rows, is_held=True)

        return put

    def table(self, segment: Segment) -> "pa.Table":
        """Gives what was put."""
        return self._tables[segment.name]

    def loaded(self, segment: Segment) -> str:
        """Gives the name under which DuckDB knows a table."""
        with self._lock:
            if segment.name not in self._loaded:
                self._hold(segment.name, self._tables[segment.name])
                self._loaded.add(segment.name)
        return segment.name

    def forget(self, segment: Segment) -> None:
        """Lets go of a table; queries that read it go on."""
        with self._lock:
            self._tables.pop(segment.name, None)
            if segment.name in self._loaded:
                self._loaded.discard(segment.name)
                self._drop(segment.name)
