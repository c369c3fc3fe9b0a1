"""Cells of files whose data package says how values are spelled: text, and what is missing."""

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import TypeAlias

from ingitdb.model.records import Spelled, Value

CellRules: TypeAlias = tuple[tuple[str, tuple[str, ...], bool], ...]
"""For some columns the texts that stand for NULL, and whether all others stay text."""
_Reader: TypeAlias = Callable[[Value], Value]


def text_of(value: Value) -> str | None:
    """Gives the text of a scalar as it stands in its file; None for what has none."""
    if isinstance(value, str):
        return value
    if isinstance(value, Spelled):
        return value.text
    if value is None or isinstance(value, list | dict | bytes):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, datetime) else str(value)


class Readers(dict[str, _Reader | None]):
    """Gives what reads the cells of a column, whatever the case of its name; None for the rest."""

    def __init__(self, rules: CellRules) -> None:
        self._by_fold = {name.casefold(): _reader(texts, is_text) for name, texts, is_text in rules}

    def __missing__(self, name: str) -> _Reader | None:
        found = self[name] = self._by_fold.get(name.casefold())
        return found


@lru_cache(maxsize=256)
def readers(rules: CellRules) -> Readers:
    """Makes the readers of a file's columns.

    Example:
        >>> [readers((("size", ("NA",), True),))["Size"](cell) for cell in (12, "NA")]
        ['12', None]
    """
    return Readers(rules)


def _reader(missing: tuple[str, ...], as_text: bool) -> _Reader:
    def read(value: Value) -> Value:
        text = text_of(value)
        if text in missing:
            return None
        return text if as_text and text is not None else value

    return read
