"""Which differences of a table's rows are settled, where the mapping says so of it."""

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


def in_modes(plan: Plan, mapping: TargetMapping, *, is_back: bool = False) -> Plan:
    """Gives a plan in which each table's rows are settled as far as the mapping says.

    Args:
        plan: The plan.
        mapping: What says it.
        is_back: Whether the plan takes back what one of the same modes has done.

    Raises:
        StatementRefused: Rows would have to go that are to stay.
    """
    return replace(plan, works=tuple(_in_mode(work, mapping, is_back) for work in plan.works))


def _in_mode(work: Work, mapping: TargetMapping, is_back: bool) -> Work:
    rows = mode_of(work.new.place, mapping) if work.new is not None else RowsMode.SYNC
    if rows is RowsMode.SYNC:
        return work
    if isinstance(work.rows, HeldRows) and not work.is_whole:
        work.rows.only(rows, is_back=is_back)
        return replace(work, counts=work.rows.counted(), is_counted=False)
    if work.counts.deleted:
        raise StatementRefused(
            f"{work.change.title} can only be settled as a whole: what is there would go.",
            hint="Let the mapping say mode: sync of it.",
        )
    return replace(work, is_counted=False)
