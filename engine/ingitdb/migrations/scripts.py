"""A plan as statements, and as one script of plain SQL, made while it is read.

It may be run again: a script that finds its work done, as the ledger says, changes no row. So the
target must take each statement in both states. Definitions come first, in words that hold twice
(IF NOT EXISTS, IF EXISTS, a table made anew from its own rows); rows follow, under a condition.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeAlias

from ingitdb.migrations.model import Table
from ingitdb.migrations.plan import Plan, Rows, Work
from ingitdb.migrations.targets.dynamic import Dynamic
from ingitdb.migrations.targets.target import BATCH_ROWS, Ends, Target

_BATCH = 200
"""So many rows are met by one DELETE."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Insertion:
    """Rows that come into a table: a system may take them in a faster way than by statements."""

    table: Table
    rows: Rows
    count: int


Statement: TypeAlias = str | Insertion


def script(plan: Plan, target: Target, ends: Ends) -> Iterator[str]:
    """Gives the text of a script, piece by piece."""
    digest = hashlib.sha256()
    for line in _head(plan, target, ends):
        yield f"-- {_one_line(line)}\n"
    for statement in target.begin(ends, plan):
        yield f"{statement};\n"
    for change in changes(plan, target):
        for text in [change] if isinstance(change, str) else inserted(change, target):
            digest.update(text.encode())
            digest.update(b";\n")
            yield f"{text};\n"
    for statement in target.end(ends, digest.hexdigest()):
        yield f"{statement};\n"


def inserted(insertion: Insertion, target: Target, size: int = BATCH_ROWS) -> Iterator[str]:
    """Gives an insertion as statements of so many rows."""
    literal = target.literal
    rows = ([literal(value) for value in row] for row in insertion.rows.inserted())
    return target.insert(insertion.table, rows, size)


def changes(plan: Plan, target: Target) -> Iterator[Statement]:
    """Gives what changes a target, in order: definitions, rows, definitions, what is counted."""
    writing = _Writing(target)
    yield from target.prepare(plan)
    for work in reversed(plan.works):
        yield from writing.deleted(work)
    for work in plan.works:
        yield from writing.updated(work)
        if work.new is not None and work.counts.inserted:
            yield Insertion(table=work.new, rows=work.rows, count=work.counts.inserted)
    yield from target.finish(plan)
    for work in plan.works:
        if work.new is not None and work.is_counted:
            yield from target.counted(work.new)


def _head(plan: Plan, target: Target, ends: Ends) -> Iterator[str]:
    what = "Takes back" if ends.is_undo else "Leads"
    first, last = (ends.after, ends.before) if ends.is_undo else (ends.before, ends.after)
    yield f"{what} {first} .. {last} for {target.title}. Run again, it changes nothing."
    for step in plan.steps:
        marks = f" [{', '.join(step.marks)}]" if step.marks else ""
        detail = f": {step.detail}" if step.detail else ""
        yield f"{step.kind} {step.table}, {step.rows} rows{marks}{detail}"
    yield from (f"note: {note}" for note in plan.notes)


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)


class _Writing:
    """Writes the statements that delete and update rows."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def deleted(self, work: Work) -> Iterator[str]:
        """Gives the statements that take rows away."""
        new, done = work.new, self._target.done
        if new is None or not work.counts.deleted:
            return
        name = self._target.name_of(new.place)
        if work.is_whole:
            if not (work.differences or work.is_moved or work.is_taken):
                yield self._run(f"DELETE FROM {name} WHERE NOT {done}")
            return
        rows = work.rows.deleted()
        while batch := list(islice(rows, _BATCH)):
            where = among(self._target, work.address, batch)
            yield self._run(f"DELETE FROM {name} WHERE {where} AND NOT {done}")

    def updated(self, work: Work) -> Iterator[str]:
        """Gives the statements that change rows."""
        if work.new is None or not work.counts.updated:
            return
        target = self._target
        name = target.name_of(work.new.place)
        for address, values in work.rows.updated():
            settings = ", ".join(
                f"{target.quoted(column)} = {target.literal(value)}" for column, value in values
            )
            where = among(target, work.address, [address])
            yield self._run(f"UPDATE {name} SET {settings} WHERE {where} AND NOT {target.done}")

    def _run(self, statement: str) -> str:
        target = self._target
        return target.run(statement) if isinstance(target, Dynamic) else statement


def among(target: Target, address: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Gives a condition that holds for the rows of some addresses."""
    if isinstance(target, Dynamic):
        return target.among(address, rows)
    literal, quoted = target.literal, target.quoted
    if len(address) == 1:
        values = [literal(row[0]) for row in rows]
        name = quoted(address[0])
        return f"{name} = {values[0]}" if len(rows) == 1 else f"{name} IN ({', '.join(values)})"
    each = [
        " AND ".join(
            f"{quoted(column)} = {literal(value)}"
            for column, value in zip(address, row, strict=True)
        )
        for row in rows
    ]
    return each[0] if len(each) == 1 else "(" + " OR ".join(f"({one})" for one in each) + ")"
