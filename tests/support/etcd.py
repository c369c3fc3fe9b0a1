"""An etcd of the test run's own, and what is in it, read as JSON over HTTP."""

import base64
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from tests.support.keyed import Expected, Held
from tests.support.migrated import Json
from tests.support.servers import free_port, program, serving


@dataclass
class EtcdServer:
    """A server; each target is a prefix of its keys."""

    port: int
    numbers: "Iterator[int]"

    def target(self, prefix: str | None = None) -> "EtcdTarget":
        return EtcdTarget(self.port, f"t{next(self.numbers)}/" if prefix is None else prefix)

    def wipe(self) -> None:
        """Takes all keys away."""
        key = base64.b64encode(b"\0").decode()
        asked(self.port, "/v3/kv/deleterange", {"key": key, "range_end": key})


@dataclass
class EtcdTarget:
    """The keys of a server that begin with a prefix."""

    port: int
    prefix: str
    dialect = "etcd"
    form = "json"

    @property
    def url(self) -> str:
        return f"etcd://127.0.0.1:{self.port}?keys={self.prefix}{{table}}/{{key}}"

    def ask(self, path: str, said: Any) -> Any:
        return asked(self.port, path, said)

    def spoil(self) -> None:
        """Puts keys there that are nobody's business."""
        self.put("mine", b"1")
        self.put("people/a/b", b"2")

    def put(self, key: str, value: bytes) -> None:
        self.ask("/v3/kv/put", {"key": coded(self.prefix + key), "value": coded(value)})

    def delete(self, key: str) -> None:
        self.ask("/v3/kv/deleterange", {"key": coded(self.prefix + key)})

    def all(self) -> dict[str, bytes]:
        start = self.prefix.encode()
        end = start[:-1] + bytes([start[-1] + 1]) if start else b"\0"
        asked = {"key": coded(start or b"\0"), "range_end": coded(end)}
        rows = self.ask("/v3/kv/range", asked).get("kvs", [])
        found = {base64.b64decode(r["key"]).decode(): r.get("value", "") for r in rows}
        return {k.removeprefix(self.prefix): base64.b64decode(v) for k, v in found.items()}

    def held(self, expected: Expected) -> Held:
        """Gives all that is there, but for the ledger and the keys of others."""
        found = self.all()
        assert (found.pop("mine"), found.pop("people/a/b")) == (b"1", b"2")
        return {
            key: {name: repr(Json(json.dumps(v))) for name, v in json.loads(text).items()}
            for key, text in found.items()
            if not key.startswith("ingitdb_migrations")
        }

    def run(self, script: bytes) -> list[bool]:
        """Sends the lines of a script; says of each whether its conditions held."""
        return [
            self.ask("/v3/kv/txn", line).get("succeeded", False) for line in script.splitlines()
        ]


def coded(data: str | bytes) -> str:
    return base64.b64encode(data.encode() if isinstance(data, str) else data).decode()


def asked(port: int, path: str, said: Any) -> Any:
    data = said if isinstance(said, bytes) else json.dumps(said).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data)
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)


@contextmanager
def etcd_server(folder: Path, pair: tuple[Path, Path] | None = None) -> Iterator[EtcdServer]:
    """Runs a server.

    Args:
        folder: Where its data are.
        pair: A certificate and its key: then it speaks TLS, to those who show that certificate.
    """
    port, peers = free_port(), f"http://127.0.0.1:{free_port()}"
    here = f"{'http' if pair is None else 'https'}://127.0.0.1:{port}"
    command = [program("etcd", "etcd-server"), "--data-dir", str(folder / "etcd")]
    command += ["--unsafe-no-fsync", "--listen-client-urls", here, "--advertise-client-urls", here]
    command += ["--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers]
    command += ["--initial-cluster", f"default={peers}"]
    context = None
    if pair is not None:
        cert, key = map(str, pair)
        command += ["--cert-file", cert, "--key-file", key, "--trusted-ca-file", cert]
        command += ["--client-cert-auth"]
        context = ssl.create_default_context(cafile=cert)
        context.load_cert_chain(cert, key)

    def is_ready() -> bool:
        try:
            with urllib.request.urlopen(f"{here}/health", timeout=5, context=context) as response:
                return json.load(response)["health"] == "true"
        except OSError:
            return False

    with serving(command, folder, is_ready):
        yield EtcdServer(port, iter(count()))
