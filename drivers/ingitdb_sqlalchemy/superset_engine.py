"""What Superset is told of inGitDB: time grains, types, and statements without rows."""

from typing import Any

from superset.db_engine_specs.base import BaseEngineSpec
from superset.db_engine_specs.duckdb import DuckDBEngineSpec


class IngitdbEngineSpec(BaseEngineSpec):
    """The engine of `ingitdb://…`: its SQL is DuckDB's."""

    engine = "ingitdb"
    engine_name = "inGitDB"
    default_driver = "ingitdb_dbapi"
    sqlalchemy_uri_placeholder = "ingitdb://user:password@host:8815/database"
    supports_multivalues_insert = True
    column_type_mappings = DuckDBEngineSpec.column_type_mappings
    _time_grain_expressions = DuckDBEngineSpec._time_grain_expressions

    @classmethod
    def epoch_to_dttm(cls) -> str:
        """Gives the moment that a number of seconds means."""
        return "to_timestamp({col})"

    @classmethod
    def fetch_data(cls, cursor: Any, limit: int | None = None) -> list[tuple[Any, ...]]:
        """Gives the rows; a statement that writes has none."""
        return super().fetch_data(cursor, limit) if cursor.description else []
