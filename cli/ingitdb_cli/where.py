"""Reads `--where`: a comparison as inGitDB has it, or else any SQL expression."""

import re
from typing import TYPE_CHECKING

from ingitdb.errors import UsageError

if TYPE_CHECKING:
    from ingitdb.services.conditions import Condition, ValueKind

_COMPARISON = re.compile(
    r"\s*(?P<column>\$?[^\W\d]\w*(?:\.\w+)*)\s*"
    r"(?P<operator>===|!==|==|!=|>=|<=|>|<)\s*(?P<value>[^\s=].*?)\s*",
    re.DOTALL,
)
_QUOTED = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*\"""")
_NUMBER = re.compile(r"[-+]?(?:[1-9][0-9]{0,2}(?:,[0-9]{3})+|0|[1-9][0-9]*)(?:\.[0-9]+)?")
_EXPONENT = re.compile(r"[-+]?[0-9]+(?:\.[0-9]+)?[eE][-+]?[0-9]{1,3}")
_WORDS = re.compile(r"[\w@#][\w.:/@#+-]*(?: +[\w@#][\w.:/@#+-]*)*")
_SQL = frozenset(
    ("and", "or", "not", "is", "in", "like", "ilike", "between", "collate", "glob", "similar")
)
"""Words after which a value is none: what holds them is SQL."""


def condition(text: str) -> "Condition":
    """Reads one condition.

    Raises:
        UsageError: It is empty.

    Example:
        >>> condition("population >= 1,000,000").value
        '1000000'
        >>> condition("name LIKE 'A%'").sql
        "name LIKE 'A%'"
    """
    from ingitdb.services.conditions import Comparison, Expression

    if not text.strip():
        raise UsageError("A condition is empty.", hint="--where 'city == Oslo'")
    found = _COMPARISON.fullmatch(text)
    read = _value(found["value"]) if found is not None else None
    if found is None or read is None:
        return Expression(sql=text.strip())
    value, kind = read
    return Comparison(column=found["column"], operator=found["operator"], value=value, kind=kind)


def _value(text: str) -> "tuple[str, ValueKind] | None":
    """Gives a value and what it is; None for what is more than one value."""
    if _QUOTED.fullmatch(text):
        return text[1:-1].replace(text[0] * 2, text[0]), "text"
    if _NUMBER.fullmatch(text) or _EXPONENT.fullmatch(text):
        return text.replace(",", ""), "number"
    if _WORDS.fullmatch(text) and _SQL.isdisjoint(text.lower().split()):
        return text, "word"
    return None
