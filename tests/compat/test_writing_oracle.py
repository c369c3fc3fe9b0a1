"""Random scripts of INSERT, UPDATE and DELETE lead to the same tables as in DuckDB itself.

After each statement the repository must be sound and its work tree clean; a statement that DuckDB
refuses is refused here, and changes nothing.
"""

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

import ingitdb
from tests.support.dolt_scripts import Pen, tree
from tests.support.opening import opener
from tests.support.repositories import RepoBuilder

FORMS = ("csv", "list", "records")
TEXTS = [
    "a",
    "x y",
    "no",
    "007",
    "1e3",
    "2024-01-05",
    "~",
    "it''s",
    'say "hi", ok',
    "ø 🙂",
    "a: b #c",
]
NUMBERS = ["0", "-7", "41", "NULL", "9007199254740993"]
REALS = ["0.5", "-2.25", "1e10", "NULL", "3"]
STATEMENTS = 8


class Writer:
    """Writes statements about `t (id, c2 BIGINT, c3 VARCHAR, c4 DOUBLE)`."""

    def __init__(self, chance: random.Random) -> None:
        self.one = chance.choice

    def text(self) -> str:
        return f"'{self.one(TEXTS)}'"

    def key(self) -> str:
        return f"'{self.one('abcdefgh')}'"

    def condition(self) -> str:
        return self.one(
            [
                f"id = {self.key()}",
                f"id IN ({self.key()}, {self.key()}, {self.key()})",
                f"c2 > {self.one(NUMBERS)}",
                "c4 IS NOT DISTINCT FROM NULL",
                f"c3 = {self.text()} OR id < {self.key()}",
                "c2 = (SELECT max(c2) FROM t)",
                "EXISTS (FROM t o WHERE o.c2 > t.c2)",
            ]
        )

    def assignment(self) -> str:
        return self.one(
            [
                f"c2 = {self.one(NUMBERS)}",
                "c2 = c2 + 1",
                "c2 = c4",
                "c2 = c2 * c2",
                f"c3 = {self.text()}",
                "c3 = NULL",
                "c3 = upper(c3) || '!'",
                "c3 = c2",
                f"c4 = {self.one(REALS)}",
                "c4 = c2 / 4",
                "c4 = CASE WHEN c2 > 0 THEN c4 ELSE 0.25 END",
                "c2 = c3",
            ]
        )

    def statement(self) -> str:
        make = self.one([self.update] * 5 + [self.insert] * 3 + [self.delete, self.joined])
        return make()

    def update(self) -> str:
        several = {a.split(" ")[0]: a for a in (self.assignment() for _ in range(self.one([1, 2])))}
        where = self.one([f" WHERE {self.condition()}"] * 4 + [""])
        return f"UPDATE t SET {', '.join(several.values())}{where}"

    def joined(self) -> str:
        rows = ", ".join(f"({self.key()}, {self.one(NUMBERS)})" for _ in range(self.one([1, 2, 3])))
        source = f"(VALUES {rows}) v (k, n)"
        if self.one([True, False]):
            largest = f"(SELECT k, max(n) AS n FROM {source} GROUP BY k) w"
            return f"UPDATE t SET c2 = n FROM {largest} WHERE k = id"
        return f"DELETE FROM t USING {source} WHERE k = id"

    def insert(self) -> str:
        if self.one([True, False, False]):
            return (
                f"INSERT INTO t SELECT id || '{self.one('xyz')}', c2, c3, c4 FROM t"
                f" WHERE {self.condition()}"
            )
        rows = (
            f"({self.key()}, {self.one(NUMBERS)}, {self.text()}, {self.one(REALS)})"
            for _ in range(self.one([1, 1, 2]))
        )
        return f"INSERT INTO t VALUES {', '.join(rows)}"

    def delete(self) -> str:
        return f"DELETE FROM t WHERE {self.condition()}"


def built(path: Path, form: str) -> RepoBuilder:
    """Makes a table in one of the forms."""
    pen = Pen({"t": form})
    pen.create("t", "text", "integer", "text", "real")
    for number, key in enumerate("abcd"):
        pen.insert("t", key, number * 10, f"word {number}", number / 4)
    pen.commit()
    repo = RepoBuilder(path)
    repo.git("config", "user.name", "Data Desk")
    repo.git("config", "user.email", "data@example.org")
    repo.commit(dict(tree(pen.script, pen.script.tip)))
    return repo


def native() -> duckdb.DuckDBPyConnection:
    database = duckdb.connect()
    database.execute("CREATE TABLE t (id VARCHAR PRIMARY KEY, c2 BIGINT, c3 VARCHAR, c4 DOUBLE)")
    rows = (f"('{key}', {n * 10}, 'word {n}', {n / 4})" for n, key in enumerate("abcd"))
    database.execute(f"INSERT INTO t VALUES {', '.join(rows)}")
    return database


def outcome(run: Callable[[str], Any], sql: str, kind: type[Exception]) -> int | str:
    """Gives how many records a statement met, or that it was refused."""
    try:
        return int(run(sql))
    except kind:
        return "refused"


def held(connection: Any) -> list[tuple[Any, ...]]:
    columns = connection.execute("FROM t LIMIT 0").description
    names = [name for name, *_ in columns]
    key = "id" if "id" in names else "_key"
    rows: list[tuple[Any, ...]] = connection.execute(
        f"SELECT {key}, c2, c3, c4 FROM t ORDER BY 1"
    ).fetchall()
    return rows


def scripts(seed: int, count: int) -> Iterator[tuple[random.Random, str]]:
    for number in range(count):
        chance = random.Random(f"{seed} {number}")
        yield chance, chance.choice(FORMS)


@pytest.mark.parametrize(
    ("count", "part"),
    [(8, 0), *(pytest.param(60, part, marks=pytest.mark.slow) for part in (1, 2))],
)
def test_scripts_lead_to_the_tables_of_duckdb(
    count: int, part: int, tmp_path: Path, seed: int
) -> None:
    met: Counter[str] = Counter()
    for number, (chance, form) in enumerate(scripts(seed + part, count)):
        repo = built(tmp_path / str(number), form)
        with opener(tmp_path / f"{number}-cache") as opened, native() as database:
            follow(Writer(chance), form, repo, opened(repo), database, met)
        repo.git("fsck", "--strict")
    assert met["commits"] > count * 2
    print(f"{count} scripts: {dict(met)}")  # noqa: T201 - shown with -rP


def follow(
    writer: Writer, form: str, repo: RepoBuilder, ours: Any, database: Any, met: Counter[str]
) -> None:
    """Runs a script statement by statement on both sides."""
    for _ in range(STATEMENTS):
        sql, before = writer.statement(), repo.tip()
        expected = outcome(lambda text: database.execute(text).fetchall()[0][0], sql, duckdb.Error)
        own = re.sub(r"\bid\b", "_key", sql) if form == "records" else sql
        found = outcome(lambda text: ours.execute(text).rowcount, own, ingitdb.Error)
        assert found == expected, (form, sql)
        assert held(ours) == held(database), (form, sql)
        assert expected != "refused" or repo.tip() == before
        assert repo.git("status", "--porcelain") == ""
        met[sql.split(" ")[0]] += 1
        met["refused by both"] += expected == "refused"
        met["commits"] += repo.tip() != before
