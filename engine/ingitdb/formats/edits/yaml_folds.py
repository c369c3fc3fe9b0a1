"""Keeps the line breaks of a folded YAML scalar around the words of it that change."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from yaml import SafeLoader, YAMLError, load

from ingitdb.formats.edits.yaml_places import Node, Places
from ingitdb.formats.edits.yaml_spelling import can_be_plain, is_single_line, quoted

WIDTH = 80
"""Columns behind which most programs that write YAML begin a new line."""
_FEWEST = 8
"""Scalars on one line that show whether a file has long lines."""
_BREAK = re.compile(r"[\r\n]")
_LONG = re.compile(rf"\A.{{{WIDTH},}}[^ ] [^ ]")
_LINE = re.compile(r"[^\r\n]+")
_CONTINUED = re.compile(r"(?<!\\)(?:\\\\)*\\\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """What a line adds to a text: its place in the file, and in the text."""

    start: int
    end: int
    at: int
    value: str


def folded(spelled: str, column: int, below: int, style: str = "") -> list[str]:
    """Gives the lines of a scalar as LibYAML would break it: at single spaces behind the width.

    Args:
        spelled: The scalar on one line.
        column: Where it begins.
        below: The column of its other lines.
        style: Its style, if that is no quote.
    """
    style = style or spelled[:1]
    is_escaped, is_quoted = style == '"', style in {"'", '"'}
    lines = [""]
    ends = (2, len(spelled) - 2) if is_quoted else (0, len(spelled))
    for at, char in enumerate(spelled):
        can_break = char == " " and spelled[at - 1] != " " and ends[0] <= at < ends[1]
        is_double = spelled[at + 1 : at + 2] == " "
        if not can_break or column <= WIDTH or (is_double and not is_escaped):
            lines[-1] += char
            column += 1
            continue
        lines.append(" " * below + "\\" * is_double)
        column = len(lines[-1])
    return lines


def is_folding(places: Places, node: Node) -> bool:
    """Tells whether the scalars of a text, one left aside, end where `folded` would end them."""
    seen = [
        other
        for root in places.roots()
        for other in root.walk()
        if other is not node and other.kind == "scalar" and other.style not in {"|", ">"}
    ]
    sources = [places.text[places.line_start(one.body) : one.end] for one in seen]
    is_over = [bool(_BREAK.search(source)) for source in sources]
    is_long = (_LONG.search(s) for s, over in zip(sources, is_over, strict=True) if not over)
    return not any(is_long) and (any(is_over) or len(seen) >= _FEWEST)


def refolded(places: Places, node: Node, new: str, *, flow: bool) -> str | None:
    """Gives the source of a scalar over several lines for a new text.

    Lines before and after the words that differ stay as they are; what is between becomes one
    line. None where the scalar is on one line, or is not to be read as the new text then.
    """
    if node.kind != "scalar" or node.style == "|" or not new.strip():
        return None
    if not re.search(r"[\r\n]", places.text[node.body : node.end]):
        return None
    old = node.text
    pieces = _pieces(places.text, node)
    if not pieces or (node.style == ">" and len(pieces) == 1):
        return None
    if node.style == ">" and _ends(old) != _ends(new):
        return None
    ahead = _shared(old, new)
    behind = _shared(old[ahead:][::-1], new[ahead:][::-1])
    first = max((n for n, piece in enumerate(pieces) if piece.at <= ahead), default=0)
    stops = (n for n, p in enumerate(pieces) if p.at + len(p.value) >= len(old) - behind)
    last = max(first, next(stops, len(pieces) - 1))
    rest = len(old) - pieces[last].at - len(pieces[last].value)
    middle = _spelled(new[pieces[first].at : len(new) - rest], node.style)
    if middle is None:
        return None
    source = places.text[node.body : pieces[first].start] + middle
    source += places.text[pieces[last].end : node.end]
    return source if _is_read_as(source, new, node, flow=flow) else None


def _pieces(text: str, node: Node) -> list[_Piece]:
    """Gives what the lines of a scalar add to its text; none if they are not so simple."""
    start, end = node.body, node.end
    if node.style in {"'", '"'}:
        start, end = start + 1, end - 1
    elif node.style == ">":
        start = text.find("\n", start)
    found: list[_Piece] = []
    at = 0
    for line in _LINE.finditer(text, start, end):
        raw = line[0].strip(" \t")
        if not raw:
            continue
        start = line.start() + line[0].index(raw)
        if node.style == '"' and _CONTINUED.search(raw):
            raw = raw[:-1]
        value = _value(raw, node.style)
        at = node.text.find(value, at) if value is not None else -1
        if value is None or at < 0:
            return []
        found.append(_Piece(start=start, end=start + len(raw), at=at, value=value))
        at += len(value)
    return found


def _value(raw: str, style: str) -> str | None:
    """Gives the text that a line says."""
    if style == "'":
        return raw.replace("''", "'")
    if style != '"':
        return raw
    try:
        found = load(f'"{raw}"', SafeLoader)
    except YAMLError:
        return None
    return str(found)


def _spelled(text: str, style: str) -> str | None:
    """Spells the words between the lines that stay."""
    if not text.strip() or not is_single_line(text):
        return None
    if style in {"'", '"'}:
        found = quoted(text, style)[1:-1]
        return "\\" + found if style == '"' and found[0] == " " else found
    return text if text == text.strip() else None


def _is_read_as(source: str, text: str, node: Node, *, flow: bool) -> bool:
    if not node.style and not can_be_plain(text.replace("\n", " "), flow=flow):
        return False
    try:
        found = load(f"[{source}]" if flow else f"k: {source}\n", SafeLoader)
    except (YAMLError, ValueError):
        return False
    return bool(found == ([text] if flow else {"k": text}))


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _ends(text: str) -> int:
    return len(text) - len(text.rstrip("\n"))
