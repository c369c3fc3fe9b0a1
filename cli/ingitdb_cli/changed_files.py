"""Looks, while a query runs, whether files differ from the commit that answers."""

from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ingitdb_cli.app import App

_PATIENCE = 1.0


class ChangedFiles:
    """A look at the work tree in the background, for people on a terminal only."""

    def __init__(self, app: "App") -> None:
        self._app = app
        self._count = 0
        wanted = app.output.on_terminal and app.messages.on_terminal and not app.options.at
        self._thread = Thread(target=self._look, daemon=True) if wanted else None
        if self._thread:
            self._thread.start()

    def say(self) -> None:
        """Says how many there are, unless it takes long to know."""
        if self._thread is None:
            return
        self._thread.join(_PATIENCE)
        if self._count:
            files = "1 file differs" if self._count == 1 else f"{self._count:,} files differ"
            self._app.messages.note(f"{files} from HEAD; --at WORKING")

    def _look(self) -> None:
        from ingitdb.errors import IngitdbError

        with suppress(IngitdbError, OSError):
            self._count = self._app.database.repository.modified_count()
