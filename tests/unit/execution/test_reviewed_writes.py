"""Writes as an adversary tries them: wrong words, keys, places, messages; git is the judge."""

import os
from typing import Any

import pytest

import ingitdb
from tests.support.opening import Opened, rows
from tests.support.repositories import RepoBuilder

TABLES = """discover: true
tables:
  routes:
    foreign_keys: [{columns: [port], table: ports, references: [id], on_delete: restrict}]
  ports: {key: [id]}
"""
ROUTES = '[{"id": "R1", "port": "P1"}]\n'


@pytest.fixture
def data(repo: RepoBuilder) -> RepoBuilder:
    """Two tables, and someone who writes."""
    repo.git("config", "user.name", "Ports Desk")
    repo.git("config", "user.email", "ports@example.org")
    repo.commit({"t.csv": "id,n\n1,1\n2,2\n3,3\n", "u.csv": "id\n1\n"})
    return repo


def declared(data: RepoBuilder, opened: Opened, tables: str) -> Any:
    """Opens ports, to which routes refer."""
    data.commit({".ingitdb/tables.yaml": tables, "routes.json": ROUTES, "ports.yaml": "- id: P1\n"})
    return opened(data)


WRONG = [
    "DELETE t",
    "DELETE FROM t u v",
    "DELETE FROM t(id)",
    "DELETE FROM t@other WHERE id = 1",
    "DELETE FROM t WHERE id > 0 LIMIT 1",
    "DELETE FROM t WHERE id > 0 ORDER BY id",
    "DELETE FROM t RETURNING id USING u",
    "UPDATE t SET n = 0 WHERE id > 0 LIMIT 1",
    "UPDATE t SET n = 0 WHERE id = 1 FROM u",
    "TRUNCATE t@other",
    "TRUNCATE t, u",
    "TRUNCATE t RESTART IDENTITY",
]


@pytest.mark.parametrize("sql", WRONG)
def test_what_is_no_sql_writes_nothing(sql: str, data: RepoBuilder, opened: Opened) -> None:
    data.git("branch", "other")
    before = data.git("rev-parse", "HEAD")
    with pytest.raises(ingitdb.ProgrammingError, match="syntax error"):
        opened(data).execute(sql)
    assert data.git("rev-parse", "HEAD") == before


RIGHT = [
    ("DELETE FROM t AS x WHERE x.id = 1", 1),
    ("DELETE FROM t x USING u WHERE x.id = u.id", 1),
    ("DELETE FROM t WHERE id = (SELECT id FROM t ORDER BY id LIMIT 1)", 1),
    ('UPDATE t SET n = u."order" FROM (SELECT id, 5 AS "order" FROM u) u WHERE u.id = t.id', 1),
    ("TRUNCATE TABLE t", 3),
]


@pytest.mark.parametrize(("sql", "count"), RIGHT)
def test_what_is_sql_writes(sql: str, count: int, data: RepoBuilder, opened: Opened) -> None:
    assert opened(data).execute(sql).rowcount == count


def test_the_last_key_does_not_go_while_it_is_referred_to(
    data: RepoBuilder, opened: Opened
) -> None:
    connection = declared(data, opened, TABLES)
    with pytest.raises(ingitdb.IntegrityError, match="'P1', which is gone from ports"):
        connection.execute("DELETE FROM ports")
    assert rows(connection, "SELECT id FROM ports") == [("P1",)]


@pytest.mark.parametrize(("reaction", "left"), [("cascade", []), ("set null", [("R1", None)])])
def test_what_follows_from_the_last_key_going(
    reaction: str, left: list[Any], data: RepoBuilder, opened: Opened
) -> None:
    connection = declared(data, opened, TABLES.replace("restrict", reaction))
    connection.execute("DELETE FROM ports")
    assert rows(connection, "SELECT * FROM routes") == left


def test_nothing_refers_to_a_table_without_records(data: RepoBuilder, opened: Opened) -> None:
    files = {".ingitdb/tables.yaml": TABLES, "routes.json": ROUTES, "ports.json": "[]\n"}
    data.commit(files)
    with pytest.raises(ingitdb.IntegrityError, match="'P2', which is no key of ports"):
        opened(data).execute("INSERT INTO routes VALUES ('R2', 'P2')")


def test_values_of_parameters_do_not_come_into_messages(data: RepoBuilder, opened: Opened) -> None:
    tables = TABLES.replace("on_delete: restrict", "on_update: cascade")
    connection = declared(data, opened, tables)
    connection.execute("UPDATE ports SET id = ?", ("hidden",))
    assert rows(connection, "SELECT port FROM routes") == [("hidden",)]
    message = data.git("log", "-1", "--format=%B")
    assert "UPDATE routes: 1 record, as a foreign key asks" in message
    assert "hidden" not in message


def test_a_file_that_was_only_touched_is_not_in_the_way(data: RepoBuilder, opened: Opened) -> None:
    os.utime(data.path / "t.csv", (1, 1))
    opened(data).execute("UPDATE t SET n = 5 WHERE id = 1")
    assert data.git("status", "--porcelain") == ""


def test_an_item_is_not_given_its_place(data: RepoBuilder, opened: Opened) -> None:
    data.commit({"data/g.yaml": "one:\n  - a: 1\n"})
    connection = opened(data)
    with pytest.raises(ingitdb.OperationalError, match="_index follows from where"):
        connection.execute("INSERT INTO g (_key, _index, a) VALUES ('one', 5, 7)")
    connection.execute("INSERT INTO g (_key, a) VALUES ('one', 7)")
    assert data.git("show", "HEAD:data/g.yaml") == "one:\n  - a: 1\n  - a: 7"


@pytest.mark.parametrize(
    ("name", "new"), [("{key}.yaml", "'y' AS _key, 2 AS n"), ("all.jsonl", "2 AS n")]
)
def test_a_record_is_not_put_into_any_folder(
    name: str, new: str, data: RepoBuilder, opened: Opened
) -> None:
    tables = f"tables: {{people: {{glob: 'data/{{state}}/{name}'}}}}\n"
    file = name.replace("{key}", "x")
    places = {f"data/{state}/{file}": '{"n": 1}\n' for state in ("ca", "ny")}
    data.commit({".ingitdb/tables.yaml": tables, **places})
    with pytest.raises(ingitdb.OperationalError, match="state would follow from its place"):
        opened(data).execute(f"INSERT INTO people BY NAME SELECT {new}")


MOVED = [
    ("feed.json", '{"at": 1, "items": [{"a": 1}], "x": [{"b": 1}]}', "feed_items", "(a)", "(6)"),
    ("data/g.yaml", "one:\n  - a: 1\n", "g", "(_key, a)", "('one', 6)"),
    ("by/ca.jsonl", '{"a": 1}\n', "placed", "(a)", "(6)"),
]


@pytest.mark.parametrize(("path", "text", "table", "columns", "values"), MOVED)
@pytest.mark.parametrize("theirs", ["DELETE FROM {table}", "UPDATE {table} SET a = 5"])
def test_what_comes_is_whole_on_a_branch_that_has_moved(
    path: str,
    text: str,
    table: str,
    columns: str,
    values: str,
    theirs: str,
    data: RepoBuilder,
    opened: Opened,
) -> None:
    tables = "discover: true\ntables: {placed: {glob: 'by/{state}.jsonl'}}\n"
    data.commit({".ingitdb/tables.yaml": tables, path: text})
    connection, other = opened(data, autocommit=False), opened(data)
    connection.execute(f"INSERT INTO {table} {columns} VALUES {values}")
    other.execute(theirs.format(table=table))
    connection.commit()
    assert rows(connection, f"SELECT a FROM {table} WHERE a <> 5") == [(6,)]
    assert "_index" not in data.git("show", f"HEAD:{path}")
    assert "state" not in data.git("show", f"HEAD:{path}")


def test_no_value_is_lost_with_a_column_that_went_meanwhile(
    data: RepoBuilder, opened: Opened
) -> None:
    connection = opened(data, autocommit=False)
    connection.execute("INSERT INTO t VALUES (4, 4)")
    data.commit({"t.csv": "id\n1\n2\n3\n"})
    with pytest.raises(ingitdb.OperationalError, match="no column 'n'"):
        connection.commit()
    assert data.git("show", "HEAD:t.csv") == "id\n1\n2\n3"


def test_a_transaction_lands_on_the_branch_that_it_wrote(data: RepoBuilder, opened: Opened) -> None:
    first = data.git("rev-parse", "HEAD")
    data.git("checkout", "--quiet", "-b", "spring")
    connection = opened(data, autocommit=False)
    connection.execute("UPDATE t SET n = 7 WHERE id = 1")
    data.git("checkout", "--quiet", "--detach")
    connection.execute("UPDATE t SET n = 8 WHERE id = 2")
    connection.commit()
    assert data.git("show", "spring:t.csv") == "id,n\n1,7\n2,8\n3,3"
    assert data.git("rev-parse", "HEAD") == first
    assert data.git("status", "--porcelain") == ""
