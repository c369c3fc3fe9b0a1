"""Redis, through redis-py; records go to it in big pipelines that DuckDB has spelled."""

import secrets
import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy.engine import URL

from ingitdb.errors import TargetError
from ingitdb.migrations.connections.connection import Access
from ingitdb.migrations.connections.stores import Arrival, Scanned
from ingitdb.migrations.stores.ledger import Entry, Standing, entry, standing
from ingitdb.migrations.stores.redis import AT, NOT_OURS, Redis, hash_command, packed
from ingitdb.model.identifiers import EMPTY

_PORT = 6379
_LOCKED_MS = 60_000
_RENEWED_SECONDS = 10
_CONNECT_SECONDS = 10
_READ_SECONDS = 60
_SCAN = 10_000
_AHEAD = 200_000
"""So many commands may be under way before their answers are read."""
_PIPELINE = 2_000
_RECEIVED = 1 << 20
_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end"
_RENEW = (
    "if redis.call('GET', KEYS[1]) == ARGV[1]"
    " then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end"
)
_MULTI = b"*1\r\n$5\r\nMULTI\r\n"
_EXEC = b"*1\r\n$4\r\nEXEC\r\n"


class RedisConnection:
    """A database of Redis.

    Args:
        url: Where it is: `redis://` or, encrypted, `rediss://`.
        access: How to get in.
        store: How records are stored.

    Raises:
        TargetError: It cannot be reached, or lets nobody in.
    """

    def __init__(self, url: URL, access: Access, store: Redis) -> None:
        self.store = store
        self.limits = store.limits
        self.columns = ", ".join(store.commands_sql())
        self._token: str | None = None
        self._renewed = 0.0
        self._bulk: Any = None
        self._awaited: list[int] = []
        self._owed = 0
        self._last = b""
        shown = url.set(query={}).render_as_string(hide_password=True)
        self._client = redis.Redis(**_arguments(url, access, shown))
        try:
            self._client.ping()
        except redis.RedisError as error:
            self._client.close()
            raise TargetError(f"{shown} cannot be opened: {error}") from None

    def lock(self) -> None:
        """Keeps other migrations out until the connection is closed, or has been gone a minute.

        Raises:
            TargetError: Another one is at work.
        """
        token = secrets.token_hex()
        if not self._ask("SET", self.store.layout.lock, token, "NX", "PX", _LOCKED_MS):
            raise TargetError(
                "Another migration is at work on the target.",
                hint=f"If it was killed, wait a minute: then {self.store.layout.lock} is gone.",
            )
        self._token, self._renewed = token, time.monotonic()

    def renew(self) -> None:
        """Makes sure that others are still kept out.

        Raises:
            TargetError: They are not.
        """
        if self._token is None or time.monotonic() - self._renewed < _RENEWED_SECONDS:
            return
        self._renewed = time.monotonic()
        lock = self.store.layout.lock
        if not self._ask("EVAL", _RENEW, 1, lock, self._token, _LOCKED_MS):
            raise TargetError("The lock of the target was lost.")

    def standing(self) -> Standing:
        """Says where the store is."""
        found = self._ask("HGET", self.store.layout.ledger, AT)
        return standing(found.decode() if found is not None else None)

    def entries(self) -> list[tuple[str, Entry]]:
        """Gives the rows of the ledger with their names, the oldest first."""
        rows = self._ask("HGETALL", self.store.layout.ledger)
        found = {name.decode(): text for name, text in rows.items() if name != AT.encode()}
        return [(name, entry(found[name])) for name in sorted(found, key=int)]

    def now(self) -> float:
        """Gives the time by the store's clock."""
        seconds, micros = self._ask("TIME")
        return float(seconds + micros / 1_000_000)

    def size(self) -> int:
        """Says how many keys there are."""
        return int(self._ask("DBSIZE"))

    def read(self, keys: Sequence[str]) -> list[bytes | None]:
        """Gives what some keys hold, each as the command that makes its hash."""
        found = self._piped([("HGETALL", key) for key in keys])
        return [
            NOT_OURS
            if isinstance(fields, redis.ResponseError)
            else hash_command(key, list(fields.items()))
            if fields
            else None
            for key, fields in zip(keys, found, strict=True)
        ]

    def scan(self, tables: Collection[str]) -> Iterator[Scanned]:
        """Gives all records and sets of some tables, piece by piece."""
        layout = self.store.layout
        pattern = _literal(layout.prefix) + "*"
        keys = (
            key.decode(errors="surrogateescape")
            for key in self._guarded(self._client.scan_iter(pattern, _SCAN))
        )
        while some := list(islice(keys, _PIPELINE)):
            self.renew()
            records: list[str] = []
            for key in some:
                table, rest = layout.table_of(key)
                if table not in tables:
                    continue
                if layout.is_set(rest):
                    yield from self._members(key)
                elif rest is not None and layout.between not in rest:
                    records.append(key)
            values = self.read(records)
            pairs = zip(records, values, strict=True)
            yield Scanned(records=[(key, value) for key, value in pairs if value is not None])

    def depart(self, before: str, way: str) -> None:
        """Says that the store is on its way from a commit."""
        if str(self.standing()) not in (before, way):
            raise TargetError("The target was moved to another commit meanwhile.")
        self._ask("HSET", self.store.layout.ledger, AT, way)

    def digested(self, rows: Sequence[tuple[Any, ...]]) -> bytes:
        """Gives what is told of some changes in the checksum: the commands."""
        return b"".join([row[0] for row in rows])

    def write(self, rows: Sequence[tuple[Any, ...]], state: str, arrival: Arrival | None) -> None:
        """Does some changes in one MULTI and EXEC; looks at the answers to others before."""
        self.renew()
        pieces = [row[0] for row in rows]
        number = sum(row[1] for row in rows)
        members: dict[str, list[str]] = defaultdict(list)
        for *_, name, key in rows:
            if name is not None:
                members[name].append(key)
        pieces += [packed("SADD", name, *keys) for name, keys in members.items()]
        number += len(members)
        if arrival is not None:
            told = list(self._told(arrival))
            pieces += told
            number += len(told)
        self._send([_MULTI, *pieces, _EXEC], number)
        while self._awaited and (arrival is not None or sum(self._awaited) > _AHEAD):
            self._receive(self._awaited.pop(0))

    def close(self) -> None:
        """Lets others in, and closes it."""
        try:
            if self._bulk is not None:
                self._bulk.disconnect()
                self._client.connection_pool.release(self._bulk)
            if self._token is not None:
                self._client.eval(_RELEASE, 1, self.store.layout.lock, self._token)
        except redis.RedisError:
            self._token = None  # the lock goes by itself
        finally:
            self._client.close()
            self._client.connection_pool.disconnect()

    def _told(self, arrival: Arrival) -> Iterator[bytes]:
        ledger = self.store.layout.ledger
        rows = [(name.encode(), row.text().encode()) for name, row in arrival.rows]
        if arrival.at != EMPTY:
            rows.append((AT.encode(), arrival.at.encode()))
        if rows:
            yield hash_command(ledger, rows)
        if arrival.at == EMPTY:
            yield packed("HDEL", ledger, AT)

    def _send(self, pieces: Sequence[bytes], number: int) -> None:
        try:
            if self._bulk is None:
                self._bulk = self._client.connection_pool.get_connection()
            self._bulk.send_packed_command([b"".join(pieces)])
        except redis.RedisError as error:
            raise _refused(error) from None
        self._awaited.append(number)

    def _receive(self, number: int) -> None:
        """Reads the answers to a transaction: one line for each command, and once more in EXEC's.

        Raises:
            TargetError: One of them is an error.
        """
        self._owed += 2 * number + 2
        while self._owed > 0:
            try:
                more = self._bulk._sock.recv(_RECEIVED)
            except OSError as error:
                raise _refused(error) from None
            if not more:
                raise TargetError("Redis refuses: it has hung up.")
            _check(self._last + more)
            self._owed -= more.count(b"\n")
            self._last = more[-1:]

    def _members(self, key: str) -> Iterator[Scanned]:
        found = self._guarded(self._client.sscan_iter(key, count=_SCAN))
        while some := list(islice(found, _SCAN)):
            self.renew()
            pairs = [(key, member.decode(errors="surrogateescape")) for member in some]
            yield Scanned(records=(), members=pairs)

    def _piped(self, asked: Sequence[tuple[Any, ...]]) -> Iterator[Any]:
        for at in range(0, len(asked), _PIPELINE):
            with self._client.pipeline(transaction=False) as pipeline:
                for words in asked[at : at + _PIPELINE]:
                    pipeline.execute_command(*words)  # type: ignore[no-untyped-call]
                try:
                    found = pipeline.execute(raise_on_error=False)
                except redis.RedisError as error:
                    raise _refused(error) from None
            yield from found

    def _ask(self, *words: Any) -> Any:
        try:
            return self._client.execute_command(*words)  # type: ignore[no-untyped-call]
        except redis.RedisError as error:
            raise _refused(error) from None

    @staticmethod
    def _guarded(found: Iterator[Any]) -> Iterator[Any]:
        try:
            yield from found
        except redis.RedisError as error:
            raise _refused(error) from None


def _arguments(url: URL, access: Access, shown: str) -> dict[str, Any]:
    said = {
        "host": url.host or "localhost",
        "port": url.port or _PORT,
        "db": _number(url.database or "0", shown),
        "username": url.username,
        "password": url.password if url.password is not None else access.password(shown),
        "protocol": 2,
        "retry": Retry(NoBackoff(), 0),
        "socket_connect_timeout": _CONNECT_SECONDS,
        "socket_timeout": _READ_SECONDS,
    }
    if url.drivername == "rediss" or access.authority is not None:
        said |= {
            "ssl": True,
            "ssl_ca_certs": _path(access.authority),
            "ssl_certfile": _path(access.certificate),
            "ssl_keyfile": _path(access.key),
        }
    return said


def _number(text: str, shown: str) -> int:
    if not text.isdecimal():
        raise TargetError(f"{shown} cannot be opened: databases of Redis have numbers.")
    return int(text)


def _path(path: Any) -> str | None:
    return None if path is None else str(path)


def _check(found: bytes) -> None:
    """Returns if no line of what Redis answers is an error.

    Raises:
        TargetError: One is.
    """
    fault = found if found.startswith(b"-") else found.partition(b"\n-")[2]
    if fault:
        said = fault.partition(b"\r")[0].decode(errors="replace")
        raise TargetError(f"Redis refuses: {said.removeprefix('-')}")


def _literal(text: str) -> str:
    """Spells a text for a pattern of SCAN."""
    return "".join("\\" + one if one in "*?[]^\\-" else one for one in text)


def _refused(error: Exception) -> TargetError:
    return TargetError(f"Redis refuses: {error}")
