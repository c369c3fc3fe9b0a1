"""Cuts YAML at the items of a list or the entries of a map that begin in the first column.

A cut is right when no quoted text and no flow collection is open where it falls, and no alias
crosses it. Each chunk is searched for what could be open at its end; where that is not plain to
see the chunk is read, and must be complete in itself. Whatever else is unusual is not cut.
"""

import re
from collections.abc import Sequence

from yaml import YAMLError

from ingitdb.formats.text import decode, encoding_of
from ingitdb.formats.yaml_nodes import Nodes
from ingitdb.model.records import Chunk, Chunks, FormatFault

_UNUSUAL = "\x85\u2028\u2029\ufeff"
"""Old line breaks and byte order marks."""

_BLANK_LINES = rb"(?: *(?:#[^\n]*)?\r?\n)*"
_LEAD = re.compile(_BLANK_LINES + rb"(?:--- *\r?\n" + _BLANK_LINES + rb")?")
_ITEM = re.compile(rb"\n-(?=[ \r\n]|\Z)")
_NO_ITEM = re.compile(rb"\n(?:[^ \r\n#-]|-[^ \r\n])")
_ENTRY = re.compile(rb"\n(?=[^ \r\n#-])")
_NO_ENTRY = re.compile(rb"\n-[^ \r\n]")
_KEY = re.compile(
    rb"(?:([A-Za-z0-9_/$(+\x80-\xff][A-Za-z0-9_ .,/$()+@&*'\x80-\xff-]{0,200})"
    rb"|'([^'\\\t\n]{0,200})'"
    rb'|"([^"\\\t\n]{0,200})") *:(?=[ \r\n]|\Z)'
)
_NULL_KEYS = frozenset({b"Null", b"NULL"})

_STARTS = frozenset(b" \t\r\n[{,:?-")
"""What can stand before the first character of a quoted text, flow collection, anchor or alias."""
_AT_START = rb"(?<![^\s\[{,:?\-]"
_ANCHOR = re.compile(rb"[&*]" + _AT_START + rb"[&*])(?=\S)")
_PLAIN_TEXT = (
    rb"(?:[^\s\"'\[\]{},#&*!|>%@`?:\-]|-(?=[0-9.]))(?:[^\"'\[\]{},#:\n]|:(?=[^\s,\[\]{}\"'#]))*+"
)
_TEXT = rb"(?:\"(?:[^\"\\\n]|\\[^\n])*+\"|'(?:[^'\n]|'')*+'|" + _PLAIN_TEXT + rb")[ \t]*"
_PAIR = rb"(?:" + _TEXT + rb":[ \t]+)?" + _TEXT
_OPEN_FLOW = re.compile(
    rb"[\[{]" + _AT_START + rb"[\[{])"
    rb"(?!(?<=\[)[ \t]*(?:" + _TEXT + rb"(?:,[ \t]*" + _TEXT + rb")*+)?\])"
    rb"(?!(?<=\{)[ \t]*(?:" + _PAIR + rb"(?:,[ \t]*" + _PAIR + rb")*+)?\})"
)


def split_text(data: bytes, encoding: str | None = None) -> Chunks | None:
    """Cuts a file; None where a cut could change what is read."""
    text = _usual_text(data, encoding)
    if text is None:
        return None
    lead = _LEAD.match(text)
    start = lead.end() if lead else 0
    is_list = text[start : start + 1] == b"-"
    starts = _item_starts(text, start) if is_list else _entry_starts(text, start)
    chunks = _chunks(text, starts) if starts else None
    if not chunks:
        return None
    return Chunks(kind="list" if is_list else "map", header=b"", items=chunks)


def _usual_text(data: bytes, encoding: str | None) -> bytes | None:
    """Gives a file as UTF-8 without a byte order mark; None where its line breaks are unusual."""
    try:
        text = decode(data, encoding)
    except FormatFault:
        return None
    if not text.isascii() and any(mark in text for mark in _UNUSUAL):
        return None
    if "\r" in text and text.count("\r") != text.count("\r\n"):
        return None
    return text.encode() if encoding or encoding_of(data) else data


def _item_starts(text: bytes, start: int) -> list[int] | None:
    if text[start + 1 : start + 2] not in {b" ", b"\r", b"\n", b""}:
        return None
    if _NO_ITEM.search(text, start):
        return None
    return [start, *(found.start() + 1 for found in _ITEM.finditer(text, start))]


def _entry_starts(text: bytes, start: int) -> list[int] | None:
    if _NO_ENTRY.search(text, start):
        return None
    starts = [start, *(found.end() for found in _ENTRY.finditer(text, start))]
    keys: set[bytes] = set()
    for position in starts:
        found = _KEY.match(text, position)
        if found is None:
            return None
        plain, single, double = found.groups()
        if plain is not None:
            plain = plain.rstrip(b" ")
            if plain in _NULL_KEYS:
                return None
        key = plain or single or double or b""
        if key in keys:
            return None
        keys.add(key)
    return starts


def _chunks(text: bytes, starts: list[int]) -> Sequence[Chunk] | None:
    chunks = []
    line = 1 + text.count(b"\n", 0, starts[0])
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        data = text[start:end]
        if _may_be_open(data) and not _is_whole(data):
            return None
        chunks.append(Chunk(line=line, data=data))
        line += data.count(b"\n")
    return chunks


def _may_be_open(data: bytes) -> bool:
    """Tells whether something could be open at the end of a chunk, or lead out of it."""
    last = data.rfind(b'"')
    if last >= 0 and (last == 0 or data[last - 1] in _STARTS or data[last - 1] == ord("\\")):
        return True
    single = data.replace(b"''", b"") if b"''" in data else data
    last = single.rfind(b"'")
    if last >= 0 and (last == 0 or single[last - 1] in _STARTS):
        return True
    if (b"[" in data or b"{" in data) and _OPEN_FLOW.search(data):
        return True
    return (b"&" in data or b"*" in data) and _ANCHOR.search(data) is not None


def _is_whole(data: bytes) -> bool:
    """Tells whether a chunk is YAML that needs nothing from before or after it."""
    try:
        nodes = Nodes(data.decode())
        while (root := nodes.next_root()) is not None:
            nodes.read_document(root)
    except (FormatFault, YAMLError):
        return False
    return not nodes.aliases
