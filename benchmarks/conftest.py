"""Repositories and caches that the benchmarks share, and the lines at the end of a run."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.shared_data import clone

import ingitdb
from benchmarks.generated import Generated, generated
from benchmarks.ratios import Ratios
from ingitdb.api.connection import Connection
from ingitdb.settings import Settings

THREADS = int(os.environ.get("INGITDB_BENCH_THREADS", "2"))
_RATIOS = pytest.StashKey[Ratios]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_RATIOS] = Ratios()


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    lines = config.stash[_RATIOS].lines()
    if lines:
        terminalreporter.section("ours beside rival or bound, medians")
        for line in lines:
            terminalreporter.write_line(line)


@pytest.fixture
def ratio(request: pytest.FixtureRequest) -> Ratios:
    """Takes the figures whose ratio is printed at the end."""
    return request.config.stash[_RATIOS]


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Gives a clone of a shared repository."""
    base = tmp_path_factory.mktemp("shared")
    return lambda name: clone(name, base)


@pytest.fixture(scope="session")
def made() -> Callable[[str], Generated]:
    """Gives the generated repository of a layout."""
    return generated


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Gives limits, and a cache that all benchmarks share."""
    return Settings(cache=tmp_path_factory.mktemp("cache"), threads=THREADS, workers=2)


@pytest.fixture(scope="session")
def connected(settings: Settings) -> Iterator[Callable[..., Connection]]:
    """Gives a connection to a repository at a ref, and the same one to who asks again."""
    known: dict[tuple[Path, str | None], Connection] = {}

    def connect(path: Path, ref: str | None = None) -> Connection:
        found = known.get((path, ref))
        if found is None:
            found = known[path, ref] = ingitdb.connect(path, ref, settings=settings)
        return found

    yield connect
    for connection in known.values():
        connection.close()


def median(benchmark: Any) -> float | None:
    """Gives the median of what was just measured, in seconds; None where nothing was."""
    stats = getattr(benchmark, "stats", None)
    return None if stats is None else float(stats.stats.median)


def git(folder: Path, *arguments: str) -> str:
    """Runs git and gives what it says."""
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
