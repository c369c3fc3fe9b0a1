"""Watches the calls that wait for an answer: if the client has gone, the work is stopped."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread
from typing import Any

_PAUSE = 0.05
"""Seconds between two looks."""


class Watch:
    """One thread that looks at all calls in progress.

    A context is a pointer into a call: it is looked at under the lock that its handler needs to
    leave, never afterwards.
    """

    def __init__(self) -> None:
        self._calls: dict[int, tuple[Any, Callable[[], None]]] = {}
        self._lock = Lock()
        self._busy = Event()
        self._ended = False
        self._thread = Thread(target=self._look, name="watch", daemon=True)
        self._thread.start()

    @contextmanager
    def over(self, context: Any, stop: Callable[[], None]) -> Iterator[None]:
        """Calls `stop`, once, if the client of a call goes while the block runs."""
        key = id(context)
        with self._lock:
            self._calls[key] = (context, stop)
        if not self._busy.is_set():
            self._busy.set()
        try:
            yield
        finally:
            with self._lock:
                self._calls.pop(key, None)

    def close(self) -> None:
        """Ends the thread."""
        with self._lock:
            self._ended = True
            self._busy.set()
        self._thread.join()

    def _look(self) -> None:
        pause = Event()
        while self._busy.wait() and not self._ended:
            pause.wait(_PAUSE)
            with self._lock:
                gone = [key for key, (context, _) in self._calls.items() if context.is_cancelled()]
                stops = [self._calls.pop(key)[1] for key in gone]
                if not self._calls and not self._ended:
                    self._busy.clear()
            for stop in stops:
                stop()
