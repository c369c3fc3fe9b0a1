"""The way out for what is no rows: lines that are paged when they are many, and bytes."""

import itertools
import sys
from collections.abc import Callable, Iterable, Iterator

from ingitdb_cli.output.output import Output
from ingitdb_cli.output.pager import terminal_size

_AT_ONCE = 1 << 16


class Screen(Output):
    """Output that can page lines."""

    @property
    def is_styled(self) -> bool:
        """Whether there are colours."""
        return self.on_terminal and self._styled()

    def paged(self, lines: Iterable[str], stop: Callable[[], None]) -> None:
        """Writes lines, through the pager where they do not fit on the terminal.

        Args:
            lines: The lines.
            stop: Ends what makes them.
        """
        if not self.on_terminal:
            self.written(f"{line}\n".encode("utf-8", "replace") for line in lines)
            return
        remaining = iter(lines)
        height = terminal_size(sys.stdout.fileno()).lines - 1
        head = list(itertools.islice(remaining, max(height, 1)))
        self._app.progress.clear()
        more = next(remaining, None)
        rest = itertools.chain(head, [] if more is None else [more], remaining)
        if more is None or not self._page(rest, stop):
            self.text(rest)

    def written(self, chunks: Iterable[bytes]) -> None:
        """Writes bytes."""
        self._app.progress.clear()
        self._chunks(_gathered(chunks))


def _gathered(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Puts small pieces together, for each is written and flushed by itself."""
    found: list[bytes] = []
    size = 0
    for chunk in chunks:
        found.append(chunk)
        size += len(chunk)
        if size >= _AT_ONCE:
            yield b"".join(found)
            found, size = [], 0
    yield b"".join(found)
