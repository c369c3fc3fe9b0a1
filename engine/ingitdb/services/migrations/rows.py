"""The rows of a table that differ between two commits, as a target stores them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa

from ingitdb.execution.differences import Difference
from ingitdb.execution.instance import Instance
from ingitdb.execution.pairing import PATH
from ingitdb.migrations.model import TableChange
from ingitdb.migrations.plan import Selection
from ingitdb.migrations.targets.target import Target
from ingitdb.model.types import JSON, ColumnType, Scalar, quote_identifier
from ingitdb.services.migrations.held_rows import HeldRows, listed, streamed
from ingitdb.services.migrations.mapped import MappedTable
from ingitdb.snapshots.internal import ORDER
from ingitdb.snapshots.relation import Column, Relation

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
        return listed(self.batches(self._spelled))

    def batches(self, select: Selection) -> Iterator[pa.RecordBatch]:
        """Gives all rows as Arrow, in file order."""
        stored = [
            (self.target.stored(column.type).value(quote_identifier(column.name)), column.type)
            for column in self.relation.columns
        ]
        sql = f"SELECT {select(stored)} FROM ({self.relation.body}) ORDER BY _path, {ORDER}"
        return streamed(self.instance, sql)

    def _spelled(self, stored: Sequence[tuple[str, ColumnType]]) -> str:
        return ", ".join(self.target.spelled(sql, kind) for sql, kind in stored)


class DifferingRows(HeldRows):
    """The rows of a table that differ between two commits.

    Args:
        difference: The table at both commits.
        change: Its definitions.
        sides: What the target has of it at both commits.
        target: For whom.
        instance: Runs SQL.
        name: What the rows are held under.
    """

    def __init__(
        self,
        difference: Difference,
        change: TableChange,
        sides: tuple[MappedTable, MappedTable],
        *,
        target: Target,
        instance: Instance,
        name: str,
    ) -> None:
        super().__init__(target, instance, name)
        self._difference = difference
        self._change = change
        self._old, self._new = sides
        self.columns = [(column.name, column.type) for column in self._columns]
        self.address = self._address()

    def hold(self) -> None:
        """Finds out what differs."""
        assert self._change.new is not None
        stored = self.target.stored
        shown = ", ".join(
            f"{self._before(column, prefix='from')} AS o{at},"
            f" {stored(column.type).value(self._new.sql(column.name, 'to'))} AS n{at}"
            for at, column in enumerate(self._columns)
        )
        self.keep(
            f"SELECT {PATH} AS path, {ORDER} AS place, diff_type <> 'added' AS is_old,"
            f" diff_type <> 'removed' AS is_new, {shown}"
            f" FROM ({self._difference.both(whole=self._is_whole)})",
            self._change.new,
        )

    @property
    def _columns(self) -> Sequence[Column]:
        return self._new.relation.columns

    @cached_property
    def _kept(self) -> dict[str, Column]:
        """The old column of each new one that was there, by the new name."""
        known = {column.name: column for column in self._old.relation.columns}
        return {new: known[old] for new, old in self._change.names.items()}

    def _before(self, column: Column, *, prefix: str | None) -> str | None:
        """Gives SQL for what a column holds once the definition has changed and no row has."""
        old = self._kept.get(column.name)
        if old is None:
            return self.target.stored(column.type).value(f"CAST(NULL AS {column.type.sql})")
        name = self._old.sql(old.name, prefix) if prefix else quote_identifier(old.name)
        stored = self.target.stored(old.type).value(name)
        return self.target.moved(stored, old.type, column.type)

    def _address(self) -> tuple[str, ...]:
        """Chooses columns that tell the old rows apart; none if nothing does."""
        old, new = self._old.relation, self._change.new
        if new is None:
            return ()
        there = {column.name: column for column in self._columns if column.name in self._kept}
        if self._is_old_key(new.key):
            return new.key
        candidates = [
            group for group in (new.key, *new.unique) if group and set(group) <= set(there)
        ]
        candidates += [(name,) for name, column in there.items() if tells(column.type)]
        for names in candidates:
            values = [str(self._before(there[name], prefix=None)) for name in names]
            if self._are_told(values, old):
                return names
        return ()

    def tells_new(self) -> bool:
        """Whether the address tells the new rows apart as well."""
        new, relation = self._change.new, self._new.relation
        if new is not None and self.address in (new.key, *new.unique):
            return True
        return self._are_told([quote_identifier(name) for name in self.address], relation)

    def _are_told(self, values: Sequence[str], relation: Relation) -> bool:
        """Whether some values tell rows apart and are never NULL."""
        given = " AND ".join(f"{value} IS NOT NULL" for value in values)
        ((are_told,),) = self.instance.query(
            f"SELECT count(*) = count(DISTINCT row({', '.join(values)}))"
            f" AND bool_and({given}) IS NOT FALSE FROM ({relation.body})"
        )
        return bool(are_told)

    def _is_old_key(self, key: tuple[str, ...]) -> bool:
        """Whether a key is the old table's, which its rows are known to keep."""
        return keeps_key(self._change, key)

    @property
    def _is_whole(self) -> bool:
        """Whether records may differ that are the same states at both commits."""
        if len(self._kept) < len(self._columns):  # one that comes may take a name over
            return True
        return differs_unseen(self._difference, self._old.expressions, self._new.expressions)


def keeps_key(change: TableChange, key: tuple[str, ...]) -> bool:
    """Whether a key is the old table's, which its rows are known to keep."""
    old, names = change.old, change.names
    if old is None or not key or not set(key) <= set(names):
        return False
    is_same = tuple(names[name] for name in key) == old.key
    return is_same and not set(key) & set(change.retyped)


def differs_unseen(
    difference: Difference, before: Mapping[str, str], after: Mapping[str, str]
) -> bool:
    """Whether a target may have records otherwise that are the same states at both commits.

    Args:
        difference: The table at both.
        before: The expressions by the columns that they gave.
        after: The expressions by the columns that they give.
    """
    pairs = [(pair.old, pair.new) for pair in difference.pairs]
    both = [(old, new) for old, new in pairs if old is not None and new is not None]
    if any((old.type, old.name) != (new.type, new.name) for old, new in both):
        return True
    return before != after or (bool(before) and len(both) < len(pairs))


def tells(kind: ColumnType) -> bool:
    """Whether the values of a type tell rows apart in every system."""
    return isinstance(kind, Scalar) and kind != JSON and not kind.sql.startswith(_FRACTIONS)
