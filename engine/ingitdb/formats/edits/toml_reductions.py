"""Edits of a TOML text turned into others that each concern a text of its own."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from ingitdb.formats.edits.changed_values import applied, leaf_edits
from ingitdb.formats.edits.toml_places import Places
from ingitdb.model.edits import Edit, EditFault, Place, Put, Remove, Step


def reduced(places: Places, value: dict[str, Any], edits: Sequence[Edit]) -> Iterator[Edit]:
    """Gives edits with the same outcome as some others.

    A map or list put in the place of another becomes the edits of what differs. A table without
    a header of its own that loses its last entry, and an array of tables that becomes empty or
    holds anything but tables, is put as a whole; so is nothing else but what is spelled in one
    piece.

    Raises:
        EditFault: The whole document would be no map.
    """
    for edit in edits:
        if not edit.place:
            if not isinstance(edit, Put) or not isinstance(edit.value, dict):
                raise EditFault("A TOML file holds a map.")
            edits = list(leaf_edits(value, edit.value))
            break
    return _below(places, value, (), edits)


def _below(places: Places, value: Any, place: Place, edits: Sequence[Edit]) -> Iterator[Edit]:
    size = len(place)
    if not _stays(places, value, place, edits):
        inner = [replace(edit, place=edit.place[size:]) for edit in edits]
        yield Put(place=place, value=applied(value, inner))
        return
    groups: dict[Step, list[Edit]] = {}
    for edit in edits:
        if len(edit.place) > size + 1:
            groups.setdefault(edit.place[size], []).append(edit)
        elif isinstance(edit, Put):
            yield from _put(places, value[edit.place[-1]], edit)
        else:
            yield edit
    for step, group in groups.items():
        yield from _below(places, value[step], (*place, step), group)


def _stays(places: Places, value: Any, place: Place, edits: Sequence[Edit]) -> bool:
    """Tells whether a container has text after its edits that makes it what it is."""
    if place in places.nodes or places.section_of(place) is not None:
        return True
    own = [edit for edit in edits if len(edit.place) == len(place) + 1]
    new = [edit.value for edit in own if not isinstance(edit, Remove)]
    if not new and len(own) == len(value):
        return False
    return isinstance(value, dict) or all(isinstance(each, dict) for each in new)


def _put(places: Places, old: Any, edit: Put) -> Iterator[Edit]:
    new = edit.value
    for kind in (dict, list):
        if isinstance(old, kind) and isinstance(new, kind):
            smaller = list(leaf_edits(old, new, edit.place))
            if smaller:
                yield from _below(places, old, edit.place, smaller)
            return
    yield edit
