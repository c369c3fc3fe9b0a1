"""JSON Lines: a value, mostly an object, on each line; blank lines count for nothing."""

from ingitdb.formats.items_split import Items
from ingitdb.formats.json import as_utf8
from ingitdb.formats.json_values import read_value
from ingitdb.formats.text import moved
from ingitdb.model.records import (
    DEFAULT_OPTIONS,
    Chunk,
    Chunks,
    Document,
    FormatFault,
    ReadOptions,
)


class JsonLines:
    """JSON Lines files, also called newline-delimited JSON."""

    name = "jsonl"
    extensions = (".jsonl", ".ndjson")

    def read(self, data: bytes, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
        """Reads a whole file.

        Raises:
            FormatFault: A line is not JSON, or names a key twice.
        """
        rows, lines = [], []
        for chunk in _lines(as_utf8(data, options)):
            rows.append(_value(chunk))
            lines.append(chunk.line)
        return Document(kind="rows", value=rows, lines=lines)

    def split(self, data: bytes, options: ReadOptions = DEFAULT_OPTIONS) -> Chunks | None:
        """Cuts a file at its lines."""
        try:
            raw = as_utf8(data, options)
        except FormatFault:
            return None
        return Chunks(kind="rows", header=b"", items=_lines(raw))

    def read_chunk(
        self, chunk: Chunk, chunks: Chunks, options: ReadOptions = DEFAULT_OPTIONS
    ) -> Document:
        """Reads one line."""
        del chunks, options
        return Document(kind="rows", value=[_value(chunk)], lines=[chunk.line])


def _lines(raw: bytes) -> Items:
    """Cuts a text at its lines; the blank ones are left out."""
    lines = [line.rstrip(b" \t\r") for line in raw.split(b"\n")]
    texts = lines if all(lines) else [line for line in lines if line]
    return Items(texts, lambda: [number for number, line in enumerate(lines, 1) if line])


def _value(chunk: Chunk) -> object:
    try:
        return read_value(chunk.data)
    except FormatFault as fault:
        raise moved(fault, chunk.line - 1) from None
