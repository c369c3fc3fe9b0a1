"""A Redis of the test run's own, and what is in it, read by plain clients."""

import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import redis

from tests.support.keyed import Expected, Held
from tests.support.migrated import Json
from tests.support.servers import free_port, listens, program, serving

DATABASES = 1_000
LEDGER = b"ingitdb_migrations"


@dataclass
class RedisServer:
    """A server; each target is a database of it."""

    port: int
    numbers: "Iterator[int]"

    def target(self) -> "RedisTarget":
        return RedisTarget(self.port, next(self.numbers))


@dataclass
class RedisTarget:
    """A database of a server."""

    port: int
    number: int
    dialect = "redis"
    form = "redis"

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/{self.number}"

    def client(self) -> "redis.Redis":
        return redis.Redis(host="127.0.0.1", port=self.port, db=self.number, protocol=2)

    def ask(self, *words: Any) -> Any:
        with closing(self.client()) as client:
            return client.execute_command(*words)

    def spoil(self) -> None:
        """Puts keys there that are nobody's business."""
        self.ask("SET", "mine", "1")
        self.ask("SET", "people:a:b", "2")

    def held(self, expected: Expected) -> Held:
        """Gives all that is there, but for the ledger and the keys of others."""
        found: Held = {}
        with closing(self.client()) as client:
            assert client.get("mine") == b"1"
            assert client.get("people:a:b") == b"2"
            for key in client.keys("*"):
                if key in (LEDGER, b"mine", b"people:a:b"):
                    continue
                name = key.decode()
                if client.type(key) == b"set":
                    found[name] = sorted(member.decode() for member in client.smembers(key))
                    continue
                kinds = expected.kinds(name)
                found[name] = {
                    field.decode(): read(text, kinds.get(field.decode(), "VARCHAR"))
                    for field, text in client.hgetall(key).items()
                }
        return found

    def run(self, script: bytes) -> None:
        """Runs a script by Redis's own client."""
        done = subprocess.run(
            [
                program("redis-cli", "redis-tools"),
                "-p",
                str(self.port),
                "-n",
                str(self.number),
                "--pipe",
            ],
            input=script,
            capture_output=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, b""), done.stderr
        assert b"errors: 0, " in done.stdout


def read(data: bytes, kind: str) -> Any:
    if kind == "BLOB":
        return data
    text = data.decode()
    if kind in ("DOUBLE", "FLOAT"):
        assert len(text) <= len(repr(float(text)))
        return repr(float(text))
    is_json = kind == "JSON" or kind.endswith("[]") or kind.startswith(("STRUCT", "MAP"))
    return repr(Json(text)) if is_json else text


@contextmanager
def redis_server(
    folder: Path, password: str = "", pair: tuple[Path, Path] | None = None
) -> Iterator[RedisServer]:
    """Runs a server.

    Args:
        folder: Where its data are.
        password: What it asks for, if anything.
        pair: A certificate and its key: then it speaks TLS, to those who show that certificate.
    """
    port = free_port()
    command = [program("redis-server", "redis-server")]
    command += ["--port" if pair is None else "--tls-port", str(port)]
    if pair is not None:
        command += ["--port", "0", "--tls-cert-file", str(pair[0]), "--tls-key-file", str(pair[1])]
        command += ["--tls-ca-cert-file", str(pair[0])]
    command += ["--bind", "127.0.0.1", "--dir", str(folder), "--save", "", "--appendonly", "no"]
    command += ["--databases", str(DATABASES), "--requirepass", password]
    with serving(command, folder, lambda: listens(port)):
        yield RedisServer(port, iter(count()))
