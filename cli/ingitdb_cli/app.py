"""What every command works with: options, settings, the database, and the way out for rows."""

import os
import re
import sys
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ingitdb_cli.messages import Messages
from ingitdb_cli.options import GlobalOptions
from ingitdb_cli.progress import TerminalProgress

if TYPE_CHECKING:
    from ingitdb.api.configuration import Configuration
    from ingitdb.services.database import Database
    from ingitdb_cli.interrupts import Interrupts
    from ingitdb_cli.output.output import Output

_URL = re.compile(r"[a-z][a-z0-9+.-]+://|[^/@\s]+@[^/:\s]+:", re.IGNORECASE)
_KEY = "ingitdb_cli.app"


class App:
    """One run of the program. Nothing of the engine is loaded before it is asked for.

    Attributes:
        options: The global options.
        messages: The way to stderr.
        interrupts: The watch for Ctrl-C; None where the caller has its own.
    """

    def __init__(self, options: GlobalOptions, messages: Messages) -> None:
        self.options = options
        self.messages = messages
        self.interrupts: Interrupts | None = None
        self.overrides: dict[str, Any] = {}
        self._closing = ExitStack()

    @cached_property
    def progress(self) -> TerminalProgress:
        """The line that says how far long work has come."""
        shown = self.messages.on_terminal and not self.messages.quiet
        return TerminalProgress(enabled=shown)

    @cached_property
    def configuration(self) -> "Configuration":
        """All settings with their origins."""
        from ingitdb.api.configuration import configure

        found = configure(self.place, self.flags)
        for note in found.notes:
            self.messages.note(note)
        return found

    @property
    def flags(self) -> dict[str, Any]:
        """The settings that the user gave by options."""
        options = self.options
        return {
            "cache": options.cache,
            "strict": options.strict,
            "refresh": options.refresh,
            "format": options.format,
            **self.overrides,
        }

    @property
    def place(self) -> Path:
        """The folder that the user points at."""
        return Path(self.options.database or ".")

    @cached_property
    def output(self) -> "Output":
        """The way out for rows."""
        from ingitdb_cli.output.output import Output

        value = self.configuration.values["format"].value
        return Output(self, chosen=value)

    @cached_property
    def database(self) -> "Database":
        """The database, opened at first use and closed with the program.

        Raises:
            UsageError: The path is a URL or a bundle, which this version cannot open.
        """
        self._refuse_remote()
        settings = self.configuration.settings
        from ingitdb.services.database import Database

        return self._closing.enter_context(
            Database.open(
                self.place,
                settings,
                progress=self.progress,
                narrow=self.options.narrowed(),
            )
        )

    def close(self) -> None:
        """Closes what was opened."""
        if "progress" in self.__dict__:
            self.progress.clear()
        self._closing.close()

    def paging(self) -> bool:
        """Whether long tables go to a pager."""
        on_terminal = sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()
        return on_terminal and not self.options.no_pager and os.environ.get("TERM") != "dumb"

    def _refuse_remote(self) -> None:
        text = self.options.database or ""
        remote = _URL.match(text) is not None
        if remote or (text.endswith(".bundle") and Path(text).is_file()):
            from ingitdb.errors import UsageError

            what = "a URL" if remote else "a bundle"
            raise UsageError(
                f"{text} is {what}, which this version cannot open directly.",
                hint=f"git clone {text} DIR, then -C DIR",
            )


def bind(context: click.Context, app: App) -> None:
    """Makes a run known to all commands below a context."""
    context.meta[_KEY] = app


def app_of(context: click.Context) -> App:
    """Gives the run that a command belongs to; by now all its options are read."""
    found: App = context.meta[_KEY]
    found.messages.quiet = bool(found.options.quiet)
    return found
