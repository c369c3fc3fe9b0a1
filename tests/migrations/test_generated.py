"""Scripts lead between random states of random schemas, there and back."""

import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ingitdb
from ingitdb.services.database import Database
from tests.property.test_folding import RELAXED
from tests.support.mariadb import MariadbTarget
from tests.support.migrated import DuckdbTarget, Round, SqliteTarget, Target
from tests.support.postgresql import PostgresqlTarget, PsqlClient
from tests.support.random_schemas import Story
from tests.support.repositories import RepoBuilder

STEPS = 3
LEAST_CHANGED = 0.3
COUNTED = {"pairs": 0, "changed": 0}


@settings(RELAXED, max_examples=15)
@given(st.integers(min_value=0, max_value=2**32))
def there_and_back(number: int) -> None:
    _told(Random(number), (SqliteTarget, DuckdbTarget, MariadbTarget))


@settings(RELAXED, max_examples=15)
@given(st.integers(min_value=0, max_value=2**32))
def there_and_back_without_nul(number: int) -> None:
    _told(Random(number), (PostgresqlTarget, PsqlClient), has_nul=False)


def _told(chance: Random, kinds: Sequence[type[Target]], *, has_nul: bool = True) -> None:
    story = Story(chance, has_nul=has_nul)
    with tempfile.TemporaryDirectory() as folder:
        repo = RepoBuilder(Path(folder) / "repo")
        commits, state, known = [], story.first(), {}
        for _ in range(STEPS):
            files = story.files(state)
            gone = {path: None for path in known if path not in files}
            commits.append(repo.commit({**files, **gone}))
            known, state = files, story.next(state)
        cache = Path(folder) / "cache"
        opened = Database.open(repo.path, ingitdb.Settings(cache=cache, workers=1))
        with closing(opened) as database:
            found = Round(database=database, path=repo.path, cache=cache, folder=Path(folder))
            for kind in kinds:
                found.go(kind, *chance.sample(commits, 2))
        COUNTED["pairs"] += found.pairs
        COUNTED["changed"] += found.changed


@pytest.mark.slow
@pytest.mark.parametrize("go", [there_and_back, there_and_back_without_nul])
def test_scripts_lead_there_and_back(go: Callable[[], None]) -> None:
    COUNTED.update(pairs=0, changed=0)
    go()
    pairs, changed = COUNTED["pairs"], COUNTED["changed"]
    print(f"{changed} of {pairs} pairs change the schema")  # noqa: T201 - shown with -rP
    assert changed >= LEAST_CHANGED * pairs > 0
