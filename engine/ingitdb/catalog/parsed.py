"""Reads configuration files to plain values and remembers where each of them stands."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import yaml

from ingitdb.formats.yaml_scalars import PLAIN, tagged
from ingitdb.model.records import FormatFault, Problem, Spelled

Step: TypeAlias = str | int
Way: TypeAlias = tuple[Step, ...]
"""Keys and positions that lead from the root of a document to a value."""

_MOST_VALUES = 200_000
_DEEPEST = 100
_TOO_DEEP = "The file is nested too deeply."


@dataclass(frozen=True, slots=True)
class Parsed:
    """The value of a configuration file.

    Attributes:
        path: The file.
        value: Maps, lists and scalars; keys are always text.
        places: Line and column of the values and, for those of maps, of their keys; empty for JSON.
    """

    path: str
    value: Any
    places: Mapping[Way, tuple[int, int]] = field(default_factory=dict)

    def problem(self, message: str, way: Way = (), *, warning: bool = False) -> Problem:
        """Words a problem at the place that a way leads to, or the nearest known one above it."""
        while way and way not in self.places:
            way = way[:-1]
        line, column = self.places.get(way, (0, 0)) if way else (0, 0)
        return Problem(
            path=self.path,
            message=message,
            line=line,
            column=column,
            severity="warning" if warning else "error",
        )


def parse(path: str, data: bytes) -> Parsed:
    """Reads a YAML or JSON file; YAML with the values of YAML 1.2's core schema.

    Raises:
        FormatFault: The file is neither, names a key twice, or unfolds to too many values.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatFault("The file is not UTF-8 text.") from error
    try:
        is_json = path.lower().endswith(".json")
        parsed = Parsed(path, json.loads(text)) if is_json else _parse_yaml(path, text)
    except json.JSONDecodeError as error:
        raise FormatFault(f"{error.msg}.", line=error.lineno, column=error.colno) from error
    except ValueError as error:
        raise FormatFault("A number has too many digits.") from error
    except RecursionError as error:
        raise FormatFault(_TOO_DEEP) from error
    if not _is_shallow(parsed.value):
        raise FormatFault(_TOO_DEEP)
    return parsed


def _parse_yaml(path: str, text: str) -> Parsed:
    try:
        reader = _Reader(yaml.parse(text, Loader=yaml.CSafeLoader))
        return Parsed(path, reader.document(), reader.places)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        raise FormatFault(_sentence(error.problem), line=line, column=column) from error
    except yaml.YAMLError as error:
        raise FormatFault(_sentence(str(error))) from error


def _sentence(text: str | None) -> str:
    text = " ".join((text or "not YAML").split())
    return f"{text[0].upper()}{text[1:]}."


class _Reader:
    """Turns parser events to values. PyYAML's own composer dies of deep nesting."""

    def __init__(self, events: Iterator[yaml.Event]) -> None:
        self.places: dict[Way, tuple[int, int]] = {}
        self._events = events
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._count = 0

    def document(self) -> Any:
        """Gives the value of the only document; None where there is none."""
        next(self._events)
        if isinstance(next(self._events), yaml.StreamEndEvent):
            return None
        value = self._value(next(self._events), ())
        next(self._events)
        after = next(self._events)
        if not isinstance(after, yaml.StreamEndEvent):
            raise _fault("There is more than one document.", after)
        return value

    def _value(self, event: yaml.Event, way: Way) -> Any:
        self._count += 1
        self.places.setdefault(way, _place(event))
        if isinstance(event, yaml.AliasEvent):
            return self._anchored(event)
        before = self._count
        if len(way) > _DEEPEST:
            raise _fault(_TOO_DEEP, event)
        if isinstance(event, yaml.ScalarEvent):
            value = _scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self._list(way)
        else:
            value = self._map(way)
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            self._anchors[event.anchor] = (value, self._count - before + 1)
        return value

    def _anchored(self, event: yaml.AliasEvent) -> Any:
        if event.anchor not in self._anchors:
            raise _fault(f"The alias {event.anchor!r} has no anchor before it.", event)
        value, size = self._anchors[event.anchor]
        self._count += size
        if self._count > _MOST_VALUES:
            raise _fault("The file unfolds to too many values.", event)
        return value

    def _list(self, way: Way) -> list[Any]:
        found: list[Any] = []
        event = next(self._events)
        while not isinstance(event, yaml.SequenceEndEvent):
            found.append(self._value(event, (*way, len(found))))
            event = next(self._events)
        return found

    def _map(self, way: Way) -> dict[str, Any]:
        found: dict[str, Any] = {}
        event = next(self._events)
        while not isinstance(event, yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise _fault("A key must be a text.", event)
            name = event.value
            if name in found:
                raise _fault(f"The key {name!r} stands twice.", event)
            self.places[(*way, name)] = _place(event)
            found[name] = self._value(next(self._events), (*way, name))
            event = next(self._events)
        return found


def _place(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark is not None else (0, 0)


def _fault(message: str, event: yaml.Event) -> FormatFault:
    line, column = _place(event)
    return FormatFault(message, line=line, column=column)


def _scalar(event: yaml.ScalarEvent) -> Any:
    text: str = event.value
    if event.tag is None:
        value = PLAIN[text] if event.implicit[0] else text
    else:
        line, column = _place(event)
        value = tagged(event.tag, text, plain=not event.style, line=line, column=column)
    return value.value if isinstance(value, Spelled) else value


def _is_shallow(value: Any) -> bool:
    level, depth = [value], 0
    while level and depth <= _DEEPEST:
        depth += 1
        level = [item for one in level for item in _children(one)]
    return not level


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
