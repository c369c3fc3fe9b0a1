"""Tables that a session has for itself, which no commit holds: CREATE TEMP TABLE."""

import uuid
from contextlib import closing
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from ingitdb.errors import CatalogError, StatementError, StatementRefused
from ingitdb.execution.results import Result, count_result, table_result
from ingitdb.model.types import quote_identifier
from ingitdb.sql.clauses import Delete, Insert, clauses
from ingitdb.sql.complaints import state_of_value, without_internal_names
from ingitdb.sql.definitions import CreateTable, Drop, definition
from ingitdb.sql.names import fold, name_parts, spell
from ingitdb.sql.tokens import Tokens

if TYPE_CHECKING:
    from ingitdb.execution.binding import Binder, Bound
    from ingitdb.execution.footing import Footing
    from ingitdb.execution.instance import Instance
    from ingitdb.model.ports import SqlParser
    from ingitdb.sql.statements import Statement

_SCHEMA = "temp"
_TARGETED = ("INSERT", "UPDATE", "DELETE", "TRUNCATE")
_WAY_OUT = "Make it anew: CREATE OR REPLACE TEMP TABLE … AS SELECT …"


class Temporaries:
    """The temporary tables of one session; they are found where no table of the repository is."""

    def __init__(self, instance: "Instance", parser: "SqlParser") -> None:
        self._instance = instance
        self._parser = parser
        self._catalog: str | None = None
        self._names: dict[str, str] = {}

    def path(self, parts: tuple[str, ...]) -> str | None:
        """Gives the SQL for the table of a name as typed; None if it is none of these."""
        if len(parts) > 1 and fold(parts[-2]) != _SCHEMA:
            return None
        name = self._names.get(fold(parts[-1]))
        return None if name is None else f'"{self._catalog}".main.{quote_identifier(name)}'

    def concern(self, statement: "Statement") -> bool:
        """Tells whether a statement makes such a table, or writes to one."""
        verb = statement.verb.partition(" ")[0]
        if verb == "CREATE":
            return statement.verb == "CREATE TABLE" and self._is_temporary(statement)
        if not self._names:
            return False
        if statement.verb == "DROP TABLE":
            return all(self.path(path) for path in self._dropped(statement).paths)
        if verb not in _TARGETED:
            return False
        target = getattr(clauses(statement.source, self._parser), "target", None)
        return target is not None and self.path(target.path) is not None

    def run(self, statement: "Statement", footing: "Footing") -> Result:
        """Runs such a statement.

        Raises:
            StatementError: It is wrong, or asks for what is done to tables of the repository only.
            CatalogError: There is a table of that name already.
        """
        if statement.verb == "CREATE TABLE":
            return self._create(statement, footing)
        if statement.verb == "DROP TABLE":
            for path in self._dropped(statement).paths:
                self._instance.query(f"DROP TABLE {self.path(path)}")
                del self._names[fold(path[-1])]
            return table_result([], [], footing.commit)
        return self._write(statement, footing)

    def hold(self, table: str, rows: pa.Table, mode: str, footing: "Footing") -> Result:
        """Keeps rows of Arrow in such a table.

        Args:
            table: Its name, perhaps in double quotes.
            rows: The rows; columns are found by name.
            mode: `create` it, `append` to it, `replace` it, or `create_append`.
            footing: What the table must not hide.

        Raises:
            CatalogError: There is one and should not be, or should be and is not.
        """
        *schema, name = name_parts(table)
        if schema and fold(schema[-1]) != _SCHEMA:
            raise StatementRefused(
                "A temporary table has no schema.", hint=f"Call it {spell(name)}."
            )
        known = self.path((name,))
        if known is not None and mode == "create":
            raise CatalogError(f"There is a temporary table {name!r} already.")
        if known is None and mode == "append":
            raise CatalogError(f"There is no temporary table {name!r}.")
        place = known or self._place(name, footing.binder())
        is_new = known is None or mode == "replace"
        verb = f"CREATE OR REPLACE TABLE {place} AS" if is_new else f"INSERT INTO {place} BY NAME"
        with closing(self._instance.cursor()) as cursor, footing.watched(cursor):
            cursor.register("given", rows)
            try:
                cursor.execute(f"{verb} FROM given")
            except duckdb.Error as error:
                raise _told(error) from None
        self._names[fold(name)] = name
        return count_result(rows.num_rows, footing.commit)

    def close(self) -> None:
        """Forgets them all."""
        self._names.clear()
        if self._catalog is not None:
            self._instance.query(f'DETACH "{self._catalog}"')
            self._catalog = None

    def _is_temporary(self, statement: "Statement") -> bool:
        tokens = Tokens(statement.text, self._parser)
        at = 3 if tokens.words(1, "OR", "REPLACE") else 1
        at += tokens.words(at, "LOCAL")
        return tokens[at].word in ("TEMP", "TEMPORARY")

    def _dropped(self, statement: "Statement") -> Drop:
        found = definition(statement.source, self._parser)
        if not isinstance(found, Drop):
            raise TypeError(found)
        return found

    def _place(self, name: str, binder: "Binder") -> str:
        """Gives where a new table is to lie."""
        if _is_table(binder, name):
            raise CatalogError(
                f"There is a table {name!r} in the repository.",
                hint="Give the temporary one another name.",
            )
        if self._catalog is None:
            self._catalog = f"t_{uuid.uuid4().hex}"
            self._instance.query(f"ATTACH ':memory:' AS \"{self._catalog}\"")
        return f'"{self._catalog}".main.{quote_identifier(name)}'

    def _create(self, statement: "Statement", footing: "Footing") -> Result:
        found = definition(statement.source, self._parser)
        if not isinstance(found, CreateTable):
            raise TypeError(found)
        name = found.path[-1]
        if len(found.path) > 1 and fold(found.path[-2]) != _SCHEMA:
            raise StatementRefused(
                "A temporary table has no schema.", hint=f"Call it {spell(name)}."
            )
        if found.options or found.references:
            raise StatementRefused(
                "A temporary table is no file and has no references: neither WITH nor REFERENCES."
            )
        known = self.path((name,))
        if known is not None and found.if_not_exists:
            return table_result([], [], footing.commit)
        if known is not None and not found.or_replace:
            raise CatalogError(
                f"There is a temporary table {name!r} already.", hint="CREATE OR REPLACE TEMP TABLE"
            )
        place = known or self._place(name, footing.binder())
        made = f"CREATE OR REPLACE TABLE {place}"
        if found.query is None:
            self._ran(footing, None, f"{made} ({found.body})")
        else:
            bound = self._bound(statement.text[slice(*found.query)], footing)
            names = f"({', '.join(map(quote_identifier, found.names))})" if found.names else ""
            data = "" if found.has_data else " WITH NO DATA"
            self._ran(footing, bound, f"{made} {names} AS {bound.text}{data}")
        self._names[fold(name)] = name
        return table_result([], [], footing.commit)

    def _write(self, statement: "Statement", footing: "Footing") -> Result:
        write = clauses(statement.source, self._parser)
        text = statement.text
        if isinstance(write, Insert) and write.returning is None:
            place, columns = self.path(write.target.path), text[slice(*write.columns)]
            if write.rows is None:
                count = self._ran(footing, None, f"INSERT INTO {place} DEFAULT VALUES")
            else:
                bound = self._bound(
                    f"{text[slice(*write.lead)]}\n{text[slice(*write.rows)]}", footing
                )
                count = self._ran(footing, bound, f"INSERT INTO {place} {columns} {bound.text}")
            return count_result(count, footing.commit)
        if isinstance(write, Delete) and write.condition is None and write.source is None:
            count = self._ran(footing, None, f"DELETE FROM {self.path(write.target.path)}")
            return count_result(count, footing.commit)
        raise StatementRefused(
            "Of a temporary table, records are only added, or all of them deleted.", hint=_WAY_OUT
        )

    def _bound(self, query: str, footing: "Footing") -> "Bound":
        (asked,) = footing.plans.split(query)
        return footing.binder().bind(asked)

    def _ran(self, footing: "Footing", bound: "Bound | None", sql: str) -> int:
        """Runs SQL of ours over a bound query; gives how many rows it met."""
        with closing(self._instance.cursor()) as cursor, footing.watched(cursor):
            try:
                values = None
                if bound is not None:
                    for name, table in bound.tables.items():
                        cursor.register(name, table)
                    cursor.execute(f'USE "{bound.catalog}"')
                    values = bound.parameters
                found = cursor.execute(sql, values).fetchall()
            except duckdb.Error as error:
                raise _told(error) from None
        return int(found[0][0]) if found else 0


def _own_name(path: tuple[str, ...]) -> str:
    """Gives the name of a new table from what was typed."""
    if len(path) > 1 and fold(path[-2]) != _SCHEMA:
        hint = f"Call it {spell(path[-1])}."
        raise StatementRefused("A temporary table has no schema.", hint=hint)
    return path[-1]


def _told(error: duckdb.Error) -> StatementError:
    told = StatementError(without_internal_names(str(error)))
    told.sqlstate = state_of_value(str(error))
    return told


def _is_table(binder: "Binder", name: str) -> bool:
    """Tells whether a table or view of the repository has a name."""
    try:
        place = binder.locate((name,), None)
        binder.named(place.catalogs.snapshot(place.commit), place, name)
    except CatalogError:
        place = binder.locate((name,), None)
        return binder.view(place, name) is not None
    return True
