"""Runs a script in DuckDB as it is meant here: what fails undoes itself alone, savepoints are kept.

DuckDB ends a transaction at an error and has no savepoints: what should remain is run once more.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

import ingitdb
from tests.support.sql_scripts import Statement

Rows = list[tuple[Any, ...]]

KINDS: dict[type[duckdb.Error], str] = {
    duckdb.ConstraintException: "IntegrityError",
    duckdb.ConversionException: "DataError",
    duckdb.OutOfRangeException: "DataError",
    duckdb.InvalidInputException: "DataError",
    duckdb.BinderException: "ProgrammingError",
    duckdb.CatalogException: "ProgrammingError",
    duckdb.ParserException: "ProgrammingError",
    duckdb.DependencyException: "ProgrammingError",
    duckdb.TransactionException: "ProgrammingError",
    duckdb.NotImplementedException: "DataError",
}
"""What each error of DuckDB is called here."""
STATES = {
    "NOT NULL constraint": "23502",
    "Duplicate key": "23505",
    "CHECK constraint": "23514",
    "foreign key": "23503",
}
"""SQLSTATEs by DuckDB's words."""
STEPS = re.compile(r"BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a statement: a count, rows, or a kind of error."""

    kind: str = ""
    state: str = ""
    count: int = -1
    rows: tuple[str, ...] | None = None
    said: str = ""

    @property
    def is_refused(self) -> bool:
        return self.kind != ""

    def agrees(self, other: "Outcome") -> bool:
        """Tells whether two outcomes are the same; a state that is not known is no difference."""
        states = {self.state, other.state} - {""}
        shown = (self.kind, self.count, self.rows) == (other.kind, other.count, other.rows)
        return shown and len(states) < 2


def shown(rows: Rows) -> tuple[str, ...]:
    """Gives rows as a multiset."""
    return tuple(sorted(map(repr, rows)))


def refusal(error: duckdb.Error) -> Outcome:
    """Gives what an error of DuckDB is here."""
    said = str(error)
    is_constraint = isinstance(error, duckdb.ConstraintException)
    states = [state for words, state in STATES.items() if is_constraint and words in said]
    return Outcome(kind=KINDS[type(error)], state=states[0] if states else "", said=said)


class Twin:
    """A database of DuckDB that a script runs in."""

    def __init__(self) -> None:
        self.database = fresh()
        self.groups: list[list[Statement]] = []
        self.open: list[Statement] | None = None
        self.points: list[tuple[str, int]] = []

    def close(self) -> None:
        self.database.close()

    def run(self, statement: Statement) -> Outcome:
        """Runs a statement; one that fails changes nothing."""
        word = STEPS.match(statement.sql)
        if word:
            return self._step(statement.sql)
        try:
            found = answered(self.database, statement)
        except duckdb.Error as error:
            self._again()
            return refusal(error)
        if self.open is None:
            self.groups.append([statement])
        else:
            self.open.append(statement)
        return found

    def undo(self) -> None:
        """Takes back the last statement, which was run."""
        if self.open is not None:
            self.open.pop()
            self._again()
            return
        self.groups.pop()
        self.database.close()
        self.database = fresh()
        for group in self.groups:
            self._play(group)

    def converts_what_is_gone(self, statement: Statement) -> bool:
        """Tells whether a column's new type fails over rows that were deleted alone."""
        words = statement.sql.split()
        if words[:2] != ["ALTER", "TABLE"] or "TYPE" not in words:
            return False
        rows = self.database.sql(f"FROM {words[2]}").to_arrow_table()
        with fresh() as database:
            database.register("held", rows)
            database.execute(f"CREATE TABLE {words[2]} AS FROM held")
            try:
                database.execute(statement.sql)
            except duckdb.Error:
                return False
        return True

    def accepts_once_committed(self, statement: Statement) -> bool:
        """Tells whether a statement runs where each one before it was committed by itself."""
        return self._accepts(statement, self._statements)

    def needs_a_plan(self, statement: Statement) -> bool:
        """Tells whether the last statement runs only because a plan left a part of it out."""
        return not self._accepts(statement, self._statements[:-1], "PRAGMA disable_optimizer")

    @property
    def _statements(self) -> list[Statement]:
        return [each for group in (*self.groups, self.open or []) for each in group]

    def _accepts(
        self, statement: Statement, before: Sequence[Statement], setting: str = ""
    ) -> bool:
        with fresh() as database:
            for each in before:
                database.execute(each.sql, each.given)
            if setting:
                database.execute(setting)
            try:
                database.execute(statement.sql, statement.given)
            except duckdb.Error:
                return False
        return True

    def _play(self, group: Sequence[Statement]) -> None:
        self.database.execute("BEGIN")
        for each in group:
            self.database.execute(each.sql, each.given)
        self.database.execute("COMMIT")

    def _again(self) -> None:
        """Runs what should remain of the open transaction once more."""
        if self.open is None:
            return
        self.database.execute("ROLLBACK")
        self.database.execute("BEGIN")
        for each in self.open:
            self.database.execute(each.sql, each.given)

    def _step(self, sql: str) -> Outcome:
        words = sql.split()
        if words[0] in ("SAVEPOINT", "RELEASE") or "TO" in words:
            return self._point(words[0], words[-1])
        try:
            self.database.execute(sql)
        except duckdb.Error as error:
            self._again()
            return refusal(error)
        if words[0] == "BEGIN":
            self.open = []
        else:
            if words[0] == "COMMIT" and self.open:
                self.groups.append(self.open)
            self.open = None
            self.points = []
        return Outcome()

    def _point(self, word: str, name: str) -> Outcome:
        places = [at for at, (known, _) in enumerate(self.points) if known == name]
        if self.open is None or (word != "SAVEPOINT" and not places):
            return Outcome(kind="ProgrammingError", state="25000")
        if word == "SAVEPOINT":
            self.points.append((name, len(self.open)))
        elif word == "RELEASE":
            del self.points[places[-1] :]
        else:
            del self.open[self.points[places[-1]][1] :]
            del self.points[places[-1] + 1 :]
            self._again()
        return Outcome()


def fresh() -> duckdb.DuckDBPyConnection:
    """Gives an empty database."""
    database = duckdb.connect()
    database.execute("SET TimeZone = 'UTC'")
    database.execute("SET threads = 1")
    return database


def answered(database: duckdb.DuckDBPyConnection, statement: Statement) -> Outcome:
    """Runs a statement in DuckDB."""
    cursor = database.execute(statement.sql, statement.given)
    names = [name for name, *_ in cursor.description or ()]
    rows = cursor.fetchall()
    if names == ["Count"] and rows:
        return Outcome(count=int(rows[0][0]))
    if statement.sql.startswith(("CREATE", "ALTER", "DROP")):
        return Outcome()
    return Outcome(rows=shown(rows), count=len(rows))


def own(connection: Any, statement: Statement) -> Outcome:
    """Runs a statement here."""
    try:
        cursor = connection.execute(statement.own, statement.given or None)
        rows = None if cursor.description is None else cursor.fetchall()
    except ingitdb.Error as error:
        state = getattr(error, "sqlstate", None) or ""
        return Outcome(kind=type(error).__name__, state=state, said=str(error))
    if rows is None:
        return Outcome(count=cursor.rowcount if STEPS.match(statement.sql) is None else -1)
    return Outcome(rows=shown(rows), count=len(rows))
