"""INSERT, UPDATE, DELETE and COPY are cut into the clauses that DuckDB sees, byte for byte."""

from dataclasses import asdict
from typing import Any

import pytest

from ingitdb.errors import StatementInvalid, StatementRefused
from ingitdb.execution.parser import DuckdbParser
from ingitdb.sql.clauses import Whole, clauses
from ingitdb.sql.texts import as_text


def cut(sql: str, parser: DuckdbParser) -> dict[str, Any]:
    """Gives the clauses of a statement as texts; DuckDB must understand it."""
    parser.statement_types(sql)
    write = clauses(as_text(sql), parser)
    found = {name: shown(sql, value) for name, value in asdict(write).items()}
    found["kind"] = type(write).__name__
    return {name: value for name, value in found.items() if value not in (None, "")}


def shown(sql: str, value: Any) -> Any:
    if isinstance(value, dict) and "path" in value:
        assert sql[slice(*value["span"])].replace('"', "").split(".") == list(value["path"])
        return ".".join(value["path"]), value["alias"]
    if isinstance(value, tuple) and value and isinstance(value[0], dict):
        return [(one["column"], shown(sql, one["value"])) for one in value]
    return None if value is None else sql[slice(*value)].strip()


UPDATES = {
    "UPDATE t SET a = 1": {"assignments": [("a", "1")]},
    "update T set a=1,b = b+1 where c is distinct from d": {
        "target": ("T", "T"),
        "assignments": [("a", "1"), ("b", "b+1")],
        "condition": "c is distinct from d",
    },
    'UPDATE "my t" AS x SET "a b" = x.c IS NOT DISTINCT FROM y.d FROM (SELECT 1) y WHERE true': {
        "target": ("my t", "x"),
        "assignments": [("a b", "x.c IS NOT DISTINCT FROM y.d")],
        "source": "(SELECT 1) y",
        "condition": "true",
    },
    "UPDATE s.t x SET a = (SELECT max(b) FROM u WHERE u.k = x.k), b = [1, 2] RETURNING a, b": {
        "target": ("s.t", "x"),
        "assignments": [("a", "(SELECT max(b) FROM u WHERE u.k = x.k)"), ("b", "[1, 2]")],
        "returning": "a, b",
    },
    "WITH w AS (SELECT 1 AS k) UPDATE t SET a = w.k FROM w JOIN v USING (k) WHERE t.k = w.k": {
        "lead": "WITH w AS (SELECT 1 AS k)",
        "assignments": [("a", "w.k")],
        "source": "w JOIN v USING (k)",
        "condition": "t.k = w.k",
    },
    "UPDATE t SET a = CASE WHEN b THEN 'FROM, WHERE' ELSE $$ SET $$ END -- WHERE\n WHERE k = ?": {
        "assignments": [("a", "CASE WHEN b THEN 'FROM, WHERE' ELSE $$ SET $$ END")],
        "condition": "k = ?",
    },
    "UPDATE t SET a = DEFAULT, b = (default), c = DEFAULT + 1": {
        "assignments": [("a", None), ("b", None), ("c", "DEFAULT + 1")],
    },
    "UPDATE t SET (a, b) = (f(1, 2), DEFAULT), c = 3 WHERE d": {
        "assignments": [("a", "f(1, 2)"), ("b", None), ("c", "3")],
        "condition": "d",
    },
    'UPDATE t SET (a, "b c") = ROW([1, 2], (x, y)), (d) = (5)': {
        "assignments": [("a", "[1, 2]"), ("b c", "(x, y)"), ("d", "(5)")],
    },
    "UPDATE t SET (a, b) = (SELECT 1), (c, d) = (1) + (2)": {
        "assignments": [
            ("a", "(SELECT 1)"),
            ("b", "(SELECT 1)"),
            ("c", "(1) + (2)"),
            ("d", "(1) + (2)"),
        ],
    },
    "UPDATE t SET a = trim(BOTH 'x' FROM b), c = extract(year FROM d)": {
        "assignments": [("a", "trim(BOTH 'x' FROM b)"), ("c", "extract(year FROM d)")],
    },
}


@pytest.mark.parametrize("sql", UPDATES)
def test_updates(sql: str, parser: DuckdbParser) -> None:
    expected = {"kind": "Update", "target": ("t", "t"), **UPDATES[sql]}
    assert cut(sql, parser) == expected


DELETES = {
    "DELETE FROM t": {},
    "DELETE FROM db.s.t AS x WHERE a RETURNING *": {
        "target": ("db.s.t", "x"),
        "condition": "a",
        "returning": "*",
    },
    "DELETE FROM t USING u JOIN v USING (k) WHERE t.k = u.k": {
        "source": "u JOIN v USING (k)",
        "condition": "t.k = u.k",
    },
    "TRUNCATE t": {},
    "TRUNCATE TABLE t": {},
}


@pytest.mark.parametrize("sql", DELETES)
def test_deletes(sql: str, parser: DuckdbParser) -> None:
    assert cut(sql, parser) == {"kind": "Delete", "target": ("t", "t"), **DELETES[sql]}


INSERTS = {
    "INSERT INTO t VALUES (1, 'ON CONFLICT')": {"rows": "VALUES (1, 'ON CONFLICT')"},
    "INSERT INTO t (a, b) SELECT a, b FROM u WHERE c RETURNING a AS x": {
        "columns": "(a, b)",
        "rows": "SELECT a, b FROM u WHERE c",
        "returning": "a AS x",
    },
    "INSERT INTO t BY NAME SELECT 1 AS a": {"columns": "BY NAME", "rows": "SELECT 1 AS a"},
    "INSERT INTO t DEFAULT VALUES": {},
    "WITH w AS (FROM u) INSERT INTO t FROM w": {"lead": "WITH w AS (FROM u)", "rows": "FROM w"},
    "INSERT INTO t TABLE u": {"rows": "TABLE u"},
    "INSERT INTO t (SELECT 1)": {"rows": "(SELECT 1)"},
    "INSERT INTO t (a) (SELECT 1)": {"columns": "(a)", "rows": "(SELECT 1)"},
    'INSERT INTO t ("a", b) VALUES (1, (SELECT 2))': {
        "columns": '("a", b)',
        "rows": "VALUES (1, (SELECT 2))",
    },
}


@pytest.mark.parametrize("sql", INSERTS)
def test_inserts(sql: str, parser: DuckdbParser) -> None:
    assert cut(sql, parser) == {"kind": "Insert", "target": ("t", "t"), **INSERTS[sql]}


COPIES = {
    "COPY t FROM 'a b.csv'": {"file": "'a b.csv'"},
    "COPY db.s.t (a, \"b\") FROM ? (DELIMITER ';', HEADER)": {
        "target": ("db.s.t", "t"),
        "columns": '(a, "b")',
        "file": "?",
        "options": "(DELIMITER ';', HEADER)",
    },
    "COPY t FROM $file WITH (FORMAT json)": {"file": "$file", "options": "WITH (FORMAT json)"},
}


@pytest.mark.parametrize("sql", COPIES)
def test_copies(sql: str, parser: DuckdbParser) -> None:
    assert cut(sql, parser) == {"kind": "Copy", "target": ("t", "t"), **COPIES[sql]}


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING",
        "INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET b = excluded.b RETURNING *",
        "INSERT OR REPLACE INTO t VALUES (1)",
        "MERGE INTO t USING u ON t.k = u.k WHEN MATCHED THEN UPDATE SET a = u.a",
        "WITH x AS (INSERT INTO t VALUES (1) RETURNING a) FROM x",
        "WITH x AS MATERIALIZED (DELETE FROM t) INSERT INTO u VALUES (1)",
    ],
)
def test_other_forms_stay_whole(sql: str, parser: DuckdbParser) -> None:
    parser.statement_types(sql)
    assert clauses(as_text(sql), parser) == Whole()


@pytest.mark.parametrize(
    ("sql", "kind", "said"),
    [
        ("EXPLAIN DELETE FROM t", StatementRefused, "EXPLAIN is for queries"),
        ("REPLACE INTO t VALUES (1)", StatementInvalid, "syntax error"),
        ("UPDATE t SET (a, b) = (1, 2, 3)", StatementInvalid, "expected 2 values, got 3"),
        ("UPDATE t SET (a, b) = ROW(1)", StatementInvalid, "expected 2 values, got 1"),
        ("COPY t TO 'x'", StatementRefused, "does not write"),
    ],
)
def test_what_cannot_be_cut(
    sql: str, kind: type[Exception], said: str, parser: DuckdbParser
) -> None:
    with pytest.raises(kind, match=said):
        clauses(as_text(sql), parser)
