"""Adds entries to the lists and maps of a YAML text, and takes some away.

A comment goes with the entry on whose line it stands. Comments on lines of their own stay.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ingitdb.formats.edits.yaml_places import Entry, Node, block_lines
from ingitdb.formats.edits.yaml_splices import NodeSplices, Slot
from ingitdb.model.edits import EditFault
from ingitdb.model.records import Value

_BLANKS = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """A new entry of a map, or an item that comes before the one `at` a position.

    Attributes:
        like: A node whose style the value takes.
    """

    at: int
    key: str | None
    value: Value
    like: Node | None = None


def change_entries(
    splices: NodeSplices, slot: Slot, removed: set[int], added: Sequence[Added], whole: Value
) -> None:
    """Removes entries of a list or map and adds others.

    Args:
        splices: What is done to the text.
        slot: The list or map.
        removed: The positions of what goes.
        added: What comes, in order.
        whole: The list or map as it is to be; it is written anew where nothing of it stays.

    Raises:
        EditFault: An entry is written in a way that it cannot be removed.
    """
    node = slot.node
    for at in removed:
        if node.entries[at].is_complex:
            line = node.entries[at].value.line
            raise EditFault("An entry with a key behind a question mark stays.", line=line)
    if len(removed) == len(node.entries):
        splices.put_value(slot, whole)
    elif node.is_flow:
        _Flow(splices, node, removed).change(added)
    else:
        _Block(splices, node, removed).change(added)


class _Block:
    """A list or map in block style."""

    def __init__(self, splices: NodeSplices, node: Node, removed: set[int]) -> None:
        self.splices, self.places, self.layout = splices, splices.places, splices.layout
        self.node, self.removed = node, removed
        first = self.places.line_start(node.body)
        self.is_compact = bool(self.places.text[first : node.body].strip("\ufeff \t"))

    def change(self, added: Sequence[Added]) -> None:
        """Removes and adds entries."""
        kept = [at for at in range(len(self.node.entries)) if at not in self.removed]
        for item in added:
            before = [at for at in kept if at < item.at]
            if before:
                self._add_behind(self.node.entries[before[-1]], item)
            else:
                self._add_before(self.node.entries[kept[0]], item)
        for at in sorted(self.removed):
            self._remove(at, leads=self.is_compact and at < kept[0])

    def _lines(self, added: Added) -> list[str]:
        if added.key is None:
            return self.layout.item(added.value, self.node.column, added.like)
        like = (self.node, added.like)
        lines = self.layout.entry(added.key, added.value, self.node.column, like)
        start = " " * self.node.column + self.layout.key(added.key, self.node, flow=False) + ": "
        column = self._aligned()
        if lines[0].startswith(start) and column > len(start):
            lines[0] = start.ljust(column) + lines[0][len(start) :]
        return lines

    def _aligned(self) -> int:
        """Gives the column in which the values of all entries stand, 0 without one."""
        places, columns = self.places, set[int]()
        gaps = []
        for entry in self.node.entries:
            gap = places.text[entry.after : entry.value.start]
            if gap and not gap.strip(" "):
                gaps.append(gap)
                columns.add(entry.value.start - places.line_start(entry.value.start))
        return columns.pop() if len(columns) == 1 and max(gaps) > " " else 0

    def _add_behind(self, entry: Entry, added: Added) -> None:
        places, indent = self.places, self.node.column
        allowed = self.splices.takes_blocks(entry.end, indent, None)
        with self.layout.blocks(allowed=allowed):
            lines = self._lines(added)
        _close(self.splices, entry, self.node)
        at, line_break = places.next_line(entry.end), places.break_at(entry.start)
        self.splices.put(at, at, "".join(line + line_break for line in lines))

    def _add_before(self, entry: Entry, added: Added) -> None:
        lines = self._lines(added)
        pad = " " * self.node.column
        text = self.splices.joined(entry.start, [*lines[1:], pad])
        self.splices.put(entry.start, entry.start, lines[0][len(pad) :] + text)

    def _remove(self, at: int, *, leads: bool) -> None:
        entry, places = self.node.entries[at], self.places
        end = places.next_line(entry.end)
        if leads:
            found = _BLANKS.match(places.text, end)
            self.splices.put(entry.start, found.end() if found else end, "")
            return
        self.splices.put(places.line_start(entry.start), end, "")


def _last(entry: Entry) -> Node:
    """Gives the last scalar of an entry."""
    node = entry.value
    while node.entries and not node.is_flow:
        node = node.entries[-1].value
    return node


def _close(splices: NodeSplices, entry: Entry, node: Node) -> None:
    """Says of a block that ends without a line break, as the file does, that it has none."""
    last, text = _last(entry), splices.places.text
    is_last = splices.places.next_line(last.end) == len(text)
    if last.style not in {"|", ">"} or not splices.places.is_open or not is_last:
        return
    stop = block_lines(splices.places, last, node.column)[0]
    header = text[last.body : stop]
    splices.put_if_kept(last.body, stop, header.replace("+", "").replace("-", "") + "-")


class _Flow:
    """A list or map in flow style, in brackets."""

    def __init__(self, splices: NodeSplices, node: Node, removed: set[int]) -> None:
        self.splices, self.places, self.layout = splices, splices.places, splices.layout
        self.node, self.removed = node, removed
        self.text = splices.places.text

    def change(self, added: Sequence[Added]) -> None:
        """Removes and adds entries."""
        kept = [at for at in range(len(self.node.entries)) if at not in self.removed]
        behind_last = [item for item in added if not any(at >= item.at for at in kept)]
        for item in added:
            if item not in behind_last:
                following = next(at for at in kept if at >= item.at)
                self._add_before(self.node.entries[following], item)
        trailing = {at for at in self.removed if at > kept[-1]}
        for at in sorted(self.removed - trailing):
            self._remove(at)
        if trailing or behind_last:
            self._end(kept[-1], [self._cell(item) for item in behind_last])

    def _cell(self, added: Added) -> str:
        value = self.layout.flow(added.value, added.like)
        if added.key is None:
            return value
        return f"{self.layout.key(added.key, self.node, flow=True)}: {value}"

    def _is_alone(self, entry: Entry) -> bool:
        """Tells whether an entry begins a line."""
        start = self.places.line_start(entry.start)
        return not self.text[start : entry.start].strip()

    def _add_before(self, entry: Entry, added: Added) -> None:
        start = self.places.line_start(entry.start)
        blank = "\n" if self._is_alone(entry) else " "
        if blank == "\n":
            blank = self.places.break_at(start) + self.text[start : entry.start]
        self.splices.put(entry.start, entry.start, f"{self._cell(added)},{blank}")

    def _remove(self, at: int) -> None:
        """Removes an entry that another one follows."""
        entry, following = self.node.entries[at], self.node.entries[at + 1]
        start, end = entry.start, following.start
        if self._is_alone(entry) and self._is_alone(following):
            start = self.places.line_start(start)
            end = self.places.next_line(self._behind_comma(entry))
        self.splices.put(start, end, "")

    def _behind_comma(self, entry: Entry) -> int:
        comma = self.places.skip(entry.end)
        return comma + 1 if self.text[comma] == "," else entry.end

    def _end(self, last: int, cells: Sequence[str]) -> None:
        """Makes the end anew: removes what follows the last entry that stays, and adds some."""
        entries = self.node.entries
        end, behind = entries[last].end, self._behind_comma(entries[-1])
        has_comma = behind > entries[-1].end
        alone = [entry for entry in entries if self._is_alone(entry)]
        if not alone or alone[-1] is not entries[-1]:
            gap = self._gap()
            text = "".join(f",{gap}{cell}" for cell in cells)
            stop = entries[-1].end if not has_comma else behind
            self.splices.put(end, stop, text + ("," if has_comma else ""))
            return
        self._end_lines(last, cells, has_comma=has_comma)

    def _end_lines(self, last: int, cells: Sequence[str], *, has_comma: bool) -> None:
        entries, places = self.node.entries, self.places
        end, behind = entries[last].end, self._behind_comma(entries[last])
        wants_comma = bool(cells) or has_comma
        if wants_comma != (behind > end):
            self.splices.put(end, behind, "," if wants_comma else "")
        at = self._line_end(behind)
        for entry in entries[last + 1 :]:
            start = self._line_end(self._behind_comma(entries[entries.index(entry) - 1]))
            self.splices.put(start, self._line_end(self._behind_comma(entry)), "")
        start = places.line_start(entries[-1].start)
        pad = self.text[start : entries[-1].start]
        commas = ["," if has_comma or cell is not cells[-1] else "" for cell in cells]
        lines = [pad + cell + comma for cell, comma in zip(cells, commas, strict=True)]
        self.splices.put(at, at, self.splices.joined(entries[-1].start, lines))

    def _line_end(self, offset: int) -> int:
        """Gives the end of a line, or the place of the closing bracket if it stands there."""
        closing = self.node.end - 1
        return min(self.places.line_end(offset), closing)

    def _gap(self) -> str:
        """Gives what stands behind the commas."""
        entries = self.node.entries
        if len(entries) > 1:
            between = self.text[self._behind_comma(entries[-2]) : entries[-1].start]
            if not between.strip(" ") and between != "":
                return between
            return "" if between == "" else " "
        return " "
