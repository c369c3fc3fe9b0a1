"""Scripts that lead a key-value store from one commit to another and back; no store is needed."""

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial

from ingitdb.migrations.stores.store import Change, Store, chunks
from ingitdb.migrations.targets.target import Ends
from ingitdb.model.identifiers import CommitId
from ingitdb.services.database import Database
from ingitdb.services.migrations.holding import Holding
from ingitdb.services.migrations.store_changes import StoreChanges
from ingitdb.services.migrations.store_plans import is_atomic, store_plan
from ingitdb.services.migrations.stored_tables import Between, StoredCommit
from ingitdb.services.migrations.ways import DEFAULTS

_COLUMNS = "key, value, gone, come"


class StoreScripts(Holding):
    """The way from one commit to another and back; a context manager, for it holds records.

    Attributes:
        up: What leads to the newer commit.
    """

    def __init__(self, database: Database, before: CommitId, after: CommitId, store: Store) -> None:
        super().__init__()
        self.after = after
        self._store = store
        old, new = (StoredCommit(database, commit, store) for commit in (before, after))
        self._ends = Ends(before=str(before), after=str(after))
        self._back = Ends(before=str(after), after=str(before), is_undo=True)
        with ExitStack() as stack:
            stack.callback(self.close)
            self._up = self._compared(database, Between(old, new))
            self._down = self._compared(database, Between(new, old))
            for one in (self._up, self._down):
                is_atomic(one.totals(), store.limits, DEFAULTS.batch_size, store)
            self.up = store_plan(
                list(Between(old, new).changes()), self._up.counts, new.notes, is_atomic=False
            )
            stack.pop_all()

    def up_script(self) -> Iterator[bytes]:
        """Gives the script that leads to the newer commit, piece by piece."""
        return self._script(self._up, self._ends)

    def down_script(self) -> Iterator[bytes]:
        """Gives the script that leads back."""
        return self._script(self._down, self._back)

    def _compared(self, database: Database, between: Between) -> StoreChanges:
        changes = StoreChanges(database._instance)
        self._closing.callback(changes.drop)
        commits = (between.old.commit, between.new.commit)
        database.catalogs.recovering(commits, partial(changes.compare, between))
        return changes

    def _script(self, changes: StoreChanges, ends: Ends) -> Iterator[bytes]:
        store, digest = self._store, hashlib.sha256()
        found = (
            Change(key=key, value=value, gone=tuple(gone), come=tuple(come))
            for key, value, gone, come in changes.rows(_COLUMNS)
        )
        yield store.opening(ends)
        for chunk in chunks(
            found, store.limits, DEFAULTS.batch_size, lambda one: store.value_size(one.size)
        ):
            text = store.part(chunk, ends)
            digest.update(text)
            yield text
        yield store.closing(ends, digest.hexdigest())
