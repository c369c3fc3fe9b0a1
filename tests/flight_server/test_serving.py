"""`ingitdb serve`: starts, says how to connect, refuses what is not safe, ends gracefully."""

import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import adbc_driver_flightsql.dbapi as flight_sql
import adbc_driver_manager
import pyarrow as pa
import pytest
from adbc_driver_flightsql import DatabaseOptions
from pyarrow import flight

from tests.support.repositories import RepoBuilder
from tests.support.serve_program import (
    Server,
    command,
    ferries,
    own_environment,
    program,
    rows,
    serving,
    users_text,
)

ADD = "INSERT INTO fares (route, price) VALUES ('R9', 9)"
MANY = "SELECT i, repeat('x', 100) AS text FROM range(10_000_000) r (i)"
LONG = "SELECT count(*) FROM range(900_000) a (i), range(900_000) b (i) WHERE hash(a.i) > hash(b.i)"


@pytest.fixture
def repo(tmp_path: Path) -> RepoBuilder:
    return ferries(tmp_path / "ferries")


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    with ExitStack() as stack:
        yield lambda *arguments: stack.enter_context(serving(tmp_path, *arguments))


def eventually(holds: Callable[[], bool]) -> None:
    """Waits for a condition."""
    until = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.02)


def has_logged(server: Server, text: str) -> bool:
    return any(text in line for line in server.lines)


# --- Beginning


def test_it_says_how_to_connect(serve: Callable[..., Server], repo: RepoBuilder) -> None:
    server = serve("-C", repo.path)
    place = f"127.0.0.1:{server.port}"
    assert [(row["client"], row["address"]) for row in server.addresses] == [
        ("adbc", f"grpc://{place}"),
        ("jdbc", f"jdbc:arrow-flight-sql://{place}/?useEncryption=false"),
        ("sqlalchemy", f"ingitdb://{place}/ferries"),
    ]
    assert rows(server.adbc(), "SELECT count(*) FROM fares") == [(2,)]
    (line,) = server.lines
    assert re.fullmatch(
        rf"\S+Z info listening host=127.0.0.1 port={server.port} tls=False users=False"
        " databases=ferries",
        line,
    )


def test_the_key_is_its_owners_alone(
    serve: Callable[..., Server], repo: RepoBuilder, tmp_path: Path
) -> None:
    serve(repo.path)
    (key,) = tmp_path.rglob("server.key")
    assert key.stat().st_mode & 0o777 == 0o600
    short = tmp_path / "short"
    short.write_text("abc")
    done = program(tmp_path, repo.path, "--key", short)
    assert done.returncode == 2
    assert "shorter than 32" in done.stderr


def test_several_databases(serve: Callable[..., Server], repo: RepoBuilder, tmp_path: Path) -> None:
    other = ferries(tmp_path / "other")
    other.commit({"ports/rome.yaml": "name: Rome\n"})
    server = serve(repo.path, f"second={other.path}")
    assert [r["database"] for r in server.addresses[2:]] == ["ferries", "second"]
    connection = server.adbc()
    count = "SELECT count(*) FROM ports"
    assert rows(connection, count) == [(2,)]
    rows(connection, "USE second")
    assert rows(connection, count) == [(3,)]
    twice = program(tmp_path, repo.path, f"Ferries={other.path}")
    assert twice.returncode == 2
    assert "Two databases have the name" in twice.stderr


def test_a_path_narrows(serve: Callable[..., Server], repo: RepoBuilder) -> None:
    server = serve(repo.path / "ports")
    sql = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'main'"
    assert rows(server.adbc(), f"{sql} AND table_name = 'fares'") == []


REFUSED = [
    (("--host", "0.0.0.0"), "anybody there could read and write", "--insecure-no-auth"),
    (("--host", "::"), "anybody there could read and write", "--insecure-no-auth"),
    (
        ("--host", "0.0.0.0", "--insecure-no-tls"),
        "anybody there could read and write",
        "--insecure-no-auth",
    ),
    (("--host", "0.0.0.0", "--insecure-no-auth"), "anybody on the way", "--insecure-no-tls"),
    (("--host", "0.0.0.0", "--users", "users.yaml"), "anybody on the way", "--insecure-no-tls"),
    (("--tls-cert", "x.pem"), "belong together", ""),
    (("--tls-cert", "x.pem", "--tls-key", "y.pem"), "cannot be read", ""),
    (("--tls-cert", "users.yaml", "--tls-key", "users.yaml"), "no certificate", ""),
    (("--at", "main"), "a session chooses", "SET ref"),
    (("--port", "70000"), "70000", ""),
    (("--token-lifetime", "soon"), "30s or 12h", ""),
    (("--ingest-limit", "much"), "2GB", ""),
    (("--timeout", "later"), "timeout cannot be 'later'", ""),
]


@pytest.mark.parametrize(("arguments", "said", "hint"), REFUSED)
def test_what_it_refuses(
    arguments: tuple[str, ...], said: str, hint: str, repo: RepoBuilder, tmp_path: Path
) -> None:
    (tmp_path / "users.yaml").write_text(users_text())
    done = program(tmp_path, repo.path, *arguments)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert hint in done.stderr
    assert done.stdout == ""


def test_told_twice_it_listens_elsewhere(serve: Callable[..., Server], repo: RepoBuilder) -> None:
    server = serve(repo.path, "--host", "0.0.0.0", "--insecure-no-tls", "--insecure-no-auth")
    address = f"grpc://127.0.0.1:{server.port}"
    with flight_sql.connect(address, autocommit=True) as connection:
        assert rows(connection, "SELECT 1") == [(1,)]


def test_a_port_that_is_taken(repo: RepoBuilder, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = program(tmp_path, repo.path, "--port", str(port))
    assert done.returncode == 7
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"error: Nothing can listen at 127.0.0.1, port {port}: address already")


def test_no_repository(tmp_path: Path) -> None:
    done = program(tmp_path, tmp_path / "none")
    assert done.returncode == 3
    assert "not a Git repository" in done.stderr


@pytest.mark.parametrize("missing", ["argon2", "itsdangerous", "google.protobuf"])
def test_without_the_extra_it_says_how_to_install_it(missing: str, tmp_path: Path) -> None:
    text = f"import sys; sys.modules[{missing!r}] = None\nfrom ingitdb_cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", text, "serve", "--port", "1"],
        env=own_environment(tmp_path),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "pip install 'ingitdb[server]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_environment_can_say_it(repo: RepoBuilder, tmp_path: Path) -> None:
    done = subprocess.run(
        command(repo.path),
        env={**own_environment(tmp_path), "INGITDB_SERVE_HOST": "0.0.0.0"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "0.0.0.0 can be reached" in done.stderr


# --- Limits


def test_limits_of_statements(serve: Callable[..., Server], repo: RepoBuilder) -> None:
    server = serve(repo.path, "--max-rows", "10", "--timeout", "500ms")
    connection = server.adbc()
    assert len(rows(connection, "FROM range(10)")) == 10
    with pytest.raises(adbc_driver_manager.Error, match="IGD-5005"):
        rows(connection, "FROM range(11)")
    with pytest.raises(adbc_driver_manager.Error, match="IGD-5005"):
        rows(connection, "SELECT count(*) FROM range(200_000) a, range(200_000) b WHERE a <> b")


def test_a_transaction_that_is_left_is_rolled_back(
    serve: Callable[..., Server], repo: RepoBuilder
) -> None:
    server = serve(repo.path, "--transaction-timeout", "400ms")
    before = repo.git("rev-parse", "main")
    connection = server.adbc(autocommit=False)
    rows(connection, ADD)

    time.sleep(3)  # what is waited for shows only to those who wait, as each look is a use
    with pytest.raises(adbc_driver_manager.Error, match="nothing happened in it"):
        connection.commit()
    assert repo.git("rev-parse", "main") == before


def test_an_upload_that_is_too_large(serve: Callable[..., Server], repo: RepoBuilder) -> None:
    connection = serve(repo.path, "--ingest-limit", "1MB").adbc()
    large = pa.table({"_key": [f"k{i}" for i in range(5)], "text": ["x" * 400_000] * 5})
    before = repo.git("rev-parse", "main")
    with connection.cursor() as cursor, pytest.raises(adbc_driver_manager.Error, match="IGD-"):
        cursor.adbc_ingest("uploads", large, mode="create")
    assert repo.git("rev-parse", "main") == before


# --- TLS


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """Makes a certificate for this machine, and its key."""
    folder.mkdir(exist_ok=True)
    cert, key = folder / f"{name}.pem", folder / f"{name}.key"
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", f"/CN={name}", "-addext",
         "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", cert],
        capture_output=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    return cert, key


def offered(port: int) -> str:
    """Gives the certificate that a server shows, as PEM."""
    return ssl.get_server_certificate(("127.0.0.1", port), timeout=10)


def trusting(server: Server, cert: Path, **more: str) -> Any:
    options = {DatabaseOptions.TLS_ROOT_CERTS.value: cert.read_text(), **more}
    return server.stack.enter_context(
        flight_sql.connect(server.uri, db_kwargs=options, autocommit=True)
    )


def test_tls_and_a_new_certificate(
    serve: Callable[..., Server], repo: RepoBuilder, tmp_path: Path
) -> None:
    first, second = certificate(tmp_path / "a", "first"), certificate(tmp_path / "b", "second")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    shutil.copy(first[0], cert)
    shutil.copy(first[1], key)
    server = serve(repo.path, "--tls-cert", cert, "--tls-key", key)
    assert server.addresses[0]["address"].startswith("grpc+tls://")
    assert "useEncryption=true" in server.addresses[1]["address"]
    assert offered(server.port).strip() == first[0].read_text().strip()
    old = trusting(server, first[0], username="reports", password="x")
    assert rows(old, "SELECT 1") == [(1,)]
    shutil.copy(second[1], key)
    eventually(lambda: has_logged(server, "certificate stays as it was"))
    assert rows(old, "SELECT 1") == [(1,)]
    shutil.copy(second[0], cert)
    eventually(lambda: has_logged(server, "certificate read"))
    assert offered(server.port).strip() == second[0].read_text().strip()
    assert rows(trusting(server, second[0]), "SELECT 1") == [(1,)]
    assert server.stop() == 0


def test_a_stream_goes_on_through_a_new_certificate(
    serve: Callable[..., Server], repo: RepoBuilder, tmp_path: Path
) -> None:
    cert, key = certificate(tmp_path, "one")
    server = serve(repo.path, "--tls-cert", cert, "--tls-key", key)
    standing = trusting(server, cert, username="reports", password="any")
    rows(standing, "SET ref = 'release'")
    with trusting(server, cert).cursor() as cursor:
        cursor.execute(MANY)
        reader = cursor.fetch_record_batch()
        count = reader.read_next_batch().num_rows
        server.process.send_signal(signal.SIGHUP)
        eventually(lambda: has_logged(server, "certificate read"))
        assert rows(trusting(server, cert), "SELECT 1") == [(1,)]
        assert standing.adbc_connection.get_option("adbc.connection.catalog") == "ferries"
        assert rows(standing, "SHOW BRANCHES")
        assert count + sum(batch.num_rows for batch in reader) == 10_000_000


def test_without_tls_nobody_speaks_tls(serve: Callable[..., Server], repo: RepoBuilder) -> None:
    with pytest.raises((ssl.SSLError, OSError)):
        offered(serve(repo.path).port)


# --- The end


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_with_0(number: int, serve: Callable[..., Server], repo: RepoBuilder) -> None:
    server = serve(repo.path)
    rows(server.adbc(), "SELECT 1")
    assert server.stop(number) == 0
    assert [line.split(" ", 2)[2].split()[0] for line in server.lines] == [
        "listening",
        "told",
        "stopped",
    ]
    assert "drained=True" in server.lines[-1]


def test_an_open_transaction_is_rolled_back(
    serve: Callable[..., Server], repo: RepoBuilder
) -> None:
    server = serve(repo.path)
    before = repo.git("for-each-ref"), repo.git("status", "--porcelain")
    rows(server.adbc(autocommit=False), ADD)
    assert server.stop() == 0
    assert (repo.git("for-each-ref"), repo.git("status", "--porcelain")) == before
    repo.git("fsck", "--strict")


def test_streams_end_and_new_clients_are_refused(
    serve: Callable[..., Server], repo: RepoBuilder
) -> None:
    server = serve(repo.path)
    stream = server.stream(MANY)
    count = stream.read_chunk().data.num_rows
    server.process.send_signal(signal.SIGTERM)
    eventually(lambda: not listens(server.port))
    assert server.process.poll() is None
    assert count + sum(chunk.data.num_rows for chunk in stream) == 10_000_000
    assert server.process.wait(60) == 0
    assert "drained=True" in server.lines[-1]


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except (ConnectionRefusedError, ConnectionResetError):
        return False
    return True


def test_who_reads_nothing_does_not_hold_it_up(
    serve: Callable[..., Server], repo: RepoBuilder
) -> None:
    server = serve(repo.path, "--drain", "1s")
    stream = server.stream(MANY)
    stream.read_chunk()
    began = time.monotonic()
    assert server.stop() == 0
    assert 1 <= time.monotonic() - began < 20
    assert has_logged(server, "calls are interrupted after=1s")
    with pytest.raises(flight.FlightError):
        stream.read_all()


def test_a_long_statement_is_interrupted(serve: Callable[..., Server], repo: RepoBuilder) -> None:
    server = serve(repo.path, "--drain", "500ms")
    failures: list[Exception] = []

    def run() -> None:
        try:
            server.stream(LONG)
        except flight.FlightError as error:
            failures.append(error)

    before = cpu_seconds(server.process.pid)
    thread = threading.Thread(target=run)
    thread.start()
    eventually(lambda: cpu_seconds(server.process.pid) > before + 0.5)
    assert server.stop() == 0
    thread.join()
    assert failures


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) / os.sysconf("SC_CLK_TCK")


def test_told_twice_it_ends_at_once(serve: Callable[..., Server], repo: RepoBuilder) -> None:
    server = serve(repo.path)
    stream = server.stream(MANY)
    stream.read_chunk()
    server.process.send_signal(signal.SIGINT)
    eventually(lambda: has_logged(server, "told to end"))
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(20) == 130


def test_a_session_that_works_is_not_idle(serve: Callable[..., Server], repo: RepoBuilder) -> None:
    server = serve(repo.path, "--session-timeout", "200ms", "--transaction-timeout", "200ms")
    stream = server.stream(MANY)
    count = stream.read_chunk().data.num_rows
    time.sleep(1)  # idle for longer than the limit, were it not for the stream
    assert count + sum(chunk.data.num_rows for chunk in stream) == 10_000_000
    assert "cannot be looked after" not in server.log.read_text()
