"""Targets brought to a commit: beside the system's own bulk load, and beside a full comparison."""

import csv
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.support import mariadb, postgresql, servers
from tests.support.live_targets import MAKERS, Live
from tests.support.redis import RedisTarget, redis_server

import ingitdb
from benchmarks.generated import Generated
from benchmarks.ratios import Goal
from ingitdb.services.database import Database
from ingitdb.services.migrations.targets import opened
from ingitdb.services.migrations.ways import Mode, OnConflict, Options
from ingitdb.settings import Settings

_ROUNDS = 3
_CHANGES = 5
_COLUMNS = ("id", "name", "country", "status", "balance")
_SUM = "SELECT count(*), sum(balance) FROM accounts"
_FULL = Options(mode=Mode.FULL, on_conflict=OnConflict.SOURCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """A repository whose rows go to targets, and the same rows as a file."""

    repository: Generated
    database: Database
    file: Path
    answer: tuple[int, int]


@pytest.fixture(scope="module", autouse=True)
def stopped() -> Iterator[None]:
    """Stops the servers in the end."""
    yield
    servers.stop_all()


@pytest.fixture(scope="module")
def accounts(
    made: Any, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Accounts]:
    repository = made("sharded")
    file = tmp_path_factory.mktemp("rows") / "accounts.csv"
    with ingitdb.connect(repository.path, settings=settings) as connection:
        sql = f"SELECT {', '.join(_COLUMNS)} FROM accounts"
        rows = connection.execute(sql).fetchall()
        ((rows_there, total),) = connection.execute(_SUM).fetchall()
    with file.open("w", encoding="utf-8", newline="") as output:
        csv.writer(output, lineterminator="\n").writerows(rows)
    with Database.open(repository.path, settings) as database:
        yield Accounts(
            repository=repository, database=database, file=file, answer=(rows_there, int(total))
        )


@pytest.fixture(scope="module")
def redis_target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], RedisTarget]]:
    """Gives targets of a Redis server, each an empty database."""
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server.target


def timed(run: Callable[[], Any]) -> float:
    """Gives the seconds that something takes."""
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


def led(accounts: Accounts, live: Live, ref: str, options: Options) -> None:
    """Leads a target to a commit."""
    with (
        opened(live.url) as target,
        target.forward(accounts.database, ref, options) as way,
    ):
        way.run(lambda what, done, of: None)


def led_back(accounts: Accounts, live: Live) -> None:
    """Leads a target back to where it was."""
    with opened(live.url) as target, target.backward(accounts.database, None) as way:
        way.run(lambda what, done, of: None)


def answer(live: Live) -> tuple[int, int]:
    """Gives what a plain driver finds."""
    ((rows, total),) = live.run(_SUM)
    return int(rows), int(total)


def in_bulk(live: Live, file: Path) -> None:
    """Loads the rows in the system's own way."""
    own = "id BIGINT NOT NULL PRIMARY KEY, name TEXT, country TEXT, status TEXT, balance BIGINT"
    if live.kind == "postgresql":
        live.run(f"CREATE TABLE accounts ({own})")
        _, name = live.url.rsplit("/", 1)
        copy = "COPY accounts FROM STDIN (FORMAT csv)"
        with (
            postgresql.cluster().connected(name) as connection,
            connection.cursor().copy(copy) as stream,
        ):
            stream.write(file.read_bytes())
    elif live.kind == "mysql":
        live.run(f"CREATE TABLE accounts ({own.replace('TEXT', 'VARCHAR(100)')})")
        load = f"LOAD DATA LOCAL INFILE '{file}' INTO TABLE accounts FIELDS TERMINATED BY ','"
        _, name = live.url.rsplit("/", 1)
        client = ["mariadb", "--no-defaults", f"--socket={mariadb.server().socket}", "-uroot"]
        subprocess.run([*client, "--local-infile=1", name, "-e", load], check=True)
    elif live.kind == "sqlite":
        live.run(f"CREATE TABLE accounts ({own})")
        path = live.url.removeprefix("sqlite:///")
        command = ["sqlite3", path, ".mode csv", f".import {file} accounts"]
        subprocess.run(command, check=True)
    else:
        path = live.url.removeprefix("duckdb:///")
        with duckdb.connect(path) as connection:
            connection.execute(f"CREATE TABLE accounts ({own})")
            connection.execute(f"COPY accounts FROM '{file}'")


@pytest.mark.parametrize("kind", MAKERS)
def test_sync(benchmark: Any, ratio: Any, accounts: Accounts, tmp_path: Path, kind: str) -> None:
    folders = (tmp_path / str(number) for number in count())

    def fresh() -> Live:
        folder = next(folders)
        folder.mkdir()
        return MAKERS[kind](folder)

    tip = accounts.repository.tip

    def ours(live: Live) -> None:
        led(accounts, live, tip, Options(mode=Mode.FULL))
        assert answer(live) == accounts.answer

    ours(fresh())  # the commit is indexed, the system's files are warm
    benchmark.group = label = f"migrate sync of {accounts.answer[0]:,} rows, {kind}"
    benchmark.pedantic(lambda live: led(accounts, live, tip, Options(mode=Mode.FULL)),
                       setup=lambda: ((fresh(),), {}), rounds=_ROUNDS, iterations=1)  # fmt: skip
    others = []
    for _ in range(_ROUNDS):
        live = fresh()
        others.append(timed(lambda live=live: in_bulk(live, accounts.file)))
        assert answer(live) == accounts.answer
    goal = Goal(times=2.0)
    ratio.note(label, "ours", statistics.median(benchmark.stats.stats.data), goal)
    ratio.note(label, "its bulk load", statistics.median(others), goal)


@pytest.mark.parametrize("kind", MAKERS)
def test_incremental(
    benchmark: Any, ratio: Any, accounts: Accounts, tmp_path: Path, kind: str
) -> None:
    live = MAKERS[kind](tmp_path)
    repository = accounts.repository
    led(accounts, live, repository.tip, Options())
    led(accounts, live, repository.side, Options())  # the commit is known
    after = answer(live)

    def back() -> None:
        led_back(accounts, live)
        assert answer(live) == accounts.answer

    label = f"migrate sync of 10 changes in {accounts.answer[0]:,} rows, {kind}"
    benchmark.group = label
    benchmark.pedantic(
        lambda: led(accounts, live, repository.side, Options()),
        setup=back,
        rounds=_CHANGES,
        iterations=1,
    )
    assert answer(live) == after
    others = []
    for _ in range(_ROUNDS):
        back()
        others.append(timed(lambda: led(accounts, live, repository.side, _FULL)))
        assert answer(live) == after
    goal = Goal(faster=100)
    ratio.note(label, "ours", statistics.median(benchmark.stats.stats.data), goal)
    ratio.note(label, "comparing all", statistics.median(others), goal)


def spelled(*words: bytes) -> bytes:
    """Gives a command as Redis's protocol has it."""
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)


def copied(target: RedisTarget) -> Iterator[bytes]:
    """Gives the commands that write what a target holds, but for the ledger."""
    with closing(target.client()) as client:
        for key in client.keys("*"):
            if client.type(key) == b"hash" and not key.startswith(b"ingitdb"):
                cells = [word for pair in client.hgetall(key).items() for word in pair]
                yield spelled(b"HSET", key, *cells)
            elif client.type(key) == b"set":
                for member in client.smembers(key):
                    yield spelled(b"SADD", key, member)


def balances(target: RedisTarget) -> tuple[int, int]:
    """Gives how many accounts a plain client finds, and the sum of their balances."""
    with closing(target.client()) as client:
        keys = list(client.scan_iter("accounts:*", count=10_000))
        pipe = client.pipeline(transaction=False)
        for key in keys:
            pipe.hget(key, "balance")
        found = pipe.execute()
    return len(found), sum(map(int, found))


def test_redis(
    benchmark: Any,
    ratio: Any,
    accounts: Accounts,
    redis_target: Callable[[], RedisTarget],
    tmp_path: Path,
) -> None:
    repository, made = accounts.repository, []

    def fresh() -> tuple[tuple[Live], dict[str, Any]]:
        made.append(redis_target())
        return (Live("redis", made[-1].url, made[-1].ask),), {}

    def ours(live: Live) -> None:
        led(accounts, live, repository.tip, Options(mode=Mode.FULL))

    ours(*fresh()[0])  # the commit is indexed
    label = f"migrate sync of {accounts.answer[0]:,} rows, redis"
    benchmark.group = label
    benchmark.pedantic(ours, setup=fresh, rounds=_ROUNDS, iterations=1)
    assert balances(made[-1]) == accounts.answer
    file = tmp_path / "copy.resp"
    file.write_bytes(b"".join(copied(made[-1])))
    others = []
    for _ in range(_ROUNDS):
        target = redis_target()
        client = ["redis-cli", "-p", str(target.port), "-n", str(target.number), "--pipe"]
        with file.open("rb") as commands:
            load = partial(subprocess.run, client, stdin=commands, check=True, capture_output=True)
            others.append(timed(load))
        assert balances(target) == accounts.answer
    goal = Goal(times=2.0)
    ratio.note(label, "ours", statistics.median(benchmark.stats.stats.data), goal)
    ratio.note(label, "redis-cli --pipe", statistics.median(others), goal)
    live = Live("redis", made[-1].url, made[-1].ask)
    label = f"migrate sync of 10 changes in {accounts.answer[0]:,} rows, redis"
    few, all_of_it = [], []
    for options, taken in [(Options(), few)] * _CHANGES + [(_FULL, all_of_it)] * _ROUNDS:
        taken.append(timed(partial(led, accounts, live, repository.side, options)))
        led_back(accounts, live)
        assert balances(made[-1]) == accounts.answer
    goal = Goal(faster=100)
    ratio.note(label, "ours", statistics.median(few), goal)
    ratio.note(label, "comparing all", statistics.median(all_of_it), goal)
