"""Where records stand: the blob and the first line of each, computed from the files when asked."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from ingitdb.catalog.naming import NamedTable
from ingitdb.model.types import quote_identifier
from ingitdb.snapshots.internal import ORDER, PLACE, numbered
from ingitdb.snapshots.reading import Reader
from ingitdb.snapshots.relation import Relation
from ingitdb.snapshots.segments import write_table
from ingitdb.snapshots.snapshot import Snapshot
from ingitdb.sql.hidden import NUMBER

if TYPE_CHECKING:
    from ingitdb.model.identifiers import BlobId


def with_places(
    snapshot: Snapshot,
    table: NamedTable,
    relation: Relation,
    *,
    hidden: Sequence[str],
    ordered: bool,
) -> str:
    """Gives a table's SELECT with `_blob`, and `_line` if that is among the hidden columns."""
    shown = [f"r.{quote_identifier(column.name)}" for column in relation.columns]
    names = {column.name for column in relation.columns}
    shown += [f"r.{name}" for name in ("_key", "_path") if name in hidden and name not in names]
    joins = f" LEFT JOIN ({snapshot.files.blobs(table)}) b ON b.path = r._path"
    body = relation.body
    if "_blob" in hidden:
        shown.append("b.blob AS _blob")
    if "_line" in hidden:
        shown.append("nullif(l.line, 0) AS _line")
        lines = _lines(snapshot, table)
        joins += f" LEFT JOIN read_parquet('{lines}') l ON l.path = r._path AND l.place = r.{PLACE}"
    if NUMBER in hidden:
        shown.append(f"r.{PLACE}")
    if {"_line", NUMBER} & set(hidden):
        body = numbered(body)
    order = f" ORDER BY r._path, r.{ORDER}" if ordered else ""
    return f"SELECT {', '.join(shown)} FROM ({body}) r{joins}{order}"


def _lines(snapshot: Snapshot, table: NamedTable) -> str:
    """Writes the first line of each record of a table; gives the file's path."""
    files = snapshot.files.of(table)
    layout = snapshot.layout()
    wanted = {where.storage for where in table.locations}
    reader = Reader()
    blobs: dict[BlobId, list[str]] = {}
    for path, blob in files:
        blobs.setdefault(blob, []).append(path)
    rows: list[tuple[str, int, int]] = []
    for blob, data in snapshot.objects().read_many(blobs):
        for path in blobs[blob]:
            for found in reader.read(layout, path, data).tables:
                if found.location.storage in wanted:
                    rows += [(path, n, line) for n, line in enumerate(found.lines, start=1)]
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    made = pa.table(
        {
            "path": pa.array(columns[0], pa.string()),
            "place": pa.array(columns[1], pa.int64()),
            "line": pa.array(columns[2], pa.int64()),
        }
    )
    segment = write_table(snapshot.cache.data, "lines", made)
    return str(snapshot.cache.data / segment.name).replace("'", "''")
