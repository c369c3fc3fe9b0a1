"""Every spelling of a version leads to the same rows."""

from datetime import UTC, date, datetime

import pytest

import ingitdb
from tests.support.opening import Opened, rows
from tests.support.repositories import RepoBuilder

FIRST = [("a", 1), ("b", 2)]
SECOND = [("a", 1), ("b", 3)]
LAST = [("b", "3"), ("c", "four")]
SIDE = [("a", 1), ("b", 3), ("d", 40)]


@pytest.mark.parametrize(
    "table",
    [
        "items AS OF 'v1.0'",
        "items AS OF 'main~2'",
        "items AS OF '2026-01-01T13:00:00Z'",
        "items AS OF TIMESTAMP '2026-01-02'",
        "items AS OF TIMESTAMP '2026-01-02 03:00:00+02:00'",
        "items AT (VERSION => 'v1.0')",
        "items AT (TIMESTAMP => TIMESTAMP '2026-01-03' - INTERVAL 1 DAY)",
        "items AT (TIMESTAMP => '2026-01-02')",
        "items FOR SYSTEM_TIME AS OF TIMESTAMP '2026-01-02'",
        "items FOR SYSTEM_TIME AS OF 'v1.0'",
        '"shop/v1.0".items',
        '"shop/v1.0".main.items',
        '"items@v1.0"',
        '"items@main~2"',
        'main."items@v1.0"',
        "items i AS OF 'v1.0'",
        "items AS OF 'v1.0' AS i",
    ],
)
def test_spellings(shop: RepoBuilder, opened: Opened, table: str) -> None:
    assert rows(opened(shop), f"SELECT * FROM {table}") == FIRST


@pytest.mark.parametrize(
    "value",
    [
        "v1.0",
        "2026-01-02",
        date(2026, 1, 2),
        datetime(2026, 1, 2, tzinfo=UTC).replace(tzinfo=None),
        datetime(2026, 1, 2, tzinfo=UTC),
    ],
)
def test_parameters(shop: RepoBuilder, opened: Opened, value: object) -> None:
    connection = opened(shop)
    assert rows(connection, "SELECT * FROM items AS OF ? WHERE n < ?", [value, 2]) == FIRST[:1]
    named = "SELECT * FROM items AS OF $at WHERE n < $most"
    assert rows(connection, named, {"at": value, "most": 2}) == FIRST[:1]


def test_a_parameter_that_is_no_version(shop: RepoBuilder, opened: Opened) -> None:
    with pytest.raises(ingitdb.ProgrammingError, match="cannot be 7"):
        opened(shop).execute("SELECT * FROM items AS OF ?", [7])


def test_at_sign_with_a_plain_branch(shop: RepoBuilder, opened: Opened) -> None:
    assert rows(opened(shop), "SELECT * FROM items@dev") == SIDE


def test_head_and_side_branch(shop: RepoBuilder, opened: Opened) -> None:
    connection = opened(shop)
    assert rows(connection, "SELECT * FROM items") == LAST
    assert rows(connection, "SELECT * FROM items AS OF 'dev'") == SIDE
    assert rows(connection, "SELECT * FROM items AS OF 'dev~1'") == SECOND
    assert rows(opened(shop, "dev"), "SELECT * FROM items") == SIDE
    assert rows(opened(shop, "dev"), "SELECT * FROM items AS OF 'main'") == LAST


def test_dates_are_met_from_the_tip_of_the_session(shop: RepoBuilder, opened: Opened) -> None:
    connection = opened(shop, "dev")
    for table in (
        "items AS OF '2026-01-03T23:00:00'",
        "items AS OF TIMESTAMP '2026-01-03 23:00:00'",
        "items AT (TIMESTAMP => TIMESTAMP '2026-01-03 23:00:00')",
    ):
        assert rows(connection, f"SELECT * FROM {table}") == SIDE
    assert (
        rows(opened(shop), "SELECT * FROM \"shop/dev\".items AS OF TIMESTAMP '2026-01-09'") == SIDE
    )


def test_a_ref_that_looks_like_a_date_wins(shop: RepoBuilder, opened: Opened) -> None:
    shop.git("branch", "2026-01-09", "v1.0")
    assert rows(opened(shop), "SELECT * FROM items AS OF '2026-01-09'") == FIRST


def test_before_the_first_commit(shop: RepoBuilder, opened: Opened) -> None:
    with pytest.raises(ingitdb.ProgrammingError, match="2026-01-01"):
        opened(shop).execute("SELECT * FROM items AS OF '2020-01-01'")


def test_unknown_ref_names_the_nearest(shop: RepoBuilder, opened: Opened) -> None:
    with pytest.raises(ingitdb.ProgrammingError, match="dev"):
        opened(shop).execute("SELECT * FROM items AS OF 'devv'")


def test_each_table_at_its_own_version(shop: RepoBuilder, opened: Opened) -> None:
    sql = (
        "SELECT old._key, old.n, new.n FROM items AS OF 'v1.0' old"
        " JOIN items AS OF 'dev' new ON old._key = new._key ORDER BY ALL"
    )
    assert rows(opened(shop), sql) == [("a", 1, 1), ("b", 2, 3)]


def test_types_are_those_of_the_commit(shop: RepoBuilder, opened: Opened) -> None:
    connection = opened(shop)
    for at, kind in (("v1.0", "BIGINT"), ("dev", "BIGINT"), ("main", "VARCHAR")):
        assert rows(connection, f"DESCRIBE items AS OF '{at}'")[1][:2] == ("n", kind)


def test_a_table_that_does_not_exist_yet(shop: RepoBuilder, opened: Opened) -> None:
    with pytest.raises(ingitdb.ProgrammingError, match="stores"):
        opened(shop).execute("SELECT * FROM stores AS OF 'v1.0'")


def test_show_tables_as_of(shop: RepoBuilder, opened: Opened) -> None:
    connection = opened(shop)
    assert rows(connection, "SHOW TABLES AS OF 'v1.0'") == [("main", "items", 2, 2, ["_key"])]
    assert [row[1] for row in rows(connection, "SHOW TABLES")] == ["items", "stores"]
    assert rows(connection, "SHOW TABLES AS OF ?", ["v1.0"])[0][1] == "items"


def test_use_moves_the_session(shop: RepoBuilder, opened: Opened) -> None:
    connection = opened(shop)
    connection.execute('USE "shop/dev"')
    assert rows(connection, "SELECT * FROM items") == SIDE
    connection.execute("USE BRANCH main")
    assert rows(connection, "SELECT * FROM items") == LAST
    connection.execute('USE "shop/v1.0".main')
    assert rows(connection, "SELECT * FROM items") == FIRST
    connection.execute("USE shop")
    assert rows(connection, "SELECT * FROM items") == LAST


def test_a_session_follows_its_branch(shop: RepoBuilder, opened: Opened) -> None:
    connection = opened(shop)
    assert rows(connection, "SELECT count(*) FROM items") == [(2,)]
    tip = shop.commit({"items/e.json": '{"n": 5}'})
    assert rows(connection, "SELECT count(*) FROM items") == [(3,)]
    assert connection.commit_id == tip


def test_begin_holds_the_commit(shop: RepoBuilder, opened: Opened) -> None:
    connection = opened(shop)
    connection.execute("BEGIN")
    shop.commit({"items/e.json": '{"n": 5}'})
    assert rows(connection, "SELECT count(*) FROM items") == [(2,)]
    connection.execute("COMMIT")
    assert rows(connection, "SELECT count(*) FROM items") == [(3,)]


def test_working_staged_and_empty(shop: RepoBuilder, opened: Opened) -> None:
    connection = opened(shop)
    shop.write("items/e.json", '{"n": 5}')
    assert rows(connection, "SELECT count(*) FROM items AS OF 'WORKING'") == [(3,)]
    assert rows(connection, "SELECT count(*) FROM items AS OF 'STAGED'") == [(2,)]
    shop.git("add", "--all")
    shop.write("items/e.json", '{"n": 6}')
    staged = "SELECT n FROM items AS OF 'STAGED' WHERE _key = 'e'"
    assert rows(connection, staged) == [("5",)]
    assert rows(connection, staged.replace("STAGED", "WORKING")) == [("6",)]
    assert rows(connection, "SHOW TABLES AS OF 'EMPTY'") == []
    with pytest.raises(ingitdb.ProgrammingError):
        connection.execute("SELECT * FROM items AS OF 'EMPTY'")


def test_a_session_on_the_work_tree(shop: RepoBuilder, opened: Opened) -> None:
    connection = opened(shop, "WORKING")
    for number in range(3):
        shop.write("items/e.json", f'{{"n": {number}}}')
        assert rows(connection, "SELECT n FROM items WHERE _key = 'e'") == [(str(number),)]
    assert rows(connection, "SELECT count(*) FROM git_log()") == [(3,)]


def test_the_law_within_a_session(shop: RepoBuilder, opened: Opened) -> None:
    connection = opened(shop)
    before = rows(connection, "SELECT * FROM items AS OF 'v1.0'")
    for number in range(4):
        shop.commit({f"items/n{number}.yaml": f"n: [{number}]\nmore: {{a: 1.10}}\n"})
        assert rows(connection, "SELECT * FROM items AS OF 'v1.0'") == before
        assert rows(connection, "SELECT count(*) FROM items") == [(3 + number,)]


def test_a_table_that_is_gone_or_cannot_be_read(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({"gone.csv": "n\n1\n", "t/a.json": '{"n": 1}'})
    last = repo.tip()
    ragged = "a,b\n1,2\n3,4,5\n"
    repo.commit({"gone.csv": None, "ragged.csv": ragged, "cut.json": '[{"a": 1}', "t/b.json": "{"})
    connection = opened(repo)
    with pytest.raises(ingitdb.ProgrammingError, match=f"AS OF '{last[:12]}'"):
        connection.execute("FROM gone")
    with pytest.raises(ingitdb.DataError, match=r"cut\.json:1"):
        connection.execute("FROM cut")
    with pytest.raises(ingitdb.DataError, match=r"cut\.json:1"):
        connection.execute('FROM "cut.json"')
    assert rows(connection, "FROM ragged") == [(1, 2)]
    assert rows(connection, "SELECT path, line FROM unreadable() WHERE path = 'ragged.csv'") == [
        ("ragged.csv", 3)
    ]
    assert rows(connection, "SELECT n FROM t") == [(1,)]
