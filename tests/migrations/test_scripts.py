"""What scripts do that no random pair is sure to ask for."""

import json
import math
import os
import shutil
import sqlite3
import struct
import tracemalloc
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ingitdb.errors import StatementRefused, UsageError
from ingitdb.services.migrations.migration import migration
from ingitdb.services.migrations.ways import check_destructive
from tests.support.mariadb import MariadbTarget
from tests.support.migrated import DuckdbTarget, Round, SqliteClient, SqliteTarget, Target
from tests.support.postgresql import PostgresqlTarget
from tests.support.repositories import RepoBuilder

KINDS = [
    SqliteTarget,
    DuckdbTarget,
    *(pytest.param(kind, marks=pytest.mark.slow) for kind in (MariadbTarget, PostgresqlTarget)),
]
Rounds = Callable[..., Round]


@pytest.fixture
def repo(tmp_path: Path) -> RepoBuilder:
    return RepoBuilder(tmp_path / "repo")


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def kind(request: pytest.FixtureRequest) -> type[Target]:
    return request.param


def tables(**said: Any) -> dict[str, str]:
    """Gives tables.yaml; each table is a list of rows, or a map of records by their keys."""
    for name, one in said.items():
        one.setdefault("glob", f"data/{name}.jsonl")
        one.setdefault("schema", "main")
    return {".ingitdb/tables.yaml": json.dumps({"tables": said})}


def rows(name: str, *found: Mapping[str, Any]) -> dict[str, str]:
    return {f"data/{name}.jsonl": "".join(json.dumps(row) + "\n" for row in found)}


def records(name: str, **found: Mapping[str, Any] | None) -> dict[str, str | None]:
    return {
        f"store/{name}/{key}.json": None if row is None else json.dumps(row)
        for key, row in found.items()
    }


def ids(*numbers: int, **more: Any) -> list[dict[str, Any]]:
    return [{"id": number, "name": f"n{number}", **more} for number in numbers]


def test_every_kind_of_value(repo: RepoBuilder, rounds: Rounds, kind: type[Target]) -> None:
    nul = "" if kind is PostgresqlTarget else "\0"
    values = {
        "flag": True,
        "big": 2**63 - 1,
        "small": -(2**63),
        "huge": 2**100,
        "share": 0.1 + 0.2,
        "tiny": 5e-324,
        "most": 1.7976931348623157e308,
        "price": 12.5,
        "note": f"a{nul}b\r\nit's; --\n.quit\n/\ngo\n",
        "long": "ø" * 100_000,
        "day": "2024-02-29",
        "at": "2024-02-29T12:30:45.000001",
        "zoned": "2024-02-29T00:30:00+02:00",
        "some": [1, None, 2],
        "inner": {"a": "x\0\r\n", "b": [{"c": "it's"}]},
        "any": [1, "a", {"b": None}],
        "select": "reserved",
        "Mixed Case": None,
    }
    declared = {
        "price": {"type": "DECIMAL(10,2)"},
        "day": {"type": "DATE"},
        "at": {"type": "TIMESTAMP"},
        "zoned": {"type": "TIMESTAMPTZ"},
    }
    repo.commit({**tables(things={"columns": declared}), **rows("things", {}, values)})
    repo.commit({**rows("things", values, {**values, "note": None, "some": []}, {})})
    up, _ = rounds(repo.path).go(kind, "HEAD~1", "HEAD")
    assert "\0" not in up
    assert "\r" not in up


@pytest.mark.skipif(
    shutil.which("sqlite3") is None and "CI" not in os.environ, reason="sqlite3 is missing"
)
def test_the_client_takes_nothing_away(repo: RepoBuilder, rounds: Rounds) -> None:
    texts = ["a\0b", "x\r\ny", "\n.quit\n", "\n;\n", "\n/\n", "\ngo\n", "'", "--", "/*", "ø\ufeff"]
    repo.commit(rows("texts", *({"n": n, "t": text} for n, text in enumerate(texts))))
    repo.commit(rows("texts", *({"n": n, "t": text * 2} for n, text in enumerate(texts))))
    rounds(repo.path).go(SqliteClient, "HEAD~1", "HEAD")


def test_tables_come_and_go(repo: RepoBuilder, rounds: Rounds, kind: type[Target]) -> None:
    repo.commit({**rows("first", *ids(1, 2)), "note.txt": ""})
    repo.commit({"data/first.jsonl": None, **rows("second", *ids(3))})
    repo.commit({"data/second.jsonl": None})
    found = rounds(repo.path)
    for a, b in (("HEAD~2", "HEAD~1"), ("HEAD~1", "HEAD"), ("HEAD~2", "HEAD"), ("EMPTY", "HEAD~2")):
        found.go(kind, a, b)


def test_keys_change(repo: RepoBuilder, rounds: Rounds, kind: type[Target]) -> None:
    by_id = tables(t={"key": "id"})
    repo.commit({**by_id, **rows("t", *ids(1, 2, 3))})
    repo.commit({**tables(t={"key": "name"}), **rows("t", *ids(1, 2, 4))})
    repo.commit({**tables(t={"key": ["id", "name"]}), **rows("t", *ids(1, 2, 4))})
    repo.commit({**tables(t={}), **rows("t", *ids(1, 2, 2))})
    found = rounds(repo.path)
    for a, b in (
        ("HEAD~3", "HEAD~2"),
        ("HEAD~2", "HEAD~1"),
        ("HEAD~1", "HEAD"),
        ("HEAD~3", "HEAD"),
    ):
        found.go(kind, a, b)


def test_unique_values_change_places(repo: RepoBuilder, rounds: Rounds, kind: type[Target]) -> None:
    declared = tables(t={"key": "id", "unique": ["name"]})
    many = [{"id": n, "name": f"n{n}", "x": 0} for n in range(9)]
    repo.commit(
        {**declared, **rows("t", {"id": 1, "name": "a"}, {"id": 2, "name": "b"}, *many[3:])}
    )
    repo.commit(
        {**declared, **rows("t", {"id": 1, "name": "b"}, {"id": 2, "name": "a"}, *many[3:])}
    )
    repo.commit(
        {**declared, **rows("t", {"id": 2, "name": "b"}, {"id": 1, "name": "a"}, *many[4:])}
    )
    found = rounds(repo.path)
    found.go(kind, "HEAD~2", "HEAD~1")
    found.go(kind, "HEAD~1", "HEAD")


def test_names_change_places(repo: RepoBuilder, rounds: Rounds, kind: type[Target]) -> None:
    repo.commit(
        {**tables(t={"key": "id"}), **rows("t", *({"id": n, "a": n, "b": -n} for n in range(9)))}
    )
    swapped = {"a": {"renamed_from": "b"}, "b": {"renamed_from": "a"}}
    repo.commit(
        {
            **tables(t={"key": "id", "columns": swapped}),
            **rows("t", *({"id": n, "b": n, "a": -n} for n in range(9))),
        }
    )
    up, _ = rounds(repo.path).go(kind, "HEAD~1", "HEAD")
    assert "update rows" not in up
    assert "insert rows" not in up


def test_a_column_takes_the_name_of_one_that_goes(
    repo: RepoBuilder, rounds: Rounds, kind: type[Target]
) -> None:
    said = {"key": "a", "unique": ["a"]}
    repo.commit({**tables(t=said), **rows("t", *({"a": n, "b": -n} for n in range(9)))})
    renamed = {**said, "columns": {"a": {"renamed_from": "b"}}}
    repo.commit({**tables(t=renamed), **rows("t", *({"a": -n} for n in range(9)))})
    rounds(repo.path).go(kind, "HEAD~1", "HEAD")


def test_a_rename_in_files_that_stay(repo: RepoBuilder, rounds: Rounds, kind: type[Target]) -> None:
    """A column that is said to have had another's name, though no file has changed."""
    data = {f"store/t/{n}.json": json.dumps({"a": n, "b": n * 2}) for n in range(9)}
    glob = {"glob": "store/t/{key}.json"}
    repo.commit({**tables(t=glob), **data})
    repo.commit(tables(t={**glob, "columns": {"a": {"renamed_from": "b"}}}))
    found = rounds(repo.path)
    found.go(kind, "HEAD~1", "HEAD")


def test_tables_change_places(repo: RepoBuilder, rounds: Rounds, kind: type[Target]) -> None:
    repo.commit({**tables(a={"key": "id"}, b={}), **rows("a", *ids(1, 2)), **rows("b", {"x": 1})})
    declared = tables(
        a={"renamed_from": "b", "glob": "data/b.jsonl"},
        b={"renamed_from": "a", "glob": "data/a.jsonl", "key": "id"},
    )
    repo.commit(declared)
    repo.commit({**tables(c={"renamed_from": "a", "glob": "data/b.jsonl"}), "data/a.jsonl": None})
    found = rounds(repo.path)
    found.go(kind, "HEAD~2", "HEAD~1")
    found.go(kind, "HEAD~1", "HEAD")


def test_rows_that_nothing_tells_apart(
    repo: RepoBuilder, rounds: Rounds, kind: type[Target]
) -> None:
    repo.commit(rows("t", {"x": 1}, {"x": 1}, {"x": None}, {"x": 2}))
    repo.commit(rows("t", {"x": 1}, {"x": None}, {"x": None}, {"x": 3}))
    rounds(repo.path).go(kind, "HEAD~1", "HEAD")


def test_schemas_are_told_apart(repo: RepoBuilder, rounds: Rounds, kind: type[Target]) -> None:
    def place(schema: str, count: int) -> dict[str, str]:
        return {f"data/{schema}.csv": "id,n\n" + "".join(f"{n},{n}\n" for n in range(count))}

    geo = {"tables": {"geo.t": {"glob": "geo.jsonl"}, "t": {"glob": "t.jsonl", "schema": "main"}}}
    files = {
        ".ingitdb/tables.yaml": json.dumps(geo),
        "geo.jsonl": '{"a": 1}\n',
        "t.jsonl": '{"b": 2}\n',
    }
    repo.commit({**files, **place("codes", 3)})
    repo.commit({"geo.jsonl": '{"a": 2}\n', **place("codes", 4)})
    rounds(repo.path).go(kind, "HEAD~1", "HEAD")


def test_references_in_a_circle(repo: RepoBuilder, rounds: Rounds) -> None:
    def refers(column: str, table: str, **more: Any) -> dict[str, Any]:
        return {"foreign_keys": [{"columns": column, "table": table, **more}]}

    declared = tables(
        a={"glob": "store/a/{key}.json", **refers("other", "b", on_delete="cascade")},
        b={"glob": "store/b/{key}.json", **refers("other", "a", on_delete="set null")},
        c={"glob": "store/c/{key}.json", **refers("parent", "c")},
    )
    repo.commit(
        {
            **declared,
            **records("a", a1={"other": "b1"}, a2={"other": "b2"}),
            **records("b", b1={"other": "a2"}, b2={"other": "a1"}),
            **records("c", c1={"parent": "c2"}, c2={"parent": None}),
        }
    )
    repo.commit(
        {
            **records("a", a1=None, a2={"other": "b3"}, a3={"other": "b3"}),
            **records("b", b1=None, b2=None, b3={"other": "a3", "more": 1}),
            **records("c", c1={"parent": None}, c2={"parent": "c1"}),
        }
    )
    found = rounds(repo.path)
    found.go(SqliteTarget, "HEAD~1", "HEAD")
    target = found.fresh(SqliteTarget, "HEAD")
    assert [row[2:4] + row[6:7] for row in target.ask("PRAGMA foreign_key_list(a)")] == [
        ("b", "other", "CASCADE")
    ]
    with closing(sqlite3.connect(target.path)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        with pytest.raises(sqlite3.IntegrityError), connection:
            connection.execute("UPDATE a SET other = 'b9'")


def test_what_rows_contradict_is_left_out_and_said(
    repo: RepoBuilder, rounds: Rounds, kind: type[Target]
) -> None:
    declared = tables(
        t={
            "key": "id",
            "unique": ["name"],
            "checks": {"positive": "id > 0", "small": "id < 2"},
            "columns": {"id": {"required": True}, "name": {"required": True}},
        }
    )
    repo.commit(
        {
            **declared,
            **rows("t", {"id": 1, "name": None}, {"id": 2, "name": "a"}, {"id": 2, "name": "a"}),
        }
    )
    repo.commit({**declared, **rows("t", {"id": 1, "name": "b"}, {"id": 2, "name": "a"})})
    found = rounds(repo.path)
    found.go(kind, "HEAD~1", "HEAD")
    with migration(found.database, kind.dialect, "HEAD~1") as made:
        said = "\n".join(made.up.notes)
    assert "t: the primary key (id) is not carried, for rows contradict it." in said
    assert "t: the unique group (name) is not carried, for rows contradict it." in said
    assert "t: name may be NULL, for it is in some row." in said
    assert "t: the check small is not carried." in said
    assert "t: the check positive is not carried." not in said


def test_a_target_at_another_commit_is_left_alone(
    repo: RepoBuilder, rounds: Rounds, kind: type[Target]
) -> None:
    for n in range(3):
        repo.commit(rows("t", *ids(*range(n + 1))))
    found = rounds(repo.path)
    target = found.fresh(kind, "HEAD~2")
    before = target.rows()
    with migration(found.database, kind.dialect, "HEAD", "HEAD~1") as made:
        up, down = "".join(made.up_script()), "".join(made.down_script())
    for script in (up, down):
        with pytest.raises(kind.refusal, match=r"(?i)check|constraint"):
            target.run(script)
    assert target.rows() == before


def test_a_target_with_other_rows_is_left_alone(
    repo: RepoBuilder, rounds: Rounds, kind: type[Target]
) -> None:
    declared = tables(t={"key": "id"})
    repo.commit({**declared, **rows("t", *ids(1, 2, 3, 4))})
    repo.commit(rows("t", *ids(1, 2, 3, 5)))
    found = rounds(repo.path)
    target = found.fresh(kind, "HEAD~1")
    target.run("INSERT INTO t VALUES (9, 'mine')")
    before = target.rows()
    with migration(found.database, kind.dialect, "HEAD", "HEAD~1") as made:
        up = "".join(made.up_script())
    with pytest.raises(kind.refusal, match=r"(?i)check|constraint"):
        target.run(up)
    assert target.rows() == before


def test_the_ledger_says_what_was_done(
    repo: RepoBuilder, rounds: Rounds, kind: type[Target]
) -> None:
    first, second = repo.commit(rows("t", *ids(1))), repo.commit(rows("t", *ids(1, 2)))
    found = rounds(repo.path)
    target = found.fresh(kind, first)
    with migration(found.database, kind.dialect, second, first) as made:
        up, down = "".join(made.up_script()), "".join(made.down_script())

    def ledger() -> list[tuple[Any, ...]]:
        return target.ask('SELECT version, "commit", state FROM ingitdb_migrations ORDER BY 1')

    for script, states in (
        (up, ["applied", "applied"]),
        (up, ["applied", "applied"]),
        (down, ["applied", "undone"]),
        (down, ["applied", "undone"]),
        (up, ["applied", "undone", "applied"]),
    ):
        target.run(script)
        commits = [first, *[second] * (len(states) - 1)]
        assert ledger() == list(zip(range(1, len(states) + 1), commits, states, strict=True))
    ((sums,),) = target.ask("SELECT count(DISTINCT checksum) FROM ingitdb_migrations")
    assert sums == 2
    ((empty,),) = target.ask("SELECT count(*) FROM ingitdb_migrations WHERE applied_at IS NULL")
    assert empty == 0


def test_what_is_lost_is_asked_for(repo: RepoBuilder, rounds: Rounds, kind: type[Target]) -> None:
    repo.commit({**rows("t", {"a": 1, "b": "x"}), **rows("u", {"a": 1})})
    repo.commit({**rows("t", {"a": 1, "c": "x"}), "data/u.jsonl": None})
    found = rounds(repo.path)
    with migration(found.database, kind.dialect, "HEAD", "HEAD~1") as made:
        with pytest.raises(StatementRefused, match=r"drop column b.*drop table"):
            check_destructive(made.up)
        assert any("column b goes and c comes" in note for note in made.up.notes)
    with migration(found.database, kind.dialect, "HEAD") as made:
        check_destructive(made.up)


def test_names_of_ours_are_refused(repo: RepoBuilder, rounds: Rounds, kind: type[Target]) -> None:
    repo.commit(
        {"data/ingitdb_state.csv": "a\n1\n", **tables(ingitdb_x={}), **rows("ingitdb_x", *ids(1))}
    )
    with pytest.raises(UsageError, match="ingitdb_"):
        migration(rounds(repo.path).database, kind.dialect, "HEAD")


def test_what_is_not_committed_is_refused(repo: RepoBuilder, rounds: Rounds) -> None:
    repo.commit(rows("t", *ids(1)))
    with pytest.raises(UsageError, match="WORKING is no commit"):
        migration(rounds(repo.path).database, "sqlite", "WORKING")
    with pytest.raises(UsageError, match="no dialect"):
        migration(rounds(repo.path).database, "oracle", "HEAD")


@pytest.mark.slow
@pytest.mark.parametrize("kind", [SqliteTarget, DuckdbTarget])
def test_rows_are_streamed(repo: RepoBuilder, rounds: Rounds, kind: type[Target]) -> None:
    def many(start: int) -> dict[str, str]:
        lines = (f"{n},name {n + start},{n / 7}\n" for n in range(100_000))
        return {"data/t.csv": f"id,name,share\n{''.join(lines)}"}

    repo.commit(many(0))
    repo.commit(many(1))
    found = rounds(repo.path)
    for before in (None, "HEAD~1"):
        with migration(found.database, kind.dialect, "HEAD", before) as made:
            tracemalloc.start()
            size = sum(map(len, made.up_script()))
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        assert size > 4_000_000
        assert peak < 16_000_000


def test_fractions_are_exact(
    repo: RepoBuilder, rounds: Rounds, kind: type[Target], seed: int
) -> None:
    chance = Random(seed)
    shares = [chance.uniform(-1, 1) * 10 ** chance.randint(-12, 18) for _ in range(9_000)]
    shares = [round(share, chance.randint(0, 14)) for share in shares]
    bits = (chance.randbytes(8) for _ in range(1_000))
    shares += [share for (share,) in map(struct.Struct("d").unpack, bits) if math.isfinite(share)]
    lines = (f'{{"n": {n}, "share": {share!r}}}\n' for n, share in enumerate(shares))
    repo.commit({"data/t.jsonl": "".join(lines)})
    repo.commit({"data/t.jsonl": '{"n": 1, "share": 0.3137017}\n'})
    rounds(repo.path).go(kind, "HEAD~1", "HEAD")


def test_names_that_differ_in_case(repo: RepoBuilder, rounds: Rounds, kind: type[Target]) -> None:
    said = {"key": "id", "glob": "data/t.jsonl"}
    repo.commit({**tables(Æ=said), **rows("t", *({"id": n, "Name": n, "Ø": n} for n in range(9)))})
    repo.commit(
        {
            **tables(æ={**said, "renamed_from": "Æ"}),
            **rows("t", *({"ID": n, "name": n, "ø": n} for n in range(8))),
        }
    )
    rounds(repo.path).go(kind, "HEAD~1", "HEAD")


def test_columns_called_like_what_numbers_rows(
    repo: RepoBuilder, rounds: Rounds, kind: type[Target]
) -> None:
    repo.commit(rows("t", *({"id": n, "rowid": -n, "oid": 5, "a": n} for n in range(9))))
    repo.commit(rows("t", *({"id": n, "rowid": -n, "_ROWID_": n, "b": n} for n in range(9))))
    repo.commit(rows("t", *({"id": n, "rowid": -n, "oid": 5, "c": n} for n in range(9))))
    found = rounds(repo.path)
    found.go(kind, "HEAD~2", "HEAD")
    if kind is not SqliteTarget:
        found.go(kind, "HEAD~1", "HEAD")
    else:
        with (
            migration(found.database, kind.dialect, "HEAD", "HEAD~1") as made,
            pytest.raises(UsageError, match="SQLite cannot change it"),
        ):
            list(made.up_script())


@pytest.mark.parametrize(
    "kind", [SqliteTarget, DuckdbTarget, pytest.param(PostgresqlTarget, marks=pytest.mark.slow)]
)
def test_a_script_that_is_cut_off_leaves_the_target_as_it_was(
    repo: RepoBuilder, rounds: Rounds, kind: type[Target]
) -> None:
    declared = tables(t={"key": "id"}, u={"key": "id"})
    repo.commit({**declared, **rows("t", *ids(*range(20))), **rows("u", *ids(1))})
    repo.commit(
        {
            **tables(t={"key": "id"}, v={"renamed_from": "u", "glob": "data/u.jsonl"}),
            **rows("t", *ids(*range(5, 25), more=1.5)),
            **rows("u", *ids(2)),
        }
    )
    found = rounds(repo.path)
    before, after = (found.held(ref, kind) for ref in ("HEAD~1", "HEAD"))
    with migration(found.database, kind.dialect, "HEAD", "HEAD~1") as made:
        statements = [text for text in made.up_script() if not text.startswith("--")]
    end = statements.index("COMMIT;\n")
    assert end > 15
    target = found.fresh(kind, "HEAD~1")
    for count in range(end + 1):
        target.run_in_part(statements[:count])
        assert target.rows() == before
    target.run("".join(statements))
    assert target.rows() == after


def test_views_and_tables_of_others_stay(
    repo: RepoBuilder, rounds: Rounds, kind: type[Target]
) -> None:
    repo.commit({**tables(t={"key": "id"}), **rows("t", *ids(1, 2))})
    repo.commit(rows("t", *ids(1, 2, more=3)))
    found = rounds(repo.path)
    target = found.fresh(kind, "HEAD~1")
    target.run("CREATE VIEW v AS SELECT id FROM t; CREATE TABLE mine (x INT)")
    with migration(found.database, kind.dialect, "HEAD", "HEAD~1") as made:
        target.run("".join(made.up_script()))
        target.run("".join(made.down_script()))
    assert target.ask("SELECT * FROM v ORDER BY 1") == [(1,), (2,)]
    assert target.ask("SELECT * FROM mine") == []
