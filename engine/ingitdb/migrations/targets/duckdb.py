"""DuckDB: its types and words.

Types, both ways: those of the commit, which are DuckDB's; LIST, STRUCT, MAP and JSON stay what
they are, integers have up to 128 bits, decimals their digits, moments their time zone. Text may be
of any length and hold NUL characters. Every identifier is quoted, so reserved words are names like
others; case is kept, and tells no two names apart. Schemas are schemas.

DuckDB checks a foreign key at once, cannot add one to a table and lets no table be dropped that one
refers to: it is told of none. A key has no parts that are lists, structures or maps.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ingitdb.catalog.sql_types import sql_type
from ingitdb.migrations.model import LEDGER, OURS, Column, Index, Place, Table
from ingitdb.migrations.plan import Plan
from ingitdb.migrations.targets import statements
from ingitdb.migrations.targets.statements import DONE, names
from ingitdb.migrations.targets.target import (
    BATCH_ROWS,
    CHECKED,
    STAGE,
    STATE,
    Ends,
    Literal,
    Stored,
)
from ingitdb.model.types import (
    ColumnType,
    ListOf,
    MapOf,
    Scalar,
    Struct,
    quote_identifier,
    quote_literal,
)

_TEXT = re.compile(r"'(?:[^']|'')*'")
_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
"""What a client might cut a script at, or take away: a carriage return before a line end."""
_NOW = "CAST(epoch(get_current_timestamp()) AS DOUBLE)"
_MAIN = "main"
_SYSTEM = frozenset(["temp", "system", "information_schema", "pg_catalog"])
_VARIABLE = "ingitdb_rows"
_NEGATIVE_ZERO = "-0.0"
_CARRIED = frozenset(
    ["BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER",
     "UBIGINT", "FLOAT", "DOUBLE", "VARCHAR", "JSON", "BLOB", "DATE", "TIME", "TIMESTAMP",
     "TIMESTAMP WITH TIME ZONE"]
)  # fmt: skip
"""Types whose values Arrow keeps as they are."""


class Duckdb:
    """DuckDB.

    Args:
        literal_of: Gives DuckDB's SQL for the text of a value's literal.
    """

    name = "duckdb"
    title = "DuckDB"
    has_references = False
    alters = False
    is_atomic = True
    done = DONE

    def __init__(self, literal_of: Literal) -> None:
        self._literal_of = literal_of

    def stored(self, kind: ColumnType) -> Stored:
        """Says how values of a type are stored: as they are."""
        return Stored(type=kind.sql, value=lambda sql: sql)

    def kind(self, declared: str) -> ColumnType:
        """Gives the type at a commit that a declared type stands for: the same."""
        return sql_type(declared) or Scalar(declared)

    def shown(self, column: Column) -> str:
        """Gives DuckDB's SQL for a column: as it is, or as a text that Arrow keeps."""
        name = quote_identifier(column.name)
        return name if is_carried(column.kind) else f"CAST({name} AS VARCHAR)"

    def restored(self, sql: str, kind: ColumnType) -> str:
        """Gives DuckDB's SQL for a stored value, of one that was shown.

        Others may have given the column another type.
        """
        return f"TRY_CAST({sql} AS {kind.sql})"

    def spelled(self, sql: str, kind: ColumnType) -> str:
        """Gives DuckDB's SQL for what `literal` is given: the text of a literal."""
        return self._literal_of(sql, kind)

    def literal(self, value: Any) -> str:
        """Spells a value for a script, so that no client takes a part of it away."""
        text = str(value)
        if text == _NEGATIVE_ZERO:  # a literal is a decimal, which has one zero
            return f"CAST('{text}' AS DOUBLE)"
        return _TEXT.sub(_safe, text) if _UNSAFE.search(text) else text

    def moved(self, sql: str, old: ColumnType, new: ColumnType) -> str | None:
        """Gives DuckDB's SQL for what a stored value becomes in a column of another type."""
        return sql if old == new else None

    def can_be_key(self, kind: ColumnType) -> bool:
        """Whether a column may be part of a key."""
        return isinstance(kind, Scalar)

    def default(self, expression: str, kind: ColumnType) -> str | None:
        """Gives a default: the same, unless it asks tables, which DuckDB forbids."""
        return None if _asks(expression) else expression

    def condition(self, expression: str, columns: Mapping[str, ColumnType]) -> str | None:
        """Gives a condition: the same, unless it asks other tables, which DuckDB forbids."""
        return None if _asks(expression) else expression

    def is_reserved(self, place: Place) -> bool:
        """Whether no table may have this name."""
        schema, name = place
        return schema.casefold() in _SYSTEM or name.casefold().startswith(OURS)

    def name_of(self, place: Place) -> str:
        """Gives the name of a table in statements."""
        return ".".join(map(quote_identifier, place))

    def ledger_there(self) -> str:
        """Gives a query that says whether there is a ledger."""
        return (
            "SELECT count(*) FROM duckdb_tables()"
            f" WHERE schema_name = 'main' AND table_name = '{LEDGER}'"
        )

    def ledger_rows(self) -> str:
        """Gives a query for the ledger's rows."""
        return statements.LEDGER_ROWS

    def quoted(self, name: str) -> str:
        """Gives the name of a column in statements."""
        return quote_identifier(name)

    def begin(self, ends: Ends, plan: Plan) -> Iterator[str]:
        """Gives the statements before the first change."""
        yield "BEGIN TRANSACTION"
        yield from (f'DROP TABLE IF EXISTS temp."{name}"' for name in (STATE, CHECKED, STAGE))
        yield statements.ledger_table("BIGINT", "VARCHAR", "TIMESTAMP", "DOUBLE")
        yield from statements.state(ends, _NOW)
        yield from (
            f"CREATE SCHEMA IF NOT EXISTS {quote_identifier(name)}"
            for name in plan.schemas
            if name != _MAIN
        )

    def end(self, ends: Ends, checksum: str) -> Iterator[str]:
        """Gives the statements behind the last change.

        DuckDB has no clock that goes on within a transaction: the duration stays NULL.
        """
        now = "make_timestamp(epoch_us(get_current_timestamp()))"
        yield statements.ledger(ends, checksum, now, "NULL")
        yield "COMMIT"
        yield f'SELECT "what", "expected", "found" FROM temp."{CHECKED}"'
        yield from (f'DROP TABLE temp."{name}"' for name in (STATE, CHECKED))

    def prepare(self, plan: Plan) -> Iterator[str]:
        """Gives the changes of definitions that make room for the new rows."""
        yield from statements.rebuilt(plan, self)
        yield from statements.indexed((w for w in plan.works if w.counts.updated), self)

    def finish(self, plan: Plan) -> Iterator[str]:
        """Gives the changes of definitions that the new rows fit: indexes.

        DuckDB makes none of a table of which the transaction has updated rows; these came before.
        """
        return statements.indexed((w for w in plan.works if not w.counts.updated), self)

    def index(self, place: Place, index: Index) -> str:
        """Gives the statement that makes an index unless it is there."""
        name = quote_identifier(_called(place, index))
        return (
            f"CREATE INDEX IF NOT EXISTS {name} ON {self.name_of(place)} ({names(index.columns)})"
        )

    def unindex(self, place: Place, index: Index) -> str:
        """Gives the statement that drops an index if it is there."""
        return f"DROP INDEX IF EXISTS {self.name_of((place[0], _called(place, index)))}"

    def create(self, table: Table) -> str:
        """Gives the statement that makes a table unless it is there."""
        defined = statements.definition(table, self.name_of)
        return f"CREATE TABLE IF NOT EXISTS {self.name_of(table.place)} {defined}"

    def rebuild(self, old: Table, new: Table, kept: Sequence[tuple[str, str]] | None) -> list[str]:
        """Gives the statements that give a table another definition.

        Its rows wait in a temporary table; by which columns they get there, a variable says.
        """
        name, columns = self.name_of(new.place), names(column.name for column in new.columns)
        former = dict(kept or ())
        read = ", ".join(
            quote_identifier(former[column.name])
            if column.name in former
            else f"CAST(NULL AS {column.type})"
            for column in new.columns
        )
        nothing = ", ".join(f"CAST(NULL AS {column.type})" for column in new.columns)
        before = f"SELECT {nothing} WHERE false" if kept is None else f"SELECT {read} FROM {name}"
        after = f"SELECT {columns} FROM {name}"
        return [
            f"SET VARIABLE {_VARIABLE} = (SELECT CASE WHEN {DONE}"
            f" THEN {quote_literal(after)} ELSE {quote_literal(before)} END)",
            f"CREATE TEMP TABLE \"{STAGE}\" AS FROM query(getvariable('{_VARIABLE}'))",
            f"RESET VARIABLE {_VARIABLE}",
            f"DROP TABLE {name}",
            self.create(new),
            f'INSERT INTO {name} ({columns}) SELECT * FROM temp."{STAGE}"',
            f'DROP TABLE temp."{STAGE}"',
        ]

    def insert(
        self, table: Table, rows: Iterator[Sequence[str]], size: int = BATCH_ROWS
    ) -> Iterator[str]:
        """Gives the statements that add rows of literals, unless the script has run before.

        They go through a table that has their types: literals in a SELECT would find their own.
        """
        name, columns = self.name_of(table.place), names(column.name for column in table.columns)
        is_begun = False
        for batch in statements.batches(rows, size):
            if not is_begun:
                is_begun = True
                yield (f'CREATE TEMP TABLE "{STAGE}" AS SELECT {columns} FROM {name} WHERE false')
            yield f'INSERT INTO temp."{STAGE}" VALUES\n{batch}'
        if is_begun:
            yield f'INSERT INTO {name} ({columns}) SELECT * FROM temp."{STAGE}" WHERE NOT {DONE}'
            yield f'DROP TABLE temp."{STAGE}"'

    def counted(self, table: Table) -> list[str]:
        """Gives the statements that fail unless a table has the rows that it should have."""
        return [statements.counted(self.name_of(table.place), table)]


def _called(place: Place, index: Index) -> str:
    return f"{place[1]}.{index.name}"


def _safe(found: "re.Match[str]") -> str:
    text = found[0][1:-1].replace("''", "'")
    return f"decode(from_hex('{text.encode().hex()}'))" if _UNSAFE.search(text) else found[0]


def _asks(expression: str) -> bool:
    return re.search(r"\bselect\b", expression, re.IGNORECASE) is not None


def is_carried(kind: ColumnType) -> bool:
    """Whether Arrow keeps the values of a type as they are."""
    match kind:
        case ListOf(item=item):
            return is_carried(item)
        case MapOf(key=key, value=value):
            return is_carried(key) and is_carried(value)
        case Struct(fields=fields):
            return all(is_carried(field) for _, field in fields)
        case Scalar(name=name):
            return name in _CARRIED or name.startswith("DECIMAL")
