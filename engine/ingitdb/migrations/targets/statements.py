"""Statements that systems have in common."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from ingitdb.migrations.model import LEDGER, Column, Index, Place, Reference, Table
from ingitdb.migrations.plan import Plan, Work
from ingitdb.migrations.targets.target import CHECKED, STATE, Ends
from ingitdb.model.types import quote_identifier, quote_literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What systems call differently.

    Attributes:
        temp: What stands before the name of a temporary table.
        ledger: The ledger.
        fraction: The type of a fraction.
    """

    temp: str = "temp."
    ledger: str = f'"main"."{LEDGER}"'
    fraction: str = "DOUBLE"

    @property
    def done(self) -> str:
        """Whether the script has run before."""
        return f'(SELECT "done" FROM {self.temp}"{STATE}")'

    @property
    def current(self) -> str:
        """The commit that the target is at, as its ledger has it."""
        return (
            f'(SELECT "commit" FROM {self.ledger} WHERE "state" = \'applied\''
            ' ORDER BY "version" DESC LIMIT 1)'
        )

    @property
    def ledger_rows(self) -> str:
        """A query for the ledger's rows, the oldest first."""
        return (
            'SELECT l."version", l."commit", l."checksum", CAST(l."applied_at" AS VARCHAR),'
            f' l."duration", l."state" FROM {self.ledger} AS l ORDER BY l."version"'
        )


PLAIN = Words()
DONE = PLAIN.done
"""Whether the script has run before."""
LEDGER_ROWS = PLAIN.ledger_rows
"""A query for the ledger's rows, the oldest first."""
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
    lines = [column_line(column) for column in table.columns]
    if table.key:
        lines.append(f"PRIMARY KEY ({names(table.key)})")
    lines += [f"UNIQUE ({names(group)})" for group in table.unique]
    lines += [
        f"CONSTRAINT {quote_identifier(one.name)} CHECK (\n{one.condition}\n)"
        for one in table.checks
    ]
    lines += [reference_line(one, called(one.target)) for one in table.references]
    return "(\n  " + ",\n  ".join(lines) + "\n)"


def column_line(column: Column) -> str:
    """Gives the line of a column in a definition."""
    text = f"{quote_identifier(column.name)} {column.type}"
    if not column.nullable:
        text += " NOT NULL"
    return text if column.default is None else f"{text} DEFAULT {column.default}"


def reference_line(one: Reference, target: str) -> str:
    """Gives the words of a foreign key."""
    return (
        f"FOREIGN KEY ({names(one.columns)}) REFERENCES {target} ({names(one.references)})"
        f" ON UPDATE {_reaction(one.on_update)} ON DELETE {_reaction(one.on_delete)}"
        " DEFERRABLE INITIALLY DEFERRED"
    )


def _reaction(word: str) -> str:
    return "NO ACTION" if word == "restrict" else word.upper()


def state(ends: Ends, now: str, words: Words = PLAIN) -> Iterator[str]:
    """Gives the statements that find out whether the script has run, and refuse a third commit.

    Args:
        ends: From where to where the script leads.
        now: SQL for a number of seconds.
        words: What the system calls things.
    """
    known = ", ".join(map(quote_literal, (ends.before, ends.after)))
    here = quote_literal(ends.before if ends.is_undo else ends.after)
    is_here = f'coalesce("commit" = {here}, false)'
    done = f"NOT {is_here}" if ends.is_undo else is_here
    if ends.is_repair:
        done = "false"
    yield (
        f'CREATE TEMP TABLE "{STATE}" ("commit" VARCHAR, "done" BOOLEAN, "started"'
        f" {words.fraction},"
        f' CONSTRAINT "the target is at another commit" CHECK ("commit" IS NULL'
        f' OR "commit" IN ({known})))'
    )
    yield (
        f'INSERT INTO {words.temp}"{STATE}" SELECT "commit", {done}, {now}'
        f' FROM (SELECT {words.current} AS "commit") AS found'
    )
    yield (
        f'CREATE TEMP TABLE "{CHECKED}" ("what" VARCHAR, "expected" BIGINT, "found" BIGINT,'
        ' CONSTRAINT "the target does not hold what the commit does" CHECK ("expected" = "found"))'
    )


def batches(rows: Iterator[Sequence[str]], most: int) -> Iterator[str]:
    """Puts rows of literals together to lists for VALUES, of so many rows at most."""
    batch: list[str] = []
    size = 0
    for row in rows:
        batch.append(f"({', '.join(row)})")
        size += len(batch[-1])
        if len(batch) >= most or size >= _BATCH_TEXT:
            yield ",\n".join(batch)
            batch, size = [], 0
    if batch:
        yield ",\n".join(batch)


def counted(name: str, table: Table, words: Words = PLAIN) -> str:
    """Gives the statement that fails unless a table has as many rows as it should have."""
    what = quote_literal(f"rows of {table.title}")
    into = f'{words.temp}"{CHECKED}"'
    return f"INSERT INTO {into} SELECT {what}, {table.rows}, count(*) FROM {name}"


def ledger(ends: Ends, checksum: str, now: str, duration: str, words: Words = PLAIN) -> str:
    """Gives the statement that writes the ledger's row, or marks it as undone."""
    if ends.is_undo:
        return (
            f"UPDATE {words.ledger} SET \"state\" = 'undone' WHERE NOT {words.done}"
            f' AND "state" = \'applied\' AND "version" > (SELECT coalesce(max("version"), 0)'
            f" FROM {words.ledger} WHERE \"state\" = 'applied'"
            f' AND "commit" = {quote_literal(ends.after)})'
        )
    return (
        f'INSERT INTO {words.ledger} SELECT coalesce(max("version"), 0) + 1,'
        f" {quote_literal(ends.after)}, '{checksum}', {now}, {duration}, 'applied'"
        f" FROM {words.ledger} HAVING NOT {words.done}"
    )


def ledger_table(number: str, text: str, moment: str, fraction: str, words: Words = PLAIN) -> str:
    """Gives the statement that makes the ledger unless it is there."""
    return (
        f"CREATE TABLE IF NOT EXISTS {words.ledger} (\n"
        f'  "version" {number} NOT NULL PRIMARY KEY,\n  "commit" {text} NOT NULL,\n'
        f'  "checksum" {text} NOT NULL,\n  "applied_at" {moment} NOT NULL,\n'
        f'  "duration" {fraction},\n  "state" {text} NOT NULL\n)'
    )


class Rebuilding(Protocol):
    """A system in which a table is made anew to change its definition."""

    def name_of(self, place: Place) -> str:
        """Gives the name of a table in statements."""
        ...

    def index(self, place: Place, index: Index) -> str:
        """Gives the statement that makes an index unless it is there."""
        ...

    def unindex(self, place: Place, index: Index) -> str:
        """Gives the statement that drops an index if it is there."""
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
    elif work.change.is_of_indexes and not work.is_whole:
        yield from (target.unindex(old.place, index) for index in work.change.gone_indexes)
    elif work.differences:
        kept = None if work.is_whole else list(work.change.names.items())
        yield from target.rebuild(old, new, kept)


def indexed(works: Iterable[Work], target: Rebuilding) -> Iterator[str]:
    """Gives the statements that make the indexes of tables that were made, or made anew."""
    for work in works:
        new = work.new
        if new is not None and (work.change.old is None or work.differences or work.is_moved):
            yield from (target.index(new.place, index) for index in new.indexes)
