"""Random scripts of SQL, run here and in DuckDB itself, come to the same tables.

After each statement both have done the same: as many records, the same rows of RETURNING, or the
same kind of error. Each way in which the two are meant to differ (S1, S2 … in docs/duckdb.md) has
a test of its own.
"""

import os
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest

import ingitdb
from tests.support.duckdb_deviations import otherwise, refused_here, refused_there
from tests.support.duckdb_twin import STEPS, Outcome, Twin, fresh, own, shown
from tests.support.opening import opener, rows
from tests.support.repositories import RepoBuilder
from tests.support.sql_scripts import Author, Statement

STATEMENTS = 14
COUNT = int(os.environ.get("INGITDB_TEST_SCRIPTS", "0"))
"""How many scripts `make sweep-scripts` asks for."""
CHECKED = 15
"""How many scripts each of three tests runs in CI."""
FEATURES = {
    "insert: values": r"INSERT.* VALUES",
    "insert: select": r"INSERT.*\) SELECT",
    "insert: by name": r"INSERT.* BY NAME",
    "insert: default values": r"DEFAULT VALUES",
    "insert: on conflict do nothing": r"DO NOTHING",
    "insert: on conflict do update": r"DO UPDATE",
    "insert: or replace": r"OR REPLACE INTO",
    "insert: or ignore": r"OR IGNORE INTO",
    "default as a value": r"[(,=] ?DEFAULT",
    "update": r"^UPDATE (?!.* FROM \()",
    "update: row": r"= ROW",
    "update: from": r"^UPDATE.* FROM \(",
    "delete": r"^DELETE(?!.* USING)",
    "delete: using": r"^DELETE.* USING",
    "truncate": r"^TRUNCATE",
    "merge": r"^MERGE",
    "merge: by source": r"BY SOURCE",
    "merge: insert": r"NOT MATCHED THEN INSERT",
    "returning": r"RETURNING",
    "writing CTE": r"^WITH",
    "parameters": r"\$p",
    "create table": r"^CREATE (OR REPLACE )?TABLE(?!.* AS SELECT)",
    "create table as": r"^CREATE TABLE.* AS SELECT",
    "constraint: primary key": r"^CREATE.*PRIMARY KEY",
    "constraint: foreign key": r"^CREATE.*REFERENCES",
    "constraint: unique": r"^CREATE.*UNIQUE",
    "constraint: check": r"^CREATE.*CHECK",
    "constraint: not null": r"^CREATE.*NOT NULL",
    "create view": r"^CREATE.*VIEW",
    "drop table": r"^DROP TABLE",
    "drop view": r"^DROP VIEW",
    "alter: add": r"^ALTER.* ADD",
    "alter: drop": r"^ALTER.* DROP COLUMN",
    "alter: rename column": r"^ALTER.* RENAME COLUMN",
    "alter: rename table": r"^ALTER.* RENAME TO",
    "alter: type": r"^ALTER.* TYPE",
    "alter: default": r"^ALTER.*(SET|DROP) DEFAULT",
    "alter: not null": r"^ALTER.*(SET|DROP) NOT NULL",
    "begin": r"^BEGIN",
    "commit": r"^COMMIT",
    "rollback": r"^ROLLBACK$",
    "savepoint": r"^SAVEPOINT",
    "rollback to": r"^ROLLBACK TO",
    "release": r"^RELEASE",
}
"""What a script may have, by its words."""
PLACES = ("csv", "json", "jsonl", "toml", "yaml", "ingr", "one file")
ERRORS = ("23502", "23503", "23505", "23514", "DataError", "ProgrammingError", "25000")


@dataclass(slots=True)
class Tally:
    """What came of many scripts."""

    scripts: int = 0
    statements: int = 0
    equal: int = 0
    features: Counter[str] = field(default_factory=Counter)
    deviations: Counter[str] = field(default_factory=Counter)

    def add(self, statement: Statement, found: Outcome) -> None:
        """Counts a statement; one that fails counts for its kind of error alone."""
        self.statements += 1
        if found.is_refused:
            self.features[f"refused: {found.state or found.kind}"] += 1
            self.features[f"refused: {found.kind}"] += bool(found.state)
            return
        met = [name for name, words in FEATURES.items() if re.search(words, statement.sql)]
        met += [f"place: {name}" for name in PLACES if name in statement.place]
        self.features.update(met)

    def end(self, met: set[str]) -> None:
        """Counts a script by the deviations that it met."""
        self.scripts += 1
        self.equal += not met
        self.deviations.update(met)

    @property
    def missing(self) -> set[str]:
        """What no script had."""
        known = {*FEATURES, *(f"place: {n}" for n in PLACES), *(f"refused: {n}" for n in ERRORS)}
        return known - set(self.features)

    def __str__(self) -> str:
        names = ", ".join(f"{name} {count}" for name, count in sorted(self.features.items()))
        found = ", ".join(f"{name} {count}" for name, count in sorted(self.deviations.items()))
        return (
            f"{self.scripts} scripts, {self.statements} statements; {self.equal} scripts without"
            f" any deviation; scripts with {found or 'one: none'}\n{names}"
        )


class Both:
    """A script here and in DuckDB."""

    def __init__(self, repo: RepoBuilder, ours: Any, twin: Twin) -> None:
        self.repo = repo
        self.ours = ours
        self.twin = twin
        self.script: list[str] = []
        self.deviations: set[str] = set()

    def step(self, statement: Statement) -> Outcome | None:
        """Takes a step on both sides; None where it is left out as a known deviation."""
        is_open = self.twin.open is not None
        expected, before = self.twin.run(statement), self.repo.tip()
        self.script.append(str(statement))
        self._note(statement, expected, is_open=is_open)
        if expected.is_refused and (name := refused_there(statement, expected, self.twin)):
            self.deviations.add(name)
            return None
        found = own(self.ours, statement)
        if found.is_refused and not expected.is_refused:
            name = refused_here(statement, expected, found, self.twin)
            assert name is not None, self.told(expected, found)
            self.twin.undo()
            self.deviations.add(name)
            return None
        if not found.agrees(expected):
            name = otherwise(expected, found)
            assert name is not None, self.told(expected, found)
            self.deviations.add(name)
        assert not expected.is_refused or self.repo.tip() == before, self.told(expected, found)
        return found

    def _note(self, statement: Statement, expected: Outcome, *, is_open: bool) -> None:
        if is_open and expected.is_refused:
            self.deviations.add("S1")
        if re.match("SAVEPOINT|RELEASE|ROLLBACK TO", statement.sql) and not expected.is_refused:
            self.deviations.add("S2")

    def told(self, *more: Any) -> str:
        return "\n".join([*(f"{line};" for line in self.script), *map(str, more)])

    def compare_tables(self, statement: Statement) -> None:
        """Compares the rows of the tables that a statement names; after a step those of all."""
        named = None if STEPS.match(statement.sql) else set(re.findall(r"\w+", statement.sql))
        for name in self._names("table"):
            if named is None or name in named:
                self.compare(self.ours, name)

    def compare(self, connection: Any, name: str) -> None:
        """Compares the rows of one table or view; a view whose columns are gone fails on both."""
        try:
            there = shown(self.twin.database.execute(f"FROM {name}").fetchall())
        except duckdb.BinderException:
            with pytest.raises(ingitdb.ProgrammingError):
                rows(connection, f"FROM {name}")
            return
        assert shown(rows(connection, f"FROM {name}")) == there, self.told(name)

    def _names(self, kind: str) -> list[str]:
        asked = f"SELECT {kind}_name FROM duckdb_{kind}s() WHERE NOT internal"
        return [name for (name,) in self.twin.database.execute(asked).fetchall()]

    def compare_anew(self, clone: Any) -> None:
        """Compares all tables and views of a connection that knows nothing yet."""
        names = {name for _, name, *_ in rows(clone, "SHOW TABLES")}
        tables, views = set(self._names("table")), set(self._names("view"))
        assert tables <= names <= tables | views, self.told(names)
        for name in tables:
            expected, found = (
                [row[:2] for row in side.execute(f"DESCRIBE {name}").fetchall()]
                for side in (self.twin.database, clone)
            )
            assert found == expected, self.told(name)
        for name in tables | views:
            self.compare(clone, name)


def followed(number: int, seed: int, folder: Path, tally: Tally) -> None:
    """Writes a script and runs it on both sides, statement by statement."""
    author = Author(random.Random(f"{seed} {number}"))
    repo = begun(folder / "repo")
    with opener(folder / "cache") as opened, closing(Twin()) as twin:
        both = Both(repo, opened(repo), twin)
        ways: list[Callable[[], str] | None] = [*author.opening(), *[None] * STATEMENTS]
        for way in ways:
            author.is_open = twin.open is not None
            author.look(twin.database)
            statement = author.statement() if way is None else author.written(way)
            found = both.step(statement)
            if found is not None:
                tally.add(statement, found)
                both.compare_tables(statement)
        if twin.open is not None:
            both.step(Statement(sql="COMMIT"))
        assert repo.git("status", "--porcelain") == "", both.told()
        if number % 5 == 0:
            repo.git("fsck", "--strict")
        clone = repo.clone(folder / "clone")
        both.compare_anew(opened(clone, cache=folder / "other"))
    tally.end(both.deviations)


def begun(path: Path) -> RepoBuilder:
    repo = RepoBuilder(path)
    repo.config(user__name="Data Desk", user__email="data@example.org")
    repo.commit({"README.md": "Data\n"})
    return repo


def run(count: int, part: int, seed: int, folder: Path) -> Tally:
    tally = Tally()
    for number in range(count * part, count * (part + 1)):
        followed(number, seed, folder / str(number), tally)
    print(tally)  # noqa: T201 - shown with -rP
    assert tally.scripts == count
    return tally


@pytest.mark.parametrize("part", range(3))
def test_scripts_lead_to_the_tables_of_duckdb(part: int, tmp_path: Path, seed: int) -> None:
    tally = run(CHECKED, part, seed, tmp_path)
    assert len(tally.missing) <= 0.4 * len(FEATURES), tally
    assert tally.equal >= CHECKED / 10, tally


@pytest.mark.slow
@pytest.mark.skipif(not COUNT, reason="make sweep-scripts")
def test_many_scripts_lead_to_the_tables_of_duckdb(tmp_path: Path, seed: int) -> None:
    tally = run(COUNT, 1, seed, tmp_path)
    assert not tally.missing or COUNT < 200, tally.missing
    assert tally.equal >= COUNT / 5, tally


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[Any, Any]]:
    """An empty database of DuckDB, and one of ours."""
    with opener(tmp_path / "cache") as opened, closing(fresh()) as database:
        yield database, opened(begun(tmp_path / "repo"))


def asked(pair: tuple[Any, Any], *script: str, place: str = "") -> list[str | list[Any]]:
    """Runs a script on both sides; gives the rows or the kind of error of the last statement."""
    found: list[str | list[Any]] = []
    for side in pair:
        answer: str | list[Any] = ""
        for sql in script:
            statement = Statement(sql=sql, place=place if "CREATE TABLE" in sql else "")
            try:
                cursor = side.execute(statement.own if side is pair[1] else sql)
                answer = cursor.fetchall() if cursor.description else []
            except (ingitdb.Error, duckdb.Error) as error:
                answer = getattr(error, "sqlstate", None) or type(error).__name__
        found.append(answer)
    return found


TABLE = "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER)"
FILLED = (TABLE, "INSERT INTO t VALUES (1, 10), (2, 20)")


def test_s1_a_statement_that_fails_undoes_itself_alone(both: Any) -> None:
    script = (*FILLED, "BEGIN", "UPDATE t SET n = 11 WHERE id = 1", "INSERT INTO t VALUES (1, 1)")
    assert asked(both, *script, "COMMIT", "SELECT n FROM t ORDER BY n") == [
        [(10,), (20,)],
        [(11,), (20,)],
    ]


def test_s2_savepoints(both: Any) -> None:
    there, here = asked(both, *FILLED, "BEGIN", "SAVEPOINT s")
    assert (there, here) == ("ParserException", [])
    ours = both[1]
    ours.execute("DELETE FROM t")
    ours.execute("ROLLBACK TO s")
    ours.execute("COMMIT")
    assert rows(ours, "SELECT n FROM t ORDER BY n") == [(10,), (20,)]


def test_s3_several_matches_for_one_record(both: Any) -> None:
    update = "UPDATE t SET n = v.n FROM (VALUES (1, 5), (1, 6)) v (k, n) WHERE k = id"
    there, here = asked(both, *FILLED, update)
    assert there == [(1,)]
    assert here == "21000"


def test_s4_what_others_need_may_be_altered(both: Any) -> None:
    child = "CREATE TABLE c (id INTEGER PRIMARY KEY, t INTEGER REFERENCES t (id))"
    there, here = asked(both, *FILLED, child, "ALTER TABLE t DROP COLUMN n")
    assert (there, here) == ("DependencyException", [])
    there, here = asked(both, "ALTER TABLE t RENAME COLUMN id TO k")
    assert (there, here) == ("CatalogException", [])
    assert asked(both, "INSERT INTO c VALUES (1, 9)")[1] == "23503"


def test_s5_a_default_must_be_of_its_columns_type(both: Any) -> None:
    table = "CREATE TABLE t (id INTEGER PRIMARY KEY, d DATE DEFAULT DATE '2024-01-05')"
    assert asked(both, table, "ALTER TABLE t ALTER d TYPE BOOLEAN") == [[], "23514"]


def test_s6_tables_that_views_read_stay(both: Any) -> None:
    view = "CREATE VIEW v AS SELECT n FROM t"
    assert asked(both, *FILLED, view, "DROP TABLE t") == [[], "ProgrammingError"]


def test_s7_which_of_several_constraints_is_told(both: Any) -> None:
    table = "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER NOT NULL)"
    there, here = asked(both, table, "INSERT INTO t VALUES (1, NULL), (1, 2)")
    assert there == "ConstraintException"
    assert here in ("23502", "23505")


def test_s8_functions_that_are_not_known(both: Any) -> None:
    found = asked(both, *FILLED, "DELETE FROM t WHERE nope(n)")
    assert found == ["CatalogException", "0A000"]


def test_s9_constants_that_no_record_meets(both: Any) -> None:
    unmet = "DELETE FROM t USING (VALUES (1), ('zz')) v (k) WHERE k = id"
    there, here = asked(both, TABLE, unmet)
    assert there == "ConversionException"
    assert here == []


def test_s10_records_that_are_gone_do_not_hinder(both: Any) -> None:
    table = "CREATE TABLE t (id INTEGER PRIMARY KEY, w VARCHAR)"
    script = (table, "INSERT INTO t VALUES (1, 'word')", "DELETE FROM t")
    there, here = asked(both, *script, "ALTER TABLE t ALTER w TYPE INTEGER")
    assert (there, here) == ("ConversionException", [])


def test_s10_values_that_are_gone_do_not_hinder_inside_of_a_transaction(both: Any) -> None:
    table = "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER UNIQUE)"
    script = (table, "INSERT INTO t VALUES (1, 3), (2, 5)", "BEGIN", "INSERT INTO t VALUES (3, 4)")
    there, here = asked(both, *script, "UPDATE t SET n = n + 1")
    assert (there, here) == ("ConstraintException", [])


def test_s11_a_column_called_id_is_the_key_of_a_list(both: Any) -> None:
    script = ("CREATE TABLE t (id INTEGER, n INTEGER)", "INSERT INTO t VALUES (1, 1), (1, 2)")
    assert asked(both, *script) == [[(2,)], "23505"]


def test_s12_an_enum_is_text_of_a_list(both: Any) -> None:
    script = ("CREATE TABLE t (id INTEGER PRIMARY KEY, c ENUM('b', 'a'))",
              "INSERT INTO t VALUES (1, 'a'), (2, 'b')")  # fmt: skip
    there, here = asked(both, *script, "SELECT typeof(c), c FROM t ORDER BY c")
    assert there == [("ENUM('b', 'a')", "b"), ("ENUM('b', 'a')", "a")]
    assert here == [("VARCHAR", "a"), ("VARCHAR", "b")]
    assert asked(both, "INSERT INTO t VALUES (3, 'c')")[1] == "23514"


def test_s13_a_map_in_a_parquet_file_is_a_struct_unless_declared(tmp_path: Path) -> None:
    repo, path = begun(tmp_path / "repo"), tmp_path / "t.parquet"
    with duckdb.connect() as own:
        own.execute(f"COPY (SELECT MAP {{'x': 1, 'y': 2}} AS m) TO '{path}'")
        assert own.sql(f"SELECT typeof(m) FROM '{path}'").fetchall() == [("MAP(VARCHAR, INTEGER)",)]
    repo.commit({"t.parquet": path.read_bytes()})
    said = "tables: {t: {columns: {m: {type: 'MAP(VARCHAR, INTEGER)'}}}}\n"
    shown = "SELECT typeof(m), m['y'] FROM t"
    with opener(tmp_path / "cache") as opened:
        connection = opened(repo)
        assert connection.execute(shown).fetchall() == [("STRUCT(x BIGINT, y BIGINT)", 2)]
        repo.commit({".ingitdb/tables.yaml": "discover: true\n" + said})
        assert connection.execute(shown).fetchall() == [("MAP(VARCHAR, INTEGER)", 2)]


def test_what_is_no_known_deviation_is_found(tmp_path: Path) -> None:
    repo = begun(tmp_path / "repo")
    with opener(tmp_path / "cache") as opened, closing(Twin()) as twin:
        pair = Both(repo, opened(repo), twin)
        for sql in FILLED:
            pair.step(Statement(sql=sql))
        twin.database.execute("UPDATE t SET n = 21 WHERE id = 2")  # DuckDB is told something else
        with pytest.raises(AssertionError):
            pair.compare_tables(Statement(sql="FROM t"))
        with pytest.raises(AssertionError):
            pair.step(Statement(sql="DELETE FROM t WHERE n = 21"))


def test_s14_temporary_tables_only_grow(both: Any) -> None:
    made, changed = "CREATE TEMP TABLE t AS SELECT 1 AS n", "UPDATE t SET n = 2"
    there, here = asked(both, made, changed)
    assert (there != "0A000", here) == (True, "0A000")
    assert asked(both, "SELECT n FROM t") == [[(2,)], [(1,)]]
    anew = "CREATE OR REPLACE TEMP TABLE t AS SELECT 2 AS n FROM t"
    assert asked(both, anew, "SELECT n FROM t") == [[(2,)], [(2,)]]
