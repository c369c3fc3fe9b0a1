"""Starts a server from settings and keeps it until it is told to stop."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ingitdb_flight.callers import OpenDoor, Reception
from ingitdb_flight.databases import Databases
from ingitdb_flight.refusals import without_tracebacks
from ingitdb_flight.server import FlightSqlServer, Serving
from ingitdb_flight.sessions import Limits
from ingitdb_flight.tokens import Tokens


@contextmanager
def served(
    databases: Databases, *, location: str = "grpc://127.0.0.1:0", key: bytes
) -> Iterator[FlightSqlServer]:
    """Serves databases while the block runs, then waits for the calls in progress."""
    tokens = Tokens(key)
    serving = Serving(
        databases=databases,
        reception=Reception(OpenDoor(), tokens),
        tokens=tokens,
        limits=Limits(),
    )
    with without_tracebacks():
        server = FlightSqlServer(location, serving)
        try:
            yield server
        finally:
            server.close()


def until_told() -> None:
    """Waits for SIGINT or SIGTERM."""
    told = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: told.set())
    told.wait()
