"""The commits of one repository as DuckDB catalogs of lazily made views."""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from threading import RLock

from ingitdb.catalog.naming import NamedTable
from ingitdb.execution.instance import Instance
from ingitdb.git.repository import Repository
from ingitdb.model.identifiers import PSEUDO_COMMITS, CommitId
from ingitdb.model.ports import Progress
from ingitdb.model.types import quote_identifier
from ingitdb.settings import Settings
from ingitdb.snapshots.snapshot import Snapshot
from ingitdb.snapshots.store import SnapshotStore
from ingitdb.sql.names import KnownTable, find_table

_MOST_SNAPSHOTS = 256


class Catalogs:
    """Makes views for the tables that queries name.

    Attributes:
        repository: The repository.
        store: Its snapshots.
    """

    def __init__(
        self,
        repository: Repository,
        settings: Settings,
        instance: Instance,
        progress: Progress | None,
    ) -> None:
        self.repository = repository
        self.store = SnapshotStore(repository, settings, progress)
        self._instance = instance
        self._snapshots: OrderedDict[CommitId, Snapshot] = OrderedDict()
        self._views: set[tuple[str, str, str]] = set()
        self._generation = 0
        self._lock = RLock()

    def close(self) -> None:
        """Lets go of cache and repository."""
        self.store.close()
        self.repository.close()

    def snapshot(self, commit: CommitId) -> Snapshot:
        """Gives the tables of a commit; of a pseudo-commit as they were when it was first read."""
        with self._lock:
            known = self._snapshots.get(commit)
            if known is not None:
                self._snapshots.move_to_end(commit)
                return known
            made = Snapshot(self.store, self.store.sources(commit), self._instance.query)
            self._snapshots[commit] = made
            if len(self._snapshots) > _MOST_SNAPSHOTS:
                self._snapshots.popitem(last=False)
            return made

    def begin(self) -> None:
        """Begins a statement: the work tree and the index are looked at anew."""
        with self._lock:
            for commit in PSEUDO_COMMITS:
                self._snapshots.pop(commit, None)

    def recover(self, commits: Sequence[CommitId]) -> None:
        """Builds damaged cache files anew, and every view with them."""
        with self._lock:
            bases = [base for commit in commits for base in self.store.sources(commit).bases]
            self.store.forget({base.name for base in bases})
            self._snapshots.clear()
            self._views.clear()
            self._generation += 1

    def find(
        self, snapshot: Snapshot, name: str, *, schema: str | None, preferred: str | None
    ) -> NamedTable:
        """Gives the table that a name means at a commit."""
        known = {
            KnownTable(
                schema=table.schema,
                name=table.name,
                full_name=table.aliases[0] if table.aliases else None,
                aliases=table.aliases[1:],
            ): table
            for table in snapshot.tables
        }
        found = find_table(name, known, schema=schema, preferred=preferred, at=str(snapshot.commit))
        return known[found]

    def catalog(self, snapshot: Snapshot, variant: str) -> str:
        """Gives the name of the catalog with one form of a commit's views."""
        parts = [self.repository.identity, snapshot.identity, variant, str(self._generation)]
        digest = hashlib.blake2b("|".join(parts).encode(), digest_size=8).hexdigest()
        name = f"c_{digest}"
        with self._lock:
            self._instance.attach(name)
        return name

    def view(
        self,
        snapshot: Snapshot,
        table: NamedTable,
        *,
        path: tuple[str, str],
        ordered: bool,
        hidden: Sequence[str],
    ) -> str:
        """Gives the catalog in which a view of a table stands under a schema and a name."""
        variant = f"{'ordered' if ordered else ''}:{','.join(hidden)}"
        catalog = self.catalog(snapshot, variant)
        schema, name = path
        with self._lock:
            if (catalog, schema, name) not in self._views:
                relation = snapshot.relation(table)
                sql = relation.sql(ordered=ordered, hidden=hidden)
                if {"_blob", "_line"} & set(hidden):
                    from ingitdb.snapshots.lines import with_places  # reads files: slow to load

                    sql = with_places(snapshot, table, relation, hidden=hidden, ordered=ordered)
                place = f"{quote_identifier(catalog)}.{quote_identifier(schema)}"
                if schema != "main":
                    self._instance.run(f"CREATE SCHEMA IF NOT EXISTS {place}")
                self._instance.run(
                    f"CREATE OR REPLACE VIEW {place}.{quote_identifier(name)} AS {sql}"
                )
                self._views.add((catalog, schema, name))
        return catalog
