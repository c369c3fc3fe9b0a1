"""Sixteen writers count: no increment that was acknowledged is lost, and none is made twice."""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import ingitdb
from tests.support.repositories import RepoBuilder

WRITERS = 16
EACH = 3 if os.environ.get("INGITDB_TEST_SWEEP") else 2
TABLES = {
    "one file": {"c.csv": "id,n\na,0\nb,0\n"},
    "file per record": {"c/a.yaml": "n: 0\n", "c/b.yaml": "n: 0\n"},
}


@pytest.fixture(params=list(TABLES))
def repo(request: pytest.FixtureRequest, tmp_path: Path) -> RepoBuilder:
    built = RepoBuilder(tmp_path / "repo")
    built.config(user__name="Data Desk", user__email="data@example.org")
    built.commit(TABLES[request.param])
    return built


def alone(connection: Any) -> int:
    """Adds one, by one statement that the engine runs again where it has to."""
    return int(connection.execute("UPDATE c SET n = n + 1").rowcount)


def read_first(connection: Any) -> None:
    """Adds one to what was read in the same transaction."""
    connection.execute("BEGIN")
    for place in connection.execute("SELECT _path, n FROM c WHERE n < 1000").fetchall():
        assert place[1] < WRITERS * EACH
    connection.execute("UPDATE c SET n = n + 1")


def count(repo: RepoBuilder, cache: Path, add: Callable[[Any], bool]) -> int:
    """Lets all writers add until each has done so as often as it should; gives the clashes."""
    clashes: list[int] = []
    failed: list[BaseException] = []

    def work(number: int) -> None:
        settings = ingitdb.Settings(cache=cache / str(number), workers=1, threads=1)
        try:
            with ingitdb.connect(repo.path, autocommit=True, settings=settings) as connection:
                done = 0
                while done < EACH:
                    if add(connection):
                        done += 1
                    else:
                        clashes.append(number)
        except BaseException as error:  # noqa: BLE001 - shown by the test
            failed.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    return len(clashes)


def is_done(step: Callable[[], object]) -> bool:
    """Takes a step; False where it clashed with others."""
    try:
        step()
    except ingitdb.OperationalError as error:
        if error.sqlstate != "40001":
            raise
        return False
    return True


def assert_counted(repo: RepoBuilder, cache: Path) -> None:
    """Finds every increment in the table, and a commit for each."""
    settings = ingitdb.Settings(cache=cache, workers=1)
    with ingitdb.connect(repo.path, settings=settings) as connection:
        assert connection.execute("SELECT DISTINCT n FROM c").fetchall() == [(WRITERS * EACH,)]
    assert int(repo.git("rev-list", "--count", "main")) == WRITERS * EACH + 1
    assert repo.git("status", "--porcelain") == ""
    repo.git("fsck", "--strict")


@pytest.mark.slow
def test_statements(repo: RepoBuilder, tmp_path: Path) -> None:
    count(repo, tmp_path / "caches", lambda connection: is_done(lambda: alone(connection)))
    assert_counted(repo, tmp_path / "cache")


@pytest.mark.slow
def test_transactions(repo: RepoBuilder, tmp_path: Path) -> None:
    clashes = count(
        repo,
        tmp_path / "caches",
        lambda connection: is_done(lambda: connection.run(read_first, tries=10)),
    )
    assert_counted(repo, tmp_path / "cache")
    print(f"{clashes} were given up after ten tries, and tried again")  # noqa: T201
