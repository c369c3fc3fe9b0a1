"""What differs inside a value: words of a text, lines of a long one, places of a nested one."""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any, TypeAlias

import orjson

_WORD = re.compile(r"\w+|\s+|.", re.DOTALL)
_MOST_PAIRS = 4_000_000
"""So many pairs of words or lines are compared; beyond them all is taken for changed."""
Pieces: TypeAlias = list[tuple[bool, str]]
"""A text in pieces, each with whether it is only there."""
Opcode: TypeAlias = tuple[str, int, int, int, int]


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING = _Missing()
"""Stands for a place that a nested value does not have."""


def words(old: str, new: str) -> tuple[Pieces, Pieces]:
    """Cuts two texts where they differ.

    Example:
        >>> words("from Oslo", "from Bergen")
        ([(False, 'from '), (True, 'Oslo')], [(False, 'from '), (True, 'Bergen')])
    """
    one, other = _WORD.findall(old), _WORD.findall(new)
    before: Pieces = []
    after: Pieces = []
    for tag, i, end_i, j, end_j in opcodes(one, other):
        if end_i > i:
            before.append((tag != "equal", "".join(one[i:end_i])))
        if end_j > j:
            after.append((tag != "equal", "".join(other[j:end_j])))
    return before, after


def opcodes(old: Sequence[str], new: Sequence[str]) -> list[Opcode]:
    """Says which items of two sequences are the same, as `difflib` does."""
    if len(old) * len(new) > _MOST_PAIRS:
        start = 0
        while start < min(len(old), len(new)) and old[start] == new[start]:
            start += 1
        ops: list[Opcode] = [("equal", 0, start, 0, start)] if start else []
        rest = (start, len(old), start, len(new))
        return ops if old == new else [*ops, ("replace", *rest)]
    return list(SequenceMatcher(None, old, new).get_opcodes())


def hunks(old: str, new: str, context: int) -> Iterator[list[Opcode]]:
    """Groups the lines that differ with some equal ones around them."""
    group: list[Opcode] = []
    ops = opcodes(old.splitlines(), new.splitlines())
    for n, (tag, i, end_i, j, end_j) in enumerate(ops):
        head, tail = (context if at else 0 for at in (n, len(ops) - 1 - n))
        if tag != "equal" or end_i - i <= head + tail:
            group.append((tag, i, end_i, j, end_j))
            continue
        if n:
            yield [*group, ("equal", i, i + head, j, j + head)] if head else group
        group = [("equal", end_i - tail, end_i, end_j - tail, end_j)] if tail else []
    if group:
        yield group


def leaves(old: Any, new: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Gives the places inside two values that differ, with what stands there.

    A place that is null on one side and missing on the other does not differ.

    Example:
        >>> list(leaves({"a": [1, 2], "b": {"c": 1}}, {"a": [1, 2, 3], "b": {"c": 2}}))
        [('a[2]', MISSING, 3), ('b.c', 1, 2)]
    """
    if isinstance(old, dict) and isinstance(new, dict):
        for name in dict.fromkeys([*old, *new]):
            below = f"{path}.{name}" if path else name
            yield from leaves(old.get(name, MISSING), new.get(name, MISSING), below)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _items(old, new, path)
    elif not (_is_absent(old) and _is_absent(new)) and not same(old, new):
        yield path, old, new


def same(old: Any, new: Any) -> bool:
    """Tells whether two values are the same, and of one kind."""
    return type(old) is type(new) and bool(old == new)


def _items(old: list[Any], new: list[Any], path: str) -> Iterator[tuple[str, Any, Any]]:
    spelled = [[orjson.dumps(item).decode() for item in items] for items in (old, new)]
    for tag, i, end_i, j, end_j in opcodes(*spelled):
        if tag == "equal":
            continue
        paired = min(end_i - i, end_j - j)
        for n in range(paired):
            yield from leaves(old[i + n], new[j + n], f"{path}[{j + n}]")
        for n in range(i + paired, end_i):
            yield f"{path}[{n}]", old[n], MISSING
        for n in range(j + paired, end_j):
            yield f"{path}[{n}]", MISSING, new[n]


def _is_absent(value: Any) -> bool:
    return value is None or value is MISSING
