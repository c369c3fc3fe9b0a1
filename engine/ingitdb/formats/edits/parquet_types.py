"""New Parquet files, by the column types that a table declares."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import pyarrow as pa

from ingitdb.formats.arrow_types import arrow_type
from ingitdb.formats.edits.parquet_files import as_written
from ingitdb.model.edits import EditFault
from ingitdb.model.types import HUGEINT, ColumnType

_OTHERS: Mapping[ColumnType, pa.DataType] = MappingProxyType({HUGEINT: pa.decimal128(38, 0)})


def empty_file(columns: Sequence[tuple[str, ColumnType]]) -> bytes:
    """Gives a file of some columns without a record.

    Raises:
        EditFault: Parquet has no such type.
    """
    schema = pa.schema([(name, _arrow(kind)) for name, kind in columns])
    return as_written(schema.empty_table(), None)


def _arrow(kind: ColumnType) -> pa.DataType:
    try:
        return arrow_type(kind, _OTHERS)
    except KeyError as missing:
        raise EditFault(f"It is open how {missing.args[0].sql} is stored in Parquet.") from None
