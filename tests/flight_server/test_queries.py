"""Queries, through stock clients."""

from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.flight as flight
import pytest

from ingitdb_flight import messages
from ingitdb_flight.limits import Limits
from ingitdb_flight.serving import Terms
from tests.support.flight_servers import KEY, Running, running
from tests.support.repositories import RepoBuilder


def test_a_query_gives_rows_and_their_types(server: Running) -> None:
    with server.adbc().cursor() as cursor:
        cursor.execute("SELECT route, class, price FROM fares ORDER BY price")
        found = cursor.fetch_arrow_table()
    assert found.schema.types == [pa.string(), pa.string(), pa.decimal128(18, 2)]
    assert found.to_pylist()[0] == {"route": "R2", "class": "standard", "price": Decimal("9.90")}
    assert found.num_rows == 3


def test_parameters_by_position(server: Running) -> None:
    with server.adbc().cursor() as cursor:
        cursor.execute("SELECT price FROM fares WHERE route = ? AND class = ?", ("R1", "lounge"))
        assert cursor.fetchall() == [(Decimal("30.00"),)]
        cursor.execute("SELECT count(*) FROM ports AS OF ? WHERE berths > ?", ("v1", 4))
        assert cursor.fetchall() == [(1,)]


def test_every_version_can_be_asked_for(server: Running) -> None:
    with server.adbc().cursor() as cursor:
        cursor.execute("SELECT count(*) FROM ports")
        assert cursor.fetchone() == (3,)
        cursor.execute("SELECT count(*) FROM ports AS OF 'v1'")
        assert cursor.fetchone() == (2,)
        cursor.execute("SELECT to_name, diff_type FROM diff('ports', 'v1', 'main')")
        assert cursor.fetchall() == [("Tromsø", "added")]


@pytest.mark.parametrize(
    ("sql", "code", "words"),
    [
        ("SELEC 1", "IGD-5002, SQLSTATE 42601", "line 1, column 1"),
        ("SELECT * FROM prots", "IGD-4101, SQLSTATE 42P01", "ports"),
        ("SELECT nam FROM ports", "IGD-4103, SQLSTATE 42703", "name"),
        ("COPY ports TO 'x.csv'", "IGD-5003, SQLSTATE 0A000", "COPY"),
        ("SELECT 1 / 0 + 'x'::INTEGER", "IGD-5001", "Could not convert"),
    ],
)
def test_an_error_has_a_code_and_no_traceback(
    server: Running, repo: RepoBuilder, sql: str, code: str, words: str
) -> None:
    with server.adbc().cursor() as cursor, pytest.raises(Exception, match=words) as raised:
        cursor.execute(sql)
    said = str(raised.value)
    assert f"({code}" in said
    assert "Traceback" not in said
    assert ".py" not in said
    assert str(repo.path) not in said


def test_a_new_commit_is_seen_by_the_next_statement(server: Running, repo: RepoBuilder) -> None:
    with server.adbc().cursor() as cursor:
        cursor.execute("SELECT count(*) FROM ports")
        assert cursor.fetchone() == (3,)
        repo.commit({"ports/bodo.yaml": "name: Bodø\ncountry: NO\nberths: 1\n"})
        cursor.execute("SELECT count(*) FROM ports")
        assert cursor.fetchone() == (4,)


def test_a_transaction_does_not_see_it(server: Running, repo: RepoBuilder) -> None:
    connection = server.adbc(autocommit=False)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM ports")
        assert cursor.fetchone() == (3,)
        repo.commit({"ports/bodo.yaml": "name: Bodø\ncountry: NO\nberths: 1\n"})
        cursor.execute("SELECT count(*) FROM ports")
        assert cursor.fetchone() == (3,)
        connection.rollback()
        cursor.execute("SELECT count(*) FROM ports")
        assert cursor.fetchone() == (4,)


def test_a_ticket_can_be_fetched_again(server: Running, repo: RepoBuilder) -> None:
    client = server.client()
    info = server.info(client, "CommandStatementQuery", query="SELECT count(*) AS n FROM ports")
    ticket = info.endpoints[0].ticket
    first = client.do_get(ticket).read_all()
    repo.commit({"ports/bodo.yaml": "name: Bodø\n"})
    assert client.do_get(ticket).read_all() == first
    assert server.asked(client, "CommandStatementQuery", query="SELECT count(*) AS n FROM ports")[
        "n"
    ].to_pylist() == [4]


def test_a_ticket_outlives_the_server(repo: RepoBuilder, tmp_path: Path) -> None:
    with running(tmp_path, repo) as one:
        info = one.info(one.client(), "CommandStatementQuery", query="SELECT name FROM ports")
        ticket = info.endpoints[0].ticket
    with running(tmp_path, repo) as other:
        assert other.client().do_get(ticket).read_all().num_rows == 3


def test_a_ticket_of_somebody_else_is_refused(server: Running) -> None:
    mine, other = server.client(), server.client()
    header = mine.authenticate_basic_token("desk", "any")
    options = flight.FlightCallOptions(headers=[header])
    command = messages.wrap(messages.make("CommandStatementQuery", query="SELECT 1"))
    info = mine.get_flight_info(flight.FlightDescriptor.for_command(command), options)
    with pytest.raises(flight.FlightUnauthorizedError, match="somebody else"):
        other.do_get(info.endpoints[0].ticket)
    forged = info.endpoints[0].ticket.ticket[:-1] + b"?"
    with pytest.raises(pa.ArrowInvalid, match="not of this server"):
        mine.do_get(flight.Ticket(forged), options)


def test_batches_are_small_enough_for_every_client(server: Running) -> None:
    sql = "SELECT repeat('x', 100000) AS wide FROM range(1000)"
    client = server.client()
    info = server.info(client, "CommandStatementQuery", query=sql)
    sizes = [chunk.data.nbytes for chunk in client.do_get(info.endpoints[0].ticket)]
    assert sum(sizes) >= 100_000_000
    assert max(sizes) < 16 * 1024 * 1024
    with server.adbc().cursor() as cursor:  # written in Go, which refuses larger messages
        cursor.execute(sql)
        assert cursor.fetch_arrow_table().num_rows == 1000


def test_a_schema_is_known_before_the_query_runs(server: Running) -> None:
    client = server.client()
    command = messages.make("CommandStatementQuery", query="SELECT name, berths FROM ports")
    descriptor = flight.FlightDescriptor.for_command(messages.wrap(command))
    schema = client.get_schema(descriptor).schema
    assert schema.names == ["name", "berths"]
    assert schema.types == [pa.string(), pa.int64()]


def test_what_is_not_carried_says_so(server: Running) -> None:
    client = server.client()
    with pytest.raises(pa.ArrowNotImplementedError, match="Substrait"):
        server.info(client, "CommandStatementSubstraitPlan")
    with pytest.raises(pa.ArrowInvalid, match="no command"):
        client.get_flight_info(flight.FlightDescriptor.for_command(b"\xff\xff"))
    with pytest.raises(pa.ArrowInvalid, match="paths"):
        client.get_flight_info(flight.FlightDescriptor.for_path("ports"))
    with pytest.raises(pa.ArrowNotImplementedError, match="no action 'Dance'"):
        list(client.do_action(flight.Action("Dance", b"")))


def test_a_query_can_be_stopped(server: Running) -> None:
    client = server.client()
    info = server.info(client, "CommandStatementQuery", query="SELECT * FROM range(100000000)")
    asked = messages.make("CancelFlightInfoRequest", info=info.serialize())
    action = flight.Action("CancelFlightInfo", asked.SerializeToString())
    (answer,) = client.do_action(action)
    done = messages.parse("CancelFlightInfoResult", answer.body.to_pybytes())
    assert done.status == 1
    (answer,) = client.do_action(action)
    done = messages.parse("CancelFlightInfoResult", answer.body.to_pybytes())
    assert done.status == 3


def test_a_result_is_held_for_some_time(repo: RepoBuilder, tmp_path: Path) -> None:
    terms = Terms(key=KEY, limits=Limits(result=0.0))
    with running(tmp_path, repo, terms=terms) as server:
        client = server.client()
        info = server.info(
            client,
            "CommandStatementQuery",
            query="UPDATE ports SET berths = 9 WHERE name = 'Oslo' RETURNING name",
        )
        server.asked(client, "CommandStatementQuery", query="SELECT 1")
        with pytest.raises(KeyError, match="Run the statement again"):
            client.do_get(info.endpoints[0].ticket)
    assert "berths: 9" in repo.git("show", "main:ports/oslo.yaml")


def test_the_endpoint_says_how_long(server: Running) -> None:
    client = server.client()
    write = "UPDATE ports SET berths = 9 WHERE name = 'Oslo' RETURNING name"
    lasting = server.info(client, "CommandStatementQuery", query="SELECT 1").endpoints[0]
    passing = server.info(client, "CommandStatementQuery", query=write).endpoints[0]
    assert lasting.expiration_time is None
    assert passing.expiration_time is not None
    asked = messages.make("RenewFlightEndpointRequest", endpoint=passing.serialize())
    (answer,) = client.do_action(flight.Action("RenewFlightEndpoint", asked.SerializeToString()))
    renewed = flight.FlightEndpoint.deserialize(answer.body.to_pybytes())
    assert renewed.expiration_time.as_py() >= passing.expiration_time.as_py()
    assert client.do_get(renewed.ticket).read_all().to_pylist() == [{"name": "Oslo"}]
