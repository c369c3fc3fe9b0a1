"""CREATE, ALTER and DROP become definitions that upstream reads, and edits of records."""

from collections.abc import Mapping
from typing import Any

import pytest
import yaml

import ingitdb
from ingitdb.catalog.parsed import parse
from ingitdb.catalog.schema_check import check
from tests.support.opening import Opened, rows, types
from tests.support.repositories import RepoBuilder

FILES: Mapping[str, str] = {
    "people/anna.yaml": "# of the desk\nname: Anna  # first\nage: 41\ntags: [a, b]\n",
    "people/bo.yaml": "name: Bo\nage: 7\ntags: [c]\n",
    "fares.csv": 'route,"price"\nR1,9.50\nR2,12.00\n',
    "log.jsonl": '{"id":1,"n":5}\n{"id":2,"n":6}\n',
    "stops.yaml": "a:\n  size: 1\nb:\n  size: 2\n",
    "feed.json": '{\n  "at": "now",\n  "items": [\n    {"id": 1, "text": "x"}\n  ]\n}\n',
    "notes/n1.md": "---\ntitle: One\n---\n# One\n",
    "conf.toml": "[x]\nsize = 1 # small\n\n[y]\nsize = 2\n",
}


@pytest.fixture
def data(repo: RepoBuilder) -> RepoBuilder:
    """A repository of discovered tables, and someone who writes."""
    repo.git("config", "user.name", "Ports Desk")
    repo.git("config", "user.email", "ports@example.org")
    repo.commit(FILES)
    return repo


@pytest.fixture
def connection(data: RepoBuilder, opened: Opened) -> Any:
    """A connection in autocommit."""
    found = opened(data)
    found.autocommit = True
    return found


def sound(repo: RepoBuilder) -> None:
    """Looks at what upstream would read, and whether git is content."""
    assert repo.git("status", "--porcelain") == ""
    repo.git("fsck", "--strict")
    for path in repo.git("ls-files").splitlines():
        name = path.rpartition("/")[2]
        schema = {"definition.yaml": "definition", "root-collections.yaml": "root-collections"}
        if path.startswith(".ingitdb/") and name == "tables.yaml":
            schema[name] = "tables"
        if name in schema:
            parsed = parse(path, (repo.path / path).read_bytes())
            assert check(parsed, schema[name]) == [], path


def changed(repo: RepoBuilder) -> list[str]:
    """Gives the lines that the last commit took away and brought."""
    shown = repo.git("diff", "-U0", "--no-renames", "HEAD~1", "HEAD").splitlines()
    return [line for line in shown if line[:1] in "+-" and line[:3] not in ("+++", "---")]


def refused(connection: Any, sql: str, *words: str) -> None:
    before = rows(connection, "SELECT hash_of('HEAD')")
    with pytest.raises(ingitdb.Error) as caught:
        connection.execute(sql)
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert rows(connection, "SELECT hash_of('HEAD')") == before


# --- New tables -----------------------------------------------------------------------------


def test_a_table_is_a_definition_of_upstreams_and_what_that_cannot_say(
    data: RepoBuilder, connection: Any
) -> None:
    connection.execute(
        "CREATE TABLE routes (code VARCHAR PRIMARY KEY, name VARCHAR NOT NULL,"
        " length DECIMAL(6,2) DEFAULT 1.5 CHECK (length > 0), opened DATE, stops INTEGER[],"
        " kind ENUM('ferry', 'bus'), UNIQUE (name, kind), CONSTRAINT short CHECK (code <> name))"
    )
    sound(data)
    definition = yaml.safe_load((data.path / "routes/.collection/definition.yaml").read_text())
    assert definition == {
        "record_file": {"name": "{key}.yaml", "format": "yaml", "type": "map[string]any"},
        "columns": {
            "code": {"type": "string", "required": True},
            "name": {"type": "string", "required": True},
            "length": {"type": "float"},
            "opened": {"type": "date"},
            "stops": {"type": "[]int"},
            "kind": {"type": "string", "enum": ["ferry", "bus"]},
        },
        "columns_order": ["code", "name", "length", "opened", "stops", "kind"],
        "primary_key": ["code"],
    }
    assert yaml.safe_load((data.path / ".ingitdb/tables.yaml").read_text()) == {
        "discover": True,
        "tables": {
            "routes": {
                "unique": [["name", "kind"]],
                "checks": {"routes_length_check": "length > 0", "short": "code <> name"},
                "columns": {
                    "length": {"type": "DECIMAL(6,2)", "default": "1.5"},
                    "stops": {"type": "INTEGER[]"},
                },
            }
        },
    }
    assert (data.path / ".ingitdb/root-collections.yaml").read_text() == "routes: routes\n"
    assert types(connection, "FROM routes") == {
        "code": "VARCHAR",
        "name": "VARCHAR",
        "length": "DECIMAL(6,2)",
        "opened": "DATE",
        "stops": "INTEGER[]",
        "kind": "VARCHAR",
    }
    assert len(rows(connection, "FROM people")) == 2  # discovery goes on
    assert data.git("log", "-1", "--format=%s") == "CREATE TABLE routes"


def test_composite_and_unsafe_keys_name_files(data: RepoBuilder, connection: Any) -> None:
    connection.execute("CREATE TABLE t (a VARCHAR, b INTEGER, n DOUBLE, PRIMARY KEY (a, b))")
    connection.execute("INSERT INTO t VALUES ('x/y: 50%', 1, 0.5), ('plain', 2, NULL)")
    assert data.git("ls-files", "t/$records").splitlines() == [
        "t/$records/plain__2.yaml",
        "t/$records/x%2Fy%3A 50%25__1.yaml",
    ]
    assert rows(connection, "SELECT _key, * FROM t") == [
        ("plain__2", "plain", 2, None),
        ("x/y: 50%__1", "x/y: 50%", 1, 0.5),
    ]
    connection.execute("UPDATE t SET b = b + 1")
    assert data.git("ls-files", "t/$records/plain__3.yaml") != ""
    refused(connection, "INSERT INTO t VALUES ('plain', 3, 1)", "already")
    connection.execute("CREATE TABLE k (_key VARCHAR PRIMARY KEY, n INTEGER)")
    connection.execute("INSERT INTO k VALUES ('a/b', 1)")
    assert yaml.safe_load((data.path / "k/$records/a%2Fb.yaml").read_text()) == {"n": 1}
    assert rows(connection, "FROM k") == [("a/b", 1)]
    sound(data)


PLACES = [
    ("id INTEGER PRIMARY KEY", "", "t/$records/1.yaml"),
    ("id INTEGER PRIMARY KEY", "format = 'json'", "t/$records/1.json"),
    ("id INTEGER PRIMARY KEY", "format = 'toml', layout = 'one file'", "t/t.toml"),
    ("id INTEGER PRIMARY KEY", "layout = 'one file'", "t/t.yaml"),
    ("id INTEGER PRIMARY KEY", "format = 'ingr'", "t/t.ingr"),
    ("id INTEGER PRIMARY KEY", "path = 'data/t'", "data/t/$records/1.yaml"),
    ("id INTEGER PRIMARY KEY", "path = 'data/t/{key}.json'", "data/t/1.json"),
    ("id INTEGER PRIMARY KEY", "path = 'data/t/{key}/{key}.yaml'", "data/t/1/1.yaml"),
    ("id INTEGER", "", "t/t.yaml"),
    ("id INTEGER", "format = 'csv'", "t/t.csv"),
    ("id INTEGER", "path = 'data/all.jsonl'", "data/all.jsonl"),
    ("id INTEGER", "path = 'all.csv'", "all.csv"),
    ("id INTEGER", "format = 'tsv'", "t/t.tsv"),
    ("id INTEGER", "format = 'parquet'", "t/t.parquet"),
    (
        "id INTEGER PRIMARY KEY, body VARCHAR",
        "format = 'markdown', content = 'body'",
        "t/$records/1.md",
    ),
]


@pytest.mark.parametrize(("columns", "options", "path"), PLACES, ids=[p[2] for p in PLACES])
def test_records_lie_where_the_statement_says(
    columns: str, options: str, path: str, data: RepoBuilder, connection: Any
) -> None:
    known = rows(connection, "SHOW TABLES")
    connection.execute(f"CREATE TABLE t ({columns})" + f" WITH ({options})" * bool(options))
    connection.execute("INSERT INTO t (id) VALUES (1)")
    assert path in data.git("diff", "--name-only", "HEAD~1", "HEAD").splitlines()
    connection.execute("UPDATE t SET id = 2")
    assert rows(connection, "SELECT id FROM t") == [(2,)]
    connection.execute("DELETE FROM t")
    connection.execute("INSERT INTO t (id) VALUES (3), (4)")
    assert rows(connection, "SELECT id FROM t ORDER BY id") == [(3,), (4,)]
    sound(data)
    connection.execute("DROP TABLE t")
    assert rows(connection, "SHOW TABLES") == known
    assert path not in data.git("ls-files").splitlines()
    sound(data)


def test_a_table_of_a_query_at_another_commit(data: RepoBuilder, connection: Any) -> None:
    data.commit({"fares.csv": "route,price\nR9,1.00\n"})
    connection.execute("CREATE TABLE old WITH (format = 'csv') AS FROM fares AS OF 'HEAD~1'")
    assert (data.path / "old/old.csv").read_text() == "route,price\nR1,9.50\nR2,12.00\n"
    connection.execute("CREATE OR REPLACE TABLE old (r, r2) AS SELECT route, route FROM old")
    assert rows(connection, "FROM old") == [("R1", "R1"), ("R2", "R2")]
    connection.execute("CREATE TABLE IF NOT EXISTS old AS SELECT 1 AS a")
    refused(connection, "CREATE TABLE old AS SELECT 1 AS a", "already")
    connection.execute("CREATE TABLE none AS FROM old WITH NO DATA")
    assert rows(connection, "FROM none") == []
    sound(data)


def test_a_repository_without_commits_begins_with_a_table(
    repo: RepoBuilder, opened: Opened
) -> None:
    repo.git("config", "user.name", "Ports Desk")
    repo.git("config", "user.email", "ports@example.org")
    connection = opened(repo)
    connection.autocommit = True
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY)")
    connection.execute("INSERT INTO t VALUES (1)")
    assert rows(connection, "FROM t") == [(1,)]
    assert not (repo.path / ".ingitdb/tables.yaml").read_text().startswith("discover")
    sound(repo)


@pytest.mark.parametrize(
    ("sql", "word"),
    [
        ("CREATE TABLE t (a INTEGER) WITH (path = 'fares.csv')", "already"),
        ("CREATE TABLE t (a INTEGER) WITH (path = 'people')", "people"),
        ("CREATE TABLE t (a INTEGER) WITH (path = '../x')", "../x"),
        ("CREATE TABLE t (a INTEGER) WITH (path = '.hidden/x')", "hidden"),
        ("CREATE TABLE t (a INTEGER) WITH (format = 'docx')", "docx"),
        ("CREATE TABLE t (a INTEGER) WITH (layout = 'heap')", "heap"),
        ("CREATE TABLE t (a INTEGER) WITH (layout = 'file per record')", "PRIMARY KEY"),
        ("CREATE TABLE t (a INTEGER PRIMARY KEY) WITH (format = 'markdown')", "content"),
        ("CREATE TABLE t (a BLOB)", "BLOB"),
        ("CREATE TABLE t (a INTEGER, A VARCHAR)", "already exists"),
        ("CREATE TABLE t (a nothing_like_it)", "nothing_like_it"),
        ("CREATE TABLE t (a INTEGER CHECK (b > 0))", "b"),
        ("CREATE TABLE t (a VARCHAR DEFAULT read_text('/etc/passwd'))", "read_text"),
        ("CREATE TABLE t (_path VARCHAR)", "_path"),
        ("CREATE TABLE t (_key INTEGER PRIMARY KEY)", "text"),
        ("CREATE TABLE t (a INTEGER REFERENCES nowhere)", "nowhere"),
        ("CREATE TABLE t (a DECIMAL REFERENCES fares (price))", "PRIMARY KEY"),
        ("CREATE TABLE people (a INTEGER)", "already"),
        ("CREATE TABLE nowhere.t (a INTEGER)", "CREATE SCHEMA"),
    ],
)
def test_what_is_refused(sql: str, word: str, connection: Any) -> None:
    refused(connection, sql, word)


# --- Foreign keys, schemas, comments --------------------------------------------------------


def test_references_are_upstreams_where_it_can_say_them(data: RepoBuilder, connection: Any) -> None:
    connection.execute("CREATE SCHEMA geo")
    connection.execute("CREATE TABLE geo.lands (code VARCHAR PRIMARY KEY, name VARCHAR UNIQUE)")
    connection.execute(
        "CREATE TABLE geo.towns (id INTEGER PRIMARY KEY, land VARCHAR REFERENCES geo.lands,"
        " named VARCHAR REFERENCES geo.lands (name) ON DELETE SET NULL,"
        " twin INTEGER REFERENCES geo.towns)"
    )
    text = (data.path / "geo/towns/.collection/definition.yaml").read_text()
    columns = yaml.safe_load(text)["columns"]
    assert columns["land"]["foreign_key"] == "geo.lands"
    assert columns["twin"]["foreign_key"] == "geo.towns"
    entry = yaml.safe_load((data.path / ".ingitdb/tables.yaml").read_text())["tables"]["geo.towns"]
    assert entry["foreign_keys"] == [
        {
            "columns": ["named"],
            "table": "geo.lands",
            "references": ["name"],
            "on_delete": "set null",
        }
    ]
    sound(data)
    refused(connection, "DROP TABLE geo.lands", "towns")
    refused(connection, "DROP SCHEMA geo", "not empty")
    connection.execute("ALTER TABLE geo.lands RENAME TO countries")
    described = {row[0]: row[4] for row in rows(connection, "DESCRIBE geo.towns")}
    assert described["land"] == described["named"] == "geo.countries"
    connection.execute("DROP TABLE geo.countries CASCADE")
    assert {row[4] for row in rows(connection, "DESCRIBE geo.towns")} == {None, "geo.towns"}
    sound(data)
    connection.execute("DROP SCHEMA geo CASCADE")
    refused(connection, "DROP SCHEMA geo", "geo")
    connection.execute("DROP SCHEMA IF EXISTS geo")
    assert not data.git("ls-files", "geo")


def test_comments_are_titles(data: RepoBuilder, connection: Any) -> None:
    connection.execute("CREATE TABLE t (a INTEGER PRIMARY KEY)")
    connection.execute("COMMENT ON TABLE t IS 'Things'")
    connection.execute("COMMENT ON COLUMN t.a IS 'Number'")
    value = yaml.safe_load((data.path / "t/.collection/definition.yaml").read_text())
    assert (value["titles"], value["columns"]["a"]["title"]) == ({"en": "Things"}, "Number")
    connection.execute("COMMENT ON TABLE t IS NULL")
    connection.execute("COMMENT ON COLUMN people.age IS 'in years'")
    sound(data)
    refused(connection, "COMMENT ON TABLE people IS 'x'", "title")
    refused(connection, "COMMENT ON COLUMN t.b IS 'x'", "b")


# --- ALTER ----------------------------------------------------------------------------------

RENAMES = [
    ("people", "age", ["-age: 41", "+years: 41", "-age: 7", "+years: 7"]),
    ("fares", "price", ['-route,"price"', '+route,"years"']),
    ("log", "n", ['-{"id":1,"n":5}', '-{"id":2,"n":6}', '+{"id":1,"years":5}',
                  '+{"id":2,"years":6}']),
    ("stops", "size", ["-  size: 1", "+  years: 1", "-  size: 2", "+  years: 2"]),
    ("feed", "text", ['-    {"id": 1, "text": "x"}', '+    {"id": 1, "years": "x"}']),
    ("notes", "title", ["-title: One", "+years: One"]),
    ("conf", "size", ["-size = 1 # small", "+years = 1 # small", "-size = 2", "+years = 2"]),
]  # fmt: skip


@pytest.mark.parametrize(("table", "column", "lines"), RENAMES, ids=[r[0] for r in RENAMES])
def test_a_column_is_renamed_at_its_place_and_history_follows(
    table: str, column: str, lines: list[str], data: RepoBuilder, connection: Any
) -> None:
    before = rows(connection, f"FROM {table}")
    order = list(types(connection, f"FROM {table}"))
    connection.execute(f"ALTER TABLE {table} RENAME COLUMN {column} TO years")
    assert rows(connection, f"FROM {table}") == before
    expected = ["years" if name == column else name for name in order]
    assert list(types(connection, f"FROM {table}")) == expected
    found = [line for line in changed(data) if "tables:" not in line]
    assert [line for line in found if line in lines] == lines
    assert None not in [row[0] for row in rows(connection, f"SELECT years FROM history('{table}')")]
    sound(data)


def test_indexes_follow_columns(data: RepoBuilder, connection: Any) -> None:
    declared = "tables: {log: {indexes: [n, [id, n], id]}}\n"
    data.commit({".ingitdb/tables.yaml": declared})

    def said() -> Any:
        text = (data.path / ".ingitdb/tables.yaml").read_text()
        return yaml.safe_load(text)["tables"]["log"].get("indexes")

    connection.execute("ALTER TABLE log RENAME COLUMN n TO m")
    assert said() == ["m", ["id", "m"], "id"]
    connection.execute("ALTER TABLE log DROP COLUMN m")
    assert said() == ["id"]
    sound(data)


def test_columns_come_and_go_in_a_declared_table(data: RepoBuilder, connection: Any) -> None:
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a VARCHAR, b INTEGER)")
    connection.execute("INSERT INTO t VALUES (1, '10', 5), (2, '20', NULL)")
    connection.execute("ALTER TABLE t ADD COLUMN c DECIMAL(4,2) DEFAULT 2")
    assert "+c: 2.00" in changed(data)
    connection.execute("ALTER TABLE t ADD COLUMN IF NOT EXISTS c INTEGER")
    connection.execute("ALTER TABLE t ALTER a SET DATA TYPE INTEGER USING a::INTEGER * 2")
    connection.execute("ALTER TABLE t ALTER b SET DEFAULT 7")
    connection.execute("INSERT INTO t (id) VALUES (3)")
    connection.execute("ALTER TABLE t DROP COLUMN IF EXISTS nothing")
    assert [tuple(map(str, row)) for row in rows(connection, "FROM t")] == [
        ("1", "20", "5", "2.00"),
        ("2", "40", "None", "2.00"),
        ("3", "None", "7", "2.00"),
    ]
    assert types(connection, "FROM t")["a"] == "INTEGER"
    refused(connection, "ALTER TABLE t ALTER b SET NOT NULL", "NULL")
    connection.execute("ALTER TABLE t DROP COLUMN b")
    connection.execute("ALTER TABLE t ALTER c SET NOT NULL")
    assert [row[2] for row in rows(connection, "DESCRIBE t")] == [False, True, False]
    connection.execute("ALTER TABLE t ALTER c DROP NOT NULL")
    connection.execute("ALTER TABLE t ALTER c DROP DEFAULT")
    connection.execute("ALTER TABLE t RENAME id TO number")
    assert (data.path / "t/$records/1.yaml").read_text() == "number: 1\na: 20\nc: 2.00\n"
    connection.execute("INSERT INTO t (number) VALUES (4)")
    sound(data)
    refused(connection, "ALTER TABLE t DROP COLUMN number", "key")
    refused(connection, "ALTER TABLE t ALTER number TYPE VARCHAR", "key")
    refused(connection, "ALTER TABLE t RENAME a TO c", "c")
    refused(connection, "ALTER TABLE t DROP COLUMN nothing", "nothing")
    refused(connection, "ALTER TABLE nowhere DROP COLUMN a", "nowhere")
    connection.execute("ALTER TABLE IF EXISTS nowhere DROP COLUMN a")


def test_a_value_that_does_not_convert_names_its_record(connection: Any) -> None:
    connection.execute("UPDATE people SET name = '12' WHERE _key = 'anna'")
    refused(connection, "ALTER TABLE people ALTER name TYPE INTEGER", "people/bo.yaml", "Bo")


def test_discovered_tables_are_altered_in_their_records(data: RepoBuilder, connection: Any) -> None:
    connection.execute("ALTER TABLE people ADD COLUMN size INTEGER")
    connection.execute("ALTER TABLE people DROP COLUMN tags")
    assert changed(data).count("-tags: [a, b]") == 1
    connection.execute("ALTER TABLE people ALTER age TYPE DOUBLE")
    connection.execute("ALTER TABLE fares ADD note VARCHAR DEFAULT 'n'")
    assert (data.path / "fares.csv").read_text().splitlines() == [
        'route,"price","note"',
        "R1,9.50,n",
        "R2,12.00,n",
    ]
    connection.execute("ALTER TABLE fares DROP price")
    assert types(connection, "FROM people") == {
        "_key": "VARCHAR",
        "name": "VARCHAR",
        "age": "DOUBLE",
        "size": "INTEGER",
    }
    assert (data.path / "people/anna.yaml").read_text().splitlines()[0] == "# of the desk"
    refused(connection, "ALTER TABLE people DROP COLUMN _key", "_key")
    refused(connection, "ALTER TABLE notes DROP COLUMN _content", "Markdown")
    sound(data)


def test_constraints_come_once_all_records_agree(data: RepoBuilder, connection: Any) -> None:
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b VARCHAR)")
    connection.execute("INSERT INTO t VALUES (1, 1, 'x'), (2, -1, 'x')")
    refused(connection, "ALTER TABLE t ADD CONSTRAINT pos CHECK (a > 0)", "a > 0", "2.yaml")
    refused(connection, "ALTER TABLE t ADD UNIQUE (b)", "x")
    refused(connection, "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES t (id)", "-1")
    refused(connection, "ALTER TABLE t ADD PRIMARY KEY (a)", "already")
    connection.execute("UPDATE t SET a = id, b = b || id")
    connection.execute("ALTER TABLE t ADD CONSTRAINT pos CHECK (a > 0)")
    connection.execute("ALTER TABLE t ADD UNIQUE (b)")
    connection.execute("ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES t (id)")
    connection.execute("ALTER TABLE t RENAME a TO parent")
    entry = yaml.safe_load((data.path / ".ingitdb/tables.yaml").read_text())["tables"]["t"]
    assert "parent" in entry["checks"]["pos"]
    sound(data)
    refused(connection, "ALTER TABLE t DROP CONSTRAINT nothing", "pos", "t_b_key", "t_parent_fkey")
    for name in ("pos", "t_b_key", "t_parent_fkey"):
        connection.execute(f"ALTER TABLE t DROP CONSTRAINT {name}")
    connection.execute("ALTER TABLE t DROP CONSTRAINT IF EXISTS pos")
    sound(data)
    connection.execute("ALTER TABLE log ADD PRIMARY KEY (id)")
    assert [row[3] for row in rows(connection, "DESCRIBE log")] == [True, False]


def test_a_table_is_renamed_with_what_is_named_after_it(data: RepoBuilder, connection: Any) -> None:
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY)")
    connection.execute("INSERT INTO t VALUES (1)")
    connection.execute("CREATE TABLE u (id INTEGER) WITH (path = 'data/kept.csv')")
    connection.execute("INSERT INTO u VALUES (1)")
    connection.execute("ALTER TABLE t RENAME TO t2")
    connection.execute("ALTER TABLE u RENAME TO u2")
    connection.execute("ALTER TABLE people RENAME TO persons")
    connection.execute("ALTER TABLE fares RENAME TO tariffs")
    paths = data.git("ls-files").splitlines()
    assert {"t2/$records/1.yaml", "data/kept.csv", "persons/bo.yaml", "tariffs.csv"} <= {*paths}
    assert not [path for path in paths if path.startswith(("t/", "people/", "fares"))]
    assert len(rows(connection, "SELECT * FROM history('persons')")) > 2
    assert rows(connection, "FROM u2") == [(1,)]
    sound(data)
    refused(connection, "ALTER TABLE t2 RENAME TO u2", "already")
    refused(connection, "ALTER TABLE feed RENAME TO other", "feed.json")


# --- DROP -----------------------------------------------------------------------------------


def test_what_is_dropped_leaves_nothing(data: RepoBuilder, connection: Any) -> None:
    before = data.git("rev-parse", "HEAD^{tree}")
    connection.execute("DROP TABLE IF EXISTS nowhere, stops")
    refused(connection, "DROP TABLE nowhere", "nowhere")
    connection.execute("DROP TABLE people")
    assert not data.git("ls-files", "people", "stops.yaml")
    data.git("revert", "--no-edit", "HEAD", "HEAD~1")
    assert data.git("rev-parse", "HEAD^{tree}") == before


def test_definitions_are_a_part_of_transactions(data: RepoBuilder, connection: Any) -> None:
    before = data.tip()
    connection.execute("BEGIN")
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER)")
    connection.execute("INSERT INTO t VALUES (1, 2)")
    connection.execute("ALTER TABLE t ADD COLUMN m INTEGER DEFAULT 3")
    assert rows(connection, "FROM t") == [(1, 2, 3)]
    assert data.tip() == before
    connection.execute("ROLLBACK")
    refused(connection, "DROP TABLE t", "t")
    connection.execute("BEGIN")
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY)")
    connection.execute("INSERT INTO t VALUES (1)")
    connection.execute("COMMIT")
    assert data.git("rev-list", "--count", f"{before}..main") == "1"
    sound(data)


def test_a_table_that_nothing_declared_stays_dropped(data: RepoBuilder, opened: Opened) -> None:
    connection = opened(data)
    connection.execute("DELETE FROM people")
    connection.execute("INSERT INTO people (_key, name) VALUES ('di', 'Di')")
    assert rows(connection, "SELECT _key, name FROM people") == [("di", "Di")]
    connection.execute("DROP TABLE people")
    refused(connection, "INSERT INTO people (_key, name) VALUES ('di', 'Di')", "people")
    refused(connection, "SELECT * FROM people", "people")
    assert rows(connection, "SELECT * FROM constraint_violations") == []
    with pytest.raises(ingitdb.ProgrammingError, match="people"):
        opened(data).execute("INSERT INTO people (_key, name) VALUES ('di', 'Di')")
    data.commit({"people/ed.yaml": "name: Ed\n"}, "It comes again")
    assert rows(connection, "SELECT _key, name FROM people") == [("ed", "Ed")]
    connection.execute("TRUNCATE people")
    connection.execute("INSERT INTO people (_key, name) VALUES ('di', 'Di')")
    assert rows(connection, "SELECT _key, name FROM people") == [("di", "Di")]
    connection.execute("DROP TABLE people")
    connection.execute("CREATE TABLE people (name VARCHAR PRIMARY KEY)")
    connection.execute("INSERT INTO people VALUES ('Fay')")
    assert rows(connection, "SELECT name FROM people") == [("Fay",)]
    assert "dropped" not in data.git("show", "HEAD:.ingitdb/tables.yaml")


def test_a_renamed_table_does_not_come_back(data: RepoBuilder, opened: Opened) -> None:
    connection = opened(data)
    connection.execute("ALTER TABLE people RENAME TO persons")
    refused(connection, "INSERT INTO people (_key, name) VALUES ('di', 'Di')", "people")
