"""Fixtures of what is proven of migrations."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

import ingitdb
from ingitdb.services.database import Database
from tests.support import servers
from tests.support.etcd import EtcdServer, etcd_server
from tests.support.keyed_rounds import StoreRound
from tests.support.migrated import Round
from tests.support.redis import RedisServer, redis_server
from tests.support.repositories import RepoBuilder
from tests.support.shared_data import clone


@pytest.fixture
def rounds(tmp_path: Path) -> Iterator[Callable[..., Round]]:
    """Gives what runs the scripts of two commits of a repository there and back."""
    with ExitStack() as stack:

        def made(repo: Path, cache: Path | None = None) -> Round:
            settings = ingitdb.Settings(cache=cache or tmp_path / "cache", workers=1)
            database = stack.enter_context(Database.open(repo, settings))
            return Round(database=database, path=repo, cache=settings.cache, folder=tmp_path)

        yield made


@pytest.fixture
def repo(tmp_path: Path) -> RepoBuilder:
    return RepoBuilder(tmp_path / "repo")


@pytest.fixture(scope="session", autouse=True)
def _servers() -> Iterator[None]:
    """Stops the servers that tests have started."""
    yield
    servers.stop_all()


@pytest.fixture(scope="session")
def shared(run_folder: Path) -> Callable[[str], Path]:
    """Gives the clone of a shared repository; nothing may write to it."""
    return lambda name: clone(name, run_folder / "shared")


@pytest.fixture(scope="session")
def redis_targets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """Gives a Redis of this worker's own."""
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="session")
def etcd_targets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EtcdServer]:
    """Gives an etcd of this worker's own."""
    with etcd_server(tmp_path_factory.mktemp("etcd")) as server:
        yield server


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Callable[..., StoreRound]]:
    """Gives what leads stores between two commits of a repository."""
    with ExitStack() as stack:

        def made(repo: Path, cache: Path | None = None) -> StoreRound:
            settings = ingitdb.Settings(cache=cache or tmp_path / "cache", workers=1)
            database = stack.enter_context(Database.open(repo, settings))
            return StoreRound(database=database, path=repo, cache=settings.cache)

        yield made
