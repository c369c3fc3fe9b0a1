"""A file's header decides which columns its table has, whatever its rows and a package say."""

import json
from decimal import Decimal

import pytest

from tests.support.opening import Opened, rows, types
from tests.support.repositories import RepoBuilder


def package(*fields: tuple[str, str]) -> str:
    """Gives a data package of one file."""
    described = [{"name": name, "type": kind} for name, kind in fields]
    return json.dumps({"resources": [{"path": "t.csv", "schema": {"fields": described}}]})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,b\n", {"a": "VARCHAR", "b": "VARCHAR"}),
        ("a,b,c\n1,2\n", {"a": "BIGINT", "b": "BIGINT", "c": "VARCHAR"}),
        ("a,b\n1,\n", {"a": "BIGINT", "b": "VARCHAR"}),
    ],
)
def test_columns_without_values(
    text: str, expected: dict[str, str], repo: RepoBuilder, opened: Opened
) -> None:
    repo.commit({"t.csv": text}, "one")
    assert types(opened(repo), "SELECT * FROM t") == expected


def test_a_long_file_without_its_last_cells(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({"t.csv": "a,b\n" + "".join(f"{n:08}\n" for n in range(2000))}, "one")
    assert types(opened(repo), "SELECT * FROM t") == {"a": "VARCHAR", "b": "VARCHAR"}


def test_declared_columns_that_no_header_names(repo: RepoBuilder, opened: Opened) -> None:
    described = package(("b", "string"), ("gone", "integer"), ("A", "integer"))
    repo.commit({"t.csv": "a,b,more\n1,2,3\n", "datapackage.json": described}, "one")
    found = types(opened(repo), "SELECT * FROM t")
    assert found == {"b": "VARCHAR", "a": "BIGINT", "more": "BIGINT"}
    assert list(found) == ["a", "b", "more"]


def test_headers_of_several_files_and_commits(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({"t/1.csv": "a,b\n1,x\n"}, "one")
    repo.tag("one")
    repo.commit({"t/2.csv": "a,c\n"}, "two")
    session = opened(repo)
    assert list(types(session, "SELECT * FROM t")) == ["a", "b", "c"]
    assert list(types(session, "SELECT * FROM t AS OF 'one'")) == ["a", "b"]
    assert rows(session, "SELECT * FROM t") == [(1, "x", None)]


TABLES = "tables:\n  t:\n    columns:\n      c: {type: VARCHAR}\n      a: {type: BIGINT}\n"


def test_a_table_lists_its_columns_as_the_header_does(repo: RepoBuilder, opened: Opened) -> None:
    repo.config(user__name="Ports Desk", user__email="ports@example.org")
    repo.commit({"t.csv": "a,b,c\n1,2,x\n", ".ingitdb/tables.yaml": TABLES}, "one")
    session = opened(repo)
    assert list(types(session, "SELECT * FROM t")) == ["a", "b", "c"]
    session.execute("INSERT INTO t VALUES (3, 4, 'y')")
    assert repo.git("show", "HEAD:t.csv") == "a,b,c\n1,2,x\n3,4,y"
    session.execute("ALTER TABLE t ALTER b TYPE DECIMAL(9,2)")
    assert rows(session, "SELECT * FROM t WHERE a = 3") == [(3, Decimal("4.00"), "y")]
    assert list(types(session, "SELECT * FROM history('t')"))[:3] == ["a", "b", "c"]
    assert list(types(session, "SELECT * FROM diff('t', 'EMPTY', 'HEAD')"))[:3] == [
        "from_a", "from_b", "from_c"
    ]  # fmt: skip
