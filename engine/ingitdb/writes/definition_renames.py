"""Other names for keys of maps, each at the place where it stands in the text."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate
from types import MappingProxyType
from typing import Any

from ingitdb.formats.edits.changed_values import same
from ingitdb.formats.edits.editing import edited, read_document
from ingitdb.formats.edits.json_edits import BLANKS, span
from ingitdb.formats.edits.json_nodes import Container, container
from ingitdb.formats.edits.splices import Change, spliced
from ingitdb.formats.edits.text_bytes import decoded, encoded
from ingitdb.formats.edits.toml_places import places_of
from ingitdb.formats.edits.toml_spelling import key as toml_key
from ingitdb.formats.edits.yaml_places import Node, Places
from ingitdb.formats.edits.yaml_spelling import key_text
from ingitdb.model.edits import Edit, EditFault, Insert, Place, Remove
from ingitdb.model.records import DEFAULT_OPTIONS, FormatFault, ReadOptions, Value

_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*+"')
_LINE = re.compile(rb"[^\n]*\n|[^\n]+")
_FENCE = re.compile(r"(---|\+\+\+)[ \t]*\r?\n")


def renamed(
    name: str,
    data: bytes,
    names: Mapping[Place, str],
    options: ReadOptions = DEFAULT_OPTIONS,
) -> bytes:
    """Gives a file in which the keys at some places have other names.

    Where a key cannot be told in the text, its entry moves to the end of its map.

    Args:
        name: The format's name.
        data: The file.
        names: By place of an entry the new name of its last step.
        options: How the file is read.

    Raises:
        FormatFault: The file cannot be read.
        EditFault: The key cannot have that name, or there is one already.
    """
    value = read_document(name, data, options).value
    wanted = _wanted(value, names)
    try:
        text, encoding = decoded(data, options.encoding)
        made = encoded(_RENAMERS[name](text, value, names), encoding)
        if same(read_document(name, made, options).value, wanted):
            return made
    except (EditFault, FormatFault, KeyError):
        pass
    return edited(name, data, list(_moves(value, names)), options)


def _wanted(value: Value, names: Mapping[Place, str], way: Place = ()) -> Value:
    """Gives the value of the file as it will be.

    Raises:
        EditFault: A map has a key of the new name.
    """
    if isinstance(value, list):
        return [_wanted(item, names, (*way, at)) for at, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    found: dict[str, Value] = {}
    for key, item in value.items():
        now = names.get((*way, key), key)
        if now in found or (now != key and now in value and (*way, now) not in names):
            raise EditFault(f"There is a field {now!r} already.")
        found[now] = _wanted(item, names, (*way, key))
    return found


def _moves(value: Any, names: Mapping[Place, str]) -> Iterator[Edit]:
    for place, now in names.items():
        held = value
        for step in place:
            held = held[step]
        yield Remove(place=place)
        yield Insert(place=(*place[:-1], now), value=held)


def _yaml(text: str, value: Value, names: Mapping[Place, str]) -> str:
    places = Places(text)
    roots = places.roots()
    is_stream = isinstance(value, list) and not (len(roots) == 1 and roots[0].kind == "list")
    changes: list[Change[str]] = []
    for place, now in names.items():
        node, way = (roots[_index(place[0])], place[1:]) if is_stream else (roots[0], place)
        for step in way[:-1]:
            node = _child(node, step)
        key = _key_node(node, way[-1])
        spelled = key_text(now, flow=node.is_flow, quote="'", style=key.style, like=None)
        changes.append((key.body, key.end, spelled))
    made = spliced(places.text, changes)
    return made.removesuffix("\n") if places.is_open else made


def _child(node: Node, step: str | int) -> Node:
    node = node.target or node
    if isinstance(step, int):
        return node.entries[step].value
    for entry in node.entries:
        if entry.key is not None and entry.key.text == step:
            return entry.value
    raise EditFault(f"The key {step!r} stands elsewhere.")


def _key_node(node: Node, step: str | int) -> Node:
    for entry in node.entries:
        if entry.key is not None and entry.key.kind == "scalar" and entry.key.text == step:
            return entry.key
    raise EditFault(f"The key {step!r} stands elsewhere.")


def _json(text: str, _value: Value, names: Mapping[Place, str]) -> str:
    raw = text.encode()
    return spliced(raw, list(_json_changes(raw, span(raw), names, 0))).decode()


def _json_lines(text: str, _value: Value, names: Mapping[Place, str]) -> str:
    raw = text.encode()
    lines = _LINE.findall(raw)
    starts = list(accumulate(map(len, lines), initial=0))
    rows = [at for at, line in enumerate(lines) if line.strip(BLANKS)]
    by_row: dict[int, dict[Place, str]] = {}
    for place, now in names.items():
        by_row.setdefault(_index(place[0]), {})[place[1:]] = now
    changes: list[Change[bytes]] = []
    for row, those in by_row.items():
        line = lines[rows[row]]
        changes += _json_changes(line, span(line), those, starts[rows[row]])
    return spliced(raw, changes).decode()


def _json_changes(
    raw: bytes, whole: tuple[int, int], names: Mapping[Place, str], shift: int
) -> Iterator[Change[bytes]]:
    for place, now in names.items():
        held = container(raw, *whole)
        for step in place[:-1]:
            held = _inside(held, step)
        if held is None or place[-1] not in held.positions:
            raise EditFault(f"The key {place[-1]!r} stands elsewhere.")
        start = held.members[held.positions[str(place[-1])]].start
        found = _TEXT.match(raw, start)
        if found is None:
            raise EditFault(f"The key {place[-1]!r} stands elsewhere.")
        spelled = json.dumps(now, ensure_ascii=False).encode()
        yield start + shift, found.end() + shift, spelled


def _inside(held: Container | None, step: str | int) -> Container | None:
    if held is None:
        return None
    return held.child(step if isinstance(step, int) else held.positions[step])


def _toml(text: str, _value: Value, names: Mapping[Place, str]) -> str:
    is_open = bool(text) and not text.endswith("\n")
    places = places_of(text + "\n" if is_open else text)
    changes: list[Change[str]] = []
    for place, now in names.items():
        pair = places.pairs.get(place)
        if pair is None or place in places.headers or place in places.dotted:
            raise EditFault(f"The key {place[-1]!r} stands in several places.")
        at = len(place) - len(pair.base) - 1
        start = pair.start
        if at:
            start = places.text.index(".", pair.ends[at - 1]) + 1
            start += len(places.text[start:]) - len(places.text[start:].lstrip(" \t"))
        changes.append((start, pair.ends[at], toml_key(now)))
    made = spliced(places.text, changes)
    return made.removesuffix("\n") if is_open else made


def _markdown(text: str, value: Value, names: Mapping[Place, str]) -> str:
    opening = _FENCE.match(text)
    if opening is None:
        raise EditFault("The file has no front matter.")
    mark = re.escape(opening[1])
    closing = re.compile(rf"^{mark}[ \t]*\r?$", re.MULTILINE).search(text, opening.end())
    if closing is None:
        raise EditFault("The front matter is not closed.")
    matter = text[opening.end() : closing.start()]
    rename = _yaml if opening[1] == "---" else _toml
    return text[: opening.end()] + rename(matter, value, names) + text[closing.start() :]


def _index(step: str | int) -> int:
    if not isinstance(step, int):
        raise EditFault(f"{step!r} is no position.")
    return step


_RENAMERS: Mapping[str, Callable[[str, Value, Mapping[Place, str]], str]] = MappingProxyType(
    {
        "yaml": _yaml,
        "json": _json,
        "jsonl": _json_lines,
        "toml": _toml,
        "markdown": _markdown,
    }
)
