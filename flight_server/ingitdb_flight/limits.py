"""How long a server waits, and how much it holds."""

from dataclasses import dataclass

MOST_RESULTS = 100
"""So many results are held for a session that nobody has fetched; the oldest goes first."""
MOST_STATEMENTS = 1_000
"""So many prepared statements a session has; the oldest goes first."""
MOST_SESSIONS = 10_000
"""So many sessions a server has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long a server waits.

    Attributes:
        session: Seconds after which a session that asks nothing ends.
        transaction: Seconds after which a transaction in which nothing happens is rolled back.
        result: Seconds for which a result is held.
        ingest: Bytes of Arrow that one upload may have.
    """

    session: float = 3600.0
    transaction: float = 600.0
    result: float = 600.0
    ingest: int = 2 * 1024**3
