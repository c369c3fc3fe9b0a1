"""Every function that this DuckDB has is either allowed or refused, by name."""

import duckdb
import pytest

from ingitdb.errors import StatementRefused
from ingitdb.execution.parser import DuckdbParser
from ingitdb.sql.fence import check
from ingitdb.sql.functions import (
    AGGREGATES,
    REFUSED_SCALARS,
    REFUSED_TABLE_FUNCTIONS,
    SCALARS,
    TABLE_FUNCTIONS,
    is_allowed_scalar,
    refusal_of,
)


def functions(*kinds: str) -> set[str]:
    with duckdb.connect() as connection:
        rows = connection.execute(
            "SELECT DISTINCT function_name FROM duckdb_functions()"
            " WHERE list_contains(?, function_type)",
            [list(kinds)],
        ).fetchall()
    return {name for (name,) in rows}


def test_scalars_are_all_decided() -> None:
    known = functions("scalar", "macro", "aggregate", "window")
    undecided = {
        name
        for name in known
        if is_allowed_scalar(name) == (refusal_of(name, is_table=False) is not None)
    }
    assert undecided == set()


def test_table_functions_are_all_decided() -> None:
    known = functions("table", "table_macro")
    undecided = {
        name
        for name in known
        if (name in TABLE_FUNCTIONS) == (refusal_of(name, is_table=True) is not None)
    }
    assert undecided == set()


def test_no_name_is_left_over() -> None:
    scalars = {name.casefold() for name in functions("scalar", "macro", "aggregate", "window")}
    assert SCALARS | AGGREGATES | set(REFUSED_SCALARS) <= scalars
    assert TABLE_FUNCTIONS | set(REFUSED_TABLE_FUNCTIONS) <= functions("table", "table_macro")
    assert functions("aggregate") == AGGREGATES


@pytest.mark.parametrize("name", sorted(REFUSED_TABLE_FUNCTIONS))
def test_refused_table_functions(name: str, parser: DuckdbParser) -> None:
    with pytest.raises(StatementRefused, match=name):
        check(f"FROM {name}('x')", parser)


@pytest.mark.parametrize("name", sorted(REFUSED_SCALARS))
def test_refused_scalars(name: str, parser: DuckdbParser) -> None:
    for sql in (f"SELECT {name.upper()}('x')", f"SELECT 'x'.{name}()", f'SELECT "{name}"(1)'):
        with pytest.raises(StatementRefused, match=name):
            check(sql, parser)


def test_unknown_function_is_refused_with_what_is_near(parser: DuckdbParser) -> None:
    with pytest.raises(StatementRefused, match="Did you mean"):
        check("SELECT upperx('x')", parser)


def test_our_functions_pass(parser: DuckdbParser) -> None:
    check("SELECT Hash_Of('x') FROM git_log()", parser, our_functions=["hash_of", "GIT_LOG"])
