"""What the server says about itself and its SQL: the codes of GetSqlInfo."""

from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from ingitdb_flight.sessions import Session

_VALUE = pa.dense_union(
    [
        pa.field("string_value", pa.string()),
        pa.field("bool_value", pa.bool_()),
        pa.field("bigint_value", pa.int64()),
        pa.field("int32_bitmask", pa.int32()),
        pa.field("string_list", pa.list_(pa.field("string_data", pa.string()))),
        pa.field("int32_to_int32_list_map", pa.map_(pa.int32(), pa.list_(pa.int32()))),
    ]
)
SQL_INFO = pa.schema(
    [
        pa.field("info_name", pa.uint32(), nullable=False),
        pa.field("value", _VALUE, nullable=False),
    ]
)


def sql_info(command: Any, session: "Session") -> pa.Table:
    known = {0: (0, "ingitdb"), 1: (0, "duckdb v2.0.0"), 2: (0, pa.__version__), 3: (1, False), 8: (3, 2)}
    asked = list(command.info) or list(known)
    asked = [c for c in asked if c in known]
    types = pa.array([known[c][0] for c in asked], pa.int8())
    children = [[] for _ in range(6)]
    offsets = []
    for code in asked:
        kind, value = known[code]
        offsets.append(len(children[kind])); children[kind].append(value)
    arrays = [pa.array(v, _VALUE.field(i).type) for i, v in enumerate(children)]
    union = pa.UnionArray.from_dense(types, pa.array(offsets, pa.int32()), arrays, [f.name for f in _VALUE])
    return pa.Table.from_arrays([pa.array(asked, pa.uint32()), union.cast(_VALUE) if union.type != _VALUE else union], schema=SQL_INFO)
