"""A PostgreSQL server of the test run's own, and databases that scripts run against."""

import os
import shutil
import signal
import subprocess
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import psycopg
from psycopg import sql

from tests.support import servers
from tests.support.migrated import LEDGER, Json, Tables, quoted, spelled

FOLDERS = ["/usr/lib/postgresql/*/bin"]
PACKAGE = "postgresql"
USER = "postgres"
_KEPT = 20
_NUMBERS = count()
_COLUMNS = (
    "SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,"
    " pg_get_expr(d.adbin, d.adrelid) FROM pg_attribute AS a"
    " LEFT JOIN pg_attrdef AS d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)"
    " WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attname"
)
_CONSTRAINTS = (
    "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s ORDER BY 1"
)
_INDEXES = "SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = %s ORDER BY 1"
_TABLES = (
    "SELECT c.oid, n.nspname, c.relname FROM pg_class AS c"
    " JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.relkind = 'r'"
    " AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%' ORDER BY 2, 3"
)


@dataclass
class Cluster:
    """A running server.

    Attributes:
        folder: Where its data and settings are.
        made: The databases that are there, the oldest first.
        pair: The certificate and key by which it and its users know each other, if it encrypts.
    """

    port: int
    folder: Path
    made: deque[str] = field(default_factory=deque)
    pair: tuple[Path, Path] | None = None

    def address(self, database: str) -> dict[str, Any]:
        found = {"host": "127.0.0.1", "port": self.port, "user": USER, "dbname": database}
        if self.pair is not None:
            cert, key = map(str, self.pair)
            found |= {"sslmode": "verify-full", "sslrootcert": cert, "sslcert": cert, "sslkey": key}
        return found

    @contextmanager
    def connected(self, database: str = "postgres") -> Iterator[psycopg.Connection]:
        with psycopg.connect(**self.address(database), autocommit=True) as connection:
            yield connection

    def database(self) -> str:
        """Makes a database; of those that were made before, only the latest stay."""
        name = f"target_{next(_NUMBERS)}"
        with self.connected() as connection:
            while len(self.made) >= _KEPT:
                gone = sql.Identifier(self.made.popleft())
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(gone))
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        self.made.append(name)
        return name


@cache
def cluster(*, is_encrypted: bool = False) -> Cluster:
    """Starts a server, once in a process.

    Args:
        is_encrypted: Whether it lets in only who shows a certificate.
    """
    initdb = servers.program("initdb", PACKAGE, FOLDERS)
    postgres = servers.program("postgres", PACKAGE, FOLDERS)
    folder = servers.folder()
    data = folder / "data"
    made = subprocess.run(
        servers.unprivileged(
            [initdb, "-D", str(data), "-U", USER, "--auth=trust", "--no-sync", "-E", "UTF8",
             "--locale=C.UTF-8"]
        ),
        capture_output=True,
        check=False,
        cwd=folder,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr.decode()
    found = Cluster(port=servers.free_port(), folder=data)
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": found.port,
        "unix_socket_directories": str(folder),
        "fsync": "off",
        "timezone": "Asia/Kathmandu",
        "datestyle": "SQL, DMY",
        "bytea_output": "escape",
    }
    if is_encrypted:
        found.pair = servers.certified(folder)
        cert, key = (str(shutil.copy(path, data)) for path in found.pair)
        servers.hand_over(Path(key))
        settings |= {"ssl": "on", "ssl_cert_file": cert, "ssl_key_file": key, "ssl_ca_file": cert}
        only = "hostssl all all 127.0.0.1/32 trust clientcert=verify-ca\n"
        (data / "pg_hba.conf").write_text(only)
    given = [text for key, value in settings.items() for text in ("-c", f"{key}={value}")]
    command = servers.unprivileged([postgres, "-D", str(data), *given])
    servers.started(command, folder, lambda: _answers(found), signal.SIGINT)
    return found


def _answers(found: Cluster) -> bool:
    try:
        with found.connected():
            return True
    except psycopg.OperationalError:
        return False


class PostgresqlTarget:
    """A PostgreSQL database that scripts run against by a driver."""

    dialect: ClassVar[str] = "postgresql"
    refusal: ClassVar[type[Exception]] = psycopg.errors.CheckViolation

    def __init__(self, path: Path, server: Cluster | None = None) -> None:
        self.cluster = server or cluster()
        self.name = self.cluster.database()

    @property
    def url(self) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.cluster.port}/{self.name}"

    def run(self, script: str) -> None:
        with self.cluster.connected(self.name) as connection:
            connection.execute(script.encode())

    def run_in_part(self, statements: Sequence[str]) -> None:
        connection = psycopg.connect(**self.cluster.address(self.name), autocommit=True)
        connection.execute("".join(statements).encode())
        with self.cluster.connected() as other:
            ended = "SELECT pg_terminate_backend(%s, 10000)"
            other.execute(ended, [connection.info.backend_pid])
        connection.close()

    @contextmanager
    def reading(self) -> Iterator[psycopg.Connection]:
        with self.cluster.connected(self.name) as connection:
            connection.execute("SET TIME ZONE 'UTC'")
            connection.execute("SET DateStyle TO 'ISO, YMD'")
            yield connection

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        with self.reading() as connection:
            return connection.execute(sql.encode()).fetchall()

    def tables(self) -> Iterator[tuple[int, str, str]]:
        for number, schema, name in self.ask(_TABLES):
            if name != LEDGER:
                yield number, schema, name

    def rows(self) -> Tables:
        found = {}
        with self.reading() as connection:
            connection.adapters.register_loader("json", psycopg.types.string.TextLoader)
            for _, schema, name in self.tables():
                table = f"{quoted(schema)}.{quoted(name)}"
                cursor = connection.execute(f"SELECT * FROM {table}".encode())
                described = cursor.description or []
                rows = [
                    [
                        Json(value) if one.type_code == _JSON and value is not None else value
                        for value, one in zip(row, described, strict=True)
                    ]
                    for row in cursor
                ]
                title = name if schema == "public" else f"{schema}.{name}"
                names = [one.name for one in described]
                found[title] = Counter(spelled(names, row) for row in rows)
        return found

    def schema(self) -> dict[str, Any]:
        """Columns (in any order), constraints and indexes of each table."""
        with self.cluster.connected(self.name) as connection:
            return {
                f"{schema}.{name}": [
                    connection.execute(query, [number]).fetchall()
                    for query in (_COLUMNS, _CONSTRAINTS, _INDEXES)
                ]
                for number, schema, name in self.tables()
            }


_JSON = psycopg.adapters.types["json"].oid


class PsqlClient(PostgresqlTarget):
    """The same through PostgreSQL's own client, which stops at the first error."""

    def run(self, script: str) -> None:
        program = servers.program("psql", "postgresql-client")
        address = self.cluster.address(self.name)
        done = subprocess.run(
            [program, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", address["host"], "-p",
             str(address["port"]), "-U", USER, self.name],
            input=script.encode(),
            capture_output=True,
            check=False,
            env={**os.environ, "PGCLIENTENCODING": "LATIN1"},
        )  # fmt: skip
        assert (done.returncode, done.stderr.decode()) == (0, "")
