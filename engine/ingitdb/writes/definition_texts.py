"""What is to be said of a table in upstream's definition, and what only tables.yaml can say."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ingitdb.catalog.constraint_names import named_once
from ingitdb.catalog.sql_types import sql_type
from ingitdb.errors import StatementRefused
from ingitdb.model.tables import ForeignKey
from ingitdb.model.types import ColumnType, ListOf, MapOf, Scalar

KEY_COLUMN = "_key"
KEY_FIELD = "$ID"
_ENUM = re.compile(r"ENUM\((?P<values>.*)\)", re.DOTALL)
_ENUM_VALUE = re.compile(r"'((?:[^']|'')*)'")
_EXACT = {
    "VARCHAR": "string",
    "BIGINT": "int",
    "DOUBLE": "float",
    "BOOLEAN": "bool",
    "DATE": "date",
    "TIME": "time",
    "TIMESTAMP": "datetime",
}
_NEAR = {
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "HUGEINT"), "int"),
    **dict.fromkeys(("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"), "int"),
    "FLOAT": "float",
    "UUID": "string",
    "INTERVAL": "string",
    "BIT": "string",
    "TIME WITH TIME ZONE": "string",
    "TIMESTAMP WITH TIME ZONE": "datetime",
    **dict.fromkeys(("TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"), "datetime"),
}
"""Upstream's types that hold the values of others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnDefinition:
    """A column as SQL declares it.

    Attributes:
        type: As DuckDB spells it.
        default: A SQL expression, or None.
    """

    name: str
    type: str
    required: bool = False
    default: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TableDefinition:
    """A table as SQL declares it.

    Attributes:
        upstream: By column the collection whose key it is, as upstream's definition says it; those
            of `foreign_keys` are what it cannot say.
    """

    columns: tuple[ColumnDefinition, ...]
    primary_key: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    checks: tuple[tuple[str, str], ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    upstream: Mapping[str, str]


def upstream_column(column: ColumnDefinition, target: str | None = None) -> dict[str, Any]:
    """Gives a column as upstream's definition says it."""
    found: dict[str, Any] = {"type": upstream_type(column.type)[0]}
    if column.required:
        found["required"] = True
    values = enum_values(column.type)
    if values:
        found["enum"] = list(values)
    if target is not None:
        found["foreign_key"] = target
    return found


def own_column(column: ColumnDefinition, *, alone: bool = False) -> dict[str, Any]:
    """Gives what tables.yaml says of a column beside that, or alone."""
    found: dict[str, Any] = {}
    values = enum_values(column.type)
    if alone or (not upstream_type(column.type)[1] and not values):
        found["type"] = "VARCHAR" if values else column.type
    if alone and column.required:
        found["required"] = True
    if alone and values:
        found["enum"] = list(values)
    if column.default is not None:
        found["default"] = column.default
    return found


def own_table(table: TableDefinition, *, alone: bool = False) -> dict[str, Any]:
    """Gives an entry of tables.yaml: what upstream's definition cannot say, or everything."""
    found: dict[str, Any] = {}
    if alone and table.primary_key not in ((), (KEY_COLUMN,)):
        found["key"] = list(table.primary_key)
    if table.unique:
        found["unique"] = [group[0] if len(group) == 1 else list(group) for group in table.unique]
    if table.checks:
        found["checks"] = dict(table.checks)
    if table.foreign_keys:
        found["foreign_keys"] = [foreign_key(key) for key in table.foreign_keys]
    columns = {column.name: own_column(column, alone=alone) for column in table.columns}
    columns = {name: said for name, said in columns.items() if said and name != KEY_COLUMN}
    return {**found, "columns": columns} if columns else found


def foreign_key(key: ForeignKey) -> dict[str, Any]:
    """Gives a foreign key as tables.yaml says it."""
    found: dict[str, Any] = {
        "columns": list(key.columns),
        "table": f"{key.schema}.{key.table}",
        "references": list(key.references),
    }
    if key.on_delete != "restrict":
        found["on_delete"] = key.on_delete
    if key.on_update != "restrict":
        found["on_update"] = key.on_update
    return found


def definition_value(table: TableDefinition, record_file: Mapping[str, Any]) -> dict[str, Any]:
    """Gives what upstream's definition says of a new table."""
    columns = {
        KEY_FIELD if column.name == KEY_COLUMN else column.name: upstream_column(
            column, table.upstream.get(column.name)
        )
        for column in table.columns
    }
    found: dict[str, Any] = {
        "record_file": dict(record_file),
        "columns": columns,
        "columns_order": list(columns),
    }
    if table.primary_key:
        named = [KEY_FIELD if name == KEY_COLUMN else name for name in table.primary_key]
        found["primary_key"] = named
    return found


def upstream_type(text: str) -> tuple[str, bool]:
    """Gives upstream's nearest type, and whether it says all.

    Raises:
        StatementRefused: Files cannot hold such values.

    Example:
        >>> upstream_type("BIGINT"), upstream_type("DECIMAL(10,2)"), upstream_type("INTEGER[]")
        (('int', True), ('float', False), ('[]int', False))
    """
    if enum_values(text):
        return "string", True
    try:
        kind = sql_type(text)
    except ValueError:
        kind = None
    if kind is None:
        raise StatementRefused(
            f"Files have no place for values of the type {text}.",
            hint="Store them as text or as a STRUCT.",
        )
    return _upstream(kind)


def enum_values(text: str) -> tuple[str, ...]:
    """Gives the values of an ENUM."""
    found = _ENUM.fullmatch(text)
    if found is None:
        return ()
    return tuple(value.replace("''", "'") for value in _ENUM_VALUE.findall(found["values"]))


def _upstream(kind: ColumnType) -> tuple[str, bool]:
    if isinstance(kind, Scalar):
        return _scalar(kind)
    if isinstance(kind, ListOf) and isinstance(kind.item, Scalar):
        name, is_exact = _scalar(kind.item)
        return ("any", False) if name == "any" else (f"[]{name}", is_exact)
    if isinstance(kind, MapOf) and kind.key == Scalar("VARCHAR"):
        name, is_exact = _upstream(kind.value)
        return f"map[string]{name}", is_exact
    return "any", False


def _scalar(kind: Scalar) -> tuple[str, bool]:
    if kind.name == "BLOB":
        raise StatementRefused(
            "Text files have no place for a BLOB.", hint="Store it as text: to_base64(x)."
        )
    if kind.name in _EXACT:
        return _EXACT[kind.name], True
    if kind.name.startswith("DECIMAL("):
        return "float", False
    return _NEAR.get(kind.name, "any"), False


def with_names(
    table: str, checks: Sequence[tuple[str | None, str, str | None]], taken: Iterable[str] = ()
) -> tuple[tuple[str, str], ...]:
    """Gives checks their names, as PostgreSQL does."""
    found: dict[str, str] = {}
    for name, text, column in checks:
        usual = f"{table}_{column}_check" if column else f"{table}_check"
        found[named_once(name, usual, [*taken, *found])] = text
    return tuple(found.items())
