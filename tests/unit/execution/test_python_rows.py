"""Values that Python has no room for are text in files, or refused before anything is written."""

from typing import Any

import pytest

import ingitdb
from tests.support.opening import Opened, rows
from tests.support.repositories import RepoBuilder


@pytest.fixture
def connection(repo: RepoBuilder, opened: Opened) -> Any:
    """A connection to a repository without tables."""
    repo.git("config", "user.name", "Ports Desk")
    repo.git("config", "user.email", "ports@example.org")
    repo.commit({"README": "Data\n"})
    return opened(repo)


def test_nanoseconds_are_text(repo: RepoBuilder, connection: Any) -> None:
    text = "2026-01-02 10:00:00.123456789"
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v TIMESTAMP_NS)")
    connection.execute(f"INSERT INTO t VALUES (1, '{text}'), (2, NULL)")
    assert rows(connection, "SELECT CAST(v AS VARCHAR) FROM t") == [(text,), (None,)]
    assert text in (repo.path / "t/$records/1.yaml").read_text()


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("DATE", "'infinity'"),
        ("DATE", "'0044-01-01 (BC)'"),
        ("TIMESTAMP", "'infinity'"),
        ("DATE[]", "['infinity']"),
        ("TIME", "'24:00:00'"),
    ],
)
def test_what_is_refused(connection: Any, kind: str, value: str) -> None:
    connection.execute(f"CREATE TABLE t (id INTEGER PRIMARY KEY, v {kind})")
    with pytest.raises(ingitdb.Error, match="be written"):
        connection.execute(f"INSERT INTO t VALUES (1, {value})")
    assert rows(connection, "FROM t") == []
