"""Values into Arrow arrays of explicit types; nothing is inferred and nothing is lost."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
import pyarrow as pa

from ingitdb.formats import arrow_types
from ingitdb.model.records import Spelled
from ingitdb.model.shapes import Place
from ingitdb.model.types import (
    BIGINT,
    BLOB,
    BOOLEAN,
    DATE,
    DOUBLE,
    HUGEINT,
    JSON,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
    VARCHAR,
    ColumnType,
    ListOf,
    Scalar,
    Struct,
)
from ingitdb.snapshots.texts import json_text, source_text

_EXPONENT = re.compile(rb"[0-9]e[0-9-]")
_EXPONENT_OF_NUMBER = re.compile(rb"(?:^|[:,\[])-?[0-9.]+e[0-9-]+(?:$|[,}\]])")
"""What orjson spells in its own way, or a text that looks so; slower to find."""
_NESTED: Mapping[ColumnType, pa.DataType] = {HUGEINT: pa.string(), JSON: pa.string()}
"""Parquet has no 128-bit integer: kept as text, read with a cast."""
_AS_THEY_ARE = {
    BOOLEAN: {"b"},
    BIGINT: {"i", "l"},
    DOUBLE: {"i", "f", "F"},
    VARCHAR: {"s"},
    DATE: {"d"},
    TIME: {"t"},
    TIMESTAMP: {"T"},
    TIMESTAMPTZ: {"Z"},
    BLOB: {"x"},
}


def arrow_type(column: ColumnType, *, nested: bool = False) -> pa.DataType:
    """Gives the Arrow type that stores a column type; nested JSON is stored as text."""
    if column == JSON and not nested:
        return pa.json_()
    return arrow_types.arrow_type(column, _NESTED)


def as_json(place: Place) -> Place:
    """Gives a place that JSON holds, with all the kinds of scalars that stand in another."""
    return Place(kinds={"s", *_kinds(place)}, is_map=True)


def _kinds(place: Place) -> set[str]:
    inner = [*place.fields.values(), *([place.item] if place.item else [])]
    return place.kinds.union(*(_kinds(each) for each in inner))


def array_of(values: Sequence[Any], column: ColumnType, place: Place) -> pa.Array:
    """Puts values into an array of the column's storage type.

    Args:
        values: None for missing ones.
        column: The type, which holds every value.
        place: What the values are, so that those that need no conversion get none.
    """
    if not fits(column, place):
        convert = _converter(column)
        values = [None if value is None else convert(value) for value in values]
    return pa.array(values, storage_type(column))


def storage_type(column: ColumnType) -> pa.DataType:
    """Gives the type of the array behind a column: JSON is text there."""
    return pa.string() if column == JSON else arrow_type(column)


def stored_text(raw: bytes) -> str | None:
    """Gives the JSON text of a value that orjson wrote: what `json_text` would give."""
    if raw == b"null":
        return None
    if _EXPONENT.search(raw) and _EXPONENT_OF_NUMBER.search(raw):
        return json_text(orjson.loads(raw))
    return raw.decode()


def fits(column: ColumnType, place: Place) -> bool:
    """Tells whether the values of a place need no conversion to be of a type."""
    if isinstance(column, Struct):
        nothing = Place()
        return not (place.kinds or place.is_list) and all(
            fits(inner, place.fields.get(name, nothing)) for name, inner in column
        )
    if isinstance(column, ListOf):
        return not (place.kinds or place.is_map) and fits(column.item, place.item or Place())
    if place.is_list or place.is_map:
        return False
    return isinstance(column, Scalar) and place.kinds <= _AS_THEY_ARE.get(column, set())


def _converter(column: ColumnType) -> Callable[[Any], Any]:
    if isinstance(column, Struct):
        return _struct_converter(column)
    if isinstance(column, ListOf):
        item = _converter(column.item)
        return lambda value: [None if v is None else item(v) for v in value]
    if column == JSON:
        return json_text
    if column in (VARCHAR, HUGEINT):
        return source_text if column == VARCHAR else lambda value: str(_plain(value))
    if column == DOUBLE:
        return lambda value: float(_plain(value))
    return _plain


def _struct_converter(column: Struct) -> Callable[[Any], Any]:
    fields = [(name, _converter(inner)) for name, inner in column]

    def convert(value: Any) -> dict[str, Any]:
        return {
            name: inner(found) for name, inner in fields if (found := value.get(name)) is not None
        }

    return convert


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Spelled) else value
