"""A process that writes to a repository and notes on disk what was acknowledged to it.

`python -m tests.support.acknowledged JOB` writes until it is killed or has written as often as the
job says. Each writer has a record of its own in `notes`, a file per record, and in `counts`, a
CSV that all share; what it writes there is the number of the write.
"""

import fcntl
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.support.repositories import RepoBuilder

ROOT = Path(__file__).resolve().parents[2]
KINDS = ("file", "row", "both", "new")
MARK = "acknowledged "
"""So begins each line of a log."""
ERROR = "error "


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a writer is to do.

    Attributes:
        kind: What it writes: a file, a row, both in one transaction, or new records.
        name: The key of its records.
        log: Where it notes what was acknowledged.
        gate: A file that is locked while nobody may write; together with a `.shut` beside it.
        first: The number of its first write.
        count: How often it writes; 0 is for ever.
        rest: Seconds, at most, between two writes.
        tries: How many errors it bears; 0 is any.
    """

    repository: str
    cache: str
    kind: str
    name: str
    log: str
    gate: str = ""
    first: int = 1
    count: int = 0
    rest: float = 0.0
    tries: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """One write that the engine has acknowledged.

    Attributes:
        number: The number of the write.
        commit: The commit that it made.
        lines: For each file a line that it put there.
    """

    number: int
    commit: str
    lines: Mapping[str, str] = field(default_factory=dict)


def made(path: Path, names: list[str]) -> RepoBuilder:
    """Makes a repository with a record for each writer in both tables."""
    repo = RepoBuilder(path)
    repo.config(user__name="Data Desk", user__email="data@example.org", gc__auto="0")
    rows = "".join(f"{name},0\n" for name in names)
    notes = {f"notes/{name}.yaml": "n: 0\n" for name in names}
    repo.commit({"counts.csv": f"id,n\n{rows}", **notes})
    return repo


def log_of(path: Path) -> tuple[list[Acknowledged], list[str]]:
    """Reads a log: what was acknowledged, and the errors; a line that is cut was never written."""
    lines = path.read_text("utf-8").split("\n")[:-1] if path.exists() else []
    found = [
        Acknowledged(**json.loads(line.removeprefix(MARK)))
        for line in lines
        if line.startswith(MARK)
    ]
    return found, [line.removeprefix(ERROR) for line in lines if line.startswith(ERROR)]


def start(job: Job, **more: Any) -> "subprocess.Popen[bytes]":
    """Starts a writer, with the processes that it will start, as a group of its own."""
    return subprocess.Popen(command(job), cwd=ROOT, start_new_session=True, **more)


def command(job: Job) -> list[str]:
    """Gives the command that starts a writer."""
    return [sys.executable, "-m", "tests.support.acknowledged", json.dumps(asdict(job))]


@contextmanager
def shut(gate: Path) -> Iterator[None]:
    """Waits until nobody writes, and keeps it so."""
    sign = gate.with_suffix(".shut")
    sign.touch()
    try:
        with gate.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    finally:
        sign.unlink()


@contextmanager
def _passed(gate: str) -> Iterator[None]:
    if not gate:
        yield
        return
    while Path(gate).with_suffix(".shut").exists():
        time.sleep(0.002)
    with Path(gate).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield


def main() -> None:
    """Does a job."""
    import ingitdb

    job = Job(**json.loads(sys.argv[1]))
    settings = ingitdb.Settings(cache=Path(job.cache), workers=1, threads=1)
    connection = ingitdb.connect(job.repository, autocommit=True, settings=settings)
    log = os.open(job.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    number, last, failed = job.first, job.first + job.count, 0
    while not job.count or number < last:
        with _passed(job.gate):
            try:
                commit, lines = _WRITES[job.kind](connection, job.name, number)
            except ingitdb.Error as error:
                connection.rollback()
                if getattr(error, "sqlstate", None) == "40001":
                    continue
                _note(log, ERROR + str(error).replace("\n", " "))
                failed += 1
                if failed == job.tries:
                    break
                continue
            done = Acknowledged(number=number, commit=commit, lines=lines)
            _note(log, MARK + json.dumps(asdict(done)))
        number += 1
        time.sleep(random.uniform(0, job.rest))
    connection.close()


def _note(log: int, text: str) -> None:
    os.write(log, text.encode() + b"\n")
    os.fsync(log)


def _file(connection: Any, name: str, number: int) -> tuple[str, dict[str, str]]:
    done = connection.execute("UPDATE notes SET n = ? WHERE _key = ?", [number, name])
    return done.commit, {f"notes/{name}.yaml": f"n: {number}"}


def _row(connection: Any, name: str, number: int) -> tuple[str, dict[str, str]]:
    done = connection.execute("UPDATE counts SET n = ? WHERE id = ?", [number, name])
    return done.commit, {"counts.csv": f"{name},{number}"}


def _both(connection: Any, name: str, number: int) -> tuple[str, dict[str, str]]:
    connection.execute("BEGIN")
    lines = _file(connection, name, number)[1] | _row(connection, name, number)[1]
    return connection.commit(), lines


def _new(connection: Any, name: str, number: int) -> tuple[str, dict[str, str]]:
    key = f"{name}-{number}"
    done = connection.execute("INSERT INTO notes (_key, n) VALUES (?, ?)", [key, number])
    return done.commit, {f"notes/{key}.yaml": f"n: {number}"}


_WRITES: dict[str, Callable[[Any, str, int], tuple[str, dict[str, str]]]] = {
    "file": _file,
    "row": _row,
    "both": _both,
    "new": _new,
}

if __name__ == "__main__":
    main()
