"""What is PostgreSQL's own: names, limits, foreign keys that act, locks, other sessions."""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import psycopg
import pyarrow as pa
import pytest
from sqlalchemy.engine import make_url

from ingitdb.catalog.sql_types import sql_type
from ingitdb.errors import TargetError, UsageError
from ingitdb.migrations.connections.connection import Access
from ingitdb.migrations.connections.postgresql import PostgresqlDatabase
from ingitdb.migrations.model import Column, Table, TableChange
from ingitdb.migrations.plan import Counts, Kind, Plan, Selection, Work, plan
from ingitdb.migrations.scripts import Insertion, script
from ingitdb.migrations.targets.postgresql import LOCK, Postgresql
from ingitdb.migrations.targets.target import Ends
from ingitdb.model.types import ColumnType, Scalar
from ingitdb.services.migrations.migration import migration
from ingitdb.services.migrations.sql_targets import SqlTarget
from ingitdb.services.migrations.targets import opened
from ingitdb.services.migrations.ways import DEFAULTS
from tests.support.migrated import Round, same
from tests.support.postgresql import PostgresqlTarget, PsqlClient, cluster
from tests.support.repositories import RepoBuilder
from tests.support.servers import certified

pytestmark = pytest.mark.slow
Rounds = Callable[..., Round]
STRIDE = 11
"""A session ends behind every so many statements; in a sweep behind all."""
TARGET = PostgresqlTarget.dialect


@pytest.fixture
def repo(tmp_path: Path) -> RepoBuilder:
    return RepoBuilder(tmp_path / "repo")


@pytest.fixture(params=[PostgresqlTarget, PsqlClient], ids=lambda kind: kind.__name__)
def kind(request: pytest.FixtureRequest) -> type[PostgresqlTarget]:
    return request.param


def tables(**said: Any) -> dict[str, str]:
    for name, one in said.items():
        one.setdefault("glob", f"data/{name}.jsonl")
        one.setdefault("schema", "main")
    return {".ingitdb/tables.yaml": json.dumps({"tables": said})}


def rows(name: str, *found: dict[str, Any]) -> dict[str, str]:
    return {f"data/{name}.jsonl": "".join(json.dumps(row) + "\n" for row in found)}


def refers(column: str, table: str, **more: Any) -> dict[str, Any]:
    return {"foreign_keys": [{"columns": column, "table": table, **more}]}


def apply(found: Round, target: PostgresqlTarget, ref: str) -> None:
    with opened(target.url) as there, there.forward(found.database, ref, DEFAULTS) as way:
        way.run(lambda what, done, of: None)


def connected(target: PostgresqlTarget) -> PostgresqlDatabase:
    return PostgresqlDatabase(make_url(target.url), Access())


def models(plan: Plan) -> dict[Any, Table]:
    return {work.new.place: work.new for work in plan.works if work.new is not None}


TORTURE = {
    "BOOLEAN": ["true", "false", "NULL"],
    "TINYINT": ["-128", "127"],
    "UINTEGER": ["4294967295"],
    "BIGINT": ["9223372036854775807", "-9223372036854775808", "NULL"],
    "UBIGINT": ["18446744073709551615", "0"],
    "HUGEINT": ["170141183460469231731687303715884105727", "-1", "NULL"],
    "UHUGEINT": ["340282366920938463463374607431768211455"],
    "DECIMAL(38,10)": ["1234567890123456789012345678.5", "-0.0000000001", "0"],
    "DECIMAL(4,0)": ["-9999", "7"],
    "DOUBLE": ["'nan'", "'inf'", "'-inf'", "'-0.0'", "0.0", "5e-324", "2.2250738585072014e-308",
               "1.7976931348623157e308", "0.1", "1e22", "123456789012345680.0", "1 / 3"],
    "FLOAT": ["0.1", "1e-45", "3.4028235e38", "'nan'"],
    "VARCHAR": ["''", r"'\N'", r"'\.'", "chr(9) || chr(13) || chr(10) || chr(92)", "chr(1)",
                "'$ingitdb$ '' \" :name :''name'' %s'", "'NULL'", "chr(65279) || '💡'",
                "'x\n\\!ls'",
                "repeat('ø', 100000)", "NULL"],
    "DATE": ["'infinity'", "'-infinity'", "'0044-03-15 (BC)'", "'4713-01-01 (BC)'", "'0001-01-01'",
             "'9999-12-31'", "'12345-01-01'", "'5874897-12-31'", "NULL"],
    "TIME": ["'00:00:00'", "'23:59:59.999999'", "'24:00:00'"],
    "TIMESTAMP": ["'infinity'", "'-infinity'", "'0044-03-15 (BC) 12:00:00.000001'",
                  "'290000-01-01 00:00:00'", "'1969-12-31 23:59:59.999999'", "NULL"],
    "TIMESTAMP WITH TIME ZONE": ["'infinity'", "'2024-02-29 00:30:00+02'", "NULL",
                                 "'0044-03-15 (BC) 12:00:00+00'", "'12345-01-01 00:00:00.5+00'"],
    "BLOB": ["''", r"'\x00\xFF\x5C\x0A'", "NULL"],
    "INTERVAL": ["'1 year 2 months 3 days 04:05:06'"],
    "UUID": ["'00000000-0000-0000-0000-0000000000ff'"],
    "JSON": ["""'{"a": 1.0,  "a": "NaN"}'""", r"""'"\\u0000\n"'""", "NULL", "'null'", "'1e400'"],
    "DOUBLE[]": ["[1.5, NULL, '-0.0']", "['nan', 'inf', '-inf']", "[]", "NULL"],
    "STRUCT(\"a\"\"b NaN\" DOUBLE, t VARCHAR)": ["row('nan', '[NaN, \"-Infinity')"],
    "MAP(VARCHAR, INTEGER)": ["MAP {'a': 1}"],
}  # fmt: skip
"""SQL of DuckDB's for values of each type."""


@dataclass
class Values:
    """Rows of DuckDB's, read as those of a commit are."""

    stored: list[tuple[str, ColumnType]]
    values: str
    target: Postgresql
    duck: duckdb.DuckDBPyConnection

    def batches(self, select: Selection) -> Iterator[pa.RecordBatch]:
        query = f"SELECT {select(self.stored)} FROM ({self.values}) ORDER BY n"
        yield from self.duck.sql(query).to_arrow_reader(2)

    def inserted(self) -> Iterator[list[Any]]:
        def said(stored: Sequence[tuple[str, ColumnType]]) -> str:
            return ", ".join(self.target.spelled(sql, kind) for sql, kind in stored)

        for batch in self.batches(said):
            yield from map(list, zip(*(c.to_pylist() for c in batch.columns), strict=True))

    def deleted(self) -> Iterator[list[Any]]:
        return iter(())

    def updated(self) -> Iterator[tuple[list[Any], list[tuple[str, Any]]]]:
        return iter(())


@pytest.mark.parametrize("declared", TORTURE)
def test_each_value_comes_back_as_it_was(
    kind: type[PostgresqlTarget], tmp_path: Path, declared: str
) -> None:
    words, server = Postgresql(), kind(tmp_path)
    of = sql_type(declared) or Scalar(declared)
    values = " UNION ALL ".join(
        f"SELECT CAST({n} AS BIGINT) AS n, CAST({value} AS {declared}) AS v"
        for n, value in enumerate(TORTURE[declared])
    )
    columns = tuple(
        Column(name=name, kind=one, type=words.stored(one).type)
        for name, one in (("n", Scalar("BIGINT")), ("v", of))
    )
    assert all(words.stored(words.kind(c.type)).type == c.type for c in columns)
    table = Table(place=("main", 'a "table"'), columns=columns, rows=len(TORTURE[declared]))
    stored = [(words.stored(column.kind).value(column.name), column.kind) for column in columns]
    with closing(duckdb.connect()) as duck, closing(connected(server)) as there:
        duck.sql("SET TimeZone = 'Asia/Kathmandu'")
        found = Values(stored=stored, values=values, target=words, duck=duck)
        insertion = Insertion(table=table, rows=found, count=table.rows)
        work = Work(
            change=TableChange(old=None, new=table, names={}),
            address=(),
            counts=Counts(inserted=table.rows),
            rows=found,
        )
        made = plan([work], [], [])
        server.run("".join(script(made, words, Ends(before="EMPTY", after="b"))))
        ask, place = there.ask, words.name_of(table.place)
        ask(f"CREATE TEMP TABLE inserted AS TABLE {place}")
        ask(f"DELETE FROM {place}")
        for statement in words.begin(Ends(before="b", after="c"), made):
            ask(statement)
        assert there.load(insertion, words)
        ask("COMMIT")
        assert [c.type for c in there.tables(words)[0].columns] == [c.type for c in columns]
        asked = f"SELECT CAST({stored[1][0]} AS VARCHAR) FROM ({values}) ORDER BY n"
        before = duck.sql(asked).fetchall()
        for name in ("inserted", place):
            shown = f"SELECT {words.shown(columns[1])} FROM {name} ORDER BY n"
            cells = [cell for (cell,) in ask(shown)]
            back = [
                duck.execute(
                    f"SELECT CAST({words.restored('?', of)} AS VARCHAR)", [cell]
                ).fetchone()
                for cell in cells
            ]
            assert back == before


def test_what_is_told_of_it_is_what_was_planned(
    repo: RepoBuilder, rounds: Rounds, kind: type[PostgresqlTarget]
) -> None:
    """SQLAlchemy's introspection after a migration equals the model of the commit."""
    columns = {
        "id": {"type": "BIGINT"},
        "name": {"type": "VARCHAR", "default": "it's"},
        "on": {"type": "BOOLEAN", "default": True},
        "price": {"type": "DECIMAL(10,2)", "default": -5},
        "share": {"type": "DOUBLE", "default": 5},
        "day": {"type": "DATE", "default": "2024-01-01"},
        "code": {"type": "VARCHAR", "required": True},
        "parent": {"type": "BIGINT"},
        "list": {"type": "BIGINT[]"},
    }
    row = {"name": "a", "on": True, "price": 1.5, "share": 0.1, "day": "2024-01-01", "list": [1]}
    data = [{"id": n, **row, "code": f"c{n}", "parent": 1} for n in range(1, 4)]
    said = {
        "key": ["id"],
        "unique": ["code", ["name", "id"]],
        "columns": columns,
        **refers("parent", "t", on_delete="cascade", on_update="set null"),
    }
    repo.commit(
        {**tables(t={"key": "id"}, gone={}), **rows("t", {"id": 1}), **rows("gone", {"a": 1})}
    )
    repo.commit({**tables(t=said), **rows("t", *data), "data/gone.jsonl": None})
    repo.commit({**tables(**{"geo.u": {**said, "glob": "data/t.jsonl", "renamed_from": "t"}})})
    found = rounds(repo.path)
    target = found.fresh(kind, "HEAD~2")
    apply(found, target, "HEAD~1")
    apply(found, target, "HEAD")
    for ref in ("HEAD", "HEAD~1"):
        with migration(found.database, TARGET, ref) as made:
            planned = models(made.up)
        with closing(connected(target)) as there:
            told = {table.place: table for table in there.tables(Postgresql())}
        assert sorted(told) == sorted(planned)
        for place, table in planned.items():
            assert plainly(told[place]) == plainly(table)
        with opened(target.url) as live, live.backward(found.database, None) as way:
            way.run(lambda what, done, of: None)


def plainly(table: Table) -> Any:
    """Gives a table as it can be compared: without order, and without what only we know."""
    columns = {(c.name, c.type, c.nullable, c.default) for c in table.columns}
    return columns, table.key, set(table.unique), set(table.references), set(table.checks)


def test_a_row_that_comes_back_takes_nothing_along(
    repo: RepoBuilder, rounds: Rounds, kind: type[PostgresqlTarget]
) -> None:
    """A parent whose unique value changes goes and comes: its children and their values stay."""
    parent = {"key": "id", "unique": ["name"]}
    child = {"key": "id", **refers("parent", "p", on_delete="cascade")}
    other = {"key": "id", **refers("parent", "p", on_delete="set null")}
    children = [{"id": n, "parent": 1 + n % 2} for n in range(6)]
    data = {**rows("c", *children), **rows("o", *children)}
    repo.commit(
        {
            **tables(p=parent, c=child, o=other),
            **data,
            **rows("p", {"id": 1, "name": "a"}, {"id": 2, "name": "b"}),
        }
    )
    repo.commit(rows("p", {"id": 1, "name": "b"}, {"id": 2, "name": "a"}))
    repo.commit({"data/p.jsonl": '{"id": 1}\n{"id": 2}\n'})
    found = rounds(repo.path)
    found.go(kind, "HEAD~2", "HEAD~1")
    found.go(kind, "HEAD~1", "HEAD")
    target = found.fresh(kind, "HEAD")
    target.run("DELETE FROM p WHERE id = 1")
    assert target.ask("SELECT count(*) FROM c") == [(3,)]
    assert target.ask("SELECT count(parent), count(*) FROM o") == [(3, 6)]


def test_names_that_differ_in_case_alone(
    repo: RepoBuilder, rounds: Rounds, kind: type[PostgresqlTarget]
) -> None:
    data = [{"id": n, "Name": "x"} for n in range(9)]
    repo.commit({**tables(Things={"key": "id"}), **rows("Things", *data)})
    renamed = {"key": "id", "glob": "data/Things.jsonl", "renamed_from": "Things"}
    repo.commit({**tables(THINGS=renamed), **rows("Things", *data, {"id": 9})})
    found = rounds(repo.path)
    up, _ = found.go(kind, "HEAD~1", "HEAD")
    assert 'ALTER TABLE "public"."Things" RENAME TO "THINGS"' in up


def test_names_that_would_be_one(
    repo: RepoBuilder, rounds: Rounds, kind: type[PostgresqlTarget]
) -> None:
    """Keys and indexes share names with tables, and names of names are cut at 63 bytes."""
    long = "ø" * 31
    both = [{"b_c": 1, "c": 1, "b": 1, long + "a": 1}]
    repo.commit(
        {
            **tables(
                a={"key": "c", "unique": ["b_c", ["b", "c"]]},
                a_pkey={"key": "c"},
                a_b={"key": "b", "unique": ["c"]},
                **{long: {"key": "c", "unique": [long + "a", ["b", long + "a"]]}},
            ),
            **{k: v for name in ("a", "a_pkey", "a_b", long) for k, v in rows(name, *both).items()},
        }
    )
    repo.commit({**tables(a={"key": "c", "unique": ["b_c"]}), "data/a_pkey.jsonl": None})
    rounds(repo.path).go(kind, "HEAD~1", "HEAD")


HOSTILE = [
    "$ingitdb$",
    "$ingitdb1$ \\",
    "a'b;--",
    ":x :'y'",
    "\\q",
    "%s {0}",
    "select",
    "\n\\! ls\n",
]


def test_hostile_names(repo: RepoBuilder, rounds: Rounds, kind: type[PostgresqlTarget]) -> None:
    def files(shift: int) -> dict[str, str]:
        said = {
            name: {"key": HOSTILE[n - shift], "unique": [HOSTILE[n - 3]], "glob": f"data/{n}.jsonl"}
            for n, name in enumerate(HOSTILE)
        }
        row = {name: n + shift for n, name in enumerate(HOSTILE[shift:])}
        data = {f"data/{n}.jsonl": json.dumps({**row, HOSTILE[0]: 1}) for n in range(len(said))}
        return {**tables(**said), **data}

    repo.commit(files(0))
    repo.commit(files(1))
    rounds(repo.path).go(kind, "HEAD~1", "HEAD")


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (tables(**{"x" * 64: {}}) | {f"data/{'x' * 64}.jsonl": '{"a": 1}'}, "63 bytes"),
        (rows("t", {"ø" * 32: 1}), "63 bytes"),
        (tables(t={}) | rows("t", {"ctid": 1}), "no column called ctid"),
        (tables(t={"schema": "public"}) | rows("t", {"a": 1}), "no table called"),
        (
            tables(t={"key": "id"}) | rows("t", {"id": 7, "a": "x"}, {"id": 8, "a": "x\0"}),
            r"t: PostgreSQL cannot store a of the record '8' in data/t.jsonl: ",
        ),
    ],
)
def test_what_it_cannot_hold(
    repo: RepoBuilder, rounds: Rounds, files: dict[str, str], said: str
) -> None:
    repo.commit({"data/z.csv": "a\n1\n", **files})
    with pytest.raises(UsageError, match=said):
        migration(rounds(repo.path).database, TARGET, "HEAD")


def test_what_a_change_brings_that_it_cannot_hold(repo: RepoBuilder, rounds: Rounds) -> None:
    declared = tables(t={"key": "id"})
    repo.commit({**declared, **rows("t", {"id": 7, "a": "x"}, {"id": 8, "a": "y"})})
    repo.commit({**declared, **rows("t", {"id": 7, "a": "x"}, {"id": 8, "a": "y\0"})})
    said = r"t: PostgreSQL cannot store a of the record '8' in data/t.jsonl"
    with pytest.raises(UsageError, match=said):
        migration(rounds(repo.path).database, TARGET, "HEAD", "HEAD~1")


def test_what_a_change_takes_away_that_it_cannot_hold(repo: RepoBuilder, rounds: Rounds) -> None:
    declared = tables(t={"key": "id"})
    repo.commit({**declared, **rows("t", {"id": 7, "a": "x"}, {"id": 8, "a": "y\0"})})
    repo.commit({**declared, **rows("t", {"id": 7, "a": "x"}, {"id": 8, "a": "y"})})
    with migration(rounds(repo.path).database, TARGET, "HEAD", "HEAD~1") as found:
        assert [(step.kind, step.rows) for step in found.up.steps] == [(Kind.UPDATE, 1)]
        with pytest.raises(UsageError, match="cannot store a of the record '8'"):
            assert found.down


def test_keys_that_no_index_takes(
    repo: RepoBuilder, rounds: Rounds, kind: type[PostgresqlTarget], seed: int
) -> None:
    noise = Random(seed)
    long = ["".join(chr(noise.randint(33, 0x2FF)) for _ in range(2500)) for _ in range(3)]
    fits = ["".join(chr(noise.randint(33, 126)) for _ in range(2580)) for _ in range(3)]
    declared = tables(t={"key": "id", "unique": ["name", "ok", "some"]})
    lines = [
        {"id": a, "name": a, "ok": b, "some": [n]}
        for n, (a, b) in enumerate(zip(long, fits, strict=True))
    ]
    repo.commit({**declared, **rows("t", *lines[:1])})
    repo.commit({**declared, **rows("t", *lines[1:], {"id": "x", "name": "y"})})
    repo.commit({**declared, **rows("t", {"id": "x", "name": "y"}, {"id": "z", "ok": fits[0]})})
    found = rounds(repo.path)
    found.go(kind, "HEAD~2", "HEAD~1")
    found.go(kind, "HEAD~1", "HEAD")
    with migration(found.database, TARGET, "HEAD~1") as made:
        said = "\n".join(made.up.notes)
    assert "t: the primary key (id) is not carried, for some row is too long." in said
    assert "t: the unique group (name) is not carried, for some row is too long." in said
    assert "PostgreSQL takes no unique group (some) of such types." in said
    assert "(ok)" not in said


def test_foreign_keys_of_other_types_are_left_out(
    repo: RepoBuilder, rounds: Rounds, kind: type[PostgresqlTarget]
) -> None:
    repo.commit(
        {
            **tables(p={"key": "id"}, q={"key": "id", **refers("p", "p")}),
            **rows("p", {"id": 1}),
            **rows("q", {"id": 1, "p": "1"}),
        }
    )
    found = rounds(repo.path)
    found.fresh(kind, "HEAD")
    with migration(found.database, TARGET, "HEAD") as made:
        assert any("its types differ" in note for note in made.up.notes)


def test_migrations_keep_each_other_out(repo: RepoBuilder, rounds: Rounds) -> None:
    repo.commit(rows("t", {"id": 1}))
    found = rounds(repo.path)
    target = PostgresqlTarget(repo.path)
    with opened(target.url) as there, there.forward(found.database, None, DEFAULTS) as way:
        with (
            opened(target.url) as second,
            pytest.raises(TargetError, match="Another migration is at work"),
            second.forward(found.database, None, DEFAULTS),
        ):
            pass
        with migration(found.database, TARGET, "HEAD") as made:
            text = "".join(made.up_script()).encode()
        with target.cluster.connected(target.name) as other:
            other.execute("SET lock_timeout = '100ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                other.execute(text)
        way.run(lambda what, done, of: None)
    assert target.ask("SELECT id FROM data.t") == [(1,)]
    assert target.ask(f"SELECT count(*) FROM pg_locks WHERE objid = {LOCK & 0xFFFFFFFF}") == [(0,)]


def test_errors_are_the_server_s_and_tell_no_password(repo: RepoBuilder, rounds: Rounds) -> None:
    target = PostgresqlTarget(repo.path)
    secret = "s3cret-" + "word"
    url = target.url.replace("postgres@", f"postgres:{secret}@")
    for wrong in (url.replace(target.name, "nowhere"), url + "?sslmode=require"):
        with pytest.raises(TargetError, match="postgres:\\*\\*\\*@") as caught, opened(wrong):
            pass
        assert secret not in str(caught.value)
    with closing(connected(target)) as there:
        with pytest.raises(TargetError, match='relation "nothing" does not exist'):
            there.ask("SELECT * FROM nothing")
        assert [
            b.num_rows
            for b in there.stream("SELECT CAST(g AS TEXT) FROM generate_series(1, 9000) AS g")
        ] == [8192, 808]
        with pytest.raises(TargetError, match="division by zero"):
            list(there.stream("SELECT CAST(1 / 0 AS TEXT)"))


def test_tables_of_others_are_told_of(tmp_path: Path) -> None:
    target = PostgresqlTarget(tmp_path)
    target.run(
        "CREATE SCHEMA \"Geo\"; CREATE TYPE mood AS ENUM ('ok');"
        'CREATE TABLE "Geo".t (a polygon, b mood, c varchar(9) DEFAULT now()::text, d jsonb,'
        " e real, f smallint, g numeric, h int[], i uuid, j serial); CREATE VIEW v AS SELECT 1"
    )
    with closing(connected(target)) as there:
        (table,) = there.tables(Postgresql())
        assert there.ask("SHOW search_path") == [('"$user", public',)]
    assert table.place == ("Geo", "t")
    kinds = ["VARCHAR"] * 3 + ["JSON", "DOUBLE", "BIGINT"] + ["VARCHAR"] * 3 + ["BIGINT"]
    assert [c.kind.sql for c in table.columns] == kinds
    assert table.column("c").default == "(now())::text"
    assert table.column("j").default == "nextval('\"Geo\".t_j_seq'::regclass)"


def test_who_shows_no_certificate_stays_out(
    repo: RepoBuilder, rounds: Rounds, tmp_path: Path
) -> None:
    repo.commit(rows("t", {"id": 1}))
    found = rounds(repo.path)
    target = PostgresqlTarget(repo.path, cluster(is_encrypted=True))
    assert target.cluster.pair is not None
    cert, key = target.cluster.pair
    known = Access(authority=cert, certificate=cert, key=key)
    with opened(target.url, known) as there:
        asked = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        assert isinstance(there, SqlTarget)
        assert there.connection.ask(asked) == [(True,)]
        with there.forward(found.database, None, DEFAULTS) as way:
            way.run(lambda what, done, of: None)
    stranger, _ = certified(tmp_path)
    for access, said in (
        (Access(), "requires a valid client certificate"),
        (Access(authority=stranger, certificate=cert, key=key), "certificate verify failed"),
    ):
        with pytest.raises(TargetError, match=said), opened(target.url, access):
            pass
    url = target.url.replace("127.0.0.1", "localhost")
    with pytest.raises(TargetError, match="does not match host name"), opened(url, known):
        pass
    in_url = f"{target.url}?sslmode=verify-ca&sslrootcert={cert}&sslcert={cert}&sslkey={key}"
    with opened(in_url) as there:
        assert [row.state for row in there.ledger()] == ["applied"]


def test_killed_anywhere(repo: RepoBuilder, rounds: Rounds) -> None:
    """A migration of 200 steps that breaks off after any statement leaves what was there."""
    stride = 1 if "INGITDB_TEST_SWEEP" in os.environ else STRIDE
    count = 50
    data = [{"id": n, "a": n} for n in range(6)]
    names = [f"t{n}" for n in range(count)]
    repo.commit(
        {
            **tables(**{name: {"key": "id"} for name in names}),
            **{k: v for name in names for k, v in rows(name, *data).items()},
        }
    )
    said = {
        f"{name}x": {
            "key": "id",
            "renamed_from": name,
            "glob": f"data/{name}.jsonl",
            "columns": {"b": {"renamed_from": "a"}},
        }
        for name in names
    }
    data = [*({"id": n, "b": n} for n in range(4)), {"id": 4, "b": 5}, {"id": 6, "c": 1}]
    repo.commit(
        {**tables(**said), **{k: v for name in names for k, v in rows(name, *data).items()}}
    )
    found = rounds(repo.path)
    before, after = (found.held(ref, PostgresqlTarget) for ref in ("HEAD~1", "HEAD"))
    with migration(found.database, TARGET, "HEAD", "HEAD~1") as made:
        assert len(made.up.steps) >= 4 * count
        statements = [text for text in made.up_script() if not text.startswith("--")]
    end = statements.index("COMMIT;\n")
    assert end > 200
    target = found.fresh(PostgresqlTarget, "HEAD~1")
    for done in [*range(0, end, stride), end]:
        target.run_in_part(statements[:done])
        same(target.rows(), before)
    target.run("".join(statements))
    same(target.rows(), after)
