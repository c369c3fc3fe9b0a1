"""The steps that bring a target from one commit to another, in an order that is safe."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from ingitdb.migrations.model import Place, Table, TableChange, folded, lookalikes, parents_first
from ingitdb.model.types import ColumnType

if TYPE_CHECKING:
    import pyarrow as pa


class Kind(StrEnum):
    """What a step does."""

    CREATE = "create table"
    MOVE = "rename table"
    ALTER = "alter table"
    REBUILD = "rebuild table"
    DROP = "drop table"
    DELETE = "delete rows"
    UPDATE = "update rows"
    INSERT = "insert rows"


class Mark(StrEnum):
    """What is to be known of a step before it is done."""

    DESTRUCTIVE = "destructive"
    """A table or a column of the target goes, with what it holds."""
    REWRITES = "rewrites"
    """The table is written anew: time and space for all of its rows."""
    LOCKS = "locks"
    """Nobody else can write to the table meanwhile."""
    NOT_ATOMIC = "not atomic"
    """What an interruption leaves is neither the old state nor the new one."""


Selection: TypeAlias = Callable[[Sequence[tuple[str, ColumnType]]], str]
"""Gives what DuckDB is to select, of SQL for each stored value of a row with its type."""


class Rows(Protocol):
    """The rows of a table that differ, read while a script is written. Values are as stored."""

    def deleted(self) -> Iterator[Sequence[Any]]:
        """Gives the address of each row that goes."""
        ...

    def updated(self) -> Iterator[tuple[Sequence[Any], Sequence[tuple[str, Any]]]]:
        """Gives the address of each row that changes, with the columns that do."""
        ...

    def inserted(self) -> Iterator[Sequence[Any]]:
        """Gives the values of each row that comes, in the order of the new table's columns."""
        ...

    def batches(self, select: Selection) -> Iterator["pa.RecordBatch"]:
        """Gives the rows that come as Arrow.

        Args:
            select: Gives what is selected of them.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many rows go, change and come."""

    deleted: int = 0
    updated: int = 0
    inserted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What is to be done to one table.

    Attributes:
        address: The columns of the new table that tell its rows apart.
        is_whole: Whether all rows go and all come, since nothing tells them apart or it is less.
        is_moved: Whether a table of another name becomes this one.
        is_taken: Whether another table of this name is there before.
        is_counted: Whether the target has just the commit's rows afterwards.
    """

    change: TableChange
    address: tuple[str, ...]
    counts: Counts
    rows: Rows
    is_whole: bool = False
    is_moved: bool = False
    is_taken: bool = False
    is_counted: bool = True

    @property
    def new(self) -> Table | None:
        """The table as it is to be."""
        return self.change.new

    @property
    def differences(self) -> list[str]:
        """What differs in its definition."""
        return self.change.differences()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a plan.

    Attributes:
        table: What people call it.
        rows: How many rows are met.
        detail: What differs in the definition; empty where nothing does.
    """

    kind: Kind
    table: str
    rows: int
    marks: tuple[Mark, ...] = ()
    detail: str = ""


class Outline(Protocol):
    """What is told of a plan before it is done."""

    @property
    def steps(self) -> list[Step]:
        """All steps in their order."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What the target is not told of, and what may be meant otherwise."""
        ...

    @property
    def destructive(self) -> list[Step]:
        """The steps that take something away from the target."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be done, in order.

    Attributes:
        works: By table, those that others refer to first.
        dropped: Tables that are there no more, those that refer to others first.
        known: The tables as they are before.
        notes: What the target is not told of, and what may be meant otherwise.
        alters: Whether definitions are changed in place; else a table is made anew from its rows.
        is_atomic: Whether the system takes changed definitions back with a transaction.
    """

    works: tuple[Work, ...]
    dropped: tuple[Table, ...]
    known: tuple[Table, ...]
    notes: tuple[str, ...] = ()
    alters: bool = False
    is_atomic: bool = True

    def before(self, place: Place) -> Table:
        """Gives the table of a name as it is before."""
        return next(table for table in self.known if folded(table.place) == folded(place))

    @property
    def steps(self) -> list[Step]:
        """All steps in the order of the script."""
        return [
            *(step for work in self.works for step in self._schema_steps(work)),
            *(
                Step(
                    kind=Kind.DROP,
                    table=table.title,
                    rows=table.rows,
                    marks=self._marks(Mark.DESTRUCTIVE, Mark.LOCKS),
                )
                for table in self.dropped
            ),
            *self._row_steps(),
        ]

    def _marks(self, *marks: Mark) -> tuple[Mark, ...]:
        return marks if self.is_atomic else (*marks, Mark.NOT_ATOMIC)

    def _schema_steps(self, work: Work) -> Iterator[Step]:
        change, new = work.change, work.new
        if new is None:
            return
        if change.old is None and not work.is_taken:
            yield Step(kind=Kind.CREATE, table=change.title, rows=0, marks=self._marks())
            return
        said = work.differences
        marks = self._marks(
            *([Mark.DESTRUCTIVE] if change.gone or work.is_taken else []),
            *([Mark.REWRITES] if self._rewrites(work) else []),
            Mark.LOCKS,
        )
        rows = change.old.rows if change.old is not None else 0
        kind = Kind.ALTER if self.alters or not self._rewrites(work) else Kind.REBUILD
        if work.is_moved and change.old is not None:
            said = [f"from {change.old.title}", *said]
            kind = Kind.MOVE
        if said or work.is_taken:
            detail = ", ".join(said)
            yield Step(kind=kind, table=new.title, rows=rows, marks=marks, detail=detail)

    def _rewrites(self, work: Work) -> bool:
        """Whether all rows of a table that changes are written."""
        change = work.change
        if self.alters or (change.is_of_indexes and not work.is_moved):
            return bool(change.retyped or work.is_whole)
        return True

    def _row_steps(self) -> Iterator[Step]:
        for work in reversed(self.works):
            if work.counts.deleted:
                yield _step(Kind.DELETE, work, work.counts.deleted)
        for work in self.works:
            if work.counts.updated:
                yield _step(Kind.UPDATE, work, work.counts.updated)
            if work.counts.inserted:
                yield _step(Kind.INSERT, work, work.counts.inserted)

    @property
    def schemas(self) -> list[str]:
        """The schemas that the tables lie in."""
        tables = [work.new for work in self.works]
        tables += [work.change.old for work in self.works if work.is_moved]
        return sorted({table.place[0] for table in tables if table is not None})

    @property
    def destructive(self) -> list[Step]:
        """The steps that take something away from the target."""
        return [step for step in self.steps if Mark.DESTRUCTIVE in step.marks]


def plan(
    works: Iterable[Work],
    known: Sequence[Table],
    notes: Sequence[str],
    *,
    alters: bool = False,
    is_atomic: bool = True,
) -> Plan:
    """Orders what is to be done.

    Args:
        works: What is to be done to each table that is there after.
        known: The tables that are there before.
        notes: What else is to be said.
        alters: Whether definitions are changed in place.
        is_atomic: Whether the system takes changed definitions back with a transaction.
    """
    by_table = {work.new.place: work for work in works if work.new is not None}
    news = [work.new for work in by_table.values() if work.new is not None]
    after = {folded(table.place) for table in news}
    gone = [table for table in known if folded(table.place) not in after]
    moved = {
        work.change.old.place for work in by_table.values() if work.is_moved and work.change.old
    }
    ordered = [by_table[table.place] for table in parents_first(news)]
    said = [*notes, *(text for work in ordered for text in _hints(work.change))]
    dropped = [table for table in reversed(parents_first(gone)) if table.place not in moved]
    return Plan(
        works=tuple(ordered),
        dropped=tuple(dropped),
        known=tuple(known),
        notes=tuple(dict.fromkeys(said)),
        alters=alters,
        is_atomic=is_atomic,
    )


def _hints(change: TableChange) -> Iterator[str]:
    for old, new in lookalikes(change):
        yield (
            f"{change.title}: column {old} goes and {new} comes, of the same type. If it is a new"
            f" name, say so in .ingitdb/tables.yaml: columns: {{{new}: {{renamed_from: {old}}}}}."
        )


def _step(kind: Kind, work: Work, rows: int) -> Step:
    return Step(kind=kind, table=work.change.title, rows=rows)
