"""Commits, trees and what changed between them."""

from dataclasses import dataclass
from datetime import UTC, datetime

from ingitdb.model.identifiers import PSEUDO_COMMITS, BlobId, CommitId, TreeId

REGULAR = 0o100644
EXECUTABLE = 0o100755
SYMLINK = 0o120000
GITLINK = 0o160000


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Who made a commit or tag, and when."""

    name: str
    email: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One commit. Times are aware, in UTC."""

    identifier: CommitId
    tree: TreeId
    parents: tuple[CommitId, ...]
    author: Signature
    committer: Signature
    message: str

    @property
    def moment(self) -> datetime | None:
        """When it was committed; None for what is not."""
        return None if self.identifier in PSEUDO_COMMITS else self.committer.at

    @property
    def shown(self) -> tuple[str, str | None, datetime | None, str | None]:
        """Name and email of the committer, time and message; of what is not committed the name."""
        by = self.committer
        if self.identifier in PSEUDO_COMMITS:
            return by.name, None, None, None
        return by.name, by.email, by.at, self.message


def uncommitted(state: CommitId, head: CommitId | None) -> Commit:
    """Describes the work tree or the index as a commit on top of HEAD, later than all others.

    Its tree has no name.
    """
    nobody = Signature(name="Not committed", email="", at=datetime.max.replace(tzinfo=UTC))
    parents = () if head is None else (head,)
    return Commit(
        identifier=state,
        tree=TreeId(""),
        parents=parents,
        author=nobody,
        committer=nobody,
        message="",
    )


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """A file of a tree; `size` is None where it would cost a read to know."""

    path: str
    blob: BlobId
    mode: int
    size: int | None = None


@dataclass(frozen=True, slots=True)
class FileChange:
    """A path whose blob differs between two trees; None stands for absence."""

    path: str
    old: BlobId | None
    new: BlobId | None
    new_mode: int = REGULAR


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What HEAD says: a branch (None if detached) and a commit (None if unborn)."""

    branch: str | None
    commit: CommitId | None
