"""A MariaDB server that a test run starts, and targets in it, read by plain PyMySQL."""

import os
import subprocess
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import pymysql
from pymysql.constants import CLIENT

from tests.support import servers
from tests.support.migrated import LEDGER, Json, Tables, quoted, spelled

FOLDERS = ["/usr/bin", "/usr/sbin"]
PACKAGE = "mariadb-server"
MEMORY = Path("/dev/shm")
"""Where nothing waits for a disk: each change of a definition would."""
_KEPT = 20
_MADE: deque[str] = deque()
_NUMBERS = count()
_MODE = "ANSI_QUOTES,NO_BACKSLASH_ESCAPES"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server that runs on loopback; its user `root` has no password.

    Attributes:
        authority: What its certificate descends from.
    """

    port: int
    socket: Path
    authority: Path

    def connect(self, database: str | None = None, **more: Any) -> Any:
        return pymysql.connect(
            host="127.0.0.1", port=self.port, user="root", database=database, **more
        )

    def url(self, database: str) -> str:
        return f"mysql://root@127.0.0.1:{self.port}/{database}"


@cache
def server() -> Server:
    """Gives the server of this process, which runs until its end."""
    install = servers.program("mariadb-install-db", PACKAGE, FOLDERS)
    daemon = servers.program("mariadbd", PACKAGE, FOLDERS)
    folder = servers.folder(MEMORY)
    where = [f"--datadir={folder}/data", f"--tmpdir={folder}"]
    made = subprocess.run(
        servers.unprivileged(
            [install, "--no-defaults", *where, "--skip-test-db",
             "--auth-root-authentication-method=normal"]
        ),
        check=False, capture_output=True, text=True, cwd=folder,
        env={**os.environ, "TMPDIR": str(folder)},
    )  # fmt: skip
    assert made.returncode == 0, made.stdout + made.stderr
    cert, key = servers.certified(folder)
    found = Server(port=servers.free_port(), socket=folder / "s", authority=cert)

    def is_ready() -> bool:
        try:
            found.connect().close()
        except pymysql.OperationalError:
            return False
        return True

    servers.started(
        servers.unprivileged(
            [daemon, "--no-defaults", *where, f"--socket={found.socket}",
             f"--ssl-ca={cert}", f"--ssl-cert={cert}", f"--ssl-key={key}",
             f"--pid-file={folder}/pid", "--bind-address=127.0.0.1", f"--port={found.port}",
             "--skip-name-resolve", "--innodb-flush-log-at-trx-commit=0",
             "--innodb-flush-method=nosync", "--innodb-doublewrite=0", "--sync-frm=0",
             "--innodb-buffer-pool-size=24M", "--innodb-log-file-size=16M"],
            "TERM",
        ),
        folder,
        is_ready,
    )  # fmt: skip
    return found


class MariadbTarget:
    """A database that scripts run against, as one text of many statements."""

    dialect: ClassVar[str] = "mysql"
    refusal: ClassVar[type[Exception]] = pymysql.err.OperationalError

    def __init__(self, path: Path) -> None:
        self.server = server()
        self.name = f"t{os.getpid()}_{next(_NUMBERS)}"
        with closing(self.server.connect()) as connection:
            connection.cursor().execute(f"CREATE DATABASE {self.name}")
            _MADE.append(self.name)
            if len(_MADE) > _KEPT:
                connection.cursor().execute(f"DROP DATABASE {_MADE.popleft()}")

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

    def run_in_part(self, statements: Sequence[str]) -> None:
        with closing(self.connect()) as connection:
            cursor = connection.cursor()
            for statement in statements:
                cursor.execute(statement)

    def connect(self, **more: Any) -> Any:
        return self.server.connect(self.name, **more)

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        cursor = self._asking.cursor()
        cursor.execute(sql)
        return list(cursor.fetchall())

    @cached_property
    def _asking(self) -> Any:
        return self.connect(autocommit=True, sql_mode=_MODE)

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
        client = servers.program("mariadb", "mariadb-client", FOLDERS)
        done = subprocess.run(
            [client, "--no-defaults", f"--socket={self.server.socket}", "-uroot", self.name],
            input=script.encode(),
            capture_output=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, b"")


def _read(value: Any, kind: str) -> Any:
    return Json(value) if kind == "json" and value is not None else value
