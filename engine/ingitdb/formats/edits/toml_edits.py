"""Edits TOML files: what is not edited stays, byte for byte."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ingitdb.formats.edits import toml_brackets
from ingitdb.formats.edits.changed_values import same
from ingitdb.formats.edits.splices import Splices
from ingitdb.formats.edits.text_bytes import decoded, encoded, encoding_like
from ingitdb.formats.edits.toml_brackets import Bracket
from ingitdb.formats.edits.toml_places import Node, Pair, Places, Section, places_of
from ingitdb.formats.edits.toml_reductions import reduced
from ingitdb.formats.edits.toml_sections import Author
from ingitdb.formats.edits.toml_spelling import is_forced, spelled
from ingitdb.formats.text import decode
from ingitdb.formats.toml import read_text
from ingitdb.model.edits import Edit, EditFault, Insert, Place, Put, Remove
from ingitdb.model.records import DEFAULT_OPTIONS, ReadOptions, Spelled, Value


class TomlEditor:
    """Edits TOML files.

    New keys come below the last key of their table, new sections behind the last one in their
    table, new items of arrays of tables beside their siblings. Comments above what is removed
    stay; the comment on its line goes, and those in a removed section. A table that has no header
    gets one when it is given a key of its own or loses its last section.
    """

    def edit(
        self, data: bytes, edits: Sequence[Edit], options: ReadOptions = DEFAULT_OPTIONS
    ) -> bytes:
        """Gives the file with some edits.

        Raises:
            FormatFault: The file is not TOML.
            EditFault: An edit cannot be made.
        """
        if not edits:
            return data
        text, encoding = decoded(data, options.encoding)
        made = _edited(text, edits)
        return data if made == text else encoded(made, encoding)

    def write(
        self,
        value: Value,
        options: ReadOptions = DEFAULT_OPTIONS,
        *,
        like: bytes | None = None,
        table: str = "",
    ) -> bytes:
        """Gives a new file that holds a map; of another file the `#:` directives are taken, too.

        Raises:
            FormatFault: The other file is not TOML.
            EditFault: TOML cannot say the value.
        """
        if not isinstance(value, dict):
            raise EditFault("A TOML file holds a map.")
        text = decode(like, options.encoding) if like else ""
        return encoded(_written(value, text), encoding_like(like, options.encoding))


def _edited(text: str, edits: Sequence[Edit]) -> str:
    value = read_text(text).value or {}
    at = text.rfind("\n")
    line_break = "\r\n" if at > 0 and text[at - 1] == "\r" else "\n"
    is_open = bool(text) and not text.endswith("\n")
    closed = text + line_break * is_open
    made = _Changes(closed, value).made(edits)
    return made.removesuffix(line_break) if is_open else made


def _written(value: dict[str, Any], like: str) -> str:
    line_break = "\r\n" if "\r\n" in like[: like.find("\n") + 1] else "\n"
    is_open = bool(like) and not like.endswith("\n")
    before = read_text(like).value or {}
    author = Author(places_of(like + line_break * is_open), line_break)
    value = _ordered(value, before)
    lead = [line for line in like.split("\n") if line.startswith("#:")]
    head = "".join(f"{line.rstrip()}{line_break}" for line in lead)
    parts = ["".join(author.lines(value, ())), *author.inner("", value, ())]
    made = head + author.gap(None).join(part for part in parts if part)
    return made.removesuffix(line_break) if is_open else made


def _ordered(value: Any, like: Any) -> Any:
    """Gives a value with the keys of its maps in the order that those of another have."""
    if isinstance(value, dict) and isinstance(like, dict):
        names = [*(name for name in like if name in value), *(n for n in value if n not in like)]
        return {name: _ordered(value[name], like.get(name)) for name in names}
    if isinstance(value, list) and isinstance(like, list) and like:
        return [_ordered(item, like[min(at, len(like) - 1)]) for at, item in enumerate(value)]
    return value


class _Changes:
    """The changes that some edits make in one text."""

    def __init__(self, text: str, value: dict[str, Any]) -> None:
        self._text = text
        self._value = value
        self._places: Places = places_of(text)
        self._splices = Splices(text)
        self._brackets: dict[int, Bracket] = {}
        self._entries: dict[Place, dict[str, Value]] = {}
        self._gone: set[int] = set()

    def made(self, edits: Sequence[Edit]) -> str:
        """Gives the text after all edits."""
        for edit in reduced(self._places, self._value, edits):
            with self._at_line(edit.place):
                self._make(edit)
        for place, entries in self._entries.items():
            with self._at_line(place):
                self._insert_entries(place, entries)
        for bracket in self._brackets.values():
            toml_brackets.change(bracket, self._places, self._splices)
        self._cut_sections()
        self._close_root()
        return self._splices.made()

    @contextmanager
    def _at_line(self, place: Place) -> Iterator[None]:
        """Gives faults the line of a place, or of the innermost one around it."""
        try:
            yield
        except EditFault as fault:
            places = self._places
            for size in range(len(place), 0, -1):
                here = place[:size]
                found = places.pairs.get(here) or places.nodes.get(here) or places.headers.get(here)
                if found is not None:
                    line = self._text.count("\n", 0, found.start) + 1
                    raise EditFault(fault.message, line=fault.line or line) from None
            raise

    def _make(self, edit: Edit) -> None:
        if isinstance(edit, Remove):
            self._remove(edit.place)
        elif isinstance(edit, Insert):
            self._insert(edit.place, edit.value)
        elif edit.place in self._places.nodes:
            self._respell(edit)
        else:
            self._replace(edit)

    def _respell(self, edit: Put) -> None:
        node = self._places.nodes[edit.place]
        old = self._text[node.start : node.end]
        if not isinstance(edit.value, Spelled) and same(self._at(edit.place), edit.value):
            return
        like = old
        if isinstance(edit.value, str) and (old[0] not in "\"'" or is_forced(old)):
            like = self._quote_beside(edit.place) or old
        line_break = self._places.line_break(node.start)
        self._splices.put(node.start, node.end, spelled(edit.value, like, line_break))

    def _quote_beside(self, place: Place) -> str:
        """Gives the quote of the nearest text before, or after, a value in its map or list."""
        node, pair = self._places.nodes[place], self._places.pairs.get(place)
        if pair is not None:
            outer = pair.holder.members if isinstance(pair.holder, Node) else pair.holder.pairs
            nodes = [each.value for each in outer if isinstance(each, Pair)]
        else:
            members = self._places.nodes[place[:-1]].members
            nodes = [each for each in members if isinstance(each, Node)]
        at = nodes.index(node)
        for each in [*reversed(nodes[:at]), *nodes[at + 1 :]]:
            found = self._text[each.start : each.end]
            if found[0] in "\"'" and found[:3] not in ('"""', "'''") and not is_forced(found):
                return found[0]
        return ""

    def _at(self, place: Place) -> Any:
        found: Any = self._value
        for step in place:
            found = found[step]
        return found

    def _replace(self, edit: Put) -> None:
        """Puts a value in the place of tables that are spelled in several pieces."""
        place, pairs = edit.place, self._places.dotted.get(edit.place)
        sections = self._places.below.get(place, ())
        if pairs:
            first = pairs[0]
            sign = self._text[first.ends[-1] : first.value.start]
            self._splices.put(
                first.key_end(place),
                first.end,
                sign + self._author(first.start).value(edit.value, None, ()),
            )
        elif edit.value == {} and isinstance(self._at(place), dict):
            self._entries.setdefault(place, {})
        else:
            self._entries.setdefault(place[:-1], {})[str(place[-1])] = edit.value
        for pair in (pairs or [])[1:]:
            self._cut_pair(pair)
        for section in sections:
            self._gone.add(id(section))

    def _remove(self, place: Place) -> None:
        places = self._places
        outer = places.nodes.get(place[:-1])
        if outer is not None and outer.kind == "array":
            self._bracket(outer).removed.add(int(place[-1]))
            return
        own = places.pairs.get(place)
        for pair in [own] if own else places.dotted.get(place, ()):
            self._cut_pair(pair)
        for section in places.below.get(place, ()):
            self._gone.add(id(section))

    def _bracket(self, node: Node) -> Bracket:
        return self._brackets.setdefault(id(node), Bracket(node=node))

    def _cut_pair(self, pair: Pair) -> None:
        if isinstance(pair.holder, Node):
            self._bracket(pair.holder).removed.add(pair.position)
            return
        places = self._places
        self._gone.add(id(pair))
        self._splices.cut(places.line_start(pair.start), places.line_end(pair.end))

    def _cut_sections(self) -> None:
        """Takes the removed sections away, with the blank lines above or, at the top, below."""
        places, top = self._places, 0
        for section in places.sections:
            if id(section) not in self._gone:
                continue
            start, end = places.line_start(section.start), places.close(section)
            blank = places.blank_above(start)
            if blank == 0 or start == top:
                top = places.blank_below(end)
                self._splices.cut(start, top)
            else:
                self._splices.cut(blank, end)

    def _close_root(self) -> None:
        """Takes the blank lines below the last key of the root away if no key is left there."""
        root, places = self._places.root, self._places
        if not root.pairs or not places.sections or self._entries.get(()):
            return
        start = places.line_start(root.pairs[0].start)
        is_apart = not start or places.blank_above(start) < start
        if is_apart and all(id(pair) in self._gone for pair in root.pairs):
            self._splices.cut(root.end, places.blank_below(root.end))

    def _author(self, offset: int) -> Author:
        return Author(self._places, self._places.line_break(offset))

    def _insert(self, place: Place, value: Value) -> None:
        step, table = place[-1], place[:-1]
        outer = self._places.nodes.get(table)
        if isinstance(step, str):
            self._entries.setdefault(table, {})[step] = value
        elif outer is not None:
            like = self._near(table, outer, step)
            text = spelled(value, like, self._places.line_break(outer.start))
            self._bracket(outer).inserted.setdefault(step, []).append(text)
        elif isinstance(value, dict):
            self._insert_item(table, step, value)

    def _near(self, array: Place, node: Node, position: int) -> str:
        """Gives how the item before, or after, a position of an array is spelled."""
        near = min(max(position - 1, 0), len(node.members) - 1)
        found = self._places.spelling((*array, near)) if node.members else ""
        return found if found[:1] in ("'", '"', "[", "{") else ""

    def _insert_item(self, array: Place, position: int, item: dict[str, Any]) -> None:
        places = self._places
        count = len(self._at(array))
        twin = places.headers[(*array, max(position - 1, 0))]
        author = self._author(twin.head_end)
        name = self._text[twin.name : twin.ends[-1]]
        indent = places.indentation(twin.start)
        parts = author.sections(name, item, twin.place, is_item=True, indent=indent)
        if position == count:
            self._append(places.below[array][-1], parts, author, twin, (1, -len(twin.place)))
            return
        after = places.headers[(*array, position)]
        at = places.sections.index(after)
        before = places.sections[at - 1] if at else places.root
        lead = places.lead(after)
        if places.blank_above(lead) < lead and (at or places.root.pairs):
            self._append(before, parts, author, twin, (2, position))
        else:
            gap = "" if at or places.root.pairs else author.gap(twin)
            self._splices.add(lead, "".join(f"{part}{gap}" for part in parts), (2, position))

    def _append(
        self,
        last: Section,
        parts: Iterable[str],
        author: Author,
        twin: Section | None,
        rank: tuple[int, ...],
    ) -> None:
        """Adds sections behind another, with as many blank lines above as a twin has."""
        is_bare = last is self._places.root and not last.pairs
        at = len(self._text) if is_bare else self._places.close(last)
        gap = author.gap(twin)
        text = "".join(f"{gap}{part}" for part in parts)
        is_first = not self._text[:at].strip()
        self._splices.add(at, text.removeprefix(gap) if is_first else text, rank)

    def _insert_entries(self, table: Place, entries: dict[str, Value]) -> None:
        dotted = self._places.dotted.get(table)
        node = self._places.nodes.get(table)
        if dotted:
            self._insert_dotted(table, dotted, entries)
        elif node is not None:
            self._insert_braced(node, entries, "")
        else:
            self._insert_sections(table, self._insert_lines(table, entries))

    def _insert_braced(self, node: Node, entries: dict[str, Value], prefix: str) -> None:
        pairs = [member for member in node.members if isinstance(member, Pair)]
        author = self._author(node.start)
        texts = [prefix + author.pair(name, value, pairs) for name, value in entries.items()]
        self._bracket(node).inserted.setdefault(len(pairs), []).extend(texts)

    def _insert_dotted(
        self, table: Place, pairs: Sequence[Pair], entries: dict[str, Value]
    ) -> None:
        last = pairs[-1]
        prefix = f"{self._text[last.start : last.key_end(table)]}."
        if isinstance(last.holder, Node):
            self._insert_braced(last.holder, entries, prefix)
            return
        lines = self._author(last.end).lines(entries, table, prefix=prefix)
        self._splices.add(self._places.line_end(last.end), "".join(lines))

    def _insert_lines(self, table: Place, entries: dict[str, Value]) -> dict[str, Value]:
        """Adds the pairs among new entries of a table; gives the others."""
        places, section = self._places, self._places.section_of(table)
        first = places.below[table][0] if section is None else None
        author = self._author(section.end if section else first.start if first else 0)
        apart = {name: v for name, v in entries.items() if author.is_apart(name, v, table)}
        lines = "".join(author.lines(entries, table))
        if first is not None and (lines or not entries):
            indent = places.indentation(first.start)
            header = f"{indent}[{author.prefix(table)[:-1]}]{places.line_break(first.start)}"
            self._add_header(first, header + lines, author.gap(first), (3, len(table)))
        elif lines and section is places.root and not section.pairs and places.sections:
            is_alone = all(id(each) in self._gone for each in places.sections)
            gap = "" if is_alone else places.line_break(places.sections[0].start)
            self._splices.add(places.lead(places.sections[0]), lines + gap)
        elif lines and section is not None:
            at = section.end if section.pairs or table else len(self._text)
            self._splices.add(at, lines)
        return apart

    def _add_header(self, first: Section, text: str, gap: str, rank: tuple[int, ...]) -> None:
        """Adds a section before the first one in its table, or instead of that one."""
        places = self._places
        if id(first) in self._gone:
            start = places.line_start(first.start)
            blank = places.blank_above(start)
            self._splices.add(blank, self._text[blank:start] + text, rank)
        else:
            self._splices.add(places.lead(first), text + gap, rank)

    def _insert_sections(self, table: Place, entries: dict[str, Value]) -> None:
        if not entries:
            return
        places = self._places
        inside = places.below.get(table, ()) if table else places.sections
        last = inside[-1] if inside else places.root
        others = [each for each in inside if len(each.place) > len(table)]
        twin = others[-1] if others else None
        author = self._author(last.end)
        indent = places.indentation(twin.start) if twin else places.indentation(last.start)
        prefix = author.prefix(table)
        for step, value in entries.items():
            like = twin.place[: len(table) + 1] if twin else (*table, step)
            items: list[Any] = value if isinstance(value, list) else [value]
            like = like if isinstance(value, dict) else (*like, 0)
            for item in items:
                parts = author.sections(
                    prefix + author.name(step),
                    item,
                    like,
                    is_item=isinstance(value, list),
                    indent=indent,
                )
                self._append(last, parts, author, twin, (1, -len(table) - 1))
