"""Text on a terminal: without control characters, measured and cut by display width."""

import re
from collections.abc import Callable
from functools import cache

_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_CONTROLS_IN_MESSAGE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_SHOWN = {"\n": "↵", "\r": "", "\t": " "}
_ASCII = re.compile("[\x20-\x7e]*")


def clean(text: str) -> str:
    """Takes out what a terminal would obey; line ends become an arrow."""
    return _CONTROLS.sub(lambda found: _SHOWN.get(found[0], "�"), text)


def clean_message(text: str) -> str:
    """Takes out what a terminal would obey, but keeps lines and tabs."""
    return _CONTROLS_IN_MESSAGE.sub("�", text)


def width(text: str) -> int:
    """Counts the columns that a text takes on a terminal."""
    return len(text) if _ASCII.fullmatch(text) else _measure()(text)


def fit(text: str, columns: int) -> str:
    """Cuts a text that is too wide, ending it with `…`."""
    if width(text) <= columns:
        return text
    kept, left = [], columns - 1
    for character in text:
        left -= width(character)
        if left < 0:
            break
        kept.append(character)
    return "".join(kept) + "…"


def pad(text: str, columns: int, *, right: bool = False) -> str:
    """Fills a text up with blanks; `right` puts it at the right edge."""
    blanks = " " * (columns - width(text))
    return blanks + text if right else text + blanks


@cache
def _measure() -> Callable[[str], int]:
    from rich.cells import cell_len  # not at the top: a start must not cost what only a table needs

    return cell_len
