"""Values of YAML scalars after the core schema of YAML 1.2.

Against the schema's letter a number with a leading zero is text, for it is an identifier, and so
is a number that is too large for Python.
"""

import base64
import binascii
import math
import re
from typing import Any

from ingitdb.formats.numbers import integer, real
from ingitdb.formats.text import MAX_DIGITS
from ingitdb.model.records import FormatFault, Spelled

_PREFIX = "tag:yaml.org,2002:"
_MOST_KEPT = 100_000
_NUMBER_STARTS = frozenset("+-.0123456789")
_DECIMAL = re.compile(r"[-+]?(?:0|[1-9][0-9]*)\Z")
_BASED = re.compile(r"0(?:o[0-7]+|x[0-9a-fA-F]+)\Z")
_REAL = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_SPECIAL: dict[str, float] = {
    **{f"{sign}{dot}": math.inf for sign in ("", "+") for dot in (".inf", ".Inf", ".INF")},
    **{f"-{dot}": -math.inf for dot in (".inf", ".Inf", ".INF")},
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    "true": True,
    "false": False,
    **{word: Spelled(True, word) for word in ("True", "TRUE")},
    **{word: Spelled(False, word) for word in ("False", "FALSE")},
}


class _Values(dict[str, Any]):
    """Remembers what plain scalars mean, up to a bound."""

    def __missing__(self, text: str) -> Any:
        value = _resolve(text)
        if len(text) <= 64:
            if len(self) >= _MOST_KEPT:
                self.clear()
                self.update(_WORDS)
            self[text] = value
        return value


def _resolve(text: str) -> Any:
    if text[0] not in _NUMBER_STARTS:
        return text
    if _DECIMAL.match(text):
        return integer(text)
    if _REAL.match(text):
        return real(text)
    if _BASED.match(text):
        base = 8 if text[1] == "o" else 16
        return Spelled(int(text[2:], base), text) if len(text) <= MAX_DIGITS // 2 else text
    special = _SPECIAL.get(text)
    return text if special is None else Spelled(special, text)


PLAIN: dict[str, Any] = _Values(_WORDS)
"""What a plain scalar means, by its text: look it up with `PLAIN[text]`."""


def tagged(tag: str, text: str, *, plain: bool, line: int, column: int) -> Any:
    """Gives the value of a scalar with a tag; an unknown tag changes nothing.

    Raises:
        FormatFault: The text is no value of the tag's type.
    """
    name = tag.removeprefix(_PREFIX)
    if name in {"str", "!", "timestamp"}:
        return text
    if name == "binary":
        return _binary(text, line, column)
    value = PLAIN[text]
    if name in {"null", "bool", "int", "float"}:
        return _typed(name, value, text, (line, column))
    return value if plain else text


def _typed(name: str, value: Any, text: str, at: tuple[int, int]) -> Any:
    bare: Any = value.value if isinstance(value, Spelled) else value
    if name == "null" and bare is None:
        return None
    if name == "bool" and isinstance(bare, bool):
        return value
    number = isinstance(bare, int | float) and not isinstance(bare, bool)
    if name == "int" and number and isinstance(bare, int):
        return value
    if name == "float" and number:
        return _as_float(value, bare, text)
    message = f"The text {text!r} is no value of its tag !!{name}."
    raise FormatFault(message, line=at[0], column=at[1])


def _as_float(value: Any, bare: int | float, text: str) -> Any:
    if isinstance(bare, float):
        return value
    try:
        return Spelled(float(bare), text)
    except OverflowError:
        return text


def _binary(text: str, line: int, column: int) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        message = "The text of a !!binary value is not base64."
        raise FormatFault(message, line=line, column=column) from None
