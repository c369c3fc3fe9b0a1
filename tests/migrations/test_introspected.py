"""What SQLAlchemy, or DuckDB itself, tells of a target equals the plan that led it there."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Text, create_engine, inspect

from ingitdb.migrations.model import LEDGER, Table
from ingitdb.services.migrations.migration import migration
from ingitdb.services.migrations.targets import opened
from ingitdb.services.migrations.ways import DEFAULTS
from tests.migrations.test_scripts import rows, tables
from tests.support.live_targets import KINDS, MAKERS, Live
from tests.support.migrated import Round
from tests.support.repositories import RepoBuilder

DRIVERS = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql", "sqlite": "sqlite"}
OTHER_NAMES = {"JSON_TEXT": "TEXT", "DECIMAL_TEXT(10,2)": "TEXT", "JSON": "LONGTEXT"}
COLUMNS = {
    "id": {"type": "BIGINT"},
    "name": {"type": "VARCHAR", "default": "'it''s'"},
    "On": {"type": "BOOLEAN", "default": True},
    "price": {"type": "DECIMAL(10,2)", "default": -5},
    "share": {"type": "DOUBLE", "default": 5},
    "day": {"type": "DATE"},
    "code": {"type": "VARCHAR", "required": True},
    "owner": {"type": "BIGINT"},
    "order by": {"type": "TIMESTAMP"},
    "list": {"type": "BIGINT[]"},
}


@pytest.fixture(params=KINDS)
def live(request: pytest.FixtureRequest, tmp_path: Path) -> Live:
    return MAKERS[request.param](tmp_path)


@pytest.fixture
def repo(tmp_path: Path) -> RepoBuilder:
    """Three commits: tables come, columns and keys change, names change."""
    repo = RepoBuilder(tmp_path / "repo")
    row = {"name": "a", "On": True, "price": 1.5, "share": 0.1, "day": "2024-01-01", "list": [1]}
    data = [{"id": n, **row, "code": f"c{n}", "owner": 1, "order by": None} for n in range(1, 4)]
    owns = {"columns": "owner", "table": "owners", "references": "id"}
    said = {
        "key": ["id"],
        "unique": ["code", ["name", "id"]],
        "indexes": ["day", ["name", "share"]],
        "columns": COLUMNS,
        "foreign_keys": [{**owns, "on_delete": "cascade", "on_update": "set null"}],
    }
    first = {"t": {"key": ["code", "id"]}, "owners": {"key": "id"}, "gone": {}}
    repo.commit(
        {
            **tables(**first),
            **rows("t", *data),
            **rows("owners", {"id": 1}),
            **rows("gone", {"a": 1}),
        }
    )
    repo.commit({**tables(t=said, owners={"key": "id"}), "data/gone.jsonl": None})
    renamed = {**said, "glob": "data/t.jsonl", "renamed_from": "t"}
    renamed["columns"] = {**COLUMNS, "code": {**COLUMNS["code"], "required": False}}
    repo.commit(tables(**{"Some things": renamed}, owners={"key": "id"}))
    return repo


def test_what_is_told_of_a_target_is_what_was_planned(
    repo: RepoBuilder, rounds: Callable[..., Round], live: Live
) -> None:
    found = rounds(repo.path)
    for ref in ("HEAD~2", "HEAD~1", "HEAD"):
        with opened(live.url) as there, there.forward(found.database, ref, DEFAULTS) as way:
            way.run(lambda what, done, of: None)
        assert told(live) == planned(found, live, ref)
    for ref in ("HEAD~1", "HEAD~2"):
        with opened(live.url) as there, there.backward(found.database, None) as way:
            way.run(lambda what, done, of: None)
        assert told(live) == planned(found, live, ref)


def planned(found: Round, live: Live, ref: str) -> dict[str, Any]:
    """Gives the tables of a plan that begins with nothing."""
    with migration(found.database, live.kind, ref) as made:
        return {one.place[1]: plainly(one) for work in made.up.works for one in [work.new] if one}


def plainly(table: Table) -> dict[str, Any]:
    return {
        "columns": sorted((c.name, spelled(c.type), c.nullable) for c in table.columns),
        "key": list(table.key),
        "unique": sorted(sorted(group) for group in table.unique),
        "references": sorted(
            (list(one.columns), one.target[1], list(one.references), one.on_update, one.on_delete)
            for one in table.references
        ),
        "indexes": sorted(list(one.columns) for one in table.indexes),
    }


def spelled(kind: str) -> str:
    """Spells a type in one way: as MariaDB and SQLAlchemy tell what they know by another name."""
    kind = re.sub(r" (COLLATE|COMMENT|CHARACTER SET) .*", "", kind.upper())
    kind = kind.replace(", ", ",").replace('"', "").replace("BIGINT(20)", "BIGINT")
    return OTHER_NAMES.get(kind, kind)


def told(live: Live) -> dict[str, Any]:
    """Gives the tables that the target says it has."""
    if live.kind == "duckdb":
        return dict(told_by_duckdb(live))
    rest = live.url.partition("://")[2]
    engine = create_engine(f"{DRIVERS[live.kind]}://{rest}")
    try:
        seen = inspect(engine)
        names = [name for name in seen.get_table_names() if name != LEDGER]
        return {name: told_of(seen, name) for name in names}
    finally:
        engine.dispose()


def told_of(seen: Any, name: str) -> dict[str, Any]:
    keys = seen.get_foreign_keys(name)
    of_keys = [key["constrained_columns"] for key in keys]
    unique = [one["column_names"] for one in seen.get_unique_constraints(name)]
    indexes = [one for one in seen.get_indexes(name) if not one["unique"]]
    return {
        "columns": sorted(
            (c["name"], spelled(declared(c["type"], seen.dialect)), c["nullable"])
            for c in seen.get_columns(name)
        ),
        "key": seen.get_pk_constraint(name)["constrained_columns"],
        "unique": sorted(sorted(group) for group in unique),
        "references": sorted(
            (
                key["constrained_columns"],
                key["referred_table"],
                key["referred_columns"],
                key["options"].get("onupdate", "restrict").lower(),
                key["options"].get("ondelete", "restrict").lower(),
            )
            for key in keys
        ),
        "indexes": sorted(
            one["column_names"] for one in indexes if one["column_names"] not in of_keys
        ),
    }


def declared(kind: Any, dialect: Any) -> str:
    """Gives a type as SQLAlchemy has it; of one that SQLite does not know, its affinity."""
    is_text = dialect.name == "sqlite" and isinstance(kind, Text)
    return "TEXT" if is_text else str(kind.compile(dialect))


def told_by_duckdb(live: Live) -> Iterator[tuple[str, dict[str, Any]]]:
    for (name,) in live.run(
        f"SELECT table_name FROM duckdb_tables() WHERE table_name <> '{LEDGER}'"
    ):
        of = f"WHERE table_name = '{name}'"
        groups = live.run(
            f"SELECT constraint_type, constraint_column_names FROM duckdb_constraints() {of}"
        )
        columns = live.run(f"SELECT column_name, data_type, is_nullable FROM duckdb_columns() {of}")
        indexes = live.run(f"SELECT expressions FROM duckdb_indexes() {of}")
        yield (
            name,
            {
                "columns": sorted((c, spelled(kind), free) for c, kind, free in columns),
                "key": next((list(found) for kind, found in groups if kind == "PRIMARY KEY"), []),
                "unique": sorted(sorted(found) for kind, found in groups if kind == "UNIQUE"),
                "references": [],
                "indexes": sorted(
                    [one.strip().strip("\"'") for one in text.strip("[]").split(",")]
                    for (text,) in indexes
                ),
            },
        )
