"""A scraped JSON file: its versions as rows, beside the tool git-history and SQLite."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import ingitdb
from benchmarks.conftest import THREADS, median
from benchmarks.feed import COLUMNS, FILE, TABLE, VERSIONS, Feed, feed
from benchmarks.ratios import Goal
from ingitdb.settings import Settings

RIVAL = "git-history"
_LIMIT = float(os.environ.get("INGITDB_BENCH_LIMIT", "900"))
_TURNED = Goal(faster=10)
_ASKED = Goal(times=1) if max(VERSIONS) >= 1_000 else Goal()
_NESTED = {COLUMNS.index("place"), COLUMNS.index("tags")}
_COUNT = f"SELECT count(*) FROM versions('{TABLE}')"
_OURS = f"SELECT {', '.join(COLUMNS)}, _from_commit FROM versions('{TABLE}')"
_RIVAL = (
    f"SELECT {', '.join(f'v.{name}' for name in COLUMNS)}, c.hash FROM item_version v"
    " JOIN item i ON i._id = v._item JOIN commits c ON c.id = v._commit"
)
QUESTIONS = {
    "count of versions": (_COUNT, "SELECT count(*) FROM item_version"),
    "versions of an item": (
        f"{_OURS} WHERE id = {{item}} ORDER BY _valid_from",
        f"{_RIVAL} WHERE i.id = {{item}} ORDER BY v._version",
    ),
    "versions of all items": (_OURS, _RIVAL),
}


class Turned:
    """Databases that git-history made, by the number of versions."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[int, sqlite3.Connection | None] = {}

    def make(self, made: Feed) -> None:
        """Runs git-history over a feed, unless that takes too long."""
        database = self._folder / f"{made.versions}.db"
        command = [str(Path(sys.executable).with_name(RIVAL)), "file", str(database), FILE]
        command += ["--repo", str(made.path), "--id", "id", "--full-versions", "--silent"]
        try:
            subprocess.run(command, check=True, timeout=_LIMIT)
            self._open[made.versions] = sqlite3.connect(database)
        except subprocess.TimeoutExpired:
            self._open[made.versions] = None

    def database(self, made: Feed) -> sqlite3.Connection | None:
        """Gives what git-history made of a feed; None where that took too long."""
        if made.versions not in self._open:
            self.make(made)
        return self._open[made.versions]

    def close(self) -> None:
        """Closes what was opened."""
        for connection in self._open.values():
            if connection is not None:
                connection.close()


@pytest.fixture(scope="module")
def turned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Turned]:
    """Gives what git-history makes of feeds."""
    with closing(Turned(tmp_path_factory.mktemp("turned"))) as databases:
        yield databases


@pytest.fixture
def asks(connected: Any, turned: Turned) -> Callable[..., dict[str, Callable[[], list[Any]]]]:
    """Gives the two ways to an answer, both ready."""

    def ways(made: Feed, name: str) -> dict[str, Callable[[], list[Any]]]:
        rival, ours = turned.database(made), connected(made.path)
        if rival is None:
            pytest.skip(f"{RIVAL} took more than {_LIMIT:g} s.")
        own, other = (text.format(item=made.item) for text in QUESTIONS[name])
        return {
            RIVAL: lambda: rival.execute(other).fetchall(),
            "ours": lambda: ours.execute(own).fetchall(),
        }

    return ways


@pytest.mark.parametrize("side", [RIVAL, "ours"])
@pytest.mark.parametrize("versions", VERSIONS)
def test_turn_into_versions(
    benchmark: Any,
    ratio: Any,
    turned: Turned,
    tmp_path_factory: pytest.TempPathFactory,
    versions: int,
    side: str,
) -> None:
    """Both start with nothing; how many versions there are is known from how they were made."""
    made = feed(versions)
    label = benchmark.group = f"scraped, {versions:,} commits: into queryable versions"
    if side == "ours":
        count = benchmark.pedantic(
            lambda: _indexed(made.path, tmp_path_factory.mktemp("fresh")), rounds=1
        )
        assert count == made.states
        ratio.note(label, "ours", median(benchmark), _TURNED)
        return
    benchmark.pedantic(turned.make, args=(made,), rounds=1)
    database = turned.database(made)
    if database is None:
        ratio.note(label, f"{RIVAL}, more than", _LIMIT, _TURNED)
        return
    assert database.execute(QUESTIONS["count of versions"][1]).fetchall() == [(made.states,)]
    ratio.note(label, RIVAL, median(benchmark), _TURNED)


@pytest.mark.parametrize("side", [RIVAL, "ours"])
@pytest.mark.parametrize("name", QUESTIONS)
@pytest.mark.parametrize("versions", VERSIONS)
def test_ask(benchmark: Any, ratio: Any, asks: Any, versions: int, name: str, side: str) -> None:
    ways = asks(feed(versions), name)
    answers = {each: sorted(map(_comparable, ask())) for each, ask in ways.items()}
    assert answers["ours"]
    assert answers["ours"] == answers[RIVAL]
    label = benchmark.group = f"scraped, {versions:,} commits: {name}"
    benchmark(ways[side])
    ratio.note(label, side, median(benchmark), _ASKED)


def _indexed(path: Path, cache: Path) -> int:
    """Opens a repository with an empty cache; gives how many versions its items have."""
    settings = Settings(cache=cache, workers=2, threads=THREADS)
    with ingitdb.connect(path, settings=settings) as connection:
        ((count,),) = connection.execute(_COUNT).fetchall()
    return int(count)


def _comparable(row: tuple[Any, ...]) -> str:
    """Spells a row; git-history keeps nested values as JSON."""
    cells = [
        json.loads(cell) if at in _NESTED and isinstance(cell, str) else cell
        for at, cell in enumerate(row)
    ]
    return json.dumps(cells, sort_keys=True)
