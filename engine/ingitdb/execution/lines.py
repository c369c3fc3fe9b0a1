"""What became of a table's records along the line that leads to a commit."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

import pyarrow as pa

from ingitdb.catalog.naming import NamedTable
from ingitdb.errors import RefNotFound, StatementRefused
from ingitdb.execution.identity import AT, Identity, identities
from ingitdb.execution.pairing import Fields, Pairing, along, content_of, named, of_side
from ingitdb.execution.points import Points
from ingitdb.execution.standing import (
    COMMITTED,
    by_ordinal,
    described,
    in_lists,
    standing,
    standing_by_interval,
)
from ingitdb.git.repository import Repository
from ingitdb.model.history import Commit
from ingitdb.model.identifiers import EMPTY, PSEUDO_COMMITS, CommitId
from ingitdb.model.tables import Form
from ingitdb.model.types import quote_identifier
from ingitdb.snapshots.bodies import Query
from ingitdb.snapshots.histories import Histories
from ingitdb.snapshots.internal import BEGUN, ENDED, ORDER, SOURCE
from ingitdb.snapshots.kept import named as kept_table
from ingitdb.snapshots.lineage import Lineage
from ingitdb.snapshots.projection import NotDerivable
from ingitdb.snapshots.relation import Relation
from ingitdb.snapshots.sides import Reached
from ingitdb.snapshots.snapshot import Snapshot
from ingitdb.snapshots.store import Base
from ingitdb.sql.versions import Between

_KEY = quote_identifier("_key")
_NEW = quote_identifier("\u0001new")
_ISLAND = quote_identifier("\u0001island")
_CONTENT = quote_identifier("\u0001content")
_SAME = ("_path", "_key", _CONTENT)
_MANY = 4
"""With so many states to an interval its commits are better worked out once."""
_CHANGES = (
    ("insert", "added", "to"),
    ("delete", "removed", "from"),
    ("update_preimage", "modified", "from"),
    ("update_postimage", "modified", "to"),
)
"""The kinds of changes as change feeds call them, which differences they are, and their side."""


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
        query: Runs SQL.
        home: Where tables are that the commit has no more.
    """

    snapshot: Snapshot
    histories: Histories
    query: Query
    home: Snapshot | None = None

    @property
    def is_committed(self) -> bool:
        """Whether the line ends at a commit."""
        return self.snapshot.commit not in PSEUDO_COMMITS

    def commits(self) -> pa.Table:
        """Gives ordinal, hash, committer, moment, email and message of each, the oldest first."""

        def made() -> pa.Table:
            known = self.log()
            ordinals = pa.array(range(len(known)), pa.int32())
            return described(known).append_column("ordinal", ordinals)

        return self.histories.once(self.base(), "commits", made)

    def kept_commits(self) -> str:
        """Gives the name of a table with what `commits` gives, of a line to a commit."""
        fact = ("commits", self.snapshot.commit)
        return kept_table(self.histories.kept.rows(fact, self.commits))

    def log(self) -> list[Commit]:
        """Gives the commits, the oldest first."""
        base = self.base()
        return self.histories.once(base, "log", lambda: self.histories.commits(base))

    def base(self) -> Base:
        """Gives what is known of the line up to the commit."""
        return self.histories.base(self.snapshot)

    def ordinal(self, commit: CommitId) -> int:
        """Gives the place of a commit; of one beside the line that of the last not later."""
        known = self.log()
        places = {one.identifier: place for place, one in enumerate(known)}
        if commit in places:
            return places[commit]
        moment = self.histories.moment(commit)
        return max((n for n, one in enumerate(known) if one.committer.at <= moment), default=-1)

    def moment(self, ordinal: int) -> datetime:
        """Gives the committer time of the commit at an ordinal."""
        return self.log()[ordinal].committer.at

    def versions(self, table: NamedTable, commits: str, span: Span | None = None) -> str:
        """Gives SQL for every state of a table's records.

        Args:
            table: The table.
            commits: A relation with what `commits` gives.
            span: Only states that stood at one of these commits are wanted.
        """
        states, _ = self.states(table)
        columns, body = states.columns, states.body
        names = [quote_identifier(column.name) for column in columns]
        values = "".join(f", any_value(s.{name}) AS {name}" for name in names if name != _KEY)
        shown = "".join(f"g.{name}, " for name in names)
        wanted = ""
        if span is not None:
            stood = f"g.{BEGUN} <= {span.last} AND g.{ENDED} > {span.first}"
            wanted = f" WHERE {stood if span.first <= span.last else 'false'}"
        whole = body
        content = content_of(Fields(columns, states.natural))
        parts = f"SELECT *, {content} AS {_CONTENT} FROM ({body})"
        if self._is_split(parts):
            whole = _joined(parts, values)
        return (
            f"SELECT {shown}f.moment AS _valid_from, t.moment AS _valid_to,"
            f" f.hash AS _from_commit, t.hash AS _to_commit FROM ({whole}) g"
            f" JOIN {commits} f ON f.ordinal = g.{BEGUN}"
            f" LEFT JOIN {commits} t ON t.ordinal = g.{ENDED}{wanted}"
        )

    def _is_split(self, states: str) -> bool:
        """Tells whether some state is stored in several parts, one after another."""
        same = " AND ".join(f"a.{name} IS NOT DISTINCT FROM b.{name}" for name in _SAME)
        sql = (
            f"WITH s AS (SELECT {', '.join(_SAME)}, {BEGUN}, {ENDED} FROM ({states}))"
            f" SELECT EXISTS (FROM s a JOIN s b ON a.{ENDED} = b.{BEGUN} AND {same})"
        )
        return self._holds(sql)

    def _holds(self, sql: str) -> bool:
        """Gives the one value of a query over the line's states, which is asked once."""
        return self.histories.once(self.base(), sql, lambda: bool(self.query(sql)[0][0]))

    def history(self, table: NamedTable, commits: str) -> str:
        """Gives SQL for every record at every commit.

        Args:
            table: The table.
            commits: A relation with what `commits` gives.
        """
        states, _ = self.states(table)
        shown = "".join(f"s.{quote_identifier(column.name)}, " for column in states.columns)
        few = self._has_few_intervals(states.body)
        joined = (standing_by_interval if few else standing)(states.body, commits)
        return f"SELECT {shown}{COMMITTED} {joined}"

    def history_by_ordinal(self, table: NamedTable) -> str:
        """Gives SQL for the same, of a line to a commit; what commits are is looked up last.

        It is much faster where little of them is asked for, and slower where they are chosen by it.
        """
        states, _ = self.states(table)
        shown = "".join(f"s.{quote_identifier(column.name)}, " for column in states.columns)
        fact = ("commit lists", self.snapshot.commit)
        lists = kept_table(self.histories.kept.rows(fact, lambda: in_lists(self.commits())))
        return f"SELECT {shown}{by_ordinal(states.body, lists, self.base().ordinal)}"

    def _has_few_intervals(self, states: str) -> bool:
        """Tells whether many states began and ended together."""
        distinct = f"count(DISTINCT ({BEGUN}, {ENDED}))"
        sql = f"SELECT count(*) > {_MANY} * {distinct} FROM ({states})"
        return self._holds(sql)

    def history_of_all(self, table: NamedTable, commits: str, beside: str, paths: str) -> str:
        """Gives SQL for every record at every commit that the line reaches.

        Args:
            table: The table.
            commits: A relation with what `commits` gives.
            beside: A relation with what `beside` gives.
            paths: A relation with what `touched` gives.
        """
        states, reached = self.reached(table)
        shown = "".join(f"s.{quote_identifier(column.name)}, " for column in states.columns)
        source = 0 if reached.further is None else 1
        parts = [
            (0, commits, "c.ordinal", ""),
            (source, beside, f"c.ordinal + {reached.offset}", ""),
        ]
        if not reached.sides.is_whole:
            through = f" WHERE s._path NOT IN (SELECT path FROM {paths})"
            parts.append((0, beside, "c.line", through))
        return " UNION ALL ".join(
            f"SELECT {shown}{COMMITTED} "
            + standing(f"SELECT * FROM ({states.body}) WHERE {SOURCE} = {number}", name, ordinal)
            + further
            for number, name, ordinal, further in parts
        )

    def beside(self) -> pa.Table:
        """Gives what `commits` gives of each beside the line, and the ordinal it goes back to.

        The ordinals are those of the further line.
        """
        sides = self.histories.sides(self.base())
        known = [sides.commits[commit] for side in sides.sides for commit in side.commits]
        found = [sides.positions[commit.identifier] for commit in known]
        return (
            described(known)
            .append_column("line", pa.array([place.line for place in found], pa.int32()))
            .append_column("ordinal", pa.array([place.ordinal for place in found], pa.int32()))
        )

    def touched(self) -> pa.Table:
        """Gives the paths that the sides touch."""
        paths = sorted(self.histories.sides(self.base()).touched)
        return pa.table({"path": pa.array(paths, pa.string())})

    def diff(self, table: NamedTable, commits: str, *, for_dolt: bool = False) -> str:
        """Gives SQL for what differs between every commit and its first parent.

        Args:
            table: The table.
            commits: A relation with what `commits` gives.
            for_dolt: Whether the columns are those of Dolt, the newer ones first.
        """
        states, forms = self.states(table)
        from_names = "".join(f"d.{named('from', column)}, " for column in states.columns)
        from_names += f"coalesce(p.hash, '{EMPTY}') AS from_commit, p.moment AS from_commit_date"
        to_names = "".join(f"d.{named('to', column)}, " for column in states.columns)
        to_names += "c.hash AS to_commit, c.moment AS to_commit_date"
        both = f"{to_names}, {from_names}" if for_dolt else f"{from_names}, {to_names}"
        return (
            f"SELECT {both}, d.diff_type{'' if for_dolt else ', d.changed_columns'}"
            f" FROM ({self.changes(table, states, forms)}) d"
            f" JOIN {commits} c ON c.ordinal = d.{AT}"
            f" LEFT JOIN {commits} p ON p.ordinal = d.{AT} - 1"
        )

    def table_changes(self, table: NamedTable, commits: str, since: CommitId) -> str:
        """Gives SQL for each change after a commit, an update as the record before and after.

        Args:
            table: The table.
            commits: A relation with what `commits` gives.
            since: The commit.

        Raises:
            StatementRefused: The commit is none of the line.
        """
        first = next((n for n, one in enumerate(self.log()) if one.identifier == since), None)
        if first is None and since != EMPTY:
            raise StatementRefused(
                f"{since[:12]} is not among the first parents of {self.snapshot.commit[:12]}.",
                hint="diff() compares any two commits.",
            )
        states, forms = self.states(table)
        after = f"{AT} > {-1 if first is None else first}"
        parts = []
        for name, kind, prefix in _CHANGES:
            parts.append(
                f"SELECT '{name}' AS _change_type, c.hash AS _commit,"
                f" c.moment AS _commit_timestamp, {of_side(prefix, states.columns)}"
                f" FROM d JOIN {commits} c ON c.ordinal = d.{AT} WHERE d.diff_type = '{kind}'"
            )
        changes = self.changes(table, states, forms)
        return (
            f"WITH d AS MATERIALIZED (SELECT * FROM ({changes}) WHERE {after})"
            f" {' UNION ALL '.join(parts)}"
        )

    def changes(self, table: NamedTable, states: Relation, forms: frozenset[Form]) -> str:
        """Gives SQL for the records that differ, with `AT` the ordinal of the newer commit."""
        base = self.base()
        known = identities(table, forms, states, base.ordinal, self.query)
        some = [at for _, ordinals in known for at in ordinals or ()]
        parts = []
        for identity, ordinals in known:
            pairing = along(states, identity, base.ordinal, _among(ordinals, some))
            if not identity.content_first:
                pairing = self._simplified(pairing)
            parts.append(f"SELECT * FROM ({pairing.sql()})")
        return " UNION ALL ".join(parts)

    def has_steady_states(self, states: Relation, identity: Identity) -> bool:
        """Tells whether each state of a record began with a change of it, and none moved."""
        pairing = self._simplified(along(states, identity, self.base().ordinal))
        if not pairing.is_unique or pairing.identity.can_move:
            return False
        return not self._holds(pairing.unchanged())

    def _simplified(self, pairing: Pairing) -> Pairing:
        """Leaves out what no record of the line needs: that keys repeat, that records move."""
        if not self._holds(pairing.repeated()):
            pairing = replace(pairing, is_unique=True)
        if pairing.identity.can_move and not self._holds(pairing.moved()):
            pairing = replace(pairing, identity=replace(pairing.identity, can_move=False))
        return pairing

    def lineage(
        self, table: NamedTable, base: Base | None = None, further: Base | None = None
    ) -> Lineage:
        """Gives what became of a table."""
        home = self.home or self.snapshot
        return Lineage(home, table, base or self.base(), self.query, further)

    def relation(self, table: NamedTable) -> Relation:
        """Gives a table as it is at the commit, or was last."""
        return (self.home or self.snapshot).relation(table)

    def states(self, table: NamedTable) -> tuple[Relation, frozenset[Form]]:
        """Gives a table's states on the indexed line, or on the commit's own if that tells more.

        Raises:
            StatementRefused: The states lie at several places in types that nothing unites.
        """
        for own in (False, True):
            with suppress(NotDerivable):
                base = self.histories.base(self.snapshot, own=own)
                return self.histories.once(
                    base, ("states", table), self.lineage(table, base).states
                )
        raise _not_united(table)

    def reached(self, table: NamedTable) -> tuple[Relation, Reached]:
        """Gives a table's states at every commit that the line reaches.

        Raises:
            StatementRefused: The states lie at several places in types that nothing unites.
        """
        for reached in self.histories.reached(self.base()):
            with suppress(NotDerivable):
                lineage = self.lineage(table, reached.base, reached.further)
                return lineage.states()[0], reached
        raise _not_united(table)


def _joined(states: str, values: str) -> str:
    """Gives SQL for states of which the parts that follow each other are put together."""
    same = ", ".join(_SAME)
    order = f"(PARTITION BY {same} ORDER BY {BEGUN}, {ORDER})"
    return (
        f"SELECT {same}, {_ISLAND}, min({BEGUN}) AS {BEGUN}, max({ENDED}) AS {ENDED}{values}"
        f" FROM (SELECT *, sum({_NEW}) OVER w AS {_ISLAND} FROM (SELECT *,"
        f" CASE WHEN lag({ENDED}) OVER v = {BEGUN} THEN 0 ELSE 1 END AS {_NEW}"
        f" FROM ({states}) WINDOW v AS {order}) WINDOW w AS {order}) s"
        f" GROUP BY {same}, {_ISLAND}"
    )


def _not_united(table: NamedTable) -> StatementRefused:
    return StatementRefused(
        f"The states of {table.name} lay at several places, in types that nothing unites.",
        hint="Read the table AS OF the commits of interest.",
    )


def _among(ordinals: Sequence[int] | None, others: Sequence[int]) -> str:
    """Gives SQL that holds for some ordinals, or for all but those of others."""
    if ordinals is None:
        return f"{AT} NOT IN ({', '.join(map(str, others))})" if others else "true"
    return f"{AT} IN ({', '.join(map(str, ordinals))})" if ordinals else "false"


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
