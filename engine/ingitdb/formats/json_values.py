"""JSON texts to values, with the speed of orjson where its answer is surely the exact one.

What orjson would not show is looked for in the text: numbers that are not spelled canonically,
and keys that stand twice (then the value, written out again, has fewer quotation marks).
"""

import json
import re
from typing import Any, NoReturn

import orjson

from ingitdb.formats.numbers import integer, real
from ingitdb.formats.text import MAX_DEPTH, TOO_DEEP, place
from ingitdb.model.records import FormatFault

_WRITABLE_DEPTH = 254
"""Levels that orjson writes."""

_PLAIN_NUMBER = (
    rb"(?:-?[1-9][0-9]{0,17}|0|-?(?!0\.0000)(?:0|[1-9][0-9]{0,6})\.(?:0|[0-9]{0,7}[1-9]))"
)
_ODD_NUMBER = re.compile(rb"[ \t\r\n\[,:](?=[-0-9])(?!" + _PLAIN_NUMBER + rb"[ \t\r\n,\]}])")
_TOKEN = re.compile(r'("(?:[^"\\]|\\.)*+")([ \t\r\n]*:)?|[{}\[\]]', re.DOTALL)
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class _NotJson(ValueError):
    """A word that Python's reader takes for a number, but JSON does not know."""


def read_value(raw: bytes) -> Any:
    """Reads one JSON text, in valid UTF-8.

    Raises:
        FormatFault: The text is not JSON, names a key twice or is nested too deeply.
    """
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        return _read_refused(raw.decode(), error)
    if not isinstance(value, dict | list):
        return _read_exactly(raw.decode())
    if _may_hide(raw, value):
        _check_structure(raw.decode())
    if _ODD_NUMBER.search(raw):
        return _read_exactly(raw.decode())
    return value


def _may_hide(raw: bytes, value: Any) -> bool:
    """Tells whether a key could stand twice, or containers lie too deep in each other."""
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH:
        for _ in range(_WRITABLE_DEPTH - MAX_DEPTH):
            value = [value]
    try:
        written = orjson.dumps(value)
    except orjson.JSONEncodeError:
        return True
    return written.count(b'"') != raw.count(b'"') or b"\\u0022" in raw


def _check_structure(text: str) -> None:
    """Walks over the tokens of a valid text, with the keys of every open map."""
    keys: list[set[str]] = []
    for token in _TOKEN.finditer(text):
        mark = token[0][0]
        if mark in "[{":
            keys.append(set())
            if len(keys) > MAX_DEPTH:
                raise _fault(TOO_DEEP, text, token.start())
        elif mark in "]}":
            keys.pop()
        elif token[2]:
            key = json.loads(token[1])
            if key in keys[-1]:
                raise _fault(f"Key {key!r} stands twice in this map.", text, token.start())
            keys[-1].add(key)


def _read_refused(text: str, error: orjson.JSONDecodeError) -> Any:
    """Reads or words what orjson refuses: errors, and numbers beyond the range of a double."""
    try:
        value = _read_exactly(text)
    except _NotJson as word:
        message = f"This is not JSON: {word} is no value."
        raise FormatFault(message, line=error.lineno, column=error.colno) from None
    except RecursionError:
        raise FormatFault(TOO_DEEP) from None
    _check_structure(text)
    for token in _TOKEN.finditer(text):
        if token[1] and _SURROGATE.search(token[1]) and not _is_unicode(json.loads(token[1])):
            raise _fault("A text holds half of a surrogate pair.", text, token.start())
    return value


def _read_exactly(text: str) -> Any:
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        what = error.msg[0].lower() + error.msg[1:].removesuffix(" at").removesuffix(" starting")
        message = f"This is not JSON: {what}."
        raise FormatFault(message, line=error.lineno, column=error.colno) from None


def _refuse(word: str) -> NoReturn:
    raise _NotJson(word)


_DECODER = json.JSONDecoder(parse_float=real, parse_int=integer, parse_constant=_refuse)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _fault(message: str, text: str, offset: int) -> FormatFault:
    line, column = place(text, offset)
    return FormatFault(message, line=line, column=column)
