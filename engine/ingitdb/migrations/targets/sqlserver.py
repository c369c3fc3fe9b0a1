"""SQL Server: its types and words. Scripts are generated; no server has run them here.

Types, both ways. The declared type tells which it was.

| at the commit | declared | stored | back |
|---|---|---|---|
| BOOLEAN | BIT | 0 or 1 | BOOLEAN |
| integers of at most 64 signed bits | BIGINT | integer | BIGINT |
| UBIGINT | NUMERIC(20,0) | number | HUGEINT |
| HUGEINT, UHUGEINT | NUMERIC(38,0) | of 38 digits at most; longer ones are refused | HUGEINT |
| DECIMAL(p,s) | DECIMAL(p,s) | number | DECIMAL(p,s) |
| DOUBLE, FLOAT | FLOAT(53) | finite and not below 2.2e-308; -0.0 becomes 0.0 | DOUBLE |
| VARCHAR | NVARCHAR(MAX), in a key NVARCHAR(n) | text, with NUL characters | VARCHAR |
| DATE | DATE | years 1 to 9999; others are refused | DATE |
| TIME | TIME(6) | time; 24:00:00 is refused | TIME |
| TIMESTAMP | DATETIME2(6) | years 1 to 9999; others are refused | TIMESTAMP |
| TIMESTAMP WITH TIME ZONE | DATETIMEOFFSET(6) | the moment in UTC, as before | the same |
| BLOB | VARBINARY(MAX), in a key VARBINARY(n) | bytes | BLOB |
| LIST, STRUCT, MAP, JSON | NVARCHAR(MAX), CHECK ISJSON | text; NaN is "NaN" | VARCHAR |
| all others, such as INTERVAL | NVARCHAR(MAX) | text as DuckDB spells it | VARCHAR |

Texts have the collation Latin1_General_100_BIN2, so case and accents tell them apart. Blanks at
their end do not, nor do zero bytes at the end of bytes: keys of such values are left out, and rows
are looked up by their lengths too.

All statements of a script are one batch, which is read before the first one is run. What names a
table of the commit is therefore a text for sp_executesql, under the condition that the script has
not run before. `main` is the schema `dbo`. One transaction holds all of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ingitdb.migrations.altering import Altering
from ingitdb.migrations.expressions import translated, translated_default
from ingitdb.migrations.model import LEDGER, OURS, Column, Place, Table
from ingitdb.migrations.plan import Plan
from ingitdb.migrations.targets import sqlserver_definitions, sqlserver_types, statements
from ingitdb.migrations.targets.sqlserver_definitions import DBO, name_of, names, schema_of
from ingitdb.migrations.targets.sqlserver_limits import (
    LONGEST_BYTES,
    LONGEST_KEY,
    LONGEST_NAME,
    SqlServerFitting,
)
from ingitdb.migrations.targets.sqlserver_scripts import (
    among,
    begun,
    ended,
    guarded,
    rows_counted,
)
from ingitdb.migrations.targets.sqlserver_types import BYTES, TEXT, quoted
from ingitdb.migrations.targets.target import BATCH_ROWS, STATE, Ends, Stored
from ingitdb.model.types import ColumnType

_DIALECT = "tsql"
"""What sqlglot calls it."""
_MOST_ROWS = 1000
_SCHEMAS = frozenset([DBO, "sys", "guest", "information_schema"])


class SqlServer:
    """SQL Server; scripts are generated, and no server has run them here."""

    name = "sqlserver"
    title = "SQL Server"
    has_references = True
    alters = True
    is_atomic = True
    done = f"((SELECT [done] FROM [#{STATE}]) = 1)"
    longest_name = 4 * LONGEST_NAME
    refuses = (
        "its fractions are finite and not below 2.2e-308, its integers have 38 digits, its years go"
        " from 1 to 9999 and its days end before 24:00"
    )
    unindexed = "some row is too long, or ends in a blank or a zero byte"

    def stored(self, kind: ColumnType) -> Stored:
        """Says how values of a type are stored."""
        return sqlserver_types.stored(kind)

    def kind(self, declared: str) -> ColumnType:
        """Gives the type at a commit that a declared type stands for."""
        return sqlserver_types.kind_of(declared)

    def shown(self, column: Column) -> str:
        """Gives the system's SQL for a column as `restored` takes it: its text."""
        return sqlserver_types.family(column.kind).shown(quoted(column.name))

    def restored(self, sql: str, kind: ColumnType) -> str:
        """Gives DuckDB's SQL for a stored value, of one that was shown."""
        return sqlserver_types.family(kind).restored(sql)

    def spelled(self, sql: str, kind: ColumnType) -> str:
        """Gives DuckDB's SQL for what `literal` is given: a mark of its kind, and a text."""
        return sqlserver_types.family(kind).spelled(sql)

    def literal(self, value: Any) -> str:
        """Spells a value for a script."""
        return sqlserver_types.literal(value)

    def moved(self, sql: str, old: ColumnType, new: ColumnType) -> str | None:
        """Gives DuckDB's SQL for what a stored value becomes in a column of another type."""
        return sqlserver_types.moved(sql, old, new)

    def can_be_key(self, kind: ColumnType) -> bool:
        """Whether a column may be part of a key."""
        return not sqlserver_types.is_json(kind)

    def unfit(self, sql: str, kind: ColumnType) -> str | None:
        """Gives DuckDB's SQL that holds for a stored value which there cannot be."""
        found = sqlserver_types.family(kind).unfit
        return None if found is None else found(sql)

    def fitted(
        self,
        tables: Mapping[Place, Table],
        sizes: Mapping[Place, Mapping[str, int]],
        notes: list[str],
    ) -> dict[Place, Table]:
        """Gives the tables of a commit with what fits the limits of keys and names."""
        return SqlServerFitting(self.title, sizes, notes).fitted(tables)

    def default(self, expression: str, kind: ColumnType) -> str | None:
        """Gives a default if its words mean the same here."""
        found = translated_default(expression, _DIALECT, kind)
        return None if found is None else sqlserver_types.default(found.strip(), kind)

    def condition(self, expression: str, columns: Mapping[str, ColumnType]) -> str | None:
        """Gives a condition if its words mean the same here."""
        found = translated(expression, _DIALECT, columns)
        return None if found is None or sqlserver_types.is_unsafe(found) else found

    def is_reserved_column(self, name: str) -> bool:
        """Whether no column may have this name: see `fitted`."""
        return name.casefold().startswith(OURS)

    def too_long(self, values: Sequence[tuple[str, ColumnType]]) -> str:
        """Gives DuckDB's SQL that holds for a row which no key takes, or takes for another."""
        said = []
        for sql, kind in values:
            declared = self.stored(kind).type
            if declared == TEXT:
                said.append(f"length({sql}) > {LONGEST_KEY} OR suffix({sql}, ' ')")
            elif declared == BYTES:
                is_other = f"suffix(hex({sql}), '00')"
                said.append(f"octet_length({sql}) > {LONGEST_BYTES} OR {is_other}")
        return " OR ".join(said) or "false"

    def refers(self, child: ColumnType, parent: ColumnType) -> bool:
        """Whether a column of one type may refer to a column of another: of the same."""
        return self.stored(child).type == self.stored(parent).type

    def is_reserved(self, place: Place) -> bool:
        """Whether no table may have this name; `#` begins those of temporary tables."""
        schema, name = (part.casefold() for part in place)
        return schema in _SCHEMAS or schema.startswith("db_") or name.startswith(("#", OURS))

    def name_of(self, place: Place) -> str:
        """Gives the name of a table in statements."""
        return name_of(place)

    def ledger_there(self) -> str:
        """Gives a query that says whether there is a ledger."""
        return f"SELECT count(*) WHERE OBJECT_ID(N'[{DBO}].[{LEDGER}]', N'U') IS NOT NULL"

    def ledger_rows(self) -> str:
        """Gives a query for the ledger's rows."""
        return (
            "SELECT [version], [commit], [checksum], CONVERT(NVARCHAR(30), [applied_at], 121),"
            f" [duration], [state] FROM [{DBO}].[{LEDGER}] ORDER BY [version]"
        )

    def quoted(self, name: str) -> str:
        """Gives the name of a column in statements."""
        return quoted(name)

    def run(self, statement: str) -> str:
        """Gives what runs a statement, read only then, unless the script has run before."""
        return guarded(statement)

    def among(self, address: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
        """Gives a condition that holds for the rows of some addresses and for no others."""
        return among(address, [[self.literal(value) for value in row] for row in rows])

    def begin(self, ends: Ends, plan: Plan) -> Iterator[str]:
        """Gives the statements before the first change."""
        return begun(ends, [schema_of(schema) for schema in plan.schemas])

    def prepare(self, plan: Plan) -> Iterator[str]:
        """Gives the changes of definitions that make room for the new rows."""
        found = sqlserver_definitions.rendered(_altering(plan).before_rows(), _tables(plan))
        return map(guarded, found)

    def finish(self, plan: Plan) -> Iterator[str]:
        """Gives the changes of definitions that the new rows fit."""
        found = sqlserver_definitions.rendered(_altering(plan).after_rows(), _tables(plan))
        return map(guarded, found)

    def insert(
        self, table: Table, rows: Iterator[Sequence[str]], size: int = BATCH_ROWS
    ) -> Iterator[str]:
        """Gives the statements that add rows of literals, unless the script has run before.

        Each NULL has the type of its column: without a value beside it, it would have another.
        """
        nulls = [
            f"CAST(NULL AS {sqlserver_types.cast_type(column.kind)})" for column in table.columns
        ]
        columns = names(column.name for column in table.columns)
        head = f"INSERT INTO {name_of(table.place)} ({columns}) SELECT {columns} FROM (VALUES\n"
        typed = (
            [null if value == "NULL" else value for value, null in zip(row, nulls, strict=True)]
            for row in rows
        )
        for batch in statements.batches(typed, min(size, _MOST_ROWS)):
            yield guarded(f"{head}{batch}\n) AS v ({columns})")

    def counted(self, table: Table) -> list[str]:
        """Gives the statement that fails unless a table has the rows that it should have."""
        return [rows_counted(table)]

    def end(self, ends: Ends, checksum: str) -> Iterator[str]:
        """Gives the statements behind the last change."""
        return ended(ends, checksum)


def _altering(plan: Plan) -> Altering:
    return Altering(plan, longest=LONGEST_NAME, reacts=True, is_strict=True)


def _tables(plan: Plan) -> dict[Place, Table]:
    return {work.new.place: work.new for work in plan.works if work.new is not None}
