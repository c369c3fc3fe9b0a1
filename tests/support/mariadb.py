"""A MariaDB server that a test run starts, and targets in it, read by plain PyMySQL."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from datetime import time as clock
from decimal import Decimal
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import pymysql
import pytest
from pymysql.constants import CLIENT

from tests.support.migrated import LEDGER, STORED, Json, Tables, quoted, spelled

_PATIENCE = 60
_NUMBERS = count()
_MODE = "ANSI_QUOTES,NO_BACKSLASH_ESCAPES"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server that runs on loopback; its user `root` has no password."""

    port: int
    socket: Path

    def connect(self, database: str | None = None, **more: Any) -> Any:
        return pymysql.connect(
            host="127.0.0.1", port=self.port, user="root", database=database, **more
        )

    def url(self, database: str) -> str:
        return f"mysql://root@127.0.0.1:{self.port}/{database}"


def program(*names: str) -> str:
    """Gives the path of a program of the package; skips the test, outside of CI, without it."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    found = next((at for name in names if (at := shutil.which(name, path=path))), None)
    if found is None:
        assert "CI" not in os.environ, f"{names[0]} is missing"
        pytest.skip(f"{names[0]} is missing")
    return found


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    """Runs a server whose data lie in a folder."""
    daemon, install = program("mariadbd", "mysqld"), program("mariadb-install-db")
    user = ["--user=root"] if os.geteuid() == 0 else []
    data = folder / "data"
    made = subprocess.run(
        [install, "--no-defaults", f"--datadir={data}", "--skip-test-db", *user,
         "--auth-root-authentication-method=normal"],
        check=False, capture_output=True, text=True, env={**os.environ, "TMPDIR": str(folder)},
    )  # fmt: skip
    assert made.returncode == 0, made.stdout + made.stderr
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Server(port=port, socket=folder / "s")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [daemon, "--no-defaults", f"--datadir={data}", f"--tmpdir={folder}",
             f"--socket={server.socket}", "--innodb-flush-method=nosync",
             "--bind-address=127.0.0.1", f"--port={port}", "--innodb-flush-log-at-trx-commit=0",
             "--innodb-buffer-pool-size=64M", "--skip-name-resolve", "--innodb-doublewrite=0",
             f"--pid-file={folder / 'pid'}", "--innodb-log-file-size=64M",
             "--sync-frm=0", *user],
            stdout=log, stderr=log,
        )  # fmt: skip
    try:
        _wait(server, process, folder / "log")
        yield server
    finally:
        process.terminate()
        process.wait(_PATIENCE)


def _wait(server: Server, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < end:
        try:
            server.connect().close()
        except pymysql.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(log.read_text("utf-8", "replace"))


@cache
def server() -> Server:
    """Gives the server of this process, which runs until its end."""
    import atexit
    from contextlib import ExitStack

    stack = ExitStack()
    atexit.register(stack.close)
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="mariadb-", dir="/tmp"))
    return stack.enter_context(running(Path(folder)))


class MariadbTarget:
    """A database that scripts run against, as one text of many statements."""

    dialect = "mysql"

    def __init__(self, path: Path) -> None:
        self.server = server()
        self.name = f"t{os.getpid()}_{next(_NUMBERS)}"
        with closing(self.server.connect()) as connection:
            connection.cursor().execute(f"CREATE DATABASE {self.name}")

    @property
    def url(self) -> str:
        return self.server.url(self.name)

    def run(self, script: str) -> None:
        with closing(self.connect(client_flag=CLIENT.MULTI_STATEMENTS)) as connection:
            cursor = connection.cursor()
            cursor.execute(script)
            while cursor.nextset():
                pass
            connection.commit()

    def connect(self, **more: Any) -> Any:
        return self.server.connect(self.name, **more)

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(self.connect(autocommit=True, sql_mode=_MODE)) as connection:
            cursor = connection.cursor()
            cursor.execute(sql)
            return list(cursor.fetchall())

    def names(self) -> list[str]:
        found = self.ask("SHOW FULL TABLES WHERE Table_type = 'BASE TABLE'")
        return sorted(name for name, _ in found if name != LEDGER)

    def columns(self, name: str) -> dict[str, str]:
        """Gives the declared type of each column, with a mark of JSON."""
        found = self.ask(f"SHOW FULL COLUMNS FROM {quoted(name)}")
        return {row[0]: "json" if row[2] == "utf8mb4_bin" else row[1] + row[8] for row in found}

    def rows(self) -> Tables:
        found = {}
        for name in self.names():
            kinds = self.columns(name)
            rows = self.ask(f"SELECT * FROM {quoted(name)}")
            found[name] = Counter(
                spelled(list(kinds), list(map(_read, row, kinds.values()))) for row in rows
            )
        return found

    def schema(self) -> dict[str, Any]:
        """Columns (in any order), indexes and foreign keys of each table."""
        return {name: self._described(name) for name in self.names()}

    def _described(self, name: str) -> Any:
        ((_, text),) = self.ask(f"SHOW CREATE TABLE {quoted(name)}")
        lines = [line.strip().rstrip(",") for line in text.splitlines()[1:]]
        return sorted(line for line in lines if line)


class MariadbClient(MariadbTarget):
    """The same through the system's own client, which stops at the first error."""

    def run(self, script: str) -> None:
        client = program("mariadb", "mysql")
        done = subprocess.run(
            [client, "--no-defaults", f"--socket={self.server.socket}", "-uroot", self.name],
            input=script.encode(),
            capture_output=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, b"")


def _read(value: Any, kind: str) -> Any:
    return Json(value) if kind == "json" and value is not None else value


def as_stored(value: Any, kind: str) -> Any:
    """Says what PyMySQL reads of a value, by the documented table."""
    if value is None:
        return None
    if kind == "JSON" or kind.endswith("[]") or kind.startswith(("STRUCT", "MAP")):
        return Json(value if kind == "JSON" else json.dumps(value, default=str))
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, float):
        return value + 0.0  # one zero
    if kind in ("HUGEINT", "UBIGINT", "UHUGEINT"):
        return Decimal(value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None)
    if isinstance(value, clock):
        return timedelta(
            hours=value.hour,
            minutes=value.minute,
            seconds=value.second,
            microseconds=value.microsecond,
        )
    return value


STORED["mysql"] = as_stored
