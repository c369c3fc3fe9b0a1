"""A target that follows random commits as they land holds what comparing all of it would give."""

import tempfile
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ingitdb
from ingitdb.services.database import Database
from ingitdb.services.migrations.targets import opened
from ingitdb.services.migrations.ways import Options
from tests.property.test_folding import RELAXED
from tests.support.mariadb import MariadbTarget
from tests.support.migrated import DuckdbTarget, SqliteTarget, Target, held, same
from tests.support.postgresql import PostgresqlTarget
from tests.support.random_schemas import Story
from tests.support.repositories import RepoBuilder

STEPS = 5


def _followed(database: Database, ref: str, url: str) -> int:
    """Leads a target to a commit; gives how many steps that took, or fails if one is left."""
    with opened(url) as target:
        with target.forward(database, ref, Options()) as way:
            steps = len(way.plan.steps)
            way.run(lambda what, done, of: None)
        with target.analyze(database, ref) as left:
            assert left.plan.steps == []
    return steps


@pytest.mark.slow
@pytest.mark.parametrize("kind", [SqliteTarget, DuckdbTarget, PostgresqlTarget, MariadbTarget])
@settings(RELAXED, max_examples=6)
@given(number=st.integers(min_value=0, max_value=2**32))
def test_random_commits_are_followed(kind: type[Target], number: int) -> None:
    story = Story(Random(number), has_nul=kind is not PostgresqlTarget)
    with tempfile.TemporaryDirectory() as name:
        folder, state, known = Path(name), story.first(), {}
        repo, target = RepoBuilder(folder / "repo"), kind(folder / "target")
        cache = folder / "cache"
        url = getattr(target, "url", f"{kind.dialect}:///{folder / 'target'}")
        repo.commit(story.files(state))
        limits = ingitdb.Settings(cache=cache, workers=1)
        with closing(Database.open(repo.path, limits)) as database:
            for _ in range(STEPS):
                files = story.files(state)
                gone = {path: None for path in known if path not in files}
                commit = repo.commit({**files, **gone})
                _followed(database, commit, url)
                same(target.rows(), held(repo.path, commit, kind.dialect, cache))
                assert _followed(database, commit, url) == 0
                known, state = files, story.next(state)
