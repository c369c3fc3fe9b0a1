"""Where a value stands in the text of a file: line and column, whatever the format."""

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Protocol, TypeAlias

import yaml

from ingitdb.formats.dialects import find_dialect
from ingitdb.formats.edits.delimited_tables import Table
from ingitdb.formats.edits.json_nodes import Container, container
from ingitdb.formats.edits.toml_places import places_of
from ingitdb.formats.text import decode
from ingitdb.model.edits import EditFault, Place
from ingitdb.model.records import DEFAULT_OPTIONS, Document, FormatFault, ReadOptions

_CONTENT_MARKS = ("---", "+++")
_YAML_BREAKS = "\x85\u2028\u2029"
"""PyYAML ends lines at these, editors do not."""
_BLANKS = " \t\r\n"
_END = re.compile(r"\r\n|\n|\r")

Position: TypeAlias = tuple[int, int]
"""Line and column, counted from 1; a column of 0 is unknown."""


class Positions(Protocol):
    """The places of one text."""

    def of(self, place: Place) -> Position | None:
        """Gives where a value, or the key that it stands behind, begins; None if it does not."""
        ...


def positions(
    name: str, data: bytes, document: Document, options: ReadOptions = DEFAULT_OPTIONS
) -> Positions:
    """Gives the places of a file that has been read.

    Args:
        name: The format's name; of one that is not known the lines of the document are all.
        data: The file.
        document: What has been read.
        options: How it was read.
    """
    try:
        if name == "ingr":
            return _Ingr(document)
        made = _BY_NAME.get(name)
        return _Lines(document) if made is None else made(decode(data, options.encoding), options)
    except (FormatFault, EditFault):
        return _Lines(document)


class _Text:
    """A text whose offsets become lines and columns."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0, *(found.end() for found in _END.finditer(text))]

    def at(self, offset: int) -> Position:
        """Gives the line and the column of an offset."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


class _Lines:
    """Knows the lines of items alone."""

    def __init__(self, document: Document) -> None:
        self._lines = document.lines

    def of(self, place: Place) -> Position | None:
        """Gives the line of the item."""
        at = place[0] if place else 0
        return (self._lines[at], 0) if isinstance(at, int) and at < len(self._lines) else None


class _Ingr:
    """A header, then a line for each value of a record."""

    def __init__(self, document: Document) -> None:
        self._lines = document.lines
        self._columns = {name: at for at, name in enumerate(document.columns)}

    def of(self, place: Place) -> Position | None:
        """Gives the line of a record or a value."""
        at = place[0] if place else 0
        if not isinstance(at, int) or at >= len(self._lines):
            return None
        below = self._columns.get(str(place[1])) if len(place) > 1 else 0
        return None if below is None else (self._lines[at] + below, 1)


class _Yaml:
    """A stream of YAML documents; of several the first step of a place tells which."""

    def __init__(self, text: str, first_line: int = 0) -> None:
        self._first_line = first_line
        self._found: dict[Place, Position] = {}
        self._text = text.translate(dict.fromkeys(map(ord, _YAML_BREAKS), " "))

    @cached_property
    def _places(self) -> Mapping[Place, Position]:
        starts = (
            yaml.ScalarEvent,
            yaml.AliasEvent,
            yaml.SequenceStartEvent,
            yaml.MappingStartEvent,
        )
        events = yaml.parse(self._text, Loader=yaml.CSafeLoader)
        documents: list[dict[Place, Position]] = []
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents.append({})
            elif isinstance(event, starts):
                self._read(event, events, (), documents[-1])
        if len(documents) == 1:
            return documents[0]
        return {(n, *place): at for n, each in enumerate(documents) for place, at in each.items()}

    def _read(self, event: Any, events: Any, place: Place, found: dict[Place, Position]) -> None:
        found.setdefault(place, self._at(event))
        if isinstance(event, yaml.SequenceStartEvent):
            for at, item in enumerate(iter(lambda: next(events), None)):
                if isinstance(item, yaml.SequenceEndEvent):
                    return
                self._read(item, events, (*place, at), found)
        elif isinstance(event, yaml.MappingStartEvent):
            for key in iter(lambda: next(events), None):
                if isinstance(key, yaml.MappingEndEvent):
                    return
                inner = (*place, key.value if isinstance(key, yaml.ScalarEvent) else "")
                found[inner] = self._at(key)
                self._read(next(events), events, inner, found)

    def _at(self, event: Any) -> Position:
        return event.start_mark.line + 1 + self._first_line, event.start_mark.column + 1

    def of(self, place: Place) -> Position | None:
        """Gives the position of a key or an item."""
        return self._places.get(place)


class _Json:
    """A JSON text."""

    def __init__(self, text: str) -> None:
        self._raw = text.encode()
        self._text = _Text(text)
        self._is_ascii = len(self._raw) == len(text)
        stripped = self._raw.strip(_BLANKS.encode())
        start = len(self._raw) - len(self._raw.lstrip(_BLANKS.encode()))
        self._root = container(self._raw, start, start + len(stripped))
        self._children: dict[Place, Container | None] = {}

    def of(self, place: Place) -> Position | None:
        """Gives the position of a key or an item."""
        if self._root is None:
            return None
        if not place:
            return self._at(self._root.start)
        holder = self._container(place[:-1])
        at = None if holder is None else _member(holder, place[-1])
        return None if holder is None or at is None else self._at(holder.members[at].start)

    def _container(self, place: Place) -> Container | None:
        if not place:
            return self._root
        if place not in self._children:
            holder = self._container(place[:-1])
            at = None if holder is None else _member(holder, place[-1])
            found = None if holder is None or at is None else holder.child(at)
            self._children[place] = found
        return self._children[place]

    def _at(self, offset: int) -> Position:
        if not self._is_ascii:
            offset = len(self._raw[:offset].decode())
        return self._text.at(offset)


def _member(holder: Container, step: str | int) -> int | None:
    if holder.is_map:
        return holder.positions.get(str(step))
    return step if isinstance(step, int) and step < len(holder.members) else None


class _JsonLines:
    """A line of JSON for each row."""

    def __init__(self, text: str) -> None:
        self._rows = [
            (number, line)
            for number, line in enumerate(text.split("\n"), start=1)
            if line.strip(_BLANKS)
        ]

    def of(self, place: Place) -> Position | None:
        """Gives the position of a row, or of what is in it."""
        at = place[0] if place else 0
        if not isinstance(at, int) or at >= len(self._rows):
            return None
        number, line = self._rows[at]
        inside = _Json(line).of(place[1:])
        return None if inside is None else (number, inside[1])


class _Delimited:
    """Rows of cells."""

    def __init__(self, text: str, delimiter: str | None, options: ReadOptions) -> None:
        dialect = find_dialect(text, options.delimiter or delimiter, options.quote)
        self._table = Table(text, dialect, options)
        self._text = _Text(self._table.text)
        self._names = {name: f"column{at}" for at, name in enumerate(options.names)}

    def of(self, place: Place) -> Position | None:
        """Gives the position of a row or a cell; of a cell that is left out that of its row."""
        at = place[0] if place else 0
        if not isinstance(at, int) or at >= len(self._table.rows):
            return None
        start = self._table.rows[at].start
        if len(place) > 1:
            try:
                column = self._table.column(self._names.get(str(place[1]), place[1]))
            except EditFault:
                return None
            found = self._table.cells_of(at)
            start = found[column].start if column < len(found) else start
        return self._text.at(start)


class _Toml:
    """A TOML document."""

    def __init__(self, text: str, first_line: int = 0) -> None:
        text = text.replace("\r\n", "\n")
        self._places = places_of(text if text.endswith("\n") or not text else f"{text}\n")
        self._text = _Text(text)
        self._first_line = first_line

    def of(self, place: Place) -> Position | None:
        """Gives the position of a key, a header or an item."""
        found = self._places
        if not place:
            return 1 + self._first_line, 1
        if place in found.pairs:
            return self._at(found.pairs[place].start)
        if place in found.headers:
            return self._at(found.headers[place].start)
        if place in found.nodes:
            return self._at(found.nodes[place].start)
        if place in found.dotted:
            return self._at(found.dotted[place][0].start)
        if place in found.below:
            return self._at(found.below[place][0].start)
        return None

    def _at(self, offset: int) -> Position:
        line, column = self._text.at(offset)
        return line + self._first_line, column


class _Markdown:
    """Front matter and a body."""

    def __init__(self, text: str, options: ReadOptions) -> None:
        self._field = options.content_field
        self._body_line = 1
        self._matter: Positions | None = None
        mark = text[:3]
        lines = text.split("\n")
        if mark in _CONTENT_MARKS and lines[0].rstrip() == mark:
            end = next(n for n, line in enumerate(lines[1:], 1) if line.rstrip() == mark)
            matter = "\n".join(lines[1:end]) + "\n"
            self._matter = _Toml(matter, 1) if mark == "+++" else _Yaml(matter, 1)
            self._body_line = end + 2

    def of(self, place: Place) -> Position | None:
        """Gives the position of a field."""
        if not place:
            return 1, 1
        if place == (self._field,):
            return self._body_line, 1
        return None if self._matter is None else self._matter.of(place)


_BY_NAME: Mapping[str, Callable[[str, ReadOptions], Positions]] = {
    "yaml": lambda text, _: _Yaml(text),
    "json": lambda text, _: _Json(text),
    "jsonl": lambda text, _: _JsonLines(text),
    "toml": lambda text, _: _Toml(text),
    "csv": lambda text, options: _Delimited(text, None, options),
    "tsv": lambda text, options: _Delimited(text, "\t", options),
    "markdown": _Markdown,
}
