"""Bytes to text, places in it, and the bounds that all formats keep."""

import codecs
import re

from ingitdb.model.records import FormatFault

MAX_DEPTH = 200
"""Levels of lists and maps in each other; orjson writes no more than 254, Python recurses 1,000."""
MAX_DIGITS = 4_000
"""Digits of a number; Python refuses to convert integers of more than 4,300 digits."""

TOO_DEEP = f"Lists and maps lie more than {MAX_DEPTH} levels deep in each other."

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ENDS = re.compile(r"\r\n?|\n")


def decode(data: bytes, encoding: str | None = None, *, advice: str = "") -> str:
    """Gives the text of a file: by its byte order mark, else by `encoding`, else as UTF-8.

    Args:
        data: The file.
        encoding: What a definition says; a byte order mark comes first.
        advice: What the message about undecodable bytes ends with.

    Raises:
        FormatFault: The bytes are not text in that encoding.
    """
    name = encoding_of(data) or encoding or "utf-8"
    try:
        return data.decode(name)
    except LookupError:
        raise FormatFault(f"There is no encoding {name!r}.") from None
    except UnicodeDecodeError as fault:
        before = data[: fault.start].decode(name, "replace")
        line, column = place(before, len(before))
        label = "UTF-8" if name in {"utf-8", "utf-8-sig"} else name.upper()
        message = f"The file is not {label}{advice}."
        raise FormatFault(message, line=line, column=column) from None
    except (UnicodeError, ValueError):
        raise FormatFault(f"The file cannot be decoded as {name!r}.") from None


def encoding_of(data: bytes) -> str | None:
    """Gives the encoding that a byte order mark says; None without one."""
    if data[:1] not in (b"\xef", b"\xff", b"\xfe", b"\x00"):
        return None
    return next((name for mark, name in _MARKS if data.startswith(mark)), None)


def place(text: str, offset: int) -> tuple[int, int]:
    r"""Gives the line and column of an offset, both counted from 1.

    Example:
        >>> place("a\nbc", 3)
        (2, 2)
    """
    line, start = 1, 0
    for end in _ENDS.finditer(text, 0, offset):
        line, start = line + 1, end.end()
    return line, offset - start + 1


def moved(fault: FormatFault, lines: int) -> FormatFault:
    """Gives the fault of a part that begins `lines` below the file's first line."""
    line = fault.line + lines if fault.line else 0
    return FormatFault(fault.message, line=line, column=fault.column)
