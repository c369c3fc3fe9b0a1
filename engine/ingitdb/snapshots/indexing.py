"""Turns what was gathered along a line into cache files and their manifest."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ingitdb.catalog.columns import place_at, type_of
from ingitdb.model.identifiers import CommitId
from ingitdb.model.records import Problem
from ingitdb.model.shapes import Place, agree, by_frequency, unite
from ingitdb.model.tables import Location
from ingitdb.snapshots.arrays import as_json
from ingitdb.snapshots.gathering import Gathered
from ingitdb.snapshots.intervals import STANDING, Intervals, StateRows
from ingitdb.snapshots.manifest import LayoutSpan, Manifest, StoredFault, StoredField, StoredTable
from ingitdb.snapshots.segments import Write
from ingitdb.snapshots.tables import (
    StoredColumn,
    in_file_order,
    placement_table,
    shape_table,
    state_table,
)


def write_index(gathered: Gathered, commits: Sequence[CommitId], write: Write) -> Manifest:
    """Writes the tables of a line.

    Args:
        gathered: What was found along the line.
        commits: The commits of the line.
        write: Keeps a table of a kind.

    Returns:
        The manifest, which the caller saves once all files are there.
    """
    intervals = gathered.intervals
    locations = list(intervals.locations)
    layouts = _layout_spans(gathered, locations)
    return Manifest(
        commits=tuple(commits),
        locations=tuple(locations),
        layouts=layouts,
        head_files=Counter(p.location for p in intervals.placements if p.end == STANDING),
        placements=write("files", placement_table(intervals.placements)),
        tables={
            storage: _write_rows(storage, rows, gathered.payloads, write)
            for storage, rows in intervals.rows.items()
        },
        faults=_faults(intervals),
    )


def _layout_spans(gathered: Gathered, locations: list[Location]) -> tuple[LayoutSpan, ...]:
    numbers = {where: number for number, where in enumerate(locations)}
    spans = []
    for start, layout in gathered.line.spans:
        declared = []
        for where in gathered.line.layouts[layout].empty_locations():
            if where not in numbers:
                numbers[where] = len(locations)
                locations.append(where)
            declared.append(numbers[where])
        found = gathered.line.layouts[layout]
        spans.append(
            LayoutSpan(
                start=start,
                is_plain=found.is_plain,
                declared=tuple(declared),
                problems=found.problems,
            )
        )
    return tuple(spans)


def _faults(intervals: Intervals) -> tuple[StoredFault, ...]:
    return tuple(
        StoredFault(
            problem=Problem(
                path=span.path,
                message=span.fault.message,
                line=span.fault.line,
                column=span.fault.column,
            ),
            start=span.start,
            end=span.end,
        )
        for span in intervals.faults
    )


def _write_rows(
    storage: str, rows: StateRows, payloads: Mapping[bytes, bytes], write: Write
) -> StoredTable:
    counts = Counter(rows.shape)
    shapes = {shape: number for number, shape in enumerate(sorted(counts))}
    live = in_file_order(rows, standing=True)
    dead = in_file_order(rows, standing=False)
    head_counts = Counter(rows.shape[i] for i in live)
    head = place_at(head_counts)
    plan = _plan(counts, head_counts, head)
    columns = [*plan.general, *plan.latest]
    return StoredTable(
        storage=storage,
        live=write("live", state_table(rows, live, payloads, shapes, columns)),
        dead=write("dead", state_table(rows, dead, payloads, shapes, plan.general))
        if dead
        else None,
        shapes=write("shapes", shape_table(list(shapes), head_counts)),
        head=head.text(),
        place=plan.place.text(),
        columns={
            name: StoredField(
                general=column,
                latest=plan.latest_of.get(name),
                odd=frozenset(shapes[shape] for shape in plan.odd[name]),
                source=plan.source_of.get(name),
            )
            for name, column in plan.general_of.items()
        },
    )


@dataclass(slots=True)
class _Plan:
    """How the fields of a table are stored.

    Attributes:
        place: What stands where in the states that agree.
        odd: By field, the shapes that contradict the commonest ones there.
        general: The columns of all states.
        latest: The further columns of the standing states, in the types of the last commit.
    """

    place: Place = field(default_factory=Place)
    odd: dict[str, set[str]] = field(default_factory=dict)
    general: list[StoredColumn] = field(default_factory=list)
    latest: list[StoredColumn] = field(default_factory=list)
    general_of: dict[str, str] = field(default_factory=dict)
    latest_of: dict[str, str] = field(default_factory=dict)
    source_of: dict[str, str] = field(default_factory=dict)


def _plan(counts: Mapping[str, int], head_counts: Mapping[str, int], head: Place) -> _Plan:
    plan = _Plan()
    everything = place_at(counts)
    plan.place.is_map = True
    for shape in by_frequency(counts):
        for name, inner in unite([shape]).fields.items():
            known = plan.place.fields.get(name)
            odd = plan.odd.setdefault(name, set())
            if known is None:
                plan.place.fields[name] = inner
            elif agree(known, inner):
                known.add(inner.text())
            else:
                odd.add(shape)
    for number, (name, inner) in enumerate(plan.place.fields.items()):
        plan.general.append((f"c{number}", name, inner, frozenset(plan.odd[name])))
        plan.general_of[name] = f"c{number}"
        if plan.odd[name]:
            plan.general.append((f"j{number}", name, as_json(everything.fields[name]), frozenset()))
            plan.source_of[name] = f"j{number}"
        own = head.fields.get(name)
        is_odd = not plan.odd[name].isdisjoint(head_counts)
        if own is not None and (is_odd or type_of(own) != type_of(inner)):
            plan.latest.append((f"h{number}", name, own, frozenset()))
            plan.latest_of[name] = f"h{number}"
    return plan
