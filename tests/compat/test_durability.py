"""`kill -9` under eight writers: what was acknowledged is there, whole, and nobody has to clear up.

A few rounds here, as many as INGITDB_TEST_KILL_ROUNDS says in `make faults-writes`. Writers die
alone, so that git goes on without them, or with the git that they have started.
"""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest

import ingitdb
from tests.support.acknowledged import KINDS, Acknowledged, Job, log_of, made, shut, start
from tests.support.repositories import RepoBuilder

if TYPE_CHECKING:
    import subprocess

ROUNDS = int(os.environ.get("INGITDB_TEST_KILL_ROUNDS", "20"))
WRITERS = {f"w{n}": kind for n, kind in enumerate(KINDS * 2)}
CHECKER = "checker"
FULL_CHECK = 25
"""After so many kills git looks at every object."""
LEFT = ("ingitdb-intent", "refs/heads/main.lock", "HEAD.lock", "index.lock")
SIGNS = ("ingitdb-lock", *LEFT)
"""What is there at the moments at which a writer is killed, in turn."""
PATIENCE = 60
"""Seconds within which a writer has to get on."""


class Scene:
    """A repository with its branch checked out, eight writers, and what they were told."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self.repo = made(folder / "repo", [*WRITERS, CHECKER])
        self.git_dir = self.repo.path / ".git"
        self.folder = folder
        self.gate = folder / "gate"
        self.chance = chance
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.tip = self.repo.tip()
        self.checked = dict.fromkeys(WRITERS, 0)
        self.last: dict[str, int] = dict.fromkeys(WRITERS, 0)
        self.left: Counter[str] = Counter()
        self.turn = 0
        self.slowest = 0.0

    def __enter__(self) -> Self:
        for name in WRITERS:
            self.start(name)
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.running.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def start(self, name: str) -> None:
        """Starts a writer, after the last number that it has written, acknowledged or not."""
        self.running[name] = start(
            Job(
                repository=str(self.repo.path),
                cache=str(self.folder / "cache" / name),
                kind=WRITERS[name],
                name=name,
                log=str(self.log(name)),
                gate=str(self.gate),
                first=self.last[name] + 1,
                rest=0.5,
            )
        )

    def log(self, name: str) -> Path:
        """Gives the log of a writer."""
        return self.folder / f"{name}.log"

    def round(self, number: int) -> None:
        """Kills a writer, checks, and starts it again."""
        self.wait_for_work()
        victim = self.victim(SIGNS[number // 2 % len(SIGNS)])
        process = self.running[victim]
        assert process.poll() is None, f"{victim} has ended by itself"
        if number % 2:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            os.kill(process.pid, signal.SIGKILL)
        self.left.update(name for name in LEFT if (self.git_dir / name).exists())
        process.wait()
        with shut(self.gate):
            self.check()
            if number % FULL_CHECK == FULL_CHECK - 1:
                self.repo.git("fsck", "--strict", "--no-dangling")
        self.start(victim)

    def wait_for_work(self) -> None:
        """Waits until somebody has got on."""
        deadline = time.monotonic() + PATIENCE
        before = self.sizes()
        while self.sizes() == before:
            assert time.monotonic() < deadline, f"nobody writes any more: {self.errors()}"
            time.sleep(0.005)

    def sizes(self) -> list[int]:
        paths = [self.log(name) for name in WRITERS]
        return [path.stat().st_size if path.exists() else 0 for path in paths]

    def victim(self, sign: str) -> str:
        """Chooses the writer that has the lock, a moment after a sign of its work is seen."""
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline:
            if not (self.git_dir / sign).exists():
                continue
            time.sleep(self.chance.choice((0, 0.001, 0.005, 0.02)))
            holders = set(holders_of(self.git_dir / "ingitdb-lock"))
            for name, process in self.running.items():
                if process.pid in holders:
                    return name
        return self.chance.choice(list(WRITERS))

    def check(self) -> None:
        """Finds all that was acknowledged in the repository, and the work tree as the branch is."""
        self.write()
        assert self.repo.git("status", "--porcelain") == ""
        tip = self.repo.tip("main")
        listed = self.repo.git("rev-list", "--objects", f"{self.tip}..{tip}")  # none is missing
        assert listed
        new = set(self.repo.git("rev-list", f"{self.tip}..{tip}").splitlines())
        for name in WRITERS:
            done = log_of(self.log(name))[0][self.checked[name] :]
            assert {one.commit for one in done} <= new, name
            self.present(done)
            self.checked[name] += len(done)
            self.stands(tip, name, max((one.number for one in done), default=0))
        self.whole(new)
        assert not self.errors()
        self.tip = tip

    def write(self) -> None:
        """Writes as somebody would who starts now and knows nothing."""
        self.turn += 1
        began = time.monotonic()
        settings = ingitdb.Settings(cache=self.folder / "cache" / CHECKER, workers=1, threads=1)
        with ingitdb.connect(self.repo.path, autocommit=True, settings=settings) as connection:
            connection.execute("UPDATE counts SET n = ? WHERE id = ?", [self.turn, CHECKER])
        self.slowest = max(self.slowest, time.monotonic() - began)

    def present(self, done: list[Acknowledged]) -> None:
        """Finds each line that was acknowledged in the commit that was named for it."""
        wanted = [
            (f"{one.commit}:{path}", line) for one in done for path, line in one.lines.items()
        ]
        for (place, line), text in zip(wanted, self.read(p for p, _ in wanted), strict=True):
            assert line in text.splitlines(), place

    def stands(self, tip: str, name: str, acknowledged: int) -> None:
        """Finds on the branch the last write of a writer, or one more, of which it was not told."""
        least = max(self.last[name], acknowledged)
        (number,) = set(self.numbers(tip, name))
        assert least <= number <= least + 1, name
        self.last[name] = number

    def numbers(self, commit: str, name: str) -> list[int]:
        """Gives what a writer has in the tables that it writes."""
        if WRITERS[name] == "new":
            listed = self.repo.git("ls-tree", "--name-only", commit, "notes/").splitlines()
            keys = [path.removesuffix(".yaml").partition("-") for path in listed]
            return [max((int(n) for key, _, n in keys if key == f"notes/{name}" and n), default=0)]
        note, counts = self.read([f"{commit}:notes/{name}.yaml", f"{commit}:counts.csv"])
        row = next(line for line in counts.splitlines() if line.startswith(f"{name},"))
        found = {"file": int(note.partition(": ")[2]), "row": int(row.partition(",")[2])}
        return list(found.values()) if WRITERS[name] == "both" else [found[WRITERS[name]]]

    def whole(self, commits: set[str]) -> None:
        """Finds each transaction in a commit whole: what it wrote to both tables is equal."""
        for commit in self.chance.sample(sorted(commits), min(10, len(commits))):
            for name in (name for name, kind in WRITERS.items() if kind == "both"):
                one, other = self.numbers(commit, name)
                assert one == other, commit

    def read(self, places: Iterator[str] | list[str]) -> list[str]:
        """Reads files of commits, each as `commit:path`."""
        asked = "".join(f"{place}\n" for place in places).encode()
        rest = self.repo.run("cat-file", "--batch", data=asked).stdout
        found = []
        while rest:
            head, _, rest = rest.partition(b"\n")
            size = int(head.split()[2])
            found.append(rest[:size].decode())
            rest = rest[size + 1 :]
        return found

    def errors(self) -> list[str]:
        return [f"{name}: {error}" for name in WRITERS for error in log_of(self.log(name))[1]]


def holders_of(lock: Path) -> Iterator[int]:
    """Gives the processes that hold a lock, as the system lists them."""
    try:
        inode = lock.stat().st_ino
    except FileNotFoundError:
        return
    for line in Path("/proc/locks").read_text().splitlines():
        fields = line.split()
        if fields[1] == "FLOCK" and fields[5].endswith(f":{inode}"):
            yield int(fields[4])


@pytest.mark.slow
def test_what_was_acknowledged_outlives_every_kill(tmp_path: Path, seed: int) -> None:
    began = time.monotonic()
    with Scene(tmp_path, random.Random(f"{seed} writes")) as scene:
        for number in range(ROUNDS):
            scene.round(number)
        repo, left = scene.repo, scene.left
        print(  # noqa: T201
            f"{ROUNDS} kills, {sum(scene.checked.values())} acknowledged, left behind: "
            f"{dict(left)}, slowest start {scene.slowest:.1f} s, {time.monotonic() - began:.0f} s"
        )
    assert_sound(repo)
    assert left or ROUNDS < 20, "no kill met a writer at work"


def assert_sound(repo: RepoBuilder) -> None:
    """Finds nothing wrong, and nothing that only a hand would clear away."""
    repo.git("fsck", "--strict", "--no-dangling")
