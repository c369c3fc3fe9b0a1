"""Tables of cells: CSV and TSV. A cell has a type only where it is spelled canonically."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from ingitdb.formats.cells import CELLS
from ingitdb.formats.dialects import Dialect, find_dialect, lines_of, records
from ingitdb.formats.headers import column_names
from ingitdb.formats.items_split import Items
from ingitdb.formats.text import decode, moved
from ingitdb.model.records import (
    DEFAULT_OPTIONS,
    Chunk,
    Chunks,
    Document,
    FormatFault,
    ReadOptions,
)

_ADVICE = "; declare its encoding"


class _Delimited:
    """Files of records in lines, of cells between delimiters."""

    delimiter: str | None = None

    def read(self, data: bytes, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
        """Reads a whole file.

        Raises:
            FormatFault: The text cannot be decoded, or a record has more cells than the header.
        """
        text = decode(data, options.encoding, advice=_ADVICE)
        if not text or text.isspace():
            return Document(kind="empty", value=None)
        found = records(lines_of(text), self._dialect(text, options))
        columns = None
        if options.header:
            columns = column_names(next((cells for _, cells in found), []))
        rows, lines = _rows(found, columns, _converter(options))
        return Document(kind="rows", value=rows, lines=lines, columns=columns or ())

    def split(self, data: bytes, options: ReadOptions = DEFAULT_OPTIONS) -> Chunks | None:
        """Cuts a file at its records; the header begins with the dialect that was found."""
        try:
            text = decode(data, options.encoding)
            dialect = self._dialect(text, options)
            found = list(_texts(list(lines_of(text)), dialect))
        except FormatFault:
            return None
        if not found or text.isspace():
            return None
        header = f"{dialect.delimiter}{dialect.quote}\n".encode()
        if options.header:
            header += found.pop(0)[1]
        columns = _header(header, options.header)[1] or ()
        items = Items([data for _, data in found], lambda: [line for line, _ in found])
        return Chunks(kind="rows", header=header, items=items, columns=columns)

    def read_chunk(
        self, chunk: Chunk, chunks: Chunks, options: ReadOptions = DEFAULT_OPTIONS
    ) -> Document:
        """Reads one record."""
        dialect, columns = _header(chunks.header, options.header)
        found = records(lines_of(chunk.data.decode()), dialect)
        try:
            rows, _ = _rows(found, columns, _converter(options))
        except FormatFault as fault:
            raise moved(fault, chunk.line - 1) from None
        return Document(kind="rows", value=rows, lines=[chunk.line], columns=columns or ())

    def _dialect(self, text: str, options: ReadOptions) -> Dialect:
        return find_dialect(text, options.delimiter or self.delimiter, options.quote)


class Csv(_Delimited):
    """Files whose delimiter is a comma, a semicolon, a tab or a bar."""

    name = "csv"
    extensions = (".csv",)


class Tsv(_Delimited):
    """Files whose delimiter is a tab."""

    name = "tsv"
    extensions = (".tsv",)
    delimiter = "\t"


def _converter(options: ReadOptions) -> Callable[[str], Any]:
    return CELLS.__getitem__ if options.typed_cells else _text


def _text(cell: str) -> str | None:
    return cell or None


def _rows(
    found: Iterable[tuple[int, list[str]]],
    columns: Sequence[str] | None,
    convert: Callable[[str], Any],
) -> tuple[list[dict[str, Any]], list[int]]:
    """Makes rows of records; without a header the columns are numbered."""
    rows, lines = [], []
    for line, cells in found:
        names = _numbered(len(cells)) if columns is None else columns
        if len(cells) > len(names) and any(cells[len(names) :]):
            message = f"The record has {len(cells)} cells, but the header names {len(names)}."
            raise FormatFault(message, line=line)
        rows.append(dict(zip(names, map(convert, cells), strict=False)))
        lines.append(line)
    return rows, lines


@lru_cache(maxsize=64)
def _numbered(count: int) -> tuple[str, ...]:
    return tuple(f"column{position}" for position in range(count))


@lru_cache(maxsize=64)
def _header(header: bytes, named: bool) -> tuple[Dialect, tuple[str, ...] | None]:
    text = header.decode()
    quote = "" if text[1] == "\n" else text[1]
    dialect = Dialect(text[0], quote)
    if not named:
        return dialect, None
    names = next(records(lines_of(text[len(quote) + 2 :]), dialect), (0, []))[1]
    return dialect, column_names(names)


def _texts(lines: Sequence[str], dialect: Dialect) -> Iterator[tuple[int, bytes]]:
    """Cuts lines at their records; only those with a quotation mark need Python's reader."""
    position = 0

    def following() -> Iterator[str]:
        nonlocal position
        while position < len(lines):
            position += 1
            yield lines[position - 1]

    while position < len(lines):
        start = position
        if dialect.quote and dialect.quote in lines[start]:
            next(records(following(), dialect), None)
        else:
            position += 1
        data = "".join(lines[start:position]) if position > start + 1 else lines[start]
        if data.strip("\r\n"):
            yield start + 1, data.encode()
