"""`ingitdb migrate` of key-value stores as its users type it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

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
        target.put(key_of(target, number), b'{"name":"theirs"}')


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


def test_what_a_store_cannot(
    run: Run, target: Targets, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run("apply")
    assert run("capture", "--branch", "theirs") == Status.USAGE
    file = tmp_path / "file"
    file.write_text("tables: {}\n", "utf-8")
    assert run("apply", "--mapping", str(file)) == Status.USAGE
    assert run("apply", "--script", str(file)) == Status.USAGE
    assert "captured" in capfd.readouterr().err
