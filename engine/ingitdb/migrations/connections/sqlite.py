"""SQLite files."""

from typing import Any

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

    def streaming_cursor(self) -> Any:
        """Gives a cursor that does not fetch all rows at once: they come as they are asked for."""
        cursor = self.cursor()
        cursor.connection.text_factory = str
        return cursor
