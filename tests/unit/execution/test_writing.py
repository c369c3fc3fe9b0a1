"""INSERT, UPDATE and DELETE become small changes of text in commits; git is the judge."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import ingitdb
from ingitdb.errors import AccessDenied
from ingitdb.model.access import Action, Principal, Resource
from ingitdb.services.database import Database
from tests.support.opening import Opened, rows
from tests.support.repositories import RepoBuilder

YAML = "# of the desk\nname: Anna  # first\nage: 41\ntags: [a, b]\n"
FILES: Mapping[str, str] = {
    "people/anna.yaml": YAML,
    "people/bo.yaml": "name: Bo\nage: 7\ntags: [c]\n",
    "fares.csv": "route,price\nR1,9.50\nR2,12.00\n",
    "log.jsonl": '{"id":1,"n":5}\n{"id":2,"n":6}\n',
    "stops.yaml": "a:\n  size: 1\nb:\n  size: 2\n",
    "feed.json": '{\n  "at": "now",\n  "items": [\n    {"id": 1, "text": "x"}\n  ]\n}\n',
    "notes/n1.md": "---\ntitle: One\n---\n# One\n",
    "conf.toml": "[x]\nsize = 1 # small\n\n[y]\nsize = 2\n",
}


@pytest.fixture
def data(repo: RepoBuilder) -> RepoBuilder:
    """A table of each form, and someone who writes."""
    repo.git("config", "user.name", "Ports Desk")
    repo.git("config", "user.email", "ports@example.org")
    repo.commit(FILES)
    return repo


def written(connection: Any, sql: str) -> int:
    """Runs a write; gives how many records it met."""
    cursor = connection.execute(sql)
    assert cursor.description is None
    count: int = cursor.rowcount
    return count


def changed(repo: RepoBuilder) -> list[str]:
    """Gives the lines that the last commit took away and brought, by file; the tree is clean."""
    assert repo.git("status", "--porcelain") == ""
    repo.git("fsck", "--strict")
    shown = repo.git("diff", "-U0", "HEAD~1", "HEAD").splitlines()
    return [line for line in shown if line[:1] in "+-" and line[:3] not in ("+++", "---")]


CHANGES = [
    (
        "UPDATE people SET age = age + 1 WHERE _key = 'anna'",
        1,
        ["-age: 41", "+age: 42"],
    ),
    (
        "UPDATE people SET name = upper(name)",
        2,
        ["-name: Anna  # first", "+name: ANNA  # first", "-name: Bo", "+name: BO"],
    ),
    (
        "UPDATE people SET tags = list_append(tags, 'no') WHERE name = 'Anna'",
        1,
        ["-tags: [a, b]", "+tags: [a, b, 'no']"],
    ),
    ("UPDATE fares SET price = 10 WHERE route = 'R1'", 1, ["-R1,9.50", "+R1,10.00"]),
    ("UPDATE log SET n = NULL WHERE id = 2", 1, ['-{"id":2,"n":6}', '+{"id":2,"n":null}']),
    ("UPDATE stops SET size = 9 WHERE _key = 'b'", 1, ["-  size: 2", "+  size: 9"]),
    (
        "UPDATE feed SET text = 'é' WHERE id = 1",
        1,
        ['-    {"id": 1, "text": "x"}', '+    {"id": 1, "text": "é"}'],
    ),
    ("UPDATE notes SET title = 'Two'", 1, ["-title: One", "+title: Two"]),
    ("UPDATE notes SET _content = '# Two' || chr(10)", 1, ["-# One", "+# Two"]),
    ("UPDATE conf SET size = 7 WHERE _key = 'x'", 1, ["-size = 1 # small", "+size = 7 # small"]),
    ("UPDATE conf SET size = NULL WHERE _key = 'x'", 1, ["-size = 1 # small"]),
    (
        "UPDATE people AS p SET age = f.price FROM fares f WHERE f.route = 'R1' AND p.age < 10",
        1,
        ["-age: 7", "+age: 10"],
    ),
    (
        "WITH x AS (SELECT 'anna' AS k) UPDATE people SET age = 1 FROM x WHERE _key = x.k",
        1,
        ["-age: 41", "+age: 1"],
    ),
    ("DELETE FROM fares WHERE price > 10", 1, ["-R2,12.00"]),
    ("DELETE FROM log WHERE id = 1", 1, ['-{"id":1,"n":5}']),
    ("DELETE FROM stops USING fares WHERE size = 1 AND route = 'R1'", 1, ["-a:", "-  size: 1"]),
    ("DELETE FROM people WHERE _key = 'bo'", 1, ["-name: Bo", "-age: 7", "-tags: [c]"]),
    ("INSERT INTO fares VALUES ('R3', 7)", 1, ["+R3,7.00"]),
    ("INSERT INTO fares (price, route) SELECT price * 2, 'R' FROM fares", 2,
     ["+R,19.00", "+R,24.00"]),
    ("INSERT INTO log BY NAME SELECT 8 AS n, 3 AS id", 1, ['+{"id":3,"n":8}']),
    ("INSERT INTO stops VALUES ('c', 3)", 1, ["+c:", "+  size: 3"]),
    (
        "INSERT INTO people (_key, name, tags) VALUES ('cy', 'no', ['x'])",
        1,
        ["+name: 'no'", "+tags: [x]"],
    ),
    ("INSERT INTO notes (_key, title, _content) VALUES ('n2', 'T', 'Body')", 1,
     ["+---", "+title: T", "+---", "+Body", "\\ No newline at end of file"]),
    ("INSERT INTO conf VALUES ('z', 3)", 1, ["+", "+[z]", "+size = 3"]),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "count", "lines"), CHANGES, ids=[c[0][:50] for c in CHANGES])
def test_one_commit_of_the_smallest_change(
    sql: str, count: int, lines: list[str], data: RepoBuilder, opened: Opened
) -> None:
    before = data.tip()
    connection = opened(data)
    assert written(connection, sql) == count
    assert data.git("rev-list", "--count", f"{before}..main") == "1"
    assert changed(data) == [line for line in lines if not line.startswith("\\")]
    assert data.git("log", "-1", "--format=%an <%ae>, %cn") == (
        "Ports Desk <ports@example.org>, Ports Desk"
    )
    assert sql in data.git("log", "-1", "--format=%b")


def test_what_was_written_is_read_at_once(data: RepoBuilder, opened: Opened) -> None:
    connection = opened(data)
    asked = "SELECT _key, age FROM people ORDER BY 1"
    assert rows(connection, asked) == [("anna", 41), ("bo", 7)]
    written(connection, "UPDATE people SET age = 50 WHERE _key = 'bo'")
    assert rows(connection, asked) == [("anna", 41), ("bo", 50)]
    written(connection, "INSERT INTO people (_key, age) VALUES ('cy', 3)")
    assert rows(connection, asked) == [("anna", 41), ("bo", 50), ("cy", 3)]
    written(connection, "DELETE FROM people WHERE age > 40")
    assert rows(connection, asked) == [("cy", 3)]
    kinds = "SELECT diff_type FROM diff('people') WHERE to_commit = hash_of('main')"
    assert rows(connection, kinds) == [("removed",), ("removed",)]


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE people SET age = age",
        "UPDATE fares SET price = 9.5 WHERE route = 'R1'",
        "UPDATE people SET age = 1 WHERE false",
        "DELETE FROM people WHERE _key = 'nobody'",
        "INSERT INTO fares SELECT * FROM fares WHERE false",
    ],
)
def test_what_changes_nothing_makes_no_commit(sql: str, data: RepoBuilder, opened: Opened) -> None:
    before = data.tip()
    written(opened(data), sql)
    assert data.tip() == before


REFUSED = [
    ("UPDATE people SET ag = 1", ingitdb.ProgrammingError, "no column 'ag'"),
    ("UPDATE people SET age = 'x'", ingitdb.DataError, "Could not convert"),
    ("UPDATE people SET _key = 'x'", ingitdb.OperationalError, "record's place"),
    ("UPDATE peple SET age = 1", ingitdb.ProgrammingError, "'peple' does not exist"),
    ("UPDATE people SET age = 1 FROM fares", ingitdb.DataError, "more than once"),
    ("UPDATE people SET age = 1 RETURNING ag", ingitdb.ProgrammingError, "no column 'ag'"),
    ("DELETE FROM people RETURNING read_text('x')", ingitdb.NotSupportedError, "read_text"),
    ("INSERT INTO people (age) VALUES (1)", ingitdb.OperationalError, "needs a key"),
    ("INSERT INTO people (_key) VALUES ('bo')", ingitdb.IntegrityError, "'bo' already"),
    ("INSERT INTO people (_key) VALUES ('../x')", ingitdb.OperationalError, "no name for a file"),
    ("INSERT INTO stops VALUES ('a', 1)", ingitdb.IntegrityError, "'a' already"),
    ("INSERT INTO stops VALUES (1)", ingitdb.ProgrammingError, "stops"),
    (
        "INSERT INTO fares VALUES ('R1', 1) ON CONFLICT DO NOTHING",
        ingitdb.ProgrammingError,
        "no UNIQUE/PRIMARY KEY",
    ),
    (
        "UPDATE people SET age = (SELECT 1 FROM read_csv('x'))",
        ingitdb.NotSupportedError,
        "read_csv",
    ),
]


@pytest.mark.parametrize(("sql", "kind", "said"), REFUSED, ids=[r[0][:50] for r in REFUSED])
def test_nothing_is_written_where_something_is_wrong(
    sql: str, kind: type[Exception], said: str, data: RepoBuilder, opened: Opened
) -> None:
    before = data.tip()
    with pytest.raises(kind, match=said):
        written(opened(data), sql)
    assert data.tip() == before
    assert data.git("status", "--porcelain") == ""


def test_the_place_of_an_error_is_where_it_was_typed(data: RepoBuilder, opened: Opened) -> None:
    with pytest.raises(ingitdb.ProgrammingError) as caught:
        written(opened(data), "UPDATE people\nSET age = agge + 1")
    assert "line 2, column 11:\nSET age = agge + 1\n          ^^^^" in str(caught.value)


RETURNING = [
    (
        "UPDATE people p SET age = age + 1 WHERE _key = 'anna' RETURNING p._key, age * 2 AS twice",
        ["_key", "twice"],
        [("anna", 84)],
    ),
    ("DELETE FROM fares WHERE route = 'R2' RETURNING *", ["route", "price"], [("R2", "12.00")]),
    (
        "INSERT INTO stops VALUES ('c', 3), ('d', 4) RETURNING _key || size AS x",
        ["x"],
        [("c3",), ("d4",)],
    ),
    (
        "UPDATE people SET age = 8 WHERE _key = 'bo' RETURNING (SELECT max(size) FROM stops) AS m",
        ["m"],
        [(2,)],
    ),
    ("UPDATE people SET age = age WHERE _key = 'bo' RETURNING name", ["name"], [("Bo",)]),
]


@pytest.mark.parametrize(
    ("sql", "names", "expected"), RETURNING, ids=[r[0][:40] for r in RETURNING]
)
def test_returning(
    sql: str, names: list[str], expected: list[Any], data: RepoBuilder, opened: Opened
) -> None:
    cursor = opened(data).execute(sql)
    assert [name for name, *_ in cursor.description] == names
    assert cursor.rowcount == len(expected)
    found = [tuple(str(c) if names[0] == "route" else c for c in row) for row in cursor.fetchall()]
    assert found == expected


def test_only_branches_are_written(data: RepoBuilder, opened: Opened) -> None:
    data.tag("v1")
    for ref in ("v1", data.tip(), "WORKING", "2030-01-01"):
        with pytest.raises(ingitdb.NotSupportedError, match="no branch"):
            written(opened(data, ref), "DELETE FROM people")
    data.git("branch", "dev")
    written(opened(data, "dev"), "DELETE FROM people WHERE _key = 'bo'")
    assert data.git("rev-list", "--count", "main..dev") == "1"
    assert (data.path / "people" / "bo.yaml").exists()
    data.git("checkout", "--quiet", "--detach")
    with pytest.raises(ingitdb.NotSupportedError, match="HEAD names no branch"):
        written(opened(data), "DELETE FROM people")


def test_parameters(data: RepoBuilder, opened: Opened) -> None:
    connection = opened(data)
    sql = "UPDATE people SET name = ?, age = ? WHERE _key = ?"
    assert connection.execute(sql, ["Ø\n'x'", 5, "bo"]).rowcount == 1
    assert rows(connection, "SELECT name, age FROM people WHERE _key = 'bo'") == [("Ø\n'x'", 5)]
    assert "Ø" not in data.git("log", "-1", "--format=%B")
    connection.execute("INSERT INTO fares VALUES ($r, $p)", {"r": "R9", "p": 2})
    assert changed(data) == ["+R9,2.00"]


def test_many_sets_of_parameters(data: RepoBuilder, opened: Opened) -> None:
    cursor = opened(data).cursor()
    cursor.executemany("INSERT INTO fares VALUES (?, ?)", [("A", 1), ("B", 2), ("C", 3)])
    assert cursor.rowcount == 3
    assert (data.path / "fares.csv").read_text() == FILES["fares.csv"] + "A,1.00\nB,2.00\nC,3.00\n"


def test_an_emptied_file_is_filled_again(data: RepoBuilder, opened: Opened) -> None:
    connection = opened(data)
    assert written(connection, "TRUNCATE fares") == 2
    assert (data.path / "fares.csv").read_text() == "route,price\n"
    written(connection, "INSERT INTO fares (route) VALUES ('R5')")
    assert (data.path / "fares.csv").read_text() == "route,price\nR5,\n"
    written(connection, "DELETE FROM log")
    assert (data.path / "log.jsonl").read_text() == ""
    written(connection, "DELETE FROM stops")
    assert (data.path / "stops.yaml").read_text().strip() == "{}"


def test_a_file_that_is_damaged_in_part(data: RepoBuilder, opened: Opened) -> None:
    lines = "".join(f'{{"id":{n},"n":"{"x" * 40}"}}\n' for n in range(200))
    data.commit({"log.jsonl": f"{lines}{{broken\n"})
    connection = opened(data)
    assert rows(connection, "SELECT count(*) FROM log") == [(200,)]
    written(connection, "DELETE FROM log WHERE id = 3")
    assert data.git("diff", "--numstat", "HEAD~", "HEAD") == "0\t1\tlog.jsonl"
    assert data.git("show", "HEAD:log.jsonl").endswith("\n{broken")


def test_writers_at_once(data: RepoBuilder, opened: Opened) -> None:
    data.git("checkout", "--quiet", "--detach")
    connections = [opened(data, "main") for _ in range(4)]

    def count_up(connection: Any) -> None:
        for _ in range(5):
            written(connection, "UPDATE stops SET size = size + 1 WHERE _key = 'a'")

    with ThreadPoolExecutor() as pool:
        list(pool.map(count_up, connections))
    assert rows(opened(data, "main"), "SELECT size FROM stops WHERE _key = 'a'") == [(21,)]
    assert data.git("rev-list", "--count", "main") == "21"


def test_cells_with_a_spelling_of_their_own(data: RepoBuilder, opened: Opened) -> None:
    package = """{"resources": [{"name": "fares", "path": "fares.csv", "schema": {
      "missingValues": ["", "NA"],
      "fields": [{"name": "route", "type": "string"},
                 {"name": "price", "type": "boolean", "trueValues": ["ja"]}]}}]}"""
    data.commit({"datapackage.json": package, "fares.csv": "route,price\nR1,ja\n"})
    connection = opened(data)
    with pytest.raises(ingitdb.OperationalError, match="stands for NULL"):
        written(connection, "UPDATE fares SET route = 'NA'")
    with pytest.raises(ingitdb.OperationalError, match="spelled in its own way"):
        written(connection, "UPDATE fares SET price = NOT price")


def test_another_table_changes_meanwhile(data: RepoBuilder, opened: Opened) -> None:
    first, second = opened(data), opened(data)
    rows(first, "SELECT count(*) FROM people")
    written(second, "UPDATE fares SET price = 1 WHERE route = 'R1'")
    written(first, "UPDATE people SET age = 1 WHERE _key = 'bo'")
    found = rows(first, "SELECT price FROM fares WHERE route = 'R1'")
    assert [float(price) for (price,) in found] == [1.0]


class OnlyDev:
    """Lets everybody read, and write to one branch."""

    def check(self, principal: Principal, action: Action, resource: Resource) -> None:
        if action is Action.WRITE and resource.branch != "dev":
            raise AccessDenied(f"{principal.identifier} may not {action} {resource}.")


def test_the_policy_is_asked_before_a_write(data: RepoBuilder, tmp_path: Path) -> None:
    data.git("branch", "dev")
    settings = ingitdb.Settings(cache=tmp_path / "cache", workers=1)
    with Database.open(data.path, settings, policy=OnlyDev()) as database:
        before = data.tip()
        with pytest.raises(AccessDenied, match="local may not write database:shop@main"):
            database.session().execute("DELETE FROM people")
        with database.session("dev").execute("DELETE FROM people") as result:
            assert [batch.to_pylist() for batch in result.batches()] == [[{"Count": 2}]]
        assert data.tip("main") == before


def test_an_explicit_cast_widens_an_undeclared_column(data: RepoBuilder, opened: Opened) -> None:
    connection = opened(data)
    with pytest.raises(ingitdb.DataError, match="'x'::VARCHAR"):
        connection.execute("UPDATE fares SET price = 'dear' WHERE route = 'R1'")
    written(connection, "UPDATE fares SET price = 'dear'::VARCHAR WHERE route = 'R1'")
    connection.execute("INSERT INTO fares VALUES ('R7', CAST(? AS VARCHAR))", ["7"])
    found = dict(rows(connection, "SELECT route, price FROM fares"))
    assert (found["R1"], found["R7"]) == ("dear", "7")
