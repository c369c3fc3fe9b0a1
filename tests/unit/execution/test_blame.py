"""`blame`: which commit last changed each record, and each of its fields."""

import pytest

import ingitdb
from tests.support.opening import Opened, rows, types
from tests.support.repositories import RepoBuilder

ITEMS = "SELECT _key, message FROM blame('items') ORDER BY 1"
CELLS = "SELECT _key, column_name, message FROM blame('items', cells => true) ORDER BY 1, 2"
KEYED = "tables: {items: {glob: items.json, key: id}}"


def test_the_last_change_of_each_record(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({"items/a.yaml": "n: 1\nm: 1\n", "items/b.yaml": "n: 2\n"}, "First")
    changed = {"items/a.yaml": "n: 1  # as agreed\nm: 2\n", "items/c.yaml": "n: 3\n"}
    second = repo.commit(changed, "Second")
    repo.commit({"items/b.yaml": "# nothing but words\nn: 2\n"}, "Third")
    connection = opened(repo)
    assert rows(connection, ITEMS) == [("a", "Second"), ("b", "First"), ("c", "Second")]
    assert rows(connection, CELLS) == [
        ("a", "m", "Second"),
        ("a", "n", "First"),
        ("b", "m", "First"),
        ("b", "n", "First"),
        ("c", "m", "Second"),
        ("c", "n", "Second"),
    ]
    assert types(connection, "FROM blame('items')") == {
        "_key": "VARCHAR",
        "commit": "VARCHAR",
        "commit_date": "TIMESTAMP WITH TIME ZONE",
        "committer": "VARCHAR",
        "email": "VARCHAR",
        "message": "VARCHAR",
    }
    asked = "commit_hash, commit_date, committer_name, committer_email, message"
    told = rows(connection, f"SELECT {asked} FROM git_log() WHERE commit_hash = '{second}'")
    shown = "commit, commit_date, committer, email, message"
    assert rows(connection, f"SELECT {shown} FROM blame('items') WHERE _key = 'a'") == told


def test_a_record_that_goes_and_comes_back_is_new(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({"items/a.json": '{"n": 1, "m": 1}', "items/b.json": '{"n": 2}'}, "First")
    repo.commit({"items/a.json": None}, "Gone")
    repo.commit({"items/a.json": '{"n": 1, "m": 1}'}, "Back")
    repo.commit({"items/a.json": '{"n": 1}'}, "Less")
    connection = opened(repo)
    assert rows(connection, ITEMS) == [("a", "Less"), ("b", "First")]
    assert rows(connection, CELLS) == [("a", "n", "Back"), ("b", "n", "First")]


def test_another_format_is_no_change_of_a_record(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({"items/a.yaml": "n: 1\n", "items/b.yaml": "n: 2\n"}, "First")
    repo.commit({"items/a.yaml": "n: 3\n"}, "Second")
    files = {"items/a.yaml": None, "items/b.yaml": None}
    repo.commit({**files, "items/a.json": '{"n": 3}', "items/b.json": '{"n": 4}'}, "JSON")
    assert rows(opened(repo), ITEMS) == [("a", "Second"), ("b", "JSON")]


def test_the_end_of_the_line_is_the_connections(repo: RepoBuilder, opened: Opened) -> None:
    first = repo.commit({"items/a.json": '{"n": 1}'}, "First")
    repo.commit({"items/a.json": '{"n": 2}'}, "Second")
    assert rows(opened(repo, first), ITEMS) == [("a", "First")]


def test_a_declared_key(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({"items.json": '[{"id": 1, "n": 1}, {"id": 2, "n": 2}]'}, "First")
    repo.commit({"items.json": '[{"id": 2, "n": 2}, {"id": 1, "n": 3}]'}, "Second")
    repo.commit({".ingitdb/tables.yaml": KEYED}, "Keyed")
    connection = opened(repo)
    asked = "SELECT id, message FROM blame('items') ORDER BY 1"
    assert rows(connection, asked) == [(1, "Second"), (2, "First")]
    nested = KEYED.replace("key: id", "key: id.n")
    repo.commit({".ingitdb/tables.yaml": nested}, "Nested")
    repo.commit({"items.json": '[{"id": {"n": 7}, "v": 1}]'}, "Other")
    assert rows(opened(repo), "SELECT *, message FROM blame('items')")[0][0] == 7


def test_a_table_without_key_is_refused(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({"items.json": '[{"id": 1, "n": 1}, {"id": 2, "n": 2}]'})
    with pytest.raises(ingitdb.Error, match="has no key") as caught:
        rows(opened(repo), "FROM blame('items')")
    assert "ingitdb keys suggest items" in str(caught.value)


def test_what_is_no_flag_is_refused(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({"items/a.json": '{"n": 1}'})
    with pytest.raises(ingitdb.Error, match="wants true or false as cells"):
        rows(opened(repo), "FROM blame('items', cells => 'all')")
