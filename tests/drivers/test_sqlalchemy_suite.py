"""Runs SQLAlchemy's own suite for dialects in a process of its own, as it wants to be run."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import ingitdb_dbapi
from tests.support.flight_servers import running
from tests.support.repositories import RepoBuilder

SUITE = Path(__file__).with_name("sqlalchemy_suite")
LEAST = 900
SWEEP = os.environ.get("INGITDB_TEST_SWEEP")
SWEPT = "make sweep runs it over a path, too"
_COUNT = re.compile(r"(\d+) (passed|failed|errors?)")


@pytest.mark.slow
@pytest.mark.parametrize(
    "where", ["server", pytest.param("path", marks=pytest.mark.skipif(not SWEEP, reason=SWEPT))]
)
def test_the_suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    repo = RepoBuilder(tmp_path / "shop")
    repo.git("config", "user.name", "Ports Desk")
    repo.git("config", "user.email", "ports@example.org")
    repo.git("config", "core.fsync", "none")
    repo.commit({"README.md": "A shop.\n"})
    with ingitdb_dbapi.connect(repo.path) as connection:
        connection.execute("CREATE SCHEMA test_schema")
    if where == "path":
        counts, said = suite(f"ingitdb:///{repo.path}")
    else:
        with running(tmp_path / "server", repo) as server:
            counts, said = suite(f"ingitdb://desk:any@127.0.0.1:{server.port}/shop")
    assert counts.keys() == {"passed"}, said
    assert counts["passed"] >= LEAST, said


def suite(url: str) -> tuple[dict[str, int], str]:
    """Gives how many tests passed and failed, and the end of what was said."""
    arguments = ["-c", "setup.cfg", "--rootdir", ".", "--dburi", url, "-q"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=SUITE,
        capture_output=True,
        text=True,
        check=False,
        timeout=1800,
    )
    said = done.stdout[-3000:]
    return {word: int(count) for count, word in _COUNT.findall(said.splitlines()[-1])}, said
