"""The first-parent line of any commit, also of one that the indexed line does not lead to.

That of the work tree or the index is HEAD's with one step more.
"""

import os
import sys
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from hashlib import blake2b
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from ingitdb.errors import CacheCorrupt, StatementRefused
from ingitdb.git.repository import Repository
from ingitdb.model.history import Commit, FileChange, uncommitted
from ingitdb.model.identifiers import EMPTY, PSEUDO_COMMITS, CommitId
from ingitdb.settings import Settings
from ingitdb.snapshots.kept import Kept
from ingitdb.snapshots.manifest import Manifest
from ingitdb.snapshots.segments import write_table
from ingitdb.snapshots.sides import Reached, Sides
from ingitdb.snapshots.store import LINE, Base, SnapshotStore

if TYPE_CHECKING:
    from ingitdb.snapshots.snapshot import Snapshot

_MOST_FACTS = 512
_MOST_LINES = 8
_SHARE = 8
"""Rows that are kept take at most such a part of DuckDB's memory."""
_Step: TypeAlias = tuple[CommitId, Sequence[FileChange]]
Fact = TypeVar("Fact")


class Histories:
    """Gives the states of records along the lines that lead to commits.

    Attributes:
        kept: The rows that follow from commits alone and are small.
    """

    def __init__(self, repository: Repository, store: SnapshotStore, settings: Settings) -> None:
        self._repository = repository
        self._store = store
        self._workers = settings.workers or os.cpu_count() or 1
        self._lines: OrderedDict[str, Base] = OrderedDict()
        self._sides: dict[str, Sides] = {}
        self._names: set[str] = set()
        self._facts: OrderedDict[Hashable, Any] = OrderedDict()
        self.kept = Kept(store.held, (settings.memory_limit or sys.maxsize) // _SHARE)

    def forget(self) -> None:
        """Drops what was made for lines; it is made anew when next asked for."""
        self._store.forget(self._names)
        self._names.clear()
        self._lines.clear()

    def base(self, snapshot: "Snapshot", *, own: bool = False) -> Base:
        """Gives every state from the root to a commit, or to what is not committed.

        Args:
            snapshot: The commit.
            own: Whether the line must end there, so that it has the commit's own types.

        Raises:
            StatementRefused: The commit is EMPTY: nothing leads there.
        """
        commit = snapshot.commit
        if commit == EMPTY:
            raise StatementRefused(
                f"{commit} is no commit, so that its records have no versions.",
                hint="Ask for the versions at a commit or branch.",
            )
        if commit in PSEUDO_COMMITS:
            return self._kept(snapshot.identity, lambda: self._uncommitted(commit))
        return self._committed(commit, own=own)

    def _committed(self, commit: CommitId, *, own: bool) -> Base:
        if not own:
            self._store.catch_up(commit)
            bases = self._store.sources(commit).bases
            if len(bases) == 1 and bases[0].name == LINE:
                return bases[0]
        return self._kept(commit, lambda: self._along(f"history-{commit}", commit))

    def _kept(self, identity: str, make: Callable[[], Base]) -> Base:
        if identity in self._lines:
            self._lines.move_to_end(identity)
        else:
            self._lines[identity] = make()
            if len(self._lines) > _MOST_LINES:
                self._lines.popitem(last=False)
        return self._lines[identity]

    def _along(self, name: str, tip: CommitId) -> Base:
        """Gives a line that is read from its root, if it is not known."""
        manifest = self._loaded(name)
        if manifest is None:
            steps: list[CommitId] = []
            manifest = self._written(name, _noted(self._repository.line_changes(tip), steps), steps)
        return Base(name, manifest, len(manifest.commits) - 1)

    def _uncommitted(self, state: CommitId) -> Base:
        """Gives HEAD's line with the work tree or the index at its end."""
        head = self._repository.head().commit
        line = None if head is None else self._committed(head, own=False)
        steps = list(self._repository.line_changes(state, head))
        digest = blake2b(repr((head, steps)).encode("utf-8", "surrogatepass"), digest_size=16)
        name = f"history-{digest.hexdigest()}"
        manifest = self._loaded(name)
        if manifest is None and line is not None and line.is_last:
            manifest = self._folded(name, line.manifest, steps)
        if manifest is None:
            before = () if head is None else self._repository.line_changes(head)
            commits: list[CommitId] = []
            manifest = self._written(name, _noted(chain(before, steps), commits), commits)
        return Base(name, manifest, len(manifest.commits) - 1)

    def commits(self, base: Base) -> list[Commit]:
        """Gives the commits of a line up to its ordinal, the oldest first."""
        commits = base.manifest.commits[: base.ordinal + 1]
        if base.name == LINE:
            known = self._store.log()
            return [known[commit] for commit in commits]
        *before, last = commits
        head = before[-1] if before else None
        found = [uncommitted(last, head)] if last in PSEUDO_COMMITS else []
        tip = head if found else last
        if tip is not None:
            found += self._repository.log(tip, first_parent=True)
        return found[::-1]

    def sides(self, base: Base) -> Sides:
        """Gives the commits beside a line."""
        tip = base.manifest.commits[base.ordinal]
        key = base.name if tip in PSEUDO_COMMITS else tip
        if key not in self._sides:
            self._sides[key] = Sides(self._repository, base)
        return self._sides[key]

    def reached(self, base: Base) -> Iterator[Reached]:
        """Gives what is known of every commit that a line reaches.

        First with the commits beside it apart; then, at the cost of reading everything again, in
        types that hold for all of them together.
        """
        sides = self.sides(base)
        apart = self._beside(sides.name, sides.line, sides.changes)
        yield Reached(sides, base, apart)
        line = base.manifest.commits[: base.ordinal + 1]
        tip = base.name if line[-1] in PSEUDO_COMMITS else line[-1]

        def changes() -> Iterator[Sequence[FileChange]]:
            yield from (changed for _, changed in self._repository.line_changes(line[-1]))
            yield from sides.changes(line[-1])

        together = self._beside(f"{sides.name}-{tip}", (*line, *sides.line), changes)
        yield Reached(sides, together, offset=len(line))

    def _beside(
        self,
        name: str,
        commits: tuple[CommitId, ...],
        changes: Callable[[], Iterable[Sequence[FileChange]]],
    ) -> Base:
        manifest = self._loaded(name)
        if manifest is None or manifest.commits != commits:
            manifest = self._written(name, changes(), commits)
        return Base(name, manifest, len(commits) - 1)

    def once(self, base: Base, fact: Hashable, ask: Callable[[], Fact]) -> Fact:
        """Gives what follows from the states of a line; it is worked out once."""
        key = (base.name, base.manifest.placements.name, base.ordinal, fact)
        if key in self._facts:
            self._facts.move_to_end(key)
        else:
            self._facts[key] = ask()
            if len(self._facts) > _MOST_FACTS:
                self._facts.popitem(last=False)
        found: Fact = self._facts[key]
        return found

    def moment(self, commit: CommitId) -> datetime:
        """Gives a commit's committer time."""
        return self._repository.commit(commit).committer.at

    def _loaded(self, name: str) -> Manifest | None:
        self._names.add(name)
        return self._store.cache.load(name)

    def _folded(self, name: str, line: Manifest, steps: Sequence[_Step]) -> Manifest | None:
        """Brings a line further; None where it has to be read again."""
        from ingitdb.snapshots.folding import NotFoldable  # slow to load: only to build

        try:
            return self._saved(name, self._store.folded(line, steps))
        except (NotFoldable, CacheCorrupt):
            return None

    def _written(
        self, name: str, changes: Iterable[Sequence[FileChange]], commits: Sequence[CommitId]
    ) -> Manifest:
        from ingitdb.snapshots.gathering import gather  # slow to load: only to build
        from ingitdb.snapshots.indexing import write_index

        gathered = gather(changes, self._repository.objects(), workers=self._workers)
        write = partial(write_table, self._store.cache.data)
        return self._saved(name, write_index(gathered, commits, write))

    def _saved(self, name: str, built: Manifest) -> Manifest:
        with self._store.cache.building():
            self._store.cache.save(name, built)
        return built


def _noted(steps: Iterable[_Step], commits: list[CommitId]) -> Iterator[Sequence[FileChange]]:
    """Gives what each step changes; notes its commit on the way."""
    for commit, changes in steps:
        commits.append(commit)
        yield changes
