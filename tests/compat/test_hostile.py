"""Hostile SQL, judged from outside: a canary file, a canary variable, a listener, hashes of trees.

Each attempt has a positive control: it reads, writes or calls out on a bare DuckDB, or it does not
count.
"""

import hashlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import pytest

from tests.support import hostile_sql
from tests.support.answers import ROOT, answers
from tests.support.duckdb_queries import SETUP
from tests.support.hostile_sql import ATTEMPTS, Attempt
from tests.support.scratch import git, repository

VARIABLE = "INGITDB_TEST_CANARY"
SECRET = "CANARY-of-the-environment"
LEAST = 5
OWN_FILE = re.compile(r"/[a-z]+-[0-9a-f]{32}\.(parquet|json)$")
"""What the engine itself adds to its cache, for a write that fails in the end."""
TABLES = {
    "cities.csv": b"id,name,country,population\n1,Oslo,NO,709037\n2,Bergen,NO,291940\n",
    "countries.csv": b"code,name,continent\nNO,Norway,Europe\nFR,France,Europe\n",
    "sales.csv": b"year,quarter,region,amount\n2024,q1,north,10\n2024,q2,north,20\n",
}
HOME_AND_ENVIRONMENT = """
FROM read_text('~/canary.csv')
FROM glob('~/*')
COPY (SELECT 1) TO '~/canary.home'
FROM read_csv('/proc/self/environ', header=false, delim='\\x01', quote='', columns={'x': 'VARCHAR'})
SELECT replace(content::VARCHAR, 'x', 'x') FROM read_blob('/proc/self/environ')
"""
CALLING_OUT = """
INSTALL spatial FROM 'http://127.0.0.1:{port}/a'
FORCE INSTALL httpfs FROM 'http://127.0.0.1:{port}/b'
SET custom_extension_repository = 'http://127.0.0.1:{port}/c'; INSTALL spatial
SET GLOBAL custom_extension_repository = 'http://127.0.0.1:{port}/d'; FORCE INSTALL sqlite
SET autoinstall_extension_repository = 'http://127.0.0.1:{port}/e'; FROM 'http://x/y.csv'
"""


def lines(text: str, category: str) -> list[Attempt]:
    """Gives the attempts of a text."""
    return [Attempt(category, line) for line in text.strip().splitlines()]


EVERY = [
    *ATTEMPTS,
    *lines(HOME_AND_ENVIRONMENT, "environment"),
    *lines(CALLING_OUT, "network"),
]


class Listener:
    """Counts who calls."""

    def __init__(self) -> None:
        self.calls = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._answer, daemon=True)
        self._thread.start()

    def _answer(self) -> None:
        while True:
            try:
                caller, _ = self._socket.accept()
            except OSError:
                return
            self.calls += 1
            caller.sendall(b"HTTP/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            caller.close()

    def close(self) -> None:
        """Stops listening."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


@contextmanager
def listening() -> Iterator[Listener]:
    """Listens for a while."""
    listener = Listener()
    try:
        yield listener
    finally:
        listener.close()


def fingerprint(folder: Path) -> dict[str, str]:
    """Gives path → hash of everything in a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def state(path: Path) -> str:
    """Gives what git knows of a repository: refs, tree, work tree."""
    return "\n".join(
        git(path, *command.split())
        for command in ("rev-parse HEAD^{tree}", "for-each-ref", "status --porcelain", "fsck")
    )


def run(statements: Sequence[str], source: Path, cache: Path, home: Path) -> list[tuple[str, str]]:
    """Runs statements in a process that has the canary variable and a home of its own."""
    task = {"repository": str(source), "cache": str(cache), "statements": list(statements)}
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.hostile_runner"],
        input=json.dumps(task),
        cwd=ROOT,
        env={**os.environ, VARIABLE: SECRET, "HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return [(kind, text) for kind, text in json.loads(done.stdout)]


def places(folder: Path, port: int) -> dict[str, str]:
    """Makes the canary and a stand-in for the cache."""
    return hostile_sql.make_places(folder, port=port, variable="hostile_table")


def into_the_real_cache(found: Mapping[str, str], cache: Path) -> dict[str, str]:
    """Points the attempts on the cache at our own data files."""
    data = max(cache.rglob("*.parquet"), key=lambda path: path.stat().st_size)
    return {**found, "cache": str(data.parent), "file": data.name}


@pytest.mark.parametrize("real", [False, True], ids=["stand-in", "own cache"])
def test_nothing_gets_out(real: bool, tmp_path: Path) -> None:
    source = repository(tmp_path / "source", [TABLES], checkout=True)
    cache, home = tmp_path / "cache", tmp_path / "home"
    answers(source, cache, ["HEAD"])
    with listening() as listener:
        where = places(home, listener.port)
        if real:
            where = into_the_real_cache(where, cache)
        filled = [a.filled(where).sql for a in EVERY]
        if real:
            filled = [sql.replace("x.parquet", where["file"]) for sql in filled]
        before, held = (state(source), fingerprint(home)), fingerprint(cache)
        *outcomes, last = run([*filled, "SELECT count(*) FROM cities"], source, cache, home)
        assert listener.calls == 0
    assert (state(source), fingerprint(home)) == before
    kept = fingerprint(cache)
    assert held.items() <= kept.items()
    assert all(OWN_FILE.search(path) for path in kept.keys() - held.keys())
    assert last == ("rows", "[(2,)]")
    told = [f"{sql}\n    → {text[:200]}" for sql, (kind, text) in zip(filled, outcomes, strict=True)
            if kind == "rows" or not kind.startswith("IGD-")]  # fmt: skip
    assert not told, "\n".join(told)
    secrets = ("CANARY", SECRET)
    leaks = [text for _, text in outcomes if any(secret in text for secret in secrets)]
    assert not leaks


def test_the_tables_are_there_beside_the_attempts(tmp_path: Path) -> None:
    source = repository(tmp_path / "source", [TABLES])
    sql = "SELECT (SELECT count(*) FROM cities), (SELECT count(*) FROM sales)"
    assert run([sql], source, tmp_path / "cache", tmp_path) == [("rows", "[(2, 2)]")]


# --- Positive control -----------------------------------------------------------------------

BARE = """
import json, os, sys, duckdb, pyarrow as pa
hostile_table = pa.table({"secret": ["CANARY"]})
for line in sys.stdin:
    task = json.loads(line)
    os.environ["HOME"] = task["folder"]
    os.chdir(task["folder"])
    connection = duckdb.connect()
    for statement in task["setup"]:
        connection.execute(statement)
    try:
        connection.execute(task["sql"]).fetchall()
        answer = "rows"
    except Exception as error:
        answer = type(error).__name__
    connection.close()
    print(json.dumps(answer), flush=True)
"""


class BareDuckdb:
    """A process where nothing stands in the way; each attempt has a database of its own."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._process = subprocess.Popen(
            [sys.executable, "-c", BARE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, VARIABLE: SECRET},
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=60)

    def does(self, attempt: Attempt, folder: Path) -> bool:
        """Tells whether an attempt does what it is for."""
        calls = self._listener.calls
        sql = attempt.filled(places(folder, self._listener.port)).sql
        task = {"setup": SETUP, "sql": sql, "folder": str(folder)}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(task), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        assert answer, sql
        return json.loads(answer) == "rows" or self._listener.calls > calls


CATEGORIES = sorted({attempt.category for attempt in EVERY})


@pytest.mark.slow
@pytest.mark.parametrize("category", CATEGORIES)
def test_every_attempt_counts(category: str, tmp_path: Path) -> None:
    counting, idle = 0, []
    with listening() as listener, BareDuckdb(listener) as bare:
        for number, attempt in enumerate(a for a in EVERY if a.category == category):
            if attempt.needs is not None and "{port}" not in attempt.sql:
                continue  # it would call another machine
            if bare.does(attempt, tmp_path / str(number)):
                counting += 1
            elif attempt.needs is None:
                idle.append(attempt.sql)
    assert not idle, "\n".join(["no threat on a bare DuckDB:", *idle])
    assert counting >= LEAST


def test_a_few_attempts_count(tmp_path: Path) -> None:
    some = {attempt.category: attempt for attempt in reversed(EVERY) if attempt.needs is None}
    assert len(CATEGORIES) >= 12
    with listening() as listener, BareDuckdb(listener) as bare:
        for number, attempt in enumerate(some.values()):
            assert bare.does(attempt, tmp_path / str(number)), attempt.sql
