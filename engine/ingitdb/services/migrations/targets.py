"""Live targets by their URLs."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from ingitdb.errors import TargetError, UsageError
from ingitdb.execution.duckdb_files import DuckdbFile
from ingitdb.migrations.connections.connection import Access, Connection
from ingitdb.migrations.connections.duckdb import DuckdbDatabase
from ingitdb.migrations.connections.sqlite import SqliteDatabase
from ingitdb.migrations.connections.stores import StoreConnection
from ingitdb.migrations.stores.etcd import Etcd
from ingitdb.migrations.stores.keys import layout
from ingitdb.migrations.stores.redis import Redis
from ingitdb.services.migrations.migration import target_of
from ingitdb.services.migrations.sql_targets import SqlTarget
from ingitdb.services.migrations.stores import StoreTarget
from ingitdb.services.migrations.ways import LiveTarget

KINDS = {"sqlite": "sqlite", "duckdb": "duckdb"}
"""The dialect of each scheme."""
STORES = {"redis": Redis, "rediss": Redis, "etcd": Etcd, "etcds": Etcd}
"""The key-value store of each scheme."""
KNOWN = "sqlite:///FILE, duckdb:///FILE, redis://HOST:PORT/NUMBER, etcd://HOST:PORT"
_NO_ACCESS = Access()


@contextmanager
def opened(
    text: str, access: Access = _NO_ACCESS, *, must_exist: bool = False
) -> Iterator[LiveTarget]:
    """Connects to a target.

    Args:
        text: A URL such as `sqlite:///app.db`; a fourth slash begins an absolute path.
        access: How to get in.
        must_exist: Whether a file that is not there is refused.

    Raises:
        UsageError: It is no URL of a kind of target that there is.
        TargetError: It cannot be opened.
    """
    try:
        url = make_url(text)
    except ArgumentError:
        raise UsageError("The target is no URL.", hint=f"There are: {KNOWN}.") from None
    if url.drivername in STORES:
        with closing(StoreTarget(_connected_store(url, access))) as store:
            yield store
        return
    dialect = KINDS.get(url.drivername)
    if dialect is None:
        raise UsageError(f"There is no target {url!r}.", hint=f"There are: {KNOWN}.")
    with closing(SqlTarget(_connected(dialect, url, access, must_exist), target_of(dialect))) as it:
        yield it


def _connected_store(url: URL, access: Access) -> StoreConnection:
    kind = STORES[url.drivername]
    keys = url.query.get("keys", kind.template)
    if set(url.query) - {"keys"} or not isinstance(keys, str):
        raise UsageError(f"There is no target {url!r}.", hint="Its only option is keys=TEMPLATE.")
    if kind is Redis:
        from ingitdb.migrations.connections.redis import RedisConnection  # slow to load

        return RedisConnection(url, access, Redis(layout(keys)))
    from ingitdb.migrations.connections.etcd import EtcdConnection  # slow to load

    return EtcdConnection(url, access, Etcd(layout(keys)))


def _connected(dialect: str, url: URL, access: Access, must_exist: bool) -> Connection:
    if dialect in ("sqlite", "duckdb"):
        path = Path(url.database or "")
        if url.host or not url.database:
            raise UsageError(f"There is no target {url!r}.", hint=f"There are: {KNOWN}.")
        if must_exist and not path.is_file():
            raise TargetError(f"There is no file {path}.")
        if dialect == "duckdb":
            return DuckdbDatabase(DuckdbFile(path))
    return SqliteDatabase(url, access)
