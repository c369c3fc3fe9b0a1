"""Brings an index to a later commit: reads what changed since, and keeps the rest of its states.

Refuses what would change how stored values are spelled: a new layout, a column of another type.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingitdb.catalog.columns import place_at, type_of
from ingitdb.catalog.files import is_configuration
from ingitdb.catalog.layout import Layout
from ingitdb.git.objects import ObjectStore
from ingitdb.model.history import REGULAR, FileChange
from ingitdb.model.identifiers import CommitId
from ingitdb.model.shapes import Place, agree, by_frequency, unite
from ingitdb.snapshots.arrays import as_json
from ingitdb.snapshots.cache import CacheFolder
from ingitdb.snapshots.gathering import Line, read_events, record
from ingitdb.snapshots.indexing import faults_of, write_rows
from ingitdb.snapshots.intervals import STANDING, Intervals, StateRows
from ingitdb.snapshots.manifest import Manifest, StoredField, StoredTable
from ingitdb.snapshots.segments import Segment, Write
from ingitdb.snapshots.states import States
from ingitdb.snapshots.tables import (
    BY_END,
    BY_PLACE,
    in_file_order,
    placement_table,
    shape_table,
    state_table,
)

if TYPE_CHECKING:
    from ingitdb.snapshots.columns import StoredColumn

NewCommits: TypeAlias = Sequence[tuple[CommitId, Sequence[FileChange]]]
MOST_ROWS = 2_000_000
"""So many states of a table are put in order in memory."""


class NotFoldable(Exception):
    """Raised where the whole line has to be read again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folding:
    """The index of a line, and what takes it further.

    Attributes:
        known: The index so far.
        layout: How files are placed, then and now.
        objects: Where the blobs are.
        cache: Where the files of the index are.
        write: Keeps a table of a kind.
        workers: How many processes may read.
    """

    known: Manifest
    layout: Layout
    objects: ObjectStore
    cache: CacheFolder
    write: Write
    workers: int

    def fold(self, commits: NewCommits) -> Manifest:
        """Gives the index of the line with further commits.

        Raises:
            NotFoldable: They change more than this way can follow.
        """
        paths = {change.path for _, changes in commits for change in changes}
        if any(is_configuration(path) or path in self.layout.inputs for path in paths):
            raise NotFoldable
        line = _line(self.layout, commits)
        readings, states = read_events(line, self.objects, workers=self.workers)
        intervals = Intervals.continued(self.known.locations)
        first = len(self.known.commits) - 1
        is_adopted = False
        for event, reading in zip(line.events, readings, strict=True):
            if event.ordinal and not is_adopted:
                self._adopt(intervals, paths, states)
                is_adopted = True
            ordinal = first + event.ordinal if event.ordinal else 0
            record(intervals, ordinal, event, reading)
        return self._written(intervals, states, paths, [commit for commit, _ in commits])

    def _adopt(self, intervals: Intervals, paths: set[str], states: States) -> None:
        """Gives what stood before its ordinals and its places, as the index knows them."""
        placements = {
            (row["path"], row["location"]): row["_from"]
            for row in self._standing(self.known.placements, paths, "path", "location", "_from")
        }
        for placement in intervals.placements:
            placement.start = _taken(placements, (placement.path, placement.location))
        faults = {
            (f.problem.path, f.problem.message, f.problem.line): f.start
            for f in self.known.faults
            if f.end == STANDING and f.problem.path in paths
        }
        for span in intervals.faults:
            span.start = _taken(faults, (span.path, span.fault.message, span.fault.line))
        if placements or faults:
            raise NotFoldable
        for storage, stored in self.known.tables.items():
            rows = intervals.rows.setdefault(storage, StateRows())
            names = ("_path", "_key", "_order", "_from", "_digest")
            _adopt_rows(rows, self._standing(stored.live, paths, *names), states)
        if set(intervals.rows) - set(self.known.tables):
            raise NotFoldable

    def _standing(self, segment: Segment, paths: set[str], *names: str) -> list[dict[str, Any]]:
        """Gives some columns of the standing rows of some paths."""
        column = names[0]
        wanted = [*dict.fromkeys((*names, "_to"))]
        table = pq.read_table(self.cache.path(segment), columns=wanted)
        standing = pc.equal(table["_to"], STANDING)
        found: list[dict[str, Any]] = table.filter(
            pc.and_(standing, pc.is_in(table[column], pa.array(sorted(paths), pa.string())))
        ).to_pylist()
        return found

    def _written(
        self, intervals: Intervals, states: States, paths: set[str], commits: Sequence[CommitId]
    ) -> Manifest:
        placements = self._placements(intervals, paths)
        standing = placements.filter(pc.equal(placements["_to"], STANDING))["location"]
        past = [
            fault
            for fault in self.known.faults
            if fault.end != STANDING or fault.problem.path not in paths
        ]
        tables = dict(self.known.tables)
        for storage, rows in intervals.rows.items():
            stored = tables.get(storage)
            if stored is None:
                tables[storage] = write_rows(storage, rows, states, self.write)
            elif rows.start:
                tables[storage] = self._merged(stored, rows, states, paths)
        return replace(
            self.known,
            commits=(*self.known.commits, *commits),
            locations=tuple(intervals.locations),
            head_files=Counter(standing.to_pylist()),
            placements=self.write("files", placements),
            tables=tables,
            faults=(*past, *faults_of(intervals)),
        )

    def _placements(self, intervals: Intervals, paths: set[str]) -> pa.Table:
        old = pq.read_table(self.cache.path(self.known.placements))
        new = placement_table(intervals.placements)
        kept = old.filter(_left(old, "path", paths))
        order = [("path", "ascending"), ("_from", "ascending"), ("location", "ascending")]
        return pa.concat_tables([kept.cast(new.schema), new]).sort_by(order)

    def _merged(
        self, stored: StoredTable, rows: StateRows, states: States, paths: set[str]
    ) -> StoredTable:
        if stored.live.rows + (stored.dead.rows if stored.dead else 0) > MOST_ROWS:
            raise NotFoldable
        live = pq.read_table(self.cache.path(stored.live))
        live = live.filter(_left(live, "_path", paths))
        dead = pq.read_table(self.cache.path(stored.dead)) if stored.dead else None
        known = pq.read_table(self.cache.path(stored.shapes)).sort_by("number")["shape"].to_pylist()
        texts = [*known, *sorted({states.shape_of(v) for v in rows.value} - set(known))]
        numbers = {text: number for number, text in enumerate(texts)}
        in_states = {n: numbers[t] for n, t in enumerate(states.shape_texts) if t in numbers}
        standing = in_file_order(rows, standing=True)
        ended = in_file_order(rows, standing=False)
        counts = Counter(texts[number] for number in live["_shape"].to_pylist())
        counts.update(states.shape_of(rows.value[row]) for row in standing)
        plan = _Extended(stored, texts, len(known), counts)
        new = state_table(rows, standing, states, in_states, [*plan.general, *plan.latest])
        gone = state_table(rows, ended, states, in_states, plan.general)
        old_dead = gone.slice(0, 0) if dead is None else _fitted(dead, gone.schema)
        dead = pa.concat_tables([old_dead, gone]).sort_by(BY_END)
        live = pa.concat_tables([_fitted(live, new.schema), new]).sort_by(BY_PLACE)
        return StoredTable(
            storage=stored.storage,
            live=self.write("live", live),
            dead=self.write("dead", dead) if dead.num_rows else None,
            shapes=self.write("shapes", shape_table(texts, counts)),
            head=plan.head.text(),
            place=plan.place.text(),
            columns=plan.columns,
        )


class _Extended:
    """How the fields of a stored table are stored with further shapes.

    Attributes:
        place: What stands where in the states that agree.
        head: What stands where in the standing states.
        general: The columns of all states.
        latest: The further columns of the standing states.
        columns: How each field is stored.
    """

    def __init__(
        self, stored: StoredTable, texts: Sequence[str], known: int, counts: Mapping[str, int]
    ) -> None:
        self.place = unite([stored.place])
        self.head = place_at(counts)
        self.columns = dict(stored.columns)
        self._old_head = unite([stored.head])
        fresh = {text: number for number, text in enumerate(texts) if number >= known}
        for shape in by_frequency(dict.fromkeys(fresh, 1)):
            for name, inner in unite([shape]).fields.items():
                self._add(name, inner, fresh[shape])
        standing = {number for number, text in enumerate(texts) if counts.get(text)}
        for name, column in self.columns.items():
            self.columns[name] = replace(column, latest=self._latest(name, column, standing))
        everything = unite(texts)
        self.general = list(self._general(everything, texts))
        self.latest: list[StoredColumn] = [
            (column.latest, name, self.head.fields[name], frozenset())
            for name, column in self.columns.items()
            if column.latest is not None
        ]

    def _add(self, name: str, inner: Place, shape: int) -> None:
        column = self.columns.get(name)
        if column is None:
            general = f"c{len(self.columns)}"
            self.place.fields[name] = inner
            self.columns[name] = StoredField(
                general=general, latest=None, odd=frozenset(), source=None
            )
            return
        place = self.place.fields[name]
        if not agree(place, inner):
            if column.source is None:
                raise NotFoldable
            self.columns[name] = replace(column, odd=column.odd | {shape})
            return
        before = type_of(place)
        place.add(inner.text())
        if type_of(place) != before:
            raise NotFoldable

    def _latest(self, name: str, column: StoredField, standing: set[int]) -> str | None:
        """Gives the column in the type of the last commit, if one is needed."""
        own = self.head.fields.get(name)
        is_odd = not column.odd.isdisjoint(standing)
        if own is None or not (is_odd or type_of(own) != type_of(self.place.fields[name])):
            return None
        before = self._old_head.fields.get(name)
        if column.latest is None or before is None or type_of(before) != type_of(own):
            raise NotFoldable
        return column.latest

    def _general(self, everything: Place, texts: Sequence[str]) -> "Iterator[StoredColumn]":
        for name, column in self.columns.items():
            odd = frozenset(texts[number] for number in column.odd)
            yield column.general, name, self.place.fields[name], odd
            if column.source is not None:
                yield column.source, name, as_json(everything.fields[name]), frozenset()


def _line(layout: Layout, commits: NewCommits) -> Line:
    """Gives what happened, with what stood before as if it came at ordinal 0."""
    before: dict[str, FileChange] = {}
    for _, changes in commits:
        for change in changes:
            before.setdefault(change.path, change)
    line = Line(layouts=[layout], spans=[(0, 0)], is_placed=True)
    stood = [FileChange(p, None, c.old, REGULAR) for p, c in before.items() if c.old is not None]
    for ordinal, changes in enumerate([stood, *(changes for _, changes in commits)]):
        line.advance(ordinal, changes, _no_configuration)
    return line


def _no_configuration(_blob: object) -> bytes:
    raise NotFoldable


def _taken(known: dict[Any, int], key: Any) -> int:
    try:
        return known.pop(key)
    except KeyError:
        raise NotFoldable from None


def _adopt_rows(rows: StateRows, known: Sequence[Mapping[str, Any]], states: States) -> None:
    """Gives rows the ordinals and places that the index has; they must be the same rows."""
    ordered = sorted(known, key=lambda row: (row["_path"], row["_order"]))
    own = in_file_order(rows, standing=True)
    if len(own) != len(ordered):
        raise NotFoldable
    for at, row in zip(own, ordered, strict=True):
        digest = states.digests[rows.value[at]][: len(row["_digest"])]
        if (rows.path[at], rows.key[at], digest) != (row["_path"], row["_key"], row["_digest"]):
            raise NotFoldable
        rows.start[at] = row["_from"]
        rows.order[at] = row["_order"]


def _left(table: pa.Table, column: str, paths: set[str]) -> Any:
    """Tells for each row whether it stays: it has ended, or its file has not changed."""
    changed = pc.is_in(table[column], pa.array(sorted(paths), pa.string()))
    return pc.or_(pc.invert(changed), pc.not_equal(table["_to"], STANDING))


def _fitted(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Gives stored rows the columns of a schema, null where they have none."""
    columns = {
        field.name: table[field.name]
        if field.name in table.column_names
        else pa.chunked_array([pa.nulls(table.num_rows, field.type)])
        for field in schema
    }
    return pa.table(columns).cast(schema)
