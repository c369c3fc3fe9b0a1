"""Two commits of a table side by side: `diff`, and what is counted of it."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from ingitdb.catalog.naming import NamedTable
from ingitdb.execution.identity import AT, Identity, identity
from ingitdb.execution.pairing import Fields, Pair, Pairing, named, pair_columns
from ingitdb.execution.relations import key_columns
from ingitdb.model.types import quote_identifier, quote_literal
from ingitdb.snapshots.bodies import Query
from ingitdb.snapshots.internal import DIGEST, ORDER
from ingitdb.snapshots.kept import Kept
from ingitdb.snapshots.kept import named as kept_table
from ingitdb.snapshots.projection import NotDerivable
from ingitdb.snapshots.relation import Column, Relation
from ingitdb.snapshots.snapshot import Snapshot

_MOST_STATES = 8_192
"""What differs among so many is worth being kept."""
_OWN = frozenset(["commit", "commit_date"])
"""Columns that bear the names of ours: no table has two of one name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A table at one commit.

    Attributes:
        table: None where the commit has no such table.
        commit: The commit's hash, or the word for what is not committed.
        moment: The committer's time; None for what is not committed.
    """

    snapshot: Snapshot
    table: NamedTable | None
    commit: str
    moment: datetime | None

    @property
    def relation(self) -> Relation | None:
        """The table's columns and rows."""
        return self.snapshot.relation(self.table) if self.table is not None else None


class Difference:
    """What differs in a table between two commits.

    Args:
        old: The table from which to look.
        new: The table at which to look.
        is_older: Tells whether `old` is in truth the older one, so that `new` has the last word.
        query: Runs SQL.
        kept: Keeps what differs where that is little; None where nobody will ask again.
    """

    def __init__(
        self,
        old: Side,
        new: Side,
        *,
        is_older: Callable[[], bool],
        query: Query,
        kept: Kept | None = None,
    ) -> None:
        self._old, self._new = old, new
        self._is_older = is_older
        self._query = query
        self._kept = kept
        self._relations = (old.relation, new.relation)
        self._pairs = list(pair_columns(self._fields(0), self._fields(1)))

    @property
    def name(self) -> str:
        """What the table is called, with its schema where that is not `main`."""
        old, new = self.names
        return new or old

    @property
    def sides(self) -> tuple[Side, Side]:
        """The table at both commits."""
        return self._old, self._new

    @property
    def names(self) -> tuple[str, str]:
        """What the table is called at each commit; empty where it is not there."""
        old, new = (table_name(side.table) if side.table else "" for side in self.sides)
        return old, new

    @property
    def key(self) -> set[str]:
        """The names of the key's columns, case-folded."""
        table = self._new.table or self._old.table
        return {name.casefold() for name in key_columns(table)} if table is not None else set()

    @property
    def columns(self) -> list[str]:
        """The names of all columns of both tables."""
        return [column.name for side in (0, 1) for column in self._columns(side)]

    @property
    def rows(self) -> tuple[int, int]:
        """How many records there are at each commit."""
        old, new = (relation.rows if relation is not None else 0 for relation in self._relations)
        return old, new

    @property
    def widths(self) -> tuple[int, int]:
        """How many columns the table has at each commit."""
        return len(self._columns(0)), len(self._columns(1))

    @property
    def new_and_gone_columns(self) -> tuple[int, int]:
        """How many columns only the new table has, and how many only the old one."""
        come = sum(pair.old is None for pair in self._pairs)
        return come, sum(pair.new is None for pair in self._pairs)

    def sql(self) -> str:
        """Gives SQL for the records that differ, old and new side by side."""
        shown = [
            *self._shown(0, "from", self._old),
            *self._shown(1, "to", self._new),
            "diff_type",
            "changed_columns",
        ]
        pairing, columns = self._pairing(whole=False), ", ".join(shown)
        is_plain = _OWN.isdisjoint(name.casefold() for name in self.columns)
        kept = self._answered(pairing, pairing.ordered(columns)) if is_plain else None
        return kept or f"SELECT {columns} FROM ({pairing.sql()})"

    def dolt_sql(self, only: Collection[str] | None = None) -> str:
        """Gives SQL for the same with the columns of Dolt, the newer ones first.

        Args:
            only: The columns that are wanted, case-folded; None for all.
        """
        shown = [
            *self._shown(1, "to", self._new, only),
            *self._shown(0, "from", self._old, only),
            "diff_type",
        ]
        return f"SELECT {', '.join(shown)} FROM ({self.body()})"

    def changed(self) -> set[str]:
        """Names the columns, case-folded, that differ in some record.

        In a record that came or went those differ that have a value.
        """
        counts = []
        for pair in self._pairs:
            sides = (("from", pair.old), ("to", pair.new))
            values = [named(prefix, column) for prefix, column in sides if column is not None]
            has_any = " OR ".join(f"{value} IS NOT NULL" for value in values)
            is_whole = f"diff_type <> 'modified' AND ({has_any})"
            is_in = f"list_contains(changed_columns, {quote_literal(pair.name)})"
            counts.append(f"bool_or({is_whole} OR coalesce({is_in}, false))")
        (found,) = self._query(f"SELECT {', '.join(counts)} FROM ({self.body()})")
        both = zip(self._pairs, found, strict=True)
        return {pair.name.casefold() for pair, is_there in both if is_there}

    @property
    def pairs(self) -> Sequence[Pair]:
        """Which column of the old table is which of the new one."""
        return self._pairs

    def body(self) -> str:
        """Gives SQL for what `Pairing.sql` says, in file order where it is little."""
        pairing = self._pairing(whole=False)
        return self._answered(pairing, pairing.ordered()) or pairing.sql()

    def _answered(self, pairing: Pairing, sql: str) -> str | None:
        """Gives SQL that reads what other SQL gave before; None where it is not kept."""
        if self._kept is None:
            return None
        name = self._kept.answer(sql, self._query, is_small=lambda: self._has_few(pairing))
        return f"FROM {kept_table(name)}" if name is not None else None

    def _has_few(self, pairing: Pairing) -> bool:
        """Tells whether few states are on one side alone."""
        if sum(self.rows) <= _MOST_STATES:
            return True
        sides = " UNION ALL ".join(f"SELECT 1 FROM ({body})" for body in pairing.bodies)
        ((found,),) = self._query(f"SELECT count(*) FROM ({sides} LIMIT {_MOST_STATES + 1})")
        return bool(found <= _MOST_STATES)

    def both(self, *, whole: bool) -> str:
        """Gives SQL for what `Pairing.both` says.

        Args:
            whole: Whether records are told, too, that are the same states at both commits.
        """
        return self._pairing(whole=whole).both()

    def _pairing(self, *, whole: bool) -> Pairing:
        return Pairing(
            bodies=(self._apart(0, whole=whole), self._apart(1, whole=whole)),
            fields=(self._fields(0), self._fields(1)),
            pairs=self._pairs,
            identity=self._identity(),
        )

    def _apart(self, at: int, *, whole: bool) -> str:
        """Gives the records of a side, or those that are not the same states at the other one."""
        snapshot, table = self._sources[at]
        if table is None:
            return self._nothing(at)
        other = (None, None) if whole else self._sources[1 - at]
        body = snapshot.apart(table, self._mixed(at), *other)
        return f"SELECT *, 0 AS {AT} FROM ({body})"

    @cached_property
    def _sources(self) -> list[tuple[Snapshot, NamedTable | None]]:
        """Gives for each side what its records are read from, so that each knows of the other."""
        found: list[tuple[Snapshot, NamedTable | None]] = []
        for at, side in enumerate(self.sides):
            snapshot, table = side.snapshot, side.table
            if table is not None:
                try:
                    snapshot.apart(table, self._mixed(at), None, None)
                except NotDerivable:
                    snapshot, table = snapshot.in_own_types(table)
            found.append((snapshot, table))
        return found

    def _mixed(self, at: int) -> list[str]:
        """Names the columns of a side whose values may be equal but not of one kind."""
        pairs = ((pair.old, pair.new)[at] for pair in self._pairs if pair.is_mixed)
        return [column.name for column in pairs if column is not None]

    def _nothing(self, at: int) -> str:
        """Gives no records, of a table that is not there."""
        columns = [("_key", "VARCHAR"), ("_path", "VARCHAR"), (ORDER, "BIGINT"), (DIGEST, "BLOB")]
        columns.append((AT, "INTEGER"))
        shown = [f"CAST(NULL AS {kind}) AS {name}" for name, kind in columns]
        shown += [
            f"CAST(NULL AS {column.type.sql}) AS {quote_identifier(column.name)}"
            for column in self._columns(at)
            if column.name != "_key"
        ]
        return f"SELECT {', '.join(shown)} WHERE false"

    def _identity(self) -> Identity:
        old, new = self._relations
        if self._old.table is None or self._new.table is None or old is None or new is None:
            return Identity("_key", "_key")
        one, other = (self._old.table, old), (self._new.table, new)
        keys = {table.locations[0].declaration.primary_key for table, _ in (one, other)}
        if len(keys) == 1 or self._is_older():
            return identity(one, other, self._query)
        found = identity(other, one, self._query)
        return replace(found, old=found.new, new=found.old)

    def _fields(self, at: int) -> Fields:
        relation = self._relations[at]
        return Fields(self._columns(at), relation.natural if relation is not None else {})

    def _columns(self, at: int) -> Sequence[Column]:
        """Gives a side's columns; where the table is not there, those of the other one."""
        own, other = self._relations[at], self._relations[1 - at]
        relation = own or other
        return relation.columns if relation is not None else ()

    def _shown(
        self, at: int, prefix: str, side: Side, only: Collection[str] | None = None
    ) -> Iterator[str]:
        for column in self._columns(at):
            if only is None or column.name.casefold() in only:
                yield named(prefix, column)
        moment = "NULL" if side.moment is None else quote_literal(side.moment.isoformat())
        yield f"{quote_literal(side.commit)} AS {prefix}_commit"
        yield f"CAST({moment} AS TIMESTAMPTZ) AS {prefix}_commit_date"


def table_name(table: NamedTable) -> str:
    """Gives what a table is called, with its schema where that is not `main`."""
    return table.name if table.schema == "main" else f"{table.schema}.{table.name}"
