"""What others changed in a target, brought back as a commit on a branch."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Protocol

from ingitdb.errors import StatementRefused
from ingitdb.execution.session import Session
from ingitdb.migrations.mapping import NO_MAPPING
from ingitdb.migrations.model import Place, Table
from ingitdb.migrations.plan import Work
from ingitdb.model.identifiers import CommitId
from ingitdb.model.types import ColumnType, Scalar
from ingitdb.services.database import Database
from ingitdb.services.migrations.comparing import Reader, TargetComparison
from ingitdb.services.migrations.held_rows import HeldRows, listed
from ingitdb.services.migrations.mapped_commits import place_of
from ingitdb.services.migrations.models import CommitModel
from ingitdb.services.migrations.row_statements import RowStatements
from ingitdb.services.migrations.ways import Captured, RowsMode
from ingitdb.services.ref_names import create_branch, drop_branch

_BLOB = "BLOB"


def captured(reader: Reader, base: CommitId, branch: str, message: str | None) -> Captured:
    """Commits what a target holds otherwise than the ledger's commit.

    Args:
        reader: Reads the target.
        base: The ledger's commit.
        branch: Where the commit goes: made at the ledger's commit if it is not there.
        message: What the commit says; the tables' names when None.

    Raises:
        StatementRefused: The branch is at another commit, or something differs that no key tells.
        WriteError: The changes break what the repository declares.
    """
    database = reader.database
    database.catalogs.begin()
    with TargetComparison(reader, base, base, RowsMode.SYNC) as found:
        works = [work for work in found.plan.works if _differs(work, found.lists)]
        check_named(reader.model(base), [work.new for work in works if work.new is not None])
        notes = [
            f"{work.change.title}: {said}; that is not captured"
            for work in found.plan.works
            for said in work.differences
        ]
        changes = [_Changes(work) for work in works]
        if not changes:
            return Captured(commit=None, rows=0, notes=tuple(notes))
        commit = commit_changes(database, base, branch, changes, message)
        rows = sum(change.count for change in changes)
        return Captured(commit=commit, rows=rows, notes=tuple(notes))


def _differs(work: Work, lists: Collection[Place]) -> bool:
    counts = work.counts
    is_other = bool(counts.deleted or counts.updated or counts.inserted)
    if is_other and work.new is not None and work.new.place in lists:
        raise StatementRefused(
            f"{work.change.title} has the items of lists: what differs in it is not captured.",
            hint="Take that back in the target, and change the lists in the repository.",
        )
    if work.change.old is None:
        if counts.inserted:
            raise StatementRefused(f"The target has no table {work.change.title} any more.")
        return False
    if work.change.come and is_other:
        said = ", ".join(work.change.come)
        raise StatementRefused(
            f"The target has no {said} in {work.change.title}: what differs is not captured."
        )
    if work.change.retyped and is_other:
        said = ", ".join(work.change.retyped)
        raise StatementRefused(
            f"{work.change.title} has {said} of another type: what differs is not captured."
        )
    if work.is_whole and (counts.deleted or counts.inserted):
        raise StatementRefused(
            f"Nothing tells the rows of {work.change.title} apart: what differs is not captured.",
            hint="Declare a key for it.",
        )
    return is_other


class Changes(Protocol):
    """What differs in a table, as statements on the repository."""

    @property
    def title(self) -> str:
        """What people call the table."""
        ...

    def delete(self, session: Session) -> None:
        """Deletes what the target does not have."""
        ...

    def update(self, session: Session) -> None:
        """Changes what the target has otherwise."""
        ...

    def insert(self, session: Session) -> None:
        """Adds what only the target has."""
        ...


def check_named(model: CommitModel, tables: Iterable[Table]) -> None:
    """Returns if a mapping file neither names nor computes tables otherwise.

    Args:
        model: What the target has at the ledger's commit.
        tables: What differs there.

    Raises:
        StatementRefused: It does.
    """
    if model.mapper.mapping is NO_MAPPING:
        return
    named = ((place_of(table), model.mapped(table)) for table in model.listing.tables)
    others = {one.place for place, one in named if not one.is_as_it_was or one.place != place}
    for table in tables:
        if table.place in others:
            raise StatementRefused(
                f"The mapping file says of {table.title} what the repository does not:"
                " what differs in it is not captured."
            )


def commit_changes(
    database: Database,
    base: CommitId,
    branch: str,
    changes: Sequence[Changes],
    message: str | None,
) -> CommitId | None:
    """Commits changes of tables, those that others refer to first, in one transaction.

    Args:
        database: The repository.
        base: The commit that the branch is at, or is made at.
        branch: Where the commit goes.
        changes: By table.
        message: What the commit says; that tables of those names changed when None.

    Raises:
        StatementRefused: The branch is at another commit.
        WriteError: The changes break what the repository declares.
    """
    is_made = branch not in {one.name for one in database.repository.branches()}
    if is_made:
        create_branch(database, branch, str(base))
    elif database.resolve(branch) != base:
        raise StatementRefused(
            f"{branch} is not at {str(base)[:12]}, the commit of the target's ledger.",
            hint="Name a branch that is not there yet, and merge it.",
        )
    try:
        with closing(database.session(branch)) as session:
            session.execute("BEGIN").close()
            for change in reversed(changes):
                change.delete(session)
            for change in changes:
                change.update(session)
                change.insert(session)
            titles = ", ".join(change.title for change in changes)
            return session.end(message or f"Changes of {titles} in the target")
    except BaseException:
        if is_made:
            drop_branch(database, branch, force=True)
        raise


@dataclass(frozen=True)
class _Changes:
    """What differs in a table, as statements on the repository."""

    work: Work

    @property
    def title(self) -> str:
        """What people call the table."""
        return self.work.change.title

    @property
    def count(self) -> int:
        """How many rows differ."""
        counts = self._rows.counted()
        ((moved,),) = self._rows.instance.query(
            f"SELECT count(*) FROM {self._rows.held} WHERE goes AND comes"
        )
        return counts.deleted + counts.updated + counts.inserted - int(moved)

    @property
    def _rows(self) -> HeldRows:
        assert isinstance(self.work.rows, HeldRows)
        return self.work.rows

    def delete(self, session: Session) -> None:
        """Deletes what the target does not have."""
        statements, places = self._statements(session), self._rows.places()
        cells = self._cells("n", "comes AND NOT goes")
        statements.delete([values[place] for place in places] for values in cells)

    def update(self, session: Session) -> None:
        """Changes what the target has otherwise."""
        columns, places = self._rows.columns, self._rows.places()
        self._statements(session).update(
            (
                tuple(columns[at] for at in differing),
                [values[place] for place in places],
                [values[at] for at in differing],
            )
            for changed, values in self._changed()
            for differing in [[at for at, bit in enumerate(changed) if bit == "1"]]
        )

    def insert(self, session: Session) -> None:
        """Adds what only the target has."""
        columns = tuple(self._rows.columns)
        cells = self._cells("o", "goes AND NOT comes")
        self._statements(session).insert((columns, values) for values in cells)

    def _statements(self, session: Session) -> RowStatements:
        assert self.work.new is not None
        key = tuple(self._rows.columns[place] for place in self._rows.places())
        return RowStatements(session, self.work.new.place, key)

    def _changed(self) -> Iterator[tuple[str, list[Any]]]:
        where = "goes = comes"
        for changed, *values in self._read(["changed", *self._texts("o")], where):
            yield changed, values

    def _cells(self, side: str, where: str) -> Iterator[list[Any]]:
        return self._read(self._texts(side), where)

    def _texts(self, side: str) -> list[str]:
        rows = self._rows
        return [
            _text(f"{side}{at}", kind, is_native=rows.target.stored(kind).value("x") == "x")
            for at, (_, kind) in enumerate(rows.columns)
        ]

    def _read(self, wanted: Sequence[str], where: str) -> Iterator[list[Any]]:
        return listed(self._rows.selected(wanted, where))


def _text(sql: str, kind: ColumnType, *, is_native: bool) -> str:
    """Gives SQL for a value as a parameter is to give it."""
    if is_native and not isinstance(kind, Scalar):
        return f"CAST(to_json({sql}) AS VARCHAR)"
    return sql if kind.sql == _BLOB else f"CAST({sql} AS VARCHAR)"
