"""What is PostgreSQL's own: names, limits, foreign keys that act, locks, other sessions."""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import make_url

from ingitdb.migrations.connections.connection import Access
from ingitdb.migrations.connections.postgresql import PostgresqlDatabase
from ingitdb.migrations.model import Table
from ingitdb.migrations.plan import Plan
from ingitdb.migrations.targets.postgresql import Postgresql
from ingitdb.model.types import Scalar
from ingitdb.services.migrations.migration import migration
from ingitdb.services.migrations.targets import opened
from ingitdb.services.migrations.ways import DEFAULTS
from tests.support.migrated import Round
from tests.support.postgresql import PostgresqlTarget, PsqlClient
from tests.support.repositories import RepoBuilder

Rounds = Callable[..., Round]
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
    "flag": "BOOLEAN",
    "big": "BIGINT",
    "huge": "HUGEINT",
    "price": "DECIMAL(38,10)",
    "share": "DOUBLE",
    "day": "DATE",
    "hour": "TIME",
    "at": "TIMESTAMP",
    "zoned": "TIMESTAMPTZ",
    "text": "VARCHAR",
    "span": "INTERVAL",
    "raw": "BLOB",
    "some": "DOUBLE[]",
    "any": "JSON",
}
VALUES: list[dict[str, Any]] = [
    {"flag": True, "big": 2**63 - 1, "huge": 2**127 - 1, "price": "1234567890123456789012345678.5"},
    {"flag": False, "big": -(2**63), "huge": -(2**127) + 1, "price": "-0.0000000001"},
    *({"share": value} for value in ("nan", "inf", "-inf", -0.0, 5e-324, 2.2250738585072014e-308)),
    *(
        {"share": value}
        for value in (1.7976931348623157e308, 0.1 + 0.2, 1e22, 123456789012345680.0)
    ),
    *({"day": value} for value in ("infinity", "-infinity", "0044-03-15 (BC)", "4713-01-01 (BC)")),
    *({"day": value} for value in ("0001-01-01", "9999-12-31", "12345-01-01", "5874897-12-31")),
    *({"hour": value} for value in ("00:00:00", "23:59:59.999999", "12:30:00.5")),
    *({"at": value} for value in ("infinity", "-infinity", "0044-03-15 (BC) 12:00:00.000001")),
    *({"at": value} for value in ("290000-01-01 00:00:00", "1969-12-31 23:59:59.999999")),
    *({"zoned": value} for value in ("infinity", "2024-02-29T00:30:00+02:00")),
    *({"zoned": value} for value in ("0044-03-15 (BC) 12:00:00+00", "12345-01-01 00:00:00+00")),
    *({"text": value} for value in ("", "\\N", "\\.", "a\tb\r\nc\\d", "''\"", "$ingitdb$", "\x01")),
    *({"text": value} for value in ("NULL", "\ufeff💡", "\\x41", ":name :'name' %s", "\\q\n\\!ls")),
    {"span": "1 year 2 months 3 days 04:05:06"},
    {"any": [1, "NaN", {"a": None, "b\\": "\0"}], "some": [1.5, None, -0.0]},
    {"any": "NaN", "some": []},
    {"any": 1, "some": ["nan", "inf", "-inf"]},
]


@pytest.mark.parametrize("is_applied", [False, True])
def test_each_value_comes_back_as_it_was(
    repo: RepoBuilder, rounds: Rounds, kind: type[PostgresqlTarget], is_applied: bool
) -> None:
    columns = {name: {"type": declared} for name, declared in TORTURE.items()}
    found = [{"id": n, **value} for n, value in enumerate(VALUES)]
    found += [{"id": 100 + n, "raw": ""} for n in range(4)]
    repo.commit({**tables(t={"key": "id", "columns": columns}), **rows("t", *found)})
    made = rounds(repo.path)
    target = kind(repo.path)
    if is_applied:
        apply(made, target, "HEAD")
    else:
        target = made.fresh(kind, "HEAD")
    with migration(made.database, TARGET, "HEAD") as way, closing(connected(target)) as there:
        (table,) = there.tables(Postgresql())
        (model,) = models(way.up).values()
        assert sorted(c.type for c in table.columns) == sorted(c.type for c in model.columns)
        words = Postgresql()
        shown = ", ".join(f"{words.shown(c)} AS c{n}" for n, c in enumerate(model.columns))
        batches = list(there.stream(f"SELECT {shown} FROM t ORDER BY id"))
        query = made.database._instance.query
        (work,) = way.up.works
        held = way.target.stored
        expected = [
            row
            for batch in work.rows.batches(
                lambda values: ", ".join(f"CAST({sql} AS VARCHAR)" for sql, _ in values)
            )
            for row in batch.to_pylist()
        ]
        assert held(Scalar("DOUBLE")).type == "DOUBLE PRECISION"
    seen = [list(row.values()) for batch in batches for row in batch.to_pylist()]
    restored = []
    for row in seen:
        cells = [
            words.restored("NULL" if cell is None else _literal(cell), column.kind)
            for cell, column in zip(row, model.columns, strict=True)
        ]
        (values,) = query("SELECT " + ", ".join(f"CAST({cell} AS VARCHAR)" for cell in cells))
        restored.append(list(values))
    assert restored == [list(row.values()) for row in expected]


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
