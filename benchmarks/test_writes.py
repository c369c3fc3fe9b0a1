"""Row 7: SQL that writes, each statement a durable commit, beside DoltLite and git fast-import."""

import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import ingitdb
from benchmarks.conftest import THREADS
from benchmarks.doltlite_process import DoltLite
from benchmarks.generated import COMMITTER, LAYOUTS, Generated
from benchmarks.ratios import Goal
from ingitdb.api.connection import Connection
from ingitdb.settings import Settings

_SINGLES = 30
_ROUNDS = 3
_WRITERS = 16
_EACH = 4
_ONE = "UPDATE accounts SET balance = balance + 1 WHERE id = ?"
_MANY = "UPDATE accounts SET balance = balance + 1 WHERE id < ?"
_SUM = "SELECT sum(balance) FROM accounts"
_COMMIT = "SELECT dolt_commit('-A', '-m', 'Change')"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rivals:
    """One repository to write to, and a DoltLite database of the same accounts."""

    repository: Generated
    path: Path
    settings: Settings
    ours: Connection
    theirs: DoltLite

    def sums(self) -> list[int]:
        """Gives the sum of all balances on either side."""
        ((mine,),), ((rival,),) = self.ours.execute(_SUM).fetchall(), self.theirs.rows(_SUM)
        return [int(mine), int(rival)]


@pytest.fixture(scope="module", params=LAYOUTS)
def rivals(
    request: pytest.FixtureRequest, made: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Rivals]:
    """Gives both; nothing that other benchmarks read is written."""
    folder = tmp_path_factory.mktemp(request.param)
    repository = made(request.param)
    path = shutil.copytree(repository.path, folder / "bare.git")
    for name, value in (("name", "Pricing Desk"), ("email", "pricing@example.org")):
        subprocess.run(["git", "-C", str(path), "config", f"user.{name}", value], check=True)
    settings = Settings(cache=folder / "cache", threads=THREADS, workers=2)
    with (
        ingitdb.connect(path, settings=settings, autocommit=True) as ours,
        DoltLite(folder / "accounts.doltlite") as theirs,
    ):
        rows = ours.execute("SELECT id, name, country, status, balance FROM accounts").fetchall()
        theirs.rows("PRAGMA synchronous = FULL")
        theirs.rows(
            "CREATE TABLE accounts (id INTEGER PRIMARY KEY, name TEXT, country TEXT, status TEXT,"
            " balance INTEGER)"
        )
        theirs.rows("BEGIN")
        theirs.many("INSERT INTO accounts VALUES (?, ?, ?, ?, ?)", [tuple(row) for row in rows])
        theirs.rows("COMMIT")
        theirs.rows(_COMMIT)
        yield Rivals(repository=repository, path=path, settings=settings, ours=ours, theirs=theirs)


def timed(run: Callable[[], Any]) -> float:
    """Gives the seconds that something takes."""
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


def imported(rivals: Rivals, paths: list[str]) -> float:
    """Gives the seconds in which git makes a commit of so many files, synced as ours are."""
    git = ["git", "-C", str(rivals.path)]
    parent = subprocess.check_output([*git, "rev-parse", "main"], text=True).strip()
    head = f"commit refs/heads/imported\ncommitter {COMMITTER} 1800000000 +0000\ndata 1\nx\n"
    text = b'{"id": 1, "balance": %d}\n' % time.time_ns()
    stream = f"{head}from {parent}\n".encode() + b"".join(
        b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(text), text) for path in paths
    )
    command = [*git, "-c", "core.fsync=all", "fast-import", "--quiet", "--force"]
    return timed(lambda: subprocess.run(command, input=stream, check=True))


@pytest.mark.parametrize("count", [1, 100, 10_000])
def test_update(benchmark: Any, ratio: Any, rivals: Rivals, count: int) -> None:
    count = min(count, rivals.repository.records // 2)
    layout = rivals.repository.layout
    rounds = _SINGLES if count == 1 else _ROUNDS
    numbers = iter(range(rounds + 1))

    def ours() -> None:
        done = rivals.ours.execute(*((_ONE, [next(numbers)]) if count == 1 else (_MANY, [count])))
        assert done.rowcount >= min(count, 1)

    def theirs(number: int) -> None:
        rivals.theirs.rows(*((_ONE, [number]) if count == 1 else (_MANY, [count])))
        rivals.theirs.rows(_COMMIT)

    benchmark.group = label = f"row 7 {layout} UPDATE of {count:,}"
    benchmark.pedantic(ours, rounds=rounds, iterations=1)
    others = [timed(partial(theirs, number)) for number in range(rounds)]
    paths = [rivals.repository.record_path(number) for number in range(count)]
    imports = [imported(rivals, paths) for _ in range(_ROUNDS)]
    mine, rival = rivals.sums()
    assert mine == rival
    goal = Goal(times=1.0)
    ratio.note(label, "ours", statistics.median(benchmark.stats.stats.data), goal)
    ratio.note(label, "DoltLite", statistics.median(others), goal)
    ratio.note(label, "git fast-import", statistics.median(imports), goal)


def test_many_writers(ratio: Any, benchmark: Any, rivals: Rivals) -> None:
    layout = rivals.repository.layout
    alone = timed(lambda: [rivals.ours.execute(_ONE, [n]) for n in range(_WRITERS)]) / _WRITERS
    connections = [
        ingitdb.connect(rivals.path, settings=rivals.settings, autocommit=True)
        for _ in range(_WRITERS)
    ]
    known = rivals.ours.execute("SELECT id FROM accounts ORDER BY id DESC").fetchall()
    numbers = [number for (number,) in known]
    try:
        ((before,),) = rivals.ours.execute(_SUM).fetchall()
        for connection in connections:
            connection.execute("SELECT count(*) FROM accounts").fetchall()

        def write(at: int) -> None:
            for turn in range(_EACH):
                done = connections[at].execute(_ONE, [numbers[at * _EACH + turn]])
                assert done.rowcount == 1

        def together() -> None:
            with ThreadPoolExecutor(_WRITERS) as pool:
                list(pool.map(write, range(_WRITERS)))

        benchmark.group = label = f"row 7 {layout} a commit, of {_WRITERS} writers"
        benchmark.pedantic(together, rounds=1, iterations=1)
        ((after,),) = rivals.ours.execute(_SUM).fetchall()
        assert int(after) - int(before) == _WRITERS * _EACH, "one was lost"
    finally:
        for connection in connections:
            connection.close()
    goal = Goal(times=0.5)
    ratio.note(label, "ours", benchmark.stats.stats.data[0] / (_WRITERS * _EACH), goal)
    ratio.note(label, "one writer", alone, goal)
