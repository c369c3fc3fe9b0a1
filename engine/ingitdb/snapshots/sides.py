"""The commits beside a line, reached through merges: a further line that jumps between them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from ingitdb.catalog.files import is_configuration
from ingitdb.git.repository import Repository
from ingitdb.model.history import FileChange
from ingitdb.model.identifiers import EMPTY, PSEUDO_COMMITS, CommitId
from ingitdb.snapshots.store import Base


@dataclass(frozen=True, slots=True)
class Position:
    """Where the files of a commit are known.

    Attributes:
        line: The ordinal on the line of the commit, or of the last one that it goes back to along
            first parents; -1 if it goes back to none.
        side: The number of the side, or None for a commit of the line.
        ordinal: The ordinal on the further line; -1 for a commit of the line.
    """

    line: int
    side: int | None = None
    ordinal: int = -1


@dataclass(frozen=True, slots=True)
class Side:
    """A run of first parents that leaves the line, or another side.

    Attributes:
        commits: Its own commits, the oldest first.
        fork: The position of the commit that it leaves; None where it has a root of its own.
        start: The ordinal of its first commit; at the one before stand the files of the fork.
    """

    commits: tuple[CommitId, ...]
    fork: Position | None
    start: int


@dataclass(frozen=True, slots=True)
class Reached:
    """What is known of every commit that a line reaches.

    Attributes:
        sides: The commits beside the line.
        base: The line; perhaps with the further line at its end.
        further: The further line, where it is known apart.
        offset: The ordinal at which it begins.
    """

    sides: "Sides"
    base: Base
    further: Base | None = None
    offset: int = 0


class Sides:
    """The commits that a line reaches and does not hold.

    Args:
        repository: The repository.
        base: The line.

    Attributes:
        commits: Them, by their hashes.
        sides: The sides; one comes after the one that it leaves.
        positions: Where each reachable commit is known.
        touched: The paths that some side changes; all others are as they are on the line.
        is_whole: Whether all paths count as touched, since declarations place the files.
    """

    def __init__(self, repository: Repository, base: Base) -> None:
        self._repository = repository
        self._base = base
        line = base.manifest.commits[: base.ordinal + 1]
        self.positions = {commit: Position(at) for at, commit in enumerate(line)}
        committed = [commit for commit in line[-2:] if commit not in PSEUDO_COMMITS]
        log = repository.log(committed[-1]) if committed else iter(())
        self.commits = {c.identifier: c for c in log if c.identifier not in self.positions}
        self.sides: list[Side] = []
        for run, fork in self._runs():
            self._add(run, fork)
        self._changes = dict(repository.changes_of(list(self.commits)))
        changed = {change.path for changes in self._changes.values() for change in changes}
        self.touched = frozenset(changed)
        self.is_whole = any(map(is_configuration, changed)) or self._is_declared()

    @property
    def name(self) -> str:
        """Names what the further line is made of."""
        digest = blake2b(str(self.is_whole).encode(), digest_size=16)
        for side in self.sides:
            digest.update(f"{self._fork(side)} {' '.join(side.commits)}\n".encode())
        return f"sides-{digest.hexdigest()}"

    @property
    def line(self) -> tuple[CommitId, ...]:
        """The commits of the further line; `EMPTY` where it jumps."""
        return tuple(commit for side in self.sides for commit in (EMPTY, *side.commits))

    def changes(self, here: CommitId = EMPTY) -> Iterator[list[FileChange]]:
        """Gives what each step of the further line changes.

        Args:
            here: The commit whose files stand before; only the touched ones stay.
        """
        untouched = [] if self.is_whole else self._untouched(here)
        for side in self.sides:
            there = self._fork(side)
            jump = self._repository.changes(here, there) if here != there else []
            kept = [change for change in jump if self.is_whole or change.path in self.touched]
            yield [*untouched, *kept]
            untouched = []
            for commit in side.commits:
                yield self._changes.get(commit, [])
            here = side.commits[-1]

    def _untouched(self, commit: CommitId) -> list[FileChange]:
        """Gives the changes that take away a commit's files but those touched."""
        files = self._repository.tree(commit).values()
        return [FileChange(f.path, f.blob, None) for f in files if f.path not in self.touched]

    def _fork(self, side: Side) -> CommitId:
        first = self.commits[side.commits[0]]
        return first.parents[0] if side.fork is not None else EMPTY

    def _runs(self) -> Iterator[tuple[list[CommitId], CommitId | None]]:
        """Gives the runs, oldest commit first, with the commit that each leaves."""
        taken: set[CommitId] = set()
        for tip in self.commits:
            run: list[CommitId] = []
            commit: CommitId | None = tip
            while commit in self.commits and commit not in taken:
                run.append(commit)
                taken.add(commit)
                commit = next(iter(self.commits[commit].parents), None)
            if run:
                yield run[::-1], commit

    def _add(self, run: Sequence[CommitId], fork: CommitId | None) -> None:
        left = self.positions.get(fork) if fork is not None else None
        start = 1 + (self.sides[-1].start + len(self.sides[-1].commits) if self.sides else 0)
        for at, commit in enumerate(run):
            line = left.line if left is not None else -1
            self.positions[commit] = Position(line, len(self.sides), start + at)
        self.sides.append(Side(tuple(run), left, start))

    def _is_declared(self) -> bool:
        """Whether declarations place files where some side leaves the line."""
        layouts = self._base.manifest.layouts
        forks = {side.fork.line for side in self.sides if side.fork is not None}
        found = [self._base.manifest.layout_at(at) for at in forks if at >= 0 and layouts]
        return any(layout.problems or not layout.is_plain for layout in found)
