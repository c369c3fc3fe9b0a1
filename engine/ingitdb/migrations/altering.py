"""The changes of definitions in place, in an order that no system refuses.

Before rows change: what hinders goes, what comes is made without conditions. After rows have
changed: what holds for them. So no row of between has to fit either definition.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from ingitdb.migrations.constraints import Constraint, ConstraintKind, Named, constraints
from ingitdb.migrations.model import (
    Column,
    Place,
    Table,
    TableChange,
    fold,
    folded,
)
from ingitdb.migrations.plan import Counts, Plan, Work

_WAITING = "ingitdb_waiting_"
"""What begins the name of a column between two others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTable:
    """Makes a table with its columns, defaults, NOT NULL and primary key.

    Attributes:
        key: The primary key, if it has one.
    """

    table: Table
    key: Constraint | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DropTable:
    """Drops a table, which nothing refers to."""

    table: Table


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameTable:
    """Gives a table another name or schema."""

    old: Place
    new: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class EmptyTable:
    """Takes all rows from a table, which nothing refers to; others come."""

    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class AddColumn:
    """Adds a column that is NULL in all rows, and may be."""

    place: Place
    column: Column


@dataclass(frozen=True, slots=True, kw_only=True)
class DropColumn:
    """Drops a column."""

    place: Place
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameColumn:
    """Gives a column another name."""

    place: Place
    old: Column
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeType:
    """Gives a column another type; its values are what `Target.moved` says."""

    place: Place
    old: Column
    new: Column


@dataclass(frozen=True, slots=True, kw_only=True)
class SetNullable:
    """Allows or forbids NULL in a column.

    Attributes:
        column: As it is to be.
    """

    place: Place
    column: Column


@dataclass(frozen=True, slots=True, kw_only=True)
class SetDefault:
    """Gives a column another default, or none.

    Attributes:
        column: As it is to be.
    """

    place: Place
    column: Column


@dataclass(frozen=True, slots=True, kw_only=True)
class AddConstraint:
    """Makes a constraint."""

    place: Place
    constraint: Constraint


@dataclass(frozen=True, slots=True, kw_only=True)
class DropConstraint:
    """Drops a constraint."""

    place: Place
    constraint: Constraint


Alteration: TypeAlias = (
    CreateTable
    | DropTable
    | RenameTable
    | EmptyTable
    | AddColumn
    | DropColumn
    | RenameColumn
    | ChangeType
    | SetNullable
    | SetDefault
    | AddConstraint
    | DropConstraint
)


class Altering:
    """The changes of definitions that a plan asks for.

    Args:
        plan: The plan.
        longest: How many bytes the name of a constraint may have.
        reacts: Whether a row that goes takes along those that refer to it, or their values, though
            it may come back: then such foreign keys are not there meanwhile.
        is_strict: Whether each statement must leave all foreign keys whole, and no column may
            allow or forbid NULL while a key, a check or an index is on it.
    """

    def __init__(
        self, plan: Plan, longest: int, *, reacts: bool = False, is_strict: bool = False
    ) -> None:
        self._is_strict = is_strict
        self._plan = plan
        self._works = [work for work in plan.works if work.new is not None]
        self._before = constraints(plan.known, longest)
        self._after = constraints([work.new for work in self._works if work.new], longest)
        self._changed = self._changed_places()
        self._left = self._left_places() if reacts else set()
        if is_strict:
            self._changed |= self._places(work for work in self._works if work.counts != Counts())

    def before_rows(self) -> Iterator[Alteration]:
        """Gives the changes that make room for the new rows."""
        yield from self._dropped_constraints()
        for table in self._plan.dropped:
            yield DropTable(table=table)
        for work in self._works:
            if work.is_taken and work.new is not None:
                yield DropTable(table=self._plan.before(work.new.place))
        for work in self._works:
            old = work.change.old
            if old is not None and work.new is not None and old.place != work.new.place:
                yield RenameTable(old=old.place, new=work.new.place)
        for work in self._works:
            if work.change.old is None and work.new is not None:
                made = self._after[folded(work.new.place)].values()
                key = next((o for o in made if o.kind is ConstraintKind.PRIMARY_KEY), None)
                yield CreateTable(table=work.new, key=key)
            elif self._is_changed(work):
                yield from _columns(work.change, is_whole=work.is_whole)

    def after_rows(self) -> Iterator[Alteration]:
        """Gives the changes that the new rows fit."""
        for work in self._works:
            if work.new is not None and self._is_changed(work):
                yield from _conditions(work.change, work.new)
        made = [(work.new, one) for work in self._works for one in self._made(work)]
        made.sort(key=lambda one: one[1].kind is ConstraintKind.FOREIGN_KEY)
        for table, one in made:
            assert table is not None
            yield AddConstraint(place=table.place, constraint=one)

    def _is_changed(self, work: Work) -> bool:
        old, new = work.change.old, work.new
        if old is None or new is None:
            return False
        return bool(work.differences) or old.place != new.place

    def _changed_places(self) -> set[Place]:
        """The tables, by old and new names, that no foreign key may hold on to."""
        found = {folded(table.place) for table in self._plan.dropped}
        for work in self._works:
            if work.is_taken or work.change.old is None or self._is_changed(work):
                tables = (work.new, work.change.old)
                found |= {folded(table.place) for table in tables if table is not None}
        return found

    def _left_places(self) -> set[Place]:
        """The tables, by old and new names, that some row leaves."""
        return self._places(work for work in self._works if work.counts.deleted)

    @staticmethod
    def _places(works: Iterable[Work]) -> set[Place]:
        tables = [table for work in works for table in (work.new, work.change.old)]
        return {folded(table.place) for table in tables if table is not None}

    def _old(self) -> Iterator[tuple[Table, TableChange | None]]:
        """Gives each old table with what becomes of it."""
        works = [work for work in self._works if work.change.old]
        kept = {folded(w.change.old.place): w.change for w in works if w.change.old is not None}
        for table in self._plan.known:
            yield table, kept.get(folded(table.place))

    def _dropped_constraints(self) -> Iterator[Alteration]:
        gone = []
        for old, change in self._old():
            new = change.new if change is not None else None
            stay = self._after[folded(new.place)] if new is not None else {}
            for one in self._before[folded(old.place)].values():
                if one.kind is ConstraintKind.FOREIGN_KEY:
                    is_gone = self._is_loose(old, one) or stay.get(one.name) != one
                else:
                    is_gone = change is not None and self._differs(change, one, stay)
                if is_gone:
                    gone.append((old, one))
        gone.sort(key=lambda one: one[1].kind is not ConstraintKind.FOREIGN_KEY)
        for table, one in gone:
            yield DropConstraint(place=table.place, constraint=one)

    def _made(self, work: Work) -> Iterator[Constraint]:
        new, old = work.new, work.change.old
        if new is None:
            return
        there = self._before[folded(old.place)] if old is not None else {}
        for one in self._after[folded(new.place)].values():
            if old is None:
                if one.kind is not ConstraintKind.PRIMARY_KEY:
                    yield one
            elif one.kind is ConstraintKind.FOREIGN_KEY:
                if self._is_loose(new, one) or there.get(one.name) != one:
                    yield one
            elif self._differs(work.change, one, there):
                yield one

    def _is_loose(self, table: Table, one: Constraint) -> bool:
        """Whether a foreign key is dropped and made again, for a table at its end changes."""
        assert one.reference is not None
        target = folded(one.reference.target)
        if one.reference.on_delete != "restrict" and target in self._left:
            return True
        return bool({folded(table.place), target} & self._changed)

    def _differs(self, change: TableChange, one: Constraint, there: Named) -> bool:
        """Whether a constraint is not there in the same words, on the same columns."""
        old, new = change.old, change.new
        assert old is not None
        assert new is not None
        if there.get(one.name) != one or old.place != new.place:
            return True
        names = one.columns or [column.name for column in (*old.columns, *new.columns)]
        return any(
            change.names.get(name) != name
            or old.column(name).type != new.column(name).type
            or (self._is_strict and old.column(name).nullable != new.column(name).nullable)
            for name in names
        )


def _columns(change: TableChange, *, is_whole: bool) -> Iterator[Alteration]:
    assert change.old is not None
    assert change.new is not None
    place = change.new.place
    if is_whole:
        yield EmptyTable(place=place)
    yield from (DropColumn(place=place, name=name) for name in change.gone)
    renamed = {new: old for new, old in change.names.items() if new != old}
    taken = set(change.names.values())
    waiting = {}
    for at, (new, old) in enumerate(renamed.items()):
        column = change.old.column(old)
        if _loose(new) in map(_loose, taken - {old}):
            waiting[new] = f"{_WAITING}{at}"
            yield RenameColumn(place=place, old=column, new=waiting[new])
        else:
            yield RenameColumn(place=place, old=column, new=new)
    for new, name in waiting.items():
        column = change.old.column(renamed[new])
        yield RenameColumn(place=place, old=replace(column, name=name), new=new)
    for new, old in change.names.items():
        before, after = replace(change.old.column(old), name=new), change.new.column(new)
        if before.default is not None and _is_given_anew(before, after):
            yield SetDefault(place=place, column=replace(before, default=None))
        if before.type != after.type:
            yield ChangeType(place=place, old=before, new=after)
        if after.nullable and not before.nullable:
            yield SetNullable(place=place, column=after)
    for name in change.come:
        yield AddColumn(place=place, column=change.new.column(name))


def _loose(name: str) -> str:
    """Gives a name as the least exact of all systems compares it."""
    return fold(name).casefold()


def _conditions(change: TableChange, new: Table) -> Iterator[Alteration]:
    assert change.old is not None
    old = change.old
    for column in new.columns:
        former = change.names.get(column.name)
        before = old.column(former) if former is not None else None
        if column.default is not None and (before is None or _is_given_anew(before, column)):
            yield SetDefault(place=new.place, column=column)
        if not column.nullable and (before is None or before.nullable):
            yield SetNullable(place=new.place, column=column)


def _is_given_anew(before: Column, after: Column) -> bool:
    """Whether a default is another one, or of another type."""
    return before.default != after.default or before.type != after.type
