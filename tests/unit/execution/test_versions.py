"""`versions('t')`: a row for every state of a record, with the commits between which it stood."""

from typing import Any

import pytest

import ingitdb
from tests.support.opening import Opened, rows, types
from tests.support.repositories import RepoBuilder

ALL = "SELECT n, _from_commit, _to_commit FROM versions('t') ORDER BY _valid_from, n"


def test_a_row_for_each_state(repo: RepoBuilder, opened: Opened) -> None:
    one = repo.commit({"t/a.json": '{"n": 1}', "t/b.json": '{"n": 10}'})
    two = repo.commit({"t/a.json": '{"n": 2}'})
    repo.commit({"other/x.json": "{}"})
    four = repo.commit({"t/a.json": None})
    five = repo.commit({"t/a.json": '{"n": 2}'})
    connection = opened(repo)
    expected = [(1, one, two), (10, one, None), (2, two, four), (2, five, None)]
    assert rows(connection, ALL) == expected
    same = ALL.replace("versions('t')", "t FOR SYSTEM_TIME ALL")
    assert rows(connection, same) == expected
    spans = "SELECT _valid_to - _valid_from FROM versions('t') WHERE _to_commit IS NOT NULL"
    assert {row[0].days for row in rows(connection, spans)} == {1, 2}


def test_versions_up_to_a_commit(repo: RepoBuilder, opened: Opened) -> None:
    one = repo.commit({"t/a.json": '{"n": 1}'})
    two = repo.commit({"t/a.json": '{"n": 2}'})
    repo.commit({"t/a.json": '{"n": "three"}'})
    connection = opened(repo, two)
    assert rows(connection, ALL) == [(1, one, two), (2, two, None)]
    assert types(connection, ALL)["n"] == "BIGINT"


def test_a_moved_row_is_no_new_state(repo: RepoBuilder, opened: Opened) -> None:
    one = repo.commit({"t.csv": "n\n1\n2\n3\n"})
    two = repo.commit({"t.csv": "n\n3\n1\n2\n4\n"})
    expected = [(1, one, None), (2, one, None), (3, one, None), (4, two, None)]
    assert rows(opened(repo), ALL) == expected


def test_a_comment_is_no_new_state(repo: RepoBuilder, opened: Opened) -> None:
    one = repo.commit({"t/a.yaml": "n: 1\n"})
    repo.commit({"t/a.yaml": "# one\nn: 1\n"})
    assert rows(opened(repo), ALL) == [(1, one, None)]


def test_new_commits_after_indexing(repo: RepoBuilder, opened: Opened) -> None:
    one = repo.commit({"t/a.json": '{"n": 1}'})
    connection = opened(repo)
    assert rows(connection, ALL) == [(1, one, None)]
    two = repo.commit({"t/a.json": '{"n": 2}'})
    three = repo.commit({"t/a.json": '{"n": 3}'})
    expected = [(1, one, two), (2, two, three), (3, three, None)]
    assert rows(connection, ALL) == expected
    assert rows(opened(repo), ALL) == expected


def test_a_side_branch_has_its_own_line(repo: RepoBuilder, opened: Opened) -> None:
    one = repo.commit({"t/a.json": '{"n": 1}'})
    repo.branch("dev")
    side = repo.commit({"t/a.json": '{"n": 5}'})
    repo.checkout("main")
    two = repo.commit({"t/a.json": '{"n": 2}'})
    connection = opened(repo)
    assert rows(connection, ALL) == [(1, one, two), (2, two, None)]
    dev = ALL.replace("'t'", "'\"shop/dev\".t'").replace("'\"shop/dev\".t'", "'shop/dev.t'")
    assert rows(connection, dev) == [(1, one, side), (5, side, None)]
    assert rows(opened(repo, "dev"), ALL) == [(1, one, side), (5, side, None)]


def test_a_commit_that_changes_definitions(repo: RepoBuilder, opened: Opened) -> None:
    one = repo.commit({"t/a.json": '{"n": 1}'})
    connection = opened(repo)
    assert rows(connection, ALL) == [(1, one, None)]
    two = repo.commit({".ingitdb/tables.yaml": "discover: true\n", "t/a.json": '{"n": 2}'})
    assert rows(connection, ALL) == [(1, one, two), (2, two, None)]


def test_versions_of_the_work_tree(repo: RepoBuilder, opened: Opened) -> None:
    one = repo.commit({"t/a.json": '{"n": 1}', "t/b.json": '{"n": 3}', "u/a.json": "{}"})
    connection = opened(repo, "WORKING")
    repo.write("t/a.json", '{"n": 2}')
    repo.remove("u/a.json")
    found = [(1, one, "WORKING"), (2, "WORKING", None), (3, one, None)]
    by_number = "SELECT n, _from_commit, _to_commit FROM versions('t') ORDER BY n"
    assert rows(connection, by_number) == found
    at_once = (
        "SELECT n FROM t FOR SYSTEM_TIME FROM TIMESTAMP '2026-01-01' TO TIMESTAMP '2999-01-01'"
    )
    assert rows(connection, f"{at_once} ORDER BY n") == [(1,), (3,)]
    gone = "SELECT _from_commit, _to_commit, _valid_to FROM versions('u')"
    assert rows(connection, gone) == [(one, "WORKING", None)]
    repo.write("t/a.json", '{"n": 3.5}')
    found = [(1, one, "WORKING"), (3, one, None), (3.5, "WORKING", None)]
    assert rows(connection, by_number) == found
    assert rows(opened(repo, "STAGED"), by_number) == [(1, one, None), (3, one, None)]


def test_before_the_first_commit(repo: RepoBuilder, opened: Opened) -> None:
    repo.write("t/a.json", '{"n": 1}')
    connection = opened(repo, "WORKING")
    assert rows(connection, ALL) == [(1, "WORKING", None)]
    asked = "SELECT commit_hash, commit_date, committer FROM history('t', scope => 'all')"
    assert rows(connection, asked) == [("WORKING", None, "Not committed")]


def test_nothing_leads_to_the_empty_state(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({"t/a.json": '{"n": 1}'})
    with pytest.raises(ingitdb.NotSupportedError, match="EMPTY is no commit"):
        opened(repo, "EMPTY").execute("FROM dolt_diff")


def test_contradicting_states_share_a_column(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({"t/a.yaml": "n: 1.10\n"})
    repo.commit({"t/a.yaml": "n: [1, 2]\n"})
    repo.commit({"t/a.yaml": "n: {x: 0x1F}\n"})
    connection = opened(repo)
    found = rows(connection, "SELECT n FROM versions('t') ORDER BY _valid_from")
    assert found == [("1.10",), ("[1,2]",), ('{"x":31}',)]
    assert types(connection, "SELECT n FROM versions('t')") == {"n": "JSON"}


def test_contradictions_below_a_field(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({"t/a.yaml": "n: {c: [{}, {x: 1.10}]}\n"})
    repo.commit({"t/a.yaml": "n: {c: 0x1F}\n"})
    found = rows(opened(repo), "SELECT n FROM versions('t') ORDER BY _valid_from")
    assert found == [('{"c":[{},{"x":1.10}]}',), ('{"c":31}',)]


def test_a_state_that_contradicts_itself(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({"t/a.yaml": "n: [{}, [], 1.10]\n"})
    repo.commit({"t/b.yaml": "m: 1\n"})
    found = rows(opened(repo), "SELECT n FROM versions('t') WHERE _key = 'a'")
    assert found == [(["{}", "[]", "1.10"],)]


def test_rows_beside_records_have_a_history_of_their_own(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({"t/a.json": '{"n": 1}', "t/rows.csv": "n\n7\n8\n"})
    repo.commit({"t/a.json": '{"n": 2}'})
    connection = opened(repo)
    assert rows(connection, "SELECT n FROM versions('t') ORDER BY 1") == [(1,), (2,)]
    assert rows(connection, "SELECT n FROM versions('t_rows') ORDER BY 1") == [(7,), (8,)]


def test_text_that_was_a_number(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({"t/a.yaml": "n: 1.10\n"})
    repo.commit({"t/a.yaml": "n: many\n"})
    repo.commit({"t/a.yaml": "n: 7\n"})
    found = rows(opened(repo), "SELECT n FROM versions('t') ORDER BY _valid_from")
    assert found == [("1.10",), ("many",), ("7",)]


def test_keys_and_hidden_columns(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({"t/a.json": '{"n": 1}'})
    repo.commit({"t/a.json": '{"n": 2}'})
    connection = opened(repo)
    found: list[Any] = rows(connection, "SELECT _key, n FROM versions('t') ORDER BY n")
    assert found == [("a", 1), ("a", 2)]
    names = list(types(connection, "SELECT * FROM versions('t')"))
    assert names == ["_key", "n", "_valid_from", "_valid_to", "_from_commit", "_to_commit"]


def test_an_unknown_table(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({"items/a.json": '{"n": 1}'})
    with pytest.raises(ingitdb.ProgrammingError, match="items"):
        opened(repo).execute("FROM versions('itens')")


def test_a_shape_that_no_later_state_has(repo: RepoBuilder, opened: Opened) -> None:
    first = repo.commit({"t/a.yaml": "n: {x: 1.10}\n"})
    second = repo.commit({"t/b.yaml": "n: {x: many}\n"})
    for number in range(4):
        repo.commit({"t/a.yaml": f"n: [{number}]\n"})
    connection = opened(repo)
    for commit, found in ((first, [1.1]), (second, ["1.10", "many"])):
        connection.execute(f'USE BRANCH "{commit}"')
        assert rows(connection, "SELECT n.x FROM versions('t') ORDER BY _valid_from") == [
            (value,) for value in found
        ]


def test_declared_columns_and_tables_without_records(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit(
        {
            ".ingitdb/root-collections.yaml": "t: t\n",
            "t/.collection/definition.yaml": (
                "record_file: {name: '{key}.yaml', type: 'map[string]any', format: yaml}\n"
                "columns: {n: {type: datetime}, m: {type: int}}\n"
            ),
        }
    )
    assert rows(opened(repo), "SELECT n, m, _valid_from FROM versions('t')") == []
    repo.commit({"t/$records/a.yaml": "n: 2024-01-05T10:00:00\n"})
    repo.commit({"t/$records/a.yaml": "n: 2024-01-06T10:00:00\n"})
    connection = opened(repo)
    sql = "SELECT n, m, _key FROM versions('t')"
    assert list(types(connection, sql).values()) == ["TIMESTAMP", "BIGINT", "VARCHAR"]
    assert len(rows(connection, sql)) == 2
