"""Spells values as JSON, laid out as other values near them are."""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, partial
from typing import Any

from ingitdb.formats.edits.json_nodes import Container, break_in
from ingitdb.formats.edits.json_styles import Letters, Style, letters_of, style_of
from ingitdb.formats.edits.text_bytes import Encoding
from ingitdb.formats.numbers import integer, real
from ingitdb.formats.text import MAX_DEPTH, MAX_DIGITS, TOO_DEEP
from ingitdb.model.edits import EditFault
from ingitdb.model.records import Spelled, Value

MOST_MODELS = 4
"""So many values near a new one are looked at for its layout."""

_TOO_LONG = f"A number has more than {MAX_DIGITS} digits."
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?P<part>(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)")
_ESCAPE = re.compile(r"\\(?:u([0-9a-f]{4})|.)", re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")
_BREAK = re.compile(r"(\r\n|\n|\r)(?:[ \t]*(?:\r\n|\n|\r))*")
_MARKUP = str.maketrans({c: f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What stands between the members of a container that is to be written."""

    opening: str
    separator: str
    closing: str
    colon: str

    @property
    def is_broken(self) -> bool:
        """Whether the first member stands on a line of its own."""
        return break_in(self.opening) is not None

    def indent(self, base: str) -> str:
        """Gives the blanks at the start of the lines of the members."""
        found = break_in(self.opening) or break_in(self.separator)
        if found is None:
            return base
        return found.lstrip("\r\n")[: -len(found.lstrip()) or None]


class Speller:
    """Writes values for one file.

    Args:
        raw: A valid text whose style is taken, mostly the file as it was read.
        encoding: That of the file.
        one_line: Whether a value must not be broken over lines.
    """

    def __init__(self, raw: bytes, encoding: Encoding, *, one_line: bool = False) -> None:
        self._raw = raw
        self._encoding = encoding
        self._one_line = one_line

    @cached_property
    def style(self) -> Style:
        """The layout of the file."""
        return style_of(self._raw, one_line=self._one_line)

    @cached_property
    def _letters(self) -> Letters:
        return letters_of(self._raw)

    def value(
        self,
        value: Value,
        *,
        depth: int,
        base: str = "",
        models: Sequence[Container] = (),
        broken: bool | None = None,
    ) -> str:
        """Gives the text of a value.

        Args:
            value: What is to be written.
            depth: The containers that it lies in.
            base: The blanks at the start of the line that it begins on.
            models: Maps and lists to take layout and order of keys from, the nearest first.
            broken: Whether to break what has no model over lines, if that is known.

        Raises:
            EditFault: JSON cannot say the value.
        """
        if not isinstance(value, dict | list):
            return self.scalar(value)
        marks = "{}" if isinstance(value, dict) else "[]"
        if not value:
            return self.emptied(base, broken=broken).join(marks)
        if depth >= MAX_DEPTH:
            raise EditFault(TOO_DEEP)
        alike = [m for m in models if m.is_map == isinstance(value, dict) and m.members]
        layout = self._layout(value, depth, base, alike, broken)
        texts = self._members(value, depth, base, alike, layout)
        return marks[0] + layout.opening + layout.separator.join(texts) + layout.closing + marks[1]

    def scalar(self, value: Value) -> str:
        """Gives the text of a value that is no container.

        Raises:
            EditFault: JSON cannot say the value.
        """
        if value is None:
            return "null"
        if isinstance(value, Spelled):
            return _own_text(value)
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, int | float | Decimal):
            return _number(value)
        raise EditFault(f"JSON has no values of the type {type(value).__name__}.")

    def key(self, key: Any) -> str:
        """Gives the text of a key.

        Raises:
            EditFault: It is no text, or none that JSON can say.
        """
        if not isinstance(key, str):
            raise EditFault(f"A key in JSON is a text, and {key!r} is none.")
        return self.text(key)

    def text(self, text: str) -> str:
        """Gives a text in quotation marks, with the escapes of the file.

        Raises:
            EditFault: The text holds half of a surrogate pair.
        """
        if _SURROGATE.search(text):
            raise EditFault("A text holds half of a surrogate pair.")
        is_ascii = self._letters.is_ascii or not _can_say(text, self._encoding)
        found = json.dumps(text, ensure_ascii=is_ascii)
        if self._letters.slash:
            found = found.replace("/", "\\/")
        if self._letters.markup:
            found = found.translate(_MARKUP)
        return _ESCAPE.sub(_capitals, found) if self._letters.upper else found

    def emptied(self, base: str, *, broken: bool | None) -> str:
        """Gives what stands inside the brackets of an empty container, as in most of the file."""
        empty = self.style.empty
        if "\n" not in empty:
            return empty
        return "" if self._one_line or broken is False else self.style.newline + base

    def colon(self, container: Container) -> str:
        """Gives what stands between keys and values in a map: as everywhere in it, if anywhere."""
        found = {container.colon(at) for at in range(min(len(container.members), MOST_MODELS))}
        return found.pop() if len(found) == 1 else self.style.colon

    def _members(
        self,
        value: dict[str, Any] | list[Any],
        depth: int,
        base: str,
        alike: Sequence[Container],
        layout: Layout,
    ) -> list[str]:
        """Gives the texts of the entries or items of a container."""
        spelled = partial(
            self.value,
            depth=depth + 1,
            base=layout.indent(base),
            broken=None if layout.is_broken else False,
        )
        if isinstance(value, dict):
            return [
                self.key(key) + layout.colon + spelled(value[key], models=_at_key(alike, key))
                for key in ordered(value, alike)
            ]
        models = _items(alike)
        return [spelled(item, models=models) for item in value]

    def _layout(
        self,
        value: dict[str, Any] | list[Any],
        depth: int,
        base: str,
        alike: Sequence[Container],
        broken: bool | None,
    ) -> Layout:
        items: Iterable[Any] = value.values() if isinstance(value, dict) else value
        sort = isinstance(value, dict), any(isinstance(item, dict | list) for item in items)
        model = next((model for model in alike if model.holds_containers == sort[1]), None)
        if model is None and broken is None:
            broken = self.style.known(depth, sort)
        if model is None and alike and (broken is None or broken == alike[0].is_broken):
            model = alike[0]
        if model is not None and not (self._one_line and model.is_broken):
            longer = [m for m in (model, *alike) if m.is_broken == model.is_broken and m.is_longer]
            return self._layout_like(longer[0] if longer else model, base)
        if broken is None:
            broken = self.style.is_broken(depth, sort)
        return self._own_layout(base, is_map=sort[0], broken=broken and not self._one_line)

    def _own_layout(self, base: str, *, is_map: bool, broken: bool) -> Layout:
        style = self.style
        if not broken:
            pad = style.pads[is_map]
            return Layout(opening=pad, separator="," + style.comma, closing=pad, colon=style.colon)
        line = style.newline + base
        return Layout(
            opening=line + style.unit,
            separator="," + line + style.unit,
            closing=line,
            colon=style.colon,
        )

    def _layout_like(self, model: Container, base: str) -> Layout:
        opening, last = model.lead(0), len(model.members) - 1
        if last:
            separator = model.tail(0) + "," + model.lead(1)
        elif model.is_broken:
            separator = "," + opening
        else:
            separator = "," + self.style.comma
        there = model.indent
        return Layout(
            opening=_moved(opening, there, base),
            separator=_moved(separator, there, base),
            closing=_moved(model.tail(last), there, base),
            colon=self.colon(model) if model.is_map else self.style.colon,
        )


def ordered(value: Mapping[str, Any], models: Iterable[Container]) -> list[str]:
    """Gives the keys of a map in the order of other maps; what they do not have comes last."""
    order: list[str | None] = []
    for model in models:
        _merge(order, [member.key for member in model.members])
    known = {key: at for at, key in enumerate(order)}
    return sorted(value, key=lambda key: known.get(key, len(known)))


def _merge(order: list[str | None], keys: Sequence[str | None]) -> None:
    """Adds to some keys others, each after the one that it follows."""
    if not order:
        order += keys
    known = set(order)
    for at, key in enumerate(keys):
        if key not in known:
            order.insert(order.index(keys[at - 1]) + 1 if at else 0, key)
            known.add(key)


def _at_key(models: Iterable[Container], key: str) -> list[Container]:
    found = [model.child(model.positions[key]) for model in models if key in model.positions]
    return [child for child in found if child is not None]


def _items(models: Iterable[Container]) -> list[Container]:
    found: list[Container] = []
    for model in models:
        children = [model.child(at) for at in range(min(len(model.members), MOST_MODELS))]
        found += [child for child in children if child is not None]
    return found[:MOST_MODELS]


def _moved(blanks: str, there: str, base: str) -> str:
    """Gives blanks of one place for another, with the indentation of that and no blank line."""
    if break_in(blanks) is None:
        return blanks
    pieces = _BREAK.split(blanks)
    made = pieces[0]
    for newline, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        made += newline + (base + piece.removeprefix(there) if piece.startswith(there) else piece)
    return made


def _can_say(text: str, encoding: Encoding) -> bool:
    try:
        text.encode(encoding.codec)
    except UnicodeError:
        return False
    return True


def _own_text(value: Spelled) -> str:
    text = value.text
    if isinstance(value.value, bool):
        if text == ("true" if value.value else "false"):
            return text
    elif isinstance(value.value, int | float):
        found = _NUMBER.fullmatch(text)
        if found is not None:
            read = real(text) if found["part"] else integer(text)
            if not isinstance(read, str):
                return text
    raise EditFault(f"JSON has no value that is spelled {text!r}.")


def _number(value: float | Decimal) -> str:
    if isinstance(value, int):
        return _integer(value)
    if not (value.is_finite() if isinstance(value, Decimal) else math.isfinite(value)):
        raise EditFault(f"JSON has no number {value}.")
    return float.__repr__(value) if isinstance(value, float) else _decimal(value)


def _integer(value: int) -> str:
    text = int.__repr__(value) if value.bit_length() < MAX_DIGITS * 3.4 else ""
    if not text or len(text) > MAX_DIGITS:
        raise EditFault(_TOO_LONG)
    return text


def _decimal(value: Decimal) -> str:
    """Gives the own text of a decimal, but that of an integer if it has no decimal point."""
    text = str(value)
    if len(text) > MAX_DIGITS or value.adjusted() >= MAX_DIGITS:
        raise EditFault(_TOO_LONG)
    if "." not in text and value == value.to_integral_value():
        return _integer(int(value)) if "E" in text else text
    if isinstance(real(text), str):
        raise EditFault(f"The number {text} is beyond the range of a double.")
    return text


def _capitals(found: re.Match[str]) -> str:
    return found[0] if found[1] is None else "\\u" + found[1].upper()
