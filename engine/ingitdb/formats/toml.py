"""TOML: dates and times are values; the lines of the outermost keys are kept."""

import re
import tomllib
from typing import Any

from ingitdb.formats.numbers import real
from ingitdb.formats.text import MAX_DEPTH, TOO_DEEP, decode, moved
from ingitdb.formats.whole import Whole
from ingitdb.model.records import DEFAULT_OPTIONS, Document, FormatFault, ReadOptions

_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)\Z")
_QUIET = re.compile(
    r"#[^\n]*"
    r'|"""(?:[^\\]|\\.)*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
"""Comments and quoted texts."""
_KEY = re.compile(r"[ \t]*(?:\[\[?[ \t]*)?([A-Za-z0-9_-]+|\"[^\"\n]*\"|'[^'\n]*')[ \t]*[.=\]]")
_LONG_KEY = re.compile(
    r"(?<![A-Za-z0-9_-])(?:(?:[A-Za-z0-9_-]++|\"[^\"\n]*+\"|'[^'\n]*+')[ \t]*+\.[ \t]*+)"
    rf"{{{MAX_DEPTH}}}"
)
"""A dotted key, of which tomllib keeps each part once for every part before it."""
_HEADER = re.compile(r"[ \t]*\[")


class Toml(Whole):
    """TOML files."""

    name = "toml"
    extensions = (".toml",)

    def read(self, data: bytes, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
        """Reads a whole file.

        Raises:
            FormatFault: The file is not TOML.
        """
        return read_text(decode(data, options.encoding))


def read_text(text: str, lines_before: int = 0) -> Document:
    """Reads TOML that begins `lines_before` below the first line of its file.

    Raises:
        FormatFault: The text is not TOML.
    """
    try:
        value = _read(text)
    except FormatFault as fault:
        raise moved(fault, lines_before) from None
    if not value:
        return Document(kind="empty", value=None)
    found = _lines(text)
    lines = [found[key] + lines_before if key in found else 0 for key in value]
    return Document(kind="map", value=value, lines=lines)


def _read(text: str) -> dict[str, Any]:
    if any(line.count(".") >= MAX_DEPTH and _LONG_KEY.search(line) for line in text.split("\n")):
        raise FormatFault(TOO_DEEP)
    try:
        value = tomllib.loads(text, parse_float=real)
    except RecursionError:
        raise FormatFault(TOO_DEEP) from None
    except tomllib.TOMLDecodeError as error:
        raise _fault(str(error)) from None
    except ValueError:
        raise FormatFault("An integer has more digits than can be read.") from None
    if _is_deep(value):
        raise FormatFault(TOO_DEEP)
    return value


def _fault(message: str) -> FormatFault:
    found = _PLACE.search(message)
    what = message[: found.start()] if found else message
    message = f"This is not TOML: {what[:1].lower()}{what[1:]}."
    if found is None or found[1] is None:
        return FormatFault(message)
    return FormatFault(message, line=int(found[1]), column=int(found[2]))


def _lines(text: str) -> dict[str, int]:
    """Finds the first line of each outermost key."""
    lines: dict[str, int] = {}
    depth, in_table = 0, False
    quiet = _QUIET.sub(_hushed, text)
    sources = text.split("\n")
    for number, line in enumerate(quiet.split("\n"), 1):
        if depth == 0:
            header = _HEADER.match(line) is not None
            found = _KEY.match(line) if header or not in_table else None
            in_table = in_table or header
            if found is not None:
                key = sources[number - 1][found.start(1) : found.end(1)]
                lines.setdefault(_unquoted(key), number)
        depth += line.count("[") + line.count("{") - line.count("]") - line.count("}")
    return lines


def _hushed(found: re.Match[str]) -> str:
    """Takes the content out of a comment or text; lines, and columns before the key, stay."""
    text = found[0]
    if text[0] == "#" or text.startswith(('"""', "'''")):
        return "\n" * text.count("\n")
    return f"{text[0]}{'_' * (len(text) - 2)}{text[0]}"


def _unquoted(key: str) -> str:
    if key[0] not in "\"'":
        return key
    return "" if "\\" in key and key[0] == '"' else key[1:-1]


def _is_deep(value: dict[str, Any]) -> bool:
    """Tells whether containers lie too deep in each other."""
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        level = [
            item
            for container in level
            for item in (container.values() if isinstance(container, dict) else container)
            if isinstance(item, dict | list)
        ]
        if not level:
            return False
    return True
