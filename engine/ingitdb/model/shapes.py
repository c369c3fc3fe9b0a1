"""Shapes: the structure of a record without its values, as a short text that can be interned.

A shape tells the kind of every scalar, the keys of every map in their order, and which shapes the
items of a list have. Column types at a commit follow from the shapes of its records alone.

Kinds are single letters: `n` null, `b` bool, `i` an int of at most 53 bits, `l` of 64, `h` of 128,
`H` a larger one, `f` finite float, `F` nan or infinity, `s` text, `d` date, `t` time, `T`
timestamp, `Z` timestamp with offset, `x` bytes; `mP.S` is a number of P digits with S decimals that
is spelled like the float of its value, `MP.S` one that is not. A kind followed by `'` is spelled
otherwise than its value (`Spelled`).
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from math import isfinite
from typing import Any

from ingitdb.model.records import Spelled

_INT53 = 2**53
_INT64 = 2**63
_INT128 = 2**127


def shape_of(value: Any) -> str:
    """Gives the shape of a value.

    Example:
        >>> shape_of({"id": 7, "tags": ["a", "b"], "at": {"lat": 1.5}})
        '{"id":i,"tags":[s],"at":{"lat":f}}'
    """
    kind = _PLAIN.get(type(value))
    return kind if kind is not None else _SHAPES[type(value)](value)


def _of_map(value: Mapping[str, Any]) -> str:
    return "{" + ",".join([f"{_quoted(k)}:{shape_of(v)}" for k, v in value.items()]) + "}"


def _of_list(value: list[Any]) -> str:
    if not value:
        return "[]"
    kinds = {*map(type, value)}
    if len(kinds) == 1 and (plain := _PLAIN.get(kinds.pop())):
        return f"[{plain}]"
    shapes = {shape_of(item) for item in value}
    return f"[{shapes.pop()}]" if len(shapes) == 1 else f"[{'|'.join(sorted(shapes))}]"


def _of_int(value: int) -> str:
    if -_INT53 <= value <= _INT53:
        return "i"
    if -_INT64 <= value < _INT64:
        return "l"
    return "h" if -_INT128 < value < _INT128 else "H"


def _of_float(value: float) -> str:
    return "f" if isfinite(value) else "F"


def _of_decimal(value: Decimal) -> str:
    _, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        return "F"
    text = str(value)
    scale = max(-exponent, 0)
    whole = max(len(digits) - scale, 1)
    letter = "m" if repr(float(value)) == text else "M"
    return f"{letter}{whole + scale}.{scale}"


def _of_datetime(value: datetime) -> str:
    return "T" if value.tzinfo is None else "Z"


def _of_spelled(value: Spelled) -> str:
    return shape_of(value.value) + "'"


_NAMES: dict[str, str] = {}


def _quoted(name: str) -> str:
    known = _NAMES.get(name)
    if known is None:
        if len(_NAMES) > 100_000:
            _NAMES.clear()
        known = _NAMES[name] = json.dumps(name, ensure_ascii=False)
    return known


_PLAIN: dict[type, str] = {type(None): "n", bool: "b", str: "s", bytes: "x", date: "d", time: "t"}
_SHAPES: dict[type, Any] = {
    dict: _of_map,
    list: _of_list,
    int: _of_int,
    float: _of_float,
    Decimal: _of_decimal,
    datetime: _of_datetime,
    Spelled: _of_spelled,
}


@dataclass(slots=True)
class Place:
    """What stands at one place of many records: the union of their shapes there.

    Attributes:
        kinds: The scalar kinds, null left out.
        fields: For maps, every key in order of first appearance.
        item: For lists, what their items are.
        is_map: Whether some value is a map.
    """

    kinds: set[str] = field(default_factory=set)
    fields: dict[str, "Place"] = field(default_factory=dict)
    item: "Place | None" = None
    is_map: bool = False

    @property
    def is_list(self) -> bool:
        """Whether some value is a list."""
        return self.item is not None

    def add(self, shape: str) -> None:
        """Unites this place with one more shape."""
        end = self._read(shape, 0)
        if end != len(shape):
            raise ValueError(shape)

    def include(self, other: "Place") -> None:
        """Unites this place with another one, which stays as it is."""
        self.kinds |= other.kinds
        self.is_map = self.is_map or other.is_map
        fields = self.fields
        for name, inner in other.fields.items():
            known = fields.get(name)
            if known is None:
                known = fields[name] = Place()
            known.include(inner)
        if other.item is not None:
            if self.item is None:
                self.item = Place()
            self.item.include(other.item)

    def text(self) -> str:
        """Spells the place as one shape with alternatives, which `unite` reads back."""
        texts = sorted(self.kinds)
        if self.is_map:
            fields = (f"{_quoted(name)}:{inner.text()}" for name, inner in self.fields.items())
            texts.append("{" + ",".join(fields) + "}")
        if self.item is not None:
            texts.append(f"[{self.item.text()}]")
        return "|".join(texts) or "n"

    def _read(self, shape: str, at: int) -> int:
        at = self._read_one(shape, at)
        while at < len(shape) and shape[at] == "|":
            at = self._read_one(shape, at + 1)
        return at

    def _read_one(self, shape: str, at: int) -> int:
        letter = shape[at]
        if letter == "{":
            return self._read_map(shape, at + 1)
        if letter == "[":
            return self._read_list(shape, at + 1)
        end = at + 1
        while end < len(shape) and shape[end] not in ",}|]":
            end += 1
        if shape[at:end] != "n":
            self.kinds.add(shape[at:end])
        return end

    def _read_map(self, shape: str, at: int) -> int:
        self.is_map = True
        while shape[at] != "}":
            if shape[at] == ",":
                at += 1
            name, at = _DECODER.raw_decode(shape, at)
            known = self.fields.get(name)
            if known is None:
                known = self.fields[name] = Place()
            at = known._read(shape, at + 1)
        return at + 1

    def _read_list(self, shape: str, at: int) -> int:
        if self.item is None:
            self.item = Place()
        return at + 1 if shape[at] == "]" else self.item._read(shape, at) + 1


_DECODER = json.JSONDecoder()


def unite(shapes: Iterable[str]) -> Place:
    """Unites shapes in the order given."""
    place = Place()
    for shape in shapes:
        place.include(place_of(shape))
    return place


@lru_cache(maxsize=16_384)
def place_of(shape: str) -> Place:
    """Gives the place of one shape; all share it, so nobody may change it."""
    place = Place()
    place.add(shape)
    return place


def by_frequency(counts: Mapping[str, int]) -> list[str]:
    """Orders shapes as columns follow them: the commonest first, ties by text."""
    return sorted(counts, key=lambda shape: (-counts[shape], shape))


def agree(one: Place, other: Place) -> bool:
    """Tells whether no place is a scalar in one, a list or a map in the other.

    Places that agree share a stored column: scalars of several kinds as text, maps as one map.
    """
    forms = (one.kinds or other.kinds, one.is_list or other.is_list, one.is_map or other.is_map)
    if sum(map(bool, forms)) > 1:
        return False
    if one.item is not None and other.item is not None and not agree(one.item, other.item):
        return False
    return all(
        agree(inner, other.fields[name])
        for name, inner in one.fields.items()
        if name in other.fields
    )


def kinds_at(place: Place) -> str:
    """Spells of which kinds the values at a place are, whatever their size and spelling.

    Example:
        >>> kinds_at(place_of('{"a":i,"b":[h|s],"c":n}'))
        '{"a":i,"b":[i|s]}'
    """
    texts = sorted({_WIDE.get(kind[0], kind[0]) for kind in place.kinds})
    if place.is_map:
        inner = ((name, kinds_at(there)) for name, there in sorted(place.fields.items()))
        texts.append(
            "{" + ",".join(f"{_quoted(name)}:{text}" for name, text in inner if text) + "}"
        )
    if place.item is not None:
        texts.append(f"[{kinds_at(place.item)}]")
    return "|".join(texts)


def is_mixed(place: Place) -> bool:
    """Tells whether a place holds values that are equal to the eye but not of one kind."""
    forms = len({_WIDE.get(kind[0], kind[0]) for kind in place.kinds})
    inner = [*place.fields.values(), *([place.item] if place.item is not None else [])]
    return forms + place.is_map + place.is_list > 1 or any(map(is_mixed, inner))


_WIDE = {"l": "i", "h": "i", "H": "i", "F": "f", "M": "m"}
