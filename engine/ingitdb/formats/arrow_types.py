"""Column types as Arrow has them."""

import re
from collections.abc import Mapping
from types import MappingProxyType

import pyarrow as pa

from ingitdb.model.types import (
    BIGINT,
    BLOB,
    BOOLEAN,
    DATE,
    DOUBLE,
    FLOAT,
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


def arrow_type(kind: ColumnType, others: Mapping[ColumnType, pa.DataType]) -> pa.DataType:
    """Gives the Arrow type of a column type.

    Args:
        kind: The column type.
        others: What stands for scalars of which Arrow has no type.

    Raises:
        KeyError: Neither is there a type for it.
    """
    if isinstance(kind, ListOf):
        return pa.list_(arrow_type(kind.item, others))
    if isinstance(kind, MapOf):
        return pa.map_(arrow_type(kind.key, others), arrow_type(kind.value, others))
    if isinstance(kind, Struct):
        return pa.struct([(name, arrow_type(inner, others)) for name, inner in kind])
    if kind in others:
        return others[kind]
    if found := _DECIMAL.fullmatch(kind.sql):
        return pa.decimal128(int(found[1]), int(found[2]))
    return _SCALARS[kind]
