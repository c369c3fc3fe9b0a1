"""Commits, trees and what changed between them."""

from dataclasses import dataclass
from datetime import datetime

from ingitdb.model.identifiers import BlobId, CommitId, TreeId

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
