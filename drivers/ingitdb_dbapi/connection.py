"""The connection of PEP 249 to a server, over ADBC's driver for Flight SQL."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from weakref import WeakSet

import adbc_driver_flightsql
import adbc_driver_manager as adbc

from ingitdb.api import dbapi
from ingitdb.api.bases import BaseConnection
from ingitdb_dbapi.addresses import Address, Options
from ingitdb_dbapi.cursor import Cursor
from ingitdb_dbapi.failures import translated
from ingitdb_dbapi.statements import Retries, Statement, ingest
from ingitdb_dbapi.transactions import NO_TRANSACTION, Transaction

if TYPE_CHECKING:
    from ingitdb_dbapi.parameters import Parameters

IngestMode = Literal["append", "create", "replace", "create_append"]
TRIES = 4
"""How often a read is tried unless told otherwise."""
_ANYBODY = "anonymous"
_HEADER = "adbc.flight.sql.rpc.call_header."
_CLIENT = "adbc.flight.sql.client_option."
_TIMEOUTS = tuple(f"adbc.flight.sql.rpc.timeout_seconds.{call}" for call in ("query", "update"))
_SESSION = "adbc.flight.sql.session.options"
_STANDING = {"database": "catalog", "schema": "schema", "ref": "ref", "author": "author"}
"""Which option of `connect` is which of the session."""


class Connection(BaseConnection):
    """A connection to a server; a context manager.

    The first statement that writes opens a transaction, which `commit` or `rollback` ends; with
    `autocommit` each statement is a commit. As a context manager it commits at the end, or rolls
    back after an error, and closes.
    """

    def __init__(self, address: Address) -> None:
        self._cursors: WeakSet[Cursor] = WeakSet()
        self._is_closed = False
        self._autocommit = address.options.get("autocommit", False)
        self._retries = Retries(address.options.get("tries", TRIES))
        self._transaction = Transaction(lambda: self.options.get("transaction", ""), self.rollback)
        with translated():
            self._database, self._connection = self._retries.ask(lambda: _opened(address))
        try:
            self.options  # noqa: B018 - asks the server, which refuses what it does not have
            for name, value in _spoken(address.options).items():
                self.set_option(name, value)
        except BaseException:
            self.close()
            raise

    @property
    def autocommit(self) -> bool:
        """Whether each statement that writes is a commit of its own."""
        return self._autocommit

    @autocommit.setter
    def autocommit(self, value: bool) -> None:
        """Changes it, outside of a transaction."""
        self.set_option("autocommit", _word(value))
        self._autocommit = value

    @property
    def options(self) -> dict[str, str]:
        """Where the session stands: catalog, schema, ref, author and more, by their names."""
        self._check()
        with translated():
            said = self._retries.ask(lambda: self._connection.get_option(_SESSION))
        found: dict[str, str] = json.loads(said)
        return found

    def set_option(self, name: str, value: str | None) -> None:
        """Changes an option of the session; None is what it began with.

        Raises:
            Error: There is no such option, or it cannot have that value now.
        """
        text = "DEFAULT" if value is None else "'" + value.replace("'", "''") + "'"
        with self.cursor() as cursor:
            cursor.execute(f"SET {name} = {text}")

    def set_ref(self, ref: str | None) -> None:
        """Reads, and writes, another ref from now on; None is the branch that HEAD names."""
        self.set_option("ref", ref)

    def cursor(self) -> Cursor:
        """Gives a new cursor."""
        self._check()
        made = Cursor(self)
        self._cursors.add(made)
        return made

    def execute(self, sql: str, parameters: "Parameters | None" = None) -> Cursor:
        """Runs a statement on a new cursor."""
        return self.cursor().execute(sql, parameters)

    def commit(self, message: str | None = None, *, author: str | None = None) -> str | None:
        """Ends the transaction; what it wrote becomes one commit."""
        given = {"message": message, "author": author}
        said = {name: value for name, value in given.items() if value is not None}
        call = ", ".join(f"{name} => ${name}" for name in said)
        with self.cursor() as cursor:
            try:
                row = cursor.execute(f"CALL commit({call})", said).fetchone()
            except dbapi.Error as error:
                if error.sqlstate != NO_TRANSACTION:
                    raise
                self._end("COMMIT")
                return None
        return None if row is None else str(row[0])

    def rollback(self) -> None:
        """Ends the transaction; what it wrote is forgotten."""
        self._end("ROLLBACK")

    def _end(self, word: str) -> None:
        with self.cursor() as cursor:
            try:
                cursor.execute(word)
            except dbapi.Error as error:
                if error.sqlstate != NO_TRANSACTION:
                    raise

    def ingest(self, table: str, data: Any, mode: IngestMode = "append") -> int:
        """Adds rows of Arrow to a table."""
        self._check()
        with self._following("INSERT"):
            return ingest(self._connection, _place(table), data, mode)

    def interrupt(self) -> None:
        """Stops what runs; callable from another thread."""
        for cursor in list(self._cursors):
            cursor.cancel()

    def close(self) -> None:
        """Frees everything; a transaction that is open is rolled back."""
        if self._is_closed:
            return
        for cursor in list(self._cursors):
            with contextlib.suppress(dbapi.Error):
                cursor.close()
        self._is_closed = True
        for handle in (self._connection, self._database):
            with contextlib.suppress(adbc.Error):
                handle.close()

    @contextlib.contextmanager
    def _following(self, sql: str) -> Iterator[None]:
        """Runs a statement, unless it would commit what is left of a transaction."""
        with self._transaction.around(sql, is_alone=self._autocommit):
            yield

    def _prepared(self, sql: str) -> Statement:
        self._check()
        return Statement(self._connection, sql, self._retries)


def _opened(address: Address) -> tuple[adbc.AdbcDatabase, adbc.AdbcConnection]:
    """Signs in; every call says in its headers where a session begins."""
    database = adbc_driver_flightsql.connect(address.uri, _settings(address))
    try:
        return database, adbc.AdbcConnection(database)
    except BaseException:
        database.close()
        raise


def _settings(address: Address) -> dict[str, str]:
    options = address.options
    said = _standing(options).items()
    made = {f"{_HEADER}{name}": value for name, value in said if value.isascii()}
    if "token" in options:
        made["adbc.flight.sql.authorization_header"] = f"Bearer {options['token']}"
    else:
        made["username"] = address.user or _ANYBODY
        made["password"] = address.password or ""
    for name, key in (
        ("tls_ca", "tls_root_certs"),
        ("tls_certificate", "mtls_cert_chain"),
        ("tls_key", "mtls_private_key"),
    ):
        if name in options:
            made[_CLIENT + key] = _pem(name, str(options[name]))  # type: ignore[literal-required]
    if "tls_server_name" in options:
        made[f"{_CLIENT}tls_override_hostname"] = options["tls_server_name"]
    if not options.get("tls_verify", True):
        made[f"{_CLIENT}tls_skip_verify"] = "true"
    if "timeout" in options:
        made |= dict.fromkeys(_TIMEOUTS, str(options["timeout"]))
    return made


def _standing(options: Options) -> dict[str, str]:
    """Gives the options of the session that are asked for."""
    made = {
        name: str(options[option])  # type: ignore[literal-required]
        for option, name in _STANDING.items()
        if option in options
    }
    return made | {"autocommit": _word(options.get("autocommit", False))}


def _spoken(options: Options) -> dict[str, str]:
    """Gives those that no header carries."""
    return {name: value for name, value in _standing(options).items() if not value.isascii()}


def _pem(name: str, value: str) -> str:
    """Gives a certificate or a key: the text itself, or that of its file."""
    if "\n" in value:
        return value
    try:
        return Path(value).read_text("ascii")
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or "it is no PEM"
        raise dbapi.InterfaceError(
            f"The option {name} names {value!r}, which cannot be read: {said}.", code="IGD-1001"
        ) from error


def _word(value: bool) -> str:
    return "true" if value else "false"


def _place(name: str) -> tuple[str | None, str]:
    """Splits a name at the dot that stands outside of double quotes.

    Example:
        >>> _place('geo."my.cities"')
        ('geo', 'my.cities')
    """
    quoted = name.split('"')
    marked = '"'.join(part if at % 2 else part.replace(".", "\0") for at, part in enumerate(quoted))
    parts = [
        part[1:-1].replace('""', '"') if part.startswith('"') else part
        for part in marked.split("\0")
    ]
    return (parts[-2] if len(parts) > 1 else None), parts[-1]
