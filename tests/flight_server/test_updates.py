"""Updates, transactions, prepared statements, uploads and options, through stock clients."""

from decimal import Decimal
from pathlib import Path

import adbc_driver_manager
import pyarrow as pa
import pyarrow.flight as flight
import pytest

from ingitdb_flight import messages
from ingitdb_flight.limits import Limits
from ingitdb_flight.serving import Terms
from tests.support.flight_servers import KEY, Running, running
from tests.support.repositories import RepoBuilder

KEPT, UNDONE = 1, 2


def commits(repo: RepoBuilder) -> int:
    return int(repo.git("rev-list", "--count", "main"))


def test_an_update_is_a_commit(server: Running, repo: RepoBuilder) -> None:
    before = commits(repo)
    with server.adbc().cursor() as cursor:
        cursor.execute("UPDATE ports SET berths = berths + 1 WHERE country = 'NO'")
        assert cursor.rowcount == 3
        cursor.execute("DELETE FROM fares WHERE class = ?", ("lounge",))
        assert cursor.rowcount == 1
    assert commits(repo) == before + 2
    assert repo.git("diff", "--numstat", "main~1", "main") == "0\t1\tfares.csv"
    repo.git("fsck", "--strict")


def test_a_transaction_is_one_commit(server: Running, repo: RepoBuilder) -> None:
    before = commits(repo)
    connection = server.adbc(autocommit=False)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE ports SET berths = 1")
        cursor.execute(
            "INSERT INTO ports (_key, name, country, berths) VALUES ('bodo', 'Bodø', 'NO', 1)"
        )
        cursor.execute("SELECT sum(berths) FROM ports")
        assert cursor.fetchone() == (Decimal(4),)
        assert commits(repo) == before
        connection.commit()
        assert commits(repo) == before + 1
        cursor.execute("DELETE FROM fares")
        connection.rollback()
        cursor.execute("SELECT count(*) FROM fares")
        assert cursor.fetchone() == (3,)
    assert commits(repo) == before + 1


def test_statements_of_transactions_are_text_too(server: Running, repo: RepoBuilder) -> None:
    before = commits(repo)
    with server.adbc().cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("UPDATE ports SET berths = 1 WHERE name = 'Oslo'")
        cursor.execute("SAVEPOINT here")
        cursor.execute("DELETE FROM fares")
        cursor.execute("ROLLBACK TO here")
        cursor.execute("COMMIT")
        cursor.execute("SELECT count(*) FROM fares")
        assert cursor.fetchone() == (3,)
    assert commits(repo) == before + 1


def test_two_transactions_of_one_session_are_apart(server: Running, repo: RepoBuilder) -> None:
    client = server.client()
    one = server.call(client, "BeginTransaction").transaction_id
    other = server.call(client, "BeginTransaction").transaction_id
    for key, name in ((one, "bergen"), (other, "oslo")):
        _update(client, f"UPDATE ports SET berths = 0 WHERE _key = '{name}'", key)
    count = "SELECT count(*) FILTER (berths = 0) AS n FROM ports"
    for key in (one, other):
        found = server.asked(client, "CommandStatementQuery", query=count, transaction_id=key)
        assert found["n"].to_pylist() == [1]
    server.call(client, "EndTransaction", transaction_id=one, action=KEPT)
    server.call(client, "EndTransaction", transaction_id=other, action=UNDONE)
    assert repo.git("show", "main:ports/bergen.yaml").endswith("berths: 0")
    assert repo.git("show", "main:ports/oslo.yaml").endswith("berths: 6")
    with pytest.raises(KeyError, match="no such transaction"):
        server.call(client, "EndTransaction", transaction_id=one, action=KEPT)


def test_savepoints_by_action(server: Running, repo: RepoBuilder) -> None:
    client = server.client()
    key = server.call(client, "BeginTransaction").transaction_id
    _update(client, "UPDATE ports SET berths = 7 WHERE _key = 'oslo'", key)
    point = server.call(client, "BeginSavepoint", transaction_id=key, name="a").savepoint_id
    _update(client, "DELETE FROM fares", key)
    server.call(client, "EndSavepoint", savepoint_id=point, action=UNDONE)
    later = server.call(client, "BeginSavepoint", transaction_id=key, name="b").savepoint_id
    server.call(client, "EndSavepoint", savepoint_id=point, action=KEPT)
    with pytest.raises(KeyError, match="no such savepoint"):
        server.call(client, "EndSavepoint", savepoint_id=later, action=KEPT)
    server.call(client, "EndTransaction", transaction_id=key, action=KEPT)
    assert repo.git("diff", "--name-only", "main~1", "main") == "ports/oslo.yaml"


def test_many_sets_of_parameters_are_one_commit(server: Running, repo: RepoBuilder) -> None:
    before = commits(repo)
    with server.adbc().cursor() as cursor:
        cursor.executemany(
            "INSERT INTO fares (route, class, port, price) VALUES (?, ?, ?, ?)",
            [(f"R{n}", "standard", "oslo", Decimal(f"{n}.50")) for n in range(10, 30)],
        )
        assert cursor.rowcount == 20
        cursor.executemany(
            "UPDATE fares SET price = ? WHERE route = ?",
            [(Decimal("1.00"), "R10"), (Decimal("2.00"), "R11")],
        )
        assert cursor.rowcount == 2
    assert commits(repo) == before + 2


def test_what_fails_leaves_nothing(server: Running, repo: RepoBuilder) -> None:
    before = repo.tip()
    with server.adbc().cursor() as cursor:
        with pytest.raises(adbc_driver_manager.ProgrammingError, match="SQLSTATE 23503"):
            cursor.execute("DELETE FROM ports WHERE name = 'Oslo'")
        with pytest.raises(adbc_driver_manager.ProgrammingError, match="SQLSTATE 23505"):
            cursor.executemany(
                "INSERT INTO fares VALUES (?, ?, ?, ?)",
                [("R9", "standard", "oslo", 1), ("R1", "standard", "oslo", 1)],
            )
    assert repo.tip() == before


@pytest.mark.parametrize("is_open", [False, True])
def test_uploads(server: Running, repo: RepoBuilder, *, is_open: bool) -> None:
    rows = pa.table({"route": ["R7", "R8"], "class": ["deck"] * 2, "port": ["oslo"] * 2})
    connection = server.adbc(autocommit=not is_open)
    before = commits(repo)
    with connection.cursor() as cursor:
        assert cursor.adbc_ingest("fares", rows, mode="append") == 2
        assert cursor.adbc_ingest("notes", rows, mode="create") == 2
        with pytest.raises(adbc_driver_manager.Error, match="notes"):
            cursor.adbc_ingest("notes", rows, mode="create")
        assert cursor.adbc_ingest("notes", rows.slice(1), mode="replace") == 1
        assert cursor.adbc_ingest("notes", rows.slice(0, 1), mode="create_append") == 1
        cursor.execute("SELECT route FROM notes ORDER BY 1")
        assert cursor.fetchall() == [("R7",), ("R8",)]
        if is_open:
            assert commits(repo) == before
            connection.commit()
    assert commits(repo) == before + (1 if is_open else 4)
    assert repo.git("show", "main:fares.csv").splitlines()[-1] == "R8,deck,oslo,"


def test_temporary_tables_are_the_sessions_own(server: Running, repo: RepoBuilder) -> None:
    before = repo.tip()
    with server.adbc().cursor() as cursor:
        cursor.adbc_ingest("wanted", pa.table({"key": ["oslo"]}), mode="create", temporary=True)
        cursor.adbc_ingest("wanted", pa.table({"key": ["bergen"]}), mode="append", temporary=True)
        cursor.execute("CREATE TEMP TABLE big AS SELECT * FROM ports WHERE berths > ?", (4,))
        cursor.execute("SELECT name FROM ports JOIN wanted ON key = _key ORDER BY 1")
        assert cursor.fetchall() == [("Bergen",), ("Oslo",)]
        cursor.execute("SELECT name FROM big")
        assert cursor.fetchall() == [("Oslo",)]
    other = server.client()  # a connection of its own
    with pytest.raises(KeyError, match="IGD-4101"):
        server.asked(other, "CommandStatementQuery", query="SELECT * FROM big")
    assert repo.tip() == before


def test_an_upload_has_a_limit(repo: RepoBuilder, tmp_path: Path) -> None:
    before = repo.tip()
    with running(tmp_path, repo, terms=Terms(key=KEY, limits=Limits(ingest=10_000))) as server:
        rows = pa.table({"route": ["R" * 20_000]})
        with server.adbc().cursor() as cursor, pytest.raises(Exception, match="10,000 bytes"):
            cursor.adbc_ingest("fares", rows, mode="append")
    assert repo.tip() == before


def test_a_prepared_statement_says_what_it_takes(server: Running) -> None:
    client = server.client()
    made = server.call(
        client,
        "CreatePreparedStatement",
        query="SELECT name, berths FROM ports WHERE berths > ? AND country = ?",
    )
    assert not made.is_update
    schema = pa.ipc.read_schema(pa.py_buffer(made.dataset_schema))
    assert schema.names == ["name", "berths"]
    given = pa.ipc.read_schema(pa.py_buffer(made.parameter_schema))
    assert given.types == [pa.int64(), pa.string()]
    update = server.call(
        client, "CreatePreparedStatement", query="UPDATE fares SET price = $p WHERE route = $r"
    )
    assert update.is_update
    given = pa.ipc.read_schema(pa.py_buffer(update.parameter_schema))
    assert dict(zip(given.names, given.types, strict=True)) == {
        "p": pa.decimal128(18, 2),
        "r": pa.string(),
    }
    key = update.prepared_statement_handle
    server.call(client, "ClosePreparedStatement", prepared_statement_handle=key)
    with pytest.raises(KeyError, match="no such prepared statement"):
        server.info(client, "CommandPreparedStatementQuery", prepared_statement_handle=key)


def test_named_parameters_are_bound_in_their_order(server: Running) -> None:
    client = server.client()
    sql = "SELECT route FROM fares WHERE class = $class AND price > $least"
    key = server.call(client, "CreatePreparedStatement", query=sql).prepared_statement_handle
    command = messages.make("CommandPreparedStatementQuery", prepared_statement_handle=key)
    descriptor = flight.FlightDescriptor.for_command(messages.wrap(command))
    rows = pa.table({"0": ["standard"], "1": [Decimal("10.00")]})
    writer, reader = client.do_put(descriptor, rows.schema)
    with writer:
        writer.write_table(rows)
        writer.done_writing()
        reader.read()
    info = client.get_flight_info(descriptor)
    found = client.do_get(info.endpoints[0].ticket).read_all()
    assert found["route"].to_pylist() == ["R1"]


def test_options_of_a_session(server: Running, repo: RepoBuilder) -> None:
    connection = server.adbc()
    with connection.cursor() as cursor:
        assert connection.adbc_current_catalog == "ferries"
        cursor.execute("SET ref = 'v1'")
        cursor.execute("SELECT count(*) FROM ports")
        assert cursor.fetchone() == (2,)
        with pytest.raises(adbc_driver_manager.Error, match="v1"):
            cursor.execute("DELETE FROM fares")
        cursor.execute("SET ref = DEFAULT")
        cursor.execute("SET commit_message = 'Cheaper fares'")
        cursor.execute("SET author = 'Fares Desk <fares@example.org>'")
        cursor.execute("UPDATE fares SET price = 1.00")
        with pytest.raises(adbc_driver_manager.ProgrammingError, match="no setting 'volume'"):
            cursor.execute("SET volume = 11")
    assert repo.git("log", "-1", "--format=%s|%an <%ae>|%cn") == (
        "Cheaper fares|Fares Desk <fares@example.org>|Ferry Server"
    )


def test_options_by_action(server: Running) -> None:
    client = server.client()
    asked = messages.make("SetSessionOptionsRequest")
    asked.session_options["ref"].string_value = "v1"
    asked.session_options["schema"].string_value = "nowhere"
    asked.session_options["catalog"].int64_value = 1
    asked.session_options["colour"].string_value = "red"
    answer = _option_action(client, "SetSessionOptions", asked, "SetSessionOptionsResult")
    assert {name: fault.value for name, fault in answer.errors.items()} == {
        "schema": 2,
        "catalog": 2,
        "colour": 1,
    }
    plain = messages.make("GetSessionOptionsRequest")
    answer = _option_action(client, "GetSessionOptions", plain, "GetSessionOptionsResult")
    assert answer.session_options["ref"].string_value == "v1"
    assert answer.session_options["catalog"].string_value == "ferries"


def test_one_server_has_several_databases(
    repo: RepoBuilder, server: Running, tmp_path: Path
) -> None:
    other = RepoBuilder(tmp_path / "trains")
    other.config(user__name="Trains", user__email="trains@example.org")
    other.commit({"stations.csv": "name\nOslo S\n"})
    with running(tmp_path / "two", repo, other) as both, both.adbc().cursor() as cursor:
        cursor.execute("SELECT count(*) FROM ports")
        assert cursor.fetchone() == (3,)
        cursor.execute("USE trains")
        cursor.execute("SELECT * FROM stations")
        assert cursor.fetchall() == [("Oslo S",)]
        cursor.execute("SET catalog = 'ferries'")
        cursor.execute("SELECT count(*) FROM ports")
        assert cursor.fetchone() == (3,)
        with pytest.raises(Exception, match="no database 'planes'"):
            cursor.execute("SET catalog = 'planes'")


def test_a_forgotten_transaction_is_rolled_back(repo: RepoBuilder, tmp_path: Path) -> None:
    before = repo.tip()
    terms = Terms(key=KEY, limits=Limits(transaction=0.2))
    with running(tmp_path, repo, terms=terms) as server:
        client = server.client()
        key = server.call(client, "BeginTransaction").transaction_id
        _update(client, "DELETE FROM fares", key)
        while _is_open(server, client, key):
            pass
        with pytest.raises(KeyError, match="nothing happened in it"):
            server.call(client, "EndTransaction", transaction_id=key, action=KEPT)
    assert repo.tip() == before


def test_where_the_work_tree_lies_is_not_told(server: Running, repo: RepoBuilder) -> None:
    repo.write("ports/oslo.yaml", "name: Oslo\ncountry: NO\nberths: 60\n")
    with server.adbc().cursor() as cursor, pytest.raises(Exception, match="IGD-6004") as raised:
        cursor.execute("UPDATE ports SET berths = 7 WHERE _key = 'oslo'")
    said = str(raised.value)
    assert "…/ferries has changes of its own in ports/oslo.yaml" in said
    assert str(repo.path.parent) not in said


def _is_open(server: Running, client: flight.FlightClient, key: bytes) -> bool:
    """Tells whether a transaction is there; asking by the session alone does not keep it."""
    (session,) = server.server.sessions
    return key in session.transactions


def _update(client: flight.FlightClient, sql: str, transaction: bytes = b"") -> int:
    command = messages.make("CommandStatementUpdate", query=sql, transaction_id=transaction)
    descriptor = flight.FlightDescriptor.for_command(messages.wrap(command))
    writer, reader = client.do_put(descriptor, pa.schema([]))
    with writer:
        writer.done_writing()
        answer = reader.read()
    return int(messages.parse("DoPutUpdateResult", answer.to_pybytes()).record_count)


def _option_action(client: flight.FlightClient, name: str, asked: object, answer: str) -> object:
    (found,) = client.do_action(flight.Action(name, asked.SerializeToString()))
    return messages.parse(answer, found.body.to_pybytes())


def test_the_time_zone_is_the_database_s(server: Running) -> None:
    connection = server.adbc()
    with connection.cursor() as cursor:
        cursor.execute("SET timezone = 'UTC'")
        cursor.execute("SET TimeZone TO 'utc'")
        with pytest.raises(adbc_driver_manager.Error, match="The time zone here is UTC"):
            cursor.execute("SET timezone = 'Europe/Oslo'")
    option = "adbc.flight.sql.session.option.timezone"
    assert connection.adbc_connection.get_option(option) == "UTC"
