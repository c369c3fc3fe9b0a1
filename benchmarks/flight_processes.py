"""Servers in processes of their own: ours, and ones of the same kind that do nothing but send.

`python -m benchmarks.flight_processes ours REPOSITORY CACHE THREADS`, `… batches SQL` (the rows of
a query, made once and kept in memory) or `… constant`. The port is the first line of the output;
the end of the input ends the server.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.flight as flight

import ingitdb
from ingitdb.services.database import Database
from ingitdb_flight.databases import Databases
from ingitdb_flight.serving import Terms, served

_ROWS = 32_768


class Sender(flight.FlightServerBase):
    """Answers every question with the same batches."""

    def __init__(self, batches: list[pa.RecordBatch]) -> None:
        super().__init__("grpc://127.0.0.1:0")
        self._batches = batches
        self._schema = batches[0].schema

    def get_flight_info(
        self, context: Any, descriptor: flight.FlightDescriptor
    ) -> flight.FlightInfo:
        endpoint = flight.FlightEndpoint(flight.Ticket(b"it"), [])
        return flight.FlightInfo(self._schema, descriptor, [endpoint], -1, -1)

    def do_get(self, context: Any, ticket: flight.Ticket) -> flight.FlightDataStream:
        return flight.RecordBatchStream(
            pa.RecordBatchReader.from_batches(self._schema, self._batches)
        )


def made(sql: str) -> list[pa.RecordBatch]:
    """Gives the rows of a query as batches of the size that ours have."""
    with duckdb.connect() as connection:
        return list(connection.sql(sql).to_arrow_reader(_ROWS))


@contextmanager
def process(*arguments: str) -> Iterator[int]:
    """Starts a server while the block runs; gives its port."""
    command = [sys.executable, "-m", "benchmarks.flight_processes", *arguments]
    running = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[1]
    )
    assert running.stdout is not None
    try:
        yield int(running.stdout.readline())
    finally:
        running.communicate(timeout=60)


def _wait(port: int) -> None:
    print(port, flush=True)
    sys.stdin.read()


def _main(kind: str, *arguments: str) -> None:
    if kind == "ours":
        path, cache, threads = arguments
        settings = ingitdb.Settings(cache=Path(cache), threads=int(threads), workers=2)
        with (
            Databases([Database.open(path, settings)]) as databases,
            served(databases, terms=Terms(key=b"k" * 32)) as service,
        ):
            _wait(service.port)
        return
    batches = made(*arguments) if kind == "batches" else made("SELECT 42 AS answer")
    with Sender(batches) as sender:
        _wait(sender.port)


if __name__ == "__main__":
    _main(*sys.argv[1:])
