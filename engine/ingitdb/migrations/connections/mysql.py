"""MariaDB and MySQL servers."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from typing import Any

import pyarrow as pa
from pymysql.connections import MySQLResult
from pymysql.constants import CLIENT, COMMAND, CR
from pymysql.cursors import SSCursor
from sqlalchemy import Inspector
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import ReflectedColumn

from ingitdb.errors import TargetError
from ingitdb.migrations.connections.connection import Access
from ingitdb.migrations.connections.databases import Database, reaction
from ingitdb.migrations.constraints import check_names
from ingitdb.migrations.model import Check, Place, Reference, Table
from ingitdb.migrations.scripts import Insertion
from ingitdb.migrations.targets import mysql_types
from ingitdb.migrations.targets.mysql import LOCK, MODE, PATIENCE
from ingitdb.migrations.targets.mysql_definitions import DONE
from ingitdb.migrations.targets.mysql_limits import LONGEST_NAME
from ingitdb.migrations.targets.sqlite import place_of
from ingitdb.migrations.targets.target import Target
from ingitdb.model.types import ColumnType, quote_identifier, quote_literal

_SESSION = f"SET SESSION sql_mode = '{MODE}', time_zone = '+00:00'"
_COLUMNS = (
    "SELECT COLUMN_NAME, COLUMN_TYPE, COLUMN_COMMENT FROM information_schema.COLUMNS"
    " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = "
)
_JSON = (
    "SELECT CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS"
    " WHERE CONSTRAINT_SCHEMA = DATABASE() AND LEVEL = 'Column' AND TABLE_NAME = "
)
_REFERENCES = (
    "SELECT TABLE_NAME, CONSTRAINT_NAME FROM information_schema.TABLE_CONSTRAINTS"
    " WHERE TABLE_SCHEMA = DATABASE() AND CONSTRAINT_TYPE = 'FOREIGN KEY'"
)
_FOREIGN_KEYS = (
    "SELECT CONSTRAINT_NAME, UPDATE_RULE, DELETE_RULE, k.REFERENCED_TABLE_NAME, COLUMN_NAME,"
    " REFERENCED_COLUMN_NAME FROM information_schema.KEY_COLUMN_USAGE AS k"
    " JOIN information_schema.REFERENTIAL_CONSTRAINTS AS r"
    " USING (CONSTRAINT_SCHEMA, CONSTRAINT_NAME, TABLE_NAME)"
    " WHERE CONSTRAINT_SCHEMA = DATABASE() AND TABLE_NAME = {table}"
    " ORDER BY CONSTRAINT_NAME, ORDINAL_POSITION"
)
_REFERRED = (
    "SELECT TABLE_SCHEMA = DATABASE(), TABLE_SCHEMA, TABLE_NAME, REFERENCED_TABLE_NAME"
    " FROM information_schema.KEY_COLUMN_USAGE WHERE REFERENCED_TABLE_SCHEMA = DATABASE()"
)
_PACKET = 1 << 20
_LOST = (CR.CR_SERVER_GONE_ERROR, CR.CR_SERVER_LOST)
_LONG = "A server also ends the connection at what is longer than its max_allowed_packet."
_LINES = r"FIELDS TERMINATED BY X'09' ESCAPED BY '\' LINES TERMINATED BY X'0A'"


class MysqlDatabase(Database):
    """A database of a MariaDB or MySQL server."""

    title = "MariaDB or MySQL"
    driver = "mysql+pymysql"

    def arguments(self, url: URL, access: Access) -> dict[str, Any]:
        """Gives what the driver is told: it may send rows, but reads no file a server asks for.

        A password goes as UTF-8; by itself the driver would take it for Latin-1.
        """
        files = {"ca": access.authority, "cert": access.certificate, "key": access.key}
        ssl = {name: str(path) for name, path in files.items() if path is not None}
        told: dict[str, Any] = {
            "init_command": _SESSION,
            "charset": "utf8mb4",
            "client_flag": CLIENT.LOCAL_FILES | CLIENT.MULTI_STATEMENTS,
        }
        if ssl:
            told["ssl"] = ssl
        if url.password is not None:
            told["password"] = url.password.encode()
        return told

    def run_script(self, script: str) -> None:
        """Runs a whole script, which goes to the server as one message.

        Raises:
            TargetError: The server refuses a statement; what is not committed is undone.
        """
        with closing(self.cursor()) as cursor:
            try:
                cursor.execute(script)
                while cursor.nextset():
                    pass
            except self._errors as error:
                raise self.refused(error) from None

    def set_up(self) -> None:
        """Makes sure that there is a database to be in.

        Raises:
            TargetError: The URL names none.
        """
        ((name,),) = self.ask("SELECT DATABASE()")
        if name is None:
            raise TargetError(
                "The URL names no database.", hint="Add its name: mysql://USER@HOST/NAME."
            )

    def streaming_cursor(self) -> Any:
        """Gives a cursor that does not fetch all rows at once."""
        return self._connection.connection.cursor(SSCursor)

    def refused(self, error: Exception) -> TargetError:
        """Gives what to raise for an error of the driver's."""
        found = super().refused(error)
        if error.args[:1] and error.args[0] in _LOST:
            return TargetError(str(found), hint=_LONG)
        return found

    def lock(self) -> None:
        """Keeps other migrations of the database out until the connection is closed.

        Raises:
            TargetError: Another one is at work.
        """
        ((is_ours,),) = self.ask(f"SELECT GET_LOCK({LOCK}, {PATIENCE})")
        if is_ours != 1:
            raise TargetError("Another migration is at work in this database.")

    def place(self, schema: str | None, name: str) -> Place:
        """Gives the place of a table in a model."""
        return place_of(name)

    def check_names(self, tables: Sequence[Table]) -> Mapping[Place, Mapping[str, Check]]:
        """Gives the checks of all tables of a commit by the names of their constraints."""
        return check_names(tables, LONGEST_NAME)

    def references(self) -> list[tuple[Place, Place]]:
        """Gives the tables that hinder others from being emptied: those that refer to them.

        One of another database is in a schema of no name that a repository has.
        """
        return [
            (self.place(None, of) if own else ("", f"{schema}.{of}"), self.place(None, to))
            for own, schema, of, to in self.ask(_REFERRED)
        ]

    def declared(self, column: ReflectedColumn, table: str, schema: str | None) -> str:
        """Gives the type of a column in the words in which it is declared."""
        return self._types(table)[_single(column["name"])]

    def foreign_keys(
        self, inspector: Inspector, table: str, schema: str | None
    ) -> Iterator[Reference]:
        """Gives the foreign keys of a table, which SQLAlchemy misses where a name has a quote."""
        rows = self.ask(_FOREIGN_KEYS.format(table=quote_literal(table)))
        for (_, on_update, on_delete, other), pairs in groupby(rows, key=itemgetter(0, 1, 2, 3)):
            columns, references = zip(*(pair[4:] for pair in pairs), strict=True)
            yield Reference(
                columns=columns,
                target=self.place(None, other),
                references=references,
                on_update=reaction(on_update),
                on_delete=reaction(on_delete),
            )

    def tables(self, target: Target) -> list[Table]:
        """Gives the tables that are there; an index of a foreign key's own is a part of it."""
        own = set(self.ask(_REFERENCES))
        return [
            replace(
                table,
                indexes=tuple(
                    index for index in table.indexes if (_called(table), index.name) not in own
                ),
            )
            for table in map(_named, super().tables(target))
        ]

    def load(self, insertion: Insertion, target: Target) -> bool:
        """Adds rows as a file that DuckDB writes; False where the server takes none.

        Raises:
            TargetError: The server refuses some.
        """
        ((is_taken, is_done),) = self.ask(f"SELECT @@local_infile, {DONE}")
        if not is_taken:
            return False
        if is_done:
            return True
        sql = _loading(insertion.table, target)
        rows = insertion.rows.batches(_line)
        connection: Any = self._connection.connection.driver_connection
        try:
            connection._execute_command(COMMAND.COM_QUERY, sql)
            result = _Loading(connection, rows)
            result.read()
        except self._errors as error:
            raise self.refused(error) from None
        if result.warning_count:
            ((_, code, said), *_) = self.ask("SHOW WARNINGS LIMIT 1")
            raise TargetError(
                f"{self.title} refuses rows of {insertion.table.title}: {said} ({code})"
            )
        return True

    def _types(self, table: str) -> dict[str, str]:
        """Gives the type of each column of a table, with the comment that is a part of it."""
        there = quote_literal(table)
        texts = set()
        ((version,),) = self.ask("SELECT VERSION()")
        if "MariaDB" in version:
            texts = {clause for (clause,) in self.ask(_JSON + there)}
        found = {}
        for name, declared, comment in self.ask(_COLUMNS + there):
            is_json = f"json_valid({quote_identifier(name)})" in texts
            is_json |= f"json_valid(`{name.replace('`', '``')}`)" in texts
            found[name] = "JSON" if is_json else mysql_types.declared(declared, comment)
        return found


class _Loading(MySQLResult):
    """The answer to LOAD DATA: what is asked for is sent from memory, whatever name it has.

    Where that fails, nothing else can be said on the connection: it is closed.
    """

    def __init__(self, connection: Any, rows: Iterator[pa.RecordBatch]) -> None:
        super().__init__(connection)
        self._rows = rows

    def _read_load_local_packet(self, first_packet: Any) -> None:
        connection: Any = self.connection
        for batch in self._rows:
            text = _bytes(batch.column(0))
            for at in range(0, len(text), _PACKET):
                connection.write_packet(text[at : at + _PACKET])
        connection.write_packet(b"")
        self._read_ok_packet(connection._read_packet())


def _bytes(texts: Any) -> memoryview:
    """Gives texts one behind the other, as Arrow holds them."""
    wide = texts.cast(pa.large_string())
    offsets = memoryview(wide.buffers()[1]).cast("q")
    first, last = offsets[wide.offset], offsets[wide.offset + len(wide)]
    data = wide.buffers()[2]
    return memoryview(data)[first:last] if data is not None else memoryview(b"")


def _line(stored: Sequence[tuple[str, ColumnType]]) -> str:
    """Gives DuckDB's SQL for the line of a row."""
    cells = (mysql_types.loaded(sql, kind) for sql, kind in stored)
    return " || chr(9) || ".join(cells) + " || chr(10)"


def _loading(table: Table, target: Target) -> str:
    """Gives the statement that loads rows; bytes come in hexadecimal."""
    cells, settings = [], []
    for at, column in enumerate(table.columns):
        quoted = target.quoted(column.name)
        is_binary = mysql_types.family(column.kind).type == mysql_types.BYTES
        cells.append(f"@b{at}" if is_binary else quoted)
        if is_binary:
            settings.append(f"{quoted} = UNHEX(@b{at})")
    sets = f" SET {', '.join(settings)}" if settings else ""
    return (
        f"LOAD DATA LOCAL INFILE 'rows' INTO TABLE {target.name_of(table.place)}"
        f" CHARACTER SET utf8mb4 {_LINES} ({', '.join(cells)}){sets}"
    )


def _named(table: Table) -> Table:
    """Gives a table that SQLAlchemy has read, in whose names quotes are still doubled."""
    return replace(
        table,
        columns=tuple(replace(one, name=_single(one.name)) for one in table.columns),
        key=_singles(table.key),
        unique=tuple(map(_singles, table.unique)),
        checks=tuple(replace(one, name=_single(one.name)) for one in table.checks),
        indexes=tuple(
            replace(one, name=_single(one.name), columns=_singles(one.columns))
            for one in table.indexes
        ),
    )


def _singles(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(_single, names))


def _single(name: str) -> str:
    return name.replace('""', '"')


def _called(table: Table) -> str:
    return table.title
