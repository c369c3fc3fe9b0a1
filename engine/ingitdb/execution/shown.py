"""What SHOW TABLES and DESCRIBE show of a commit."""

from collections.abc import Sequence
from typing import Any

from ingitdb.catalog.naming import NamedTable
from ingitdb.execution.relations import is_nullable, key_columns
from ingitdb.model.types import BIGINT, BOOLEAN, VARCHAR, ColumnType, ListOf
from ingitdb.snapshots.snapshot import Snapshot
from ingitdb.sql.names import fold

SHOWN_TABLES: Sequence[tuple[str, ColumnType]] = (
    ("schema", VARCHAR),
    ("name", VARCHAR),
    ("rows", BIGINT),
    ("columns", BIGINT),
    ("key", ListOf(VARCHAR)),
)
DESCRIBED: Sequence[tuple[str, ColumnType]] = (
    ("column_name", VARCHAR),
    ("column_type", VARCHAR),
    ("null", BOOLEAN),
    ("key", BOOLEAN),
    ("references", VARCHAR),
)


def listed(snapshot: Snapshot, schema: str | None) -> list[tuple[Any, ...]]:
    """Gives a row for each table, of one schema if one is named."""
    rows: list[tuple[Any, ...]] = []
    for table in snapshot.tables:
        if schema is None or fold(table.schema) == fold(schema):
            relation = snapshot.relation(table)
            key = list(key_columns(table))
            rows.append((table.schema, table.name, relation.rows, len(relation.columns), key))
    return rows


def described(snapshot: Snapshot, table: NamedTable) -> list[tuple[Any, ...]]:
    """Gives a row for each column of a table."""
    key = key_columns(table)
    targets = {
        column: f"{spelled.schema}.{spelled.table}"
        for spelled in table.locations[0].declaration.foreign_keys
        for column in spelled.columns
    }
    return [
        (
            column.name,
            column.type.sql,
            is_nullable(column, key),
            column.name in key,
            targets.get(column.name),
        )
        for column in snapshot.relation(table).columns
    ]
