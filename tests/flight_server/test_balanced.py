"""Several processes behind one address: they share the key and the repository."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import adbc_driver_flightsql.dbapi as flight_sql
import pytest

from tests.support.balancer import balanced
from tests.support.repositories import RepoBuilder
from tests.support.serve_program import Server, ferries, rows, serving

pytestmark = pytest.mark.slow


@pytest.fixture
def repo(tmp_path: Path) -> RepoBuilder:
    return ferries(tmp_path / "ferries")


@pytest.fixture
def servers(repo: RepoBuilder, tmp_path: Path) -> Iterator[list[Server]]:
    """Two processes over one repository, with the same key."""
    with ExitStack() as stack:
        homes = [tmp_path / name for name in ("first", "second")]
        for home in homes:
            home.mkdir()
        given = ("--key", tmp_path / "server.key", repo.path)
        yield [stack.enter_context(serving(home, *given)) for home in homes]


def test_clients_of_one_address_are_shared_out_and_outlive_a_server(
    repo: RepoBuilder, servers: list[Server], tmp_path: Path
) -> None:
    count = 6
    with balanced(tmp_path, [server.port for server in servers]) as port, ExitStack() as stack:
        clients = [
            stack.enter_context(
                closing(
                    flight_sql.connect(
                        f"grpc://127.0.0.1:{port}",
                        db_kwargs={"username": f"desk {n}", "password": "any"},
                        autocommit=True,
                    )
                )
            )
            for n in range(count)
        ]
        for n, client in enumerate(clients):
            rows(client, f"CREATE TEMP TABLE mine AS SELECT {n} AS n")
        for n, client in enumerate(clients):  # each stays with its server
            rows(client, "UPDATE fares SET price = price + 1 WHERE route = 'R1'")
            assert rows(client, "SELECT n, price FROM mine, fares WHERE route = 'R1'") == [
                (n, 11 + n)
            ]
        assert repo.git("rev-list", "--count", "HEAD") == str(1 + count)
        assert min(_connections(server) for server in servers) >= count // 2

        assert servers[0].stop() == 0
        for client in clients:
            rows(client, "UPDATE fares SET price = price + 1 WHERE route = 'R2'")
            assert rows(client, "SELECT price FROM fares WHERE route = 'R2'")
        assert rows(clients[0], "SELECT price FROM fares WHERE route = 'R2'") == [(20 + count,)]
    assert repo.git("fsck", "--strict") == ""


def _connections(server: Server) -> int:
    """Counts the connections to a server, as Linux knows them."""
    theirs, established = f"{server.port:04X}", "01"
    lines = [line.split() for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]]
    return sum(line[2].endswith(f":{theirs}") and line[3] == established for line in lines)
