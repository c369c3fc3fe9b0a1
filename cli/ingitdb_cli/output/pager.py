"""Feeds a pager line by line; it may end at any time."""

import contextlib
import os
import shlex
import subprocess
import threading
from collections.abc import Callable, Iterable, Mapping

_DEFAULT = "less"
_LESS = "FRXK"


def pager_command(environment: Mapping[str, str]) -> list[str] | None:
    """Gives the user's pager; None where there is to be none."""
    chosen = environment.get("INGITDB_PAGER", environment.get("PAGER", _DEFAULT))
    try:
        command = shlex.split(chosen)
    except ValueError:
        return None
    return None if not command or command == ["cat"] else command


class Pager:
    """A running pager.

    Attributes:
        ended: Whether the user has left it.
    """

    def __init__(self, command: list[str], environment: Mapping[str, str]) -> None:
        """Starts it.

        Raises:
            OSError: There is no such program.
        """
        self._process = subprocess.Popen(  # noqa: S603 - the user's own pager
            command,
            stdin=subprocess.PIPE,
            env={"LESS": _LESS, "LV": "-c", **environment},
        )
        self._waiting: threading.Thread | None = None

    @property
    def ended(self) -> bool:
        """Whether the user has left it."""
        return self._process.poll() is not None

    def on_end(self, call: Callable[[], None]) -> None:
        """Calls once the user leaves, even while rows are still being computed."""

        def wait() -> None:
            self._process.wait()
            call()

        self._waiting = threading.Thread(target=wait, daemon=True)
        self._waiting.start()

    def feed(self, lines: Iterable[str]) -> None:
        """Hands the lines over until they or the user's patience end, then waits for the user."""
        stdin = self._process.stdin
        assert stdin is not None
        with contextlib.suppress(BrokenPipeError):
            for line in lines:
                stdin.write(line.encode("utf-8", "replace") + b"\n")
                stdin.flush()
                if self.ended:
                    break
        self.close()

    def end(self) -> None:
        """Ends the pager without asking."""
        self._process.terminate()

    def close(self) -> None:
        """Says that nothing more comes, and waits until the terminal is ours again."""
        stdin = self._process.stdin
        if stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                stdin.close()
        self._process.wait()
        if self._waiting is not None:
            self._waiting.join()


def terminal_size(descriptor: int) -> os.terminal_size:
    """Gives columns and lines of a terminal, 80 by 24 where it does not know."""
    try:
        size = os.get_terminal_size(descriptor)
    except OSError:
        size = os.terminal_size((0, 0))
    columns = int(os.environ.get("COLUMNS", 0) or 0) or size.columns
    return os.terminal_size((columns or 80, size.lines or 24))
