"""Values of files as rules look at them: plain, as JSON, as a short text for a message."""

import json
import math
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from ingitdb.catalog.spelled_cells import text_of
from ingitdb.model.records import Spelled, Value

_MOST_LETTERS = 60


def plain(value: Value) -> Any:
    """Gives a value without the way in which it is spelled."""
    return value.value if isinstance(value, Spelled) else value


def is_number(value: Any) -> bool:
    """Tells whether a plain value is a number."""
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def as_decimal(value: Value) -> Decimal | None:
    """Gives the exact number that is spelled; None where it is none, or not finite."""
    if not is_number(plain(value)):
        return None
    try:
        found = Decimal(value.text if isinstance(value, Spelled) else str(value))
    except InvalidOperation:  # spelled in another base, or with underscores
        found = Decimal(str(plain(value)))
    return found if found.is_finite() else None


def as_json(value: Value) -> Any:
    """Gives the value that JSON has for a value: texts for dates, numbers for decimals."""
    value = plain(value)
    if isinstance(value, dict):
        return {name: as_json(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [as_json(item) for item in value]
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value.hex() if isinstance(value, bytes) else value


def shown(value: Value) -> str:
    """Gives a short text of a value, as its file spells it."""
    text = repr(value) if isinstance(value, str) else text_of(value)
    if text is None:
        text = json.dumps(as_json(value), ensure_ascii=False)
    return text if len(text) <= _MOST_LETTERS else f"{text[: _MOST_LETTERS - 1]}…"
