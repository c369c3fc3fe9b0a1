"""Watches over what a write does: it can be stopped from another thread, or when its time is up."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, RLock, Timer
from typing import Protocol

from ingitdb.errors import Interrupted, LimitExceeded


class Interruptible(Protocol):
    """What runs and can be stopped: a connection of DuckDB, or a query of ours."""

    def interrupt(self) -> None:
        """Stops it; callable from another thread."""


class Watch:
    """The watch over the writes of one session."""

    def __init__(self) -> None:
        self._lock = RLock()  # a signal may come while its own thread holds it
        self._depth = 0
        self._is_stopped = False
        self._running: set[Interruptible] = set()

    @contextmanager
    def write(self) -> Iterator[None]:
        """Lets a write be stopped while the block runs; within another one it is a part of it."""
        with self._lock:
            if not self._depth:
                self._is_stopped = False
            self._depth += 1
        try:
            yield
        finally:
            with self._lock:
                self._depth -= 1

    def stop(self) -> None:
        """Stops the write that goes on, if one does; callable from another thread."""
        with self._lock:
            self._is_stopped = self._depth > 0
            for one in list(self._running):
                one.interrupt()

    def check(self) -> None:
        """Returns if the write may go on.

        Raises:
            Interrupted: It was stopped.
        """
        if self._is_stopped and self._depth:
            raise Interrupted("The statement was stopped.")

    @contextmanager
    def over(self, running: Interruptible, timeout: float | None = None) -> Iterator[None]:
        """Lets what runs in the block be stopped, also after so many seconds.

        Raises:
            Interrupted: It was stopped.
            LimitExceeded: It takes longer than the settings allow.
        """
        late = Event()

        def end() -> None:
            late.set()
            running.interrupt()

        timer = Timer(timeout, end) if timeout is not None else None
        with self._lock:
            self._running.add(running)
        try:
            self.check()
            if timer is not None:
                timer.daemon = True
                timer.start()
            yield
        except Exception:
            self._tell(timeout if late.is_set() else None)
            raise
        else:
            self._tell(timeout if late.is_set() else None)
        finally:
            if timer is not None:
                timer.cancel()
            with self._lock:
                self._running.discard(running)

    def _tell(self, exceeded: float | None) -> None:
        """Says why what ran was stopped; returns if it was not."""
        if exceeded is not None:
            raise LimitExceeded(
                f"The statement took longer than {exceeded} seconds.", hint="Raise timeout."
            ) from None
        self.check()
