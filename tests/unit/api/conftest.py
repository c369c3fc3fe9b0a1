"""A repository with a history of its own for the tests of queries."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.opening import Opened, opener
from tests.support.repositories import RepoBuilder


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """Opens repositories."""
    with opener(tmp_path) as function:
        yield function


@pytest.fixture
def repo(tmp_path: Path) -> RepoBuilder:
    """An empty repository named shop."""
    return RepoBuilder(tmp_path / "shop")


@pytest.fixture
def shop(repo: RepoBuilder) -> RepoBuilder:
    """Three commits on main from 2026-01-01 on, and a branch dev from the second."""
    repo.commit({"items/a.json": '{"n": 1}', "items/b.json": '{"n": 2}'}, "one")
    repo.tag("v1.0")
    repo.commit({"items/b.json": '{"n": 3}', "stores/x.yaml": "city: Oslo\n"}, "two")
    repo.branch("dev")
    repo.commit({"items/d.json": '{"n": 40}'}, "side")
    repo.checkout("main")
    repo.commit({"items/a.json": None, "items/c.json": '{"n": "four"}'}, "three")
    return repo
