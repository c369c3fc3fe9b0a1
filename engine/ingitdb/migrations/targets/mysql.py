"""MariaDB and MySQL: their types and words.

Types, both ways. The declared type tells which it was, where need be by a comment.

| at the commit | declared | stored | read back as |
|---|---|---|---|
| BOOLEAN | TINYINT(1) | 0 or 1 | BOOLEAN |
| integers of at most 64 signed bits | BIGINT | integer | BIGINT |
| HUGEINT, UBIGINT, UHUGEINT | DECIMAL(39,0) | number | HUGEINT |
| DECIMAL(p,s) | DECIMAL(p,s) | number | DECIMAL(p,s) |
| DOUBLE, FLOAT | DOUBLE | number; NaN and infinities are refused, -0.0 becomes 0.0 | DOUBLE |
| VARCHAR of any length | LONGTEXT; VARCHAR(n) in a key | text, with NUL characters | VARCHAR |
| DATE | DATE | years 1000 to 9999; others are refused | DATE |
| TIME | TIME(6) | time | TIME |
| TIMESTAMP | DATETIME(6) | years 1000 to 9999; others are refused | TIMESTAMP |
| TIMESTAMP WITH TIME ZONE | DATETIME(6) COMMENT 'UTC' | the moment in UTC, as before | the same |
| BLOB | LONGBLOB; VARBINARY(n) in a key | bytes | BLOB |
| LIST, STRUCT, MAP, JSON | JSON | MariaDB keeps its text, MySQL what it says | JSON |
| all others, such as INTERVAL | LONGTEXT | text as DuckDB spells it | VARCHAR |

Every identifier is quoted, so reserved words are names like others. A table outside of `main` is
called by both names, `geo.places`. Changed definitions are committed at once: see the module of
their steps for how a script that was interrupted is taken up by running it again.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ingitdb.migrations.expressions import translated, translated_default
from ingitdb.migrations.model import LEDGER, OURS, Column, Place, Table, fold
from ingitdb.migrations.plan import Plan
from ingitdb.migrations.targets import mysql_types, statements
from ingitdb.migrations.targets.mysql_definitions import AT, DONE, VERSION, WORD, Steps, called
from ingitdb.migrations.targets.mysql_limits import LONGEST_KEY, LONGEST_NAME, MysqlFitting
from ingitdb.migrations.targets.mysql_others import borne, ours, referred, strays
from ingitdb.migrations.targets.statements import names
from ingitdb.migrations.targets.target import BATCH_ROWS, CHECKED, STAGE, STATE, Ends, Stored
from ingitdb.model.types import JSON, ColumnType, Scalar, quote_identifier, quote_literal

MODE = (
    "ANSI_QUOTES,NO_BACKSLASH_ESCAPES,STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,"
    "NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO"
)
"""The session's sql_mode: names and texts are quoted as elsewhere, nothing is cut off silently."""
LOCK = "CONCAT('ingitdb ', MD5(DATABASE()))"
"""SQL for the name of the lock that keeps other migrations of the same database out."""
PATIENCE = 3
"""Seconds: a connection that was cut a moment ago may still hold its lock."""
_SECONDS = 'TIMESTAMPDIFF(MICROSECOND, "applied_at", UTC_TIMESTAMP(6)) / 1e6'


class Mysql:
    """MariaDB and MySQL."""

    name = "mysql"
    title = "MariaDB and MySQL"
    has_references = True
    alters = True
    is_atomic = False
    done = DONE
    longest_name = 4 * LONGEST_NAME
    refuses = "its numbers are finite, its years go from 1000 to 9999"
    unindexed = "some row is too long"

    def stored(self, kind: ColumnType) -> Stored:
        """Says how values of a type are stored."""
        return mysql_types.stored(kind)

    def kind(self, declared: str) -> ColumnType:
        """Gives the type at a commit that a declared type stands for."""
        return mysql_types.kind_of(declared)

    def shown(self, column: Column) -> str:
        """Gives the system's SQL for a column as `restored` takes it."""
        return mysql_types.shown(column.name, column.kind)

    def restored(self, sql: str, kind: ColumnType) -> str:
        """Gives DuckDB's SQL for a stored value, of one that was shown."""
        return mysql_types.family(kind).restored(sql)

    def spelled(self, sql: str, kind: ColumnType) -> str:
        """Gives DuckDB's SQL for what `literal` is given: the text of a literal."""
        return mysql_types.spelled(sql, kind)

    def literal(self, value: Any) -> str:
        """Spells a value for a script: it is spelled already."""
        return str(value)

    def moved(self, sql: str, old: ColumnType, new: ColumnType) -> str | None:
        """Gives DuckDB's SQL for what a stored value becomes in a column of another type."""
        return mysql_types.moved(sql, old, new)

    def can_be_key(self, kind: ColumnType) -> bool:
        """Whether a column may be part of a key."""
        return isinstance(kind, Scalar) and kind != JSON

    def unfit(self, sql: str, kind: ColumnType) -> str | None:
        """Gives DuckDB's SQL that holds for a stored value which there cannot be."""
        found = mysql_types.family(kind).unfit
        return None if found is None else found(sql)

    def fitted(
        self,
        tables: Mapping[Place, Table],
        sizes: Mapping[Place, Mapping[str, int]],
        notes: list[str],
    ) -> dict[Place, Table]:
        """Gives the tables of a commit with what fits the limits of keys and names."""
        return MysqlFitting(self.title, sizes, notes).fitted(tables)

    def default(self, expression: str, kind: ColumnType) -> str | None:
        """Gives a default if its words mean the same here."""
        return translated_default(expression, self.name, kind)

    def condition(self, expression: str, columns: Mapping[str, ColumnType]) -> str | None:
        """Gives a condition if its words mean the same here; texts are compared by their bytes."""
        return translated(expression, self.name, columns, exact_texts=True)

    def is_reserved_column(self, name: str) -> bool:
        """Whether no column may have this name: see `fitted`."""
        return False

    def too_long(self, values: Sequence[tuple[str, ColumnType]]) -> str:
        """Gives DuckDB's SQL that holds for a row which is too long for a key."""
        return " OR ".join(f"length(CAST({sql} AS VARCHAR)) > {LONGEST_KEY}" for sql, _ in values)

    def refers(self, child: ColumnType, parent: ColumnType) -> bool:
        """Whether a column of one type may refer to a column of another: of the same."""
        return mysql_types.family(child).type == mysql_types.family(parent).type

    def is_reserved(self, place: Place) -> bool:
        """Whether no table may have this name."""
        return called(place).casefold().startswith(OURS)

    def name_of(self, place: Place) -> str:
        """Gives the name of a table in statements."""
        return quote_identifier(called(place))

    def ledger_there(self) -> str:
        """Gives a query that says whether there is a ledger."""
        return (
            "SELECT count(*) FROM information_schema.TABLES"
            f" WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = '{LEDGER}'"
        )

    def ledger_rows(self) -> str:
        """Gives a query for the ledger's rows."""
        return (
            'SELECT "version", "commit", "checksum", CAST("applied_at" AS CHAR), "duration",'
            f' "state" FROM "{LEDGER}" ORDER BY "version"'
        )

    def quoted(self, name: str) -> str:
        """Gives the name of a column in statements."""
        return quote_identifier(name)

    def begin(self, ends: Ends, plan: Plan) -> Iterator[str]:
        """Gives the statements before the first change."""
        steps = Steps.of(plan)
        yield "SET NAMES utf8mb4"
        yield f"SET SESSION sql_mode = '{MODE}'"
        yield "SET SESSION time_zone = '+00:00'"
        yield "SET SESSION foreign_key_checks = 0"
        yield "SET SESSION sql_safe_updates = 0"
        yield "SET SESSION autocommit = 1"
        for name in (STATE, CHECKED, STAGE):
            yield f'DROP TEMPORARY TABLE IF EXISTS "{name}"'
        yield _STATE_TABLE
        yield f'INSERT INTO "{STATE}" ("alone") SELECT GET_LOCK({LOCK}, {PATIENCE})'
        yield _LEDGER_TABLE
        yield from _taken_up(ends, steps.total)
        yield f"SET {DONE} = {AT} >= {steps.rows}"
        taken = [plan.before(work.new.place) for work in plan.works if work.is_taken and work.new]
        gone = [called(table.place) for table in (*plan.dropped, *taken)]
        if gone:
            yield referred(gone, ours(plan))
        known = {fold(called(table.place)) for table in plan.known}
        made = [(name, at) for name, at in steps.made() if fold(name) not in known]
        if made:
            yield borne(made)
        yield _CHECKED_TABLE

    def end(self, ends: Ends, checksum: str) -> Iterator[str]:
        """Gives the statements behind the last change."""
        said = (
            "\"state\" = 'undone'"
            if ends.is_undo
            else f'"state" = \'applied\', "checksum" = \'{checksum}\', "duration" = {_SECONDS},'
            ' "applied_at" = UTC_TIMESTAMP(6)'
        )
        of = (
            f'"version" = {VERSION} OR ({VERSION} IS NOT NULL AND "state" = \'applied\''
            ' AND "version" > @ingitdb_floor)'
            if ends.is_undo
            else f'"version" = {VERSION}'
        )
        yield f'UPDATE "{LEDGER}" SET {said} WHERE {of}'
        yield "SET SESSION foreign_key_checks = DEFAULT"
        yield f'SELECT "what", "expected", "found" FROM "{CHECKED}" WHERE "what" IS NOT NULL'
        yield from (f'DROP TEMPORARY TABLE "{name}"' for name in (STATE, CHECKED))
        yield f"DO RELEASE_LOCK({LOCK})"

    def prepare(self, plan: Plan) -> Iterator[str]:
        """Gives the changes of definitions that make room; begins the rows' transaction."""
        return Steps.of(plan).preparing()

    def finish(self, plan: Plan) -> Iterator[str]:
        """Gives what counts the rows and commits them, and the definitions that they fit."""
        steps = Steps.of(plan)
        for work in plan.works:
            if work.new is not None and work.is_counted:
                yield _counted(f"rows of {work.new.title}", work.new.rows, self._all(work.new))
        left = [work.new for work in plan.works if work.new is not None and work.counts.deleted]
        if left:
            yield from strays([called(table.place) for table in left], ours(plan))
        yield from steps.committing()
        yield from steps.finishing()

    def insert(
        self, table: Table, rows: Iterator[Sequence[str]], size: int = BATCH_ROWS
    ) -> Iterator[str]:
        """Gives the statements that add rows of literals, unless the script has run before."""
        name, columns = self.name_of(table.place), names(column.name for column in table.columns)
        is_begun = False
        for batch in statements.batches(rows, size):
            if not is_begun:
                is_begun = True
                yield f'CREATE TEMPORARY TABLE "{STAGE}" AS SELECT {columns} FROM {name} LIMIT 0'
            yield f'INSERT INTO "{STAGE}" ({columns}) VALUES\n{batch}'
        if is_begun:
            yield (
                f'INSERT INTO {name} ({columns}) SELECT {columns} FROM "{STAGE}" WHERE NOT {DONE}'
            )
            yield f'DROP TEMPORARY TABLE "{STAGE}"'

    def counted(self, table: Table) -> list[str]:
        """Gives the statements that fail where rows refer to nothing."""
        return [
            _counted(
                f"broken foreign keys of {table.title}: {', '.join(one.columns)}",
                0,
                f"{self._all(table)} AS c WHERE "
                + " AND ".join(f"c.{quote_identifier(name)} IS NOT NULL" for name in one.columns)
                + f" AND NOT EXISTS (SELECT 1 FROM {self.name_of(one.target)} AS p WHERE "
                + " AND ".join(
                    f"p.{quote_identifier(theirs)} = c.{quote_identifier(mine)}"
                    for mine, theirs in zip(one.columns, one.references, strict=True)
                )
                + ")",
            )
            for one in table.references
        ]

    def _all(self, table: Table) -> str:
        return f"SELECT count(*) FROM {self.name_of(table.place)}"


_STATE_TABLE = (
    f'CREATE TEMPORARY TABLE "{STATE}" ("alone" INT, "at" LONGTEXT, "open" LONGTEXT,'
    ' "others" BIGINT, "names" BIGINT,'
    ' CONSTRAINT "a table or view of others has the name of one that comes" CHECK ("names" = 0),'
    ' CONSTRAINT "a table of others refers to one that goes" CHECK ("others" = 0),'
    ' CONSTRAINT "another migration is at work" CHECK ("alone" = 1),'
    ' CONSTRAINT "the target is at another commit" CHECK ("at" = \'known\'),'
    ' CONSTRAINT "another migration was interrupted: finish it first"'
    " CHECK (\"open\" = 'own')) DEFAULT CHARACTER SET utf8mb4"
)
_CHECKED_TABLE = (
    f'CREATE TEMPORARY TABLE "{CHECKED}" ("what" LONGTEXT, "expected" BIGINT, "found" BIGINT,'
    ' "strays" BIGINT,'
    ' CONSTRAINT "rows of other tables would refer to nothing" CHECK ("strays" = 0),'
    ' CONSTRAINT "the target does not hold what the commit does"'
    ' CHECK ("expected" = "found")) DEFAULT CHARACTER SET utf8mb4'
)
_LEDGER_TABLE = (
    f'CREATE TABLE IF NOT EXISTS "{LEDGER}" (\n'
    '  "version" BIGINT NOT NULL PRIMARY KEY,\n  "commit" VARCHAR(64) NOT NULL,\n'
    '  "checksum" VARCHAR(64) NOT NULL,\n  "applied_at" DATETIME(6) NOT NULL,\n'
    '  "duration" DOUBLE,\n  "state" VARCHAR(64) NOT NULL\n'
    ") ENGINE=InnoDB DEFAULT CHARACTER SET ascii COLLATE ascii_bin"
)


def _taken_up(ends: Ends, total: str) -> Iterator[str]:
    """Gives the statements that find out how far the script is, and refuse what is not its own.

    What had not done its first step counts as not begun.
    """
    word = "undoing" if ends.is_undo else "applying"
    made = quote_literal(ends.before if ends.is_undo else ends.after)
    known = ", ".join(map(quote_literal, (ends.before, ends.after)))
    ledger = f'"{LEDGER}"'
    at_work = "(\"state\" LIKE 'applying %' OR \"state\" LIKE 'undoing %')"
    yield f"DELETE FROM {ledger} WHERE \"state\" LIKE 'applying 0/%'"
    yield f"UPDATE {ledger} SET \"state\" = 'applied' WHERE \"state\" LIKE 'undoing 0/%'"
    yield f'SET @ingitdb_open = (SELECT max("version") FROM {ledger} WHERE {at_work})'
    yield (f'SET @ingitdb_last = (SELECT max("version") FROM {ledger} WHERE "state" = \'applied\')')
    yield (f'SET @ingitdb_commit = (SELECT "commit" FROM {ledger} WHERE "version" = @ingitdb_last)')
    yield (
        f'SET @ingitdb_at_work = (SELECT "state" FROM {ledger}'
        f' WHERE "version" = @ingitdb_open AND "commit" = {made}'
        f" AND \"state\" LIKE '{word} %/{total}')"
    )
    yield (
        f'INSERT INTO "{STATE}" ("open") SELECT'
        " IF(@ingitdb_open IS NULL OR @ingitdb_at_work IS NOT NULL, 'own', 'other')"
    )
    yield (
        f'INSERT INTO "{STATE}" ("at") SELECT'
        f" IF(@ingitdb_commit IS NULL OR @ingitdb_commit IN ({known}), 'known', 'unknown')"
    )
    here = f"COALESCE(@ingitdb_commit = {made}, FALSE)"
    is_done = f"NOT {here}" if ends.is_undo else "FALSE" if ends.is_repair else here
    yield (
        f"SET {AT} = IF(@ingitdb_open IS NOT NULL, CAST(SUBSTRING_INDEX(SUBSTRING_INDEX("
        "@ingitdb_at_work, '/', 1), ' ', -1) AS SIGNED),"
        f" IF({is_done}, {total.partition(' ')[0]} + 1, 0))"
    )
    yield f"SET {WORD} = '{word}'"
    begins = f"@ingitdb_open IS NULL AND {AT} = 0"
    if ends.is_undo:
        yield (
            f'SET @ingitdb_floor = (SELECT COALESCE(max("version"), 0) FROM {ledger}'
            f' WHERE "state" = \'applied\' AND "commit" = {quote_literal(ends.after)})'
        )
        yield f"SET {VERSION} = COALESCE(@ingitdb_open, IF({begins}, @ingitdb_last, NULL))"
        yield (
            f"UPDATE {ledger} SET \"state\" = '{word} 0/{total}'"
            f' WHERE "version" = {VERSION} AND {begins}'
        )
        return
    yield (
        f"SET {VERSION} = COALESCE(@ingitdb_open, IF({begins},"
        f' (SELECT COALESCE(max("version"), 0) + 1 FROM {ledger}), NULL))'
    )
    yield (
        f"INSERT INTO {ledger} SELECT {VERSION}, {made}, '', UTC_TIMESTAMP(6), NULL,"
        f" '{word} 0/{total}' FROM DUAL WHERE {begins}"
    )


def _counted(what: str, expected: int, query: str) -> str:
    """Gives the statement that fails unless a query counts what is expected."""
    text = quote_literal(what)
    counted = query.replace("SELECT count(*)", f"SELECT {text}, {expected}, count(*)", 1)
    return f'INSERT INTO "{CHECKED}" ("what", "expected", "found") {counted}'
