"""Where a question of metadata looks: the databases that it asks for, and patterns of names."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from ingitdb.errors import AccessDenied, NoCommitsYet, ReadOnly
from ingitdb.execution.landing import branch_of
from ingitdb.model.identifiers import EMPTY, CommitId
from ingitdb_flight.lanes import Lane

if TYPE_CHECKING:
    from ingitdb.services.database import Database
    from ingitdb_flight.session import Session

ESCAPE = "\\"
"""Takes from `%` and `_` in a pattern what they mean."""
_STEP = re.compile(r"\\(.)|(%)|(_)|(.)", re.DOTALL)


def said(command: Any, field: str) -> str | None:
    """Gives what a command says in a field; None where it leaves that open."""
    return getattr(command, field) if command.HasField(field) else None


def matcher(pattern: str | None) -> Callable[[str], bool]:
    r"""Gives what tells whether a name follows a pattern; every name does where there is none.

    Example:
        >>> [matcher(r"a\_%")(name) for name in ("a_", "a_b", "ab")]
        [True, True, False]
    """
    if pattern is None:
        return lambda _name: True
    wanted = "".join(_expression(*found.groups()) for found in _STEP.finditer(pattern))
    compiled = re.compile(wanted, re.DOTALL)
    return lambda name: compiled.fullmatch(name) is not None


def _expression(escaped: str | None, several: str | None, one: str | None, plain: str) -> str:
    if several:
        return ".*"
    return "." if one else re.escape(escaped or plain)


@contextmanager
def lanes(session: "Session", catalog: str | None) -> Iterator[list[Lane]]:
    """Gives where each database is read, or the one that is asked for.

    The session's own is read where the session stands, also inside of a transaction; another one
    at the branch that its HEAD names.
    """
    with ExitStack() as stack:
        found = []
        for database in session.databases:
            if catalog is None or database.name.casefold() == catalog.casefold():
                is_own = database is session.main.database
                found.append(session.main if is_own else _lane(session, database, stack))
        yield found


def _lane(session: "Session", database: "Database", stack: ExitStack) -> Lane:
    lane = Lane(database, database.session(principal=session.caller.principal, is_local=False))
    stack.callback(lane.close)
    return lane


def commit_of(lane: Lane) -> CommitId:
    """Gives the commit that a lane reads; that without files where there is none yet."""
    with suppress(NoCommitsYet):
        return lane.commit
    return EMPTY


def is_read_only(lane: Lane) -> bool:
    """Tells whether nothing can be written: a tag is read, or the caller may only read."""
    try:
        lane.session.allow(branch_of(lane.database.repository, lane.session.ref))
    except (ReadOnly, AccessDenied):
        return True
    return False
