"""Checks passwords: every check costs the same, few run at once, wrong ones run out of turns."""

import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from threading import BoundedSemaphore, Lock

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

_AT_ONCE = 4
"""So many checks run side by side; each takes 64 MiB."""
_KEPT = 60.0
"""Seconds for which a right password is known without another check."""
_MOST_KEPT = 10_000
_HASHER = PasswordHasher()


def hashed(password: str) -> str:
    """Gives the argon2id hash of a password, as the users file takes it."""
    return _HASHER.hash(password)


def is_hash(text: str) -> bool:
    """Tells whether a text is an argon2 hash."""
    try:
        _HASHER.check_needs_rehash(text)
    except InvalidHashError:
        return False
    return True


class Passwords:
    """Compares passwords with hashes; remembers the right ones for a short time, under a key."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._right: OrderedDict[bytes, float] = OrderedDict()
        self._lock = Lock()
        self._turns = BoundedSemaphore(_AT_ONCE)

    def known(self, stored: str, password: str) -> bool:
        """Tells whether a password was found right a short time ago."""
        mark = self._mark(stored, password)
        with self._lock:
            until = self._right.get(mark)
            return until is not None and until > self._clock()

    def matches(self, stored: str, password: str) -> bool:
        """Compares, at the full price."""
        with self._turns:
            try:
                _HASHER.verify(stored, password)
            except (VerifyMismatchError, VerificationError, InvalidHashError):
                return False
        mark = self._mark(stored, password)
        with self._lock:
            self._right[mark] = self._clock() + _KEPT
            self._right.move_to_end(mark)
            while len(self._right) > _MOST_KEPT:
                self._right.popitem(last=False)
        return True

    def _mark(self, stored: str, password: str) -> bytes:
        given = len(stored).to_bytes(4, "big") + stored.encode() + password.encode()
        return hmac.new(self._key, given, hashlib.sha256).digest()


class Patience:
    """Counts wrong attempts; each is forgiven after a while.

    Args:
        most: So many in a row are let through.
        pause: Seconds after which one is forgiven.
    """

    def __init__(
        self, most: int, pause: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._pause = pause
        self._clock = clock
        self._debts: OrderedDict[str, float] = OrderedDict()
        self._lock = Lock()

    def wait(self, name: str) -> float:
        """Gives the seconds until a name may try again; 0 if it may now."""
        with self._lock:
            owed = self._debts.get(name, 0.0) - self._clock()
            return max(0.0, owed - (self._most - 1) * self._pause)

    def blame(self, name: str) -> None:
        """Counts a wrong attempt."""
        with self._lock:
            now = self._clock()
            self._debts[name] = max(now, self._debts.get(name, now)) + self._pause
            self._debts.move_to_end(name)
            while len(self._debts) > _MOST_KEPT:
                self._debts.popitem(last=False)

    def forgive(self, name: str) -> None:
        """Forgets the wrong attempts of a name."""
        with self._lock:
            self._debts.pop(name, None)
