"""What `diff` and `patch` say of the shared repositories is what an independent reader finds.

`diff` between commits and their first parents, all of the smallest repository and of the others a
sample; `make sweep` takes all. Records of lists are known by the column that the documents name for
those two commits; where none is one, the contents that came and went are compared. `patch` turns
the reader's rows of one commit into those of another, whatever the two are to each other.
"""

import json
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

import ingitdb
from tests.compat.test_oracle import opened
from tests.support import oracle, oracle_changes, turning
from tests.support.comparison import Spelling, normal, ordinary
from tests.support.oracle import Table
from tests.support.oracle_changes import Change, Changes, Side, Steps, side_at
from tests.support.oracle_reading import Repository
from tests.support.oracle_types import JSON, TEXT, JsonValue, Type
from tests.support.shared_data import NAMES

SWEEP = bool(os.environ.get("INGITDB_TEST_SWEEP"))
CHUNKS = 8 if SWEEP else 4
SAMPLE = {"country-codes": 25, "congress-legislators": 6, "pypa-advisories": 40}
"""How many commits are looked at, of repositories of which not all are; so many again, at most, of
those that change columns."""
PATCHES = {"demo-ingitdb": 2, "country-codes": 3, "congress-legislators": 1, "pypa-advisories": 2}
"""How many pairs of commits of each kind are patched; `make sweep` patches ten times as many."""
RETYPED = "cb3b47be47"
"""A commit of country-codes that makes numbers of a column of texts, in a list without key."""
Title = tuple[str, str]
Choice = Callable[[random.Random, Sequence[tuple[str, str]], str], tuple[str, str]]


def quoted(*names: str) -> str:
    """Spells a name in SQL."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def pairs(repository: Repository) -> list[tuple[str, str]]:
    """Gives all commits, each after its first parent, oldest first."""
    listing = repository.git("rev-list", "--topo-order", "--reverse", "--parents", "HEAD")
    lines = (line.split() for line in listing.splitlines())
    return [(parents[0], commit) for commit, *parents in lines if parents]


def tables_at(connection: Any, commit: str) -> set[Title]:
    """Gives (schema, name) of the tables that we see."""
    return {row[:2] for row in connection.execute(f"SHOW TABLES AS OF '{commit}'").fetchall()}


def wrong_between(
    name: str, repository: Repository, old: str, new: str, connection: Any
) -> Iterator[str]:
    """Names every table whose changes are others than what is told of them."""
    there = [tables_at(connection, commit) for commit in (old, new)]
    for title in sorted(there[0] | there[1]):
        sides = [side_at(name, repository, commit, title) for commit in (old, new)]
        if any(hidden(side, title in seen) for side, seen in zip(sides, there, strict=True)):
            with pytest.raises(ingitdb.DataError, match="no file that can be read"):
                connection.execute("FROM diff(?, ?, ?)", [quoted(*title), old, new])
            continue
        expected = oracle_changes.changes(*sides)
        told = list(changes_told(title, old, new, expected, sides, connection))
        due = list(changes_due(expected, sides))
        if Counter(told) != Counter(due) and expected.key not in ([], [("_key",)]):
            due = oracle_changes.respelled(*sides, expected).found
        if Counter(told) != Counter(due):
            more, fewer = Counter(told) - Counter(due), Counter(due) - Counter(told)
            yield f"{name} {new[:10]} {title}: told {list(more)[:4]}, expected {list(fewer)[:4]}"


def hidden(side: Side, is_there: bool) -> bool:
    """Tells whether a table's files are damaged, so that we have no such table."""
    return not is_there and bool(side.blobs) and side.is_damaged


def changes_due(expected: Changes, sides: Sequence[Side]) -> Iterator[Any]:
    """Gives what differs: changes by their keys, or the contents that came and went."""
    yield from expected.found
    for side, kind, places in zip(
        sides, ("removed", "added"), (expected.gone, expected.come), strict=True
    ):
        for place in places:
            kinds = side.table.columns.values()
            row = zip(side.table.rows[place], kinds, strict=True)
            yield kind, tuple(repr(ordinary(cell, wanted)) for cell, wanted in row)


def changes_told(
    title: Title, old: str, new: str, expected: Changes, sides: Sequence[Side], connection: Any
) -> Iterator[Any]:
    """Gives what `diff` tells, in the words of `changes_due`."""
    asked = [quoted(*title), old, new]
    if expected.key:
        yield from keyed_changes(asked, expected.key, connection)
        return
    for side, prefix, kind in zip(sides, ("from_", "to_"), ("removed", "added"), strict=True):
        places = expected.gone if kind == "removed" else expected.come
        columns = side.table.columns if places else {}
        names = ", ".join(quoted(prefix + column) for column in columns) or "diff_type"
        query = f"SELECT {names} FROM diff(?, ?, ?) WHERE diff_type IN ('modified', ?)"
        for row in connection.execute(query, [*asked, kind]).fetchall():
            cells = zip(row, columns.values() or [TEXT], strict=True)
            yield kind, tuple(repr(normal(cell, wanted)) for cell, wanted in cells)


def keyed_changes(asked: list[str], key: Sequence[Steps], connection: Any) -> Iterator[Change]:
    """Gives what `diff` tells of records that a key tells apart."""
    texts = [
        f"CAST({quoted(prefix + steps[0], *steps[1:])} AS VARCHAR)"
        for prefix in ("from_", "to_")
        for steps in key
    ]
    query = f"SELECT diff_type, changed_columns, {', '.join(texts)} FROM diff(?, ?, ?)"
    for kind, columns, *keys in connection.execute(query, asked).fetchall():
        mine, theirs = tuple(keys[: len(key)]), tuple(keys[len(key) :])
        yield Change(
            mine if kind != "added" else None,
            theirs if kind != "removed" else None,
            kind,
            None if columns is None else frozenset(columns),
        )


def sampled(name: str, repository: Repository, seed: int) -> list[tuple[str, str]]:
    """Gives all commits that are looked at, each after its first parent."""
    found = pairs(repository)
    count = SAMPLE.get(name, len(found))
    if SWEEP or count >= len(found):
        return found
    chance = random.Random(f"{seed} {name} changes")
    known = set(turning.known(name))
    turns = [pair for pair in found if pair[1] in known]
    chosen = {*chance.sample(found, count), *chance.sample(turns, min(count, len(turns)))}
    return [pair for pair in found if pair in chosen]


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(CHUNKS))
@pytest.mark.parametrize("name", NAMES)
def test_the_changes_of_each_commit(
    name: str, chunk: int, indexed: Callable[[str], Path], shared_cache: Path, seed: int
) -> None:
    repository = opened(indexed(name))
    chosen = sampled(name, repository, seed)
    settings = ingitdb.Settings(cache=shared_cache)
    with ingitdb.connect(repository.path, settings=settings) as connection:
        wrong = [
            line
            for old, new in chosen[
                len(chosen) * chunk // CHUNKS : len(chosen) * (chunk + 1) // CHUNKS
            ]
            for line in wrong_between(name, repository, old, new, connection)
        ]
    assert not wrong, "\n".join(wrong[:50])


# --- patch ----------------------------------------------------------------------------------

ARROW = {
    "VARCHAR": pa.string(),
    "JSON": pa.string(),
    "BIGINT": pa.int64(),
    "HUGEINT": pa.decimal128(38, 0),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"),
    "TIMESTAMP WITH TIME ZONE": pa.timestamp("us", tz="UTC"),
}


def arrow(kind: Type) -> pa.DataType:
    """Gives the type in which values of the oracle are handed to DuckDB."""
    if kind[0] == "LIST":
        return pa.list_(arrow(kind[1]))
    if kind[0] == "STRUCT":
        return pa.struct([(name, arrow(inner)) for name, inner in kind[1]])
    if kind[0] == "MAP":
        return pa.map_(arrow(kind[1]), arrow(kind[2]))
    if kind[0] == "DECIMAL":
        return pa.decimal128(kind[1], kind[2])
    return ARROW[kind[0]]


def handed(value: Any, kind: Type) -> Any:
    """Gives a value of the oracle so that Arrow takes it; JSON as it is written shortest."""
    if value is None:
        return None
    if kind == JSON:
        return json.dumps(value.value, ensure_ascii=False, separators=(",", ":"))
    if kind[0] == "LIST":
        return [handed(item, kind[1]) for item in value]
    if kind[0] == "STRUCT":
        return {name: handed(value[name], inner) for name, inner in kind[1]}
    if kind[0] == "MAP":
        return [(key, handed(item, kind[2])) for key, item in value]
    return value


def comparable(value: Any) -> Any:
    """Gives a value of either side so that it can be counted; the order of fields is nothing."""
    if isinstance(value, JsonValue):
        return "json", comparable(value.value)
    if isinstance(value, dict):
        return "map", frozenset((name, comparable(inner)) for name, inner in value.items())
    if isinstance(value, list):
        return "list", tuple(map(comparable, value))
    if isinstance(value, datetime) and value.tzinfo is not None:
        return "moment", value.timestamp()
    return type(value).__name__, repr(value)


def expected_tables(
    name: str, repository: Repository, commit: str, connection: Any
) -> dict[Title, Table]:
    """Gives the oracle's tables at a commit; none of those that SQL cannot have."""
    there = tables_at(connection, commit)
    return {
        (table.schema, table.name): table
        for table in oracle.tables(name, repository, commit)
        if table.columns and (not table.damaged or (table.schema, table.name) in there)
    }


def described(connection: Any, title: Title, commit: str) -> list[tuple[str, str]]:
    """Gives the columns and types that we declare."""
    asked = f"DESCRIBE {quoted(*title)} AS OF '{commit}'"
    return [row[:2] for row in connection.execute(asked).fetchall()]


def target(title: Title) -> str:
    """Spells a table as patches do."""
    return quoted(*title) if title[0] != "main" else quoted(title[1])


def load(database: duckdb.DuckDBPyConnection, table: Table, types: list[tuple[str, str]]) -> None:
    """Makes a table of our types that holds the oracle's values."""
    title = (table.schema, table.name)
    database.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(table.schema)}")
    columns = ", ".join(f"{quoted(column)} {kind}" for column, kind in types)
    database.execute(f"CREATE TABLE {target(title)} ({columns})")
    values = [
        pa.array([handed(row[at], kind) for row in table.rows], arrow(kind))
        for at, kind in enumerate(table.columns.values())
    ]
    database.register("given", pa.table(values, names=list(table.columns)))
    database.execute(f"INSERT INTO {target(title)} BY NAME FROM given")
    database.unregister("given")


def patched(
    database: duckdb.DuckDBPyConnection, expected: Mapping[Title, Table], described_at: Any
) -> Iterator[str]:
    """Names the tables of a patched database that are not what they must be."""
    found = "SELECT schema_name, table_name FROM duckdb_tables()"
    spelling = Spelling()
    there = set(database.execute(found).fetchall())
    if there != expected.keys():
        yield f"tables {sorted(there)}, expected {sorted(expected)}"
    for title in there & expected.keys():
        types = [row[:2] for row in database.execute(f"DESCRIBE {target(title)}").fetchall()]
        wanted = [(column, spelling(kind)) for column, kind in described_at(title)]
        if sorted(types) != sorted(wanted):
            more, fewer = set(types) - set(wanted), set(wanted) - set(types)
            yield f"{title}: columns {sorted(more)}, expected {sorted(fewer)}"
            continue
        table = expected[title]
        kinds = table.columns.values()
        names = ", ".join(map(quoted, table.columns))
        held = Counter(
            tuple(comparable(normal(c, k)) for c, k in zip(row, kinds, strict=True))
            for row in database.execute(f"SELECT {names} FROM {target(title)}").fetchall()
        )
        due = Counter(
            tuple(comparable(ordinary(c, k)) for c, k in zip(row, kinds, strict=True))
            for row in table.rows
        )
        if held != due:
            yield f"{title}: {list(held - due)[:2]!s:.500}, expected {list(due - held)[:2]!s:.500}"


def wrong_patch(
    name: str, repository: Repository, old: str, new: str, connection: Any
) -> Iterator[str]:
    """Names what a patch of the oracle's tables at one commit does not make those at another."""
    asked = "SELECT statement FROM patch(?, ?) ORDER BY statement_order"
    statements = connection.execute(asked, [old, new]).fetchall()
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'")
        for title, table in expected_tables(name, repository, old, connection).items():
            load(database, table, described(connection, title, old))
        for (statement,) in statements:
            try:
                database.execute(statement)
            except duckdb.Error as error:
                yield f"{name} {old[:10]} {new[:10]}: {error!s:.300} in {statement:.300}"
                return
        expected = expected_tables(name, repository, new, connection)
        for line in patched(database, expected, lambda title: described(connection, title, new)):
            yield f"{name} {old[:10]} {new[:10]} {line}"


def anywhere(chance: random.Random, found: Sequence[tuple[str, str]], _: str) -> tuple[str, str]:
    """Chooses any two commits."""
    one, other = chance.sample(found, 2)
    return one[1], other[1]


def neighbours(chance: random.Random, found: Sequence[tuple[str, str]], _: str) -> tuple[str, str]:
    """Chooses a commit and its first parent."""
    return chance.choice(found)


def turned_round(
    chance: random.Random, found: Sequence[tuple[str, str]], _: str
) -> tuple[str, str]:
    """Chooses a commit and its first parent, back to which the patch leads."""
    old, new = chance.choice(found)
    return new, old


def across(chance: random.Random, found: Sequence[tuple[str, str]], name: str) -> tuple[str, str]:
    """Chooses a commit that changes columns, and its first parent, in either order."""
    turns = set(turning.known(name))
    old, new = chance.choice([pair for pair in found if pair[1] in turns])
    return chance.choice([(old, new), (new, old)])


@pytest.mark.slow
@pytest.mark.parametrize("choose", [anywhere, neighbours, turned_round, across])
@pytest.mark.parametrize("name", NAMES)
def test_patches(
    name: str, choose: Choice, indexed: Callable[[str], Path], shared_cache: Path, seed: int
) -> None:
    repository = opened(indexed(name))
    chance = random.Random(f"{seed} {name} {choose.__name__}")
    found = pairs(repository)
    settings = ingitdb.Settings(cache=shared_cache)
    with ingitdb.connect(repository.path, settings=settings) as connection:
        for _ in range(PATCHES[name] * (10 if SWEEP else 1)):
            old, new = choose(chance, found, name)
            wrong = list(wrong_patch(name, repository, old, new, connection))
            assert not wrong, "\n".join(wrong)


@pytest.mark.slow
def test_texts_that_become_numbers(indexed: Callable[[str], Path], shared_cache: Path) -> None:
    name = "country-codes"
    repository = opened(indexed(name))
    (pair,) = (pair for pair in pairs(repository) if pair[1].startswith(RETYPED))
    settings = ingitdb.Settings(cache=shared_cache)
    with ingitdb.connect(repository.path, settings=settings) as connection:
        wrong = list(wrong_between(name, repository, *pair, connection))
    assert not wrong, "\n".join(wrong)
