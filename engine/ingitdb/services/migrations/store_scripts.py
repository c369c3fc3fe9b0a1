"""Scripts that lead a key-value store from one commit to another and back; no store is needed."""

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial

from ingitdb.migrations.mapping import NO_MAPPING, TargetMapping
from ingitdb.migrations.stores.store import Change, Store, chunks
from ingitdb.migrations.targets.target import Ends
from ingitdb.model.identifiers import CommitId
from ingitdb.services.database import Database
from ingitdb.services.migrations.holding import Holding
from ingitdb.services.migrations.key_mappings import modes_of
from ingitdb.services.migrations.mapped import check_known
from ingitdb.services.migrations.store_changes import StoreChanges
from ingitdb.services.migrations.store_plans import is_atomic, store_plan
from ingitdb.services.migrations.stored_tables import Between, StoredCommit
from ingitdb.services.migrations.ways import DEFAULTS, RowsMode

_COLUMNS = "key, value, gone, come"


class StoreScripts(Holding):
    """The way from one commit to another and back; a context manager, for it holds records.

    Attributes:
        up: What leads to the newer commit.
    """

    def __init__(
        self,
        database: Database,
        before: CommitId,
        after: CommitId,
        store: Store,
        mapping: TargetMapping = NO_MAPPING,
    ) -> None:
        super().__init__()
        self.after = after
        self._store = store
        old, new = (StoredCommit(database, commit, store, mapping) for commit in (before, after))
        check_known(mapping, [old.model.listing, new.model.listing])
        self._ends = Ends(before=str(before), after=str(after))
        self._back = Ends(before=str(after), after=str(before), is_undo=True)
        with ExitStack() as stack:
            stack.callback(self.close)
            modes = modes_of([old, new], RowsMode.SYNC)
            self._up, self._down = (
                self._compared(Between(old, new)),
                self._compared(Between(new, old)),
            )
            self._up.narrow(modes)
            self._down.narrow(modes, is_back=True)
            for one in (self._up, self._down):
                is_atomic(one.totals(), store.limits, DEFAULTS.batch_size, store)
            changes = list(Between(old, new).changes())
            self.up = store_plan(changes, self._up.counts, new.notes, modes, is_atomic=False)
            stack.pop_all()

    def up_script(self) -> Iterator[bytes]:
        """Gives the script that leads to the newer commit, piece by piece."""
        return self._script(self._up, self._ends)

    def down_script(self) -> Iterator[bytes]:
        """Gives the script that leads back."""
        return self._script(self._down, self._back)

    def _compared(self, between: Between) -> StoreChanges:
        database = between.new.database
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
