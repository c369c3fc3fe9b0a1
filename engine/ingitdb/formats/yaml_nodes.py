"""Builds plain values from the events of PyYAML's C parser.

Refused are keys that stand twice, keys that are no scalars, aliases inside their own anchor and
documents that grow out of proportion. What an alias repeats is shared, not copied: values are to
be read, not changed.
"""

from typing import Any

from yaml._yaml import CParser
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from ingitdb.formats.text import MAX_DEPTH, TOO_DEEP
from ingitdb.formats.yaml_scalars import PLAIN, tagged
from ingitdb.model.records import FormatFault

MOST_EXPANDED = 10_000_000
"""Values that aliases and merge keys may repeat in one file."""

_MERGE = "<<"
_ODD_KEYS = frozenset({_MERGE, "", "~", "Null", "NULL"})


class _Anchored:
    """What an anchor names; `text` is a scalar's source, None for a container."""

    __slots__ = ("done", "text", "value")

    def __init__(self, value: Any = None, text: str | None = None, *, done: bool = False) -> None:
        self.value = value
        self.text = text
        self.done = done


class Nodes:
    """Reads the documents of one stream, one `read_document` each.

    Attributes:
        lines: The first lines of the items or entries of the document read last.
        aliases: Whether an alias or anchor has been met.
    """

    def __init__(self, text: str) -> None:
        self._get: Any = CParser(text).get_event
        self._anchors: dict[str, _Anchored] = {}
        self._measured: dict[int, tuple[int, int, Any]] = {}
        self._expanded = 0
        self.lines: list[int] = []
        self.aliases = False
        self._get()

    def next_root(self) -> Any:
        """Gives the first event of the next document; None at the end of the stream."""
        while not isinstance(event := self._get(), StreamEndEvent):
            if isinstance(event, DocumentStartEvent):
                self._anchors.clear()
                self.lines = []
                return self._get()
        return None

    def read_document(self, root: Any) -> Any:
        """Gives the value of the document that begins with an event."""
        return self._node(root, 0, self.lines)

    def _node(self, event: Any, depth: int, lines: list[int] | None = None) -> Any:
        kind = type(event)
        if kind is ScalarEvent:
            return self._scalar(event)
        if kind is AliasEvent:
            return self._repeated(event, depth)
        if depth >= MAX_DEPTH:
            raise fault_at(event, TOO_DEEP)
        anchored = None
        if event.anchor is not None:
            self.aliases = True
            anchored = self._anchors[event.anchor] = _Anchored()
        read = self._mapping if kind is MappingStartEvent else self._sequence
        value = read(depth + 1, lines)
        if anchored is not None:
            anchored.value, anchored.done = value, True
        return value

    def _sequence(self, depth: int, lines: list[int] | None) -> list[Any]:
        items: list[Any] = []
        get, append, plain = self._get, items.append, PLAIN
        while True:
            event = get()
            kind = type(event)
            if kind is SequenceEndEvent:
                return items
            if lines is not None:
                lines.append(event.start_mark.line + 1)
            if kind is ScalarEvent and event.tag is None and event.anchor is None:
                append(plain[event.value] if event.implicit[0] else event.value)
            else:
                append(self._node(event, depth))

    def _mapping(self, depth: int, lines: list[int] | None) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        merged: list[tuple[Any, Any]] = []
        get, plain, scalar = self._get, PLAIN, ScalarEvent
        while True:
            event = get()
            if type(event) is MappingEndEvent:
                break
            key = event.value if type(event) is scalar else self._key(event)
            if event.anchor is not None or key in _ODD_KEYS:
                key = self._key(event)
            if key is None:
                merged.append((event, self._node(get(), depth)))
                continue
            if key in entries:
                raise fault_at(event, f"Key {key!r} stands twice in this map.")
            if lines is not None:
                lines.append(event.start_mark.line + 1)
            event = get()
            if type(event) is scalar and event.tag is None and event.anchor is None:
                entries[key] = plain[event.value] if event.implicit[0] else event.value
            else:
                entries[key] = self._node(event, depth)
        for event, value in merged:
            self._merge(entries, value, event, lines)
        return entries

    def _key(self, event: Any) -> str | None:
        """Gives a key's source text; None for a merge key."""
        text: str | None
        if isinstance(event, AliasEvent):
            text = self._named(event).text
        elif isinstance(event, ScalarEvent):
            text = event.value
            if event.anchor is not None:
                self._scalar(event)
            if event.tag is None and event.implicit[0]:
                if text == _MERGE:
                    return None
                text = "null" if text in _ODD_KEYS else text
        else:
            text = None
        if text is None:
            raise fault_at(event, "A list or map cannot be a key.")
        return text

    def _scalar(self, event: Any) -> Any:
        text: str = event.value
        if event.tag is None:
            value = PLAIN[text] if event.implicit[0] else text
        else:
            mark = event.start_mark
            value = tagged(
                event.tag, text, plain=not event.style, line=mark.line + 1, column=mark.column + 1
            )
        if event.anchor is not None:
            self.aliases = True
            self._anchors[event.anchor] = _Anchored(value, text, done=True)
        return value

    def _named(self, event: Any) -> _Anchored:
        self.aliases = True
        anchored = self._anchors.get(event.anchor)
        if anchored is None:
            raise fault_at(event, f"There is no anchor &{event.anchor} before this alias.")
        if not anchored.done:
            raise fault_at(event, f"The alias *{event.anchor} stands inside its own anchor.")
        return anchored

    def _repeated(self, event: Any, depth: int) -> Any:
        value = self._named(event).value
        size, height = self._measure(value)
        if depth + height > MAX_DEPTH:
            raise fault_at(event, TOO_DEEP)
        self._grow(size, event)
        return value

    def _grow(self, size: int, event: Any) -> None:
        self._expanded += size
        if self._expanded > MOST_EXPANDED:
            raise fault_at(event, f"The aliases expand to more than {MOST_EXPANDED:,} values.")

    def _measure(self, value: Any) -> tuple[int, int]:
        """Gives how many values a value unfolds to, and how deep it is."""
        if not isinstance(value, dict | list):
            return 1, 0
        known = self._measured.get(id(value))
        if known is None:
            size, height = 1, 0
            for item in value.values() if isinstance(value, dict) else value:
                below, depth = self._measure(item)
                size, height = size + below, max(height, depth)
            known = self._measured[id(value)] = size, height + 1, value  # keeps the id taken
        return known[:2]

    def _merge(
        self, entries: dict[str, Any], value: Any, event: Any, lines: list[int] | None
    ) -> None:
        """Adds what a merge key brings; entries that are there already stay."""
        for source in value if isinstance(value, list) else [value]:
            if not isinstance(source, dict):
                raise fault_at(event, "A merge key (<<) must lead to a map or a list of maps.")
            self._grow(len(source), event)
            for key, item in source.items():
                if key not in entries:
                    entries[key] = item
                    if lines is not None:
                        lines.append(event.start_mark.line + 1)


def fault_at(event: Any, message: str) -> FormatFault:
    """Places a fault at the first character of a node."""
    mark = event.start_mark
    return FormatFault(message, line=mark.line + 1, column=mark.column + 1)
