"""The connection of PEP 249: module, connection, cursor, errors."""

import inspect
import threading
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

import ingitdb
from ingitdb import errors
from ingitdb.api import dbapi
from tests.support.opening import Opened, rows
from tests.support.repositories import RepoBuilder


@pytest.fixture
def connection(shop: RepoBuilder, opened: Opened):
    return opened(shop)


def test_the_module_says_what_it_is() -> None:
    assert (ingitdb.apilevel, ingitdb.threadsafety, ingitdb.paramstyle) == ("2.0", 1, "qmark")
    assert issubclass(ingitdb.Error, Exception)
    assert not issubclass(ingitdb.InterfaceError, ingitdb.DatabaseError)
    for name in ("Data", "Operational", "Integrity", "Internal", "Programming", "NotSupported"):
        assert issubclass(getattr(ingitdb, f"{name}Error"), ingitdb.DatabaseError)
        assert getattr(ingitdb.connect, "__module__", None)


def test_every_error_has_a_class() -> None:
    codes = {
        kind.code
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, errors.IngitdbError)
    }
    assert codes == set(dbapi.CLASSES)


@pytest.mark.parametrize(
    ("sql", "kind", "code"),
    [
        ("SELEC 1", "ProgrammingError", "IGD-5002"),
        ("", "ProgrammingError", "IGD-5002"),
        ("SELECT * FROM nowhere", "ProgrammingError", "IGD-4101"),
        ("SELECT m FROM items", "ProgrammingError", "IGD-4103"),
        ("SELECT * FROM items AS OF 'nope'", "ProgrammingError", "IGD-2004"),
        ("SELECT 1/0::INT, 'x'::INT", "DataError", "IGD-5001"),
        ("SELECT ?", "ProgrammingError", "IGD-5002"),
        ("MERGE BRANCH other", "NotSupportedError", "IGD-5003"),
        ("SELECT * FROM read_csv('/etc/passwd')", "NotSupportedError", "IGD-5003"),
        ("COPY items TO '/tmp/x'", "NotSupportedError", "IGD-5003"),
    ],
)
def test_errors(connection, sql: str, kind: str, code: str) -> None:
    with pytest.raises(getattr(ingitdb, kind)) as caught:
        connection.execute(sql).fetchall()
    assert caught.value.code == code
    assert getattr(connection, kind) is type(caught.value)


def test_no_repository(tmp_path: Path) -> None:
    settings = ingitdb.Settings(cache=tmp_path / "c")
    with pytest.raises(ingitdb.OperationalError) as caught:
        ingitdb.connect(tmp_path, settings=settings)
    assert caught.value.hint


def test_a_ref_that_does_not_exist(shop: RepoBuilder, opened: Opened) -> None:
    with pytest.raises(ingitdb.ProgrammingError):
        opened(shop, "nope").execute("SELECT 1")


def test_an_empty_ref_is_none_of_ours(shop: RepoBuilder, opened: Opened) -> None:
    with pytest.raises(ingitdb.ProgrammingError, match="no commit"):
        rows(opened(shop, ""), "SELECT 1")
    with pytest.raises(errors.RefNotFound):
        opened(shop).database.tables("")


def test_fetching(connection) -> None:
    cursor = connection.execute("SELECT range AS n FROM range(10)")
    assert cursor.description == [("n", "BIGINT", None, None, None, None, None)]
    assert cursor.rowcount == -1
    assert cursor.fetchone() == (0,)
    assert cursor.fetchmany() == [(1,)]
    assert cursor.fetchmany(0) == []
    assert cursor.fetchmany(2) == [(2,), (3,)]
    cursor.arraysize = 3
    assert cursor.fetchmany() == [(4,), (5,), (6,)]
    assert next(cursor) == (7,)
    assert list(cursor) == [(8,), (9,)]
    assert cursor.fetchone() is None
    assert cursor.fetchall() == []


def test_before_and_after(connection) -> None:
    cursor = connection.cursor()
    assert cursor.description is None
    for call in (cursor.fetchone, cursor.fetchall, lambda: iter(cursor), lambda: next(cursor)):
        with pytest.raises(ingitdb.InterfaceError):
            call()
    cursor.execute("BEGIN")
    assert cursor.description is None
    cursor.execute("SELECT 1")
    cursor.setinputsizes([1])
    cursor.setoutputsize(1)
    cursor.close()
    for call in (cursor.fetchone, lambda: cursor.execute("SELECT 1")):
        with pytest.raises(ingitdb.InterfaceError):
            call()
    connection.commit()
    connection.rollback()
    open_one = connection.execute("SELECT 1")
    connection.close()
    connection.close()
    for call in (connection.cursor, connection.commit, open_one.fetchone):
        with pytest.raises(ingitdb.InterfaceError):
            call()


def test_executemany(connection) -> None:
    cursor = connection.cursor().executemany("SELECT ? + 1", [[1], [2]])
    assert cursor.fetchall() == [(3,)]


def test_parameters(connection) -> None:
    assert rows(connection, "SELECT n FROM items WHERE _key = ?", ["b"]) == [("3",)]
    assert rows(connection, "SELECT n FROM items WHERE _key = $key", {"key": "b"}) == [("3",)]
    assert rows(connection, "SELECT $2 || $1", ["a", "b"]) == [("ba",)]
    hostile = "x' OR 1=1 --"
    assert rows(connection, "SELECT count(*) FROM items WHERE _key = ?", [hostile]) == [(0,)]
    assert rows(connection, "SELECT ?", [hostile]) == [(hostile,)]
    assert rows(connection, "SELECT ? FROM items AS OF ? LIMIT ?", [1, "v1.0", 1]) == [(1,)]


def test_values(connection) -> None:
    sql = (
        "SELECT 170141183460469231731687303715884105727::HUGEINT, 1.50::DECIMAL(5,2),"
        " MAP {'a': 1}, {'x': [1, NULL]}, NULL, 'NaN'::DOUBLE = 'NaN'::DOUBLE,"
        " JSON '{\"a\":1.10}', '\\x00'::BLOB, INTERVAL 1 DAY"
    )
    (row,) = rows(connection, sql)
    assert row[0] == 2**127 - 1
    assert row[1] == Decimal("1.50")
    assert row[2:8] == ({"a": 1}, {"x": [1, None]}, None, True, '{"a":1.10}', b"\0")
    zones = "SELECT unnest([NULL, TIMESTAMPTZ '2024-01-05 10:00:00+02'])"
    found = rows(connection, zones)
    assert found[0] == (None,)
    assert found[1][0].isoformat() == "2024-01-05T08:00:00+00:00"


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("sum(n)", 3),
        ("170141183460469231731687303715884105727::HUGEINT", 2**127 - 1),
        ("340282366920938463463374607431768211455::UHUGEINT", 2**128 - 1),
        ("'10:00:00+02'::TIMETZ", "10:00:00+02"),
        ("'0101'::BIT", "0101"),
    ],
)
def test_values_that_arrow_has_no_type_for(connection, sql: str, value: object) -> None:
    cursor = connection.execute(
        f"SELECT {sql} AS x, {sql} AS x FROM (VALUES (1), (2)) t(n) LIMIT 1"
    )
    assert [column[0] for column in cursor.description] == ["x", "x"]
    assert cursor.fetchall() == [(value, value)]
    assert connection.execute(f"SELECT {sql} x FROM range(1, 3) t(n)").arrow().num_rows > 0


def test_values_that_nothing_can_carry(connection) -> None:
    with pytest.raises(ingitdb.NotSupportedError, match="UHUGEINT"):
        connection.execute("SELECT [1::UHUGEINT]")
    endless = connection.execute("SELECT TIMESTAMP 'infinity'")
    with pytest.raises(ingitdb.DataError, match="Python"):
        endless.fetchall()


def test_arrow_and_frames(connection) -> None:
    sql = "SELECT range AS n FROM range(100000)"
    table = connection.execute(sql).arrow()
    assert table.schema == pa.schema([("n", pa.int64())])
    assert table.num_rows == 100_000
    assert sum(batch.num_rows for batch in connection.execute(sql).reader()) == 100_000


def test_a_limit_of_rows(shop: RepoBuilder, opened: Opened) -> None:
    limited = opened(shop, max_rows=2)
    assert len(rows(limited, "SELECT * FROM range(2)")) == 2
    for read in (lambda c: c.fetchall(), list, lambda c: c.arrow(), lambda c: c.fetchone()):
        with pytest.raises(ingitdb.OperationalError, match="2 rows"):
            read(limited.execute("SELECT * FROM range(3)"))


def test_a_limit_of_time(shop: RepoBuilder, opened: Opened) -> None:
    slow = "SELECT count(*) FROM range(100000) a, range(1000000) b WHERE a.range * b.range = 7"
    limited = opened(shop, timeout=1.5)
    with pytest.raises(ingitdb.OperationalError, match=r"1\.5 seconds"):
        limited.execute(slow).fetchall()
    assert rows(limited, "SELECT 1") == [(1,)]
    connection = opened(shop)
    stopped = threading.Event()

    def insist() -> None:
        while not stopped.wait(0.2):  # the first time it may not run yet
            connection.interrupt()

    insisting = threading.Thread(target=insist)
    insisting.start()
    with pytest.raises(ingitdb.OperationalError, match="stopped"):
        connection.execute(slow).fetchall()
    stopped.set()
    insisting.join()
    assert rows(connection, "SELECT 1") == [(1,)]


def test_notebook(connection) -> None:
    shown = connection.execute("SELECT '<b>' AS \"<i>\", NULL AS x")._repr_html_()
    assert "&lt;b&gt;" in shown
    assert "&lt;i&gt;" in shown
    assert "<em>NULL</em>" in shown
    assert str(connection.commit_id)[:12] in shown
    assert "first 20 rows" in connection.execute("FROM range(30)")._repr_html_()


def test_a_notebook_shows_nothing_of_a_statement_without_rows(connection) -> None:
    assert connection.execute("USE main")._repr_html_() is None
    assert connection.cursor()._repr_html_() is None


def test_unreadable_files(shop: RepoBuilder, opened: Opened) -> None:
    shop.commit({"items/bad.json": "{", "items/worse.json": "["})
    connection = opened(shop)
    cursor = connection.execute("SELECT count(*) FROM items")
    assert cursor.fetchall() == [(2,)]
    assert "items/bad.json" in cursor.notes[0]
    assert "1 more" in cursor.notes[0]
    assert connection.execute("SELECT count(*) FROM items AS OF 'v1.0'").notes == []
    found = rows(connection, "SELECT path, line, severity FROM unreadable()")
    assert found == [("items/bad.json", 1, "error"), ("items/worse.json", 1, "error")]


def test_strict(shop: RepoBuilder, opened: Opened) -> None:
    shop.commit({"items/bad.json": "{"})
    shop.branch("later")
    shop.commit({"items/bad.json": None})
    connection = opened(shop, strict=True)
    assert rows(connection, "SELECT count(*) FROM items") == [(2,)]
    for table in ("items AS OF 'main'", '"shop/main".items', "versions('shop/main.items')"):
        with pytest.raises(ingitdb.DataError, match=r"bad\.json") as caught:
            connection.execute(f"SELECT count(*) FROM {table}")
        assert caught.value.code == "IGD-3003"
    connection.execute("USE BRANCH main")
    assert len(rows(connection, "SELECT * FROM unreadable()")) == 1


def test_many_texts_that_repeat_or_do_not(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({"t.csv": "n\n1\n"})
    sql = "SELECT CASE WHEN i % 5 > 0 THEN 'x' || i % {} END FROM range(5000) r(i) ORDER BY i"
    for many in (3, 700, 5000):
        expected = [(f"x{i % many}" if i % 5 else None,) for i in range(5000)]
        assert rows(opened(repo), sql.format(many)) == expected


def test_many_instants_some_of_them_null(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({"t.csv": "n\n1\n"})
    instants = "CASE WHEN i % 3 > 0 THEN TIMESTAMPTZ '2024-05-01 10:00:00+02' + to_hours(i % 5) END"
    sql = f"SELECT {instants}, CAST({instants} AS TIMESTAMP) FROM range({{}}) r(i) ORDER BY i"
    connection = opened(repo)
    few = [
        row
        for start in (0, 30, 60)
        for row in rows(connection, sql.format(f"{start}, {start + 30}"))
    ]
    assert rows(connection, sql.format(90)) == few
    assert {type(value) for value, _ in few} == {datetime, type(None)}
