"""What a statement that DuckDB runs as typed says is found, asked as one query and put back."""

import pytest

from ingitdb.errors import StatementInvalid
from ingitdb.execution.parser import DuckdbParser
from ingitdb.sql.region_queries import probe, rebuilt
from ingitdb.sql.regions import Region, regions
from ingitdb.sql.texts import as_text

STATEMENTS: dict[str, list[tuple[str, list[str]]]] = {
    "INSERT INTO t VALUES (1, 'ON CONFLICT') ON CONFLICT DO NOTHING": [
        ("INSERT", ["rows: VALUES (1, 'ON CONFLICT')"])
    ],
    "INSERT INTO t (a) SELECT x FROM u JOIN v ON u.k = v.k ON CONFLICT (a) DO UPDATE"
    " SET (a, b) = (1, DEFAULT), c = excluded.c WHERE t.c < 5 RETURNING a, t.*": [
        (
            "INSERT",
            [
                "rows: SELECT x FROM u JOIN v ON u.k = v.k",
                "value: (1, DEFAULT)",
                "value: excluded.c",
                "condition: t.c < 5",
                "list: a, t.*",
            ],
        )
    ],
    "INSERT OR REPLACE INTO t BY NAME FROM u": [("INSERT", ["rows: FROM u"])],
    "INSERT OR IGNORE INTO t DEFAULT VALUES": [("INSERT", [])],
    "MERGE INTO t USING (SELECT 1) u JOIN v ON u.a = v.a ON CASE WHEN t.k THEN u.k ELSE 1 END"
    " WHEN MATCHED AND u.a THEN UPDATE SET a = CASE WHEN b THEN 1 END, c = 2"
    " WHEN MATCHED THEN DELETE WHEN NOT MATCHED BY TARGET THEN INSERT (a) VALUES (f(u.a))"
    " WHEN NOT MATCHED BY SOURCE AND x IS DISTINCT FROM y THEN ERROR 'no ' || t.k": [
        (
            "MERGE",
            [
                "source: (SELECT 1) u JOIN v ON u.a = v.a",
                "condition: CASE WHEN t.k THEN u.k ELSE 1 END",
                "condition: u.a",
                "value: CASE WHEN b THEN 1 END",
                "value: 2",
                "value: (f(u.a))",
                "condition: x IS DISTINCT FROM y",
                "value: 'no ' || t.k",
            ],
        )
    ],
    "WITH x AS (UPDATE t y SET a = ? FROM u, v WHERE ? RETURNING *),"
    " z AS NOT MATERIALIZED (DELETE FROM s.t USING u WHERE t.k = u.k) SELECT * FROM x": [
        ("UPDATE", ["value: ?", "source: u, v", "condition: ?", "list: *"]),
        ("DELETE", ["source: u", "condition: t.k = u.k"]),
    ],
    "WITH x AS (INSERT INTO t SELECT 1 RETURNING a), y AS (SELECT 2) INSERT INTO u FROM x": [
        ("INSERT", ["rows: SELECT 1", "list: a"]),
        ("INSERT", ["rows: FROM x"]),
    ],
}


def parts(sql: str, region: Region) -> list[str]:
    return [f"{part.kind}: {sql[slice(*part.span)]}" for part in region.parts]


@pytest.mark.parametrize("sql", STATEMENTS)
def test_the_parts(sql: str, parser: DuckdbParser) -> None:
    parser.statement_types(sql)
    found = regions(as_text(sql), parser)
    assert [(region.verb, parts(sql, region)) for region in found] == STATEMENTS[sql]


@pytest.mark.parametrize("sql", STATEMENTS)
def test_all_of_them_are_one_query_in_their_order(sql: str, parser: DuckdbParser) -> None:
    found = regions(as_text(sql), parser)
    query = probe(as_text(sql), found, [[]] * len(found))
    assert parser.statement_types(query) == ["SELECT"]
    tree = parser.serialize(query)
    assert tree is not None
    assert not tree.get("error"), tree
    marks = [f"p{n}.{at}*/" for n, region in enumerate(found) for at in range(len(region.parts))]
    places = [query.index(mark) for mark in marks]
    assert places == sorted(places)
    assert query.count("?") == sql.count("?")


@pytest.mark.parametrize("sql", STATEMENTS)
def test_what_is_put_back_says_the_same(sql: str, parser: DuckdbParser) -> None:
    text = as_text(sql)
    found = regions(text, parser)
    made = rebuilt(
        text,
        found,
        probe(text, found, [["own"]] * len(found)),
        relations=["w.main.t"] * len(found),
        columns=[["a", "b"]] * len(found),
        tables={},
    )
    assert parser.statement_types(made) == parser.statement_types(sql)
    assert made.count("w.main.t AS ") == len(found)
    assert "\u0001" not in made
    stars = sum(len(region.stars) for region in found)
    assert made.count('EXCLUDE ("own")') == stars


@pytest.mark.parametrize(
    ("sql", "columns", "by_position"),
    [
        ("INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING", 1, False),
        ("INSERT INTO t BY POSITION SELECT 1 ON CONFLICT DO NOTHING", 1, False),
        ("INSERT INTO t (SELECT 1) ON CONFLICT DO NOTHING", 1, False),
        ("INSERT INTO t (a) (SELECT 1) ON CONFLICT DO NOTHING", 0, False),
        ("INSERT OR IGNORE INTO t BY NAME SELECT 1 AS a", 0, False),
        ("MERGE INTO t USING u ON x WHEN NOT MATCHED THEN INSERT VALUES (1)", 1, False),
        ("MERGE INTO t USING u ON x WHEN NOT MATCHED THEN INSERT (a) VALUES (1)", 0, False),
        ("MERGE INTO t USING u ON x WHEN NOT MATCHED THEN INSERT BY NAME", 0, False),
        ("MERGE INTO t USING u ON x WHEN NOT MATCHED THEN INSERT", 1, False),
        ("MERGE INTO t USING u ON x WHEN NOT MATCHED THEN INSERT *", 1, False),
        ("MERGE INTO t USING u ON x WHEN MATCHED THEN UPDATE SET *", 1, False),
        ("MERGE INTO t USING u ON x WHEN MATCHED THEN UPDATE", 1, False),
        ("MERGE INTO t USING u ON x WHEN MATCHED THEN UPDATE BY NAME", 0, False),
        ("INSERT OR IGNORE INTO t VALUES (1) RETURNING a, t.*", 1, False),
        ("INSERT OR IGNORE INTO t VALUES (1) RETURNING * EXCLUDE a", 1, True),
        ("INSERT OR IGNORE INTO t VALUES (1) RETURNING t", 1, True),
        ("INSERT OR IGNORE INTO t VALUES (1) RETURNING COLUMNS('a')", 1, True),
        ("INSERT OR IGNORE INTO t VALUES (1) RETURNING a * 2", 1, False),
    ],
)
def test_where_a_column_of_ours_would_be_in_the_way(
    sql: str, columns: int, by_position: bool, parser: DuckdbParser
) -> None:
    parser.statement_types(sql)
    (region,) = regions(as_text(sql), parser)
    named = [*region.columns, *region.updates, *region.inserts]
    assert (len(named), region.by_position) == (columns, by_position)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("MERGE INTO t USING u", "syntax error"),
        ("INSERT INTO t VALUES (1) ON CONFLICT (lower(a)) DO NOTHING", "syntax error"),
        ("INSERT INTO t VALUES (1) ON CONFLICT DO", "syntax error"),
        ("INSERT INTO t VALUES (1 /*\u0001p0.0*/) ON CONFLICT DO NOTHING", "control character"),
    ],
)
def test_what_is_not_understood(sql: str, said: str, parser: DuckdbParser) -> None:
    with pytest.raises(StatementInvalid, match=said):
        regions(as_text(sql), parser)
