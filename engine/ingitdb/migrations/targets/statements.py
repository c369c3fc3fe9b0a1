"""Statements that SQLite and DuckDB have in common."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from ingitdb.migrations.model import LEDGER, Column, Index, Place, Reference, Table
from ingitdb.migrations.plan import Plan, Work
from ingitdb.migrations.targets.target import CHECKED, STATE, Ends
from ingitdb.model.types import quote_identifier, quote_literal

DONE = f'(SELECT "done" FROM temp."{STATE}")'
"""Whether the script has run before."""
CURRENT = (
    f'(SELECT "commit" FROM "main"."{LEDGER}" WHERE "state" = \'applied\''
    ' ORDER BY "version" DESC LIMIT 1)'
)
"""The commit that the target is at, as its ledger has it."""
_BATCH_ROWS = 100
_BATCH_TEXT = 200_000


def names(columns: Iterable[str]) -> str:
    """Gives names for a list of columns."""
    return ", ".join(map(quote_identifier, columns))


def definition(table: Table, called: Callable[[Place], str]) -> str:
    """Gives what stands in the parentheses of CREATE TABLE.

    Args:
        table: The table.
        called: Gives the name of a table that a foreign key refers to.
    """
    lines = [_column(column) for column in table.columns]
    if table.key:
        lines.append(f"PRIMARY KEY ({names(table.key)})")
    lines += [f"UNIQUE ({names(group)})" for group in table.unique]
    lines += [
        f"CONSTRAINT {quote_identifier(one.name)} CHECK (\n{one.condition}\n)"
        for one in table.checks
    ]
    lines += [_reference(one, called(one.target)) for one in table.references]
    return "(\n  " + ",\n  ".join(lines) + "\n)"


def _column(column: Column) -> str:
    text = f"{quote_identifier(column.name)} {column.type}"
    if not column.nullable:
        text += " NOT NULL"
    return text if column.default is None else f"{text} DEFAULT {column.default}"


def _reference(one: Reference, target: str) -> str:
    return (
        f"FOREIGN KEY ({names(one.columns)}) REFERENCES {target} ({names(one.references)})"
        f" ON UPDATE {_reaction(one.on_update)} ON DELETE {_reaction(one.on_delete)}"
        " DEFERRABLE INITIALLY DEFERRED"
    )


def _reaction(word: str) -> str:
    return "NO ACTION" if word == "restrict" else word.upper()


def state(ends: Ends, now: str) -> Iterator[str]:
    """Gives the statements that find out whether the script has run, and refuse a third commit.

    Args:
        ends: From where to where the script leads.
        now: SQL for a number of seconds.
    """
    known = ", ".join(map(quote_literal, (ends.before, ends.after)))
    here = quote_literal(ends.before if ends.is_undo else ends.after)
    is_here = f'coalesce("commit" = {here}, false)'
    done = f"NOT {is_here}" if ends.is_undo else is_here
    if ends.is_repair:
        done = "false"
    yield (
        f'CREATE TEMP TABLE "{STATE}" ("commit" VARCHAR, "done" BOOLEAN, "started" DOUBLE,'
        f' CONSTRAINT "the target is at another commit" CHECK ("commit" IS NULL'
        f' OR "commit" IN ({known})))'
    )
    yield (
        f'INSERT INTO temp."{STATE}" SELECT "commit", {done}, {now}'
        f' FROM (SELECT {CURRENT} AS "commit") AS found'
    )
    yield (
        f'CREATE TEMP TABLE "{CHECKED}" ("what" VARCHAR, "expected" BIGINT, "found" BIGINT,'
        ' CONSTRAINT "the target does not hold what the commit does" CHECK ("expected" = "found"))'
    )


def batches(rows: Iterator[Sequence[str]]) -> Iterator[str]:
    """Puts rows of literals together to lists for VALUES."""
    batch: list[str] = []
    size = 0
    for row in rows:
        batch.append(f"({', '.join(row)})")
        size += len(batch[-1])
        if len(batch) >= _BATCH_ROWS or size >= _BATCH_TEXT:
            yield ",\n".join(batch)
            batch, size = [], 0
    if batch:
        yield ",\n".join(batch)


def counted(name: str, table: Table) -> str:
    """Gives the statement that fails unless a table has as many rows as it should have."""
    what = quote_literal(f"rows of {table.title}")
    return f'INSERT INTO temp."{CHECKED}" SELECT {what}, {table.rows}, count(*) FROM {name}'


def ledger(ends: Ends, checksum: str, now: str, duration: str) -> str:
    """Gives the statement that writes the ledger's row, or marks it as undone."""
    if ends.is_undo:
        return (
            f'UPDATE "main"."{LEDGER}" SET "state" = \'undone\' WHERE NOT {DONE}'
            f' AND "state" = \'applied\' AND "version" > (SELECT coalesce(max("version"), 0)'
            f' FROM "main"."{LEDGER}" WHERE "state" = \'applied\''
            f' AND "commit" = {quote_literal(ends.after)})'
        )
    return (
        f'INSERT INTO "main"."{LEDGER}" SELECT coalesce(max("version"), 0) + 1,'
        f" {quote_literal(ends.after)}, '{checksum}', {now}, {duration}, 'applied'"
        f' FROM "main"."{LEDGER}" HAVING NOT {DONE}'
    )


def ledger_table(number: str, text: str, moment: str, fraction: str) -> str:
    """Gives the statement that makes the ledger unless it is there."""
    return (
        f'CREATE TABLE IF NOT EXISTS "main"."{LEDGER}" (\n'
        f'  "version" {number} NOT NULL PRIMARY KEY,\n  "commit" {text} NOT NULL,\n'
        f'  "checksum" {text} NOT NULL,\n  "applied_at" {moment} NOT NULL,\n'
        f'  "duration" {fraction},\n  "state" {text} NOT NULL\n)'
    )


LEDGER_ROWS = (
    'SELECT "version", "commit", "checksum", CAST("applied_at" AS VARCHAR), "duration", "state"'
    f' FROM "main"."{LEDGER}" ORDER BY "version"'
)
"""A query for the ledger's rows, the oldest first."""


class Rebuilding(Protocol):
    """A system in which a table is made anew to change its definition."""

    def name_of(self, place: Place) -> str:
        """Gives the name of a table in statements."""
        ...

    def index(self, place: Place, index: Index) -> str:
        """Gives the statement that makes an index unless it is there."""
        ...

    def create(self, table: Table) -> str:
        """Gives the statement that makes a table unless it is there."""
        ...

    def rebuild(self, old: Table, new: Table, kept: Sequence[tuple[str, str]] | None) -> list[str]:
        """Gives the statements that give a table another definition.

        Args:
            old: The table as it is before, under the same name.
            new: The table as it is to be.
            kept: New and old names of the columns whose values stay; None where no row stays.
        """
        ...


def rebuilt(plan: Plan, target: Rebuilding) -> Iterator[str]:
    """Gives the changes of definitions of a system in which tables are made anew."""
    for work in plan.works:
        yield from _defined(work, plan, target)
    for table in plan.dropped:
        yield f"DROP TABLE IF EXISTS {target.name_of(table.place)}"


def _defined(work: Work, plan: Plan, target: Rebuilding) -> Iterator[str]:
    new, old = work.new, work.change.old
    if new is None:
        return
    if work.is_taken:
        yield from target.rebuild(plan.before(new.place), new, None)
    elif old is None:
        yield target.create(new)
    elif work.is_moved:
        yield target.create(new)
        yield target.create(old)
        if not work.is_whole:
            pairs = work.change.names
            source, place = (target.name_of(table.place) for table in (old, new))
            yield (
                f"INSERT INTO {place} ({names(pairs)}) SELECT {names(pairs.values())}"
                f" FROM {source} WHERE NOT {DONE}"
            )
        yield f"DROP TABLE {target.name_of(old.place)}"
    elif work.differences:
        kept = None if work.is_whole else list(work.change.names.items())
        yield from target.rebuild(old, new, kept)


def indexed(plan: Plan, target: Rebuilding) -> Iterator[str]:
    """Gives the statements that make the indexes of tables that were made, or made anew."""
    for work in plan.works:
        new = work.new
        if new is not None and (work.change.old is None or work.differences or work.is_moved):
            yield from (target.index(new.place, index) for index in new.indexes)
