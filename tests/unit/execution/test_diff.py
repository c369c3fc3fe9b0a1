"""`diff('t', a, b)` and `diff_stat`: what differs in a table between two commits."""

from pathlib import Path
from typing import Any

import duckdb
import pytest

import ingitdb
from tests.support.opening import Opened, rows, types
from tests.support.repositories import RepoBuilder


def keyed(*arguments: str) -> str:
    """Spells a query for the keys and fields `n` of what differs."""
    given = ", ".join(f"'{a}'" for a in arguments)
    return (
        "SELECT from__key, from_n, to__key, to_n, diff_type, changed_columns"
        f" FROM diff('t', {given}) ORDER BY coalesce(to__key, from__key)"
    )


def listed(*arguments: str) -> str:
    """The same for a table whose records have no keys."""
    return keyed(*arguments).replace("from__key", "from_id").replace("to__key", "to_id")


@pytest.fixture
def two(repo: RepoBuilder) -> RepoBuilder:
    """Two commits, `a` and `b`: one record stays, one changes, one goes, one comes."""
    first = {f"t/{name}.json": f'{{"n": {n}}}' for n, name in enumerate(["stay", "turn", "go"])}
    repo.commit(first)
    repo.tag("a")
    repo.commit({"t/turn.json": '{"n": 10}', "t/go.json": None, "t/come.json": '{"n": 20}'})
    repo.tag("b")
    return repo


FORTH = [
    (None, None, "come", 20, "added", None),
    ("go", 2, None, None, "removed", None),
    ("turn", 1, "turn", 10, "modified", ["n"]),
]
BACK = [
    ("come", 20, None, None, "removed", None),
    (None, None, "go", 2, "added", None),
    ("turn", 10, "turn", 1, "modified", ["n"]),
]


def test_two_commits(two: RepoBuilder, opened: Opened) -> None:
    connection = opened(two)
    assert rows(connection, keyed("a", "b")) == FORTH
    assert rows(connection, keyed("a..b")) == FORTH
    assert rows(connection, keyed("a")) == FORTH
    assert rows(connection, keyed("b", "a")) == BACK
    assert rows(connection, keyed("b", "b")) == []
    sql = "SELECT count(*) FROM diff(?, ?, ?) WHERE diff_type = 'added'"
    assert rows(connection, sql, ["t", "a", "b"]) == [(1,)]
    assert rows(connection, "SELECT d.to_n FROM diff('main.t', 'a', 'b') d ORDER BY 1") == [
        (10,),
        (20,),
        (None,),
    ]


def test_columns(two: RepoBuilder, opened: Opened) -> None:
    connection = opened(two)
    assert types(connection, "FROM diff('t', 'a', 'b')") == {
        "from__key": "VARCHAR",
        "from_n": "BIGINT",
        "from_commit": "VARCHAR",
        "from_commit_date": "TIMESTAMP WITH TIME ZONE",
        "to__key": "VARCHAR",
        "to_n": "BIGINT",
        "to_commit": "VARCHAR",
        "to_commit_date": "TIMESTAMP WITH TIME ZONE",
        "diff_type": "VARCHAR",
        "changed_columns": "VARCHAR[]",
    }
    sql = "SELECT DISTINCT from_commit, to_commit, to_commit_date FROM diff('t', 'a', 'b')"
    date = rows(connection, "SELECT commit_date FROM git_log('b') LIMIT 1")[0][0]
    assert rows(connection, sql) == [(two.tip("a"), two.tip("b"), date)]


def test_three_dots_begin_at_the_merge_base(two: RepoBuilder, opened: Opened) -> None:
    two.branch("side", "a")
    two.checkout("side")
    two.commit({"t/stay.json": '{"n": 7}'})
    connection = opened(two)
    assert rows(connection, keyed("b...side")) == [("stay", 0, "stay", 7, "modified", ["n"])]
    assert len(rows(connection, keyed("b..side"))) == 4


def test_no_common_ancestor(two: RepoBuilder, opened: Opened) -> None:
    two.git("checkout", "-q", "--orphan", "alone")
    two.git("rm", "-rq", "--cached", ".")
    two.commit({"t/stay.json": '{"n": 0}'})
    connection = opened(two, "b")
    found = rows(connection, keyed("a..alone"))
    assert [row[4] for row in found] == ["added", "removed", "modified"]
    with pytest.raises(ingitdb.Error, match="no common ancestor"):
        rows(connection, keyed("a...alone"))


def test_what_is_not_committed(two: RepoBuilder, opened: Opened) -> None:
    two.write("t/come.json", '{"n": 21}')
    two.git("add", "t/come.json")
    two.write("t/stay.json", '{"n": 5}')
    connection = opened(two)
    staged, stay = (("come", 20, "come", 21), ("stay", 0, "stay", 5))
    change = ("modified", ["n"])
    assert rows(connection, keyed("HEAD", "STAGED")) == [(*staged, *change)]
    assert rows(connection, keyed("STAGED", "WORKING")) == [(*stay, *change)]
    assert rows(connection, keyed("HEAD", "WORKING")) == [(*staged, *change), (*stay, *change)]
    sql = "SELECT DISTINCT from_commit_date IS NULL, to_commit, to_commit_date FROM diff('t', {})"
    assert rows(connection, sql.format("'b', 'WORKING'")) == [(False, "WORKING", None)]
    assert [row[2] for row in rows(connection, keyed("EMPTY", "a"))] == ["go", "stay", "turn"]
    assert {row[4] for row in rows(connection, keyed("a", "EMPTY"))} == {"removed"}


def test_a_table_of_one_side_only(two: RepoBuilder, opened: Opened) -> None:
    two.commit({"new/x.json": '{"n": 1}', "mix/a.json": '{"m": 1}', "mix/b.json": '{"m": "x"}'})
    connection = opened(two)
    sql = "SELECT from_n, to_n, diff_type FROM diff('new', {})"
    assert rows(connection, sql.format("'a', 'HEAD'")) == [(None, 1, "added")]
    mixed = "SELECT to_m FROM diff('mix', 'a', 'HEAD') ORDER BY 1"
    assert rows(connection, mixed) == [("1",), ("x",)]
    assert rows(connection, sql.format("'HEAD', 'a'")) == [(1, None, "removed")]
    with pytest.raises(ingitdb.Error, match="none"):
        rows(connection, "FROM diff('none', 'a', 'b')")


def test_a_key_that_changes_with_equal_content(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({f"t/{k}.json": f'{{"n": {n}}}' for k, n in [("a", 1), ("b", 2), ("c", 2)]})
    repo.commit({"t/a.json": None, "t/x.json": '{"n": 1}', "t/b.json": None, "t/c.json": None})
    repo.commit({"t/y.json": '{"n": 2}'})
    connection = opened(repo)
    assert rows(connection, keyed("HEAD~2", "HEAD~1")) == [
        ("b", 2, None, None, "removed", None),
        ("c", 2, None, None, "removed", None),
        ("a", 1, "x", 1, "modified", ["_key"]),
    ]
    assert [row[4] for row in rows(connection, keyed("HEAD~2", "HEAD"))] == [
        "removed",
        "removed",
        "modified",
        "added",
    ]


def test_a_list_is_paired_by_content_then_by_a_key_of_its_own(
    repo: RepoBuilder, opened: Opened
) -> None:
    repo.commit({"t.json": '[{"n": 1, "id": 7}, {"n": 2, "id": 8}, {"n": 2, "id": 9}]'})
    repo.commit({"t.json": '[{"n": 2, "id": 9}, {"n": 5, "id": 7}, {"n": 6, "id": 10}]'})
    assert rows(opened(repo), listed("HEAD~1", "HEAD")) == [
        (7, 1, 7, 5, "modified", ["n"]),
        (8, 2, None, None, "removed", None),
        (None, None, 10, 6, "added", None),
    ]


def test_a_list_without_any_key(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({"t.csv": "id,n\n1,1\n1,1\n2,1\n"})
    repo.commit({"t.csv": "id,n\n1,1\n2,1\n1,2\n"})
    assert rows(opened(repo), listed("HEAD~1", "HEAD")) == [
        (1, 1, None, None, "removed", None),
        (None, None, 1, 2, "added", None),
    ]


def test_from_one_list_to_a_file_a_record(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({"t.json": '[{"code": "a", "n": 1}, {"code": "b", "n": 2}]'})
    repo.commit({"t.json": None, "t/a.yaml": "n: 1\ncode: a\n", "t/b.yaml": "n: 3\ncode: b\n"})
    sql = (
        "SELECT from_code, from_n, to__key, to_n, diff_type, changed_columns"
        " FROM diff('t', 'HEAD~1', 'HEAD')"
    )
    assert rows(opened(repo), sql) == [("b", 2, "b", 3, "modified", ["n"])]


def test_another_format_changes_nothing(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({"t/a.yaml": "n: 1\ns: x\n", "t/b.yaml": "n: 2\ns: y\n"})
    repo.commit({"t/a.yaml": None, "t/a.md": "---\nn: 1\ns: x\n---\n", "t/b.yaml": None})
    repo.commit({"t/b.json": '{"s": "y", "n": 3}'})
    connection = opened(repo)
    assert rows(connection, keyed("HEAD~2", "HEAD")) == [
        ("a", 1, "a", 1, "modified", ["_content"]),  # Markdown has a body, be it empty
        ("b", 2, "b", 3, "modified", ["n"]),
    ]


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("1", "1.0", ["n"]),
        ("1", '"1"', ["n"]),
        ("null", '""', ["n"]),
        ("true", '"true"', ["n"]),
        ("1.50", "1.5", None),
        ("[1]", '["1"]', ["n"]),
        ('{"a": 1}', '{"a": 1.0}', ["n"]),
        ('{"a": 1, "b": 2}', '{"b": 2, "a": 1}', None),
        ('{"a": 1}', '{"a": 1, "b": null}', None),
        ("[]", "null", ["n"]),
    ],
)
def test_kinds_are_told_apart(
    repo: RepoBuilder, opened: Opened, old: str, new: str, changed: list[str] | None
) -> None:
    repo.commit({"t/a.json": f'{{"n": {old}, "m": 1}}', "t/z.json": '{"m": 2.5}'})
    repo.commit({"t/a.json": f'{{"m": 1, "n": {new}}}'})
    sql = "SELECT changed_columns FROM diff('t', 'HEAD~1', 'HEAD')"
    assert rows(opened(repo), sql) == ([(changed,)] if changed else [])


def test_absent_is_null(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({"t/a.json": '{"n": 1, "m": null}', "t/b.json": '{"n": 1, "m": 2}'})
    repo.commit({"t/a.json": '{"n": 1}'})
    assert rows(opened(repo), keyed("HEAD~1", "HEAD")) == []


def test_columns_that_come_go_and_change_their_type(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({f"t/{k}.json": f'{{"n": {n}, "old": 1}}' for k, n in [("a", 1), ("b", 2)]})
    repo.commit({"t/a.json": '{"n": "one", "new": [1]}', "t/b.json": '{"n": 2, "old": 1, "x": 3}'})
    connection = opened(repo)
    found = types(connection, "FROM diff('t', 'HEAD~1', 'HEAD')")
    assert (found["from_n"], found["to_n"]) == ("BIGINT", "VARCHAR")
    assert ("from_new" in found, found["to_new"], found["from_old"]) == (
        False,
        "BIGINT[]",
        "BIGINT",
    )
    sql = (
        "SELECT to__key, from_n, to_n, list_sort(changed_columns)"
        " FROM diff('t', 'HEAD~1', 'HEAD') ORDER BY 1"
    )
    assert rows(connection, sql) == [
        ("a", 1, "one", ["n", "new", "old"]),
        ("b", 2, "2", ["x"]),
    ]


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        ("a,7", "a,7", None),
        ("a,7", "a,8", ["n"]),
        ("a,2.5", "a,2.5", None),
        ("a,7.0", "a,7", ["n"]),
        ("a,7", "a,7.0", ["n"]),
        ("a,07", "a,7", ["n"]),
        ("a,", "a,7", ["n"]),
    ],
)
def test_cells_of_a_text_column_that_becomes_a_number(
    repo: RepoBuilder, opened: Opened, before: str, after: str, changed: list[str] | None
) -> None:
    repo.commit({"t.csv": f"k,n,m\n{before},1\nb,x,1\nc,1.5,1\n"})
    repo.commit({"t.csv": f"k,n,m\n{after},2\nb,4,1\nc,1.5,1\n"})
    connection = opened(repo)
    found = types(connection, "FROM diff('t', 'HEAD~1', 'HEAD')")
    assert (found["from_n"], found["to_n"]) == ("VARCHAR", "DOUBLE")
    sql = "SELECT to_k, changed_columns FROM diff('t', '{}', '{}') ORDER BY 1"
    told = [("a", [*(changed or []), "m"]), ("b", ["n"])]
    assert rows(connection, sql.format("HEAD~1", "HEAD")) == told
    assert rows(connection, sql.format("HEAD", "HEAD~1")) == told


def test_a_list_without_key_whose_texts_become_numbers(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({"t.csv": "n,m,k\n7,1,1\n7,1,1\n2.5,1,1\n8,1,1\nx,1,1\n"})
    repo.commit({"t.csv": "n,k,m\n7,1,1\n7,1,1\n2.5,1,1\n8.0,1,1\n"})
    connection = opened(repo)
    sql = "SELECT from_n, to_n, diff_type FROM diff('t', 'HEAD~1', 'HEAD') ORDER BY ALL"
    assert rows(connection, sql) == [
        ("8", None, "removed"),
        ("x", None, "removed"),
        (None, 8.0, "added"),
    ]


@pytest.mark.parametrize(("value", "changed"), [("7", ["m"]), ("7.0", ["m"]), ("1e3", ["m"])])
def test_numbers_among_which_a_text_comes(
    repo: RepoBuilder, opened: Opened, value: str, changed: list[str]
) -> None:
    repo.commit({"t/a.yaml": f"n: {value}\nm: 1\n", "t/b.yaml": "n: 2\n", "t/c.yaml": "n: 2.5\n"})
    repo.commit({"t/a.yaml": f"n: {value}\nm: 2\n", "t/b.yaml": "n: two\n"})
    connection = opened(repo)
    sql = "SELECT changed_columns FROM diff('t', 'HEAD~1', 'HEAD') WHERE to__key = 'a'"
    assert types(connection, "FROM diff('t', 'HEAD~1', 'HEAD')")["to_n"] == "VARCHAR"
    assert rows(connection, sql) == [(changed,)]


def test_declared_whole_numbers_that_become_floats(repo: RepoBuilder, opened: Opened) -> None:
    package = (
        '{"resources": [{"name": "t", "path": "t.csv", "schema": {"fields": [{"name": "k"},'
        ' {"name": "n", "type": "%s"}, {"name": "m"}], "primaryKey": "k"}}]}'
    )
    repo.commit({"datapackage.json": package % "integer", "t.csv": "k,n,m\na,1,x\nb,2,x\n"})
    repo.commit({"datapackage.json": package % "number", "t.csv": "k,n,m\na,1,y\nb,3,x\n"})
    connection = opened(repo)
    found = types(connection, "FROM diff('t', 'HEAD~1', 'HEAD')")
    assert (found["from_n"], found["to_n"]) == ("BIGINT", "DOUBLE")
    sql = "SELECT to_k, changed_columns FROM diff('t', 'HEAD~1', 'HEAD') ORDER BY 1"
    assert rows(connection, sql) == [("a", ["m"]), ("b", ["n"])]


def test_declared_keys(repo: RepoBuilder, opened: Opened) -> None:
    package = (
        '{"resources": [{"name": "t", "path": "t.csv", "schema": {"fields": [{"name": "x"},'
        ' {"name": "y", "type": "integer"}, {"name": "n", "type": "integer"}],'
        ' "primaryKey": ["x", "y"]}}]}'
    )
    repo.commit({"datapackage.json": package, "t.csv": "x,y,n\na,1,5\na,2,5\nb,1,5\n"})
    repo.commit({"t.csv": "x,y,n\na,2,6\na,1,5\nb,2,5\n"})
    sql = (
        "SELECT from_x, from_y, to_x, to_y, changed_columns FROM diff('t', 'HEAD~1', 'HEAD')"
        " ORDER BY coalesce(to_x, from_x), coalesce(to_y, from_y)"
    )
    assert rows(opened(repo), sql) == [
        ("a", 2, "a", 2, ["n"]),
        ("b", 1, None, None, None),
        (None, None, "b", 2, None),
    ]


def test_commits_beside_the_line(two: RepoBuilder, opened: Opened) -> None:
    connection = opened(two)
    assert rows(connection, keyed("a", "b")) == FORTH
    two.branch("side", "a")
    two.checkout("side")
    two.commit({"t/go.json": '{"n": 3}', "t/far.json": '{"n": 9}'})
    two.branch("other", "b")
    two.checkout("other")
    two.commit({"t/turn.json": '{"n": 10 }', "t/far.json": '{"n": 9}'})
    assert rows(connection, keyed("a", "side")) == [
        (None, None, "far", 9, "added", None),
        ("go", 2, "go", 3, "modified", ["n"]),
    ]
    assert rows(connection, keyed("side", "other")) == [
        (None, None, "come", 20, "added", None),
        ("go", 3, None, None, "removed", None),
        ("turn", 1, "turn", 10, "modified", ["n"]),
    ]


STAT = (
    "SELECT table_name, rows_unmodified, rows_added, rows_deleted, rows_modified, cells_added,"
    " cells_deleted, cells_modified, old_row_count, new_row_count FROM diff_stat({}) ORDER BY 1"
)


def test_statistics(two: RepoBuilder, opened: Opened) -> None:
    two.commit({"data/geo/x.csv": "a,b\n1,2\n3,4\n"})
    connection = opened(two)
    t: tuple[Any, ...] = ("t", 1, 1, 1, 1, 2, 2, 1, 3, 3)
    new: tuple[Any, ...] = ("data.geo", 0, 2, 0, 0, 4, 0, 0, 0, 2)
    assert rows(connection, STAT.format("'a', 'HEAD'")) == [new, t]
    assert rows(connection, STAT.format("'a..HEAD'")) == [new, t]
    assert rows(connection, STAT.format("'a', 'HEAD', 't'")) == [t]
    assert rows(connection, STAT.format("'a..HEAD', 'data.geo'")) == [new]
    assert rows(connection, STAT.format("'b', 'b'")) == []
    two.commit({"t/stay.json": '{"n": 0, "x": 1, "y": 2}'})
    wider: tuple[Any, ...] = ("t", 2, 0, 0, 1, 6, 0, 2, 3, 3)
    assert rows(connection, STAT.format("'HEAD~1', 'HEAD'")) == [wider]
    narrower: tuple[Any, ...] = ("t", 2, 0, 0, 1, 0, 6, 2, 3, 3)
    assert rows(connection, STAT.format("'HEAD', 'HEAD~1'")) == [narrower]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        ("diff('t', to_ref => 'a')", "two commits and a table"),
        ("diff()", "two commits and a table"),
        ("diff_stat()", "two commits"),
        ("diff('t', 'a', 'b', 'c')", "takes 3 arguments"),
        ("diff('t', ref => 'a')", "no such parameter"),
        ("diff('t', 'a', table_name => 'b')", "twice"),
        ("diff('t', 'a..b..c')", "no range"),
        ("diff('t', 'a', 'nowhere')", "nowhere"),
    ],
)
def test_calls_that_say_too_little_or_too_much(
    two: RepoBuilder, opened: Opened, call: str, says: str
) -> None:
    with pytest.raises(ingitdb.Error, match=says):
        rows(opened(two), f"FROM {call}")


def test_arguments_by_name(two: RepoBuilder, opened: Opened) -> None:
    connection = opened(two)
    sql = "SELECT count(*) FROM diff(to_ref => $b, table_name := 't', from_ref => 'a')"
    assert rows(connection, sql, {"b": "b"}) == [(3,)]
    assert rows(connection, "SELECT rows_added FROM diff_stat('a', table_name => 't')") == [(1,)]


def test_a_name_in_quotes(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({"odd-name.csv": "id,n\n1,1\n"})
    repo.commit({"odd-name.csv": "id,n\n1,2\n"})
    connection = opened(repo)
    for name in ("odd-name", '"odd-name"', 'main."odd-name"', "odd-name.csv", "odd_name"):
        sql = f"SELECT to_n FROM diff('{name}', 'HEAD~1', 'HEAD')"
        assert rows(connection, sql) == [(2,)]


def test_damaged_files_are_made_anew(two: RepoBuilder, opened: Opened, tmp_path: Path) -> None:
    two.branch("side", "a")
    two.checkout("side")
    two.commit({f"t/{n}.json": f'{{"n": {n}}}' for n in range(600)})  # too much for memory
    two.checkout("main")
    sql = "SELECT count(*), sum(to_n) FROM diff('t', 'a', 'side')"
    assert rows(opened(two), sql) == [(600, sum(range(600)))]
    for path in (tmp_path / "cache").rglob("*.parquet"):
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(bytes(data))
    assert rows(opened(two), sql) == [(600, sum(range(600)))]


SUMMARY = "FROM diff_summary('a', 'HEAD') ORDER BY ALL"


def test_summary(two: RepoBuilder, opened: Opened) -> None:
    two.commit({"new.csv": "n\n1\n", "u/x.json": '{"n": 1}'})
    connection = opened(two)
    assert rows(connection, SUMMARY) == [
        ("", "new", "added", True, True),
        ("", "u", "added", True, True),
        ("t", "t", "modified", True, False),
    ]
    two.tag("a2")
    two.commit({"new.csv": None, "u/x.json": '{"n": 1, "m": null, "k": "x"}'})
    since = SUMMARY.replace("'a'", "'a2'")
    assert rows(connection, since) == [
        ("new", "", "dropped", True, True),
        ("u", "u", "modified", True, True),
    ]
    assert rows(connection, since.replace("'HEAD'", "'HEAD', 't'")) == []


def test_schemas(two: RepoBuilder, opened: Opened) -> None:
    two.commit({"t/stay.json": '{"n": "text", "more": [{"x": 1}]}', "new.csv": "n\n1\n"})
    connection = opened(two)
    sql = "SELECT * FROM schema_diff('b', 'HEAD') ORDER BY to_table_name"
    (new, t) = rows(connection, sql)
    assert new[:3] == ("", "new", "")
    assert new[3] == 'CREATE TABLE "main"."new" (\n  "n" BIGINT\n);'
    assert t[2].splitlines() == [
        'CREATE TABLE "main"."t" (',
        '  "_key" VARCHAR NOT NULL,',
        '  "n" BIGINT,',
        '  PRIMARY KEY ("_key")',
        ");",
    ]
    assert '"n" VARCHAR' in t[3]
    assert '"more" STRUCT("x" BIGINT)[]' in t[3]
    assert rows(connection, "FROM schema_diff('a', 'b')") == []
    for statement in (new[3], t[2], t[3]):
        duckdb.connect().execute(statement)


EVERY = "SELECT from_n, to_n, diff_type, from_commit, to_commit FROM diff('t')"


def test_every_commit(two: RepoBuilder, opened: Opened) -> None:
    a, b = two.tip("a"), two.tip("b")
    connection = opened(two)
    assert sorted(rows(connection, EVERY), key=repr) == sorted(
        [(None, n, "added", "EMPTY", a) for n in range(3)]
        + [
            (1, 10, "modified", a, b),
            (2, None, "removed", a, b),
            (None, 20, "added", a, b),
        ],
        key=repr,
    )
    assert types(connection, "FROM diff('t')") == types(connection, "FROM diff('t', 'a', 'b')")
    both = "SELECT * FROM diff('t') WHERE to_commit = hash_of('b') ORDER BY ALL"
    assert rows(connection, both) == rows(connection, "FROM diff('t', 'a', 'b') ORDER BY ALL")
    assert len(rows(opened(two, "a"), EVERY)) == 3


def test_every_commit_of_a_list_whose_key_is_not_always_one(
    repo: RepoBuilder, opened: Opened
) -> None:
    repo.commit({"t.json": '[{"id": 1, "code": "a", "n": 1}, {"id": 2, "code": "b", "n": 2}]'})
    repo.commit({"t.json": '[{"id": 1, "code": "a", "n": 5}, {"id": 2, "code": "b", "n": 2}]'})
    repo.commit({"t.json": '[{"id": 1, "code": "a", "n": 5}, {"id": 1, "code": "b", "n": 3}]'})
    repo.commit({"t.json": '[{"id": 1, "code": "a", "n": 5}, {"id": 1, "code": "a", "n": 4}]'})
    repo.commit({"t.json": None, "t/x.json": '{"id": 1, "code": "a", "n": 6}'})
    repo.commit({"t/x.json": '{"id": 2, "code": "a", "n": 7}'})
    connection = opened(repo)
    for at in range(5):
        old, new = f"HEAD~{at + 1}", f"HEAD~{at}"
        columns = "from_id, from_code, from_n, to_id, to_code, to_n, diff_type, changed_columns"
        one = f"SELECT {columns} FROM diff('t', '{old}', '{new}') ORDER BY ALL"
        all_of_them = f"SELECT {columns} FROM diff('t') WHERE to_commit = hash_of('{new}')"
        assert rows(connection, f"{all_of_them} ORDER BY ALL") == rows(connection, one)


def test_a_change_feed(two: RepoBuilder, opened: Opened) -> None:
    a, b = two.tip("a"), two.tip("b")
    c = two.commit({"t/come.json": None})
    connection = opened(two)
    sql = (
        "SELECT _change_type, _commit, n FROM table_changes('t', {})"
        " ORDER BY _commit_timestamp, 1, 3"
    )
    second = [
        ("delete", b, 2),
        ("insert", b, 20),
        ("update_postimage", b, 10),
        ("update_preimage", b, 1),
    ]
    assert rows(connection, sql.format("'a', 'b'")) == second
    assert rows(connection, sql.format("'a..HEAD'")) == [*second, ("delete", c, 20)]
    assert rows(connection, sql.format("'b'")) == [("delete", c, 20)]
    assert rows(connection, sql.format("'EMPTY', 'a'")) == [("insert", a, n) for n in range(3)]
    assert rows(connection, sql.format("'b', 'b'")) == []
    assert list(types(connection, "FROM table_changes('t', 'a')")) == [
        "_change_type",
        "_commit",
        "_commit_timestamp",
        "_key",
        "n",
    ]
    with pytest.raises(ingitdb.Error, match="first parents"):
        rows(connection, sql.format("'HEAD', 'a'"))


def test_a_place_in_a_list_is_no_content(repo: RepoBuilder, opened: Opened) -> None:
    members = "HOUSE:\n- {id: a, rank: 1}\n- {id: b, rank: 2}\nSENATE:\n- {id: a, rank: 7}\n"
    repo.commit({"members.yaml": members})
    repo.commit({"members.yaml": members.replace("HOUSE:\n", "HOUSE:\n- {id: c, rank: 3}\n")})
    columns = "coalesce(to__key, from__key), to_id, diff_type, changed_columns"
    sql = f"SELECT {columns} FROM diff('members', 'HEAD~1', 'HEAD') ORDER BY ALL"
    assert rows(opened(repo), sql) == [("HOUSE", "c", "added", None)]
    repo.commit({"members.yaml": members.replace("rank: 7", "rank: 8")})
    changed = ("SENATE", "a", "modified", ["rank"])
    assert rows(opened(repo), sql) == [("HOUSE", None, "removed", None), changed]


def test_a_name_that_means_several_tables_at_one_commit(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({"t.csv": "n\n1\n"})
    repo.commit({"t.jsonl": '{"n": 2}\n'})
    with pytest.raises(ingitdb.Error, match="ambiguous"):
        rows(opened(repo), "FROM diff('t', 'HEAD~1', 'HEAD')")


def test_a_ref_that_moves_between_two_questions(repo: RepoBuilder, opened: Opened) -> None:
    first = repo.commit({"t/a.json": '{"n": 1}'})
    repo.branch("side")
    repo.commit({"t/a.json": '{"n": 2}'})
    repo.checkout("main")
    connection = opened(repo)
    asked = f"SELECT from_n, to_n FROM diff('t', '{first}', 'side')"
    short = "SELECT count(*) FROM diff('t', 'main', 'side')"
    assert rows(connection, asked) == [(1, 2)]
    assert rows(connection, short) == [(1,)]
    repo.checkout("side")
    repo.commit({"t/a.json": '{"n": 3}', "t/b.json": "{}"})
    assert rows(connection, asked + " WHERE to__key = 'a'") == [(1, 3)]
    assert sorted(rows(connection, asked), key=repr) == [(1, 3), (None, None)]
    assert rows(connection, short) == [(2,)]
    repo.git("branch", "--force", "main", "side")
    assert rows(connection, short) == [(0,)]


def test_counts_where_columns_alone_differ(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({"t.csv": "a,b\n1,2\n3,4\n", "u.csv": "a\n"})
    repo.commit({"t.csv": "a,c\n1,\n3,\n", "u.csv": "a,b\n"})
    shown = "table_name, rows_unmodified, rows_modified, cells_added, cells_deleted"
    counts = f"SELECT {shown} FROM diff_stat('HEAD~1', 'HEAD')"
    assert rows(opened(repo), counts) == [("t", 0, 2, 2, 2)]
    repo.commit({"t.csv": "a,c,d\n1,,\n3,,\n"})
    assert rows(opened(repo), counts) == [("t", 2, 0, 2, 0)]
