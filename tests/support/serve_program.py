"""Starts `ingitdb serve` as its users do, and connects stock clients to it."""

import base64
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import adbc_driver_flightsql.dbapi as flight_sql
from adbc_driver_flightsql import DatabaseOptions
from argon2 import PasswordHasher
from pyarrow import flight

from ingitdb_flight import messages
from tests.support.northlight import environment
from tests.support.repositories import RepoBuilder

PASSWORDS = {"reports": "sea-reports", "dev": "sea-dev", "fleet": "sea-fleet"}
USERS = """\
users:
  reports:
    password: {reports}
    roles: [{{role: viewer}}]
  dev:
    password: {dev}
    author: Pricing Desk <pricing@example.org>
    roles: [{{role: developer, database: fer*, branches: [main, "feature/*"]}}]
  fleet:
    password: {fleet}
    author: Fleet Office <fleet@example.org>
    roles: [{{role: admin}}]
"""


@cache
def hashes() -> Mapping[str, str]:
    """Gives the hashes of the passwords, made once."""
    hasher = PasswordHasher()
    return {name: hasher.hash(password) for name, password in PASSWORDS.items()}


def users_text() -> str:
    """Gives a users file with a viewer, a developer and an admin."""
    return USERS.format(**hashes())


@dataclass(kw_only=True)
class Server:
    """A server that runs in a process of its own."""

    process: subprocess.Popen[str]
    addresses: list[dict[str, str]]
    log: Path
    stack: ExitStack

    @property
    def uri(self) -> str:
        """The address for ADBC."""
        return self.addresses[0]["address"]

    @property
    def port(self) -> int:
        return int(self.uri.rpartition(":")[2])

    @property
    def lines(self) -> list[str]:
        """The log so far."""
        return self.log.read_text("utf-8").splitlines()

    def adbc(
        self, name: str = "anybody", password: str | None = None, *, autocommit: bool = True,
        **options: str,
    ) -> Any:  # fmt: skip
        """Gives a connection of ADBC's, which closes with the server."""
        given = {"username": name, "password": password or PASSWORDS.get(name, "any"), **options}
        connection = flight_sql.connect(self.uri, db_kwargs=given, autocommit=autocommit)
        return self.stack.enter_context(closing(connection))

    def bearing(self, token: str) -> Any:
        """Gives a connection of ADBC's that shows a token."""
        options = {DatabaseOptions.AUTHORIZATION_HEADER.value: token}
        connection = flight_sql.connect(self.uri, db_kwargs=options, autocommit=True)
        return self.stack.enter_context(closing(connection))

    def token(self, name: str) -> str:
        """Signs in; gives `Bearer …`."""
        with flight.connect(self.uri) as client:
            _, value = client.authenticate_basic_token(name, PASSWORDS[name])
        return value.decode()

    def basic(self, name: str, password: str) -> flight.FlightCallOptions:
        """Gives call options with name and password."""
        text = base64.b64encode(f"{name}:{password}".encode())
        return flight.FlightCallOptions(headers=[(b"authorization", b"Basic " + text)])

    def stream(self, sql: str) -> flight.FlightStreamReader:
        """Runs a query by a plain client of Flight; gives the stream, of which nothing is read."""
        client = self.stack.enter_context(flight.connect(self.uri))
        asked = messages.wrap(messages.make("CommandStatementQuery", query=sql))
        info = client.get_flight_info(flight.FlightDescriptor.for_command(asked))
        return client.do_get(info.endpoints[0].ticket)

    def stop(self, number: int = signal.SIGTERM, timeout: float = 60) -> int:
        """Tells it to end; gives its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout)


def rows(connection: Any, sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
    """Runs a statement; gives its rows, none for one without."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else []


def command(*arguments: str | Path, prelude: str = "") -> list[str]:
    """Gives the command line of a server, which may run something else first."""
    program = f"{prelude}\nfrom ingitdb_cli.main import main\nmain()"
    return [sys.executable, "-c", program, "serve", *map(str, arguments)]


def own_environment(home: Path) -> dict[str, str]:
    """Gives the environment of a server, with a home of its own."""
    more = {k: os.environ[k] for k in ("PYTHONPATH",) if k in os.environ}
    return environment(home, INGITDB_WORKERS="1", **more)


def program(
    home: Path, *arguments: str | Path, data: str = "", cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs `ingitdb serve` to its end."""
    return subprocess.run(
        command(*arguments),
        env=own_environment(home),
        cwd=cwd or home,
        input=data,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@contextmanager
def serving(
    home: Path, *arguments: str | Path, prelude: str = "", **variables: str
) -> Iterator[Server]:
    """Runs a server while the block does; its log lies beside its home."""
    log = home.with_name(f"{home.name}.log")
    given = command("--port", "0", "--format", "json", *arguments, prelude=prelude)
    with ExitStack() as stack, log.open("w") as errors:
        process = subprocess.Popen(
            given,
            env={**own_environment(home), **variables},
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        try:
            assert process.stdout is not None
            text = ""
            while not text.endswith("]\n"):
                line = process.stdout.readline()
                assert line, log.read_text("utf-8")
                text += line
            yield Server(process=process, addresses=json.loads(text), log=log, stack=stack)
        finally:
            try:
                stack.close()
            finally:
                process.kill()
                process.wait()
                process.stdout.close()


def ferries(path: Path) -> RepoBuilder:
    """Makes a repository of fares, with branches, in which the server commits as itself."""
    repo = RepoBuilder(path)
    repo.git("config", "user.name", "Server")
    repo.git("config", "user.email", "server@example.org")
    repo.commit({
        "ports/oslo.yaml": "name: Oslo\n",
        "ports/kiel.yaml": "name: Kiel\n",
        "fares.csv": "route,price\nR1,10\nR2,20\n",
    })  # fmt: skip
    repo.git("branch", "feature/tariff")
    repo.git("branch", "release")
    return repo
