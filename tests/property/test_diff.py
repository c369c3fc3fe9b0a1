"""What `diff` says of random commits is what a plain comparison of their records says."""

import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

import ingitdb
from tests.property.test_folding import RELAXED
from tests.support.repositories import RepoBuilder

Record = Mapping[str, Any]
Records = dict[str, Record]
FIELDS = ("n", "s", "z")
VALUES = [None, 0, 1, 1.0, 2.5, True, "1", "", "x", [], [1], [1.0, "a"], {"a": 1}, {"a": "1"}]
PLAIN = [None, 1, 2, 3]


def record(chance: Random, values: list[Any]) -> Record:
    """Gives a record that may lack fields."""
    return {name: chance.choice(values) for name in FIELDS if chance.random() < 0.8}


def grown(chance: Random, repo: RepoBuilder) -> dict[str, Records]:
    """Makes commits on two branches; gives the records of each."""
    found: dict[str, Records] = {}
    now: Records = {}
    values = chance.choice([VALUES, PLAIN])
    for turn in range(chance.randint(3, 9)):
        if found and chance.random() < 0.3:
            start = chance.choice(list(found))
            repo.git("checkout", "-q", "-B", f"side{turn}", start)
            now = dict(found[start])
        before = dict(now)
        for _ in range(chance.randint(1, 4)):
            name = chance.choice("abcdefg")
            if name in now and chance.random() < 0.4:
                del now[name]
            else:
                is_move = now and chance.random() < 0.3
                now[name] = chance.choice(list(now.values())) if is_move else record(chance, values)
        files: dict[str, str | None] = {f"t/{k}.json": json.dumps(r) for k, r in now.items()}
        files |= {f"t/{k}.json": None for k in before if k not in now}
        repo.commit({**files, "t/steady.json": "{}", "turn.txt": str(turn)})
        found[repo.tip()] = dict(now)
    return found


def spelled(value: Any) -> str:
    """Spells a value so that 1, 1.0, True and '1' differ."""
    return json.dumps(value)


def changed(old: Record, new: Record) -> frozenset[str]:
    """Names the fields whose values differ; an absent one is null."""
    return frozenset(f for f in FIELDS if spelled(old.get(f)) != spelled(new.get(f)))


def expected(old: Records, new: Records) -> Iterator[tuple[Any, ...]]:
    """Compares the records of two commits."""
    gone = {spelled(r): k for k, r in old.items() if k not in new}
    come = {spelled(r): k for k, r in new.items() if k not in old}
    twice = Counter(spelled(r) for k, r in old.items() if k not in new)
    again = Counter(spelled(r) for k, r in new.items() if k not in old)
    moved = {gone[text]: come[text] for text in gone if twice[text] == again[text] == 1}
    for key in old:
        if key in new and (fields := changed(old[key], new[key])):
            yield key, key, "modified", fields
        elif key in moved:
            yield key, moved[key], "modified", frozenset(["_key"])
        elif key not in new:
            yield key, None, "removed", None
    for key in set(new) - set(old) - set(moved.values()):
        yield None, key, "added", None


@given(st.integers(0, 10**9))
@RELAXED
def test_diff_of_any_two_commits(seed: int) -> None:
    chance = Random(seed)
    with tempfile.TemporaryDirectory() as name:
        repo = RepoBuilder(Path(name) / "shop")
        found = grown(chance, repo)
        settings = ingitdb.Settings(cache=Path(name) / "cache", workers=1)
        with ingitdb.connect(repo.path, settings=settings) as connection:
            for _ in range(6):
                old, new = chance.choice(list(found)), chance.choice(list(found))
                rows = connection.execute(
                    "SELECT from__key, to__key, diff_type, changed_columns FROM diff('t', ?, ?)",
                    [old, new],
                ).fetchall()
                seen = {(*row[:3], None if row[3] is None else frozenset(row[3])) for row in rows}
                assert seen == set(expected(found[old], found[new])), (seed, old, new)
                assert len(seen) == len(rows)


@given(st.integers(0, 10**9))
@RELAXED
def test_diff_of_every_commit(seed: int) -> None:
    columns = "from__key, to__key, diff_type, list_sort(changed_columns), from_commit, to_commit"
    with tempfile.TemporaryDirectory() as name:
        repo = RepoBuilder(Path(name) / "shop")
        grown(Random(seed), repo)
        settings = ingitdb.Settings(cache=Path(name) / "cache", workers=1)
        with ingitdb.connect(repo.path, settings=settings) as connection:
            found = connection.execute(f"SELECT {columns} FROM diff('t')").fetchall()
            line = repo.git("rev-list", "--first-parent", "--reverse", "HEAD").split()
            pairs = zip(["EMPTY", *line], line, strict=False)
            expected = [
                row
                for pair in pairs
                for row in connection.execute(f"SELECT {columns} FROM diff('t', ?, ?)", pair)
            ]
        assert sorted(map(repr, found)) == sorted(map(repr, expected)), seed
