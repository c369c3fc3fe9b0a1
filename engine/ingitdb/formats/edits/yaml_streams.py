"""Writes whole documents of YAML, and adds and removes those of a stream."""

from collections.abc import Sequence
from typing import Any

from ingitdb.formats.edits.yaml_layout import Layout, alike
from ingitdb.formats.edits.yaml_places import Node, Part, Places
from ingitdb.formats.edits.yaml_splices import NodeSplices
from ingitdb.model.edits import Edit, EditFault, Insert, Remove
from ingitdb.model.records import Value


def first_document(splices: NodeSplices, value: Value) -> str:
    """Gives a text of comments, or of nothing, with a value behind them."""
    places = splices.places
    lines = _lines(splices.layout, value, None, dashes=False)
    if any(part.has_dots for part in places.parts):
        at = places.line_end(places.parts[-1].after or 0)
        splices.put(at, at, splices.joined(at, lines))
        return splices.made()
    end = places.break_at(len(places.text))
    return places.text + "".join(line + end for line in lines)


def change_stream(splices: NodeSplices, parts: Sequence[Part], edits: Sequence[Edit]) -> None:
    """Adds documents to a stream and removes some.

    Args:
        splices: What is done to the text.
        parts: The documents that hold something.
        edits: Insertions and removals of whole documents.

    Raises:
        EditFault: The stream has directives, or would have fewer than two documents.
    """
    if not edits:
        return
    removed = {edit.place[0] for edit in edits if isinstance(edit, Remove)}
    if len(parts) - len(removed) + len(edits) - len(removed) < 2:
        raise EditFault("A stream cannot be left with fewer than two documents.")
    places = splices.places
    if any(places.text[part.start : part.start + 1] == "%" for part in places.parts):
        raise EditFault("Documents of a stream with directives can only be changed.")
    starts = [part.start for part in places.parts] + [len(places.text)]
    for edit in edits:
        at = int(edit.place[0])
        if isinstance(edit, Insert):
            _insert(splices, parts, at, edit.value)
        else:
            start = parts[at].start
            splices.put(start, next(end for end in starts if end > start), "")


def _insert(splices: NodeSplices, parts: Sequence[Part], at: int, value: Value) -> None:
    places = splices.places
    like = parts[min(at, len(parts) - 1)].root
    has_dashes = at == len(parts) or parts[at].after is not None
    lines = _lines(splices.layout, value, like, dashes=has_dashes)
    if at == len(parts):
        end = len(places.text)
        line_break = places.break_at(end)
        splices.put(end, end, "".join(line + line_break for line in lines))
        return
    start = parts[at].start
    lines += [] if has_dashes else ["---"]
    line_break = places.break_at(start)
    splices.put(start, start, "".join(line + line_break for line in lines))


def _lines(layout: Layout, value: Value, like: Node | None, *, dashes: bool) -> list[str]:
    like = like if like is not None and _is_alike(like, value) else None
    found = layout.spelled(value, None, like)
    head = found.head or ("" if found.lines else "null")
    start = f"--- {head}".rstrip() if dashes else head
    return [start, *found.lines] if start else list(found.lines)


def _is_alike(node: Node, value: Value) -> bool:
    return isinstance(value, dict | list) and node.kind == (
        "map" if isinstance(value, dict) else "list"
    )


def written_documents(value: Value, places: Places) -> str:
    """Gives the text of a new file in the style of another one.

    A list becomes a stream of documents if the other file is one.
    """
    layout = Layout(places)
    parts = [part for part in places.parts if not part.is_nothing]
    roots = [part.root for part in parts]
    dashes = bool(places.parts) and places.parts[0].after is not None
    lines: list[str] = []
    if len(roots) > 1 and isinstance(value, list) and len(value) > 1:
        likes = [roots[min(at, len(roots) - 1)] for at in range(len(value))]
        value = [ordered(item, like) for item, like in zip(value, likes, strict=True)]
        for at, (item, like) in enumerate(zip(value, likes, strict=True)):
            lines += _lines(layout, item, like, dashes=dashes or at > 0)
    else:
        root = roots[0] if len(roots) == 1 else None
        value = ordered(value, root)
        lines = _lines(layout, value, root, dashes=dashes)
    line_break = places.break_at(0)
    text = line_break.join(lines)
    return text if places.is_open and not _ends_in_break(value) else text + line_break


def _ends_in_break(value: Any) -> bool:
    """Tells whether the last text of a value may need the line break behind it."""
    while isinstance(value, dict | list) and value:
        value = list(value.values())[-1] if isinstance(value, dict) else value[-1]
    return isinstance(value, str) and value.endswith("\n")


def ordered(value: Any, like: Node | None) -> Any:
    """Gives a value whose keys stand in the order of another map's, new ones last."""
    if isinstance(value, list):
        return [ordered(item, alike(like, at, item)) for at, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    known = [e.key.text for e in like.entries if e.key] if like is not None else []
    keys = [key for key in known if key in value]
    keys += [key for key in value if key not in set(known)]
    return {key: ordered(value[key], alike(like, key, value[key])) for key in keys}
