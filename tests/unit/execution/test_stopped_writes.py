"""Writes that are stopped while they run: nothing of them lasts, and the next one goes through."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

import ingitdb
from tests.support.meetings import filled
from tests.support.opening import Opened, rows
from tests.support.repositories import RepoBuilder


@pytest.fixture
def data(repo: RepoBuilder) -> RepoBuilder:
    """Tables with and without keys, and someone who writes."""
    return filled(repo)


@contextmanager
def stopping(connection: Any) -> Iterator[None]:
    """Stops whatever the block runs; again and again, for it may not run yet the first time."""
    ended = Event()

    def insist() -> None:
        while not ended.wait(0.1):
            connection.interrupt()

    insisting = Thread(target=insist)
    insisting.start()
    try:
        yield
    finally:
        ended.set()
        insisting.join()


ENDLESS = "SELECT count(*) FROM range(100000) a, range(1000000) b"


@pytest.mark.parametrize(
    "sql",
    [
        f"MERGE INTO stops USING ({ENDLESS}) u (n) ON size = n WHEN MATCHED THEN DELETE",
        f"INSERT INTO stops (_key, size) SELECT 'c', n FROM ({ENDLESS}) u (n)",
        f"INSERT OR REPLACE INTO stops SELECT 'a', n FROM ({ENDLESS}) u (n)",
        f"UPDATE stops SET size = ({ENDLESS})",
        f"DELETE FROM stops RETURNING ({ENDLESS})",
        f"CREATE TABLE counts AS {ENDLESS}",
    ],
)
@pytest.mark.parametrize("autocommit", [True, False])
def test_a_write_that_is_stopped_leaves_nothing(
    sql: str, autocommit: bool, data: RepoBuilder, opened: Opened
) -> None:
    connection = opened(data, autocommit=autocommit)
    connection.execute("UPDATE stops SET size = 4 WHERE _key = 'b'")
    with pytest.raises(ingitdb.OperationalError) as met, stopping(connection):
        connection.execute(sql)
    assert met.value.sqlstate == "57014"
    assert rows(connection, "FROM stops") == [("a", 1), ("b", 4)]
    connection.execute("UPDATE stops SET size = 5 WHERE _key = 'b'")
    connection.commit()
    assert data.git("show", "main:stops.yaml") == "a:\n  size: 1  # small\nb:\n  size: 5"


def test_a_copy_that_is_stopped_leaves_nothing(
    data: RepoBuilder, opened: Opened, tmp_path: Path
) -> None:
    big = tmp_path / "fares.csv"
    big.write_text("route,price\n" + "R1,9.50\n" * 5_000_000)
    connection = opened(data)
    with pytest.raises(ingitdb.OperationalError) as met, stopping(connection):
        connection.execute(f"COPY fares FROM '{big}'")
    assert met.value.sqlstate == "57014"
    assert rows(connection, "SELECT count(*) FROM fares") == [(3,)]
    assert data.git("status", "--porcelain") == ""
