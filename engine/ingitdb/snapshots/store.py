"""Finds or builds what answers for a commit: the indexed line, an overlay on it, or one tree."""

import hashlib
import os
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from ingitdb.catalog.files import is_configuration
from ingitdb.errors import CacheCorrupt
from ingitdb.git.objects import ObjectStore
from ingitdb.git.repository import Repository
from ingitdb.model.history import Commit, FileChange
from ingitdb.model.identifiers import EMPTY, PSEUDO_COMMITS, CommitId
from ingitdb.model.ports import Progress
from ingitdb.settings import Settings
from ingitdb.snapshots.cache import CacheFolder
from ingitdb.snapshots.held import Held
from ingitdb.snapshots.manifest import Manifest
from ingitdb.snapshots.segments import write_table
from ingitdb.snapshots.sought import Sought

if TYPE_CHECKING:
    from ingitdb.catalog.layout import Layout
    from ingitdb.snapshots.gathering import Gathered
    from ingitdb.snapshots.journal import Journal

LINE = "line"
_MOST_OVERLAID = 2_000
"""Past so many changed files a commit is read on its own."""
_MOST_HELD_FILES = 64
_MOST_HELD_STATES = 500
"""So little of an overlay is kept in memory: it is read again in a few milliseconds."""
_FOLD_AHEAD = 16
"""After so many new commits the index is brought up to them, once the answers are given."""
_FOLD_AMID = 256
"""After so many it is brought up to them between two writes."""
_MOST_STACKED = 8
"""So many overlays may lie on one another."""
_SMALL = 4
"""An overlay of fewer files is made anew with what comes next, a larger one when that is many."""
_MOST_RECENT = 32
_MOST_BESIDE = 2
"""So many of those that were made last are tried before a commit is read on its own."""
_MOST_AHEAD = 1_000
"""Past so many new commits the line is indexed anew."""


@dataclass(frozen=True, slots=True)
class Base:
    """What a snapshot reads from one manifest: its states at an ordinal, without some paths."""

    name: str
    manifest: Manifest
    ordinal: int
    without: frozenset[str] = frozenset()

    @property
    def is_last(self) -> bool:
        """Whether just the standing states are wanted."""
        return self.ordinal == len(self.manifest.commits) - 1


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything that answers for a commit.

    Attributes:
        below: What the last base is an overlay on; None where it is none.
        files: How many files that overlay has or leaves out.
    """

    commit: CommitId
    bases: tuple[Base, ...]
    below: "Sources | None" = None
    files: int = 0


class SnapshotStore:
    """Answers for any commit of a repository; builds what is missing.

    Attributes:
        cache: The repository's cache folder.
        held: The small overlays that are kept in memory.
        shapes: For each file of shapes that was read, the shapes and how many records stand.
        sought: Finds rows of some paths in the cache's files.
    """

    def __init__(
        self,
        repository: Repository,
        settings: Settings,
        held: Held,
        progress: Progress | None = None,
    ) -> None:
        self._repository = repository
        self._workers = settings.workers or os.cpu_count() or 1
        self._progress = progress
        self.held = held
        self.cache = CacheFolder(settings.cache, repository.identity, settings.cache_limit)
        self.cache.hold()
        self.shapes: dict[str, list[tuple[str, int]]] = {}
        self.sought = Sought()
        self._line: Manifest | None = None
        self._ordinals: dict[CommitId, int] = {}
        self._log: dict[CommitId, Commit] = {}
        self._recent: OrderedDict[CommitId, Sources] = OrderedDict()
        self._layouts: OrderedDict[CommitId, Layout] = OrderedDict()
        self._ahead = 0
        if settings.refresh:
            self.cache.forget(LINE)

    def close(self) -> None:
        """Takes commits that have landed into the index if they are many, then lets go of it."""
        if self._ahead >= _FOLD_AHEAD:
            self._fold()
        self.cache.close()

    def tend(self) -> None:
        """Takes commits that have landed into the index if they are many."""
        if self._ahead >= _FOLD_AMID:
            self._fold()
            self._ahead = 0
            self._take_line(self.cache.load(LINE) or self._index(None))

    def _fold(self) -> None:
        from ingitdb.snapshots.folding import NotFoldable  # slow to load: seldom needed

        tip, known = self._repository.head().commit, self.line()
        mark = f"unfolded-{known.commits[-1]}"
        if tip is None or self.cache.has_mark(mark):
            return
        with self.cache.building():
            if self.cache.load(LINE) != known:
                return  # another process was faster
            try:
                commits = list(self._repository.line_changes(tip, known.commits[-1]))
                self.cache.save(LINE, self.folded(known, commits))
            except (NotFoldable, CacheCorrupt):  # they stay an overlay until all is read again
                self.cache.mark(mark)

    def _turn(self, known: Manifest, fork: CommitId, tip: CommitId) -> None:
        """Lets the index go on from one of its commits to another tip, if it can."""
        from ingitdb.snapshots.cutting import Cutting  # slow to load: seldom needed
        from ingitdb.snapshots.folding import NotFoldable

        with self.cache.building():
            if self.cache.load(LINE) != known:
                return  # another process was faster
            cutting = Cutting(
                known=known, cache=self.cache, write=partial(write_table, self.cache.data)
            )
            with suppress(NotFoldable, CacheCorrupt):  # then all is read again
                left = cutting.back_to(self._ordinals[fork])
                commits = list(self._repository.line_changes(tip, fork))
                self.cache.save(LINE, self.folded(left, commits))

    def folded(
        self, known: Manifest, commits: Sequence[tuple[CommitId, Sequence[FileChange]]]
    ) -> Manifest:
        """Gives the index of a line with further commits; keeps its files, but not itself.

        Raises:
            NotFoldable: The whole line has to be read again.
            CacheCorrupt: A file of the index is damaged.
        """
        from ingitdb.snapshots.folding import Folding  # slow to load: seldom needed

        folding = Folding(
            known=known,
            layout=self.layout(known.commits[-1]),
            objects=self._repository.objects(),
            cache=self.cache,
            write=partial(write_table, self.cache.data),
            workers=self._workers,
        )
        return folding.fold(commits)

    def sources(self, commit: CommitId) -> Sources:
        """Gives what answers for a commit, a pseudo-commit included."""
        if commit == EMPTY:
            return Sources(commit, ())
        if commit not in PSEUDO_COMMITS:
            line = self.line()
            ordinal = self._ordinals.get(commit)
            if ordinal is not None:
                return Sources(commit, (Base(LINE, line, ordinal),))
            if commit in self._recent:
                return self._recent[commit]
            overlaid = self._overlaid(commit, line) or self._beside(commit)
            if overlaid is not None:
                return overlaid
        found = Sources(commit, (self._tree(commit),))
        if commit not in PSEUDO_COMMITS:
            self._keep(found)
        return found

    def forget(self, names: Iterable[str]) -> None:
        """Drops manifests with a damaged file; what they told is built anew when next asked for."""
        for name in names:
            self.cache.forget(name)
        self._line = None
        self._recent.clear()
        self._ordinals = {}

    def alone(self, commit: CommitId) -> Sources:
        """Gives a commit's files in its own types, read without the line."""
        return Sources(commit, (self._tree(commit),))

    def line(self) -> Manifest:
        """Gives the index of the line that HEAD named when it was first made."""
        if self._line is None:
            self._take_line(self.cache.load(LINE) or self._index(None))
        found = self._line
        if found is None:
            raise AssertionError
        return found

    def log(self) -> dict[CommitId, Commit]:
        """Gives the commits of the line."""
        line = self.line()
        if line.commits and line.commits[-1] not in self._log:
            log = self._repository.log(line.commits[-1], first_parent=True)
            self._log = {commit.identifier: commit for commit in log}
        return self._log

    def catch_up(self, commit: CommitId) -> None:
        """Brings the index up to a commit if that is HEAD's, so that the index holds its line.

        New commits are folded in; where HEAD has left the line, it is cut back to where it did.
        """
        line = self.line()
        if commit in self._ordinals or commit != self._repository.head().commit:
            return
        found = self._repository.nearest(commit, self._ordinals)
        if found is not None and line.commits:
            if found[0] == line.commits[-1]:
                self._fold()
            elif found[1] <= _MOST_AHEAD:
                self._turn(line, found[0], commit)
            self._take_line(self.cache.load(LINE) or self._index(line))
        if commit not in self._ordinals:
            self._take_line(self._index(self.line()))

    def _take_line(self, line: Manifest) -> None:
        self._line = line
        self._recent.clear()
        self._ordinals = {commit: number for number, commit in enumerate(line.commits)}

    def _index(self, known: Manifest | None) -> Manifest:
        with self.cache.building():
            line = self.cache.load(LINE)
            if line is not None and (known is None or line.commits != known.commits):
                return line  # another process was faster
            tip = self._repository.head().commit
            if tip is None:
                return self._built((), ())
            from ingitdb.snapshots.journal import Journal  # slow to load: only to build

            commits: list[CommitId] = []

            def changes() -> Iterator[Sequence[FileChange]]:
                for commit, changed in self._repository.line_changes(tip):
                    commits.append(commit)
                    yield changed

            journal = Journal(self.cache.data, self.cache.has_room)
            built = self._built(changes(), commits, journal)
            self.cache.save(LINE, built)
            journal.clear()
            return built

    def _gathered(
        self,
        changes: Iterable[Sequence[FileChange]],
        layout: "Layout | None" = None,
        journal: "Journal | None" = None,
    ) -> "Gathered":
        from ingitdb.snapshots.gathering import gather  # slow to load: only to build

        self.cache.prepare()
        return gather(
            changes,
            self._repository.objects(),
            workers=self._workers,
            layout=layout,
            progress=self._progress,
            journal=journal,
        )

    def _built(
        self,
        changes: Iterable[Sequence[FileChange]],
        commits: Sequence[CommitId],
        journal: "Journal | None" = None,
    ) -> Manifest:
        from ingitdb.snapshots.indexing import write_index  # slow to load: only to build

        gathered = self._gathered(changes, journal=journal)
        return write_index(gathered, commits, partial(write_table, self.cache.data))

    def _overlaid(self, commit: CommitId, line: Manifest) -> Sources | None:
        """Puts a commit's own changes over the nearest ancestor that is indexed or an overlay."""
        stacked = self._stacked(commit)
        if stacked is not None:
            return stacked
        found = self._repository.nearest(commit, self._ordinals)
        if found is None:
            return None
        ancestor, ahead = found
        is_next = ancestor == line.commits[-1] and commit == self._repository.head().commit
        self._ahead = max(self._ahead, ahead if is_next else 0)
        if ahead > _MOST_AHEAD and commit == self._repository.head().commit:
            self._take_line(self._index(line))
            return Sources(commit, (Base(LINE, self.line(), self._ordinals[commit]),))
        below = Sources(ancestor, (Base(LINE, line, self._ordinals[ancestor]),))
        overlaid = self._over(below, commit)
        if overlaid is None and is_next:
            changed = self._repository.changes(ancestor, commit)
            return self._folded_in(commit) if len(changed) > _MOST_OVERLAID else None
        return overlaid

    def _folded_in(self, commit: CommitId) -> Sources | None:
        """Takes the commits up to HEAD's into the index at once: they are too much to lie on it."""
        self._fold()
        self._ahead = 0
        self._take_line(self.cache.load(LINE) or self._index(None))
        ordinal = self._ordinals.get(commit)
        return Sources(commit, (Base(LINE, self.line(), ordinal),)) if ordinal is not None else None

    def _stacked(self, commit: CommitId) -> Sources | None:
        """Puts a commit over what was made for one shortly before; None if there is nothing."""
        found = self._repository.nearest(commit, self._recent) if self._recent else None
        below = _lasting(self._recent[found[0]]) if found is not None else None
        if below is None or len(below.bases) > _MOST_STACKED:
            return None
        is_of_line = len(below.bases) == 1 and below.bases[0].name == LINE
        return None if is_of_line else self._over(below, commit)

    def _beside(self, commit: CommitId) -> Sources | None:
        """Puts a commit over what was made last, as that of a transaction's statement before it."""
        newest = [_lasting(self._recent[known]) for known in list(self._recent)[-_MOST_BESIDE:]]
        bases = (below for below in reversed(newest) if len(below.bases) <= _MOST_STACKED)
        found = (self._over(below, commit) for below in bases)
        return next((over for over in found if over is not None), None)

    def _keep(self, sources: Sources) -> None:
        """Keeps what answers for a commit, for those that come after it."""
        self._recent[sources.commit] = sources
        if len(self._recent) > _MOST_RECENT:
            self._recent.popitem(last=False)

    def _over(self, below: Sources, commit: CommitId) -> Sources | None:
        """Puts what a commit changed over what answers for one before it."""
        changed = self._repository.changes(below.commit, commit)
        paths = frozenset(change.path for change in changed)
        if len(paths) > _MOST_OVERLAID or _touches_layout(paths):
            return None
        bases = tuple(replace(base, without=base.without | paths) for base in below.bases)
        name = f"overlay-{below.commit[:16]}-{commit}"
        layout = self._layout_over(below.commit, commit) if _is_declared(bases[0]) else None
        if layout is not None and not layout.inputs.isdisjoint(paths):
            return None
        delta = self.cache.load(name)
        if delta is None:
            delta = self._delta(name, commit, changed, layout)
        sources = Sources(commit, (*bases, Base(name, delta, 0)), below, len(paths))
        self._keep(sources)
        return sources

    def take_over(self, known: CommitId, commit: CommitId) -> None:
        """Lets what answers for a commit answer for another one with the same files."""
        sources = self._recent.get(known)
        if sources is not None:
            self._keep(replace(sources, commit=commit))
        if known in self._layouts:
            self._layouts[commit] = self._layouts[known]

    def _layout_over(self, below: CommitId, commit: CommitId) -> "Layout":
        """Gives the layout of a commit, unless its changes touch what that is read from."""
        found = self._layouts.pop(below, None) or self.layout(below)
        self._layouts[below] = self._layouts[commit] = found
        while len(self._layouts) > _MOST_RECENT:
            self._layouts.popitem(last=False)
        return found

    def held_by_recent(self) -> frozenset[str]:
        """Names the tables in memory that a new overlay may be put on."""
        return frozenset(
            segment.name
            for sources in self._recent.values()
            for base in sources.bases
            for segment in base.manifest.segments
            if segment.is_held
        )

    def _delta(
        self,
        name: str,
        commit: CommitId,
        changed: Sequence[FileChange],
        layout: "Layout | None",
    ) -> Manifest:
        """Builds what a commit changed: in memory where it is little, else in the cache."""
        from ingitdb.snapshots.indexing import write_index  # slow to load: only to build

        gathered = self._gathered((changed,), layout)
        if len(changed) <= _MOST_HELD_FILES and gathered.intervals.count <= _MOST_HELD_STATES:
            return write_index(gathered, (commit,), self.held.overlay(name))
        delta = write_index(gathered, (commit,), partial(write_table, self.cache.data))
        with self.cache.building():
            self.cache.save(name, delta)
        return delta

    def objects(self) -> ObjectStore:
        """Gives the source of the repository's files."""
        return self._repository.objects()

    def layout(self, commit: CommitId) -> "Layout":
        """Reads how a commit's files are placed in tables."""
        from ingitdb.catalog.layout import Layout  # slow to load: only to build

        entries = self._repository.tree(commit)
        objects = self._repository.objects()
        return Layout.read(entries.keys(), lambda path: objects.read(entries[path].blob))

    def _tree(self, commit: CommitId) -> Base:
        entries = self._repository.tree(commit)
        listing = "\n".join(f"{e.mode:o} {e.blob} {e.path}" for e in entries.values())
        digest = hashlib.blake2b(listing.encode("utf-8", "surrogatepass"), digest_size=16)
        name = f"tree-{digest.hexdigest()}"
        manifest = self.cache.load(name)
        if manifest is None:
            changes = [FileChange(e.path, None, e.blob, e.mode) for e in entries.values()]
            manifest = self._built((changes,), (commit,))
            with self.cache.building():
                self.cache.save(name, manifest)
        return Base(name, manifest, len(manifest.commits) - 1)


def _lasting(sources: Sources) -> Sources:
    """Gives what to put a further overlay on, so that few of them lie on one another."""
    size = 1
    while sources.below is not None:
        is_large = sources.files >= _SMALL * (size if size >= _SMALL else 1)
        if is_large or size + sources.files > _MOST_OVERLAID:
            break
        size += sources.files
        sources = sources.below
    return sources


def _is_declared(base: Base) -> bool:
    """Whether declarations, which an overlay's own files do not show, place the files."""
    found = base.manifest.layout_at(base.ordinal)
    return bool(found.problems) or not found.is_plain


def _touches_layout(paths: Collection[str]) -> bool:
    return any(is_configuration(path) for path in paths)
