"""The same query at the same commit gives the same answer for ever.

Whatever else was indexed before or after, in which order it was asked for, and whatever became of
the cache meanwhile. Processes of their own write the answers; they must be equal to the byte.
"""

import json
import os
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ingitdb
from tests.support import oracle_types
from tests.support.answers import Answers, answers, unequal
from tests.support.comparison import Spelling
from tests.support.once import once
from tests.support.oracle_reading import read_json
from tests.support.scratch import as_json, git, repository

SWEEP = bool(os.environ.get("INGITDB_TEST_SWEEP"))
ASKED = {
    "demo-ingitdb": 3,
    "country-codes": 5,
    "congress-legislators": 5 if SWEEP else 3,
    "pypa-advisories": 5 if SWEEP else 3,
}
"""How many commits are asked for, and the newest."""
SQUEEZED = {"country-codes": 3, "congress-legislators": 1, "pypa-advisories": 2}
"""Of how many commits: each reads the repository from its beginning. `make sweep` asks for six."""
SMALL_CACHE = 200_000
GROWTH = 24 if SWEEP else 10


def line(path: Path) -> list[str]:
    """Gives the first-parent commits, oldest first."""
    return git(path, "rev-list", "--first-parent", "--reverse", "HEAD").split()


def bare(source: Path, target: Path, tip: str) -> Path:
    """Clones a repository so that it has nothing but a commit and what is before it."""
    git(target.parent, "init", "--quiet", "--bare", "--initial-branch=main", str(target))
    git(target, "fetch", "--quiet", str(source), "main:refs/heads/source")
    git(target, "update-ref", "refs/heads/main", tip)
    git(target, "update-ref", "-d", "refs/heads/source")
    return target


def knows_all(source: Path, folder: Path, chance: random.Random, asked: list[str]) -> Answers:
    """Answers of a process that has everything and is asked in another order."""
    shuffled = chance.sample(asked, len(asked))
    head = git(source, "rev-parse", "HEAD").strip()
    return answers(source, folder / "new-cache", [head, *shuffled])


def grew(source: Path, folder: Path, start: int, asked: list[str]) -> Answers:
    """Answers of a cache that has grown commit by commit and been folded together."""
    commits = line(source)
    growing = bare(source, folder / "growing.git", commits[start])
    git(growing, "fetch", "--quiet", str(source), "main:refs/heads/source")
    cache = folder / "grown-cache"
    for commit in commits[start : start + GROWTH]:
        git(growing, "update-ref", "refs/heads/main", commit)
        answers(growing, cache, ["HEAD"])
    return answers(growing, cache, asked)


def squeezed(source: Path, folder: Path, chance: random.Random, asked: list[str]) -> Answers:
    """Answers under a limit of the cache that lets next to nothing stay."""
    cache = folder / "small-cache"
    found: Answers = {}
    for ref in chance.sample(asked, len(asked)):
        found |= answers(source, cache, [ref], cache_limit=SMALL_CACHE)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What a process answers that has indexed up to a commit only, and was asked for some."""

    number: int
    asked: list[str]
    expected: Answers


def truth(name: str, source: Path, base: Path, seed: int) -> Truth:
    """Chooses a commit and some before it, and asks for them once a run."""
    chance = random.Random(f"{seed} {name} same answer")
    commits = line(source)
    number = chance.randrange(len(commits) * 2 // 3, len(commits))
    older = commits[: number + 1]
    asked = [*chance.sample(older[:-1], min(ASKED[name], number)), older[-1]]

    def ask(target: Path) -> None:
        folder = base / f"{name} alone"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        old = bare(source, folder / "old.git", commits[number])
        target.write_text(json.dumps(answers(old, folder / "cache", asked)), "utf-8")

    text = once(base / name, ask).read_text("utf-8")
    return Truth(number=number, asked=asked, expected=json.loads(text))


@pytest.mark.parametrize(
    "name",
    [
        "country-codes",
        "demo-ingitdb",
        pytest.param("congress-legislators", marks=pytest.mark.slow),
        pytest.param("pypa-advisories", marks=pytest.mark.slow),
    ],
)
def test_whatever_else_is_indexed(
    name: str, shared: Callable[[str], Path], run_folder: Path, tmp_path: Path, seed: int
) -> None:
    source = shared(name)
    known = truth(name, source, run_folder / "truth", seed)
    assert any(known.expected.values())
    chance = random.Random(f"{seed} {name} order")
    assert not unequal(known.expected, knows_all(source, tmp_path, chance, known.asked))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["country-codes", "congress-legislators", "pypa-advisories"])
def test_a_cache_that_grows(
    name: str, shared: Callable[[str], Path], run_folder: Path, tmp_path: Path, seed: int
) -> None:
    source = shared(name)
    known = truth(name, source, run_folder / "truth", seed)
    start = max(0, known.number - GROWTH // 2)
    assert not unequal(known.expected, grew(source, tmp_path, start, known.asked))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["country-codes", "congress-legislators", "pypa-advisories"])
def test_a_cache_that_is_squeezed(
    name: str, shared: Callable[[str], Path], run_folder: Path, tmp_path: Path, seed: int
) -> None:
    source = shared(name)
    known = truth(name, source, run_folder / "truth", seed)
    chance = random.Random(f"{seed} {name} squeezed")
    some = chance.sample(known.asked, 6 if SWEEP else SQUEEZED[name])
    expected = {ref: known.expected[ref] for ref in some}
    assert not unequal(expected, squeezed(source, tmp_path, chance, some))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "few"), [("congress-legislators", 1), ("pypa-advisories", 3)])
def test_side_branches_first(
    name: str, few: int, shared: Callable[[str], Path], tmp_path: Path, seed: int
) -> None:
    chance = random.Random(f"{seed} {name} side")
    source = shared(name)
    merges = git(source, "rev-list", "--merges", "HEAD").split()
    some = chance.sample(merges, min(len(merges), 5 if SWEEP else few))
    sides = [git(source, "rev-parse", f"{merge}^2").strip() for merge in some]
    expected = {
        side: answers(source, tmp_path / f"c{i}", [side])[side] for i, side in enumerate(sides)
    }
    together = answers(source, tmp_path / "together", [*reversed(sides), "HEAD", *sides])
    assert not unequal(expected, together)


# --- Inference does not depend on the order or the number of files ---------------------------

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.integers(-5, 5)
    | st.floats(allow_nan=False, allow_infinity=False, width=32)
    | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=4)
)
names = st.sampled_from(["a", "b", "c", "B", "name"])
values = st.recursive(
    scalars,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(names, below, max_size=3),
    max_leaves=6,
)
roots = st.dictionaries(st.sampled_from(["x", "y", "z"]), values, min_size=1, max_size=3)


def schema(path: Path, cache: Path) -> tuple[list[tuple[str, str]], list[str]]:
    """Gives the columns of the one table, and its rows without their order."""
    with ingitdb.connect(path, settings=ingitdb.Settings(cache=cache, workers=1)) as connection:
        columns = connection.execute("DESCRIBE SELECT * EXCLUDE (_key) FROM things").fetchall()
        rows = connection.execute("SELECT * EXCLUDE (_key) FROM things").fetchall()
    return [(row[0], row[1]) for row in columns], sorted(map(repr, rows))


def check_order(records: list[dict[str, Any]], chance: random.Random, folder: Path) -> None:
    """Writes records in several orders and files, and compares what they become."""
    number = len(list(folder.iterdir()))
    shuffled = chance.sample(records, len(records))
    one_each = {f"things/{i:03}.json": as_json(r) for i, r in enumerate(records)}
    other = {f"things/{i:03}.json": as_json(r) for i, r in enumerate(shuffled)}
    first = repository(folder / f"{number}a", [one_each])
    second = repository(folder / f"{number}b", [{"readme.txt": b"x"}, other])
    found = schema(first, folder / "cache")
    assert found == schema(second, folder / "cache")
    spelling = Spelling()
    parsed = [{str(i.key): i.value for i in read_json(as_json(r)).items} for r in records]
    expected = oracle_types.union(parsed)
    assert found[0] == [(n, spelling(oracle_types.sql(t))) for n, t in expected.items()]
    spelling.close()


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(records=st.lists(roots, min_size=1, max_size=6), chance=st.randoms())
def test_inference_knows_no_order(
    records: list[dict[str, Any]], chance: random.Random, tmp_path: Path
) -> None:
    check_order(records, chance, tmp_path)


@pytest.mark.slow
@settings(max_examples=150 if SWEEP else 40, deadline=None, suppress_health_check=list(HealthCheck))
@given(records=st.lists(roots, min_size=1, max_size=12), chance=st.randoms())
def test_inference_knows_no_order_at_length(
    records: list[dict[str, Any]], chance: random.Random, tmp_path: Path
) -> None:
    check_order(records, chance, tmp_path)
