"""SQL systems through SQLAlchemy: connected, asked, and their tables described."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any, ClassVar, cast

import pyarrow as pa
import sqlalchemy
from sqlalchemy.engine import URL, Inspector
from sqlalchemy.engine.interfaces import ReflectedColumn
from sqlalchemy.exc import SAWarning, SQLAlchemyError
from sqlalchemy.pool import NullPool

from ingitdb.errors import MissingDependency, TargetError
from ingitdb.migrations.connections.addresses import shown
from ingitdb.migrations.connections.connection import Access
from ingitdb.migrations.model import (
    LEDGER,
    Check,
    Column,
    Index,
    Place,
    Reference,
    Table,
    folded,
)
from ingitdb.migrations.scripts import Insertion
from ingitdb.migrations.targets.target import Target
from ingitdb.model.tables import Reaction

_BATCH = 8_192
_UNTOLD = (OSError, TypeError, ValueError)
"""What drivers raise for options that they do not know, or cannot read."""
_WAY_IN = (
    "The password stands in INGITDB_TARGET_PASSWORD, or in the keyring: service `ingitdb`, user"
    " name as the URL is shown here."
)
_REACTIONS: Mapping[str, Reaction] = {"CASCADE": "cascade", "SET NULL": "set null"}


class Database:
    """A SQL system that SQLAlchemy knows; each kind of system is a subclass.

    Args:
        url: Where it is; the driver is chosen here.
        access: How to get in.

    Raises:
        TargetError: It cannot be reached, or lets nobody in.
        MissingDependency: Its driver is not installed.
    """

    title: ClassVar[str]
    driver: ClassVar[str]
    """What SQLAlchemy calls the system and the driver."""
    has_users: ClassVar[bool] = True
    """Whether it may ask for a password."""
    main: ClassVar[str | None] = None
    """The schema that tables of `main` lie in; None for the connection's own."""

    def __init__(self, url: URL, access: Access) -> None:
        url = url.set(drivername=self.driver)
        name = shown(url)
        if url.password is None and self.has_users:
            url = url.set(password=access.password(name))
        try:
            self._engine = sqlalchemy.create_engine(
                url,
                poolclass=NullPool,
                isolation_level="AUTOCOMMIT",
                connect_args=self.arguments(url, access),
            )
            self._connection = self._engine.connect()
        except ModuleNotFoundError as error:
            raise MissingDependency(f"The driver for {self.title}", "migrate") from error
        except (SQLAlchemyError, *_UNTOLD) as error:
            said = _said(error)
            is_asked = url.password is None and "password" in said
            raise TargetError(
                f"{name} cannot be opened: {said}", hint=_WAY_IN if is_asked else None
            ) from None
        self.set_up()

    def arguments(self, url: URL, access: Access) -> dict[str, Any]:
        """Gives what the driver is told beside the URL."""
        return {}

    def set_up(self) -> None:
        """Prepares the connection: how values are shown."""

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Runs a statement and gives its rows, if it has any.

        Raises:
            TargetError: The target refuses it.
        """
        with closing(self.cursor()) as cursor:
            try:
                cursor.execute(sql)
                rows = cursor.fetchall() if cursor.description else []
            except self._errors as error:
                raise self.refused(error) from None
        return [tuple(row) for row in rows]

    def run_script(self, script: str) -> None:
        """Runs a whole script.

        Raises:
            TargetError: The target refuses a statement; what is not committed is undone.
        """
        self.ask(script)

    def stream(self, sql: str) -> Iterator[pa.RecordBatch]:
        """Gives the rows of a query of texts, without holding them all.

        Raises:
            TargetError: The target refuses it.
        """
        with closing(self.streaming_cursor()) as cursor:
            try:
                cursor.execute(sql)
                names = [column[0] for column in cursor.description]
                while rows := cursor.fetchmany(_BATCH):
                    columns = [pa.array(values, pa.string()) for values in zip(*rows, strict=True)]
                    yield pa.RecordBatch.from_arrays(columns, names)
            except self._errors as error:
                raise self.refused(error) from None

    def cursor(self) -> Any:
        """Gives a cursor of the driver's own."""
        return self._connection.connection.cursor()

    def streaming_cursor(self) -> Any:
        """Gives a cursor that does not fetch all rows at once."""
        return self.cursor()

    def load(self, insertion: Insertion, target: Target) -> bool:
        """Adds rows in a faster way than by statements; here there is none."""
        return False

    def lock(self) -> None:
        """Keeps other migrations out; here a script's own transaction does."""

    def tables(self, target: Target) -> list[Table]:
        """Gives the tables that are there, as a model.

        Raises:
            TargetError: The target refuses to tell.
        """
        try:
            inspector = sqlalchemy.inspect(self._connection)
            return self._described(inspector, target)
        except SQLAlchemyError as error:
            raise TargetError(f"{self.title} refuses: {_said(error)}") from None

    def _described(self, inspector: Inspector, target: Target) -> list[Table]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SAWarning)  # of types and indexes that are not ours
            return [
                self._table(inspector, target, schema, name)
                for schema in self.schemas(inspector)
                for name in inspector.get_table_names(schema)
                if name != LEDGER
            ]

    def check_names(self, tables: Sequence[Table]) -> Mapping[Place, Mapping[str, Check]]:
        """Gives the checks of all tables of a commit by their own names."""
        return {folded(table.place): {one.name: one for one in table.checks} for table in tables}

    def references(self) -> list[tuple[Place, Place]]:
        """Gives the tables that hinder others from being emptied; here none does."""
        return []

    def schemas(self, inspector: Inspector) -> list[str | None]:
        """Gives the schemas in which tables are looked for."""
        return [self.main]

    def place(self, schema: str | None, name: str) -> Place:
        """Gives the place of a table in a model."""
        return ("main" if schema in (None, self.main) else str(schema)), name

    def declared(self, column: ReflectedColumn, table: str, schema: str | None) -> str:
        """Gives the type of a column in the words in which it is declared."""
        return column["type"].compile(self._engine.dialect)

    def default(self, column: ReflectedColumn) -> str | None:
        """Gives the default of a column in the words in which it is declared."""
        return column["default"]

    def unique(
        self, inspector: Inspector, table: str, schema: str | None
    ) -> Iterator[tuple[str, ...]]:
        """Gives the groups of columns that are declared unique."""
        for one in inspector.get_unique_constraints(table, schema):
            yield tuple(one["column_names"])

    def foreign_keys(
        self, inspector: Inspector, table: str, schema: str | None
    ) -> Iterator[Reference]:
        """Gives the foreign keys of a table."""
        for one in inspector.get_foreign_keys(table, schema):
            yield Reference(
                columns=tuple(one["constrained_columns"]),
                target=self.place(one["referred_schema"], one["referred_table"]),
                references=tuple(one["referred_columns"]),
                on_update=reaction(one["options"].get("onupdate")),
                on_delete=reaction(one["options"].get("ondelete")),
            )

    def _table(self, inspector: Inspector, target: Target, schema: str | None, name: str) -> Table:
        key = inspector.get_pk_constraint(name, schema)["constrained_columns"]
        indexes = [
            Index(name=str(one["name"]), columns=tuple(cast("list[str]", one["column_names"])))
            for one in inspector.get_indexes(name, schema)
            if not one["unique"] and None not in one["column_names"]
        ]
        return Table(
            place=self.place(schema, name),
            columns=tuple(
                self._column(target, column, name, schema)
                for column in inspector.get_columns(name, schema)
            ),
            key=tuple(key),
            unique=tuple(self.unique(inspector, name, schema)),
            checks=tuple(
                Check(name=str(one["name"]), condition=one["sqltext"])
                for one in inspector.get_check_constraints(name, schema)
            ),
            references=tuple(self.foreign_keys(inspector, name, schema)),
            indexes=tuple(indexes),
        )

    def _column(
        self, target: Target, column: ReflectedColumn, table: str, schema: str | None
    ) -> Column:
        declared = self.declared(column, table, schema)
        return Column(
            name=column["name"],
            kind=target.kind(declared),
            type=declared,
            nullable=column["nullable"],
            default=self.default(column),
        )

    @property
    def _errors(self) -> type[Exception]:
        return cast("type[Exception]", self._engine.dialect.loaded_dbapi.Error)

    def refused(self, error: Exception) -> TargetError:
        """Gives what to raise for an error of the driver's."""
        return TargetError(f"{self.title} refuses: {str(error).strip()}")

    def close(self) -> None:
        """Closes it; what is not committed is undone."""
        self._connection.invalidate()
        self._connection.close()
        self._engine.dispose()


def reaction(word: str | None) -> Reaction:
    """Gives what a foreign key does, of the word for it; it refuses where there is none."""
    return _REACTIONS.get((word or "").upper(), "restrict")


def _said(error: Exception) -> str:
    """Gives the driver's own words."""
    return str(getattr(error, "orig", None) or error).strip()
