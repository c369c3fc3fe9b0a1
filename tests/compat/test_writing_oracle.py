"""Random scripts of INSERT, UPDATE, DELETE and MERGE lead to the same tables as in DuckDB itself.

After each statement the repository must be sound and its work tree clean; a statement that DuckDB
refuses is refused here for the same kind of reason, and changes nothing.
"""

import os
import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

import ingitdb
from tests.support.dolt_scripts import Pen, as_yaml, tree
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
PARTS = (1, 2, 3) if os.environ.get("INGITDB_TEST_SWEEP") else (1,)
"""How often many scripts are run, each time others."""
DEFAULTS = {"c2": "40 + 2", "c3": "'by ' || 'default'"}
SQLSTATES = {
    duckdb.ConstraintException: ("IntegrityError",),
    duckdb.ConversionException: ("DataError",),
    duckdb.OutOfRangeException: ("DataError",),
    duckdb.InvalidInputException: ("DataError",),
    duckdb.BinderException: ("ProgrammingError",),
    duckdb.ParserException: ("ProgrammingError",),
}
"""What the error of a refused statement is here, by DuckDB's own."""
FEATURES = {
    "ON CONFLICT": "conflict",
    "OR REPLACE": "or replace",
    "OR IGNORE": "or ignore",
    "DO UPDATE": "do update",
    "DO NOTHING": "do nothing",
    "DEFAULT": "default",
    "WITH": "writing CTE",
    "MERGE": "merge",
    "BY SOURCE": "by source",
    "THEN DELETE": "merge: delete",
    "THEN INSERT": "merge: insert",
    "SET *": "merge: by position",
    "SET (": "row assignment",
    "RETURNING": "returning",
}


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
        plain = [self.update] * 3 + [self.insert] * 2 + [self.delete, self.joined]
        make = self.one(
            [*plain, *[self.conflicting] * 3, *[self.merge] * 3, self.row, self.some, self.inside]
        )
        return make()

    def value(self, column: str, *more: str) -> str:
        own = {"id": self.key, "c3": self.text}
        numbers = NUMBERS if column == "c2" else REALS
        return self.one([own.get(column, lambda: self.one(numbers))(), *more])

    def record(self, columns: list[str], *more: str) -> str:
        return ", ".join(self.value(c, *(more if c != "id" else ())) for c in columns)

    def columns(self) -> list[str]:
        return ["id", *sorted(self.one([["c2"], ["c3"], ["c2", "c4"], ["c2", "c3", "c4"], []]))]

    def some(self) -> str:
        """Some columns, the others by default."""
        columns = self.columns()
        rows = [f"({self.record(columns, 'DEFAULT')})" for _ in range(self.one([1, 2]))]
        returning = self.one(["", " RETURNING id, c2, c3"])
        return f"INSERT INTO t ({', '.join(columns)}) VALUES {', '.join(rows)}{returning}"

    def row(self) -> str:
        columns = self.one([["c2", "c3"], ["c3", "c4"], ["c4", "c2", "c3"]])
        word = self.one(["", "ROW"])
        values = f"{word}({self.record(columns, 'DEFAULT', 'c2')})"
        extra = self.one(["", ", c2 = DEFAULT"])
        return f"UPDATE t SET ({', '.join(columns)}) = {values}{extra} WHERE {self.condition()}"

    def conflicting(self) -> str:
        columns = self.columns()
        rows = ", ".join(f"({self.record(columns, 'DEFAULT')})" for _ in range(self.one([1, 2, 3])))
        source = f"VALUES {rows}"
        if self.one([True, False, False]):
            source = f"SELECT {', '.join(columns)} FROM t WHERE {self.condition()}"
        word = self.one(["", "", "", " OR REPLACE", " OR IGNORE"])
        action = self.one(
            [
                "DO NOTHING",
                f"(id) DO UPDATE SET {self.assigned()}",
                f"DO UPDATE SET {self.assigned()} WHERE t.c2 > {self.one(NUMBERS)}",
                "(c2) DO NOTHING",
            ]
        )
        tail = "" if word else f" ON CONFLICT {action}"
        returning = self.one(["", "", " RETURNING *"])
        return f"INSERT{word} INTO t ({', '.join(columns)}) {source}{tail}{returning}"

    def assigned(self) -> str:
        return self.one(
            [
                "c2 = excluded.c2",
                "c3 = t.c3 || excluded.c3",
                "(c3, c4) = (DEFAULT, t.c4)",
                "c4 = coalesce(t.c4, 0) + 1, c3 = NULL",
                "c2 = t.c2 * t.c2",
            ]
        )

    def merge(self) -> str:
        keys = [self.key() for _ in range(self.one([1, 2, 3]))]
        keys = keys if self.one([False, False, False, True]) else list(dict.fromkeys(keys))
        rows = ", ".join(f"({k}, {self.record(['c2', 'c3', 'c4'])})" for k in keys)
        source = f"(SELECT * FROM (VALUES {rows}) v (id, c2, c3, c4)) u"
        source = self.one([source, source, f"(FROM t WHERE {self.condition()}) u"])
        matched = self.one(
            [
                "",
                "WHEN MATCHED THEN DELETE",
                "WHEN MATCHED THEN UPDATE SET *",
                f"WHEN MATCHED AND {self.one(['u.c2 > 0', 't.c2 IS NULL'])} THEN DO NOTHING"
                " WHEN MATCHED THEN UPDATE SET c2 = t.c2 + u.c2, c3 = DEFAULT",
                "WHEN MATCHED THEN UPDATE SET c3 = u.c3 || '!'",
                f"WHEN MATCHED AND t.c2 = {self.one(NUMBERS)} THEN ERROR",
            ]
        )
        missing = self.one(
            [
                "WHEN NOT MATCHED THEN INSERT VALUES (u.id, u.c2, u.c3, u.c4)",
                "WHEN NOT MATCHED THEN INSERT (id, c4) VALUES (u.id, u.c4 * 2)",
                "WHEN NOT MATCHED THEN INSERT BY NAME",
                "WHEN NOT MATCHED THEN DO NOTHING",
            ]
        )
        other = self.one(
            [
                "",
                "",
                "WHEN NOT MATCHED BY SOURCE AND t.c2 > 15 THEN DELETE",
                "WHEN NOT MATCHED BY SOURCE THEN UPDATE SET c3 = 'left', c2 = DEFAULT",
            ]
        )
        join = self.one(["ON t.id = u.id", "USING (id)"])
        actions = " ".join(filter(None, [matched, missing, other]))
        returning = self.one(["", " RETURNING merge_action, id, c2"])
        return f"MERGE INTO t USING {source} {join} {actions}{returning}"

    def inside(self) -> str:
        inner = self.one([self.update, self.insert, self.delete])()
        asked = self.one(
            ["SELECT id, c2 FROM w", "SELECT count(*), (SELECT sum(c2) FROM t) FROM w"]
        )
        return f"WITH w AS ({inner} RETURNING *) {asked}"

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
    described = {name: {"default": default} for name, default in DEFAULTS.items()}
    tables = {"discover": True, "tables": {"t": {"columns": described}}}
    files = dict(tree(pen.script, pen.script.tip))
    repo.commit({**files, ".ingitdb/tables.yaml": as_yaml(tables)})
    return repo


def native() -> duckdb.DuckDBPyConnection:
    database = duckdb.connect()
    database.execute(
        "CREATE TABLE t (id VARCHAR PRIMARY KEY,"
        f" c2 BIGINT DEFAULT ({DEFAULTS['c2']}), c3 VARCHAR DEFAULT ({DEFAULTS['c3']}), c4 DOUBLE)"
    )
    rows = (f"('{key}', {n * 10}, 'word {n}', {n / 4})" for n, key in enumerate("abcd"))
    database.execute(f"INSERT INTO t VALUES {', '.join(rows)}")
    return database


Outcome = tuple[int | str, list[tuple[Any, ...]] | None]


def native_outcome(database: Any, sql: str) -> Outcome:
    """Gives how many records DuckDB met and what it answers, or the kinds of error to expect."""
    try:
        cursor = database.execute(sql)
        rows = cursor.fetchall()
    except duckdb.Error as error:
        return "refused", [SQLSTATES[type(error)]]
    if [name for name, *_ in cursor.description] == ["Count"]:
        return int(rows[0][0]), None
    return len(rows), rows


def own_outcome(connection: Any, sql: str) -> Outcome:
    try:
        cursor = connection.execute(sql)
    except ingitdb.Error as error:
        return "refused", [(type(error).__name__,)]
    rows = cursor.fetchall() if cursor.description is not None else None
    return (cursor.rowcount if rows is None else len(rows)), rows


def ordered(found: Outcome) -> Outcome:
    return found[0], None if found[1] is None else sorted(found[1], key=repr)


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
    [(8, 0), *(pytest.param(60, part, marks=pytest.mark.slow) for part in PARTS)],
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
    assert set(FEATURES.values()) <= set(met) or count < 60, met
    print(f"{count} scripts: {dict(met)}")  # noqa: T201 - shown with -rP


def follow(
    writer: Writer, form: str, repo: RepoBuilder, ours: Any, database: Any, met: Counter[str]
) -> None:
    """Runs a script statement by statement on both sides."""
    for _ in range(STATEMENTS):
        sql, before = writer.statement(), repo.tip()
        expected = ordered(native_outcome(database, sql))
        own = re.sub(r"\bid\b", "_key", sql) if form == "records" else sql
        found = ordered(own_outcome(ours, own))
        assert found == expected, (form, sql)
        assert held(ours) == held(database), (form, sql)
        assert expected[0] != "refused" or repo.tip() == before
        assert repo.git("status", "--porcelain") == ""
        met[sql.split(" ")[0]] += 1
        met.update(name for word, name in FEATURES.items() if word in sql)
        met["refused by both"] += expected[0] == "refused"
        met["commits"] += repo.tip() != before
