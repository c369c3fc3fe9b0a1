"""The law: whatever else is indexed, a commit's tables are those of a clone that ends there."""

import json
import tempfile
from pathlib import Path
from random import Random
from typing import Any

import tomlkit
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import ingitdb
from tests.support import twins
from tests.support.scratch import Files, repository

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
records = st.dictionaries(
    st.sampled_from(["x", "y", "X", "_path", "_order", "_from"]), nested, max_size=3
)
SPELLINGS = ["1.10", "0x1F", "+5", "True", "1e3", "~", "[1, 2.50]", "{a: 1.0}", "[{b: 010}, 5]"]
CELLS = [
    "",
    "1",
    "2",
    "1.5",
    "1.50",
    "007",
    "true",
    "x",
    "2024-01-05",
    "2024-01-05T10:00:00",
    "a,b",
]


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
    st.sampled_from(["t/1.json", "t/1.yaml", "list.json"]).map(lambda p: {p: None}),
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


def check(history: list[Files], others: list[Files], chance: Random) -> None:
    """Compares every way to a commit with the clone that ends there."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = repository(folder / "source", history)
        line = twins.line(source)
        middle = chance.choice(line)
        side = twins.branch(source, "side", middle, others)
        expected = twins.alone(source, folder, [*line, side])
        asked = [*line, side]
        early = twins.twin(source, folder / "early.git", middle)
        with ingitdb.connect(early, settings=twins.settings(folder / "cache")) as connection:
            connection.execute("SHOW TABLES").fetchall()
            twins.move(early, line[-1])
            for commit in chance.sample(asked, len(asked)):
                assert twins.tables(connection, commit) == expected[commit], "overlaid"
        with ingitdb.connect(source, settings=twins.settings(folder / "late")) as connection:
            for commit in chance.sample(asked, len(asked)):
                assert twins.tables(connection, commit) == expected[commit], "indexed"
            renamed = any("t/r.csv" in files for files in history)  # t becomes t_rows, and back
            for table in expected[line[-1]]:
                if not (renamed and table.startswith('"main"."t')):
                    assert_tiled(connection, table, line)


def assert_tiled(connection: Any, table: str, line: list[str]) -> None:
    """At every commit of the line just the states stand whose interval holds it."""
    name = table.replace('"', "")
    states = connection.execute(f"SELECT _valid_from, _valid_to FROM versions('{name}')").fetchall()
    moments = dict(connection.execute("SELECT commit_hash, commit_date FROM git_log()").fetchall())
    present = {f'"{row[0]}"."{row[1]}"' for row in connection.execute("SHOW TABLES").fetchall()}
    assert table in present
    for commit in line:
        at = moments[commit]
        standing = sum(since <= at and (until is None or at < until) for since, until in states)
        known = {
            tuple(row[:2]): row[2]
            for row in connection.execute(f"SHOW TABLES AS OF '{commit}'").fetchall()
        }
        schema, bare = name.split(".")
        assert standing == known.get((schema, bare), 0), (commit, table, "versions")


RELAXED = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,  # the same histories each run; shrinking one takes minutes
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@RELAXED
@given(
    history=histories(),
    others=st.lists(changes, min_size=1, max_size=2),
    chance=st.randoms(use_true_random=False),
)
def test_a_commit_is_the_clone_that_ends_there(
    history: list[Files], others: list[Files], chance: Random
) -> None:
    check(history, others, chance)


@RELAXED
@given(
    history=histories(definitions=True),
    others=st.lists(changes, min_size=1, max_size=2),
    chance=st.randoms(use_true_random=False),
)
def test_so_with_definitions(history: list[Files], others: list[Files], chance: Random) -> None:
    check(history, others, chance)
