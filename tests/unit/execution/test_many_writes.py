"""Many writes one after another, small and large: each is read as it was made."""

import random
from pathlib import Path
from typing import Any

import pytest

from tests.support.opening import Opened, rows
from tests.support.repositories import RepoBuilder

PORTS = "SELECT _key, berths FROM ports ORDER BY _key"
_LARGE = 2_100
"""More files than one commit may change and still be put over what is known."""


@pytest.fixture
def data(repo: RepoBuilder) -> RepoBuilder:
    """A table of ports with a file each, and one of fares in one file."""
    ports = {f"ports/p{n:02}.json": f'{{"berths": {n}}}\n' for n in range(40)}
    repo.commit({**ports, "fares.csv": "route,price\nR1,10\n"})
    return repo


@pytest.fixture
def large(repo: RepoBuilder) -> RepoBuilder:
    """A table of many ports with a file each."""
    repo.commit({f"ports/p{n:04}.json": f'{{"berths": {n}}}\n' for n in range(_LARGE)})
    return repo


def changed(connection: Any, known: dict[str, int], seed: random.Random, step: int) -> None:
    """Changes, removes or adds a port, and does the same to what is known."""
    key = seed.choice(sorted(known))
    verb = seed.choice(["change", "change", "remove", "add"])
    if verb == "change":
        connection.execute("UPDATE ports SET berths = berths + 100 WHERE _key = ?", [key])
        known[key] += 100
    elif verb == "remove":
        connection.execute("DELETE FROM ports WHERE _key = ?", [key])
        del known[key]
    else:
        connection.execute("INSERT INTO ports (_key, berths) VALUES (?, ?)", [f"q{step}", step])
        known[f"q{step}"] = step


@pytest.mark.parametrize("seed", range(3))
def test_each_of_many_small_writes_is_read(
    data: RepoBuilder, opened: Opened, tmp_path: Path, seed: int
) -> None:
    known = {f"p{n:02}": n for n in range(40)}
    choices = random.Random(seed)
    former: list[tuple[str, list[tuple[Any, ...]]]] = []
    one = opened(data)
    for step in range(60):
        changed(one, known, choices, step)
        assert dict(rows(one, PORTS)) == known
        former.append((data.git("rev-parse", "HEAD"), sorted(known.items())))
    other = opened(data, cache=tmp_path / "empty")
    for commit, there in former[::7]:
        asked = PORTS.replace("ports", f"ports AS OF '{commit}'")
        assert rows(one, asked) == there == rows(other, asked)
    assert rows(one, "SELECT * FROM fares") == [("R1", 10)]


def test_a_transaction_of_many_statements_reads_its_own(data: RepoBuilder, opened: Opened) -> None:
    known = {f"p{n:02}": n for n in range(40)}
    choices = random.Random(7)
    one = opened(data)
    one.execute("BEGIN")
    for step in range(30):
        changed(one, known, choices, step)
        assert dict(rows(one, PORTS)) == known
    one.execute("COMMIT")
    assert dict(rows(opened(data), PORTS)) == known


def test_what_changes_a_large_part_goes_into_the_index(
    large: RepoBuilder, opened: Opened, tmp_path: Path
) -> None:
    one = opened(large)
    before = sum(range(_LARGE))
    assert rows(one, "SELECT sum(berths) FROM ports") == [(before,)]
    one.execute("UPDATE ports SET berths = berths + 1")
    assert rows(one, "SELECT sum(berths) FROM ports") == [(before + _LARGE,)]
    one.execute("UPDATE ports SET berths = 0 WHERE _key = 'p0001'")
    wanted = [(before + _LARGE - 2,)]
    assert rows(one, "SELECT sum(berths) FROM ports") == wanted
    assert rows(opened(large, cache=tmp_path / "empty"), "SELECT sum(berths) FROM ports") == wanted
    counted = "SELECT count(*) FROM diff('ports', '{}', '{}')"
    assert rows(one, counted.format("HEAD~2", "HEAD~1")) == [(_LARGE,)]
    assert rows(one, counted.format("HEAD~1", "HEAD")) == [(1,)]
    assert [name for name, _ in one.database.cache.info().entries] == ["line"]


def test_after_a_large_statement_of_a_transaction_small_ones_are_read(
    large: RepoBuilder, opened: Opened
) -> None:
    one = opened(large)
    one.execute("BEGIN; UPDATE ports SET berths = berths + 1")
    before = sum(range(_LARGE)) + _LARGE
    assert rows(one, "SELECT sum(berths) FROM ports") == [(before,)]
    for step in range(1, 4):
        one.execute("UPDATE ports SET berths = berths + 10 WHERE _key = 'p0001'")
        assert rows(one, "SELECT sum(berths) FROM ports") == [(before + 10 * step,)]
    one.execute("COMMIT")
    assert rows(opened(large), "SELECT sum(berths) FROM ports") == [(before + 30,)]
