"""Rows that go, change and come, held in DuckDB until a target has them."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import cached_property
from itertools import islice
from typing import Any

import pyarrow as pa

from ingitdb.execution.instance import Instance
from ingitdb.migrations.model import Table
from ingitdb.migrations.plan import Counts, Selection
from ingitdb.migrations.targets.target import Target
from ingitdb.model.types import ColumnType
from ingitdb.services.migrations.ways import RowsMode

DELETE, UPDATE, INSERT = "delete", "update", "insert"
"""What is to be done with a row."""
_BATCH = 8_192
_FEW = 200
"""So many rows are changed one by one in a table without a key."""


class HeldRows:
    """The rows of a table that differ, each told by an address.

    They are held in a table of DuckDB's: `path` and `place` (their order), `goes`, `comes`,
    `changed` (a digit a column), and by column `o0` … what the target has before, `n0` … after.

    Args:
        target: For whom.
        instance: Runs SQL.
        name: What the rows are held under.

    Attributes:
        address: The columns that tell the old rows apart; empty where nothing does.
        columns: The columns of the new table with their types.
    """

    address: tuple[str, ...]
    columns: Sequence[tuple[str, ColumnType]]

    def __init__(self, target: Target, instance: Instance, name: str) -> None:
        self.target = target
        self.instance = instance
        self.held = f'memory.main."{name}"'

    def hold(self) -> None:
        """Finds out what differs."""
        raise NotImplementedError

    def tells_new(self) -> bool:
        """Whether the address tells the new rows apart as well."""
        return True

    def deleted(self) -> Iterator[Sequence[Any]]:
        """Gives the address of each row that goes."""
        return self._read(self._addresses(), "goes")

    def updated(self) -> Iterator[tuple[Sequence[Any], Sequence[tuple[str, Any]]]]:
        """Gives the address of each row that changes, with the columns that do."""
        names = [name for name, _ in self.columns]
        width = len(self.address)
        wanted = ["changed", *self._addresses(), *self._values()]
        for changed, *cells in self._read(wanted, "NOT goes AND NOT comes"):
            values = zip(names, cells[width:], changed, strict=True)
            yield cells[:width], [(name, value) for name, value, bit in values if bit == "1"]

    def inserted(self) -> Iterator[Sequence[Any]]:
        """Gives the values of each row that comes."""
        return self._read(self._values(), "comes")

    def batches(self, select: Selection) -> Iterator[pa.RecordBatch]:
        """Gives the rows that come as Arrow."""
        stored = [(f"n{at}", kind) for at, (_, kind) in enumerate(self.columns)]
        return self.selected([select(stored)], "comes")

    @cached_property
    def counts(self) -> Counts:
        """How many rows go, change and come."""
        self.hold()
        return self.counted()

    def counted(self) -> Counts:
        """Counts the rows that are held."""
        ((gone, changed, come),) = self.instance.query(
            "SELECT count(*) FILTER (goes), count(*) FILTER (NOT goes AND NOT comes),"
            f" count(*) FILTER (comes) FROM {self.held}"
        )
        return Counts(deleted=gone, updated=changed, inserted=come)

    def addressed(self, size: int) -> Iterator[list[list[Any]]]:
        """Gives the addresses of all rows, those that come too, so many at once."""
        wanted = [
            self.target.spelled(f"coalesce(o{at}, n{at})", self.columns[at][1])
            for at in self.places()
        ]
        rows = self._read(wanted, "true")
        while batch := list(islice(rows, size)):
            yield batch

    def told(self) -> Iterator[tuple[str, list[Any]]]:
        """Gives what is to be done with each row, and its address as it is stored."""
        kind = (
            f"CASE WHEN goes = comes THEN '{UPDATE}' WHEN goes THEN '{DELETE}' ELSE '{INSERT}' END"
        )
        cells = [f"coalesce(o{at}, n{at})" for at in self.places()]
        for what, *address in self._read([kind, *cells], "true"):
            yield what, address

    def drop(self) -> None:
        """Lets go of what is held."""
        self.instance.query(f"DROP TABLE IF EXISTS {self.held}")

    def only(self, rows: RowsMode, *, is_back: bool = False) -> None:
        """Forgets the differences that are not to be settled.

        Args:
            rows: Which are.
            is_back: Whether what was settled so is taken back.
        """
        come, go = ("goes", "comes") if is_back else ("comes", "goes")
        if rows is RowsMode.INSERT:
            self.instance.query(f"DELETE FROM {self.held} WHERE NOT {come} OR {go}")
        elif rows is RowsMode.UPSERT:
            self.instance.query(f"DELETE FROM {self.held} WHERE {go} AND NOT {come}")

    def places(self) -> list[int]:
        """Gives the numbers of the address's columns."""
        numbers = {name: at for at, (name, _) in enumerate(self.columns)}
        return [numbers[name] for name in self.address]

    def keep(self, sql: str, table: Table) -> None:
        """Holds what a query gives of rows side by side.

        Args:
            sql: Gives `path`, `place`, `is_old`, `is_new`, and by column `o0`, `n0` ….
            table: The new table.
        """
        differs = [f"o{at} IS DISTINCT FROM n{at}" for at in range(len(self.columns))]
        held = {*self.address, *table.kept_apart}
        apart = [one for (name, _), one in zip(self.columns, differs, strict=True) if name in held]
        bits = " || ".join(f"CASE WHEN {one} THEN '1' ELSE '0' END" for one in differs)
        cells = [f"{side}{at}" for side in "on" for at in range(len(self.columns))]
        self.drop()
        self.instance.query(
            f"CREATE TABLE {self.held} AS WITH s AS ({sql}),"
            f" t AS (SELECT *, is_old AND is_new AND ({' OR '.join(apart) or 'false'}) AS moves,"
            f" {bits} AS changed FROM s),"
            " u AS (SELECT *, moves OR NOT is_new AS goes, moves OR NOT is_old AS comes FROM t)"
            f" SELECT path, place, goes, comes, changed, {', '.join(cells)} FROM u"
            " WHERE goes OR comes OR contains(changed, '1')"
        )
        is_found = self.address in (table.key, *table.unique) and self.target.has_references
        if not is_found and self.counted().updated > _FEW:
            # each would be looked for among all rows, or is a statement that DuckDB thinks about
            # for long: together they go and come sooner, and nothing refers to them
            self.instance.query(
                f"UPDATE {self.held} SET goes = true, comes = true WHERE NOT goes AND NOT comes"
            )

    def _addresses(self) -> list[str]:
        return [self.target.spelled(f"o{at}", self.columns[at][1]) for at in self.places()]

    def _values(self) -> list[str]:
        return [self.target.spelled(f"n{at}", kind) for at, (_, kind) in enumerate(self.columns)]

    def _read(self, wanted: Sequence[str], where: str) -> Iterator[list[Any]]:
        return listed(self.selected(wanted, where))

    def selected(self, wanted: Sequence[str], where: str) -> Iterator[pa.RecordBatch]:
        """Gives what is wanted of rows that are held, in their order."""
        return streamed(
            self.instance,
            f"SELECT {', '.join(wanted)} FROM {self.held} WHERE {where} ORDER BY path, place",
        )


def streamed(instance: Instance, sql: str) -> Iterator[pa.RecordBatch]:
    """Gives rows without holding them all."""
    with closing(instance.cursor()) as cursor:
        yield from cursor.sql(sql).to_arrow_reader(_BATCH)


def listed(batches: Iterator[pa.RecordBatch]) -> Iterator[list[Any]]:
    """Gives the rows of batches one by one."""
    for batch in batches:
        columns = [column.to_pylist() for column in batch.columns]
        yield from map(list, zip(*columns, strict=True))
