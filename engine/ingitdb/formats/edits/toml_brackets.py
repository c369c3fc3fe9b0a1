"""Changes which items an array, or which pairs an inline table, has."""

import re
from dataclasses import dataclass, field

from ingitdb.formats.edits.splices import Splices
from ingitdb.formats.edits.toml_places import Node, Pair, Places

_PLAIN = re.compile(r"[ \t\r\n]*,[ \t\r\n]*\Z")
_REST = re.compile(r"[ \t]*(?:#[^\n]*)?\r?\n")
_SHUT = re.compile(r"[ \t]*[\]}]")


@dataclass(slots=True, kw_only=True)
class Bracket:
    """An array or inline table, and what is to happen in it.

    Attributes:
        node: The array or inline table.
        removed: The positions of the members that go.
        inserted: The texts of new members, by the position before which they come.
    """

    node: Node
    removed: set[int] = field(default_factory=set)
    inserted: dict[int, list[str]] = field(default_factory=dict)


def change(bracket: Bracket, places: Places, splices: Splices[str]) -> None:
    """Makes the changes of one bracket.

    A member on lines of its own comes and goes as lines, its comment with it; lines of comments
    above it stay. The last member has a comma behind it if it had one.
    """
    members = bracket.node.members
    if not members:
        _fill(bracket, places, splices)
    elif all(_is_apart(member, places) for member in members):
        _change_lines(bracket, places, splices)
    else:
        _change_items(bracket, places, splices)


def _is_apart(member: Node | Pair, places: Places) -> bool:
    """Tells whether a member has lines of its own, its comma and comment included."""
    text = places.text
    if text[places.line_start(member.start) : member.start].strip():
        return False
    end = max(member.end, member.comma + 1)
    if "\n" in text[member.end : end] or "#" in text[member.end : end]:
        return False
    return _REST.match(text, end) is not None or _SHUT.match(text, end) is not None


def _fill(bracket: Bracket, places: Places, splices: Splices[str]) -> None:
    node, text = bracket.node, places.text
    new = bracket.inserted.get(0, [])
    inside = text[node.start + 1 : node.end - 1]
    if "\n" not in inside:
        is_bare = node.kind == "inline"
        inside = " " if is_bare else inside
        splices.put(node.start + 1, node.end - 1, f"{inside}{', '.join(new)}{inside}")
        return
    at = places.line_start(node.end - 1)
    line_break = places.line_break(node.end)
    indent = places.indentation(node.end - 1) + "  "
    lines = f",{line_break}".join(f"{indent}{item}" for item in new)
    splices.add(at, lines + line_break)


def _change_lines(bracket: Bracket, places: Places, splices: Splices[str]) -> None:
    node, text = bracket.node, places.text
    members = node.members
    count, last = len(members), members[-1]
    trails = last.comma >= 0
    is_shut = _SHUT.match(text, max(last.end, last.comma + 1)) is not None
    final: list[int | None] = []
    for position in range(count + 1):
        final += [None] * len(bracket.inserted.get(position, ()))
        if position < count and position not in bracket.removed:
            final.append(position)
    line_break = places.line_break(last.start)
    for position, member in enumerate(members):
        if position in bracket.removed:
            _cut_lines(bracket, position, places, splices)
        else:
            _mend_comma(member, splices, needed=final[-1] != position or trails)
    left = sum(entry is None for entry in final)
    for position in sorted(bracket.inserted):
        near = members[max(position - 1, 0)]
        indent = text[places.line_start(near.start) : near.start]
        at, lines = _line_after(members[position - 1], places) if position else -1, ""
        at = places.line_start(members[0].start) if at < 0 else at
        for item in bracket.inserted[position]:
            left -= 1
            is_last = left == 0 and final[-1] is None
            comma = "," if not is_last or trails else ""
            lines += f"{indent}{item}{comma}{line_break}"
        if is_shut and position == count:
            lines = line_break + lines.removesuffix(line_break)
        splices.add(at, lines)


def _line_after(member: Node | Pair, places: Places) -> int:
    """Gives where the lines of a member end; before a bracket that closes in the last of them."""
    end = max(member.end, member.comma + 1)
    return end if _SHUT.match(places.text, end) else places.line_end(end)


def _cut_lines(bracket: Bracket, position: int, places: Places, splices: Splices[str]) -> None:
    members = bracket.node.members
    member = members[position]
    start, end = places.line_start(member.start), _line_after(member, places)
    if places.text[end - 1] != "\n" and position:
        start -= len(places.line_break(start))
    splices.cut(start, end)


def _mend_comma(member: Node | Pair, splices: Splices[str], *, needed: bool) -> None:
    if needed and member.comma < 0:
        splices.add(member.end, ",")
    elif not needed and member.comma >= 0:
        splices.cut(member.comma, member.comma + 1)


def _change_items(bracket: Bracket, places: Places, splices: Splices[str]) -> None:
    """Changes members that share lines: each goes with what lies between it and the next."""
    node, text = bracket.node, places.text
    members = node.members
    kept = [n for n in range(len(members)) if n not in bracket.removed]
    tail = kept[-1] + 1 if kept else 0
    for position in range(tail):
        gap = _gap(bracket, position, places)
        new = "".join(item + gap for item in bracket.inserted.get(position, ()))
        if new:
            splices.add(members[position].start, new)
        if position in bracket.removed:
            splices.cut(members[position].start, members[position + 1].start)
    new_items = [
        item for n in range(tail, len(members) + 1) for item in bracket.inserted.get(n, ())
    ]
    gap = _gap(bracket, len(members) - 1 if len(members) > 1 else 0, places)
    last = members[-1]
    if tail < len(members) and new_items:
        splices.cut(members[tail].start, last.end)
        splices.add(members[tail].start, gap.join(new_items))
    elif tail < len(members):
        _cut_tail(bracket, tail, text, splices)
    elif last.comma >= 0:
        gap = gap[gap.index(",") + 1 :]
        splices.add(last.comma + 1, "".join(f"{gap}{item}," for item in new_items))
    elif new_items:
        splices.add(last.end, "".join(gap + item for item in new_items))


def _cut_tail(bracket: Bracket, tail: int, text: str, splices: Splices[str]) -> None:
    """Takes away all members from one on, and a comma that would be left over."""
    node = bracket.node
    members = node.members
    last = members[-1]
    if tail == 0:
        start, end = members[0].start, max(last.end, last.comma + 1)
        before, after = text[node.start + 1 : start], text[end : node.end - 1]
        is_doubled = before == after and not before.strip(" \t")
        is_bare = is_doubled and node.kind == "inline"
        splices.cut(start - len(before) * is_bare, end + len(after) * is_doubled)
        return
    kept = members[tail - 1]
    if last.comma >= 0:
        splices.cut(kept.comma + 1, last.comma + 1)
    elif "#" in text[kept.end : members[tail].start]:
        splices.cut(kept.comma, kept.comma + 1)
        splices.cut(members[tail].start, last.end)
    else:
        splices.cut(kept.end, last.end)


def _gap(bracket: Bracket, position: int, places: Places) -> str:
    """Gives what lies between the member at a position and the one before it, or two others."""
    members = bracket.node.members
    for near in (position, position + 1, position - 1, 1):
        if 0 < near < len(members):
            found = places.text[members[near - 1].end : members[near].start]
            if _PLAIN.match(found):
                return found
    return ", "
