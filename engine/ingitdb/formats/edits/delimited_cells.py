"""Where the records and the cells of a delimited text lie."""

from itertools import accumulate
from typing import NamedTuple

from ingitdb.formats.dialects import Dialect, lines_of, records


class Cell(NamedTuple):
    """A cell: where its source lies, marks included, and the text that it holds."""

    start: int
    end: int
    text: str
    is_quoted: bool


class Line(NamedTuple):
    """A record: where its cells begin and end, where its line end ends, and its count of cells."""

    start: int
    stop: int
    end: int
    width: int


def lines(text: str, dialect: Dialect) -> list[Line]:
    """Gives the records of a text, among them the header.

    Raises:
        FormatFault: A quotation mark is not closed, or followed by something.
    """
    raw = list(lines_of(text))
    offsets = list(accumulate(map(len, raw), initial=0))
    starts = [(number - 1, len(cells)) for number, cells in records(raw, dialect)]
    ends = [number for number, _ in starts[1:]] + [len(raw)]
    found = []
    for (first, width), following in zip(starts, ends, strict=True):
        last = following - 1
        while is_blank(raw[last]):
            last -= 1
        end = offsets[last + 1]
        found.append(Line(offsets[first], end - len(line_end(raw[last])), end, width))
    return found


def cells(text: str, line: Line, dialect: Dialect) -> list[Cell]:
    """Cuts a record at its delimiters."""
    found = []
    start, stop = line.start, line.stop
    while True:
        if dialect.quote and start < stop and text[start] == dialect.quote:
            end = _closed(text, start, dialect.quote)
            inside = text[start + 1 : end - 1].replace(dialect.quote * 2, dialect.quote)
            found.append(Cell(start, end, inside, is_quoted=True))
        else:
            end = text.find(dialect.delimiter, start, stop)
            end = stop if end < 0 else end
            found.append(Cell(start, end, text[start:end], is_quoted=False))
        if end >= stop:
            return found
        start = end + 1


def line_end(text: str) -> str:
    r"""Gives what ends a text's last line: `\r\n`, `\n`, `\r` or nothing."""
    if text.endswith("\r\n"):
        return "\r\n"
    return text[-1:] if text.endswith(("\r", "\n")) else ""


def is_blank(line: str) -> bool:
    """Tells whether a line holds nothing but its end; such a line is no record."""
    return not line.strip("\r\n")


def _closed(text: str, start: int, quote: str) -> int:
    """Gives the offset after the mark that closes the one at an offset; doubled ones are text."""
    at = start + 1
    while True:
        at = text.index(quote, at) + 1
        if not text.startswith(quote, at):
            return at
        at += 1
