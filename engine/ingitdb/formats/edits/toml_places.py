"""Where the tables, keys and values of a TOML text lie; the text must be one that can be read."""

import re
import tomllib
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from ingitdb.model.edits import Place

Kind: TypeAlias = Literal["scalar", "array", "inline"]

_QUOTED = (
    r'"""(?:[^\\]|\\.)*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'"
)
_SPACE = re.compile(r"[ \t]*")
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*+")
_KEY = re.compile(rf"{_QUOTED}|[A-Za-z0-9_-]+", re.DOTALL)
_SCALAR = re.compile(
    rf"{_QUOTED}|\d{{4}}-\d\d-\d\d \d\d:[^\s,\]}}#]*|[^\s,\]}}#]+",
    re.DOTALL,
)


@dataclass(slots=True, kw_only=True, eq=False)
class Node:
    """A value as it is spelled.

    Attributes:
        kind: A scalar, an array in brackets or a table in braces.
        start: Where it begins.
        end: Behind its last character.
        comma: For an item of an array, where the comma behind it is; -1 without one.
        members: The items of an array, the pairs of an inline table.
    """

    kind: Kind
    start: int
    end: int = -1
    comma: int = -1
    members: list["Node | Pair"] = field(default_factory=list)


@dataclass(slots=True, kw_only=True, eq=False)
class Pair:
    """A key, dotted or not, and its value.

    Attributes:
        holder: The section or the inline table in which it stands.
        position: How many pairs of the holder stand before it.
        base: The place of the holder.
        place: The place of the value.
        ends: Behind the last character of each part of the key.
        start: Where the key begins.
        end: Behind the value.
        value: The value.
        comma: In an inline table, where the comma behind it is; -1 without one.
    """

    holder: "Section | Node"
    position: int
    base: Place
    place: Place
    ends: list[int]
    start: int
    end: int
    value: Node
    comma: int = -1

    def key_end(self, place: Place) -> int:
        """Gives the end of that part of the key that leads to a place."""
        return self.ends[len(place) - len(self.base) - 1]


@dataclass(slots=True, kw_only=True, eq=False)
class Section:
    """A header and the pairs below it; the root's begins the text and has no header.

    Attributes:
        place: The place of the table.
        start: Where the header's bracket opens.
        name: Where the key inside the brackets begins.
        ends: Behind the last character of each part of the key.
        end: The end of the line of the last pair, or of the header.
        head_end: The end of the header's line.
        is_item: Whether it is one of an array of tables.
        pairs: The pairs in the order of the text.
    """

    place: Place
    start: int
    name: int = 0
    ends: list[int] = field(default_factory=list)
    end: int = 0
    head_end: int = 0
    is_item: bool = False
    pairs: list[Pair] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Places:
    """All places of a text that ends with a line end, or is empty.

    Attributes:
        text: The text.
        root: What stands before the first header.
        sections: Those with headers, in the order of the text.
        nodes: All values that are spelled after a key, and what is in them.
        pairs: The pairs by their places.
        headers: The sections by the places of their tables.
        dotted: Pairs of dotted keys by the places of the tables that only their keys name.
        below: Sections by the places of all tables and arrays of tables in which they lie.
    """

    text: str
    root: Section
    sections: list[Section] = field(default_factory=list)
    nodes: dict[Place, Node] = field(default_factory=dict)
    pairs: dict[Place, Pair] = field(default_factory=dict)
    headers: dict[Place, Section] = field(default_factory=dict)
    dotted: dict[Place, list[Pair]] = field(default_factory=dict)
    below: dict[Place, list[Section]] = field(default_factory=dict)

    def line_start(self, offset: int) -> int:
        """Gives where the line of an offset begins."""
        return self.text.rfind("\n", 0, offset) + 1

    def line_end(self, offset: int) -> int:
        """Gives where the line after that of an offset begins."""
        return self.text.find("\n", offset) + 1 or len(self.text)

    def indentation(self, offset: int) -> str:
        """Gives the blanks with which the line of an offset begins."""
        start = self.line_start(offset)
        found = _SPACE.match(self.text, start, offset)
        return found[0] if found else ""

    def line_break(self, offset: int) -> str:
        r"""Gives the line end, `\n` or `\r\n`, that is used where an offset is."""
        at = self.text.rfind("\n", 0, offset)
        at = self.text.find("\n") if at < 0 else at
        return "\r\n" if at > 0 and self.text[at - 1] == "\r" else "\n"

    def lead(self, section: Section) -> int:
        """Gives where a header begins, with the comment lines directly above it."""
        start = self.line_start(section.start)
        while start:
            above = self.line_start(start - 1)
            if not self.text[above:start].lstrip().startswith("#"):
                break
            start = above
        return start

    def close(self, section: Section) -> int:
        """Gives where a section ends; the comment lines below its last pair are its own.

        They are not if they lead to the next header, without a blank line between.
        """
        end = section.end
        while end < len(self.text) and self.text.startswith("#", _past_space(self.text, end)):
            end = self.line_end(end)
        return section.end if self.text.startswith("[", _past_space(self.text, end)) else end

    def blank_above(self, offset: int) -> int:
        """Gives where the blank lines begin that end at the start of a line."""
        while offset:
            above = self.line_start(offset - 1)
            if self.text[above:offset].strip():
                break
            offset = above
        return offset

    def blank_below(self, offset: int) -> int:
        """Gives where the blank lines end that begin at the start of a line."""
        while offset < len(self.text):
            end = self.line_end(offset)
            if self.text[offset:end].strip():
                break
            offset = end
        return offset

    def section_of(self, place: Place) -> Section | None:
        """Gives the section whose pairs are those of a table; None if it has none of its own."""
        return self.headers.get(place) if place else self.root

    def spelling(self, place: Place) -> str:
        """Gives how the value at a place is spelled; nothing where no single text spells it."""
        node = self.nodes.get(place)
        return self.text[node.start : node.end] if node else ""


def _past_space(text: str, offset: int) -> int:
    found = _SPACE.match(text, offset)
    return found.end() if found else offset


def places_of(text: str) -> Places:
    """Finds all places of a text that ends with a line end, or is empty."""
    return _Scan(text).places


class _Scan:
    """Goes once through a text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.counts: dict[Place, int] = {}
        section = Section(place=(), start=0)
        self.places = Places(text=text, root=section)
        self._skip(_BLANK)
        while self.at < len(text):
            if text[self.at] == "[":
                section = self._header()
            else:
                pair = self._pair(section, section.place, len(section.pairs))
                section.pairs.append(pair)
                section.end = self.places.line_end(pair.end)
            self._skip(_BLANK)

    def _skip(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        if found is None:
            raise AssertionError(f"The text is not TOML at {self.at}.")
        self.at = found.end()
        return found[0]

    def _header(self) -> Section:
        start = self.at
        is_item = self.text.startswith("[[", start)
        self.at += 1 + is_item
        self._skip(_SPACE)
        name = self.at
        names, ends = self._key()
        self._skip(_SPACE)
        self.at += 1 + is_item
        place = self._reached(names, is_item=is_item)
        end = self.places.line_end(self.at)
        section = Section(
            place=place,
            start=start,
            name=name,
            ends=ends,
            end=end,
            head_end=end,
            is_item=is_item,
        )
        self.places.sections.append(section)
        self.places.headers[place] = section
        for size in range(1, len(place) + 1):
            self.places.below.setdefault(place[:size], []).append(section)
        return section

    def _reached(self, names: list[str], *, is_item: bool) -> Place:
        """Gives the place of a header's table; in an array of tables it is in the last one."""
        place: Place = ()
        for name in names[:-1]:
            place = (*place, name)
            if place in self.counts:
                place = (*place, self.counts[place] - 1)
        place = (*place, names[-1])
        if is_item:
            count = self.counts.get(place, 0)
            self.counts[place] = count + 1
            place = (*place, count)
        return place

    def _key(self) -> tuple[list[str], list[int]]:
        names, ends = [], []
        while True:
            names.append(_named(self._skip(_KEY)))
            ends.append(self.at)
            before = self.at
            self._skip(_SPACE)
            if self.text[self.at] != ".":
                self.at = before
                return names, ends
            self.at += 1
            self._skip(_SPACE)

    def _pair(self, holder: Section | Node, base: Place, position: int) -> Pair:
        start = self.at
        names, ends = self._key()
        self._skip(_SPACE)
        self.at += 1
        self._skip(_SPACE)
        place = (*base, *names)
        value = self._value(place)
        pair = Pair(
            holder=holder,
            position=position,
            base=base,
            place=place,
            ends=ends,
            start=start,
            end=value.end,
            value=value,
        )
        self.places.pairs[place] = pair
        for size in range(len(base) + 1, len(place)):
            self.places.dotted.setdefault(place[:size], []).append(pair)
        return pair

    def _value(self, place: Place) -> Node:
        first = self.text[self.at]
        if first in "[{":
            return self._bracket(place, first)
        start = self.at
        self._skip(_SCALAR)
        node = Node(kind="scalar", start=start, end=self.at)
        self.places.nodes[place] = node
        return node

    def _bracket(self, place: Place, opening: str) -> Node:
        node = Node(kind="array" if opening == "[" else "inline", start=self.at)
        self.places.nodes[place] = node
        self.at += 1
        self._skip(_BLANK)
        while self.text[self.at] not in "]}":
            count = len(node.members)
            member = (
                self._value((*place, count)) if opening == "[" else self._pair(node, place, count)
            )
            node.members.append(member)
            self._skip(_BLANK)
            if self.text[self.at] == ",":
                member.comma = self.at
                self.at += 1
                self._skip(_BLANK)
        self.at += 1
        node.end = self.at
        return node


def _named(key: str) -> str:
    """Gives the name that a part of a key spells."""
    if key[0] not in "\"'":
        return key
    if "\\" not in key or key[0] == "'":
        return key[1:-1]
    name: str = tomllib.loads(f"name = {key}")["name"]
    return name
