"""What `--target` takes for the address of a server, and what is said of others."""

from pathlib import Path

import pytest

from ingitdb_cli.program import run
from ingitdb_cli.statuses import Status
from tests.support import postgresql, servers
from tests.support.mariadb import MariadbTarget
from tests.support.postgresql import PostgresqlTarget

pytestmark = pytest.mark.slow


@pytest.fixture
def mysql(tmp_path: Path) -> str:
    return MariadbTarget(tmp_path).url


@pytest.fixture
def postgres(tmp_path: Path) -> str:
    return PostgresqlTarget(tmp_path).url


def status(url: str) -> int:
    return run(["migrate", "status", "--target", url])


def test_a_server_is_called_in_several_ways(mysql: str, postgres: str, tmp_path: Path) -> None:
    at, name = mysql.removeprefix("mysql://"), mysql.rpartition("/")[2]
    socket = MariadbTarget(tmp_path).server.socket
    for url in (
        f"mariadb://{at}",
        f"mysql+pymysql://{at}",
        f"mariadb+pymysql://{at}?connect_timeout=9",
        f"mysql://root@localhost/{name}?unix_socket={socket}",
    ):
        assert status(url) == Status.DONE, url
    at, name = postgres.removeprefix("postgresql://"), postgres.rpartition("/")[2]
    server = postgresql.cluster()
    folder = str(server.folder.parent).replace("/", "%2F")
    for url in (
        f"postgres://{at}",
        f"postgresql+psycopg://{at}?connect_timeout=9",
        f"postgresql://{postgresql.USER}@{folder}:{server.port}/{name}",
    ):
        assert status(url) == Status.DONE, url


def test_what_leads_nowhere_is_told(
    mysql: str, postgres: str, capfd: pytest.CaptureFixture[str]
) -> None:
    closed = servers.free_port()
    for url, expected, said in (
        ("mysql://root@127.0.0.1:port/a", Status.USAGE, "port"),
        ("postgresql://127.0.0.1:99999/a", Status.USAGE, "no port 99999"),
        ("postgresql+asyncpg://127.0.0.1/a", Status.USAGE, "no target postgresql+asyncpg"),
        (f"mysql://root@127.0.0.1:{closed}/a", Status.TARGET, str(closed)),
        (f"postgresql://127.0.0.1:{closed}/a", Status.TARGET, str(closed)),
        (f"{mysql}?nonsense=1", Status.TARGET, "nonsense"),
        (f"{mysql}?connect_timeout=soon", Status.TARGET, "soon"),
        (f"{mysql}?ssl_ca=/nowhere", Status.TARGET, "No such file"),
        (f"{mysql}_other", Status.TARGET, "Unknown database"),
        (mysql.rpartition("/")[0], Status.TARGET, "names no database"),
        (f"{postgres}?nonsense=1", Status.TARGET, "nonsense"),
        (f"{postgres}_other", Status.TARGET, "does not exist"),
    ):
        assert status(url) == expected, url
        assert said in capfd.readouterr().err, url
