"""Defining statements say what is meant; what is not understood is an error at its place."""

import pytest

from ingitdb.errors import StatementInvalid, StatementRefused
from ingitdb.execution.parser import DuckdbParser
from ingitdb.sql.definitions import (
    AddConstraint,
    Alter,
    ChangeColumns,
    Check,
    Comment,
    CreateSchema,
    CreateTable,
    CreateView,
    Definition,
    Drop,
    DropConstraint,
    Reference,
    Rename,
    definition,
)
from ingitdb.sql.texts import as_text


def read(sql: str) -> Definition:
    with DuckdbParser() as parser:
        return definition(as_text(sql), parser)


def test_a_table_is_cut_into_what_duckdb_takes_and_what_is_ours() -> None:
    found = read(
        'CREATE OR REPLACE TABLE geo."my fares" (a INTEGER CONSTRAINT pos CHECK (a > (1)),'
        " b VARCHAR REFERENCES geo.ports (code) ON UPDATE SET NULL ON DELETE CASCADE NOT NULL,"
        " CONSTRAINT other FOREIGN KEY (a, b) REFERENCES x, UNIQUE (a, b), PRIMARY KEY (a),"
        " CHECK (b <> ',')) WITH (format = 'csv', layout = 'one file', path = 'data/f.csv')"
    )
    assert isinstance(found, CreateTable)
    assert found.path == ("geo", "my fares")
    assert (found.or_replace, found.if_not_exists) == (True, False)
    assert found.options == {"format": "csv", "layout": "one file", "path": "data/f.csv"}
    assert found.checks == (
        Check(name="pos", text="a > (1)", column="a"),
        Check(name=None, text="b <> ','"),
    )
    assert found.references == (
        Reference(
            name=None,
            columns=("b",),
            target=("geo", "ports"),
            references=("code",),
            on_delete="cascade",
            on_update="set null",
        ),
        Reference(name="other", columns=("a", "b"), target=("x",)),
    )
    assert found.body == (
        "a INTEGER CHECK (a > (1)),\nb VARCHAR NOT NULL,\n"
        "UNIQUE (a, b),\nPRIMARY KEY (a),\nCHECK (b <> ',')"
    )


@pytest.mark.parametrize(
    ("sql", "names", "options", "query", "has_data"),
    [
        ("CREATE TABLE t AS SELECT 1 AS a", (), {}, "SELECT 1 AS a", True),
        (
            "CREATE TABLE t (x, \"y z\") WITH (format='json') AS FROM u AS OF 'v1' WITH NO DATA",
            ("x", "y z"),
            {"format": "json"},
            "FROM u AS OF 'v1' ",
            False,
        ),
        ("CREATE TABLE IF NOT EXISTS t AS (VALUES (1)) WITH DATA", (), {}, "(VALUES (1)) ", True),
    ],
)
def test_a_table_of_a_query(
    sql: str, names: tuple[str, ...], options: dict[str, str], query: str, has_data: bool
) -> None:
    found = read(sql)
    assert isinstance(found, CreateTable)
    assert found.query is not None
    assert sql[slice(*found.query)] == query
    assert (found.names, found.options, found.has_data) == (names, options, has_data)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("CREATE SCHEMA IF NOT EXISTS geo", CreateSchema(path=("geo",), if_not_exists=True)),
        (
            "DROP TABLE IF EXISTS a.t, u CASCADE",
            Drop(kind="TABLE", paths=(("a", "t"), ("u",)), if_exists=True, cascade=True),
        ),
        (
            "DROP VIEW v RESTRICT",
            Drop(kind="VIEW", paths=(("v",),), if_exists=False, cascade=False),
        ),
        (
            'ALTER VIEW IF EXISTS v RENAME TO "W"',
            Alter(kind="VIEW", path=("v",), if_exists=True, action=Rename(name="W")),
        ),
        (
            "COMMENT ON COLUMN geo.t.c IS 'it''s'",
            Comment(path=("geo", "t"), column="c", text="it's"),
        ),
        ("COMMENT ON TABLE t IS NULL", Comment(path=("t",), column=None, text=None)),
        (
            "CREATE VIEW v (a, b) AS SELECT 1, 2",
            CreateView(
                path=("v",), or_replace=False, if_not_exists=False, names=("a", "b"), query=(24, 35)
            ),
        ),
    ],
)
def test_the_other_statements(sql: str, expected: Definition) -> None:
    assert read(sql) == expected


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (
            "ADD c INTEGER DEFAULT (1 + 1)",
            ChangeColumns(action="ADD COLUMN c INTEGER DEFAULT (1 + 1)", column="c", verb="add"),
        ),
        (
            "DROP COLUMN IF EXISTS c CASCADE",
            ChangeColumns(action="DROP COLUMN IF EXISTS c CASCADE", column="c", verb="drop"),
        ),
        (
            'RENAME a TO "B"',
            ChangeColumns(action='RENAME a TO "B"', column="a", verb="rename", renamed="B"),
        ),
        (
            "ALTER COLUMN a SET DATA TYPE BIGINT USING (a + 1)",
            ChangeColumns(
                action="ALTER COLUMN a SET DATA TYPE BIGINT USING (a + 1)",
                column="a",
                verb="type",
                using=True,
            ),
        ),
        (
            "ALTER a DROP NOT NULL",
            ChangeColumns(action="ALTER a DROP NOT NULL", column="a", verb="other"),
        ),
        ("ADD CONSTRAINT c CHECK (a > 0)", AddConstraint(check=Check(name="c", text="a > 0"))),
        ("ADD UNIQUE (a, b)", AddConstraint(unique=("a", "b"))),
        ("ADD PRIMARY KEY (a)", AddConstraint(primary_key=("a",))),
        (
            "ADD FOREIGN KEY (a) REFERENCES u ON DELETE NO ACTION",
            AddConstraint(reference=Reference(name=None, columns=("a",), target=("u",))),
        ),
        ("DROP CONSTRAINT IF EXISTS c", DropConstraint(name="c", if_exists=True)),
    ],
)
def test_actions_of_alter(action: str, expected: object) -> None:
    found = read(f"ALTER TABLE t {action}")
    assert isinstance(found, Alter)
    assert found.action == expected


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE t",
        "CREATE TABLE t (a INTEGER,)",
        "CREATE TABLE t (a INTEGER) WITH (colour = 'x')",
        "CREATE TABLE t (a INTEGER) WITH (format = 1)",
        "CREATE TABLE t (a INTEGER) WITH (format = 'x', format = 'y')",
        "CREATE TABLE t (a INTEGER) and more",
        "CREATE TABLE t (a INTEGER REFERENCES u ON DELETE MAYBE)",
        "CREATE OR REPLACE TABLE IF NOT EXISTS t (a INTEGER)",
        "CREATE VIEW v AS",
        "ALTER TABLE t ATTACH x",
        "ALTER VIEW v ADD COLUMN a INTEGER",
        "COMMENT ON COLUMN c IS 'x'",
        "COMMENT ON TABLE t IS 7",
        "DROP TABLE",
    ],
)
def test_what_is_not_understood(sql: str) -> None:
    with pytest.raises(StatementInvalid):
        read(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TEMP VIEW v AS SELECT 1",
        "CREATE TABLE t (a INTEGER, b INTEGER GENERATED ALWAYS AS (a))",
        "CREATE TABLE t (a INTEGER, b AS (a))",
        "CREATE TABLE t (a VARCHAR COLLATE nocase)",
        "ALTER SCHEMA s RENAME TO u",
        "COMMENT ON VIEW v IS 'x'",
    ],
)
def test_what_a_repository_cannot_hold(sql: str) -> None:
    with pytest.raises(StatementRefused):
        read(sql)
