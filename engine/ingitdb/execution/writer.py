"""The writing side of a session: its transaction, and how what it writes comes to the branch."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

import pyarrow as pa

from ingitdb.errors import (
    BranchMoved,
    Conflict,
    ConstraintViolated,
    NoCommitsYet,
    TransactionInvalid,
)
from ingitdb.execution.catalogs import Catalogs
from ingitdb.execution.landing import MOST_TRIES, PATIENT, Label, Landing, pause, turn
from ingitdb.execution.results import Result
from ingitdb.execution.transactions import Transaction
from ingitdb.execution.watches import Watch
from ingitdb.model.identifiers import EMPTY, CommitId
from ingitdb.sql.transactions import TransactionStep

if TYPE_CHECKING:
    from ingitdb.execution.draft import Draft
    from ingitdb.execution.write_checks import WriteChecks
    from ingitdb.model.people import Person
    from ingitdb.writes.table_texts import Texts

Drafted: TypeAlias = "Callable[[], Draft]"
Rows: TypeAlias = Callable[[str], pa.Table]
Landed: TypeAlias = Callable[[str, CommitId], None]


class Writer:
    """Writes for one session.

    Attributes:
        autocommit: Whether each statement outside of BEGIN and COMMIT is a commit of its own; else
            the first one that writes opens a transaction.
        label: What the next commit is to say.
        author: Who makes the changes; as the connection and git say where it is None.
        names_others: Whether statements may name another author.
        landed: Is told the branch and the new commit after each.
        watch: Lets a statement that writes be stopped.
    """

    def __init__(
        self,
        catalogs: Catalogs,
        *,
        tip: Callable[[], CommitId],
        branch: Callable[[], str],
        rows: Rows,
        follow: "Callable[[str], Draft]",
        checks: Callable[[], "WriteChecks"],
    ) -> None:
        self.autocommit = True
        self.label = Label()
        self.author: Person | None = None
        self.names_others = True
        self.landed: Landed = _nobody
        self.watch = Watch()
        self._catalogs = catalogs
        self._tip = tip
        self._branch = branch
        self._rows = rows
        self._follow = follow
        self._make_checks = checks
        self._transaction: Transaction | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is a transaction."""
        return self._transaction is not None

    @property
    def has_written(self) -> bool:
        """Whether there is something to commit."""
        return self._transaction is not None and bool(self._transaction.written.files)

    @property
    def commit(self) -> CommitId | None:
        """What is read inside of the transaction; None outside of one."""
        return self._transaction.written.commit if self._transaction is not None else None

    def write(self, drafted: Drafted) -> Result:
        """Runs a statement that writes.

        Raises:
            BranchMoved: The branch has moved again and again meanwhile.
            WriteError: The change cannot be made; nothing of the statement stays.
        """
        with self.watch.write():
            if self._transaction is None and self.autocommit:
                return self._alone(drafted)
            return self._take(self._opened(), drafted)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Makes what a block writes one commit or none; inside of a transaction a part of it."""
        with self.watch.write(), self._in_one():
            yield

    @contextmanager
    def _in_one(self) -> Iterator[None]:
        """Begins where there is no transaction; one that is left without a write ends there."""
        if self._transaction is not None:
            before = self._transaction.written
            try:
                yield
            except BaseException:
                self._transaction.written = before
                raise
            return
        self.begin()
        try:
            yield
            if self.autocommit:
                self.land()
            elif not self.has_written:
                self.rollback()
        except BaseException:
            self.rollback()
            raise

    def step(self, step: TransactionStep) -> None:
        """Begins or ends the transaction, or goes to one of its savepoints.

        Raises:
            TransactionInvalid: There is none, or there is one already, or no such savepoint.
            WriteError: What was written cannot be committed.
        """
        if step.step == "begin":
            self.begin(read_only=step.read_only)
        elif self._transaction is None and self.autocommit:
            raise TransactionInvalid(
                f"There is no transaction to {step.step.upper()}.", hint="BEGIN opens one."
            )
        elif step.step == "commit":
            self.land()
        elif step.step == "rollback":
            self.rollback()
        else:
            name, transaction = step.savepoint or "", self._opened()
            if step.step == "savepoint":
                transaction.save(name)
            elif step.step == "release":
                transaction.release(name)
            else:
                transaction.back_to(name)

    def begin(self, *, read_only: bool = False) -> None:
        """Opens a transaction.

        Raises:
            TransactionInvalid: There is one already.
        """
        if self._transaction is not None:
            raise TransactionInvalid(
                "There is a transaction already.", hint="COMMIT or ROLLBACK ends it."
            )
        self._transaction = Transaction(self._base(), read_only=read_only)

    def rollback(self) -> None:
        """Forgets the transaction, if there is one."""
        self._transaction = None

    def land(self, label: Label | None = None) -> CommitId | None:
        """Commits the transaction, if there is one.

        It stays open where the commit can be tried again as it is: once the author is known, or
        a work tree is out of the way.

        Returns:
            The commit; None if nothing would change.

        Raises:
            Conflict: Someone else has changed the same records; the transaction is over.
            BranchMoved: The branch has moved again and again; the transaction is over.
            WriteError: The commit cannot be made.
        """
        transaction = self._transaction
        if transaction is None:
            return None
        asked, found = label or self.label, None
        if transaction.written.files or asked.allow_empty:
            try:
                found = self._land(transaction, asked)
            except (Conflict, BranchMoved):  # whoever tries again begins again
                self._transaction = None
                raise
        self._transaction = None
        return found

    def _alone(self, drafted: Drafted) -> Result:
        """Runs one statement as one commit; again where the branch has moved meanwhile."""
        for tries in range(MOST_TRIES):
            with turn(self._catalogs.repository, tries):
                transaction = self._transaction = Transaction(self._base())
                try:
                    result = self._take(transaction, drafted, is_alone=True)
                    made = self._land(transaction, self.label, alone=tries)
                except BranchMoved:
                    if tries == MOST_TRIES - 1:
                        raise
                else:
                    result.commit = made or transaction.base
                    return result
                finally:
                    self._transaction = None
            pause(tries)
        raise AssertionError

    def _land(
        self, transaction: Transaction, label: Label, *, alone: int | None = None
    ) -> CommitId | None:
        """Commits; of a statement by itself `alone` says how often that was tried before."""
        branch = transaction.branch or self._branch()
        if label.author is None and self.author is not None:
            label = replace(label, author=self._catalogs.repository.author(self.author))
        landing = Landing(repository=self._catalogs.repository, branch=branch, rebase=self._rebased)
        made = landing.land(
            transaction, label, is_alone=alone is not None, has_turn=(alone or 0) >= PATIENT
        )
        self.label = Label()
        if made is not None:
            self._catalogs.publish(transaction.written.commit, made)
            self.landed(branch, made)
        return made

    def _take(
        self, transaction: Transaction, drafted: Drafted, *, is_alone: bool = False
    ) -> Result:
        """Adds a statement to a transaction; if it fails, all is as it was before it."""
        transaction.check_writable()
        transaction.branch = transaction.branch or self._branch()
        before = transaction.written
        try:
            draft = drafted()
            is_checked = bool(draft.files) and self._checks.concern(before.commit, draft.files)
            if is_alone and not is_checked:
                transaction.written = before.after(draft, before.commit)
            else:
                self._add(transaction, draft)
            if is_checked:
                self._settle(transaction, before.commit, draft)
            self.watch.check()
        except BaseException:
            transaction.written = before
            raise
        draft.result.commit = transaction.written.commit
        return draft.result

    def _add(self, transaction: Transaction, draft: "Draft") -> CommitId:
        """Adds what a draft changes; gives the commit that has it."""
        now = transaction.written.commit
        if draft.files:
            now = self._catalogs.repository.pending(now, draft.files, transaction.base)
        transaction.written = transaction.written.after(draft, now)
        return now

    def _settle(self, transaction: Transaction, before: CommitId, draft: "Draft") -> None:
        """Lets what follows from a statement follow, and checks that all of it may stand."""

        def follow(sql: str) -> "tuple[CommitId, Draft]":
            then = self._follow(sql)
            return self._add(transaction, then), then

        after = self._checks.settle(before, transaction.written.commit, draft, follow)
        self._checks.check(before, after)

    @cached_property
    def _checks(self) -> "WriteChecks":
        return self._make_checks()

    def _opened(self) -> Transaction:
        if self._transaction is None:
            self._transaction = Transaction(self._base())
        return self._transaction

    def _base(self) -> CommitId:
        try:
            return self._tip()
        except NoCommitsYet:
            return EMPTY

    def _rebased(self, transaction: Transaction, head: CommitId) -> "Texts":
        from ingitdb.execution.rebasing import Rebasing  # slow to load: seldom needed

        rebasing = Rebasing(catalogs=self._catalogs, rows=self._rows)
        files = rebasing.files(transaction, head)
        if self._checks.concern(head, files):
            try:
                self._checks.check(head, self._catalogs.repository.pending(head, files, head))
            except ConstraintViolated as error:
                raise Conflict("the branch", offence=error.message) from error
        return files


def _nobody(_branch: str, _commit: CommitId) -> None:
    """Tells nobody."""
