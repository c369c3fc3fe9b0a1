"""`ingitdb migrate` of key-value stores as its users type it."""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import ingitdb
from ingitdb_cli.program import run as started
from ingitdb_cli.statuses import Status
from tests.support.etcd import EtcdServer, EtcdTarget
from tests.support.redis import RedisServer, RedisTarget
from tests.support.repositories import RepoBuilder

pytestmark = pytest.mark.slow
Run = Callable[..., int]
Targets = RedisTarget | EtcdTarget


@pytest.fixture(params=["redis", "etcd"])
def target(request: pytest.FixtureRequest) -> Targets:
    servers: RedisServer | EtcdServer = request.getfixturevalue(f"{request.param}_targets")
    return servers.target()


@pytest.fixture
def run(repo: RepoBuilder, target: Targets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Two commits: 1 differs, 2 goes, 3 comes."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    repo.commit({"p/1.json": '{"name": "a"}', "p/2.json": '{"name": "b"}'})
    repo.commit({"p/1.json": '{"name": "A"}', "p/2.json": None, "p/3.json": '{"name": "c"}'})

    def run(command: str, *arguments: str) -> int:
        source = () if command == "status" else ("--source", str(repo.path))
        return started(["migrate", command, *source, "--target", target.url, *arguments])

    return run


def key_of(target: Targets, number: int) -> str:
    return f"p:{number}" if isinstance(target, RedisTarget) else f"p/{number}"


def name_of(target: Targets, number: int) -> str | None:
    """Gives the name in a record, as a plain client sees it."""
    if isinstance(target, RedisTarget):
        found = target.ask("HGET", key_of(target, number), "name")
        return None if found is None else found.decode()
    text = target.all().get(key_of(target, number))
    return None if text is None else json.loads(text)["name"]


def change(target: Targets, number: int) -> None:
    if isinstance(target, RedisTarget):
        target.ask("HSET", key_of(target, number), "name", "theirs")
    else:
        said = compact({"_key": str(number), "name": "theirs"})
        target.put(key_of(target, number), said.encode())


def test_a_store_follows_the_commits(run: Run, target: Targets) -> None:
    assert run("apply", "--to", "HEAD~1", "--verify") == Status.DONE
    assert [name_of(target, n) for n in (1, 2, 3)] == ["a", "b", None]
    assert run("sync", "--batch-size", "1", "--verify") == Status.DONE
    assert [name_of(target, n) for n in (1, 2, 3)] == ["A", None, "c"]
    assert run("rollback") == Status.DONE
    assert [name_of(target, n) for n in (1, 2, 3)] == ["a", "b", None]
    assert run("status") == Status.DONE


def test_what_others_changed(run: Run, target: Targets, capfd: pytest.CaptureFixture[str]) -> None:
    run("apply", "--to", "HEAD~1")
    assert run("analyze", "--at", "HEAD~1") == Status.DONE
    change(target, 1)
    capfd.readouterr()
    assert run("analyze", "--at", "HEAD~1", "--format", "json") == Status.FOUND
    found = json.loads(capfd.readouterr().out)
    assert [(row["kind"], row["table"]) for row in found["rows"]] == [("update", "p")]
    assert found["rows"][0]["key"]["key"].endswith(key_of(target, 1))
    assert run("sync") == Status.REFUSED
    assert key_of(target, 1) in capfd.readouterr().err
    assert run("sync", "--on-conflict", "target") == Status.DONE
    assert [name_of(target, n) for n in (1, 2, 3)] == ["theirs", None, "c"]
    assert run("sync", "--mode", "full", "--on-conflict", "source", "--verify") == Status.DONE
    assert [name_of(target, n) for n in (1, 2, 3)] == ["A", None, "c"]


def test_changes_of_a_store_come_back_as_a_commit(
    run: Run, target: Targets, repo: RepoBuilder, capfd: pytest.CaptureFixture[str]
) -> None:
    run("apply")
    assert run("capture", "--branch", "none") == Status.DONE
    assert "none" not in repo.git("branch")
    change(target, 1)
    take_away(target, 3)
    add(target, 7, "it's new")
    assert run("capture", "--branch", "theirs", "-m", "From the desk") == Status.DONE
    assert repo.git("log", "-1", "--format=%s", "theirs") == "From the desk"
    assert repo.git("rev-parse", "theirs~1") == repo.git("rev-parse", "main")
    changed = repo.git("diff", "--name-status", "main", "theirs").split()
    assert changed == ["M", "p/1.json", "D", "p/3.json", "A", "p/7.json"]
    assert json.loads(repo.git("show", "theirs:p/1.json")) == {"name": "theirs"}
    assert json.loads(repo.git("show", "theirs:p/7.json")) == {"name": "it's new"}
    assert run("sync", "--to", "theirs") == Status.DONE
    assert run("sync", "--to", "theirs", "--mode", "full", "--verify") == Status.DONE
    spoil(target, 1)
    capfd.readouterr()
    assert run("capture", "--branch", "more") == Status.REFUSED
    assert f"{key_of(target, 1)} " in capfd.readouterr().err
    assert "more" not in repo.git("branch")


def test_every_kind_of_value_comes_back(run: Run, target: Targets, repo: RepoBuilder) -> None:
    """A record that was taken away and put back as it was is the same again."""
    row = {
        "id": 1, "flag": True, "big": 2**63 - 1, "huge": 2**100, "share": 0.1 + 0.2, "price": 12.5,
        "note": "a\0b\r\n\"'", "some": [1, None], "inner": {"a": [1.5]}, "none": None,
        "at": "2024-02-29T12:30:45.25", "zoned": "2024-02-29T00:30:00+02:00",
    }  # fmt: skip
    kinds = {"at": "TIMESTAMP", "zoned": "TIMESTAMPTZ", "price": "DECIMAL(10,2)"}
    columns = {name: {"type": kind} for name, kind in kinds.items()}
    said = {"t": {"key": "id", "schema": "main", "columns": columns, "glob": "data/t.jsonl"}}
    other = {**row, "id": 2}
    lines = "".join(json.dumps(one) + "\n" for one in (row, other))
    repo.commit({".ingitdb/tables.yaml": json.dumps({"tables": said}), "data/t.jsonl": lines})
    repo.commit({"data/t.jsonl": json.dumps(row) + "\n"})
    assert run("apply", "--to", "HEAD~1") == Status.DONE
    kept = raw(target, "t", 2)
    assert run("apply") == Status.DONE
    put(target, "t", 2, kept)
    assert run("capture", "--branch", "theirs") == Status.DONE
    asked = "SELECT * EXCLUDE (_key) FROM t ORDER BY id"
    with closing(ingitdb.connect(repo.path)) as connection:
        found = connection.execute(asked.replace("t ", "t AT (VERSION => 'theirs') ")).fetchall()
        wanted = connection.execute(asked.replace("t ", "t AT (VERSION => 'HEAD~1') ")).fetchall()
    assert found == wanted


def compact(said: dict[str, str]) -> str:
    """Spells a record as the store has it; otherwise it counts as changed."""
    return json.dumps(said, separators=(",", ":"))


def take_away(target: Targets, number: int) -> None:
    if isinstance(target, RedisTarget):
        target.ask("DEL", key_of(target, number))
    else:
        target.delete(key_of(target, number))


def add(target: Targets, number: int, name: str) -> None:
    if isinstance(target, RedisTarget):
        target.ask("HSET", key_of(target, number), "_key", str(number), "name", name)
    else:
        said = compact({"_key": str(number), "name": name})
        target.put(key_of(target, number), said.encode())


def spoil(target: Targets, number: int) -> None:
    """Puts something there that is no record of the table."""
    if isinstance(target, RedisTarget):
        target.ask("HSET", key_of(target, number), "unknown", "x")
    else:
        target.put(key_of(target, number), b"[]")


def raw(target: Targets, table: str, number: int) -> Any:
    if isinstance(target, RedisTarget):
        return target.ask("HGETALL", f"{table}:{number}")
    return target.all()[f"{table}/{number}"]


def put(target: Targets, table: str, number: int, kept: Any) -> None:
    if isinstance(target, RedisTarget):
        cells = [cell for pair in kept.items() for cell in pair]
        target.ask("HSET", f"{table}:{number}", *cells)
    else:
        target.put(f"{table}/{number}", kept)


def test_what_a_store_cannot(
    run: Run, target: Targets, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("capture", "--branch", "theirs") == Status.USAGE
    run("apply")
    file = tmp_path / "file"
    file.write_text("SELECT 1;\n", "utf-8")
    assert run("apply", "--script", str(file)) == Status.USAGE
    assert "nothing tells what was changed" in capfd.readouterr().err
