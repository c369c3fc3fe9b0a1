"""Fixtures of the git layer's tests: an isolated git and a repository to start from."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingitdb.git.repository import Repository
from tests.support.repositories import RepoBuilder


@pytest.fixture(autouse=True)
def isolated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keeps the configuration of whoever runs the tests out of them."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def empty(tmp_path: Path) -> RepoBuilder:
    """A repository without commits."""
    return RepoBuilder(tmp_path / "data")


@pytest.fixture
def built(empty: RepoBuilder) -> RepoBuilder:
    """Four commits on main and one merged from a side branch."""
    empty.commit({"people/ann.yaml": "age: 1\n", "README.md": "# Data\n"}, "First")
    empty.commit({"people/bob.yaml": "age: 2\n", "people/ann.yaml": "age: 3\n"}, "Second")
    empty.branch("side")
    empty.commit({"people/cid.yaml": "age: 4\n"}, "Aside")
    empty.checkout("main")
    empty.commit({"README.md": None}, "Third")
    empty.merge("side", "Merged")
    return empty


@pytest.fixture
def repository(built: RepoBuilder) -> Iterator[Repository]:
    """The built repository, opened."""
    with Repository.open(built.path) as opened:
        yield opened
