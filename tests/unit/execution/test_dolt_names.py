"""Dolt's names for our relations: its columns, its arguments, its flags."""

from typing import Any

import pytest

import ingitdb
from tests.support.opening import Opened, rows, types
from tests.support.repositories import RepoBuilder

COMMIT = ("committer", "email", "date", "message")
LATEST = ("committer", "committer_email", "commit_date", "commit_message")


@pytest.fixture
def shop_line(repo: RepoBuilder) -> list[str]:
    """Three commits: two items, a column more, a branch merged with one item less."""
    found = [repo.commit({"items/a.json": '{"n": 1, "m": 1}', "items/b.json": '{"n": 2}'}, "One")]
    found.append(repo.commit({"items/a.json": '{"n": 1, "x": 5}', "o.csv": "k\n1\n"}, "Two"))
    repo.branch("side", found[0])
    found.append(repo.commit({"items/b.json": None}, "Aside"))
    repo.checkout("main")
    found.append(repo.merge("side", "Three"))
    return found


def columns(connection: Any, relation: str) -> list[str]:
    return list(types(connection, f"FROM {relation}"))


def test_columns_are_those_of_dolt(shop_line: list[str], repo: RepoBuilder, opened: Opened) -> None:
    connection = opened(repo)
    to = ["to__key", "to_n", "to_x", "to_commit", "to_commit_date"]
    old = ["from__key", "from_n", "from_m", "from_commit", "from_commit_date"]
    assert columns(connection, "dolt_diff('HEAD~2', 'HEAD', 'items')") == [*to, *old, "diff_type"]
    both = ["_key", "n", "m", "x", "commit", "commit_date"]
    line = [f"{side}_{name}" for side in ("to", "from") for name in both]
    assert sorted(columns(connection, "dolt_diff_items")) == sorted([*line, "diff_type"])
    assert columns(connection, "dolt_diff_items")[0] == "to__key"
    history = ["commit_hash", "committer", "commit_date"]
    assert columns(connection, "dolt_history_items")[-3:] == history
    blame = ["_key", "commit", "commit_date", "committer", "email", "message"]
    assert columns(connection, "dolt_blame_items") == blame
    assert columns(connection, "dolt_log") == ["commit_hash", *COMMIT, "commit_order"]
    latest = [f"latest_{name}" for name in LATEST]
    branches = ["name", "hash", *latest]
    assert columns(connection, "dolt_branches") == [*branches, "remote", "branch", "dirty"]
    assert columns(connection, "dolt_remote_branches") == branches
    tags = ["tag_name", "tag_hash", "tagger", "email", "date", "message"]
    assert columns(connection, "dolt_tags") == tags
    diff = ["commit_hash", "table_name", *COMMIT, "data_change", "schema_change"]
    assert columns(connection, "dolt_diff") == diff
    for name in ("diff_stat", "diff_summary", "schema_diff", "patch"):
        ours, theirs = f"{name}('HEAD~1', 'HEAD')", f"dolt_{name}('HEAD~1', 'HEAD')"
        assert columns(connection, theirs) == columns(connection, ours)
        assert rows(connection, f"FROM {theirs}") == rows(connection, f"FROM {ours}")


def test_a_table_of_a_field_is_told_of_when_it_is_gone(repo: RepoBuilder, opened: Opened) -> None:
    one = repo.commit({"d.json": '{"at": 7, "items": [{"n": 1}]}', "t.csv": "n\n1\n"})
    two = repo.commit({"d.json": None})
    connection = opened(repo)
    asked = "SELECT commit_hash FROM dolt_diff WHERE table_name = 'd_items'"
    assert rows(connection, asked) == [(two,), (one,)]
    assert rows(connection, "SELECT n, commit_hash FROM history('d')") == [(1, one)]
    with pytest.raises(ingitdb.ProgrammingError, match=f"last there at {one[:12]}"):
        connection.execute("FROM d")


def test_log_and_its_flags(shop_line: list[str], repo: RepoBuilder, opened: Opened) -> None:
    connection = opened(repo)
    one, two, aside, three = shop_line

    def logged(arguments: str) -> list[str]:
        return [commit for (commit,) in rows(connection, f"SELECT commit_hash FROM {arguments}")]

    assert set(logged("dolt_log")) == {one, two, aside, three}
    assert rows(connection, "SELECT commit_order FROM dolt_log") == [(4,), (3,), (2,), (1,)]
    assert logged("dolt_log('side')") == [aside, one]
    assert logged("dolt_log('side', '--not', 'main~1')") == [aside]
    assert logged("dolt_log('main~1..side')") == [aside]
    assert set(logged("dolt_log('main~1...side')")) == {two, aside}
    assert logged("dolt_log('--merges')") == logged("dolt_log('--min-parents', '2')") == [three]
    assert logged("dolt_log('--tables', 'o')") == [two]
    assert set(logged("dolt_log('--tables', 'items,o')")) >= {one, two, aside}
    assert logged("dolt_log AS OF 'side'") == [aside, one]
    asked = "SELECT parents, refs FROM dolt_log('--parents', '--decorate', 'short', '--merges')"
    assert rows(connection, asked) == [(f"{two}, {aside}", "main")]
    (told,) = rows(
        connection, "SELECT committer, email, date, message FROM dolt_log('side') LIMIT 1"
    )
    shown = "committer_name, committer_email, commit_date, message"
    assert rows(connection, f"SELECT {shown} FROM git_log('side') LIMIT 1") == [told]


def test_what_each_commit_changed(shop_line: list[str], repo: RepoBuilder, opened: Opened) -> None:
    one, two, _, three = shop_line
    connection = opened(repo)
    repo.commit({"items/a.json": None, "items/a.yaml": "{n: 1, x: 5}\n"}, "Format alone")
    gone = repo.commit({"o.csv": None}, "Gone")
    shown = "commit_hash, table_name, data_change, schema_change"
    assert rows(connection, f"SELECT {shown} FROM dolt_diff") == [
        (gone, "o", True, True),
        (three, "items", True, False),
        (two, "items", True, True),
        (two, "o", True, True),
        (one, "items", True, True),
    ]


def test_only_what_changed(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({"t/a.json": '{"a": 1, "b": 1, "c": 1}'})
    repo.commit({"t/a.json": '{"a": 1, "b": 2, "c": 1}'})
    connection = opened(repo)
    changed = ["to__key", "to_b", "to_commit", "to_commit_date"]
    changed += ["from__key", "from_b", "from_commit", "from_commit_date", "diff_type"]
    assert columns(connection, "dolt_diff('HEAD~1..HEAD', 't', '--skinny')") == changed
    further = "dolt_diff('HEAD~1', 'HEAD', 't', '--skinny', '--include-cols=C')"
    assert [name for name in columns(connection, further) if name.startswith("to_")] == [
        "to__key",
        "to_b",
        "to_c",
        "to_commit",
        "to_commit_date",
    ]


def test_scalars(shop_line: list[str], repo: RepoBuilder, opened: Opened) -> None:
    asked = "SELECT dolt_hashof('side'), dolt_merge_base('main~1', 'side'), active_branch()"
    assert rows(opened(repo), asked) == [(shop_line[2], shop_line[0], "main")]


@pytest.mark.parametrize(
    ("relation", "message"),
    [
        ("dolt_diff('HEAD~1', 'HEAD')", "takes two commits or a range, and a table"),
        ("dolt_diff_stat('HEAD~1', 'HEAD', 'items', 'more')", "takes two commits or a range"),
        ("dolt_diff('HEAD~1', 'HEAD', 'items', '--thin')", "unrecognized arguments: --thin"),
        ("dolt_log('--decorate', 'much')", "invalid choice"),
        ("dolt_log('nowhere')", "nowhere"),
        ("dolt_log(from_ref => 'main')", "has no named parameters"),
        ("dolt_diff_nothing", "Table 'nothing' does not exist"),
    ],
)
def test_what_is_wrong_is_said(
    relation: str, message: str, shop_line: list[str], repo: RepoBuilder, opened: Opened
) -> None:
    with pytest.raises(ingitdb.Error, match=message):
        rows(opened(repo), f"FROM {relation}")


def test_a_table_of_such_a_name_hides_it(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({"dolt_log.csv": "mine\n1\n"})
    assert rows(opened(repo), "FROM dolt_log") == [(1,)]
