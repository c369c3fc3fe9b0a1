"""What --where means: comparisons as inGitDB has them, and any other SQL."""

import pytest

from ingitdb.errors import UsageError
from ingitdb.services.conditions import Comparison, Expression
from ingitdb_cli.where import condition

COMPARISONS = [
    ("population>1,000,000", "population", ">", "1000000", "number"),
    ("age == 41", "age", "==", "41", "number"),
    ("age===-4.50", "age", "===", "-4.50", "number"),
    ("rate <= 1e-3", "rate", "<=", "1e-3", "number"),
    ("city == Oslo", "city", "==", "Oslo", "word"),
    ("city!=New York", "city", "!=", "New York", "word"),
    ("city !== 'New  York'", "city", "!==", "New  York", "text"),
    ('city >= "Å > B"', "city", ">=", "Å > B", "text"),
    ("name == 'O''Hara'", "name", "==", "O'Hara", "text"),
    ("zip == 0150", "zip", "==", "0150", "word"),
    ("price == '1,000'", "price", "==", "1,000", "text"),
    ("day < 2024-03-01", "day", "<", "2024-03-01", "word"),
    ("$id == a/b", "$id", "==", "a/b", "word"),
    ("pos.lat > 60", "pos.lat", ">", "60", "number"),
    ("year_2 <1", "year_2", "<", "1", "number"),
    ("навън == да", "навън", "==", "да", "word"),
    ("active == true", "active", "==", "true", "word"),
]


@pytest.mark.parametrize("wanted", COMPARISONS, ids=[one[0] for one in COMPARISONS])
def test_comparisons(wanted: tuple[str, str, str, str, str]) -> None:
    text, column, operator, value, kind = wanted
    assert condition(f"  {text} ") == Comparison(
        column=column,
        operator=operator,
        value=value,
        kind=kind,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    "sql",
    [
        "age = 41",
        "age > 3 AND city == 'Oslo'",
        "age > 3 or city",
        "age > 3 IS NULL",
        "name LIKE 'A%'",
        "price > (base)",
        '"price" > base',
        "price > base * 2",
        "lower(city) == 'oslo'",
        "list_contains(tags, 'a')",
        "price > 1,00",
        "price == 1,0000",
        "city == 'a' || 'b'",
        "name == 'open",
        "a==b==c",
        "a <> 3",
        "x.y.z IS NULL",
        "1 == 1",
    ],
)
def test_all_else_is_sql(sql: str) -> None:
    assert condition(f" {sql}") == Expression(sql=sql)


def test_an_empty_one() -> None:
    with pytest.raises(UsageError):
        condition("  ")
