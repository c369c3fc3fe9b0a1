"""An index that is interrupted goes on from there; what is damaged of it is read again."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import ingitdb
from ingitdb.model.tables import Form, Location
from ingitdb.services.database import Database
from ingitdb.settings import Settings
from ingitdb.snapshots.journal import FileKey, Journal
from ingitdb.snapshots.states import FileTable, Reading, States
from tests.support.opening import Opened, rows
from tests.support.repositories import RepoBuilder

COUNT = 700
TOTAL = [(COUNT, sum(range(COUNT)))]
SQL = "SELECT count(*), sum(n) FROM t"


class Watch:
    """Notes how many files have been read; interrupts once a number is reached."""

    def __init__(self, stop: int | None = None) -> None:
        self.seen: list[int] = []
        self._stop = stop

    def advance(self, stage: str, done: int, total: int) -> None:
        """Notes progress."""
        if stage == "records":
            self.seen.append(done)
            if self._stop is not None and done >= self._stop:
                raise KeyboardInterrupt


@pytest.fixture
def many(repo: RepoBuilder) -> RepoBuilder:
    """A repository of many files of all sorts of values."""
    files = {f"t/{n}.yaml": f"n: {n}\nv: 1.{n}0\nw: [~, .inf, '{n}']\n" for n in range(COUNT)}
    repo.commit({**files, "t/broken.yaml": "n: [\n"})
    return repo


def parts(folder: Path) -> list[Path]:
    """Gives the journal's files."""
    return sorted(folder.rglob("journal-*"))


def index(repo: RepoBuilder, cache: Path, watch: Watch) -> list[tuple[Any, ...]]:
    """Asks for the answer with a cache of its own."""
    settings = Settings(cache=cache, workers=1)
    with Database.open(repo.path, settings, progress=watch) as database:
        database.tables()
    with ingitdb.connect(repo.path, settings=settings) as connection:
        return rows(connection, SQL)


def interrupt(repo: RepoBuilder, cache: Path, done: int = 1) -> None:
    """Begins to index, but no more."""
    with pytest.raises(KeyboardInterrupt):
        index(repo, cache, Watch(done))


def test_the_next_run_goes_on(many: RepoBuilder, tmp_path: Path, opened: Opened) -> None:
    cache = tmp_path / "own"
    interrupt(many, cache)
    assert len(parts(cache)) == 1
    interrupt(many, cache, 500)
    assert len(parts(cache)) == 2
    watch = Watch()
    assert index(many, cache, watch) == TOTAL
    assert watch.seen[0] > 500
    assert parts(cache) == []
    fresh, taken = opened(many), opened(many, cache=cache)
    for sql in ("FROM t ORDER BY n", "SELECT _path, _line FROM t ORDER BY n"):
        assert repr(rows(taken, sql)) == repr(rows(fresh, sql))
    assert taken.database.problems() == fresh.database.problems() != []


def test_other_commits_than_before(many: RepoBuilder, tmp_path: Path) -> None:
    cache = tmp_path / "own"
    interrupt(many, cache)
    many.commit({"t/0.yaml": "n: 1000\n", "t/1.yaml": None})
    assert index(many, cache, Watch()) == [(COUNT - 1, sum(range(COUNT)) + 999)]


@pytest.mark.parametrize(
    "harm",
    [
        lambda data: data[:-1],
        lambda data: b"",
        lambda data: data[: len(data) // 2] + b"x" + data[len(data) // 2 + 1 :],
        lambda data: b"9" + data,
        lambda data: data.replace(b"\n", b" "),
    ],
    ids=["cut", "empty", "turned", "version", "no lines"],
)
def test_damaged_parts(many: RepoBuilder, tmp_path: Path, harm: Callable[[bytes], bytes]) -> None:
    cache = tmp_path / "own"
    interrupt(many, cache)
    interrupt(many, cache, 500)
    for part in parts(cache)[:1]:
        part.write_bytes(harm(part.read_bytes()))
    assert index(many, cache, Watch()) == TOTAL
    assert parts(cache) == []


def test_clearing_the_cache_takes_the_journal(many: RepoBuilder, tmp_path: Path) -> None:
    cache = tmp_path / "own"
    interrupt(many, cache)
    with ingitdb.connect(many.path, settings=Settings(cache=cache, workers=1)) as connection:
        assert connection.database.cache.clear() > 0
    assert parts(cache) == []


def test_a_lost_part_takes_nothing_else_along(tmp_path: Path) -> None:
    states = States()
    value = states.add(b"d" * 16, states.shape('{"a":"BIGINT"}'), b'{"a":1}')
    journal = Journal(tmp_path, lambda: True)
    keys = [FileKey("b" * 40, f"{name}.yaml", "layout") for name in "xyz"]
    first, second = (
        Location(path=name, schema="main", name=name, form=Form.ROWS, source="discovery")
        for name in ("x", "y")
    )
    for key, where in zip(keys, (first, second, first), strict=True):
        table = FileTable(where, (), (None,), [value] if where is first else [])
        journal.note(key, Reading([table]))
        journal.write(states)
    assert set(Journal(tmp_path, lambda: True).load(States())) == set(keys)
    parts(tmp_path)[0].unlink()
    found = Journal(tmp_path, lambda: True).load(States())
    assert [(key, reading.tables[0].location) for key, reading in found.items()] == [
        (keys[1], second)
    ]
