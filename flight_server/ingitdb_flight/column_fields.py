"""Fields of Arrow that say what a column is, in the metadata that clients of Flight SQL read."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from ingitdb.model.types import ColumnType
from ingitdb.services.listing import ListedColumn
from ingitdb_flight.sql_types import known, precision_and_scale, type_name

_PREFIX = "ARROW:FLIGHT:SQL:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The table or view that columns belong to.

    Attributes:
        is_read_only: Whether its values cannot be changed.
    """

    catalog: str
    schema: str
    table: str
    is_read_only: bool


def listed_field(owner: Owner, column: ListedColumn) -> pa.Field:
    """Gives the field of a table's column."""
    more = {"REMARKS": column.remarks, "COLUMN_DEF": column.default}
    if column.length is not None:
        more["PRECISION"] = str(column.length)
    metadata = _metadata({**_owned(owner), **_typed(column.type), **more})
    return pa.field(column.name, column.carried, nullable=column.nullable, metadata=metadata)


def owned_fields(
    owner: Owner, schema: pa.Schema, columns: Sequence[tuple[str, ColumnType]]
) -> pa.Schema:
    """Gives the fields of a view, whose columns are those of a result."""
    return _with(schema, columns, _owned(owner))


def typed_fields(schema: pa.Schema, columns: Sequence[tuple[str, ColumnType]]) -> pa.Schema:
    """Gives the fields of a result with the names of their types."""
    return _with(schema, columns, {})


def _with(
    schema: pa.Schema,
    columns: Sequence[tuple[str, ColumnType]],
    more: dict[str, str | None],
) -> pa.Schema:
    fields = []
    for field, (_, kind) in zip(schema, columns, strict=True):
        said = _metadata({**more, **_typed(kind)})
        fields.append(field.with_metadata({**(field.metadata or {}), **said}))
    return pa.schema(fields, schema.metadata)


def _owned(owner: Owner) -> dict[str, str | None]:
    return {
        "CATALOG_NAME": owner.catalog,
        # the first is the protocol's name for it, the second the one that clients look for
        "DB_SCHEMA_NAME": owner.schema,
        "SCHEMA_NAME": owner.schema,
        "TABLE_NAME": owner.table,
        "IS_READ_ONLY": _flag(owner.is_read_only),
    }


def _typed(kind: ColumnType) -> dict[str, str | None]:
    precision, scale = precision_and_scale(kind)
    found = known(kind)
    return {
        "TYPE_NAME": type_name(kind),
        "PRECISION": None if precision is None else str(precision),
        "SCALE": None if scale is None else str(scale),
        "IS_AUTO_INCREMENT": _flag(False),
        "IS_CASE_SENSITIVE": _flag(found is not None and found.is_case_sensitive),
        "IS_SEARCHABLE": _flag(True),
    }


def _metadata(said: dict[str, str | None]) -> dict[bytes, bytes]:
    return {
        f"{_PREFIX}{name}".encode(): value.encode()
        for name, value in said.items()
        if value is not None
    }


def _flag(value: bool) -> str:
    return "1" if value else "0"
