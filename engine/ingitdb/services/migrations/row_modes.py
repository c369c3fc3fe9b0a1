"""Which differences of a table's rows are settled."""

from collections.abc import Callable
from dataclasses import replace

from ingitdb.errors import StatementRefused
from ingitdb.migrations.mapping import TargetMapping
from ingitdb.migrations.model import Place
from ingitdb.migrations.plan import Plan, Work
from ingitdb.services.migrations.held_rows import HeldRows
from ingitdb.services.migrations.ways import RowsMode

_ORDER = list(RowsMode)


def mode_of(place: Place, mapping: TargetMapping, rows: RowsMode = RowsMode.SYNC) -> RowsMode:
    """Gives the mode of a table of the target: what is asked for, or less where so is said.

    Args:
        place: The table, as the target calls it.
        mapping: What may say less.
        rows: What is asked for.
    """
    said = mapping.mode(place)
    return min(rows, RowsMode(said), key=_ORDER.index) if said is not None else rows


def in_modes(
    plan: Plan, mode: Callable[[Place], RowsMode], *, is_back: bool = False, way_out: str
) -> Plan:
    """Gives a plan in which each table's rows are settled as far as its mode says.

    Args:
        plan: The plan.
        mode: Gives the mode of a table of the target.
        is_back: Whether the plan takes back what one of the same modes has done.
        way_out: What is to be done where a mode cannot be kept.

    Raises:
        StatementRefused: Rows would have to go that are to stay.
    """
    works = []
    for work in plan.works:
        rows = mode(work.new.place) if work.new is not None else RowsMode.SYNC
        works.append(work if rows is RowsMode.SYNC else _limited(work, rows, is_back, way_out))
    return replace(plan, works=tuple(works))


def _limited(work: Work, rows: RowsMode, is_back: bool, way_out: str) -> Work:
    if isinstance(work.rows, HeldRows) and not work.is_whole:
        work.rows.only(rows, is_back=is_back)
        return replace(work, counts=work.rows.counted(), is_counted=False)
    if work.counts.deleted:
        raise StatementRefused(
            f"{work.change.title} can only be settled as a whole: what is there would go.",
            hint=way_out,
        )
    return replace(work, is_counted=False)
