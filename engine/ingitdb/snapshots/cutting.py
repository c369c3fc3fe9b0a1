"""Cuts an index back to an earlier commit of its line: what stood there stands again.

Refuses where the columns would have to be stored in other types.
"""

from collections import Counter
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingitdb.catalog.columns import place_at, type_of
from ingitdb.model.shapes import Place, unite
from ingitdb.snapshots.cache import CacheFolder
from ingitdb.snapshots.folding import MOST_ROWS, NotFoldable
from ingitdb.snapshots.intervals import STANDING
from ingitdb.snapshots.manifest import Manifest, StoredField, StoredTable
from ingitdb.snapshots.segments import Segment, Write
from ingitdb.snapshots.tables import BY_END, BY_PLACE, shape_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutting:
    """The index of a line, and where what is left of it goes.

    Attributes:
        known: The index.
        cache: Where its files are.
        write: Keeps a table of a kind.
    """

    known: Manifest
    cache: CacheFolder
    write: Write

    def back_to(self, ordinal: int) -> Manifest:
        """Gives the index of the line up to a commit.

        Raises:
            NotFoldable: The line has to be read again.
        """
        placements = self._read(self.known.placements, ordinal)
        standing = placements.filter(_stands(placements))["location"]
        tables = (self._cut(stored, ordinal) for stored in self.known.tables.values())
        return replace(
            self.known,
            commits=self.known.commits[: ordinal + 1],
            layouts=tuple(span for span in self.known.layouts if span.start <= ordinal),
            head_files=Counter(standing.to_pylist()),
            placements=self.write("files", placements),
            tables={table.storage: table for table in tables if table is not None},
            faults=tuple(
                replace(fault, end=fault.end if fault.end <= ordinal else STANDING)
                for fault in self.known.faults
                if fault.start <= ordinal
            ),
        )

    def _read(self, segment: Segment, ordinal: int, *names: str) -> pa.Table:
        """Gives what began until a commit; what ended later stands."""
        table = pq.read_table(self.cache.path(segment), columns=[*names] or None)
        table = table.filter(pc.less_equal(table["_from"], ordinal))
        is_later = pc.greater(table["_to"], ordinal)
        ends = pc.if_else(is_later, pa.scalar(STANDING, pa.int32()), table["_to"])
        return table.set_column(table.column_names.index("_to"), "_to", ends)

    def _cut(self, stored: StoredTable, ordinal: int) -> StoredTable | None:
        """Gives a table as it was; None where it had no states yet."""
        segments = [stored.live] if stored.dead is None else [stored.live, stored.dead]
        if sum(segment.rows for segment in segments) > MOST_ROWS:
            raise NotFoldable
        names = pq.read_schema(self.cache.path(segments[-1])).names
        latest = {column.latest for column in stored.columns.values()}
        names = [name for name in names if name not in latest]
        states = pa.concat_tables(self._read(file, ordinal, *names) for file in segments)
        if not states.num_rows:
            return None
        is_live = _stands(states)
        live, dead = states.filter(is_live), states.filter(pc.invert(is_live))
        texts = pq.read_table(self.cache.path(stored.shapes)).sort_by("number")["shape"].to_pylist()
        numbers = Counter(live["_shape"].to_pylist())
        counts = Counter({texts[number]: count for number, count in numbers.items()})
        head, general = place_at(counts), unite([stored.place]).fields
        columns = {
            name: _in_general(column, general[name], head.fields.get(name), set(numbers))
            for name, column in stored.columns.items()
        }
        return replace(
            stored,
            live=self.write("live", live.sort_by(BY_PLACE)),
            dead=self.write("dead", dead.sort_by(BY_END)) if dead.num_rows else None,
            shapes=self.write("shapes", shape_table(texts, counts)),
            head=head.text(),
            columns=columns,
        )


def _stands(table: pa.Table) -> pa.ChunkedArray:
    return pc.equal(table["_to"], STANDING)


def _in_general(
    column: StoredField, general: Place, own: Place | None, standing: set[int]
) -> StoredField:
    """Gives how a field is stored if its general column tells all of the standing states."""
    if own is not None and (column.odd & standing or type_of(own) != type_of(general)):
        raise NotFoldable
    return replace(column, latest=None)
