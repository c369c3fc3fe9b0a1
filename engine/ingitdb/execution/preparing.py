"""Says what a statement will give and take, before it runs.

What only the values decide is left open; `AS OF ?` has the columns of the present until then.
"""

import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
from _duckdb import _arrow_schema

from ingitdb.errors import CatalogError, IngitdbError
from ingitdb.execution.binding import Binder, Bound, Values
from ingitdb.execution.catalogs import Catalogs
from ingitdb.execution.instance import Instance
from ingitdb.execution.plans import Plans
from ingitdb.execution.results import arrow_field, column_type
from ingitdb.model.identifiers import CommitId
from ingitdb.model.ports import SqlParser
from ingitdb.model.types import ColumnType, quote_identifier
from ingitdb.sql.complaints import without_catalogs
from ingitdb.sql.names import spell
from ingitdb.sql.statements import Statement, StatementKind
from ingitdb.sql.tokens import Tokens
from ingitdb.sql.versions import parameters

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_TABLE = re.compile(r"Table with name (?P<name>.+?) does not exist!")
_IN_SCHEMA = re.compile(
    r'Table with name "(?P<path>.+)" does not exist because schema "(?P<schema>.+)" does not exist'
)
_MOST_TABLES = 50
_UNKNOWN = "UNKNOWN"
_LISTING = frozenset(
    [
        StatementKind.EXPLAIN,
        StatementKind.SHOW_TABLES,
        StatementKind.SHOW_BRANCHES,
        StatementKind.SHOW_LOG,
        StatementKind.DESCRIBE,
    ]
)
"""What only reads, little enough to be run for its columns."""
_ROWLESS = frozenset(
    [
        StatementKind.USE,
        StatementKind.ATTACH,
        StatementKind.DETACH,
        StatementKind.TRANSACTION,
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """What is known of a statement before it runs.

    Attributes:
        schema: The columns of its rows; None where it has none, or they are not known yet.
        parameters: Its parameters in order, with the types that they are taken as; text where that
            is not known.
        gives_rows: Whether it answers with rows, instead of a count.
        columns: The names and types of its rows, where these are known from binding it.
    """

    schema: pa.Schema | None
    parameters: pa.Schema
    gives_rows: bool
    columns: Sequence[tuple[str, ColumnType]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparing:
    """Finds that out at one commit.

    Attributes:
        binder: Gives what binds a query with some parameters.
        columns: Gives the columns of a statement that only reads.
        schema: Where names without a schema are looked up first.
    """

    catalogs: Catalogs
    instance: Instance
    parser: SqlParser
    plans: Plans
    commit: CommitId
    schema: str | None
    binder: Callable[[Values | None], Binder]
    columns: Callable[[Statement], pa.Schema]

    def prepare(self, statement: Statement) -> Preparation:
        """Says what a statement gives and takes.

        Raises:
            IngitdbError: It is wrong, or names what is not there.
        """
        names = self._names(statement)
        if statement.kind == StatementKind.WRITE:
            return self._write(statement, names)
        if statement.kind == StatementKind.QUERY:
            return self._query(statement, names)
        schema = self.columns(statement) if statement.kind in _LISTING and not names else None
        return Preparation(
            schema=schema, parameters=_texts(names), gives_rows=statement.kind not in _ROWLESS
        )

    def _names(self, statement: Statement) -> list[str]:
        """Gives the names of the parameters: numbers in their order, else in that of the text."""
        found = dict.fromkeys(parameters(Tokens(statement.text, self.parser)).values())
        if all(name.isdecimal() for name in found):
            return [str(number) for number in range(1, max(map(int, found), default=0) + 1)]
        return list(found)

    def _query(self, statement: Statement, names: list[str]) -> Preparation:
        bound = self._bound(statement, names)
        if bound is None:
            return Preparation(schema=None, parameters=_texts(names), gives_rows=True)
        with closing(self.instance.cursor()) as cursor:
            for name, table in bound.tables.items():
                cursor.register(name, table)
            cursor.execute(f'USE "{bound.catalog}"')
            with suppress(duckdb.Error):
                return _prepared(cursor, bound.text, _left(bound, names), gives_rows=True)
        return Preparation(schema=None, parameters=_texts(names), gives_rows=True)

    def _bound(self, statement: Statement, names: list[str]) -> Bound | None:
        """Binds a query without its values; a commit that they name is the present one."""
        if not names:
            return self.binder(None).bind(statement)
        given = {name: _Present(name) for name in names}
        is_counted = all(name.isdecimal() for name in names)
        with suppress(IngitdbError):
            return self.binder(list(given.values()) if is_counted else given).bind(statement)
        return None

    def _write(self, statement: Statement, names: list[str]) -> Preparation:
        """Lets DuckDB bind a write over empty tables of the same columns."""
        first = statement.verb.split(" ", 1)[0]
        if first not in ("INSERT", "UPDATE", "DELETE", "WITH", "FROM"):
            return Preparation(schema=None, parameters=_texts(names), gives_rows=False)
        schemas: set[str] = set()
        own = {name: name for name in names}
        with self._scratch() as cursor:
            for _ in range(_MOST_TABLES):
                try:
                    made = _prepared(cursor, statement.text, own, gives_rows=False)
                    # a write whose types the values decide is said to give rows
                    is_answered = made.schema is not None or _returns(statement)
                    return replace(made, gives_rows=made.gives_rows and is_answered)
                except duckdb.Error as error:
                    if not self._make(cursor, str(error), schemas):
                        break
        return Preparation(schema=None, parameters=_texts(names), gives_rows=_returns(statement))

    @contextmanager
    def _scratch(self) -> "Iterator[DuckDBPyConnection]":
        catalog = f"p_{uuid.uuid4().hex}"
        self.instance.query(f"ATTACH ':memory:' AS \"{catalog}\"")
        try:
            with closing(self.instance.cursor()) as cursor:
                cursor.execute(f'USE "{catalog}"')
                yield cursor
        finally:
            self.instance.query(f'DETACH "{catalog}"')

    def _make(self, cursor: "DuckDBPyConnection", complaint: str, schemas: set[str]) -> bool:
        """Makes the empty table that DuckDB does not find; tells if it could."""
        if (lack := _IN_SCHEMA.search(complaint)) is not None:
            schema, name = lack["schema"], lack["path"].removeprefix(f"{lack['schema']}.")
            cursor.execute(f"CREATE SCHEMA {quote_identifier(schema)}")
            schemas.add(schema)
            return self._made(cursor, name, schema)
        if (lack := _TABLE.search(complaint)) is None:
            return False
        # DuckDB does not say in which schema it has looked
        found = [self._made(cursor, lack["name"], schema) for schema in (None, *schemas)]
        return any(found)

    def _made(self, cursor: "DuckDBPyConnection", name: str, schema: str | None) -> bool:
        snapshot = self.catalogs.snapshot(self.commit)
        with suppress(CatalogError, duckdb.CatalogException):
            table = self.catalogs.find(snapshot, name, schema=schema, preferred=self.schema)
            columns = ", ".join(
                f"{quote_identifier(column.name)} {column.type.sql}"
                for column in snapshot.relation(table).columns
            )
            cursor.execute(f"CREATE TABLE {spell(schema or 'main', name)} ({columns})")
            return True
        return False


def _prepared(
    cursor: "DuckDBPyConnection", text: str, names: dict[str, str], *, gives_rows: bool
) -> Preparation:
    """Lets DuckDB bind a text, in which parameters may have other names.

    DuckDB has no public door to the types of parameters; this one is its own Python client's.
    """
    columns, types, taken, answer, *_ = cursor._bind(text, with_writes=True)
    known = {name: kind for name, kind in taken if str(kind) != _UNKNOWN}
    gives_rows = gives_rows or answer == "query_result"
    schema, told = None, []
    if gives_rows and not any(str(kind) == _UNKNOWN for kind in types):
        plain = _arrow_schema(columns, types, connection=cursor)
        told = [
            (without_catalogs(field.name), column_type(kind))
            for field, kind in zip(plain, types, strict=True)
        ]
        schema = pa.schema(
            [
                arrow_field(name, kind, field.type)
                for field, (name, kind) in zip(plain, told, strict=True)
            ]
        )
    of_parameters = _arrow_schema(list(known), list(known.values()), connection=cursor)
    kinds = {field.name: field.type for field in of_parameters}
    return Preparation(
        schema=schema,
        parameters=pa.schema([(name, kinds.get(own, pa.string())) for name, own in names.items()]),
        gives_rows=gives_rows,
        columns=told,
    )


class _Present(str):
    """Stands for a parameter while a query is bound: where it says which commit, the present one.

    Attributes:
        parameter: Its name.
    """

    __slots__ = ("parameter",)
    parameter: str

    def __new__(cls, name: str) -> "_Present":
        made = super().__new__(cls, "HEAD")
        made.parameter = name
        return made


def _left(bound: Bound, names: list[str]) -> dict[str, str]:
    """Gives for each parameter its name in the text that DuckDB runs; empty where it is gone."""
    values = bound.parameters or {}
    if not isinstance(values, dict):
        values = {str(number): value for number, value in enumerate(values, 1)}
    inside = {value.parameter: name for name, value in values.items()}
    return {name: inside.get(name, "") for name in names}


def _returns(statement: Statement) -> bool:
    return " RETURNING " in f" {' '.join(statement.text.upper().split())} "


def _texts(names: list[str]) -> pa.Schema:
    return pa.schema([(name, pa.string()) for name in names])
