"""Reads the dates of commits and the dates that users write instead of refs."""

import re
from datetime import UTC, datetime

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOOKS_LIKE_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ].*)?", re.ASCII)


def looks_like_moment(text: str) -> bool:
    """Says whether a text is meant as an ISO date or time, be it a possible one or not."""
    return _LOOKS_LIKE_DATE.fullmatch(text.strip()) is not None


def parse_moment(text: str) -> datetime | None:
    """Reads an ISO date (its first instant) or time; without a zone it is UTC.

    Example:
        >>> parse_moment("2026-03-01").isoformat()
        '2026-03-01T00:00:00+00:00'
        >>> parse_moment("2026-02-30") is None
        True
    """
    text = text.strip()
    if not looks_like_moment(text):
        return None
    try:
        return as_utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None


def as_utc(when: datetime) -> datetime:
    """Gives a time in UTC; one without a zone is UTC already."""
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)


def instant(seconds: str | bytes) -> datetime:
    """Reads the seconds that git prints; a damaged or impossible time is the epoch, as in git."""
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return EPOCH
