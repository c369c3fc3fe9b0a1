"""Where the nodes of a YAML text lie: every node with the characters that are its own."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from yaml._yaml import CParser
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from ingitdb.formats.text import MAX_DEPTH, TOO_DEEP
from ingitdb.formats.yaml_nodes import fault_at
from ingitdb.formats.yaml_scalars import PLAIN
from ingitdb.model.records import FormatFault

_OLD_BREAKS = "\x85\u2028\u2029"
_SPACE = re.compile(r"(?:[ \t\r\n\ufeff]+|#[^\r\n]*)*")
_PROPERTY = re.compile(r"&[^\s,\[\]{}]+|!<[^>]*>|![^\s,\[\]{}]*")
_HEADER = re.compile(r"[|>][-+0-9]*")
_BREAK = re.compile(r"\r\n?|\n")
_LINE_END = re.compile(r"[\r\n]|\Z")
_ENDS = (MappingEndEvent, SequenceEndEvent)

NodeKind: TypeAlias = Literal["scalar", "map", "list", "alias"]


@dataclass(slots=True, kw_only=True, eq=False)
class Node:
    """A node and its place.

    Attributes:
        kind: What the node is.
        start: The first character, that of an anchor or tag if there is one.
        body: The first character behind anchor and tag.
        end: Behind the last character; of what is in block style, before the last line break.
        line: Counted from 1.
        column: Of the first entry's first character, counted from 0; for scalars of their own.
        style: A scalar's first character if it is a quote or `|` or `>`; `{` for a container in
            flow style; else empty.
        anchor: The anchor's name, or that of an alias.
        tag: The tag, resolved.
        text: A scalar's text.
        is_plain: Whether a scalar is resolved by its text alone.
        entries: The entries of a map or the items of a list.
        target: What an alias repeats.
    """

    kind: NodeKind
    start: int
    body: int
    end: int
    line: int
    column: int
    style: str = ""
    anchor: str | None = None
    tag: str | None = None
    text: str = ""
    is_plain: bool = False
    entries: "list[Entry]" = field(default_factory=list)
    target: "Node | None" = None

    @property
    def is_flow(self) -> bool:
        """Whether the node is a container in flow style."""
        return self.style == "{"

    @property
    def is_block(self) -> bool:
        """Whether the node is a container in block style."""
        return self.kind in {"map", "list"} and self.style != "{"

    @property
    def is_null(self) -> bool:
        """Whether the node is a plain scalar that says null."""
        return self.is_plain and self.tag is None and PLAIN[self.text] is None

    def walk(self) -> "Iterator[Node]":
        """Gives the node and all below it, keys too; what an alias repeats is left out."""
        rest = [self]
        while rest:
            node = rest.pop()
            yield node
            for entry in reversed(node.entries):
                rest.append(entry.value)
                if entry.key is not None:
                    rest.append(entry.key)


@dataclass(slots=True, kw_only=True, eq=False)
class Entry:
    """An entry of a map or an item of a list.

    Attributes:
        start: The first character: of the key, or the item's dash in block style.
        after: Behind the colon or the dash; where a value would go that is not there.
        is_complex: Whether a key stands behind a question mark.
        has_colon: Whether a map's entry has a colon.
    """

    key: Node | None
    value: Node
    start: int
    after: int
    is_complex: bool = False
    has_colon: bool = True

    @property
    def end(self) -> int:
        """Behind the entry's last character."""
        return max(self.after, self.value.end)


@dataclass(slots=True, kw_only=True, eq=False)
class Part:
    """One document of a stream.

    Attributes:
        start: The first character of its directives or dashes, else of its text.
        after: Behind its three dashes; None without dashes.
        has_dots: Whether three dots end it.
    """

    root: Node
    start: int
    after: int | None
    has_dots: bool = False

    @property
    def is_nothing(self) -> bool:
        """Whether the reader leaves the document out, as it has no node."""
        root = self.root
        is_bare = root.tag is None and root.anchor is None and not root.style
        return root.kind == "scalar" and not root.text and is_bare


class Places:
    """The nodes of a text.

    Attributes:
        text: The text, with a line break at its end.
        is_open: Whether that line break is not in the file.
        parts: The documents of the stream.
    """

    def __init__(self, text: str) -> None:
        self.is_open = bool(text) and text[-1] not in "\r\n\ufeff"
        if self.is_open:
            text += next((mark for mark in ("\r\n", "\n", "\r") if mark in text), "\n")
        self.text = text
        self._has_old_ends = re.search(r"\r(?!\n)", text) is not None
        self._back: Mapping[int, str] = {}
        hidden = text
        if not text.isascii() and any(mark in text for mark in _OLD_BREAKS):
            hidden, self._back = _without_old_breaks(text)
        self._get: Any = CParser(hidden).get_event
        self._shift = 1 if text.startswith("\ufeff") else 0
        self._anchors: dict[str, Node] = {}
        self._get()
        self.parts: list[Part] = []
        self._read_parts()

    def roots(self) -> list[Node]:
        """Gives the roots of the documents that hold something."""
        return [part.root for part in self.parts if not part.is_nothing]

    def line_end(self, offset: int) -> int:
        """Gives the place of the first line break from an offset on."""
        found = _LINE_END.search(self.text, offset)
        return found.start() if found else len(self.text)

    def line_start(self, offset: int) -> int:
        """Gives the place of the first character of a line."""
        found = self.text.rfind("\n", 0, offset)
        if self._has_old_ends:
            found = max(found, self.text.rfind("\r", 0, offset))
        return found + 1

    def next_line(self, offset: int) -> int:
        """Gives the place of the first character of the line after this one."""
        end = self.line_end(offset)
        found = _BREAK.match(self.text, end)
        return found.end() if found else end

    def break_at(self, offset: int) -> str:
        """Gives the line break of the line of an offset, or else of the line before it."""
        found = _BREAK.match(self.text, self.line_end(offset))
        if found:
            return found[0]
        before = self.text[max(0, self.line_start(offset) - 2) : self.line_start(offset)]
        if not before or before[-1] not in "\r\n":
            return "\n"
        return before if before == "\r\n" else before[-1]

    def skip(self, offset: int) -> int:
        """Gives the place of the first character that is no blank and in no comment."""
        found = _SPACE.match(self.text, offset)
        return found.end() if found else offset

    def _read_parts(self) -> None:
        while not isinstance(event := self._get(), StreamEndEvent):
            if isinstance(event, DocumentStartEvent):
                self._anchors.clear()
                start, behind = self._span(event)
                first = self._get()
                after = behind if event.explicit else None
                root = self._node(first, 0, -1)
                if after is not None and not root.text and root.start == root.end:
                    root.start = root.body = root.end = after
                self.parts.append(Part(root=root, start=start, after=after))
            elif isinstance(event, DocumentEndEvent):
                self.parts[-1].has_dots = bool(event.explicit)

    def _span(self, event: Any) -> tuple[int, int]:
        return event.start_mark.index + self._shift, event.end_mark.index + self._shift

    def _node(self, event: Any, depth: int, indent: int) -> Node:
        if depth > MAX_DEPTH:
            raise fault_at(event, TOO_DEEP)
        start, end = self._span(event)
        kind: NodeKind = "scalar"
        if isinstance(event, AliasEvent):
            kind = "alias"
        elif not isinstance(event, ScalarEvent):
            kind = "map" if isinstance(event, MappingStartEvent) else "list"
        node = Node(
            kind=kind,
            start=start,
            body=start,
            end=end,
            line=event.start_mark.line + 1,
            column=event.start_mark.column,
            anchor=event.anchor,
        )
        if kind == "alias":
            node.target = self._anchors.get(event.anchor)
            return node
        node.tag = event.tag
        if node.anchor is not None or node.tag is not None:
            node.body = self._behind_properties(node)
        if node.anchor is not None:
            self._anchors[node.anchor] = node
        if kind == "scalar":
            self._scalar(node, event, indent)
        else:
            self._container(node, event, depth)
        return node

    def _scalar(self, node: Node, event: Any, indent: int) -> None:
        node.style, node.is_plain = event.style or "", not event.style
        node.text = event.value.translate(self._back) if self._back else event.value
        node.body = min(node.body, node.end)
        if node.style in {"|", ">"}:
            node.end = block_lines(self, node, indent)[1]

    def _container(self, node: Node, event: Any, depth: int) -> None:
        if event.flow_style:
            node.style = "{"
            self._flow(node, depth)
            return
        node.body = self.skip(node.body)
        node.column = node.body - self.line_start(node.body) - self._mark_before(node.body)
        read = self._entry if node.kind == "map" else self._item
        at = node.body
        while not isinstance(event := self._get(), _ENDS):
            entry = read(event, self.skip(at), depth, node.column)
            node.entries.append(entry)
            at = entry.end
        node.end = at

    def _mark_before(self, offset: int) -> int:
        return self._shift if self.line_start(offset) == 0 else 0

    def _flow(self, node: Node, depth: int) -> None:
        at = node.body + (self.text[node.body] in "{[")
        while not isinstance(event := self._get(), _ENDS):
            start = self.skip(at)
            if self.text[start] == ",":
                start = self.skip(start + 1)
            if node.kind == "map":
                entry = self._entry(event, start, depth, -1)
            else:
                item = self._node(event, depth + 1, -1)
                entry = Entry(key=None, value=item, start=item.start, after=item.start)
            node.entries.append(entry)
            at = entry.end
        node.end = max(self._span(event)[1], at)

    def _entry(self, event: Any, start: int, depth: int, indent: int) -> Entry:
        key = self._node(event, depth + 1, indent)
        is_complex = start < key.start
        colon = self.skip(key.end)
        has_colon = self.text[colon : colon + 1] == ":"
        value = self._node(self._get(), depth + 1, indent)
        after = colon + 1 if has_colon else key.end
        if value.kind == "scalar" and value.start == value.end and not has_colon:
            value.start = value.body = value.end = after
        return Entry(
            key=key,
            value=value,
            start=start,
            after=after,
            is_complex=is_complex,
            has_colon=has_colon,
        )

    def _item(self, event: Any, start: int, depth: int, indent: int) -> Entry:
        item = self._node(event, depth + 1, indent)
        return Entry(key=None, value=item, start=start, after=start + 1)

    def _behind_properties(self, node: Node) -> int:
        at = node.start
        for _ in range((node.anchor is not None) + (node.tag is not None)):
            found = _PROPERTY.match(self.text, self.skip(at))
            at = found.end() if found else at
        behind = self.skip(at)
        return at if node.kind == "scalar" and behind > node.end else behind


def block_lines(places: Places, node: Node, indent: int) -> tuple[int, int, int]:
    """Gives the header's end, the text's end and the text's indentation of a block scalar.

    Blank lines behind the text are not its own, unless the header says so with a plus.
    """
    text = places.text
    found = _HEADER.match(text, node.body)
    header = found.end() if found else node.body
    first = places.next_line(header)
    lines = _BREAK.sub("\n", text[first : node.end]).split("\n")
    digit = re.search("[1-9]", text[node.body : header])
    deep = max(indent, 0) + int(digit[0]) if digit else 0
    if not deep:
        filled = (line for line in lines if line.strip(" "))
        deep = next((len(line) - len(line.lstrip(" ")) for line in filled), 0)
    end = node.end
    if "+" not in text[node.body : header]:
        end = _text_end(places, first, node.end, deep)
    elif end > first and text[end - 1] in "\r\n":
        end -= 2 if text[end - 2 : end] == "\r\n" else 1
    return header, max(end, places.line_end(header)), deep


def _text_end(places: Places, first: int, end: int, deep: int) -> int:
    """Gives the end of the last line that is text, 0 without one."""
    at, found = first, 0
    while at < end:
        stop = min(places.line_end(at), end)
        line = places.text[at:stop]
        if line.strip(" ") or len(line) > deep:
            found = stop
        following = places.next_line(at)
        if following <= at:
            break
        at = following
    return found


def _without_old_breaks(text: str) -> tuple[str, Mapping[int, str]]:
    """Hides the old line breaks from the parser, as the reader does."""
    unused = (chr(code) for code in range(0xE000, 0xF900) if chr(code) not in text)
    stand_ins = dict(zip(_OLD_BREAKS, unused, strict=False))
    if len(stand_ins) < len(_OLD_BREAKS):
        raise FormatFault("The file uses all private characters of Unicode and line separators.")
    hidden = text.translate({ord(mark): stand_in for mark, stand_in in stand_ins.items()})
    return hidden, {ord(stand_in): mark for mark, stand_in in stand_ins.items()}
