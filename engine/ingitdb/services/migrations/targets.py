"""Live targets by their URLs."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy.engine import URL

from ingitdb.errors import TargetError, UsageError
from ingitdb.execution.duckdb_files import DuckdbFile
from ingitdb.migrations.connections.addresses import address, shown
from ingitdb.migrations.connections.connection import Access, Connection
from ingitdb.migrations.connections.duckdb import DuckdbDatabase
from ingitdb.migrations.connections.postgresql import PostgresqlDatabase
from ingitdb.migrations.connections.sqlite import SqliteDatabase
from ingitdb.migrations.connections.stores import StoreConnection
from ingitdb.migrations.mapping import NO_MAPPING, TargetMapping
from ingitdb.migrations.stores.etcd import Etcd
from ingitdb.migrations.stores.redis import Redis
from ingitdb.services.migrations.key_mappings import check_no_keys, layout_of
from ingitdb.services.migrations.migration import target_of
from ingitdb.services.migrations.sql_targets import SqlTarget
from ingitdb.services.migrations.stores import StoreTarget
from ingitdb.services.migrations.ways import LiveTarget

KINDS = {
    "sqlite": "sqlite",
    "duckdb": "duckdb",
    "mariadb": "mysql",
    "mariadb+pymysql": "mysql",
    "mysql": "mysql",
    "mysql+pymysql": "mysql",
    "postgres": "postgresql",
    "postgresql": "postgresql",
    "postgresql+psycopg": "postgresql",
}
"""The dialect of each scheme; errors show the one with its driver."""
STORES = {"redis": Redis, "rediss": Redis, "etcd": Etcd, "etcds": Etcd}
"""The key-value store of each scheme."""
KNOWN = (
    "sqlite:///FILE, duckdb:///FILE, mysql://USER@HOST/DATABASE, postgresql://USER@HOST/DATABASE,"
    " redis://HOST:PORT/NUMBER, etcd://HOST:PORT"
)
_GENERATED = frozenset(["mssql", "sqlserver"])
"""Schemes of a system for which there are scripts only."""
_NO_ACCESS = Access()
_FILES = ("sqlite", "duckdb")
_MEMORY = ":memory:"


@contextmanager
def opened(
    text: str,
    access: Access = _NO_ACCESS,
    *,
    must_exist: bool = False,
    is_only_read: bool = False,
    mapping: TargetMapping = NO_MAPPING,
) -> Iterator[LiveTarget]:
    """Connects to a target.

    Args:
        text: A URL such as `sqlite:///app.db`; a fourth slash begins an absolute path.
        access: How to get in.
        must_exist: Whether a file that is not there is refused.
        is_only_read: Whether nothing is written: the file must exist, and others may read it, too.
        mapping: What it calls things.

    Raises:
        UsageError: It is no URL of a kind of target that there is.
        TargetError: It cannot be opened.
    """
    url, dialect = _read(text)
    if dialect in _FILES:
        _check_file(url, must_exist=must_exist or is_only_read)
    with closing(_target(url, dialect, access, mapping, is_only_read=is_only_read)) as found:
        yield found


def _target(
    url: URL, dialect: str, access: Access, mapping: TargetMapping, *, is_only_read: bool
) -> LiveTarget:
    if url.drivername in STORES:
        return StoreTarget(_connected_store(url, access, mapping), mapping)
    check_no_keys(mapping)
    connection = _connected(dialect, url, access, is_only_read=is_only_read)
    return SqlTarget(connection, target_of(dialect), mapping)


def is_missing(text: str) -> bool:
    """Whether a target is a file that is not there; it would be made.

    Raises:
        UsageError: It is no URL of a kind of target that there is.
    """
    url, dialect = _read(text)
    return dialect in _FILES and not Path(url.database or "").is_file()


def dialect_of(text: str) -> str:
    """Gives the dialect that scripts for a target are in.

    Raises:
        UsageError: It is no URL of a kind of target that there is.
    """
    return _read(text)[1]


def _read(text: str) -> tuple[URL, str]:
    url = address(text, KNOWN)
    if url.drivername.partition("+")[0] in _GENERATED:
        raise UsageError(
            "SQL Server is not reached: scripts are generated, and no server has run them here.",
            hint="Write them: ingitdb migrate generate --dialect sqlserver.",
        )
    store = STORES.get(url.drivername)
    dialect = KINDS.get(url.drivername) if store is None else store.name
    if dialect is None:
        raise UsageError(f"There is no target {shown(url)}.", hint=f"There are: {KNOWN}.")
    return url, dialect


def keys_of(text: str) -> str | None:
    """Gives how a target's URL says that keys are put together; None where it does not.

    Raises:
        UsageError: It is no URL of a kind of target that there is.
    """
    url, _ = _read(text)
    return _keys(url) if url.drivername in STORES else None


def _keys(url: URL) -> str | None:
    keys = url.query.get("keys")
    if set(url.query) - {"keys"} or not isinstance(keys, str | None):
        raise UsageError(
            f"There is no target {shown(url)}.", hint="Its only option is keys=TEMPLATE."
        )
    return keys


def _connected_store(url: URL, access: Access, mapping: TargetMapping) -> StoreConnection:
    kind = STORES[url.drivername]
    found = layout_of(kind, _keys(url), mapping)
    if kind is Redis:
        from ingitdb.migrations.connections.redis import RedisConnection  # slow to load

        return RedisConnection(url, access, Redis(found))
    from ingitdb.migrations.connections.etcd import EtcdConnection  # slow to load

    return EtcdConnection(url, access, Etcd(found))


def _check_file(url: URL, *, must_exist: bool) -> None:
    name = url.database or ""
    if url.host or not name or url.query:
        raise UsageError(f"There is no target {shown(url)}.", hint=f"There are: {KNOWN}.")
    if name.startswith(_MEMORY):
        raise UsageError("What is in memory ends with the command.", hint="Name a file.")
    if must_exist and not Path(name).is_file():
        raise TargetError(f"There is no file {name}.")


def _connected(dialect: str, url: URL, access: Access, *, is_only_read: bool) -> Connection:
    if dialect == "duckdb":
        return DuckdbDatabase(DuckdbFile(Path(url.database or ""), is_only_read=is_only_read))
    if dialect == "mysql":
        from ingitdb.migrations.connections.mysql import MysqlDatabase  # slow to load

        return MysqlDatabase(url, access)
    if dialect == "postgresql":
        return PostgresqlDatabase(url, access)
    return SqliteDatabase(url, access)
