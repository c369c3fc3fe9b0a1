"""etcd, through the gateway that etcd3gw speaks to."""

import base64
import json
import secrets
import time
from collections.abc import Collection, Iterator, Sequence
from email.utils import parsedate_to_datetime
from itertools import chain
from typing import TYPE_CHECKING, Any

import requests
from etcd3gw.client import Etcd3Client
from etcd3gw.exceptions import Etcd3Exception
from sqlalchemy.engine import URL

from ingitdb.errors import TargetError
from ingitdb.migrations.connections.connection import Access
from ingitdb.migrations.connections.stores import Arrival, Scanned
from ingitdb.migrations.stores.documents import in_base64
from ingitdb.migrations.stores.etcd import Etcd, operation, put, transaction
from ingitdb.migrations.stores.ledger import Entry, Standing, entry, standing
from ingitdb.migrations.stores.store import Change

if TYPE_CHECKING:
    from etcd3gw.lease import Lease

_PORT = 2379
_LOCKED_SECONDS = 60
_RENEWED_SECONDS = 10
_TIMEOUT_SECONDS = 60
_PAGE = 1_000


class EtcdConnection:
    """An etcd, spoken to in JSON.

    Args:
        url: Where it is: `etcd://` or, encrypted, `etcds://`.
        access: How to get in.
        store: How records are stored.

    Raises:
        TargetError: It cannot be reached, or lets nobody in.
    """

    columns = "key, value"

    def __init__(self, url: URL, access: Access, store: Etcd) -> None:
        self.store = store
        self.limits = store.limits
        self._token = secrets.token_hex()
        self._lease: Lease | None = None
        self._renewed = 0.0
        self._date: str | None = None
        self._session = _session(access)
        self._session.hooks["response"].append(self._heard)
        is_safe = url.drivername == "etcds" or access.authority is not None
        self._client = Etcd3Client(
            host=url.host or "localhost",
            port=url.port or _PORT,
            protocol="https" if is_safe else "http",
            timeout=_TIMEOUT_SECONDS,
            api_path="/v3/",
            session=self._session,
        )
        shown = url.set(query={}).render_as_string(hide_password=True)
        try:
            self._enter(url, access, shown)
            self.standing()
        except TargetError as error:
            self._session.close()
            raise TargetError(f"{shown} cannot be opened: {error}") from None

    def lock(self) -> None:
        """Keeps other migrations out until the connection is closed, or has been gone a minute.

        Raises:
            TargetError: Another one is at work.
        """
        try:
            lease = self._client.lease(_LOCKED_SECONDS)
        except (Etcd3Exception, requests.RequestException) as error:
            raise _refused(error) from None
        self._lease, self._renewed = lease, time.monotonic()
        lock = put(self.store.layout.lock, self._token)
        lock["request_put"]["lease"] = str(lease.id)
        free = {
            "key": in_base64(self.store.layout.lock),
            "target": "CREATE",
            "create_revision": "0",
        }
        if not self._done([free], [lock]):
            raise TargetError(
                "Another migration is at work on the target.",
                hint=f"If it was killed, wait a minute: then {self.store.layout.lock} is gone.",
            )

    def renew(self) -> None:
        """Makes sure that others are still kept out.

        Raises:
            TargetError: They are not.
        """
        if self._lease is None or time.monotonic() - self._renewed < _RENEWED_SECONDS:
            return
        self._renewed = time.monotonic()
        try:
            self._lease.refresh()
        except (Etcd3Exception, requests.RequestException, KeyError) as error:
            raise _refused(error) from None

    def standing(self) -> Standing:
        """Says where the store is."""
        (found,) = self.read([self.store.layout.ledger])
        return standing(found.decode() if found is not None else None)

    def entries(self) -> list[tuple[str, Entry]]:
        """Gives the rows of the ledger with their names, the oldest first."""
        start = self.store.layout.entry("")
        found = [row for page in self._pages(start) for row in page]
        found.sort(key=lambda row: int(row["mod_revision"]))
        named = [(_text(row["key"]).decode(), _text(row["value"])) for row in found]
        return [
            (name.removeprefix(start), entry(text))
            for name, text in named
            if name != self.store.layout.lock
        ]

    def now(self) -> float:
        """Gives the time by the store's clock, which tells whole seconds."""
        self._ask("/maintenance/status", {})
        return parsedate_to_datetime(self._date).timestamp() if self._date else 0.0

    def size(self) -> int:
        """Says how many keys begin as ours do."""
        key, end = _range(self.store.layout.prefix)
        found = self._ask("/kv/range", {"key": key, "range_end": end, "count_only": True})
        return int(found.get("count", 0))

    def read(self, keys: Sequence[str]) -> list[bytes | None]:
        """Gives what some keys hold."""
        found: list[bytes | None] = []
        most = self.limits.operations or len(keys)
        for at in range(0, len(keys), most):
            asked = [{"request_range": {"key": in_base64(key)}} for key in keys[at : at + most]]
            said = self._ask("/kv/txn", transaction([], asked))
            for response in said["responses"]:
                rows = response["response_range"].get("kvs", [])
                found.append(_text(rows[0].get("value", "")) if rows else None)
        return found

    def scan(self, tables: Collection[str]) -> Iterator[Scanned]:
        """Gives all records of some tables, piece by piece."""
        layout = self.store.layout
        for page in chain.from_iterable(self._pages(name + layout.between) for name in tables):
            self.renew()
            records = []
            for row in page:
                key = _text(row["key"]).decode(errors="surrogateescape")
                _, rest = layout.table_of(key)
                if rest is not None and layout.between not in rest:
                    records.append((key, _text(row.get("value", ""))))
            yield Scanned(records=records)

    def depart(self, before: str, way: str) -> None:
        """Says that the store is on its way from a commit."""
        here = str(self.standing())
        state = here if here == way else before
        conditions = [self.store.is_at(state), self._locked()]
        if not self._done(conditions, [self.store.at(way)]):
            raise TargetError("The target was moved to another commit meanwhile.")

    def digested(self, rows: Sequence[tuple[Any, ...]]) -> bytes:
        """Gives what is told of some changes in the checksum: the operations."""
        return json.dumps([operation(Change(key=key, value=value)) for key, value in rows]).encode()

    def write(self, rows: Sequence[tuple[Any, ...]], state: str, arrival: Arrival | None) -> None:
        """Does some changes in one transaction."""
        self.renew()
        operations = [operation(Change(key=key, value=value)) for key, value in rows]
        if arrival is not None:
            entered = self.store.layout.entry
            operations.append(self.store.at(arrival.at))
            operations += [put(entered(name), row.text()) for name, row in arrival.rows]
        if not self._done([self.store.is_at(state), self._locked()], operations):
            raise TargetError("The lock of the target was lost, or it was moved meanwhile.")

    def close(self) -> None:
        """Lets others in, and closes it."""
        try:
            if self._lease is not None:
                self._lease.revoke()
        except (Etcd3Exception, requests.RequestException):
            self._lease = None  # it ends by itself
        finally:
            self._session.close()

    def _enter(self, url: URL, access: Access, shown: str) -> None:
        if url.username is None:
            return
        password = url.password if url.password is not None else access.password(shown)
        said = self._ask("/auth/authenticate", {"name": url.username, "password": password or ""})
        self._session.headers["Authorization"] = said["token"]

    def _locked(self) -> dict[str, Any]:
        key = in_base64(self.store.layout.lock)
        return {"key": key, "target": "VALUE", "value": in_base64(self._token)}

    def _done(
        self, conditions: Sequence[dict[str, Any]], operations: Sequence[dict[str, Any]]
    ) -> bool:
        return bool(self._ask("/kv/txn", transaction(conditions, operations)).get("succeeded"))

    def _pages(self, start: str) -> Iterator[list[dict[str, str]]]:
        """Gives the keys that begin with a text, all as they were at one moment."""
        key, end = _range(start)
        revision = "0"
        while True:
            asked = {"key": key, "range_end": end, "limit": str(_PAGE), "revision": revision}
            found = self._ask("/kv/range", asked)
            rows = found.get("kvs", [])
            yield rows
            if not found.get("more"):
                return
            revision = found["header"]["revision"] if revision == "0" else revision
            key = in_base64(_text(rows[-1]["key"]) + b"\0")

    def _ask(self, path: str, said: dict[str, Any]) -> Any:
        try:
            return self._client.post(self._client.get_url(path), json=said)
        except (Etcd3Exception, requests.RequestException) as error:
            raise _refused(error) from None

    def _heard(self, response: requests.Response, *_: Any, **__: Any) -> None:
        self._date = response.headers.get("Date")


def _session(access: Access) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    if access.authority is not None:
        session.verify = str(access.authority)
    if access.certificate is not None and access.key is not None:
        session.cert = (str(access.certificate), str(access.key))
    return session


def _range(start: str) -> tuple[str, str]:
    """Gives the first key that begins with a text, and the first one behind those that do."""
    if not start:
        return in_base64(b"\0"), in_base64(b"\0")
    data = start.encode()
    return in_base64(data), in_base64(data[:-1] + bytes([data[-1] + 1]))


def _text(said: str) -> bytes:
    return base64.b64decode(said)


def _refused(error: Exception) -> TargetError:
    said = getattr(error, "detail_text", None) or str(error)
    return TargetError(f"etcd refuses: {said}")
