"""Scripts lead between random commits of the demo and of real repositories, there and back."""

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from tests.support.mariadb import MariadbClient, MariadbTarget
from tests.support.migrated import (
    DuckdbClient,
    DuckdbTarget,
    Round,
    SqliteClient,
    SqliteTarget,
    Target,
)
from tests.support.northlight import demo
from tests.support.postgresql import PostgresqlTarget, PsqlClient
from tests.support.repositories import RepoBuilder

pytestmark = pytest.mark.slow
KINDS = [
    SqliteTarget,
    SqliteClient,
    DuckdbTarget,
    DuckdbClient,
    MariadbTarget,
    MariadbClient,
    PostgresqlTarget,
    PsqlClient,
]
SEED = 7
PAIRS = 2
Rounds = Callable[..., Round]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def kind(request: pytest.FixtureRequest) -> type[Target]:
    if request.param is SqliteClient and shutil.which("sqlite3") is None:
        assert "CI" not in os.environ, "sqlite3 is missing"
        pytest.skip("sqlite3 is missing")
    return request.param


@pytest.fixture
def northlight(run_folder: Path, rounds: Rounds) -> Round:
    return rounds(demo(run_folder, SEED).path, run_folder / "cache")


def pairs(repo: Path, chance: Random, count: int) -> list[tuple[str, str]]:
    """Gives random pairs of commits of the first-parent line, in either order."""
    line = RepoBuilder.adopt(repo).git("rev-list", "--first-parent", "main").split()
    return [tuple(chance.sample(line, 2)) for _ in range(count)]


def test_the_demo_from_its_first_tag_to_its_end(northlight: Round, kind: type[Target]) -> None:
    up, down = northlight.go(kind, "v1.0", "HEAD")
    assert re.search(r"-- rename table routes, 30 rows \[.*locks.*\]: from lines", up)
    assert "rename column fare to price_eur" in up
    assert "rename column price_eur to fare" in down


def test_random_commits_of_the_demo(northlight: Round, kind: type[Target], seed: int) -> None:
    for a, b in pairs(northlight.path, Random(seed), PAIRS):
        northlight.go(kind, a, b)


@pytest.mark.compat
@pytest.mark.parametrize(
    "name", ["demo-ingitdb", "country-codes", "congress-legislators", "pypa-advisories"]
)
def test_random_commits_of_real_repositories(
    name: str,
    shared: Callable[[str], Path],
    rounds: Rounds,
    run_folder: Path,
    kind: type[Target],
    seed: int,
) -> None:
    found = rounds(shared(name), run_folder / "cache")
    for a, b in pairs(found.path, Random(seed), 1):
        found.go(kind, a, b)
