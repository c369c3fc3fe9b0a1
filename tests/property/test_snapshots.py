"""The law: whatever else has been indexed, a commit's tables are those of a clone that ends there."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import ingitdb
import tomlkit
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support import twins
from tests.support.scratch import Files, git, repository

scalars = st.sampled_from(
    [
        None, True, False, 0, 7, -3, 2**53, 2**53 + 1, 2**63, -(2**64), 2**127, 1.5, 1e300, 0.1,
        "", "7", "x", "true", "1.50", "2024-01-05", "ø\n", "null", "\\", "'", '"',
    ]
)  # fmt: skip
names = st.sampled_from(["a", "b", "c", "B"])
nested = st.recursive(
    scalars,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(names, below, max_size=3),
    max_leaves=4,
)
records = st.dictionaries(st.sampled_from(["x", "y", "X", "_path"]), nested, max_size=3)
SPELLINGS = ["1.10", "0x1F", "+5", "True", "1e3", "~", "[1, 2.50]", "{a: 1.0}", "[{b: 010}, 5]"]
CELLS = ["", "1", "2", "1.5", "1.50", "007", "true", "x", "2024-01-05", "2024-01-05T10:00:00", "a,b"]


def as_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def as_yaml(record: Any) -> bytes:
    return yaml.safe_dump(record, allow_unicode=True, sort_keys=False).encode()


def as_toml(record: dict[str, Any]) -> bytes:
    kept = {k: v for k, v in record.items() if isinstance(v, str | bool | float)}
    return (tomlkit.dumps(kept) + "when = 2024-01-05T10:00:00Z\n").encode()


def spelled(words: list[str]) -> bytes:
    return "".join(f"{n}: {w}\n" for n, w in zip("xyzab", words, strict=False)).encode()


def as_csv(rows: list[list[str]]) -> bytes:
    lines = ["x,y,z"] + [",".join(f'"{c}"' if "," in c else c for c in row) for row in rows]
    return ("\n".join(lines) + "\n").encode()


contents = st.one_of(
    st.tuples(st.sampled_from(["t/1.json", "t/2.json", "u/1.json"]), records.map(as_json)),
    st.tuples(st.sampled_from(["t/1.yaml", "t/3.yaml"]), records.map(as_yaml)),
    st.tuples(
        st.sampled_from(["t/1.yaml", "t/4.yml"]),
        st.lists(st.sampled_from(SPELLINGS), min_size=1, max_size=4).map(spelled),
    ),
    st.tuples(st.just("t/5.toml"), records.map(as_toml)),
    st.tuples(
        st.sampled_from(["data/rows.csv", "t/r.csv"]),
        st.lists(st.lists(st.sampled_from(CELLS), min_size=3, max_size=3), max_size=4).map(as_csv),
    ),
    st.tuples(st.sampled_from(["list.json", "data/more.json"]), st.lists(records).map(as_json)),
    st.tuples(
        st.just("lines.jsonl"),
        st.lists(records, max_size=4).map(lambda rs: b"".join(as_json(r) + b"\n" for r in rs)),
    ),
    st.tuples(
        st.just("map.json"), st.dictionaries(names, records, min_size=1, max_size=3).map(as_json)
    ),
    st.tuples(
        st.just("lists.json"),
        st.dictionaries(names, st.lists(records, min_size=1, max_size=2), max_size=3).map(as_json),
    ),
    st.tuples(st.just("t/bad.json"), st.just(b"{")),
)
DEFINITIONS = [
    b"tables:\n  main.declared:\n    glob: t/{key}.json\n",
    b"tables:\n  main.listed:\n    glob: list.json\n    key: x\n",
    b"discover: true\n",
]
changes = st.one_of(
    contents.map(lambda c: {c[0]: c[1]}),
    st.lists(contents, min_size=1, max_size=4).map(dict),
    st.sampled_from(["t/1.json", "t/1.yaml", "list.json", "data/rows.csv"]).map(lambda p: {p: None}),
    st.just({}),
)


@st.composite
def histories(draw: Any, definitions: bool = False) -> list[Files]:
    """A first commit with some files, then changes."""
    first = dict(draw(st.lists(contents, min_size=1, max_size=5)))
    line: list[dict[str, bytes | None]] = [first]
    line += draw(st.lists(changes, min_size=1, max_size=5))
    if definitions:
        at = draw(st.integers(0, len(line) - 1))
        line[at] = {**line[at], ".ingitdb/tables.yaml": draw(st.sampled_from(DEFINITIONS))}
    return line


def places() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def check(history: list[Files], chance: Random) -> None:
    """Compares every way to a commit with the clone that ends there."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = repository(folder / "source", history)
        commits = twins.line(source)
        expected = twins.alone(source, folder, commits)
        middle = chance.randrange(len(commits))
        early = twins.twin(source, folder / "early.git", commits[middle])
        cache = twins.settings(folder / "cache")
        with ingitdb.connect(early, settings=cache) as connection:
            connection.execute("SHOW TABLES").fetchall()
            twins.move(early, commits[-1])
            for commit in chance.sample(commits, len(commits)):
                assert twins.tables(connection, commit) == expected[commit], "overlaid"
        late = twins.settings(folder / "late")
        with ingitdb.connect(source, settings=late) as connection:
            for commit in chance.sample(commits, len(commits)):
                assert twins.tables(connection, commit) == expected[commit], "indexed"
        git(source, "update-ref", "refs/heads/side", commits[middle])


RELAXED = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


@RELAXED
@given(history=histories(), chance=st.randoms(use_true_random=False))
def test_a_commit_is_the_clone_that_ends_there(history: list[Files], chance: Random) -> None:
    check(history, chance)


@RELAXED
@given(history=histories(definitions=True), chance=st.randoms(use_true_random=False))
def test_so_with_definitions(history: list[Files], chance: Random) -> None:
    check(history, chance)
