"""Values of files and calls as texts that SQL casts to a column's type without loss."""

import json
import re
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from ingitdb.errors import WriteError, nearest_names
from ingitdb.model.records import Spelled, Value
from ingitdb.model.types import (
    BOOLEAN,
    DATE,
    JSON,
    TIME,
    VARCHAR,
    ColumnType,
    ListOf,
    MapOf,
    Scalar,
    Struct,
)
from ingitdb.snapshots.texts import json_text, source_text

_INTEGERS = frozenset(
    f"{sign}{size}"
    for sign in ("", "U")
    for size in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
)
_REALS = frozenset(["DOUBLE", "FLOAT"])
_DECIMAL = re.compile(r"DECIMAL\(([0-9]+),([0-9]+)\)")
_MOST_SHOWN = 60
_MOST_DIGITS = 40


def is_number(kind: ColumnType) -> bool:
    """Tells whether a type is one of numbers."""
    name = kind.sql
    return name in _INTEGERS or name in _REALS or _DECIMAL.fullmatch(name) is not None


def fitted(value: Value, kind: ColumnType) -> str | None:
    """Gives the text of a value, JSON where the type has parts; None for a null.

    Raises:
        WriteError: The value is of another type, or would lose something.

    Example:
        >>> fitted(Spelled(1.1, "1.10"), VARCHAR), fitted(["a", None], ListOf(VARCHAR))
        ('1.10', '["a",null]')
    """
    if value is None:
        return None
    if isinstance(kind, Scalar):
        return json_text(value) if kind == JSON else _scalar(value, kind)
    if isinstance(value, str):
        value = _parsed(value, kind)
    return _nested(value, kind)


def as_typed(text: str, kind: ColumnType) -> str:
    """Gives SQL that turns such a text, itself given as SQL, into the type."""
    if isinstance(kind, Scalar):
        return f"CAST({text} AS {kind.sql})"
    return f"CAST(CAST({text} AS JSON) AS {kind.sql})"


def _nested(value: Value, kind: ColumnType) -> str:
    if value is None:
        return "null"
    if isinstance(kind, Scalar):
        text = fitted(value, kind)
        return str(text) if kind == JSON else json.dumps(text, ensure_ascii=False)
    if isinstance(kind, ListOf):
        if not isinstance(value, list):
            raise _unfit(value, kind)
        return f"[{','.join(_nested(item, kind.item) for item in value)}]"
    if not isinstance(value, dict):
        raise _unfit(value, kind)
    pairs = _of_map(value, kind) if isinstance(kind, MapOf) else _of_struct(value, kind)
    return "{" + ",".join(f"{json.dumps(k, ensure_ascii=False)}:{v}" for k, v in pairs) + "}"


def _of_map(value: dict[str, Any], kind: MapOf) -> Iterator[tuple[str, str]]:
    for name, inner in value.items():
        yield name, _nested(inner, kind.value)


def _of_struct(value: dict[str, Any], kind: Struct) -> Iterator[tuple[str, str]]:
    fields = dict(kind)
    for name in value:
        if name not in fields:
            raise WriteError(f"there is no field {name!r} in it", hint=nearest_names(name, fields))
    for name, inner in fields.items():
        yield name, _nested(value.get(name), inner)


def _scalar(value: Value, kind: Scalar) -> str:
    if isinstance(value, list | dict):
        raise _unfit(value, kind)
    text = source_text(value)
    plain = value.value if isinstance(value, Spelled) else value
    if kind == VARCHAR:
        return text
    if is_number(kind):
        return _number(value, plain, kind)
    if kind == BOOLEAN:
        if not isinstance(plain, bool) and text.lower() not in ("true", "false"):
            raise _unfit(value, kind)
        return text.lower()
    if kind.sql.startswith("TIMESTAMP") or kind in (DATE, TIME):
        return _moment(value, plain, kind)
    return text


def _number(value: Value, plain: Any, kind: Scalar) -> str:
    if isinstance(plain, bool | bytes | date | time):
        raise _unfit(value, kind)
    try:
        number = Decimal(str(plain).strip())
    except InvalidOperation:
        raise _unfit(value, kind) from None
    if kind.name in _REALS:
        return str(number)
    if not number.is_finite() or number.adjusted() > _MOST_DIGITS:
        raise _unfit(value, kind)
    declared = _DECIMAL.fullmatch(kind.name)
    whole, _, places = format(number, "f").partition(".")
    places = places.rstrip("0")
    if len(places) > (int(declared[2]) if declared else 0):
        raise _unfit(value, kind)
    return f"{whole}.{places}" if places else whole


def _moment(value: Value, plain: Any, kind: Scalar) -> str:
    if isinstance(plain, date | time):
        if kind == DATE and isinstance(plain, datetime):
            raise _unfit(value, kind)
        return plain.isoformat()
    reader = {DATE: date.fromisoformat, TIME: time.fromisoformat}.get(kind, datetime.fromisoformat)
    try:
        reader(str(plain))
    except ValueError:
        raise _unfit(value, kind) from None
    return str(plain)


def _parsed(text: str, kind: ColumnType) -> Value:
    """Reads a cell that holds parts: they are JSON there."""
    try:
        found: Value = json.loads(text, parse_float=Decimal)
    except ValueError:
        raise _unfit(text, kind) from None
    return found


def _unfit(value: Any, kind: ColumnType) -> WriteError:
    shown = json_text(value)
    if len(shown) > _MOST_SHOWN:
        shown = f"{shown[:_MOST_SHOWN]} …"
    return WriteError(f"{shown} does not fit {kind.sql}")
