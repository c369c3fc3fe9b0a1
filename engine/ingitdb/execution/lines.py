"""What became of a table's records along the line that leads to a commit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from ingitdb.catalog.naming import NamedTable
from ingitdb.errors import RefNotFound, StatementRefused
from ingitdb.execution.points import Points
from ingitdb.git.repository import Repository
from ingitdb.model.identifiers import CommitId
from ingitdb.model.types import quote_identifier
from ingitdb.snapshots.histories import Histories
from ingitdb.snapshots.internal import BEGUN, DIGEST, ENDED, ORDER
from ingitdb.snapshots.projection import NotDerivable
from ingitdb.snapshots.relation import Column
from ingitdb.snapshots.snapshot import Snapshot
from ingitdb.sql.versions import Between

_KEY = quote_identifier("_key")
_NEW = quote_identifier("\u0001new")
_ISLAND = quote_identifier("\u0001island")


@dataclass(frozen=True, slots=True)
class Span:
    """Some commits of a line, by their ordinals, both ends included."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Line:
    """The first parents that lead to a commit.

    Attributes:
        snapshot: The commit.
        histories: Know the states along the line.
    """

    snapshot: Snapshot
    histories: Histories

    def commits(self) -> pa.Table:
        """Gives ordinal, hash, committer and committer time of each commit, the oldest first."""
        known = self.histories.committers(self.histories.base(self.snapshot.commit))
        return pa.table(
            {
                "ordinal": pa.array(range(len(known)), pa.int32()),
                "hash": pa.array([str(commit) for commit, _ in known], pa.string()),
                "committer": pa.array([by.name for _, by in known], pa.string()),
                "moment": pa.array([by.at for _, by in known], pa.timestamp("us", "UTC")),
            }
        )

    def ordinal(self, commit: CommitId) -> int:
        """Gives the place of a commit; of one beside the line that of the last not later."""
        known = self.histories.committers(self.histories.base(self.snapshot.commit))
        places = {identifier: place for place, (identifier, _) in enumerate(known)}
        if commit in places:
            return places[commit]
        moment = self.histories.moment(commit)
        return max((n for n, (_, by) in enumerate(known) if by.at <= moment), default=-1)

    def moment(self, ordinal: int) -> datetime:
        """Gives the committer time of the commit at an ordinal."""
        known = self.histories.committers(self.histories.base(self.snapshot.commit))
        return known[ordinal][1].at

    def versions(self, table: NamedTable, commits: str, span: Span | None = None) -> str:
        """Gives SQL for every state of a table's records.

        Args:
            table: The table.
            commits: A relation with what `commits` gives.
            span: Only states that stood at one of these commits are wanted.
        """
        columns, body = self._states(table)
        names = [quote_identifier(column.name) for column in columns]
        values = "".join(f", any_value(s.{name}) AS {name}" for name in names if name != _KEY)
        shown = "".join(f"g.{name}, " for name in names)
        same = f"_path, _key, {DIGEST}"
        order = f"(PARTITION BY {same} ORDER BY {BEGUN}, {ORDER})"
        wanted = ""
        if span is not None:
            stood = f"g.{BEGUN} <= {span.last} AND g.{ENDED} > {span.first}"
            wanted = f" WHERE {stood if span.first <= span.last else 'false'}"
        return (
            f"SELECT {shown}f.moment AS _valid_from, t.moment AS _valid_to,"
            " f.hash AS _from_commit, t.hash AS _to_commit FROM ("
            f"SELECT {same}, {_ISLAND}, min({BEGUN}) AS {BEGUN}, max({ENDED}) AS {ENDED}"
            f"{values} FROM (SELECT *, sum({_NEW}) OVER w AS {_ISLAND} FROM (SELECT *,"
            f" CASE WHEN lag({ENDED}) OVER v = {BEGUN} THEN 0 ELSE 1 END AS {_NEW}"
            f" FROM ({body}) WINDOW v AS {order}) WINDOW w AS {order}) s"
            f" GROUP BY {same}, {_ISLAND}) g"
            f" JOIN {commits} f ON f.ordinal = g.{BEGUN}"
            f" LEFT JOIN {commits} t ON t.ordinal = g.{ENDED}{wanted}"
        )

    def history(self, table: NamedTable, commits: str) -> str:
        """Gives SQL for every record at every commit.

        Args:
            table: The table.
            commits: A relation with what `commits` gives.
        """
        columns, body = self._states(table)
        shown = "".join(f"s.{quote_identifier(column.name)}, " for column in columns)
        return (
            f"SELECT {shown}c.hash AS commit_hash, c.committer, c.moment AS commit_date"
            f" FROM ({body}) s JOIN {commits} c"
            f" ON c.ordinal >= s.{BEGUN} AND c.ordinal < s.{ENDED}"
        )

    def _states(self, table: NamedTable) -> tuple[Sequence[Column], str]:
        """Gives a table's states on the indexed line, or on the commit's own if that tells more.

        Raises:
            StatementRefused: The states lie at several places in types that nothing unites.
        """
        for own in (False, True):
            try:
                base = self.histories.base(self.snapshot.commit, own=own)
                return self.snapshot.versions(table, base)
            except NotDerivable:
                continue
        raise StatementRefused(
            f"The states of {table.name} lay at several places, in types that nothing unites.",
            hint="Read the table AS OF the commits of interest.",
        )


def spanned(line: Line, points: Points, repository: Repository, between: Between) -> Span:
    """Gives the commits that stood at some instant of a range."""
    ends = []
    for version in (between.since, between.until):
        try:
            ends.append(line.ordinal(points.commit(version, repository, line.snapshot.commit)))
        except RefNotFound:
            if points.instant(version, repository) is None:
                raise
            ends.append(-1)  # before the first commit
    first, last = ends
    if not between.inclusive and last >= 0:
        instant = points.instant(between.until, repository)
        if instant is None or line.moment(last) == instant:
            last -= 1
    return Span(first, last)
