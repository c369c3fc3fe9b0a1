"""Writes a table as the Parquet file was written that it comes from."""

from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ingitdb.model.edits import EditFault
from ingitdb.model.records import FormatFault

_FORMATS = ("1.0", "2.4", "2.6")
_NONE = "UNCOMPRESSED"


def opened(data: bytes) -> pq.ParquetFile:
    """Gives a file to read from.

    Raises:
        FormatFault: The file is not Parquet.
    """
    try:
        return pq.ParquetFile(pa.BufferReader(data))
    except (pa.ArrowException, OSError, ValueError) as error:
        what = str(error).partition("\n")[0].rstrip(".")
        raise FormatFault(f"The file cannot be read as Parquet: {what}.") from None


def as_written(table: pa.Table, like: pq.ParquetFile | None) -> bytes:
    """Gives the bytes of a table: compressed, encoded and cut into groups as another file is.

    Raises:
        EditFault: Parquet cannot hold the table.
    """
    sink = pa.BufferOutputStream()
    options = _options(like, table.num_rows) if like is not None else {}
    try:
        pq.write_table(table, sink, **options)
    except (pa.ArrowException, OSError, ValueError) as error:
        what = str(error).partition("\n")[0].rstrip(".")
        raise EditFault(f"Parquet cannot hold this: {what}.") from None
    made: bytes = sink.getvalue().to_pybytes()
    return made


def _options(like: pq.ParquetFile, rows: int) -> dict[str, Any]:
    """Gives what the metadata of a file tells of how it was written."""
    metadata = like.metadata
    found: dict[str, Any] = {
        "store_schema": b"ARROW:schema" in (metadata.metadata or {}),
        "row_group_size": max(rows, 1),
    }
    if metadata.format_version in _FORMATS:
        found["version"] = metadata.format_version
    if metadata.num_row_groups == 0:
        return found
    if metadata.num_row_groups > 1:
        found["row_group_size"] = max(metadata.row_group(0).num_rows, 1)
    group = metadata.row_group(0)
    columns = [group.column(at) for at in range(group.num_columns)]
    paths = [column.path_in_schema for column in columns]
    found["compression"] = {
        column.path_in_schema: "NONE" if column.compression == _NONE else column.compression
        for column in columns
    }
    found["use_dictionary"] = [c.path_in_schema for c in columns if c.has_dictionary_page] or False
    found["write_statistics"] = [c.path_in_schema for c in columns if c.is_stats_set] or False
    found["use_deprecated_int96_timestamps"] = any(c.physical_type == "INT96" for c in columns)
    found["use_compliant_nested_type"] = not any(".list.item" in path for path in paths)
    return found
