"""SQL that turns a stored column into the type that a commit's own records give it."""

import json

from ingitdb.catalog.columns import type_of
from ingitdb.model.shapes import Place
from ingitdb.model.types import (
    BIGINT,
    BOOLEAN,
    DOUBLE,
    HUGEINT,
    JSON,
    VARCHAR,
    ColumnType,
    ListOf,
    Scalar,
    Struct,
    quote_identifier,
    quote_literal,
)


class NotDerivable(Exception):
    """The stored column has lost what the wanted type would show."""


_SPELLED_AS_JSON = frozenset("silb")
_CANONICAL = frozenset("silhbd")
"""Kinds whose value has only one spelling, so that a cast to text shows the source."""


def project(expression: str, stored: Place, wanted: Place) -> str:
    """Gives SQL for a column at a commit.

    Args:
        expression: SQL for the stored column.
        stored: What stands there in all records that the file keeps.
        wanted: What stands there in the records of the commit, a part of `stored`.

    Raises:
        NotDerivable: Text in its source spelling is wanted of which only the value is stored.
    """
    return _project(expression, stored, wanted, depth=0)


def project_source(expression: str, wanted: Place) -> str:
    """Gives SQL for a column at a commit from the JSON of its values.

    Raises:
        NotDerivable: As for `project`.
    """
    want = type_of(wanted)
    return expression if want == JSON else _from_json(expression, wanted, want)


def _project(expression: str, stored: Place, wanted: Place, *, depth: int) -> str:
    have = type_of(stored)
    want = type_of(wanted)
    if not (stored.kinds or stored.is_list or stored.is_map):  # perhaps not even a field
        return f"CAST(NULL AS {want.sql})"
    if have == want and _is_stored_so(have, nested=depth > 0):
        return expression
    if isinstance(have, Struct):
        return _project_struct(expression, stored, wanted, depth)
    if isinstance(have, ListOf):
        return _project_list(expression, stored, wanted, depth)
    if have == JSON:
        return _from_json(expression, wanted, want)
    return _project_scalar(expression, stored, wanted)


def _project_scalar(expression: str, stored: Place, wanted: Place) -> str:
    have = type_of(stored)
    want = type_of(wanted)
    if want == JSON:
        if have == VARCHAR and not stored.kinds <= {"s"}:
            raise NotDerivable
        if have not in (VARCHAR, BIGINT, BOOLEAN) or not stored.kinds <= _CANONICAL:
            raise NotDerivable
        return f"to_json({expression})"
    if want == VARCHAR and have != VARCHAR and not stored.kinds <= _CANONICAL:
        raise NotDerivable
    if isinstance(want, ListOf | Struct):  # null in every record that is stored here and wanted
        return f"CAST(NULL AS {want.sql})"
    return f"CAST({expression} AS {want.sql})"


def _is_stored_so(column: ColumnType, *, nested: bool) -> bool:
    """Whether DuckDB reads the stored column as this type: HUGEINT and nested JSON are text."""
    if isinstance(column, Struct):
        return all(_is_stored_so(inner, nested=True) for _, inner in column)
    if isinstance(column, ListOf):
        return _is_stored_so(column.item, nested=True)
    return column != HUGEINT and not (nested and column == JSON)


def _project_struct(expression: str, stored: Place, wanted: Place, depth: int) -> str:
    want = type_of(wanted)
    if want == JSON and wanted.is_map and not wanted.fields:  # all empty at this commit
        return f"CASE WHEN {expression} IS NOT NULL THEN JSON '{{}}' END"
    if want == JSON:
        raise NotDerivable
    if not isinstance(want, Struct):  # null in every record of the commit
        return f"CAST(NULL AS {want.sql})"
    fields = ", ".join(
        f"{quote_identifier(name)} := "
        + _project(
            f"struct_extract({expression}, {quote_literal(name)})",
            stored.fields.get(name, Place()),
            wanted.fields[name],
            depth=depth + 1,
        )
        for name, _ in want
    )
    return f"CASE WHEN {expression} IS NOT NULL THEN struct_pack({fields}) END"


def _project_list(expression: str, stored: Place, wanted: Place, depth: int) -> str:
    want = type_of(wanted)
    if want == JSON:
        raise NotDerivable
    if not isinstance(want, ListOf) or stored.item is None or wanted.item is None:
        return f"CAST(NULL AS {want.sql})"
    item = f"i{depth}"
    inner = _project(item, stored.item, wanted.item, depth=depth + 1)
    return f"list_transform({expression}, lambda {item}: {inner})"


def _from_json(expression: str, wanted: Place, want: ColumnType) -> str:
    text = f"CAST({expression} AS JSON)"
    if want == JSON:
        return text
    if isinstance(want, Scalar):
        if want == VARCHAR and not {k.rstrip("'") for k in wanted.kinds} <= _SPELLED_AS_JSON:
            raise NotDerivable
        if any(kind.endswith("'") for kind in wanted.kinds) and want == VARCHAR:
            raise NotDerivable
        plain = f"({text} ->> '$')"
        return plain if want == VARCHAR else f"CAST({plain} AS {want.sql})"
    if _has_rewritten_text(wanted):
        raise NotDerivable
    return f"from_json({expression}, {quote_literal(_structure(want))})"


def _structure(want: ColumnType) -> str:
    """Spells a type as `from_json` wants it."""
    if isinstance(want, Struct):
        parts = (f"{json.dumps(name)}:{_structure(inner)}" for name, inner in want)
        return "{" + ",".join(parts) + "}"
    if isinstance(want, ListOf):
        return f"[{_structure(want.item)}]"
    return json.dumps(want.sql)


def _has_rewritten_text(place: Place) -> bool:
    """Whether reading JSON as the type of a place could change what a text or number shows."""
    if place.is_map or place.is_list:
        inner = [*place.fields.values(), *([place.item] if place.item else [])]
        nested_json = type_of(place) == JSON
        return nested_json or any(_has_rewritten_text(p) for p in inner)
    exact = type_of(place) in (VARCHAR, DOUBLE) and place.kinds <= {"s"} | {"i", "f"}
    return not (exact and (place.kinds <= {"s"} or place.kinds <= {"i", "f"})) and not (
        place.kinds <= {"i", "l"} or place.kinds <= {"b"}
    )
