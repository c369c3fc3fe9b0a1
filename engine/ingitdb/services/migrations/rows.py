"""The rows of a table that differ between two commits, as a target stores them."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa

from ingitdb.execution.differences import Difference
from ingitdb.execution.instance import Instance
from ingitdb.execution.pairing import PATH, named
from ingitdb.migrations.model import Table, TableChange
from ingitdb.migrations.plan import Counts, Selection
from ingitdb.migrations.targets.target import Target
from ingitdb.model.types import JSON, ColumnType, Scalar, quote_identifier
from ingitdb.snapshots.internal import ORDER
from ingitdb.snapshots.relation import Column, Relation

_BATCH = 8_192
_FRACTIONS = ("DOUBLE", "FLOAT")


@dataclass(frozen=True)
class AllRows:
    """All rows of a table, which come.

    Attributes:
        relation: The table at the newer commit.
        target: For whom.
        instance: Runs SQL.
    """

    relation: Relation
    target: Target
    instance: Instance

    def deleted(self) -> Iterator[Sequence[Any]]:
        """Gives nothing: what goes, goes as a whole."""
        return iter(())

    def updated(self) -> Iterator[tuple[Sequence[Any], Sequence[tuple[str, Any]]]]:
        """Gives nothing."""
        return iter(())

    def inserted(self) -> Iterator[Sequence[Any]]:
        """Gives the values of each row in file order."""
        return _listed(self.batches(self._spelled))

    def batches(self, select: Selection) -> Iterator[pa.RecordBatch]:
        """Gives all rows as Arrow, in file order."""
        stored = [
            (self.target.stored(column.type).value(quote_identifier(column.name)), column.type)
            for column in self.relation.columns
        ]
        sql = f"SELECT {select(stored)} FROM ({self.relation.body}) ORDER BY _path, {ORDER}"
        return _streamed(self.instance, sql)

    def _spelled(self, stored: Sequence[tuple[str, ColumnType]]) -> str:
        return ", ".join(self.target.spelled(sql, kind) for sql, kind in stored)


class DifferingRows:
    """The rows of a table that differ, each told by an address; held in memory of DuckDB's.

    Args:
        difference: The table at both commits.
        change: Its definitions.
        target: For whom.
        instance: Runs SQL.
        name: What the rows are held under.
    """

    def __init__(
        self,
        difference: Difference,
        change: TableChange,
        *,
        target: Target,
        instance: Instance,
        name: str,
    ) -> None:
        self._difference = difference
        self._change = change
        self._target = target
        self._instance = instance
        self._held = f'memory.main."{name}"'
        self.address = self._address()

    def deleted(self) -> Iterator[Sequence[Any]]:
        """Gives the address of each row that goes."""
        return self._read(self._addresses(), "goes")

    def updated(self) -> Iterator[tuple[Sequence[Any], Sequence[tuple[str, Any]]]]:
        """Gives the address of each row that changes, with the columns that do."""
        names = [column.name for column in self._columns]
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
        stored = [(f"n{at}", column.type) for at, column in enumerate(self._columns)]
        return self._streamed([select(stored)], "comes")

    @cached_property
    def counts(self) -> Counts:
        """How many rows go, change and come."""
        self._hold()
        ((gone, changed, come),) = self._instance.query(
            "SELECT count(*) FILTER (goes), count(*) FILTER (NOT goes AND NOT comes),"
            f" count(*) FILTER (comes) FROM {self._held}"
        )
        return Counts(deleted=gone, updated=changed, inserted=come)

    def drop(self) -> None:
        """Lets go of what is held."""
        self._instance.query(f"DROP TABLE IF EXISTS {self._held}")

    @property
    def _columns(self) -> Sequence[Column]:
        relation = self._difference.sides[1].relation
        return relation.columns if relation is not None else ()

    @cached_property
    def _kept(self) -> dict[str, Column]:
        """The old column of each new one that was there, by the new name."""
        pairs = ((pair.old, pair.new) for pair in self._difference.pairs)
        return {new.name: old for old, new in pairs if old is not None and new is not None}

    def _before(self, column: Column, *, prefix: str | None) -> str | None:
        """Gives SQL for what a column holds once the definition has changed and no row has."""
        old = self._kept.get(column.name)
        if old is None:
            return self._target.stored(column.type).value(f"CAST(NULL AS {column.type.sql})")
        name = named(prefix, old) if prefix else quote_identifier(old.name)
        stored = self._target.stored(old.type).value(name)
        return self._target.moved(stored, old.type, column.type)

    def _address(self) -> tuple[str, ...]:
        """Chooses columns that tell the old rows apart; none if nothing does."""
        old, new = self._difference.sides[0].relation, self._change.new
        if old is None or new is None:
            return ()
        there = {column.name: column for column in self._columns if column.name in self._kept}
        candidates = [
            group for group in (new.key, *new.unique) if group and set(group) <= set(there)
        ]
        candidates += [(name,) for name, column in there.items() if _tells(column.type)]
        for names in candidates:
            values = [self._before(there[name], prefix=None) for name in names]
            given = " AND ".join(f"{value} IS NOT NULL" for value in values)
            ((is_key,),) = self._instance.query(
                f"SELECT count(*) = count(DISTINCT row({', '.join(map(str, values))}))"
                f" AND bool_and({given}) IS NOT FALSE FROM ({old.body})"
            )
            if is_key:
                return names
        return ()

    def _hold(self) -> None:
        new = self._change.new
        assert new is not None
        columns = self._columns
        old = [self._before(column, prefix="from") for column in columns]
        values = [self._target.stored(column.type).value(named("to", column)) for column in columns]
        shown = ", ".join(
            f"{before} AS o{at}, {value} AS n{at}"
            for at, (before, value) in enumerate(zip(old, values, strict=True))
        )
        differs = [f"o{at} IS DISTINCT FROM n{at}" for at in range(len(columns))]
        apart = _apart(new, self.address, columns, differs)
        bits = " || ".join(f"CASE WHEN {one} THEN '1' ELSE '0' END" for one in differs)
        kept = [f"o{at}" for at, column in enumerate(columns) if column.name in self.address]
        kept += [f"n{at}" for at in range(len(columns))]
        whole = any(
            (old.name, old.type) != (new.name, new.type) for old, new in self._both()
        ) or len(self._kept) < len(columns)
        self.drop()
        self._instance.query(
            f"CREATE TABLE {self._held} AS WITH s AS (SELECT diff_type, {PATH} AS path,"
            f" {ORDER} AS place, {shown} FROM ({self._difference.both(whole=whole)})),"
            f" t AS (SELECT *, diff_type = 'modified' AND ({apart}) AS moves, {bits} AS changed"
            " FROM s),"
            " u AS (SELECT *, moves OR diff_type = 'removed' AS goes,"
            " moves OR diff_type = 'added' AS comes FROM t)"
            f" SELECT path, place, goes, comes, changed, {', '.join(kept)} FROM u"
            " WHERE goes OR comes OR contains(changed, '1')"
        )

    def _both(self) -> Iterator[tuple[Column, Column]]:
        for column in self._columns:
            if column.name in self._kept:
                yield self._kept[column.name], column

    def _addresses(self) -> list[str]:
        places = {column.name: (at, column.type) for at, column in enumerate(self._columns)}
        found = (places[name] for name in self.address)
        return [self._target.spelled(f"o{at}", kind) for at, kind in found]

    def _values(self) -> list[str]:
        return [
            self._target.spelled(f"n{at}", column.type) for at, column in enumerate(self._columns)
        ]

    def _read(self, wanted: Sequence[str], where: str) -> Iterator[list[Any]]:
        return _listed(self._streamed(wanted, where))

    def _streamed(self, wanted: Sequence[str], where: str) -> Iterator[pa.RecordBatch]:
        return _streamed(
            self._instance,
            f"SELECT {', '.join(wanted)} FROM {self._held} WHERE {where} ORDER BY path, place",
        )


def _apart(
    table: Table, address: Sequence[str], columns: Sequence[Column], differs: Sequence[str]
) -> str:
    """Gives SQL that holds for a row which is not updated: what must be unique changes in it.

    It goes and comes, so that rows can change their keys with each other.
    """
    held = {*address, *table.kept_apart}
    pairs = zip(columns, differs, strict=True)
    return " OR ".join(one for column, one in pairs if column.name in held) or "false"


def _tells(kind: ColumnType) -> bool:
    """Whether the values of a type tell rows apart in every system."""
    return isinstance(kind, Scalar) and kind != JSON and not kind.sql.startswith(_FRACTIONS)


def _streamed(instance: Instance, sql: str) -> Iterator[pa.RecordBatch]:
    """Gives rows without holding them all."""
    with closing(instance.cursor()) as cursor:
        yield from cursor.sql(sql).to_arrow_reader(_BATCH)


def _listed(batches: Iterator[pa.RecordBatch]) -> Iterator[list[Any]]:
    for batch in batches:
        columns = [column.to_pylist() for column in batch.columns]
        yield from map(list, zip(*columns, strict=True))
