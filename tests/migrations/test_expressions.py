"""Conditions that are carried to other systems hold of the same rows there; others are left out."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import date
from typing import Any

import duckdb
import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st

from ingitdb.migrations.expressions import translated, translated_default
from ingitdb.migrations.targets.sqlite import Sqlite
from ingitdb.model.types import ColumnType, ListOf, Scalar
from ingitdb.services.migrations.migration import migration
from tests.migrations.test_scripts import Rounds, rows, tables
from tests.property.test_folding import RELAXED
from tests.support.migrated import DuckdbTarget, SqliteTarget, Target
from tests.support.random_schemas import quoted
from tests.support.repositories import RepoBuilder

KINDS: dict[str, ColumnType] = {
    "n": Scalar("BIGINT"),
    "Small": Scalar("INTEGER"),
    'quo"x`]': Scalar("DOUBLE"),
    "to": Scalar("VARCHAR"),
    "värde": Scalar("VARCHAR"),
    "open": Scalar("BOOLEAN"),
    "price": Scalar("DECIMAL(10,2)"),
    "day": Scalar("DATE"),
    "list": ListOf(Scalar("BIGINT")),
}
DIALECTS = ("sqlite", "postgres", "mysql", "tsql")
INTS = ('"n"', "small")
TEXTS = ('"to"', "VÄRDE", "värde")
SHARE = '"quo""x`]"'
WORDS = ["", "a", "A", "a ", "it's", "x\0y", "007", "ß", "Ø", "ø", "💡", "\uffff", "%", "1"]
NUMBERS = [None, 0, 1, -1, 5, 7, 2**31 - 1, -(2**31)]
LONG = [2**53 + 1, 2**63 - 1, -(2**63)]
SHARES = [
    None,
    0.0,
    -0.0,
    0.5,
    -2.25,
    1e300,
    float("inf"),
    float("-inf"),
    float("nan"),
    5e-324,
    3.0,
]
whole = st.one_of(st.integers(-9, 9), st.sampled_from([2**31, 2**53, 2**62, -(2**63) + 1]))
order = st.sampled_from(["=", "<>", "<", "<=", ">", ">=", "==", "!="])


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


words = st.sampled_from([literal(word) for word in WORDS])
ints = st.recursive(
    st.sampled_from(INTS),
    lambda inner: st.builds(
        "{} {} {}".format, inner, st.sampled_from("+-*"), st.one_of(whole.map(str), inner)
    ).map("({})".format),
    max_leaves=2,
)
fractions = st.sampled_from(["0", "0.5", "-2.25", "3", "1e3", "0.1", ".5", "9.", "2.50"])
atoms = st.one_of(
    st.builds("{} {} {}".format, ints, order, st.one_of(whole.map(str), ints)),
    st.builds("{1} {0} {2}".format, order, whole, ints),
    st.builds("{} BETWEEN {} AND {}".format, ints, whole, whole),
    st.builds("{} NOT IN ({}, {})".format, ints, whole, whole),
    st.builds("{} {} {}".format, st.just(SHARE), order, fractions),
    st.builds("{} NOT BETWEEN {} AND {}".format, st.just(SHARE), fractions, fractions),
    st.builds("{} {} {}".format, st.sampled_from(TEXTS), order, st.one_of(words, st.just('"to"'))),
    st.builds("{} IN ({}, {})".format, st.sampled_from(TEXTS), words, words),
    st.builds("length({}) {} {}".format, st.sampled_from(TEXTS), order, whole),
    st.builds("{} LIKE {}".format, st.sampled_from(TEXTS), words),
    st.builds("lower({}) = {}".format, st.sampled_from(TEXTS), words),
    st.builds(
        "{} IS {}NULL".format,
        st.sampled_from([*INTS, *TEXTS, SHARE, "list", "day"]),
        st.sampled_from(["", "NOT "]),
    ),
    st.sampled_from(["open", "open = true", "FALSE <> Open", "n % 2 = 0", "n = 1.0", "n"]),
    st.sampled_from(["price > 2.5", "price = 1", "n / 2 > 1", "day > '2024-01-01'"]),
)
conditions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.builds("{} {} {}".format, inner, st.sampled_from(["AND", "OR"]), inner),
        st.builds("NOT {}".format, inner),
        inner.map("({})".format),
    ),
    max_leaves=4,
)
records = st.fixed_dictionaries(
    {
        "n": st.sampled_from([*NUMBERS, *LONG]),
        "Small": st.sampled_from(NUMBERS),
        'quo"x`]': st.sampled_from(SHARES),
        "to": st.sampled_from([None, *WORDS]),
        "värde": st.sampled_from([None, *WORDS]),
        "open": st.sampled_from([None, True, False]),
    }
)
COUNTED = {"carried": 0, "left out": 0, "compared": 0}


@pytest.fixture(scope="module")
def engines() -> Any:
    """Gives DuckDB and SQLite, each with a table of the columns."""
    with closing(duckdb.connect()) as one, closing(sqlite3.connect(":memory:")) as other:
        columns = ", ".join(f"{quoted(name)} {kind.sql}" for name, kind in KINDS.items())
        one.execute(f"CREATE TABLE t ({columns})")
        target = Sqlite()
        stored = ", ".join(
            f"{quoted(name)} {target.stored(kind).type}" for name, kind in KINDS.items()
        )
        other.execute(f"CREATE TABLE t ({stored})")
        yield one, other


@pytest.mark.slow
def test_what_is_carried_is_as_true_there(engines: Any) -> None:
    target = Sqlite()

    @settings(RELAXED, max_examples=1_500)
    @given(conditions, st.lists(records, min_size=1, max_size=4))
    def same(condition: str, found: list[dict[str, Any]]) -> None:
        one, other = engines
        text = translated(condition, "sqlite", KINDS)
        COUNTED["left out" if text is None else "carried"] += 1
        if text is None:
            return
        for row in found:
            names = ", ".join(map(quoted, row))
            marks = ", ".join("?" * len(row))
            for engine in engines:
                engine.execute("DELETE FROM t")
            one.execute(f"INSERT INTO t ({names}) VALUES ({marks})", list(row.values()))
            values = ", ".join(
                target.stored(kind).value(quoted(name)) for name, kind in KINDS.items()
            )
            stored = one.execute(f"SELECT {values} FROM t").fetchone()
            literals = ", ".join(map(target.literal, stored))
            other.execute(f"INSERT INTO t VALUES ({literals})")
            try:
                ((expected,),) = one.execute(f"SELECT ({condition}) FROM t").fetchall()
            except duckdb.Error:
                continue
            ((held,),) = other.execute(f"SELECT ({text}) FROM t").fetchall()
            assert held == expected, (condition, text, row)
            COUNTED["compared"] += 1

    same()
    print(COUNTED)  # noqa: T201 - shown with -rP
    assert COUNTED["carried"] > COUNTED["left out"] / 4
    assert COUNTED["compared"] > 300


@settings(RELAXED, max_examples=300)
@given(conditions, st.sampled_from(DIALECTS))
def test_what_is_carried_can_be_read_there(condition: str, dialect: str) -> None:
    text = translated(condition, dialect, KINDS, exact_texts=True)
    if text is None:
        return
    tree = sqlglot.parse_one(text, dialect=dialect)
    names = {column.name for column in tree.find_all(sqlglot.exp.Column)}
    assert names <= set(KINDS)
    assert all(one.args["quoted"] for one in tree.find_all(sqlglot.exp.Identifier))
    assert tree.sql(dialect, identify=True) == text


@pytest.mark.parametrize(
    ("condition", "known"),
    [
        ("price > 0", "postgres mysql tsql"),
        ("price * 2 > 3", ""),
        ("n > 0 AND SMALL <= n", "sqlite postgres mysql tsql"),
        ("to IN ('a', 'b')", "sqlite postgres"),
        ("to < 'b'", "sqlite"),
        ("length(to) = 3", "postgres mysql"),
        ("to LIKE 'a%'", "postgres"),
        ("to LIKE 'a\\%'", ""),
        ("open", "sqlite postgres mysql"),
        ("NOT open = false", "sqlite postgres mysql tsql"),
        ("day >= '2024-02-29'", "postgres"),
        ("day >= DATE '2024-02-29'", "postgres"),
        ("day >= '2024-02-31'", ""),
        ("n / 2 = 1", ""),
        ("n = '5'", ""),
        ("to = 5", ""),
        ("n > 9223372036854775808", ""),
        ("n IN (SELECT 1)", ""),
        ("n IN (1, NULL)", ""),
        ("lower(to) = 'a'", ""),
        ("t.n > 0", ""),
        ("unknown > 0", ""),
        ("n", ""),
        ("1", ""),
        ("n >", ""),
        ("(" * 900 + "n > 0" + ")" * 900, ""),
        ("NOT " * 950 + "n > 0", ""),
        ("n > 0 -- */ ; DROP", "sqlite postgres mysql tsql"),
    ],
)
def test_what_means_the_same(condition: str, known: str) -> None:
    condition = condition.replace("to ", '"to" ').replace("(to)", '("to")')
    found = [dialect for dialect in DIALECTS if translated(condition, dialect, KINDS)]
    assert found == known.split()


def test_texts_of_exact_systems() -> None:
    for dialect in ("mysql", "tsql"):
        assert translated("\"to\" = 'a'", dialect, KINDS) is None
        assert translated("\"to\" = 'a'", dialect, KINDS, exact_texts=True) is not None
    assert translated("\"to\" = 'ø'", "tsql", KINDS, exact_texts=True) is None
    assert translated('"quo""x`]" > 1', "mysql", KINDS) == '`quo"x``]` > 1'
    assert translated('"quo""x`]" > 1', "tsql", KINDS) == '[quo"x`]]] > 1'


@pytest.mark.parametrize(
    ("expression", "kind", "dialect", "text"),
    [
        ("5", "BIGINT", "sqlite", "5"),
        (" 'it''s' ", "VARCHAR", "postgres", "'it''s'"),
        ("(5)", "BIGINT", "sqlite", "5"),
        ("- 5", "BIGINT", "mysql", "-5"),
        ("true", "BOOLEAN", "tsql", "1"),
        ("true", "VARCHAR", "postgres", None),
        ("DATE '2024-02-29'", "DATE", "sqlite", "'2024-02-29'"),
        ("'2024-02-29'::DATE", "DATE", "mysql", "'2024-02-29'"),
        ("'2024-02-30'::DATE", "DATE", "mysql", None),
        ("current_date", "DATE", "postgres", "CURRENT_DATE"),
        ("current_date", "DATE", "sqlite", None),
        ("now()", "TIMESTAMP WITH TIME ZONE", "postgres", "CURRENT_TIMESTAMP"),
        ("current_timestamp", "TIMESTAMP WITH TIME ZONE", "postgres", "CURRENT_TIMESTAMP"),
        ("current_timestamp", "TIMESTAMP", "postgres", None),
        ("current_timestamp", "TIMESTAMP WITH TIME ZONE", "tsql", None),
        ("uuid()", "VARCHAR", "postgres", None),
        ("1 + 1", "BIGINT", "postgres", None),
        ("'a\\b'", "VARCHAR", "mysql", None),
        ("'", "VARCHAR", "mysql", None),
    ],
)
def test_defaults(expression: str, kind: str, dialect: str, text: str | None) -> None:
    assert translated_default(expression, dialect, Scalar(kind)) == text


def test_checks_and_defaults_stay_when_a_table_is_made_anew(
    repo: RepoBuilder, rounds: Rounds
) -> None:
    said = {
        "key": "id",
        "checks": {"small": "id < 100", "kind": "name IN ('a', 'b')", "odd": "id % 2 = 1"},
        "columns": {
            "name": {"default": "('a')"},
            "day": {"type": "DATE", "default": "'2024-01-02'::DATE"},
        },
    }
    row = {"name": "a", "day": str(date(2024, 1, 1))}
    repo.commit({**tables(t=said), **rows("t", *({**row, "id": n} for n in range(1, 9, 2)))})
    repo.commit(rows("t", *({**row, "id": n, "more": n} for n in range(1, 9, 2))))
    found = rounds(repo.path)
    up, _ = found.go(SqliteTarget, "HEAD~1", "HEAD")
    assert "note: t: the check odd is not carried." in up
    found.go(DuckdbTarget, "HEAD~1", "HEAD")
    target = found.fresh(SqliteTarget, "HEAD~1")
    target.run(up)
    target.run("INSERT INTO t (id) VALUES (2)")
    assert target.ask("SELECT name, day FROM t WHERE id = 2") == [("a", "2024-01-02")]
    for wrong in ("(200, 'a')", "(4, 'A')"):
        with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
            target.run(f"INSERT INTO t (id, name) VALUES {wrong}")


def test_columns_with_checks_change_places(repo: RepoBuilder, rounds: Rounds) -> None:
    def placed(a: str, b: str) -> dict[str, str]:
        return rows("t", *({"id": n, a: n, b: -n} for n in range(1, 9)))

    checks = {"checks": {"positive": "a > 0"}, "key": "id"}
    repo.commit({**tables(t=checks), **placed("a", "b")})
    swapped = {"a": {"renamed_from": "b"}, "b": {"renamed_from": "a"}}
    repo.commit({**tables(t={**checks, "columns": swapped}), **placed("a", "b")})
    found = rounds(repo.path)
    for kind in (SqliteTarget, DuckdbTarget):
        found.go(kind, "HEAD~1", "HEAD")


def test_sqlglot_is_loaded_when_it_is_needed() -> None:
    script = """
import sys
from ingitdb.migrations.targets.sqlite import Sqlite
from ingitdb.model.types import Scalar
assert Sqlite().default("'a'", Scalar("VARCHAR")) == "'a'"
assert "sqlglot" not in sys.modules
assert Sqlite().condition("a > 1", {"a": Scalar("BIGINT")}) == '"a" > 1'
assert "sqlglot" in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize("kind", [SqliteTarget, DuckdbTarget])
@pytest.mark.parametrize("default", ["it's", "'x'", "other", "(SELECT 1)"])
def test_a_default_that_is_no_value_is_left_out(
    repo: RepoBuilder, rounds: Rounds, kind: type[Target], default: str
) -> None:
    columns = {"n": {"type": "BIGINT", "default": default}, "m": {"default": "6 * 7"}}
    said = tables(t={"key": "id", "columns": columns})
    repo.commit({**said, **rows("t", {"id": 1, "n": 5, "m": 1})})
    found = rounds(repo.path)
    with migration(found.database, kind.dialect, "HEAD") as made:
        up = "".join(made.up_script())
    assert "note: t: the default of n is not carried." in up
    target = found.fresh(kind, None)
    target.run(up)
    assert target.ask("SELECT id, n, m FROM t") == [(1, 5, 1)]
