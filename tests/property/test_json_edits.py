"""Edits of JSON and JSON Lines in any layout: the meant values, and no other byte."""

import json
from collections import Counter
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ingitdb.formats.edits.editing import applied, edited, written
from ingitdb.model.edits import Edit, Insert, Place, Put, Remove

RELAXED = settings(max_examples=250, deadline=None, derandomize=True)
MARK = {"ø": "å/<😀", "none": [[], []]}
"""Stands in every document, so that its escapes and its empty lists can be seen."""
words = st.text(alphabet='ab "\\/\n\t\x7f\x01ø\u2028😀{}[],:<0', max_size=6)
numbers = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | numbers | words
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)
maps = st.dictionaries(words, values, max_size=4).map(lambda value: {**value, **MARK})
records = st.lists(maps, min_size=1, max_size=4)
chances = st.randoms(use_true_random=False)


class Writer:
    """Writes JSON in a layout that is drawn, in some with any blanks between the tokens."""

    def __init__(self, chance: Random, *, one_line: bool = False) -> None:
        self.chance = chance
        self.is_wild = not one_line and chance.random() < 0.3
        self.is_ascii = chance.random() < 0.4
        self.newline = chance.choice(["\n", "\r\n", "\r"])
        self.unit = chance.choice(["", " ", "  ", "    ", "\t"])
        self.colon = chance.choice([":", ": ", " : "])
        self.comma = chance.choice([",", ", "])
        self.inline_from = 0 if one_line else chance.choice([0, 1, 2, 9])
        self.empty = chance.choice(["", " "])
        self.leads = chance.random() < 0.2

    def text(self, value: Any, depth: int = 0) -> str:
        if not isinstance(value, dict | list):
            return json.dumps(value, ensure_ascii=self.is_ascii)
        marks = "{}" if isinstance(value, dict) else "[]"
        if not value:
            return self.empty.join(marks)
        items: Any = value.items() if isinstance(value, dict) else value
        texts = [
            self.text(item[0]) + self.between(self.colon) + self.text(item[1], depth + 1)
            if isinstance(value, dict)
            else self.text(item, depth + 1)
            for item in items
        ]
        if depth >= self.inline_from:
            opening, comma, closing = "", self.comma, ""
        else:
            closing = self.newline + self.unit * depth
            opening = closing + self.unit
            comma = f"{opening}, " if self.leads else f",{opening}"
        made = opening + texts[0]
        for text in texts[1:]:
            made += self.between(comma) + text
        return (
            self.between(marks[0] + made[: len(opening)])
            + made[len(opening) :]
            + (self.between(closing + marks[1]))
        )

    def between(self, mark: str) -> str:
        if not self.is_wild:
            return mark
        before, after = (
            "".join(self.chance.choices([" ", "\t", "\n", "\r\n", "\r", "  "], k=count))
            for count in self.chance.choices([0, 0, 1, 2], k=2)
        )
        return before + mark.strip() + after

    def file(self, value: Any) -> bytes:
        ends = self.chance.choice(["", self.newline, self.newline * 2])
        encoding = self.chance.choice(["utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-32"])
        return (self.text(value) + ends).encode(encoding)

    def lines(self, value: list[Any]) -> bytes:
        newline = self.chance.choice(["\n", "\r\n"])
        blanks = self.chance.choice(["", "", newline, f" {newline}"])
        text = blanks.join(self.text(item) + newline for item in value)
        return (text if self.chance.random() < 0.7 else text.removesuffix(newline)).encode()


def parsed(name: str, data: bytes) -> Any:
    """Reads a file with the reader of the standard library."""
    if name == "json":
        return json.loads(data)
    return [json.loads(line) for line in data.decode().split("\n") if line.strip()]


def exact(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def scalars_in(value: Any, place: Place = ()) -> list[tuple[Place, Any]]:
    if isinstance(value, dict | list):
        steps: Any = value.items() if isinstance(value, dict) else enumerate(value)
        return [found for step, item in steps for found in scalars_in(item, (*place, step))]
    return [(place, value)]


def containers_in(value: Any, place: Place = ()) -> list[tuple[Place, Any]]:
    if not isinstance(value, dict | list):
        return []
    steps: Any = value.items() if isinstance(value, dict) else enumerate(value)
    return [(place, value)] + [
        found for step, item in steps for found in containers_in(item, (*place, step))
    ]


def some_edits(value: Any, chance: Random, fresh: list[Any], place: Place = ()) -> list[Edit]:
    """Draws edits in all corners of a value that can be made at once."""
    steps: Any = value.items() if isinstance(value, dict) else enumerate(value)
    found: list[Edit] = []
    for step, item in steps:
        here = (*place, step)
        what = chance.random()
        if what < 0.15:
            found.append(Put(place=here, value=chance.choice(fresh)))
        elif what < 0.4:
            found.append(Remove(place=here))
        elif what < 0.8 and isinstance(item, dict | list):
            found += some_edits(item, chance, fresh, here)
    for _ in range(chance.choice([0, 0, 1, 2])):
        step = chance.randint(0, len(value))
        if isinstance(value, dict):
            step = f"new {len(found)}"
        found.append(Insert(place=(*place, step), value=chance.choice(fresh)))
    return found


def drawn(chance: Random, rows: list[Any]) -> tuple[str, bytes, Any]:
    """Gives the name of a format, a file in it and what the file holds."""
    if chance.random() < 0.4:
        return "jsonl", Writer(chance, one_line=True).lines(rows), rows
    value = chance.choice([rows, rows[0], {"a": rows, **MARK}])
    return "json", Writer(chance).file(value), value


@RELAXED
@given(rows=records, fresh=st.lists(values, min_size=1, max_size=4), chance=chances)
def test_what_is_meant_stands_there(rows: list[Any], fresh: list[Any], chance: Random) -> None:
    name, data, value = drawn(chance, rows)
    edits = some_edits(value, chance, fresh)
    chance.shuffle(edits)
    made = edited(name, data, edits)
    assert exact(parsed(name, made)) == exact(applied(value, edits))


@RELAXED
@given(rows=records, fresh=scalars, chance=chances)
def test_another_scalar_changes_its_line_alone(rows: list[Any], fresh: Any, chance: Random) -> None:
    name, data, value = drawn(chance, rows)
    place, old = chance.choice(scalars_in(value)[:-1] or scalars_in(value))
    assert edited(name, data, [Put(place=place, value=old)]) == data
    made = edited(name, data, [Put(place=place, value=fresh)])
    lines, found = (parsed_lines(name, each) for each in (data, made))
    assert len(lines) == len(found)
    differ = sum(one != other for one, other in zip(lines, found, strict=True))
    assert differ == (json.dumps(old) != json.dumps(fresh))
    assert edited(name, made, [Put(place=place, value=old)]) == data


def parsed_lines(name: str, data: bytes) -> list[str]:
    text = data.decode() if name == "jsonl" else data.decode(json.detect_encoding(data))
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


@RELAXED
@given(rows=records, fresh=st.lists(values, min_size=1, max_size=3), chance=chances)
def test_what_came_can_go_again(rows: list[Any], fresh: list[Any], chance: Random) -> None:
    name, data, value = drawn(chance, rows)
    place, around = chance.choice(containers_in(value))
    at = chance.randint(0, len(around))
    steps: list[Any] = [at] * len(fresh)
    there: list[Any] = [at + more for more in range(len(fresh))]
    if isinstance(around, dict):
        steps = there = [f"new {more}" for more in range(len(fresh))]
    made = edited(
        name,
        data,
        [Insert(place=(*place, s), value=v) for s, v in zip(steps, fresh, strict=True)],
    )
    old, new = (Counter(parsed_lines(name, each)) for each in (data, made))
    assert sum((old - new).values()) <= 1
    assert edited(name, made, [Remove(place=(*place, step)) for step in there]) == data


@RELAXED
@given(rows=records, value=maps, chance=chances)
def test_a_new_file_holds_its_value(rows: list[Any], value: Any, chance: Random) -> None:
    name, data, _ = drawn(chance, rows)
    whole = [value, *rows] if name == "jsonl" else chance.choice([value, [value]])
    for like in (None, data):
        assert exact(parsed(name, written(name, whole, like=like))) == exact(whole)


@RELAXED
@given(value=maps, chance=chances)
def test_a_file_like_another_is_written_like_it(value: Any, chance: Random) -> None:
    """What holds all there is to a layout is written again as it was."""
    style = Writer(chance)
    style.is_wild = style.leads = False
    data = style.file(value)
    assert written("json", value, like=data) == data
