"""`query_diff`: what differs between the answers of two queries."""

import pytest

import ingitdb
from tests.support.opening import Opened, rows, types
from tests.support.repositories import RepoBuilder


@pytest.fixture
def two(repo: RepoBuilder) -> None:
    repo.commit({"t.csv": "id,n,c\n1,5,x\n2,6,x\n3,7,y\n"})
    repo.commit({"t.csv": "id,n,c\n1,5,x\n2,9,x\n4,7,y\n"})


def test_rows_are_paired_by_what_tells_them_apart(
    two: None, repo: RepoBuilder, opened: Opened
) -> None:
    connection = opened(repo)
    relation = "query_diff('FROM t AS OF ''HEAD~1''', 'FROM t')"
    assert rows(connection, f"FROM {relation} ORDER BY coalesce(from_id, to_id)") == [
        (2, 6, "x", 2, 9, "x", "modified"),
        (3, 7, "y", None, None, None, "removed"),
        (None, None, None, 4, 7, "y", "added"),
    ]
    assert rows(connection, f"FROM dolt_{relation}") == rows(connection, f"FROM {relation}")


def test_rows_without_a_key_cancel_as_often_as_they_are_there(
    two: None, repo: RepoBuilder, opened: Opened
) -> None:
    old, new = "FROM (VALUES (1), (1), (2), (NULL)) t(n)", "FROM (VALUES (1), (2), (2)) t(n)"
    found = rows(opened(repo), "FROM query_diff($old, $new) ORDER BY ALL", {"old": old, "new": new})
    assert found == [(1, None, "removed"), (None, 2, "added"), (None, None, "removed")]


def test_aggregates_and_other_columns(two: None, repo: RepoBuilder, opened: Opened) -> None:
    connection = opened(repo)
    old = "SELECT c, sum(n) AS total FROM t AS OF 'HEAD~1' GROUP BY c"
    new = "SELECT c, sum(n) AS total, count(*) AS rows FROM t GROUP BY c"
    asked = f"FROM query_diff($${old}$$, $${new}$$) ORDER BY from_c"
    assert rows(connection, asked) == [
        ("x", 11, "x", 14, 2, "modified"),
        ("y", 7, "y", 7, 1, "modified"),
    ]
    assert list(types(connection, asked)) == [
        "from_c",
        "from_total",
        "to_c",
        "to_total",
        "to_rows",
        "diff_type",
    ]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT 1; SELECT 2", "is not one query"),
        ("DELETE FROM t", "is not one query"),
        ("FROM nowhere", "Table 'nowhere' does not exist"),
        ("FROM read_csv('/etc/passwd')", "reads files"),
        ("SELEC 1", "SELEC"),
    ],
)
def test_what_is_no_query_is_refused(
    query: str, message: str, two: None, repo: RepoBuilder, opened: Opened
) -> None:
    with pytest.raises(ingitdb.Error, match=message):
        rows(opened(repo), "FROM query_diff($q, 'SELECT 1')", {"q": query})
