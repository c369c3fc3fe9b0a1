"""Turns what was gathered along a line into cache files and their manifest."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ingitdb.catalog.columns import place_at, type_of
from ingitdb.model.identifiers import CommitId
from ingitdb.model.records import Problem
from ingitdb.model.shapes import Place, agree, by_frequency, place_of
from ingitdb.model.tables import Location
from ingitdb.snapshots.arrays import as_json
from ingitdb.snapshots.columns import StoredColumn
from ingitdb.snapshots.gathering import Gathered, without_cycle_search
from ingitdb.snapshots.intervals import STANDING, Intervals, StateRows
from ingitdb.snapshots.manifest import LayoutSpan, Manifest, StoredFault, StoredField, StoredTable
from ingitdb.snapshots.segments import Write
from ingitdb.snapshots.states import States
from ingitdb.snapshots.tables import in_file_order, placement_table, shape_table, state_table


def write_index(gathered: Gathered, commits: Sequence[CommitId], write: Write) -> Manifest:
    """Writes the tables of a line.

    Args:
        gathered: What was found along the line.
        commits: The commits of the line.
        write: Keeps a table of a kind.

    Returns:
        The manifest, which the caller saves once all files are there.
    """
    with without_cycle_search():
        return _written(gathered, commits, write)


def _written(gathered: Gathered, commits: Sequence[CommitId], write: Write) -> Manifest:
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
            storage: write_rows(storage, rows, gathered.states, write)
            for storage, rows in intervals.rows.items()
        },
        faults=faults_of(intervals),
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
                expected=found.expected,
            )
        )
    return tuple(spans)


def faults_of(intervals: Intervals) -> tuple[StoredFault, ...]:
    """Gives what could not be read, and when."""
    return tuple(
        StoredFault(
            problem=Problem(
                path=span.path,
                message=span.fault.message,
                line=span.fault.line,
                column=span.fault.column,
                severity=span.fault.severity,
            ),
            start=span.start,
            end=span.end,
        )
        for span in intervals.faults
    )


def write_rows(storage: str, rows: StateRows, states: States, write: Write) -> StoredTable:
    """Writes the states of one table, with columns as its shapes need them."""
    counts = _shape_counts(rows.value, states)
    shapes = {shape: number for number, shape in enumerate(sorted(counts))}
    numbers = {n: shapes[text] for n, text in enumerate(states.shape_texts) if text in shapes}
    live = in_file_order(rows, standing=True)
    dead = in_file_order(rows, standing=False)
    head_counts = _shape_counts([rows.value[i] for i in live], states)
    head = place_at(head_counts)
    plan = _plan(counts, head_counts, head)
    columns = [*plan.general, *plan.latest]
    return StoredTable(
        storage=storage,
        live=write("live", state_table(rows, live, states, numbers, columns)),
        dead=write("dead", state_table(rows, dead, states, numbers, plan.general))
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


def _shape_counts(values: Sequence[int], states: States) -> Counter[str]:
    """Counts the shapes of values, in the order in which they first occur."""
    counts = Counter([states.shapes[value] for value in values])
    return Counter({states.shape_texts[shape]: count for shape, count in counts.items()})


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
        for name, inner in place_of(shape).fields.items():
            known = plan.place.fields.get(name)
            odd = plan.odd.setdefault(name, set())
            if known is None:
                known = plan.place.fields[name] = Place()
            elif not agree(known, inner):
                odd.add(shape)
                continue
            known.include(inner)
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
