"""Views stand beside tables wherever these are listed or described; empty schemas can be used."""

import re
from typing import Any

import pytest

import ingitdb
from ingitdb.errors import CatalogError, TableNotFound
from tests.support.opening import Opened, rows
from tests.support.repositories import RepoBuilder

COLUMNS = [("route", "VARCHAR", True, False, None), ("price", "DECIMAL(18,2)", True, False, None)]


@pytest.fixture
def connection(repo: RepoBuilder, opened: Opened) -> Any:
    """A table, and two views that came one after the other, the second in a schema of its own."""
    repo.git("config", "user.name", "Ports Desk")
    repo.git("config", "user.email", "ports@example.org")
    repo.commit({"fares.csv": "route,price\nR1,9.50\nR2,12.00\n"})
    found = opened(repo)
    found.execute("CREATE VIEW cheap AS SELECT route, price FROM fares WHERE price < 10")
    found.execute("CREATE SCHEMA geo")
    found.execute("CREATE VIEW geo.lines AS SELECT DISTINCT route FROM main.fares")
    return found


def test_show_tables_at_each_commit(connection: Any) -> None:
    fares, cheap = ("main", "fares", 2, 2, []), ("main", "cheap", None, 2, [])
    lines = ("geo", "lines", None, 1, [])
    assert rows(connection, "SHOW TABLES") == [lines, cheap, fares]
    assert rows(connection, "SHOW TABLES AS OF 'HEAD~1'") == [cheap, fares]
    assert rows(connection, "SHOW TABLES AS OF 'HEAD~3'") == [fares]
    assert rows(connection, "SHOW TABLES FROM geo") == [lines]


@pytest.mark.parametrize("name", ["cheap", "main.cheap", '"shop".cheap', "CHEAP"])
def test_describe(connection: Any, name: str) -> None:
    assert rows(connection, f"DESCRIBE {name}") == COLUMNS
    assert rows(connection, f"DESCRIBE {name} AS OF 'HEAD~1'") == COLUMNS
    with pytest.raises(ingitdb.Error, match="does not exist"):
        connection.execute(f"DESCRIBE {name} AS OF 'HEAD~3'").fetchall()


def test_describe_in_a_schema_and_of_nothing(connection: Any) -> None:
    assert rows(connection, "DESCRIBE geo.lines") == COLUMNS[:1]
    connection.execute("USE geo")
    assert rows(connection, "DESCRIBE lines") == COLUMNS[:1]
    with pytest.raises(ingitdb.Error, match="does not exist"):
        connection.execute("DESCRIBE nothing").fetchall()


def test_information_schema(connection: Any) -> None:
    tables = "SELECT table_schema, table_name, table_type FROM information_schema.tables"
    assert rows(connection, tables) == [
        ("geo", "lines", "VIEW"),
        ("main", "cheap", "VIEW"),
        ("main", "fares", "BASE TABLE"),
    ]
    assert rows(connection, f"{tables} AS OF 'HEAD~3'") == [("main", "fares", "BASE TABLE")]
    schemata = "SELECT schema_name FROM information_schema.schemata"
    assert rows(connection, schemata) == [("geo",), ("main",)]
    assert rows(connection, f"{schemata} AS OF 'HEAD~2'") == [("main",)]


def test_columns_of_views_in_the_information_schema(connection: Any) -> None:
    asked = (
        "SELECT table_name, column_name, ordinal_position, is_nullable, data_type"
        " FROM information_schema.columns ORDER BY ALL"
    )
    fares = [("fares", "price", 2, "YES", "DECIMAL(18,2)"), ("fares", "route", 1, "YES", "VARCHAR")]
    cheap = [("cheap", *row[1:]) for row in fares]
    lines = [("lines", "route", 1, "YES", "VARCHAR")]
    assert rows(connection, asked) == [*cheap, *fares, *lines]
    assert rows(connection, asked.replace(" ORDER", " AS OF 'HEAD~3' ORDER")) == fares
    for number in range(8):
        connection.execute(f"CREATE VIEW v{number} AS FROM information_schema.columns")
    own = "SELECT count(*) FROM v0 WHERE table_name"
    assert rows(connection, f"{own} IN ('cheap', 'fares', 'lines')") == [(5,)]
    assert rows(connection, f"{own} = 'v1'") == [(8,)]


def test_defaults_in_the_information_schema(connection: Any) -> None:
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER DEFAULT 40 + 2, m TEXT)")
    asked = "SELECT column_name, column_default FROM information_schema.columns"
    found = dict(rows(connection, f"{asked} WHERE table_name = 't'"))
    assert (found["id"], found["m"]) == (None, None)
    assert rows(connection, f"SELECT {found['n']}") == [(42,)]


def test_the_services(connection: Any) -> None:
    database = connection.database
    lines, cheap, fares = database.tables()
    assert [(t.schema, t.name) for t in (lines, cheap, fares)] == [
        ("geo", "lines"),
        ("main", "cheap"),
        ("main", "fares"),
    ]
    assert (cheap.rows, cheap.columns, cheap.key) == (None, 2, ())
    assert (cheap.format, cheap.source) == ("sql", "view")
    assert (cheap.location, lines.location) == (
        ".ingitdb/views/cheap.sql",
        ".ingitdb/views/geo/lines.sql",
    )
    assert [table.name for table in database.tables("HEAD~3")] == ["fares"]
    for name in ("cheap", "main.cheap", '"cheap"', "cheap@HEAD"):
        found = database.describe(name)
        assert (found.schema, found.name) == ("main", "cheap")
        assert [(c.name, c.type) for c in found.columns] == [row[:2] for row in COLUMNS]
    assert database.describe("geo.lines").name == "lines"
    with pytest.raises(TableNotFound):
        database.describe("cheap", "HEAD~3")
    with pytest.raises(TableNotFound):
        database.describe("geo.cheap")


def test_a_view_that_no_longer_binds_is_listed_and_named(
    repo: RepoBuilder, connection: Any
) -> None:
    repo.commit({"fares.csv": "line,price\nR1,9.50\n"})
    assert ("main", "cheap", None, None, []) in rows(connection, "SHOW TABLES")
    assert next(t for t in connection.database.tables() if t.name == "cheap").columns is None
    file = re.escape(".ingitdb/views/cheap.sql")
    with pytest.raises(ingitdb.Error, match=file):
        connection.execute("DESCRIBE cheap").fetchall()
    with pytest.raises(CatalogError, match=file):
        connection.database.describe("cheap")


def test_a_schema_without_tables_can_be_used(connection: Any) -> None:
    connection.execute("USE geo")
    assert rows(connection, "FROM lines ORDER BY route") == [("R1",), ("R2",)]
    connection.execute("CREATE SCHEMA bare")
    connection.execute("USE BARE")
    connection.execute("CREATE TABLE piers (n INTEGER PRIMARY KEY)")
    assert ("bare", "piers", 0, 1, ["n"]) in rows(connection, "SHOW TABLES")
    with pytest.raises(ingitdb.Error, match="Schemas: bare, geo, main"):
        connection.execute("USE nowhere")


def test_tables_yaml_that_cannot_be_read_declares_no_schema(
    repo: RepoBuilder, connection: Any
) -> None:
    repo.commit({".ingitdb/tables.yaml": "schemas: [geo\n"})
    connection.execute("USE main")
    connection.execute("USE geo")
    repo.commit({".ingitdb/views/geo/lines.sql": None})
    with pytest.raises(ingitdb.Error, match="no schema or database 'geo'"):
        connection.execute("USE geo")
