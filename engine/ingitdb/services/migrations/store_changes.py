"""What differs between a key-value store and a commit, held in DuckDB: by record, with its sets."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Any

import pyarrow as pa

from ingitdb.execution.instance import Instance
from ingitdb.migrations.connections.stores import StoreConnection
from ingitdb.migrations.plan import Counts
from ingitdb.migrations.stores.keys import Layout
from ingitdb.model.types import quote_literal
from ingitdb.services.migrations.stored_tables import NO_SETS, Between, StoredCommit
from ingitdb.services.migrations.ways import RowsMode

_BATCH = 8_192
_NUMBERS = count()
_IS_CONFLICT = (
    "(found IS DISTINCT FROM old AND found IS DISTINCT FROM other AND found IS DISTINCT FROM value)"
)
_KEPT = {
    RowsMode.INSERT: "{before} IS NULL AND {after} IS NOT NULL",
    RowsMode.UPSERT: "{after} IS NOT NULL",
}
"""What is settled of a table's records but for all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What is met of records and sets.

    Attributes:
        records: How many records.
        size: How many bytes their keys and values have.
        largest: How many bytes the largest of them has.
        key: The key of that one.
    """

    records: int
    size: int
    largest: int
    key: str


class StoreChanges:
    """Records that are to be changed; a table in DuckDB's memory holds them.

    It has the columns `title`, `key`, `old` (what is at the commit that the store is at), `other`
    (what else is expected), `value` (what is to be), `found` (what is there), `gone` and `come`
    (the sets that the key leaves and comes into).

    Args:
        instance: Runs SQL.
    """

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        number = next(_NUMBERS)
        self._held = f'memory.main."storing_{number}"'
        self._records = f'memory.main."stored_{number}"'
        self._members = f'memory.main."grouped_{number}"'

    def compare(self, between: Between) -> None:
        """Finds what differs between two commits, for a store that holds the first of them."""
        shared, before, after = between.entries()
        self._make(
            f"{shared} SELECT coalesce(n.title, o.title) AS title,"
            " coalesce(n.key, o.key) AS key, o.value AS old, o.value AS other, n.value AS value,"
            f" o.value AS found, {_less('o.sets', 'n.sets')} AS gone,"
            f" coalesce(n.sets, {NO_SETS}) AS come"
            f" FROM ({before}) AS o FULL JOIN ({after}) AS n ON o.key = n.key"
            " WHERE o.value IS DISTINCT FROM n.value OR o.sets IS DISTINCT FROM n.sets"
        )

    def look(self, connection: StoreConnection, tables: Sequence[str]) -> None:
        """Finds what a store holds of the records that are to be changed.

        Args:
            connection: The store.
            tables: The keys of the members of all tables.
        """
        self._instance.query(f"CREATE OR REPLACE TABLE {self._records} (key VARCHAR, found BLOB)")
        if connection.size() < self.totals().records:
            for scanned in connection.scan(tables):
                self._add(self._records, scanned.records)
        else:
            for batch in self._streamed(f"SELECT key FROM {self._held} ORDER BY key"):
                keys = batch.column(0).to_pylist()
                pairs = zip(keys, connection.read(keys), strict=True)
                connection.renew()
                self._add(self._records, [(k, v) for k, v in pairs if v is not None])
        ((is_all_new,),) = self._instance.query(
            f"SELECT NOT EXISTS (FROM {self._records})"
            f" AND NOT EXISTS (FROM {self._held} WHERE old IS NOT NULL)"
        )
        if is_all_new:
            return
        self._make(
            f"SELECT h.* REPLACE (r.found AS found) FROM {self._held} AS h"
            f" LEFT JOIN ({self._once()}) AS r ON h.key = r.key"
        )

    def compare_all(
        self, connection: StoreConnection, olds: Sequence[StoredCommit], new: StoredCommit
    ) -> None:
        """Finds what differs between a store and a commit.

        Args:
            connection: The store.
            olds: The commits that it is expected to hold, one or two.
            new: What it is to hold.
        """
        tables = {
            name: one.table.title for commit in (*olds, new) for name, one in commit.tables.items()
        }
        self._fill(connection, list(tables))
        before, other, after = (commit.entries() for commit in (olds[0], olds[-1], new))
        self._make(
            f"WITH n AS MATERIALIZED ({after}), o AS MATERIALIZED ({before}),"
            f" x AS MATERIALIZED ({other}), r AS ({self._once()}),"
            " a AS (SELECT key, unnest(sets) AS name FROM n),"
            f" come AS (SELECT key, list(name) AS names FROM (FROM a SELECT key, name EXCEPT"
            f" SELECT key, name FROM {self._members}) GROUP BY key),"
            f" gone AS (SELECT key, list(name) AS names FROM (SELECT key, name FROM {self._members}"
            " EXCEPT SELECT key, name FROM a) GROUP BY key),"
            " keys AS (SELECT key FROM n UNION SELECT key FROM r UNION SELECT key FROM gone)"
            " SELECT coalesce(n.title, t.title) AS title, keys.key AS key, o.value AS old,"
            " x.value AS other, n.value AS value, r.found AS found,"
            f" coalesce(gone.names, {NO_SETS}) AS gone, coalesce(come.names, {NO_SETS}) AS come"
            " FROM keys LEFT JOIN n USING (key) LEFT JOIN r USING (key) LEFT JOIN o USING (key)"
            " LEFT JOIN x USING (key) LEFT JOIN gone USING (key) LEFT JOIN come USING (key)"
            f" LEFT JOIN {_titled(connection.store.layout, tables)}"
            " WHERE n.value IS DISTINCT FROM r.found OR gone.names IS NOT NULL"
            " OR come.names IS NOT NULL"
        )

    def narrow(self, modes: Mapping[str, RowsMode], *, is_back: bool = False) -> None:
        """Leaves out what is not to be settled.

        Args:
            modes: What is, by the titles of tables.
            is_back: Whether what was settled so is taken back.
        """
        before, after = ("value", "found") if is_back else ("found", "value")
        for title, mode in modes.items():
            if mode in _KEPT:
                kept = _KEPT[mode].format(before=before, after=after)
                where = f"title = {quote_literal(title)} AND NOT ({kept})"
                self._instance.query(f"DELETE FROM {self._held} WHERE {where}")

    def conflicts(self, most: int) -> tuple[int, list[str]]:
        """Says how many records others have changed, and gives some of their keys."""
        ((number,),) = self._instance.query(
            f"SELECT count(*) FROM {self._held} WHERE {_IS_CONFLICT}"
        )
        if not number:
            return 0, []
        keys = self._instance.query(
            f"SELECT key FROM {self._held} WHERE {_IS_CONFLICT} ORDER BY key LIMIT {most}"
        )
        return number, [key for (key,) in keys]

    def leave_conflicts(self) -> None:
        """Leaves the records alone that others have changed."""
        self._instance.query(f"DELETE FROM {self._held} WHERE {_IS_CONFLICT}")

    @cached_property
    def counts(self) -> dict[str, Counts]:
        """How many records go, change and come, by table."""
        rows = self._instance.query(
            "SELECT title, count(*) FILTER (value IS NULL AND found IS NOT NULL),"
            " count(*) FILTER (value IS NOT NULL AND found IS NOT NULL),"
            " count(*) FILTER (value IS NOT NULL AND found IS NULL)"
            f" FROM {self._held} GROUP BY title ORDER BY title"
        )
        return {
            title: Counts(deleted=gone, updated=changed, inserted=come)
            for title, gone, changed, come in rows
        }

    def totals(self) -> Totals:
        """Says how much there is to be done."""
        size = "octet_length(coalesce(value, ''::BLOB)) + strlen(key)"
        ((records, whole, largest, key),) = self._instance.query(
            f"SELECT count(*), coalesce(sum({size}), 0), coalesce(max({size}), 0),"
            f" coalesce(arg_max(key, {size}), '') FROM {self._held}"
        )
        return Totals(records=records, size=int(whole), largest=largest, key=key)

    def rows(self, columns: str) -> Iterator[tuple[Any, ...]]:
        """Gives columns of what is to be done, in the order of the keys.

        Args:
            columns: SQL for them.
        """
        for batch in self._streamed(f"SELECT {columns} FROM {self._held} ORDER BY key"):
            yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)

    def drop(self) -> None:
        """Lets go of what is held."""
        for name in (self._held, self._records, self._members):
            self._instance.query(f"DROP TABLE IF EXISTS {name}")

    def _make(self, sql: str) -> None:
        self._instance.query(f"CREATE OR REPLACE TABLE {self._held} AS {sql}")

    def _fill(self, connection: StoreConnection, tables: Sequence[str]) -> None:
        self._instance.query(f"CREATE OR REPLACE TABLE {self._records} (key VARCHAR, found BLOB)")
        self._instance.query(f"CREATE OR REPLACE TABLE {self._members} (name VARCHAR, key VARCHAR)")
        for scanned in connection.scan(tables):
            self._add(self._records, scanned.records)
            self._add(self._members, scanned.members)

    def _once(self) -> str:
        return f"SELECT key, any_value(found) AS found FROM {self._records} GROUP BY key"

    def _add(self, name: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Adds rows of two columns; not as Arrow, which would load pandas to make them."""
        if rows:
            with closing(self._instance.cursor()) as cursor:
                lists = [list(column) for column in zip(*rows, strict=True)]
                cursor.execute(f"INSERT INTO {name} SELECT unnest($1), unnest($2)", lists)

    def _streamed(self, sql: str) -> Iterator[pa.RecordBatch]:
        with closing(self._instance.cursor()) as cursor:
            yield from cursor.sql(sql).to_arrow_reader(_BATCH)


def _titled(layout: Layout, tables: Mapping[str, str]) -> str:
    """Gives SQL that joins the title of the table that a key belongs to.

    Args:
        layout: How keys are put together.
        tables: The titles of tables by the keys of their members.
    """
    titles = ", ".join(
        f"({quote_literal(name)}, {quote_literal(title)})"
        for name, title in [*tables.items(), ("", "")]
    )
    start, between = len(layout.prefix) + 1, quote_literal(layout.between)
    called = (
        f"{quote_literal(layout.prefix)} || split_part(substr(keys.key, {start}), {between}, 1)"
    )
    return f"(VALUES {titles}) AS t (name, title) ON t.name = {called}"


def _less(sets: str, others: str) -> str:
    """Gives SQL for the sets that are in one list and not in another."""
    return (
        f"list_filter(coalesce({sets}, {NO_SETS}),"
        f" lambda name: NOT list_contains(coalesce({others}, {NO_SETS}), name))"
    )
