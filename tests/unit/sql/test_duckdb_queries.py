"""What DuckDB understands passes through unchanged, and the list is a list of real queries."""

import re
from collections.abc import Iterator

import duckdb
import pytest

from ingitdb.execution.parser import DuckdbParser
from ingitdb.sql.analysis import analyze
from ingitdb.sql.fence import check
from ingitdb.sql.hidden import hide_in_stars, mentions_hidden
from ingitdb.sql.ordering import keeps_file_order
from ingitdb.sql.references import function_calls, replace_reference, splice, table_references
from ingitdb.sql.statements import StatementKind, split
from tests.support.duckdb_queries import QUERIES, SETUP

RANDOM = re.compile(r"SAMPLE|first\(|any_value|approx|random|uuid", re.IGNORECASE)


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        for statement in SETUP:
            connection.execute(statement)
        yield connection


def test_the_list_is_long() -> None:
    assert len(set(QUERIES)) == len(QUERIES) >= 150


@pytest.mark.parametrize("query", QUERIES)
def test_passes_unchanged(query: str, parser: DuckdbParser) -> None:
    [statement] = split(query, parser)
    assert (statement.kind, statement.text) == (StatementKind.QUERY, query)
    analysis = analyze(statement.source, parser)
    check(analysis, parser)
    references = table_references(analysis, parser)
    assert all(r.version is None and r.tail is None for r in references)
    assert not mentions_hidden(analysis, parser)
    assert hide_in_stars(analysis, (), parser) == []
    function_calls(analysis, parser)
    keeps_file_order(analysis, parser)
    assert splice(query, []) == query


@pytest.mark.parametrize("query", QUERIES)
def test_runs_and_still_answers_with_other_names(
    query: str, parser: DuckdbParser, database: duckdb.DuckDBPyConnection
) -> None:
    analysis = analyze(query, parser)
    replacements = []
    for reference in table_references(analysis, parser):
        schema = reference.schema if reference.schema not in (None, "main") else "main"
        name = reference.name.replace('"', '""')
        replacements += replace_reference(
            reference, f'memory."{schema}"."{name}"', answers_to=reference.name
        )
    spliced = splice(query, replacements)
    plain = database.execute(query)
    columns, rows = [c[0] for c in plain.description or []], plain.fetchall()
    other = database.execute(spliced)
    # DuckDB names some columns after the text of an expression, with the catalog of its tables.
    other_columns = [c[0] for c in other.description or []]
    assert [c.replace("memory.main.", "") for c in other_columns] == [
        c.replace("memory.main.", "") for c in columns
    ]
    if not RANDOM.search(query):
        assert sorted(map(repr, other.fetchall())) == sorted(map(repr, rows))
