"""Checks configuration against the published JSON Schemas, with the words of a person.

An own reader of the keywords that these schemas use: loading a full validator would cost more time
than a query. That both agree is tested.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from ingitdb.catalog.parsed import Parsed, Way
from ingitdb.errors import did_you_mean
from ingitdb.model.records import Problem

_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "null": (type(None),),
}
_SAID = {
    "object": "a map",
    "array": "a list",
    "string": "a text",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "null": "null",
}
KEYWORDS = frozenset(
    [
        "$schema",
        "$id",
        "$ref",
        "$defs",
        "title",
        "description",
        "type",
        "properties",
        "additionalProperties",
        "required",
        "items",
        "enum",
        "minItems",
        "minLength",
        "minProperties",
        "minimum",
        "pattern",
        "uniqueItems",
        "anyOf",
        "propertyNames",
    ]
)
"""What the schemas may use."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A place that does not follow the schema.

    Attributes:
        unknown: Whether it is a key that the schema does not know, and nothing worse.
    """

    way: Way
    message: str
    unknown: bool = False


@lru_cache(maxsize=8)
def schema(name: str) -> Mapping[str, Any]:
    """Gives a published schema: definition, root-collections, settings or tables."""
    text = files("ingitdb.catalog.schemas").joinpath(f"{name}.schema.json").read_text("utf-8")
    loaded: Mapping[str, Any] = json.loads(text)
    return loaded


def check(parsed: Parsed, name: str, *, lenient: bool = False) -> list[Problem]:
    """Checks a file; with `lenient` an unknown key is a warning."""
    root = schema(name)
    return [
        parsed.problem(found.message, found.way, warning=lenient and found.unknown)
        for found in findings(parsed.value, root, root)
    ]


def findings(
    value: Any, rules: Mapping[str, Any], root: Mapping[str, Any], way: Way = ()
) -> Iterator[Finding]:
    """Compares a value with a schema."""
    if "$ref" in rules:
        rules = root["$defs"][rules["$ref"].rpartition("/")[2]]
    if "anyOf" in rules:
        yield from _any_of(value, rules, root, way)
        return
    kinds = rules.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(_is(value, kind) for kind in kinds):
        expected = " or ".join(_SAID[kind] for kind in kinds)
        yield Finding(way, f"{_place(way)} must be {expected}, not {_kind(value)}.")
        return
    if "enum" in rules and value not in rules["enum"]:
        listed = ", ".join(str(v) for v in rules["enum"])
        yield Finding(way, f"{_place(way)} must be one of {listed}, not {value!r}.")
    checker = _CHECKERS.get(type(value))
    if checker is not None:
        yield from checker(value, rules, root, way)


def _any_of(
    value: Any, rules: Mapping[str, Any], root: Mapping[str, Any], way: Way
) -> Iterator[Finding]:
    attempts = [list(findings(value, choice, root, way)) for choice in rules["anyOf"]]
    if all(attempts):
        yield from min(attempts, key=lambda found: -max(len(f.way) for f in found))


def _map(
    value: dict[str, Any], rules: Mapping[str, Any], root: Mapping[str, Any], way: Way
) -> Iterator[Finding]:
    known: Mapping[str, Any] = rules.get("properties", {})
    for name in rules.get("required", ()):
        if name not in value:
            yield Finding(way, f"{_place(way)} has no {name!r}.")
    if len(value) < rules.get("minProperties", 0):
        yield Finding(way, f"{_place(way)} must not be empty.")
    others = rules.get("additionalProperties", True)
    for name, item in value.items():
        here = (*way, name)
        if any(findings(name, rules.get("propertyNames", {}), root, here)):
            yield Finding(here, f"{name!r} is no possible name.")
            continue
        if name in known:
            yield from findings(item, known[name], root, here)
        elif others is False:
            hint = did_you_mean(name, known)
            text = f"{_place(way)} has an unknown key {name!r}."
            yield Finding(here, f"{text} {hint}" if hint else text, unknown=True)
        elif isinstance(others, dict):
            yield from findings(item, others, root, here)


def _list(
    value: list[Any], rules: Mapping[str, Any], root: Mapping[str, Any], way: Way
) -> Iterator[Finding]:
    if len(value) < rules.get("minItems", 0):
        yield Finding(way, f"{_place(way)} must not be empty.")
    if rules.get("uniqueItems") and any(item in value[:i] for i, item in enumerate(value)):
        yield Finding(way, f"{_place(way)} has an item twice.")
    for position, item in enumerate(value):
        yield from findings(item, rules.get("items", {}), root, (*way, position))


def _text(
    value: str, rules: Mapping[str, Any], _root: Mapping[str, Any], way: Way
) -> Iterator[Finding]:
    if len(value) < rules.get("minLength", 0):
        yield Finding(way, f"{_place(way)} must not be empty.")
    if "pattern" in rules and re.search(rules["pattern"], value) is None:
        yield Finding(way, f"{_place(way)} cannot be {value!r}.")


def _number(
    value: float, rules: Mapping[str, Any], _root: Mapping[str, Any], way: Way
) -> Iterator[Finding]:
    if "minimum" in rules and value < rules["minimum"]:
        yield Finding(way, f"{_place(way)} must be at least {rules['minimum']}.")


_CHECKERS: Mapping[type, Callable[..., Iterator[Finding]]] = {
    dict: _map,
    list: _list,
    str: _text,
    int: _number,
    float: _number,
}


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _TYPES[kind])


def _kind(value: Any) -> str:
    return next((_SAID[kind] for kind in _TYPES if _is(value, kind)), "something else")


def _place(way: Way) -> str:
    if not way:
        return "The file"
    return "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in way).lstrip(".")
