"""Scalars of files with their places, styles and lines, as independent readers find them."""

import csv
import io
import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import tomlkit
import yaml
from tomlkit.items import Integer, String
from yaml import CSafeLoader

FENCE = re.compile(r"---\r?\n(.*?)^---\r?(?:\n|\Z)", re.DOTALL | re.MULTILINE)
CONTENT = "_content"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar:
    """A scalar of a file.

    Attributes:
        place: The steps that lead to it.
        style: How it is written.
        lines: How many lines it spans.
        repeats: How often aliases repeat it, or what it lies in.
    """

    place: tuple[Any, ...]
    style: str
    lines: int
    repeats: int = 0


def scalars(name: str, text: str) -> list[Scalar]:
    """Gives all scalars of a file of a format."""
    return list(_BY_FORMAT[name](text))


def _yaml(text: str) -> Iterator[Scalar]:
    yield from _Yaml(text).scalars()


class _Yaml:
    """Walks over the events of PyYAML's parser."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.events = yaml.parse(text, Loader=CSafeLoader)
        self.found: list[Scalar] = []
        self.open: list[str] = []
        self.counts: dict[str, int] = {}
        self.within: dict[tuple[Any, ...], tuple[str, ...]] = {}

    def scalars(self) -> Iterator[Scalar]:
        roots = 0
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                self.node(next(self.events), (roots,), in_list=False, in_flow=False)
                roots += 1
        for one in self.found:
            place = one.place if roots > 1 else one.place[1:]
            repeats = sum(self.counts.get(anchor, 0) for anchor in self.within[one.place])
            style = f"{one.style}, repeated" if repeats else one.style
            yield Scalar(place=place, style=f"yaml {style}", lines=one.lines, repeats=repeats)

    def node(self, event: Any, place: tuple[Any, ...], *, in_list: bool, in_flow: bool) -> None:
        if isinstance(event, yaml.AliasEvent):
            self.counts[event.anchor] = self.counts.get(event.anchor, 0) + 1
            return
        if event.anchor:
            self.open.append(event.anchor)
        if isinstance(event, yaml.ScalarEvent):
            lines = event.end_mark.line - event.start_mark.line + (event.end_mark.column > 0)
            self.within[place] = tuple(self.open)
            style = self.style(event, max(lines, 1), in_list=in_list, in_flow=in_flow)
            self.found.append(Scalar(place=place, style=style, lines=max(lines, 1)))
        else:
            self.inside(event, place, in_flow=in_flow or bool(event.flow_style))
        if event.anchor:
            self.open.pop()

    def inside(self, event: Any, place: tuple[Any, ...], *, in_flow: bool) -> None:
        if isinstance(event, yaml.SequenceStartEvent):
            at = 0
            while not isinstance(inner := next(self.events), yaml.SequenceEndEvent):
                self.node(inner, (*place, at), in_list=True, in_flow=in_flow)
                at += 1
            return
        while not isinstance(key := next(self.events), yaml.MappingEndEvent):
            value = next(self.events)
            if isinstance(key, yaml.ScalarEvent) and key.value != "<<":
                self.node(value, (*place, key.value), in_list=False, in_flow=in_flow)
            else:
                self.node(value, (*place, None), in_list=False, in_flow=in_flow)

    def style(self, event: Any, lines: int, *, in_list: bool, in_flow: bool) -> str:
        found = {"|": "literal block", ">": "folded block", "'": "single quoted"}.get(
            event.style, "double quoted" if event.style == '"' else "plain"
        )
        found += " over lines" if lines > 1 and "block" not in found else ""
        found += " in flow" if in_flow else " list item" if in_list else ""
        return f"anchored {found}" if event.anchor else found


def _markdown(text: str) -> Iterator[Scalar]:
    fence = FENCE.match(text)
    if fence is not None:
        yield from _yaml(fence[1])
        text = text[fence.end() :]
    yield Scalar(place=(CONTENT,), style="body", lines=lines_of(text))


def _json(text: str) -> Iterator[Scalar]:
    value = json.loads(text)
    yield from _plain(value, (), "json")


def _json_lines(text: str) -> Iterator[Scalar]:
    yield from _plain([json.loads(line) for line in text.split("\n") if line.strip()], (), "jsonl")


def _plain(value: Any, place: tuple[Any, ...], label: str) -> Iterator[Scalar]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _plain(item, (*place, key), label)
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from _plain(item, (*place, at), label)
    elif place:
        kind = "quoted" if isinstance(value, str) else "plain"
        item = " list item" if isinstance(place[-1], int) else ""
        yield Scalar(place=place, style=f"{label} {kind}{item}", lines=1)


def _toml(text: str) -> Iterator[Scalar]:
    sources = tomlkit.parse(text)
    for one in _plain(tomllib.loads(text), (), "toml"):
        item = at(sources, one.place)
        source = item.as_string() if isinstance(item, String | Integer) else ""
        lines = source.count("\n") + (2 if source[:3] in {'"""', "'''"} else 1)
        style = one.style.replace("quoted", "literal") if source[:1] == "'" else one.style
        style = style.replace("plain", "based") if source[:2] in {"0x", "0o", "0b"} else style
        style += " over lines" if lines > 1 else ""
        yield Scalar(place=one.place, style=style, lines=lines)


def _csv(text: str, delimiter: str = ",") -> Iterator[Scalar]:
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    header, *records = [row for row in rows if row]
    cells = iter(_cells(text, delimiter))
    for _ in header:
        next(cells)
    for number, row in enumerate(records):
        for name, cell in zip(header, row, strict=False):
            source = next(cells)
            kind = "quoted" if source[:1] == '"' else "plain" if cell else "empty"
            over = " over lines" if "\n" in source else ""
            lines = source.count("\n") + 1
            yield Scalar(place=(number, name), style=f"csv {kind}{over}", lines=lines)


def _cells(text: str, delimiter: str) -> Iterator[str]:
    cell = re.compile(rf'("(?:[^"]|"")*"|[^{re.escape(delimiter)}\r\n]*)(?:{delimiter}|\r?\n|\Z)')
    position = 0
    while position < len(text):
        if text[position] in "\r\n" and (position == 0 or text[position - 1] in "\r\n"):
            position += 1
            continue
        found = cell.match(text, position)
        assert found is not None
        yield found[1]
        position = found.end()


def lines_of(text: str) -> int:
    """Gives how many lines a text is."""
    return text.count("\n") + (not text.endswith("\n") and bool(text))


def at(value: Any, place: tuple[Any, ...]) -> Any:
    """Gives what lies at a place."""
    for step in place:
        value = value[step]
    return value


_BY_FORMAT = {
    "yaml": _yaml,
    "markdown": _markdown,
    "json": _json,
    "jsonl": _json_lines,
    "toml": _toml,
    "csv": _csv,
}
