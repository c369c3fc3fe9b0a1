"""Where the records and the values of an INGR file lie."""

import json
import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

_HEADER = re.compile(r"(#\s*INGR(?:\.io)?\b[^|]*\|)(.*)", re.IGNORECASE)
_FOOTER = re.compile(r"(#\s*)[0-9]{1,18}(\s+)(records?)\s*\Z", re.IGNORECASE)
_DIGEST = re.compile(r"#\s*sha256:([0-9a-fA-F]{64})\s*\Z", re.IGNORECASE)
_DELIMITER = "#-"
_PLAIN = re.compile(r"#-+\s*\Z")
"""A delimiter that tells nothing else; any other is a comment, which belongs to no record."""
_KEY = "$ID"
_SCANNER = json.JSONDecoder(parse_int=str, parse_float=str)


class Line(NamedTuple):
    """A line: where its text begins and ends, and where its line end ends."""

    start: int
    stop: int
    end: int


class Spot(NamedTuple):
    """The source of a value; a comment in its place is an absent value."""

    start: int
    end: int
    is_comment: bool


class Item(NamedTuple):
    """A record: its lines, counted from 0, and whether all of them are comments."""

    first: int
    following: int
    is_hidden: bool


class Header(NamedTuple):
    """The first line in parts: what stands before the columns, and each with blanks and type."""

    before: str
    parts: tuple[str, ...]

    def part(self, name: str) -> str | None:
        """Gives a column as it is written, without blanks around it."""
        found = (part.strip() for part in self.parts)
        return next((part for part in found if part.partition(":")[0].strip() == name), None)


class Places:
    """The lines of a text that has been read, and the records that they make.

    Args:
        text: The text.
        width: The count of columns.
        shown: The first lines, counted from 1, of the records that are not hidden.
    """

    def __init__(self, text: str, width: int, shown: Collection[int]) -> None:
        self.text = text
        self.lines = _lines(text)
        self.footer = next(
            index for index in reversed(range(len(self.lines))) if _FOOTER.match(self.line(index))
        )
        self.items: list[Item] = []
        self._width = width
        known, at = frozenset(shown), 1
        while at < self.footer:
            if self.line(at).startswith(_DELIMITER) or not self.line(at).strip():
                at += 1
                continue
            self.items.append(Item(at, at + width, at + 1 not in known))
            at += width
        self.shown = [index for index, item in enumerate(self.items) if not item.is_hidden]

    def line(self, index: int) -> str:
        """Gives the text of a line."""
        return self.text[self.lines[index].start : self.lines[index].stop]

    def line_end(self, index: int) -> str:
        """Gives what ends a line."""
        return self.text[self.lines[index].stop : self.lines[index].end]

    def is_plain(self, index: int) -> bool:
        """Tells whether a line is nothing but a delimiter."""
        return _PLAIN.match(self.line(index)) is not None

    def spots(self, item: Item) -> list[Spot]:
        """Gives the places of a record's values, in the order of the columns."""
        return [self._spot(index) for index in range(item.first, item.following)]

    def follower(self, item: Item) -> int | None:
        """Gives the delimiter directly after a record."""
        return item.following if self.is_plain(item.following) else None

    def leader(self, index: int) -> int | None:
        """Gives the delimiter directly before the record of an index, if one stands above."""
        before = self.items[index].first - 1
        return before if index and self.is_plain(before) else None

    def values(self) -> str:
        """Gives the sources of all values, each on a line."""
        return "\n".join(
            self._source(line)
            for index in self.shown
            for line in range(self.items[index].first, self.items[index].following)
            if not self.line(line).startswith("#")
        )

    def header(self) -> Header:
        """Gives the parts of the first line."""
        found = _HEADER.match(self.line(0))
        assert found is not None
        name, colon, rest = found[2].partition(":")
        if not colon or "," in name or name.strip() == _KEY:
            return Header(found[1], tuple(found[2].split(",")))
        return Header(found[1] + name + colon, tuple(rest.split(",")))

    def footer_for(self, count: int) -> str:
        """Gives the closing line for another count of records than there are."""
        line = self.line(self.footer)
        found = _FOOTER.match(line)
        assert found is not None
        word = found[3][:6] + ("" if count == 1 else found[3][6:] or _plural(found[3]))
        return f"{found[1]}{count}{found[2]}{word}{line[found.end(3) :]}"

    def count(self) -> int:
        """Gives the number in the closing line."""
        return int(self.line(self.footer).lstrip("# \t").split()[0])

    def digest(self) -> Spot | None:
        """Gives the place of the hash of all that stands before its line, below the footer."""
        for index in range(self.footer + 1, len(self.lines)):
            if found := _DIGEST.match(self.line(index)):
                start = self.lines[index].start
                return Spot(start + found.start(1), start + found.end(1), is_comment=True)
        return None

    def _source(self, index: int) -> str:
        line = self.line(index)
        if "#" not in line:
            return line
        spot = self._spot(index)
        return self.text[spot.start : spot.end]

    def _spot(self, index: int) -> Spot:
        line = self.line(index)
        start = self.lines[index].start
        if line.startswith("#"):
            return Spot(start, start + len(line), is_comment=True)
        blanks = len(line) - len(line.lstrip())
        end = _SCANNER.raw_decode(line, blanks)[1]
        return Spot(start + blanks, start + end, is_comment=False)


def delimiters(places: Places) -> Sequence[int]:
    """Gives the delimiters that stand directly after records."""
    found = (places.follower(item) for item in places.items)
    return [index for index in found if index is not None]


def _plural(word: str) -> str:
    return "S" if word.isupper() else "s"


def _lines(text: str) -> list[Line]:
    found, start = [], 0
    while True:
        end = text.find("\n", start)
        whole = text[start:] if end < 0 else text[start:end]
        stop = start + len(whole.rstrip("\r"))
        if end < 0:
            found.append(Line(start, stop, len(text)))
            return found
        found.append(Line(start, stop, end + 1))
        start = end + 1
