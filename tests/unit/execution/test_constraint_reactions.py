"""ON DELETE and ON UPDATE: the statements that a change asks for, run as SQL until none is left."""

import duckdb
import pytest

import ingitdb
from ingitdb.execution.constraints import Constraints
from ingitdb.services.database import Database
from ingitdb.services.validation import CommitRows
from tests.support.repositories import RepoBuilder

TABLES = ".ingitdb/tables.yaml"


@pytest.fixture
def repo(tmp_path):
    return RepoBuilder(tmp_path / "shop")


@pytest.fixture
def asked(repo, tmp_path):
    """Gives what the last commit asks for."""

    def ask():
        settings = ingitdb.Settings(cache=tmp_path / "cache", workers=1)
        with Database.open(repo.path, settings) as database:
            rows = CommitRows(database._parser, database.session)
            constraints = Constraints(database._catalogs, rows)
            before, after = database.resolve("HEAD~1"), database.resolve("HEAD")
            return constraints.follow_ups(before, after)

    return ask


def run(statements, **tables):
    """Runs statements over tables of texts, by DuckDB alone."""
    with duckdb.connect() as connection:
        for name, (columns, *rows) in tables.items():
            listed = ", ".join(f"{column} VARCHAR" for column in columns.split(","))
            connection.execute(f"CREATE TABLE {name} ({listed})")
            for row in rows:
                marks = ", ".join("?" * len(row.split(",")))
                values = [value or None for value in row.split(",")]
                connection.execute(f"INSERT INTO {name} VALUES ({marks})", values)
        for statement in statements:
            connection.execute(statement)
        return {name: connection.execute(f"FROM {name} ORDER BY ALL").fetchall() for name in tables}


def routes(*codes):
    return "code,name\n" + "".join(f"{code},{code.lower()}\n" for code in codes)


def said(on_delete="restrict", on_update="restrict", columns="route", references="code"):
    key = f"{{columns: {columns}, table: routes, references: {references}, "
    key += f"on_delete: {on_delete}, on_update: {on_update}}}"
    return (
        "tables:\n  routes: {glob: routes.csv, key: code}\n"
        f"  fares: {{glob: fares.csv, foreign_keys: [{key}]}}\n"
    )


FARES = "route,price\nA,1\nB,2\nB,3\n"


def test_restrict_asks_for_nothing(repo, asked):
    repo.commit({TABLES: said(), "routes.csv": routes("A", "B"), "fares.csv": FARES})
    repo.commit({"routes.csv": routes("A")})
    assert asked() == []


def test_delete_goes_on(repo, asked):
    repo.commit({TABLES: said("cascade"), "routes.csv": routes("A", "B"), "fares.csv": FARES})
    repo.commit({"routes.csv": routes("A")})
    found = run(asked(), fares=("route,price", "A,1", "B,2", "B,3"))
    assert found == {"fares": [("A", "1")]}


def test_delete_sets_null(repo, asked):
    repo.commit({TABLES: said("set null"), "routes.csv": routes("A", "B"), "fares.csv": FARES})
    repo.commit({"routes.csv": routes("A")})
    found = run(asked(), fares=("route,price", "A,1", "B,2", "B,3"))
    assert found == {"fares": [("A", "1"), (None, "2"), (None, "3")]}


def test_update_goes_on(repo, asked):
    files = {TABLES: said("cascade", "cascade"), "routes.csv": routes("A", "B", "C")}
    repo.commit({**files, "fares.csv": FARES})
    repo.commit({"routes.csv": routes("A", "B'", "C")})
    found = run(asked(), fares=("route,price", "A,1", "B,2", "B,3"))
    assert found == {"fares": [("A", "1"), ("B'", "2"), ("B'", "3")]}


def test_update_sets_null(repo, asked):
    files = {TABLES: said("cascade", "set null"), "routes.csv": routes("A", "B")}
    repo.commit({**files, "fares.csv": FARES})
    repo.commit({"routes.csv": routes("A", "X")})
    found = run(asked(), fares=("route,price", "A,1", "B,2"))
    assert found == {"fares": [("A", "1"), (None, "2")]}


def test_a_key_of_two_columns(repo, asked):
    text = said("cascade", "cascade", "[route, kind]", "[code, name]")
    fares = "route,kind\nA,a\nB,b\nA,b\n"
    repo.commit({TABLES: text, "routes.csv": routes("A", "B"), "fares.csv": fares})
    repo.commit({"routes.csv": "code,name\nA,a\nB,bb\n"})
    found = run(asked(), fares=("route,kind", "A,a", "B,b", "A,b"))
    assert found == {"fares": [("A", "a"), ("A", "b"), ("B", "bb")]}


def test_a_key_outside_the_fields_follows_in_its_file(repo, asked):
    text = (
        "tables:\n  routes: {}\n  fares: {foreign_keys: "
        "[{columns: route, table: routes, on_update: cascade}]}\n"
    )
    repo.commit({TABLES: text, "routes.yaml": "A: {n: 1}\nB: {n: 2}\n", "fares.csv": FARES})
    repo.commit({"routes.yaml": "A: {n: 1}\nBB: {n: 2}\n"})
    found = run(asked(), fares=("route,price", "A,1", "B,2"))
    assert found == {"fares": [("A", "1"), ("BB", "2")]}


def test_nobody_refers_to_it(repo, asked):
    repo.commit({TABLES: said("cascade"), "routes.csv": routes("A", "B", "C"), "fares.csv": FARES})
    repo.commit({"routes.csv": routes("A", "B")})
    assert asked() == []
