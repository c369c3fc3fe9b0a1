"""Whether a value of a file is one of a declared type; a cell's text may spell it."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, TypeAlias

from ingitdb.catalog.spelled_cells import text_of
from ingitdb.model.records import Value
from ingitdb.model.tables import DeclaredColumn
from ingitdb.model.types import (
    BOOLEAN,
    DATE,
    DOUBLE,
    FLOAT,
    JSON,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
    VARCHAR,
    ColumnType,
    ListOf,
    MapOf,
    Struct,
)
from ingitdb.validation.values import as_decimal, is_number, plain

Rules: TypeAlias = Mapping[str, Any]

_BITS = {"TINYINT": 8, "SMALLINT": 16, "INTEGER": 32, "BIGINT": 64, "HUGEINT": 128}
_WHOLE = {
    **{name: (-(1 << bits - 1), (1 << bits - 1) - 1) for name, bits in _BITS.items()},
    **{f"U{name}": (0, (1 << bits) - 1) for name, bits in _BITS.items()},
}
"""The least and the most of each type of whole numbers."""
_MOMENTS = frozenset(
    {TIMESTAMP.name, TIMESTAMPTZ.name, "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"}
)
_DATE = r"\d{4}-\d{2}-\d{2}"
_CLOCK = r"\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?"
_OFFSET = r"(?:[Zz]|[+-]\d{2}(?::?\d{2})?)"
_IS_DATE = re.compile(_DATE)
_IS_TIME = re.compile(_CLOCK)
_IS_TIME_WITH_ZONE = re.compile(_CLOCK + _OFFSET)
_IS_MOMENT = re.compile(rf"({_DATE})(?:[Tt ]({_CLOCK}){_OFFSET}?)?")
_UUID = re.compile(r"\{?[0-9a-fA-F]{8}(?:-?[0-9a-fA-F]{4}){4}-?[0-9a-fA-F]{8}\}?")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NOT_FINITE = re.compile(r"(?i:nan|[+-]?inf)")
_AROUND = re.compile(r"^[^0-9+\-.]+|[^0-9.]+$")
_TRUE = ("true", "True", "TRUE", "1")
_FALSE = ("false", "False", "FALSE", "0")
_NONE: Rules = {}


def fits_type(value: Value, column: DeclaredColumn) -> bool:
    """Tells whether a value that is not null has a column's type."""
    if column.type is None:
        return True
    return fits(cell(value, column) if column.in_cells else value, column.type)


def cell(value: Value, column: DeclaredColumn) -> Value:
    """Gives the value that a cell's text spells for a column's type; else what was read."""
    text = text_of(value)
    want = column.type
    if text is None or want is None:
        return value
    if want in (VARCHAR, JSON):
        return text
    if want == BOOLEAN:
        return _boolean(text, dict(column.rules), value)
    if want in (DOUBLE, FLOAT) or want.sql in _WHOLE or want.sql.startswith("DECIMAL("):
        return _number(text, dict(column.rules), value)
    return text


def fits(value: Value, want: ColumnType) -> bool:
    """Tells whether a value that is not null is one of a type."""
    if isinstance(want, ListOf):
        items = plain(value)
        return isinstance(items, list) and all(i is None or fits(i, want.item) for i in items)
    if isinstance(want, MapOf):
        return _fits_map(plain(value), want)
    if isinstance(want, Struct):
        fields = plain(value)
        return isinstance(fields, dict) and all(
            fields.get(name) is None or fits(fields[name], inner) for name, inner in want
        )
    if want.name in _WHOLE:
        return _is_whole(value, *_WHOLE[want.name])
    if want.name.startswith("DECIMAL("):
        digits, scale = map(int, want.name[len("DECIMAL(") : -1].split(","))
        return _is_decimal(value, digits, scale)
    known = _SCALARS.get(want.name)
    return known is None or known(plain(value))


def said(want: ColumnType) -> str:
    """Names what a type holds, for a message."""
    if isinstance(want, ListOf):
        return f"a list, each item {said(want.item)}"
    if isinstance(want, MapOf):
        return f"a map, each value {said(want.value)}"
    if isinstance(want, Struct):
        return f"a map as {want.sql}"
    return _SAID.get(want.name) or ("a whole number" if want.name in _WHOLE else f"a {want.name}")


def _fits_map(value: Any, want: MapOf) -> bool:
    if not isinstance(value, dict):
        return False
    return all(_is_key(key, want.key) for key in value) and all(
        inner is None or fits(inner, want.value) for inner in value.values()
    )


def _is_key(text: str, want: ColumnType) -> bool:
    column = DeclaredColumn(name="", type=want)
    return want == VARCHAR or fits(cell(text, column), want)


def _is_whole(value: Value, least: int, most: int) -> bool:
    number = as_decimal(value)
    return number is not None and number == number.to_integral_value() and least <= number <= most


def _is_decimal(value: Value, digits: int, scale: int) -> bool:
    number = as_decimal(value)
    if number is None:
        return False
    number = number.normalize()
    after = max(-int(number.as_tuple().exponent), 0)
    return after <= scale and abs(number) < Decimal(10) ** (digits - scale)


def _boolean(text: str, rules: Rules, value: Value) -> Value:
    if text in rules.get("trueValues", _TRUE):
        return True
    return False if text in rules.get("falseValues", _FALSE) else value


def _number(text: str, rules: Rules, value: Value) -> Value:
    if not rules.get("bareNumber", True):
        text = _AROUND.sub("", text)
    if "groupChar" in rules:
        text = text.replace(rules["groupChar"], "")
    point = rules.get("decimalChar", ".")
    if point != ".":
        text = text.replace(point, ".")
    if _NOT_FINITE.fullmatch(text):
        return float(text)
    return Decimal(text) if _NUMBER.fullmatch(text) else value


def _is_date(value: Any) -> bool:
    if isinstance(value, date):
        return not isinstance(value, datetime)
    return isinstance(value, str) and bool(_IS_DATE.fullmatch(value)) and _reads(date, value)


def _is_moment(value: Any) -> bool:
    if isinstance(value, date):
        return True
    found = _IS_MOMENT.fullmatch(value) if isinstance(value, str) else None
    return found is not None and _reads(date, found[1]) and (not found[2] or _is_clock(found[2]))


def _is_time(value: Any) -> bool:
    if isinstance(value, time):
        return True
    return isinstance(value, str) and bool(_IS_TIME.fullmatch(value)) and _is_clock(value)


def _is_time_with_zone(value: Any) -> bool:
    return isinstance(value, str) and bool(_IS_TIME_WITH_ZONE.fullmatch(value))


def _is_clock(text: str) -> bool:
    return _reads(time, text[:8])


def _reads(kind: type[date] | type[time], text: str) -> bool:
    try:
        kind.fromisoformat(text)
    except ValueError:
        return False
    return True


_SCALARS: Mapping[str, Callable[[Any], bool]] = {
    **dict.fromkeys(_MOMENTS, _is_moment),
    VARCHAR.name: lambda value: isinstance(value, str),
    BOOLEAN.name: lambda value: isinstance(value, bool),
    DOUBLE.name: is_number,
    FLOAT.name: is_number,
    DATE.name: _is_date,
    TIME.name: _is_time,
    "TIME WITH TIME ZONE": _is_time_with_zone,
    "UUID": lambda value: isinstance(value, str) and bool(_UUID.fullmatch(value)),
    "INTERVAL": lambda value: isinstance(value, str),
    "BIT": lambda value: isinstance(value, str) and bool(re.fullmatch("[01]+", value)),
    "BLOB": lambda value: isinstance(value, bytes),
}
_SAID = {
    **dict.fromkeys(_MOMENTS, "a date with a time, as 2026-03-01T12:00:00"),
    VARCHAR.name: "a text",
    BOOLEAN.name: "true or false",
    DOUBLE.name: "a number",
    FLOAT.name: "a number",
    DATE.name: "a date, as 2026-03-01",
    TIME.name: "a time, as 12:30",
}
