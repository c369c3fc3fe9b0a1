"""The Arrow types of new Parquet files, by the column types that a table declares."""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import pyarrow as pa

from ingitdb.formats.edits.parquet_files import as_written
from ingitdb.model.edits import EditFault
from ingitdb.model.types import (
    BIGINT,
    BLOB,
    BOOLEAN,
    DATE,
    DOUBLE,
    FLOAT,
    HUGEINT,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
    VARCHAR,
    ColumnType,
    ListOf,
    MapOf,
    Scalar,
    Struct,
)

_SCALARS: Mapping[ColumnType, pa.DataType] = MappingProxyType(
    {
        BOOLEAN: pa.bool_(),
        Scalar("TINYINT"): pa.int8(),
        Scalar("SMALLINT"): pa.int16(),
        Scalar("INTEGER"): pa.int32(),
        BIGINT: pa.int64(),
        HUGEINT: pa.decimal128(38, 0),
        FLOAT: pa.float32(),
        DOUBLE: pa.float64(),
        VARCHAR: pa.string(),
        DATE: pa.date32(),
        TIME: pa.time64("us"),
        TIMESTAMP: pa.timestamp("us"),
        TIMESTAMPTZ: pa.timestamp("us", "UTC"),
        BLOB: pa.binary(),
    }
)
_DECIMAL = re.compile(r"DECIMAL\((\d+), ?(\d+)\)")


def empty_file(columns: Sequence[tuple[str, ColumnType]]) -> bytes:
    """Gives a file of some columns without a record.

    Raises:
        EditFault: Parquet has no such type.
    """
    schema = pa.schema([(name, _arrow(kind)) for name, kind in columns])
    return as_written(schema.empty_table(), None)


def _arrow(kind: ColumnType) -> pa.DataType:
    if isinstance(kind, ListOf):
        return pa.list_(_arrow(kind.item))
    if isinstance(kind, MapOf):
        return pa.map_(_arrow(kind.key), _arrow(kind.value))
    if isinstance(kind, Struct):
        return pa.struct([(name, _arrow(inner)) for name, inner in kind])
    if found := _DECIMAL.fullmatch(kind.sql):
        return pa.decimal128(int(found[1]), int(found[2]))
    if kind not in _SCALARS:
        raise EditFault(f"It is open how {kind.sql} is stored in Parquet.")
    return _SCALARS[kind]
