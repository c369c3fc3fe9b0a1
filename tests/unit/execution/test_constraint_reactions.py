"""ON DELETE and ON UPDATE: the statements that a change asks for, run as SQL until none is left."""

import duckdb
import pytest

import ingitdb
from ingitdb.execution.constraint_reactions import Step
from ingitdb.execution.constraints import Constraints
from ingitdb.services.database import Database
from ingitdb.services.validation import CommitRows
from tests.support.opening import rows
from tests.support.repositories import RepoBuilder

TABLES = ".ingitdb/tables.yaml"


@pytest.fixture
def repo(tmp_path):
    return RepoBuilder(tmp_path / "shop")


@pytest.fixture
def asked(repo, tmp_path):
    """Gives what the last commit asks for, as one that changed no key."""

    def ask():
        settings = ingitdb.Settings(cache=tmp_path / "cache", workers=1)
        with Database.open(repo.path, settings) as database:
            asking = CommitRows(database._parser, database.session)
            constraints = Constraints(database._catalogs, asking)
            before, after = database.resolve("HEAD~1"), database.resolve("HEAD")
            return constraints.follow_ups(Step(before=before, after=after, renamed=()))

    return ask


def run(statements, **tables):
    """Runs statements over tables of texts, by DuckDB alone."""
    with duckdb.connect() as connection:
        for name, (columns, *rows) in tables.items():
            listed = ", ".join(f"{column} VARCHAR" for column in columns.split(","))
            connection.execute(f"CREATE TABLE {name} ({listed})")
            for row in rows:
                marks = ", ".join("?" * len(row.split(",")))
                values = [value or None for value in row.split(",")]
                connection.execute(f"INSERT INTO {name} VALUES ({marks})", values)
        for statement in statements:
            connection.execute(statement)
        return {name: connection.execute(f"FROM {name} ORDER BY ALL").fetchall() for name in tables}


def routes(*codes):
    return "code,name\n" + "".join(f"{code},{code.lower()}\n" for code in codes)


def said(on_delete="restrict", on_update="restrict", columns="route", references="code"):
    key = f"{{columns: {columns}, table: routes, references: {references}, "
    key += f"on_delete: {on_delete}, on_update: {on_update}}}"
    return (
        "tables:\n  routes: {glob: routes.csv, key: code}\n"
        f"  fares: {{glob: fares.csv, foreign_keys: [{key}]}}\n"
    )


FARES = "route,price\nA,1\nB,2\nB,3\n"


def test_restrict_asks_for_nothing(repo, asked):
    repo.commit({TABLES: said(), "routes.csv": routes("A", "B"), "fares.csv": FARES})
    repo.commit({"routes.csv": routes("A")})
    assert asked() == []


def test_delete_goes_on(repo, asked):
    repo.commit({TABLES: said("cascade"), "routes.csv": routes("A", "B"), "fares.csv": FARES})
    repo.commit({"routes.csv": routes("A")})
    found = run(asked(), fares=("route,price", "A,1", "B,2", "B,3"))
    assert found == {"fares": [("A", "1")]}


def test_delete_sets_null(repo, asked):
    repo.commit({TABLES: said("set null"), "routes.csv": routes("A", "B"), "fares.csv": FARES})
    repo.commit({"routes.csv": routes("A")})
    found = run(asked(), fares=("route,price", "A,1", "B,2", "B,3"))
    assert found == {"fares": [("A", "1"), (None, "2"), (None, "3")]}


def test_nobody_refers_to_it(repo, asked):
    repo.commit({TABLES: said("cascade"), "routes.csv": routes("A", "B", "C"), "fares.csv": FARES})
    repo.commit({"routes.csv": routes("A", "B")})
    assert asked() == []


def test_a_key_in_its_old_place_is_another_record(repo, asked):
    files = {TABLES: said("cascade", "cascade"), "routes.csv": routes("A", "B", "C")}
    repo.commit({**files, "fares.csv": FARES})
    repo.commit({"routes.csv": routes("A", "B'", "C")})
    found = run(asked(), fares=("route,price", "A,1", "B,2", "B,3"))
    assert found == {"fares": [("A", "1")]}


KEYS = """
tables:
  p: {glob: p.csv, key: id}
  c: {glob: c.csv, foreign_keys: [{columns: p, table: p, references: id, %s}]}
"""


@pytest.fixture
def three(repo, opened):
    """Opens three parents, each with one child, with what is to become of these."""

    def make(reaction):
        parents, children = "id,name\n1,a\n2,b\n3,c\n", "id,p\n10,1\n20,2\n30,3\n"
        repo.commit({TABLES: KEYS % reaction, "p.csv": parents, "c.csv": children})
        return opened(repo)

    return make


def children(connection):
    return [p for (p,) in rows(connection, "SELECT p FROM c ORDER BY id")]


SWAP = "CASE id WHEN 2 THEN 3 WHEN 3 THEN 2 ELSE id END"


@pytest.mark.parametrize(
    ("statement", "then"),
    [
        ("UPDATE p SET id = id + 1", [2, 3, 4]),
        ("UPDATE p SET id = id - 1", [0, 1, 2]),
        (f"UPDATE p SET id = {SWAP}", [1, 3, 2]),
        ("UPDATE p SET id = 9 WHERE id = 2", [1, 9, 3]),
        (
            "MERGE INTO p USING (SELECT 1) ON true WHEN MATCHED THEN UPDATE SET id = id + 1",
            [2, 3, 4],
        ),
        (
            "INSERT INTO p (id, name) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET id = 7",
            [7, 2, 3],
        ),
        ("WITH u AS (UPDATE p SET id = id + 1 RETURNING id) SELECT count(*) FROM u", [2, 3, 4]),
    ],
)
def test_children_follow_each_key_at_once(three, statement, then):
    connection = three("on_update: cascade")
    connection.execute(statement)
    assert children(connection) == then


def test_each_statement_of_a_transaction_is_followed(three):
    connection = three("on_update: cascade")
    connection.execute("BEGIN")
    connection.execute("UPDATE p SET id = id + 1")
    connection.execute("UPDATE p SET id = id + 1")
    connection.execute("COMMIT")
    assert children(connection) == [3, 4, 5]


def test_a_shift_sets_null(three):
    connection = three("on_update: set null")
    connection.execute("UPDATE p SET id = id + 1 WHERE id > 1")
    assert children(connection) == [1, None, None]


def test_a_shift_under_restrict_leaves_what_still_is_a_key(three):
    connection = three("on_update: restrict")
    connection.execute(f"UPDATE p SET id = {SWAP}")
    assert children(connection) == [1, 2, 3]
    with pytest.raises(ingitdb.IntegrityError, match="'1', which is gone from p"):
        connection.execute("UPDATE p SET id = id + 1")


def test_a_changed_key_is_no_deletion(three):
    connection = three("on_delete: cascade")
    with pytest.raises(ingitdb.IntegrityError, match="'2', which is gone from p"):
        connection.execute("UPDATE p SET id = 9 WHERE id = 2")
    assert children(connection) == [1, 2, 3]


def test_what_a_merge_deletes_is_not_what_it_inserts(three):
    connection = three("on_delete: cascade, on_update: cascade")
    connection.execute(
        "MERGE INTO p USING (VALUES (1), (5)) AS s(id) ON p.id = s.id"
        " WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (id, name) VALUES (s.id, 'e')"
    )
    assert rows(connection, "SELECT id FROM p ORDER BY id") == [(2,), (3,), (5,)]
    assert children(connection) == [2, 3]


def test_a_transaction_that_deletes_and_inserts(three):
    connection = three("on_delete: set null, on_update: cascade")
    connection.execute("BEGIN")
    connection.execute("DELETE FROM p WHERE id = 1")
    connection.execute("INSERT INTO p VALUES (5, 'e')")
    connection.execute("COMMIT")
    assert children(connection) == [None, 2, 3]


TREE = """
tables:
  p:
    glob: p.csv
    key: id
    foreign_keys: [{columns: above, table: p, references: id, on_update: cascade}]
"""


@pytest.mark.parametrize("assigned", ["id = id + 1", "id = id + 1, above = above + 1"])
def test_a_table_that_refers_to_itself(repo, opened, assigned):
    repo.commit({TABLES: TREE, "p.csv": "id,above\n1,\n2,1\n3,2\n"})
    connection = opened(repo)
    connection.execute(f"UPDATE p SET {assigned}")
    assert rows(connection, "SELECT * FROM p ORDER BY id") == [(2, None), (3, 2), (4, 3)]


def test_what_follows_is_followed(repo, opened):
    key = "foreign_keys: [{columns: id, table: %s, references: id, on_update: cascade}]"
    text = f"tables:\n  a: {{glob: a.csv, key: id}}\n  b: {{glob: b.csv, key: id, {key % 'a'}}}\n"
    text += f"  c: {{glob: c.csv, key: id, {key % 'b'}}}\n"
    numbers = "id,n\n1,1\n2,2\n3,3\n"
    repo.commit({TABLES: text, "a.csv": numbers, "b.csv": numbers, "c.csv": numbers})
    connection = opened(repo)
    connection.execute("UPDATE a SET id = id + 1")
    assert rows(connection, "SELECT id, n FROM c ORDER BY n") == [(2, 1), (3, 2), (4, 3)]


def test_a_key_of_two_columns_follows(repo, opened):
    text = said("cascade", "cascade", "[route, kind]", "[code, name]")
    fares = "route,kind\nA,a\nB,b\nA,a\n"
    repo.commit({TABLES: text, "routes.csv": routes("A", "B"), "fares.csv": fares})
    connection = opened(repo)
    connection.execute("UPDATE routes SET code = CASE code WHEN 'A' THEN 'B' ELSE 'A' END")
    assert rows(connection, "FROM fares") == [("B", "a"), ("A", "b"), ("B", "a")]


def test_a_key_by_its_text_follows(repo, opened):
    text = said(on_update="cascade", references="_key")
    repo.commit({TABLES: text, "routes.csv": routes("A", "B"), "fares.csv": FARES})
    connection = opened(repo)
    connection.execute("UPDATE routes SET code = CASE code WHEN 'A' THEN 'B' ELSE 'A' END")
    assert rows(connection, "SELECT route FROM fares") == [("B",), ("A",), ("A",)]


def test_a_key_outside_the_fields_goes(repo, opened):
    text = (
        "tables:\n  routes: {}\n  fares: {foreign_keys: "
        "[{columns: route, table: routes, on_delete: cascade}]}\n"
    )
    repo.commit({TABLES: text, "routes.yaml": "A: {n: 1}\nB: {n: 2}\n", "fares.csv": FARES})
    connection = opened(repo)
    connection.execute("UPDATE routes SET n = 3 - n")
    assert rows(connection, "SELECT route FROM fares") == [("A",), ("B",), ("B",)]
    connection.execute("DELETE FROM routes WHERE _key = 'B'")
    assert rows(connection, "SELECT route FROM fares") == [("A",)]


@pytest.mark.parametrize(("reaction", "then"), [("cascade", []), ("set null", [(None,)])])
def test_the_last_record_of_a_parent_goes(repo, opened, reaction, then):
    text = (
        "tables:\n  ports: {}\n  calls: {glob: calls.csv, foreign_keys: "
        f"[{{columns: port, table: ports, on_delete: {reaction}}}]}}\n"
    )
    repo.commit({TABLES: text, "ports/a.yaml": "n: 1\n", "calls.csv": "port,n\na,1\n"})
    connection = opened(repo)
    connection.execute("DELETE FROM ports")
    assert rows(connection, "SELECT port FROM calls") == then
    with pytest.raises(ingitdb.IntegrityError, match="'b', which is no key of ports"):
        connection.execute("INSERT INTO calls VALUES ('b', 2)")


def test_the_last_record_of_a_parent_may_not_go(repo, opened):
    text = (
        "tables:\n  ports: {}\n  calls: {glob: calls.csv, foreign_keys: "
        "[{columns: port, table: ports}]}\n"
    )
    repo.commit({TABLES: text, "ports/a.yaml": "n: 1\n", "calls.csv": "port,n\na,1\n"})
    connection = opened(repo)
    with pytest.raises(ingitdb.IntegrityError, match="'a', which is gone from ports"):
        connection.execute("DELETE FROM ports")


def test_a_table_that_is_dropped_takes_no_records_with_it(repo, opened):
    text = (
        "tables:\n  calls: {glob: calls.csv, foreign_keys: "
        "[{columns: port, table: ports, on_delete: cascade}]}\n"
    )
    repo.commit({TABLES: text, "ports/a.yaml": "n: 1\n", "calls.csv": "port,n\na,1\n"})
    connection = opened(repo)
    connection.execute("DROP TABLE ports CASCADE")
    assert rows(connection, "SELECT port FROM calls") == [("a",)]


def test_the_hint_of_a_reference_says_what_comes_first(three):
    connection = three("on_update: cascade")
    connection.execute("BEGIN")
    with pytest.raises(ingitdb.IntegrityError) as caught:
        connection.execute("INSERT INTO c VALUES (40, 4)")
    assert "INSERT that first" in str(caught.value.hint)
    connection.execute("INSERT INTO p VALUES (4, 'd')")
    connection.execute("INSERT INTO c VALUES (40, 4)")
    connection.execute("COMMIT")
    assert children(connection) == [1, 2, 3, 4]


def written(repo, opened, files, *statements):
    """Runs statements in a repository of some files; gives the connection."""
    repo.config(user__name="Ports Desk", user__email="ports@example.org")
    repo.commit(files)
    connection = opened(repo)
    for sql in statements:
        connection.execute(sql)
    return connection


SHARED = """tables:
  a: {glob: a.csv, key: [x, k]}
  b: {glob: b.csv, key: [k, y]}
  c:
    glob: c.csv
    key: id
    foreign_keys:
      - {columns: [x, k], table: a, references: [x, k], on_update: cascade}
      - {columns: [k, y], table: b, references: [k, y], on_update: cascade}
"""


def test_two_foreign_keys_that_share_a_column(repo, opened):
    files = {"a.csv": "x,k\n1,1\n2,2\n", "b.csv": "k,y\n1,5\n2,6\n3,5\n",
             "c.csv": "id,x,k,y\n7,1,1,5\n8,2,2,6\n", TABLES: SHARED}  # fmt: skip
    moved = ("UPDATE a SET x = 9 WHERE k = 1", "UPDATE a SET k = 3 WHERE x = 9")
    connection = written(repo, opened, files, *moved)
    assert rows(connection, "FROM c") == [(7, 9, 3, 5), (8, 2, 2, 6)]
    before = repo.tip()
    with pytest.raises(ingitdb.IntegrityError, match="k, y refers to '4', '6'"):
        connection.execute("UPDATE a SET k = 4 WHERE x = 2")
    assert repo.tip() == before
    assert rows(connection, "FROM a") == [(9, 3), (2, 2)]


def cycle(target):
    """Gives two tables whose columns refer to each other."""
    return (
        "tables:\n  a: {glob: a.csv, key: k, foreign_keys:"
        f" [{{columns: k, table: b, references: {target}, on_update: cascade}}]}}\n"
        f"  b: {{glob: b.csv, key: id, unique: [{target}], foreign_keys:"
        f" [{{columns: {target}, table: a, references: k, on_update: cascade}}]}}\n"
    )


def test_cascades_in_a_circle_end(repo, opened):
    files = {"a.csv": "k,n\n1,1\n2,2\n", "b.csv": "id,p\n1,1\n2,2\n", TABLES: cycle("p")}
    connection = written(repo, opened, files, "UPDATE a SET k = 9 WHERE k = 1")
    assert rows(connection, "FROM a") == [(9, 1), (2, 2)]
    assert rows(connection, "FROM b") == [(1, 9), (2, 2)]
    connection.execute("UPDATE b SET p = p + 1")
    assert rows(connection, "FROM a") == [(10, 1), (3, 2)]
    before = repo.tip()
    with pytest.raises(ingitdb.Error, match="has no end"):
        connection.execute("UPDATE a SET k = 13 - k")
    assert repo.tip() == before


def test_a_table_that_refers_to_itself_in_a_circle(repo, opened):
    said = (
        "tables: {a: {glob: a.csv, key: k, foreign_keys:"
        " [{columns: p, table: a, references: k, on_update: cascade}]}}\n"
    )
    files = {"a.csv": "k,p\n1,2\n2,3\n3,1\n4,4\n", TABLES: said}
    connection = written(repo, opened, files, "UPDATE a SET k = k + 1")
    assert rows(connection, "FROM a") == [(2, 3), (3, 4), (4, 2), (5, 5)]


LINES = "orders/.collection/subcollections/lines/definition.yaml"


def test_a_key_under_which_records_lie_stays(repo, opened):
    files = {"README": "Data\n"}
    connection = written(
        repo, opened, files,
        "CREATE TABLE orders (code VARCHAR PRIMARY KEY, n INTEGER)",
        "INSERT INTO orders VALUES ('o1', 1), ('o2', 2)",
    )  # fmt: skip
    record_file = 'record_file: {name: "{key}.yaml", type: "map[string]any", format: yaml}\n'
    for folder in ("orders/$records/o1", "orders/o1"):
        line = f"{folder}/lines/$records/l1.yaml"
        repo.commit({LINES: record_file + "columns: {b: {type: int}}\n", line: "b: 1\n"})
        before = repo.tip()
        with pytest.raises(ingitdb.Error, match="would lose their parent"):
            connection.execute("UPDATE orders SET code = 'o/3' WHERE n = 1")
        assert repo.tip() == before
        assert rows(connection, 'SELECT _parent, b FROM "orders/lines"') == [("o1", 1)]
        repo.commit({line: None})
    connection.execute("UPDATE orders SET code = 'o/3'  WHERE n = 1")
    assert rows(connection, "FROM orders ORDER BY n") == [("o/3", 1), ("o2", 2)]
