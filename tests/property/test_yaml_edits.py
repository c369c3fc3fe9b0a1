"""Edits of YAML change what they should and nothing else, whatever the file looks like."""

import re
from random import Random
from typing import Any

import ruamel.yaml
import yaml
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from ingitdb.formats.edits.editing import applied, edited, leaf_edits, same, written
from ingitdb.formats.yaml import Yaml
from ingitdb.model.edits import Edit, Insert, Put, Remove
from ingitdb.model.records import FormatFault

TEXTS = [
    *("plain", "two words", "no", "yes", "y", "010", "1e3", "1_000", "0x1F", "12:30:45", ".5"),
    *("2024-01-05", "~", "null", "=", "<<", "", " x", "x ", "a: b", "a #b", "#c", "- x", "@x"),
    *("%x", "!x", "&x", "*x", "it's", 'say "hi"', "back\\slash", "a,b", "[x]", "{x}", "a:b"),
    *("one\ntwo", "one\ntwo\n", "\none", "one\n\n", "one\n\ntwo\n", " one\ntwo\n", "\tone"),
    *("one\ttwo", "é😀", "\x07", "\x85n", "a\u2028b", "\ufeffx", "x\r\ny", "  ", "\n", "--- x"),
    *("x" * 120, "word " * 30 + "end", "one\n  \ntwo", "one\n  ", "true", "1.5", "? x", "|"),
]
NUMBERS: list[Any] = [None, True, False, 0, -7, 12345, 1.5, 1e16, 1e-7, float("inf")]
KEYS = ["a", "b", "cx", "d y", "e", "f"]
NEW_KEYS = ["new", "k: v", "no", "5", "z z", "<<x", "é"]
SCALARS = st.sampled_from(TEXTS) | st.sampled_from(NUMBERS) | st.text(max_size=8)
values = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3)
    ),
    max_leaves=8,
)
roots = st.lists(values, min_size=2, max_size=4) | st.dictionaries(
    st.sampled_from(KEYS), values, min_size=2, max_size=4
)
RELAXED = settings(
    max_examples=250,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


class Scribe:
    """Writes values as YAML in any style, with comments and blank lines between."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.step, self.gap = chance.choice([2, 4, 3]), chance.choice([1, 1, 3])
        self.list_step = chance.choice([0, 2, self.step])
        self.comments = chance.choice([0, 0.4])
        self.end = chance.choice(["\n", "\n", "\r\n"])

    def document(self, value: Any) -> str:
        lines = ["# top"] if self._often(0.2) else []
        lines += ["---"] if self._often(0.2) else []
        lines += self._lines(value, 0) if self._often(0.9) else [self._flow(value)]
        return self.end.join(lines) + ("" if self._often(0.1) else self.end)

    def _often(self, share: float) -> bool:
        return self.chance.random() < share

    def _comment(self) -> str:
        return self.chance.choice(["  # c", " # d: e"]) if self._often(self.comments) else ""

    def _between(self) -> list[str]:
        own = " " * self.chance.randint(0, 4) + "# own"
        found = [own] if self._often(self.comments / 3) else []
        return found + ([""] if self._often(self.comments / 3) else [])

    def _scalar(self, value: Any) -> str:
        if not isinstance(value, str):
            if isinstance(value, float):
                text = repr(value).replace("1e", "1.0e")
                return ".inf" if text == "inf" else text
            words: dict[Any, str] = {None: self.chance.choice(["null", "~"])}
            words |= {} if type(value) is int else {True: "true", False: "false"}
            return words.get(value, str(value))
        is_plain = value in {"plain", "two words"} or value in KEYS
        if is_plain and self._often(0.6):
            return value
        if value.isprintable() and "\ufeff" not in value and self._often(0.5):
            return "'" + value.replace("'", "''") + "'"
        return yaml.dump(value, default_style='"', width=10**9).removesuffix("\n")

    def _flow(self, value: Any) -> str:
        if isinstance(value, dict):
            cells = [f"{self._scalar(key)}: {self._flow(item)}" for key, item in value.items()]
            return "{" + ", ".join(cells) + ("," if cells and self._often(0.1) else "") + "}"
        if isinstance(value, list):
            comma = "," if value and self._often(0.1) else ""
            return "[" + ", ".join(map(self._flow, value)) + comma + "]"
        return self._scalar(value)

    def _wide(self, value: Any, column: int) -> str:
        """Writes a list in flow style over several lines."""
        if not isinstance(value, list) or not value:
            return self._flow(value)
        pad = self.end + " " * (column + 2)
        cells = [pad + self._flow(item) + "," + self._comment() for item in value[:-1]]
        last = pad + self._flow(value[-1]) + self.chance.choice([",", ""]) + self._comment()
        return "[" + "".join(cells) + last + self.end + " " * (column + 1) + "]"

    def _behind(self, value: Any, column: int, *, is_item: bool) -> list[str]:
        """Writes what stands behind a key or dash: the rest of its line, and lines below."""
        if isinstance(value, dict | list):
            if not value or self._often(0.2):
                wide = self._wide if self._often(0.3) else lambda inner, _: self._flow(inner)
                return [" " + wide(value, column) + self._comment()]
            if is_item:
                inner = column + 1 + self.gap
                lines = self._lines(value, inner, leads=True)
                return [lines[0][column + 1 :], *lines[1:]]
            step = self.step if isinstance(value, dict) else self.list_step
            return [self._comment(), *self._lines(value, column + step)]
        if value in {"one\ntwo", "one\ntwo\n", "one\n\ntwo\n"} and self._often(0.7):
            pad = " " * (column + self.chance.choice([2, 4]))
            lines = [pad + line if line else "" for line in value.removesuffix("\n").split("\n")]
            return [" |" + "-" * (value[-1] != "\n") + self._comment(), *lines]
        if value is None and self._often(0.3):
            return [self._comment()]
        return [" " + self._scalar(value) + self._comment()]

    def _lines(self, value: Any, column: int, *, leads: bool = False) -> list[str]:
        lines: list[str] = []
        for item in value.items() if isinstance(value, dict) else enumerate(value):
            lines += self._between() if lines or not leads else []
            is_item = isinstance(value, list)
            start = " " * column + ("-" if is_item else self._scalar(item[0]) + ":")
            first, *rest = self._behind(item[1], column, is_item=is_item)
            lines += [start + first, *rest]
        return lines


def places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[tuple[Any, ...], Any]]:
    """Gives all places of a value with what is there."""
    found = [(place, value)]
    inner: Any = ()
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
    for step, item in inner:
        found += places(item, (*place, step))
    return found


def some_edit(value: Any, new: Any, chance: Random) -> Edit:
    """Gives an edit somewhere in a value."""
    place, _ = chance.choice(places(value)[1:])
    kind = chance.choice(["put", "remove", "insert", "insert"])
    if kind == "put":
        return Put(place=place, value=new)
    if kind == "remove":
        return Remove(place=place)
    holders = [(where, v) for where, v in places(value) if isinstance(v, dict | list)]
    place, holder = chance.choice(holders)
    step: Any = chance.randint(0, len(holder))
    if isinstance(holder, dict):
        step = chance.choice(NEW_KEYS)
    return Insert(place=(*place, step), value=new)


def is_apart(one: Edit, other: Edit) -> bool:
    """Tells whether two edits can be made at once."""
    short = min(len(one.place), len(other.place))
    if one.place[:short] != other.place[:short]:
        return True
    upper = min(one, other, key=lambda edit: len(edit.place))
    return isinstance(upper, Insert) and isinstance(upper.place[-1], int) and upper is not other


def text_of(value: Any, chance: Random) -> str:
    """Gives a file that holds a value, in some style."""
    text = Scribe(chance).document(value)
    try:
        found = Yaml().read(text.encode()).value
    except FormatFault:
        found = None
    assume(same(found, value))
    return text


def lines_apart(before: str, after: str) -> tuple[list[str], list[str]]:
    """Gives the lines between the first and the last that differ."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    while old and new and old[0] == new[0]:
        del old[0], new[0]
    while old and new and old[-1] == new[-1]:
        del old[-1], new[-1]
    return old, new


@RELAXED
@given(
    value=roots,
    new=st.lists(values, min_size=1, max_size=3),
    chance=st.randoms(use_true_random=False),
)
def test_readers_of_both_versions_find_what_was_meant(
    value: Any, new: list[Any], chance: Random
) -> None:
    text = text_of(value, chance)
    edits: list[Edit] = []
    for item in new:
        edit = some_edit(value, item, chance)
        if all(is_apart(edit, other) for other in edits):
            edits.append(edit)
    wanted = applied(value, edits)
    made = edited("yaml", text.encode(), edits)
    assert same(yaml.load(made, yaml.SafeLoader), wanted)
    if all(mark not in made.decode() for mark in "\x85\u2028\u2029"):
        reader = ruamel.yaml.YAML(typ="safe", pure=True)
        assert same(reader.load(made), wanted)


@RELAXED
@given(value=roots, chance=st.randoms(use_true_random=False))
def test_a_scalar_put_back_restores_the_file(value: Any, chance: Random) -> None:
    text = text_of(value, chance)
    leaves = [(w, v) for w, v in places(value) if not isinstance(v, dict | list | None) and v != ""]
    assume(leaves)
    place, old = chance.choice(leaves)
    new = f"q{old}" if isinstance(old, str) else 99
    made = edited("yaml", text.encode(), [Put(place=place, value=new)]).decode()
    gone, come = lines_apart(text, made)
    spans_lines = isinstance(old, str) and "\n" in old
    assert spans_lines or len(gone) == len(come) == 1
    back = edited("yaml", made.encode(), [Put(place=place, value=old)]).decode()
    if not isinstance(old, str) or re.fullmatch("[ -~\t\n]+", old):
        assert back == text


@RELAXED
@given(value=roots, new=values, chance=st.randoms(use_true_random=False))
def test_what_is_inserted_and_removed_again_leaves_no_trace(
    value: Any, new: Any, chance: Random
) -> None:
    text = text_of(value, chance)
    holders = [(w, v) for w, v in places(value) if isinstance(v, dict | list)]
    place, holder = chance.choice(holders)
    step: Any = chance.choice(NEW_KEYS)
    if isinstance(holder, list):
        step = chance.randint(0, len(holder))
    edit = Insert(place=(*place, step), value=new)
    made = edited("yaml", text.encode(), [edit])
    assert edited("yaml", made, [Remove(place=edit.place)]).decode() == text


@RELAXED
@given(value=roots, other=roots, chance=st.randoms(use_true_random=False))
def test_the_edits_between_two_values_lead_from_one_to_the_other(
    value: Any, other: Any, chance: Random
) -> None:
    text = text_of(value, chance)
    edits = list(leaf_edits(value, other))
    made = edited("yaml", text.encode(), edits)
    assert same(Yaml().read(made).value, other)
    assert edited("yaml", made, [Put(place=(), value=other)]) == made


@RELAXED
@given(value=roots, other=roots, chance=st.randoms(use_true_random=False))
def test_new_files_are_read_back_whatever_they_are_like(
    value: Any, other: Any, chance: Random
) -> None:
    like = text_of(other, chance).encode()
    made = written("yaml", value, like=like)
    assert same(yaml.load(made, yaml.SafeLoader), value)
    assert made.count(b"\r\n") == (made.count(b"\n") if b"\r\n" in like else 0)
