"""One repository, reached by its path and through a server."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import ingitdb_dbapi
from tests.support.flight_servers import running
from tests.support.repositories import RepoBuilder
from tests.support.writable import fill

collect_ignore = ["sqlalchemy_suite"]
"""A run of its own, which test_sqlalchemy_suite.py starts."""
Connect = Callable[..., Any]


@pytest.fixture
def shop(tmp_path: Path) -> RepoBuilder:
    """Some tables; the first commit is v1.0."""
    repo = fill(RepoBuilder(tmp_path / "shop"))
    repo.git("tag", "v1.0")
    repo.commit({"people/dee.yaml": "name: Dee\nage: 30\n"}, "Dee")
    return repo


@pytest.fixture
def server(shop: RepoBuilder, tmp_path: Path) -> Iterator[Any]:
    """A server of it."""
    with running(tmp_path / "server", shop) as started:
        yield started


@pytest.fixture(params=["path", "server"])
def address(request: pytest.FixtureRequest, shop: RepoBuilder) -> str:
    """Where the repository is."""
    if request.param == "path":
        return str(shop.path)
    return f"{request.getfixturevalue('server').uri}/shop"


@pytest.fixture
def connect(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    """Connects to it; what is open is closed at the end."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    made = []

    def connect(**options: Any) -> Any:
        made.append(ingitdb_dbapi.connect(address, **options))
        return made[-1]

    yield connect
    for connection in made:
        connection.close()
