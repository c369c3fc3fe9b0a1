"""Row 1: warm queries at a commit, beside DuckDB on Parquet files of just that commit."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

import ingitdb
from benchmarks.conftest import THREADS, git, median
from benchmarks.generated import RECORDS, SHARDS
from benchmarks.ratios import Goal
from ingitdb.settings import Settings

_POINT = RECORDS // 2 + 1
_LARGE = 100_000
_OVERLAID = Goal(times=1.7)
_SMALL = Goal(over=0.0015)
_PLAIN = Goal(times=1.2) if RECORDS >= _LARGE else _SMALL
_NESTED_THEN = Goal(times=3.5)
_COPIED = Goal(times=1.0)
_SELDOM = ("old", "overlay")
"""Commits that are asked once before the clock starts; at the third question they are copied."""
_ROUNDS = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A query of one repository.

    Attributes:
        goal: At HEAD and elsewhere on the line.
        then: At a commit of another shape, where that has a goal of its own.
    """

    repository: str
    name: str
    sql: str
    goal: Goal
    then: Goal | None = None

    def goal_at(self, when: str) -> Goal:
        if when == "overlay":
            return _OVERLAID
        if when == "copied" and self.then is not None:
            return _COPIED
        return self.then if self.then is not None and when == "old" else self.goal


QUESTIONS = [
    Question(
        repository="sharded",
        name="aggregate",
        sql="SELECT country, count(*), sum(balance), max(rating) FROM accounts GROUP BY country",
        goal=_PLAIN,
    ),
    Question(
        repository="sharded",
        name="join",
        sql="SELECT c.region, count(*), sum(a.balance) FROM accounts AS a"
        " JOIN countries AS c ON c.code = a.country GROUP BY c.region",
        goal=_PLAIN,
    ),
    Question(
        repository="sharded",
        name="point",
        sql=f"SELECT * FROM accounts WHERE _key = '{_POINT % SHARDS:02x}/{_POINT:07d}'",
        goal=_PLAIN,
    ),
    Question(
        repository="sharded",
        name="nested",
        sql="SELECT address.city, count(*), max(address.location.lat), sum(len(tags))"
        " FROM accounts GROUP BY ALL",
        goal=_PLAIN,
        then=_NESTED_THEN,
    ),
    Question(
        repository="sharded",
        name="unnest",
        sql="SELECT i.sku, sum(i.quantity) FROM accounts, unnest(items) AS u(i) GROUP BY ALL",
        goal=_PLAIN,
        then=_NESTED_THEN,
    ),
    Question(
        repository="pypa-advisories",
        name="aggregate",
        sql="SELECT left(published, 4), count(*), max(modified) FROM vulns GROUP BY ALL",
        goal=_SMALL,
    ),
    Question(
        repository="pypa-advisories",
        name="point",
        sql="SELECT * FROM vulns WHERE id = 'PYSEC-2021-335'",
        goal=_SMALL,
    ),
    Question(
        repository="pypa-advisories",
        name="unnest",
        sql="SELECT a.package.name, count(*) FROM vulns, unnest(affected) AS u(a) GROUP BY ALL",
        goal=_SMALL,
    ),
    Question(
        repository="congress-legislators",
        name="join",
        sql='SELECT m._key, count(*) FROM "committee-membership-current" AS m'
        ' JOIN "legislators-current" AS l ON l.id.bioguide = m.bioguide GROUP BY ALL',
        goal=_SMALL,
    ),
]
CASES = [
    pytest.param(question, when, id=f"{question.repository}-{question.name}-{when}")
    for question in QUESTIONS
    for when in ("HEAD", "old", "copied", "overlay")
    if when != "overlay" or question.repository == "sharded"
]
Asks = dict[str, Callable[[], list[tuple[Any, ...]]]]


@pytest.fixture(scope="module")
def places(shared: Any, made: Any) -> Callable[[str, str], tuple[Path, str]]:
    """Gives a repository and the commit that is meant by HEAD, old, copied or overlay."""

    def place(repository: str, when: str) -> tuple[Path, str]:
        if repository == "sharded":
            found = made("sharded")
            commits = {"HEAD": found.tip, "overlay": found.side}
            return found.path, commits.get(when, found.old)
        path = shared(repository)
        line = git(path, "rev-list", "--first-parent", "HEAD").split()
        return path, line[0] if when == "HEAD" else line[len(line) // 2]

    return place


@pytest.fixture(scope="module")
def written_out(
    connected: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[Path, str], duckdb.DuckDBPyConnection]]:
    """Gives DuckDB over Parquet files that hold one commit only."""
    known: dict[tuple[Path, str], duckdb.DuckDBPyConnection] = {}

    def rival(path: Path, commit: str) -> duckdb.DuckDBPyConnection:
        if (path, commit) not in known:
            folder = tmp_path_factory.mktemp("commit")
            connected(path, commit).database.materialize(folder, ref=commit)
            known[path, commit] = _over(folder)
        return known[path, commit]

    yield rival
    for connection in known.values():
        connection.close()


@pytest.fixture
def both(places: Any, written_out: Any, connected: Any) -> Callable[[Question, str], Asks]:
    """Gives the two ways to an answer, both ready."""

    def ways(question: Question, when: str) -> Asks:
        path, commit = places(question.repository, when)
        ours = connected(path, commit)
        bound = written_out(path, commit)
        return {
            "ours": lambda: ours.execute(question.sql).fetchall(),
            "bound": lambda: bound.execute(question.sql).fetchall(),
        }

    return ways


@pytest.fixture
def asked_once(places: Any, settings: Settings) -> Iterator[Callable[[Question, str], Any]]:
    """Gives a query, and what opens a connection that has answered it once before."""
    opened: list[Any] = []

    def made(question: Question, when: str) -> Any:
        path, commit = places(question.repository, when)

        def setup() -> None:
            while opened:
                opened.pop().close()
            opened.append(ingitdb.connect(path, commit, settings=settings))
            opened[0].execute(question.sql).fetchall()

        return lambda: opened[0].execute(question.sql).fetchall(), setup

    yield made
    for connection in opened:
        connection.close()


@pytest.fixture
def measure(benchmark: Any, asked_once: Any, settings: Settings) -> Callable[..., None]:
    """Runs the clock over one side of a question."""

    def measured(question: Question, when: str, side: str, ask: Callable[[], Any]) -> None:
        if side == "ours" and when in _SELDOM:
            once, setup = asked_once(question, when)
            benchmark.pedantic(once, setup=setup, rounds=_ROUNDS, iterations=1)
            return
        if side == "ours" and when == "copied":
            _settle(ask, settings.cache)
        benchmark(ask)

    return measured


@pytest.mark.parametrize("side", ["bound", "ours"])
@pytest.mark.parametrize(("question", "when"), CASES)
def test_query(  # noqa: PLR0913 - three of them are parameters
    benchmark: Any, ratio: Any, both: Any, measure: Any, question: Question, when: str, side: str
) -> None:
    asks = both(question, when)
    expected = _comparable(asks["bound"]())
    assert expected
    assert _comparable(asks["ours"]()) == expected
    label = f"row 1 {question.repository} {question.name} {when}"
    benchmark.group = label
    measure(question, when, side, asks[side])
    ratio.note(label, side, median(benchmark), question.goal_at(when))


def _settle(ask: Callable[[], Any], cache: Path) -> None:
    """Asks until copies have been made, and a little longer."""
    before = -1
    while not (copies := len(list(cache.rglob("copy-*")))) or copies != before:
        before = copies
        for _ in range(3):
            ask()
        time.sleep(0.5)


def _over(folder: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(":memory:", config={"threads": THREADS})
    for table in json.loads((folder / "snapshot.json").read_text("utf-8"))["tables"]:
        connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{table["schema"]}"')
        connection.execute(
            f'CREATE VIEW "{table["schema"]}"."{table["name"]}" AS'
            f" SELECT * FROM read_parquet('{folder / table['file']}')"
        )
    return connection


def _comparable(rows: list[tuple[Any, ...]]) -> list[str]:
    """Makes answers comparable whatever the order of their rows and the class of an integer."""
    return sorted(repr(tuple(_plain(cell) for cell in row)) for row in rows)


def _plain(cell: Any) -> Any:
    return int(cell) if isinstance(cell, Decimal) and cell == int(cell) else cell
