"""Says on stderr how far long work has come; short work passes in silence."""

import sys
import threading
import time

_SILENT = 1.0
_PACE = 0.1


class TerminalProgress:
    """A line that writes itself over; appears after a second and leaves nothing behind."""

    def __init__(self, *, enabled: bool) -> None:
        self._enabled = enabled
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._stage = ""
        self._stage_began = self._began
        self._stage_done = 0
        self._shown = 0.0
        self._visible = False

    def advance(self, stage: str, done: int, total: int) -> None:
        """Notes that `done` of `total` steps of a stage are finished."""
        if not self._enabled:
            return
        now = time.monotonic()
        with self._lock:
            if stage != self._stage:
                self._stage, self._stage_began, self._stage_done = stage, now, done
            if now - self._began < _SILENT or now - self._shown < _PACE:
                return
            self._shown = now
            self._write(self._line(done, total, now))

    def clear(self) -> None:
        """Takes the line away; the next long work begins its silence anew."""
        with self._lock:
            if self._visible:
                self._write("")
                self._visible = False
            self._began = time.monotonic()

    def _line(self, done: int, total: int, now: float) -> str:
        text = f"{self._stage}: {done:,} of {total:,}" if total else f"{self._stage}: {done:,}"
        gained, spent = done - self._stage_done, now - self._stage_began
        if done < total and gained > 0 and spent > 0.5:
            left = (total - done) * spent / gained
            text += f" · {_duration(left)} left"
        return text

    def _write(self, text: str) -> None:
        try:
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()
            self._visible = True
        except OSError:
            self._enabled = False


def _duration(seconds: float) -> str:
    whole = max(1, round(seconds))
    if whole < 100:
        return f"{whole} s"
    return f"{whole // 60} min" if whole < 7200 else f"{whole // 3600} h"
