"""PostgreSQL: its types and words.

Types, both ways. Every value goes there as the text that PostgreSQL itself reads, and comes back as
the text that it shows.

| at the commit | declared | back as |
|---|---|---|
| BOOLEAN | BOOLEAN | BOOLEAN |
| integers of at most 64 signed bits | BIGINT | BIGINT |
| HUGEINT, UBIGINT, UHUGEINT | NUMERIC(39, 0) | HUGEINT |
| DECIMAL(p,s) | NUMERIC(p, s) | DECIMAL(p,s) |
| DOUBLE, FLOAT, with NaN, infinities and -0.0 | DOUBLE PRECISION | DOUBLE |
| VARCHAR without NUL characters | TEXT | VARCHAR |
| DATE, from 4713 BC on | DATE | DATE |
| TIME | TIME WITHOUT TIME ZONE | TIME |
| TIMESTAMP, from 4713 BC on | TIMESTAMP WITHOUT TIME ZONE | TIMESTAMP |
| TIMESTAMP WITH TIME ZONE | TIMESTAMP WITH TIME ZONE | the same |
| BLOB | BYTEA | BLOB |
| LIST, STRUCT, MAP, JSON | JSON: the very text; NaN is the string "NaN", so are infinities | JSON |
| all others, such as INTERVAL | TEXT: as DuckDB spells it | VARCHAR |

A type that others have declared stands for the like of these: SMALLINT for BIGINT, REAL for DOUBLE,
JSONB for JSON, anything unknown for VARCHAR.

Every identifier is quoted, so reserved words are names like others, and case tells names apart. The
schema `main` is `public`; other schemas are schemas. A name may have 63 bytes.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ingitdb.migrations.altering import Alteration, Altering
from ingitdb.migrations.expressions import translated, translated_default
from ingitdb.migrations.model import LEDGER, OURS, Column, Place, Table
from ingitdb.migrations.plan import Plan
from ingitdb.migrations.targets import statements
from ingitdb.migrations.targets.altered_postgresql import altered
from ingitdb.migrations.targets.json_texts import strict_json
from ingitdb.migrations.targets.statements import Words, names
from ingitdb.migrations.targets.target import BATCH_ROWS, CHECKED, STATE, Ends, Stored
from ingitdb.model.types import JSON, ColumnType, Scalar, quote_identifier, quote_literal

LOCK = 0x696E6769746462
"""The number of the lock that migrations of a database keep each other out by."""
PUBLIC = "public"
LONGEST = 63

_INTEGERS = frozenset(
    ["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"]
)
_WIDE = frozenset(["HUGEINT", "UBIGINT", "UHUGEINT"])
_FRACTIONS = frozenset(["DOUBLE", "FLOAT"])
_WIDE_TYPE = "NUMERIC(39, 0)"
_ZONED = "TIMESTAMP WITH TIME ZONE"
_MOMENTS = {
    "DATE": "DATE",
    "TIME": "TIME WITHOUT TIME ZONE",
    "TIMESTAMP": "TIMESTAMP WITHOUT TIME ZONE",
    _ZONED: _ZONED,
}
_KINDS = {
    "BOOLEAN": "BOOLEAN",
    "SMALLINT": "BIGINT",
    "INTEGER": "BIGINT",
    "BIGINT": "BIGINT",
    "REAL": "DOUBLE",
    "DOUBLE PRECISION": "DOUBLE",
    "BYTEA": "BLOB",
    "JSON": "JSON",
    "JSONB": "JSON",
    **{declared: kind for kind, declared in _MOMENTS.items()},
}
_DECIMAL = re.compile(r"(?:DECIMAL|NUMERIC)\((\d+), ?(\d+)\)")
_DIGITS = 38
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_QUOTED = re.compile(r"'(?:[^']|'')*'")
_DATE = r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])"
_TIME = r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?"
_DEFAULTS = {
    "BOOLEAN": re.compile("true|false"),
    "BIGINT": re.compile(r"'[+-]?\d{1,18}'"),
    "NUMERIC": re.compile(r"'[+-]?\d+(\.\d+)?'"),
    "DOUBLE PRECISION": re.compile(r"'[+-]?\d+(\.\d+)?'"),
    "DATE": re.compile(f"'{_DATE}'"),
    "TIME WITHOUT TIME ZONE": re.compile(f"'{_TIME}'"),
    "TIMESTAMP WITHOUT TIME ZONE": re.compile(f"'{_DATE}[ T]{_TIME}'"),
}
"""Defaults that are surely values of their types."""
_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\\]")
"""What a client might cut a script at or take away, and what a server might read otherwise."""
_SYSTEM_COLUMNS = frozenset(["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"])
_KEY_BYTES = 2600
"""A row of an index has 2,704 bytes at most, some of them its own."""
_VALUE_BYTES = 16
"""What a value may need beside its text."""
_DIALECT = "postgres"
"""What sqlglot calls it."""
_FIRST = {"DATE": "DATE '4713-01-01 (BC)'", "TIMESTAMP": "TIMESTAMP '4713-01-01 (BC) 00:00:00'"}
_LAST_DATE = "DATE '5874897-12-31'"
_NOW = "extract(epoch FROM clock_timestamp())"
_IS_LEDGER = f"schemaname = '{PUBLIC}' AND tablename = '{LEDGER}'"
_WORDS = Words(temp="pg_temp.", ledger=f'"{PUBLIC}"."{LEDGER}"', fraction="DOUBLE PRECISION")
_SETTINGS = (
    "client_min_messages = warning",
    "client_encoding = 'UTF8'",
    "standard_conforming_strings = on",
    "DateStyle = 'ISO, YMD'",
)


class Postgresql:
    """PostgreSQL; tried with 15."""

    name = "postgresql"
    title = "PostgreSQL"
    has_references = True
    alters = True
    is_atomic = True
    done = _WORDS.done
    longest_name = LONGEST
    refuses = "its text has no NUL characters, its dates begin in 4713 BC"
    unindexed = "some row is too long"

    def stored(self, kind: ColumnType) -> Stored:
        """Says how values of a type are stored."""
        if not isinstance(kind, Scalar):
            return Stored(type="JSON", value=lambda sql: strict_json(f"to_json({sql})"))
        name = kind.name.upper()
        if name in _INTEGERS:
            return Stored(type="BIGINT", value=_cast("BIGINT"))
        if name in _FRACTIONS:
            return Stored(type="DOUBLE PRECISION", value=_cast("DOUBLE"))
        if name in _WIDE:
            return Stored(type=_WIDE_TYPE, value=_cast("VARCHAR"))
        if name == _ZONED:
            return Stored(type=_ZONED, value=_in_utc)
        if name in _MOMENTS:
            return Stored(type=_MOMENTS[name], value=_cast(name))
        if name == JSON.name:
            return Stored(type="JSON", value=strict_json)
        found = _DECIMAL.fullmatch(name)
        if found:
            return Stored(type=f"NUMERIC({found[1]}, {found[2]})", value=_cast(name))
        own = {"BOOLEAN": "BOOLEAN", "BLOB": "BYTEA"}.get(name)
        return Stored(type=own or "TEXT", value=_cast(name if own else "VARCHAR"))

    def kind(self, declared: str) -> ColumnType:
        """Gives the type at a commit that a declared type stands for."""
        name = declared.upper().strip()
        found = _DECIMAL.fullmatch(name)
        if found:
            precision, scale = int(found[1]), int(found[2])
            if precision <= _DIGITS:
                return Scalar(f"DECIMAL({precision},{scale})")
            return Scalar("VARCHAR" if scale else "HUGEINT")
        return Scalar(_KINDS.get(name, "VARCHAR"))

    def shown(self, column: Column) -> str:
        """Gives PostgreSQL's SQL for a column as `restored` takes it: its text."""
        return f"CAST({quote_identifier(column.name)} AS TEXT)"

    def restored(self, sql: str, kind: ColumnType) -> str:
        """Gives DuckDB's SQL for a stored value, of the text that PostgreSQL shows."""
        declared = self.stored(kind).type
        if declared == "BYTEA":
            return f"from_hex(substr({sql}, 3))"
        if declared in ("TEXT", "JSON", _WIDE_TYPE):
            return sql
        if declared == _ZONED:
            return _moment(rf"regexp_replace({sql}, '\+00( BC)?$', '\1')", "TIMESTAMP")
        if declared == _MOMENTS["TIME"]:
            return f"TRY_CAST({sql} AS TIME)"
        if declared in _MOMENTS.values():
            return _moment(sql, declared.split()[0])
        plain = {"BIGINT": "BIGINT", "BOOLEAN": "BOOLEAN", "DOUBLE PRECISION": "DOUBLE"}
        return f"TRY_CAST({sql} AS {plain.get(declared, declared.replace('NUMERIC', 'DECIMAL'))})"

    def spelled(self, sql: str, kind: ColumnType) -> str:
        """Gives DuckDB's SQL for the text that PostgreSQL reads a value from."""
        declared = self.stored(kind).type
        if declared == "BYTEA":
            return rf"'\x' || hex({sql})"
        text = f"CAST({sql} AS VARCHAR)"
        if declared in ("DATE", _MOMENTS["TIMESTAMP"], _ZONED):
            text = f"replace({text}, ' (BC)', ' BC')"
            if declared == _ZONED:
                text = f"CASE WHEN isfinite({sql}) THEN {text} || '+00' ELSE {text} END"
        return text

    def literal(self, value: Any) -> str:
        """Spells a text for a script; what it is assigned to or compared with gives it a type."""
        if value is None:
            return "NULL"
        text = str(value)
        if not _UNSAFE.search(text):
            return quote_literal(text)
        return f"E{quote_literal(_UNSAFE.sub(_escaped, text))}"

    def moved(self, sql: str, old: ColumnType, new: ColumnType) -> str | None:
        """Gives DuckDB's SQL for what a stored value becomes in a column of another type."""
        before, after = self.stored(old).type, self.stored(new).type
        if before == after or (before == "JSON" and after == "TEXT"):
            return sql
        if after == "TEXT" and (before in ("BIGINT", "BOOLEAN") or before.startswith("NUMERIC")):
            return f"CAST({sql} AS VARCHAR)"
        if before == "BIGINT" and after == "DOUBLE PRECISION":
            return f"CAST({sql} AS DOUBLE)"
        if before == "BIGINT" and after == _WIDE_TYPE:
            return f"CAST({sql} AS VARCHAR)"
        return None

    def can_be_key(self, kind: ColumnType) -> bool:
        """Whether a column may be part of a key: no two JSON texts can be compared."""
        return self.stored(kind).type != "JSON"

    def default(self, expression: str, kind: ColumnType) -> str | None:
        """Gives a default: a literal in the words in which PostgreSQL tells it again."""
        text = expression.strip()
        if text.upper() in ("TRUE", "FALSE"):
            found = text.lower()
        elif _NUMBER.fullmatch(text):
            found = f"'{text}'"
        elif _QUOTED.fullmatch(text) and not _UNSAFE.search(text):
            found = text
        else:
            return translated_default(expression, _DIALECT, kind)
        return found if self._fits(found, kind) else None

    def condition(self, expression: str, columns: Mapping[str, ColumnType]) -> str | None:
        """Gives a condition if its words mean the same here."""
        return translated(expression, _DIALECT, columns)

    def is_reserved(self, place: Place) -> bool:
        """Whether no table may have this name."""
        schema, name = place
        is_system = schema.startswith("pg_") or schema in (PUBLIC, "information_schema")
        return is_system or name.casefold().startswith(OURS)

    def is_reserved_column(self, name: str) -> bool:
        """Whether no column may have this name, since each table has one of its own."""
        return name in _SYSTEM_COLUMNS

    def unfit(self, sql: str, kind: ColumnType) -> str | None:
        """Gives DuckDB's SQL that holds for a value which cannot be stored."""
        declared = self.stored(kind).type
        if declared in ("TEXT", "JSON"):
            return f"contains({sql}, chr(0))"
        if declared == "DATE":
            is_early = f"{sql} < {_FIRST['DATE']} OR {sql} > {_LAST_DATE}"
            return f"isfinite({sql}) AND ({is_early})"
        if declared in (_MOMENTS["TIMESTAMP"], _ZONED):
            return f"isfinite({sql}) AND {sql} < {_FIRST['TIMESTAMP']}"
        return None

    def too_long(self, values: Sequence[tuple[str, ColumnType]]) -> str:
        """Gives DuckDB's SQL that holds for a row which no index takes."""
        sizes = (f"coalesce(strlen({self.spelled(sql, kind)}), 0)" for sql, kind in values)
        return f"{' + '.join(sizes)} > {_KEY_BYTES - _VALUE_BYTES * len(values)}"

    def refers(self, child: ColumnType, parent: ColumnType) -> bool:
        """Whether a column of one type may refer to a column of another."""
        one, other = (self.stored(kind).type.split("(")[0] for kind in (child, parent))
        return one == other or (one == "BIGINT" and other in ("NUMERIC", "DOUBLE PRECISION"))

    def name_of(self, place: Place) -> str:
        """Gives the name of a table in statements."""
        return f"{quote_identifier(schema_of(place[0]))}.{quote_identifier(place[1])}"

    def quoted(self, name: str) -> str:
        """Gives the name of a column in statements."""
        return quote_identifier(name)

    def ledger_there(self) -> str:
        """Gives a query that says whether there is a ledger."""
        return f"SELECT count(*) FROM pg_catalog.pg_tables WHERE {_IS_LEDGER}"

    def ledger_rows(self) -> str:
        """Gives a query for the ledger's rows."""
        return _WORDS.ledger_rows

    def begin(self, ends: Ends, plan: Plan) -> Iterator[str]:
        """Gives the statements before the first change."""
        yield "BEGIN ISOLATION LEVEL READ COMMITTED"
        yield from (f"SET LOCAL {setting}" for setting in _SETTINGS)
        yield _block(f"PERFORM pg_catalog.pg_advisory_xact_lock({LOCK})")
        yield "SET CONSTRAINTS ALL DEFERRED"
        for schema in dict.fromkeys([PUBLIC, *map(schema_of, plan.schemas)]):
            there = f"SELECT FROM pg_catalog.pg_namespace WHERE nspname = {quote_literal(schema)}"
            made = f"CREATE SCHEMA {quote_identifier(schema)}"
            yield _block(f"IF NOT EXISTS ({there}) THEN {made}; END IF")
        yield from (f'DROP TABLE IF EXISTS pg_temp."{name}"' for name in (STATE, CHECKED))
        made = statements.ledger_table("BIGINT", "TEXT", "TIMESTAMP", "DOUBLE PRECISION", _WORDS)
        there = f"SELECT FROM pg_catalog.pg_tables WHERE {_IS_LEDGER}"
        yield _block(f"IF NOT EXISTS ({there}) THEN {made}; END IF")
        yield from statements.state(ends, _NOW, _WORDS)

    def end(self, ends: Ends, checksum: str) -> Iterator[str]:
        """Gives the statements behind the last change."""
        now = "clock_timestamp() AT TIME ZONE 'UTC'"
        duration = f'(SELECT {_NOW} - "started" FROM pg_temp."{STATE}")'
        yield statements.ledger(ends, checksum, now, duration, _WORDS)
        yield "COMMIT"
        yield f'SELECT "what", "expected", "found" FROM pg_temp."{CHECKED}"'
        yield from (f'DROP TABLE pg_temp."{name}"' for name in (STATE, CHECKED))

    def prepare(self, plan: Plan) -> Iterator[str]:
        """Gives the changes of definitions that make room for the new rows."""
        return self._rendered(_altering(plan).before_rows())

    def finish(self, plan: Plan) -> Iterator[str]:
        """Gives the changes of definitions that the new rows fit.

        No table is changed while rows of it wait to be checked: they are checked first.
        """
        yield "SET CONSTRAINTS ALL IMMEDIATE"
        yield from self._rendered(_altering(plan).after_rows())

    def insert(
        self, table: Table, rows: Iterator[Sequence[str]], size: int = BATCH_ROWS
    ) -> Iterator[str]:
        """Gives the statements that add rows of texts, unless the script has run before."""
        columns = names(column.name for column in table.columns)
        values = ", ".join(
            f"CAST({quote_identifier(column.name)} AS {column.type})" for column in table.columns
        )
        head = f"INSERT INTO {self.name_of(table.place)} ({columns}) SELECT {values} FROM (VALUES\n"
        for batch in statements.batches(rows, size):
            yield f"{head}{batch}\n) AS v ({columns}) WHERE NOT {self.done}"

    def counted(self, table: Table) -> list[str]:
        """Gives the statements that fail unless a table has the rows that it should have."""
        return [statements.counted(self.name_of(table.place), table, _WORDS)]

    def _rendered(self, found: Iterator[Alteration]) -> Iterator[str]:
        for alteration in found:
            for statement in altered(alteration, self.name_of):
                yield _block(f"IF NOT {self.done} THEN {statement}; END IF")

    def _fits(self, default: str, kind: ColumnType) -> bool:
        """Whether a default is a value of a type: JSON and bytes have none."""
        declared = self.stored(kind).type.split("(")[0]
        if declared == "TEXT":
            return default.startswith("'")
        return declared in _DEFAULTS and bool(_DEFAULTS[declared].fullmatch(default))


def schema_of(schema: str) -> str:
    """Gives what a schema is called here."""
    return PUBLIC if schema == "main" else schema


def _altering(plan: Plan) -> Altering:
    return Altering(plan, longest=LONGEST, reacts=True)


def _block(statement: str) -> str:
    """Gives a block of statements, in quotes that end with it."""
    tag, number = "$ingitdb$", 0
    while tag in statement:
        number += 1
        tag = f"$ingitdb{number}$"
    return f"DO {tag} BEGIN {statement}; END {tag}"


def _cast(kind: str) -> Any:
    return lambda sql: f"CAST({sql} AS {kind})"


def _in_utc(sql: str) -> str:
    return (
        f"CASE WHEN isfinite({sql}) THEN make_timestamp(epoch_us({sql}))"
        f" ELSE CAST(CAST({sql} AS VARCHAR) AS TIMESTAMP) END"
    )


def _moment(sql: str, kind: str) -> str:
    before = rf"trim(regexp_replace({sql}, '^(\S+)(?: (\S+))? BC$', '\1 (BC) \2'))"
    return f"TRY_CAST({before} AS {kind})"


def _escaped(found: "re.Match[str]") -> str:
    return "\\\\" if found[0] == "\\" else f"\\x{ord(found[0]):02x}"
