"""Where the entries and items of the maps and lists of a JSON text lie; looked up when asked."""

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

import msgspec

from ingitdb.formats.json_places import item_places
from ingitdb.formats.text import place
from ingitdb.model.edits import EditFault

_ENTRIES = msgspec.json.Decoder(dict[str, msgspec.Raw])
_KEY = re.compile(rb'[ \t\r\n,]*("(?:[^"\\]|\\.)*+")[ \t\r\n]*:[ \t\r\n]*')
_BLANKS = re.compile(rb"[ \t]*")
_BREAK = re.compile(r"\r\n|\n|\r")


class Member(NamedTuple):
    """An entry of a map or an item of a list.

    Attributes:
        key: The key, None in a list.
        start: Where it begins, in a map with its key.
        value: Where its value begins.
        end: Where its value ends.
    """

    key: str | None
    start: int
    value: int
    end: int


class Container:
    """A map or a list in a valid JSON text, with what stands between its members.

    Attributes:
        raw: The whole text, in UTF-8.
        start: Where the opening bracket stands.
        end: Where the text behind the closing bracket begins.
        is_map: Whether it is a map.
    """

    def __init__(self, raw: bytes, start: int, end: int) -> None:
        self.raw = raw
        self.start = start
        self.end = end
        self.is_map = raw[start : start + 1] == b"{"

    @cached_property
    def members(self) -> Sequence[Member]:
        """The entries or items in the order of the text."""
        found = self._entries() if self.is_map else self._items()
        return list(found)

    @cached_property
    def positions(self) -> dict[str | None, int]:
        """The position of each key of a map."""
        return {member.key: at for at, member in enumerate(self.members)}

    @cached_property
    def holds_containers(self) -> bool:
        """Whether a member is a map or a list."""
        return any(self.raw[m.value : m.value + 1] in (b"{", b"[") for m in self.members)

    @property
    def is_broken(self) -> bool:
        """Whether the first member stands on a line of its own."""
        return bool(self.members) and break_in(self.lead(0)) is not None

    @property
    def is_longer(self) -> bool:
        """Whether it has more than one member, so that a comma stands in it."""
        return len(self.members) > 1

    @property
    def indent(self) -> str:
        """The blanks at the start of the line on which it opens."""
        return indent_at(self.raw, self.start)

    @property
    def line(self) -> int:
        """The line on which it opens, counted from 1."""
        return line_at(self.raw, self.start)

    def comma(self, at: int) -> int:
        """Gives where the comma after a member stands that is not the last."""
        return self.raw.index(b",", self.members[at].end)

    def lead(self, at: int) -> str:
        """Gives the blanks before a member, from the comma or bracket on."""
        start = self.comma(at - 1) + 1 if at else self.start + 1
        return self.raw[start : self.members[at].start].decode()

    def tail(self, at: int) -> str:
        """Gives the blanks after a member, up to the comma or bracket."""
        end = self.comma(at) if at + 1 < len(self.members) else self.end - 1
        return self.raw[self.members[at].end : end].decode()

    def colon(self, at: int) -> str:
        """Gives what stands between a member's key and its value."""
        member = self.members[at]
        between = self.raw[member.start : member.value].decode()
        return between[between.rindex('"') + 1 :]

    def child(self, at: int) -> "Container | None":
        """Gives a member that is a map or a list itself."""
        return container(self.raw, self.members[at].value, self.members[at].end)

    def _items(self) -> Iterator[Member]:
        places = item_places(self.raw[self.start : self.end])
        if places is None:
            raise EditFault("The items of a list could not be told apart.", line=self.line)
        shift = self.start
        return (Member(None, start + shift, start + shift, end + shift) for start, end in places)

    def _entries(self) -> Iterator[Member]:
        position = self.start + 1
        try:
            entries = _ENTRIES.decode(self.raw[self.start : self.end])
        except (msgspec.DecodeError, RecursionError):
            entries = {}
        for name, value in entries.items():
            key = _KEY.match(self.raw, position)
            if key is None:
                break
            position = key.end() + len(memoryview(value))
            yield Member(name, key.start(1), key.end(), position)
        if self.raw[position : self.end].strip(b" \t\r\n") != b"}":
            raise EditFault("The entries of a map could not be told apart.", line=self.line)


def container(raw: bytes, start: int, end: int) -> Container | None:
    """Gives the map or list that is the value in a place; None where it is neither."""
    return Container(raw, start, end) if raw[start : start + 1] in (b"{", b"[") else None


def indent_at(raw: bytes, position: int) -> str:
    """Gives the blanks at the start of the line on which a position lies."""
    start = raw.rfind(b"\n", 0, position) + 1
    start = max(raw.rfind(b"\r", start, position) + 1, start)
    blanks = _BLANKS.match(raw, start, position)
    return blanks[0].decode() if blanks else ""


def line_at(raw: bytes, position: int) -> int:
    """Gives the line on which a position lies, counted from 1."""
    before = raw[:position].decode()
    return place(before, len(before))[0]


def break_in(blanks: str) -> str | None:
    """Gives the last line end of some blanks and what follows it; None without one."""
    starts = [found.start() for found in _BREAK.finditer(blanks)]
    return blanks[starts[-1] :] if starts else None
