"""SQLite: its types and words.

Types, both ways; what SQLite has no type for is text that keeps the value exactly. The name that is
declared tells which it was, and has the affinity that leaves the text alone.

| at the commit | declared | stored | read back as |
|---|---|---|---|
| BOOLEAN | BOOLEAN | 0 or 1 | BOOLEAN |
| integers of at most 64 signed bits | BIGINT | integer | BIGINT |
| HUGEINT, UBIGINT, UHUGEINT | DECIMAL_TEXT(39,0) | digits | HUGEINT |
| DECIMAL(p,s) | DECIMAL_TEXT(p,s) | digits with s decimals | DECIMAL(p,s) |
| DOUBLE, FLOAT | DOUBLE | real; NaN is the text `nan`, which SQLite has no number for | DOUBLE |
| VARCHAR of any length | TEXT | text, with NUL characters | VARCHAR |
| DATE, TIME, TIMESTAMP | DATE, TIME, TIMESTAMP | text as DuckDB spells it | the same |
| TIMESTAMP WITH TIME ZONE | TIMESTAMPTZ | the moment in UTC, ending in `+00:00` | the same |
| BLOB | BLOB | blob | BLOB |
| LIST, STRUCT, MAP, JSON | JSON_TEXT | JSON text | JSON |
| all others, such as INTERVAL | TEXT | text as DuckDB spells it | VARCHAR |

Every identifier is quoted, so reserved words are names like others; case is kept, and as everywhere
in SQLite tells no two names apart. A table outside of `main` is called by both names, `geo.places`.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from ingitdb.errors import UsageError
from ingitdb.migrations.expressions import translated, translated_default
from ingitdb.migrations.model import LEDGER, OURS, Column, Index, Place, Table, fold
from ingitdb.migrations.plan import Plan
from ingitdb.migrations.targets import statements
from ingitdb.migrations.targets.statements import DONE, names
from ingitdb.migrations.targets.target import BATCH_ROWS, CHECKED, STAGE, STATE, Ends, Stored
from ingitdb.model.types import JSON, ColumnType, Scalar, quote_identifier, quote_literal

_INTEGERS = frozenset(
    ["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"]
)
_WIDE = frozenset(["HUGEINT", "UBIGINT", "UHUGEINT"])
_FRACTIONS = frozenset(["DOUBLE", "FLOAT"])
_AS_SPELLED = frozenset(["DATE", "TIME", "TIMESTAMP"])
_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
"""What a client might cut a script at, or take away: a carriage return before a line end."""
_LITERAL = re.compile(r"[+-]?\d+(\.\d+)?|'(?:[^']|'')*'|NULL|TRUE|FALSE", re.IGNORECASE)
_DECIMAL = re.compile(r"DECIMAL(?:_TEXT)?\((\d+),(\d+)\)")
_SAME = frozenset(["BOOLEAN", "BIGINT", "DOUBLE", "BLOB", "DATE", "TIME", "TIMESTAMP"])
_ROW = ("rowid", "_rowid_", "oid")
_EXACT_DIGITS = 15
_EXACT_POWER = 15
_BINARY_PLACES = 1024
_WHOLE = 1e15
_FACTOR = 62
_NOW = "(julianday('now') - 2440587.5) * 86400.0"


class Sqlite:
    """SQLite; `PRAGMA` statements are its own SQL, not a client's commands."""

    name = "sqlite"
    title = "SQLite"
    has_references = True
    alters = False
    is_atomic = True
    done = DONE

    def stored(self, kind: ColumnType) -> Stored:
        """Says how values of a type are stored."""
        if not isinstance(kind, Scalar):
            return Stored(type="JSON_TEXT", value=lambda sql: f"CAST(to_json({sql}) AS VARCHAR)")
        name = kind.name.upper()
        if name in _INTEGERS:
            return Stored(type="BIGINT", value=_cast("BIGINT"))
        if name in _FRACTIONS:
            return Stored(type="DOUBLE", value=_cast("DOUBLE"))
        if name in ("BOOLEAN", "BLOB"):
            return Stored(type=name, value=_cast(name))
        if name == "TIMESTAMP WITH TIME ZONE":
            return Stored(type="TIMESTAMPTZ", value=_in_utc)
        return Stored(type=_text_type(name), value=_cast("VARCHAR"))

    def kind(self, declared: str) -> ColumnType:
        """Gives the type at a commit that a declared type stands for."""
        name = declared.upper().strip()
        if name == "TIMESTAMPTZ":
            return Scalar("TIMESTAMP WITH TIME ZONE")
        if name == "JSON_TEXT":
            return JSON
        if name.startswith("DECIMAL_TEXT(39"):
            return Scalar("HUGEINT")
        found = _DECIMAL.fullmatch(name)
        if found:
            return Scalar(f"DECIMAL({found[1]},{found[2]})")
        if name in _SAME:
            return Scalar(name)
        if "INT" in name:
            return Scalar("BIGINT")
        is_real = any(part in name for part in ("REAL", "FLOA", "DOUB"))
        return Scalar("DOUBLE" if is_real else "VARCHAR")

    def shown(self, column: Column) -> str:
        """Gives SQLite's SQL for a column as `restored` takes it."""
        name = quote_identifier(column.name)
        return (
            f"CASE typeof({name}) WHEN 'blob' THEN hex({name})"
            f" WHEN 'real' THEN printf('%!.20g', {name}) ELSE CAST({name} AS TEXT) END"
        )

    def restored(self, sql: str, kind: ColumnType) -> str:
        """Gives DuckDB's SQL for a stored value, of one that was shown."""
        stored = self.stored(kind).type
        if stored in ("BIGINT", "DOUBLE"):
            return f"TRY_CAST({sql} AS {stored})"
        if stored == "BOOLEAN":
            return f"CASE {sql} WHEN '1' THEN true WHEN '0' THEN false END"
        return f"from_hex({sql})" if stored == "BLOB" else sql

    def spelled(self, sql: str, kind: ColumnType) -> str:
        """Gives DuckDB's SQL for what `literal` is given: the value itself."""
        return sql

    def literal(self, value: Any) -> str:
        """Spells a value for a script."""
        if value is None:
            return "NULL"
        if isinstance(value, bool):
            return str(int(value))
        if isinstance(value, float):
            return _fraction(value)
        if isinstance(value, bytes):
            return f"X'{value.hex()}'"
        if isinstance(value, str):
            if _UNSAFE.search(value):
                return f"CAST(X'{value.encode().hex()}' AS TEXT)"
            return quote_literal(value)
        return str(value)

    def moved(self, sql: str, old: ColumnType, new: ColumnType) -> str | None:
        """Gives DuckDB's SQL for what a stored value becomes in a column of another type."""
        before, after = self.stored(old).type, self.stored(new).type
        if before == after or (_is_text(before) and _is_text(after)):
            return sql
        if before == "BIGINT" and _is_text(after):
            return f"CAST({sql} AS VARCHAR)"
        if before == "BIGINT" and after == "DOUBLE":
            return f"CAST({sql} AS DOUBLE)"
        return None

    def can_be_key(self, kind: ColumnType) -> bool:
        """Whether a column may be part of a key: all may."""
        return True

    def default(self, expression: str, kind: ColumnType) -> str | None:
        """Gives a default: a literal means the same here."""
        if _LITERAL.fullmatch(expression.strip()):
            return expression
        return translated_default(expression, self.name, kind)

    def condition(self, expression: str, columns: Mapping[str, ColumnType]) -> str | None:
        """Gives a condition if its words mean the same here."""
        return translated(expression, self.name, columns)

    def is_reserved(self, place: Place) -> bool:
        """Whether no table may have this name."""
        return _called(place).casefold().startswith(("sqlite_", OURS))

    def name_of(self, place: Place) -> str:
        """Gives the name of a table in statements."""
        return f'"main".{quote_identifier(_called(place))}'

    def ledger_there(self) -> str:
        """Gives a query that says whether there is a ledger."""
        return f"SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = '{LEDGER}'"

    def ledger_rows(self) -> str:
        """Gives a query for the ledger's rows."""
        return statements.LEDGER_ROWS

    def quoted(self, name: str) -> str:
        """Gives the name of a column in statements."""
        return quote_identifier(name)

    def begin(self, ends: Ends, plan: Plan) -> Iterator[str]:
        """Gives the statements before the first change."""
        yield "PRAGMA foreign_keys = OFF"
        yield "BEGIN IMMEDIATE"
        yield from (f'DROP TABLE IF EXISTS temp."{name}"' for name in (STATE, CHECKED, STAGE))
        yield statements.ledger_table("INTEGER", "TEXT", "TIMESTAMP", "DOUBLE")
        yield from statements.state(ends, _NOW)

    def end(self, ends: Ends, checksum: str) -> Iterator[str]:
        """Gives the statements behind the last change."""
        now = "strftime('%Y-%m-%d %H:%M:%f', 'now')"
        duration = f'(SELECT {_NOW} - "started" FROM temp."{STATE}")'
        yield statements.ledger(ends, checksum, now, duration)
        yield "COMMIT"
        yield "PRAGMA foreign_keys = ON"
        yield f'SELECT "what", "expected", "found" FROM temp."{CHECKED}"'
        yield from (f'DROP TABLE temp."{name}"' for name in (STATE, CHECKED))

    def prepare(self, plan: Plan) -> Iterator[str]:
        """Gives the changes of definitions that make room for the new rows."""
        return statements.rebuilt(plan, self)

    def finish(self, plan: Plan) -> Iterator[str]:
        """Gives the changes of definitions that the new rows fit: indexes."""
        return statements.indexed(plan.works, self)

    def index(self, place: Place, index: Index) -> str:
        """Gives the statement that makes an index unless it is there."""
        table = quote_identifier(_called(place))
        name = _index_name(place, index)
        return f"CREATE INDEX IF NOT EXISTS {name} ON {table} ({names(index.columns)})"

    def unindex(self, place: Place, index: Index) -> str:
        """Gives the statement that drops an index if it is there."""
        return f"DROP INDEX IF EXISTS {_index_name(place, index)}"

    def create(self, table: Table) -> str:
        """Gives the statement that makes a table unless it is there."""
        defined = statements.definition(table, lambda place: quote_identifier(_called(place)))
        return f"CREATE TABLE IF NOT EXISTS {self.name_of(table.place)} {defined}"

    def rebuild(self, old: Table, new: Table, kept: Sequence[tuple[str, str]] | None) -> list[str]:
        """Gives the statements that give a table another definition.

        Its rows wait in a table without types. A column that is there only before or only after
        is looked for in the table and, where that has none, found to be NULL beside it.
        """
        name, columns = self.name_of(new.place), [column.name for column in new.columns]
        before = [column.name for column in old.columns]
        known = set(map(fold, columns)) & set(map(fold, before))
        loose = [text for text in dict.fromkeys([*columns, *before]) if fold(text) not in known]
        row = self._row([*columns, *before], new) if loose else ""
        former = dict(kept or ())

        def read(column: str | None) -> str:
            if column is None:
                return "NULL"
            quoted = quote_identifier(column)
            if fold(column) in known:
                return f"o.{quoted}"
            return f"(SELECT {quoted} FROM {name} AS i WHERE i.{row} = o.{row})"

        values = [
            read(column)
            if fold(former.get(column, "")) == fold(column)
            else f"CASE WHEN {DONE} THEN {read(column)} ELSE {read(former.get(column))} END"
            for column in columns
        ]
        beside = ", ".join(f"NULL AS {quote_identifier(text)}" for text in loose) or "NULL"
        where = f" WHERE {DONE}" if kept is None else ""
        waiting = [f'"c{number}"' for number in range(len(columns))]
        return [
            f'CREATE TEMP TABLE "{STAGE}" ({", ".join(waiting)})',
            f'INSERT INTO temp."{STAGE}" SELECT {", ".join(values)}\n'
            f"FROM {name} AS o CROSS JOIN (SELECT {beside}) AS d{where}",
            f"DROP TABLE {name}",
            self.create(new),
            f'INSERT INTO {name} ({names(columns)}) SELECT * FROM temp."{STAGE}" ORDER BY rowid',
            f'DROP TABLE temp."{STAGE}"',
        ]

    def insert(
        self, table: Table, rows: Iterator[Sequence[str]], size: int = BATCH_ROWS
    ) -> Iterator[str]:
        """Gives the statements that add rows of literals, unless the script has run before."""
        name, columns = self.name_of(table.place), names(column.name for column in table.columns)
        for batch in statements.batches(rows, size):
            yield (
                f"INSERT INTO {name} ({columns}) SELECT * FROM (VALUES\n{batch}\n) WHERE NOT {DONE}"
            )

    def counted(self, table: Table) -> list[str]:
        """Gives the statements that fail unless a table has the rows that it should have."""
        found = [statements.counted(self.name_of(table.place), table)]
        if table.references:
            what = quote_literal(f"broken foreign keys of {table.title}")
            found.append(
                f'INSERT INTO temp."{CHECKED}" SELECT {what}, 0, count(*)'
                f" FROM pragma_foreign_key_check({quote_literal(_called(table.place))})"
            )
        return found

    @staticmethod
    def _row(columns: Sequence[str], table: Table) -> str:
        """Gives the name by which SQLite numbers the rows of a table with such columns."""
        taken = set(map(fold, columns))
        free = next((name for name in _ROW if name not in taken), None)
        if free is None:
            raise UsageError(
                f"{table.title} has columns called {', '.join(_ROW)}: SQLite cannot change it.",
                hint="Rename one of them first.",
            )
        return free


def place_of(name: str) -> Place:
    """Gives the place of a table by what it is called here."""
    schema, dot, rest = name.partition(".")
    return (schema, rest) if dot else ("main", name)


def _called(place: Place) -> str:
    schema, name = place
    return name if schema == "main" else f"{schema}.{name}"


def _index_name(place: Place, index: Index) -> str:
    return f'"main".{quote_identifier(f"{_called(place)}.{index.name}")}'


def _cast(kind: str) -> Any:
    return lambda sql: f"CAST({sql} AS {kind})"


def _in_utc(sql: str) -> str:
    text = f"CAST(make_timestamp(epoch_us({sql})) AS VARCHAR) || '+00:00'"
    return f"CASE WHEN isfinite({sql}) THEN {text} ELSE CAST({sql} AS VARCHAR) END"


def _text_type(name: str) -> str:
    if name in _WIDE:
        return "DECIMAL_TEXT(39,0)"
    if name.startswith("DECIMAL"):
        return name.replace("DECIMAL", "DECIMAL_TEXT", 1)
    if name in _AS_SPELLED:
        return name
    return "JSON_TEXT" if name == JSON.name else "TEXT"


def _is_text(kind: str) -> bool:
    """Whether values are stored as text, which no affinity of the type changes."""
    return kind not in ("BIGINT", "DOUBLE", "BOOLEAN", "BLOB")


def _fraction(value: float) -> str:
    """Spells a number so that SQLite, which reads many fractions inexactly, gets just this one.

    What is exact in few binary places is read well. A quotient of two numbers that are exact is
    the nearest number to the fraction, and so is what a power of two makes of one.
    """
    if math.isnan(value):
        return "'nan'"
    if math.isinf(value):
        return "9e999" if value > 0 else "-9e999"
    if value.is_integer() and abs(value) < _WHOLE:
        return repr(value)
    sign, digits, power = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(power, int)
    number = ("-" if sign else "") + "".join(map(str, digits))
    if len(digits) <= _EXACT_DIGITS and -_EXACT_POWER <= power <= 0:
        is_plain = (value * _BINARY_PLACES).is_integer()
        return repr(value) if is_plain else f"{number} / 1{'0' * -power}.0"
    share, exponent = math.frexp(value)
    parts = [f"{int(math.ldexp(share, 53))} * 1.0"]
    left = exponent - 53
    how = "*" if left > 0 else "/"
    while left:
        step = min(abs(left), _FACTOR)
        parts.append(f"(1 << {step})")
        left += -step if left > 0 else step
    return f" {how} ".join(parts)
