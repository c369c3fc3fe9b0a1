"""A table of a commit as a CREATE TABLE statement, in DuckDB's words."""

from ingitdb.catalog.naming import NamedTable
from ingitdb.execution.relations import is_nullable, key_columns
from ingitdb.model.types import quote_identifier
from ingitdb.snapshots.relation import Relation


def create_statement(table: NamedTable, relation: Relation) -> str:
    """Gives the statement that makes a table with the same columns and keys."""
    key = key_columns(table)
    lines = [
        f"{quote_identifier(column.name)} {column.type.sql}"
        + ("" if is_nullable(column, key) else " NOT NULL")
        for column in relation.columns
    ]
    if key and {name.casefold() for name in key} <= {c.name.casefold() for c in relation.columns}:
        lines.append(f"PRIMARY KEY ({_names(key)})")
    for foreign in table.locations[0].declaration.foreign_keys:
        target = ".".join(map(quote_identifier, (foreign.schema, foreign.table)))
        lines.append(f"FOREIGN KEY ({_names(foreign.columns)}) REFERENCES {target}")
    name = ".".join(map(quote_identifier, (table.schema, table.name)))
    return f"CREATE TABLE {name} (\n  " + ",\n  ".join(lines) + "\n);"


def _names(columns: tuple[str, ...]) -> str:
    return ", ".join(map(quote_identifier, columns))
