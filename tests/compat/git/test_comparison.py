"""Commits compared through libgit2 equal what git says; large trees are left to git."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from ingitdb.git.comparison import compare, first_parents
from ingitdb.git.repository import Repository
from ingitdb.model.identifiers import BlobId, CommitId
from tests.compat.git.judge import differences, listing
from tests.support.repositories import RepoBuilder
from tests.support.scratch import LINK, git, repository

pytestmark = pytest.mark.compat
FOLDERS = {
    "pypa-advisories": "vulns/",
    "congress-legislators": "scripts/",
    "country-codes": "data/",
    "demo-ingitdb": "modules/",
}
FEW = 25
"""More calls than git is asked for before libgit2 is loaded."""


def reading(path: Path) -> Callable[[str], bytes | None]:
    """Gives raw objects as the engine reads them once libgit2 is loaded."""
    store = Repository.open(path).objects()
    for _ in range(FEW):
        store.raw("0" * 40)
    return store.raw


@pytest.mark.parametrize("narrowed", [False, True])
@pytest.mark.parametrize("name", FOLDERS)
def test_commits_of_real_repositories(
    name: str, narrowed: bool, shared: Callable[[str], Path], seed: int
) -> None:
    builder = RepoBuilder.adopt(shared(name))
    prefix = FOLDERS[name] if narrowed else ""
    chance = random.Random(f"{seed} {name} {narrowed}")
    commits = builder.git("rev-list", "HEAD").split()
    read = reading(builder.path)
    for _ in range(20):
        old, new = map(CommitId, chance.choices(commits, k=2))
        found = compare(read, old, new, prefix.encode())
        assert found is not None
        before, after = (listing(builder, c, prefix) for c in (old, new))
        assert set(found) == differences(before, after)
        assert len(found) == len(set(found))


def test_modes_links_and_folders_that_were_files(tmp_path: Path) -> None:
    states = [
        {"a": b"1", "b/c": b"2", "d": LINK + b"a", "e-": b"3", "e/f": b"4", "e.": b"5"},
        {"a": None, "a/x y": b"1", "b/c": None, "b": b"2", "d": b"6", "e-": b"7", "e/f": b"8"},
    ]
    path = repository(tmp_path / "r", states)
    old, new = (CommitId(git(path, "rev-parse", ref).strip()) for ref in ("main~", "main"))
    found = compare(reading(path), old, new, b"")
    assert found is not None
    builder = RepoBuilder.adopt(path)
    assert set(found) == differences(listing(builder, old), listing(builder, new))
    names = git(path, "diff-tree", "-r", "-z", "--name-only", old, new).split("\0")[:-1]
    assert [change.path for change in found] == names


def test_first_parents_end_at_the_root(built: RepoBuilder) -> None:
    tip = CommitId(built.git("rev-parse", "HEAD"))
    line = built.git("rev-list", "--first-parent", "HEAD").split()
    assert list(first_parents(reading(built.path), tip, 100)) == line
    assert list(first_parents(reading(built.path), tip, 2)) == line[:2]


def test_git_is_left_what_it_does_better(tmp_path: Path) -> None:
    many = {f"data/{n:07}.json": b"{}" for n in range(40_000)}
    path = repository(tmp_path / "r", [many, {"data/0000007.json": b"[]"}])
    old, new = (CommitId(git(path, "rev-parse", ref).strip()) for ref in ("main~", "main"))
    assert compare(reading(path), old, new, b"") is None
    assert compare(lambda _: None, old, new, b"") is None
    with Repository.open(path) as opened:
        (change,) = opened.changes(old, new)
    assert (change.path, change.old) == (
        "data/0000007.json",
        BlobId(git(path, "rev-parse", f"{old}:data/0000007.json").strip()),
    )


def test_the_nearest_known_commit(built: RepoBuilder) -> None:
    line = [CommitId(c) for c in built.git("rev-list", "--first-parent", "HEAD").split()]
    with Repository.open(built.path) as opened:
        for known in line:
            assert opened.nearest(line[0], {known}) == (known, line.index(known))
        assert opened.nearest(line[0], set()) is None
