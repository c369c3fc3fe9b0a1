"""Results that have begun and wait to be fetched."""

import time
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from ingitdb_flight.limits import MOST_RESULTS

if TYPE_CHECKING:
    from ingitdb_flight.streams import Stream
    from ingitdb_flight.tokens import Ticket


@dataclass(slots=True, kw_only=True)
class Held:
    """A result that waits.

    Attributes:
        ticket: What fetches it.
        until: When it is let go of, by the clock of `time.monotonic`.
    """

    stream: "Stream"
    ticket: "Ticket"
    until: float


class Waiting:
    """The results that wait for one client.

    Args:
        seconds: For how long each is held.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = Lock()
        self._held: dict[str, Held] = {}

    def hold(self, stream: "Stream", ticket: "Ticket") -> Held:
        """Lets a result wait, and lets go of those that nobody has asked for in time."""
        held = Held(stream=stream, ticket=ticket, until=time.monotonic() + self._seconds)
        with self._lock:
            self._held[ticket.handle] = held
        self.tend(time.monotonic())
        return held

    def take(self, handle: str) -> "Stream | None":
        """Gives a result, once."""
        with self._lock:
            found = self._held.pop(handle, None)
        return None if found is None else found.stream

    def renew(self, handle: str) -> None:
        """Holds a result for longer, if it is held."""
        with self._lock:
            if (found := self._held.get(handle)) is not None:
                found.until = time.monotonic() + self._seconds

    def tend(self, now: float) -> None:
        """Lets go of what is held for too long, and of the oldest where there are too many."""
        with self._lock:
            keys = [key for key, held in self._held.items() if held.until < now]
            keys += list(self._held)[: max(0, len(self._held) - len(keys) - MOST_RESULTS)]
            late = [self._held.pop(key) for key in dict.fromkeys(keys)]
        for each in late:
            each.stream.close()

    def close(self) -> None:
        """Lets go of all."""
        with self._lock:
            held, self._held = list(self._held.values()), {}
        for each in held:
            each.stream.close()
