"""Statements that SQLite and DuckDB have in common."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from ingitdb.migrations.model import LEDGER, Column, Place, Reference, Table
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
            f'UPDATE "main"."{LEDGER}" SET "state" = \'undone\' WHERE NOT {DONE} AND "version" ='
            f' (SELECT max("version") FROM "main"."{LEDGER}" WHERE "state" = \'applied\')'
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
