"""Apache Arrow's JDBC driver for Flight SQL, under Java: what DBeaver does with a server."""

import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flight_server.conftest import FILES
from tests.support.flight_servers import Running, running
from tests.support.repositories import RepoBuilder

DRIVER = "org.apache.arrow:flight-sql-jdbc-driver:18.3.0"
WALK = Path(__file__).parent / "Walk.java"
ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.slow, pytest.mark.network]


@pytest.fixture(scope="module")
def driver() -> Path:
    """The driver's archive, fetched once by Maven."""
    name, version = DRIVER.split(":")[1:]
    file = ROOT / ".make" / "jdbc" / f"{name}-{version}.jar"
    if not file.exists():
        maven = shutil.which("mvn")
        assert maven, "Maven is needed to fetch the JDBC driver"
        command = [maven, "-q", "dependency:copy", f"-Dartifact={DRIVER}"]
        subprocess.run(
            [*command, f"-DoutputDirectory={file.parent}"], check=True, timeout=600, cwd="/"
        )
    return file


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> RepoBuilder:
    builder = RepoBuilder(tmp_path_factory.mktemp("jdbc") / "ferries")
    builder.config(user__name="Ferry Server", user__email="server@example.org")
    builder.commit(FILES)
    builder.git("tag", "v1")
    builder.commit({"ports/tromso.yaml": "name: Tromsø\ncountry: NO\nberths: 2\n"})
    return builder


@pytest.fixture(scope="module")
def server(repo: RepoBuilder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("served"), repo) as found:
        yield found


@pytest.fixture(scope="module")
def seen(driver: Path, server: Running) -> dict[str, list[str]]:
    """What the Java program saw, by name."""
    java = shutil.which("java")
    assert java, "Java is needed to run the JDBC driver"
    address = f"jdbc:arrow-flight-sql://127.0.0.1:{server.port}/?useEncryption=false"
    command = [java, "--add-opens=java.base/java.nio=ALL-UNNAMED", "-cp", str(driver)]
    done = subprocess.run(
        [*command, str(WALK), address, "desk", "any"],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, list[str]] = defaultdict(list)
    for line in done.stdout.splitlines():
        name, _, value = line.partition("\t")
        found[name].append(value)
    return found


def test_what_the_server_says_of_itself(seen: dict[str, list[str]]) -> None:
    assert seen["product"] == ["ingitdb"]
    assert seen["quote"] == ['"']
    assert seen["read only"] == ["false"]
    assert seen["transactions"] == seen["savepoints"] == ["true"]
    assert seen["functions"] == seen["keywords"] == ["true"]
    assert seen["isolation"] == ["4"] or seen["isolation"] == ["3"]


def test_the_tree_of_tables(seen: dict[str, list[str]]) -> None:
    assert seen["catalog"] == ["ferries"]
    assert seen["schema"] == ["main|ferries"]
    assert seen["table type"] == ["TABLE", "VIEW"]
    assert seen["table"] == ["main|fares|TABLE", "main|ports|TABLE"]
    assert seen["column"] == [
        "route|12|VARCHAR|0",
        "class|12|VARCHAR|0",
        "port|12|VARCHAR|1",
        "price|3|DECIMAL|1",
    ]


def test_keys(seen: dict[str, list[str]]) -> None:
    assert seen["primary key"] == ["fares|route|1", "fares|class|2"]
    assert seen["imported key"] == ["ports|_key|fares|port|fares_port_fkey|ports_pkey"]
    assert seen["exported key"] == seen["imported key"]
    assert seen["cross reference"] == ["_key|port"]


def test_queries(seen: dict[str, list[str]]) -> None:
    assert seen["fare"] == ["R2|standard|9.90", "R1|standard|12.50", "R1|lounge|30.00"]
    assert seen["then"] == ["2"]
    assert seen["difference"] == ["Tromsø|added"]
    assert seen["listed"] == ["fares", "ports"]
    assert seen["nothing"] == ["no rows"]
    assert seen["many"] == ["1000000"]
    assert seen["sum"] == [str(sum(range(300_000)))]


def test_parameters_of_every_type(seen: dict[str, list[str]]) -> None:
    assert seen["parameters"] == ["14"]
    assert [seen[f"value {number}"][0] for number in range(1, 15)] == [
        "true",
        "7",
        "300",
        "70000",
        "5000000000",
        "1.5",
        "2.25",
        "12.50",
        "Tromsø",
        "2024-02-29",
        "23:59:58",
        "2024-02-29 12:30:45.123",  # the driver sends milliseconds
        "3",
        "null",
    ]
    assert seen["at v1"] == ["2"]
    assert seen["at main"] == ["3"]


def test_values_of_every_type(seen: dict[str, list[str]]) -> None:
    assert [seen[f"kind {number}"][0] for number in range(1, 10)] == [
        "[1,2]",
        '{"a":1,"b":"x"}',
        '{"k":2}',
        "null",
        "00000000-0000-0000-0000-000000000001",
        '{"a": 1}',
        "170141183460469231731687303715884105727",
        "-1",  # the driver reads UTINYINT as a signed byte
        "2024-01-02T03:04:05Z",
    ]


def test_updates_are_commits(seen: dict[str, list[str]], repo: RepoBuilder) -> None:
    assert seen["updated"] == ["3"]
    assert seen["created"] == ["0"]
    assert seen["batch"] == ["3"]
    assert seen["deleted"] == ["3"]
    assert seen["inside"] == ["0"]
    assert seen["after"] == ["3"]
    assert seen["returned"] == ["1|x"]
    subjects = repo.git("log", "--reverse", "--format=%s", "v1..main").splitlines()[1:]
    assert subjects == [
        "UPDATE ports: 3 records",
        "CREATE TABLE notes",
        "INSERT notes: 3 records",
        "UPDATE notes: 1 record",
    ]
    assert repo.git("status", "--porcelain") == ""


def test_failures_say_what_is_wrong(seen: dict[str, list[str]], repo: RepoBuilder) -> None:
    syntax, unknown, referred, refused = seen["failed"]
    assert "(IGD-5002, SQLSTATE 42601)" in syntax
    assert "Did you mean ports" in unknown
    assert "SQLSTATE 23503" in referred
    assert "SQLSTATE 0A000" in refused
    for said in seen["failed"]:
        assert "Traceback" not in said
        assert str(repo.path) not in said
