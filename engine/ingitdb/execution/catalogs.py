"""The commits of one repository as DuckDB catalogs of lazily made views."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from threading import RLock
from typing import TYPE_CHECKING, Any, TypeVar

from ingitdb.catalog.naming import NamedTable, is_called
from ingitdb.errors import CacheCorrupt, DataUnreadable, TableNotFound
from ingitdb.execution.copies import Copies
from ingitdb.execution.instance import Instance
from ingitdb.execution.views import Views
from ingitdb.git.repository import Repository
from ingitdb.model.identifiers import EMPTY, PSEUDO_COMMITS, CommitId
from ingitdb.model.ports import Progress
from ingitdb.model.types import quote_identifier
from ingitdb.settings import Settings
from ingitdb.snapshots.held import Held
from ingitdb.snapshots.histories import Histories
from ingitdb.snapshots.relation import Relation
from ingitdb.snapshots.segments import Segment
from ingitdb.snapshots.snapshot import Snapshot
from ingitdb.snapshots.store import SnapshotStore
from ingitdb.sql.names import KnownTable, find_table, fold

if TYPE_CHECKING:
    import duckdb

_MOST_SNAPSHOTS = 256
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class ViewForm:
    """In which form a table is read: in file order or not, and with which hidden columns."""

    ordered: bool = False
    hidden: tuple[str, ...] = ()

    @property
    def variant(self) -> str:
        """Names the form."""
        return f"{'ordered' if self.ordered else ''}:{','.join(self.hidden)}"


@dataclass(frozen=True, slots=True)
class _View:
    """What a view shows."""

    snapshot: Snapshot
    table: NamedTable
    form: ViewForm


class Catalogs:
    """Makes views for the tables that queries name.

    Attributes:
        repository: The repository.
        store: Its snapshots.
        histories: The lines that lead to them.
        views: The views of its commits.
    """

    def __init__(
        self,
        repository: Repository,
        settings: Settings,
        instance: Instance,
        progress: Progress | None,
    ) -> None:
        self.repository = repository
        self.store = SnapshotStore(
            repository, settings, Held(instance.hold, instance.drop), progress
        )
        self.histories = Histories(repository, self.store, settings)
        self.views = Views(repository)
        self._instance = instance
        self._snapshots: OrderedDict[CommitId, Snapshot] = OrderedDict()
        self._copies = Copies(instance, self.store.cache)
        self._views: dict[tuple[str, str, str], _View] = {}
        self._taken: dict[tuple[str, str, str], NamedTable] = {}
        self._generation = 0
        self._lock = RLock()

    def close(self) -> None:
        """Lets go of cache and repository."""
        self._copies.close()
        self.store.close()
        self.repository.close()

    def snapshot(self, commit: CommitId) -> Snapshot:
        """Gives the tables of a commit; of a pseudo-commit as they were when it was first read."""
        with self._lock:
            known = self._snapshots.get(commit)
            if known is not None:
                self._snapshots.move_to_end(commit)
                return known
            made = self._made(commit)
            self._snapshots[commit] = made
            if len(self._snapshots) > _MOST_SNAPSHOTS:
                self._drop(self._snapshots.popitem(last=False)[1])
            return made

    def _drop(self, snapshot: Snapshot) -> None:
        """Lets go of what is kept in memory for a snapshot alone."""
        kept = self.store.held_by_recent() | {
            segment.name for other in self._snapshots.values() for segment in _held(other)
        }
        for segment in _held(snapshot):
            if segment.name not in kept:
                self.store.held.forget(segment)

    def _made(self, commit: CommitId) -> Snapshot:
        sources = self.store.sources(commit)
        try:
            return Snapshot(self.store, sources, self._instance.query)
        except CacheCorrupt:
            self.store.forget({base.name for base in sources.bases})
            return Snapshot(self.store, self.store.sources(commit), self._instance.query)

    def publish(self, pending: CommitId, made: CommitId) -> None:
        """Lets what was made of a transaction's files answer for the commit, too."""
        with self._lock:
            if pending != EMPTY and self.repository.has_same_files(pending, made):
                self.store.take_over(pending, made)
            self.store.tend()

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Runs SQL of our own over what snapshots give.

        Raises:
            CacheCorrupt: A cache file is not there or not readable.
        """
        return self._instance.query(sql)

    def cursor(self) -> "duckdb.DuckDBPyConnection":
        """Gives a connection of its own to what snapshots give."""
        return self._instance.cursor()

    def begin(self) -> None:
        """Begins a statement: the work tree and the index are looked at anew."""
        with self._lock:
            for commit in PSEUDO_COMMITS:
                self._snapshots.pop(commit, None)

    def recover(self, commits: Sequence[CommitId]) -> None:
        """Builds damaged cache files anew, and every view with them."""
        with self._lock:
            names: set[str] = set()
            for commit in commits:
                known = self._snapshots.get(commit)
                names |= {base.name for base in (known.bases if known else ())}
                names |= {base.name for base in self.store.sources(commit).bases}
            self.store.forget(names)
            self.histories.forget()
            while self._snapshots:
                self._drop(self._snapshots.popitem()[1])
            self._views.clear()
            self._taken.clear()
            self._generation += 1

    def recovering(self, commits: Sequence[CommitId], ask: Callable[[], Answer]) -> Answer:
        """Asks; if a cache file turns out damaged or gone, builds it anew and asks once more."""
        try:
            return ask()
        except CacheCorrupt:
            self.recover(commits)
            return ask()

    def find(
        self, snapshot: Snapshot, name: str, *, schema: str | None, preferred: str | None
    ) -> NamedTable:
        """Gives the table that a name means at a commit.

        Raises:
            CatalogError: It means none, or several.
            DataUnreadable: It means one whose files cannot be read.
        """
        known = {
            KnownTable(
                schema=table.schema,
                name=table.name,
                full_name=table.aliases[0] if table.aliases else None,
                aliases=table.aliases[1:],
            ): table
            for table in snapshot.tables
        }
        at = str(snapshot.commit)
        try:
            return known[find_table(name, known, schema=schema, preferred=preferred, at=at)]
        except TableNotFound as error:
            self._explain_absence(error, snapshot, name)
            raise

    def _explain_absence(self, error: TableNotFound, snapshot: Snapshot, name: str) -> None:
        """Says of a table that is not there whether its files are, or whether it was."""
        for problem in snapshot.problems:
            path = PurePosixPath(problem.path)
            names = {fold(part) for part in (path.stem, *path.parts)}
            if problem.severity == "error" and fold(name) in names:
                raise DataUnreadable(
                    f"Table {name!r} has no file that can be read: {problem}",
                    hint="SELECT * FROM unreadable() lists what could not be read.",
                ) from None
        last = self.last_with(snapshot, name)
        if last is not None:
            error.hint = f"It was last there at {last[:12]}: AS OF '{last[:12]}'."

    def last_with(self, snapshot: Snapshot, name: str) -> CommitId | None:
        """Gives the last commit on the way to a snapshot that had a table of some name."""
        head = self.repository.head().commit
        if snapshot.commit not in PSEUDO_COMMITS or snapshot.commit == EMPTY or head is None:
            return snapshot.last_with(name)
        before = self.snapshot(head)
        places = (where for table in before.tables for where in table.locations)
        is_there = any(is_called(where, name) for where in places)
        return head if is_there else before.last_with(name)

    def catalog(self, snapshot: Snapshot, variant: str) -> str:
        """Gives the name of the catalog with one form of a commit's views."""
        parts = [self.repository.identity, snapshot.identity, variant, str(self._generation)]
        digest = hashlib.blake2b("|".join(parts).encode(), digest_size=8).hexdigest()
        name = f"c_{digest}"
        with self._lock:
            self._instance.attach(name)
        return name

    def view(
        self, snapshot: Snapshot, table: NamedTable, path: tuple[str, str], form: ViewForm
    ) -> str:
        """Gives the catalog in which a view of a table stands under a schema and a name.

        That is the catalog of the form, unless another table is known there by that name.
        """
        schema, name = path
        with self._lock:
            catalog = self.catalog(snapshot, form.variant)
            owner = self._taken.setdefault((catalog, fold(schema), fold(name)), table)
            if owner != table:
                catalog = self.catalog(snapshot, f"{form.variant}:{table.schema}.{table.name}")
            if (catalog, schema, name) not in self._views:
                self._create(catalog, path, _select(snapshot, table, form))
                self._views[catalog, schema, name] = _View(snapshot, table, form)
        return catalog

    def use(self, snapshot: Snapshot, table: NamedTable) -> None:
        """Counts a use; a table that is asked for often gets a copy in its own types."""
        self._copies.use(snapshot, table, self._take)

    def _take(self, snapshot: Snapshot, table: NamedTable, relation: Relation) -> None:
        """Lets every view of a table read its copy."""
        with self._lock:
            if self._snapshots.get(snapshot.commit) is not snapshot:
                return
            snapshot.put(table, relation)
            for (catalog, *path), view in self._views.items():
                if view.snapshot is snapshot and view.table == table:
                    self._create(catalog, (path[0], path[1]), _select(snapshot, table, view.form))

    def _create(self, catalog: str, path: tuple[str, str], sql: str) -> None:
        schema, name = map(quote_identifier, path)
        place = f"{quote_identifier(catalog)}.{schema}"
        if path[0] != "main":
            self._instance.query(f"CREATE SCHEMA IF NOT EXISTS {place}")
        self._instance.query(f"CREATE OR REPLACE VIEW {place}.{name} AS {sql}")


def _select(snapshot: Snapshot, table: NamedTable, form: ViewForm) -> str:
    relation = snapshot.relation(table)
    if {"_blob", "_line"} & set(form.hidden):
        from ingitdb.snapshots.lines import with_places  # reads files: slow to load

        return with_places(snapshot, table, relation, hidden=form.hidden, ordered=form.ordered)
    return relation.sql(ordered=form.ordered, hidden=form.hidden)


def _held(snapshot: Snapshot) -> Iterator[Segment]:
    """Gives the tables of a snapshot that are in memory."""
    for base in snapshot.bases:
        yield from (segment for segment in base.manifest.segments if segment.is_held)
