"""An empty table of DuckDB's own with the columns of one of ours, for INSERT to run in as typed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from ingitdb.errors import StatementError
from ingitdb.execution.instance import Instance
from ingitdb.model.types import quote_identifier
from ingitdb.sql.complaints import without_internal_names

if TYPE_CHECKING:
    from ingitdb.execution.binding import Bound

_BARE = "\u0001scratch"
_NAME = quote_identifier(_BARE)


@dataclass(frozen=True, slots=True)
class Scratch:
    """A scratch table.

    Attributes:
        name: What the user calls the table.
        instance: The DuckDB that runs queries.
        types: The columns, by name as SQL spells their types.
    """

    name: str
    instance: Instance
    types: Mapping[str, str]

    def filled(self, columns: str, rows: "Bound") -> pa.Table:
        """Gives the rows that an INSERT of a query makes.

        Args:
            columns: What stands between the table and the query: names of columns, or BY NAME.
            rows: The query.

        Raises:
            StatementError: A value does not fit its column, or the query fails.
        """
        described = ", ".join(f"{quote_identifier(name)} {t}" for name, t in self.types.items())
        cursor = self.instance.cursor()
        try:
            cursor.execute(f"CREATE TEMP TABLE {_NAME} ({described})")
            for name, table in rows.tables.items():
                cursor.register(name, table)
            cursor.execute(f'USE "{rows.catalog}"')
            cursor.execute(f"INSERT INTO temp.main.{_NAME} {columns} {rows.text}", rows.parameters)
            return cursor.sql(f"FROM temp.main.{_NAME}").to_arrow_table()
        except duckdb.Error as error:
            said = without_internal_names(str(error)).replace(_BARE, self.name)
            raise StatementError(said) from None
        finally:
            cursor.close()
