"""What others changed in a target since the ledger's commit, among the rows that are to change."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ingitdb.errors import StatementRefused
from ingitdb.migrations.plan import Plan, Work
from ingitdb.migrations.scripts import among
from ingitdb.services.migrations.compared_rows import Pulled, held
from ingitdb.services.migrations.comparing import Reader
from ingitdb.services.migrations.held_rows import HeldRows
from ingitdb.services.migrations.ways import OnConflict

_FEW = 5_000
"""So many rows are asked for by their addresses; of more, the whole table is read."""
_BATCH = 500
_SHOWN = 5
_CONFLICT = (
    "CASE WHEN is_come THEN is_there AND NOT is_new AND NOT is_freed"
    " WHEN goes AND NOT comes THEN is_there AND NOT is_old"
    " ELSE NOT is_there OR NOT (is_old OR is_new) END"
)
"""Holds for a row that is neither as it was nor as it is to be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """A row that is not as the ledger's commit has it.

    Attributes:
        table: What people call its table.
        address: What tells it apart.
        what: What has become of it.
    """

    table: str
    address: str
    what: str

    def __str__(self) -> str:
        return " ".join(part for part in (self.table, self.address, self.what) if part)


def refuse(conflicts: Sequence[Conflict]) -> None:
    """Returns if there are no conflicts.

    Raises:
        StatementRefused: There are; it names some.
    """
    if conflicts:
        said = "; ".join(map(str, conflicts[:_SHOWN]))
        more = f"; and {len(conflicts) - _SHOWN} more" if len(conflicts) > _SHOWN else ""
        raise StatementRefused(
            f"The target was changed since the ledger's commit: {said}{more}.",
            hint="--on-conflict source takes the commit's values, target leaves the target's;"
            " `ingitdb migrate analyze` shows what differs.",
        )


def settled(plan: Plan, reader: Reader, policy: OnConflict) -> Plan:
    """Gives a plan that does with changed rows what a policy says.

    Args:
        plan: What leads from the ledger's commit to another one.
        reader: Reads the target.
        policy: What is done with rows that others changed.

    Raises:
        StatementRefused: There are such rows, and they are not to be touched.
    """
    found = [_Touched(work, reader) for work in plan.works if _is_touching(work)]
    try:
        conflicts = [one for touched in found for one in touched.conflicts()]
        if policy is OnConflict.FAIL:
            refuse(conflicts)
        for touched in found:
            touched.settle(policy)
    finally:
        for touched in found:
            touched.drop()
    works = [_recounted(work, policy, is_in_conflict=bool(conflicts)) for work in plan.works]
    return replace(plan, works=tuple(works))


def _is_touching(work: Work) -> bool:
    is_held = isinstance(work.rows, HeldRows) and not work.is_whole
    return is_held and work.change.old is not None and any(_numbers(work))


def _numbers(work: Work) -> tuple[int, int, int]:
    return work.counts.deleted, work.counts.updated, work.counts.inserted


def _recounted(work: Work, policy: OnConflict, *, is_in_conflict: bool) -> Work:
    if work.is_whole:
        return work
    is_counted = work.is_counted and not (is_in_conflict and policy is OnConflict.TARGET)
    if isinstance(work.rows, HeldRows) and any(_numbers(work)):
        work = replace(work, counts=work.rows.counted())
    return replace(work, is_counted=is_counted)


class _Touched:
    """The rows of a table that are to change, beside those that the target has.

    `t0` … are the target's values in the new table's columns; `is_there` tells whether it has the
    row.
    """

    def __init__(self, work: Work, reader: Reader) -> None:
        assert isinstance(work.rows, HeldRows)
        assert work.change.old is not None
        self._work = work
        self._rows = work.rows
        self._old = work.change.old
        self._reader = reader
        self._pulled = self._pull()

    def drop(self) -> None:
        """Lets go of what was read."""
        self._reader.drop(self._pulled)

    def conflicts(self) -> Iterator[Conflict]:
        """Gives the rows that are not as they were."""
        rows = self._rows
        cells = ", ".join(f"coalesce(o{at}, n{at})" for at in rows.places())
        said = (
            "CASE WHEN NOT is_there THEN 'is gone' WHEN is_come THEN 'is there already'"
            " ELSE 'was changed' END"
        )
        found = rows.instance.query(
            f"SELECT {said}, {cells} FROM ({self._beside()}) WHERE {_CONFLICT} ORDER BY path, place"
        )
        names = rows.address
        for what, *values in found:
            address = ", ".join(f"{n} = {v}" for n, v in zip(names, values, strict=True))
            yield Conflict(table=self._work.change.title, address=address, what=what)

    def settle(self, policy: OnConflict) -> None:
        """Changes what is to be done with the rows."""
        rows = self._rows
        beside = f"({self._beside()})"
        if policy is OnConflict.TARGET:
            rows.instance.query(
                f"DELETE FROM {rows.held} WHERE rowid IN (SELECT row FROM {beside}"
                f" WHERE {_CONFLICT})"
            )
        elif policy is OnConflict.SOURCE:
            self._overwrite(beside)
        if self._work.counts.inserted:
            rows.instance.query(
                f"DELETE FROM {rows.held} WHERE rowid IN (SELECT row FROM {beside}"
                " WHERE is_come AND is_there AND is_new AND NOT is_left)"
            )

    def _overwrite(self, beside: str) -> None:
        rows = self._rows
        address = ", ".join(f"o{at} = n{at}" for at in rows.places())
        changes = (
            ("comes = true", "NOT is_come AND NOT goes AND NOT is_there"),
            ("changed = repeat('1', length(changed))", "NOT is_come AND NOT goes AND is_there"),
            (f"goes = true, {address}", "is_come AND is_there"),
        )
        for setting, where in changes:
            rows.instance.query(
                f"UPDATE {rows.held} SET {setting} WHERE rowid IN (SELECT row FROM {beside}"
                f" WHERE {_CONFLICT} AND {where})"
            )

    def _beside(self) -> str:
        """Gives SQL for the rows beside the target's.

        `is_left` tells of a row that comes whether another one goes that has its address,
        `is_freed` whether the target has that one as it was.
        """
        rows = self._rows
        width = range(len(rows.columns))
        there = ", ".join(f"{self._there(at)} AS t{at}" for at in width)
        both = " AND ".join(f"coalesce(h.o{at}, h.n{at}) = t.t{at}" for at in rows.places())
        same = {
            side: " AND ".join(f"t{at} IS NOT DISTINCT FROM {side}{at}" for at in width)
            for side in ("h.o", "h.n", "g.o")
        }
        left = " AND ".join(f"g.o{at} = h.n{at}" for at in rows.places())
        return (
            "SELECT h.rowid AS row, h.*, t.is_there IS NOT NULL AS is_there,"
            f" h.comes AND NOT h.goes AS is_come, {same['h.o']} AS is_old, {same['h.n']} AS is_new,"
            f" g.goes IS NOT NULL AS is_left, is_left AND {same['g.o']} AS is_freed"
            f" FROM {rows.held} AS h LEFT JOIN (SELECT true AS is_there, {there}"
            f" FROM {held(self._pulled.name)}) AS t ON {both}"
            f" LEFT JOIN (FROM {rows.held} WHERE goes) AS g ON h.comes AND NOT h.goes AND {left}"
        )

    def _there(self, at: int) -> str:
        """Gives SQL for what the target has in a column, as the changed definition would."""
        target = self._reader.target
        name, kind = self._rows.columns[at]
        place = self._pulled.columns.get(self._work.change.names.get(name, ""))
        if place is None:
            return target.stored(kind).value(f"CAST(NULL AS {kind.sql})")
        old = self._old.column(self._work.change.names[name])
        moved = target.moved(target.restored(f"c{place}", old.kind), old.kind, kind)
        assert moved is not None
        return moved

    def _pull(self) -> Pulled:
        """Reads the rows by their addresses, or the whole table."""
        change = self._work.change
        if change.differences() or sum(_numbers(self._work)) > _FEW:
            return self._reader.pull(self._old, self._old)
        return self._reader.pull(self._old, self._old, self._addressed())

    def _addressed(self) -> Iterator[str]:
        """Gives conditions that hold for the rows."""
        rows, target = self._rows, self._reader.target
        for batch in rows.addressed(_BATCH):
            yield among(target, rows.address, batch)
