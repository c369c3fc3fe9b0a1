"""Clients that are killed, read slowly, send nonsense or come in crowds: the server stands it."""

import os
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import adbc_driver_manager
import pyarrow as pa
import pyarrow.flight as flight
import pytest

from ingitdb_flight import messages
from ingitdb_flight.limits import Limits
from ingitdb_flight.serving import Terms
from tests.support.flight_scenarios import (
    KILOBYTES,
    LONG,
    OF_CALL,
    QUERIES,
    TEXTS,
    UPLOADS,
    Nonsense,
    client,
    cpu_seconds,
    eventually,
    held,
    is_at_rest,
    kilobytes_of,
)
from tests.support.flight_servers import KEY, Running, running
from tests.support.repositories import RepoBuilder
from tests.support.serve_program import Server, rows, serving

GROWTH = 150 * 1024
"""So many kilobytes a server may grow by while it streams."""
READERS, WRITERS = 32, 8
TIMES = 5 if os.environ.get("INGITDB_TEST_SWEEP") else 3
"""How often each of the writers writes."""
MOST_KILLED = 8


def wanted_bytes() -> int:
    """Gives how much is streamed: a gigabyte unless INGITDB_TEST_STREAM says otherwise."""
    number = re.fullmatch(r"(\d+)\s*GB", os.environ.get("INGITDB_TEST_STREAM", "1GB"))
    assert number, "INGITDB_TEST_STREAM is a number of gigabytes, such as 5GB"
    return int(number[1]) * 1_000_000_000


@pytest.mark.slow
def test_a_long_stream_to_a_slow_reader(repo: RepoBuilder, tmp_path: Path) -> None:
    count = wanted_bytes() // 1000
    with serving(tmp_path, repo.path) as server:
        server.stream(KILOBYTES.format(rows=20_000)).read_all()
        before = kilobytes_of(server.process.pid, "VmRSS")
        seen = 0
        pause = threading.Event()
        for chunk in server.stream(KILOBYTES.format(rows=count)):
            seen += chunk.data.num_rows
            pause.wait(0.01)  # some ten times as slow as the server
        growth = kilobytes_of(server.process.pid, "VmHWM") - before
    print(f"grown by {growth // 1024} MB for {count // 1_000_000} GB")  # noqa: T201 - shown by -rP
    assert seen == count
    assert growth < GROWTH


# --- Clients that are killed

UPDATE = "cursor.execute('UPDATE ports SET berths = berths + 1')\n"
KILLED = {
    "in a stream": (
        f"cursor.execute({KILOBYTES.format(rows=10_000_000)!r})\n"
        "reader = cursor.fetch_record_batch()\nreader.read_next_batch()\nwait()"
    ),
    "in a transaction": f"{UPDATE}wait()",
    "in a transaction, at a stream": (
        f"{UPDATE}cursor.execute({KILOBYTES.format(rows=10_000_000)!r})\n"
        "reader = cursor.fetch_record_batch()\nreader.read_next_batch()\nwait()"
    ),
    "in an upload": (
        "def rows():\n"
        "    for n in range(100):\n"
        "        yield pa.record_batch({'name': ['x' * 100_000] * 20})\n"
        "        if n == 50:\n            wait()\n"
        "schema = pa.schema({'name': pa.string()})\n"
        "reader = pa.RecordBatchReader.from_batches(schema, rows())\n"
        "cursor.adbc_ingest('uploads', reader, mode='create')"
    ),
    "with prepared statements and results": (
        "cursors = [connection.cursor() for _ in range(20)]\n"
        "for each in cursors:\n    each.execute('SELECT * FROM ports')\n"
        "cursor.adbc_prepare('SELECT ? + 1')\nwait()"
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("text", KILLED.values(), ids=KILLED)
@pytest.mark.parametrize("autocommit", [True, False])
def test_a_killed_client_leaves_nothing(
    text: str, repo: RepoBuilder, tmp_path: Path, *, autocommit: bool
) -> None:
    is_kept = autocommit and "UPDATE" in text  # it was a commit before the client was killed
    before = repo.git("for-each-ref")
    terms = Terms(key=KEY, limits=Limits(session=1.0, transaction=0.5, result=1.0))
    with running(tmp_path, repo, terms=terms) as server:

        def kill() -> None:
            with client(server.uri, text, autocommit=autocommit) as process:
                process.kill()
            eventually(lambda: not list(server.server.sessions))

        kill()
        for _ in range(MOST_KILLED):  # the first ones make threads that stay
            level = held()
            kill()
            if all(now <= then for now, then in zip(held(), level, strict=True)):
                break
        else:
            pytest.fail("each of them leaves threads or files")
        assert is_kept == (repo.git("for-each-ref") != before)
        assert rows(server.adbc(), "SELECT count(*) FROM ports") == [(3,)]
        rows(server.adbc(), "UPDATE ports SET berths = 1 WHERE _key = 'oslo'")
    assert repo.git("show", "main:ports/oslo.yaml").endswith("berths: 1")
    repo.git("fsck", "--strict")


@pytest.mark.slow
def test_a_session_lasts_as_long_as_its_stream(repo: RepoBuilder, tmp_path: Path) -> None:
    terms = Terms(key=KEY, limits=Limits(session=0.5, transaction=0.5))
    with running(tmp_path, repo, terms=terms) as server:
        connection = server.adbc(autocommit=False)
        rows(connection, "UPDATE ports SET berths = 7 WHERE _key = 'oslo'")
        with connection.cursor() as cursor:
            cursor.execute(KILOBYTES.format(rows=200_000))
            reader = cursor.fetch_record_batch()
            count = reader.read_next_batch().num_rows
            threading.Event().wait(1.5)  # longer than sessions and transactions last
            assert count + sum(batch.num_rows for batch in reader) == 200_000
        connection.commit()
    assert repo.git("show", "main:ports/oslo.yaml").endswith("berths: 7")


# --- Queries that are stopped


@pytest.fixture
def process(repo: RepoBuilder, tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path, repo.path) as server:
        rows(server.adbc(), "SELECT 1")
        yield server


@contextmanager
def busy(server: Server) -> Iterator[None]:
    """Waits until the server works, and afterwards until it works no longer."""
    pid = server.process.pid
    before = cpu_seconds(pid)
    yield
    eventually(lambda: cpu_seconds(pid) > before + 0.3)


@pytest.mark.slow
def test_a_query_ends_when_its_client_is_killed(process: Server) -> None:
    text = (
        "import threading\n"
        f"threading.Thread(target=cursor.execute, args=({LONG!r},), daemon=True).start()\nwait()"
    )
    with client(process.uri, text) as gone:
        with busy(process):
            pass
        gone.kill()
        eventually(lambda: is_at_rest(process.process.pid), 10)
    assert rows(process.adbc(), "SELECT 1") == [(1,)]


@pytest.mark.slow
@pytest.mark.parametrize("sql", [LONG, KILOBYTES.format(rows=50_000_000)])
def test_a_query_can_be_cancelled_from_another_thread(process: Server, sql: str) -> None:
    connection = process.adbc()
    with connection.cursor() as cursor, ThreadPoolExecutor(1) as pool:
        with busy(process):
            found = pool.submit(lambda: (cursor.execute(sql), cursor.fetch_arrow_table()))
        cursor.adbc_cancel()
        with pytest.raises(adbc_driver_manager.OperationalError, match=r"(?i)cancel"):
            found.result(30)
    eventually(lambda: is_at_rest(process.process.pid), 10)
    assert rows(connection, "SELECT 1") == [(1,)]


# --- Crowds


@pytest.mark.slow
def test_many_clients_at_once(repo: RepoBuilder, tmp_path: Path) -> None:
    repo.commit({"counters.csv": "id,n\na,0\nb,0\n"})
    before = int(repo.git("rev-list", "--count", "main"))
    done = threading.Event()
    with running(tmp_path, repo) as server:

        def write(_: int) -> None:
            connection = server.adbc()
            for _ in range(TIMES):
                until_done(connection, "UPDATE counters SET n = n + 1")

        def read(_: int) -> int:
            connection, last, times = server.adbc(), 0, 0
            while not done.is_set() or not times:
                [(least, most)] = rows(connection, "SELECT min(n), max(n) FROM counters")
                assert least == most
                assert least >= last
                last, times = least, times + 1
            return times

        with ThreadPoolExecutor(READERS + WRITERS) as pool:
            readings = [pool.submit(read, n) for n in range(READERS)]
            writings = [pool.submit(write, n) for n in range(WRITERS)]
            try:
                for each in writings:
                    each.result(180)
            finally:
                done.set()
            assert all(each.result(60) for each in readings)
    assert repo.git("show", "main:counters.csv").split() == [
        "id,n", f"a,{WRITERS * TIMES}", f"b,{WRITERS * TIMES}",
    ]  # fmt: skip
    assert int(repo.git("rev-list", "--count", "main")) == before + WRITERS * TIMES
    repo.git("fsck", "--strict")


def until_done(connection: Any, sql: str) -> None:
    """Runs a statement again for as long as others are faster, as clients are told to."""
    for _ in range(100):
        try:
            rows(connection, sql)
        except adbc_driver_manager.Error as error:
            if "SQLSTATE 40001" not in str(error):
                raise
        else:
            return
    raise AssertionError("others were faster a hundred times")


@pytest.mark.slow
def test_two_cursors_of_one_connection(server: Running) -> None:
    connection = server.adbc()

    def ask(start: int) -> None:
        with connection.cursor() as cursor:
            for n in range(start, start + 30):
                cursor.execute("SELECT ? + berths FROM ports WHERE _key = 'oslo'", (n,))
                assert cursor.fetchall() == [(n + 6,)]
                cursor.execute(f"SELECT {start} AS n, i FROM range(20_000) r (i)")
                found = cursor.fetch_arrow_table()
                assert found["n"].unique().to_pylist() == [start]
                assert found.num_rows == 20_000

    with ThreadPoolExecutor(2) as pool:
        for each in [pool.submit(ask, 0), pool.submit(ask, 1000)]:
            each.result(120)


# --- Commits of others


@pytest.fixture
def elsewhere(repo: RepoBuilder, tmp_path: Path) -> RepoBuilder:
    """A clone, from which others push."""
    repo.config(receive__denyCurrentBranch="ignore")
    clone = repo.clone(tmp_path / "clone")
    clone.config(user__name="Others", user__email="others@example.org")
    return clone


def test_what_others_push_is_seen_by_the_next_statement(
    server: Running, elsewhere: RepoBuilder
) -> None:
    count = "SELECT count(*) FROM ports"
    free, pinned, in_transaction = server.adbc(), server.adbc(), server.adbc(autocommit=False)
    rows(pinned, "SET ref = 'v1'")
    assert (rows(free, count), rows(pinned, count), rows(in_transaction, count)) == (
        [(3,)], [(2,)], [(3,)],
    )  # fmt: skip
    with free.cursor() as cursor:
        cursor.execute("SELECT p.name, i FROM ports p, range(300_000) r (i)")
        reader = cursor.fetch_record_batch()
        read = reader.read_next_batch().num_rows
        elsewhere.commit({"ports/bodo.yaml": "name: Bodø\n", "ports/oslo.yaml": None})
        elsewhere.commit({"ports/moss.yaml": "name: Moss\n"})
        elsewhere.git("push", "--quiet", "origin", "main")
        found = rows(server.adbc(), "SELECT name FROM ports WHERE name IN ('Oslo', 'Moss')")
        assert found == [("Moss",)]
        assert read + sum(batch.num_rows for batch in reader) == 900_000
    assert rows(free, count) == [(4,)]
    assert rows(pinned, count) == [(2,)]
    assert rows(in_transaction, count) == [(3,)]
    in_transaction.rollback()
    assert rows(in_transaction, count) == [(4,)]


def test_a_branch_that_others_force_elsewhere(
    server: Running, repo: RepoBuilder, elsewhere: RepoBuilder
) -> None:
    free, writer = server.adbc(), server.adbc(autocommit=False)
    assert rows(free, "SELECT count(*) FROM ports") == [(3,)]
    rows(writer, "UPDATE ports SET berths = 0 WHERE _key = 'tromso'")
    elsewhere.git("reset", "--quiet", "--hard", "v1")
    elsewhere.commit({"ports/moss.yaml": "name: Moss\nberths: 9\n", "ports/oslo.yaml": None})
    elsewhere.git("push", "--quiet", "--force", "origin", "main")
    assert rows(free, "SELECT name FROM ports ORDER BY 1") == [("Bergen",), ("Moss",)]
    repo.git("reset", "--quiet", "--hard")
    with pytest.raises(adbc_driver_manager.Error, match="SQLSTATE 40001"):
        writer.commit()
    rows(free, "UPDATE ports SET berths = 1 WHERE _key = 'moss'")
    assert repo.git("rev-parse", "main~1") == elsewhere.tip()
    assert repo.git("show", "main:ports/moss.yaml") == "name: Moss\nberths: 1"
    repo.git("fsck", "--strict")


# --- Nonsense


def nonsense(server: Running, client: flight.FlightClient, seed: int) -> Nonsense:
    """Gives nonsense that knows what the server has given."""
    key = server.call(client, "BeginTransaction").transaction_id
    made = server.call(client, "CreatePreparedStatement", query="SELECT ? AS a FROM ports")
    info = server.info(client, "CommandStatementQuery", query="SELECT * FROM ports")
    ticket = messages.unwrap(info.endpoints[0].ticket.ticket)[1].statement_handle
    fitting = {
        "query": [text.encode() for text in QUERIES],
        "transaction_id": [b"", b"", key],
        "prepared_statement_handle": [made.prepared_statement_handle],
        "statement_handle": [ticket],
        "info": [info.serialize()],
        "endpoint": [info.endpoints[0].serialize()],
        "session_options": [b"ref", b"schema", b"author", b"catalog", b"commit_message"],
    }
    return Nonsense(seed, [text.encode() for text in TEXTS], fitting)


def calls_of(client: flight.FlightClient, made: Nonsense) -> dict[str, Callable[[], object]]:
    """Gives one call of each kind, with nonsense in it."""

    def command(kind: str) -> bytes:
        names = [name for name in messages.NAMES if re.fullmatch(OF_CALL[kind], name)]
        return made.wrapped(names if made.random.random() < 0.8 else list(messages.NAMES))

    def put() -> None:
        rows = made.random.choice(UPLOADS)
        descriptor = flight.FlightDescriptor.for_command(command("put"))
        writer, reader = client.do_put(descriptor, rows.schema)
        with writer:
            if rows.num_columns:
                writer.write_table(rows)
            writer.done_writing()
            reader.read()

    def act() -> None:
        name = made.random.choice([kind.type for kind in client.list_actions()])
        asked = f"Action{name}Request"
        body = made.wrapped([asked]) if asked in messages.NAMES else made.plain(f"{name}Request")
        list(client.do_action(flight.Action(name, body)))

    described = flight.FlightDescriptor.for_command
    return {
        "info": lambda: client.get_flight_info(described(command("info"))),
        "schema": lambda: client.get_schema(described(command("schema"))),
        "get": lambda: client.do_get(flight.Ticket(command("get"))).read_all(),
        "put": put,
        "action": act,
    }


def refusal_of(call: Callable[[], object]) -> str:
    """Gives what a client is told, nothing if all is well; other failures are not refusals."""
    try:
        call()
    except (flight.FlightError, pa.ArrowException) as error:
        return f"{type(error).__name__}: {error}"
    return ""


@pytest.mark.slow
@pytest.mark.parametrize("number", range(4))
def test_nonsense_is_refused(server: Running, repo: RepoBuilder, seed: int, number: int) -> None:
    client = server.client()
    made = nonsense(server, client, seed + number)
    for turn in range(125):
        if turn % 25 == 24:  # transactions and statements end by chance
            again = nonsense(server, client, 0)
            again.random = made.random
            made = again
        for kind, call in calls_of(client, made).items():
            said = refusal_of(call)
            assert not re.search(r"IGD-0001|Traceback|\.py\b", said), kind
            assert str(repo.path) not in said, kind
    assert server.asked(server.client(), "CommandStatementQuery", query="SELECT 1").num_rows == 1
    repo.git("fsck", "--strict")
