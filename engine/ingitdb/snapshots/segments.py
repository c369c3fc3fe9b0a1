"""Parquet files of record states: immutable, named by their content, checked when first opened."""

import hashlib
import os
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from ingitdb.errors import CacheCorrupt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa

Write: TypeAlias = "Callable[[str, pa.Table], Segment]"
"""Keeps a table of a kind."""
_ROW_GROUP = 20_000
_ROW_GROUPS = {"dead": 8_000}
"""Ended states are sorted by their end, so that a query at a commit skips the groups before it."""
_LEVEL = 9
"""Zstandard's; level 1 takes a fifth more room, level 15 five times as long."""
_PAGE_BYTES = 8 * 1024 * 1024
"""A column of a row group is one page: compression finds what stood in an earlier state again."""
_OFTEN = 8
"""A column is a dictionary where each value stands so many times: else that takes more room."""
_SAMPLE = 20_000
_CHECKSUM_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A cache file as the manifest knows it.

    Attributes:
        name: The file's name in the data folder.
        checksum: BLAKE2b over the bytes, hexadecimal.
        size: In bytes.
        rows: How many rows it holds.
        is_held: Whether it is no file but a table in memory.
    """

    name: str
    checksum: str
    size: int
    rows: int
    is_held: bool = False


def checksum_of(path: Path) -> str:
    """Gives the checksum of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(
            stream, lambda: hashlib.blake2b(digest_size=_CHECKSUM_BYTES)
        ).hexdigest()


def verify(folder: Path, segment: Segment) -> Path:
    """Gives the path of a file whose bytes are those that were written.

    Raises:
        CacheCorrupt: The file is missing, shorter, longer or changed.
    """
    path = folder / segment.name
    try:
        if path.stat().st_size == segment.size and checksum_of(path) == segment.checksum:
            return path
    except OSError:
        pass
    raise CacheCorrupt(f"Cache file {segment.name} is damaged or missing.")


def write_table(folder: Path, kind: str, table: "pa.Table") -> Segment:
    """Writes a table as a new file of the data folder, whole or not at all.

    Nothing waits for the disk: after a power cut a checksum tells, and the file is built anew.
    """
    import pyarrow.parquet as pq  # slow to load: only where something is written

    temporary = folder / f".new-{os.getpid()}-{uuid.uuid4().hex}"
    group = _ROW_GROUPS.get(kind, _ROW_GROUP)
    try:
        pq.write_table(
            table,
            temporary,
            compression="zstd",
            compression_level=_LEVEL,
            row_group_size=group,
            data_page_size=_PAGE_BYTES,
            dictionary_pagesize_limit=2 * _PAGE_BYTES,
            use_dictionary=_repeating(table),
            write_statistics=_bounded(table, group),
            store_schema=False,
        )
        checksum = checksum_of(temporary)
        segment = Segment(
            name=f"{kind}-{checksum}.parquet",
            checksum=checksum,
            size=temporary.stat().st_size,
            rows=table.num_rows,
        )
        temporary.replace(folder / segment.name)
    finally:
        temporary.unlink(missing_ok=True)
    return segment


def _repeating(table: "pa.Table") -> list[str]:
    """Names the columns, nested ones included, of which a few values stand again and again."""
    import pyarrow.compute as pc

    sample = table.slice(0, _SAMPLE)
    return [
        path
        for name in table.column_names
        for path, values in _leaves(name, _whole(sample.column(name)))
        if len(values) and pc.count_distinct(values).as_py() * _OFTEN <= len(values)
    ]


def _whole(column: "pa.ChunkedArray") -> "pa.Array":
    import pyarrow as pa

    chunks = [
        chunk.storage if isinstance(chunk, pa.ExtensionArray) else chunk for chunk in column.chunks
    ]
    return pa.concat_arrays(chunks) if chunks else pa.nulls(0)


def _leaves(path: str, values: "pa.Array") -> "Iterator[tuple[str, pa.Array]]":
    """Gives the scalars inside a column with the paths that Parquet gives them."""
    import pyarrow as pa

    kind = values.type
    if pa.types.is_struct(kind):
        for field, inner in zip(kind, values.flatten(), strict=True):
            yield from _leaves(f"{path}.{field.name}", inner)
    elif pa.types.is_list(kind):
        yield from _leaves(f"{path}.list.element", values.flatten())
    elif not pa.types.is_null(kind):
        yield path, values


def _bounded(table: "pa.Table", group: int) -> list[str]:
    """Names the columns whose least and greatest values are kept: texts only to tell groups."""
    import pyarrow as pa

    is_cut = table.num_rows > group
    return [
        field.name
        for field in table.schema
        if pa.types.is_primitive(field.type) or (is_cut and pa.types.is_string(field.type))
    ]
