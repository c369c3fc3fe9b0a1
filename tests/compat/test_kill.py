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

from tests.support.answers import answers, finish, start, unequal
from tests.support.scratch import as_json, git, repository

ROUNDS = int(os.environ.get("INGITDB_TEST_KILL_ROUNDS", "10"))
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


def kill(process: subprocess.Popen[str]) -> bool:
    """Kills a process; tells whether it was still at work."""
    at_work = process.poll() is None
    if at_work:
        os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    return at_work


def writing(process: subprocess.Popen[str], cache: Path, before: set[Path]) -> bool:
    """Waits until a process changes the cache; False if it ends without."""
    while process.poll() is None:
        if files(cache) != before:
            return True
        time.sleep(0.001)
    return False


def no_orphans(session: int) -> bool:
    """Waits for the workers of a killed process to notice."""
    for _ in range(600):
        if not descendants(session):
            return True
        time.sleep(0.1)
    return False


def files(cache: Path) -> set[Path]:
    """Gives the files of a cache that have something in them."""
    found = set()
    for folder, _, names in os.walk(cache):
        for name in names:
            path = Path(folder, name)
            try:
                if path.stat().st_size:
                    found.add(path.relative_to(cache))
            except FileNotFoundError:
                continue
    return found


class Scene:
    """A repository, what it answers, and a cache that knows only its older half."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self.path = busy_history(folder / "busy", chance)
        commits = git(self.path, "rev-list", "HEAD").split()
        self.asked = [commits[0], *chance.sample(commits[:20], 2), *chance.sample(commits, 2)]
        self.older = folder / "older"
        self._move(commits[20])
        answers(self.path, self.older, [commits[20]])
        self._move(commits[0])
        clean = folder / "clean"
        began = time.monotonic()
        process = start(self.path, clean, self.asked)
        assert writing(process, clean, set())
        first = time.monotonic()
        [self.expected] = finish(process)
        self.whole = time.monotonic() - began
        self.complete = files(clean)
        written = max((clean / path).stat().st_mtime for path in self.complete)
        self.window = max(0.02, written - time.time() + time.monotonic() - first)

    def _move(self, commit: str) -> None:
        git(self.path, "update-ref", "refs/heads/main", commit)

    def round(self, cache: Path, number: int, chance: random.Random) -> tuple[bool, bool]:
        """Starts, kills, looks. Tells whether the process was at work, and left a part behind."""
        shutil.rmtree(cache, ignore_errors=True)
        if number % 2:
            shutil.copytree(self.older, cache)
        before = files(cache)
        process = start(self.path, cache, self.asked)
        if number % 4 == 0:
            time.sleep(chance.uniform(0, self.whole))
        elif writing(process, cache, before):
            time.sleep(chance.uniform(0, self.window / 2))
        killed = kill(process)
        left = files(cache)
        assert no_orphans(process.pid), f"round {number}: workers outlive the process"
        found = answers(self.path, cache, self.asked)
        assert not unequal(self.expected, found), f"round {number}"
        return killed, left not in (before, self.complete)


def rounds(count: int, folder: Path, seed: int) -> None:
    """Kills and looks, many times over: caches from nothing, and caches that grow."""
    chance = random.Random(f"{seed} kill")
    scene = Scene(folder, chance)
    results = [scene.round(folder / "cache", number, chance) for number in range(count)]
    killed = sum(killed for killed, _ in results)
    partial = sum(partial for _, partial in results)
    print(f"{count} rounds, {killed} killed at work, {partial} left part of a cache")  # noqa: T201
    assert partial * 2 >= count or count < 10


def test_a_few_rounds(tmp_path: Path, seed: int) -> None:
    rounds(3, tmp_path, seed)


@pytest.mark.slow
def test_many_rounds(tmp_path: Path, seed: int) -> None:
    rounds(ROUNDS, tmp_path, seed)
