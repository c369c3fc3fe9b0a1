"""Key-value stores are led between random commits and random schemas, there and back."""

import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ingitdb
from ingitdb.services.database import Database
from tests.migrations.test_pairs import pairs
from tests.property.test_folding import RELAXED
from tests.support.etcd import EtcdServer
from tests.support.keyed_rounds import StoreRound
from tests.support.northlight import demo
from tests.support.random_schemas import Story
from tests.support.redis import RedisServer
from tests.support.repositories import RepoBuilder

Stores = Callable[..., StoreRound]
STEPS = 3
SEED = 7
pytestmark = pytest.mark.slow


@pytest.fixture(params=["redis", "etcd"])
def server(request: pytest.FixtureRequest) -> RedisServer | EtcdServer:
    return request.getfixturevalue(f"{request.param}_targets")


@pytest.fixture
def northlight(run_folder: Path, stores: Stores) -> StoreRound:
    return stores(demo(run_folder, SEED).path, run_folder / "cache")


def test_the_demo_from_its_first_tag_to_its_end(
    northlight: StoreRound, server: RedisServer | EtcdServer
) -> None:
    northlight.go(server.target(), "v1.0", "HEAD")


def test_the_demo_by_scripts(northlight: StoreRound, redis_targets: RedisServer) -> None:
    northlight.script(redis_targets.target(), "v1.0", "v2.0")


def test_random_commits_of_the_demo(
    northlight: StoreRound, server: RedisServer | EtcdServer, seed: int
) -> None:
    for a, b in pairs(northlight.path, Random(seed), 2):
        northlight.go(server.target(), a, b)


@pytest.mark.compat
@pytest.mark.parametrize("name", ["demo-ingitdb", "country-codes"])
def test_random_commits_of_real_repositories(
    name: str,
    shared: Callable[[str], Path],
    stores: Stores,
    run_folder: Path,
    server: RedisServer | EtcdServer,
    seed: int,
) -> None:
    found = stores(shared(name), run_folder / "cache")
    for a, b in pairs(found.path, Random(seed), 1):
        found.go(server.target(), a, b)


@pytest.mark.parametrize("by", ["go", "script"])
def test_random_schemas(server: RedisServer | EtcdServer, by: str) -> None:
    @settings(RELAXED, max_examples=8)
    @given(st.integers(min_value=0, max_value=2**32))
    def there_and_back(number: int) -> None:
        chance = Random(number)
        story = Story(chance)
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
                found = StoreRound(database=database, path=repo.path, cache=cache)
                if isinstance(server, EtcdServer) and by == "script":
                    server.wipe()
                    target = server.target("")
                else:
                    target = server.target()
                getattr(found, by)(target, *chance.sample(commits, 2))

    there_and_back()
