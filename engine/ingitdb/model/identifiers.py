"""Names of Git objects, kept apart by type so that a tree is never passed for a commit."""

from typing import NewType

CommitId = NewType("CommitId", str)
"""A full hexadecimal commit id, or one of the pseudo-commits of `PSEUDO_COMMITS`."""

TreeId = NewType("TreeId", str)
BlobId = NewType("BlobId", str)

WORKING = CommitId("WORKING")
"""The files of the work tree as they are on disk."""
STAGED = CommitId("STAGED")
"""The files of the index."""
EMPTY = CommitId("EMPTY")
"""A state without any file, older than every root."""

PSEUDO_COMMITS = frozenset({WORKING, STAGED, EMPTY})
