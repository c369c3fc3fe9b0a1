"""Which queries list a table in file order."""

import pytest

from ingitdb.execution.parser import DuckdbParser
from ingitdb.sql.ordering import keeps_file_order, ordered_table


@pytest.mark.parametrize(
    "sql",
    [
        "FROM t",
        "TABLE t",
        "SELECT a, b + 1 FROM t WHERE c > 2 LIMIT 10 OFFSET 2",
        "FROM t AS OF 'v1' LIMIT 10",
        "FROM (SELECT * FROM t WHERE x) LIMIT 3",
        "WITH c AS (FROM t), d AS (FROM c) SELECT a FROM d",
        "WITH t AS (FROM t) FROM t",
        "SELECT a, row_number() OVER () FROM t",
        "SELECT unnest(a) FROM t",
        "SELECT list_sum(a), list_transform(a, lambda x: x + 1) FROM t",
        "SELECT (SELECT max(a) FROM u) FROM t",
        "SELECT * FROM t WHERE id IN (SELECT id FROM u ORDER BY 1)",
    ],
)
def test_kept(sql: str, parser: DuckdbParser) -> None:
    assert keeps_file_order(sql, parser)
    table = ordered_table(sql, parser)
    assert table is not None
    assert table.name == "t"


@pytest.mark.parametrize(
    "sql",
    [
        "FROM t ORDER BY a",
        "SELECT DISTINCT a FROM t",
        "SELECT DISTINCT ON (a) * FROM t",
        "SELECT sum(a) FROM t",
        "SELECT a + count(*) FROM t",
        "SELECT a FROM t GROUP BY a",
        "SELECT a FROM t GROUP BY ALL",
        "SELECT max(a) FROM t HAVING true",
        "SELECT rank() OVER (ORDER BY a) FROM t",
        "SELECT a FROM t QUALIFY row_number() OVER (PARTITION BY a) = 1",
        "FROM t, u",
        "FROM t JOIN u USING (id)",
        "FROM t UNION ALL FROM u",
        "FROM (FROM t ORDER BY a)",
        "FROM (SELECT a, count(*) FROM t GROUP BY a)",
        "WITH c AS (SELECT DISTINCT a FROM t) FROM c",
        "FROM t TABLESAMPLE 3 ROWS",
        "FROM t USING SAMPLE 3",
        "PIVOT t ON a USING sum(b)",
        "SUMMARIZE t",
        "FROM range(3)",
        "VALUES (1)",
        "SELECT 1",
        "WITH RECURSIVE r AS (SELECT 1 UNION ALL FROM r) FROM r",
    ],
)
def test_not_kept(sql: str, parser: DuckdbParser) -> None:
    assert not keeps_file_order(sql, parser)
