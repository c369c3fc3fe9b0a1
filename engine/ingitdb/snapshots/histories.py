"""The first-parent line of any commit, also of one that the indexed line does not lead to."""

import os
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from ingitdb.errors import StatementRefused
from ingitdb.git.repository import Repository
from ingitdb.model.history import Commit, FileChange
from ingitdb.model.identifiers import PSEUDO_COMMITS, CommitId
from ingitdb.settings import Settings
from ingitdb.snapshots.manifest import Manifest
from ingitdb.snapshots.segments import write_table
from ingitdb.snapshots.sides import Reached, Sides
from ingitdb.snapshots.store import LINE, Base, SnapshotStore

_MOST_FACTS = 512
Fact = TypeVar("Fact")


class Histories:
    """Gives the states of records along the lines that lead to commits.

    Attributes:
        names: The manifests about commits beside lines that were asked for.
    """

    def __init__(self, repository: Repository, store: SnapshotStore, settings: Settings) -> None:
        self._repository = repository
        self._store = store
        self._workers = settings.workers or os.cpu_count() or 1
        self._sides: dict[CommitId, Sides] = {}
        self.names: set[str] = set()
        self._facts: OrderedDict[Hashable, Any] = OrderedDict()

    def base(self, commit: CommitId, *, own: bool = False) -> Base:
        """Gives every state from the root to a commit.

        Args:
            commit: The commit.
            own: Whether the line must end there, so that it has the commit's own types.

        Raises:
            StatementRefused: The commit is none: it has no history.
        """
        if commit in PSEUDO_COMMITS:
            raise StatementRefused(
                f"{commit} is no commit, so that its records have no versions.",
                hint="Ask for the versions at a commit or branch.",
            )
        if not own:
            self._store.catch_up(commit)
            bases = self._store.sources(commit).bases
            if len(bases) == 1 and bases[0].name == LINE:
                return bases[0]
        name = f"history-{commit}"
        manifest = self._store.cache.load(name) or self._build(name, commit)
        return Base(name, manifest, len(manifest.commits) - 1)

    def commits(self, base: Base) -> list[Commit]:
        """Gives the commits of a line up to its ordinal, the oldest first."""
        commits = base.manifest.commits[: base.ordinal + 1]
        if base.name == LINE:
            known = self._store.log()
        else:
            log = self._repository.log(commits[-1], first_parent=True)
            known = {commit.identifier: commit for commit in log}
        return [known[commit] for commit in commits]

    def sides(self, base: Base) -> Sides:
        """Gives the commits beside a line."""
        tip = base.manifest.commits[base.ordinal]
        if tip not in self._sides:
            self._sides[tip] = Sides(self._repository, base)
        return self._sides[tip]

    def reached(self, base: Base) -> Iterator[Reached]:
        """Gives what is known of every commit that a line reaches.

        First with the commits beside it apart; then, at the cost of reading everything again, in
        types that hold for all of them together.
        """
        sides = self.sides(base)
        apart = self._beside(sides.name, sides.line, sides.changes)
        yield Reached(sides, base, apart)
        line = base.manifest.commits[: base.ordinal + 1]

        def changes() -> Iterator[Sequence[FileChange]]:
            yield from (changed for _, changed in self._repository.line_changes(line[-1]))
            yield from sides.changes(line[-1])

        together = self._beside(f"{sides.name}-{line[-1]}", (*line, *sides.line), changes)
        yield Reached(sides, together, offset=len(line))

    def _beside(
        self,
        name: str,
        commits: tuple[CommitId, ...],
        changes: Callable[[], Iterable[Sequence[FileChange]]],
    ) -> Base:
        self.names.add(name)
        manifest = self._store.cache.load(name)
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

    def _build(self, name: str, commit: CommitId) -> Manifest:
        commits: list[CommitId] = []

        def changes() -> Iterator[Sequence[FileChange]]:
            for identifier, changed in self._repository.line_changes(commit):
                commits.append(identifier)
                yield changed

        return self._written(name, changes(), commits)

    def _written(
        self, name: str, changes: Iterable[Sequence[FileChange]], commits: Sequence[CommitId]
    ) -> Manifest:
        from ingitdb.snapshots.gathering import gather  # slow to load: only to build
        from ingitdb.snapshots.indexing import write_index

        gathered = gather(changes, self._repository.objects(), workers=self._workers)
        built = write_index(gathered, commits, partial(write_table, self._store.cache.data))
        with self._store.cache.building():
            self._store.cache.save(name, built)
        return built
