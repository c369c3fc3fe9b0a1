"""Writes that meet other rows: what DuckDB makes of them becomes the smallest change of text."""

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ingitdb
from tests.support.meetings import TABLES, changed, filled
from tests.support.opening import Opened, opener, rows
from tests.support.repositories import RepoBuilder


@pytest.fixture
def data(repo: RepoBuilder) -> RepoBuilder:
    """Tables with and without keys, and someone who writes."""
    return filled(repo)


CHANGES = [
    (
        "INSERT INTO stops VALUES ('a', 5), ('c', 3)"
        " ON CONFLICT DO UPDATE SET size = excluded.size + stops.size",
        2,
        ["-  size: 1  # small", "+  size: 6  # small", "+c:", "+  size: 3"],
    ),
    ("INSERT INTO stops VALUES ('a', 5), ('c', 3) ON CONFLICT DO NOTHING", 1,
     ["+c:", "+  size: 3"]),
    ("INSERT OR IGNORE INTO stops VALUES ('a', 5), ('c', 3)", 1, ["+c:", "+  size: 3"]),
    ("INSERT OR REPLACE INTO stops VALUES ('b', 5)", 1, ["-  size: 2", "+  size: 5"]),
    ("INSERT OR REPLACE INTO stops SELECT upper(_key), 7 FROM stops UNION ALL SELECT 'b', 5", 3,
     ["-  size: 2", "+  size: 5", "+A:", "+  size: 7", "+B:", "+  size: 7"]),
    (
        "INSERT OR REPLACE INTO people BY NAME SELECT 'anna' AS _key, max(n) AS age FROM log",
        1,
        ["-age: 41", "+age: 6"],
    ),
    (
        "INSERT INTO people AS p (_key, age) VALUES ('bo', 1), ('cy', 2)"
        " ON CONFLICT (_key) DO UPDATE SET (age, tags) = (p.age + 1, ['d']) WHERE p.age < 9",
        2,
        ["-age: 7", "-tags: [c]", "+age: 8", "+tags: [d]", "+age: 2"],
    ),
    (
        "INSERT INTO log (id, code) VALUES (1, 'z'), (9, 'y') ON CONFLICT (id) DO UPDATE SET n = 0",
        2,
        [
            '-{"id":1,"code":"a","n":5}',
            '+{"id":1,"code":"a","n":0}',
            '+{"id":9,"code":"y","n":42,"tag":"x1"}',
        ],
    ),
    (
        "MERGE INTO people USING (VALUES ('anna', 1), ('dan', 2)) u (k, n) ON people._key = u.k"
        " WHEN MATCHED AND u.n > 1 THEN DELETE WHEN MATCHED THEN UPDATE SET age = u.n"
        " WHEN NOT MATCHED THEN INSERT (_key, age) VALUES (u.k, u.n)"
        " WHEN NOT MATCHED BY SOURCE THEN DELETE",
        3,
        ["-age: 41", "+age: 1", "-name: Bo", "-age: 7", "-tags: [c]", "+age: 2"],
    ),
    (
        "WITH w AS (SELECT 'R1' AS r) MERGE INTO fares USING w ON r = route"
        " WHEN MATCHED THEN UPDATE SET price = price + 1",
        1,
        ["-R1,9.50", "+R1,10.50"],
    ),
    (
        "MERGE INTO fares USING (VALUES ('R2', 1), ('R3', 4)) u (route, price) USING (route)"
        " WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *",
        3,
        ["-R2,12.00", "-R2,12.00", "+R2,1.00", "+R2,1.00", "+R3,4.00"],
    ),
    (
        "MERGE INTO stops USING stops AS OF 'HEAD' o ON o._key = stops._key AND o._key = 'b'"
        " WHEN MATCHED THEN UPDATE SET size = o.size * 10",
        1,
        ["-  size: 2", "+  size: 20"],
    ),
    ("UPDATE log SET n = DEFAULT WHERE id = 1", 1,
     ['-{"id":1,"code":"a","n":5}', '+{"id":1,"code":"a","n":42}']),
    ("UPDATE log SET (n, code) = ROW(n + 1, upper(code)) WHERE id = 2", 1,
     ['-{"id":2,"code":"b","n":6}', '+{"id":2,"code":"B","n":7}']),
    ("UPDATE stops SET (size) = (size + 1) WHERE _key = 'b'", 1, ["-  size: 2", "+  size: 3"]),
    ("INSERT INTO log (id) VALUES (3)", 1, ['+{"id":3,"n":42,"tag":"x1"}']),
    ("INSERT INTO log (id, n, tag) VALUES (3, DEFAULT, NULL)", 1, ['+{"id":3,"n":42}']),
    ("INSERT INTO fares DEFAULT VALUES", 1, ["+,"]),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "count", "lines"), CHANGES, ids=[c[0][:50] for c in CHANGES])
def test_one_commit_of_the_smallest_change(
    sql: str, count: int, lines: list[str], data: RepoBuilder, opened: Opened
) -> None:
    cursor = opened(data).execute(sql)
    assert cursor.description is None
    assert cursor.rowcount == count
    assert sorted(changed(data)) == sorted(lines)
    assert data.git("rev-list", "--count", "main") == "2"
    assert sql in data.git("log", "-1", "--format=%b")


def test_returning(data: RepoBuilder, opened: Opened) -> None:
    connection = opened(data)
    found = rows(
        connection,
        "INSERT INTO stops VALUES ('a', 5), ('c', 3)"
        " ON CONFLICT DO UPDATE SET size = 8 RETURNING *, stops.size * 2 AS twice",
    )
    assert found == [("a", 8, 16), ("c", 3, 6)]
    cursor = connection.execute(
        "MERGE INTO stops USING (VALUES ('a'), ('z')) u (k) ON k = _key"
        " WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (k, 0)"
        " WHEN NOT MATCHED BY SOURCE THEN UPDATE SET size = 1 RETURNING merge_action, *"
    )
    assert [name for name, *_ in cursor.description] == ["merge_action", "_key", "size"]
    assert sorted(cursor.fetchall()) == [
        ("DELETE", "a", 8),
        ("INSERT", "z", 0),
        ("UPDATE", "b", 1),
        ("UPDATE", "c", 1),
    ]
    assert rows(connection, "SELECT _key, size FROM stops ORDER BY 1") == [
        ("b", 1),
        ("c", 1),
        ("z", 0),
    ]


def test_expressions_that_write(data: RepoBuilder, opened: Opened) -> None:
    connection = opened(data)
    sql = (
        "WITH gone AS (DELETE FROM stops WHERE _key = 'a' RETURNING *),"
        " dearer AS (UPDATE fares SET price = price + 1 WHERE route = 'R1' RETURNING price)"
        " SELECT gone.*, dearer.price::INT, (SELECT count(*) FROM stops) FROM gone, dearer"
    )
    assert rows(connection, sql) == [("a", 1, 11, 1)]
    assert sorted(changed(data)) == sorted(["-a:", "-  size: 1  # small", "-R1,9.50", "+R1,10.50"])
    sql = "WITH moved AS (DELETE FROM stops RETURNING *) INSERT INTO people (_key, age) FROM moved"
    assert connection.execute(sql).rowcount == 1
    assert rows(connection, "SELECT age FROM people WHERE _key = 'b'") == [(2,)]
    assert rows(connection, "SELECT count(*) FROM stops") == [(0,)]


def test_parameters_keep_their_order(data: RepoBuilder, opened: Opened) -> None:
    connection = opened(data)
    sql = (
        "MERGE INTO stops USING (SELECT ? AS k) u ON _key = k AND ? WHEN MATCHED AND ?"
        " THEN UPDATE SET size = ? WHEN NOT MATCHED THEN INSERT VALUES (k, ?) RETURNING size + ?"
    )
    assert rows(connection, sql, ["a", True, True, 55, 0, 1]) == [(56,)]
    sql = "INSERT INTO stops VALUES ($k, $n) ON CONFLICT DO UPDATE SET size = $n + stops.size"
    assert connection.execute(sql, {"k": "a", "n": 5}).rowcount == 1
    sql = "WITH w AS (UPDATE stops SET size = ? WHERE _key = ? RETURNING size) SELECT ?, * FROM w"
    assert rows(connection, sql, [9, "b", "x"]) == [("x", 9)]
    assert rows(connection, "SELECT size FROM stops ORDER BY _key") == [(60,), (9,)]


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO stops VALUES ('a', 5) ON CONFLICT DO NOTHING",
        "INSERT OR REPLACE INTO stops VALUES ('a', 1)",
        "MERGE INTO stops USING stops u USING (_key) WHEN MATCHED THEN UPDATE SET size = u.size",
        "MERGE INTO fares USING (FROM fares LIMIT 1) u USING (route) WHEN MATCHED THEN UPDATE",
        "WITH w AS (UPDATE people SET tags = tags RETURNING 1) SELECT * FROM w",
    ],
)
def test_what_changes_nothing_makes_no_commit(sql: str, data: RepoBuilder, opened: Opened) -> None:
    before = data.tip()
    opened(data).execute(sql).close()
    assert data.tip() == before


REFUSED = [
    ("INSERT INTO log (id, code) VALUES (8, 'b') ON CONFLICT (id) DO NOTHING",
     ingitdb.IntegrityError, "log has a record 'b' already"),
    ("MERGE INTO log USING (SELECT 1) ON false WHEN NOT MATCHED THEN INSERT (id, code)"
     " VALUES (1, 'q')", ingitdb.IntegrityError, "log has a record '1' already"),
    ("INSERT OR IGNORE INTO log (code) VALUES ('q')", ingitdb.IntegrityError, "needs a key"),
    ("INSERT INTO stops VALUES ('a', 'x') ON CONFLICT DO NOTHING", ingitdb.DataError, "convert"),
    ("INSERT INTO stops VALUES ('a') ON CONFLICT DO NOTHING", ingitdb.ProgrammingError,
     '"stops": expected 2 columns but 1'),
    ("INSERT OR REPLACE INTO stops SELECT 'a', 1, 2", ingitdb.ProgrammingError,
     "2 columns but 3 values"),
    ("MERGE INTO stops USING fares ON false WHEN NOT MATCHED THEN INSERT VALUES ('z', 1, 2)",
     ingitdb.ProgrammingError, "2 columns but 3 values"),
    ("INSERT INTO stops VALUES ('a', 1) ON CONFLICT (size) DO NOTHING", ingitdb.ProgrammingError,
     "not referenced by a UNIQUE/PRIMARY KEY"),
    ("INSERT INTO fares VALUES ('a', 1) ON CONFLICT DO NOTHING", ingitdb.ProgrammingError,
     "no UNIQUE/PRIMARY KEY"),
    ("INSERT INTO stops SELECT k, 1 FROM read_csv('x') ON CONFLICT DO NOTHING",
     ingitdb.NotSupportedError, "read_csv"),
    ("INSERT OR IGNORE INTO stops VALUES ('a', 1) RETURNING getenv('HOME')",
     ingitdb.NotSupportedError, "getenv"),
    ("MERGE INTO stops USING (VALUES ('a'), ('a')) u (k) ON k = _key"
     " WHEN MATCHED THEN UPDATE SET size = 4", ingitdb.DataError, "more than once"),
    ("MERGE INTO stops USING stop ON true WHEN MATCHED THEN DELETE", ingitdb.ProgrammingError,
     "'stop' does not exist"),
    ("MERGE INTO stops USING fares ON true", ingitdb.ProgrammingError, "syntax error"),
    ("MERGE INTO stops USING fares ON true WHEN MATCHED THEN ERROR 'no ' || route",
     ingitdb.IntegrityError, "no R1"),
    ("REPLACE INTO stops VALUES ('a', 1)", ingitdb.ProgrammingError, "syntax error"),
    ("UPDATE stops SET size.x = 1", ingitdb.ProgrammingError, "Qualified column names"),
    ("UPDATE people SET (age, name) = (SELECT 1, 'x')", ingitdb.ProgrammingError,
     "2 columns - expected 1"),
    ("UPDATE people SET (age, name) = (1, 'x', 2)", ingitdb.ProgrammingError,
     "expected 2 values, got 3"),
    ("UPDATE people SET age = 1, age = 2", ingitdb.ProgrammingError, "Multiple assignments"),
    ("WITH w AS (MERGE INTO stops USING fares ON true WHEN MATCHED THEN DELETE) SELECT 1",
     ingitdb.ProgrammingError, "CTE body must be"),
    ("EXPLAIN INSERT INTO stops VALUES ('q', 1)", ingitdb.NotSupportedError, "EXPLAIN is for"),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "kind", "said"), REFUSED, ids=[r[0][:50] for r in REFUSED])
def test_nothing_is_written_where_something_is_wrong(
    sql: str, kind: type[Exception], said: str, data: RepoBuilder, opened: Opened
) -> None:
    before = data.tip()
    with pytest.raises(kind, match=said) as caught:
        opened(data).execute(sql)
    assert data.tip() == before
    assert data.git("status", "--porcelain") == ""
    assert not {"\u0001", "\u0002"} & set(str(caught.value))
    assert "c_" not in str(caught.value)


def test_the_place_of_an_error_is_where_it_was_typed(data: RepoBuilder, opened: Opened) -> None:
    with pytest.raises(ingitdb.ProgrammingError) as caught:
        opened(data).execute(
            "SELECT 1;\nINSERT INTO stops VALUES ('a', 2)\n"
            "ON CONFLICT DO UPDATE SET size = excluded.sise"
        )
    assert "line 3, column 43:" in str(caught.value)
    assert "\n" + " " * 42 + "^^^^" in str(caught.value)


def test_records_that_break_their_key_already(data: RepoBuilder, opened: Opened) -> None:
    data.commit({"log.jsonl": '{"id":1,"n":5}\n{"id":1,"n":6}\n'})
    with pytest.raises(ingitdb.OperationalError, match="break its key already"):
        opened(data).execute("INSERT OR IGNORE INTO log (id) VALUES (1)")


@pytest.mark.parametrize("default", ["getenv('HOME')", "1 +", "(SELECT 1)", "1; DROP TABLE x"])
def test_defaults_that_cannot_be_used(default: str, data: RepoBuilder, opened: Opened) -> None:
    data.commit({".ingitdb/tables.yaml": TABLES.replace("40 + 2", default)})
    before = data.tip()
    with pytest.raises(ingitdb.Error, match=r"(?i)default"):
        opened(data).execute("INSERT INTO log (id) VALUES (3)")
    assert data.tip() == before


def test_a_statement_that_takes_too_long(data: RepoBuilder, opened: Opened) -> None:
    before = data.tip()
    endless = "SELECT sum(a.i * b.i) AS s FROM range(10000000) a (i), range(1000000) b (i)"
    with pytest.raises(ingitdb.OperationalError, match="took longer than"):
        opened(data, timeout=0.5).execute(
            f"MERGE INTO stops USING ({endless}) ON true WHEN MATCHED THEN DELETE"
        )
    assert data.tip() == before


LANDS = {
    "lands.csv": "code,n\nno,1\nse,2\n",
    "towns.csv": "name,land\nOslo,no\nLund,se\n",
    ".ingitdb/tables.yaml": """tables:
  lands: {key: [code]}
  towns:
    foreign_keys:
      - {columns: [land], table: lands, references: [code], on_delete: cascade, on_update: cascade}
""",
}
RENAMES = [
    "UPDATE lands SET code = 'xx' WHERE n = 1",
    "MERGE INTO lands USING (SELECT 'xx' AS c, 1 AS i) ON n = i WHEN MATCHED THEN UPDATE SET *",
    "MERGE INTO lands USING (SELECT 'xx', 1) u (c, i) ON n = i WHEN MATCHED THEN UPDATE"
    " WHEN NOT MATCHED THEN INSERT *",
    "MERGE INTO lands USING (SELECT 'xx', 1) u (c, i) ON n = i"
    " WHEN MATCHED AND lands._path LIKE 'l%' THEN UPDATE BY POSITION RETURNING merge_action, *",
    "MERGE INTO lands USING (SELECT 'xx' AS c) a JOIN (SELECT 1 AS i) b ON true ON n = i"
    " WHEN MATCHED THEN UPDATE",
    "INSERT INTO lands SELECT 'no', 1 ON CONFLICT (code) DO UPDATE SET code = 'xx' RETURNING *",
    "INSERT INTO lands BY POSITION SELECT 'no', 1 ON CONFLICT (code) DO UPDATE SET code = 'xx'",
]


@pytest.mark.parametrize("sql", RENAMES)
def test_a_key_that_changes_takes_along_what_refers_to_it(
    sql: str, repo: RepoBuilder, opened: Opened
) -> None:
    repo.commit(LANDS)
    opened(repo).execute(sql)
    assert repo.git("show", "main:lands.csv").split() == ["code,n", "xx,1", "se,2"]
    assert repo.git("show", "main:towns.csv").split() == ["name,land", "Oslo,xx", "Lund,se"]


def test_which_record_has_another_key_is_not_guessed(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit(LANDS)
    merge = (
        "MERGE INTO lands USING (SELECT ? AS c, 1 AS i) ON n = i"
        " WHEN MATCHED THEN UPDATE SET * RETURNING lands"
    )
    connection = opened(repo)
    with pytest.raises(ingitdb.Error, match="which of its records has another key"):
        connection.execute(merge, ["xx"])
    assert repo.git("rev-list", "--count", "main") == "1"
    assert rows(connection, merge, ["no"]) == [({"code": "no", "n": 1},)]


@pytest.mark.parametrize(
    "sql",
    [
        "MERGE INTO lands USING (SELECT 'no', 1, 2) u ON true WHEN MATCHED THEN UPDATE SET *",
        "MERGE INTO lands USING (SELECT 'no') u ON true WHEN MATCHED THEN UPDATE",
        "MERGE INTO lands USING (SELECT 'x', 1, 2) u ON false WHEN NOT MATCHED THEN INSERT *",
        "MERGE INTO lands USING (SELECT 'x') u ON false WHEN NOT MATCHED THEN INSERT",
        "INSERT INTO lands SELECT 'x', 1, 2 ON CONFLICT DO NOTHING",
        "INSERT OR REPLACE INTO lands BY POSITION SELECT 'x'",
    ],
)
def test_columns_that_come_in_order_are_counted(
    sql: str, repo: RepoBuilder, opened: Opened
) -> None:
    repo.commit(LANDS)
    with pytest.raises(ingitdb.ProgrammingError, match="2 columns") as met:
        opened(repo).execute(sql)
    assert met.value.sqlstate == "42601"
    assert "\u0001" not in str(met.value)


@pytest.mark.parametrize(
    ("sql", "lines"),
    [
        (
            "INSERT INTO people (_key, age) VALUES ('anna', 5), ('bo', 5) ON CONFLICT"
            " DO UPDATE SET age = excluded.age WHERE people._path LIKE '%/bo.yaml'",
            ["-age: 7", "+age: 5"],
        ),
        (
            "MERGE INTO people USING (SELECT 1 AS n) ON true"
            " WHEN MATCHED AND _path = 'people/bo.yaml' THEN UPDATE SET age = n + _line",
            ["-age: 7", "+age: 2"],
        ),
    ],
)
def test_where_a_record_lies(sql: str, lines: list[str], data: RepoBuilder, opened: Opened) -> None:
    opened(data).execute(sql)
    assert sorted(changed(data)) == sorted(lines)


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT OR IGNORE INTO people (_key, _path) VALUES ('z', 'x')",
        "INSERT INTO people (_key) VALUES ('bo') ON CONFLICT DO UPDATE SET _path = 'x'",
        "INSERT OR IGNORE INTO people (_key) VALUES ('z') RETURNING _path",
    ],
)
def test_where_a_record_lies_is_not_written(sql: str, data: RepoBuilder, opened: Opened) -> None:
    with pytest.raises(ingitdb.ProgrammingError, match="no column '_path'") as met:
        opened(data).execute(sql)
    assert met.value.sqlstate == "42703"
    assert data.git("rev-list", "--count", "main") == "1"


@pytest.mark.parametrize(
    ("table", "sql", "row"),
    [
        (
            "people",
            "INSERT INTO people VALUES ('cy', 'Cy', 3, ['c']) ON CONFLICT DO NOTHING",
            ("cy", "Cy", 3, ["c"]),
        ),
        (
            "people",
            "INSERT OR REPLACE INTO people SELECT 'cy', 'Cy', 3, ['c']",
            ("cy", "Cy", 3, ["c"]),
        ),
        (
            "people",
            "MERGE INTO people USING (SELECT 'cy' AS k, 'Cy', 3, ['c']) u ON k = _key"
            " WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT *",
            ("cy", "Cy", 3, ["c"]),
        ),
        (
            "fares",
            "MERGE INTO fares USING (SELECT 'R9' AS r, 1 AS p) u ON r = route"
            " WHEN NOT MATCHED THEN INSERT (route, price) VALUES (r, p)",
            ("R9", 1),
        ),
    ],
)
def test_a_table_whose_records_have_gone_takes_new_ones(
    table: str, sql: str, row: tuple[Any, ...], data: RepoBuilder, opened: Opened
) -> None:
    connection = opened(data)
    connection.execute(f"DELETE FROM {table}")
    assert connection.execute(sql).rowcount == 1
    assert rows(connection, f"FROM {table}") == [row]
    assert data.git("status", "--porcelain") == ""


def test_a_lasting_record_stays_where_it_is(data: RepoBuilder, opened: Opened) -> None:
    connection = opened(data)
    connection.execute(
        "MERGE INTO people USING (SELECT ['x', 'y'] AS l) ON true"
        " WHEN MATCHED THEN UPDATE SET tags = l, name = name"
    )
    assert changed(data) == ["-tags: [a, b]", "+tags: [x, 'y']", "-tags: [c]", "+tags: [x, 'y']"]
    kinds = "SELECT diff_type FROM diff('people') WHERE to_commit = hash_of('main')"
    assert rows(connection, kinds) == [("modified",), ("modified",)]


NUMBERS = st.integers(-3, 60)
KEYS = st.sampled_from(["anna", "bo", "cy", "dan"])
CONDITIONS = st.one_of(
    st.builds("age > {}".format, NUMBERS),
    st.builds("_key = '{}'".format, KEYS),
    st.just("name IS NULL"),
    st.just("len(tags) = 1"),
)
ASSIGNMENTS = st.sampled_from(
    [
        "age = age + 1",
        "age = NULL, name = 'né'",
        "tags = list_append(tags, 'no')",
        "name = upper(name) || age",
        "(age, name) = (len(tags), DEFAULT)",
        "age = (SELECT max(age) FROM people)",
    ]
)
SIMPLE = st.one_of(
    st.builds("UPDATE people SET {} WHERE {}".format, ASSIGNMENTS, CONDITIONS),
    st.builds("DELETE FROM people WHERE {}".format, CONDITIONS),
    st.builds("INSERT INTO people (_key, age) VALUES ('{}', {})".format, KEYS, NUMBERS),
    st.builds("UPDATE fares SET price = price + {} WHERE route = 'R2'".format, NUMBERS),
    st.builds("DELETE FROM fares WHERE price > {}".format, NUMBERS),
    st.builds("INSERT INTO fares SELECT route, {} FROM fares".format, NUMBERS),
)


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(script=st.lists(SIMPLE, min_size=2, max_size=5))
def test_both_ways_write_the_same_bytes(script: list[str], tmp_path: Path) -> None:
    folder = tmp_path / f"{random.getrandbits(60):x}"
    repositories = [filled(RepoBuilder(folder / name / "shop")) for name in ("cut", "whole")]
    with opener(folder) as opened:
        cut, whole = (
            opened(repo, cache=folder / f"cache-{at}") for at, repo in enumerate(repositories)
        )
        for sql in script:
            inside = f"WITH w AS ({sql} RETURNING 1 AS one) SELECT count(*) FROM w"
            assert outcome(whole, inside) == outcome(cut, sql), sql
            trees = [repo.git("rev-parse", "HEAD^{tree}") for repo in repositories]
            assert trees[0] == trees[1], sql


def outcome(connection: Any, sql: str) -> int | type[Exception]:
    """Gives how many records a statement met, or its kind of error."""
    try:
        cursor = connection.execute(sql)
    except ingitdb.Error as error:
        return type(error)
    count: int = cursor.rowcount if cursor.description is None else cursor.fetchone()[0]
    return count
