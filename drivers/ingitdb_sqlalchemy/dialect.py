"""The dialect: how SQLAlchemy connects, which transactions there are, how it goes back in time."""

# SQLAlchemy types its bases in part, and 1.4 differently
# mypy: disable-error-code="override, misc, no-untyped-call"

from collections.abc import Callable
from itertools import count
from typing import Any
from urllib.parse import quote, urlencode

from sqlalchemy import exc
from sqlalchemy import types as sqltypes
from sqlalchemy.engine import default

from ingitdb_dbapi.addresses import YES
from ingitdb_sqlalchemy.compilers import (
    IngitdbCompiler,
    IngitdbDDLCompiler,
    IngitdbPreparer,
    IngitdbTypeCompiler,
    is_counted,
)
from ingitdb_sqlalchemy.reflection import MAIN, Reflection
from ingitdb_sqlalchemy.types import INTERVAL, JsonIndex, JsonPath, uuid_turns

_AUTOCOMMIT, _SNAPSHOT = "AUTOCOMMIT", "SNAPSHOT"
_CLOSED = "connection is closed"
_GONE = ("08006", "28000")
"""SQLSTATEs where no server answers, and where it does not know the token, or no longer."""


class IngitdbContext(default.DefaultExecutionContext):
    """One execution: reads another commit if asked to, chooses the numbers of new keys."""

    dialect: Any
    _went = False
    _counts: dict[Any, "count[int]"]

    def pre_exec(self) -> None:
        """Goes to the commit of the execution option `ref`."""
        ref = self.execution_options.get("ref")
        if ref is None:
            return
        connection = self.root_connection
        try:
            self.dialect.read_at(connection.connection, str(ref))
        except Exception as error:  # noqa: BLE001 - SQLAlchemy raises it as one of its own
            connection._handle_dbapi_exception(error, "USE", None, None, self)
        self._went = True

    def post_exec(self) -> None:
        """Comes back."""
        self._come_back()

    def handle_dbapi_exception(self, e: BaseException) -> None:
        """Comes back, too."""
        self._come_back()

    def _come_back(self) -> None:
        if self._went:
            self._went = False
            self.dialect.read_at(self.root_connection.connection, None)

    def get_insert_default(self, column: Any) -> Any:
        """Gives the next number of a key that counts up; a clash with others fails at COMMIT."""
        column = getattr(column, "original", column)
        if not is_counted(column):
            return super().get_insert_default(column)
        if not hasattr(self, "_counts"):
            self._counts = {}
        if column not in self._counts:
            preparer = self.dialect.identifier_preparer
            table, name = preparer.format_table(column.table), preparer.format_column(column)
            sql = f"SELECT coalesce(max({name}), 0) + 1 FROM {table}"  # noqa: S608 - quoted names
            self._counts[column] = count(int(self._scalar(sql)))
        return next(self._counts[column])

    def _scalar(self, sql: str) -> Any:
        cursor = self.create_cursor()
        try:
            cursor.execute(sql)
            row: Any = cursor.fetchone()
            return row[0]
        finally:
            cursor.close()


class IngitdbDialect(Reflection, default.DefaultDialect):
    """A repository, by `ingitdb://host:port/database` on a server or `ingitdb:///path` on disk.

    The execution option `ref` reads at a branch, tag, commit or date; the hint
    `with_hint(table, "AS OF 'v1.0'", "ingitdb")` does so for one table.
    """

    name = "ingitdb"
    driver = "ingitdb_dbapi"
    default_paramstyle = "qmark"
    supports_statement_cache = True
    supports_alter = True
    supports_schemas = True
    supports_views = True
    supports_sequences = False
    supports_native_boolean = True
    supports_native_decimal = True
    supports_native_enum = False
    supports_native_uuid = True
    supports_sane_rowcount = True
    supports_sane_multi_rowcount = False
    supports_multivalues_insert = True
    supports_default_values = True
    supports_default_metavalue = True
    supports_empty_insert = False
    supports_comments = True
    inline_comments = False
    supports_constraint_comments = False
    supports_is_distinct_from = True
    supports_smallserial = False
    supports_identity_columns = False
    supports_for_update_of = False
    postfetch_lastrowid = False
    implicit_returning = True
    full_returning = True
    insert_returning = True
    update_returning = True
    delete_returning = True
    insert_executemany_returning = True
    use_insertmanyvalues = True
    use_insertmanyvalues_wo_returning = False
    max_identifier_length = 63
    default_schema_name = MAIN
    div_is_floordiv = False
    _backslash_escapes = False
    _supports_create_index_concurrently = False
    _supports_drop_index_concurrently = False
    _supports_nullable_fk = True

    statement_compiler = IngitdbCompiler
    ddl_compiler = IngitdbDDLCompiler
    type_compiler = IngitdbTypeCompiler
    type_compiler_cls = IngitdbTypeCompiler
    preparer = IngitdbPreparer
    execution_ctx_cls = IngitdbContext
    colspecs = {  # noqa: RUF012 - as SQLAlchemy has it
        sqltypes.Interval: INTERVAL,
        sqltypes.JSON.JSONIndexType: JsonIndex,
        sqltypes.JSON.JSONPathType: JsonPath,
        **uuid_turns(),
    }

    def __init__(
        self,
        json_serializer: Callable[[Any], str] | None = None,
        json_deserializer: Callable[[str], Any] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._json_serializer = json_serializer
        self._json_deserializer = json_deserializer

    @classmethod
    def import_dbapi(cls) -> Any:
        """Gives the driver."""
        import ingitdb_dbapi

        return ingitdb_dbapi

    @classmethod
    def dbapi(cls) -> Any:
        """Gives the driver to SQLAlchemy 1.4."""
        return cls.import_dbapi()

    def create_connect_args(self, url: Any) -> Any:
        """Turns a URL into what the driver's `connect` takes."""
        options = {"schema": MAIN, **url.query}
        if not url.host:
            if options.pop("tls", None) is not None:
                raise exc.ArgumentError("A path takes no tls.")
            return [url.database or "."], options
        scheme = "grpc+tls" if _is_yes("tls", options.pop("tls", "false")) else "grpc"
        host = f"[{url.host}]" if ":" in url.host else url.host
        port = f":{url.port}" if url.port else ""
        query = f"?{urlencode(options)}" if options else ""
        address = f"{scheme}://{host}{port}/{quote(url.database or '')}{query}"
        return [address], {"user": url.username, "password": url.password}

    def initialize(self, connection: Any) -> None:
        """Asks the server for its version and the schema that it begins in."""
        super().initialize(connection)
        self._database = connection.exec_driver_sql("SELECT current_database()").scalar()

    def _get_server_version_info(self, connection: Any) -> tuple[int, ...]:
        said = str(connection.exec_driver_sql("SELECT version()").scalar())
        return tuple(int(part) for part in said.lstrip("v").split(".") if part.isdecimal())

    def _get_default_schema_name(self, connection: Any) -> str:
        return str(connection.exec_driver_sql("SELECT current_schema()").scalar())

    # --- transactions

    def get_isolation_level_values(self, dbapi_connection: Any) -> Any:
        """Gives the levels: each statement a commit, or a snapshot for the transaction."""
        return [_AUTOCOMMIT, _SNAPSHOT]

    _isolation_lookup = frozenset([_AUTOCOMMIT, _SNAPSHOT])

    def get_default_isolation_level(self, dbapi_connection: Any) -> Any:
        """Gives the level that a connection begins with."""
        return self.get_isolation_level(dbapi_connection)

    def get_isolation_level(self, dbapi_connection: Any) -> Any:
        """Gives the level of a connection."""
        return _AUTOCOMMIT if dbapi_connection.autocommit else _SNAPSHOT

    def set_isolation_level(self, dbapi_connection: Any, level: str) -> None:
        """Changes the level of a connection."""
        wanted = level.replace("_", " ").upper()
        if wanted not in (_AUTOCOMMIT, _SNAPSHOT):
            raise exc.ArgumentError(
                f"Invalid value {level!r} for isolation_level. "
                f"Valid isolation levels for ingitdb are {_AUTOCOMMIT}, {_SNAPSHOT}"
            )
        dbapi_connection.autocommit = wanted == _AUTOCOMMIT

    def detect_autocommit_setting(self, dbapi_connection: Any) -> bool:
        """Tells whether each statement is a commit."""
        return bool(dbapi_connection.autocommit)

    def is_disconnect(self, e: Any, connection: Any, cursor: Any) -> bool:
        """Tells whether the connection is gone."""
        return getattr(e, "sqlstate", None) in _GONE or _CLOSED in str(e)

    # --- time travel

    def read_at(self, dbapi_connection: Any, ref: str | None) -> None:
        """Reads a ref from now on; None is where the connection began."""
        name = self._database if ref is None else f"{self._database}/{ref}"
        quote_name = self.identifier_preparer.quote_identifier
        place = f"{quote_name(name)}.{quote_name(self.default_schema_name)}"
        cursor = dbapi_connection.cursor()
        try:
            cursor.execute(f"USE {place}")
        finally:
            cursor.close()


def _is_yes(name: str, word: str) -> bool:
    try:
        return YES[word.lower()]
    except (KeyError, AttributeError):
        raise exc.ArgumentError(f"{name} is true or false, not {word!r}.") from None
