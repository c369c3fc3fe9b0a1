"""Answers to the questions of Flight SQL about what there is: catalogs, schemas, tables, keys."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ingitdb_flight import key_answers, table_answers
from ingitdb_flight.sql_info import SQL_INFO, sql_info
from ingitdb_flight.type_info import TYPE_INFO, type_info

if TYPE_CHECKING:
    from ingitdb_flight.session import Session


@dataclass(frozen=True, slots=True)
class Question:
    """A question of metadata.

    Attributes:
        schema: The columns of its answer, which may depend on what is asked.
        answer: Its answer for a session.
    """

    schema: Callable[[Any], pa.Schema]
    answer: Callable[[Any, "Session"], pa.Table]


def _fixed(schema: pa.Schema) -> Callable[[Any], pa.Schema]:
    return lambda _command: schema


_KEYS = _fixed(key_answers.REFERENCES)

METADATA: dict[str, Question] = {
    "CommandGetSqlInfo": Question(_fixed(SQL_INFO), sql_info),
    "CommandGetXdbcTypeInfo": Question(_fixed(TYPE_INFO), type_info),
    "CommandGetCatalogs": Question(_fixed(table_answers.CATALOGS), table_answers.catalogs),
    "CommandGetDbSchemas": Question(_fixed(table_answers.SCHEMAS), table_answers.schemas),
    "CommandGetTables": Question(table_answers.tables_schema, table_answers.tables),
    "CommandGetTableTypes": Question(_fixed(table_answers.TABLE_TYPES), table_answers.table_types),
    "CommandGetPrimaryKeys": Question(_fixed(key_answers.PRIMARY_KEYS), key_answers.primary_keys),
    "CommandGetImportedKeys": Question(_KEYS, key_answers.imported_keys),
    "CommandGetExportedKeys": Question(_KEYS, key_answers.exported_keys),
    "CommandGetCrossReference": Question(_KEYS, key_answers.cross_reference),
}
"""What answers each command."""
