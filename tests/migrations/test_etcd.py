"""etcd as it is led to commits: its limits, its lock, interrupted, by its own gateway."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ingitdb.errors import StatementRefused, TargetError
from ingitdb.migrations.stores.etcd import Etcd, put, transaction
from ingitdb.services.migrations.scripted import scripts
from ingitdb.services.migrations.targets import opened
from ingitdb.services.migrations.ways import Mode, OnConflict, Options
from tests.support.etcd import EtcdServer, EtcdTarget
from tests.support.keyed_rounds import StoreRound, nothing
from tests.support.repositories import RepoBuilder

pytestmark = pytest.mark.slow
Stores = Callable[..., StoreRound]
MOST = 128


class Killed(Exception):
    """What ends a run in the middle."""


@pytest.fixture
def repo(tmp_path: Path) -> RepoBuilder:
    repo = RepoBuilder(tmp_path / "repo")
    tables = {"t": {"key": "id", "schema": "main", "glob": "data/t.jsonl"}}
    repo.commit({".ingitdb/tables.yaml": json.dumps({"tables": tables}), **rows(300)})
    repo.commit(rows(600, name="other"))
    return repo


def rows(count: int, **more: object) -> dict[str, str]:
    found = ({"id": n, "name": "x", **more} for n in range(count))
    return {"data/t.jsonl": "".join(json.dumps(row) + "\n" for row in found)}


@pytest.fixture
def found(repo: RepoBuilder, stores: Stores) -> StoreRound:
    return stores(repo.path)


@pytest.fixture
def target(etcd_targets: EtcdServer) -> EtcdTarget:
    target = etcd_targets.target()
    target.spoil()
    return target


def test_there_and_back(found: StoreRound, target: EtcdTarget) -> None:
    found.go(target, "HEAD~1", "HEAD")
    assert target.all()["t/7"] == b'{"id":7,"name":"other"}'


def test_what_is_stored_of_each_type(repo: RepoBuilder, stores: Stores, target: EtcdTarget) -> None:
    row = {
        "id": 1, "flag": True, "big": 2**63 - 1, "huge": 2**100, "share": 1 / 3, "none": None,
        "note": "a\0\"\\", "inner": {"a": [1.5, None]}, "zoned": "2024-02-29T00:30:00+02:00",
        "price": 12.5,
    }  # fmt: skip
    columns = {"zoned": {"type": "TIMESTAMPTZ"}, "price": {"type": "DECIMAL(10,2)"}}
    tables = {"t": {"key": "id", "schema": "main", "columns": columns, "glob": "data/t.jsonl"}}
    repo.commit(
        {
            ".ingitdb/tables.yaml": json.dumps({"tables": tables}),
            "data/t.jsonl": json.dumps(row) + "\n",
        }
    )
    stores(repo.path).go(target, "HEAD~1", "HEAD")
    assert target.all()["t/1"].decode() == (
        '{"big":9223372036854775807,"flag":true,"huge":"1267650600228229401496703205376","id":1,'
        '"inner":{"a":[1.5,null]},"note":"a\\u0000\\"\\\\","price":"12.50",'
        '"share":0.3333333333333333,"zoned":"2024-02-28T22:30:00Z"}'
    )


def test_etcd_takes_no_more_operations(target: EtcdTarget) -> None:
    many = [put(f"{target.prefix}x/{n}", "") for n in range(MOST + 1)]
    assert target.ask("/v3/kv/txn", transaction([], many[:-1]))["succeeded"]
    with pytest.raises(OSError, match="400"):
        target.ask("/v3/kv/txn", transaction([], many))
    assert Etcd.limits.operations == MOST


def test_large_records_are_cut_into_requests(
    repo: RepoBuilder, stores: Stores, target: EtcdTarget
) -> None:
    lines = (json.dumps({"id": n, "text": "ø" * 100_000}) + "\n" for n in range(40))
    repo.commit({"data/t.jsonl": "".join(lines)})
    repo.commit({"data/t.jsonl": json.dumps({"id": 1, "text": "x" * 1_600_000}) + "\n"})
    found = stores(repo.path)
    found.go(target, "HEAD~2", "HEAD~1")
    before = target.all()
    with pytest.raises(StatementRefused, match="no more than"):
        found.forward(target, "HEAD")
    assert target.all() == before


def test_killed_at_every_chunk_and_continued(found: StoreRound, etcd_targets: EtcdServer) -> None:
    def kill(target: EtcdTarget, at: int) -> bool:
        seen = []

        def end(what: str, done: int, of: int) -> None:
            seen.append(done)
            if len(seen) == at:
                raise Killed

        with opened(target.url) as it, it.forward(found.database, "HEAD", Options()) as way:
            try:
                way.run(end)
            except Killed:
                return True
        return False

    for at in range(1, 9):
        target = etcd_targets.target()
        target.spoil()
        found.forward(target, "HEAD~1")
        if not kill(target, at):
            assert at == 6
            break
        if at % 2:
            found.forward(target, "HEAD")
            found.holds(target, "HEAD")
        found.back(target)
        found.holds(target, "HEAD~1")


def test_two_runs_exclude_each_other(found: StoreRound, target: EtcdTarget) -> None:
    with opened(target.url) as it, it.forward(found.database, "HEAD", Options()) as way:
        with pytest.raises(TargetError, match="Another migration is at work"):
            found.forward(target, "HEAD")
        target.delete("ingitdb_migrations/lock")
        with pytest.raises(TargetError, match="moved to another commit"):
            way.run(nothing)
    assert set(target.all()) == {"mine", "people/a/b"}
    found.forward(target, "HEAD")


@pytest.mark.parametrize("mode", list(Mode))
def test_what_others_changed_is_settled(
    found: StoreRound, etcd_targets: EtcdServer, mode: Mode
) -> None:
    for on_conflict in (OnConflict.SOURCE, OnConflict.TARGET):
        target = etcd_targets.target()
        target.spoil()
        found.forward(target, "HEAD~1")
        target.put("t/7", b"mine")
        target.delete("t/8")
        target.put("t/500", b"{}")
        with pytest.raises(StatementRefused, match=r"t/500, .*t/7, .*t/8"):
            found.forward(target, "HEAD", Options(mode=mode))
        found.forward(target, "HEAD", Options(mode=mode, on_conflict=on_conflict))
        if on_conflict is OnConflict.SOURCE:
            found.holds(target, "HEAD")
        else:
            there = target.all()
            assert (there["t/7"], there["t/500"], "t/8" in there) == (b"mine", b"{}", False)
            assert len([key for key in there if key.startswith("t/")]) == 599


def test_scripts_by_the_gateway(found: StoreRound, etcd_targets: EtcdServer) -> None:
    etcd_targets.wipe()
    target = etcd_targets.target("")
    found.script(target, "HEAD~1", "HEAD")
    with scripts(found.database, "etcd", "HEAD") as made:
        assert not any(target.run(b"".join(made.up_script())))
    found.holds(target, "HEAD")
    etcd_targets.wipe()
