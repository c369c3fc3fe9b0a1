"""Indexes that tables.yaml declares come, change and go with the table that they are of."""

import pytest

from ingitdb.services.migrations.migration import migration
from tests.migrations.test_scripts import Rounds, ids, rows, tables
from tests.support.migrated import DuckdbTarget, SqliteTarget, Target
from tests.support.repositories import RepoBuilder


@pytest.fixture(params=[SqliteTarget, DuckdbTarget], ids=lambda kind: kind.__name__)
def kind(request: pytest.FixtureRequest) -> type[Target]:
    return request.param


def indexes(target: Target) -> list[tuple[str, str]]:
    """Gives the name and table of each index that is no constraint's."""
    if isinstance(target, SqliteTarget):
        return target.ask(
            "SELECT name, tbl_name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
            " ORDER BY 1"
        )
    return target.ask("SELECT index_name, table_name FROM duckdb_indexes() ORDER BY 1")


def test_indexes_come_change_and_go(repo: RepoBuilder, rounds: Rounds, kind: type[Target]) -> None:
    data = rows("t", *ids(*range(9), land="no"))
    repo.commit({**tables(t={"key": "id"}), **data})
    repo.commit(tables(t={"key": "id", "indexes": ["land", ["land", "name"]]}))
    repo.commit(tables(t={"key": "id", "indexes": [["name"], ["land", "name"]]}))
    found = rounds(repo.path)
    up, down = found.go(kind, "HEAD~2", "HEAD~1")
    assert "-- alter table t, 9 rows [locks]: change indexes\n" in up
    assert 'DROP TABLE "' not in up + down
    assert indexes(found.fresh(kind, "HEAD~1")) == [("t.land", "t"), ("t.land_name", "t")]
    found.go(kind, "HEAD~1", "HEAD")
    found.go(kind, "EMPTY", "HEAD")
    target = found.fresh(kind, "HEAD")
    assert indexes(target) == [("t.land_name", "t"), ("t.name", "t")]


def test_indexed_values_change_together_with_indexes(
    repo: RepoBuilder, rounds: Rounds, kind: type[Target]
) -> None:
    """DuckDB makes no index of a table after it has updated rows of it."""
    before = [{"id": n, "a": f"a{n}", "b": n, "list": [n]} for n in range(50)]
    after = [{**row, "a": f"x{row['b']}"} if row["id"] % 10 == 3 else row for row in before]
    after = [*after[:40], {"id": 99, "a": None, "b": 1, "list": []}]
    said = {"key": "id", "unique": ["b"]}
    repo.commit({**tables(t={**said, "unique": [], "indexes": ["b"]}), **rows("t", *before)})
    repo.commit({**tables(t={**said, "indexes": ["a"], "unique": []}), **rows("t", *after)})
    retyped = {"columns": {"b": {"type": "VARCHAR"}}, "indexes": ["a", ["b", "a"]], "unique": []}
    repo.commit({**tables(t={**said, **retyped}), **rows("t", *before)})
    repo.commit({**rows("t", *({**row, "b": str(row["b"]), "a": "z"} for row in after))})
    found = rounds(repo.path)
    for a, b in (("HEAD~3", "HEAD~2"), ("HEAD~2", "HEAD~1"), ("HEAD~1", "HEAD")):
        up, _ = found.go(kind, a, b)
        assert "insert rows" in up or "update rows" in up
    found.go(kind, "HEAD", "HEAD~3")


def test_indexes_follow_names(repo: RepoBuilder, rounds: Rounds, kind: type[Target]) -> None:
    data = rows("t", *ids(*range(9)))
    repo.commit({**tables(t={"indexes": ["name"]}), **data})
    renamed = {"title": {"renamed_from": "name"}}
    new = [{"id": row["id"], "title": row["name"]} for row in ids(*range(9))]
    repo.commit({**tables(t={"indexes": ["title"], "columns": renamed}), **rows("t", *new)})
    moved = {"glob": "data/t.jsonl", "renamed_from": "t", "indexes": ["title"]}
    repo.commit(tables(u=moved))
    found = rounds(repo.path)
    found.go(kind, "HEAD~2", "HEAD~1")
    found.go(kind, "HEAD~1", "HEAD")
    assert indexes(found.fresh(kind, "HEAD")) == [("u.title", "u")]


def test_no_two_indexes_have_one_name(
    repo: RepoBuilder, rounds: Rounds, kind: type[Target]
) -> None:
    row = {"a": 1, "b": 2, "a_b": 3, "b.c": 4, "A_B ": 5}
    declared = {
        "t": {"glob": "t.jsonl", "schema": "main", "indexes": [["a", "b"], "a_b", "b.c"]},
        "t.b": {"glob": "u.jsonl", "schema": "main", "indexes": ["a", ["b", "a"], ["a_b"]]},
        "t.a_b": {"glob": "u.jsonl", "schema": "main"},
    }
    both = {f"{name}.jsonl": text for name in "tu" for text in rows("x", row).values()}
    repo.commit({**tables(**declared), **both})
    found = rounds(repo.path)
    found.go(kind, "EMPTY", "HEAD")
    assert len(indexes(found.fresh(kind, "HEAD"))) == 6


def test_what_cannot_be_indexed_is_said(
    repo: RepoBuilder, rounds: Rounds, kind: type[Target]
) -> None:
    said = {"indexes": ["list", "nothing", "id"]}
    repo.commit({**tables(t=said), **rows("t", {"id": 1, "list": [1]})})
    found = rounds(repo.path)
    with migration(found.database, kind.dialect, "HEAD") as made:
        notes = "\n".join(made.up.notes)
    known = indexes(found.fresh(kind, "HEAD"))
    assert ("t.id", "t") in known
    is_told = "t: DuckDB takes no index (list) of such types." in notes
    assert is_told is (kind is DuckdbTarget) is (("t.list", "t") not in known)
