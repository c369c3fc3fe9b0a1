"""Which plan leads a SQL system to a commit: by what commits say, or by what the system holds."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeAlias

from ingitdb.errors import RefNotFound, StatementRefused
from ingitdb.migrations.model import folded
from ingitdb.migrations.plan import Plan, Work
from ingitdb.migrations.targets.target import Ends
from ingitdb.model.identifiers import EMPTY, CommitId
from ingitdb.services.migrations.commits import ledger_commit
from ingitdb.services.migrations.comparing import Reader, TargetComparison
from ingitdb.services.migrations.drift import Conflict, refuse, settled
from ingitdb.services.migrations.held_rows import DELETE, INSERT, UPDATE, HeldRows
from ingitdb.services.migrations.migration import Migration
from ingitdb.services.migrations.row_modes import in_modes
from ingitdb.services.migrations.ways import OnConflict, Options, RowDifference, RowsMode

Route: TypeAlias = tuple[Plan, Ends]


@contextmanager
def differing(
    reader: Reader,
    former: str | None,
    after: CommitId,
    options: Options,
    *,
    is_resumed: bool = False,
) -> Iterator[Route]:
    """Gives the plan that leads from the ledger's commit, at the cost of what differs.

    Args:
        reader: Reads the system.
        former: The ledger's commit; None if there is none.
        after: The commit to lead to.
        options: How.
        is_resumed: Whether the same was interrupted: the system is between the commits, so nothing
            can be said of what others changed.

    Raises:
        RefNotFound: The repository does not have the ledger's commit.
        StatementRefused: Others changed what is to change.
    """
    before = EMPTY if former is None else ledger_commit(reader.database, former)
    reader.database.catalogs.begin()
    references = reader.connection.references
    with Migration(
        reader.database, before, after, reader.target, reader.mapping, references
    ) as found:
        is_first = former is None and not is_resumed
        there = _there_already(reader, found.up) if is_first else []
        if there:
            if options.on_conflict is OnConflict.FAIL:
                _refuse_tables(there)
            with compared(reader, None, after, options) as route:
                yield route
            return
        plan = limited(found.up, options.rows)
        if before not in (EMPTY, after) and not is_resumed:
            plan = _careful(plan, reader, before, options.on_conflict)
        yield plan, found.ends


@contextmanager
def compared(
    reader: Reader, former: str | None, after: CommitId, options: Options
) -> Iterator[Route]:
    """Gives the plan that leads from what the system holds, all of which is read.

    Raises:
        StatementRefused: The system holds what neither commit does.
    """
    policy = options.on_conflict
    base = known(reader, former)
    if policy is OnConflict.TARGET and base is not None:
        with differing(reader, former, after, options) as route:
            yield route
        return
    rows = RowsMode.INSERT if policy is OnConflict.TARGET else options.rows
    ends = Ends(before=former or str(EMPTY), after=str(after), is_repair=True)
    reader.database.catalogs.begin()
    with TargetComparison(reader, after, base, rows) as found:
        if policy is OnConflict.FAIL and found.plan.steps:
            _refuse_drift(reader, found.plan, base)
        yield found.plan, ends


def limited(plan: Plan, rows: RowsMode) -> Plan:
    """Gives a plan that settles only some differences of rows.

    Raises:
        StatementRefused: Rows would have to go that are to stay.
    """
    if rows is RowsMode.SYNC:
        return plan
    return replace(in_modes(plan, lambda place: rows, way_out="Use --rows sync."), dropped=())


def taken_back(reader: Reader, found: Migration, policy: OnConflict) -> Plan:
    """Gives the plan that leads back, if what it takes away is what was brought.

    Raises:
        StatementRefused: Others changed it.
    """
    return _careful(found.down, reader, found.after, policy)


def _careful(plan: Plan, reader: Reader, former: CommitId, policy: OnConflict) -> Plan:
    """Gives a plan that does with what others changed what a policy says.

    Raises:
        StatementRefused: Others changed what is to change, or rows of a table that goes and comes.
    """
    wholes = [work.change.old for work in plan.works if work.is_whole and work.counts.deleted]
    places = {folded(table.place) for table in wholes if table is not None}
    if places and policy is not OnConflict.SOURCE:
        with TargetComparison(reader, former, None, RowsMode.SYNC, only=places) as found:
            works = list(found.plan.works)
            refuse([one for work in works for one in (*changed(work), *_gone(work))])
    return settled(plan, reader, policy)


def known(reader: Reader, former: str | None) -> CommitId | None:
    """Gives the ledger's commit if the repository has it."""
    if former is None:
        return None
    try:
        return reader.database._allowed(former)
    except RefNotFound:
        return None


def _there_already(reader: Reader, plan: Plan) -> list[str]:
    made = {work.new.place: work.new.title for work in plan.works if work.new is not None}
    there = reader.tables(made) if made else {}
    return [title for place, title in made.items() if folded(place) in there]


def _refuse_tables(names: Sequence[str]) -> None:
    raise StatementRefused(
        f"The target has tables of these names already: {', '.join(names)}.",
        hint="--mode full compares them with the commit; --on-conflict source takes the commit's"
        " rows, target leaves the target's.",
    )


def _refuse_drift(reader: Reader, plan: Plan, base: CommitId | None) -> None:
    """Returns if what differs from the new commit is what the ledger's commit has.

    Raises:
        StatementRefused: It is not.
    """
    if base is None:
        works = [work for work in plan.works if work.change.old and work.change.old.rows]
        refuse([one for work in works for one in changed(work)])
        return
    with TargetComparison(reader, base, base, RowsMode.SYNC) as found:
        works = list(found.plan.works)
        refuse([one for work in works for one in (*changed(work), *_gone(work))])


def changed(work: Work) -> Iterator[Conflict]:
    """Gives what a table has that a commit has otherwise, or not."""
    if work.is_whole and work.counts.deleted:
        yield _conflict(work, "has other rows")
        return
    for difference in work.differences:
        yield _conflict(work, f"wants: {difference}")
    if isinstance(work.rows, HeldRows):
        said = {DELETE: "is not in the commit", UPDATE: "was changed"}
        for kind, address in work.rows.told():
            if kind in said:
                yield _conflict(work, said[kind], address)


def row_differences(plan: Plan) -> Iterator[RowDifference]:
    """Gives the rows that a plan, made by comparing, changes one by one."""
    for work in plan.works:
        if isinstance(work.rows, HeldRows) and not work.is_whole:
            for kind, address in work.rows.told():
                key = dict(zip(work.address, address, strict=True))
                yield RowDifference(table=work.change.title, kind=kind, key=key)


def _gone(work: Work) -> Iterator[Conflict]:
    if work.change.old is None:
        yield _conflict(work, "is gone")
    elif isinstance(work.rows, HeldRows):
        for kind, address in work.rows.told():
            if kind == INSERT:
                yield _conflict(work, "is gone", address)


def _conflict(work: Work, what: str, values: Sequence[object] = ()) -> Conflict:
    pairs = zip(work.address, values, strict=False)
    address = ", ".join(f"{name} = {value}" for name, value in pairs)
    return Conflict(table=work.change.title, address=address, what=what)
