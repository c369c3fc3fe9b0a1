"""A plan as one script of plain SQL, made while it is read.

It may be run again: a script that finds its work done, as the ledger says, changes no row. So the
target must take each statement in both states. Definitions come first, in words that hold twice
(IF NOT EXISTS, IF EXISTS, a table made anew from its own rows); rows follow, under a condition.
"""

import hashlib
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from ingitdb.migrations.model import Table
from ingitdb.migrations.plan import Plan, Work
from ingitdb.migrations.targets.statements import DONE, names
from ingitdb.migrations.targets.target import Ends, Target
from ingitdb.model.types import quote_identifier

_BATCH = 200
"""So many rows are met by one DELETE."""


def script(plan: Plan, target: Target, ends: Ends) -> Iterator[str]:
    """Gives the text of a script, piece by piece."""
    digest = hashlib.sha256()
    for line in _head(plan, target, ends):
        yield f"-- {_one_line(line)}\n"
    for statement in target.begin(ends, plan.schemas):
        yield f"{statement};\n"
    for statement in _Writing(plan, target).statements():
        digest.update(statement.encode())
        digest.update(b";\n")
        yield f"{statement};\n"
    for statement in target.end(ends, digest.hexdigest()):
        yield f"{statement};\n"


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
    """Writes the statements of a plan."""

    def __init__(self, plan: Plan, target: Target) -> None:
        self._plan = plan
        self._target = target

    def statements(self) -> Iterator[str]:
        """Gives all of them in order."""
        for work in self._plan.works:
            yield from self._defined(work)
        for table in self._plan.dropped:
            yield f"DROP TABLE IF EXISTS {self._target.name_of(table.place)}"
        for work in reversed(self._plan.works):
            yield from self._deleted(work)
        for work in self._plan.works:
            yield from self._updated(work)
            yield from self._inserted(work)
        for work in self._plan.works:
            if work.new is not None:
                yield from self._target.counted(work.new)

    def _defined(self, work: Work) -> Iterator[str]:
        new, old, target = work.new, work.change.old, self._target
        if new is None:
            return
        if work.is_taken:
            yield from target.rebuild(self._plan.before(new.place), new, None)
        elif old is None:
            yield target.create(new)
        elif work.is_moved:
            yield target.create(new)
            yield target.create(old)
            if not work.is_whole:
                yield self._moved(old, new, work)
            yield f"DROP TABLE {target.name_of(old.place)}"
        elif work.differences:
            kept = None if work.is_whole else list(work.change.names.items())
            yield from target.rebuild(old, new, kept)

    def _moved(self, old: Table, new: Table, work: Work) -> str:
        pairs = work.change.names
        source, place = (self._target.name_of(table.place) for table in (old, new))
        return (
            f"INSERT INTO {place} ({names(pairs)}) SELECT {names(pairs.values())}"
            f" FROM {source} WHERE NOT {DONE}"
        )

    def _deleted(self, work: Work) -> Iterator[str]:
        new = work.new
        if new is None or not work.counts.deleted:
            return
        name = self._target.name_of(new.place)
        if work.is_whole:
            if not (work.differences or work.is_moved or work.is_taken):
                yield f"DELETE FROM {name} WHERE NOT {DONE}"
            return
        rows = work.rows.deleted()
        while batch := list(islice(rows, _BATCH)):
            yield f"DELETE FROM {name} WHERE {self._among(work.address, batch)} AND NOT {DONE}"

    def _updated(self, work: Work) -> Iterator[str]:
        if work.new is None or not work.counts.updated:
            return
        name = self._target.name_of(work.new.place)
        for address, values in work.rows.updated():
            settings = ", ".join(
                f"{quote_identifier(column)} = {self._target.literal(value)}"
                for column, value in values
            )
            where = self._among(work.address, [address])
            yield f"UPDATE {name} SET {settings} WHERE {where} AND NOT {DONE}"

    def _inserted(self, work: Work) -> Iterator[str]:
        if work.new is None or not work.counts.inserted:
            return
        literal = self._target.literal
        rows = ([literal(value) for value in row] for row in work.rows.inserted())
        yield from self._target.insert(work.new, rows)

    def _among(self, address: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
        """Gives a condition that holds for the rows of some addresses."""
        literal = self._target.literal
        if len(address) == 1:
            values = [literal(row[0]) for row in rows]
            name = quote_identifier(address[0])
            return f"{name} = {values[0]}" if len(rows) == 1 else f"{name} IN ({', '.join(values)})"
        each = [
            " AND ".join(
                f"{quote_identifier(column)} = {literal(value)}"
                for column, value in zip(address, row, strict=True)
            )
            for row in rows
        ]
        return each[0] if len(each) == 1 else "(" + " OR ".join(f"({one})" for one in each) + ")"
