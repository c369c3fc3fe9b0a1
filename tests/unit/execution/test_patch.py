"""`patch`: statements that turn the tables of one commit into those of another, run in DuckDB."""

from typing import Any

import duckdb
import pytest

from tests.support.opening import Opened, rows
from tests.support.repositories import RepoBuilder

Answer = tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]


def copied(connection: Any, ref: str) -> duckdb.DuckDBPyConnection:
    """Gives a plain DuckDB with every table of a commit."""
    copy = duckdb.connect()
    for schema, name, *_ in rows(connection, f"SHOW TABLES AS OF '{ref}'"):
        columns = rows(connection, f'DESCRIBE "{schema}"."{name}" AS OF \'{ref}\'')
        if not columns:
            continue
        copy.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
        described = ", ".join(f'"{column[0]}" {column[1]}' for column in columns)
        copy.execute(f'CREATE TABLE "{schema}"."{name}" ({described})')
        copy.register("given", connection.execute(f"FROM \"{name}\" AS OF '{ref}'").arrow())
        copy.execute(f'INSERT INTO "{schema}"."{name}" FROM given')
    return copy


def content(copy: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], Answer]:
    """Gives columns and rows of every table, whatever their order."""
    found = {}
    for name in copy.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall():
        columns = copy.execute(
            "SELECT column_name, data_type FROM duckdb_columns()"
            " WHERE schema_name = ? AND table_name = ? ORDER BY 1",
            name,
        ).fetchall()
        shown = ", ".join(f'"{column}"' for column, _ in columns)
        rows_there = copy.execute(f'SELECT {shown} FROM "{name[0]}"."{name[1]}"').fetchall()
        found[name[0], name[1]] = (columns, sorted(rows_there, key=repr))
    return found


def applied(connection: Any, old: str, new: str) -> list[str]:
    """Applies a patch to the tables of the old commit, which must then be those of the new one."""
    asked = f"SELECT statement FROM patch('{old}', '{new}') ORDER BY statement_order"
    statements = [text for (text,) in rows(connection, asked)]
    copy = copied(connection, old)
    for statement in statements:
        copy.execute(statement)
    assert content(copy) == content(copied(connection, new))
    return statements


PAIRS: dict[str, tuple[dict[str, str], dict[str, str | None]]] = {
    "rows of a keyed table": (
        {"t/a.json": '{"n": 1, "s": "it\'s"}', "t/b.json": '{"n": 2}', "t/c.json": '{"n": 3}'},
        {"t/a.json": '{"n": 5, "s": "a\\nb"}', "t/b.json": None, "t/d.json": '{"s": null}'},
    ),
    "columns that come and go": (
        {"t/a.json": '{"n": 1, "x": 1}', "t/b.json": '{"n": 2, "x": 2}'},
        {"t/a.json": '{"n": 1, "y": [1.5]}', "t/b.json": '{"n": 2, "y": []}'},
    ),
    "all columns replaced": ({"t.csv": "a,b\n1,2\n3,4\n"}, {"t.csv": "c\n5\n"}),
    "a type that every value fits": ({"t.csv": "i,n\n1,1\n2,2\n"}, {"t.csv": "i,n\n1,1\n2,x\n"}),
    "a type that some values do not fit": (
        {"t.csv": "i,n\n1,7\n2,1e5\n3,x\n"},
        {"t.csv": "i,n\n1,7\n2,8\n3,9\n"},
    ),
    "numbers that lose their spelling": (
        {"t/a.yaml": "n: 1.0\n", "t/b.yaml": "n: 2.50\n"},
        {"t/b.yaml": "n: x\n"},
    ),
    "a list without key": (
        {"t.json": '[{"a": 1}, {"a": 1}, {"a": 2}]'},
        {"t.json": '[{"a": 1}, {"a": 2}, {"a": 2}, {"a": null}]'},
    ),
    "a key that changes places": (
        {"t.json": '[{"id": 1, "n": "a"}, {"id": 2, "n": "b"}]'},
        {"t.json": '[{"id": 2, "n": "a"}, {"id": 1, "n": "b"}]'},
    ),
    "a list that becomes a file a record": (
        {"data/t.json": '[{"id": 1, "n": "a"}, {"id": 2, "n": "b"}]'},
        {"data/t.json": None, "data/t/1.yaml": "id: 1\nn: a\n", "data/t/2.yaml": "id: 2\nn: c\n"},
    ),
    "places in a map of lists": (
        {"data/t.json": '{"x": [{"n": 1}, {"n": 2}], "y": [{"n": 1}]}'},
        {"data/t.json": '{"x": [{"n": 0}, {"n": 1}, {"n": 2}], "y": [{"n": 1}, {"n": 1}]}'},
    ),
    "nested values": (
        {"t/a.yaml": "o: {a: 1, l: [{d: 1, s: 'x, ''y'''}]}\n", "t/b.yaml": "o: {a: 2}\n"},
        {"t/a.yaml": "o: {a: 1, l: [{d: 1, s: z}], n: 2.5}\n", "t/b.yaml": "o: {a: 2, l: []}\n"},
    ),
    "values that become JSON": (
        {"t/a.yaml": "o: {a: 1}\n", "t/b.yaml": "o: {a: 2}\n"},
        {"t/a.yaml": "o: [1, 2.50]\n"},
    ),
    "tables that come and go": (
        {"a.csv": "n\n1\n", "data/b.csv": "n\n1\n"},
        {"a.csv": None, "data/b.csv": None, "data/c.csv": "n,s\n1,x\n2,\n"},
    ),
    "numbers in lists": (
        {"t/a.yaml": "l: []\n"},
        {"t/a.yaml": "l: [{n: 1.5}, {n: 34.17481100000001}, {n: 1e300}, {n: 2}, {}]\n"},
    ),
    "doubles": (
        {"t.json": "[]"},
        {"t.json": '[{"n": 0.1, "h": 170141183460469231731687303715884105727}, {"n": 1e300}]'},
    ),
}


@pytest.mark.parametrize(("old", "new"), PAIRS.values(), ids=PAIRS)
def test_there_and_back(
    old: dict[str, str], new: dict[str, str | None], repo: RepoBuilder, opened: Opened
) -> None:
    repo.commit(old)
    repo.commit(new)
    connection = opened(repo)
    assert applied(connection, "HEAD~1", "HEAD")
    assert applied(connection, "HEAD", "HEAD~1")
    assert applied(connection, "EMPTY", "HEAD")
    assert applied(connection, "HEAD", "EMPTY")
    assert applied(connection, "HEAD", "HEAD") == []


def test_what_the_statements_look_like(repo: RepoBuilder, opened: Opened) -> None:
    old = repo.commit({"t/a.json": '{"n": 1}', "t/b.json": '{"n": 2}'})
    new = repo.commit({"t/a.json": '{"n": 3, "s": "it\'s"}', "t/b.json": None, "t/c.json": "{}"})
    assert rows(opened(repo), "FROM patch('HEAD~1..HEAD') ORDER BY 1") == [
        (1, old, new, "t", "schema", 'ALTER TABLE "t" ADD COLUMN "s" VARCHAR;'),
        (2, old, new, "t", "data", 'DELETE FROM "t" WHERE "_key" = \'b\';'),
        (3, old, new, "t", "data", """UPDATE "t" SET "n" = 3, "s" = 'it''s' WHERE "_key" = 'a';"""),
        (
            4,
            old,
            new,
            "t",
            "data",
            'INSERT INTO "t" ("_key", "n", "s") VALUES (\'c\', NULL, NULL);',
        ),
    ]


def test_declared_names(repo: RepoBuilder, opened: Opened) -> None:
    before = "tables: {items: {glob: 'd/{key}.json'}}"
    repo.commit({".ingitdb/tables.yaml": before, "d/a.json": '{"x": 1, "y": 2}'})
    after = "tables: {things: {glob: 'd/{key}.json', renamed_from: items, columns: {%s}}}"
    swapped = after % "x: {renamed_from: y}, y: {renamed_from: x}"
    repo.commit({".ingitdb/tables.yaml": swapped, "d/a.json": '{"y": 1, "x": 2}'})
    statements = applied(opened(repo), "HEAD~1", "HEAD")
    assert statements[0] == 'ALTER TABLE "items" RENAME TO "things";'
    assert all(text.startswith("ALTER TABLE") for text in statements)
    moved = (after % "z: {renamed_from: x}").replace("things", "more")
    repo.commit({".ingitdb/tables.yaml": moved.replace("items", "things"), "d/a.json": '{"z": 2}'})
    assert applied(opened(repo), "HEAD~1", "HEAD")


def test_one_table_alone(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({"a.csv": "n\n1\n", "b.csv": "n\n1\n"})
    repo.commit({"a.csv": "n\n2\n", "b.csv": "n\n2\n"})
    asked = "SELECT DISTINCT table_name FROM patch('HEAD~1', 'HEAD', 'b')"
    assert rows(opened(repo), asked) == [("b",)]
