"""Rows 8 and 9: results streamed over Flight SQL, and small queries by many clients at once."""

import os
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Barrier
from typing import Any

import adbc_driver_flightsql.dbapi as flight_sql
import duckdb
import pyarrow.flight as flight
import pytest
from tests.support.balancer import balanced

import ingitdb
from benchmarks.conftest import THREADS, median
from benchmarks.flight_processes import made, process
from benchmarks.generated import RECORDS, SHARDS, Generated
from benchmarks.ratios import Goal, Ratios
from ingitdb.execution.results import BATCH_ROWS
from ingitdb.settings import Settings
from ingitdb_flight import messages

ROWS = int(os.environ.get("INGITDB_BENCH_ROWS", "10000000" if RECORDS >= 100_000 else "100000"))
CLIENTS = (1, 8, 32, 128)
SECONDS = 3.0 if RECORDS >= 100_000 else 0.3
"""For how long each number of clients asks."""
WIDE = (
    "SELECT range AS id, range % 1000 AS kind, range * 0.5 AS price, sqrt(range) AS root,"
    " 'name ' || (range % 5000) AS name, 'city ' || (range % 97) AS city,"
    " TIMESTAMP '2020-01-01' + to_seconds(range % 100000000) AS made, range % 3 = 0 AS flag"
    f" FROM range({ROWS})"
)
TABLE = "SELECT * FROM accounts"
COMPUTED = Goal(times=1 / 0.9, of_slowest=True)
SENT = Goal(times=1 / 0.9)
SMALL = Goal(times=2)
_POINT = RECORDS // 2 + 1
QUESTIONS = {
    "constant": "SELECT 42 AS answer",
    "point": f"SELECT * FROM accounts WHERE _key = '{_POINT % SHARDS:02x}/{_POINT:07d}'",
}
_ROUNDS = 5


@pytest.fixture(scope="module")
def repository(made: Any) -> Generated:
    """The sharded repository."""
    found: Generated = made("sharded")
    return found


@pytest.fixture(scope="module")
def ours(repository: Generated, settings: Settings) -> Iterator[int]:
    """Our server; gives its port."""
    with process("ours", str(repository.path), str(settings.cache), str(THREADS)) as port:
        yield port


def _fetched(client: flight.FlightClient, sql: str) -> int:
    """Fetches all rows of a query and gives their number."""
    command = messages.wrap(messages.make("CommandStatementQuery", query=sql))
    info = client.get_flight_info(flight.FlightDescriptor.for_command(command))
    count = 0
    for chunk in client.do_get(info.endpoints[0].ticket):
        count += chunk.data.num_rows
    return count


@pytest.mark.parametrize("what", ["computed", "table"])
@pytest.mark.parametrize("side", ["ours", "raw Flight", "DuckDB in process"])
def test_stream(  # noqa: PLR0913 - fixtures
    benchmark: Any,
    ratio: Ratios,
    ours: int,
    repository: Generated,
    settings: Settings,
    what: str,
    side: str,
) -> None:
    benchmark.group = f"row 8 {what}"
    sql = WIDE if what == "computed" else TABLE
    wanted = ROWS if what == "computed" else repository.records
    label, goal = f"row 8 {what}", COMPUTED if what == "computed" else SENT
    same = sql if what == "computed" or side == "ours" else _same_rows(repository, settings)
    if side == "DuckDB in process":
        with duckdb.connect(config={"threads": THREADS}) as connection:

            def read() -> int:
                return sum(b.num_rows for b in connection.sql(same).to_arrow_reader(BATCH_ROWS))

            _measure(benchmark, read, wanted)
    elif side == "ours":
        with flight.connect(("127.0.0.1", ours)) as client:
            _measure(benchmark, lambda: _fetched(client, sql), wanted)
    else:
        with process("batches", same) as port, flight.connect(("127.0.0.1", port)) as client:
            _measure(benchmark, lambda: _fetched(client, sql), wanted)
    ratio.note(label, side, median(benchmark), goal)


def _measure(benchmark: Any, read: Any, wanted: int) -> None:
    assert read() >= wanted
    benchmark.pedantic(read, rounds=_ROUNDS, warmup_rounds=1)


def _same_rows(repository: Generated, settings: Settings) -> str:
    """Writes the table's rows where DuckDB alone can read them; gives a query for them."""
    file = Path(settings.cache) / "accounts.parquet"
    with ingitdb.connect(repository.path, settings=settings) as connection:
        import pyarrow.parquet as pq

        pq.write_table(connection.execute(TABLE).arrow(), file)
    return f"SELECT * FROM '{file}'"


@pytest.mark.parametrize("clients", CLIENTS)
@pytest.mark.parametrize("name", QUESTIONS)
def test_small_queries(benchmark: Any, ratio: Ratios, ours: int, name: str, clients: int) -> None:
    """Queries a second, and how long each took; both sides ask and fetch, two calls a query."""
    benchmark.group = f"row 9 {name} {clients}"
    sql = QUESTIONS[name]
    with process("constant") as bound:
        times = {
            side: benchmark.pedantic(_asked, args=(port, sql, clients), rounds=1)
            if side == "ours"
            else _asked(port, sql, clients)
            for side, port in (("a constant", bound), ("ours", ours))
        }
    for side in ("ours", "a constant"):
        took = times[side]
        ratio.note(
            f"row 9 {name}, {clients} clients, seconds a query",
            side,
            SECONDS / len(took),
            SMALL if clients == 32 else Goal(),
        )
        ranks = statistics.quantiles(took, n=100)
        ratio.note(f"row 9 {name}, {clients} clients, p50", side, ranks[49], Goal())
        ratio.note(f"row 9 {name}, {clients} clients, p99", side, ranks[98], Goal())


@pytest.mark.parametrize("count", [1, 2, 3])
def test_processes_behind_one_address(
    benchmark: Any,
    ratio: Ratios,
    repository: Generated,
    settings: Settings,
    tmp_path: Path,
    count: int,
) -> None:
    """Small queries of 32 clients, which HAProxy shares out among processes of ours."""
    sql = QUESTIONS["constant"]
    given = ("ours", str(repository.path), str(settings.cache), str(THREADS))
    with ExitStack() as stack:
        ports = [stack.enter_context(process(*given)) for _ in range(count)]
        front = stack.enter_context(balanced(tmp_path, ports))
        bound = stack.enter_context(process("constant"))
        times = {
            "ours": benchmark.pedantic(_asked, args=(front, sql, 32), rounds=1),
            "a constant": _asked(bound, sql, 32),
        }
    label = f"row 9 constant, 32 clients, {count} processes, seconds a query"
    for side, took in times.items():
        ratio.note(label, side, SECONDS / len(took), SMALL)


def _asked(port: int, sql: str, clients: int) -> list[float]:
    """Lets clients ask for some seconds; gives how long each question took."""
    ready = Barrier(clients)

    def ask() -> list[float]:
        with flight.connect(("127.0.0.1", port)) as client:
            assert _fetched(client, sql) == 1
            ready.wait()
            took, end = [], time.perf_counter() + SECONDS
            while (began := time.perf_counter()) < end:
                _fetched(client, sql)
                took.append(time.perf_counter() - began)
            return took

    with ThreadPoolExecutor(clients) as pool:
        futures = [pool.submit(ask) for _ in range(clients)]
        return [seconds for future in futures for seconds in future.result()]


@pytest.mark.parametrize("side", ["ours", "ADBC"])
def test_fetch_all(benchmark: Any, ratio: Ratios, ours: int, side: str) -> None:
    """Rows as Python tuples, by our DB-API and by ADBC's own."""
    import ingitdb_dbapi

    rows = min(ROWS, 200_000)
    sql = WIDE.replace(f"range({ROWS})", f"range({rows})")
    benchmark.group = "DB-API fetchall"
    address = f"grpc://127.0.0.1:{ours}"
    connect = ingitdb_dbapi.connect if side == "ours" else flight_sql.connect
    with connect(address, autocommit=True) as connection, connection.cursor() as cursor:

        def read() -> int:
            cursor.execute(sql)
            return len(cursor.fetchall())

        assert read() == rows
        benchmark.pedantic(read, rounds=3)
    ratio.note(f"fetchall of {rows:,} rows", side, median(benchmark), Goal(faster=5))


def test_same_answer(ours: int, repository: Generated, settings: Settings) -> None:
    """What is measured is equal on both sides."""
    with flight.connect(("127.0.0.1", ours)) as client:
        command = messages.wrap(messages.make("CommandStatementQuery", query=TABLE))
        info = client.get_flight_info(flight.FlightDescriptor.for_command(command))
        sent = client.do_get(info.endpoints[0].ticket).read_all()
    with ingitdb.connect(repository.path, settings=settings) as connection:
        assert sent.replace_schema_metadata(None).equals(connection.execute(TABLE).arrow())
    assert sum(batch.num_rows for batch in made(f"SELECT * FROM ({WIDE}) LIMIT 10")) == 10
