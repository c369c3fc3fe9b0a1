"""A repository of ports and fares, and a server over it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.flight_servers import Running, running
from tests.support.harbour import HARBOUR
from tests.support.repositories import RepoBuilder

FILES = {
    ".ingitdb/tables.yaml": (
        "discover: true\n"
        "tables:\n"
        "  fares:\n"
        "    key: [route, class]\n"
        "    foreign_keys:\n"
        "      - {columns: [port], table: ports, references: [_key], on_delete: restrict}\n"
    ),
    "ports/bergen.yaml": "name: Bergen\ncountry: NO\nberths: 4\n",
    "ports/oslo.yaml": "name: Oslo\ncountry: NO\nberths: 6\n",
    "fares.csv": (
        "route,class,port,price\nR1,standard,bergen,12.50\nR1,lounge,bergen,30.00\n"
        "R2,standard,oslo,9.90\n"
    ),
}


@pytest.fixture
def repo(tmp_path: Path) -> RepoBuilder:
    """Ports, a file each, and fares that refer to them; two commits, the first tagged v1."""
    builder = RepoBuilder(tmp_path / "ferries")
    builder.config(user__name="Ferry Server", user__email="server@example.org")
    builder.commit(FILES)
    builder.git("tag", "v1")
    builder.commit({"ports/tromso.yaml": "name: Tromsø\ncountry: NO\nberths: 2\n"})
    return builder


@pytest.fixture
def server(repo: RepoBuilder, tmp_path: Path) -> Iterator[Running]:
    """A server over that repository."""
    with running(tmp_path, repo) as found:
        yield found


@pytest.fixture
def harbour(tmp_path: Path) -> RepoBuilder:
    """Tables of which much is declared, and views; one commit, tagged v1."""
    builder = RepoBuilder(tmp_path / "harbour")
    builder.config(user__name="Harbour Server", user__email="server@example.org")
    builder.commit(HARBOUR)
    builder.tag("v1")
    return builder


@pytest.fixture
def harbour_server(harbour: RepoBuilder, tmp_path: Path) -> Iterator[Running]:
    """A server over that repository."""
    with running(tmp_path, harbour) as found:
        yield found
