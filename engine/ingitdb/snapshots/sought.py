"""Rows of some paths in a cache file, found in memory once it is asked again and again."""

from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import pyarrow as pa

Found: TypeAlias = tuple[int, dict[str, Any]]
"""The number of a row in its file, from 0, and its cells."""
_OFTEN = 8
"""So many questions about a file are answered by DuckDB: to load it takes longer than one."""
_MOST_ROWS = 250_000
_MOST_PATHS = 64
"""Past so many paths DuckDB is faster."""
_MOST_FILES = 8


class Sought:
    """Finds the rows of some paths in files that are sorted by path."""

    def __init__(self) -> None:
        self._asked: dict[str, int] = {}
        self._loaded: dict[str, _Sorted | None] = {}
        self._lock = Lock()

    def rows(
        self, file: Path, columns: Sequence[str], rows: int, paths: Collection[str]
    ) -> list[Found] | None:
        """Gives number and cells of each row of some paths; None where DuckDB is to be asked.

        Args:
            file: A cache file.
            columns: What is wanted, that of the paths first.
            rows: How many rows the file has.
            paths: The paths.
        """
        if rows > _MOST_ROWS or len(paths) > _MOST_PATHS:
            return None
        with self._lock:
            found = self._table(file, columns)
        if found is None:
            return None
        return [row for path in paths for row in found.rows(path)]

    def _table(self, file: Path, columns: Sequence[str]) -> "_Sorted | None":
        if file.name not in self._loaded:
            self._asked[file.name] = asked = self._asked.get(file.name, 0) + 1
            if asked < _OFTEN:
                return None
            if len(self._loaded) >= _MOST_FILES:
                self._loaded.pop(next(iter(self._loaded)))
            self._loaded[file.name] = _loaded(file, columns)
        return self._loaded[file.name]


class _Sorted:
    """Columns of a file in the order of its paths."""

    def __init__(self, table: "pa.Table") -> None:
        self._columns = {name: table.column(name).chunk(0) for name in table.column_names}
        self._paths = self._columns[table.column_names[0]]

    def rows(self, path: str) -> Iterator[Found]:
        """Gives number and cells of each row of a path."""
        count = len(self._paths)
        at = bisect_left(range(count), path, key=self._path)
        while at < count and self._path(at) == path:
            yield at, {name: column[at].as_py() for name, column in self._columns.items()}
            at += 1

    def _path(self, at: int) -> str:
        found: str = self._paths[at].as_py()
        return found


def in_memory(
    table: "pa.Table", columns: Sequence[str], paths: Collection[str] | None
) -> list[Found]:
    """Gives number and cells of each row of some paths of a small table; of all if None."""
    wanted = set(paths) if paths is not None else None
    cells = [table.column(name).to_pylist() for name in columns]
    return [
        (at, dict(zip(columns, row, strict=True)))
        for at, row in enumerate(zip(*cells, strict=True))
        if wanted is None or row[0] in wanted
    ]


def _loaded(file: Path, columns: Sequence[str]) -> _Sorted | None:
    """Reads columns of a file; None if it is not in the order of its paths or cannot be read."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq  # slow to load: seldom needed

    try:
        table = pq.read_table(file, columns=list(columns)).select(list(columns)).combine_chunks()
    except (OSError, pa.ArrowException):
        return None
    paths = table.column(columns[0])
    if not table.num_rows or not pc.all(pc.less_equal(paths[:-1], paths[1:])).as_py():
        return None
    return _Sorted(table)
