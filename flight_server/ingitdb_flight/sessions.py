"""All sessions of a server: whose call belongs to which, and when they end."""

import time
from collections.abc import Iterator
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING

from pyarrow import flight

from ingitdb_flight.limits import MOST_SESSIONS, Limits
from ingitdb_flight.logs import LOG
from ingitdb_flight.session import Session
from ingitdb_flight.transactions import CHANGED, Loss, idle

if TYPE_CHECKING:
    from ingitdb_flight.callers import Caller
    from ingitdb_flight.databases import Databases

_REMEMBERED = 24 * 3600.0
"""Seconds for which a transaction is remembered that ended with its session."""


class Sessions:
    """All sessions of a server.

    Args:
        databases: What they are about.
        limits: How long they are waited for.
        most: How many there may be.
    """

    def __init__(self, databases: "Databases", limits: Limits, most: int = MOST_SESSIONS) -> None:
        self._databases = databases
        self._limits = limits
        self._most = most
        self._sessions: dict[str, Session] = {}
        self._lost: dict[str, tuple[float, Loss]] = {}
        self._lock = Lock()
        self._ended = Event()
        self._tending = Thread(target=self._tend, name="tend sessions", daemon=True)
        self._tending.start()

    def of(self, caller: "Caller", peer: str) -> Session:
        """Gives the session of a caller: that of the token, else of the connection.

        One whose user has been given other roles, or another author, ends and begins anew.

        Raises:
            FlightUnavailableError: There are too many.
        """
        key = caller.session or f"{caller.principal.identifier}@{peer}"
        with self._lock:
            found = self._sessions.get(key)
            count = len(self._sessions)
        if found is not None and not _is_same(found.caller, caller):
            self._lose(found, CHANGED)
            found = None
        if found is None:
            if count >= self._most:
                raise flight.FlightUnavailableError(
                    "The server has as many sessions as it takes. (SQLSTATE 53300)"
                )
            _, loss = self._lost.get(key, (0.0, None))
            made = Session(key, caller, self._databases, self._limits, loss)
            with self._lock:
                found = self._sessions.setdefault(key, made)
                if found is made:
                    self._lost.pop(key, None)
            if found is not made:
                made.close()
        found.used_at = time.monotonic()
        return found

    def find(self, key: str) -> Session | None:
        """Gives the session of a key, if it is there."""
        return self._sessions.get(key)

    def end(self, session: Session) -> None:
        """Ends a session."""
        with self._lock:
            self._sessions.pop(session.key, None)
        session.close()

    def _lose(self, session: Session, why: str) -> None:
        """Ends a session without its client, who is told of it if that takes a transaction away."""
        if (loss := session.lost(why)) is not None:
            with self._lock:
                self._lost[session.key] = time.monotonic(), loss
                if len(self._lost) > MOST_SESSIONS:
                    del self._lost[next(iter(self._lost))]
        self.end(session)

    def __iter__(self) -> Iterator[Session]:
        with self._lock:
            return iter(list(self._sessions.values()))

    def close(self) -> None:
        """Ends all."""
        self._ended.set()
        self._tending.join()
        for session in self:
            self.end(session)

    def _tend(self) -> None:
        pause = min(30.0, self._limits.session / 4, self._limits.transaction / 4)
        while not self._ended.wait(pause):
            now = time.monotonic()
            self._forget(now)
            for session in self:
                try:
                    self._look_after(session, now)
                except Exception as error:  # noqa: BLE001 - the others are to be looked after, too
                    LOG.error("a session cannot be looked after", exc_info=error)

    def _look_after(self, session: Session, now: float) -> None:
        session.tend(now)
        if session.is_busy:
            session.used_at = now
        elif session.used_at + self._limits.session < now:
            self._lose(session, idle(self._limits.session))

    def _forget(self, now: float) -> None:
        """Forgets what clients have lost who do not come back."""
        with self._lock:
            for key in [key for key, (at, _) in self._lost.items() if at + _REMEMBERED < now]:
                del self._lost[key]


def _is_same(one: "Caller", other: "Caller") -> bool:
    """Tells whether a session of one goes on for the other."""
    return (one.principal, one.author) == (other.principal, other.author)
