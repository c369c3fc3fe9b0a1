"""Transactions: what a session reads and undoes, what a commit holds, what clashes."""

from typing import Any

import pytest

import ingitdb
from tests.support.opening import Opened, rows
from tests.support.repositories import RepoBuilder


@pytest.fixture
def data(repo: RepoBuilder) -> RepoBuilder:
    """A table of fares in one file, and one of ports with a file each."""
    repo.commit(
        {
            "fares.csv": "route,price\nR1,10\nR2,20\nR3,30\n",
            "ports/oslo.yaml": "name: Oslo\nberths: 4\n",
            "ports/bodo.yaml": "name: Bodø\nberths: 2\n",
        }
    )
    return repo


def commits(repo: RepoBuilder) -> int:
    return int(repo.git("rev-list", "--count", "HEAD"))


def prices(connection: Any) -> dict[str, int]:
    return dict(rows(connection, "SELECT route, price FROM fares"))


def test_a_transaction_is_one_commit(data: RepoBuilder, opened: Opened) -> None:
    one = opened(data)
    one.execute("BEGIN")
    one.execute("UPDATE fares SET price = 11 WHERE route = 'R1'")
    one.execute("INSERT INTO ports (_key, name) VALUES ('moss', 'Moss')")
    one.execute("DELETE FROM fares WHERE route = 'R2'")
    assert prices(one) == {"R1": 11, "R3": 30}
    assert commits(data) == 1
    one.execute("COMMIT")
    assert commits(data) == 2
    assert data.git("show", "HEAD:fares.csv") == "route,price\nR1,11\nR3,30"
    assert (
        data.git("log", "-1", "--format=%s")
        == "3 statements: UPDATE fares, INSERT ports, DELETE fares"
    )
    data.git("fsck", "--strict")


def test_others_see_nothing_before_the_commit(data: RepoBuilder, opened: Opened) -> None:
    one, other = opened(data), opened(data)
    one.execute("BEGIN; UPDATE fares SET price = 0")
    assert prices(other) == {"R1": 10, "R2": 20, "R3": 30}
    one.execute("COMMIT")
    assert prices(other) == {"R1": 0, "R2": 0, "R3": 0}


def test_a_transaction_reads_what_it_began_at(data: RepoBuilder, opened: Opened) -> None:
    one, other = opened(data), opened(data)
    one.execute("BEGIN")
    other.execute("UPDATE fares SET price = 0")
    assert prices(one)["R1"] == 10
    one.execute("COMMIT")
    assert prices(one)["R1"] == 0


def test_rollback_leaves_no_trace(data: RepoBuilder, opened: Opened) -> None:
    files = sorted((data.path / ".git").rglob("*"))
    one = opened(data)
    one.execute("BEGIN; UPDATE fares SET price = 0; DELETE FROM ports")
    one.execute("ROLLBACK")
    assert prices(one)["R1"] == 10
    assert sorted((data.path / ".git").rglob("*")) == files


def test_savepoints(data: RepoBuilder, opened: Opened) -> None:
    one = opened(data)
    one.execute("BEGIN; UPDATE fares SET price = 1 WHERE route = 'R1'; SAVEPOINT a")
    one.execute("UPDATE fares SET price = 2 WHERE route = 'R2'; SAVEPOINT A")
    one.execute("UPDATE fares SET price = 3 WHERE route = 'R3'")
    one.execute("ROLLBACK TO SAVEPOINT a")
    assert prices(one) == {"R1": 1, "R2": 2, "R3": 30}
    one.execute("RELEASE a; ROLLBACK TO a")
    assert prices(one) == {"R1": 1, "R2": 20, "R3": 30}
    with pytest.raises(ingitdb.ProgrammingError, match="no savepoint 'b'") as caught:
        one.execute("ROLLBACK TO b")
    assert caught.value.sqlstate == "25000"
    one.execute("COMMIT")
    assert data.git("show", "HEAD:fares.csv") == "route,price\nR1,1\nR2,20\nR3,30"


def test_a_failed_statement_undoes_itself_alone(data: RepoBuilder, opened: Opened) -> None:
    one = opened(data)
    one.execute("BEGIN; UPDATE fares SET price = 1 WHERE route = 'R1'")
    with pytest.raises(ingitdb.DatabaseError):
        one.execute("UPDATE fares SET price = 'x' WHERE route = 'R2'")
    one.execute("UPDATE fares SET price = 3 WHERE route = 'R3'; COMMIT")
    assert prices(one) == {"R1": 1, "R2": 20, "R3": 3}


@pytest.mark.parametrize("sql", ["COMMIT", "ROLLBACK", "SAVEPOINT s", "RELEASE s", "BEGIN; BEGIN"])
def test_steps_that_do_not_fit(sql: str, data: RepoBuilder, opened: Opened) -> None:
    with pytest.raises(ingitdb.ProgrammingError) as caught:
        opened(data).execute(sql)
    assert caught.value.code == "IGD-5008"


def test_nothing_to_commit_is_no_commit(data: RepoBuilder, opened: Opened) -> None:
    opened(data).execute("BEGIN; UPDATE fares SET price = price; COMMIT")
    assert commits(data) == 1


def test_a_read_only_transaction(data: RepoBuilder, opened: Opened) -> None:
    with pytest.raises(ingitdb.NotSupportedError, match="READ ONLY"):
        opened(data).execute("BEGIN TRANSACTION READ ONLY; DELETE FROM fares")


def test_history_reads_what_is_not_committed(data: RepoBuilder, opened: Opened) -> None:
    one = opened(data)
    one.execute("BEGIN; UPDATE ports SET berths = 9 WHERE _key = 'oslo'")
    sql = "SELECT committer FROM history('ports') WHERE _key = 'oslo' AND berths = 9"
    assert rows(one, sql) == [("Not committed",)]
    ref = "SELECT berths FROM ports AS OF 'HEAD' WHERE _key = 'oslo'"
    assert rows(one, ref) == [(4,)]


_R1 = "UPDATE fares SET price = 1 WHERE route = 'R1'"
_R2 = "UPDATE fares SET price = 2 WHERE route = 'R2'"
_OSLO = "UPDATE ports SET berths = 1 WHERE _key = 'oslo'"
_NEW = "INSERT INTO ports (_key) VALUES ('a')"
FITTING = [
    (_R1, _R2),
    (_OSLO, "UPDATE ports SET berths = 3 WHERE _key = 'bodo'"),
    (_OSLO, "UPDATE fares SET price = 2"),
    ("INSERT INTO fares VALUES ('R8', 8)", "INSERT INTO fares VALUES ('R9', 9)"),
    (_NEW, "DELETE FROM ports WHERE _key = 'oslo'"),
    ("DELETE FROM fares WHERE route = 'R1'", "DELETE FROM fares WHERE route = 'R3'"),
    (_R1, "DELETE FROM fares WHERE route = 'R2'"),
]
CLASHING = [
    (_OSLO, "UPDATE ports SET name = 'O' WHERE _key = 'oslo'"),
    (_OSLO, _OSLO),
    (_NEW, _NEW),
    ("DELETE FROM ports WHERE _key = 'oslo'", _OSLO),
    (_R1, "DELETE FROM fares WHERE route = 'R1'"),
    (_R1, "UPDATE fares SET price = 7"),
]


@pytest.mark.parametrize(("first", "second"), FITTING)
def test_transactions_that_fit(first: str, second: str, data: RepoBuilder, opened: Opened) -> None:
    start = data.tip()
    one, other = opened(data), opened(data)
    one.execute(f"BEGIN; {first}")
    other.execute(f"BEGIN; {second}; COMMIT")
    one.execute("COMMIT")
    assert commits(data) == 3
    found = data.git("rev-parse", "HEAD^{tree}")
    data.git("reset", "--hard", start)
    one.execute(second)
    one.execute(first)
    assert data.git("diff", "--name-only", found, "HEAD") == ""
    data.git("fsck", "--strict")


@pytest.mark.parametrize(("first", "second"), CLASHING)
def test_transactions_that_clash(
    first: str, second: str, data: RepoBuilder, opened: Opened
) -> None:
    one, other = opened(data), opened(data)
    one.execute(f"BEGIN; {first}")
    other.execute(f"BEGIN; {second}; COMMIT")
    with pytest.raises(ingitdb.OperationalError) as caught:
        one.execute("COMMIT")
    assert caught.value.sqlstate == "40001"
    assert commits(data) == 2
    assert not one.in_transaction


def test_merge_by_field(data: RepoBuilder, opened: Opened) -> None:
    data.commit({".ingitdb/tables.yaml": "tables: {ports: {merge: field}}\n"})
    one, other = opened(data), opened(data)
    one.execute("BEGIN; UPDATE ports SET berths = 1 WHERE _key = 'oslo'")
    other.execute("UPDATE ports SET name = 'O' WHERE _key = 'oslo'")
    one.execute("COMMIT")
    assert data.git("show", "HEAD:ports/oslo.yaml") == "name: O\nberths: 1"


def test_a_connection_opens_a_transaction_by_itself(data: RepoBuilder, opened: Opened) -> None:
    one = opened(data, autocommit=False)
    one.execute("UPDATE fares SET price = 0")
    assert one.in_transaction
    assert commits(data) == 1
    one.rollback()
    assert prices(one)["R1"] == 10
    one.execute("UPDATE fares SET price = 0")
    commit = one.commit("All is free", author="Pricing Desk <pricing@example.org>")
    assert data.git("log", "-1", "--format=%H %an <%ae> %s") == (
        f"{commit} Pricing Desk <pricing@example.org> All is free"
    )


def test_the_end_of_a_block_commits(data: RepoBuilder, opened: Opened) -> None:
    one = opened(data, autocommit=False)
    one.execute("UPDATE fares SET price = 0")
    one.__exit__(ValueError, ValueError(), None)
    assert commits(data) == 1
    with opened(data, autocommit=False) as one:
        one.execute("UPDATE fares SET price = 0")
    assert commits(data) == 2


def test_many_sets_of_parameters_are_one_commit(data: RepoBuilder, opened: Opened) -> None:
    cursor = opened(data).cursor()
    cursor.executemany("INSERT INTO fares VALUES (?, ?)", [("R4", 4), ("R5", 5)])
    assert cursor.rowcount == 2
    assert commits(data) == 2
    with pytest.raises(ingitdb.DatabaseError):
        cursor.executemany("UPDATE fares SET price = ? WHERE route = 'R1'", [(1,), ("x",)])
    assert commits(data) == 2


@pytest.mark.parametrize(
    ("sql", "sets"),
    [
        ("SELECT ? FROM fares", [(1,), (2,)]),
        ("UPDATE fares SET price = 0 WHERE route = ?", [("R8",), ("R9",)]),
    ],
)
def test_many_statements_that_write_nothing_leave_no_transaction(
    sql: str, sets: list[Any], data: RepoBuilder, opened: Opened
) -> None:
    one, other = opened(data, autocommit=False), opened(data)
    one.cursor().executemany(sql, sets)
    other.execute("UPDATE fares SET price = 7")
    assert prices(one) == {"R1": 7, "R2": 7, "R3": 7}
    one.execute("UPDATE fares SET price = 8 WHERE route = 'R1'")
    one.cursor().executemany(sql, sets)
    assert prices(one) == {"R1": 8, "R2": 7, "R3": 7}
    one.commit()
    assert prices(other) == {"R1": 8, "R2": 7, "R3": 7}


SHAPES = "- n: 1\n  o: {a: 1}\n- n: 1\n  o: {a: 2}\n- n: 1\n  o: {a: 3}\n"


@pytest.mark.parametrize(
    ("sql", "lines"),
    [
        ("UPDATE l SET n = 9 WHERE o.a = 1", ["-- n: 1", "+- n: 9"]),
        ("DELETE FROM l WHERE o.a = 3", ["-- n: 1", "-  o: {a: 3}"]),
        ("INSERT INTO l VALUES (4, {a: 9})", ["+- n: 4", "+  o: {a: 9}"]),
    ],
)
@pytest.mark.parametrize("more", ["{a: 2, b: {c: 3}}", "{a: 2}\n  p: 4"])
def test_fields_that_others_add_to_a_list_without_a_key(
    sql: str, lines: list[str], more: str, repo: RepoBuilder, opened: Opened
) -> None:
    repo.commit({"l.yaml": SHAPES})
    one = opened(repo, autocommit=False)
    one.execute(sql)
    repo.commit({"l.yaml": SHAPES.replace("{a: 2}", more)})
    one.commit()
    shown = repo.git("diff", "-U0", "HEAD~1", "HEAD").splitlines()
    found = [line for line in shown if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    assert sorted(found) == sorted(lines)
    assert repo.git("status", "--porcelain") == ""


def test_work_is_done_again_where_it_clashes(data: RepoBuilder, opened: Opened) -> None:
    one, other = opened(data, autocommit=False), opened(data)
    tries: list[int] = []

    def work(connection: Any) -> None:
        connection.execute("UPDATE fares SET price = price + 1 WHERE route = 'R1'")
        if not tries:
            other.execute("UPDATE fares SET price = 100 WHERE route = 'R1'")
        tries.append(1)

    one.run(work)
    assert len(tries) == 2
    assert prices(other)["R1"] == 101


def test_a_branch_without_commits(repo: RepoBuilder, opened: Opened) -> None:
    with pytest.raises(ingitdb.DatabaseError):
        opened(repo).execute("INSERT INTO t VALUES (1)")


def test_use_is_refused_while_something_is_written(data: RepoBuilder, opened: Opened) -> None:
    data.git("branch", "other")
    one = opened(data)
    one.execute("BEGIN; DELETE FROM fares")
    with pytest.raises(ingitdb.ProgrammingError, match="COMMIT or ROLLBACK"):
        one.execute("USE BRANCH other")


def test_what_a_message_may_say(data: RepoBuilder, opened: Opened) -> None:
    one = opened(data)
    with pytest.raises(ingitdb.ProgrammingError, match="says nothing"):
        one.execute("CALL set_commit_message('  ')")
    one.execute("CALL set_commit_message(?)", ["a\0b"])
    one.execute("DELETE FROM fares")
    assert data.git("log", "-1", "--format=%s") == "a\ufffdb"
