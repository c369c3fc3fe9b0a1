"""Hidden columns are there by name and not in stars, as DuckDB itself answers."""

from collections.abc import Iterator

import duckdb
import pytest

from ingitdb.errors import StatementInvalid
from ingitdb.execution.parser import DuckdbParser
from ingitdb.sql.analysis import analyze
from ingitdb.sql.hidden import hide_in_stars, mentions_hidden
from ingitdb.sql.references import TableReference, splice


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        for table in ("t", "u"):
            connection.execute(
                f"CREATE TABLE {table} AS SELECT 1 AS id, 'x' AS {table}_name,"
                " 'a.yaml' AS _path, 7 AS _line, 'k' AS _key"
            )
        yield connection


ALL = ["_path", "_line", "_key"]


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        ("SELECT * FROM t", ["id", "t_name"]),
        ("SELECT *, _path FROM t", ["id", "t_name", "_path"]),
        ("SELECT _line, t.* FROM t", ["_line", "id", "t_name"]),
        ("FROM t", ["id", "t_name"]),
        ("SELECT _path, id FROM t ORDER BY ALL", ["_path", "id"]),
        ("SELECT *, _path FROM t GROUP BY ALL ORDER BY ALL", ["id", "t_name", "_path"]),
        ("SELECT COLUMNS(*), _path FROM t ORDER BY ALL", ["id", "t_name", "_path"]),
        ("FROM t WHERE _path = 'a.yaml'", ["id", "t_name"]),
        ("TABLE t", ["id", "t_name"]),
        ("FROM t SELECT *, _key", ["id", "t_name", "_key"]),
        ("SELECT * FROM t JOIN u USING (id)", ["id", "t_name", "u_name"]),
        ("SELECT u.*, t._path FROM t JOIN u USING (id)", ["id", "u_name", "_path"]),
        ("SELECT a.* FROM t a, u b", ["id", "t_name"]),
        ("SELECT * FROM t JOIN u USING (id, _path)", ["id", "t_name", "u_name"]),
        ("SELECT * EXCLUDE (id) FROM t", ["t_name"]),
        ("SELECT * EXCLUDE id FROM t", ["t_name"]),
        ("SELECT * EXCLUDE (t.id) FROM t", ["t_name"]),
        ("SELECT * EXCEPT (id) FROM t", ["t_name"]),
        ("SELECT * EXCLUDE (_path, id) FROM t", ["t_name"]),
        ("SELECT * REPLACE (2 AS id) FROM t", ["id", "t_name"]),
        ("SELECT * EXCLUDE (t_name) REPLACE (2 AS id) FROM t", ["id"]),
        ("SELECT * RENAME (id AS number) FROM t", ["number", "t_name"]),
        ("SELECT COLUMNS(*) FROM t", ["id", "t_name"]),
        ("SELECT COLUMNS(* EXCLUDE (id)), _path FROM t", ["t_name", "_path"]),
        ("SELECT COLUMNS('_n') FROM t", ["t_name"]),
        ("SELECT *, _path FROM (SELECT id, _path FROM t)", ["id", "_path", "_path"]),
        ("WITH c AS (SELECT *, _path FROM t) SELECT * FROM c", ["id", "t_name", "_path"]),
        ("WITH c AS (FROM t) SELECT * FROM c JOIN u USING (id)", ["id", "t_name", "u_name"]),
        ("SELECT * FROM range(1) r, t", ["r", "id", "t_name"]),
        ("SELECT * FROM t UNION ALL SELECT * FROM u", ["id", "t_name"]),
        ("FROM t UNION ALL BY NAME SELECT *, _path FROM u", ["id", "t_name", "u_name", "_path"]),
        ("SELECT (SELECT _path FROM u) AS p, * FROM t", ["p", "id", "t_name"]),
        ("SELECT count(*) AS n, _path FROM t GROUP BY ALL", ["n", "_path"]),
        ("FROM (SELECT 1 AS one), t", ["one", "id", "t_name"]),
        ("SELECT * FROM t, (SELECT * FROM u) v", ["id", "t_name", "id", "u_name"]),
        ("SELECT * FROM t WHERE id IN (SELECT id FROM u WHERE _line = 7)", ["id", "t_name"]),
    ],
)
def test_stars(
    sql: str, columns: list[str], parser: DuckdbParser, database: duckdb.DuckDBPyConnection
) -> None:
    spliced = splice(sql, hide_in_stars(sql, ALL, parser))
    assert database.sql(spliced).columns == columns


def test_names_by_table(parser: DuckdbParser) -> None:
    def hidden_of(reference: TableReference) -> list[str]:
        return ["_path"] if reference.name == "u" else []

    sql = "SELECT * FROM t JOIN u AS v USING (id)"
    spliced = splice(sql, hide_in_stars(sql, hidden_of, parser))
    assert spliced == 'SELECT * EXCLUDE ("v"."_path") FROM t JOIN u AS v USING (id)'


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ('SELECT _path, "_Line" FROM t', {"_path", "_line"}),
        ("SELECT '_path' FROM t -- _line", set()),
        ("FROM t WHERE t._KEY = 1", {"_key"}),
        ("SELECT _paths, path FROM t", set()),
    ],
)
def test_mentions(sql: str, names: set[str], parser: DuckdbParser) -> None:
    assert mentions_hidden(sql, parser) == names
    assert mentions_hidden(analyze(sql, parser), parser) == names


def test_natural_join_is_refused(parser: DuckdbParser) -> None:
    with pytest.raises(StatementInvalid, match="USING"):
        hide_in_stars("SELECT * FROM t NATURAL JOIN u WHERE _path = 'x'", ["_path"], parser)
    assert hide_in_stars("SELECT * FROM t NATURAL JOIN u", [], parser) == []
