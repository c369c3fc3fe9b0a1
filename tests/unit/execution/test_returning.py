"""RETURNING gives what a write has met: each record once, in the types of the columns."""

from typing import Any

import pytest

import ingitdb
from tests.support.opening import Opened, rows
from tests.support.repositories import RepoBuilder

HUGE = 170141183460469231731687303715884105727


@pytest.fixture
def table(repo: RepoBuilder, opened: Opened) -> Any:
    """A connection to a repository with the table `t`."""
    repo.config(user__name="Data Desk", user__email="data@example.org")
    repo.commit({"README.md": "Data\n"})
    connection = opened(repo)
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, n HUGEINT)")
    connection.execute(f"INSERT INTO t VALUES (1, {HUGE}), (2, 20)")
    return connection


@pytest.mark.parametrize(
    ("sql", "parameters", "expected"),
    [
        ("INSERT INTO t VALUES (?, ?) RETURNING n", [3, 30], [(30,)]),
        ("INSERT INTO t BY NAME SELECT 3 AS id, $n AS n RETURNING id", {"n": None}, [(3,)]),
        ("UPDATE t SET n = ? WHERE id = ? RETURNING n + 1", [21, 2], [(22,)]),
        ("UPDATE t SET n = $n WHERE id = 2 RETURNING *", {"n": 5}, [(2, 5)]),
        ("DELETE FROM t WHERE n = $n RETURNING id", {"n": 20}, [(2,)]),
    ],
)
def test_statements_with_parameters(table: Any, sql: str, parameters: Any, expected: Any) -> None:
    assert rows(table, sql, parameters) == expected


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO t VALUES (3, ?) RETURNING ?",
        "UPDATE t SET n = ? RETURNING n + ?",
        "DELETE FROM t WHERE n = ? RETURNING ?",
    ],
)
def test_returning_itself_takes_no_parameters(table: Any, sql: str) -> None:
    with pytest.raises(ingitdb.ProgrammingError, match="RETURNING takes no parameters"):
        table.execute(sql, [1, 2])


def test_values_keep_their_types(table: Any) -> None:
    found = rows(table, "DELETE FROM t WHERE id = 1 RETURNING n")
    assert found == [(HUGE,)]
    assert isinstance(found[0][0], int)


def test_a_record_that_several_rows_meet_is_deleted_once(table: Any) -> None:
    delete = "DELETE FROM t USING (VALUES (2), (2)) v (k) WHERE k = id RETURNING id"
    assert rows(table, delete) == [(2,)]


def test_a_unique_column_of_a_list_without_a_key_may_be_null(table: Any) -> None:
    table.execute("CREATE TABLE l (x INTEGER, code VARCHAR UNIQUE) WITH (format = 'csv')")
    insert = "INSERT OR IGNORE INTO l VALUES (1, NULL), (2, 'a'), (3, 'a') RETURNING x"
    assert sorted(rows(table, insert)) == [(1,), (2,)]


@pytest.mark.parametrize(
    ("sql", "kind", "sqlstate"),
    [
        ("ALTER TABLE t ADD COLUMN n INTEGER", ingitdb.ProgrammingError, "42601"),
        ("ALTER TABLE t DROP COLUMN id", ingitdb.ProgrammingError, None),
        ("ALTER TABLE t ALTER id DROP NOT NULL", ingitdb.ProgrammingError, None),
        ("ALTER TABLE t ALTER w SET NOT NULL", ingitdb.IntegrityError, "23502"),
        ("ALTER TABLE t ALTER w TYPE DATE", ingitdb.DataError, "22018"),
        ("ALTER TABLE t ALTER w TYPE TINYINT USING 300", ingitdb.DataError, "22003"),
        ("ALTER TABLE t ADD CHECK (id > 9)", ingitdb.IntegrityError, "23514"),
        ("INSERT INTO t (n) VALUES (1)", ingitdb.IntegrityError, "23502"),
        ("INSERT INTO t (id) VALUES ('x')", ingitdb.DataError, "22018"),
        ("INSERT OR IGNORE INTO t (id) VALUES ('x')", ingitdb.DataError, "22018"),
        ("UPDATE t SET n = w", ingitdb.DataError, "22018"),
        ("UPDATE t SET n = 1e50", ingitdb.DataError, "22003"),
        ("UPDATE t SET n = n // 0", ingitdb.DataError, "22012"),
        ("SELECT DATE '2020-99-01'", ingitdb.DataError, "22008"),
        (
            "MERGE INTO t USING (VALUES (1), (1)) u (i) ON id = i WHEN MATCHED THEN DELETE",
            ingitdb.DataError,
            "21000",
        ),
        ("UPDATE t SET", ingitdb.ProgrammingError, "42601"),
    ],
)
def test_kinds_of_errors(
    table: Any, sql: str, kind: type[ingitdb.Error], sqlstate: str | None
) -> None:
    table.execute("ALTER TABLE t ADD COLUMN w VARCHAR")
    table.execute("UPDATE t SET w = 'word' WHERE id = 1")
    with pytest.raises(kind) as met:
        table.execute(sql)
    assert met.value.sqlstate == sqlstate


def test_a_key_that_the_records_repeat(table: Any) -> None:
    table.execute("UPDATE t SET n = 7")
    with pytest.raises(ingitdb.IntegrityError, match='duplicate key "7"') as met:
        table.execute("ALTER TABLE t ADD UNIQUE (n)")
    assert met.value.sqlstate == "23505"


def test_a_row_of_an_ingr_file_that_is_there_already(table: Any) -> None:
    table.execute("CREATE TABLE r (id VARCHAR PRIMARY KEY, n INTEGER) WITH (format = 'ingr')")
    table.execute("INSERT INTO r VALUES ('a', 1)")
    with pytest.raises(ingitdb.IntegrityError) as met:
        table.execute("INSERT INTO r VALUES ('b', 1), ('a', 2)")
    assert met.value.sqlstate == "23505"
