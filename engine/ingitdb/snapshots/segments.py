"""Parquet files of record states: immutable, named by their content, checked when first opened."""

import hashlib
import os
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from ingitdb.errors import CacheCorrupt

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

Write: TypeAlias = "Callable[[str, pa.Table], Segment]"
"""Keeps a table of a kind."""
_ROW_GROUP = 20_000
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
    try:
        pq.write_table(
            table,
            temporary,
            compression="zstd",
            row_group_size=_ROW_GROUP,
            write_statistics=True,
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
