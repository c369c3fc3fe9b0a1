"""Checks configuration against the published JSON Schemas, with the words of a person.

jsonschema is imported inside the functions: it takes long, and only a repository with configuration
files needs it.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from reprlib import repr as short
from typing import Any

from ingitdb.catalog.parsed import Parsed, Way
from ingitdb.errors import did_you_mean
from ingitdb.model.records import Problem

SCHEMAS = "ingitdb.catalog.schemas"
_SAID = {
    "object": "a map",
    "array": "a list",
    "string": "a text",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "null": "null",
}
_KINDS: Mapping[type, str] = {
    dict: "object",
    list: "array",
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
}


def _must_not_be_empty(_error: Any) -> str:
    return "must not be empty"


WORDS: Mapping[str, Callable[[Any], str]] = {
    "type": lambda e: _must_be(e, [e.schema]),
    "anyOf": lambda e: _must_be(e, e.validator_value),
    "enum": lambda e: f"must be one of {', '.join(e.validator_value)}, not {short(e.instance)}",
    "required": lambda e: f"has no {' and no '.join(_missing(e))}",
    "pattern": lambda e: f"cannot be {short(e.instance)}",
    "minimum": lambda e: f"must be at least {e.validator_value}",
    "minItems": _must_not_be_empty,
    "minLength": _must_not_be_empty,
    "minProperties": _must_not_be_empty,
    "uniqueItems": lambda _: "has an item twice",
}
"""What is said of a value that breaks a keyword; see `_findings` for those about keys."""


@lru_cache(maxsize=8)
def schema(name: str, package: str = SCHEMAS) -> Mapping[str, Any]:
    """Gives a published schema: definition, root-collections, settings, tables or mapping."""
    text = files(package).joinpath(f"{name}.schema.json").read_text("utf-8")
    loaded: Mapping[str, Any] = json.loads(text)
    return loaded


@lru_cache(maxsize=1)
def _validator() -> Any:
    from jsonschema.validators import Draft202012Validator, extend

    return extend(Draft202012Validator, {"uniqueItems": _unique_items})


def _unique_items(_self: Any, _wanted: Any, items: Any, _rules: Any) -> Iterator[Any]:
    """Compares texts, all that the schemas ask for; for lists of maps jsonschema's own takes n²."""
    from jsonschema import ValidationError

    texts = [item for item in items if isinstance(item, str)] if isinstance(items, list) else []
    if len(set(texts)) < len(texts):
        yield ValidationError("has non-unique elements")


def check(
    parsed: Parsed, name: str, *, lenient: bool = False, package: str = SCHEMAS
) -> list[Problem]:
    """Checks a file; with `lenient` an unknown key is a warning."""
    from jsonschema.exceptions import best_match

    errors = _validator()(schema(name, package)).iter_errors(parsed.value)
    found = [
        parsed.problem(message, way, warning=lenient and error.validator == "additionalProperties")
        for error in (best_match([error]) for error in errors)
        for way, message in _findings(error)
    ]
    return sorted(dict.fromkeys(found), key=lambda problem: (problem.line, problem.column))


def _findings(error: Any) -> Iterator[tuple[Way, str]]:
    """Gives the places that an error is about, and what is said of each."""
    way = tuple(error.absolute_path)
    if error.validator == "additionalProperties":
        known = error.schema["properties"]
        for name in error.instance:
            if name not in known:
                text = f"{_place(way)} has an unknown key {name!r}."
                yield (*way, name), " ".join(filter(None, (text, did_you_mean(name, known))))
    elif "propertyNames" in list(error.absolute_schema_path)[-2:-1]:
        yield (*way, error.instance), f"{error.instance!r} is no possible name."
    else:
        word = WORDS.get(error.validator)
        yield way, f"{_place(way)} {word(error) if word else f'is wrong: {error.message}'}."


def _must_be(error: Any, choices: list[Mapping[str, Any]]) -> str:
    kinds = [choice["type"] for choice in choices]
    said = [_SAID[name] for kind in kinds for name in ([kind] if isinstance(kind, str) else kind)]
    found = _SAID.get(_KINDS.get(type(error.instance), ""), "something else")
    return f"must be {' or '.join(said)}, not {found}"


def _missing(error: Any) -> list[str]:
    return [repr(name) for name in error.validator_value if name not in error.instance]


def _place(way: Way) -> str:
    if not way:
        return "The file"
    return "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in way).lstrip(".")
