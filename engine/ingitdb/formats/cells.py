"""Values of the cells of delimited files: what is spelled canonically has a type, else it is text.

`007`, `+5`, `1e3`, `NA`, `yes` and `-0` are text. The source text can always be had again.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from ingitdb.formats.text import MAX_DIGITS
from ingitdb.model.records import Spelled

_MOST_KEPT = 100_000
_STARTS = frozenset("-0123456789tf")
_INTEGER = re.compile(r"(?:0|-?[1-9][0-9]*)\Z")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+\Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?"
    r"(?:Z|[-+][0-9]{2}:[0-9]{2})?\Z"
)
_WORDS: Mapping[str, Any] = {"": None, "true": True, "false": False}


class _Cells(dict[str, Any]):
    """Remembers what cells mean, up to a bound."""

    def __missing__(self, text: str) -> Any:
        value = typed(text)
        if len(text) <= 64:
            if len(self) >= _MOST_KEPT:
                self.clear()
                self.update(_WORDS)
            self[text] = value
        return value


CELLS: dict[str, Any] = _Cells(_WORDS)
"""What a cell means, by its text: look it up with `CELLS[text]`."""


def typed(text: str) -> Any:
    """Gives the value of a cell that is not empty.

    Example:
        >>> typed("12"), typed("007"), typed("12.50"), typed("2024-02-30")
        (12, '007', Decimal('12.50'), '2024-02-30')
    """
    if text[0] not in _STARTS:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.match(text):
        return int(text) if len(text) <= MAX_DIGITS else text
    if _DECIMAL.match(text):
        return _decimal(text)
    if _DATE.match(text):
        return _date(text)
    if _MOMENT.match(text):
        return _moment(text)
    return text


def _decimal(text: str) -> Decimal | str:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return text
    return value if str(value) == text else text


def _date(text: str) -> date | str:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return text


def _moment(text: str) -> datetime | Spelled | str:
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        return text
    return value if value.isoformat() == text else Spelled(value, text)
