"""What the history is made of: planned events, and the commits that come of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

Files = Mapping[str, str | None]
"""New contents by path; None deletes the file."""


class Author(Enum):
    """Who commits: a role, never a person."""

    PRICING = ("Pricing Desk", "pricing@example.org")
    TIMETABLE = ("Timetable Desk", "timetable@example.org")
    FLEET = ("Fleet Office", "fleet@example.org")
    SCRAPER = ("Scraper", "scraper@example.org")

    @property
    def identity(self) -> str:
        """The role as Git writes it."""
        return f"{self.value[0]} <{self.value[1]}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happens at a moment; `apply` changes the state and says which files differ."""

    at: datetime
    author: Author
    message: str
    apply: Callable[[], Files]
    tag: str | None = None
    branch: str = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A commit to be written: an event that has been applied."""

    at: datetime
    author: Author
    message: str
    files: Files
    tag: str | None = None
    branch: str = "main"


def moment(text: str) -> datetime:
    """Reads an ISO date or time as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
