"""When the columns of a table changed along a line, and what they were from then on."""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

from ingitdb.catalog.naming import NamedTable
from ingitdb.execution.catalogs import Catalogs
from ingitdb.execution.lines import Line
from ingitdb.execution.relations import key_columns
from ingitdb.model.history import Commit
from ingitdb.model.tables import Location
from ingitdb.snapshots.relation import Column
from ingitdb.snapshots.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Schema:
    """The columns of a table from a commit on.

    Attributes:
        ordinal: The commit's place on the line.
        commit: The commit.
        columns: None where the table is not there.
        key: The names of the columns that are its key.
    """

    ordinal: int
    commit: Commit
    columns: tuple[Column, ...] | None
    key: tuple[str, ...] = ()

    def is_like(self, other: "Schema | None") -> bool:
        """Whether a commit brought nothing new: the same names, types and key, in any order."""
        if other is None or self.columns is None or other.columns is None:
            return self.columns is None and (other is None or other.columns is None)
        mine, theirs = (
            {(column.name, column.type) for column in columns}
            for columns in (self.columns, other.columns)
        )
        return mine == theirs and self.key == other.key


def schemas(catalogs: Catalogs, line: Line, table: NamedTable) -> Iterator[Schema]:
    """Gives the columns of a table whenever they changed, the oldest first."""
    commits = line.log()
    lineage = line.lineage(table)
    bearers = set(lineage.bearers())
    last: Schema | None = None
    for ordinal in lineage.turns():
        found = _schema(catalogs.snapshot(commits[ordinal].identifier), ordinal, commits, bearers)
        if not found.is_like(last):
            yield found
            last = found


def _schema(
    snapshot: Snapshot, ordinal: int, commits: Sequence[Commit], bearers: Set[Location]
) -> Schema:
    there = next((t for t in snapshot.tables if not bearers.isdisjoint(t.locations)), None)
    if there is None:
        return Schema(ordinal, commits[ordinal], None)
    columns = tuple(snapshot.relation(there).columns)
    return Schema(ordinal, commits[ordinal], columns, key_columns(there))
