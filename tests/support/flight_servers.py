"""Starts real servers over real repositories on loopback, and connects stock clients to them."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import adbc_driver_flightsql.dbapi as flight_sql
import pyarrow.flight as flight

import ingitdb
from ingitdb.services.database import Database
from ingitdb_flight import messages
from ingitdb_flight.databases import Databases
from ingitdb_flight.serving import Terms, served
from tests.support.repositories import RepoBuilder

KEY = b"0123456789abcdef0123456789abcdef"


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A server that runs."""

    server: Any
    stack: ExitStack

    @property
    def port(self) -> int:
        return int(self.server.port)

    @property
    def uri(self) -> str:
        return f"grpc://127.0.0.1:{self.port}"

    def adbc(self, *, autocommit: bool = True, **options: str) -> Any:
        """Gives a connection of ADBC's, which the test closes at its end."""
        options = {"username": "desk", "password": "any", **options}
        connection = flight_sql.connect(self.uri, db_kwargs=options, autocommit=autocommit)
        return self.stack.enter_context(closing(connection))

    def client(self) -> flight.FlightClient:
        """Gives a plain client of Flight."""
        return self.stack.enter_context(flight.connect(self.uri))

    def call(self, client: flight.FlightClient, name: str, /, **fields: Any) -> Any:
        """Does an action of Flight SQL; gives the message of its answer, if there is one."""
        asked = messages.make(f"Action{name}Request", **fields)
        answers = list(client.do_action(flight.Action(name, messages.wrap(asked))))
        if not answers:
            return None
        return messages.unwrap(answers[0].body.to_pybytes())[1]

    def info(self, client: flight.FlightClient, name: str, /, **fields: Any) -> flight.FlightInfo:
        """Gives the FlightInfo of a command."""
        command = messages.wrap(messages.make(name, **fields))
        return client.get_flight_info(flight.FlightDescriptor.for_command(command))

    def asked(self, client: flight.FlightClient, name: str, /, **fields: Any) -> Any:
        """Gives the rows that answer a command, as a table."""
        info = self.info(client, name, **fields)
        return client.do_get(info.endpoints[0].ticket).read_all()


@contextmanager
def running(
    folder: Path, *repos: RepoBuilder | Path, terms: Terms | None = None, **settings: Any
) -> Iterator[Running]:
    """Serves repositories while the block runs; the first is where sessions begin."""
    paths = [repo.path if isinstance(repo, RepoBuilder) else repo for repo in repos]
    given = ingitdb.Settings(cache=folder / "cache", workers=1, **settings)
    with ExitStack() as stack:
        databases = stack.enter_context(Databases([Database.open(path, given) for path in paths]))
        terms = terms or Terms(key=KEY)
        server = stack.enter_context(served(databases, terms=terms))
        clients = stack.enter_context(ExitStack())
        yield Running(server=server, stack=clients)
