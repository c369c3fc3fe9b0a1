"""Redis as it is led to commits: interrupted, locked, changed by others."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ingitdb.errors import StatementRefused, TargetError, UsageError
from ingitdb.migrations.plan import Mark
from ingitdb.services.migrations.scripted import scripts
from ingitdb.services.migrations.targets import opened
from ingitdb.services.migrations.ways import Mode, OnConflict, Options, RowsMode
from tests.support.keyed_rounds import StoreRound, nothing, same
from tests.support.redis import RedisServer, RedisTarget
from tests.support.repositories import RepoBuilder

pytestmark = pytest.mark.slow
Stores = Callable[..., StoreRound]
LOCK = "ingitdb_migrations:lock"
SMALL = Options(batch_size=3)
FULL = Options(mode=Mode.FULL)


class Killed(Exception):
    """What ends a run in the middle."""


def declared(**more: object) -> dict[str, str]:
    ports = {"key": "id", "schema": "main", "glob": "data/ports.jsonl"}
    routes = {"key": ["a", "b"], "schema": "main", "glob": "data/routes.jsonl"}
    routes["foreign_keys"] = [{"columns": "a", "table": "ports", "references": "id"}]
    return {".ingitdb/tables.yaml": json.dumps({"tables": {"ports": ports, "routes": routes}})}


def lines(name: str, *rows: object) -> dict[str, str]:
    return {f"data/{name}.jsonl": "".join(json.dumps(row) + "\n" for row in rows)}


def ports(*numbers: int, **more: object) -> dict[str, str]:
    return lines("ports", *({"id": n, "name": f"n{n}", **more} for n in numbers))


@pytest.fixture
def repo(tmp_path: Path) -> RepoBuilder:
    """Three commits: ports come, change and go, and so do routes."""
    repo = RepoBuilder(tmp_path / "repo")
    routes = [{"a": n % 9, "b": n} for n in range(30)]
    repo.commit({**declared(), **ports(*range(10)), **lines("routes", *routes)})
    routes = [{"a": n % 8, "b": n} for n in range(5, 40)]
    repo.commit({**ports(*range(5, 20), size=1), **lines("routes", *routes)})
    repo.commit({**ports(*range(3, 18), size=2), **lines("routes", *routes[:20])})
    return repo


@pytest.fixture
def found(repo: RepoBuilder, stores: Stores) -> StoreRound:
    return stores(repo.path)


@pytest.fixture
def target(redis_targets: RedisServer) -> RedisTarget:
    target = redis_targets.target()
    target.spoil()
    return target


def test_records_and_sets(found: StoreRound, target: RedisTarget) -> None:
    found.forward(target, "HEAD~2")
    assert target.ask("HGETALL", "ports:3") == {b"id": b"3", b"name": b"n3"}
    assert target.ask("HGETALL", "routes:1,10") == {b"a": b"1", b"b": b"10"}
    assert target.ask("SCARD", "routes") == 30
    assert target.ask("SMEMBERS", "routes:by:a:1") == {
        b"routes:1,1", b"routes:1,10", b"routes:1,19", b"routes:1,28"
    }  # fmt: skip


def test_declared_indexes_are_sets(repo: RepoBuilder, stores: Stores, target: RedisTarget) -> None:
    said = {"towns": {"key": "id", "schema": "main", "glob": "data/towns.jsonl"}}
    said["towns"]["indexes"] = ["country", ["country", "name"]]
    towns = [{"id": 1, "country": "NO", "name": "Moss"}, {"id": 2, "country": "NO", "name": "Os"}]
    declared = {".ingitdb/tables.yaml": json.dumps({"tables": said})}
    repo.commit({**declared, **lines("towns", *towns)})
    repo.commit(lines("towns", towns[0], {**towns[1], "country": "SE"}))
    round_of = stores(repo.path)
    round_of.forward(target, "HEAD~1")
    assert target.ask("SMEMBERS", "towns:by:country:NO") == {b"towns:1", b"towns:2"}
    assert target.ask("SMEMBERS", "towns:by:country,name:NO,Os") == {b"towns:2"}
    round_of.forward(target, "HEAD")
    assert target.ask("SMEMBERS", "towns:by:country:NO") == {b"towns:1"}
    assert target.ask("SMEMBERS", "towns:by:country:SE") == {b"towns:2"}
    assert target.ask("EXISTS", "towns:by:country,name:NO,Os") == 0


def test_keys_never_meet(repo: RepoBuilder, stores: Stores, target: RedisTarget) -> None:
    rows = [{"a": "x,y", "b": "z"}, {"a": "x", "b": "y,z"}, {"a": "by", "b": "a:b"}]
    rows += [{"a": "", "b": ""}, {"a": "50%", "b": "/|#"}, {"a": "ø", "b": "\0\r\n*[?"}]
    repo.commit(lines("routes", *rows))
    stores(repo.path).go(target, "HEAD~1", "HEAD")
    assert target.ask("HGETALL", "routes:x%2Cy,z") == {b"a": b"x,y", b"b": b"z"}


def test_keys_as_a_template_says(found: StoreRound, target: RedisTarget) -> None:
    with opened(f"{target.url}?keys=app:{{table}}%7C{{key}}") as it:
        with it.forward(found.database, "HEAD", Options()) as way:
            way.run(nothing)
        assert [row.state for row in it.ledger()] == ["applied"]
        assert list(it.differences(found.database, "HEAD")) == []
    assert target.ask("HGET", "app:ports|5", "name") == b"n5"
    assert target.ask("EXISTS", "app:ingitdb_migrations", "app:ports") == 2
    for wrong in ("{table}{key}", "{key}:{table}", "x"):
        with pytest.raises(UsageError), opened(f"{target.url}?keys={wrong}"):
            pass


def test_every_kind_of_value(repo: RepoBuilder, stores: Stores, target: RedisTarget) -> None:
    row = {
        "id": 1, "flag": True, "big": 2**63 - 1, "huge": 2**100, "share": 0.1 + 0.2, "tiny": 5e-324,
        "note": "a\0b\r\n\"'", "some": [1, None], "inner": {"a": [1.5]}, "none": None,
        "at": "2024-02-29T12:30:45.25", "zoned": "2024-02-29T00:30:00+02:00", "price": 12.5,
    }  # fmt: skip
    columns = {"at": {"type": "TIMESTAMP"}, "zoned": {"type": "TIMESTAMPTZ"}}
    columns["price"] = {"type": "DECIMAL(10,2)"}
    tables = {"t": {"key": "id", "schema": "main", "columns": columns, "glob": "data/t.jsonl"}}
    repo.commit({".ingitdb/tables.yaml": json.dumps({"tables": tables}), **lines("t", row)})
    stores(repo.path).go(target, "HEAD~1", "HEAD")
    assert target.ask("HGETALL", "t:1") == {
        b"id": b"1", b"flag": b"true", b"big": b"9223372036854775807",
        b"huge": b"1267650600228229401496703205376", b"share": b"0.30000000000000004",
        b"tiny": b"5e-324", b"note": b"a\0b\r\n\"'", b"some": b"[1,null]", b"inner": b'{"a":[1.5]}',
        b"at": b"2024-02-29T12:30:45.25", b"zoned": b"2024-02-28T22:30:00Z", b"price": b"12.50",
    }  # fmt: skip


def test_a_table_without_a_key_is_left_out(
    repo: RepoBuilder, stores: Stores, target: RedisTarget
) -> None:
    repo.commit(lines("loose", {"x": 1}))
    found = stores(repo.path)
    with opened(target.url) as it, it.forward(found.database, "HEAD", Options()) as way:
        assert [note.partition(":")[0] for note in way.plan.notes] == ["data.loose is left out"]


def killed(found: StoreRound, target: RedisTarget, ref: str | None, at: int) -> bool:
    """Goes to a commit, or back, until so many chunks are done; says whether it was ended."""
    seen = []

    def end(what: str, done: int, of: int) -> None:
        seen.append(done)
        if len(seen) == at:
            raise Killed

    with opened(target.url) as it:
        way = it.backward(found.database, None)
        if ref is not None:
            way = it.forward(found.database, ref, SMALL)
        with way as one:
            try:
                one.run(end)
            except Killed:
                return True
    return False


def test_killed_at_every_chunk_and_continued(found: StoreRound, redis_targets: RedisServer) -> None:
    for at in range(1, 100):
        target = redis_targets.target()
        target.spoil()
        found.forward(target, "HEAD~2")
        if not killed(found, target, "HEAD~1", at):
            assert at > 10
            break
        state = target.ask("HGET", "ingitdb_migrations", "at").decode()
        assert ".." in state
        # the same again, back, or elsewhere
        if at % 3 == 0:
            found.forward(target, "HEAD~1")
            found.holds(target, "HEAD~1")
            found.back(target)
            found.holds(target, "HEAD~2")
        elif at % 3 == 1:
            found.back(target)
            found.holds(target, "HEAD~2")
        else:
            found.forward(target, "HEAD", SMALL)
            found.holds(target, "HEAD")


def test_a_killed_process_leaves_a_lock_that_ends(found: StoreRound, target: RedisTarget) -> None:
    found.forward(target, "HEAD~2")
    program = (
        "import sys, os, signal\nfrom pathlib import Path\nimport ingitdb\n"
        "from ingitdb.services.database import Database\n"
        "from ingitdb.services.migrations.targets import opened\n"
        "from ingitdb.services.migrations.ways import Options\n"
        "def end(what, done, of):\n    os.kill(os.getpid(), signal.SIGKILL)\n"
        "repo, cache, url = sys.argv[1:]\n"
        "with Database.open(Path(repo), ingitdb.Settings(cache=Path(cache), workers=1)) as db:\n"
        "    with opened(url) as it, it.forward(db, 'HEAD', Options(batch_size=3)) as way:\n"
        "        way.run(end)\n"
    )
    command = [sys.executable, "-c", program, str(found.path), str(found.cache), target.url]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    with pytest.raises(TargetError, match="Another migration is at work"):
        found.forward(target, "HEAD")
    assert 0 < target.ask("PTTL", LOCK) <= 60_000
    target.ask("DEL", LOCK)  # what a minute does
    found.forward(target, "HEAD")
    found.holds(target, "HEAD")


def test_two_runs_exclude_each_other(found: StoreRound, target: RedisTarget) -> None:
    with opened(target.url) as it, it.forward(found.database, "HEAD", Options()) as way:
        with pytest.raises(TargetError, match="Another migration is at work"):
            found.forward(target, "HEAD")
        way.run(nothing)
    found.back(target)
    with opened(target.url) as it, it.forward(found.database, "HEAD", Options()):
        target.ask("SET", LOCK, "another's")
    assert target.ask("GET", LOCK) == b"another's"


@pytest.mark.parametrize("mode", list(Mode))
def test_what_others_changed_is_settled(
    found: StoreRound, redis_targets: RedisServer, mode: Mode
) -> None:
    def spoiled() -> RedisTarget:
        target = redis_targets.target()
        target.spoil()
        found.forward(target, "HEAD~2")
        target.ask("HSET", "ports:6", "name", "mine")
        target.ask("DEL", "ports:7")
        target.ask("HSET", "ports:12", "id", "12")
        return target

    target = spoiled()
    before = target.ask("DBSIZE")
    with pytest.raises(StatementRefused, match="ports:12, ports:6, ports:7"):
        found.forward(target, "HEAD~1", Options(mode=mode))
    assert target.ask("DBSIZE") == before
    found.forward(target, "HEAD~1", Options(mode=mode, on_conflict=OnConflict.SOURCE))
    found.holds(target, "HEAD~1")
    target = spoiled()
    found.forward(target, "HEAD~1", Options(mode=mode, on_conflict=OnConflict.TARGET))
    assert target.ask("HGETALL", "ports:6") == {b"id": b"6", b"name": b"mine"}
    assert target.ask("HGETALL", "ports:12") == {b"id": b"12"}
    assert target.ask("EXISTS", "ports:7") == 0
    assert target.ask("HGET", "ports:8", "size") == b"1"
    with opened(target.url) as it:
        records = [
            (k, key) for _, k, key in it.differences(found.database, "HEAD~1") if k != "index"
        ]
    assert records == [("different", "ports:12"), ("different", "ports:6"), ("missing", "ports:7")]


def test_all_is_compared(found: StoreRound, target: RedisTarget) -> None:
    found.forward(target, "HEAD")
    assert target.ask("DEL", "ports:5") == 1
    target.ask("SET", "ports:6", "no hash") if target.ask("DEL", "ports:6") else None
    target.ask("HSET", "ports:99", "id", "99")
    target.ask("SADD", "routes:by:a:1", "routes:nowhere")
    target.ask("SREM", "routes", "routes:1,9")
    with opened(target.url) as it:
        said = sorted(it.differences(found.database, "HEAD"))
    assert said == [
        ("ports", "different", "ports:6"),
        ("ports", "further", "ports:99"),
        ("ports", "missing", "ports:5"),
        ("routes", "index", "routes:1,9"),
        ("routes", "index", "routes:nowhere"),
    ]
    with pytest.raises(StatementRefused, match="changed by others"):
        found.forward(target, "HEAD", FULL)
    found.forward(target, "HEAD", Options(mode=Mode.FULL, on_conflict=OnConflict.SOURCE))
    found.holds(target, "HEAD")


@pytest.mark.parametrize("mode", list(Mode))
def test_which_records_are_settled(
    found: StoreRound, redis_targets: RedisServer, mode: Mode
) -> None:
    for rows, names, size in (
        (RowsMode.INSERT, range(20), None),
        (RowsMode.UPSERT, range(20), b"1"),
        (RowsMode.SYNC, range(5, 20), b"1"),
    ):
        target = redis_targets.target()
        found.forward(target, "HEAD~2")
        found.forward(target, "HEAD~1", Options(mode=mode, rows=rows))
        keys = {f"ports:{n}".encode() for n in names}
        assert target.ask("SMEMBERS", "ports") == keys
        assert all(target.ask("EXISTS", key) for key in keys)
        assert target.ask("HGET", "ports:7", "size") == size
        assert target.ask("HGET", "ports:19", "size") == b"1"


def test_the_plan_says_what_is_not_atomic(found: StoreRound, target: RedisTarget) -> None:
    with opened(target.url) as it, it.forward(found.database, "HEAD~2", Options()) as way:
        assert all(Mark.NOT_ATOMIC not in step.marks for step in way.plan.steps)
    with opened(target.url) as it, it.forward(found.database, "HEAD~2", SMALL) as way:
        assert all(Mark.NOT_ATOMIC in step.marks for step in way.plan.steps)


def test_the_ledger(found: StoreRound, target: RedisTarget) -> None:
    def states() -> list[tuple[int, str]]:
        with opened(target.url) as it:
            rows = it.ledger()
        assert all(row.applied_at.startswith("20") and row.duration for row in rows)
        return [(row.version, row.state) for row in rows]

    for ref in ("HEAD~2", "HEAD~1", "HEAD", "HEAD"):
        found.forward(target, ref)
    assert states() == [(1, "applied"), (2, "applied"), (3, "applied")]
    with pytest.raises(UsageError, match="does not say that it was at"):
        found.back(target, "HEAD")
    found.back(target, "HEAD~2")
    found.holds(target, "HEAD~2")
    assert states() == [(1, "applied"), (2, "undone"), (3, "undone")]
    found.back(target)
    same(target.held(found.expected("HEAD", target)), {})
    with pytest.raises(UsageError, match="nothing that could be taken back"):
        found.back(target)


def test_a_script_stops_at_a_third_commit(found: StoreRound, target: RedisTarget) -> None:
    found.forward(target, "HEAD~2")
    with scripts(found.database, "redis", "HEAD", "HEAD~1") as made:
        text = b"".join(made.up_script())
    with pytest.raises(AssertionError, match="the target is at another commit"):
        target.run(text)
    found.holds(target, "HEAD~2")


@pytest.mark.parametrize(
    "url", ["redis://127.0.0.1:1/0", "redis://127.0.0.1:1/x", "etcd://127.0.0.1:1"]
)
def test_what_cannot_be_reached(url: str) -> None:
    with pytest.raises(TargetError) as error, opened(url.replace("//", "//u:hidden@")):
        pass
    assert "hidden" not in str(error.value)
