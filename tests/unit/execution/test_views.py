"""Views are files of SQL, read like tables at every commit."""

from typing import Any

import pytest

import ingitdb
from tests.support.opening import Opened, rows, types
from tests.support.repositories import RepoBuilder


@pytest.fixture
def data(repo: RepoBuilder) -> RepoBuilder:
    """Two tables, and someone who writes."""
    repo.git("config", "user.name", "Ports Desk")
    repo.git("config", "user.email", "ports@example.org")
    repo.commit({"fares.csv": "route,price\nR1,9.50\nR2,12.00\n", "geo/a.yaml": "name: Oslo\n"})
    return repo


@pytest.fixture
def connection(data: RepoBuilder, opened: Opened) -> Any:
    """A connection in autocommit."""
    found = opened(data)
    found.autocommit = True
    return found


def refused(connection: Any, sql: str, *words: str) -> None:
    with pytest.raises(ingitdb.Error) as caught:
        connection.execute(sql).fetchall()
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_a_view_is_its_query_as_typed(data: RepoBuilder, connection: Any) -> None:
    query = "SELECT  route, price -- the cheap ones\n  FROM fares WHERE price < 10"
    connection.execute(f"CREATE VIEW cheap AS\n  {query}")
    assert (data.path / ".ingitdb/views/cheap.sql").read_text() == f"{query}\n"
    assert types(connection, "FROM cheap") == types(connection, "FROM fares")
    assert data.git("status", "--porcelain") == ""


USES = [
    "SELECT route FROM cheap",
    "SELECT cheap.route FROM cheap",
    "SELECT c.route FROM cheap AS c",
    "SELECT CHEAP.route FROM Cheap",
    "SELECT c.x FROM cheap c (x, y)",
    "SELECT route FROM cheap JOIN fares USING (route)",
    "SELECT route FROM main.cheap",
    'SELECT route FROM "shop".cheap',
    'SELECT route FROM "cheap@HEAD"',
    "SELECT route FROM cheap AS OF 'HEAD'",
    "SELECT route FROM cheap AT (VERSION => 'main') AS c",
    "WITH x AS (TABLE cheap) SELECT route FROM x",
    "SELECT route FROM (TABLE cheap UNION TABLE cheap)",
    "SELECT (SELECT route FROM cheap)",
    "SELECT min FROM (SUMMARIZE cheap) WHERE column_name = 'route'",
]


@pytest.mark.parametrize("sql", USES)
def test_wherever_a_table_stands(sql: str, connection: Any) -> None:
    connection.execute("CREATE VIEW cheap AS SELECT route, price FROM fares WHERE price < 10")
    assert rows(connection, sql) == [("R1",)]
    assert rows(connection, sql) == [("R1",)]


def test_at_a_commit_a_view_reads_that_commit(data: RepoBuilder, connection: Any) -> None:
    connection.execute("CREATE VIEW total AS SELECT sum(price) AS s FROM fares")
    connection.execute("DELETE FROM fares WHERE route = 'R2'")
    assert rows(connection, "SELECT CAST(s AS DOUBLE) FROM total") == [(9.5,)]
    assert rows(connection, "SELECT CAST(s AS DOUBLE) FROM total AS OF 'HEAD~1'") == [(21.5,)]
    assert rows(
        connection,
        "SELECT CAST(a.s - b.s AS DOUBLE) FROM total AS OF 'HEAD~1' a, total b",
    ) == [(12.0,)]
    refused(connection, "FROM total AS OF 'HEAD~2'", "total")
    connection.execute(
        "CREATE VIEW before AS SELECT count(*) AS n FROM fares AS OF 'HEAD~2'"
        " UNION ALL SELECT count(*) FROM git_log()"
    )
    assert sorted(rows(connection, "FROM before")) == [(2,), (4,)]
    data.write(".ingitdb/views/fresh.sql", "SELECT 1 AS one;\n")
    assert rows(connection, "FROM fresh AS OF 'WORKING'") == [(1,)]


def test_views_of_views_with_names_of_their_own(connection: Any) -> None:
    connection.execute('CREATE VIEW a (r, "p p") AS SELECT route, price, 1 AS one FROM fares')
    connection.execute("CREATE VIEW b AS SELECT r, one FROM a")
    assert list(types(connection, "FROM a")) == ["r", "p p", "one"]
    assert rows(connection, "FROM b WHERE r = 'R1'") == [("R1", 1)]
    refused(connection, "DROP VIEW a", "b")
    connection.execute("CREATE OR REPLACE VIEW a AS SELECT 'x' AS r, 2 AS one")
    assert rows(connection, "FROM b") == [("x", 2)]
    connection.execute("ALTER VIEW b RENAME TO c")
    assert rows(connection, "FROM c") == [("x", 2)]
    refused(connection, "FROM b", "b")
    connection.execute("DROP VIEW a CASCADE")
    refused(connection, "FROM c", "c")
    connection.execute("DROP VIEW IF EXISTS a")
    refused(connection, "DROP VIEW a", "a")


def test_a_view_lies_in_its_schema(data: RepoBuilder, connection: Any) -> None:
    connection.execute("CREATE SCHEMA report")
    connection.execute('CREATE VIEW report."a/b" AS SELECT 1 AS one')
    connection.execute('CREATE VIEW report.two AS SELECT one + 1 AS two FROM "a/b"')
    assert (data.path / ".ingitdb/views/report/a%2Fb.sql").exists()
    assert rows(connection, "FROM report.two") == [(2,)]
    refused(connection, "CREATE VIEW nowhere.x AS SELECT 1", "CREATE SCHEMA")
    connection.execute("DROP SCHEMA report CASCADE")
    assert not (data.path / ".ingitdb/views").exists()


def test_a_view_that_reads_itself(data: RepoBuilder, connection: Any) -> None:
    data.commit(
        {".ingitdb/views/a.sql": "FROM b", ".ingitdb/views/b.sql": "SELECT * FROM a, fares"}
    )
    refused(connection, "FROM a", "reads itself", ".ingitdb/views/b.sql")
    refused(connection, "CREATE OR REPLACE VIEW a AS FROM a", "reads itself")


def test_a_view_that_no_longer_binds_is_named(data: RepoBuilder, connection: Any) -> None:
    connection.execute("CREATE VIEW v AS SELECT price FROM fares")
    connection.execute("CREATE VIEW w AS FROM v")
    connection.execute("ALTER TABLE fares RENAME COLUMN price TO cost")
    refused(connection, "FROM w", ".ingitdb/views/v.sql", "price")
    connection.execute("CREATE OR REPLACE VIEW v AS SELECT cost FROM fares")
    assert len(rows(connection, "FROM w")) == 2
    refused(connection, "DROP TABLE fares", "v")
    refused(connection, "ALTER TABLE fares RENAME TO tariffs", "v")
    connection.execute("DROP TABLE fares CASCADE")
    assert data.git("ls-files", ".ingitdb/views") == ""


@pytest.mark.parametrize(
    ("sql", "word"),
    [
        ("CREATE VIEW fares AS SELECT 1", "already"),
        ("CREATE VIEW v AS SELECT * FROM nowhere", "nowhere"),
        ("CREATE VIEW v AS SELECT nothing FROM fares", "nothing"),
        ("CREATE VIEW v (a, b) AS SELECT 1", "2 columns"),
        ("CREATE VIEW v AS DELETE FROM fares", "query"),
        ("CREATE VIEW v AS SELECT * FROM read_csv('/etc/passwd')", "read_csv"),
        ("CREATE VIEW v AS SELECT $x", "parameters"),
        ("CREATE TABLE there AS SELECT 1 AS a", "view"),
        ("DROP TABLE there", "view"),
        ("DROP VIEW fares", "table"),
        ("CREATE VIEW there AS SELECT 2", "already"),
        ("INSERT INTO there VALUES (1)", "there"),
    ],
)
def test_what_is_refused(sql: str, word: str, connection: Any) -> None:
    connection.execute("CREATE VIEW there AS SELECT 1 AS a")
    connection.execute("CREATE VIEW IF NOT EXISTS there AS SELECT 2 AS a")
    refused(connection, sql, word)
    assert rows(connection, "FROM there") == [(1,)]
