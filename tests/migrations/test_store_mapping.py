"""A mapping file says what a key-value store calls things, and which of them it has."""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ingitdb_cli.program import run as started
from ingitdb_cli.statuses import Status
from tests.migrations.test_scripts import rows, tables
from tests.support.etcd import EtcdServer, EtcdTarget
from tests.support.redis import RedisServer, RedisTarget
from tests.support.repositories import RepoBuilder

Run = Callable[..., int]
Targets = RedisTarget | EtcdTarget
MAPPING = """
exclude: secret
prefix: app_
keys: 'shop:{table}:{key}'
tables:
  people:
    name: persons
    exclude_columns: [last]
    columns:
      id: {name: number}
      town: {name: town_key}
      full: {expression: "concat_ws(' ', first, last)"}
      first: {exclude: true}
  towns:
    columns: {_key: {name: code}}
"""
PEOPLE = tables(
    people={
        "key": "id",
        "foreign_keys": [{"columns": "town", "table": "towns", "references": "_key"}],
    },
    towns={"glob": "towns/{key}.json"},
    secret={},
)


def person(number: int, town: str, **more: Any) -> dict[str, Any]:
    return {"id": number, "first": f"f{number}", "last": "l", "town": town, **more}


@pytest.fixture(params=["redis", "etcd"])
def target(request: pytest.FixtureRequest) -> Targets:
    servers: RedisServer | EtcdServer = request.getfixturevalue(f"{request.param}_targets")
    if isinstance(servers, EtcdServer):
        servers.wipe()
        return servers.target("")
    return servers.target()


@pytest.fixture
def repo(tmp_path: Path) -> RepoBuilder:
    """Of three people 1 moves, 2 gets what nobody sees, 3 goes, and 4 comes."""
    repo = RepoBuilder(tmp_path / "repo")
    people = [person(1, "a"), person(2, "a"), person(3, "b")]
    towns = {"towns/a.json": "{}", "towns/b.json": "{}"}
    repo.commit({**PEOPLE, **towns, **rows("people", *people), **rows("secret", {"x": 1})})
    people = [person(1, "b"), person(2, "a", first="f2 l", last=None), person(4, "b")]
    repo.commit({**rows("people", *people), **rows("secret", {"x": 2})})
    return repo


@pytest.fixture
def run(repo: RepoBuilder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def run(command: str, *arguments: str, mapping: str = MAPPING) -> int:
        path = tmp_path / "mapping.yaml"
        path.write_text(mapping)
        source = ("--source", str(repo.path), "--mapping", str(path))
        return started(["migrate", command, *source, *arguments])

    return run


def url(target: Targets) -> str:
    return target.url.partition("?")[0]


def held(target: Targets) -> dict[str, Any]:
    """Gives all that is there but for the ledger, as a plain client sees it."""
    if isinstance(target, EtcdTarget):
        found = {key: json.loads(value) for key, value in target.all().items() if is_ours(key)}
        return {key: {name: str(one) for name, one in said.items()} for key, said in found.items()}
    with closing(target.client()) as client:
        keys = [key for key in map(bytes.decode, client.keys("*")) if is_ours(key)]
        return {
            key: sorted(map(bytes.decode, client.smembers(key)))
            if client.type(key) == b"set"
            else {name.decode(): value.decode() for name, value in client.hgetall(key).items()}
            for key in keys
        }


def is_ours(key: str) -> bool:
    return "ingitdb_migrations" not in key


def expected(target: Targets, people: dict[int, str]) -> dict[str, Any]:
    """Gives what is there of people, by the town of each."""
    found: dict[str, Any] = {f"shop:app_towns:{code}": {"code": code} for code in "ab"}
    for number, town in people.items():
        said = {"number": str(number), "town_key": town, "full": f"f{number} l"}
        found[f"shop:persons:{number}"] = said
    if isinstance(target, RedisTarget):
        found["shop:app_towns"] = [f"shop:app_towns:{code}" for code in "ab"]
        found["shop:persons"] = [f"shop:persons:{number}" for number in people]
        for town in "ab":
            if town in people.values():
                there = [f"shop:persons:{number}" for number in people if people[number] == town]
                found[f"shop:persons:by:town_key:{town}"] = there
    return found


BEFORE, AFTER = {1: "a", 2: "a", 3: "b"}, {1: "b", 2: "a", 4: "b"}


@pytest.mark.slow
def test_names_and_expressions(
    run: Run, target: Targets, capfd: pytest.CaptureFixture[str]
) -> None:
    there = ("--target", url(target))
    assert run("apply", *there, "--to", "HEAD~1", "--verify") == Status.DONE
    assert held(target) == expected(target, BEFORE)
    capfd.readouterr()
    assert run("sync", *there, "--verify") == Status.DONE
    assert "update rows persons, 1 rows" in capfd.readouterr().err  # 2 is as it was, for all to see
    assert held(target) == expected(target, AFTER)
    assert run("analyze", *there) == Status.DONE
    assert run("rollback", *there) == Status.DONE
    assert held(target) == expected(target, BEFORE)
    assert run("sync", *there, "--mode", "full") == Status.DONE
    assert held(target) == expected(target, AFTER)


@pytest.mark.slow
def test_the_same_by_scripts(run: Run, target: Targets, tmp_path: Path) -> None:
    up, down = tmp_path / "up", tmp_path / "down"
    places = ("--dialect", target.dialect, "--output", str(up), "--rollback", str(down))
    assert run("generate", *places, "--to", "HEAD~1") == Status.DONE
    target.run(up.read_bytes())
    assert held(target) == expected(target, BEFORE)
    assert run("generate", *places, "--from", "HEAD~1") == Status.DONE
    for script, people in ((up, AFTER), (up, AFTER), (down, BEFORE), (down, BEFORE), (up, AFTER)):
        target.run(script.read_bytes())
        assert held(target) == expected(target, people)


@pytest.mark.slow
def test_scripts_for_a_target_have_its_keys(run: Run, target: Targets, tmp_path: Path) -> None:
    there = ("--target", f"{url(target)}?keys=x%7C{{table}}:{{key}}")
    plain = "exclude: secret"
    assert run("apply", *there, "--to", "HEAD~1", mapping=plain) == Status.DONE
    up = tmp_path / "up"
    assert run("generate", *there, "--output", str(up), mapping=plain) == Status.DONE
    target.run(up.read_bytes())
    assert run("analyze", *there, mapping=plain) == Status.DONE
    assert {"x|people:4", "x|towns:a"} <= set(held(target))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mode", "after"),
    [("upsert", {1: "b", 2: "a", 3: "b", 4: "b"}), ("insert", {1: "a", 2: "a", 3: "b", 4: "b"})],
)
def test_a_table_has_a_mode_of_its_own(
    run: Run, target: Targets, mode: str, after: dict[int, str]
) -> None:
    mapping = MAPPING.replace(
        "name: persons", f"name: persons, mode: {mode}".replace(", ", "\n    ")
    )
    there = ("--target", url(target))
    assert run("apply", *there, "--to", "HEAD~1", mapping=mapping) == Status.DONE
    assert run("sync", *there, "--verify", mapping=mapping) == Status.DONE
    assert held(target) == expected(target, after)
    assert run("sync", *there, "--mode", "full", mapping=mapping) == Status.DONE
    assert run("analyze", *there, mapping=mapping) == Status.DONE
    assert held(target) == expected(target, after)
    assert run("rollback", *there, mapping=mapping) == Status.DONE
    assert held(target) == expected(target, BEFORE)


@pytest.mark.slow
def test_tables_that_the_mapping_computes_are_not_captured(
    run: Run, target: Targets, capfd: pytest.CaptureFixture[str]
) -> None:
    there = ("--target", url(target), "--branch", "theirs")
    assert run("apply", *there[:2]) == Status.DONE
    if isinstance(target, EtcdTarget):
        target.put("shop:persons:1", b'{"full":"x","number":1,"town_key":"b"}')
    else:
        target.ask("HSET", "shop:persons:1", "full", "x")
    assert run("capture", *there) == Status.REFUSED
    assert "persons" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("mapping", "dialect", "said"),
    [
        (
            "keys: '{table}'",
            "redis",
            "mapping.yaml:1:1: '{table}' is no template of keys. hint: Such as",
        ),
        ("keys: 'a:{table}:{key}'", "sqlite", "mapping.yaml:1:1: Only key-value stores"),
        (
            "tables:\n  people:\n    columns:\n      town: {type: TEXT}",
            "consul",
            "mapping.yaml:4:14: A key-value store has no types",
        ),
        (
            "tables:\n  people:\n    explode:\n      tags: {table: tags}",
            "redis",
            "mapping.yaml:4:7: A key-value store keeps a list in its record.",
        ),
        (
            "tables:\n  people:\n    indexes: [town]",
            "etcd",
            "mapping.yaml:3:5: etcd has no indexes.",
        ),
        (
            "tables:\n  people:\n    columns:\n      towm: {name: x}",
            "redis",
            "mapping.yaml:4:7: people has no column 'towm'. hint: Did you mean town?",
        ),
        (
            "tables: {people: {exclude_columns: id}}",
            "redis",
            "mapping.yaml:1:10: people would have",
        ),
    ],
)
def test_faults_say_where(
    run: Run, capfd: pytest.CaptureFixture[str], mapping: str, dialect: str, said: str
) -> None:
    assert run("generate", "--dialect", dialect, mapping=mapping) == Status.USAGE
    assert said in " ".join(capfd.readouterr().err.split())


def test_two_templates_of_keys(run: Run, capfd: pytest.CaptureFixture[str]) -> None:
    there = "redis://127.0.0.1:1/0?keys={table}/{key}"
    assert run("apply", "--target", there) == Status.USAGE
    assert "mapping.yaml:4:1: The URL says that keys are '{table}/{key}'." in capfd.readouterr().err


def test_bodies_for_consul_have_the_names(run: Run, tmp_path: Path) -> None:
    up = tmp_path / "up.jsonl"
    assert run("generate", "--dialect", "consul", "--output", str(up)) == Status.DONE
    keys = {one["KV"]["Key"] for line in up.read_text().splitlines() for one in json.loads(line)}
    assert {"shop:persons:4", "shop:app_towns:a"} <= keys
    assert not any("secret" in key for key in keys)
