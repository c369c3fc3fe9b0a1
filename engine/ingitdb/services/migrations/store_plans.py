"""What is told of a migration of a key-value store before it is done."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ingitdb.errors import StatementRefused
from ingitdb.migrations.model import TableChange
from ingitdb.migrations.plan import Counts, Kind, Mark, Step
from ingitdb.migrations.stores.store import Limits, Store
from ingitdb.services.migrations.store_changes import Totals
from ingitdb.services.migrations.ways import RowsMode

_LEDGER = 2
"""So many operations say that the store is there."""
_LEDGER_SIZE = 2_048


@dataclass(frozen=True, slots=True, kw_only=True)
class StorePlan:
    """What is to be done to a store.

    Attributes:
        is_atomic: Whether one transaction holds all of it.
    """

    steps: list[Step]
    notes: tuple[str, ...]
    is_atomic: bool

    @property
    def destructive(self) -> list[Step]:
        """The steps that take something away from the target."""
        return [step for step in self.steps if Mark.DESTRUCTIVE in step.marks]


def store_plan(
    changes: Sequence[TableChange],
    counts: Mapping[str, Counts],
    notes: Sequence[str],
    modes: Mapping[str, RowsMode],
    *,
    is_atomic: bool,
) -> StorePlan:
    """Orders what is to be done.

    Args:
        changes: What differs in the definitions of tables.
        counts: How many records go, change and come, by table.
        notes: What else is to be said.
        modes: Which differences of a table's records are settled, by its title.
        is_atomic: Whether one transaction holds all of it.
    """
    marks = () if is_atomic else (Mark.NOT_ATOMIC,)
    steps = [step for change in changes for step in _defined(change, modes, marks)]
    kinds = ((Kind.DELETE, "deleted"), (Kind.UPDATE, "updated"), (Kind.INSERT, "inserted"))
    steps += [
        Step(kind=kind, table=table, rows=number, marks=marks)
        for kind, name in kinds
        for table, found in counts.items()
        if (number := getattr(found, name))
    ]
    return StorePlan(steps=steps, notes=tuple(notes), is_atomic=is_atomic)


def is_atomic(totals: Totals, limits: Limits, batch_size: int, store: Store) -> bool:
    """Whether all changes and what the ledger says of them fit into one transaction.

    Raises:
        StatementRefused: A record is larger than any transaction may be.
    """
    if limits.size is not None and store.value_size(totals.largest) > limits.size:
        raise StatementRefused(
            f"The record {totals.key} has {totals.largest:,} bytes: {store.title} takes no more"
            f" than {limits.size:,} at once."
        )
    most = min(batch_size, (limits.operations or batch_size + _LEDGER) - _LEDGER)
    size = store.value_size(totals.size) + _LEDGER_SIZE
    return totals.records <= most and (limits.size is None or size <= limits.size)


def _defined(
    change: TableChange, modes: Mapping[str, RowsMode], marks: tuple[Mark, ...]
) -> Iterator[Step]:
    old, new = change.old, change.new
    mode = modes.get(change.title, RowsMode.SYNC)
    if old is None or mode is RowsMode.INSERT or (new is None and mode is not RowsMode.SYNC):
        return
    if new is None:
        yield Step(kind=Kind.DROP, table=old.title, rows=old.rows, marks=(Mark.DESTRUCTIVE, *marks))
        return
    said = [f"add column {name}" for name in change.come]
    said += [f"drop column {name}" for name in change.gone]
    said += [f"rename column {b} to {a}" for a, b in change.names.items() if a != b]
    said += [f"change type of {name}" for name in change.retyped]
    if old.key != new.key:
        said.append("change primary key")
    marks = (*([Mark.DESTRUCTIVE] if change.gone else []), Mark.REWRITES, *marks)
    if old.place != new.place:
        detail = ", ".join([f"from {old.title}", *said])
        yield Step(kind=Kind.MOVE, table=new.title, rows=old.rows, marks=marks, detail=detail)
    elif said:
        yield Step(
            kind=Kind.ALTER, table=new.title, rows=old.rows, marks=marks, detail=", ".join(said)
        )
