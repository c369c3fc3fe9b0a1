"""Scripts are cut where DuckDB would cut them, and each statement has one kind."""

import pytest

from ingitdb.errors import IngitdbError, ReadOnly, StatementInvalid, StatementRefused
from ingitdb.execution.parser import DuckdbParser
from ingitdb.sql.statements import EQUIVALENT, Explain, StatementKind, split
from ingitdb.sql.versions import Ref


def kinds(sql: str, parser: DuckdbParser) -> list[StatementKind]:
    return [statement.kind for statement in split(sql, parser)]


def test_semicolons_in_strings_names_and_comments_do_not_cut(parser: DuckdbParser) -> None:
    script = "SELECT 'a;b', $$;$$ /* ; */ -- ;\n; SELECT \"c;d\" FROM t;; -- ;\n ;"
    texts = [s.text for s in split(script, parser)]
    assert texts == ["SELECT 'a;b', $$;$$ /* ; */ -- ;", 'SELECT "c;d" FROM t']


def test_statements_know_their_place(parser: DuckdbParser) -> None:
    script = " SELECT '😀';\n\n  FROM t -- é\n;SHOW LOG "
    for statement in split(script, parser):
        end = statement.start + len(statement.text)
        assert script[statement.start : end] == statement.text
        assert statement.script == script


@pytest.mark.parametrize("script", ["", "  ", ";", "-- nothing", "/* ; */ ;; \n"])
def test_nothing_is_no_statement(script: str, parser: DuckdbParser) -> None:
    assert split(script, parser) == []


def test_errors_point_into_the_script(parser: DuckdbParser) -> None:
    with pytest.raises(StatementInvalid) as error:
        split("SELECT 1;\nSELECT 2; SELEC 3", parser)
    assert "line 2, column 11:\nSELECT 2; SELEC 3\n          ^^^^^" in str(error.value)


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO t VALUES (1)",
        "UPDATE t SET a = 1",
        "DELETE FROM t",
        "MERGE INTO t USING u ON true WHEN MATCHED THEN DELETE",
        "TRUNCATE t",
        "CREATE TABLE t (a INT)",
        "CREATE OR REPLACE TEMP TABLE t AS SELECT 1",
        "create view v as select 1",
        "CREATE SCHEMA s",
        "ALTER TABLE t ADD COLUMN a INT",
        "DROP TABLE IF EXISTS t",
        "COPY t FROM 'x'",
        "COPY t (a, b) FROM 'x' (HEADER)",
        "CREATE BRANCH b",
        "DROP BRANCH b",
        "CREATE TAG v AT main",
        "WITH x AS (SELECT 1) UPDATE t SET a = 1",
        "EXPLAIN ANALYZE INSERT INTO t VALUES (1)",
        "EXPLAIN WITH x AS (SELECT 1) DELETE FROM t",
    ],
)
def test_writes(sql: str, parser: DuckdbParser) -> None:
    [statement] = split(sql, parser)
    assert statement.kind is StatementKind.WRITE
    assert isinstance(statement.refusal(), ReadOnly)
    assert statement.verb.split()[0] in str(statement.refusal())


@pytest.mark.parametrize(
    ("sql", "way_out"),
    [
        ("COPY t TO 'x'", "--output"),
        ("COPY (SELECT 1 FROM t) TO 'x' (FORMAT csv)", "--output"),
        ("EXPORT DATABASE 'x'", "materialize"),
        ("SET threads = 1", "--timeout"),
        ("SET VARIABLE x = 1", "options"),
        ("RESET threads", "options"),
        ("PRAGMA threads", "options"),
        ("PREPARE p AS SELECT 1", "parameters"),
        ("SHOW DATABASES", "SHOW TABLES"),
        ("ATTACH 'x.db' (TYPE duckdb)", "REF"),
        ("MERGE BRANCH b INTO main", "git merge"),
    ],
)
def test_refusals_say_how_else(sql: str, way_out: str, parser: DuckdbParser) -> None:
    [statement] = split(sql, parser)
    refusal = statement.refusal()
    assert statement.kind is StatementKind.REFUSED
    assert isinstance(refusal, StatementRefused)
    assert way_out in str(refusal)
    assert "^" in str(refusal)


@pytest.mark.parametrize("sql", ["BEGIN", "START TRANSACTION", "COMMIT", "END", "ROLLBACK TO a"])
def test_transactions(sql: str, parser: DuckdbParser) -> None:
    assert kinds(sql, parser) == [StatementKind.TRANSACTION]


def test_a_cte_may_be_named_like_a_write(parser: DuckdbParser) -> None:
    assert kinds("WITH update AS (SELECT 1) FROM update", parser) == [StatementKind.QUERY]


def test_explain_knows_where_its_query_begins(parser: DuckdbParser) -> None:
    [statement] = split("EXPLAIN /* x */ ANALYZE FROM t", parser)
    assert statement.detail == Explain(statement.text.index("FROM"), True)
    assert statement.query_start == statement.text.index("FROM")


def test_show_branches_and_log_stand_for_queries(parser: DuckdbParser) -> None:
    assert [EQUIVALENT[k] for k in kinds("SHOW BRANCHES; show log", parser)] == [
        "FROM git_branches()",
        "FROM git_log()",
    ]


@pytest.mark.parametrize("sql", ["frobnicate", "REFRESH t", "42", "'x'", "SELEC 1", ")"])
def test_unknown_is_refused(sql: str, parser: DuckdbParser) -> None:
    with pytest.raises(IngitdbError):
        split(sql, parser)


def test_details(parser: DuckdbParser) -> None:
    [statement] = split("SHOW TABLES FROM geo AS OF 'v1'", parser)
    assert (statement.detail.schema, statement.detail.version) == ("geo", Ref("v1"))
    [statement] = split("DESCRIBE geo.t@main", parser)
    assert (statement.detail.path, statement.detail.version) == (("geo", "t"), Ref("main"))
    [statement] = split('USE "db/feature/x"', parser)
    assert statement.detail.path == ("db/feature/x",)
    [statement] = split("ATTACH '../o' AS o (REF 'v1.0')", parser)
    assert (statement.detail.path, statement.detail.ref) == ("../o", "v1.0")
