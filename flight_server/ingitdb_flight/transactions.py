"""The transactions that a client opened by Flight SQL's own action, and those it has lost."""

import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ingitdb_flight.refusals import NotFound

if TYPE_CHECKING:
    from ingitdb_flight.lanes import Lane

FAILED = (
    "The transaction is over: its COMMIT failed.\n"
    "ROLLBACK it, and begin again. (IGD-5008, SQLSTATE 25P02)"
)
CHANGED = (
    "The transaction was rolled back: its user has been given other roles, or another author.\n"
    "Begin it again. (IGD-5008, SQLSTATE 40001)"
)
_MOST_ENDED = 100
"""So many are remembered of which a client has yet to hear why they ended."""


def idle(seconds: float) -> str:
    """Says that nothing has happened for too long."""
    return (
        f"The transaction was rolled back: nothing happened in it for {seconds:g} seconds.\n"
        "Begin it again. (IGD-5008, SQLSTATE 25P03)"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """A transaction that ended without its client.

    Attributes:
        message: What the client is to be told.
        handle: What the client knows it by; empty for one that began as text.
    """

    message: str
    handle: bytes = b""


@dataclass(slots=True)
class Open:
    """A transaction that is open.

    Attributes:
        used_at: When something last happened in it, by the clock of `time.monotonic`.
        savepoints: Names by handles, in order.
    """

    lane: "Lane"
    used_at: float = field(default_factory=time.monotonic)
    savepoints: dict[bytes, str] = field(default_factory=dict)

    def save(self, name: str) -> bytes:
        """Sets a savepoint; gives its handle."""
        self.lane.savepoint("SAVEPOINT", name)
        key = secrets.token_bytes(16)
        self.savepoints[key] = name
        return key

    def end_savepoint(self, savepoint: bytes, *, is_kept: bool) -> None:
        """Releases a savepoint, or goes back to it."""
        verb = "RELEASE" if is_kept else "ROLLBACK TO"
        self.lane.savepoint(verb, self.savepoints[savepoint])
        later = list(self.savepoints)
        for key in later[later.index(savepoint) + (not is_kept) :]:
            del self.savepoints[key]


class Transactions:
    """Those of one session, by their handles.

    Attributes:
        broken: The one that ended without the client, which has not rolled it back since; what
            names no transaction may mean this one.

    Args:
        loss: The one that ended with the session before this one.
    """

    def __init__(self, loss: Loss | None = None) -> None:
        self.broken = loss.handle if loss else b""
        self._open: dict[bytes, Open] = {}
        self._ended = {loss.handle: loss.message} if loss and loss.handle else {}

    @property
    def handles(self) -> frozenset[bytes]:
        """The handles of those that are open."""
        return frozenset(self._open)

    @property
    def lanes(self) -> "list[Lane]":
        """Where they run."""
        return [found.lane for found in list(self._open.values())]

    def add(self, lane: "Lane") -> bytes:
        """Knows one that begins; gives its handle."""
        self.broken = b""
        key = secrets.token_bytes(16)
        self._open[key] = Open(lane)
        return key

    def find(self, key: bytes) -> Open:
        """Gives one that is open, in which something happens now.

        Raises:
            NotFound: There is none; why, if that is known.
        """
        found = self._open.get(key)
        if found is None:
            raise NotFound(
                self._ended.get(key)
                or "There is no such transaction: it has ended. (IGD-5008, SQLSTATE 25000)"
            )
        found.used_at = time.monotonic()
        if not found.lane.in_transaction:  # a COMMIT came as text: what follows is the next one
            found.lane.begin()
        return found

    def saved(self, savepoint: bytes) -> Open:
        """Gives the one that has a savepoint.

        Raises:
            NotFound: There is no such savepoint.
        """
        for found in self._open.values():
            if savepoint in found.savepoints:
                return found
        raise NotFound("There is no such savepoint. (IGD-5008, SQLSTATE 3B001)")

    def on(self, lane: "Lane") -> bytes:
        """Gives the handle of the one that runs there; empty if there is none."""
        return next((key for key, found in self._open.items() if found.lane is lane), b"")

    def move(self, before: "Lane", lane: "Lane") -> None:
        """Lets those that ran in one place run in another."""
        for found in self._open.values():
            if found.lane is before:
                found.lane = lane

    def end(self, key: bytes, why: str = "") -> None:
        """Forgets one; remembers why, where its client did not ask for that."""
        self._open.pop(key, None)
        if why:
            self._ended[key] = why
            if len(self._ended) > _MOST_ENDED:
                del self._ended[next(iter(self._ended))]

    def accept(self, key: bytes) -> None:
        """Knows that the client has rolled back one that had ended."""
        if key == self.broken:
            self.broken = b""

    def check(self, key: bytes) -> None:
        """Returns unless it is one that ended without the client.

        Raises:
            NotFound: It is.
        """
        if key and key == self.broken:
            raise NotFound(self._ended.get(key, FAILED))

    def idle(self, since: float) -> list[bytes]:
        """Gives those in which nothing has happened since then."""
        found = []
        for key, each in list(self._open.items()):
            if each.lane.is_busy:
                each.used_at = time.monotonic()
            elif each.used_at < since:
                found.append(key)
        return found

    def clear(self) -> None:
        """Forgets all."""
        self._open.clear()
