"""Ends the program within a second of Ctrl-C, whatever it is doing.

Python's own handler runs only between two instructions of the main thread, which may sit in
DuckDB or wait for workers. A watching thread learns of the signal at once: it stops the running
statement, and ends the process if that has not helped in time.
"""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

_GRACE = 0.6


class Interrupts:
    """Watches for Ctrl-C while the program runs.

    Attributes:
        happened: Whether there was one.
    """

    def __init__(self, last_words: Callable[[], None], status: int) -> None:
        self.happened = False
        self._last_words = last_words
        self._status = status
        self._calls: list[Callable[[], None]] = []
        self._finished = threading.Event()
        self._reader, self._writer = -1, -1
        self._ours = False
        self._hook = sys.unraisablehook
        self._watching = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        self._ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if self._ours:
            signal.signal(signal.SIGINT, self._raise)
        self._watching.start()
        self._hook, sys.unraisablehook = sys.unraisablehook, self._unraisable
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._ours:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is done; let it end in peace
        self._finished.set()
        if self.happened:
            _end_children()
        self._calls.clear()
        sys.unraisablehook = self._hook
        signal.set_wakeup_fd(-1)
        os.close(self._writer)
        self._watching.join(_GRACE)  # it may be inside DuckDB, where no thread may end with us

    def on_interrupt(self, call: Callable[[], None]) -> Callable[[], None]:
        """Has something called at the signal; gives a function that takes it back."""
        self._calls.append(call)
        return lambda: self._calls.remove(call) if call in self._calls else None

    def _raise(self, _number: int, _frame: FrameType | None) -> None:
        self.happened = True
        raise KeyboardInterrupt

    def _unraisable(self, what: "sys.UnraisableHookArgs") -> None:
        """Passes over a KeyboardInterrupt that fell into a place where nothing can be raised."""
        if not isinstance(what.exc_value, KeyboardInterrupt):
            self._hook(what)

    def _watch(self) -> None:
        while data := os.read(self._reader, 64):
            if signal.SIGINT in data:
                self._stop()
        os.close(self._reader)

    def _stop(self) -> None:
        self.happened = True
        for call in reversed(self._calls):
            with contextlib.suppress(Exception):
                call()
        if self._finished.wait(_GRACE):
            return
        self._last_words()
        _end_children()
        os._exit(self._status)


def _end_children() -> None:
    """Ends processes that work for us, so that none outlives us or complains that we have gone."""
    ours = os.getpid()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            fields = (process / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
            if int(fields[1]) == ours:
                os.kill(int(process.name), signal.SIGTERM)
