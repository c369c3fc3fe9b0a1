"""SQLite files."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy.engine import Inspector
from sqlalchemy.engine.interfaces import ReflectedColumn
from sqlalchemy.exc import SAWarning

from ingitdb.migrations.connections.databases import Database
from ingitdb.migrations.model import Place, Table
from ingitdb.migrations.scripts import Insertion
from ingitdb.migrations.targets.sqlite import place_of
from ingitdb.migrations.targets.target import Target
from ingitdb.model.types import ColumnType, quote_literal


class SqliteDatabase(Database):
    """A SQLite database in a file, which is made if it is not there."""

    title = "SQLite"
    driver = "sqlite+pysqlite"
    has_users = False

    def place(self, schema: str | None, name: str) -> Place:
        """Gives the place of a table in a model."""
        return place_of(name)

    def tables(self, target: Target) -> list[Table]:
        """Gives the tables that are there, as a model.

        SQLAlchemy reads some of it from the text of CREATE TABLE, and trips over quotes in names.

        Raises:
            TargetError: SQLite refuses to tell.
        """
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*SQL-parsed foreign key", SAWarning)
            return [_unquoted(table) for table in super().tables(target)]

    def declared(self, column: ReflectedColumn, table: str, schema: str | None) -> str:
        """Gives the type of a column in the words in which it is declared."""
        rows = self.ask(f"SELECT name, type FROM pragma_table_xinfo({quote_literal(table)})")
        return str(dict(rows)[column["name"]])

    def unique(
        self, inspector: Inspector, table: str, schema: str | None
    ) -> Iterator[tuple[str, ...]]:
        """Gives the groups of columns that are declared unique."""
        rows = self.ask(
            "SELECT l.name, c.name FROM"
            f" pragma_index_list({quote_literal(table)}) AS l, pragma_index_info(l.name) AS c"
            " WHERE l.origin = 'u' ORDER BY l.seq DESC, c.seqno"
        )
        for _, group in groupby(rows, key=itemgetter(0)):
            yield tuple(column for _, column in group)

    def load(self, insertion: Insertion, target: Target) -> bool:
        """Adds rows by one prepared statement, unless the script has run before.

        Raises:
            TargetError: SQLite refuses them.
        """
        ((is_done,),) = self.ask(f"SELECT {target.done}")
        if is_done:
            return True
        columns = ", ".join(target.quoted(column.name) for column in insertion.table.columns)
        marks = ", ".join("?" for _ in insertion.table.columns)
        sql = f"INSERT INTO {target.name_of(insertion.table.place)} ({columns}) VALUES ({marks})"
        with closing(self.cursor()) as cursor:
            try:
                cursor.executemany(sql, _bound(insertion))
            except self._errors as error:
                raise self.refused(error) from None
        return True

    def run_script(self, script: str) -> None:
        """Runs a whole script.

        Raises:
            TargetError: SQLite refuses a statement; what is not committed is undone.
        """
        with closing(self.cursor()) as cursor:
            try:
                cursor.executescript(script)
            except self._errors as error:
                raise self.refused(error) from None


def _unquoted(table: Table) -> Table:
    """Gives a table whose checks have their names, and not their spellings inside of quotes."""
    checks = (replace(check, name=check.name.replace('""', '"')) for check in table.checks)
    return replace(table, checks=tuple(checks))


def _bound(insertion: Insertion) -> Iterator[tuple[Any, ...]]:
    """Gives the rows as SQLite's driver takes them; it has no number that is none."""

    def stored(values: Sequence[tuple[str, ColumnType]]) -> str:
        return ", ".join(sql for sql, _ in values)

    fractions = {at for at, c in enumerate(insertion.table.columns) if c.type == "DOUBLE"}
    for batch in insertion.rows.batches(stored):
        columns = [column.to_pylist() for column in batch.columns]
        for at in fractions:
            columns[at] = ["nan" if value != value else value for value in columns[at]]
        yield from zip(*columns, strict=True)
