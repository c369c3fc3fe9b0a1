"""The procedures of CALL that commit: what a session has written, with which words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ingitdb.errors import AccessDenied, StatementInvalid, TransactionInvalid
from ingitdb.execution.landing import Label
from ingitdb.execution.procedure_arguments import Arguments
from ingitdb.execution.results import Result, table_result
from ingitdb.execution.version_control import Procedure, commit_call
from ingitdb.execution.writer import Writer
from ingitdb.git.repository import Repository
from ingitdb.model.identifiers import CommitId
from ingitdb.model.types import BIGINT, VARCHAR


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitProcedures:
    """The procedures of one session.

    Attributes:
        repository: Reads the names of authors.
        writer: What the session has written.
        commit: Gives the commit that is read.
        offences: Counts what stands against the constraints at a commit.
    """

    repository: Repository
    writer: Writer
    commit: Callable[[], CommitId]
    offences: Callable[[CommitId], int]

    @property
    def by_name(self) -> Mapping[str, Procedure]:
        """The procedures by name."""
        return {
            "commit": self._commit,
            "set_commit_message": self._say,
            "verify_constraints": self._verify,
        }

    def _commit(self, arguments: Arguments) -> Result:
        """Commits the transaction; the answer is the new commit."""
        label = self._label(arguments)
        if not self.writer.has_written and not label.allow_empty:
            raise TransactionInvalid(
                "There is nothing to commit.",
                hint="BEGIN opens a transaction; '--allow-empty' commits all the same.",
            )
        if not self.writer.is_open:
            self.writer.begin()
        made = self.writer.land(label)
        return table_result([("hash", VARCHAR)], [(made,)], self.commit())

    def _say(self, arguments: Arguments) -> Result:
        """Says what the next commit is to say."""
        self.writer.label = self._label(arguments)
        return table_result([], [], self.commit())

    def _verify(self, arguments: Arguments) -> Result:
        """Tells by 1 whether anything stands against the constraints, as Dolt does."""
        arguments.expect(0)
        count = self.offences(self.commit())
        return table_result([("violations", BIGINT)], [(min(count, 1),)], self.commit())

    def _label(self, arguments: Arguments) -> Label:
        said = commit_call(arguments)
        if said.message is not None and not said.message.strip():
            raise StatementInvalid("A message that says nothing is none.")
        if said.author and not self.writer.names_others:
            raise AccessDenied("Only an admin commits for others.", hint="Leave --author out.")
        before = self.writer.label
        author = self.repository.author_named(said.author) if said.author else before.author
        return Label(
            message=said.message or before.message,
            author=author,
            allow_empty=said.allow_empty,
        )
