"""What one session has written since BEGIN, and its savepoints."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ingitdb.errors import ReadOnly, TransactionInvalid
from ingitdb.model.identifiers import CommitId
from ingitdb.sql.names import fold

if TYPE_CHECKING:
    from ingitdb.execution.draft import Draft
    from ingitdb.writes.table_texts import Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a transaction has come to.

    Attributes:
        commit: A commit that holds it, which no ref names; where it began if nothing is written.
        files: By path the new bytes of each file since then.
        drafts: What was done, in order.
    """

    commit: CommitId
    files: "Texts" = field(default_factory=dict)
    drafts: "tuple[Draft, ...]" = ()

    def after(self, draft: "Draft", commit: CommitId) -> "Written":
        """Gives what stands after one more draft, which a commit holds."""
        files = {**self.files, **draft.files}
        return Written(commit=commit, files=files, drafts=(*self.drafts, draft))

    @property
    def tables(self) -> frozenset[tuple[str, str]]:
        """Schema and name of each table that was written."""
        return frozenset(table for draft in self.drafts for table in draft.tables)


class Transaction:
    """One transaction.

    Attributes:
        base: The commit that it began at.
        written: What it has come to.
        branch: The branch that it writes, wherever HEAD goes meanwhile; None before it writes.
        read_only: Whether it may not write.
    """

    def __init__(self, base: CommitId, *, read_only: bool = False) -> None:
        self.base = base
        self.written = Written(commit=base)
        self.read_only = read_only
        self.branch: str | None = None
        self._savepoints: list[tuple[str, Written]] = []

    def check_writable(self) -> None:
        """Returns if it may write.

        Raises:
            ReadOnly: It began with READ ONLY.
        """
        if self.read_only:
            raise ReadOnly("The transaction is READ ONLY.", hint="End it and BEGIN another one.")

    def save(self, name: str) -> None:
        """Sets a savepoint; one of the same name before it is hidden until this one is released."""
        self._savepoints.append((name, self.written))

    def release(self, name: str) -> None:
        """Forgets a savepoint and those after it.

        Raises:
            TransactionInvalid: There is none of that name.
        """
        del self._savepoints[self._place(name) :]

    def back_to(self, name: str) -> None:
        """Undoes what came after a savepoint, which stays.

        Raises:
            TransactionInvalid: There is none of that name.
        """
        at = self._place(name)
        self.written = self._savepoints[at][1]
        del self._savepoints[at + 1 :]

    def _place(self, name: str) -> int:
        for at in reversed(range(len(self._savepoints))):
            if fold(self._savepoints[at][0]) == fold(name):
                return at
        known = ", ".join(dict.fromkeys(known for known, _ in self._savepoints))
        raise TransactionInvalid(
            f"There is no savepoint {name!r}.", hint=f"Savepoints: {known or 'none'}."
        )
