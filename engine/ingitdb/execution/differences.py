"""Two commits of a table side by side: `diff`, and what is counted of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from ingitdb.catalog.columns import type_of
from ingitdb.catalog.naming import NamedTable
from ingitdb.execution.identity import Identity, identity
from ingitdb.model.shapes import Place, is_mixed
from ingitdb.model.types import JSON, ListOf, Struct, quote_identifier, quote_literal
from ingitdb.snapshots.bodies import Query
from ingitdb.snapshots.internal import DIGEST, ORDER, kinds_of
from ingitdb.snapshots.projection import NotDerivable, project
from ingitdb.snapshots.relation import Column, Relation
from ingitdb.snapshots.snapshot import Snapshot

_KEY = quote_identifier("\u0001key")
_NTH = quote_identifier("\u0001nth")
_EQUALS = quote_identifier("\u0001equals")
_PATH = "_path"


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


@dataclass(frozen=True, slots=True)
class _Pair:
    """A column of one commit and what it is at the other."""

    old: Column | None
    new: Column | None
    is_mixed: bool = False

    @property
    def name(self) -> str:
        """What it is called, in the newer table where it is there."""
        column = self.new or self.old
        return column.name if column is not None else ""


class Difference:
    """What differs in a table between two commits.

    Args:
        old: The table from which to look.
        new: The table at which to look.
        is_older: Whether `old` is in truth the older one, so that `new` has the last word.
        query: Runs SQL.
    """

    def __init__(self, old: Side, new: Side, *, is_older: bool, query: Query) -> None:
        self._old, self._new = old, new
        self._is_older = is_older
        self._query = query
        self._relations = (old.relation, new.relation)
        self._pairs = list(self._paired())

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
        old, new = (_name(side.table) if side.table else "" for side in self.sides)
        return old, new

    @property
    def has_other_columns(self) -> bool:
        """Whether a column came, went, or changed its type or name."""
        return any(
            pair.old is None
            or pair.new is None
            or (pair.old.name, pair.old.type) != (pair.new.name, pair.new.type)
            for pair in self._pairs
        )

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

    def sql(self) -> str:
        """Gives SQL for the records that differ, old and new side by side."""
        shown = [
            *self._shown(0, "from", self._old),
            *self._shown(1, "to", self._new),
            "diff_type",
            "changed_columns",
        ]
        return f"SELECT {', '.join(shown)} FROM ({self.body()})"

    def body(self) -> str:
        """Gives SQL for pairs of records: `from_…` and `to_…`, `diff_type`, `changed_columns`."""
        columns = [
            f"{'ab'[at]}.{quote_identifier(column.name)} AS {_named(prefix, column)}"
            for at, prefix in enumerate(("from", "to"))
            for column in self._columns(at)
        ]
        changed = ", ".join(
            f"CASE WHEN {self._differs(pair)} THEN {quote_literal(pair.name)} END"
            for pair in self._pairs
        )
        both = f"a.{_NTH} IS NOT NULL AND b.{_NTH} IS NOT NULL"
        columns += [
            f"CASE WHEN {both} THEN 'modified' WHEN a.{_NTH} IS NULL THEN 'added' ELSE 'removed'"
            " END AS diff_type",
            f"CASE WHEN {both} THEN list_filter(CAST([{changed}] AS VARCHAR[]),"
            " lambda x: x IS NOT NULL) END AS changed_columns",
        ]
        return (
            f"{self._records()} SELECT * FROM (SELECT {', '.join(columns)} FROM a FULL JOIN b"
            f" ON a.{_KEY} = b.{_KEY} AND a.{_NTH} = b.{_NTH})"
            " WHERE diff_type <> 'modified' OR len(changed_columns) > 0"
        )

    def _records(self) -> str:
        """Gives the records of both sides that may differ, with what tells them apart."""
        known = self._identity()
        keys = (known.old, known.new)
        if known.content_first:
            group = f"_key, {DIGEST}" if known.is_grouped else DIGEST
            found = (
                f"{letter}0 AS ({self._apart(at, group, keys[at])})"
                for at, letter in enumerate("ab")
            )
            same = f"x.{DIGEST} = y.{DIGEST} AND x.{_NTH} = y.{_NTH}"
            if known.is_grouped:
                same += " AND x._key IS NOT DISTINCT FROM y._key"
            left = (
                f"{one} AS (SELECT * REPLACE (1 AS {_NTH}) FROM {one}0 x WHERE NOT EXISTS"
                f" (FROM {other}0 y WHERE {same}))"
                for one, other in ("ab", "ba")
            )
            return f"WITH {', '.join([*found, *left])}"
        if not known.can_move:
            found = (
                f"{letter} AS ({self._apart(at, keys[at], keys[at])})"
                for at, letter in enumerate("ab")
            )
            return f"WITH {', '.join(found)}"
        found = (
            f"{letter}0 AS ({self._apart(at, keys[at], keys[at])})"
            for at, letter in enumerate("ab")
        )
        gone = (
            f"{one}1 AS (SELECT {_KEY}, {_NTH}, {DIGEST}, count(*) OVER (PARTITION BY {DIGEST})"
            f" AS {_EQUALS} FROM {one}0 x WHERE NOT EXISTS (FROM {other}0 y"
            f" WHERE x.{_KEY} = y.{_KEY} AND x.{_NTH} = y.{_NTH}))"
            for one, other in ("ab", "ba")
        )
        moved = (
            f"m AS (SELECT y.{_KEY}, y.{_NTH}, x.{_KEY} AS was, x.{_NTH} AS nth"
            f" FROM a1 x JOIN b1 y ON x.{DIGEST} = y.{DIGEST}"
            f" WHERE x.{_EQUALS} = 1 AND y.{_EQUALS} = 1)"
        )
        both = (
            "a AS (FROM a0)",
            f"b AS (SELECT b0.* REPLACE (coalesce(m.was, b0.{_KEY}) AS {_KEY},"
            f" coalesce(m.nth, b0.{_NTH}) AS {_NTH})"
            f" FROM b0 LEFT JOIN m ON m.{_KEY} = b0.{_KEY} AND m.{_NTH} = b0.{_NTH})",
        )
        return f"WITH {', '.join([*found, *gone, moved, *both])}"

    def _apart(self, at: int, partition: str, key: str) -> str:
        """Gives the records of a side that are not the same states at the other one."""
        snapshot, table = self._sources[at]
        if table is None:
            return self._nothing(at)
        body = snapshot.apart(table, self._mixed(at), *self._sources[1 - at])
        return (
            f"SELECT *, {key} AS {_KEY}, row_number() OVER (PARTITION BY {partition}"
            f" ORDER BY {_PATH}, {ORDER}) AS {_NTH} FROM ({body})"
        )

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
        columns += [(_KEY, "VARCHAR"), (_NTH, "BIGINT")]
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
        if self._is_older:
            return identity(one, other, self._query)
        found = identity(other, one, self._query)
        return replace(found, old=found.new, new=found.old)

    def _columns(self, at: int) -> Sequence[Column]:
        """Gives a side's columns; where the table is not there, those of the other one."""
        own, other = self._relations[at], self._relations[1 - at]
        relation = own or other
        return relation.columns if relation is not None else ()

    def _paired(self) -> Iterator[_Pair]:
        old = {column.name.casefold(): column for column in self._columns(0)}
        renamed = self._renamed()
        for column in self._columns(1):
            name = renamed.get(column.name.casefold(), column.name.casefold())
            before = old.pop(name, None) or old.pop(column.name.casefold(), None)
            yield _Pair(before, column, self._is_mixed(before, column))
        for column in old.values():
            yield _Pair(column, None)

    def _renamed(self) -> dict[str, str]:
        """Gives the old name of each column whose declaration names one."""
        found: dict[str, str] = {}
        for column in self._columns(1):
            for rule, value in column.declared.rules if column.declared is not None else ():
                if rule == "renamed_from":
                    found[column.name.casefold()] = str(value).casefold()
        return found

    def _is_mixed(self, old: Column | None, new: Column) -> bool:
        one, other = self._relations
        if old is None or one is None or other is None:
            return False
        place = Place()
        for column, relation in ((old, one), (new, other)):
            place.include(relation.natural.get(column.name, Place()))
        return is_mixed(place)

    def _differs(self, pair: _Pair) -> str:
        if pair.old is None or pair.new is None:
            if pair.name == "_key":  # the key moved into the fields or out of them
                return "false"
            side, column = ("b", pair.new) if pair.old is None else ("a", pair.old)
            name = quote_identifier(column.name) if column is not None else "NULL"
            return f"{side}.{name} IS NOT NULL"
        same = f"a.{DIGEST} = b.{DIGEST}"
        old, new = self._comparable(pair.old, pair.new)
        differs = f"{old} IS DISTINCT FROM {new}"
        if pair.is_mixed:
            kinds = (f"a.{kinds_of(pair.old.name)}", f"b.{kinds_of(pair.new.name)}")
            differs += f" OR {kinds[0]} IS DISTINCT FROM {kinds[1]}"
        return differs if pair.name == "_key" else f"NOT {same} AND ({differs})"

    def _comparable(self, old: Column, new: Column) -> tuple[str, str]:
        """Gives SQL for the values of a column in one type."""
        names = (f"a.{quote_identifier(old.name)}", f"b.{quote_identifier(new.name)}")
        if old.type == new.type:
            return names
        places = [
            relation.natural.get(column.name, Place()) if relation is not None else Place()
            for relation, column in zip(self._relations, (old, new), strict=True)
        ]
        if [type_of(place) for place in places] == [old.type, new.type]:
            both = Place()
            for place in places:
                both.include(place)
            try:
                one, other = (project(n, p, both) for n, p in zip(names, places, strict=True))
            except NotDerivable:
                pass
            else:
                return one, other
        types = (old.type, new.type)
        if any(isinstance(kind, ListOf | Struct) for kind in types):
            one, other = (
                f"CAST({n if kind == JSON else f'to_json({n})'} AS VARCHAR)"
                for n, kind in zip(names, types, strict=True)
            )
        else:
            one, other = (
                f"{n} ->> '$'" if kind == JSON else f"CAST({n} AS VARCHAR)"
                for n, kind in zip(names, types, strict=True)
            )
        return f"({one})", f"({other})"

    def _shown(self, at: int, prefix: str, side: Side) -> Iterator[str]:
        for column in self._columns(at):
            yield _named(prefix, column)
        moment = "NULL" if side.moment is None else quote_literal(side.moment.isoformat())
        yield f"{quote_literal(side.commit)} AS {prefix}_commit"
        yield f"CAST({moment} AS TIMESTAMPTZ) AS {prefix}_commit_date"


def _name(table: NamedTable) -> str:
    return table.name if table.schema == "main" else f"{table.schema}.{table.name}"


def _named(prefix: str, column: Column) -> str:
    return quote_identifier(f"{prefix}_{column.name}")
