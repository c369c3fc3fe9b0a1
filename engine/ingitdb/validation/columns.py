"""What is declared about one column against one value: the first of its rules that is broken."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ingitdb.catalog.spelled_cells import text_of
from ingitdb.model.records import Value
from ingitdb.model.tables import DeclaredColumn
from ingitdb.model.violations import Family
from ingitdb.validation.types import cell, fits_type, said
from ingitdb.validation.values import is_number, plain, shown

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A broken rule, before it has a place.

    Attributes:
        way: The field, and what leads to the value inside it.
    """

    family: Family
    rule: str
    way: tuple[str | int, ...]
    message: str
    value: Any = None


def column_finding(column: DeclaredColumn, value: Value) -> Finding | None:
    """Gives the first rule that a value, which is not null, breaks, of all its type first."""
    rules = dict(column.rules)
    if not fits_type(value, column):
        wanted = said(column.type) if column.type is not None else "anything"
        return _found("type", "type", column, value, f"must be {wanted}")
    if column.in_cells:
        value = cell(value, column)
        if text_of(value) in [text_of(one) for one in rules.get("enum", ())]:
            del rules["enum"]
    for rule, check in _CHECKS.items():
        if rule in rules and (message := check(value, rules[rule])) is not None:
            return _found("check", rule, column, value, message)
    return None


def _found(
    family: Family, rule: str, column: DeclaredColumn, value: Value, message: str
) -> Finding:
    return Finding(
        family=family,
        rule=rule,
        way=(column.name,),
        message=f"{column.name} {message}, not {shown(value)}",
        value=value,
    )


def _enum(value: Value, allowed: tuple[Any, ...]) -> str | None:
    if any(_equal(value, one) for one in allowed):
        return None
    return f"must be one of {', '.join(shown(one) for one in allowed)}"


def _equal(value: Value, other: Any) -> bool:
    one = plain(value)
    if is_number(one) and is_number(other):
        return bool(one == other)
    return type(one) is type(other) and bool(one == other)


def _least(value: Value, bound: Any) -> str | None:
    return _bounded(value, bound, lambda one, other: one < other, "at least")


def _most(value: Value, bound: Any) -> str | None:
    return _bounded(value, bound, lambda one, other: one > other, "at most")


def _bounded(
    value: Value, bound: Any, is_beyond: Callable[[Any, Any], bool], word: str
) -> str | None:
    one: Any = plain(value)
    if not is_number(one) or not is_number(bound):
        one, bound = text_of(value), str(bound)
        if one is None:
            return None
    return f"must be {word} {bound}" if is_beyond(one, bound) else None


def _size(value: Value) -> int | None:
    one = plain(value)
    if isinstance(one, str | list | dict):
        return len(one)
    text = text_of(value)
    return None if text is None else len(text)


def _length(value: Value, wanted: int) -> str | None:
    size = _size(value)
    return f"must have a length of {wanted}" if size not in (None, wanted) else None


def _least_length(value: Value, wanted: int) -> str | None:
    size = _size(value)
    return None if size is None or size >= wanted else f"must have a length of at least {wanted}"


def _most_length(value: Value, wanted: int) -> str | None:
    size = _size(value)
    return None if size is None or size <= wanted else f"must have a length of at most {wanted}"


def _pattern(value: Value, pattern: str) -> str | None:
    text = text_of(value)
    compiled = _compiled(pattern)
    if text is None or compiled is None or compiled.search(text):
        return None
    return f"must match {pattern}"


def _format(value: Value, name: str) -> str | None:
    text = text_of(value)
    if text is None or _is_of_format(text, name):
        return None
    return f"must be of the format {name}"


def _is_of_format(text: str, name: str) -> bool:
    """Tells whether a text has one of JSON Schema's formats; other names are hints."""
    if name in ("uri", "url"):
        return _URI.fullmatch(text) is not None
    from jsonschema import FormatChecker  # slow to load: only where a format is declared

    return bool(FormatChecker().conforms(text, name))


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """Compiles a pattern; None for one that is none, which the definitions' check names."""
    try:
        return re.compile(pattern)
    except re.error:
        return None


_CHECKS: Mapping[str, Callable[[Value, Any], str | None]] = {
    "enum": _enum,
    "min_value": _least,
    "max_value": _most,
    "length": _length,
    "min_length": _least_length,
    "max_length": _most_length,
    "pattern": _pattern,
    "format": _format,
}
"""In the order in which they are looked at."""
