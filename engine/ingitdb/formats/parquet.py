"""Parquet: rows of Python values.

Nanoseconds stay exact: as text where a datetime cannot hold them. A duration is a count of its
unit, a map has its keys as text.
"""

from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ingitdb.formats.headers import column_names
from ingitdb.formats.text import MAX_DEPTH, TOO_DEEP
from ingitdb.formats.whole import Whole
from ingitdb.model.records import DEFAULT_OPTIONS, Document, FormatFault, ReadOptions


class Parquet(Whole):
    """Parquet files."""

    name = "parquet"
    extensions = (".parquet",)

    def read(self, data: bytes, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
        """Reads a whole file.

        Raises:
            FormatFault: The file is not Parquet.
        """
        del options
        try:
            table = pq.ParquetFile(pa.BufferReader(data)).read()
            columns = column_names(table.column_names)
            values = [values_of(column) for column in table.columns]
        except (pa.ArrowException, OSError, ValueError, KeyError, OverflowError) as error:
            what = str(error).partition("\n")[0].rstrip(".")
            raise FormatFault(f"The file cannot be read as Parquet: {what}.") from None
        rows = [dict(zip(columns, cells, strict=True)) for cells in zip(*values, strict=True)]
        return Document(kind="rows", value=rows, columns=columns)


def values_of(column: pa.ChunkedArray) -> list[Any]:
    """Gives the values of a column as Python has them."""
    kind = column.type
    wanted = _exact(kind, "us")
    if wanted != kind:
        try:
            column = column.cast(wanted)
        except pa.ArrowInvalid:
            column = column.cast(_exact(kind, None))
    values: list[Any] = column.to_pylist()
    if _is_plain(column.type):
        return values
    return [_plain(value, column.type) for value in values]


def _exact(kind: pa.DataType, unit: str | None, depth: int = 0) -> pa.DataType:
    """Gives a type with another unit for nanoseconds; text for them where there is no unit."""
    if depth > MAX_DEPTH:
        raise FormatFault(TOO_DEEP)
    if pa.types.is_timestamp(kind) and kind.unit == "ns":
        return pa.timestamp(unit, kind.tz) if unit else pa.string()
    if pa.types.is_time64(kind) and kind.unit == "ns":
        return pa.time64(unit) if unit else pa.string()
    if pa.types.is_duration(kind):
        return pa.int64()
    if pa.types.is_map(kind):
        key, item = _exact(kind.key_type, unit, depth + 1), _exact(kind.item_type, unit, depth + 1)
        return pa.map_(key, item)
    if pa.types.is_struct(kind):
        return pa.struct([f.with_type(_exact(f.type, unit, depth + 1)) for f in kind])
    return _exact_list(kind, unit, depth)


def _exact_list(kind: pa.DataType, unit: str | None, depth: int) -> pa.DataType:
    makers = {
        pa.types.is_list: pa.list_,
        pa.types.is_large_list: pa.large_list,
        pa.types.is_fixed_size_list: lambda inner: pa.list_(inner, kind.list_size),
    }
    for is_kind, make in makers.items():
        if is_kind(kind):
            return make(kind.value_field.with_type(_exact(kind.value_type, unit, depth + 1)))
    return kind


def _is_plain(kind: pa.DataType) -> bool:
    """Tells whether Python values of a type are values of ours."""
    return not (pa.types.is_nested(kind) or isinstance(kind, pa.BaseExtensionType)) and (
        not pa.types.is_interval(kind)
    )


def _plain(value: Any, kind: pa.DataType) -> Any:
    if value is None:
        return None
    if pa.types.is_map(kind):
        entries: dict[str, Any] = {}
        for key, item in value:
            if str(key) in entries:
                raise FormatFault(f"Key {str(key)!r} stands twice in a map.")
            entries[str(key)] = _plain(item, kind.item_type)
        return entries
    if pa.types.is_struct(kind):
        return {field.name: _plain(value[field.name], field.type) for field in kind}
    if pa.types.is_nested(kind):
        return [_plain(item, kind.value_type) for item in value]
    return value if _is_plain(kind) else str(value)
