"""How results carry the types of columns: as Arrow, just as DuckDB hands them over."""

from collections.abc import Iterable

import pyarrow as pa

from ingitdb.execution.instance import Instance
from ingitdb.execution.results import arrow_field
from ingitdb.model.types import ColumnType


class CarriedTypes:
    """Knows the Arrow type of each column type; DuckDB is asked once for each."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._known: dict[str, pa.DataType] = {}

    def of(self, kinds: Iterable[ColumnType]) -> list[pa.DataType]:
        """Gives the Arrow types of some columns."""
        wanted = list(kinds)
        new = {kind.sql: kind for kind in wanted if kind.sql not in self._known}
        if new:
            cursor = self._instance.cursor()
            try:
                shown = ", ".join(f"CAST(NULL AS {sql})" for sql in new)
                plain = cursor.sql(f"SELECT {shown} LIMIT 0").to_arrow_table().schema
            finally:
                cursor.close()
            self._known |= {
                sql: arrow_field(field.name, kind, field.type).type
                for (sql, kind), field in zip(new.items(), plain, strict=True)
            }
        return [self._known[kind.sql] for kind in wanted]
