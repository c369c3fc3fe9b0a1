"""Tables as they last were: what says how records are written that come where none are left."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import PurePosixPath

from ingitdb.catalog.globs import template_of
from ingitdb.catalog.naming import NamedTable
from ingitdb.catalog.records import INDEX_COLUMN
from ingitdb.errors import TableNotFound
from ingitdb.execution.catalogs import Catalogs
from ingitdb.model.identifiers import EMPTY, CommitId
from ingitdb.model.tables import former_name
from ingitdb.snapshots.snapshot import Snapshot
from ingitdb.sql.names import fold

_FAR = 1000
"""So many commits are looked through, …"""
_MOST = 8
"""… and so many read of those where a file of the table's name went or changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerTables:
    """Finds tables at earlier commits of the line to one.

    Attributes:
        commit: The commit, or a transaction's state.
        schema: Where names without a schema are looked up first.
    """

    catalogs: Catalogs
    commit: CommitId
    schema: str | None

    def emptied(self, snapshot: Snapshot, table: NamedTable) -> tuple[Snapshot, NamedTable] | None:
        """Gives a table whose columns nothing says as they were last said; None if never."""
        paths = {path for path, _ in snapshot.files.of(table)}
        compiled = [template_of(where) for where in table.locations]

        def is_own(path: str) -> bool:
            return path in paths or any(
                one is not None and one.pattern.fullmatch(path) is not None for one in compiled
            )

        for commit in self._before(is_own):
            found = self._at(commit, table.name, table.schema)
            if found is not None and says_columns(*found):
                return found
        return None

    def gone(self, name: str, schema: str | None) -> tuple[Snapshot, NamedTable] | None:
        """Gives a discovered table that is not there any more as it last was; None if it never was.

        None, too, where its files would be none of a table now, or where a view has the name.
        """
        wanted = fold(name)
        if any(fold(view.name) == wanted for view in self.catalogs.views.at(self.commit)):
            return None

        def is_called(path: str) -> bool:
            stem = fold(PurePosixPath(path).stem)
            names: Collection[str] = {stem, *map(fold, PurePosixPath(path).parts)}
            return wanted in names or wanted.startswith(f"{stem}_") or f"{wanted}_" in names

        for commit in self._before(is_called):
            found = self._at(commit, name, schema)
            if found is not None and found[0].files.count(found[1]):
                return found if self._would_be_found(*found) else None
        return None

    def _would_be_found(self, snapshot: Snapshot, table: NamedTable) -> bool:
        """Tells whether a table would be discovered once more; not after DROP or RENAME."""
        now, named = self.catalogs.snapshot(self.commit), (table.schema, table.name)
        layout = now.layout()
        if layout.is_dropped(*named) and not snapshot.layout().is_dropped(*named):
            return False
        if any((one.schema, former_name_of(one)) == named for one in now.tables):
            return False
        return all(where.source == "discovery" for where in table.locations) and all(
            layout.claim(path).slot is not None for path, _ in snapshot.files.of(table)
        )

    def _before(self, is_own: Callable[[str], bool]) -> Iterator[CommitId]:
        """Gives commits at which a path may still have held records, the latest first."""
        if self.commit == EMPTY:
            return
        line = self.catalogs.repository.first_parents(self.commit)[: _FAR + 1]
        yield line[0]
        above = dict(pairwise(line))
        changed = (
            above[commit]
            for commit, changes in self.catalogs.repository.changes_of(list(above))
            if any(change.old is not None and is_own(change.path) for change in changes)
        )
        yield from islice(changed, _MOST)

    def _at(
        self, commit: CommitId, name: str, schema: str | None
    ) -> tuple[Snapshot, NamedTable] | None:
        snapshot = self.catalogs.snapshot(commit)
        try:
            return snapshot, self.catalogs.find(
                snapshot, name, schema=schema, preferred=self.schema
            )
        except TableNotFound:
            return None


def former_name_of(table: NamedTable) -> str | None:
    """Gives the name that a table is declared to have had."""
    return former_name(table.locations[0].declaration.rules)


def says_columns(snapshot: Snapshot, table: NamedTable) -> bool:
    """Tells whether a table has columns beside those that follow from where its records lie."""
    placed = {"_key", INDEX_COLUMN, *table.locations[0].captures}
    return any(column.name not in placed for column in snapshot.relation(table).columns)
