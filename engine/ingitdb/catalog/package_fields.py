"""Fields, keys and dialects of Frictionless resources."""

import codecs
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ingitdb.catalog.package_cells import Cells, Warn, missing_values
from ingitdb.catalog.rules import frozen
from ingitdb.model.records import DEFAULT_OPTIONS, ReadOptions
from ingitdb.model.tables import Declaration, DeclaredColumn
from ingitdb.model.types import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    JSON,
    TIME,
    TIMESTAMP,
    VARCHAR,
    ColumnType,
)


class PackageFault(ValueError):
    """Raised for a resource that cannot be used; says why as the end of a sentence."""


_TYPES: Mapping[str, ColumnType | None] = {
    "string": VARCHAR,
    "integer": BIGINT,
    "number": DOUBLE,
    "boolean": BOOLEAN,
    "date": DATE,
    "time": TIME,
    "datetime": TIMESTAMP,
    "year": BIGINT,
    "yearmonth": VARCHAR,
    "duration": VARCHAR,
    "geopoint": VARCHAR,
    "list": VARCHAR,
    "object": JSON,
    "array": JSON,
    "geojson": JSON,
    "any": None,
}
_TEMPORAL = frozenset({"date", "time", "datetime"})
_CONSTRAINTS = {
    "unique": "unique",
    "pattern": "pattern",
    "enum": "enum",
    "minLength": "min_length",
    "maxLength": "max_length",
    "minimum": "min_value",
    "maximum": "max_value",
}


def declared_columns(schema: dict[str, Any], origin: str, warn: Warn, cells: Cells) -> Declaration:
    """Reads a table schema.

    Args:
        schema: The schema.
        origin: The file that it stands in.
        warn: Is told what is ignored.
        cells: How its cells are spelled.

    Raises:
        PackageFault: It has no usable list of fields.
    """
    fields = schema.get("fields", [])
    if not isinstance(fields, list):
        raise PackageFault("its fields are no list.")
    columns = tuple(_column(field, warn, cells) for field in fields)
    names = [column.name for column in columns]
    if len(set(names)) < len(names):
        raise PackageFault("it declares a field twice.")
    key = schema.get("primaryKey", [])
    key = [key] if isinstance(key, str) else key
    if not isinstance(key, list) or not all(name in names for name in key):
        warn(f"The primaryKey {key!r} names no declared field.")
        key = []
    rules = (("unique_keys", frozen(schema["uniqueKeys"])),) if "uniqueKeys" in schema else ()
    return Declaration(columns=columns, primary_key=tuple(key), origin=origin, rules=rules)


def options_of(
    resource: dict[str, Any], dialect: dict[str, Any], schema: dict[str, Any], cells: Cells
) -> ReadOptions:
    """Reads how a file is written.

    Raises:
        PackageFault: The file cannot be read in the way that is described.
    """
    csv = dialect.get("csv") if isinstance(dialect.get("csv"), dict) else {}
    described = {**dialect, **(csv or {})}
    header = described.get("header", True)
    return replace(
        DEFAULT_OPTIONS,
        delimiter=_character(described, "delimiter"),
        quote=_character(described, "quoteChar"),
        encoding=_encoding(resource.get("encoding")),
        header=header is not False,
        names=_names(schema) if header is False else (),
        missing_values=missing_values(schema),
        cells=cells.reading,
    )


def _column(value: Any, warn: Warn, cells: Cells) -> DeclaredColumn:
    name = field_name(value)
    if name is None:
        raise PackageFault("a field has no name.")
    kind = value.get("type", "any")
    if kind not in _TYPES:
        warn(f"The field {name!r} has the unknown type {kind!r}.")
    constraints = value.get("constraints")
    constraints = constraints if isinstance(constraints, dict) else {}
    title, description = value.get("title"), value.get("description")
    return DeclaredColumn(
        name=name,
        type=_type(kind, value),
        required=constraints.get("required") is True,
        title=title if isinstance(title, str) else None,
        description=description if isinstance(description, str) else None,
        rules=(*_rules(kind, value, constraints), *cells.spellings.get(name, ())),
        in_cells=cells.delimited,
    )


def field_name(value: Any) -> str | None:
    """Gives a field's name; packages of 2013 call it an id."""
    name = value.get("name", value.get("id")) if isinstance(value, dict) else None
    return name if isinstance(name, str) else None


def _type(kind: Any, value: dict[str, Any]) -> ColumnType | None:
    """Gives the type; text where dates are spelled as no other type is."""
    if kind in _TEMPORAL and value.get("format", "default") != "default":
        return VARCHAR
    return _TYPES.get(kind) if isinstance(kind, str) else None


def _rules(
    kind: Any, value: dict[str, Any], constraints: dict[str, Any]
) -> Iterator[tuple[str, Any]]:
    if isinstance(kind, str):
        yield "type", kind
    if kind == "datetime" and _type(kind, value) == TIMESTAMP:
        yield "datetime", True
    for name in ("format", "rdfType"):
        if name in value and value[name] != "default":
            yield name, frozen(value[name])
    for name, rule in _CONSTRAINTS.items():
        if name in constraints and constraints[name] is not False:
            yield rule, frozen(constraints[name])


def _character(described: dict[str, Any], name: str) -> str | None:
    text = described.get(name)
    if text is None:
        return None
    if not isinstance(text, str) or len(text) != 1:
        raise PackageFault(f"its {name} {text!r} is no single character.")
    return text


def _encoding(text: Any) -> str | None:
    if text is None:
        return None
    try:
        name = codecs.lookup(str(text)).name
    except (LookupError, ValueError) as error:
        raise PackageFault(f"its encoding {text!r} is unknown.") from error
    return None if name == "utf-8" else name


def _names(schema: dict[str, Any]) -> tuple[str, ...]:
    names = [field_name(field) for field in schema.get("fields", [])]
    return tuple(name for name in names if name is not None)
