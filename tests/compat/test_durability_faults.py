"""Faults around a writer: no room, no permission, and git that repacks, prunes and pushes."""

import json
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import pytest

import ingitdb
from tests.support.acknowledged import ROOT, Job, command, log_of, made, start
from tests.support.repositories import RepoBuilder
from tests.support.traced import traced

BOUND = [] if os.geteuid() else ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
"""What lets the modes of files hold, for root as well."""
EACH = 12
LIMIT = 30_000
"""Bytes that a file may have where there is no room for more."""


@pytest.fixture
def repo(tmp_path: Path) -> RepoBuilder:
    return made(tmp_path / "repo", ["a", "b"])


def job(repo: RepoBuilder, folder: Path, kind: str = "both", count: int = 1) -> Job:
    return Job(
        repository=str(repo.path),
        cache=str(folder / "cache"),
        kind=kind,
        name="a",
        log=str(folder / "log"),
        gate=str(folder / "gate"),
        count=count,
        tries=1,
    )


def assert_clean(repo: RepoBuilder, before: str) -> None:
    """Finds the repository as it was."""
    assert repo.tip("main") == before
    assert repo.git("status", "--porcelain") == ""
    repo.git("fsck", "--strict", "--no-dangling")


def assert_writable(repo: RepoBuilder, folder: Path) -> None:
    """Writes as somebody would who starts now; then all must be in order."""
    settings = ingitdb.Settings(cache=folder / "cache", workers=1, threads=1)
    with ingitdb.connect(repo.path, autocommit=True, settings=settings) as connection:
        connection.execute("UPDATE counts SET n = 77 WHERE id = 'b'")
    assert repo.git("status", "--porcelain") == ""
    assert "b,77" in repo.git("show", "main:counts.csv").splitlines()
    repo.git("fsck", "--strict", "--no-dangling")


# --- No room --------------------------------------------------------------------------------

NO_ROOM = """
import json, random, resource, sys
from pathlib import Path
import ingitdb
path, cache, limit = sys.argv[1], sys.argv[2], int(sys.argv[3])
settings = ingitdb.Settings(cache=Path(cache), workers=1, threads=1)
chance = random.Random(1)
keys = ", ".join(f"('k{n}', {chance.getrandbits(62)})" for n in range(800))
with ingitdb.connect(path, autocommit=True, settings=settings) as connection:
    connection.execute("UPDATE notes SET n = 5 WHERE _key = 'a'")
    no_limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, no_limit[1]))
    said = ""
    try:
        connection.execute(f"INSERT INTO notes (_key, n) VALUES {keys}")
    except ingitdb.Error as error:
        said = str(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, no_limit)
    tip = connection.commit_id
    connection.execute("UPDATE notes SET n = 6 WHERE _key = 'a'")
print(json.dumps([said, tip]))
"""


def test_no_room_for_the_objects(repo: RepoBuilder, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", NO_ROOM, repo.path, tmp_path / "cache", str(LIMIT)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    said, tip = json.loads(done.stdout)
    assert "cannot be written: File too large" in said
    assert repo.git("rev-parse", "main~1") == tip
    assert_writable(repo, tmp_path)


FULL = [
    ("ingitdb-intent", "write"),
    ("refs/heads/main.lock", "write"),
    ("objects/pack", "fsync"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("place", "call"), FULL, ids=[f"{c} {p}" for p, c in FULL])
def test_a_disk_that_is_full_at_a_step(
    place: str, call: str, repo: RepoBuilder, tmp_path: Path
) -> None:
    before = repo.tip()
    path = (repo.path / ".git" / place).resolve()
    options = ("-P", str(path), "-e", f"trace={call}", "-e", f"inject={call}:error=ENOSPC")
    traced(job(repo, tmp_path), tmp_path / "trace", *options)
    assert "(INJECTED)" in (tmp_path / "trace").read_text()
    done, errors = log_of(tmp_path / "log")
    assert not done
    assert len(errors) == 1
    assert re.search("cannot be (written|moved).*(No space left|couldn't write)", errors[0]), errors
    assert_clean(repo, before)
    assert_writable(repo, tmp_path)


@pytest.mark.slow
def test_a_work_tree_without_room_follows_later(repo: RepoBuilder, tmp_path: Path) -> None:
    """The commit is on the disk by then, so it is acknowledged."""
    path = repo.path / "notes" / "a.yaml"
    options = ("-P", str(path), "-e", "trace=write", "-e", "inject=write:error=ENOSPC")
    traced(job(repo, tmp_path), tmp_path / "trace", *options)
    assert "(INJECTED)" in (tmp_path / "trace").read_text()
    [done], errors = log_of(tmp_path / "log")
    assert not errors
    assert repo.tip("main") == done.commit
    assert_writable(repo, tmp_path)
    assert path.read_text() == "n: 1\n"


# --- No permission --------------------------------------------------------------------------


@pytest.mark.parametrize("folder", ["objects/pack", "refs/heads", "."])
def test_a_folder_that_is_read_only(folder: str, repo: RepoBuilder, tmp_path: Path) -> None:
    before = repo.tip()
    place = repo.path / ".git" / folder
    place.chmod(0o555)
    ran = subprocess.run(
        [*BOUND, *command(job(repo, tmp_path))], cwd=ROOT, capture_output=True, check=False
    )
    place.chmod(0o755)
    assert ran.returncode == 0, ran.stderr.decode()[-2000:]
    done, errors = log_of(tmp_path / "log")
    assert not done
    assert re.search("cannot be (written|moved).*Permission denied", errors[0]), errors
    assert_clean(repo, before)
    assert_writable(repo, tmp_path)


def test_a_work_tree_that_is_read_only_follows_later(repo: RepoBuilder, tmp_path: Path) -> None:
    place = repo.path / "notes"
    place.chmod(0o555)
    ran = subprocess.run(
        [*BOUND, *command(job(repo, tmp_path))], cwd=ROOT, capture_output=True, check=False
    )
    place.chmod(0o755)
    assert ran.returncode == 0, ran.stderr.decode()[-2000:]
    done, errors = log_of(tmp_path / "log")
    assert len(done) == 1, errors
    assert_writable(repo, tmp_path)
    assert (place / "a.yaml").read_text() == "n: 1\n"


# --- Git at work meanwhile ------------------------------------------------------------------

PRUNED = (
    "The repository cannot be written: No such file or directory. "
    "See that the disk has room and that you may write to its .git folder."
)
"""`git gc --prune=now` takes away what is just being written, too; then it can be tried again."""
HOUSEKEEPING = (
    ("repack", "-a", "-d", "--quiet"),
    ("gc", "--quiet"),
    ("gc", "--prune=now", "--quiet"),
    ("prune", "--expire=now"),
    ("pack-refs", "--all"),
)


@pytest.fixture
def bare(repo: RepoBuilder, tmp_path: Path) -> RepoBuilder:
    """The repository as on a server: without work tree, so that others may push to it."""
    made_bare = repo.clone(tmp_path / "bare.git", "--bare")
    made_bare.config(user__name="Data Desk", user__email="data@example.org")
    return made_bare


def pushed(clone: RepoBuilder, number: int) -> str | None:
    """Pushes a commit from a clone; None where somebody was faster."""
    clone.git("fetch", "--quiet")
    clone.git("reset", "--quiet", "--hard", "origin/main")
    made_there = clone.commit({f"pushed/{number}.txt": f"{number}\n"}, "From elsewhere")
    return made_there if clone.run("push", "--quiet", check=False).returncode == 0 else None


def running(bare: RepoBuilder, folder: Path) -> Iterator[tuple[Path, "subprocess.Popen[bytes]"]]:
    """Starts three writers, one of each sort."""
    for kind, name in (("file", "a"), ("row", "b"), ("new", "c")):
        log = folder / f"{name}.log"
        yield (
            log,
            start(
                Job(
                    repository=str(bare.path),
                    cache=str(folder / f"cache-{name}"),
                    kind=kind,
                    name=name,
                    log=str(log),
                    count=EACH,
                    rest=0.1,
                )
            ),
        )


@pytest.mark.slow
def test_git_repacks_prunes_and_pushes_meanwhile(bare: RepoBuilder, tmp_path: Path) -> None:
    clone = bare.clone(tmp_path / "clone")
    writers = list(running(bare, tmp_path))
    commits: list[str] = []
    deadline = time.monotonic() + 300
    for number, work in enumerate(cycle(HOUSEKEEPING)):
        if all(process.poll() is not None for _, process in writers):
            break
        assert time.monotonic() < deadline
        bare.run(*work, check=False)
        commits += filter(None, [pushed(clone, number)])
        time.sleep(random.uniform(0, 0.05))
    assert [process.wait() for _, process in writers] == [0, 0, 0]
    done = [log_of(log) for log, _ in writers]
    reached = set(bare.git("rev-list", "main").split())
    assert commits
    assert {*commits, *(one.commit for found, _ in done for one in found)} <= reached
    assert [len(found) for found, _ in done] == [EACH] * 3
    assert {error for _, errors in done for error in errors} <= {PRUNED}
    assert bare.git("show", "main:notes/a.yaml") == f"n: {EACH}"
    assert f"b,{EACH}" in bare.git("show", "main:counts.csv").splitlines()
    bare.git("fsck", "--strict", "--no-dangling")
