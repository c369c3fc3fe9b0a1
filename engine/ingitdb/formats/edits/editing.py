"""Edits files and proves it: what is read afterwards is what was meant, all else as before."""

import importlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal
from difflib import SequenceMatcher
from functools import cache
from types import MappingProxyType
from typing import Any

from ingitdb.formats.registry import by_name
from ingitdb.formats.text import MAX_DIGITS
from ingitdb.model.edits import Edit, EditFault, Editor, Insert, Place, Put, Remove, Step
from ingitdb.model.records import (
    DEFAULT_OPTIONS,
    Document,
    FormatFault,
    ReadOptions,
    Spelled,
    Value,
)

_DELIMITED = ("csv", "tsv")
_ROWS = (*_DELIMITED, "ingr")
"""Formats whose records have all columns of the file."""
_EDITORS: Mapping[str, str] = MappingProxyType(
    {
        "yaml": "ingitdb.formats.edits.yaml_edits:YamlEditor",
        "json": "ingitdb.formats.edits.json_edits:JsonEditor",
        "jsonl": "ingitdb.formats.edits.jsonlines_edits:JsonLinesEditor",
        "csv": "ingitdb.formats.edits.delimited_edits:CsvEditor",
        "tsv": "ingitdb.formats.edits.delimited_edits:TsvEditor",
        "ingr": "ingitdb.formats.edits.ingr_edits:IngrEditor",
        "toml": "ingitdb.formats.edits.toml_edits:TomlEditor",
        "markdown": "ingitdb.formats.edits.markdown_edits:MarkdownEditor",
    }
)


def edited(
    name: str, data: bytes, edits: Sequence[Edit], options: ReadOptions = DEFAULT_OPTIONS
) -> bytes:
    """Gives a file with some edits.

    Args:
        name: The format's name.
        data: The file.
        edits: What is to be changed.
        options: How the file is read.

    Raises:
        FormatFault: The file cannot be read.
        EditFault: An edit cannot be made, or what came of it reads otherwise than was meant.
    """
    if not edits:
        return data
    document = _read(name, data, options)
    if name in _ROWS:
        edits = [_filled(edit, document.columns) for edit in edits]
    wanted = applied(document.value, edits)
    made = _editor(name).edit(data, edits, options)
    try:
        found = _read(name, made, options).value
    except FormatFault as fault:
        raise EditFault(f"The edited file could not be read: {fault.message}") from fault
    if not (same(found, wanted) or (found is None and wanted in ({}, []))):
        raise EditFault("The edited file would read otherwise than was meant.")
    return made


def written(
    name: str,
    value: Value,
    options: ReadOptions = DEFAULT_OPTIONS,
    *,
    like: bytes | None = None,
) -> bytes:
    """Gives a new file that holds a value, in the style of another one if there is one.

    Raises:
        EditFault: The format cannot say the value.
    """
    made = _editor(name).write(value, options, like=like)
    try:
        found = _read(name, made, options).value
    except FormatFault as fault:
        raise EditFault(f"The new file could not be read: {fault.message}") from fault
    if not (same(found, value) or (found is None and value in ({}, []))):
        raise EditFault("The new file would read otherwise than was meant.")
    return made


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


def _filled(edit: Edit, columns: Sequence[str]) -> Edit:
    """Gives a new record of a file of rows the columns that it leaves out."""
    if not isinstance(edit, Insert) or len(edit.place) != 1 or not isinstance(edit.value, dict):
        return edit
    return Insert(place=edit.place, value={**dict.fromkeys(columns), **edit.value})


def _inside(edit: Edit) -> Edit:
    place = edit.place[1:]
    if isinstance(edit, Remove):
        return Remove(place=place) if place else _GONE
    if isinstance(edit, Insert):
        return Insert(place=place, value=edit.value)
    return Put(place=place, value=edit.value)


_GONE = Remove(place=())


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
    found: list[Any] = []
    for at in below:
        if not isinstance(at, int) or not 0 <= at <= len(value):
            raise EditFault(f"A list of {len(value)} items has no position {at!r}.")
    for at in range(len(value) + 1):
        edits = below.get(at, ())
        found += [e.value for e in edits if isinstance(e, Insert) and not e.place]
        rest = [e for e in edits if not isinstance(e, Insert) or e.place]
        if at == len(value):
            if rest:
                raise EditFault(f"A list of {at} items has no position {at}.")
        elif any(isinstance(e, Remove) and not e.place for e in rest):
            if len(rest) > 1:
                raise EditFault(f"Item {at} is removed and changed at once.")
        else:
            found.append(applied(value[at], rest) if rest else value[at])
    return found


def _read(name: str, data: bytes, options: ReadOptions) -> Document:
    reader = by_name(name)
    if reader is None:
        raise EditFault(f"There is no format {name!r}.")
    if name in _DELIMITED:
        options = replace(options, typed_cells=False)
    return reader.read(data, options)


@cache
def _editor(name: str) -> Editor:
    if name not in _EDITORS:
        raise EditFault(f"Files of the format {name} can be read but not written.")
    module, _, attribute = _EDITORS[name].partition(":")
    made: Editor = getattr(importlib.import_module(module), attribute)()
    return made
