"""An index that has taken commits in, or was cut back, answers as one that was made of them all."""

import tempfile
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import ingitdb
from ingitdb.snapshots.manifest import load
from tests.property.test_snapshots import changes
from tests.support import twins
from tests.support.scratch import Files, as_json, repository

FEWEST = 16
"""After so many commits the index takes them in."""
numbers, words = st.integers(-5, 2**40), st.sampled_from(["", "ø", "x y", "7"])
record = st.builds(
    lambda x, y, z: {"x": x, "y": y, "z": {"a": [{"b": z}], "c": y}}, numbers, words, numbers
)
paths = st.sampled_from([f"t/{n}.json" for n in range(6)] + ["t/sub/a b.json"])
alike = st.one_of(
    st.dictionaries(paths, record.map(as_json) | st.none(), max_size=3),
    st.lists(st.tuples(numbers, words), min_size=1, max_size=5).map(
        lambda rows: {"data/rows.csv": b"n,w\n" + b"".join(f"{n},{w}x\n".encode() for n, w in rows)}
    ),
    st.lists(record, min_size=1, max_size=4).map(lambda found: {"list.json": as_json(found)}),
    st.just({"t/bad.json": b"{"}),
    st.just({"t/bad.json": None}),
)
RELAXED = settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
FIRST: Files = {
    "t/0.json": as_json({"x": 1, "y": "one", "z": {"a": [{"b": 1}], "c": "d"}}),
    "data/rows.csv": b"n,w\n1,ax\n2,bx\n",
    "list.json": as_json([{"x": 1, "y": "y", "z": {"a": [{"b": 2}], "c": "e"}}]),
}


def versions(connection: Any) -> dict[str, list[str]]:
    """Gives every state of the records of each table."""
    tables = connection.execute("SELECT table_schema, table_name FROM information_schema.tables")
    return {
        f"{schema}.{name}": sorted(
            map(repr, connection.execute(f"FROM versions('{schema}.{name}')").fetchall())
        )
        for schema, name in tables.fetchall()
    }


def ends(cache: Path) -> list[str]:
    """Gives the last commit of each index of a cache."""
    found = [load(path) for path in cache.glob("meta/*/line.json")]
    return [str(manifest.commits[-1]) for manifest in found if manifest is not None]


def grown(history: list[Files], chance: Random, *, folds: bool) -> None:
    """Lets an index grow over a history and compares it with one made at its end."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = repository(folder / "source", history)
        line = twins.line(source)
        growing = twins.twin(source, folder / "growing.git", line[0])
        cache = folder / "grown"
        for end in (0, FEWEST, len(line) - 1):
            twins.move(growing, line[end])
            with ingitdb.connect(growing, settings=twins.settings(cache)) as connection:
                connection.execute("SHOW TABLES").fetchall()
        if folds:
            assert ends(cache) in ([line[-1]], [line[FEWEST]])
        compare((growing, cache), (source, folder / "late"), chance.sample(line, len(line)))


def turned(history: list[Files], fork: int, other: list[Files], chance: Random) -> None:
    """Lets an index turn to another branch and compares it with one made there."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = repository(folder / "source", history)
        line = twins.line(source)
        fork %= len(line) - 1
        tip = twins.branch(source, "other", line[fork], other)
        turning = twins.twin(source, folder / "turning.git", line[-1])
        cache = folder / "turned"
        for commit in (line[-1], tip):
            twins.move(turning, commit)
            with ingitdb.connect(turning, settings=twins.settings(cache)) as connection:
                versions(connection)
        assert ends(cache) == [tip]
        asked = {*line, *twins.line(turning)}
        at_once = twins.twin(source, folder / "at-once.git", tip)
        shuffled = chance.sample(sorted(asked), len(asked))
        compare((turning, cache), (at_once, folder / "late"), shuffled)


def compare(one: tuple[Path, Path], other: tuple[Path, Path], commits: list[str]) -> None:
    """Compares what two repositories with a cache each tell of some commits and of all states."""
    left, right = (
        ingitdb.connect(source, settings=twins.settings(cache)) for source, cache in (one, other)
    )
    with left, right:
        for commit in commits:
            assert twins.tables(left, commit) == twins.tables(right, commit), commit
        assert versions(left) == versions(right)
        found = [c.execute("FROM unreadable()").fetchall() for c in (left, right)]
        assert found[0] == found[1]


@RELAXED
@given(
    steps=st.lists(alike, min_size=2 * FEWEST, max_size=2 * FEWEST + 3),
    chance=st.randoms(use_true_random=False),
)
def test_records_of_known_shapes(steps: list[Files], chance: Random) -> None:
    grown([FIRST, *steps], chance, folds=True)


@RELAXED
@given(
    steps=st.lists(changes | alike, min_size=FEWEST, max_size=2 * FEWEST),
    chance=st.randoms(use_true_random=False),
)
def test_records_of_any_shape(steps: list[Files], chance: Random) -> None:
    grown([FIRST, *steps], chance, folds=False)


@RELAXED
@given(
    steps=st.lists(changes | alike, min_size=2, max_size=FEWEST),
    fork=st.integers(0, FEWEST),
    other=st.lists(changes | alike, min_size=1, max_size=6),
    chance=st.randoms(use_true_random=False),
)
def test_a_branch_that_leaves_the_line(
    steps: list[Files], fork: int, other: list[Files], chance: Random
) -> None:
    turned([FIRST, *steps], fork, other, chance)


@RELAXED
@given(
    steps=st.lists(alike, min_size=2, max_size=FEWEST),
    fork=st.integers(0, FEWEST),
    other=st.lists(alike, min_size=1, max_size=6),
    chance=st.randoms(use_true_random=False),
)
def test_a_branch_that_leaves_the_line_with_records_of_known_shapes(
    steps: list[Files], fork: int, other: list[Files], chance: Random
) -> None:
    turned([FIRST, *steps], fork, other, chance)


@RELAXED
@given(
    steps=st.lists(changes | alike, min_size=8, max_size=FEWEST),
    chance=st.randoms(use_true_random=False),
)
def test_a_connection_while_commits_land(steps: list[Files], chance: Random) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = repository(folder / "source", [FIRST, *steps])
        line = twins.line(source)
        growing = twins.twin(source, folder / "growing.git", line[0])
        found = {}
        with ingitdb.connect(growing, settings=twins.settings(folder / "grown")) as connection:
            for commit in line:
                twins.move(growing, commit)
                found[commit] = twins.tables(connection)
        some = chance.sample(line, 4)
        alone = twins.alone(source, folder / "alone", some)
        assert {commit: found[commit] for commit in some} == alone
