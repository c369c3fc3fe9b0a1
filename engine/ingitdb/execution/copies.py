"""Copies of tables that are asked for often at one commit: a file each, in the types there.

Made beside the queries and only where there is room; they go with the process.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import uuid4

import duckdb

from ingitdb.catalog.naming import NamedTable
from ingitdb.errors import IngitdbError
from ingitdb.execution.instance import Instance
from ingitdb.model.identifiers import PSEUDO_COMMITS
from ingitdb.model.types import quote_literal
from ingitdb.snapshots.cache import CacheFolder
from ingitdb.snapshots.internal import ORDER
from ingitdb.snapshots.relation import Relation
from ingitdb.snapshots.snapshot import Snapshot

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor
    from pathlib import Path

Take: TypeAlias = Callable[[Snapshot, NamedTable, Relation], None]
_OFTEN = 3
_MOST_COUNTED = 10_000
_OPTIONS = "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 20480"


class Copies:
    """Makes copies in a thread of its own, one at a time."""

    def __init__(self, instance: Instance, cache: CacheFolder) -> None:
        self._instance = instance
        self._cache = cache
        self._uses: Counter[tuple[str, NamedTable]] = Counter()
        self._files: list[Path] = []
        self._thread: ThreadPoolExecutor | None = None
        self._cursor: duckdb.DuckDBPyConnection | None = None

    def use(self, snapshot: Snapshot, table: NamedTable, take: Take) -> None:
        """Counts a use; at the third one a copy is begun, which `take` gets when it is there."""
        if snapshot.commit in PSEUDO_COMMITS or snapshot.relation(table).is_plain:
            return
        if len(self._uses) > _MOST_COUNTED:
            self._uses.clear()
        key = (snapshot.identity, table)
        self._uses[key] += 1
        if self._uses[key] == _OFTEN:
            self._started().submit(self._copy, snapshot, table, take)

    def close(self) -> None:
        """Stops what is being made, and removes all copies."""
        if self._thread is not None and self._cursor is not None:
            self._cursor.interrupt()
            self._thread.shutdown(cancel_futures=True)
            self._cursor.close()
        for file in self._files:
            file.unlink(missing_ok=True)

    def _started(self) -> "ThreadPoolExecutor":
        from concurrent.futures import ThreadPoolExecutor  # slow to load: only for the first copy

        if self._thread is None:
            self._cursor = self._instance.cursor()
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="copies")
        return self._thread

    def _copy(self, snapshot: Snapshot, table: NamedTable, take: Take) -> None:
        try:
            relation = self._written(snapshot.relation(table))
            if relation is not None:
                take(snapshot, table, relation)
        except (duckdb.Error, IngitdbError, OSError):
            return  # the way there was stays open

    def _written(self, relation: Relation) -> Relation | None:
        """Writes a table; None where there is no room or Parquet does not keep its types."""
        if not self._cache.has_room():
            return None
        file = self._cache.data / f"copy-{uuid4().hex}.parquet"
        self._files.append(file)
        source = quote_literal(str(file))
        ordered = f"FROM ({relation.body}) ORDER BY _path, {ORDER}"
        self._query(f"COPY ({ordered}) TO {source} ({_OPTIONS})")
        copied = f"SELECT * FROM read_parquet({source})"
        if not self._cache.has_room() or self._types(copied) != self._types(relation.body):
            file.unlink()
            return None
        return replace(relation, body=copied, is_ordered=True, is_plain=True)

    def _types(self, body: str) -> list[tuple[str, str]]:
        return [(name, kind) for name, kind, *_ in self._query(f"DESCRIBE {body}")]

    def _query(self, sql: str) -> list[tuple[Any, ...]]:
        assert self._cursor is not None
        return self._cursor.execute(sql).fetchall()
