"""No hostile statement passes: its kind, the fence or its unknown tables stop it."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from ingitdb.errors import IngitdbError, StatementRefused, TableNotFound
from ingitdb.execution.parser import DuckdbParser
from ingitdb.sql.analysis import analyze
from ingitdb.sql.fence import check
from ingitdb.sql.names import KnownTable, find_table
from ingitdb.sql.references import table_references
from ingitdb.sql.statements import Describe, Statement, StatementKind, split
from tests.support.duckdb_queries import SETUP
from tests.support.hostile_sql import ATTEMPTS, CATEGORIES, Attempt, control, make_places

KNOWN = [
    KnownTable(schema="main", name=name)
    for name in ("cities", "countries", "readings", "prices", "sales", "wide")
]
IDS = [f"{a.category}: {a.sql}" for a in ATTEMPTS]


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return make_places(tmp_path_factory.mktemp("hostile"))


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        for statement in SETUP:
            connection.execute(statement)
        yield connection


def run(statement: Statement, parser: DuckdbParser) -> None:
    """Does what stands before an execution."""
    if isinstance(statement.detail, Describe):
        find_table(statement.detail.path[-1], KNOWN)
    elif statement.kind in (StatementKind.QUERY, StatementKind.EXPLAIN):
        analysis = analyze(statement.source, parser, query_start=statement.query_start)
        check(analysis, parser)
        for reference in table_references(analysis, parser):
            find_table(reference.name, KNOWN, schema=reference.schema)
    else:
        raise statement.refusal()


def run_all(sql: str, parser: DuckdbParser) -> None:
    for statement in split(sql, parser):
        run(statement, parser)


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=IDS)
def test_is_refused(attempt: Attempt, parser: DuckdbParser, places: dict[str, str]) -> None:
    with pytest.raises((StatementRefused, TableNotFound)):
        run_all(attempt.filled(places).sql, parser)


@pytest.mark.parametrize("attempt", [a for a in ATTEMPTS if a.needs is None], ids=lambda a: a.sql)
def test_control_it_works_without_the_fence(
    attempt: Attempt, bare: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    control(attempt.filled(make_places(tmp_path / "places")), bare)


def test_every_class_has_attempts() -> None:
    counts = Counter(a.category for a in ATTEMPTS)
    assert set(counts) == set(CATEGORIES)
    assert min(counts.values()) >= 5


@pytest.mark.parametrize("kind", ["T", "t", '"t"', "main.t"])
def test_variations_of_known_tables_pass(kind: str, parser: DuckdbParser) -> None:
    check(f"SELECT * FROM {kind}", parser)


def test_refusal_points_at_the_place(parser: DuckdbParser) -> None:
    place = r"line 1, column 11:\nSELECT 1, getvariable\('x'\)\n {10}\^{16}$"
    with pytest.raises(IngitdbError, match=place):
        check("SELECT 1, getvariable('x')", parser)
