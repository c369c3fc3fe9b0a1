"""PEP 249 and what is beside it: alike by path and through a server."""

import datetime as dt
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

import ingitdb
import ingitdb_dbapi
from ingitdb.api.dbapi import CLASSES
from ingitdb_dbapi import failures
from ingitdb_flight.databases import Databases
from ingitdb_flight.serving import served
from tests.support.flight_servers import KEY, running

VALUES = [
    ("SELECT 1", 1, "INTEGER"),
    ("SELECT 1.50", Decimal("1.50"), "DECIMAL(3,2)"),
    ("SELECT 1e3", 1000.0, "DOUBLE"),
    ("SELECT true", True, "BOOLEAN"),
    ("SELECT 'x'", "x", "VARCHAR"),
    ("SELECT 'x'::BLOB", b"x", "BLOB"),
    ("SELECT DATE '0001-01-02'", dt.date(1, 1, 2), "DATE"),
    ("SELECT TIME '12:00:00.5'", dt.time(12, 0, 0, 500_000), "TIME"),
    (
        "SELECT TIMESTAMP '1914-03-01 12:00:00.25'",
        dt.datetime(1914, 3, 1, 12, 0, 0, 250_000),  # noqa: DTZ001
        "TIMESTAMP",
    ),
    (
        "SELECT TIMESTAMPTZ '2026-03-01 12:00:00+02'",
        dt.datetime(2026, 3, 1, 10, tzinfo=dt.UTC),
        "TIMESTAMP WITH TIME ZONE",
    ),
    ("SELECT [1, NULL]", [1, None], "INTEGER[]"),
    ("SELECT {'a': 1, 'b c': [2]}", {"a": 1, "b c": [2]}, 'STRUCT("a" INTEGER, "b c" INTEGER[])'),
    ("SELECT 12::HUGEINT", 12, "HUGEINT"),
    ("SELECT '[1]'::JSON", "[1]", "JSON"),
    ("SELECT MAP {'a': 1}", {"a": 1}, "MAP(VARCHAR, INTEGER)"),
]
PARAMETERS = [
    None,
    True,
    7,
    2**70,
    1.5,
    Decimal("12.340"),
    "x' OR 1=1 --",
    b"\0\xff",
    dt.date(2026, 3, 1),
    dt.time(1, 2, 3),
    dt.datetime(2026, 3, 1, 12, 30, 0, 5),  # noqa: DTZ001
    dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC),
    [1, 2],
    {"a": 1},
]


@pytest.mark.parametrize(("sql", "value", "kind"), VALUES, ids=lambda each: str(each)[:30])
def test_values_and_their_types(connect, sql: str, value: Any, kind: str) -> None:
    cursor = connect().execute(sql)
    assert cursor.description[0][1:] == (kind, None, None, None, None, None)
    (found,) = cursor.fetchone()
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("value", PARAMETERS, ids=repr)
def test_a_parameter_comes_back(connect, value: Any) -> None:
    assert connect().execute("SELECT ?", [value]).fetchall() == [(value,)]


def test_parameters_by_place_and_by_name(connect) -> None:
    connection = connect()
    sql = "SELECT name FROM people WHERE age > $least AND city IS NOT NULL AND age < $most -- $no"
    found = connection.execute(sql, {"most": 2000, "least": 20}).fetchall()
    assert found == [("Anna",), ("Cy",)]
    assert connection.execute("SELECT $2 || $1 || '?$x'", ["a", "b"]).fetchall() == [("ba?$x",)]
    key = uuid.UUID(int=5)
    assert connection.execute("SELECT ?::UUID = ?", [key, str(key)]).fetchall() == [(True,)]
    for values in ([1], [1, 2, 3], {"least": 1}, {"least": 1, "most": 2, "other": 3}):
        with pytest.raises(ingitdb_dbapi.DatabaseError):
            connection.execute(sql, values)


def test_fetching(connect) -> None:
    cursor = connect().execute("SELECT range AS n FROM range(100000)")
    assert cursor.rowcount == -1
    assert cursor.fetchone() == (0,)
    assert cursor.fetchmany() == [(1,)]
    assert cursor.fetchmany(2) == [(2,), (3,)]
    assert next(cursor) == (4,)
    rest = cursor.fetchall()
    assert (rest[0], rest[-1], len(rest)) == ((5,), (99_999,), 99_995)
    assert (cursor.fetchone(), cursor.fetchall()) == (None, [])


def test_arrow_and_frames(connect) -> None:
    connection = connect()
    sql = "SELECT route, price FROM fares"
    table = connection.execute(sql).arrow()
    assert table.to_pylist()[0] == {"route": "R1", "price": Decimal("9.50")}
    with connection.execute(sql).reader() as reader:
        assert reader.read_all().equals(table)
    assert connection.execute(sql).pl().rows() == [tuple(row.values()) for row in table.to_pylist()]
    assert list(connection.execute(sql).df()["route"]) == ["R1", "R2"]


def test_nothing_to_fetch(connect) -> None:
    cursor = connect(autocommit=True).cursor()
    cursor.execute("INSERT INTO fares VALUES ('R3', 1)")
    assert (cursor.description, cursor.rowcount) == (None, 1)
    for call in (cursor.fetchone, cursor.fetchall, cursor.arrow, lambda: iter(cursor)):
        with pytest.raises(ingitdb_dbapi.InterfaceError):
            call()


def test_the_first_write_opens_a_transaction(connect, shop) -> None:
    connection, other = connect(), connect()
    before = shop.tip()
    connection.execute("UPDATE fares SET price = 10 WHERE route = ?", ["R1"])
    assert other.execute("SELECT price FROM fares").fetchone() == (Decimal("9.50"),)
    connection.execute("SAVEPOINT a")
    connection.execute("DELETE FROM fares")
    connection.execute("ROLLBACK TO a")
    assert shop.tip() == before
    made = connection.commit("Dearer", author="Å Desk <a@example.org>")
    assert made == shop.tip()
    said = shop.git("log", "-1", "--format=%an|%ae|%s|%P")
    assert said == f"Å Desk|a@example.org|Dearer|{before}"
    assert other.execute("SELECT price FROM fares").fetchone() == (Decimal("10.00"),)
    assert connection.commit() is None
    connection.execute("DELETE FROM fares")
    connection.rollback()
    connection.rollback()
    assert shop.tip() == made


def test_autocommit(connect, shop) -> None:
    connection = connect(autocommit=True)
    before = shop.tip()
    connection.execute("DELETE FROM fares WHERE route = 'R1'")
    assert shop.git("rev-list", "--count", f"{before}..HEAD") == "1"
    assert connection.commit() is None
    connection.autocommit = False
    connection.execute("DELETE FROM fares WHERE route = 'R2'")
    assert shop.git("rev-list", "--count", f"{before}..HEAD") == "1"
    with pytest.raises(ingitdb_dbapi.ProgrammingError):
        connection.autocommit = True
    connection.rollback()
    connection.autocommit = True
    assert connection.autocommit


def test_a_context_commits_or_forgets(connect, shop) -> None:
    before = shop.tip()
    with pytest.raises(ingitdb_dbapi.ProgrammingError), connect() as connection:
        connection.execute("DELETE FROM fares; SELECT * FROM nowhere")
    assert shop.tip() == before
    with connect() as connection:
        connection.execute("DELETE FROM fares")
    assert shop.git("rev-list", "--count", f"{before}..HEAD") == "1"


def test_many_are_one_commit(connect, shop) -> None:
    connection = connect(autocommit=True)
    before = shop.tip()
    cursor = connection.cursor()
    sql = "INSERT INTO fares VALUES ($route, $price)"
    cursor.executemany(sql, [{"price": n + 0.5, "route": f"N{n}"} for n in range(50)])
    assert cursor.rowcount == 50
    assert shop.git("rev-list", "--count", f"{before}..HEAD") == "1"
    with pytest.raises(ingitdb_dbapi.IntegrityError):
        cursor.executemany("INSERT INTO fares VALUES (?, ?)", [("new", 1), ("N1", 1)])
    assert connection.execute("SELECT count(*) FROM fares").fetchone() == (52,)


def test_many_of_an_iterator_and_of_none(connect) -> None:
    cursor = connect().cursor()
    cursor.execute("SELECT 1")
    cursor.executemany("INSERT INTO fares VALUES (?, ?)", [])
    assert (cursor.rowcount, cursor.description) == (-1, None)
    with pytest.raises(ingitdb_dbapi.InterfaceError):
        cursor.fetchall()


def test_many_come_from_an_iterator(server) -> None:
    with ingitdb_dbapi.connect(f"{server.uri}/shop") as connection, connection.cursor() as cursor:
        rows = ((value for value in (f"N{number}", number)) for number in range(3))
        cursor.executemany("INSERT INTO fares VALUES (?, ?)", rows)
        assert cursor.rowcount == 3
        cursor.executemany("INSERT INTO fares VALUES (?, ?)", iter([]))
        assert cursor.rowcount == -1
        cursor.executemany("INSERT INTO fares VALUES (?, ?)", [("A", 1.5), ("B", Decimal("2.5"))])
        found = connection.execute("SELECT price FROM fares WHERE route IN ('A', 'B')").fetchall()
        assert found == [(Decimal("1.50"),), (Decimal("2.50"),)]
        with pytest.raises(ingitdb_dbapi.ProgrammingError, match="no parameters"):
            cursor.executemany("UPDATE fares SET price = 1", [(), ()])
        connection.rollback()


def test_an_error_while_rows_come(connect) -> None:
    sql = "SELECT CASE WHEN range = 299999 THEN error('too far') ELSE range END FROM range(300000)"
    connection = connect()
    for read in ("fetchall", "arrow", "df"):
        with connection.cursor() as cursor, pytest.raises(ingitdb_dbapi.Error) as caught:
            getattr(cursor.execute(sql), read)()
        assert (caught.value.code, str(caught.value)) == ("IGD-5001", "too far"), read
    assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_cursor_after_an_error(connect) -> None:
    cursor = connect().cursor()
    cursor.execute("SELECT 1")
    with pytest.raises(ingitdb_dbapi.ProgrammingError):
        cursor.execute("SELEC 1")
    assert cursor.description is None
    with pytest.raises(ingitdb_dbapi.InterfaceError):
        cursor.fetchone()
    assert cursor.execute("SELECT 2").fetchall() == [(2,)]


def test_what_is_closed(connect) -> None:
    connection = connect()
    cursor = connection.execute("SELECT 1")
    cursor.close()
    cursor.close()
    connection.close()
    calls = [
        cursor.fetchone,
        lambda: cursor.execute("SELECT 1"),
        lambda: cursor.executemany("SELECT ?", [(1,)]),
        connection.cursor,
        connection.commit,
        connection.rollback,
        lambda: setattr(connection, "autocommit", True),
        lambda: connection.ingest("fares", pa.table({"route": ["x"]})),
    ]
    for call in calls:
        with pytest.raises(ingitdb_dbapi.InterfaceError):
            call()


def test_fetchmany_gives_as_many_as_arraysize(connect) -> None:
    cursor = connect().cursor()
    cursor.arraysize = 3
    cursor.execute("SELECT range FROM range(5)")
    assert [len(cursor.fetchmany()) for _ in range(3)] == [3, 2, 0]
    assert cursor.fetchmany(size=0) == []


def test_threads_with_a_connection_each_and_with_one(connect) -> None:
    shared = connect()
    connections = [shared, shared, connect(), connect()]
    sql = "SELECT ?::INTEGER, count(*) FROM range(100000)"

    def ask(number: int) -> Any:
        return connections[number].execute(sql, [number]).fetchall()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, range(4))) == [[(number, 100_000)] for number in range(4)]


def test_types_of_columns(connect) -> None:
    sql = (
        "SELECT {'a': [{'b': DATE '2020-01-01'}]}, [[1.5]], TIMESTAMP_NS '2020-01-01',"
        " TIMETZ '01:00:00+01', 'a'::ENUM('a', 'b'), '101'::BIT, 1::UHUGEINT, x'00', 1.5"
    )
    kinds = [column[1] for column in connect().execute(sql).description]
    assert kinds[0] == 'STRUCT("a" STRUCT("b" DATE)[])'
    assert kinds[1] == "DECIMAL(2,1)[][]"
    groups = [ingitdb_dbapi.DATETIME, *[ingitdb_dbapi.STRING] * 3, ingitdb_dbapi.NUMBER]
    assert kinds[2:7] == groups
    assert kinds[7:] == [ingitdb_dbapi.BINARY, ingitdb_dbapi.NUMBER]
    assert kinds[0] not in (ingitdb_dbapi.STRING, ingitdb_dbapi.NUMBER, ingitdb_dbapi.ROWID)


@pytest.mark.parametrize(
    "value",
    [10**40, "\ud800", object(), [object()]],
    ids=["too large", "half a surrogate", "an object", "a list of it"],
)
def test_parameters_that_cannot_be(connect, value: Any) -> None:
    with pytest.raises(ingitdb_dbapi.DataError):
        connect().execute("SELECT ?", [value])


def test_a_time_of_a_zone_keeps_it(connect) -> None:
    noon = dt.time(12, 0, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    sql = "SELECT ?::TIMETZ = TIMETZ '12:00:00+02'"
    assert connect().execute(sql, [noon]).fetchone() == (True,)


@pytest.mark.parametrize("sql", ["", "  \n", "-- nothing", ";"])
def test_no_statement(connect, sql: str) -> None:
    with pytest.raises(ingitdb_dbapi.ProgrammingError) as caught:
        connect().execute(sql)
    assert (caught.value.code, caught.value.sqlstate) == ("IGD-5002", "42601")


@pytest.mark.parametrize(
    ("sql", "parameters"),
    [
        (b"SELECT 1", None),
        (None, None),
        ("SELECT '\ud800'", None),
        ("SELECT ?", "x"),
        ("SELECT $name, $other", "x"),
        ("SELECT 1\0, 2", None),
    ],
    ids=["bytes", "nothing", "half a surrogate", "one text", "one text by name", "zero byte"],
)
def test_what_is_no_statement(connect, sql: Any, parameters: Any) -> None:
    cursor = connect().cursor()
    with pytest.raises(ingitdb_dbapi.ProgrammingError) as caught:
        cursor.execute(sql, parameters)
    assert (caught.value.code, caught.value.sqlstate) == ("IGD-5002", "42601")
    with pytest.raises(ingitdb_dbapi.ProgrammingError):
        cursor.executemany(sql, ["x", "y"])
    with pytest.raises(ingitdb_dbapi.InterfaceError) as caught:
        cursor.fetchone()
    assert caught.value.code == "IGD-1001"


@pytest.mark.parametrize(
    ("sql", "parameters"), [("SELECT $name", [1]), ("SELECT ?", {"name": 1}), ("SELECT ?", [])]
)
def test_parameters_of_the_other_kind(connect, sql: str, parameters: Any) -> None:
    with pytest.raises(ingitdb_dbapi.ProgrammingError) as caught:
        connect().execute(sql, parameters)
    assert (caught.value.code, caught.value.sqlstate) == ("IGD-5002", "42601")


def test_sets_of_parameters_may_come_one_by_one(connect) -> None:
    connection = connect()
    cursor = connection.cursor()
    made = ((f"X{n}", n) for n in range(3))
    cursor.executemany("INSERT INTO fares (route, price) VALUES (?, ?)", made)
    assert cursor.rowcount == 3


def test_uploads_that_cannot_be(connect) -> None:
    connection = connect()
    rows = pa.table({"route": ["X"], "price": [1.0]})
    for data, mode in [(rows, "upsert"), ({"route": ["X"]}, "append"), ([1], "append")]:
        with pytest.raises(ingitdb_dbapi.InterfaceError) as caught:
            connection.ingest("fares", data, mode)
        assert caught.value.code == "IGD-1001"
    assert connection.ingest("fares", rows.to_batches()[0]) == 1


def test_returning(connect) -> None:
    cursor = connect().execute("INSERT INTO fares VALUES ('Z', 3) RETURNING route, price")
    assert cursor.rowcount == 1
    assert cursor.fetchall() == [("Z", Decimal("3.00"))]


def test_ingest(connect, shop) -> None:
    connection = connect(autocommit=True)
    rows = pa.table({"route": ["X", "Y"], "price": [1.0, 2.0]})
    assert connection.ingest("fares", rows) == 2
    assert connection.ingest('"main"."new one"', rows, "create") == 2
    assert connection.ingest('"new one"', rows.to_reader(), "replace") == 2
    assert connection.execute('SELECT count(*) FROM "new one"').fetchone() == (2,)
    assert "fares.csv" in shop.git("log", "--format=", "--name-only", "-3").splitlines()


def test_time_travel_and_options(connect, shop) -> None:
    count = "SELECT count(*) FROM people"
    connection = connect(ref="v1.0", author="B <b@example.org>")
    assert connection.execute(count).fetchone() == (3,)
    assert connection.execute("SELECT count(*) FROM people AS OF ?", ["main"]).fetchone() == (4,)
    with pytest.raises(ingitdb_dbapi.Error):
        connect(ref="nowhere").execute(count)
    main = connect(ref="main", author="B <b@example.org>", schema="main", autocommit=True)
    main.execute("DELETE FROM people WHERE _key = 'dee'")
    assert shop.git("log", "-1", "--format=%an <%ae>") == "B <b@example.org>"
    for wrong in ({"nope": 1}, {"autocommit": "perhaps"}):
        with pytest.raises(ingitdb_dbapi.InterfaceError):
            connect(**wrong)


def test_errors_are_the_same(connect) -> None:
    connection = connect()
    cases: list[tuple[str, type[Exception], str, str | None]] = [
        ("SELEC 1", ingitdb_dbapi.ProgrammingError, "IGD-5002", "42601"),
        ("SELECT * FROM peple", ingitdb_dbapi.ProgrammingError, "IGD-4101", "42P01"),
        ("INSERT INTO fares VALUES ('R1', 1)", ingitdb_dbapi.IntegrityError, "IGD-6103", "23505"),
        ("ATTACH 'x.db'", ingitdb_dbapi.Error, "", None),
        ("ROLLBACK TO nowhere", ingitdb_dbapi.Error, "IGD-5008", "25000"),
    ]
    for sql, kind, code, state in cases:
        with pytest.raises(kind) as caught:
            connection.execute(sql)
        assert code in ("", caught.value.code), sql
        assert state in (None, caught.value.sqlstate), sql
        assert "refused" not in str(caught.value).split("\n")[-1]
        assert "FlightSQL" not in str(caught.value)
    with pytest.raises(ingitdb_dbapi.ProgrammingError, match="peple") as caught:
        connection.execute("SELECT * FROM peple")
    assert "people" in caught.value.hint


def test_a_clash_is_tried_again(connect) -> None:
    connection, other = connect(), connect(autocommit=True)
    tries = []

    def work(session: Any) -> str:
        tries.append(1)
        session.execute("UPDATE fares SET price = price + 1 WHERE route = 'R1'")
        if len(tries) == 1:
            other.execute("UPDATE fares SET price = 20 WHERE route = 'R1'")
        return "done"

    assert connection.run(work) == "done"
    assert len(tries) == 2
    assert other.execute("SELECT price FROM fares").fetchone() == (Decimal("21.00"),)


def test_a_path_takes_no_password(shop) -> None:
    for options in ({"user": "a"}, {"tries": 3}):
        with pytest.raises(ingitdb_dbapi.InterfaceError):
            ingitdb_dbapi.connect(shop.path, **options)


def test_it_is_the_connection_of_the_engine(shop) -> None:
    with ingitdb_dbapi.connect(shop.path) as connection, ingitdb.connect(shop.path) as other:
        assert type(connection) is type(other)


@pytest.mark.parametrize(
    "address", ["http://h/x", "grpc:///x", "grpc://h:many/x", "grpc://u:secret@h:x/?nope=1"]
)
def test_wrong_addresses(address: str) -> None:
    with pytest.raises(ingitdb_dbapi.InterfaceError) as caught:
        ingitdb_dbapi.connect(address)
    assert "secret" not in str(caught.value)


def test_address_says_all(server, shop) -> None:
    address = f"grpc://desk:any@127.0.0.1:{server.port}/shop?ref=v1.0&schema=main&autocommit=true"
    with ingitdb_dbapi.connect(address) as connection:
        assert connection.execute("SELECT count(*) FROM people").fetchone() == (3,)
        standing = connection.options
        assert (standing["catalog"], standing["ref"]) == ("shop", "v1.0")
        assert connection.autocommit
        connection.set_ref("main")
        assert connection.execute("SELECT count(*) FROM people").fetchone() == (4,)
        with pytest.raises(ingitdb_dbapi.Error, match="nowhere"):
            connection.set_ref("nowhere")
    with pytest.raises(ingitdb_dbapi.Error, match="other"):
        ingitdb_dbapi.connect(f"{server.uri}/other")


def test_nobody_answers(server) -> None:
    address = server.uri
    with ingitdb_dbapi.connect(address, tries=2) as connection:
        connection.execute("SELECT 1").fetchall()
        server.stack.close()
        server.server.close()
        for sql in ("SELECT 1", "DELETE FROM fares"):
            with pytest.raises(ingitdb_dbapi.OperationalError):
                connection.execute(sql)
        connection.close()
    with pytest.raises(ingitdb_dbapi.OperationalError, match="refused"):
        ingitdb_dbapi.connect(address, tries=1)


def test_the_table_of_classes_is_the_engines() -> None:
    assert failures.CLASSES is CLASSES
    for name in ("Error", "Warning", "IntegrityError", "OperationalError"):
        assert getattr(ingitdb_dbapi, name) is getattr(ingitdb, name)


def test_a_read_outlives_a_restart_and_a_write_does_not(shop, tmp_path, monkeypatch) -> None:
    sleep = time.sleep
    with ExitStack() as stack:
        with running(tmp_path / "server", shop) as server:
            port = server.port
            connection = stack.enter_context(ingitdb_dbapi.connect(server.uri, tries=8))
            connection.execute("SELECT 1").fetchall()
        begun: list[Any] = []

        def start_and_sleep(seconds: float) -> None:
            if not begun:
                database = ingitdb.open(shop.path)
                databases = stack.enter_context(Databases([database]))
                begun.append(stack.enter_context(served(databases, key=KEY, port=port)))
            sleep(seconds)

        monkeypatch.setattr(time, "sleep", start_and_sleep)
        with pytest.raises(ingitdb_dbapi.OperationalError):
            connection.ingest("fares", pa.table({"route": ["Q"], "price": [1.0]}))
        assert not begun
        assert connection.execute("SELECT count(*) FROM fares").fetchall() == [(2,)]
        assert begun
        connection.close()
