"""What a client knows of its transaction, so that it finds out if the server has forgotten it."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ingitdb.api.bases import SERIALIZATION_FAILURE
from ingitdb.api.dbapi import Error, OperationalError
from ingitdb_dbapi.statements import is_read

_BEGINNING = re.compile(r"\s*(?:BEGIN|START)\b", re.IGNORECASE)
_ENDING = re.compile(r"\b(?:COMMIT|END|ROLLBACK|ABORT|CALL)\b|\bSET\s+autocommit\b", re.IGNORECASE)
"""Finds every statement that may end a transaction, and some that do not."""
_UNDOING = re.compile(r"\s*(?:ROLLBACK|ABORT)\s*;?\s*", re.IGNORECASE)
_COMMITTING = re.compile(r"\s*(?:COMMIT\s*;?\s*|CALL\s+commit\b.*)", re.IGNORECASE | re.DOTALL)
NO_TRANSACTION = "25000"
_OVER = ("25", "40")
"""Classes of SQLSTATE that say that there is no transaction any longer."""


class Transaction:
    """The open transaction of a connection, if there is one.

    Args:
        name: Asks the server for its name; empty without one.
        undo: Rolls back what the server has.
    """

    def __init__(self, name: Callable[[], str], undo: Callable[[], None]) -> None:
        self._ask = name
        self._undo = undo
        self._name = ""

    @contextmanager
    def around(self, sql: str, *, is_alone: bool) -> Iterator[None]:
        """Runs a statement, but none that would commit less than the whole transaction.

        Args:
            sql: The statement.
            is_alone: Whether it is a commit of its own, unless it begins a transaction.

        Raises:
            OperationalError: The server has forgotten what was written.
        """
        is_last = _ENDING.search(sql) is not None and not is_read(sql)
        is_asked = bool(self._name) and is_last and not _UNDOING.fullmatch(sql)
        now = self._ask() if is_asked else self._name
        if now not in ("", self._name):  # what is there began later
            raise self._lost()
        is_lost = now != self._name
        try:
            yield
        except Error as error:
            if (error.sqlstate or "").startswith(_OVER):
                self._name = ""
            if is_lost and error.sqlstate == NO_TRANSACTION:  # else the server says why
                raise self._lost() from error
            raise
        if is_lost:
            raise self._lost()
        if _UNDOING.fullmatch(sql) or _COMMITTING.fullmatch(sql):
            self._name = ""
        elif not is_read(sql) and (is_last or not (self._name or is_alone) or _begins(sql)):
            self._name = self._ask()

    def _lost(self) -> OperationalError:
        """Rolls back what the server has; gives the error."""
        self._name = ""
        self._undo()
        return OperationalError(
            "The server has begun anew; the transaction was rolled back.",
            code="IGD-5008",
            sqlstate=SERIALIZATION_FAILURE,
            hint="Begin it again.",
        )


def _begins(sql: str) -> bool:
    return _BEGINNING.match(sql) is not None
