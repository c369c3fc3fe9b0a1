"""Values from outside as texts for a column: nothing is rounded, nothing is left out."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from ingitdb.errors import WriteError
from ingitdb.model.records import Spelled, Value
from ingitdb.model.types import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    HUGEINT,
    JSON,
    TIME,
    TIMESTAMP,
    VARCHAR,
    ColumnType,
    ListOf,
    MapOf,
    Struct,
    decimal,
)
from ingitdb.services.fitting import fitted

PLACE = Struct((("lat", DOUBLE), ("name", VARCHAR)))
FITTING: list[tuple[Value, ColumnType, str | None]] = [
    (None, BIGINT, None),
    (5, BIGINT, "5"),
    ("5", BIGINT, "5"),
    (5.0, BIGINT, "5"),
    (Spelled(31, "0x1F"), BIGINT, "31"),
    (10**38 + 1, HUGEINT, "100000000000000000000000000000000000001"),
    (Decimal("9.50"), decimal(18, 1), "9.5"),
    ("12.5", decimal(18, 2), "12.5"),
    (3, DOUBLE, "3"),
    ("1e3", DOUBLE, "1E+3"),
    (True, BOOLEAN, "true"),
    ("False", BOOLEAN, "false"),
    (7, VARCHAR, "7"),
    (True, VARCHAR, "true"),
    (Spelled(1.1, "1.10"), VARCHAR, "1.10"),
    ("2024-03-01", DATE, "2024-03-01"),
    (date(2024, 3, 1), TIMESTAMP, "2024-03-01"),
    (datetime(2024, 3, 1, 8, tzinfo=UTC), TIMESTAMP, "2024-03-01T08:00:00+00:00"),
    ("08:30", TIME, "08:30"),
    ({"a": [1, "x"]}, JSON, '{"a":[1,"x"]}'),
    (["a", None, "ø"], ListOf(VARCHAR), '["a",null,"ø"]'),
    ([], ListOf(VARCHAR), "[]"),
    ('["a"]', ListOf(VARCHAR), '["a"]'),
    ({"lat": 1.5}, PLACE, '{"lat":"1.5","name":null}'),
    ({"en": "x"}, MapOf(VARCHAR, VARCHAR), '{"en":"x"}'),
    ([{"lat": 1, "name": "y"}], ListOf(PLACE), '[{"lat":"1","name":"y"}]'),
    ({"x": {"y": 1}}, Struct((("x", JSON),)), '{"x":{"y":1}}'),
]
UNFIT: list[tuple[Value, ColumnType]] = [
    (5.5, BIGINT),
    ("x", BIGINT),
    ("", BIGINT),
    (True, BIGINT),
    (float("nan"), BIGINT),
    ("1e999999", BIGINT),
    (date(2024, 3, 1), BIGINT),
    ("9.555", decimal(18, 2)),
    (1, BOOLEAN),
    ("yes", BOOLEAN),
    ("2024-02-30", DATE),
    (datetime(2024, 3, 1, 8, tzinfo=UTC), DATE),
    ("soon", TIMESTAMP),
    ("25:00", TIME),
    ([1], VARCHAR),
    ({"a": 1}, BIGINT),
    ("a, b", ListOf(VARCHAR)),
    ({"a": 1}, ListOf(VARCHAR)),
    (["a"], PLACE),
    ({"lat": "north"}, PLACE),
    ({"lon": 1}, PLACE),
    (3, MapOf(VARCHAR, VARCHAR)),
]


@pytest.mark.parametrize(("value", "kind", "text"), FITTING)
def test_what_fits(value: Value, kind: ColumnType, text: str | None) -> None:
    assert fitted(value, kind) == text


@pytest.mark.parametrize(("value", "kind"), UNFIT)
def test_what_does_not_fit(value: Value, kind: ColumnType) -> None:
    with pytest.raises(WriteError):
        fitted(value, kind)
