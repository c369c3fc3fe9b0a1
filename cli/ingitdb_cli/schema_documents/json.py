"""The tables as JSON, for programs."""

from collections.abc import Iterator
from typing import Any

import orjson

from ingitdb.services.schemas import ColumnSchema, Schemas, TableSchema


def json(found: Schemas) -> Iterator[str]:
    """Gives an array with an object a table."""
    tables = [_table(table) for table in found.tables]
    yield orjson.dumps(tables, option=orjson.OPT_INDENT_2, default=str).decode()


def _table(table: TableSchema) -> dict[str, Any]:
    return {
        "schema": table.schema,
        "name": table.name,
        "title": table.title,
        "description": table.description,
        "location": table.location,
        "rows": table.rows,
        "key": table.key,
        "columns": [_column(column) for column in table.columns],
        "foreign_keys": [
            {
                "columns": one.columns,
                "schema": one.schema,
                "table": one.table,
                "references": one.references,
            }
            for one in table.foreign_keys
        ],
    }


def _column(column: ColumnSchema) -> dict[str, Any]:
    return {
        "name": column.name,
        "type": column.type,
        "nullable": column.nullable,
        "key": column.key,
        "title": column.title,
        "description": column.description,
        "rules": dict(column.rules),
    }
