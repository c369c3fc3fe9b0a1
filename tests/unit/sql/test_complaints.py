"""What users read when DuckDB does not find a name."""

from collections.abc import Iterator

import duckdb
import pytest

from ingitdb.errors import ColumnNotFound, IngitdbError, StatementInvalid
from ingitdb.sql.complaints import explain_binder_error, without_catalogs, without_internal_names

CATALOG = "c_1a2b3c4d5e6f"


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH ':memory:' AS {CATALOG}")
        connection.execute(f"CREATE TABLE {CATALOG}.main.cities (name VARCHAR, population INT)")
        connection.execute(f"CREATE SCHEMA {CATALOG}.geo")
        connection.execute(f"CREATE TABLE {CATALOG}.geo.rivers (name VARCHAR)")
        yield connection


def complain(sql: str, database: duckdb.DuckDBPyConnection) -> IngitdbError:
    spliced = sql.replace("FROM cities", f'FROM "{CATALOG}".main.cities')
    with pytest.raises(duckdb.Error) as error:
        database.execute(spliced)
    return explain_binder_error(str(error.value), sql, ["name", "population"])


@pytest.mark.parametrize(
    ("sql", "parts"),
    [
        (
            'SELECT * FROM cities WHERE name = "Oslo"',
            ["'Oslo'", "single quotes: 'Oslo'", " ^^^^^^"],
        ),
        ('SELECT * FROM cities WHERE name = "it""s"', ["single quotes", "^^^^^^^"]),
        (
            "SELECT namex FROM cities",
            ["'namex'", "Did you mean name or population?", "       ^^^^^"],
        ),
        ("SELECT cities.namex FROM cities", ["'namex'", "Did you mean name or population?"]),
        ("SELECT * EXCLUDE (popul) FROM cities", ["'popul'", "population"]),
        ("SELECT * REPLACE (1 AS popul) FROM cities", ["'popul'", "population"]),
        ("SELECT * FROM cities JOIN (SELECT 1) b USING (namex)", ["'namex'"]),
        ("SELECT zz", ["'zz'"]),
        ("SELECT zz FROM cities", ["'zz'", "The nearest names are population and name."]),
    ],
)
def test_columns(sql: str, parts: list[str], database: duckdb.DuckDBPyConnection) -> None:
    error = complain(sql, database)
    assert isinstance(error, ColumnNotFound)
    for part in parts:
        assert part in str(error)
    assert CATALOG not in str(error)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT x.name FROM cities",
        "SELECT sum(name) FROM cities",
        "SELECT name, count(*) FROM cities",
        f"FROM {CATALOG}.main.citis",
        f"FROM {CATALOG}.geo.rivrs",
        "FROM citis",
    ],
)
def test_the_rest_is_duckdbs_without_our_names(
    sql: str, database: duckdb.DuckDBPyConnection
) -> None:
    error = complain(sql, database)
    assert isinstance(error, StatementInvalid)
    assert CATALOG not in str(error)
    assert "LINE 1" not in str(error)
    assert "Error:" not in str(error)


def test_internal_names_go() -> None:
    assert without_internal_names(f'Catalog Error: Did you mean "{CATALOG}.main.t"?') == (
        'Did you mean "t"?'
    )
    assert without_internal_names(f'no "{CATALOG}".geo.t\n\n\nthere') == "no geo.t\nthere"
    assert without_catalogs(f"(SELECT max(x) FROM {CATALOG}.main.t)") == "(SELECT max(x) FROM t)"
    assert without_catalogs("c_x.main.t and abc_1234567.y") == "c_x.main.t and abc_1234567.y"
