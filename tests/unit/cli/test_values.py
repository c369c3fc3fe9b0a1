"""Arrow values as JSON and as text, for every type that DuckDB sends."""

import json
from typing import Any

import duckdb
import orjson
import pyarrow as pa
import pytest

from ingitdb.model.types import BLOB, JSON, ListOf, Scalar, Struct
from ingitdb_cli.output.values import json_values, text_values

CASES = [
    ("1::UTINYINT", 1, "1"),
    ("9223372036854775807::BIGINT", 9223372036854775807, "9223372036854775807"),
    ("18446744073709551615::UBIGINT", 18446744073709551615, "18446744073709551615"),
    (
        "170141183460469231731687303715884105727::HUGEINT",
        "170141183460469231731687303715884105727",
        None,
    ),
    ("1.50::DECIMAL(10,2)", "1.50", "1.50"),
    ("0.0000000001::DECIMAL(20,10)", "0.0000000001", None),
    ("1.1::DOUBLE", 1.1, "1.1"),
    ("1e300::DOUBLE", 1e300, "1e+300"),
    ("true", True, "true"),
    ("'ø'", "ø", "ø"),
    ("'abc'::BLOB", "YWJj", "YWJj"),
    ("DATE '2024-02-29'", "2024-02-29", "2024-02-29"),
    ("DATE '5000-01-01'", "5000-01-01", "5000-01-01"),
    ("'infinity'::DATE", "infinity", "infinity"),
    ("TIME '10:11:12.5'", "10:11:12.5", "10:11:12.5"),
    ("TIME '10:00:00'", "10:00:00", "10:00:00"),
    ("TIMESTAMP '2024-01-01 10:00:00'", "2024-01-01T10:00:00", "2024-01-01 10:00:00"),
    ("TIMESTAMP '2024-01-01 10:00:00.120'", "2024-01-01T10:00:00.12", "2024-01-01 10:00:00.12"),
    ("TIMESTAMP '2020-10-10 20:00:00.5'", "2020-10-10T20:00:00.5", "2020-10-10 20:00:00.5"),
    ("TIMESTAMP '2020-10-10 10:10:10.010'", "2020-10-10T10:10:10.01", None),
    ("TIMESTAMP_NS '2024-01-01 10:00:00.123456789'", "2024-01-01T10:00:00.123456789", None),
    ("'infinity'::TIMESTAMP", "infinity", "infinity"),
    ("'-infinity'::TIMESTAMP", "-infinity", "-infinity"),
    ("TIMESTAMPTZ '2024-01-01 10:00:00+02'", "2024-01-01T08:00:00Z", "2024-01-01 08:00:00Z"),
    ("INTERVAL '1 month 2 days 3 hours'", "P1M2DT10800S", "P1M2DT10800S"),
    ("INTERVAL '0 days'", "PT0S", None),
    ("'8411d3a5-aa28-4082-9fa1-fe9c4c09eca9'::UUID", "8411d3a5-aa28-4082-9fa1-fe9c4c09eca9", None),
    ("'a'::ENUM('a', 'b')", "a", "a"),
    ("(-12345678901234567890)::BIGNUM", "-12345678901234567890", None),
    ("[1, NULL, 3]", [1, None, 3], "[1,null,3]"),
    ("[1, 2]::INTEGER[2]", [1, 2], "[1,2]"),
    ("{'a': 1, 'b': [DATE '2024-01-01']}", {"a": 1, "b": ["2024-01-01"]}, None),
    ("MAP {'k': 1.5::DECIMAL(3,1)}", {"k": "1.5"}, '{"k":"1.5"}'),
    ("MAP {1: 'x'}", {"1": "x"}, None),
    ("union_value(k := 'x')", "x", "x"),
    ("NULL", None, None),
]


def column(expression: str, rows: str = "") -> Any:
    """Asks DuckDB for one column."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    table = connection.sql(f"SELECT {expression} AS c {rows}").to_arrow_table()
    return table.column(0).combine_chunks()


@pytest.mark.parametrize(("expression", "expected", "text"), CASES, ids=[c[0] for c in CASES])
def test_value(expression: str, expected: object, text: str | None) -> None:
    array = column(expression)
    assert json.loads(orjson.dumps(json_values(array))) == [expected]
    if text is not None or expected is None:
        assert text_values(array) == [text]


@pytest.mark.parametrize("expression", [c[0] for c in CASES])
def test_nulls_and_slices_keep_their_places(expression: str) -> None:
    rows = "FROM range(9) t(i)"
    array = column(f"CASE WHEN i % 3 = 1 THEN NULL ELSE {expression} END", rows)
    whole = json_values(array)
    assert [value is None for value in whole[:3]] == [
        expression == "NULL",
        True,
        expression == "NULL",
    ]
    assert json_values(array.slice(2, 5)) == whole[2:7]


def test_nested_values_in_slices() -> None:
    array = column("[{'n': i, 'l': [i, i + 1]}]", "FROM range(5) t(i)")
    assert json_values(array.slice(3, 1)) == [[{"n": 3, "l": [3, 4]}]]
    array = column("MAP {'a': [i]}", "FROM range(5) t(i)")
    assert json_values(array.slice(4, 1)) == [{"a": [4]}]


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("UTC", "2020-10-10T10:00:00Z"),
        ("Etc/UTC", "2020-10-10T10:00:00+00:00"),
        ("Europe/Oslo", "2020-10-10T12:00:00+02:00"),
        ("America/St_Johns", "2020-10-10T07:30:00-02:30"),
    ],
)
def test_moments_in_a_zone(zone: str, expected: str) -> None:
    array = pa.array([1602324000000000], pa.timestamp("us", zone))
    assert json_values(array) == [expected]
    assert text_values(array) == [expected.replace("T", " ")]


def test_what_is_not_finite_becomes_null_with_a_warning() -> None:
    said: list[str] = []
    array = pa.array([1.5, float("nan"), float("inf"), None])
    assert json.loads(orjson.dumps(json_values(array, None, said.append))) == [
        1.5,
        None,
        None,
        None,
    ]
    assert len(said) == 1
    assert text_values(array) == ["1.5", "nan", "inf", None]
    assert json_values(pa.array([None, None], pa.float64()), None, said.append) == [None, None]
    assert len(said) == 1


def test_json_is_taken_over_as_it_is() -> None:
    texts = ['{"a": 12345678901234567890123, "b": 1.10}', '["x\\n",\n 1]', "null", None]
    written = orjson.dumps(json_values(pa.array(texts), JSON)).decode()
    expected = '[{"a": 12345678901234567890123, "b": 1.10},["x\\n",  1],null,null]'
    assert written == expected
    assert "\n" not in written


def test_json_inside_lists_and_structs() -> None:
    array = pa.array([{"j": ['{"x":1}', "{"]}])
    kind = Struct((("j", ListOf(JSON)),))
    assert json.loads(orjson.dumps(json_values(array, kind))) == [{"j": [{"x": 1}, "{"]}]


def test_text_of_json_is_the_json() -> None:
    assert text_values(pa.array(['{"a": 1}', '"x"', None]), JSON) == ['{"a": 1}', '"x"', None]


def test_bits() -> None:
    array = column("'101'::BIT")
    assert json_values(array, Scalar("BIT")) == ["101"]
    assert json_values(array, BLOB) == ["Bf0="]
