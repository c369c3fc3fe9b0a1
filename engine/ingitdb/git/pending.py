"""Commits that no ref names yet: what a transaction has written, for every reader to read.

Their objects lie in a temporary folder outside of the repository until it is closed.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from ingitdb.git.commit_text import commit_text
from ingitdb.git.new_objects import NewObjects
from ingitdb.git.spliced_trees import SplicedTrees
from ingitdb.model.history import Signature
from ingitdb.model.identifiers import EMPTY, CommitId

NOBODY = "Not committed"


class Pending:
    """Writes such commits.

    Args:
        trees: Makes their trees.
        object_format: `sha1` or `sha256`.
        folder: Gives the temporary object folder.
    """

    def __init__(self, trees: SplicedTrees, object_format: str, folder: Callable[[], Path]) -> None:
        self._trees = trees
        self._object_format = object_format
        self._folder = folder

    def commit(
        self, now: CommitId, files: Mapping[str, bytes | None], parent: CommitId
    ) -> CommitId:
        """Gives a commit on top of another, with the files of a third and some changed ones.

        Args:
            now: The commit that has the other files, perhaps one of these; or EMPTY.
            files: By path the new contents, or None for a file that goes.
            parent: The commit that it stands on; or EMPTY.

        Raises:
            RepositoryError: A path leads through a file, or to a folder, link or submodule.
        """
        new = NewObjects(self._object_format)
        tree = self._trees.of(None if now == EMPTY else now, files, new)
        parents = () if parent == EMPTY else (parent,)
        nobody = Signature(name=NOBODY, email="", at=datetime.now(UTC))
        made = CommitId(new.add("commit", commit_text(tree, parents, nobody, nobody, NOBODY)))
        new.store(self._folder())
        return made
