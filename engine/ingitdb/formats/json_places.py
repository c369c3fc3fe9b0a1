"""Where the items and entries of a JSON file's outermost container stand, without reading them."""

import re
from collections.abc import Iterable, Sequence

import msgspec

_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])
_ENTRIES = msgspec.json.Decoder(dict[str, msgspec.Raw])
_SKIPPED = re.compile(rb"[ \t\r\n,]*")
_KEY = re.compile(rb'[ \t\r\n,]*("(?:[^"\\]|\\.)*+")[ \t\r\n]*:[ \t\r\n]*')


def item_places(raw: bytes) -> Sequence[tuple[int, int]] | None:
    """Gives start and end of each item of a list; None where the text is no list."""
    try:
        items = _ITEMS.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return None
    if not items:
        return []
    places = []
    position = raw.index(b"[") + 1
    for item in items:
        start = _skip(raw, position)
        position = start + len(memoryview(item))
        places.append((start, position))
    return places


def entry_places(raw: bytes) -> Sequence[tuple[int, int]] | None:
    """Gives start and end of each entry of a map; None where it is no map or a key stands twice."""
    try:
        entries = _ENTRIES.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return None
    if not entries:
        return []
    places = []
    position = raw.index(b"{") + 1
    for value in entries.values():
        key = _KEY.match(raw, position)
        data = bytes(value)
        if key is None or not raw.startswith(data, key.end()):
            return None
        position = key.end() + len(data)
        places.append((key.start(1), position))
    closing = _skip(raw, position)
    return places if raw[closing : closing + 1] == b"}" else None


def lines_of(raw: bytes, places: Iterable[tuple[int, int]] | None) -> list[int]:
    """Gives the line of the start of each place, counted from 1."""
    lines = []
    line, before = 1, 0
    for start, _ in places or ():
        line += raw.count(b"\n", before, start)
        before = start
        lines.append(line)
    return lines


def _skip(raw: bytes, position: int) -> int:
    """Gives the first position at which neither a blank nor a comma stands."""
    found = _SKIPPED.match(raw, position)
    return found.end() if found else position
