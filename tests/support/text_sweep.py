"""Changes scalars of files one by one, sets each back, and asks git and other readers about it."""

import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from ingitdb.formats.edits.editing import edited, read_document
from ingitdb.model.edits import EditFault, Insert, Put, Remove
from ingitdb.model.records import FormatFault, Spelled
from tests.support.text_judges import Edited, Reading, counted, readings, same, with_value
from tests.support.text_scalars import Scalar, at, scalars

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_SHORT, _OFTEN = 600, 0.05
"""A reader in pure Python is asked about what has so few characters, and so often about others."""
_PIECE = 6_000
_WHOLE = 0.1
"""How often all of a file is read, and not only the entry that changed."""
_NEUTRAL: Mapping[str, tuple[Any, Any]] = {
    "text": ("x", 5),
    "whole": (7, "x"),
    "real": (7.5, "x"),
    "day": (date(2001, 2, 3), "x"),
    "moment": (datetime(2001, 2, 3, 4, 5, 6), "x"),  # noqa: DTZ001
    "clock": (time(4, 5, 6), "x"),
}
"""By kind a value that any style can say, and one of another kind, which has none of its own."""
_NEEDY: Mapping[str, Sequence[str]] = {
    "yaml": ("- x", "\x07"),
    "markdown": ("- x", "\x07"),
    "toml": ("it's \x07",),
    "csv": ('a", b',),
}
"""By format texts that want quotes, or those of one kind."""
_LINKED = re.compile(r"^---|(?:^|[\s\[{,])[&*]\w", re.MULTILINE)
"""What makes entries of a file depend on others, or is none."""
_TOP_KEY = re.compile(r"^(?![-\s#]|\.\.\.|\}|\Z)", re.MULTILINE)
_TOP = re.compile(r"^(?![ \t\r\n#]|---|\.\.\.|\}|\Z)", re.MULTILINE)
MOST_TIMES = 20
"""How often one scalar is changed, each time for another value, where few have its style."""
WORDS = [
    *("plain", "two words", "no", "yes", "y", "010", "1e3", "0x1F", "12:30:45", ".5", "2024-01-05"),
    *(
        "~",
        "null",
        "=",
        "<<",
        " x",
        "x ",
        "a: b",
        "a #b",
        "#c",
        "- x",
        "@x",
        "%x",
        "!x",
        "&x",
        "*x",
    ),
    *("it's", 'say "hi"', "back\\slash", "a,b", "[x]", "{x}", "a:b", "---", "--- x", "...", "+++"),
    *(
        "é😀",
        "\x07",
        "\x85n",
        "a\u2028b",
        "\ufeffx",
        "  ",
        "one\ttwo",
        "\tone",
        "x" * 120,
        "?",
        "|",
    ),
    *(
        "word " * 30 + "end",
        "true",
        "1.5",
        "? x",
        "NULL",
        "Ω",
        "a\u00a0b",
        "=1+1",
        "\\n",
        "''",
        '"',
    ),
]
LINES = [
    *("one\ntwo", "one\ntwo\n", "\none", "one\n\n", "one\n\ntwo\n", " one\ntwo\n", "one\n  \ntwo"),
    *("x\r\ny", "one\n  ", "\n", "a\n---\nb\n", "# x\n\ny\n"),
]
POOLS: Mapping[str, st.SearchStrategy[Any]] = {
    "text": st.sampled_from(WORDS)
    | st.text(max_size=20)
    | st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=60)
    | st.lists(st.sampled_from(["word", "of", "the", "port"]), min_size=1, max_size=30).map(
        " ".join
    ),
    "lines": st.sampled_from(LINES)
    | st.lists(
        st.text(st.characters(min_codepoint=32, max_codepoint=126)), min_size=2, max_size=5
    ).map("\n".join),
    "whole": st.integers(-(10**15), 10**15) | st.integers(0, 99),
    "real": st.floats(allow_nan=False, allow_infinity=False),
    "day": st.dates(date(1900, 1, 1), date(2100, 1, 1)),
    "moment": st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001
    "clock": st.times(),
}


def drawn(strategy: st.SearchStrategy[Any], count: int, seed: int) -> list[Any]:
    """Gives some values that Hypothesis thinks of."""
    found: list[Any] = []

    @seeded(seed)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def take(value: Any) -> None:
        found.append(value)

    take()
    return found


@dataclass
class File:
    """A file of a sweep, and what readers find in it.

    Attributes:
        known: What readers make of all of it, by whether the slow ones were asked.
    """

    path: str
    name: str
    data: bytes
    known: dict[bool, list[Reading]] = field(default_factory=dict)

    @cached_property
    def text(self) -> str:
        return self.data.decode()

    @cached_property
    def document(self) -> Any:
        return read_document(self.name, self.data)

    @cached_property
    def scalars(self) -> list[Scalar]:
        return [one for one in scalars(self.name, self.text) if None not in one.place]

    @cached_property
    def items(self) -> list[int]:
        """Where the entries of a file begin that can be read one by one, and the end."""
        if self.name == "csv":
            return self.lines
        if self.name != "yaml" or _LINKED.search(self.text):
            return []
        top = _TOP_KEY if isinstance(self.document.value, dict) else _TOP
        starts = [found.start() for found in top.finditer(self.text)]
        return [*starts, len(self.text)] if len(starts) == len(self.document.value) else []

    @cached_property
    def lines(self) -> list[int]:
        """Where the records of a table begin each of which is a line, and the end."""
        starts = [found.end() for found in re.finditer("\n", self.text)]
        if not self.text.endswith("\n"):
            starts.append(len(self.text))
        return starts if len(starts) == len(self.document.value) + 1 else []

    @cached_property
    def head(self) -> str:
        """What belongs to each entry: the header of a table."""
        return self.text[: self.items[0]] if self.items and self.name == "csv" else ""

    def whole(self, *, thorough: bool) -> list[Reading]:
        """What readers make of all of it."""
        if thorough not in self.known:
            self.known[thorough] = readings(self.name, self.text, thorough=thorough)
        return self.known[thorough]

    def pieces(self) -> list["File"]:
        """A long file of entries as several of some entries each, otherwise itself."""
        if len(self.data) < 2 * _PIECE or not self.items:
            return [self]
        found, first = [], self.items[0]
        for end in self.items[1:]:
            if end - first >= _PIECE or end == self.items[-1]:
                text = (self.head or self.text[: self.items[0]]) + self.text[first:end]
                found.append(File(f"{self.path}, from {first}", self.name, text.encode()))
                first = end
        return found

    def excerpt(self, place: tuple[Any, ...]) -> tuple[int, int, tuple[Any, ...]]:
        """Gives the part of a text that has to be read to see a change at a place."""
        if not self.items:
            return 0, len(self.text), place
        keys = list(self.document.value) if isinstance(self.document.value, dict) else None
        number = keys.index(place[0]) if keys else place[0]
        first = place[0] if keys else 0
        return self.items[number], self.items[number + 1], (first, *place[1:])


@dataclass
class Sweep:
    """The outcome of many trials.

    Attributes:
        counts: How many scalars of each style were changed.
        lost: How many of each style were set back to the same value but not the same bytes, and
            why no editor could know them.
        failures: What went wrong.
    """

    seed: int
    counts: Counter[str] = field(default_factory=Counter)
    lost: Counter[tuple[str, str]] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.pools = {kind: drawn(pool, 400, self.seed) for kind, pool in POOLS.items()}

    def run(self, files: Sequence[File], count: int, folder: Path, note: str = "") -> None:
        """Changes so many scalars, of each style as many as there are or its share."""
        trials: list[tuple[File, Scalar, Edited, str]] = []
        for file, scalar in self.chosen(files, count):
            self.counts[scalar.style + note] += 1
            made = self.tried(file, scalar)
            if made is not None:
                trials.append((file, scalar, *made))
        judged = counted([edit for _, _, edit, _ in trials], folder)
        for (file, scalar, edit, what), (came, went, is_restored) in zip(
            trials, judged, strict=True
        ):
            self.judge(file, scalar, edit, what, (came, went, is_restored))

    def chosen(self, files: Sequence[File], count: int) -> list[tuple[File, Scalar]]:
        by_style: dict[str, list[tuple[File, Scalar]]] = defaultdict(list)
        for file in files:
            for scalar in file.scalars:
                by_style[scalar.style].append((file, scalar))
        for group in by_style.values():
            self.chance.shuffle(group)
        share = 1
        while sum(min(share, MOST_TIMES * len(group)) for group in by_style.values()) < count:
            share += 1
            if share > count:
                break
        found = [
            group[number % len(group)]
            for group in by_style.values()
            for number in range(min(share, MOST_TIMES * len(group)))
        ]
        return sorted(found, key=lambda one: one[0].path)

    def tried(self, file: File, scalar: Scalar) -> tuple[Edited, str] | None:
        """Makes a change and sets it back, and compares what other readers see."""
        old = at(file.document.value, scalar.place)
        new = self.another(file, scalar, old)
        what = f"{file.path} {scalar.place} ({scalar.style}): {old!r} -> {new!r}"
        try:
            put = Put(place=scalar.place, value=new)
            after = edited(file.name, file.data, [put], document=file.document)
            restored = edited(file.name, after, [Put(place=scalar.place, value=old)])
        except (EditFault, FormatFault) as fault:
            self.failures.append(f"{what} is refused: {fault.message}")
            return None
        start, end, _ = file.excerpt(scalar.place)
        text = after.decode()
        tail = len(file.text) - end
        if text[:start] != file.text[:start] or (tail and text[-tail:] != file.text[-tail:]):
            self.failures.append(f"{what} changes another item")
            return None
        for one, other, inside in self.seen(file, scalar, text):
            if one.reader.endswith("refuses"):
                continue
            if not any(same(other.value, with_value(one.value, inside, v)) for v in _forms(new)):
                part = text[start : len(text) - tail][:400]
                self.failures.append(f"{what}: {other.reader} sees otherwise: {part!r}")
                return None
        return Edited(file.data, after, restored), what

    def seen(
        self, file: File, scalar: Scalar, text: str
    ) -> Iterator[tuple[Reading, Reading, tuple[Any, ...]]]:
        """Gives what readers make of a file before and after, and where the scalar lies in it."""
        start, end, place = file.excerpt(scalar.place)
        thorough = end - start < _SHORT or self.chance.random() < _OFTEN
        if not file.items or self.chance.random() < _WHOLE:
            thorough = thorough and not file.items
            after = readings(file.name, text, thorough=thorough)
            for one, other in zip(file.whole(thorough=thorough), after, strict=True):
                yield one, other, scalar.place
        if file.items:
            stop = len(text) - (len(file.text) - end)
            before = readings(file.name, file.head + file.text[start:end], thorough=thorough)
            after = readings(file.name, file.head + text[start:stop], thorough=thorough)
            for one, other in zip(before, after, strict=True):
                yield one, other, place

    def judge(
        self, file: File, scalar: Scalar, edit: Edited, what: str, told: tuple[int, int, bool]
    ) -> None:
        came, went, is_restored = told
        start, end, place = file.excerpt(scalar.place)
        text = edit.after.decode()
        part = file.head + text[start : len(text) - (len(file.text) - end)]
        new = next(one for one in scalars(file.name, part) if one.place == place)
        most = new.lines + 2 * scalar.repeats, scalar.lines + scalar.repeats
        if scalar.lines == new.lines == 1 and not scalar.repeats and scalar.style != "body":
            if (came, went) != (1, 1):
                self.failures.append(f"{what}: {came} lines came and {went} went")
        elif came > most[0] or went > most[1]:
            self.failures.append(
                f"{what}: {came} of {most[0]} lines came and {went} of {most[1]} went"
            )
        if is_restored:
            return
        why = self.why_lost(file, scalar, new)
        if why is None:
            self.failures.append(f"{what}: set back it is another file")
        else:
            self.lost[scalar.style, why] += 1

    def why_lost(self, file: File, scalar: Scalar, new: Scalar) -> str | None:
        """Gives why no editor could know how a value was spelled; None if one could."""
        old = at(file.document.value, scalar.place)
        bare = old.value if isinstance(old, Spelled) else old
        if scalar.repeats:
            return "an alias gave way to what it stood for"
        if isinstance(bare, bool):
            return None
        neutral, other = _NEUTRAL[_kind(bare)]
        needy = _NEEDY.get(file.name, ()) if _kind(bare) == "text" else ()
        if not all(self.comes_back(file, scalar, value, old) for value in (neutral, *needy)):
            return "its spelling follows from nothing around it"
        is_same = new.style == scalar.style
        if is_same or (file.name != "csv" and self.comes_back(file, scalar, other, old)):
            return None
        return "a style that the new value could not have"

    def comes_back(self, file: File, scalar: Scalar, new: Any, old: Any) -> bool:
        """Tells whether a value is spelled as before, after another one stood in its place."""
        after = edited(file.name, file.data, [Put(place=scalar.place, value=new)])
        put = Put(place=scalar.place, value=old)
        return edited(file.name, after, [put]) == file.data

    def another(self, file: File, scalar: Scalar, old: Any) -> Any:
        """Gives another value of the kind of an old one."""
        bare = old.value if isinstance(old, Spelled) else old
        if isinstance(bare, bool):
            return not bare
        kind = _kind(bare)
        if kind == "text" and (
            "block" in scalar.style
            or "over lines" in scalar.style
            or scalar.style == "body"
            or self.chance.random() < 0.05
        ):
            kind = self.chance.choice(["text", "lines"])
        while True:
            new = self.chance.choice(self.pools[kind])
            if isinstance(old, str) and _DATE.match(old) and "plain" in scalar.style:
                new = f"2001-01{old[7:]}"
            if file.name == "csv" and (not new or "\0" in new):
                continue
            if scalar.style == "body" and "\0" in new:
                continue
            if new != bare:
                return new

    def inserts(self, file: File) -> None:
        """Adds a record like another one to each place of a file and takes it away again."""
        value = file.document.value
        if not isinstance(value, list) or not value:
            return
        for place in {0, len(value) // 2, len(value)}:
            record = value[min(place, len(value) - 1)]
            more = edited(file.name, file.data, [Insert(place=(place,), value=record)])
            back = edited(file.name, more, [Remove(place=(place,))])
            if back != file.data:
                self.failures.append(
                    f"{file.path}: a record comes at {place} and goes: other bytes"
                )
            self.counts[f"{file.name} record comes and goes"] += 1

    def table(self, title: str) -> str:
        """Gives the counts by style, one a line."""
        lines = [f"{title}: {sum(self.counts.values()):,} changes, {len(self.failures)} failures"]
        for style, count in sorted(self.counts.items()):
            lines.append(f"  {style}: {count:,}")
            lines += [
                f"    {lost:,} not restored: {why}"
                for (other, why), lost in sorted(self.lost.items())
                if other == style
            ]
        return "\n".join(lines)


def _forms(value: Any) -> Iterable[Any]:
    """Gives what readers may rightly make of a value: a bare date is a date for some."""
    yield value
    if isinstance(value, str) and _DATE.match(value):
        yield yaml.load(value, Loader=yaml.CSafeLoader)


def _kind(value: Any) -> str:
    if isinstance(value, datetime):
        return "moment"
    if isinstance(value, date):
        return "day"
    if isinstance(value, time):
        return "clock"
    if isinstance(value, float):
        return "real"
    return "whole" if isinstance(value, int) else "text"
