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


def test_what_came_in_by_a_merge_is_followed_to_who_made_it(
    repo: RepoBuilder, opened: Opened
) -> None:
    both = {"items/a.json": '{"n": 1, "m": 1}', "items/b.json": '{"n": 1}'}
    repo.commit({**both, "items/c.json": '{"n": 1}'}, "Root")
    repo.branch("side")
    repo.commit({"items/a.json": '{"n": 2, "m": 1}', "items/d.json": '{"n": 1}'}, "Side 1")
    repo.commit({"items/b.json": '{"n": 3}'}, "Side 2")
    repo.branch("deep")
    repo.commit({"items/e.json": '{"n": 1}'}, "Deep")
    repo.checkout("side")
    repo.commit({"items/c.json": '{"n": 4}'}, "Side 3")
    repo.merge("deep", "Merge deep")
    repo.checkout("main")
    repo.commit({"items/f.json": '{"n": 1}'}, "Main")
    repo.merge("side", "Merge side")
    connection = opened(repo)
    assert rows(connection, ITEMS) == [
        ("a", "Side 1"),
        ("b", "Side 2"),
        ("c", "Side 3"),
        ("d", "Side 1"),
        ("e", "Deep"),
        ("f", "Main"),
    ]
    cells = [(name, message) for key, name, message in rows(connection, CELLS) if key == "a"]
    assert cells == [("m", "Root"), ("n", "Side 1")]


def test_what_only_a_merge_has_is_the_merges(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({"items/a.json": '{"n": 1, "m": 1, "x": 1}'}, "Root")
    repo.branch("side")
    repo.commit({"items/a.json": '{"n": 2, "m": 1, "x": 1}'}, "Side")
    repo.checkout("main")
    repo.commit({"items/a.json": '{"n": 1, "m": 2, "x": 1}'}, "Main")
    repo.git("merge", "--quiet", "--no-commit", "--no-ff", "--strategy=ours", "side")
    repo.commit({"items/a.json": '{"n": 2, "m": 2, "x": 3}'}, "Merge")
    connection = opened(repo)
    assert rows(connection, ITEMS) == [("a", "Merge")]
    fields = [(name, message) for _, name, message in rows(connection, CELLS)]
    assert fields == [("m", "Main"), ("n", "Side"), ("x", "Merge")]


def test_a_history_of_its_own_that_is_merged(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({"items/a.json": '{"n": 1}'}, "Root")
    repo.git("checkout", "--quiet", "--orphan", "other")
    repo.commit({"items/a.json": None, "items/b.json": '{"n": 1}'}, "Other root")
    repo.commit({"items/c.json": '{"n": 1}'}, "Other")
    repo.checkout("main")
    repo.git("merge", "--quiet", "--allow-unrelated-histories", "--message", "Merge", "other")
    messages = [("a", "Root"), ("b", "Other root"), ("c", "Other")]
    assert rows(opened(repo), ITEMS) == messages


def test_declarations_made_aside(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({"items.json": '[{"id": 1, "n": 1}, {"id": 2, "n": 1}]'}, "Root")
    repo.branch("side")
    repo.commit({".ingitdb/tables.yaml": KEYED}, "Keyed")
    repo.commit({"items.json": '[{"id": 1, "n": 5}, {"id": 2, "n": 1}]'}, "Side")
    repo.checkout("main")
    repo.commit({"x.txt": "-"}, "Main")
    repo.merge("side", "Merge")
    asked = "SELECT id, message FROM blame('items') ORDER BY 1"
    assert rows(opened(repo), asked) == [(1, "Side"), (2, "Root")]
