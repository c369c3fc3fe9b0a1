"""Edits YAML files: only the lines of what changes are written anew."""

import codecs
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ingitdb.formats.edits.changed_values import applied, leaf_edits, same
from ingitdb.formats.edits.yaml_entries import Added, change_entries
from ingitdb.formats.edits.yaml_layout import Layout
from ingitdb.formats.edits.yaml_places import Entry, Node, Part, Places
from ingitdb.formats.edits.yaml_splices import NodeSplices, Slot
from ingitdb.formats.edits.yaml_streams import change_stream, first_document, written_documents
from ingitdb.formats.text import TOO_DEEP, decode, encoding_of
from ingitdb.formats.yaml import read_text
from ingitdb.model.edits import Edit, EditFault, Insert, Put, Remove, Step
from ingitdb.model.records import DEFAULT_OPTIONS, FormatFault, ReadOptions, Spelled, Value

_MOST_COPIED = 500
"""Values that are written out where an alias was, since something below it changes."""
_ODD_KEYS = frozenset({"", "~", "Null", "NULL"})
_MARKS = (
    codecs.BOM_UTF32_LE,
    codecs.BOM_UTF32_BE,
    codecs.BOM_UTF8,
    codecs.BOM_UTF16_LE,
    codecs.BOM_UTF16_BE,
)
_NAMES = ("utf-32-le", "utf-32-be", "utf-8", "utf-16-le", "utf-16-be")


class YamlEditor:
    """Edits YAML files.

    A new entry of a map comes last, a new item of a list where it is asked for. Comments on lines
    of their own stay where they are, also above what is removed. Where an alias repeats what
    changes, the old value is written out in its place.
    """

    def edit(
        self, data: bytes, edits: Sequence[Edit], options: ReadOptions = DEFAULT_OPTIONS
    ) -> bytes:
        """Gives the file with some edits; without edits the same bytes.

        Raises:
            FormatFault: The file cannot be read.
            EditFault: An edit cannot be made.
        """
        if not edits:
            return data
        text = decode(data, options.encoding)
        if _encoded(text, data, options) != data:
            raise EditFault("The file is not written as its encoding writes it.")
        value = read_text(text).value
        try:
            made = _Edited(text, value, is_single=len(edits) == 1).made(edits)
        except RecursionError:
            raise EditFault(TOO_DEEP) from None
        return _encoded(made, data, options)

    def write(
        self,
        value: Value,
        options: ReadOptions = DEFAULT_OPTIONS,
        *,
        like: bytes | None = None,
        table: str = "",
    ) -> bytes:
        """Gives a new file that holds a value, with the indentation and quotes of another one.

        Raises:
            EditFault: The format cannot say the value.
        """
        sample = b"" if like is None else like
        places = Places(decode(sample, options.encoding))
        try:
            text = written_documents(value, places)
        except RecursionError:
            raise EditFault(TOO_DEEP) from None
        return _encoded(text, sample, options)


class _Edited:
    """A text and what is done to it.

    `touched` are the nodes whose values change, with all around them. Aliases of them are written
    out in a second run, which `is_again`.
    """

    def __init__(self, text: str, value: Value, *, is_single: bool, is_again: bool = False) -> None:
        self.value, self.is_again = value, is_again
        self.places = Places(text)
        self.splices = NodeSplices(self.places, Layout(self.places), is_single=is_single)
        self.touched: set[Node] = set()

    def made(self, edits: Sequence[Edit]) -> str:
        """Gives the text after some edits."""
        parts = [part for part in self.places.parts if not part.is_nothing]
        if len(parts) > 1:
            self._stream(parts, edits)
        elif parts:
            self._within(Slot(node=parts[0].root, part=parts[0]), self.value, edits)
        else:
            whole = edits[0]
            wanted = whole.value if isinstance(whole, Put) else applied(_empty(edits), edits)
            return self._closed(first_document(self.splices, wanted), lambda: wanted)
        text = self._settled(self.splices.made(), edits)
        return self._closed(text, lambda: applied(self.value, edits))

    def _closed(self, text: str, wanted: Callable[[], Value]) -> str:
        """Gives a text without a line break at its end, if the file has none and needs none."""
        bare = text.removesuffix("\n").removesuffix("\r") if self.places.is_open else text
        if bare == text:
            return text
        try:
            is_meant = same(read_text(bare).value, wanted())
        except FormatFault:
            is_meant = False
        return bare if is_meant else text

    def _stream(self, parts: Sequence[Part], edits: Sequence[Edit]) -> None:
        """Edits the documents of a stream."""
        if any(not edit.place for edit in edits):
            raise EditFault("The documents of a stream can only be replaced one by one.")
        own = [edit for edit in edits if len(edit.place) == 1 and not isinstance(edit, Put)]
        for at, found in _grouped([edit for edit in edits if edit not in own]).items():
            part = parts[_position(at, len(parts))]
            self._within(Slot(node=part.root, part=part), self.value[at], found)  # type: ignore[index]
        for edit in own:
            if isinstance(edit, Remove):
                self.touched.update(parts[_position(edit.place[0], len(parts))].root.walk())
        change_stream(self.splices, parts, own)

    def _settled(self, text: str, edits: Sequence[Edit]) -> str:
        """Gives a text in which aliases that a change has reached say what they said before."""
        aliases = [
            node
            for part in self.places.parts
            for node in part.root.walk()
            if node.kind == "alias" and node.target in self.touched and node not in self.touched
        ]
        if not aliases:
            return text
        line = aliases[0].line
        wanted = applied(self.value, edits)
        try:
            found = read_text(text).value
        except FormatFault as fault:
            message = f"The value is needed by the alias in line {line}."
            raise EditFault(message, line=line) from fault
        rest = list(leaf_edits(found, wanted))
        if rest and (self.is_again or len(rest) > _MOST_COPIED):
            raise EditFault(f"The value is shared by the alias in line {line}.", line=line)
        return _Edited(text, found, is_single=False, is_again=True).made(rest) if rest else text

    def _within(self, slot: Slot, value: Any, edits: Sequence[Edit]) -> None:
        """Makes the edits at a node and below it."""
        node, first = slot.node, edits[0]
        if not first.place:
            if not isinstance(first, Put):
                raise EditFault("There is something at this place already.", line=node.line)
            if not _is_same(value, first.value):
                self._touch(node)
                self.splices.put_value(slot, first.value)
            return
        self.touched.add(node)
        if node.kind == "alias":
            self._unshare(slot, value, edits)
        elif node.is_null:
            self.splices.put_value(slot, applied(_empty(edits), edits))
        elif self._is_bare(node) and any(
            len(edit.place) == 1 and not isinstance(edit, Put) for edit in edits
        ):
            self.splices.put_value(slot, applied(value, edits))
        elif node.kind == "map":
            self._map(slot, value, edits)
        elif node.kind == "list":
            self._list(slot, value, edits)
        else:
            raise EditFault(f"There is nothing at {first.place[0]!r}.", line=node.line)

    def _is_bare(self, node: Node) -> bool:
        """Tells whether a map is in flow style, but not in brackets."""
        return node.is_flow and self.places.text[node.body] not in "{["

    def _touch(self, node: Node) -> None:
        self.touched.update(node.walk())

    def _unshare(self, slot: Slot, value: Any, edits: Sequence[Edit]) -> None:
        wanted = applied(value, edits)
        if _size(wanted) > _MOST_COPIED:
            line = slot.node.line
            message = "What the alias repeats is too large to be written out here."
            raise EditFault(message, line=line)
        slot.pattern = slot.node.target
        self.splices.put_value(slot, wanted)

    def _map(self, slot: Slot, value: dict[str, Any], edits: Sequence[Edit]) -> None:
        node, removed = slot.node, set[int]()
        own: dict[Step | None, int] = {_key(e): at for at, e in enumerate(node.entries)}
        added: list[Added] = []
        for key, found in _grouped(edits).items():
            at = own.get(key)
            if key not in value and not (isinstance(found[0], Insert) and not found[0].place):
                raise EditFault(f"There is no {key!r}.", line=node.line)
            if isinstance(found[0], Remove) and not found[0].place:
                if at is None or key in _merged(node):
                    message = (
                        f"The entry {key!r} comes from a merge key and cannot be removed here."
                    )
                    raise EditFault(message, line=node.line)
                removed.add(at)
                self._touch(node.entries[at].value)
            elif at is not None:
                self._within(_below(slot, node.entries[at]), value[str(key)], found)
            else:
                wanted = found[0].value if isinstance(found[0], Insert | Put) else None
                if found[0].place:
                    wanted = applied(value[str(key)], found)
                like = self._pattern(slot, str(key), wanted)
                at = len(node.entries)
                added.append(Added(at=at, key=str(key), value=wanted, like=like))
        self._change(slot, value, removed, added)

    def _list(self, slot: Slot, value: list[Any], edits: Sequence[Edit]) -> None:
        entries, removed = slot.node.entries, set[int]()
        added: list[Added] = []
        for step, found in _grouped(edits).items():
            at = _position(step, len(entries) + 1)
            rest = [e for e in found if e.place or not isinstance(e, Insert)]
            for edit in found:
                if isinstance(edit, Insert) and not edit.place:
                    like = _neighbour(entries, at, edit.value)
                    added.append(Added(at=at, key=None, value=edit.value, like=like))
            if rest:
                _position(step, len(entries))
            if rest and isinstance(rest[0], Remove) and not rest[0].place:
                removed.add(at)
                self._touch(entries[at].value)
            elif rest:
                self._within(_below(slot, entries[at]), value[at], rest)
        added.sort(key=lambda item: item.at)
        self._change(slot, value, removed, added)

    def _change(self, slot: Slot, value: Any, removed: set[int], added: Sequence[Added]) -> None:
        if not removed and not added:
            return
        whole: Any
        if isinstance(value, dict):
            gone = {_key(slot.node.entries[at]) for at in removed}
            whole = {key: item for key, item in value.items() if key not in gone}
            whole.update((item.key, item.value) for item in added)
        else:
            whole = []
            for at in range(len(value) + 1):
                whole += [item.value for item in added if item.at == at]
                whole += [value[at]] if at < len(value) and at not in removed else []
        change_entries(self.splices, slot, removed, added, whole)

    def _pattern(self, slot: Slot, key: str, value: Value) -> Node | None:
        """Gives a node like which a new value can be written.

        That is the one at the same key of a neighbour, or a text among the map's own.
        """
        around = slot.parent.entries if slot.parent is not None else []
        for entry in around[:100]:
            for inner in entry.value.entries if entry.value.kind == "map" else ():
                if inner.key is not None and inner.key.text == key and _fits(inner.value, value):
                    return inner.value
        texts = [
            entry.value
            for entry in slot.node.entries
            if entry.value.kind == "scalar" and not (entry.value.is_plain and _is_odd(entry.value))
        ]
        is_quoted = bool(texts) and all(node.style in {"'", '"'} for node in texts)
        return texts[-1] if is_quoted and isinstance(value, str) else None


def _is_odd(node: Node) -> bool:
    """Tells whether a plain scalar is no text."""
    found = read_text(node.text).value if node.text and "\n" not in node.text else None
    return not isinstance(found, str)


def _below(slot: Slot, entry: Entry) -> Slot:
    is_in_flow = slot.is_in_flow or slot.node.is_flow
    return Slot(node=entry.value, parent=slot.node, entry=entry, is_in_flow=is_in_flow)


def _key(entry: Entry) -> str | None:
    """Gives the key of an entry as the reader does; None for a merge key."""
    node = entry.key
    if node is None or (node.kind == "alias" and node.target is None):
        return None
    if node.kind == "alias" and node.target is not None:
        return node.target.text
    if node.is_plain and node.tag is None:
        return None if node.text == "<<" else "null" if node.text in _ODD_KEYS else node.text
    return node.text


def _merged(node: Node) -> set[str | None]:
    """Gives the keys that a map has from its merge keys."""
    found: set[str | None] = set()
    sources = [e.value for e in node.entries if e.key and e.key.text == "<<" and _key(e) is None]
    while sources:
        source = sources.pop()
        source = source if source.target is None else source.target
        if source.kind == "list":
            sources += [entry.value for entry in source.entries]
        else:
            found.update(map(_key, source.entries), _merged(source))
    return found


def _neighbour(entries: Sequence[Entry], at: int, value: Value) -> Node | None:
    """Gives the nearest item that a new one can be written like."""
    order = sorted(range(len(entries)), key=lambda n: (abs(n - at + 0.5), n))
    found = (entries[n].value for n in order if _fits(entries[n].value, value))
    return next(found, None)


def _fits(node: Node, value: Value) -> bool:
    if isinstance(value, dict | list):
        return node.kind == ("map" if isinstance(value, dict) else "list")
    return node.kind == "scalar"


def _grouped(edits: Sequence[Edit]) -> Mapping[Step, list[Edit]]:
    """Gives the edits by the first step of their places, without it."""
    found: dict[Step, list[Edit]] = {}
    for edit in edits:
        place = edit.place[1:]
        inner: Edit
        if isinstance(edit, Remove):
            inner = Remove(place=place)
        else:
            inner = type(edit)(place=place, value=edit.value)
        found.setdefault(edit.place[0], []).append(inner)
    return found


def _position(step: Step | None, count: int) -> int:
    if not isinstance(step, int) or not 0 <= step < count:
        raise EditFault(f"A list has no position {step!r} here.")
    return step


def _empty(edits: Sequence[Edit]) -> Value:
    """Gives the empty list or map into which edits insert."""
    return [] if edits[0].place and isinstance(edits[0].place[0], int) else {}


def _is_same(old: Value, new: Value) -> bool:
    if isinstance(new, Spelled) and not isinstance(old, Spelled):
        return False
    if isinstance(new, Spelled) and isinstance(old, Spelled) and new.text != old.text:
        return False
    return same(old, new)


def _size(value: Value) -> int:
    if isinstance(value, dict):
        return 1 + sum(map(_size, value.values()))
    return 1 + sum(map(_size, value)) if isinstance(value, list) else 1


def _encoded(text: str, data: bytes, options: ReadOptions) -> bytes:
    """Encodes a text as a file is, with the same byte order mark.

    Raises:
        EditFault: The encoding cannot say the text.
    """
    mark, name = b"", options.encoding or "utf-8"
    if encoding_of(data) is not None:
        mark, name = next(
            pair for pair in zip(_MARKS, _NAMES, strict=True) if data.startswith(pair[0])
        )
    elif (found := codecs.lookup(name).name) in {"utf-16", "utf-32"}:
        name = f"{found}-{'le' if sys.byteorder == 'little' else 'be'}"
    elif found == "utf-8-sig":
        name = "utf-8"
    try:
        return mark + text.encode(name)
    except UnicodeEncodeError as fault:
        char = ord(fault.object[fault.start])
        raise EditFault(f"The file's encoding has no character U+{char:04X}.") from None
