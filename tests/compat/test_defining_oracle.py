"""Random scripts of definitions and writes lead to the same tables as in DuckDB itself.

What DuckDB refuses is refused here, and changes nothing; what it runs has the same columns and
rows. Where the two are known to part ways scripts do not go: DuckDB refuses to drop a column before
an indexed one, converts deleted rows, too, and keeps a default that is no longer of its type.
"""

import os
import random
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest

import ingitdb
from tests.support.opening import opener
from tests.support.repositories import RepoBuilder

STATEMENTS = 14
PARTS = (1, 2, 3) if os.environ.get("INGITDB_TEST_SWEEP") else (1,)
"""How often many scripts are run, each time others."""
TYPES = ["INTEGER", "BIGINT", "VARCHAR", "DOUBLE", "BOOLEAN", "DATE", "DECIMAL(8,2)", "HUGEINT"]
VALUES = {
    "INTEGER": ["0", "-7", "41", "NULL"],
    "BIGINT": ["0", "9007199254740993", "NULL"],
    "VARCHAR": ["'a'", "'12'", "'it''s, ok'", "'ø: #'", "'2024-01-05'", "NULL"],
    "DOUBLE": ["0.5", "-2.25", "3", "NULL"],
    "BOOLEAN": ["true", "false", "NULL"],
    "DATE": ["DATE '2024-01-05'", "NULL"],
    "DECIMAL(8,2)": ["1.5", "-20.25", "NULL"],
    "HUGEINT": ["170141183460469231731687303715884105727", "3", "NULL"],
}
PLACES = [
    "",
    " WITH (format = 'json')",
    " WITH (format = 'toml')",
    " WITH (layout = 'one file')",
    " WITH (format = 'csv')",
    " WITH (format = 'jsonl')",
    " WITH (format = 'ingr')",
    " WITH (format = 'toml', layout = 'one file')",
    " WITH (format = 'json', layout = 'one file')",
]


class Writer:
    """Writes statements about a table `t` whose first column, `id`, is its key."""

    def __init__(self, chance: random.Random) -> None:
        self.one = chance.choice
        self.place = self.one(PLACES)
        self.columns: dict[str, str] = {}
        self.count = 0
        self.defaults: set[str] = set()
        self.is_fresh = True

    def create(self) -> str:
        kinds = [self.one(TYPES) for _ in range(self.one([1, 2, 3]))]
        self.columns = {f"c{at}": kind for at, kind in enumerate(kinds)}
        self.count = len(kinds)
        described = ", ".join(map(self.described, self.columns))
        return f"CREATE TABLE t (id VARCHAR PRIMARY KEY, {described})"

    def look(self, native: Any) -> None:
        """Looks at what columns the table has by now."""
        described = native.execute("DESCRIBE t").fetchall()
        self.columns = {name: kind for name, kind, *_ in described if name != "id"}
        self.defaults = {row[0] for row in described if row[4] is not None}

    def described(self, name: str) -> str:
        kind = self.columns[name]
        default = self.one(["", "", f" DEFAULT {self.one(VALUES[kind])}"])
        check = self.one(["", "", "", f" CHECK ({name} IS NULL OR {name}::VARCHAR <> '41')"])
        return f"{name} {kind}{default}{check}"

    def statement(self) -> str:
        return self.one(
            [self.insert] * 4
            + [self.update] * 2
            + [self.delete, self.add, self.add, self.drop, self.rename, self.retype, self.retype]
            + [self.default, self.required, self.again]
        )()

    def column(self) -> str:
        return self.one([*self.columns, *self.columns, "nothing"])

    def key(self) -> str:
        return f"'{self.one(['a', 'b', 'c', 'x/y', '07', 'ø'])}'"

    def insert(self) -> str:
        names = [name for name in self.columns if self.one([True, True, False])]
        values = [self.one(VALUES[self.columns[name]]) for name in names]
        row = ", ".join([self.key(), *values])
        return f"INSERT INTO t ({', '.join(['id', *names])}) VALUES ({row})"

    def update(self) -> str:
        name = self.column()
        value = self.one(VALUES[self.columns.get(name, "INTEGER")])
        if value == "NULL" and "toml" in self.place:  # which has no null
            return self.delete()
        if self.one([True, False, False]):
            return f"UPDATE t SET id = id || 'z' WHERE id = {self.key()}"
        return f"UPDATE t SET {name} = {value} WHERE id <= {self.key()}"

    def delete(self) -> str:
        return f"DELETE FROM t WHERE id = {self.key()}"

    def add(self) -> str:
        self.count += 1
        name = self.one([f"c{self.count}", f"c{self.count}", next(iter(self.columns), "c0")])
        kind = self.one(TYPES)
        default = self.one(["", f" DEFAULT {self.one(VALUES[kind])}"])
        clause = self.one(["", "", " IF NOT EXISTS"])
        self.columns.setdefault(name, kind)
        return f"ALTER TABLE t ADD COLUMN{clause} {name} {kind}{default}"

    def drop(self) -> str:
        return f"ALTER TABLE t DROP COLUMN {self.one(['', 'IF EXISTS '])}{self.column()}"

    def rename(self) -> str:
        self.count += 1
        return (
            f"ALTER TABLE t RENAME COLUMN {self.column()} TO {self.one([f'n{self.count}', 'id'])}"
        )

    def retype(self) -> str:
        name, kind = self.column(), self.one(TYPES)
        if name in self.defaults:
            return self.insert()
        using = f" USING TRY_CAST({name}::VARCHAR AS {kind})"
        using = self.one(["", "", using]) if self.is_fresh else using
        return f"ALTER TABLE t ALTER {name} TYPE {kind}{using}"

    def default(self) -> str:
        name = self.column()
        value = self.one(VALUES[self.columns.get(name, "INTEGER")])
        return f"ALTER TABLE t ALTER {name} {self.one([f'SET DEFAULT {value}', 'DROP DEFAULT'])}"

    def required(self) -> str:
        return f"ALTER TABLE t ALTER {self.column()} {self.one(['SET', 'DROP'])} NOT NULL"

    def again(self) -> str:
        return self.one(
            [
                "CREATE TABLE t (id VARCHAR)",
                "CREATE TABLE IF NOT EXISTS t (id VARCHAR)",
                "CREATE OR REPLACE VIEW v AS SELECT count(*) AS n FROM t",
                "CREATE VIEW t AS SELECT 1",
                "DROP VIEW t",
                "DROP TABLE IF EXISTS nothing",
            ]
        )


def outcome(connection: Any, sql: str, kind: type[Exception]) -> str:
    try:
        connection.execute(sql)
    except kind:
        return "refused"
    return "done"


def shown(connection: Any) -> list[tuple[Any, ...]]:
    """Gives name and type of each column."""
    return [(name, kind) for name, kind, *_ in connection.execute("DESCRIBE t").fetchall()]


def held(connection: Any) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = connection.execute("SELECT * FROM t ORDER BY id").fetchall()
    return rows


def begun(path: Path) -> RepoBuilder:
    repo = RepoBuilder(path)
    repo.git("config", "user.name", "Data Desk")
    repo.git("config", "user.email", "data@example.org")
    repo.commit({"README.md": "Data\n"})
    return repo


@pytest.mark.parametrize(
    ("count", "part"),
    [(5, 0), *(pytest.param(40, part, marks=pytest.mark.slow) for part in PARTS)],
)
def test_scripts_lead_to_the_tables_of_duckdb(
    count: int, part: int, tmp_path: Path, seed: int
) -> None:
    met: Counter[str] = Counter()
    for number in range(count):
        writer = Writer(random.Random(f"{seed + part} {number}"))
        repo = begun(tmp_path / str(number))
        with opener(tmp_path / f"{number}-cache") as opened, duckdb.connect() as native:
            native.execute("SET TimeZone = 'UTC'")
            ours = opened(repo)
            ours.autocommit = True
            follow(writer, repo, ours, native, met)
        repo.git("fsck", "--strict")
    assert met["commits"] > count * 3
    print(f"{count} scripts: {dict(met)}")  # noqa: T201 - shown with -rP


def follow(writer: Writer, repo: RepoBuilder, ours: Any, native: Any, met: Counter[str]) -> None:
    """Runs a script statement by statement on both sides."""
    sql = writer.create()
    script = [f"{sql}{writer.place}"]
    native.execute(sql)
    ours.execute(script[0])
    writer.look(native)
    for _ in range(STATEMENTS):
        sql, before = writer.statement(), repo.tip()
        script.append(sql)
        expected = outcome(native, sql, duckdb.Error)
        if "an index depends on a column after it" in said(native, sql, expected):
            continue
        assert outcome(ours, sql, ingitdb.Error) == expected, told(script)
        assert shown(ours) == shown(native), told(script)
        assert held(ours) == held(native), told(script)
        assert expected != "refused" or repo.tip() == before, told(script)
        assert repo.git("status", "--porcelain") == "", told(script)
        writer.look(native)
        writer.is_fresh &= not sql.startswith(("DELETE", "UPDATE"))
        met[" ".join(sql.split(" ")[:2])] += 1
        met["refused by both"] += expected == "refused"
        met["commits"] += repo.tip() != before


def told(script: list[str]) -> str:
    return ";\n".join(script)


def said(native: Any, sql: str, expected: str) -> str:
    """Gives DuckDB's words for what it refuses."""
    if expected != "refused":
        return ""
    try:
        native.execute(sql)
    except duckdb.Error as error:
        return str(error)
    return ""
