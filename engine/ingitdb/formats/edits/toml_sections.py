"""Writes new pairs and sections of a TOML text as their neighbours are written."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ingitdb.formats.edits.toml_places import Node, Pair, Places, Section
from ingitdb.formats.edits.toml_spelling import key, spelled
from ingitdb.model.edits import Place
from ingitdb.model.records import Value


class Author:
    """Writes in the style of a text; `like` is always the place of a table in that text."""

    def __init__(self, places: Places, line_break: str = "\n") -> None:
        self._places = places
        self._break = line_break

    def is_apart(self, name: str, value: Value, like: Place) -> bool:
        """Tells whether a value gets sections of its own, as its twin or its siblings have."""
        if not isinstance(value, dict) and not is_tables(value):
            return False
        places = self._places
        twin = (*like, name)
        if twin in places.nodes or twin in places.dotted:
            return False
        siblings = places.below.get(like, ()) if like else places.sections
        if twin in places.below or any(len(each.place) > len(like) for each in siblings):
            return True
        return not any(_is_table(pair.value) or len(pair.ends) > 1 for pair in self._siblings(like))

    def lines(self, table: Mapping[str, Value], like: Place, *, prefix: str = "") -> list[str]:
        """Gives the pairs of a table, each with its line end; those apart are left out."""
        pairs = self._siblings(like)
        indent = self._indent(like)
        found: list[str] = []
        for name, value in table.items():
            twin = (*like, name)
            if twin in self._places.dotted and isinstance(value, dict) and value:
                found += self.lines(value, twin, prefix=f"{prefix}{self._key(name, pairs)}.")
            elif prefix or not self.is_apart(name, value, like):
                label = prefix + self._key(name, pairs)
                sign = self._sign(pairs, len(indent) + len(label))
                found.append(f"{indent}{label}{sign}{self.value(value, twin, pairs)}{self._break}")
        return found

    def pair(self, name: str, value: Value, pairs: Sequence[Pair]) -> str:
        """Gives a pair of an inline table that stands beside others."""
        label = self._key(name, pairs)
        return f"{label}{self._sign(pairs[-1:], 0)}{self.value(value, None, pairs)}"

    def value(self, value: Value, twin: Place | None, pairs: Sequence[Pair]) -> str:
        """Spells a value like its twin, or like others of its kind that stand beside it."""
        like = self._places.spelling(twin) if twin else ""
        return spelled(value, like or self._kindred(value, pairs), self._break)

    def sections(
        self, name: str, table: Mapping[str, Value], like: Place, *, is_item: bool, indent: str = ""
    ) -> Iterator[str]:
        """Gives a table as a section, then the sections in it; each ends with a line end."""
        header = f"[[{name}]]" if is_item else f"[{name}]"
        lines = self.lines(table, like)
        if lines or is_item or not table:
            yield "".join([f"{indent}{header}{self._break}", *lines])
        yield from self.inner(name, table, like, indent)

    def inner(
        self, name: str, table: Mapping[str, Value], like: Place, indent: str = ""
    ) -> Iterator[str]:
        """Gives the sections that lie in a table."""
        for step, value in table.items():
            if not self.is_apart(step, value, like):
                continue
            twin = (*like, step)
            label = f"{name}.{key(step)}" if name else key(step)
            if isinstance(value, dict):
                yield from self.sections(label, value, twin, is_item=False, indent=indent)
            elif isinstance(value, list):
                for at, item in enumerate(value):
                    near = (*twin, at) if (*twin, at) in self._places.headers else (*twin, 0)
                    yield from self.sections(label, item, near, is_item=True, indent=indent)

    def gap(self, section: Section | None) -> str:
        """Gives the blank lines above a section; if nothing is above it those above another."""
        places = self._places
        for each in [section, *reversed(places.sections)]:
            if each is None:
                continue
            lead = places.lead(each)
            blank = places.blank_above(lead)
            if blank:
                return self._break * places.text.count("\n", blank, lead)
        return self._break

    def prefix(self, table: Place) -> str:
        """Gives the key of the header of a table as it is spelled, with a dot if it has parts."""
        parts = sum(isinstance(step, str) for step in table)
        if not parts:
            return ""
        section = self._places.below[table][0]
        return f"{self._places.text[section.name : section.ends[parts - 1]]}."

    def name(self, step: str) -> str:
        """Spells a part of a header's key."""
        return key(step)

    def _siblings(self, like: Place) -> Sequence[Pair]:
        """Gives the pairs that stand in a table."""
        section = self._places.section_of(like)
        if section is not None:
            return section.pairs
        node = self._places.nodes.get(like)
        found = node.members if node else self._places.dotted.get(like, ())
        return [pair for pair in found if isinstance(pair, Pair)]

    def _indent(self, like: Place) -> str:
        """Gives the indentation of the pairs of a table."""
        places = self._places
        own = places.section_of(like)
        pairs = own.pairs if own else places.dotted.get(like)
        if pairs:
            return places.indentation(pairs[-1].start)
        for each in places.sections:
            if each.pairs:
                head = places.indentation(each.start)
                step = places.indentation(each.pairs[0].start).removeprefix(head)
                return (places.indentation(own.start) if own and own.ends else "") + step
        return places.indentation(own.start) if own and own.ends else ""

    def _key(self, name: str, pairs: Sequence[Pair]) -> str:
        starts = {self._places.text[pair.start] for pair in pairs}
        return key(name, starts.pop() if len(starts) == 1 else "")

    def _sign(self, pairs: Sequence[Pair], column: int) -> str:
        """Gives the equals sign between a key that ends in some column and its value."""
        places = self._places
        if not pairs:
            pairs = next((each.pairs for each in places.sections if each.pairs), ())[:1]
        if not pairs:
            return " = "
        signs = [places.text[pair.ends[-1] : pair.value.start] for pair in pairs]
        before, _, after = signs[-1].partition("=")
        columns = {
            pair.ends[-1] + sign.index("=") - places.line_start(pair.start)
            for pair, sign in zip(pairs, signs, strict=True)
        }
        if len(columns) == 1 and len({len(sign) for sign in signs}) > 1:
            return f"{' ' * max(columns.pop() - column, 1)}={after}"
        return f"{before[:1]}={after}"

    def _kindred(self, value: Any, pairs: Sequence[Pair]) -> str:
        """Gives how the last value of the same kind is spelled; of a text its quotes alone."""
        for pair in reversed(pairs):
            found = self._places.text[pair.value.start : pair.value.end]
            if isinstance(value, str) and found[0] in "\"'":
                is_long = found[:3] in ('"""', "'''") and len(found) > 5
                return found if is_long == ("\n" in value) else found[0] if not is_long else ""
            if (isinstance(value, list) and found[0] == "[") or (
                isinstance(value, dict) and found[0] == "{"
            ):
                return found
        return ""


def is_tables(value: Value) -> bool:
    """Tells whether a value can be an array of tables."""
    return isinstance(value, list) and bool(value) and all(isinstance(v, dict) for v in value)


def _is_table(node: Node) -> bool:
    if node.kind == "array" and node.members:
        first = node.members[0]
        return isinstance(first, Node) and first.kind == "inline"
    return node.kind == "inline"
