"""Which expressions are explicit casts as a whole, and to which type."""

import pytest

from ingitdb.execution.parser import DuckdbParser
from ingitdb.sql.casts import cast_type, cast_types_of_rows

PARSER = DuckdbParser(None)


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("'x'::VARCHAR", "VARCHAR"),
        ("?::DECIMAL(10, 2)", "DECIMAL(10, 2)"),
        ("(a + 1)::DOUBLE", "DOUBLE"),
        ("lower(a)::TEXT", "TEXT"),
        ("CAST('x' AS VARCHAR)", "VARCHAR"),
        ("try_cast(f(a, b) AS DOUBLE PRECISION)", "DOUBLE PRECISION"),
        ("a + 1::DOUBLE", None),
        ("CAST(a AS INT) + 1", None),
        ("f(a::TEXT)", None),
        ("'x'", None),
        ("", None),
    ],
)
def test_cast_type(expression: str, kind: str | None) -> None:
    assert cast_type(expression, PARSER) == kind


@pytest.mark.parametrize(
    ("rows", "kinds"),
    [
        ("VALUES (1, 'x'::TEXT)", [None, "TEXT"]),
        ("VALUES (1, 'x'::TEXT), (2, f(',')::TEXT)", [None, "TEXT"]),
        ("VALUES (1, 'x'::TEXT), (2, 'y')", [None, None]),
        ("SELECT 1, 'x'::TEXT", []),
    ],
)
def test_rows(rows: str, kinds: list[str | None]) -> None:
    assert cast_types_of_rows(rows, PARSER) == kinds
