"""Who may come in, and what for: passwords, tokens, roles, authors."""

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.resources import files
from pathlib import Path
from typing import Any

import adbc_driver_manager
import pyarrow as pa
import pytest
from jsonschema import Draft202012Validator
from pyarrow import flight

from tests.support.repositories import RepoBuilder
from tests.support.serve_program import (
    PASSWORDS,
    Server,
    ferries,
    hashes,
    program,
    rows,
    serving,
    users_text,
)

Status = adbc_driver_manager.AdbcStatusCode
ADD = "INSERT INTO fares (route, price) VALUES ('R9', 9)"


@pytest.fixture
def repo(tmp_path: Path) -> RepoBuilder:
    return ferries(tmp_path / "ferries")


@pytest.fixture
def users(tmp_path: Path) -> Path:
    path = tmp_path / "users.yaml"
    path.write_text(users_text())
    path.chmod(0o600)
    return path


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    with ExitStack() as stack:
        yield lambda *arguments: stack.enter_context(serving(tmp_path, *arguments))


@pytest.fixture
def server(serve: Callable[..., Server], repo: RepoBuilder, users: Path) -> Server:
    return serve(repo.path, "--users", users)


def refused(connect: Callable[[], Any]) -> adbc_driver_manager.Error:
    """Gives the error of something that is refused."""
    with pytest.raises(adbc_driver_manager.Error) as caught:
        connect()
    return caught.value


def eventually(holds: Callable[[], bool]) -> None:
    """Waits for a condition."""
    until = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.02)


# --- Passwords


def test_without_users_anybody_comes_in(serve: Callable[..., Server], repo: RepoBuilder) -> None:
    server = serve(repo.path)
    assert rows(server.adbc("who", "ever"), "SELECT count(*) FROM fares") == [(2,)]
    with flight.connect(server.uri) as client:
        assert list(client.list_actions())


def test_with_users_a_password_is_wanted(server: Server) -> None:
    assert rows(server.adbc("reports"), "SELECT count(*) FROM fares") == [(2,)]
    for name, password in [
        ("reports", "sea-dev"),
        ("nobody", "sea-reports"),
        ("", ""),
        ("reports", " "),
    ]:
        error = refused(lambda name=name, password=password: server.adbc(name, password))
        assert error.status_code == Status.UNAUTHENTICATED
        assert "There is no such user, or the password is wrong." in str(error)
    wanted = pytest.raises(flight.FlightUnauthenticatedError, match="wants a name")
    with flight.connect(server.uri) as client, wanted:
        list(client.list_actions())


def test_a_password_with_each_call(server: Server) -> None:
    with flight.connect(server.uri) as client:
        options = server.basic("reports", PASSWORDS["reports"])
        assert list(client.list_actions(options))
        with pytest.raises(flight.FlightUnauthenticatedError):
            list(client.list_actions(server.basic("reports", "no")))
        began = time.monotonic()
        for _ in range(50):
            list(client.list_actions(options))
        assert time.monotonic() - began < 1.0  # 50 checks of argon2 take more than that


@pytest.mark.parametrize("header", ["Basic", "Basic !!", "Basic /w==", "Bearer", "Bearer x", "Ba"])
def test_odd_headers(server: Server, header: str) -> None:
    options = flight.FlightCallOptions(headers=[(b"authorization", header.encode())])
    with flight.connect(server.uri) as client, pytest.raises(flight.FlightUnauthenticatedError):
        list(client.list_actions(options))


def test_an_unknown_name_costs_as_much(server: Server) -> None:
    def cost(name: str) -> float:
        began = time.monotonic()
        refused(lambda: server.adbc(name, "wrong"))
        return time.monotonic() - began

    known = min(cost("reports") for _ in range(3))
    unknown = min(cost(f"nobody{number}") for number in range(3))
    assert unknown > known / 3


def test_too_many_wrong_passwords(server: Server) -> None:
    token = server.token("reports")
    dev = server.adbc("dev")
    errors = [refused(lambda: server.adbc("dev", "wrong")) for _ in range(8)]
    kinds = [error.status_code for error in errors]
    assert kinds[:5] == [Status.UNAUTHENTICATED] * 5
    assert Status.IO in kinds[5:]
    assert "Try again in" in str(errors[-1])
    assert rows(server.bearing(token), "SELECT 1") == [(1,)]
    assert rows(dev, "SELECT 1") == [(1,)]
    assert rows(server.adbc("fleet"), "SELECT 1") == [(1,)]
    assert sum("sign-in failed name=dev" in line for line in server.lines) == 5


def test_the_log_has_no_secrets(server: Server) -> None:
    connection = server.adbc("dev")
    rows(connection, "SELECT count(*) FROM fares WHERE route = ?", ("hidden-value",))
    refused(lambda: rows(connection, "SELECT CAST(? AS INTEGER)", ("hidden-value",)))
    refused(lambda: server.adbc("dev", "hidden-value"))
    server.token("dev")
    text = server.log.read_text()
    assert "sign-in failed name=dev" in text
    assert "hidden-value" not in text
    assert not [p for p in (*PASSWORDS.values(), *hashes().values(), "Bearer") if p in text]


# --- Tokens


def test_a_token_outlives_a_restart(
    serve: Callable[..., Server], repo: RepoBuilder, users: Path, tmp_path: Path
) -> None:
    arguments = (repo.path, "--users", users, "--key", tmp_path / "key")
    first = serve(*arguments)
    token = first.token("reports")
    assert first.stop() == 0
    assert rows(serve(*arguments).bearing(token), "SELECT 1") == [(1,)]
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    other = serve(repo.path, "--users", users, "--key", tmp_path / "other")
    for foreign in (token, token[:-3], token + "x", "Bearer e30.x.y"):
        error = refused(lambda foreign=foreign: rows(other.bearing(foreign), "SELECT 1"))
        assert error.status_code == Status.UNAUTHENTICATED
        assert "none that this server has given" in str(error)


def test_a_token_expires(serve: Callable[..., Server], repo: RepoBuilder, users: Path) -> None:
    server = serve(repo.path, "--users", users, "--token-lifetime", "1s")
    header = (b"authorization", server.token("reports").encode())
    options = flight.FlightCallOptions(headers=[header])
    with flight.connect(server.uri) as client:

        def said() -> str:
            try:
                list(client.list_actions(options))
            except flight.FlightUnauthenticatedError as error:
                return str(error)
            return ""

        eventually(lambda: "expired" in said())
        assert list(client.list_actions(server.basic("reports", PASSWORDS["reports"])))


def test_a_user_who_is_removed_is_out(server: Server, users: Path) -> None:
    connection, other = server.adbc("dev"), server.adbc("reports")
    rows(connection, "SELECT 1")
    before = users.read_text()
    users.write_text(re.sub(r"  dev:\n(    .*\n)*", "", before))
    error = refused(lambda: rows(connection, "SELECT 1"))
    assert error.status_code == Status.UNAUTHENTICATED
    refused(lambda: server.adbc("dev"))
    assert rows(other, "SELECT 1") == [(1,)]
    users.write_text(before)
    assert rows(connection, "SELECT 1") == [(1,)]


def test_another_password_ends_the_tokens_of_the_former(server: Server, users: Path) -> None:
    connection = server.bearing(server.token("dev"))
    users.write_text(users.read_text().replace(hashes()["dev"], hashes()["reports"]))
    assert "another password" in str(refused(lambda: rows(connection, "SELECT 1")))
    assert rows(server.adbc("dev", PASSWORDS["reports"]), "SELECT 1") == [(1,)]


def test_a_broken_users_file_changes_nothing(server: Server, users: Path) -> None:
    users.write_text(users.read_text() + "  carl: {roles: []}\n")
    assert rows(server.adbc("reports"), "SELECT 1") == [(1,)]
    eventually(lambda: any("users stay as they were" in line for line in server.lines))
    assert re.search(r"users\.yaml:\d+:\d+: users\.carl", server.log.read_text())
    users.unlink()
    assert rows(server.adbc("dev"), "SELECT 1") == [(1,)]


# --- Roles


def test_a_viewer_reads_and_does_not_write(server: Server, repo: RepoBuilder) -> None:
    before = repo.git("for-each-ref")
    connection = server.adbc("reports")
    assert rows(connection, "SELECT count(*) FROM fares AS OF 'release'") == [(2,)]
    for sql in [
        ADD,
        "UPDATE fares SET price = 1",
        "DELETE FROM fares",
        "CREATE TABLE t (a INTEGER)",
        "DROP TABLE fares",
        "CREATE BRANCH mine",
        "CREATE TAG mine",
        "DROP BRANCH release",
        "CALL DOLT_TAG('mine')",
    ]:
        error = refused(lambda sql=sql: rows(connection, sql))
        assert error.status_code == Status.UNAUTHORIZED, sql
        assert "IGD-5007" in str(error)
        assert "42501" in str(error)
    with connection.cursor() as cursor:
        refused(lambda: cursor.adbc_ingest("t", pa.table({"a": [1]}), mode="create"))
    assert repo.git("for-each-ref") == before


def test_a_developer_writes_some_branches(server: Server, repo: RepoBuilder) -> None:
    connection = server.adbc("dev")
    rows(connection, ADD)
    rows(connection, "SET ref = 'feature/tariff'")
    rows(connection, ADD)
    rows(connection, "SET ref = 'release'")
    assert rows(connection, "SELECT count(*) FROM fares") == [(2,)]
    error = refused(lambda: rows(connection, ADD))
    assert error.status_code == Status.UNAUTHORIZED
    assert "dev may not write the branch release of ferries" in str(error)
    assert "main, feature/*" in str(error)
    rows(connection, "SET ref = DEFAULT")
    rows(connection, 'CREATE BRANCH "feature/more"')
    for sql in ("CREATE BRANCH other", "CREATE TAG v1", "DROP BRANCH release"):
        assert refused(lambda sql=sql: rows(connection, sql)).status_code == Status.UNAUTHORIZED
    names = repo.git("for-each-ref", "--format=%(refname)").split()
    assert names == [
        f"refs/heads/{n}" for n in ("feature/more", "feature/tariff", "main", "release")
    ]


def test_who_a_commit_names(server: Server, repo: RepoBuilder) -> None:
    def last() -> str:
        return repo.git("log", "-1", "--format=%an <%ae> | %cn <%ce>", "main")

    committer = "Server <server@example.org>"
    rows(server.adbc("dev"), ADD)
    assert last() == f"Pricing Desk <pricing@example.org> | {committer}"
    fleet = server.adbc("fleet")
    rows(fleet, ADD)
    assert last() == f"Fleet Office <fleet@example.org> | {committer}"
    rows(fleet, "SET author = 'Timetable Desk <timetable@example.org>'")
    rows(fleet, ADD)
    assert last() == f"Timetable Desk <timetable@example.org> | {committer}"


def test_only_an_admin_commits_for_others(server: Server, repo: RepoBuilder) -> None:
    dev = server.adbc("dev")
    before = repo.git("for-each-ref")
    for sql in [
        "SET author = 'Fleet Office <fleet@example.org>'",
        "CALL DOLT_COMMIT('--allow-empty', '-m', 'x', '--author', 'Fleet <fleet@example.org>')",
        "CALL set_commit_message('x', '--author', 'Fleet Office <fleet@example.org>')",
        "CALL DOLT_TAG('v1', '-m', 'x', '--author', 'Fleet Office <fleet@example.org>')",
    ]:
        error = refused(lambda sql=sql: rows(dev, sql))
        assert error.status_code == Status.UNAUTHORIZED, sql
        assert "Only an admin" in str(error)
    assert repo.git("for-each-ref") == before
    rows(server.adbc("fleet"), "CALL DOLT_TAG('v1', '-m', 'x', '--author', 'Desk <d@example.org>')")
    assert repo.git("for-each-ref", "--format=%(taggeremail)", "refs/tags") == "<d@example.org>"
    rows(dev, ADD)
    assert repo.git("log", "-1", "--format=%an", "main") == "Pricing Desk"


def test_roles_are_of_a_database(
    serve: Callable[..., Server], repo: RepoBuilder, users: Path, tmp_path: Path
) -> None:
    other = ferries(tmp_path / "hr")
    server = serve(f"people={other.path}", repo.path, "--users", users)
    listed = {row["database"] for row in server.addresses if row["client"] == "sqlalchemy"}
    assert listed == {"people", "ferries"}
    dev = server.adbc("dev")
    rows(dev, ADD)
    assert repo.git("log", "-1", "--format=%an", "main") == "Pricing Desk"
    assert "people" not in str(refused(lambda: rows(dev, "SET catalog = 'hr'")))
    assert "IGD-2002" in str(refused(lambda: rows(dev, "SET catalog = 'people'")))
    fleet = server.adbc("fleet")
    rows(fleet, "SET catalog = 'ferries'")
    rows(fleet, "SET catalog = 'people'")
    assert rows(fleet, "SELECT count(*) FROM fares") == [(2,)]


def test_other_roles_hold_at_once(server: Server, users: Path) -> None:
    dev = server.adbc("dev")
    rows(dev, ADD)
    users.write_text(users.read_text().replace("role: developer", "role: admin")
                     .replace(', branches: [main, "feature/*"]', ""))  # fmt: skip
    rows(dev, "CREATE TAG v1")
    users.write_text(users.read_text().replace("role: admin, database: fer*", "role: viewer"))
    assert refused(lambda: rows(dev, ADD)).status_code == Status.UNAUTHORIZED


# --- The file

WRONG = [
    ("users:\n  a: {roles: []}\n", r":2:\d+: users.a has no 'password'"),
    ("users: {}\n", r":1:\d+: users must not be empty"),
    ("user: {}\n", r"unknown key 'user'. Did you mean users\?|has no 'users'"),
    ("users:\n  a:\n    password: plain\n    roles: [{role: viewer}]\n", ":3:.*no argon2 hash"),
    ("users:\n  a:\n    password: $argon2x\n    roles: [{role: viewer}]\n", ":3:.*no argon2 hash"),
    ("users:\n  a:\n    password: HASH\n    roles: [{role: king}]\n", ":4:.*viewer, developer"),
    ("users:\n  a:\n    password: HASH\n    roles: [{role: admin}]\n", ":2:.*has no author"),
    (
        "users:\n  a:\n    password: HASH\n    author: Nobody\n    roles: [{role: admin}]\n",
        ":4:.*does not name a person",
    ),
    (
        "users:\n  a:\n    password: HASH\n    roles:\n    - {role: viewer, branches: [x]}\n",
        ":5:.*only a developer",
    ),
    ("users:\n  'a:b': {password: HASH, roles: [{role: viewer}]}\n", ":2:.*no possible name"),
    ("users:\n  a: 1\n  a: 2\n", ":3:.*twice|:3:"),
    ("users: [\n", r":\d+:\d+: "),
]


@pytest.mark.parametrize(("text", "said"), WRONG)
def test_what_is_wrong_with_a_users_file(
    text: str, said: str, repo: RepoBuilder, users: Path, tmp_path: Path
) -> None:
    users.write_text(text.replace("HASH", hashes()["reports"]))
    done = program(tmp_path, repo.path, "--users", users, "--port", "0")
    assert done.returncode == 2, done.stderr
    assert re.search(said, done.stderr), done.stderr
    assert hashes()["reports"] not in done.stderr
    assert done.stdout == ""


def test_a_missing_users_file(repo: RepoBuilder, tmp_path: Path) -> None:
    done = program(tmp_path, repo.path, "--users", tmp_path / "none.yaml", "--port", "0")
    assert done.returncode == 2
    assert "none.yaml cannot be read: No such file" in done.stderr


def test_a_hash_is_made(
    serve: Callable[..., Server], repo: RepoBuilder, users: Path, tmp_path: Path
) -> None:
    done = program(tmp_path, "--hash-password", data="sjø og land\n")
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout.startswith("$argon2id$")
    users.write_text(users.read_text().replace(hashes()["reports"], done.stdout.strip()))
    assert rows(serve(repo.path, "--users", users).adbc("reports", "sjø og land"), "SELECT 1")
    assert program(tmp_path, "--hash-password", data="\n").returncode == 2


def test_the_schema_is_one() -> None:
    text = files("ingitdb_flight.schemas").joinpath("users.schema.json").read_text("utf-8")
    Draft202012Validator.check_schema(json.loads(text))
