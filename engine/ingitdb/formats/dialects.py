"""How a delimited file is written: found from its own text, always the same for the same text."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ingitdb.formats.text import place
from ingitdb.model.records import FormatFault

_DELIMITERS = ",;\t|"
_SAMPLE_RECORDS = 100
_FIELD_LIMIT = 131_072
"""Characters that Python's reader allows in a cell unless told otherwise."""


class Dialect(NamedTuple):
    """The delimiter between cells, and the quotation mark around them (empty: there is none)."""

    delimiter: str
    quote: str


def find_dialect(text: str, delimiter: str | None, quote: str | None) -> Dialect:
    """Finds out what is not given.

    The delimiter is the one that stands most often in the first record; where two stand equally
    often, the one that divides more of the following records alike. A file with tabs whose
    quotation marks do not pair has none, as is the custom with such files.
    """
    mark = quote or _quote(text)
    dialect = Dialect(delimiter or _delimiter(text, mark), mark)
    if quote is None and dialect.delimiter == "\t" and mark in text and not _pairs(text, dialect):
        return Dialect("\t", "")
    return dialect


def records(lines: Iterable[str], dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    """Gives the cells of each record with the number of its first line, counted from 1.

    Lines without any character have no record.

    Raises:
        FormatFault: A quotation mark is not closed, or followed by something.
    """
    try:
        reader = csv.reader(
            lines,
            delimiter=dialect.delimiter,
            quotechar=dialect.quote or None,
            quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
            strict=True,
        )
    except (TypeError, ValueError):
        message = f"{dialect.delimiter!r} and {dialect.quote!r} cannot delimit and quote cells."
        raise FormatFault(message) from None
    line = 1
    try:
        for cells in reader:
            if cells:
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        message = "A closing quotation mark is followed by more text."
        if "end of data" in str(error):
            message = "A cell's quotation mark is never closed."
        raise FormatFault(message, line=line) from None


def lines_of(text: str) -> Iterator[str]:
    """Gives the lines of a text with their ends, as Python's CSV reader wants them.

    Raises:
        FormatFault: The text holds a NUL character, which only binary files do.
    """
    if "\0" in text:
        line, column = place(text, text.index("\0"))
        raise FormatFault("The file holds a NUL character.", line=line, column=column)
    if len(text) > _FIELD_LIMIT and csv.field_size_limit() < len(text):
        csv.field_size_limit(len(text))
    return io.StringIO(text, newline="")


def _quote(text: str) -> str:
    """Gives the apostrophe only where the first line's cells all stand in apostrophes."""
    if '"' in text or "'" not in text:
        return '"'
    first = next(io.StringIO(text.lstrip("\r\n"), newline=""), "").rstrip("\r\n")
    if len(first) < 2 or first[0] != "'" or first[-1] != "'":
        return '"'
    between = first[1:-1].split("'")[1::2]
    return "'" if all(part in set(_DELIMITERS) for part in between) else '"'


def _delimiter(text: str, quote: str) -> str:
    counts = {mark: _first_count(text, Dialect(mark, quote)) for mark in _DELIMITERS}
    most = max(counts.values())
    if most <= 1:
        return ","
    best = [mark for mark in _DELIMITERS if counts[mark] == most]
    if len(best) == 1:
        return best[0]
    return max(best, key=lambda mark: _agreement(text, Dialect(mark, quote), most))


def _first_count(text: str, dialect: Dialect) -> int:
    try:
        return next((len(cells) for _, cells in records(lines_of(text), dialect)), 0)
    except FormatFault:
        return 0


def _agreement(text: str, dialect: Dialect, width: int) -> int:
    """Counts the records of the sample that have as many cells as the first one."""
    count = 0
    try:
        for number, (_, cells) in enumerate(records(lines_of(text), dialect)):
            if number >= _SAMPLE_RECORDS:
                break
            count += len(cells) == width
    except FormatFault:
        return count
    return count


def _pairs(text: str, dialect: Dialect) -> bool:
    try:
        for _ in records(lines_of(text), dialect):
            pass
    except FormatFault:
        return False
    return True
