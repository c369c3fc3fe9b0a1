"""INGR: a header that names the columns, then a line of JSON for each value.

Refused are records without all their values, a missing or wrong closing count, and a `$ID` that
is null or stands twice. A record whose lines are all comments does not exist.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from ingitdb.formats.headers import column_names
from ingitdb.formats.json_values import read_value
from ingitdb.formats.text import decode, moved
from ingitdb.formats.whole import Whole
from ingitdb.model.records import DEFAULT_OPTIONS, Document, FormatFault, ReadOptions

KEY = "$ID"
"""The column that holds a record's key."""

_HEADER = re.compile(r"#\s*INGR(?:\.io)?\b[^|]*\|(.*)", re.IGNORECASE)
_FOOTER = re.compile(r"#\s*([0-9]{1,18})\s+records?\s*\Z", re.IGNORECASE)
_COMMENT = re.compile(r"\s+#")
_DELIMITER = "#-"
_SCANNER = json.JSONDecoder()


class _Line(NamedTuple):
    number: int
    text: str


class Ingr(Whole):
    """INGR files."""

    name = "ingr"
    extensions = (".ingr",)

    def read(self, data: bytes, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
        """Reads a whole file.

        Raises:
            FormatFault: The file is not INGR.
        """
        text = decode(data, options.encoding)
        if not text or text.isspace():
            return Document(kind="empty", value=None)
        lines = [_Line(n, line.rstrip("\r")) for n, line in enumerate(text.split("\n"), 1)]
        columns = _columns(lines[0].text)
        footer, count = _footer(lines)
        rows, starts, hidden = [], [], 0
        for start, values in _records(lines[1:footer], len(columns)):
            if values is None:
                hidden += 1
                continue
            rows.append(dict(zip(columns, values, strict=True)))
            starts.append(start)
        if count not in {len(rows), len(rows) + hidden}:
            message = f"The last line counts {count} records, but there are {len(rows)}."
            raise FormatFault(message, line=footer + 1)
        _check_keys(rows, starts)
        return Document(kind="rows", value=rows, lines=starts, columns=columns)


def _columns(header: str) -> tuple[str, ...]:
    """Gives the columns that a header names; their types are advice and left out."""
    found = _HEADER.match(header)
    if found is None:
        message = "The first line must be `# INGR.io | <name>: $ID, <column>, …`."
        raise FormatFault(message, line=1)
    name, colon, rest = found[1].partition(":")
    if not colon or "," in name or name.strip() == KEY:
        rest = found[1]
    if not rest.strip():
        raise FormatFault("The header names no columns.", line=1)
    return column_names(column.partition(":")[0].strip() for column in rest.split(","))


def _footer(lines: Sequence[_Line]) -> tuple[int, int]:
    """Gives the index of the closing line, after which only comments may stand, and its count."""
    for index in range(len(lines) - 1, 0, -1):
        text = lines[index].text
        if found := _FOOTER.match(text):
            return index, int(found[1])
        if text.strip() and not text.startswith("#"):
            break
    raise FormatFault("The closing line `# <count> records` is missing.", line=lines[-1].number)


def _records(lines: Sequence[_Line], width: int) -> Iterator[tuple[int, list[Any] | None]]:
    """Gives first line and values of each record; None for one that is commented out."""
    values: list[Any] = []
    comments = start = 0
    for line in lines:
        if not values:
            if not line.text.strip() or line.text.startswith(_DELIMITER):
                continue
            start, comments = line.number, 0
        if line.text.startswith("#"):
            comments += 1
            values.append(None)
        else:
            values.append(_value(line))
        if len(values) == width:
            yield start, None if comments == width else values
            values = []
    if values:
        message = f"The record has {len(values)} values, but the header names {width} columns."
        raise FormatFault(message, line=start)


def _value(line: _Line) -> Any:
    """Reads one value; a comment after it is left out."""
    try:
        return read_value(line.text.encode())
    except FormatFault as fault:
        value = _before_comment(line.text)
        if value is None:
            raise moved(fault, line.number - 1) from None
    return read_value(value.encode())


def _before_comment(text: str) -> str | None:
    try:
        end = _SCANNER.raw_decode(text)[1]
    except (ValueError, RecursionError):
        return None
    return text[:end] if _COMMENT.match(text, end) else None


def _check_keys(rows: Sequence[dict[str, Any]], lines: Sequence[int]) -> None:
    seen: set[str] = set()
    for row, line in zip(rows, lines, strict=True):
        if KEY not in row:
            return
        key = row[KEY]
        if key is None:
            raise FormatFault("The record has no $ID.", line=line)
        if str(key) in seen:
            raise FormatFault(f"The $ID {key!r} stands twice.", line=line)
        seen.add(str(key))
