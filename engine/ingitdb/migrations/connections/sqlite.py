"""SQLite files."""

from contextlib import closing

from sqlalchemy.engine.interfaces import ReflectedColumn

from ingitdb.migrations.connections.databases import Database
from ingitdb.migrations.model import Place
from ingitdb.migrations.targets.sqlite import place_of
from ingitdb.model.types import quote_literal


class SqliteDatabase(Database):
    """A SQLite database in a file, which is made if it is not there."""

    title = "SQLite"
    driver = "sqlite+pysqlite"

    def place(self, schema: str | None, name: str) -> Place:
        """Gives the place of a table in a model."""
        return place_of(name)

    def declared(self, column: ReflectedColumn, table: str, schema: str | None) -> str:
        """Gives the type of a column in the words in which it is declared."""
        rows = self.ask(f"SELECT name, type FROM pragma_table_info({quote_literal(table)})")
        return str(dict(rows)[column["name"]])

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
