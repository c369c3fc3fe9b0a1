"""PostgreSQL servers."""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from itertools import count
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
from sqlalchemy.engine import URL, Inspector
from sqlalchemy.engine.interfaces import ReflectedColumn
from sqlalchemy.types import NullType

from ingitdb.errors import TargetError
from ingitdb.migrations.connections.connection import Access
from ingitdb.migrations.connections.databases import Database
from ingitdb.migrations.constraints import check_names
from ingitdb.migrations.model import Check, Place, Table
from ingitdb.migrations.scripts import Insertion
from ingitdb.migrations.targets.postgresql import LOCK, LONGEST, PUBLIC
from ingitdb.migrations.targets.target import Target
from ingitdb.model.types import ColumnType, quote_identifier

logging.getLogger("psycopg").addHandler(logging.NullHandler())
"""What the driver has to say is in its errors: it need not be on stderr as well."""
_SETTINGS = (
    "DateStyle TO 'ISO, YMD'",
    "IntervalStyle TO 'postgres'",
    "TIME ZONE 'UTC'",
    "extra_float_digits TO 3",
    "bytea_output TO 'hex'",
    "client_encoding TO 'UTF8'",
    "standard_conforming_strings TO on",
    "client_min_messages TO warning",
)
_SYSTEM = "information_schema"
_OWN = "pg_"
_DEFAULT = re.compile(r"('(?:[^']|'')*')::.+", re.DOTALL)
_REFERENCES = (
    "SELECT n.nspname, c.relname, m.nspname, d.relname FROM pg_catalog.pg_constraint AS k"
    " JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid"
    " JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"
    " JOIN pg_catalog.pg_class AS d ON d.oid = k.confrelid"
    " JOIN pg_catalog.pg_namespace AS m ON m.oid = d.relnamespace WHERE k.contype = 'f'"
)
_TEXTS = frozenset(["TEXT", "JSON", "BYTEA"])
"""Types whose texts may need an escape in COPY."""
_ESCAPES = (("\\\\", 92), ("\\n", 10), ("\\r", 13), ("\\t", 9))
_UNKNOWN = "UNKNOWN"
_CURSORS = count()
_PAUSE, _PAUSES = 0.2, 15
"""Seconds: a connection that was closed a moment ago may still hold its lock."""


class PostgresqlDatabase(Database):
    """A database of a PostgreSQL server."""

    title = "PostgreSQL"
    driver = "postgresql+psycopg"
    main = PUBLIC

    def arguments(self, url: URL, access: Access) -> dict[str, Any]:
        """Gives what the driver is told beside the URL: an authority makes it ask for TLS.

        A host may be the folder of a socket, percent-encoded as libpq takes it.
        """
        found: dict[str, Any] = {"prepare_threshold": None, "application_name": "ingitdb"}
        if url.host is not None and "%" in url.host:
            found["host"] = unquote(url.host)
        if access.authority is not None:
            found |= {"sslmode": "verify-full", "sslrootcert": str(access.authority)}
        if access.certificate is not None:
            found["sslcert"] = str(access.certificate)
        if access.key is not None:
            found["sslkey"] = str(access.key)
        return found

    def set_up(self) -> None:
        """Prepares the connection: values are shown exactly, whatever the server is set to."""
        for setting in _SETTINGS:
            self.ask(f"SET SESSION {setting}")

    def lock(self) -> None:
        """Keeps other migrations of this database out until the connection is closed.

        Raises:
            TargetError: Another one is at work.
        """
        lock = f"SELECT pg_catalog.pg_try_advisory_lock({LOCK})"
        for asked in (lock, *[f"{lock} FROM pg_catalog.pg_sleep({_PAUSE})"] * _PAUSES):
            ((is_ours,),) = self.ask(asked)
            if is_ours:
                return
        raise TargetError("Another migration is at work on this database.")

    def check_names(self, tables: Sequence[Table]) -> Mapping[Place, Mapping[str, Check]]:
        """Gives the checks of all tables of a commit by the names of their constraints."""
        return check_names(tables, LONGEST)

    def references(self) -> list[tuple[Place, Place]]:
        """Gives the tables that hinder others from being emptied: those that refer to them."""
        rows = self.ask(_REFERENCES)
        return [(self.place(*row[:2]), self.place(*row[2:])) for row in rows]

    def streaming_cursor(self) -> Any:
        """Gives a cursor of the server's; several may be read in turns."""
        name = f"ingitdb_{next(_CURSORS)}"
        return self._connection.connection.cursor(name=name, withhold=True)

    def schemas(self, inspector: Inspector) -> list[str | None]:
        """Gives the schemas that are not the system's own."""
        found = inspector.get_schema_names()
        return [name for name in found if name != _SYSTEM and not name.startswith(_OWN)]

    def declared(self, column: ReflectedColumn, table: str, schema: str | None) -> str:
        """Gives the type of a column; of those that SQLAlchemy does not know, that they are so."""
        if isinstance(column["type"], NullType):
            return _UNKNOWN
        return super().declared(column, table, schema)

    def tables(self, target: Target) -> list[Table]:
        """Gives the tables that are there; their words do not lean on a search path."""
        ((path,),) = self.ask("SHOW search_path")
        self.ask("SET SESSION search_path TO pg_catalog")
        try:
            return super().tables(target)
        finally:
            self.ask(f"SET SESSION search_path TO {path or repr('')}")

    def default(self, column: ReflectedColumn) -> str | None:
        """Gives a default without the type that PostgreSQL puts behind a literal."""
        text = column["default"]
        found = _DEFAULT.fullmatch(text) if text is not None else None
        return found[1] if found else text

    def load(self, insertion: Insertion, target: Target) -> bool:
        """Adds rows by COPY, of lines that DuckDB writes, unless the script has run before."""
        ((is_done,),) = self.ask(f"SELECT {target.done}")
        if is_done:
            return True
        table = insertion.table
        columns = ", ".join(quote_identifier(column.name) for column in table.columns)
        copy = f"COPY {target.name_of(table.place)} ({columns}) FROM STDIN"

        def line(stored: Sequence[tuple[str, ColumnType]]) -> str:
            return _line(stored, target)

        with closing(self.cursor()) as cursor:
            try:
                with cursor.copy(copy) as stream:
                    for lines in _joined(insertion.rows.batches(line)):
                        stream.write(lines)
            except self._errors as error:
                raise self.refused(error) from None
        return True


def _line(stored: Sequence[tuple[str, ColumnType]], target: Target) -> str:
    """Gives DuckDB's SQL for the line of a row as COPY reads it."""
    cells = []
    for sql, kind in stored:
        text = f"CAST({target.spelled(sql, kind)} AS VARCHAR)"
        if target.stored(kind).type in _TEXTS:
            for escape, code in _ESCAPES:
                text = f"replace({text}, chr({code}), '{escape}')"
        cells.append(f"coalesce({text}, '\\N')")
    return f"concat({', chr(9), '.join(cells)}, chr(10))"


def _joined(batches: Iterator[pa.RecordBatch]) -> Iterator[memoryview]:
    """Gives the lines of each batch as Arrow holds them, one behind the other."""
    for batch in batches:
        column = batch.column(0).cast(pa.large_string())
        _, offsets, lines = column.buffers()
        if len(column) and offsets is not None and lines is not None:
            ends = memoryview(offsets).cast("q")
            first, last = ends[column.offset], ends[column.offset + len(column)]
            yield memoryview(lines)[first:last]
