"""The scenarios of Arrow's integration suite for Flight SQL, with our data for canned answers."""

import datetime as dt
from typing import Any

import pyarrow as pa
import pyarrow.flight as flight
import pytest

from ingitdb_flight import messages
from tests.support.flight_servers import Running
from tests.support.repositories import RepoBuilder

KEPT, UNDONE = 1, 2
CANCELLED = 1
ALL = "SELECT route, price FROM fares ORDER BY price"


def act(client: flight.FlightClient, name: str, asked: Any, answer: str) -> Any:
    """Does an action of Flight itself, whose messages are not wrapped."""
    (found,) = client.do_action(flight.Action(name, asked.SerializeToString()))
    return messages.parse(answer, found.body.to_pybytes())


def put(
    client: flight.FlightClient, name: str, /, rows: pa.Table | None = None, **fields: Any
) -> bytes:
    """Sends rows with a command; gives what the server says of them."""
    descriptor = flight.FlightDescriptor.for_command(messages.wrap(messages.make(name, **fields)))
    rows = pa.table({}) if rows is None else rows
    writer, reader = client.do_put(descriptor, rows.schema)
    with writer:
        if rows.num_columns:
            writer.write_table(rows)
        writer.done_writing()
        return bytes(reader.read().to_pybytes())


def updated(data: bytes) -> int:
    return int(messages.parse("DoPutUpdateResult", data).record_count)


def schema_of(client: flight.FlightClient, name: str, **fields: Any) -> pa.Schema:
    command = messages.wrap(messages.make(name, **fields))
    return client.get_schema(flight.FlightDescriptor.for_command(command)).schema


def test_statements_and_prepared_statements(server: Running) -> None:
    client = server.client()
    info = server.info(client, "CommandStatementQuery", query=ALL)
    found = client.do_get(info.endpoints[0].ticket).read_all()
    assert found.schema == info.schema == schema_of(client, "CommandStatementQuery", query=ALL)
    assert found["route"].to_pylist() == ["R2", "R1", "R1"]
    assert updated(put(client, "CommandStatementUpdate", query="UPDATE fares SET price = 1")) == 3

    made = server.call(
        client,
        "CreatePreparedStatement",
        query="SELECT berths + 1 AS n FROM ports WHERE berths = ?",
    )
    key = made.prepared_statement_handle
    bound = put(
        client, "CommandPreparedStatementQuery", pa.table({"0": [4]}),
        prepared_statement_handle=key,
    )  # fmt: skip
    answer = messages.parse("DoPutPreparedStatementResult", bound)
    key = answer.prepared_statement_handle
    found = server.asked(client, "CommandPreparedStatementQuery", prepared_statement_handle=key)
    assert found["n"].to_pylist() == [5]
    put(
        client, "CommandPreparedStatementQuery", pa.table({"0": pa.array([], pa.int64())}),
        prepared_statement_handle=key,
    )  # fmt: skip
    found = server.asked(client, "CommandPreparedStatementQuery", prepared_statement_handle=key)
    assert (found.schema.names, found.num_rows) == (["n"], 0)
    of_key = schema_of(client, "CommandPreparedStatementQuery", prepared_statement_handle=key)
    assert of_key.names == ["n"]
    server.call(client, "ClosePreparedStatement", prepared_statement_handle=key)

    made = server.call(client, "CreatePreparedStatement", query="DELETE FROM fares WHERE class = ?")
    assert made.is_update
    gone = put(
        client, "CommandPreparedStatementUpdate", pa.table({"0": ["standard", "lounge"]}),
        prepared_statement_handle=made.prepared_statement_handle,
    )  # fmt: skip
    assert updated(gone) == 3


def test_transactions_savepoints_and_plans(server: Running, repo: RepoBuilder) -> None:
    client, before = server.client(), repo.tip()
    key = server.call(client, "BeginTransaction").transaction_id
    point = server.call(client, "BeginSavepoint", transaction_id=key, name="a").savepoint_id
    change = {"query": "DELETE FROM fares", "transaction_id": key}
    assert updated(put(client, "CommandStatementUpdate", **change)) == 3
    server.call(client, "EndSavepoint", savepoint_id=point, action=UNDONE)
    found = server.asked(client, "CommandStatementQuery", query=ALL, transaction_id=key)
    assert found.num_rows == 3
    made = server.call(
        client, "CreatePreparedStatement", query="DELETE FROM fares", transaction_id=key
    )
    gone = put(
        client, "CommandPreparedStatementUpdate",
        prepared_statement_handle=made.prepared_statement_handle,
    )  # fmt: skip
    assert updated(gone) == 3
    server.call(client, "EndTransaction", transaction_id=key, action=UNDONE)
    assert repo.tip() == before
    for name in ("CommandStatementSubstraitPlan",):
        with pytest.raises(pa.ArrowNotImplementedError, match="Substrait"):
            server.info(client, name)
        with pytest.raises(pa.ArrowNotImplementedError, match="Substrait"):
            put(client, name)
    with pytest.raises(pa.ArrowNotImplementedError, match="no action"):
        server.call(client, "CreatePreparedSubstraitPlan")


def test_a_query_of_the_older_action_is_cancelled(server: Running) -> None:
    client = server.client()
    info = server.info(client, "CommandStatementQuery", query="SELECT * FROM range(10000000)")
    assert server.call(client, "CancelQuery", info=info.serialize()).result == CANCELLED


def test_an_upload_says_how_many_rows_came(server: Running, repo: RepoBuilder) -> None:
    client = server.client()
    key = server.call(client, "BeginTransaction").transaction_id
    fields = {
        "table_definition_options": {"if_not_exist": 1, "if_exists": 3},
        "table": "uploads",
        "catalog": "ferries",
        "transaction_id": key,
    }
    rows = pa.table({"n": range(10)})
    assert updated(put(client, "CommandStatementIngest", rows, **fields)) == 10
    server.call(client, "EndTransaction", transaction_id=key, action=KEPT)
    assert "uploads" in repo.git("ls-tree", "--name-only", "main")


@pytest.mark.parametrize(
    ("fields", "error", "said"),
    [
        ({"temporary": True, "schema": "s"}, pa.ArrowNotImplementedError, "has no schema"),
        ({"catalog": "elsewhere"}, pa.ArrowInvalid, "USE the other database"),
        ({"options": {"speed": "high"}}, pa.ArrowNotImplementedError, "no option speed"),
        ({"table": ""}, pa.ArrowInvalid, "names no table"),
        ({"transaction_id": b"other"}, KeyError, "no such transaction"),
        (
            {"table_definition_options": {"if_not_exist": 2, "if_exists": 1}},
            pa.ArrowInvalid,
            "No table may be there",
        ),
    ],
)
def test_an_upload_that_cannot_be_is_refused(
    server: Running, repo: RepoBuilder, fields: dict[str, Any], error: type[Exception], said: str
) -> None:
    before = repo.tip()
    with pytest.raises(error, match=said):
        put(
            server.client(), "CommandStatementIngest", pa.table({"n": [1]}),
            **{"table": "uploads", **fields},
        )  # fmt: skip
    assert repo.tip() == before


def test_session_options_are_set_and_given(server: Running) -> None:
    client = server.client()
    asked = messages.make("SetSessionOptionsRequest")
    asked.session_options["ref"].string_value = "v1"
    asked.session_options["unknown"].string_value = "x"
    asked.session_options["schema"].int64_value = 4
    asked.session_options["author"].string_list_value.values.extend(["a", "b"])
    faults = act(client, "SetSessionOptions", asked, "SetSessionOptionsResult").errors
    assert {name: fault.value for name, fault in faults.items()} == {
        "unknown": 1, "schema": 2, "author": 2,
    }  # fmt: skip
    plain = messages.make("GetSessionOptionsRequest")
    given = act(client, "GetSessionOptions", plain, "GetSessionOptionsResult").session_options
    assert given["ref"].string_value == "v1"
    asked = messages.make("SetSessionOptionsRequest")
    asked.session_options["ref"].SetInParent()  # no value: as at the beginning
    assert not act(client, "SetSessionOptions", asked, "SetSessionOptionsResult").errors
    given = act(client, "GetSessionOptions", plain, "GetSessionOptionsResult").session_options
    assert given["ref"].string_value == ""
    closed = act(client, "CloseSession", messages.make("CloseSessionRequest"), "CloseSessionResult")
    assert closed.status == 1


def test_a_result_is_fetched_until_it_expires(server: Running) -> None:
    client = server.client()
    write = "UPDATE ports SET berths = 9 WHERE _key = 'oslo' RETURNING name"
    passing = server.info(client, "CommandStatementQuery", query=write).endpoints[0]
    assert passing.expiration_time.as_py() > dt.datetime.now(dt.UTC)
    assert client.do_get(passing.ticket).read_all().num_rows == 1
    with pytest.raises(KeyError, match="fetched already"):
        client.do_get(passing.ticket)
    lasting = server.info(client, "CommandStatementQuery", query=ALL).endpoints[0]
    assert lasting.expiration_time is None
    assert client.do_get(lasting.ticket).read_all() == client.do_get(lasting.ticket).read_all()


def test_the_actions_are_listed(server: Running) -> None:
    listed = {found.type for found in server.client().list_actions()}
    assert listed >= {"CancelFlightInfo", "RenewFlightEndpoint", "BeginTransaction", "CloseSession"}


def test_name_and_password_become_who_calls(server: Running, repo: RepoBuilder) -> None:
    client = server.client()
    header = client.authenticate_basic_token("desk@example.org", "any")
    assert header[0] == b"authorization"
    command = messages.wrap(messages.make("CommandStatementQuery", query="SELECT current_user"))
    descriptor = flight.FlightDescriptor.for_command(command)
    options = flight.FlightCallOptions(headers=[header])
    info = client.get_flight_info(descriptor, options)
    with pytest.raises(flight.FlightUnauthorizedError, match="somebody else"):
        client.do_get(info.endpoints[0].ticket)
    assert client.do_get(info.endpoints[0].ticket, options).read_all().num_rows == 1
    wrong = flight.FlightCallOptions(headers=[(b"authorization", b"Bearer forged")])
    with pytest.raises(flight.FlightUnauthenticatedError, match="none that this server"):
        client.get_flight_info(descriptor, wrong)


class Heard(flight.ClientMiddlewareFactory):
    """Keeps the headers of answers."""

    def __init__(self) -> None:
        super().__init__()
        self.headers: list[dict[str, Any]] = []

    def start_call(self, info: Any) -> flight.ClientMiddleware:
        factory = self

        class One(flight.ClientMiddleware):
            def sending_headers(self) -> dict[str, str]:
                return {"ref": "v1", "x-other": "passed over"}

            def received_headers(self, headers: dict[str, Any]) -> None:
                factory.headers.append(headers)

        return One()


def test_headers_of_middleware_are_heard(server: Running) -> None:
    heard = Heard()
    with flight.connect(server.uri, middleware=[heard]) as client:
        count = "SELECT count(*) AS n FROM ports"
        assert server.asked(client, "CommandStatementQuery", query=count)["n"].to_pylist() == [2]
        with pytest.raises(pa.ArrowInvalid):
            server.info(client, "CommandStatementQuery", query="SELEC")
    assert heard.headers


def test_a_result_is_in_order_at_one_place(server: Running) -> None:
    client = server.client()
    info = server.info(client, "CommandStatementQuery", query="FROM range(500000) ORDER BY 1 DESC")
    (endpoint,) = info.endpoints  # what comes from one endpoint is in order
    assert endpoint.locations == []  # on the connection that is there
    found = client.do_get(endpoint.ticket).read_all()[0].to_pylist()
    assert found == list(range(499_999, -1, -1))


def test_metadata_of_the_application_is_empty(server: Running) -> None:
    info = server.info(server.client(), "CommandStatementQuery", query=ALL)
    assert info.app_metadata == b""
    assert info.endpoints[0].app_metadata == b""


def test_nothing_is_exchanged_or_listed(server: Running) -> None:
    client = server.client()
    writer, reader = client.do_exchange(flight.FlightDescriptor.for_command(b"echo"))
    with pytest.raises(pa.ArrowNotImplementedError, match="does not exchange"):
        reader.read_chunk()
    with pytest.raises(pa.ArrowNotImplementedError):
        writer.close()
    assert list(client.list_flights()) == []
