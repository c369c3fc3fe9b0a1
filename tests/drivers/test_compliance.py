"""The public suite for PEP 249, by path and through a server."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dbapi20
import pytest

import ingitdb_dbapi
from tests.support.flight_servers import running
from tests.support.repositories import RepoBuilder
from tests.support.writable import fill


class Compliance(dbapi20.DatabaseAPI20Test):
    """The suite, with the two tests that it leaves to each driver."""

    __test__ = False
    driver = ingitdb_dbapi

    def test_setoutputsize(self) -> None:
        with self._connect() as connection, connection.cursor() as cursor:
            cursor.setoutputsize(1)
            cursor.setoutputsize(1, 0)
            assert cursor.execute("SELECT 'longer'").fetchall() == [("longer",)]

    def test_nextset(self) -> None:
        with self._connect() as connection, connection.cursor() as cursor:
            assert not hasattr(cursor, "nextset")  # a script gives the answer of its last statement
            assert cursor.execute("SELECT 1; SELECT 2").fetchall() == [(2,)]

    def test_non_idempotent_close(self) -> None:
        """The suite leaves it open whether closing twice is an error; here it is none."""
        connection = self._connect()
        connection.close()
        connection.close()
        with pytest.raises(ingitdb_dbapi.Error):
            connection.cursor()


@pytest.fixture
def addresses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    repo = fill(RepoBuilder(tmp_path / "shop"))
    with running(tmp_path / "server", repo) as server:
        yield {"path": str(repo.path), "server": f"{server.uri}/shop"}


NAMES = sorted(name for name in dir(Compliance) if name.startswith("test_"))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # left open by it
@pytest.mark.parametrize("where", ["path", "server"])
@pytest.mark.parametrize("name", NAMES)
def test_pep_249(addresses: dict[str, Any], where: str, name: str) -> None:
    suite = Compliance(name)
    suite.connect_args = (addresses[where],)
    suite.debug()


def test_all_of_it_is_run() -> None:
    assert len(NAMES) == 36
