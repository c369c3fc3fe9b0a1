"""JSON: exact integers, the source text of unusual numbers, no key that stands twice."""

from typing import Any

from ingitdb.formats.items_split import Items
from ingitdb.formats.json_places import entry_places, item_places, lines_of
from ingitdb.formats.json_split import item_texts
from ingitdb.formats.json_values import read_value
from ingitdb.formats.text import decode, encoding_of, moved
from ingitdb.model.records import (
    DEFAULT_OPTIONS,
    Chunk,
    Chunks,
    Document,
    FormatFault,
    ReadOptions,
)


class Json:
    """JSON files."""

    name = "json"
    extensions = (".json",)

    def read(self, data: bytes, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
        """Reads a whole file.

        Raises:
            FormatFault: The file is not JSON, or names a key twice.
        """
        raw = as_utf8(data, options)
        if not raw or raw.isspace():
            return Document(kind="empty", value=None)
        value = read_value(raw)
        if isinstance(value, dict):
            return Document(kind="map", value=value, lines=lines_of(raw, entry_places(raw)))
        if isinstance(value, list):
            return Document(kind="list", value=value, lines=lines_of(raw, item_places(raw)))
        return Document(kind="other", value=value)

    def split(self, data: bytes, options: ReadOptions = DEFAULT_OPTIONS) -> Chunks | None:
        """Cuts a list at its items, a map at its entries; None where the file is neither."""
        try:
            raw = as_utf8(data, options)
        except FormatFault:
            return None
        if raw.lstrip().startswith(b"["):
            texts = item_texts(raw)
            if texts is None:
                return None
            items = Items(texts, lambda: lines_of(raw, item_places(raw)))
            return Chunks(kind="list", header=b"", items=items)
        places = entry_places(raw)
        if places is None:
            return None
        texts = [raw[start:end] for start, end in places]
        items = Items(texts, lambda: lines_of(raw, places))
        return Chunks(kind="map", header=b"", items=items)

    def read_chunk(
        self, chunk: Chunk, chunks: Chunks, options: ReadOptions = DEFAULT_OPTIONS
    ) -> Document:
        """Reads one item of a list or one entry of a map."""
        del options
        opening, closing = (b"[", b"]") if chunks.kind == "list" else (b"{", b"}")
        try:
            value: Any = read_value(opening + chunk.data + closing)
        except FormatFault as fault:
            raise moved(fault, chunk.line - 1) from None
        return Document(kind=chunks.kind, value=value, lines=[chunk.line])


def as_utf8(data: bytes, options: ReadOptions) -> bytes:
    """Gives a file as valid UTF-8 without a byte order mark.

    Raises:
        FormatFault: The file is not text in its encoding.
    """
    text = decode(data, options.encoding)
    return text.encode() if options.encoding or encoding_of(data) else data
