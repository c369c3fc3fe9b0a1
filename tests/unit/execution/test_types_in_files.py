"""What a column of each type of DuckDB holds, comes back from files as it was, or is refused."""

from typing import Any

import duckdb
import pytest

import ingitdb
from tests.support.opening import Opened, rows
from tests.support.repositories import RepoBuilder

_ID = "'6ba7b810-9dad-11d1-80b4-00c04fd430c8'"
LAYOUTS = {
    "yaml": "format = 'yaml'",
    "json": "format = 'json'",
    "one file": "format = 'yaml', layout = 'one file'",
    "csv": "format = 'csv'",
    "jsonl": "format = 'jsonl'",
}
SCALARS = {
    "BOOLEAN": ["true", "false"],
    "TINYINT": ["-128", "127"],
    "SMALLINT": ["-32768"],
    "INTEGER": ["-2147483648"],
    "BIGINT": ["-9223372036854775808", "9007199254740993"],
    "HUGEINT": ["-170141183460469231731687303715884105728", "5"],
    "UTINYINT": ["255"],
    "USMALLINT": ["65535"],
    "UINTEGER": ["4294967295"],
    "UBIGINT": ["18446744073709551615", "0"],
    "UHUGEINT": ["340282366920938463463374607431768211455", "7"],
    "FLOAT": ["1.1", "-3.4028235e38", "16777216"],
    "DOUBLE": ["0.1", "-1e300", "5"],
    "DECIMAL(4,1)": ["1.5", "-100"],
    "DECIMAL(18,6)": ["123456.000001", "1"],
    "DECIMAL(38,10)": ["1234567890123456789012345678.0123456789", "0.5", "-7"],
    "VARCHAR": ["'007'", "'Æ x'", "'1 day'"],
    "BIT": ["'0101'", "'1'", "'101010101'"],
    "UUID": [_ID],
    "DATE": ["'2026-02-28'", "'0044-01-02'"],
    "TIME": ["'10:00:00.5'", "'00:00:00'"],
    "TIMESTAMP": ["'2026-01-02 10:00:00.000001'"],
    "TIMESTAMP WITH TIME ZONE": ["'2026-01-02 10:00:00+02'"],
    "TIMESTAMP_S": ["'2026-01-02 10:00:00'"],
    "TIMESTAMP_MS": ["'2026-01-02 10:00:00.125'"],
    "TIMESTAMP_NS": ["'2026-01-02 10:00:00.123456789'"],
    "INTERVAL": ["'14 months -3 days 3.5 seconds'", "'-26 hours'", "'0 days'"],
}
PARTS = {
    "STRUCT(a INTEGER)": ["{'a': 1}", "{'a': NULL}"],
    "STRUCT(a INTEGER, b STRUCT(c DATE, d DECIMAL(4,1))[])": [
        "{'a': 1, 'b': [{'c': DATE '2026-01-02', 'd': 1.5}, NULL]}"
    ],
    "STRUCT(a INTERVAL, b UUID, c BIT, d HUGEINT, e FLOAT)": [
        f"{{'a': INTERVAL 1 DAY, 'b': {_ID}, 'c': '01', 'd': {1 << 100}, 'e': 1.1}}"
    ],
    "MAP(VARCHAR, INTEGER)": ["MAP {'x': 1}", "MAP {}", "MAP {'y': 2, 'z': 3}"],
    "MAP(INTEGER, VARCHAR)": ["MAP {1: 'x'}"],
    "MAP(DATE, STRUCT(a BOOLEAN))": ["MAP {DATE '2026-01-02': {'a': true}}"],
    "MAP(INTERVAL, INTEGER[])": ["MAP {INTERVAL 2 DAY: [1, NULL]}"],
    "INTEGER[]": ["[1, NULL, 3]", "[]"],
    "SMALLINT[][]": ["[[1], [2, 3]]"],
    "INTERVAL[]": ["[INTERVAL 1 DAY, NULL]"],
    "JSON": ["'[1,2]'", "'[]'"],
    "JSON ": ["'5'", "'\"5\"'", "'{\"a\":[1.50,null]}'", "'\"x\"'", "'true'"],
}
WITHOUT_A_PLACE = {
    "BLOB": "no place for a BLOB",
    "VARIANT": "VARIANT",
    "BIGNUM": "BIGNUM",
    "TIME_NS": "TIME_NS",
    "TIMESTAMPTZ_NS": "TIMESTAMPTZ_NS",
    "INTEGER[2]": "INTEGER[2]",
    "UNION(a INTEGER, b VARCHAR)": "UNION",
    "GEOMETRY": "GEOMETRY",
}
"""Types that no column of a text file can have, and a word of the refusal."""
APART = {"ENUM", "TIME WITH TIME ZONE", "NULL", "TUPLE", "TYPE"}
"""Types that a test of their own is about, and such as no column of a table has."""


@pytest.fixture
def connection(repo: RepoBuilder, opened: Opened) -> Any:
    """A connection to a repository without tables."""
    repo.git("config", "user.name", "Ports Desk")
    repo.git("config", "user.email", "ports@example.org")
    repo.commit({"README": "Data\n"})
    return opened(repo)


def meant(kind: str, values: list[str]) -> list[tuple[str, str | None]]:
    """Gives type and text of values as DuckDB has them."""
    with duckdb.connect() as own:
        own.execute("SET TimeZone = 'UTC'")
        own.execute(f"CREATE TABLE t (v {kind})")
        for value in [*values, "NULL"]:
            own.execute(f"INSERT INTO t VALUES ({value})")
        return own.sql("SELECT typeof(v), CAST(v AS VARCHAR) FROM t").fetchall()


def check(connection: Any, kind: str, values: list[str], layout: str) -> None:
    """Writes values, changes them to others and back, and compares what is read."""
    wanted = meant(kind, values)
    asked = "SELECT typeof(v), CAST(v AS VARCHAR) FROM t ORDER BY id"
    connection.execute(f"CREATE TABLE t (id INTEGER PRIMARY KEY, v {kind}) WITH ({layout})")
    listed = ", ".join(f"({n}, {value})" for n, value in enumerate([*values, "NULL"]))
    connection.execute(f"INSERT INTO t VALUES {listed}")
    assert rows(connection, asked) == wanted
    connection.execute("UPDATE t SET v = v")
    tip = rows(connection, "SELECT hash_of('HEAD')")
    connection.execute(f"UPDATE t SET v = {values[0]} WHERE v IS NULL")
    found = rows(connection, asked)
    assert found == [*wanted[:-1], wanted[0]]
    assert rows(connection, "SELECT hash_of('HEAD~1')") == tip
    changed = (
        "SELECT from_v IS NULL, CAST(to_v AS VARCHAR), diff_type FROM diff('t', 'HEAD~1', 'HEAD')"
    )
    assert rows(connection, changed) == [(True, wanted[0][1], "modified")]
    connection.execute(f"UPDATE t SET v = NULL WHERE id = {len(values)}")
    assert rows(connection, asked) == wanted


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", SCALARS)
def test_scalars(connection: Any, kind: str, layout: str) -> None:
    check(connection, kind, SCALARS[kind], LAYOUTS[layout])


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", PARTS)
def test_values_with_parts(connection: Any, kind: str, layout: str) -> None:
    if layout == "csv" and kind.strip() != "JSON":
        pytest.skip("A cell has no parts.")
    check(connection, kind, PARTS[kind], LAYOUTS[layout])


@pytest.mark.parametrize("kind", [kind for kind in PARTS if kind.strip() != "JSON"])
def test_a_cell_has_no_parts(connection: Any, kind: str) -> None:
    connection.execute(f"CREATE TABLE t (id INTEGER PRIMARY KEY, v {kind}) WITH (format = 'csv')")
    with pytest.raises(ingitdb.Error, match="a cell cannot hold a list or a map"):
        connection.execute(f"INSERT INTO t VALUES (1, {PARTS[kind][0]})")
    connection.execute("INSERT INTO t VALUES (1, NULL)")


@pytest.mark.parametrize("kind", WITHOUT_A_PLACE)
def test_types_without_a_place(connection: Any, kind: str) -> None:
    for layout in LAYOUTS.values():
        with pytest.raises(ingitdb.Error) as caught:
            connection.execute(f"CREATE TABLE t (id INTEGER PRIMARY KEY, v {kind}) WITH ({layout})")
        assert WITHOUT_A_PLACE[kind] in str(caught.value)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_times_with_a_zone_are_refused_before_they_lose_it(connection: Any, layout: str) -> None:
    said = LAYOUTS[layout]
    connection.execute(f"CREATE TABLE t (id INTEGER PRIMARY KEY, v TIMETZ) WITH ({said})")
    with pytest.raises(ingitdb.Error, match="zone cannot be written"):
        connection.execute("INSERT INTO t VALUES (1, '10:00:00+02')")
    assert rows(connection, "FROM t") == []


def test_an_enum_is_text_of_a_list(connection: Any) -> None:
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v ENUM('a', 'b'))")
    connection.execute("INSERT INTO t VALUES (1, 'a'), (2, NULL)")
    assert rows(connection, "SELECT v FROM t") == [("a",), (None,)]
    with pytest.raises(ingitdb.Error):
        connection.execute("INSERT INTO t VALUES (3, 'c')")


def test_every_scalar_type_of_duckdb_is_here() -> None:
    known = duckdb.sql(
        "SELECT DISTINCT logical_type FROM duckdb_types()"
        " WHERE internal AND type_category IS DISTINCT FROM 'COMPOSITE'"
    ).fetchall()
    mine = {kind.partition("(")[0] for kind in (*SCALARS, *WITHOUT_A_PLACE)} | APART
    assert {kind for (kind,) in known} - mine == set()


def test_parquet_keeps_parts(connection: Any) -> None:
    for number, kind in enumerate(("STRUCT(a INTEGER)", "MAP(VARCHAR, INTEGER)", "SMALLINT[][]")):
        name = f"t{number}"
        connection.execute(f"CREATE TABLE {name} (id INTEGER, v {kind}) WITH (format = 'parquet')")
        connection.execute(f"INSERT INTO {name} VALUES (1, {PARTS[kind][0]})")
        asked = f"SELECT typeof(v), CAST(v AS VARCHAR) FROM {name}"
        assert rows(connection, asked) == meant(kind, PARTS[kind][:1])[:1]


@pytest.mark.parametrize("kind", ["INTERVAL", "BIT", "UHUGEINT", "TIMETZ", "JSON"])
def test_what_parquet_has_no_type_for_is_refused(connection: Any, kind: str) -> None:
    connection.execute(f"CREATE TABLE t (id INTEGER, v {kind}) WITH (format = 'parquet')")
    value = {"TIMETZ": "'10:00+02'", "INTERVAL": "'1 day'"}.get(kind, "'1'")
    with pytest.raises(ingitdb.Error):
        connection.execute(f"INSERT INTO t VALUES (1, {value})")
    assert rows(connection, "FROM t") == []


def test_the_shortest_text_of_a_float(repo: RepoBuilder, connection: Any) -> None:
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v FLOAT, w INTERVAL)")
    connection.execute("INSERT INTO t VALUES (1, 1.1, '1 month 90 minutes')")
    text = (repo.path / "t/$records/1.yaml").read_text()
    assert text == "id: 1\nv: 1.1\nw: 1 month 01:30:00\n"


def test_keys_that_no_text_spells(connection: Any) -> None:
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v MAP(INTEGER[], VARCHAR))")
    with pytest.raises(ingitdb.Error, match="keys of a map"):
        connection.execute("INSERT INTO t VALUES (1, MAP {[1]: 'x'})")
