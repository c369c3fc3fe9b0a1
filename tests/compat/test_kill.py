"""`kill -9` while indexing: what is left behind never changes an answer.

A few rounds in the quick suite, some more in the full one, and as many as
INGITDB_TEST_KILL_ROUNDS says in `make faults`.
"""

import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.answers import answers, start, unequal
from tests.support.scratch import as_json, git, repository

ROUNDS = int(os.environ.get("INGITDB_TEST_KILL_ROUNDS", "20"))
COMMITS, RECORDS = 60, 400


def busy_history(path: Path, chance: random.Random) -> Path:
    """Makes a repository that takes a while to index: records, and a big list beside them."""

    def record(number: int, turn: int) -> bytes:
        more = {"note": f"turn {turn}"} if turn % 7 == 0 else {}
        return as_json({"id": number, "price": chance.random(), "tags": ["a"] * (turn % 3), **more})

    commits = [{f"things/{n:04}.json": record(n, 0) for n in range(RECORDS)}]
    for turn in range(1, COMMITS):
        changed = {
            f"things/{n:04}.json": record(n, turn) for n in chance.sample(range(RECORDS), 40)
        }
        rows = [{"n": n, "turn": turn if n % 10 == turn % 10 else 0} for n in range(300)]
        commits.append({**changed, "rows.json": as_json(rows)})
    return repository(path, commits)


def descendants(session: int) -> list[int]:
    """Gives the processes of a session that still run."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == session and fields[0] != "Z":
                found.append(int(entry.name))
    return found


def kill(process: subprocess.Popen[str], after: float) -> bool:
    """Kills a process after a while; tells whether it was still at work."""
    try:
        process.wait(timeout=after)
    except subprocess.TimeoutExpired:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        return True
    process.communicate()
    return False


def no_orphans(session: int) -> bool:
    """Waits for the workers of a killed process to notice."""
    for _ in range(100):
        if not descendants(session):
            return True
        time.sleep(0.1)
    return False


def files(cache: Path) -> set[Path]:
    """Gives the files of a cache."""
    return {p.relative_to(cache) for p in cache.rglob("*") if p.is_file()}


def rounds(count: int, folder: Path, seed: int) -> None:
    """Kills and looks, many times over; half of the rounds go on from what the last one left."""
    chance = random.Random(f"{seed} kill")
    path = busy_history(folder / "busy", chance)
    commits = git(path, "rev-list", "HEAD").split()
    asked = [commits[0], *chance.sample(commits, 3)]
    began = time.monotonic()
    expected = answers(path, folder / "clean", asked)
    whole = time.monotonic() - began
    complete = files(folder / "clean")
    cache, killed, partial = folder / "cache", 0, 0
    for number in range(count):
        if number % 2 == 0:
            shutil.rmtree(cache, ignore_errors=True)
        process = start(path, cache, asked)
        if kill(process, chance.uniform(0.25, 0.95) * whole):
            killed += 1
            left = files(cache) if cache.exists() else set()
            partial += bool(left) and left != complete
            assert no_orphans(process.pid), f"round {number}: workers outlive the process"
        found = answers(path, cache, asked)
        assert not unequal(expected, found), f"round {number}, INGITDB_TEST_SEED={seed}"
    assert killed * 2 >= count, f"only {killed} of {count} processes were killed at work"
    print(f"{count} rounds, {killed} killed at work, {partial} left part of a cache")  # noqa: T201
    assert partial * 2 >= killed or count < 10


def test_a_few_rounds(tmp_path: Path, seed: int) -> None:
    rounds(3, tmp_path, seed)


@pytest.mark.slow
def test_many_rounds(tmp_path: Path, seed: int) -> None:
    rounds(ROUNDS, tmp_path, seed)
