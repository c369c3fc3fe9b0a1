"""What MariaDB alone does: what it takes up after an interruption, its limits, what it is asked."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pymysql
import pytest

from ingitdb.errors import StatementRefused, TargetError, UsageError
from ingitdb.migrations.model import Table
from ingitdb.migrations.plan import Plan
from ingitdb.services.migrations.migration import migration
from ingitdb.services.migrations.targets import opened
from ingitdb.services.migrations.ways import DEFAULTS, Mode, OnConflict, Options, interrupted
from tests.migrations.test_scripts import ids, records, rows, tables
from tests.support.mariadb import MariadbClient, MariadbTarget
from tests.support.migrated import Round, same
from tests.support.repositories import RepoBuilder

pytestmark = pytest.mark.slow
Rounds = Callable[..., Round]
SAMPLE = 5
FULL = Options(mode=Mode.FULL)
STEPS = 200
BACK = 4
"""The script back is interrupted as often as that."""


@pytest.fixture
def repo(tmp_path: Path) -> RepoBuilder:
    return RepoBuilder(tmp_path / "repo")


def told(plan: Plan) -> dict[str, Table]:
    return {work.new.title: work.new for work in plan.works if work.new is not None}


def compared(table: Table) -> Any:
    """Gives what of a table can be seen in a system that orders columns in its own way."""
    return (
        sorted((c.name, c.type, c.nullable) for c in table.columns),
        table.key,
        sorted(table.unique),
        sorted((r.columns, r.target, r.references, r.on_delete) for r in table.references),
        sorted(index.columns for index in table.indexes),
    )


def applied(found: Round, target: MariadbTarget, ref: str) -> dict[str, Table]:
    """Applies a migration, and gives what the target's tables are to be."""
    with (
        opened(target.url) as there,
        there.forward(found.database, ref, DEFAULTS) as way,
    ):
        way.run(lambda what, done, of: None)
        return told(way.plan)


def described(target: MariadbTarget) -> dict[str, Any]:
    with opened(target.url) as there:
        return {t.title: compared(t) for t in there.connection.tables(there.target)}


def evolved(repo: RepoBuilder, width: int) -> None:
    """Makes two commits that differ in many definitions and rows, with references in a circle."""

    def refers(column: str, table: str) -> dict[str, Any]:
        return {"foreign_keys": [{"columns": column, "table": table, "on_delete": "set null"}]}

    stores = {name: {"glob": f"store/{name}/{{key}}.json"} for name in ("a", "b")}
    columns = {f"c{n}": n for n in range(width)}
    swapped = {f"c{n}": {"renamed_from": f"c{width - 1 - n}"} for n in range(width)}
    repo.commit(
        {
            **tables(
                a={**stores["a"], **refers("other", "b")},
                b={**stores["b"], **refers("other", "a")},
                t={"key": "id", "unique": ["name"]},
                old={},
                lines={"key": "id"},
            ),
            **records("a", a1={"other": "b1"}, a2={"other": "b2"}),
            **records("b", b1={"other": "a2"}, b2={"other": "a1"}),
            **rows("t", *ids(*range(9), **columns)),
            **rows("old", {"x": 1}, {"x": 1}, {"x": 2}),
            **rows("lines", *ids(1, 2)),
        }
    )
    new = [{**row, **{f"n{n}": "x" for n in range(width)}} for row in ids(*range(3, 12), **columns)]
    repo.commit(
        {
            **tables(
                a={**stores["a"], **refers("other", "b")},
                b={**stores["b"], **refers("other", "a")},
                t={"key": ["id", "name"], "columns": swapped},
                old={},
                routes={"key": "id", "renamed_from": "lines", "glob": "data/lines.jsonl"},
                more={"key": "id", "unique": ["name"]},
            ),
            **records("a", a1=None, a2={"other": "b3"}, a3={"other": "b3"}),
            **records("b", b1=None, b2=None, b3={"other": "a3", "more": 1}),
            **rows("t", *new),
            **rows("old", {"x": 1, "y": 2}, {"x": None}, {"x": 2}),
            **rows("lines", *ids(2, 3, more=True)),
            **rows("more", *ids(1, 2)),
        }
    )


def statements(found: Round, a: str, b: str) -> tuple[list[str], list[str]]:
    with migration(found.database, "mysql", b, a) as made:
        up, down = list(made.up_script()), list(made.down_script())
    return [[one for one in script if not one.startswith("--")] for script in (up, down)]


def cut(target: MariadbTarget, script: list[str], count: int) -> None:
    """Runs the first statements of a script and loses the connection."""
    with closing(target.connect()) as connection:
        cursor = connection.cursor()
        for statement in script[:count]:
            cursor.execute(statement)


def taken_up(found: Round, places: Callable[[int], Iterator[int]]) -> int:
    before, after = (found.held(ref, MariadbTarget) for ref in ("HEAD~1", "HEAD"))
    up, down = statements(found, "HEAD~1", "HEAD")
    there = found.fresh(MariadbTarget, "HEAD").schema()
    target = found.fresh(MariadbTarget, "HEAD~1")
    here = target.schema()
    for count in places(len(up)):
        cut(target, up, count)
        target.run("".join(up))
        same(target.rows(), after)
        assert target.schema() == there
        if count % BACK == 0:
            cut(target, down, min(count, len(down)))
        target.run("".join(down))
        same(target.rows(), before)
        assert target.schema() == here
    return len(up)


def test_an_interrupted_script_is_run_again(repo: RepoBuilder, rounds: Rounds) -> None:
    evolved(repo, 2)
    taken_up(rounds(repo.path), lambda count: iter(range(0, count, -(-count // SAMPLE))))


def test_a_script_is_interrupted_behind_each_statement(repo: RepoBuilder, rounds: Rounds) -> None:
    evolved(repo, 4)
    count = taken_up(rounds(repo.path), lambda count: iter(range(count)))
    assert count > STEPS


def test_what_was_interrupted_is_finished_first(repo: RepoBuilder, rounds: Rounds) -> None:
    evolved(repo, 2)
    repo.commit(rows("more", *ids(1, 2, 3)))
    found = rounds(repo.path)
    up, down = statements(found, "HEAD~2", "HEAD~1")
    other, _ = statements(found, "HEAD~2", "HEAD")
    target = found.fresh(MariadbTarget, "HEAD~2")
    middle = next(at for at, one in enumerate(up) if one.startswith("START TRANSACTION"))
    cut(target, up, middle)
    ((state,),) = target.ask("SELECT state FROM ingitdb_migrations WHERE version = 2")
    assert state.startswith("applying ")
    for script in (other, down):
        with pytest.raises(pymysql.err.OperationalError, match="was interrupted: finish it first"):
            target.run("".join(script))
    with pytest.raises(TargetError, match="was interrupted: finish it first"):
        applied(found, target, "HEAD")
    applied(found, target, "HEAD~1")
    same(target.rows(), found.held("HEAD~1", MariadbTarget))


def test_what_was_interrupted_is_left_off_when_all_is_compared(
    repo: RepoBuilder, rounds: Rounds
) -> None:
    evolved(repo, 2)
    found = rounds(repo.path)
    up, _ = statements(found, "HEAD~1", "HEAD")
    middle = next(at for at, one in enumerate(up) if one.startswith("START TRANSACTION"))
    for count in range(0, len(up), len(up) // 8):
        target = found.fresh(MariadbTarget, "HEAD~1")
        cut(target, up, min(count, middle))
        with opened(target.url) as there:
            settled = Options(mode=Mode.FULL, on_conflict=OnConflict.SOURCE)
            with there.forward(found.database, "HEAD~1", settled) as way:
                way.run(lambda what, done, of: None)
            with there.analyze(found.database, "HEAD~1") as left:
                assert left.plan.steps == []
            assert not any(map(interrupted, there.ledger()))
        kept, wanted = target.rows(), found.held("HEAD~1", MariadbTarget)
        same({name: rows for name, rows in kept.items() if name in wanted}, wanted)


def test_what_was_interrupted_goes_on_by_itself(repo: RepoBuilder, rounds: Rounds) -> None:
    """A script that was cut off anywhere is finished by `apply`, and taken back by `rollback`."""
    evolved(repo, 2)
    found = rounds(repo.path)
    before, after = (found.held(ref, MariadbTarget) for ref in ("HEAD~1", "HEAD"))
    up, down = statements(found, "HEAD~1", "HEAD")
    target = found.fresh(MariadbTarget, "HEAD~1")
    for count in range(0, len(up), -(-len(up) // (2 * SAMPLE))):
        cut(target, up, count)
        applied(found, target, "HEAD")
        same(target.rows(), after)
        cut(target, down, min(count, len(down)))
        with opened(target.url) as there:
            states = [row.state for row in there.ledger()]
            if "applied" in states[1:] or any(one.startswith("undoing") for one in states):
                with there.backward(found.database, None) as way:
                    way.run(lambda what, done, of: None)
        same(target.rows(), before)


def test_what_was_not_begun_is_forgotten(repo: RepoBuilder, rounds: Rounds) -> None:
    evolved(repo, 2)
    repo.commit(rows("more", *ids(1, 2, 3)))
    found = rounds(repo.path)
    up, _ = statements(found, "HEAD~2", "HEAD~1")
    target = found.fresh(MariadbTarget, "HEAD~2")
    cut(target, up, next(at for at, one in enumerate(up) if "ingitdb_step = IF" in one))
    applied(found, target, "HEAD")
    same(target.rows(), found.held("HEAD", MariadbTarget))


def test_what_is_applied_is_what_the_plan_says(repo: RepoBuilder, rounds: Rounds) -> None:
    evolved(repo, 2)
    kinds = {"day": "DATE", "at": "TIMESTAMP", "zoned": "TIMESTAMPTZ", "price": "DECIMAL(10,2)"}
    values = {
        "id": "k",
        "flag": True,
        "big": 2**63 - 1,
        "huge": 2**100,
        "share": 5e-324,
        "price": 12.5,
        "note": "a\0b\\\t\r\n\\N'",
        "day": "2024-02-29",
        "at": "2024-02-29T12:30:45.000001",
        "zoned": "2024-02-29T00:30:00+02:00",
        "some": [1, None, "\\\t"],
        "inner": {"a": "x\0\r\n", "b": [{"c": "it's 💡"}]},
    }
    said = tables(
        things={"key": "id", "columns": {name: {"type": kind} for name, kind in kinds.items()}}
    )
    repo.commit({**said, **rows("things", values, {"id": "\\N"}, {"id": ""})})
    found = rounds(repo.path)
    target = found.fresh(MariadbTarget, None)
    for ref in ("HEAD~2", "HEAD~1", "HEAD"):
        model = applied(found, target, ref)
        same(target.rows(), found.held(ref, MariadbTarget))
        assert described(target) == {title: compared(one) for title, one in model.items()}
    with opened(target.url) as there:
        assert {row.state for row in there.ledger()} == {"applied"}
        with there.analyze(found.database, "HEAD") as analysis:
            assert analysis.plan.steps == []


def test_another_migration_is_at_work(repo: RepoBuilder, rounds: Rounds) -> None:
    repo.commit(rows("t", *ids(1)))
    found = rounds(repo.path)
    target = found.fresh(MariadbTarget, None)
    up, _ = statements(found, "EMPTY", "HEAD")
    with opened(target.url) as there, there.forward(found.database, "HEAD", DEFAULTS):
        with pytest.raises(TargetError, match="Another migration is at work"):
            applied(found, target, "HEAD")
        with pytest.raises(pymysql.err.OperationalError, match="another migration is at work"):
            target.run("".join(up))
    assert target.rows() == {}
    applied(found, target, "HEAD")


def test_keys_that_are_too_long_are_left_out(repo: RepoBuilder, rounds: Rounds) -> None:
    long = {f"c{n}": "x" * 255 for n in range(4)}
    wide = {f"c{n}": "x" * 30 for n in range(12)}
    declared = tables(
        t={"key": "id", "unique": [list(long)]},
        u={"key": list(wide)},
        v={"key": "id"},
        w={"key": "id", "foreign_keys": [{"columns": "v", "table": "v"}]},
    )
    repo.commit(
        {
            **declared,
            **rows("t", {"id": "y" * 768, **long}),
            **rows("u", wide),
            **rows("v", {"id": "z" * 769}),
            **rows("w", {"id": "z", "v": "z" * 769}),
        }
    )
    repo.commit({**rows("t", {"id": "y", **long}, {"id": "y ", **long}), **rows("v", {"id": "z"})})
    found = rounds(repo.path)
    with migration(found.database, "mysql", "HEAD~1") as made:
        model, notes = told(made.up), "\n".join(made.up.notes)
    assert (model["t"].key, model["t"].unique) == (("id",), ())
    assert model["t"].column("id").type == "VARCHAR(768)"
    assert model["u"].key == tuple(wide)
    assert model["v"].key == ()
    assert "t: the unique group (c0, c1, c2, c3) is too long for MariaDB and MySQL." in notes
    assert "v: the primary key (id) is not carried, for some row is too long." in notes
    found.go(MariadbTarget, "HEAD~1", "HEAD")


@pytest.mark.parametrize(
    "name", ["x" * 65, "blank ", "\U0001f4a1", "tab\tin"], ids=["long", "blank", "wide", "control"]
)
def test_names_that_there_cannot_be(repo: RepoBuilder, rounds: Rounds, name: str) -> None:
    repo.commit(rows("t", {name: 1}))
    with pytest.raises(UsageError, match="can have nothing called"):
        migration(rounds(repo.path).database, "mysql")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("DATE", "0999-12-31"),
        ("TIMESTAMP", "0031-01-01T10:00:00"),
        ("TIMESTAMPTZ", "9999-12-31T23:30:00-01"),
    ],
)
def test_values_that_there_are_not(
    repo: RepoBuilder, rounds: Rounds, kind: str, value: str
) -> None:
    repo.commit({**tables(t={"columns": {"x": {"type": kind}}}), **rows("t", {"x": value})})
    with pytest.raises(UsageError, match="cannot store x of"):
        migration(rounds(repo.path).database, "mysql")


def test_a_fraction_that_is_no_number(repo: RepoBuilder, rounds: Rounds) -> None:
    said = tables(t={"glob": "data/t.csv", "columns": {"x": {"type": "DOUBLE"}}})
    repo.commit({**said, "data/t.csv": "id,x\n1,nan\n"})
    with pytest.raises(UsageError, match="cannot store x of"):
        migration(rounds(repo.path).database, "mysql")


def test_the_client_takes_nothing_away(repo: RepoBuilder, rounds: Rounds) -> None:
    texts = [
        "a\0b",
        "x\r\ny",
        "\ndelimiter x\n",
        "\n;\n",
        "\n\\g\n",
        "\\",
        "\\'",
        "--",
        "/*",
        "ø💡",
    ]
    texts += ["\n\\q", "#", "`", '"', "%s", " ", "\ufeff", "x\\"]
    repo.commit(rows("texts", *({"n": n, "t": text} for n, text in enumerate(texts))))
    repo.commit(rows("texts", *({"n": n, "t": text * 2} for n, text in enumerate(texts))))
    rounds(repo.path).go(MariadbClient, "HEAD~1", "HEAD")


def test_times_are_times(repo: RepoBuilder, rounds: Rounds) -> None:
    declared = tables(t={"columns": {"x": {"type": "TIME"}}})
    repo.commit({**declared, "data/t.jsonl": json.dumps({"x": "12:30:45.5"}) + "\n"})
    target = rounds(repo.path).fresh(MariadbTarget, "HEAD")
    assert target.ask("SELECT x FROM t") == [(timedelta(hours=12, minutes=30, seconds=45.5),)]


def test_what_others_changed_is_settled_and_all_taken_back(
    repo: RepoBuilder, rounds: Rounds
) -> None:
    evolved(repo, 2)
    repo.commit(rows("more", *ids(1, 2, 3)))
    found = rounds(repo.path)
    target = found.fresh(MariadbTarget, None)
    for ref in ("HEAD~2", "HEAD~1", "HEAD"):
        applied(found, target, ref)
    target.ask("UPDATE t SET name = 'mine' WHERE id = 3")
    target.ask("DELETE FROM more")
    target.ask("ALTER TABLE more DROP COLUMN name")
    with (
        opened(target.url) as there,
        pytest.raises(StatementRefused),
        there.forward(found.database, "HEAD", FULL),
    ):
        pass
    with opened(target.url) as there:
        settled = replace(FULL, on_conflict=OnConflict.SOURCE)
        with there.forward(found.database, "HEAD", settled) as way:
            way.run(lambda what, done, of: None)
        same(target.rows(), found.held("HEAD", MariadbTarget))
    with opened(target.url) as there:
        with there.backward(found.database, "HEAD~2") as way:
            way.run(lambda what, done, of: None)
        same(target.rows(), found.held("HEAD~2", MariadbTarget))
        assert [row.state for row in there.ledger()] == ["applied", *["undone"] * 3]
