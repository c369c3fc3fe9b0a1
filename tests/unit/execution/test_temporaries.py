"""CREATE TEMP TABLE: tables of a session that no commit holds."""

import pyarrow as pa
import pytest

import ingitdb
from tests.support.opening import Opened, rows
from tests.support.repositories import RepoBuilder


@pytest.fixture
def repo(repo: RepoBuilder) -> RepoBuilder:
    """Ports, a file each."""
    repo.config(user__name="Data Desk", user__email="data@example.org")
    repo.commit({"ports/oslo.yaml": "berths: 6\n", "ports/bergen.yaml": "berths: 4\n"})
    return repo


def test_a_query_makes_one(repo: RepoBuilder, opened: Opened) -> None:
    db = opened(repo)
    db.execute("CREATE TEMP TABLE big AS SELECT _key, berths FROM ports WHERE berths > ?", [5])
    assert rows(db, "FROM big") == [("oslo", 6)]
    assert rows(db, "SELECT b.berths FROM temp.big b JOIN ports USING (_key)") == [(6,)]
    db.execute("CREATE OR REPLACE TEMPORARY TABLE big (n) AS SELECT count(*) FROM big")
    assert rows(db, "FROM big") == [(1,)]
    db.execute("CREATE LOCAL TEMP TABLE IF NOT EXISTS big AS SELECT 7 AS n")
    assert rows(db, "FROM big") == [(1,)]
    db.execute("CREATE TEMP TABLE none AS SELECT 7 AS n WITH NO DATA")
    assert rows(db, "FROM none") == []


def test_columns_make_one_and_rows_come(repo: RepoBuilder, opened: Opened) -> None:
    db = opened(repo)
    db.execute("CREATE TEMP TABLE t (k VARCHAR PRIMARY KEY, n INTEGER DEFAULT 1)")
    assert db.execute("INSERT INTO t (n, k) VALUES (?, ?), (2, 'b')", [1, "a"]).rowcount == 2
    assert db.execute("INSERT INTO t SELECT _key, berths FROM ports AS OF 'HEAD'").rowcount == 2
    db.cursor().executemany("INSERT INTO t (k) VALUES (?)", [["x"], ["y"]])
    assert rows(db, "SELECT sum(n), count(*) FROM t") == [(15, 6)]
    with pytest.raises(ingitdb.DataError, match="Duplicate key"):
        db.execute("INSERT INTO t VALUES ('a', 1)")
    with pytest.raises(ingitdb.NotSupportedError, match="only added"):
        db.execute("UPDATE t SET n = 2")
    assert db.execute("DELETE FROM t").rowcount == 6
    db.execute("DROP TABLE t")
    with pytest.raises(ingitdb.ProgrammingError, match="'t' does not exist"):
        db.execute("FROM t")


def test_the_repository_stays_as_it_is(repo: RepoBuilder, opened: Opened) -> None:
    db, other = opened(repo), opened(repo)
    before = repo.tip()
    db.execute("CREATE TEMP TABLE mine AS SELECT 1 AS n")
    assert (repo.tip(), repo.git("status", "--porcelain")) == (before, "")
    with pytest.raises(ingitdb.ProgrammingError, match="mine"):
        other.execute("FROM mine")
    with pytest.raises(ingitdb.ProgrammingError, match="'ports' in the repository"):
        db.execute("CREATE TEMP TABLE ports AS SELECT 1 AS n")
    db.execute("INSERT INTO ports (_key, berths) SELECT 'moss', n FROM mine")
    assert repo.git("show", "HEAD:ports/moss.yaml") == "berths: 1"
    assert rows(db, "SELECT count(*) FROM ports") == [(3,)]


def test_a_table_that_comes_is_found_first(repo: RepoBuilder, opened: Opened) -> None:
    db = opened(repo)
    db.execute("CREATE TEMP TABLE late AS SELECT 'temporary' AS kind")
    assert rows(db, "FROM late") == [("temporary",)]
    repo.commit({"late.csv": "kind\ncommitted\n"})
    assert rows(db, "FROM late") == [("committed",)]
    assert rows(db, "FROM temp.late") == [("temporary",)]


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("CREATE TEMP VIEW v AS SELECT 1", "not kept"),
        ("CREATE TEMP TABLE main.t (a INTEGER)", "no schema"),
        ("CREATE TEMP TABLE t (a INTEGER) WITH (format = 'csv')", "no file"),
        ("CREATE TEMP TABLE t AS FROM read_csv('/etc/passwd')", "read_csv"),
        ("CREATE TEMP TABLE t AS SELECT * FROM nowhere", "nowhere"),
    ],
)
def test_what_is_refused(repo: RepoBuilder, opened: Opened, sql: str, words: str) -> None:
    with pytest.raises(ingitdb.Error, match=words):
        opened(repo).execute(sql)


def test_arrow_fills_one(repo: RepoBuilder, opened: Opened) -> None:
    session = opened(repo)._session
    session.ingest("held", pa.table({"a": [1, 2]}), "create", is_temporary=True)
    session.ingest("held", pa.table({"a": [3]}), "append", is_temporary=True)
    with session.execute("SELECT sum(a) FROM held") as result:
        assert result.reader().read_all().to_pylist() == [{"sum(a)": 6}]
    with pytest.raises(ingitdb.errors.CatalogError, match="already"):
        session.ingest("held", pa.table({"a": [3]}), "create", is_temporary=True)
