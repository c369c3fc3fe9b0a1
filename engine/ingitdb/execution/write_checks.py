"""Asks of a write what the constraints ask: what follows from it, and whether it may stand."""

from collections.abc import Callable

from ingitdb.catalog.files import is_configuration
from ingitdb.errors import WriteError
from ingitdb.execution.catalogs import Catalogs
from ingitdb.execution.constraint_queries import Rows
from ingitdb.execution.constraint_refusals import refusal
from ingitdb.execution.constraint_states import Layouts, State
from ingitdb.execution.constraints import Constraints
from ingitdb.model.identifiers import CommitId
from ingitdb.writes.table_texts import Texts

_MOST_ROUNDS = 32
"""So often what follows may have something follow in turn."""


class WriteChecks:
    """The constraints of one repository, for the writes of a session.

    Args:
        catalogs: The repository's.
        rows: Runs one query of the repository's own at a commit.
    """

    def __init__(self, catalogs: Catalogs, rows: Rows) -> None:
        self._catalogs = catalogs
        self._layouts = Layouts(catalogs)
        self._constraints = Constraints(catalogs, rows)

    def concern(self, before: CommitId, files: Texts) -> bool:
        """Tells whether anything is declared that a write of some files could offend against."""
        if any(is_configuration(path) for path in files):
            return True
        return not State(self._catalogs, self._layouts, before).is_plain

    def settle(
        self, before: CommitId, after: CommitId, follow: Callable[[str], CommitId]
    ) -> CommitId:
        """Runs what ON DELETE and ON UPDATE ask for after a write.

        Args:
            before: The commit before the write.
            after: The commit after it.
            follow: Runs one statement more; gives the commit after it.

        Returns:
            The commit after all of them.

        Raises:
            WriteError: There is no end to it.
        """
        for _ in range(_MOST_ROUNDS):
            start = after
            for statement in self._constraints.follow_ups(before, after):
                after = follow(statement)
            if after == start:
                return after
            before = start
        raise WriteError("What ON DELETE and ON UPDATE ask for has no end.")

    def check(self, before: CommitId, after: CommitId) -> None:
        """Returns if a write may stand.

        Raises:
            ConstraintViolated: It offends against what is declared.
        """
        error = refusal(self._constraints.violations(before, after))
        if error is not None:
            raise error
