"""From a merge back to the commits that made the states of records that came in by it."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ingitdb.catalog.naming import NamedTable
from ingitdb.execution.identity import AT, Identity
from ingitdb.execution.lines import Line
from ingitdb.execution.pairing import Fields, along, content_of, of_side
from ingitdb.model.history import Commit
from ingitdb.model.identifiers import CommitId
from ingitdb.model.types import quote_identifier, quote_literal
from ingitdb.snapshots.internal import BEGUN, ENDED, SOURCE
from ingitdb.snapshots.sides import Position

Cell: TypeAlias = tuple[str, str | None]
"""The text of a record's key, and a column of it or None for the whole record."""
IS_NEW = "(diff_type = 'added' OR list_contains(changed_columns, '_key'))"
"""SQL that holds for a record that came, or came under this key."""
_MOST_KEYS = 2_000


@dataclass(frozen=True, slots=True)
class _State:
    """A state of a record, and of its fields what only tells whether they are equal."""

    source: int
    begun: int
    ended: int
    path: str
    content: int
    cells: Mapping[str, int]

    def is_like(self, other: "_State", column: str | None) -> bool:
        if column is None:
            return self.content == other.content
        return self.cells.get(column) == other.cells.get(column)


class Descent:
    """Follows records of a table through the merges of a line.

    Args:
        line: The line.
        table: The table, whose records have a key that lasts.
        identity: The key.
    """

    def __init__(self, line: Line, table: NamedTable, identity: Identity) -> None:
        self._line = line
        self._identity = identity
        self._states, self._reached = line.reached(table)
        self._sides = self._reached.sides
        self._log = line.log()
        self._commits = {commit.identifier: commit for commit in self._log} | self._sides.commits
        self._by_step = {
            place.ordinal: commit
            for commit, place in self._sides.positions.items()
            if place.side is not None
        }
        self._known: dict[str, list[_State]] = defaultdict(list)
        self._changes: dict[tuple[int, Cell], list[int]] = {}

    def origins(self, blamed: Mapping[Cell, int]) -> dict[Cell, Commit]:
        """Gives who made records or fields that changed last at a merge of the line.

        Args:
            blamed: Them, each with the ordinal of the merge.

        Returns:
            The commits; for what no parent has like that it is the merge.
        """
        self._read(sorted({key for key, _ in blamed}), set(blamed))
        return {
            cell: self._commits[self._followed(cell, self._log[at].identifier)]
            for cell, at in blamed.items()
        }

    def _followed(self, cell: Cell, commit: CommitId) -> CommitId:
        """Goes from merge to merge to the commit that no other parent of explains."""
        while True:
            before = self._before(cell, commit)
            if before is None:
                return commit
            commit = before

    def _before(self, cell: Cell, merge: CommitId) -> CommitId | None:
        """Gives the commit that made what a merge has from a further parent; None if it has not."""
        now = self._standing(cell[0], merge)
        for parent in self._commits[merge].parents[1:]:
            there = self._standing(cell[0], parent)
            if now is not None and there is not None and now.is_like(there, cell[1]):
                return self._last(cell, self._sides.positions[parent])
        return None

    def _standing(self, key: str, commit: CommitId) -> _State | None:
        """Gives the state of a record at a commit."""
        place = self._sides.positions.get(commit)
        if place is None:  # beyond a shallow boundary
            return None
        return next((s for s in self._known[key] if self._stands(s, place)), None)

    def _stands(self, state: _State, place: Position) -> bool:
        if place.side is None:
            return state.source == 0 and state.begun <= place.line < state.ended
        beside, at = self._beside(place)
        if state.source == beside and state.begun <= at < state.ended:
            return True
        shows = not self._sides.is_whole and state.path not in self._sides.touched
        return shows and state.source == 0 and state.begun <= place.line < state.ended

    def _beside(self, place: Position) -> tuple[int, int]:
        """Gives the number of the further line and the ordinal there."""
        return int(self._reached.further is not None), place.ordinal + self._reached.offset

    def _last(self, cell: Cell, place: Position) -> CommitId | None:
        """Gives the commit that last changed a record or field on the way to a place."""
        while place.side is not None:
            side = self._sides.sides[place.side]
            source, at = self._beside(place)
            found = self._latest(source, cell, at)
            if found is not None and found - self._reached.offset >= side.start:
                return self._by_step[found - self._reached.offset]
            if side.fork is None:
                return None
            place = side.fork
        last = self._latest(0, cell, place.line)
        return None if last is None else self._log[last].identifier

    def _latest(self, source: int, cell: Cell, at: int) -> int | None:
        known = self._changes.get((source, cell), [])
        number = bisect_right(known, at)
        return known[number - 1] if number else None

    def _read(self, keys: Sequence[str], cells: set[Cell]) -> None:
        """Reads the states of some records and when each of some cells changed."""
        columns = sorted({column for _, column in cells if column is not None})
        content = content_of(Fields(self._states.columns, self._states.natural))
        hashes = "".join(f", hash({quote_identifier(column)})" for column in columns)
        for start in range(0, len(keys), _MOST_KEYS):
            wanted = ", ".join(map(quote_literal, keys[start : start + _MOST_KEYS]))
            rows = self._line.query(
                f"SELECT {self._identity.new}, {SOURCE}, {BEGUN}, {ENDED}, _path, {content}{hashes}"
                f" FROM ({self._states.body}) WHERE {self._identity.new} IN ({wanted})"
            )
            for key, source, begun, ended, path, whole, *found in rows:
                values = dict(zip(columns, found, strict=True))
                self._known[key].append(_State(source, begun, ended, path, whole, values))
            for source, key, at, changed in self._differing(wanted):
                for column in [None] if not columns else columns if changed is None else changed:
                    if (key, column) in cells:
                        self._changes.setdefault((source, (key, column)), []).append(at)
        for known in self._changes.values():
            known.sort()

    def _differing(self, keys: str) -> Iterator[tuple[int, str, int, Sequence[str] | None]]:
        """Gives line, key, ordinal and changed columns, None for all, of each change of records."""
        shown = of_side("to", self._states.columns)
        for source, base in enumerate((self._reached.base, self._reached.further)):
            if base is None:
                continue
            where = f"{SOURCE} = {source}"
            pairing = along(self._states, self._identity, base.ordinal, where)
            rows = self._line.query(
                f"SELECT {self._identity.new}, {AT},"
                f" CASE WHEN NOT ({IS_NEW}) THEN changed_columns END"
                f" FROM (SELECT {shown}, {AT}, diff_type, changed_columns FROM ({pairing.sql()})"
                f" WHERE diff_type <> 'removed') WHERE {self._identity.new} IN ({keys})"
            )
            for key, at, changed in rows:
                yield source, key, at, changed
