"""Values as text: a scalar as it stands in its source, any value as JSON with its numbers so."""

import base64
import json
import re
from datetime import datetime
from typing import Any

from ingitdb.model.records import Spelled, Value

_JSON_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def source_text(value: Value) -> str:
    """Gives a scalar as it stands in the file; bytes, which have no text, as base64."""
    if isinstance(value, str):
        return value
    if isinstance(value, Spelled):
        return value.text
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value.isoformat() if isinstance(value, datetime) else str(value)


def json_text(value: Any) -> str:
    """Gives a value as JSON; numbers keep their spelling where JSON has it, other scalars are text.

    Example:
        >>> json_text({"price": Spelled(1.1, "1.10"), "tags": ["ø", None]})
        '{"price":1.10,"tags":["ø",null]}'
    """
    if value is None:
        return "null"
    if isinstance(value, dict):
        parts = (f"{_quoted(name)}:{json_text(inner)}" for name, inner in value.items())
        return "{" + ",".join(parts) + "}"
    if isinstance(value, list):
        return "[" + ",".join(json_text(item) for item in value) + "]"
    return _scalar_json(value)


def _scalar_json(value: Value) -> str:
    text = source_text(value)
    plain = value.value if isinstance(value, Spelled) else value
    if isinstance(plain, bool):
        return "true" if plain else "false"
    if isinstance(plain, str | bytes) or (
        not isinstance(plain, int | float) and not _is_number(text)
    ):
        return _quoted(text)
    if _is_number(text):
        return text
    canonical = source_text(plain)
    return canonical if _is_number(canonical) else _quoted(text)


def _is_number(text: str) -> bool:
    return _JSON_NUMBER.fullmatch(text) is not None


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
