"""Spells keys and values as TOML, in the style of another spelling where the value allows it."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal

import tomlkit

from ingitdb.formats.text import MAX_DIGITS
from ingitdb.model.edits import EditFault
from ingitdb.model.records import Spelled, Value

_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")
_UNLIKE_LITERAL = re.compile(r"['\x00-\x08\x0a-\x1f\x7f]")
_UNLIKE_LINES = re.compile(r"(?m:^\+\+\+$)|'''|'\Z|[\x00-\x08\x0b-\x1f\x7f]")
_FENCE = re.compile(r"^\+\+\+$", re.MULTILINE)
"""A line that would close front matter in a Markdown file."""
_BASE = re.compile(r"0([xob])([0-9A-Fa-f_]+)\Z")
_TAIL = re.compile(r"(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)?\Z")
_TIGHT = re.compile(r"\{[^=]*[^= \t]=")
_OPEN_LINES = re.compile(r"\[[ \t]*(?:#[^\n]*)?\r?\n([ \t]*)")


def key(name: str, like: str = "") -> str:
    """Spells one part of a key; one that needs quotes takes those of another key."""
    if _BARE.match(name) and like[:1] not in ("'", '"'):
        return name
    return _text(name, like[:1])


def spelled(value: Value, like: str = "", line_break: str = "\n") -> str:
    r"""Spells a value.

    Args:
        value: A scalar, a list or a map.
        like: How another value is spelled: quotes, several lines, the base of an integer, the
            letters of a time, the layout of an array.
        line_break: The line end of the file.

    Raises:
        EditFault: TOML cannot say the value.

    Example:
        >>> spelled("it's", "'x'"), spelled(7, "0x0F"), spelled([1, "a"])
        ('"it\'s"', '0x07', '[1, "a"]')
    """
    if isinstance(value, str):
        return _text(value, like, line_break)
    if isinstance(value, list):
        return _list(value, like, line_break)
    if isinstance(value, dict):
        return _map(value, like, line_break)
    if isinstance(value, datetime | time):
        return _moment(value, like)
    return _plain(value, like)


def is_forced(like: str) -> bool:
    """Tells whether a text is in double quotes since what it says cannot be in single ones."""
    return like.startswith('"') and ("'" in like or "\\" in like) and not like.startswith('"""')


def _plain(value: Value, like: str) -> str:
    if value is None:
        raise EditFault("TOML has no null: remove the field.")
    if isinstance(value, Spelled):
        return value.text
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return _integer(value, like)
    if isinstance(value, Decimal):
        return _decimal(value, like)
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, date):
        return value.isoformat()
    raise EditFault(f"TOML has no values of the kind {type(value).__name__}.")


def _integer(value: int, like: str) -> str:
    if abs(value) >= 10**MAX_DIGITS:
        raise EditFault(f"An integer has more than {MAX_DIGITS} digits.")
    base = _BASE.match(like)
    if base is None or value < 0:
        is_grouped = "_" in like and like.replace("_", "").lstrip("+-").isdigit()
        return f"{value:_}" if is_grouped else str(value)
    kind = "X" if base[1] == "x" and base[2] == base[2].upper() else base[1]
    width = len(base[2].replace("_", "")) if base[2].startswith("0") else 0
    return f"0{base[1]}{value:0{width}{kind}}"


def _decimal(value: Decimal, like: str) -> str:
    if not value.is_finite():
        return repr(float(value))
    if "." in str(value) or value != int(value):
        return str(value)
    return _integer(int(value), like)


def _moment(value: datetime | time, like: str) -> str:
    offset = value.utcoffset()
    if offset is not None and (isinstance(value, time) or offset.total_seconds() % 60):
        raise EditFault(f"TOML cannot say the offset of {value.isoformat()}.")
    whole = value.replace(microsecond=0, tzinfo=None).isoformat()
    tail = _TAIL.search(like)
    digits, zone = (tail[1] or "", tail[2] or "") if tail else ("", "")
    if isinstance(value, datetime) and re.match(r"\d{4}-\d\d-\d\d[ t]", like):
        whole = whole.replace("T", like[10])
    width = len(digits) if digits.endswith("0") else 0
    fraction = f"{value.microsecond:06}".rstrip("0").ljust(width, "0")
    if offset is not None:
        ending = value.isoformat()[-6:]
        if ending == "+00:00" and zone != ending:
            ending = zone if zone in ("Z", "z") else "Z"
    else:
        ending = ""
    return whole + (f".{fraction}" if fraction else "") + ending


def _text(value: str, like: str, line_break: str = "\n") -> str:
    mark = next((mark for mark in ("'''", '"""', "'") if like.startswith(mark)), '"')
    if mark == "'''" and _UNLIKE_LINES.search(value):
        mark = '"""'
    if len(mark) == 3:
        is_below = like.startswith(("\n", "\r\n"), 3)
        return mark + _long(value, mark, is_below=is_below).replace("\n", line_break) + mark
    is_literal = mark == "'" and not _UNLIKE_LITERAL.search(value)
    return tomlkit.string(value, literal=is_literal).as_string()


def _long(value: str, mark: str, *, is_below: bool) -> str:
    """Spells what stands between marks of three quotes, perhaps below the first of them."""
    made = tomlkit.string(value, literal=mark == "'''", multiline=True).as_string()
    led = len(value) - len(value.lstrip("\n"))
    inside = "\n" * led + made[3:-3].lstrip("\n")
    if mark == '"""':
        inside = _FENCE.sub(r"\\u002B++", inside.replace("\r", r"\r"))
        if led and not is_below:
            return rf"\n{inside[1:]}"
    return "\n" * (is_below or led > 0) + inside


def _list(value: Sequence[Value], like: str, line_break: str) -> str:
    items = [spelled(item, _hint(like), line_break) for item in value]
    lines = _OPEN_LINES.match(like)
    if lines is None or not items:
        gap = " " if like.startswith("[ ") and items else ""
        return f"[{gap}{', '.join(items)}{gap}]"
    end = like[like.rfind("\n") + 1 : -1]
    last = "," if re.search(r",\s*\Z", re.sub(r"#[^\n]*", "", like[:-1])) else ""
    inside = f",{line_break}".join(f"{lines[1]}{item}" for item in items)
    close = end if not end.strip() else ""
    return f"[{line_break}{inside}{last}{line_break}{close}]"


def _map(value: Mapping[str, Value], like: str, line_break: str) -> str:
    gap = "" if like[:1] == "{" and like[1:2] not in (" ", "}", "") else " "
    sign = "=" if _TIGHT.match(like) else " = "
    inside = ", ".join(
        f"{key(name)}{sign}{spelled(item, _hint(like), line_break)}" for name, item in value.items()
    )
    return f"{{{gap}{inside}{gap}}}" if value else "{}"


def _hint(like: str) -> str:
    """Gives the quote that texts in a list or map take."""
    return "'" if like[:1] in ("[", "{") and "'" in like and '"' not in like else ""
