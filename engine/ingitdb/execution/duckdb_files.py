"""A DuckDB file that is no part of a repository: a target of migrations."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from ingitdb.errors import TargetError

_BATCH = 8_192
_SQLITE = b"SQLite format 3\0"


class DuckdbFile:
    """A DuckDB database in a file, which is made if it is not there; others are kept out of it.

    Args:
        path: The file.
        is_only_read: Whether nothing is written: others may read it, too.

    Raises:
        TargetError: It cannot be opened.
    """

    def __init__(self, path: Path, *, is_only_read: bool = False) -> None:
        _check_kind(path)
        try:
            self._connection = duckdb.connect(str(path), read_only=is_only_read)
        except duckdb.Error as error:
            raise TargetError(f"{path} cannot be opened: {error}") from None
        self._connection.execute("SET TimeZone = 'UTC'")

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Runs a statement and gives its rows.

        Raises:
            TargetError: DuckDB refuses it.
        """
        try:
            rows: list[tuple[Any, ...]] = self._connection.execute(sql).fetchall()
        except duckdb.Error as error:
            raise _refused(error) from None
        return rows

    def stream(self, sql: str) -> Iterator[pa.RecordBatch]:
        """Gives the rows of a query, without holding them all.

        Raises:
            TargetError: DuckDB refuses it.
        """
        cursor = self._connection.cursor()
        try:
            yield from cursor.sql(sql).to_arrow_reader(_BATCH)
        except duckdb.Error as error:
            raise _refused(error) from None
        finally:
            cursor.close()

    def append(self, sql: str, rows: Iterator[pa.RecordBatch]) -> None:
        """Runs an INSERT that reads rows from `incoming`.

        Raises:
            TargetError: DuckDB refuses it.
        """
        first = next(rows, None)
        if first is None:
            return
        reader = pa.RecordBatchReader.from_batches(first.schema, chain([first], rows))
        self._connection.register("incoming", reader)
        try:
            self._connection.execute(sql)
        except duckdb.Error as error:
            raise _refused(error) from None
        finally:
            self._connection.unregister("incoming")

    def close(self) -> None:
        """Closes it; what is not committed is undone."""
        self._connection.close()


def _check_kind(path: Path) -> None:
    """Returns if a file is none of SQLite's: DuckDB would look for an extension that reads it."""
    try:
        with path.open("rb") as file:
            is_other = file.read(len(_SQLITE)) == _SQLITE
    except OSError:  # DuckDB says why it cannot be opened
        return
    if is_other:
        raise TargetError(
            f"{path} is a database of SQLite.", hint="Name it so: sqlite:/// and the path."
        )


def _refused(error: duckdb.Error) -> TargetError:
    return TargetError(f"DuckDB refuses: {error}")
