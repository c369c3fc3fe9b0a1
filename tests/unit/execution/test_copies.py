"""A table that is asked for often at an old commit is copied; no answer changes thereby."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.opening import Opened, rows, types
from tests.support.repositories import RepoBuilder

ASKED = 6
RECORDS = {
    "t/b.yaml": "n: 1\nwide: {a: 1.5, b: [x, ~]}\nodd: [1]\n",
    "t/a.yaml": "n: 7\nwide: {a: 2, c: {}}\nodd: {k: 2.50}\n",
    "t/c.yaml": "n: ~\nodd: text\nwhen: 2024-01-05\n",
    "large/a.yaml": "big: 170141183460469231731687303\n",
    "prices.csv": "id,price,day\n2,1.50,2024-01-05\n1,2.25,2024-01-06\n",
}
QUERIES = [
    "SELECT * FROM t",
    "SELECT * FROM prices",
    "SELECT * FROM large",
    "SELECT _line, _path, _blob, n FROM t ORDER BY _path",
    "SELECT p.price, t.n FROM prices p JOIN t ON t.n = p.id",
]


@pytest.fixture
def changed(repo: RepoBuilder) -> RepoBuilder:
    """A repository whose first commit, tagged old, differs from its last in types and rows."""
    repo.commit(RECORDS, "one")
    repo.tag("old")
    later = {
        "t/a.yaml": "n: x\n",
        "large/b.yaml": "big: 1\n",
        "t/d.yaml": "n: y\n",
        "prices.csv": "id,price\n3,a\n",
    }
    repo.commit(later, "two")
    return repo


def copies(folder: Path) -> list[Path]:
    """Gives the copies that stand in a cache."""
    return sorted(folder.rglob("copy-*.parquet"))


def waited(folder: Path, count: int) -> Iterator[None]:
    """Waits until there are so many copies."""
    for _ in range(600):
        if len(copies(folder)) >= count:
            return
        yield
        time.sleep(0.05)
    raise AssertionError(copies(folder))


def answers(session: Any) -> list[Any]:
    """Gives columns and rows of each query."""
    return [(types(session, query), rows(session, query)) for query in QUERIES]


def test_answers_stay_as_they_were(changed: RepoBuilder, opened: Opened, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    session = opened(changed, ref="old")
    first = answers(session)
    for _ in range(ASKED):
        assert answers(session) == first
    for _ in waited(cache, 2):
        assert answers(session) == first
    assert answers(session) == first
    session.close()
    assert not copies(cache)
    assert answers(opened(changed, ref="old")) == first


def test_an_overlay_is_copied(changed: RepoBuilder, opened: Opened, tmp_path: Path) -> None:
    session = opened(changed)
    assert rows(session, "SELECT n FROM t ORDER BY n") == [("1",), ("x",), ("y",), (None,)]
    changed.commit({"t/e.yaml": "n: z\n", "t/d.yaml": None}, "three")
    expected = [("1",), ("x",), ("z",), (None,)]
    for _ in waited(tmp_path / "cache", 1):
        assert rows(session, "SELECT n FROM t ORDER BY n") == expected
    assert rows(session, "SELECT n FROM t ORDER BY n") == expected


def test_a_damaged_copy_is_not_trusted(
    changed: RepoBuilder, opened: Opened, tmp_path: Path
) -> None:
    session = opened(changed, ref="old")
    query = "SELECT id, price FROM prices"
    expected = rows(session, query)
    for _ in waited(tmp_path / "cache", 1):
        assert rows(session, query) == expected
    for file in copies(tmp_path / "cache"):
        file.unlink()
    assert rows(session, query) == expected
    assert rows(session, "SELECT count(*) FROM prices") == [(2,)]


def test_files_that_are_not_committed_are_not_copied(
    changed: RepoBuilder, opened: Opened, tmp_path: Path
) -> None:
    session = opened(changed, ref="WORKING")
    for _ in range(ASKED):
        assert rows(session, "SELECT count(*) FROM t") == [(4,)]
    session.close()
    assert not copies(tmp_path / "cache")


def test_no_copy_without_room(changed: RepoBuilder, opened: Opened, tmp_path: Path) -> None:
    session = opened(changed, ref="old", cache_limit=1)
    expected = answers(session)
    for _ in range(ASKED):
        assert answers(session) == expected
    assert not copies(tmp_path / "cache")
