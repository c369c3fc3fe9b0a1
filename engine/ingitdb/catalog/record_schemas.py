"""JSON Schemas of records: read once, refused where they are none."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from ingitdb.catalog.files import Configuration
from ingitdb.catalog.parsed import parse
from ingitdb.model.records import FormatFault, Problem


class SchemaError(NamedTuple):
    """What a record breaks: where in it, which keyword of the schema, and the value there."""

    way: tuple[str | int, ...]
    keyword: str
    message: str
    value: Any = None


def read_record_schema(
    configuration: Configuration, path: str, problems: list[Problem]
) -> str | None:
    """Gives the text of a schema; None, with a problem where the file cannot be used."""
    data = configuration.read(path)
    if data is None:
        return None
    try:
        value = parse(path, data).value
    except FormatFault as fault:
        problems.append(fault.at(path))
        return None
    text = json.dumps(value)
    said = _wrong(text)
    if said is not None:
        problems.append(Problem(path=path, message=f"This is no JSON Schema: {said}."))
        return None
    return text


@lru_cache(maxsize=64)
def _wrong(text: str) -> str | None:
    from jsonschema import Draft202012Validator  # slow to load: only where there is a schema
    from jsonschema.exceptions import best_match

    meta = Draft202012Validator(Draft202012Validator.META_SCHEMA)
    error = best_match(meta.iter_errors(json.loads(text)))
    return None if error is None else f"{error.json_path}: {error.message}".rstrip(".")


def schema_errors(text: str, record: Mapping[str, Any]) -> list[SchemaError]:
    """Gives what a record breaks of a schema, in the order of the places."""
    from referencing.exceptions import Unresolvable

    try:
        errors = sorted(_validator(text).iter_errors(record), key=lambda e: [*map(str, e.path)])
    except Unresolvable as error:
        return [SchemaError((), "", f"the schema refers to {error.ref}, which is not in it")]
    except RecursionError:
        return [SchemaError((), "", "the schema refers to itself without end")]
    return [
        SchemaError(tuple(e.absolute_path), str(e.validator), e.message, e.instance) for e in errors
    ]


@lru_cache(maxsize=64)
def _validator(text: str) -> Any:
    """Makes a validator that fetches nothing: jsonschema by itself would ask the network."""
    from jsonschema import Draft202012Validator, FormatChecker
    from referencing import Registry

    return Draft202012Validator(
        json.loads(text), format_checker=FormatChecker(), registry=Registry()
    )
