"""Values of documents: what edits make of one, the edits between two, and which are the same."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal
from difflib import SequenceMatcher
from typing import Any

from ingitdb.formats.text import MAX_DIGITS
from ingitdb.model.edits import Edit, EditFault, Insert, Place, Put, Remove, Step
from ingitdb.model.records import Spelled, Value


def applied(value: Value, edits: Sequence[Edit]) -> Value:
    """Gives a document's value after some edits; the value itself stays.

    Raises:
        EditFault: An edit's place is not there, or is there already.
    """
    below: dict[Step, list[Edit]] = {}
    for edit in edits:
        if not edit.place:
            if len(edits) > 1 or not isinstance(edit, Put):
                raise EditFault("The whole document can only be replaced.")
            return edit.value
        below.setdefault(edit.place[0], []).append(_inside(edit))
    if isinstance(value, dict) or (value is None and all(isinstance(at, str) for at in below)):
        return _applied_to_map(value or {}, below)
    if isinstance(value, list) or (value is None and all(isinstance(at, int) for at in below)):
        return _applied_to_list(value or [], below)
    raise EditFault(f"There is nothing at {next(iter(below))!r}.")


def leaf_edits(old: Value, new: Value, place: Place = ()) -> Iterator[Edit]:
    """Gives the smallest edits that turn one value into another, down to single scalars."""
    if same(old, new):
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key, item in old.items():
            if key in new:
                yield from leaf_edits(item, new[key], (*place, key))
            else:
                yield Remove(place=(*place, key))
        yield from (
            Insert(place=(*place, key), value=item) for key, item in new.items() if key not in old
        )
    elif isinstance(old, list) and isinstance(new, list):
        yield from _list_edits(old, new, place)
    else:
        yield Put(place=place, value=new)


def same(one: Value, other: Value) -> bool:
    """Tells whether two values are the same content: 1, 1.0, true and '1' are four things."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(v, other[key]) for key, v in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, str) and isinstance(other, str):
        return one == other
    return bool(_identity(one) == _identity(other))


def _list_edits(old: Sequence[Any], new: Sequence[Any], place: Place) -> Iterator[Edit]:
    known: dict[Any, int] = {}
    left, right = (
        [known.setdefault(_frozen(v), len(known)) for v in items] for items in (old, new)
    )
    for tag, i, i_end, j, j_end in SequenceMatcher(a=left, b=right, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        both = min(i_end - i, j_end - j)
        for step in range(both):
            yield from leaf_edits(old[i + step], new[j + step], (*place, i + step))
        yield from (Remove(place=(*place, at)) for at in range(i + both, i_end))
        for at in range(j + both, j_end):
            yield Insert(place=(*place, i + both), value=new[at])


def _frozen(value: Value) -> Any:
    if isinstance(value, dict):
        return "map", frozenset((key, _frozen(item)) for key, item in value.items())
    if isinstance(value, list):
        return "list", tuple(map(_frozen, value))
    return _identity(value)


def _identity(value: Value) -> Any:
    """Gives what two scalars that are the same have in common, a spelling left aside."""
    if isinstance(value, Spelled):
        value = value.value
    if isinstance(value, Decimal):
        if value.adjusted() > MAX_DIGITS:
            return "decimal", str(value)
        is_whole = (
            value.is_finite() and "." not in str(value) and value == value.to_integral_value()
        )
        value = int(value) if is_whole else float(value)
    if isinstance(value, float):
        return ("nan",) if math.isnan(value) else ("real", value)
    if isinstance(value, int) and not isinstance(value, bool):
        return "integer", value
    if isinstance(value, dict | list):
        return "container", id(value)
    if isinstance(value, datetime | date | time):
        return type(value).__name__, value.isoformat()
    return type(value).__name__, value


def _inside(edit: Edit) -> Edit:
    return replace(edit, place=edit.place[1:])


def _applied_to_map(value: dict[str, Any], below: Mapping[Step, Sequence[Edit]]) -> dict[str, Any]:
    found = dict(value)
    for key, edits in below.items():
        (first, *rest) = edits
        if not isinstance(key, str):
            raise EditFault(f"A map has no position {key}.")
        if isinstance(first, Insert) and not first.place:
            if rest or key in value:
                raise EditFault(f"{key!r} is there already.")
            found[key] = first.value
        elif key not in value:
            raise EditFault(f"There is no {key!r}.")
        elif isinstance(first, Remove) and not first.place:
            if rest:
                raise EditFault(f"{key!r} is removed and changed at once.")
            del found[key]
        else:
            found[key] = applied(value[key], edits)
    return found


def _applied_to_list(value: list[Any], below: Mapping[Step, Sequence[Edit]]) -> list[Any]:
    places: list[int] = []
    for at in below:
        if not isinstance(at, int) or not 0 <= at <= len(value):
            raise EditFault(f"A list of {len(value)} items has no position {at!r}.")
        places.append(at)
    found: list[Any] = []
    done = 0
    for at in sorted(places):
        found += value[done:at]
        done = at
        found += [e.value for e in below[at] if isinstance(e, Insert) and not e.place]
        rest = [e for e in below[at] if not isinstance(e, Insert) or e.place]
        if not rest:
            continue
        if at == len(value):
            raise EditFault(f"A list of {at} items has no position {at}.")
        done = at + 1
        if not any(isinstance(e, Remove) and not e.place for e in rest):
            found.append(applied(value[at], rest))
        elif len(rest) > 1:
            raise EditFault(f"Item {at} is removed and changed at once.")
    return found + value[done:]
