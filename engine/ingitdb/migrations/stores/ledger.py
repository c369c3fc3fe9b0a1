"""What a key-value store says of the commits that it was brought to."""

import json
from dataclasses import dataclass, replace
from typing import Any

from ingitdb.migrations.targets.target import Ends
from ingitdb.model.identifiers import EMPTY

APPLIED = "applied"
UNDONE = "undone"
_BETWEEN = ".."


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a store is: at a commit, or on the way from one to another.

    Attributes:
        before: The commit, or the one that an interrupted migration comes from.
        after: The one that it leads to; None where nothing was interrupted.
    """

    before: str = str(EMPTY)
    after: str | None = None

    def __str__(self) -> str:
        return self.before if self.after is None else self.before + _BETWEEN + self.after


def on_the_way(ends: Ends) -> Standing:
    """Says that a store is on its way."""
    return Standing(before=ends.before, after=ends.after)


def standing(text: str | None) -> Standing:
    """Reads what a store says of where it is; one that says nothing is empty.

    Example:
        >>> standing("a..b")
        Standing(before='a', after='b')
    """
    before, _, after = (text or str(EMPTY)).partition(_BETWEEN)
    return Standing(before=before, after=after or None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A row of the ledger.

    Attributes:
        version: Counts from 1; None where a script did not know.
        before: The commit that the store was at.
        applied_at: Seconds since 1970 by the store's clock; None where a script had none.
        duration: Seconds.
    """

    version: int | None
    before: str
    commit: str
    checksum: str
    applied_at: float | None = None
    duration: float | None = None
    state: str = APPLIED

    def text(self) -> str:
        """Gives it as JSON."""
        return json.dumps(
            {
                "version": self.version,
                "before": self.before,
                "commit": self.commit,
                "checksum": self.checksum,
                "applied_at": self.applied_at,
                "duration": self.duration,
                "state": self.state,
            }
        )

    def undone(self) -> "Entry":
        """Gives it once it has been taken back."""
        return replace(self, state=UNDONE)


def entry(text: str | bytes) -> Entry:
    """Reads a row of the ledger.

    Raises:
        ValueError: It is none.
    """
    said: dict[str, Any] = json.loads(text)
    try:
        return Entry(**said)
    except TypeError as error:
        raise ValueError(str(error)) from None
