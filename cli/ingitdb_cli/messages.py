"""What is said on stderr: errors, hints, warnings and notes, free of terminal controls."""

import sys

from ingitdb_cli.output.display import clean_message

_INTERRUPTED = "interrupted"


class Messages:
    """Speaks on stderr; never raises because nobody listens.

    Attributes:
        quiet: Whether only errors are said.
    """

    def __init__(self) -> None:
        self.quiet = False
        self._said: set[str] = set()

    @property
    def on_terminal(self) -> bool:
        """Whether a person reads along."""
        return sys.stderr is not None and sys.stderr.isatty()

    def error(self, text: str, hint: str | None = None) -> None:
        """Says what went wrong, and the way out."""
        self._say(f"error: {text}")
        if hint:
            self._say(f"hint: {hint}")

    def interrupted(self) -> None:
        """Says once that the user has ended the program, however many ways lead there."""
        if _INTERRUPTED not in self._said:
            self._said.add(_INTERRUPTED)
            self._say(_INTERRUPTED)

    def warning(self, text: str) -> None:
        """Says once what the result lacks."""
        self._once(f"warning: {text}")

    def note(self, text: str) -> None:
        """Says once what is good to know."""
        self._once(f"note: {text}")

    def line(self, text: str) -> None:
        """Says a line as it is."""
        if not self.quiet:
            self._say(text)

    def _once(self, text: str) -> None:
        if not self.quiet and text not in self._said:
            self._said.add(text)
            self._say(text)

    def _say(self, text: str) -> None:
        try:
            print(clean_message(text), file=sys.stderr, flush=True)
        except (OSError, ValueError, AttributeError):
            return  # stderr is closed or full; there is nobody to tell
