"""`?` counts as typed, wherever a statement has it: DuckDB itself is asked the same."""

from pathlib import Path

import duckdb
import pytest

from tests.support.opening import opener, rows
from tests.support.repositories import RepoBuilder

TABLE = "CREATE TABLE t (id VARCHAR PRIMARY KEY, a VARCHAR, b VARCHAR, c VARCHAR)"
ROWS = "INSERT INTO t VALUES ('k', 'a', 'b', 'c'), ('l', 'd', 'e', 'f')"
STATEMENTS = [
    "UPDATE t SET b = ?, a = ? WHERE id = ?",
    "UPDATE t SET c = ?, b = ?, a = a || ? WHERE b = ?",
    "UPDATE t SET b = ?, a = v.x FROM (SELECT ? AS x, ? AS y) v WHERE id = v.y AND c = ?",
    "WITH w AS (SELECT ? AS x) UPDATE t SET b = w.x, a = ? FROM w WHERE id = ?",
    "DELETE FROM t USING (SELECT ? AS x) v WHERE id = v.x AND b <> ?",
    "INSERT INTO t (c, id, a) VALUES (?, ?, ?)",
    "INSERT INTO t BY NAME SELECT ? AS c, ? AS id",
    "INSERT INTO t (b, id) SELECT ?, x FROM (SELECT ? AS x)",
    "INSERT INTO t (c, id, a) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET b = ?, a = ?",
    "INSERT INTO t (b, id) VALUES (?, ?)"
    " ON CONFLICT (id) DO UPDATE SET c = ?, a = excluded.b WHERE t.a <> ?",
    "INSERT OR REPLACE INTO t (b, id, a) VALUES (?, ?, ?)",
]
VALUES = [
    ("1", "2", "k"),
    ("1", "2", "3", "b"),
    ("1", "2", "k", "c"),
    ("1", "2", "l"),
    ("k", "x"),
    ("1", "m", "2"),
    ("1", "m"),
    ("1", "m"),
    ("1", "k", "2", "3", "4"),
    ("1", "k", "2", "z"),
    ("1", "k", "2"),
]


@pytest.mark.parametrize(("sql", "values"), list(zip(STATEMENTS, VALUES, strict=True)))
@pytest.mark.parametrize("form", ["yaml", "csv"])
def test_parameters_are_counted_as_typed(
    sql: str, values: tuple[str, ...], form: str, tmp_path: Path
) -> None:
    repo = RepoBuilder(tmp_path / "repo")
    repo.config(user__name="Data Desk", user__email="data@example.org")
    repo.commit({"README.md": "Data\n"})
    with opener(tmp_path) as opened, duckdb.connect() as other:
        ours = opened(repo)
        ours.execute(f"{TABLE} WITH (format = '{form}')")
        other.execute(TABLE)
        for side in (ours, other):
            side.execute(ROWS)
            side.execute(sql, values)
        expected = other.execute("FROM t ORDER BY id").fetchall()
        assert rows(ours, "FROM t ORDER BY id") == expected


def test_merge_counts_as_typed(tmp_path: Path) -> None:
    repo = RepoBuilder(tmp_path / "repo")
    repo.config(user__name="Data Desk", user__email="data@example.org")
    repo.commit({"t.csv": "id,a,b\nk,1,2\n"})
    with opener(tmp_path) as opened:
        ours = opened(repo)
        ours.execute(
            "MERGE INTO t USING (SELECT ? AS k) v ON id = v.k"
            " WHEN MATCHED AND b = ? THEN UPDATE SET b = ?, a = ?"
            " WHEN NOT MATCHED THEN INSERT (id, a, b) VALUES (v.k, ?, ?)",
            ("k", 2, 7, 8, 9, 10),
        )
        assert rows(ours, "FROM t") == [("k", 8, 7)]
