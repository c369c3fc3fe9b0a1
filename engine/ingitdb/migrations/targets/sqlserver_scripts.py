"""How a script for SQL Server begins and ends, and on what condition a statement is run."""

from collections.abc import Iterator, Sequence

from ingitdb.migrations.model import LEDGER, Table
from ingitdb.migrations.targets.sqlserver_definitions import DBO, name_of
from ingitdb.migrations.targets.sqlserver_types import COLLATION, quoted, text_literal
from ingitdb.migrations.targets.target import CHECKED, STATE, Ends
from ingitdb.model.types import quote_literal

_LEDGER = f"[{DBO}].[{LEDGER}]"
_STATE, _CHECKED = f"[#{STATE}]", f"[#{CHECKED}]"
_OPEN = f"EXISTS (SELECT 1 FROM {_STATE} WHERE [done] = 0)"
"""Whether the script has not run before."""
_SETTINGS = (
    "XACT_ABORT ON",
    "NOCOUNT ON",
    "QUOTED_IDENTIFIER ON",
    "ANSI_NULLS ON",
    "ANSI_PADDING ON",
    "ANSI_WARNINGS ON",
    "ARITHABORT ON",
    "CONCAT_NULL_YIELDS_NULL ON",
    "NUMERIC_ROUNDABORT OFF",
    "IMPLICIT_TRANSACTIONS OFF",
)
"""An error takes all back; the others are those that indexes with a condition ask for."""
_ERROR = 51000
_TEXTS = ("N'", "CAST(0x", "0x")
"""What begins the literals of values that are equal though they end in other blanks or bytes."""
_LOCK = (
    "DECLARE @lock INT;\n"
    "EXEC @lock = sys.sp_getapplock @Resource = N'ingitdb', @LockMode = N'Exclusive',"
    " @LockOwner = N'Transaction', @LockTimeout = -1;\n"
    f"IF @lock < 0 THROW {_ERROR}, N'another migration is at work', 1"
)
_LEDGER_TABLE = (
    f"IF OBJECT_ID(N'{_LEDGER}', N'U') IS NULL CREATE TABLE {_LEDGER} (\n"
    "  [version] BIGINT NOT NULL PRIMARY KEY,\n"
    f"  [commit] VARCHAR(64) {COLLATION} NOT NULL,\n"
    f"  [checksum] VARCHAR(64) {COLLATION} NOT NULL,\n"
    "  [applied_at] DATETIME2(6) NOT NULL,\n  [duration] FLOAT(53) NULL,\n"
    f"  [state] VARCHAR(64) {COLLATION} NOT NULL\n)"
)


def guarded(statement: str) -> str:
    """Gives what runs a statement, read only then, unless the script has run before."""
    return f"IF {_OPEN} {dynamic(statement)}"


def dynamic(statement: str) -> str:
    """Gives what runs a statement, which is read only then."""
    return "EXEC sys.sp_executesql N'" + statement.replace("'", "''") + "'"


def among(address: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Gives a condition that holds for the rows of some addresses, whose values are spelled."""
    if len(address) == 1 and not any(row[0].startswith(_TEXTS) for row in rows):
        return f"{quoted(address[0])} IN ({', '.join(row[0] for row in rows)})"
    each = [
        " AND ".join(_same(quoted(name), value) for name, value in zip(address, row, strict=True))
        for row in rows
    ]
    return each[0] if len(each) == 1 else "(" + " OR ".join(f"({one})" for one in each) + ")"


def begun(ends: Ends, schemas: Sequence[str]) -> Iterator[str]:
    """Gives the statements before the first change.

    Args:
        ends: From where to where the script leads.
        schemas: What the schemas of the tables are called here.
    """
    yield from (f"SET {setting}" for setting in _SETTINGS)
    yield "BEGIN TRANSACTION"
    yield dynamic(_LOCK)
    for schema in dict.fromkeys(schemas):
        if schema != DBO:
            made = dynamic(f"CREATE SCHEMA {quoted(schema)}")
            yield f"IF SCHEMA_ID({text_literal(schema)}) IS NULL {made}"
    yield _LEDGER_TABLE
    yield from (f"DROP TABLE IF EXISTS {name}" for name in (_STATE, _CHECKED))
    yield from _state(ends)
    yield (
        f"CREATE TABLE {_CHECKED} ([what] NVARCHAR(400) NOT NULL, [expected] BIGINT NOT NULL,"
        " [found] BIGINT NOT NULL)"
    )


def rows_counted(table: Table) -> str:
    """Gives the statement that fails unless a table has as many rows as it should have."""
    what = text_literal(f"rows of {table.title}")
    return dynamic(
        f"INSERT INTO {_CHECKED} ([what], [expected], [found])"
        f" SELECT {what}, {table.rows}, COUNT_BIG(*) FROM {name_of(table.place)};\n"
        f"IF EXISTS (SELECT 1 FROM {_CHECKED} WHERE [expected] <> [found])"
        f" THROW {_ERROR}, N'the target does not hold what the commit does', 1"
    )


def ended(ends: Ends, checksum: str) -> Iterator[str]:
    """Gives the statements behind the last change: the ledger's row, and what was found."""
    yield guarded(_undone(ends) if ends.is_undo else _applied(ends, checksum))
    yield "COMMIT TRANSACTION"
    yield f"SELECT [what], [expected], [found] FROM {_CHECKED}"
    yield from (f"DROP TABLE {name}" for name in (_STATE, _CHECKED))


def _same(name: str, value: str) -> str:
    equal = f"{name} = {value}"
    if not value.startswith(_TEXTS):
        return equal
    return f"{equal} AND DATALENGTH({name}) = DATALENGTH({value})"


def _state(ends: Ends) -> Iterator[str]:
    """Gives the statements that find out whether the script has run, and refuse a third commit."""
    here = quote_literal(ends.before if ends.is_undo else ends.after)
    there, gone = ("0", "1") if ends.is_undo else ("1", "0")
    done = "0" if ends.is_repair else f"CASE WHEN [commit] = {here} THEN {there} ELSE {gone} END"
    known = ", ".join(map(quote_literal, (ends.before, ends.after)))
    yield (
        f"CREATE TABLE {_STATE} ([commit] VARCHAR(64) NULL, [done] BIT NOT NULL,"
        " [started] DATETIME2(6) NOT NULL)"
    )
    yield (
        f"INSERT INTO {_STATE} ([commit], [done], [started])"
        f" SELECT [commit], {done}, SYSUTCDATETIME() FROM (SELECT (SELECT TOP (1) [commit]"
        f" FROM {_LEDGER} WHERE [state] = 'applied' ORDER BY [version] DESC) AS [commit]) AS found"
    )
    other = f"EXISTS (SELECT 1 FROM {_STATE} WHERE [commit] NOT IN ({known}))"
    refusal = dynamic(f"THROW {_ERROR}, N'the target is at another commit', 1")
    yield f"IF {other} {refusal}"


def _applied(ends: Ends, checksum: str) -> str:
    duration = f"DATEDIFF_BIG(microsecond, (SELECT [started] FROM {_STATE}), SYSUTCDATETIME())"
    columns = "[version], [commit], [checksum], [applied_at], [duration], [state]"
    return (
        f"INSERT INTO {_LEDGER} ({columns}) SELECT COALESCE(MAX([version]), 0) + 1,"
        f" {quote_literal(ends.after)}, '{checksum}', SYSUTCDATETIME(), {duration} / 1e6,"
        f" 'applied' FROM {_LEDGER}"
    )


def _undone(ends: Ends) -> str:
    return (
        f"UPDATE {_LEDGER} SET [state] = 'undone' WHERE [state] = 'applied'"
        f" AND [version] > (SELECT COALESCE(MAX([version]), 0) FROM {_LEDGER}"
        f" WHERE [state] = 'applied' AND [commit] = {quote_literal(ends.after)})"
    )
