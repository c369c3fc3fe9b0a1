"""GetXdbcTypeInfo: the types that tables can have."""

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ingitdb_flight.rows import table_of
from ingitdb_flight.sql_types import TYPES, SqlType

if TYPE_CHECKING:
    from ingitdb_flight.session import Session

_NULLABLE = 1
_SEARCHABLE_BUT_BY_LIKE, _SEARCHABLE = 2, 3

TYPE_INFO = pa.schema(
    [
        pa.field("type_name", pa.string(), nullable=False),
        pa.field("data_type", pa.int32(), nullable=False),
        pa.field("column_size", pa.int32()),
        pa.field("literal_prefix", pa.string()),
        pa.field("literal_suffix", pa.string()),
        pa.field("create_params", pa.list_(pa.field("item", pa.string(), nullable=False))),
        pa.field("nullable", pa.int32(), nullable=False),
        pa.field("case_sensitive", pa.bool_(), nullable=False),
        pa.field("searchable", pa.int32(), nullable=False),
        pa.field("unsigned_attribute", pa.bool_()),
        pa.field("fixed_prec_scale", pa.bool_(), nullable=False),
        pa.field("auto_increment", pa.bool_()),
        pa.field("local_type_name", pa.string()),
        pa.field("minimum_scale", pa.int32()),
        pa.field("maximum_scale", pa.int32()),
        pa.field("sql_data_type", pa.int32(), nullable=False),
        pa.field("datetime_subcode", pa.int32()),
        pa.field("num_prec_radix", pa.int32()),
        pa.field("interval_precision", pa.int32()),
    ]
)


def type_info(command: Any, _session: "Session") -> pa.Table:
    """Lists the types by number and name; those of one number if one is asked for."""
    wanted = command.data_type if command.HasField("data_type") else None
    rows = [
        _row(name, kind)
        for name, kind in sorted(TYPES.items(), key=lambda item: (item[1].code, item[0]))
        if wanted in (None, kind.code)
    ]
    return table_of(TYPE_INFO, rows)


def _row(name: str, kind: SqlType) -> tuple[Any, ...]:
    prefix, suffix = kind.quotes or (None, None)
    least, most = kind.scale or (None, None)
    return (
        name,
        int(kind.code),
        kind.size,
        prefix,
        suffix,
        list(kind.parameters) or None,
        _NULLABLE,
        kind.is_case_sensitive,
        _SEARCHABLE if kind.is_case_sensitive else _SEARCHABLE_BUT_BY_LIKE,
        kind.is_unsigned,
        False,
        None if kind.is_unsigned is None else False,
        name,
        least,
        most,
        int(kind.generic),
        kind.subcode,
        kind.radix,
        None,
    )
