"""The SQL of a call and the values for its parameters, as they stand on the command line."""

import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

from ingitdb.errors import UsageError

_NAMED = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+")
_WORDS = {"true": True, "false": False, "null": None}


def statement(words: Sequence[str], file: Path | None) -> str:
    """Gives the text of the statement.

    Raises:
        UsageError: There is none, or the shell has cut it in pieces.
    """
    if file is not None and words:
        raise UsageError("SQL stands either in --file or on the command line.")
    if len(words) > 1:
        raise UsageError(
            "The statement is not quoted, so the shell has cut it in pieces.",
            hint=f"ingitdb query {_quoted(_unexpanded(words))}",
        )
    if file is not None:
        text = _read_file(file)
    elif list(words) == ["-"]:
        text = _decoded(sys.stdin.buffer.read(), "stdin")
    else:
        text = words[0] if words else ""
    if not text.strip():
        raise UsageError(
            "There is no SQL statement.", hint='ingitdb query "SELECT * FROM t", or - for stdin'
        )
    return text


def _read_file(file: Path) -> str:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.") from error
    return _decoded(data, str(file))


def _decoded(data: bytes, origin: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{origin} is not UTF-8 text.") from error


def _unexpanded(words: Sequence[str]) -> str:
    """Puts the `*` back that the shell has replaced by the names of files."""
    with suppress(OSError):
        names = {path.name for path in Path().iterdir() if not path.name.startswith(".")}
        for start in range(len(words)):
            run = words[start : start + len(names)]
            if names and set(run) == names:
                words = [*words[:start], "*", *words[start + len(names) :]]
                break
    return " ".join(words)


def _quoted(text: str) -> str:
    if not set(text) & set('"$`\\!'):
        return f'"{text}"'
    return "'" + text.replace("'", "'\\''") + "'"


def parameter_values(given: Sequence[str], sql: str) -> Sequence[Any] | Mapping[str, Any] | None:
    """Reads the values for parameters: all by name or all by place.

    Raises:
        UsageError: They are mixed, or the statement has no parameter of a name.
    """
    named = {m[1]: _value(m[2]) for text in given if (m := _NAMED.fullmatch(text))}
    placed = [_value(text) for text in given if not _NAMED.fullmatch(text)]
    if named and placed:
        raise UsageError("Parameters are given by name and by place; choose one.")
    for name in named:
        if not re.search(rf"\${name}\b", sql, re.IGNORECASE):
            raise UsageError(
                f"The statement has no parameter ${name}.",
                hint=f"In double quotes the shell takes ${name} away; use single quotes.",
            )
    return named or placed or None


def _value(text: str) -> Any:
    if len(text) >= 2 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return Decimal(text)
    return _WORDS.get(text, text)
