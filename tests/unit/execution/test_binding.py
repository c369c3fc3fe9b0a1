"""Names, hidden columns and file order, in statements with one table and with several."""

import pytest

import ingitdb
from tests.support.opening import Opened, rows
from tests.support.repositories import RepoBuilder


@pytest.fixture
def ledger(repo: RepoBuilder) -> RepoBuilder:
    repo.commit(
        {
            "people.csv": "id,name\n2,Bo\n1,Al\n3,Cy\n",
            "data/cities.json": '[{"id": 2, "city": "Rome"}, {"id": 1, "city": "Bari"}]',
            "items/z.yaml": "n: 1\n",
            "items/a.yaml": "n: 2\n",
        }
    )
    return repo


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT id FROM people", [(2,), (1,), (3,)]),
        ("SELECT id, (SELECT count(*) FROM cities) FROM people", [(2, 2), (1, 2), (3, 2)]),
        ("SELECT id, (SELECT count(*) FROM people) FROM people", [(2, 3), (1, 3), (3, 3)]),
        ("SELECT id, _line, (SELECT max(_path) FROM cities) FROM people",
         [(2, 2, "data/cities.json"), (1, 3, "data/cities.json"), (3, 4, "data/cities.json")]),
        ("SELECT * FROM people WHERE id IN (SELECT id FROM cities WHERE _line = 1)",
         [(2, "Bo"), (1, "Al")]),
        ("SELECT people.*, c._path FROM people JOIN cities c USING (id) ORDER BY id",
         [(1, "Al", "data/cities.json"), (2, "Bo", "data/cities.json")]),
        ("SELECT p.*, c.* FROM people p JOIN cities c USING (id)"
         " WHERE p._path <> c._path ORDER BY 1",
         [(1, "Al", 1, "Bari"), (2, "Bo", 2, "Rome")]),
        ("SELECT * FROM people p JOIN cities c ON p.id = c.id AND p._blob <> c._blob ORDER BY 1",
         [(1, "Al", 1, "Bari"), (2, "Bo", 2, "Rome")]),
        ("FROM items WHERE _path LIKE '%z.yaml'", [("z", 1)]),
        ("SELECT * FROM items, people WHERE items.n = people.id AND _line = 1", None),
        ("WITH p AS (SELECT *, _path FROM people) SELECT * FROM p LIMIT 1",
         [(2, "Bo", "people.csv")]),
        ("SELECT * FROM (SELECT * FROM people) LIMIT 2", [(2, "Bo"), (1, "Al")]),
        ("SELECT people.id, main.people.name FROM main.people LIMIT 1", [(2, "Bo")]),
        ("SELECT * FROM data.cities", [(2, "Rome"), (1, "Bari")]),
        ("SELECT * FROM shop.people LIMIT 1", [(2, "Bo")]),
        ("SELECT * FROM shop.data.cities LIMIT 1", [(2, "Rome")]),
        ('SELECT * FROM "people.csv" LIMIT 1', [(2, "Bo")]),
        ("SELECT PEOPLE.ID FROM PEOPLE LIMIT 1", [(2,)]),
        ("TABLE items", [("a", 2), ("z", 1)]),
        ("SELECT a.id FROM people a, people b WHERE a.id = b.id + 1 ORDER BY 1", [(2,), (3,)]),
        ("SELECT (SELECT name FROM people p WHERE p.id = c.id) FROM cities c", [("Bo",), ("Al",)]),
        ("SELECT count(*) FROM people UNION ALL SELECT count(_path) FROM cities", [(3,), (2,)]),
    ],
)  # fmt: skip
def test_answers(ledger: RepoBuilder, opened: Opened, sql: str, expected: object) -> None:
    connection = opened(ledger)
    for _ in range(2):
        if expected is None:
            with pytest.raises(ingitdb.ProgrammingError):
                connection.execute(sql)
        else:
            assert rows(connection, sql) == expected


def test_one_catalog_for_whatever_order_of_questions(ledger: RepoBuilder, opened: Opened) -> None:
    connection = opened(ledger)
    assert rows(connection, "SELECT (SELECT count(*) FROM cities) FROM people LIMIT 1") == [(2,)]
    assert rows(connection, "SELECT id FROM cities") == [(2,), (1,)]
    assert rows(connection, "SELECT max(id) FROM people") == [(3,)]
    assert rows(connection, "SELECT id FROM people") == [(2,), (1,), (3,)]


def test_unqualified_names_after_use_of_a_schema(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({"data/t.csv": "n\n1\n", "db/t.csv": "n\n2\n", "t.csv": "n\n3\n"})
    connection = opened(repo)
    with pytest.raises(ingitdb.ProgrammingError, match="ambiguous"):
        connection.execute("SELECT n FROM t")
    for schema, number in (("data", 1), ("db", 2), ("main", 3), ("data", 1)):
        connection.execute(f"USE {schema}")
        assert rows(connection, "SELECT n FROM t") == [(number,)]
        assert rows(connection, "SELECT n, (SELECT n FROM main.t) FROM t") == [(number, 3)]
        assert rows(connection, "SELECT a.n, b.n FROM data.t a, db.t b") == [(1, 2)]


def test_names_that_differ_in_case_only(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({"Foo/a.json": '{"n": 1}', "foo/a.json": '{"n": 2}'})
    connection = opened(repo)
    for _ in range(2):
        assert rows(connection, 'SELECT n FROM "Foo"') == [(1,)]
        assert rows(connection, "SELECT n FROM foo") == [(2,)]
    assert rows(connection, 'SELECT a.n, b.n FROM "Foo" a, foo b') == [(1, 2)]


def test_a_spelling_that_only_folds_alike(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({"Straße/a.json": '{"n": 1}'})
    connection = opened(repo)
    assert rows(connection, 'SELECT n FROM "STRASSE"') == [(1,)]
    assert rows(connection, 'SELECT n FROM "Straße"') == [(1,)]


def test_loose_names(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({"data/country-codes.csv": "a\n1\n"})
    connection = opened(repo)
    assert rows(connection, "SELECT country_codes.a FROM country_codes") == [(1,)]
    assert rows(connection, "SELECT a FROM \"country-codes\" AS OF 'main'") == [(1,)]


def test_hidden_columns_at_a_version(ledger: RepoBuilder, opened: Opened) -> None:
    ledger.commit({"people.csv": "id,name\n9,Zo\n"})
    connection = opened(ledger)
    old = "SELECT *, _line FROM people AS OF 'main~1'"
    assert rows(connection, old) == [(2, "Bo", 2), (1, "Al", 3), (3, "Cy", 4)]
    assert rows(connection, "SELECT *, _key FROM people") == [(9, "Zo", None)]
    blobs = "SELECT a._blob = b._blob FROM people a, people AS OF 'main~1' b WHERE b.id = 1"
    assert rows(connection, blobs) == [(False,)]


def test_file_order_everywhere(repo: RepoBuilder, opened: Opened) -> None:
    numbers = [5, 3, 9, 1]
    first = repo.commit({"l.csv": "n\n" + "".join(f"{n}\n" for n in numbers)})
    connection = opened(repo)
    assert rows(connection, "SELECT n FROM l") == [(n,) for n in numbers]
    second = repo.commit({"l.csv": "n\n" + "".join(f"{n}\n" for n in [1, 5, 7, 3, 9])})
    assert rows(connection, "SELECT n FROM l") == [(n,) for n in [1, 5, 7, 3, 9]]
    repo.commit({"l.csv": "n\n2\n"})
    again = opened(repo)
    for at, wanted in ((first, numbers), (second, [1, 5, 7, 3, 9]), ("HEAD", [2])):
        assert rows(again, f"SELECT n FROM l AS OF '{at}'") == [(n,) for n in wanted]
        assert rows(again, f"SELECT n FROM l AS OF '{at}' LIMIT 2") == [(n,) for n in wanted][:2]


def test_attached_repositories(
    ledger: RepoBuilder, opened: Opened, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = RepoBuilder(tmp_path_factory.mktemp("other") / "log")
    other.commit({"people.csv": "id\n7\n"})
    other.tag("v1")
    other.commit({"people.csv": "id\n8\n"})
    connection = opened(ledger)
    connection.execute(f"ATTACH '{other.path}' AS other (REF 'v1')")
    assert rows(connection, "SELECT id FROM other.people") == [(7,)]
    assert rows(connection, "SELECT id FROM other.people AS OF 'main'") == [(8,)]
    moment = "SELECT id FROM other.people AS OF TIMESTAMP '2026-01-01 23:00:00'"
    assert rows(connection, moment) == [(7,)]
    assert rows(connection, 'SELECT id FROM "other/main".people') == [(8,)]
    both = "SELECT max(o.id), max(p.id) FROM other.people o, people p"
    assert rows(connection, both) == [(7, 3)]
    count = "SELECT (SELECT count(*) FROM {}), (SELECT count(*) FROM {}) FROM people LIMIT 1"
    ours, theirs = "people FOR SYSTEM_TIME ALL", '"other/main".people FOR SYSTEM_TIME ALL'
    assert rows(connection, count.format(ours, theirs)) == [(3, 2)]
    assert rows(connection, count.format(theirs, ours)) == [(2, 3)]
    with pytest.raises(ingitdb.ProgrammingError, match="already"):
        connection.execute(f"ATTACH '{other.path}' AS other")
    connection.execute("DETACH other")
    with pytest.raises(ingitdb.ProgrammingError):
        connection.execute("SELECT id FROM other.people")


def test_our_scalars_name_their_columns_as_duckdb_would(shop: RepoBuilder, opened: Opened) -> None:
    connection = opened(shop)
    sql = "SELECT Hash_Of( 'v1.0' ), active_branch(), active_branch() AS b, upper(active_branch())"
    found = connection.execute(f"{sql} ORDER BY active_branch()")
    assert [column[0] for column in found.description][:3] == [
        "hash_of('v1.0')",
        "active_branch()",
        "b",
    ]
    assert found.fetchall() == [(shop.tip("v1.0"), "main", "main", "MAIN")]
    grouped = "SELECT has_ancestor('main', 'v1.0'), count(*) FROM items GROUP BY 1 ORDER BY 1"
    assert rows(connection, grouped) == [(True, 2)]
