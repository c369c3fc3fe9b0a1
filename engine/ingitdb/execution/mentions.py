"""What a statement mentions beside a call, where that decides how the call is best answered."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields

from ingitdb.sql.references import FunctionCall

_COMMIT = "commit"
"""Stands in the names of all columns of `history` that tell of commits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentioning(FunctionCall):
    """A call in its statement.

    Attributes:
        commits: Whether the statement may speak of the commits that the call tells of.
    """

    commits: bool


def mentioning(calls: Iterable[FunctionCall], statement: str) -> Iterator[Mentioning]:
    """Gives calls with what their statement mentions.

    Example:
        >>> call = FunctionCall(start=21, end=33, name="history", arguments=())
        >>> [c.commits for c in mentioning([call], "SELECT count(*) FROM history('t')")]
        [False]
    """
    commits = _COMMIT in statement.casefold()
    for call in calls:
        given = {field.name: getattr(call, field.name) for field in fields(FunctionCall)}
        yield Mentioning(**given, commits=commits)
