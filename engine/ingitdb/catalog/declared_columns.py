"""What an upstream definition declares about columns and keys."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ingitdb.catalog.collection import Collection
from ingitdb.catalog.column_types import column_type
from ingitdb.catalog.records import KEY_FIELDS, PARENT_COLUMN
from ingitdb.catalog.rules import frozen
from ingitdb.model.records import Problem
from ingitdb.model.tables import Declaration, DeclaredColumn
from ingitdb.model.types import VARCHAR

_DELIMITED = frozenset({"csv", "tsv"})
_OWN_ATTRIBUTES = frozenset({"type", "title", "required"})


def declaration(
    collection: Collection, problems: list[Problem], record_schema: str | None = None
) -> Declaration | None:
    """Reads columns and keys; None, with a problem, where a column has no possible type."""
    columns: list[DeclaredColumn] = []
    in_cells = collection.record_file["format"] in _DELIMITED
    for name, value in _ordered(collection, problems):
        try:
            columns.append(replace(_column(name, value), in_cells=in_cells))
        except ValueError:
            text = f"The column {name!r} has the unknown type {value['type']!r}."
            way = ("columns", name, "type")
            problems.append(collection.definition.problem(text, way))
            return None
    found = Declaration(
        columns=tuple(columns),
        primary_key=tuple(collection.definition.value.get("primary_key", ())),
        title=_title(collection.definition.value.get("titles", {})),
        origin=collection.definition.path,
        rules=tuple(_table_rules(collection)),
        record_schema=record_schema,
    )
    return _with_key(collection, found)


def _ordered(
    collection: Collection, problems: list[Problem]
) -> Iterator[tuple[str, dict[str, Any]]]:
    columns = collection.columns
    order = collection.definition.value.get("columns_order", [])
    for position, name in enumerate(order):
        if name not in columns:
            text = f"columns_order names {name!r}, which is no declared column."
            way = ("columns_order", position)
            problems.append(collection.definition.problem(text, way, warning=True))
    names = dict.fromkeys([*(name for name in order if name in columns), *columns])
    return ((name, columns[name]) for name in names)


def _column(name: str, value: dict[str, Any]) -> DeclaredColumn:
    rules: list[tuple[str, Any]] = [("type", value["type"])]
    if value["type"] == "datetime":
        rules.append(("datetime", True))
    rules.extend((key, frozen(v)) for key, v in value.items() if key not in _OWN_ATTRIBUTES)
    return DeclaredColumn(
        name=name,
        type=column_type(value["type"]),
        required=value.get("required", False),
        title=value.get("title") or _title(value.get("titles", {})),
        rules=tuple(rules),
    )


def _title(titles: dict[str, str]) -> str | None:
    return titles.get("en") or next(iter(titles.values()), None)


def _table_rules(collection: Collection) -> Iterator[tuple[str, Any]]:
    value = collection.definition.value
    for name in ("min_records_count", "max_records_count", "titles", "conflict_resolution"):
        if name in value:
            yield name, frozen(value[name])
    if collection.parent is not None:
        yield "parent", collection.parent.name
        yield "alias", collection.id.rpartition("/")[2]


def _with_key(collection: Collection, found: Declaration) -> Declaration:
    """Settles where the key stands: among the fields of a row, else outside the fields."""
    names = [column.name for column in found.columns]
    if collection.keyed_rows:
        key = found.primary_key
        if not key:
            key = tuple(name for name in (*KEY_FIELDS, "id") if name in names)[:1]
        if collection.parent is not None:
            parent = DeclaredColumn(name=PARENT_COLUMN, type=VARCHAR, required=True)
            key = (PARENT_COLUMN, *key) if key else ()
            return replace(found, columns=(parent, *found.columns), primary_key=key)
        return replace(found, primary_key=key)
    outside = next((column for column in found.columns if column.name in KEY_FIELDS), None)
    columns = tuple(column for column in found.columns if column is not outside)
    primary_key = () if set(found.primary_key) <= set(KEY_FIELDS) else found.primary_key
    if collection.parent is None:
        return replace(found, columns=columns, key=outside, primary_key=primary_key)
    parent = DeclaredColumn(name=PARENT_COLUMN, type=VARCHAR, required=True)
    return replace(found, columns=(parent, *columns), primary_key=primary_key)
