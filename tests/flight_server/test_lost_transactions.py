"""Transactions that end without their client: it is told, and nothing is committed by halves."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import adbc_driver_flightsql.dbapi as flight_sql
import adbc_driver_manager
import pyarrow as pa
import pytest
from pyarrow import flight

import ingitdb
import ingitdb_dbapi
from ingitdb.services.database import Database
from ingitdb_flight import messages
from ingitdb_flight.callers import Caller, OpenDoor
from ingitdb_flight.databases import Databases
from ingitdb_flight.limits import Limits
from ingitdb_flight.serving import Terms, served
from tests.support.flight_servers import KEY, Running, running
from tests.support.repositories import RepoBuilder

KEPT, UNDONE = 1, 2
ADD = "INSERT INTO fares (route, class) VALUES ('{}', 'deck')"
ROWS = pa.table({"route": ["UP"], "class": ["deck"]})
NEVER = 1000.0
LIMITS = {
    "transaction": Limits(session=NEVER, transaction=0.4),
    "session": Limits(session=0.4, transaction=NEVER),
}


class ChangingDoor(OpenDoor):
    """Lets everybody in; their author can be changed."""

    author: str | None = None

    def known(self, name: str, stamp: str = "") -> Caller:
        return replace(super().known(name), author=self.author)


@pytest.fixture(params=LIMITS)
def hasty(request: pytest.FixtureRequest, repo: RepoBuilder, tmp_path: Path) -> Iterator[Running]:
    """A server that ends transactions, or sessions, in which nothing happens."""
    terms = Terms(key=KEY, limits=LIMITS[request.param])
    with running(tmp_path, repo, terms=terms) as found:
        yield found


@contextmanager
def text(server: Running) -> Iterator[Any]:
    """Gives a cursor of ADBC's whose transactions are text."""
    with server.adbc().cursor() as cursor:
        yield cursor


@contextmanager
def again(repo: RepoBuilder, folder: Path, port: int) -> Iterator[None]:
    """Starts a server anew, with the key and at the port of one before it."""
    database = Database.open(repo.path, ingitdb.Settings(cache=folder, workers=1))
    with Databases([database]) as databases, served(databases, key=KEY, port=port):
        yield


def left(server: Running) -> None:
    """Waits until no transaction is open."""
    until = time.monotonic() + 30
    while any(session.main.in_transaction for session in server.server.sessions):
        assert time.monotonic() < until
        time.sleep(0.02)


def routes(repo: RepoBuilder) -> list[str]:
    """Gives the routes that are committed."""
    return [line.split(",")[0] for line in repo.git("show", "main:fares.csv").splitlines()[1:]]


BEFORE = ["R1", "R1", "R2"]


@pytest.mark.parametrize("next_one", ["COMMIT", ADD.format("B"), "SELECT 1", "SAVEPOINT a"])
def test_text_is_told_once(hasty: Running, repo: RepoBuilder, next_one: str) -> None:
    with text(hasty) as cursor:
        cursor.execute("BEGIN")
        cursor.execute(ADD.format("A"))
        left(hasty)
        with pytest.raises(adbc_driver_manager.Error, match=r"(?s)rolled back: nothing.*25P03"):
            cursor.execute(next_one)
        assert routes(repo) == BEFORE
        cursor.execute(ADD.format("C"))
    assert routes(repo) == [*BEFORE, "C"]


def test_a_rollback_is_as_wished(hasty: Running, repo: RepoBuilder) -> None:
    with text(hasty) as cursor:
        cursor.execute("BEGIN")
        cursor.execute(ADD.format("A"))
        left(hasty)
        cursor.execute("ROLLBACK")
        cursor.execute(ADD.format("C"))
    assert routes(repo) == [*BEFORE, "C"]


def test_a_prepared_statement_is_told(hasty: Running, repo: RepoBuilder) -> None:
    with text(hasty) as cursor:
        cursor.execute("BEGIN")
        cursor.execute(ADD.format("A"))
        left(hasty)
        with pytest.raises(adbc_driver_manager.Error, match="25P03"):
            cursor.execute(ADD.format("A"))  # the driver prepares it no second time
    assert routes(repo) == BEFORE


def test_adbc_goes_on_after_a_rollback(hasty: Running, repo: RepoBuilder) -> None:
    connection = hasty.adbc(autocommit=False)
    with connection.cursor() as cursor:
        cursor.execute(ADD.format("A"))
        left(hasty)
        for _ in range(2):
            with pytest.raises(adbc_driver_manager.Error, match=r"25P03|ended"):
                cursor.execute("SELECT 1")
            with pytest.raises(adbc_driver_manager.Error, match=r"25P0|no such prepared"):
                cursor.execute(ADD.format("A"))
            with pytest.raises(adbc_driver_manager.Error, match="25P0"):
                cursor.adbc_ingest("fares", ROWS, mode="append")  # names no transaction
        assert routes(repo) == BEFORE
        connection.rollback()
        cursor.execute(ADD.format("B"))
        cursor.adbc_ingest("fares", ROWS, mode="append")
        assert routes(repo) == BEFORE
        connection.commit()
    assert routes(repo) == [*BEFORE, "B", "UP"]


def test_the_drivers_commit_is_told(hasty: Running, repo: RepoBuilder) -> None:
    with ingitdb_dbapi.connect(hasty.uri) as connection:
        connection.execute(ADD.format("A"))
        left(hasty)
        with pytest.raises(ingitdb_dbapi.Error, match="rolled back") as caught:
            connection.commit()
        assert (caught.value.sqlstate, caught.value.hint) == ("25P03", "Begin it again.")
        connection.execute(ADD.format("B"))
        assert connection.commit() is not None
        connection.execute(ADD.format("C"))
        left(hasty)
        connection.rollback()
    assert routes(repo) == [*BEFORE, "B"]


def test_a_transaction_that_is_used_goes_on(repo: RepoBuilder, tmp_path: Path) -> None:
    terms = Terms(key=KEY, limits=Limits(transaction=0.6))
    with running(tmp_path, repo, terms=terms) as server:
        connection = server.adbc(autocommit=False)
        with connection.cursor() as cursor:
            for number in range(6):  # one prepared statement, and uploads that name nothing
                cursor.execute(
                    "INSERT INTO fares (route, class) VALUES (?, 'deck')", (f"N{number}",)
                )
                time.sleep(0.2)
            for number in range(6):
                rows = pa.table({"route": [f"U{number}"], "class": ["deck"]})
                cursor.adbc_ingest("fares", rows, mode="append")
                time.sleep(0.2)
            connection.commit()
    assert len(routes(repo)) == len(BEFORE) + 12


def test_other_roles_end_it(repo: RepoBuilder, tmp_path: Path) -> None:
    door = ChangingDoor()
    with ExitStack() as stack:
        server = stack.enter_context(running(tmp_path, repo, terms=Terms(key=KEY, door=door)))
        connection = stack.enter_context(ingitdb_dbapi.connect(server.uri))
        with text(server) as cursor:
            cursor.execute("BEGIN")
            cursor.execute(ADD.format("A"))
            tries = []

            def work(session: Any) -> None:
                tries.append(session.execute(ADD.format("B")))
                door.author = "Other Desk <other@example.org>"

            connection.run(work)
            assert len(tries) == 2
            with pytest.raises(adbc_driver_manager.Error, match=r"(?s)other roles.*40001"):
                cursor.execute("COMMIT")
            cursor.execute(ADD.format("C"))
    assert routes(repo) == [*BEFORE, "B", "C"]
    assert repo.git("log", "-1", "--format=%an") == "Other Desk"


def test_a_restart(repo: RepoBuilder, tmp_path: Path) -> None:
    with ExitStack() as stack:
        with running(tmp_path / "one", repo) as server:
            port = server.port
            texts, halves, wholes, undone = (
                stack.enter_context(closing(ingitdb_dbapi.connect(server.uri, autocommit=alone)))
                for alone in (True, False, False, False)
            )
            for each in (texts, halves, wholes, undone):
                if each is texts:
                    each.execute("BEGIN")
                each.execute(ADD.format("A"))
        stack.enter_context(again(repo, tmp_path / "two", port))
        with pytest.raises(ingitdb_dbapi.Error) as caught:
            texts.execute("COMMIT")
        assert caught.value.sqlstate in ("25000", "40001")
        halves.execute(ADD.format("B"))
        for each in (halves, wholes):
            with pytest.raises(ingitdb_dbapi.OperationalError, match="rolled back") as caught:
                each.commit()
            assert caught.value.sqlstate == "40001"
        undone.rollback()
        assert routes(repo) == BEFORE
        for at, each in enumerate((halves, wholes, undone)):
            each.execute(ADD.format(f"W{at}"))
            assert each.commit() is not None
    assert routes(repo) == [*BEFORE, "W0", "W1", "W2"]


def test_adbc_goes_on_after_a_restart(repo: RepoBuilder, tmp_path: Path) -> None:
    with ExitStack() as stack:
        with running(tmp_path / "one", repo) as server:
            port = server.port
            made = flight_sql.connect(server.uri, db_kwargs={"username": "desk", "password": "x"})
            connection = stack.enter_context(closing(made))
            run(connection, ADD.format("A"))
        stack.enter_context(again(repo, tmp_path / "two", port))
        with pytest.raises(adbc_driver_manager.Error, match=r"(?s)has ended.*25000"):
            reached(lambda: run(connection, "SELECT 1"))
        connection.rollback()
        run(connection, ADD.format("B"))
        assert routes(repo) == BEFORE
        connection.commit()
    assert routes(repo) == [*BEFORE, "B"]


def reached(call: Callable[[], Any]) -> Any:
    """Calls until a server answers."""
    until = time.monotonic() + 30
    while True:
        try:
            return call()
        except adbc_driver_manager.OperationalError:  # nobody listens
            if time.monotonic() > until:
                raise
        time.sleep(0.05)


def run(connection: Any, sql: str) -> None:
    """Runs a statement on a cursor of its own."""
    with connection.cursor() as cursor:
        cursor.execute(sql)


def test_a_commit_that_failed(server: Running, repo: RepoBuilder) -> None:
    """The driver of ADBC itself gives up after that; nothing may be committed all the same."""
    connection, other = server.adbc(autocommit=False), server.adbc(username="other")
    change = "UPDATE fares SET price = {} WHERE route = 'R2'"
    with connection.cursor() as cursor, other.cursor() as second:
        cursor.execute(change.format(10))
        second.execute(change.format(20))
        with pytest.raises(adbc_driver_manager.Error, match="40001"):
            connection.commit()
        before = repo.tip()
        with pytest.raises(adbc_driver_manager.Error, match=r"(?s)COMMIT failed.*25P02"):
            cursor.execute(change.format(10))
        with pytest.raises(adbc_driver_manager.Error, match=r"(?s)COMMIT failed.*25P02"):
            cursor.adbc_ingest("fares", ROWS, mode="append")
        assert repo.tip() == before


def test_a_transaction_that_has_ended_can_be_rolled_back(
    server: Running, repo: RepoBuilder
) -> None:
    client = server.client()
    key = server.call(client, "BeginTransaction").transaction_id
    update(client, ADD.format("A"), key)
    with server.adbc(username="other").cursor() as other:
        other.execute("DELETE FROM fares WHERE route = 'R2'")
        other.execute("INSERT INTO fares (route, class) VALUES ('A', 'deck')")
    with pytest.raises(flight.FlightServerError, match="40001"):
        server.call(client, "EndTransaction", transaction_id=key, action=KEPT)
    with pytest.raises(KeyError, match="COMMIT failed"):
        update(client, ADD.format("B"), key)
    for _ in range(2):
        server.call(client, "EndTransaction", transaction_id=key, action=UNDONE)
    with pytest.raises(KeyError, match="no such transaction"):
        server.call(client, "EndTransaction", transaction_id=b"unknown", action=KEPT)
    with pytest.raises(KeyError, match="no such transaction"):
        server.call(client, "EndTransaction", transaction_id=b"", action=UNDONE)
    key = server.call(client, "BeginTransaction").transaction_id
    update(client, ADD.format("C"), key)
    server.call(client, "EndTransaction", transaction_id=key, action=KEPT)
    assert routes(repo) == ["R1", "R1", "A", "C"]


def test_a_commit_as_text_ends_no_mode(server: Running, repo: RepoBuilder) -> None:
    connection = server.adbc(autocommit=False)
    with connection.cursor() as cursor:
        cursor.execute(ADD.format("A"))
        cursor.execute("COMMIT")
        cursor.execute(ADD.format("B"))
        assert routes(repo) == [*BEFORE, "A"]
        connection.rollback()
    assert routes(repo) == [*BEFORE, "A"]


def test_a_prepared_statement_follows_its_session(server: Running) -> None:
    count = "SELECT count(*) FROM ports"
    with ingitdb_dbapi.connect(server.uri) as client, client.cursor() as own:
        assert own.execute(count).fetchone() == (3,)
        client.set_ref("v1")
        assert own.execute(count).fetchone() == (2,)


def update(client: flight.FlightClient, sql: str, transaction: bytes = b"") -> None:
    """Runs a statement for its effect, in a transaction."""
    command = messages.make("CommandStatementUpdate", query=sql, transaction_id=transaction)
    descriptor = flight.FlightDescriptor.for_command(messages.wrap(command))
    writer, reader = client.do_put(descriptor, pa.schema([]))
    with writer:
        writer.done_writing()
        reader.read()
