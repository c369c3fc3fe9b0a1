"""Puts other text in the place of nodes of a YAML text, and leaves all else as it is."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ingitdb.formats.edits.splices import Splices
from ingitdb.formats.edits.yaml_customs import Customs
from ingitdb.formats.edits.yaml_folds import folded, is_folding, refolded
from ingitdb.formats.edits.yaml_layout import Layout, moved
from ingitdb.formats.edits.yaml_places import Entry, Node, Part, Places, block_lines
from ingitdb.formats.edits.yaml_spelling import Spelling, block, can_be_block, can_be_folded
from ingitdb.formats.yaml_nodes import Nodes
from ingitdb.model.edits import EditFault
from ingitdb.model.records import FormatFault, Spelled, Value

_BLANK_LINES = re.compile(r"(?:[ \t]*[\r\n])*(?:[ \t]*#)?")
_BREAKS = re.compile(r"[\r\n]")
_CORE_TAG = "tag:yaml.org,2002:"


@dataclass(slots=True, kw_only=True, eq=False)
class Slot:
    """Where a node hangs.

    Attributes:
        node: What is there.
        parent: The list or map around it; None for a document's root.
        entry: The parent's entry; None for a document's root.
        part: The document of a root.
        is_in_flow: Whether a list or map in flow style is around it.
        pattern: A node elsewhere whose style a new value takes; else it is that of the node.
    """

    node: Node
    parent: Node | None = None
    entry: Entry | None = None
    part: Part | None = None
    is_in_flow: bool = False
    pattern: Node | None = None

    @property
    def like(self) -> Node:
        """The node whose style a new value takes."""
        return self.node if self.pattern is None else moved(self.pattern, -self.pattern.column - 1)

    @property
    def after(self) -> int | None:
        """Behind the colon, dash or three dashes; None without them."""
        if self.entry is not None:
            return self.entry.after
        return self.part.after if self.part is not None else None


class NodeSplices(Splices[str]):
    """Puts values in the place of nodes.

    Attributes:
        places: The nodes of the text.
        layout: How new text is laid out.
        is_single: Whether there is but one edit.
    """

    def __init__(self, places: Places, layout: Layout, *, is_single: bool) -> None:
        super().__init__(places.text)
        self.places, self.layout, self.is_single = places, layout, is_single
        self._weak: set[tuple[int, int, str]] = set()
        self._customs: Customs | None = None

    def put_if_kept(self, start: int, end: int, text: str) -> None:
        """Puts a text in the place of some characters, unless something else is put there."""
        self._weak.add((start, end, text))

    def made(self) -> str:
        """Gives the text with all changes.

        Raises:
            EditFault: Something else is changed where a text was put.
        """
        for start, end, text in self._weak:
            if self.is_free(start, end):
                self.put(start, end, text)
        return super().made()

    def joined(self, at: int, lines: Iterator[str] | list[str] | tuple[str, ...]) -> str:
        """Gives whole lines with the line break of an offset before each."""
        end = self.places.break_at(at)
        return "".join(end + line for line in lines)

    def takes_blocks(self, end: int, indent: int, value: Value) -> bool:
        """Tells whether a block scalar could stand at the end of a new value.

        It would swallow a comment that is indented, and wants a line break behind it.
        """
        places = self.places
        following = places.next_line(end)
        if following == len(places.text) and places.is_open:
            return isinstance(value, str)
        found = _BLANK_LINES.match(places.text, following)
        lines = _BREAKS.split(found[0]) if found else []
        return all(len(line.rstrip("#")) <= max(indent, 0) for line in lines)

    def put_value(self, slot: Slot, value: Value) -> None:
        """Puts a value in the place of a node, in the style of what is like it."""
        before, self._customs = self.layout.quote, None
        if isinstance(value, str):
            usual = self.layout.quote_without(slot.node)
            self._customs = Customs(self.places, slot, usual)
            self.layout.quote = self._customs.quote
        self._put_value(slot, value)
        self.layout.quote = before

    def _put_value(self, slot: Slot, value: Value) -> None:
        start, node = self._start(slot, value), slot.node
        folded = None
        if isinstance(value, str) and start == node.body:
            folded = refolded(self.places, node, value, flow=slot.is_in_flow)
        if folded is not None:
            self.put(node.body, node.end, folded)
        elif slot.is_in_flow:
            self._put_flow(slot, value, start)
        elif node.is_block:
            self._put_over_block(slot, value, start)
        else:
            self._put_inline(slot, value, start)

    def _put_flow(self, slot: Slot, value: Value, start: int) -> None:
        node, entry = slot.node, slot.entry
        text = self.layout.flow(value, self._model(slot, value))
        if start < node.end:
            self.put(start, node.end, text)
            return
        if entry is not None and not entry.has_colon:
            text = f": {text}"
        elif self.places.text[start - 1 : start] not in {" ", "\t", "\n", "\r"}:
            text = f" {text}"
        self.put(start, start, text)

    def _put_inline(self, slot: Slot, value: Value, start: int) -> None:
        """Replaces a scalar, an alias or what is in flow style, in a place of block style."""
        node, places = slot.node, self.places
        if slot.entry is not None and not slot.entry.has_colon:
            raise EditFault("There is no colon behind which a value could stand.", line=node.line)
        found = self._in_width(slot, value, start, self._spelled(slot, value, node.end))
        stop, tail, end = node.end, places.line_end(node.end), places.line_end(node.end)
        if node.style in {"|", ">"}:
            stop, end = block_lines(places, node, self._indent(slot))[0], node.end
            tail = places.line_end(stop)
        head, lines = found.head, list(found.lines)
        if not head and lines and self._is_compact(slot, start):
            first = lines.pop(0)
            head = first.lstrip(" ")
        if not head:
            start = self._without_blanks(start)
        elif start and start == slot.after and places.text[start - 1] not in " \t\r\n":
            head = self._gap(slot) + head
        elif start == stop and places.text[start - 1 : start].strip():
            head = f" {head}"
        if start == stop and not places.text[stop:tail].strip():
            stop = tail
        text = self.joined(stop, lines)
        is_last = places.is_open and places.next_line(end) == len(places.text) and self.is_single
        if is_last and node.style in {"|", ">"} and "-" not in places.text[node.body : stop]:
            head = head.removesuffix("-")
        self.put(start, stop, head)
        self.put(tail, end, text)

    def _gap(self, slot: Slot) -> str:
        is_item = slot.parent is not None and slot.parent.kind == "list"
        return " " * (self.layout.gap if is_item else 1)

    def _without_blanks(self, start: int) -> int:
        """Gives where the blanks in front of a place begin, with a line of nothing else."""
        text, first = self.places.text, self.places.line_start(start)
        kept = text[first:start].rstrip(" \t")
        return first + len(kept) if kept else first - len(_break_before(text, first))

    def _is_compact(self, slot: Slot, start: int) -> bool:
        """Tells whether a list or map begins where the node begins, not on the next line."""
        if slot.parent is None:
            return slot.after is None or self.places.line_start(start) > slot.after
        has_properties = start > slot.node.start
        return slot.parent.kind == "list" and not has_properties

    def _indent(self, slot: Slot) -> int:
        return -1 if slot.parent is None else slot.parent.column

    def _spelled(self, slot: Slot, value: Value, end: int) -> Spelling:
        node, places, indent = slot.node, self.places, self._indent(slot)
        shared = slot.after is None or places.line_start(node.body) <= slot.after
        is_less = self._is_less(node, value)
        follows = places.skip(node.end) > places.next_line(node.end)
        if isinstance(value, str) and node.style in {"|", ">"} and not is_less:
            deep = block_lines(places, node, indent)[2]
            deep = deep if deep > indent else indent + self.layout.step
            style = node.style if can_be_folded(value) else "|"
            header = places.text[node.body : places.line_end(node.body)].partition(" ")[0]
            keep = "+" in header and not node.text.endswith("\n\n")
            is_cut = follows and not keep and value.endswith("\n\n")
            has_room = deep - max(indent, 0) < 10 and not is_cut
            bare = node.text.startswith("\n") and not re.search("[1-9]", header)
            if can_be_block(value) and has_room:
                made = block(value, style, deep, indent, keep=keep, bare=bare)
                return self._folded(node, made, deep) if style == ">" else made
        elif shared or not isinstance(value, str):
            if isinstance(value, str) and "\n" not in value:
                like = self._model(slot, value)
                return Spelling(head=self.layout.scalar(value, like, flow=False))
            if value is None and not self._can_be_empty(slot):
                found = self.layout.scalar(value, slot.like, flow=False)
                return Spelling(head=found or ("" if node.is_null else "null"))
            allowed = self.takes_blocks(end, indent, value)
            with self.layout.blocks(allowed=allowed, tails=not follows):
                like = self._model(slot, value)
                return self.layout.spelled(value, slot.parent, like, self._column(slot))
        return Spelling(head=self.layout.scalar(value, self._model(slot, value), flow=False))

    def _in_width(self, slot: Slot, value: Value, start: int, found: Spelling) -> Spelling:
        """Folds a text that is too long for its line, where no other text is."""
        places, node = self.places, slot.node
        behind = places.text[node.end : places.line_end(node.end)]
        if found.lines or not isinstance(value, str) or slot.parent is None or behind.strip():
            return found
        column = start - places.line_start(start)
        below = slot.parent.column + self.layout.step
        lines = folded(found.head, column, below)
        if len(lines) < 2 or not is_folding(places, node):
            return found
        return Spelling(head=lines[0], lines=tuple(lines[1:]))

    def _is_less(self, node: Node, value: Value) -> bool:
        """Tells whether a block of whole lines makes room for a text that is none."""
        places = self.places
        is_open = places.is_open and places.next_line(node.end) == len(places.text)
        header = places.text[node.body : places.line_end(node.body)].partition(" ")[0]
        is_whole = node.style == "|" and "\n" in node.text and ("-" in header or not is_open)
        return is_whole and isinstance(value, str) and "\n" not in value

    def _folded(self, node: Node, made: Spelling, column: int) -> Spelling:
        """Gives a folded block whose lines are no longer than those of other texts."""
        pad = " " * column
        lines: list[str] = []
        for line in made.lines:
            first, *rest = folded(line.removeprefix(pad), column, column, style=">")
            lines += [pad + first if first else "", *rest]
        if len(lines) == len(made.lines) or not is_folding(self.places, node):
            return made
        return Spelling(head=made.head, lines=tuple(lines))

    def _model(self, slot: Slot, value: Value) -> Node | None:
        """Gives the node like which a value is written in the place of another."""
        if not isinstance(value, str) or self._customs is None:
            return slot.like
        return self._customs.model(value)

    def _column(self, slot: Slot) -> int | None:
        """Gives the column of a list or map that begins on the line of its dash."""
        node, after, places = slot.node, slot.after, self.places
        if slot.parent is None or slot.parent.kind != "list" or after is None:
            return None
        start = node.body if node.body > after else after + self.layout.gap
        if places.line_start(start) > after:
            return node.column if node.is_block else None
        return slot.parent.column + start - after + 1

    def _can_be_empty(self, slot: Slot) -> bool:
        """Tells whether a value can go and come back to the same place."""
        after, start = slot.after, slot.node.start
        if slot.parent is None:
            return False
        return not slot.node.is_block and after is not None and start == after + 1

    def _put_over_block(self, slot: Slot, value: Value, start: int) -> None:
        node, places = slot.node, self.places
        first, end = places.line_start(node.body), places.line_end(node.end)
        found = self._spelled(slot, value, node.end)
        lines = list(found.lines)
        if places.text[first : node.body].strip("\ufeff \t"):
            head = lines.pop(0).lstrip(" ") if not found.head else found.head
            stop = self._first_line_end(node)
            self.put(node.body, stop, head)
            self.put(places.line_end(stop), end, self.joined(node.body, lines))
            return
        if slot.parent is None and slot.after is None:
            whole = [found.head, *lines] if found.head else lines
            self.put(first, end, self.joined(node.body, whole)[len(places.break_at(first)) :])
            return
        after = slot.after if slot.after is not None else first
        at = self._behind_properties(node) if node.start < node.body else after
        self.put(at if start > node.start else after, at, f" {found.head}" if found.head else "")
        before = first - len(_break_before(places.text, first))
        self.put(before, end, self.joined(first, lines))

    def _first_line_end(self, node: Node) -> int:
        """Gives where the comment of a list's or map's first line begins, else the line's end."""
        places, end = self.places, self.places.line_end(node.body)
        marks = (
            mark
            for inner in node.walk()
            for entry in inner.entries[:1]
            for mark in (entry.after, entry.end, _header_end(places, entry.value))
            if mark <= end
        )
        last = max(marks, default=end)
        return last if places.text[last:end].lstrip().startswith("#") else end

    def _behind_properties(self, node: Node) -> int:
        text = self.places.text[node.start : node.body]
        return node.start + len(text.partition("\n")[0].partition("#")[0].rstrip())

    def _start(self, slot: Slot, value: Value) -> int:
        """Gives where the new text begins: behind an anchor and a tag, if they can stay."""
        node = slot.node
        if node.tag is None:
            return node.body
        if isinstance(value, dict | list):
            stays = node.kind == ("map" if isinstance(value, dict) else "list")
            stays = stays and (not value or not node.tag.endswith((":set", ":omap", ":pairs")))
        else:
            stays = node.kind == "scalar" and self._tag_agrees(slot, value)
        if stays:
            return node.body
        if not node.tag.startswith(_CORE_TAG) or node.anchor is not None:
            message = "The value has a tag that the new one does not agree with."
            raise EditFault(message, line=node.line)
        return node.start

    def _tag_agrees(self, slot: Slot, value: Value) -> bool:
        """Tells whether a scalar with the old one's tag is read as it should be."""
        node = slot.node
        if isinstance(value, bytes):
            return False
        text = self.places.text[node.start : node.body].replace(f"&{node.anchor}", "").strip()
        text += " " + self.layout.scalar(value, node, flow=True)
        nodes = Nodes(text)
        try:
            found: Any = nodes.read_document(nodes.next_root())
        except FormatFault:
            return False
        bare = [v.value if isinstance(v, Spelled) else v for v in (found, value)]
        return type(bare[0]) is type(bare[1]) and bool(bare[0] == bare[1])


def _header_end(places: Places, node: Node) -> int:
    return block_lines(places, node, 0)[0] if node.style in {"|", ">"} else node.end


def _break_before(text: str, offset: int) -> str:
    """Gives the line break that ends before an offset."""
    if text[max(0, offset - 2) : offset] == "\r\n":
        return "\r\n"
    return text[offset - 1 : offset] if offset else ""
