"""One column against one value: which rule is broken first, and what is said."""

import datetime as dt
from decimal import Decimal

import pytest

from ingitdb.catalog.column_types import column_type
from ingitdb.catalog.sql_types import sql_type
from ingitdb.model.records import Spelled
from ingitdb.model.tables import DeclaredColumn
from ingitdb.validation.columns import column_finding


def broken(value, kind=None, *, in_cells=False, **rules):
    """Gives the broken rule; None if there is none."""
    column = DeclaredColumn(name="v", type=kind, in_cells=in_cells, rules=tuple(rules.items()))
    found = column_finding(column, value)
    return found and found.rule


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("string", ["", "x"], [1, True, dt.date(2024, 1, 1), [], {}]),
        ("int", [1, -5, 2.0, Spelled(31, "0x1F"), 2**63 - 1], [1.5, "1", True, 2**63, []]),
        ("float", [1, 1.5, Decimal("1.10"), Spelled(1.1, "1.10")], ["1", True, []]),
        ("bool", [True, False], [0, "true"]),
        ("date", ["2024-02-29", dt.date(2024, 2, 29)], ["2023-02-29", "soon", "2024-1-1", 5]),
        ("time", ["12:30", "12:30:05.123"], ["25:00", "12", 5]),
        ("datetime", ["2024-01-05T10:00:00Z", "2024-01-05 10:00", "2024-01-05",
                      dt.datetime(2024, 1, 5, tzinfo=dt.UTC)], ["2024-01-05T25:00", "x", 5]),
        ("any", [1, "x", [], {}], []),
        ("map[locale]string", [{}, {"en": "x", "de": None}], [{"en": 1}, "x", []]),
        ("map[int]string", [{"1": "x"}], [{"a": "x"}]),
        ("[]int", [[], [1, 2, None]], [[1, "x"], 1, {}]),
    ],
)  # fmt: skip
def test_types_of_definitions(kind, good, bad):
    declared = column_type(kind)
    assert [value for value in good if broken(value, declared)] == []
    assert [value for value in bad if broken(value, declared) != "type"] == []


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("DECIMAL(4,2)", [1, 99.99, Spelled(1.1, "1.10"), -99.5], [100, 1.234, "1", True]),
        ("UTINYINT", [0, 255], [-1, 256, 1.5]),
        ("HUGEINT", [2**100], [2**127]),
        ("UUID", ["6ba7b810-9dad-11d1-80b4-00c04fd430c8"], ["6ba7b810", 5]),
        ("STRUCT(a INTEGER, b TEXT)", [{"a": 1}, {}], [{"a": "x"}, []]),
        ("BIT", ["0101"], ["2"]),
        ("BLOB", [b"x"], ["x"]),
        ("INTERVAL", ["3 days"], [3]),
    ],
)
def test_types_of_tables_yaml(kind, good, bad):
    declared = sql_type(kind)
    assert [value for value in good if broken(value, declared)] == []
    assert [value for value in bad if broken(value, declared) != "type"] == []


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("INTEGER", [12, "12", "+5", 7.0, "7.0"], ["x", "1.5", "007x"]),
        ("DOUBLE", [1, "1e5", "nan"], ["one"]),
        ("BOOLEAN", ["true", "0", True, 1], ["maybe", 2]),
        ("TEXT", [12, "x", True], []),
        ("DATE", ["2024-01-05", dt.date(2024, 1, 5)], ["5.1.2024"]),
        ("DECIMAL(5,2)", ["1.50", 12], ["1.555"]),
    ],
)
def test_cells_spell_their_values(kind, good, bad):
    declared = sql_type(kind)
    assert [value for value in good if broken(value, declared, in_cells=True)] == []
    assert [value for value in bad if broken(value, declared, in_cells=True) != "type"] == []


def test_cells_spelled_as_a_data_package_says():
    spelled = {"decimalChar": ",", "groupChar": ".", "bareNumber": False}
    double = sql_type("DOUBLE")
    assert broken("EUR 1.234,50", double, in_cells=True, **spelled) is None
    assert broken("EUR 1.234,50", double, in_cells=True) == "type"
    boolean = sql_type("BOOLEAN")
    words = {"trueValues": ("ja",), "falseValues": ("nei",)}
    assert broken("ja", boolean, in_cells=True, **words) is None
    assert broken("true", boolean, in_cells=True, **words) == "type"


@pytest.mark.parametrize(
    ("rules", "good", "bad"),
    [
        ({"enum": ("a", 1, True)}, ["a", 1, 1.0, True], ["b", "1", 0, False]),
        ({"min_value": 1.5}, [1.5, 2, Decimal("1.6")], [1, 1.4, Spelled(1.0, "1.00")]),
        ({"max_value": 10}, [10, -5], [10.01, 11]),
        ({"min_value": "2020-01-01"}, ["2020-01-01"], ["2019-12-31"]),
        ({"length": 2}, ["øå", [1, 2], {"a": 1, "b": 2}], ["x", [], {}]),
        ({"min_length": 1}, ["x"], ["", []]),
        ({"max_length": 0}, ["", []], ["x"]),
        ({"pattern": "^[a-z]+$"}, ["abc"], ["ABC", "a1"]),
        ({"pattern": "b"}, ["abc"], ["ac"]),
        ({"format": "email"}, ["desk@example.org"], ["desk"]),
        ({"format": "uri"}, ["https://example.org/x"], ["example org"]),
        ({"format": "ipv4"}, ["127.0.0.1"], ["300.0.0.1"]),
        ({"format": "markdown"}, ["*x*"], []),
    ],
)
def test_rules(rules, good, bad):
    (rule,) = rules
    assert [value for value in good if broken(value, **rules)] == []
    assert [value for value in bad if broken(value, **rules) != rule] == []


def test_the_first_rule_that_is_broken_counts():
    rules = {"max_length": 1, "enum": ("a",), "min_value": 3}
    assert broken(5, column_type("string"), **rules) == "type"
    assert broken("bb", column_type("string"), **rules) == "enum"


def test_a_cell_is_one_of_a_list_by_its_text():
    assert broken(1, None, in_cells=True, enum=("1", "2")) is None
    assert broken(3, None, in_cells=True, enum=("1", "2")) == "enum"


def test_what_is_said_names_field_and_value():
    column = DeclaredColumn(name="price", type=column_type("float"), rules=(("max_value", 9),))
    found = column_finding(column, 9.5)
    assert found is not None
    assert (found.message, found.way) == ("price must be at most 9, not 9.5", ("price",))
