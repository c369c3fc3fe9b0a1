"""Asks of a write what the constraints ask: what follows from it, and whether it may stand."""

from collections.abc import Callable

from ingitdb.catalog.files import is_configuration
from ingitdb.errors import WriteError
from ingitdb.execution.catalogs import Catalogs
from ingitdb.execution.constraint_queries import Rows
from ingitdb.execution.constraint_reactions import Step
from ingitdb.execution.constraint_refusals import refusal
from ingitdb.execution.constraint_states import Layouts, State
from ingitdb.execution.constraints import Constraints
from ingitdb.execution.draft import Draft
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
        self,
        before: CommitId,
        after: CommitId,
        draft: Draft,
        follow: Callable[[str], tuple[CommitId, Draft]],
    ) -> CommitId:
        """Runs what ON DELETE and ON UPDATE ask for after a write.

        Args:
            before: The commit before the write.
            after: The commit after it.
            draft: The write.
            follow: Runs one statement more; gives the commit after it, and what it was.

        Returns:
            The commit after all of them.

        Raises:
            WriteError: There is no end to it.
        """
        steps = [Step(before=before, after=after, renamed=draft.renamed)]
        for _ in range(_MOST_ROUNDS):
            statements = [sql for step in steps for sql in self._constraints.follow_ups(step)]
            if not statements:
                return after
            steps = []
            for statement in statements:
                before, (after, draft) = after, follow(statement)
                steps.append(Step(before=before, after=after, renamed=draft.renamed))
        raise WriteError("What ON DELETE and ON UPDATE ask for has no end.")

    def check(self, before: CommitId, after: CommitId) -> None:
        """Returns if a write may stand.

        Raises:
            ConstraintViolated: It offends against what is declared.
        """
        error = refusal(self._constraints.violations(before, after))
        if error is not None:
            raise error
