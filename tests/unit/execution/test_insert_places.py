"""Where records go that are inserted: places that columns say, emptied tables, names of files."""

from typing import Any

import pytest

import ingitdb
from tests.support.opening import Opened, rows
from tests.support.repositories import RepoBuilder

TABLES = """discover: true
tables:
  people: {glob: 'data/{state}/{chamber}/{key}.yml'}
  days: {glob: 'by/{year}.csv'}
  notes: {glob: 'notes/{team}/{key}.{yml,yaml}'}
  parts: {glob: 'parts/{lot}/*.csv'}
"""
RECORDS = 'record_file: {name: "{key}.yaml", type: "map[string]any", format: yaml}\n'
COLUMN = "columns: {a: {type: int}}\n"
LINES = "orders/.collection/subcollections/lines/definition.yaml"
INTO_LINES = 'INSERT INTO "orders/lines"'


@pytest.fixture
def data(repo: RepoBuilder) -> RepoBuilder:
    """Tables with captures, and someone who writes."""
    repo.git("config", "user.name", "Ports Desk")
    repo.git("config", "user.email", "ports@example.org")
    repo.commit(
        {
            ".ingitdb/tables.yaml": TABLES,
            "data/ca/upper/b.yml": "name: B\n",
            "data/ny/lower/a.yml": "name: A\n",
            "by/2020.csv": "d;n\n1;2\n",
            "by/2021.csv": "d;n\n1;3\n",
            "notes/red/x.yaml": "n: 1\n",
            "parts/one/p.csv": "n\n1\n",
            "parts/two/q.csv": "n\n1\n",
        }
    )
    return repo


def orders(repo: RepoBuilder, more: dict[str, str]) -> RepoBuilder:
    """Gives orders o1 and o2 with lines below them."""
    repo.git("config", "user.name", "Ports Desk")
    repo.git("config", "user.email", "ports@example.org")
    repo.commit(
        {
            ".ingitdb/root-collections.yaml": "orders: orders\n",
            "orders/.collection/definition.yaml": RECORDS + COLUMN,
            LINES: RECORDS + COLUMN,
            "orders/$records/o1.yaml": "a: 1\n",
            "orders/$records/o2.yaml": "a: 1\n",
            **more,
        }
    )
    return repo


PLACED = [
    (
        "people (state, chamber, _key, name) VALUES ('ny', 'upper', 'c', 'C')",
        "data/ny/upper/c.yml",
        "name: C",
    ),
    ("days VALUES ('2020', 5, 6)", "by/2020.csv", "d;n\n1;2\n5;6"),
    ("days (year, n) VALUES ('2022', 6)", "by/2022.csv", "d;n\n;6"),
    ("notes (team, _key, n) VALUES ('blue', 'y', 2)", "notes/blue/y.yaml", "n: 2"),
    ("notes (_key, n) VALUES ('y', 2)", "notes/red/y.yaml", "n: 2"),
    ("parts VALUES ('one', 2)", "parts/one/p.csv", "n\n1\n2"),
]


@pytest.mark.parametrize(("insert", "path", "text"), PLACED)
def test_columns_say_the_place(
    insert: str, path: str, text: str, data: RepoBuilder, opened: Opened
) -> None:
    assert opened(data).execute(f"INSERT INTO {insert}").rowcount == 1
    assert data.git("diff", "--name-only", "HEAD^", "HEAD") == path
    assert data.git("show", f"HEAD:{path}").replace("'n'", "n") == text


REFUSED = [
    ("people (state, _key, name) VALUES ('ny', 'c', 'C')", "chamber would follow from its place"),
    ("people (_key, name) VALUES ('c', 'C')", "state, chamber would follow from its place"),
    ("people (state, chamber, name) VALUES ('ny', 'upper', 'C')", "needs a key"),
    ("people (state, chamber, _key) VALUES ('n/y', 'upper', 'c')", "state: 'n/y' makes no name"),
    ("people (state, chamber, _key) VALUES ('', 'upper', 'c')", "state: '' makes no name"),
    ("people (state, chamber, _key) VALUES ('ny', '..', 'c')", "chamber: '..' makes no name"),
    ("people (state, chamber, _key) VALUES ('ny', 'upper', 'a/b')", "_key: 'a/b' makes no name"),
    ("people (state, chamber, _key) VALUES ('ny', 'lower', 'a')", "'a'"),
    ("days (d, n) VALUES (1, 1)", "year would follow from its place"),
    ("parts VALUES ('three', 2)", "open which file a new record of parts belongs to"),
]


@pytest.mark.parametrize(("insert", "said"), REFUSED)
def test_places_that_columns_cannot_say(
    insert: str, said: str, data: RepoBuilder, opened: Opened
) -> None:
    before = data.git("rev-parse", "HEAD")
    with pytest.raises(ingitdb.Error, match=said):
        opened(data).execute(f"INSERT INTO {insert}")
    assert data.git("rev-parse", "HEAD") == before


LINE = [
    ("(_key, a) VALUES ('o1/l2', 3)", "o1", "l2"),
    ("(_parent, _key, a) VALUES ('o1', 'l2', 3)", "o1", "l2"),
    ("(_parent, _key, a) VALUES ('o1', 'o1/l2', 3)", "o1", "l2"),
    ("(_key, a) VALUES ('o2/l1', 3)", "o2", "l1"),
]


@pytest.mark.parametrize("before", ["$records/", ""])
@pytest.mark.parametrize("after", ["$records/", ""])
@pytest.mark.parametrize(("insert", "parent", "key"), LINE)
def test_a_record_goes_below_its_parent(
    before: str,
    after: str,
    insert: str,
    parent: str,
    key: str,
    repo: RepoBuilder,
    opened: Opened,
) -> None:
    orders(repo, {f"orders/{before}o1/lines/{after}l1.yaml": "a: 1\n"})
    connection = opened(repo)
    connection.execute(f"{INTO_LINES} {insert}")
    place = f"orders/{before}{parent}/lines/{after}{key}.yaml"
    assert repo.git("diff", "--name-only", "HEAD^", "HEAD") == place
    found = rows(connection, 'SELECT _key, _parent FROM "orders/lines" WHERE a = 3')
    assert found == [(f"{parent}/{key}", parent)]


@pytest.mark.parametrize(
    ("key", "said"),
    [("o9/l1", "there is no 'o9'"), ("l1", "needs its parent"), ("o1/a/b", "makes no name")],
)
def test_a_record_needs_its_parent(key: str, said: str, repo: RepoBuilder, opened: Opened) -> None:
    orders(repo, {"orders/$records/o1/lines/l1.yaml": "a: 1\n"})
    with pytest.raises(ingitdb.Error, match=said):
        opened(repo).execute(f"{INTO_LINES} (_key, a) VALUES ('{key}', 3)")


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({}, "orders/$records/o1/lines/$records/l1.yaml"),
        ({"orders/o1/seen.txt": "x\n"}, "orders/o1/lines/$records/l1.yaml"),
    ],
)
def test_the_first_record_below_a_parent(
    more: dict[str, str], place: str, repo: RepoBuilder, opened: Opened
) -> None:
    orders(repo, more)
    opened(repo).execute(f"{INTO_LINES} (_key, a) VALUES ('o1/l1', 3)")
    assert repo.git("show", f"HEAD:{place}") == "a: 3"


EMPTIED = [
    ("t.yaml", "- b: 1\n  a: x\n", "t", "(b)", "(5)"),
    ("t.json", '[{"b": 1}]\n', "t", "(b)", "(5)"),
    ("t.jsonl", '{"b": 1}\n', "t", "(b)", "(5)"),
    ("data/g.yaml", "k:\n  b: 1\n", "g", "(_key, b)", "('k', 5)"),
    ("data/r/x.yaml", "b: 1\n", "r", "(_key, b)", "('x', 5)"),
    ("data/r/x.json", '{"b": 1}\n', "r", "(_key, b)", "('y', 5)"),
]


@pytest.mark.parametrize(("path", "text", "table", "columns", "values"), EMPTIED)
@pytest.mark.parametrize("autocommit", [True, False])
def test_what_is_emptied_takes_records_again(
    path: str,
    text: str,
    table: str,
    columns: str,
    values: str,
    autocommit: bool,
    data: RepoBuilder,
    opened: Opened,
) -> None:
    data.commit({path: text})
    connection = opened(data, autocommit=autocommit)
    connection.execute(f"DELETE FROM {table}")
    connection.execute(f"INSERT INTO {table} {columns} VALUES {values}")
    connection.commit()
    assert rows(connection, f"SELECT b FROM {table}") == [(5,)]
    wanted = path.replace("/x.", "/y.") if "'y'" in values else path
    assert wanted in data.git("ls-files").split("\n")


def test_a_record_without_fields_says_no_columns(data: RepoBuilder, opened: Opened) -> None:
    data.commit({"t.json": '[{"b": 1}]\n'})
    connection = opened(data)
    connection.execute("DELETE FROM t")
    connection.execute("INSERT INTO t DEFAULT VALUES")
    connection.execute("INSERT INTO t VALUES (2)")
    assert rows(connection, "SELECT b FROM t") == [(None,), (2,)]


def test_a_table_that_git_took_comes_again(data: RepoBuilder, opened: Opened) -> None:
    data.commit({"t.csv": "b;a\n1;x\n"})
    data.commit({"t.csv": None})
    opened(data).execute("INSERT INTO t VALUES (2, 'y')")
    assert data.git("show", "HEAD:t.csv") == "b;a\n2;y"


def test_a_table_does_not_come_again_where_it_would_not_be_seen(
    data: RepoBuilder, opened: Opened
) -> None:
    data.commit({"r/x.yaml": "b: 1\n"})
    connection = opened(data)
    connection.execute("DELETE FROM r")
    data.commit({".ingitdb/tables.yaml": TABLES.replace("true", "false")})
    with pytest.raises(ingitdb.ProgrammingError, match="'r' does not exist"):
        connection.execute("INSERT INTO r (_key, b) VALUES ('x', 5)")


def test_a_view_in_its_place_is_not_written(data: RepoBuilder, opened: Opened) -> None:
    data.commit({"r/x.yaml": "b: 1\n"})
    connection = opened(data)
    connection.execute("DELETE FROM r")
    connection.execute("CREATE VIEW r AS SELECT 1 AS b")
    with pytest.raises(ingitdb.ProgrammingError, match="'r' does not exist"):
        connection.execute("INSERT INTO r (_key, b) VALUES ('x', 5)")


def test_what_never_had_columns_says_the_way_out(data: RepoBuilder, opened: Opened) -> None:
    data.commit({"t.json": "[]\n"})
    with pytest.raises(ingitdb.OperationalError, match="CREATE TABLE"):
        opened(data).execute("INSERT INTO t (b) VALUES (5)")


@pytest.mark.parametrize("bare", [True, False])
def test_a_name_that_no_file_can_have(
    bare: bool, data: RepoBuilder, opened: Opened, tmp_path: Any
) -> None:
    data.commit({"r/x.yaml": "b: 1\n"})
    place = data.path
    if bare:
        place = tmp_path / "bare.git"
        data.git("clone", "--quiet", "--bare", str(data.path), str(place))
    connection = opened(place)
    for key in ("repeat('x', 300)", "repeat('ü', 130)"):
        with pytest.raises(ingitdb.OperationalError, match="makes no name for a file"):
            connection.execute(f"INSERT INTO r (_key, b) VALUES ({key}, 2)")
    assert rows(connection, "SELECT _key FROM r") == [("x",)]


def test_columns_keep_their_order_on_a_branch_that_has_moved(
    data: RepoBuilder, opened: Opened
) -> None:
    data.commit({"t.json": '[{"z": 1, "a": 1, "m": 1}]\n'})
    connection, other = opened(data, autocommit=False), opened(data)
    connection.execute("INSERT INTO t VALUES (2, 2, 2)")
    connection.execute("INSERT INTO days VALUES ('2021', 8, 8)")
    other.execute("INSERT INTO t VALUES (3, 3, 3)")
    other.execute("INSERT INTO days VALUES ('2020', 9, 9)")
    connection.commit()
    assert '{"z": 2, "a": 2, "m": 2}' in data.git("show", "HEAD:t.json")
    assert data.git("show", "HEAD:by/2021.csv") == "d;n\n1;3\n8;8"


POINTER = (
    "version https://git-lfs.github.com/spec/v1\n"
    "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"
)


@pytest.mark.parametrize("text", [POINTER, '[{"a": 1}, {"a": '])
def test_a_file_that_cannot_be_read_is_never_written(
    data: RepoBuilder, opened: Opened, text: str
) -> None:
    rows_of = 'record_file: {name: d.json, type: "[]map[string]any", format: json}\n'
    data.commit(
        {
            ".gitattributes": "*.json filter=lfs\n",
            ".ingitdb/tables.yaml": (
                "discover: true\ntables: {t: {glob: t.json, columns: {a: {}}}}\n"
            ),
            ".ingitdb/root-collections.yaml": "d: d\n",
            "d/.collection/definition.yaml": rows_of + COLUMN,
            **dict.fromkeys(("t.json", "d/d.json", "lone.json", "p/a.json"), text),
            "p/b.json": '{"a": 1}\n',
        }
    )
    before, connection = data.tip(), opened(data)
    for table in ("t", "d", "lone"):
        with pytest.raises(ingitdb.Error, match="read"):
            connection.execute(f"INSERT INTO {table} (a) VALUES (7)")
    for table in ("t", "d"):
        connection.execute(f"UPDATE {table} SET a = 7")
        connection.execute(f"DELETE FROM {table}")
    with pytest.raises(ingitdb.Error, match="a"):
        connection.execute("INSERT INTO p (_key, a) VALUES ('a', 7)")
    assert data.tip() == before
    connection.execute("UPDATE p SET a = 7")
    assert data.git("diff", "--name-only", "HEAD~1", "HEAD") == "p/b.json"


def test_a_name_that_gets_too_long(data: RepoBuilder, opened: Opened) -> None:
    connection = opened(data)
    connection.execute("CREATE TABLE t (code VARCHAR PRIMARY KEY, n INTEGER)")
    connection.execute("INSERT INTO t VALUES ('a', 1), ('b', 2)")
    before = data.tip()
    for sql in (
        "UPDATE t SET code = code || repeat('x', 300), n = 3",
        "UPDATE t SET code = code || repeat('ø', 126)",
        "INSERT INTO t VALUES ('c', 3), (repeat('y', 300), 4)",
    ):
        with pytest.raises(ingitdb.Error, match="255"):
            connection.execute(sql)
    assert data.tip() == before
    assert rows(connection, "SELECT n FROM t ORDER BY n") == [(1,), (2,)]
    connection.execute("UPDATE t SET code = repeat('z', 250) WHERE n = 1")
    assert data.git("ls-files", "t/$records").splitlines()[-1].endswith("z.yaml")
