"""Sends rows where the user wants them, in the form that fits the place."""

import itertools
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ingitdb.errors import IngitdbError, UsageError
from ingitdb_cli.output import formats
from ingitdb_cli.output.pager import Pager, pager_command, terminal_size
from ingitdb_cli.output.rows import Rows
from ingitdb_cli.output.table import Table
from ingitdb_cli.output.target import write_file, write_stdout
from ingitdb_cli.statuses import STATUS_BY_CODE, Status

if TYPE_CHECKING:
    from ingitdb_cli.app import App

_BATCH = 256


def _nothing() -> None:
    """Stands for a way to stop what cannot be stopped."""


class Output:
    """The way out for rows.

    Attributes:
        format: The chosen output format.
        count: How many rows have left.
    """

    def __init__(self, app: "App", *, chosen: str | None) -> None:
        self._app = app
        self._path = None if app.options.output in (None, "-") else Path(app.options.output or "")
        self.format = chosen if app.options.format or not self._path else None
        if self.format is None:
            self.format = formats.format_of(self._path) if self._path else self._usual(chosen)
        self.count = 0

    @property
    def on_terminal(self) -> bool:
        """Whether a person looks at the rows."""
        return self._path is None and sys.stdout.isatty()

    def rows(self, rows: Rows, stop: Callable[[], None] = _nothing) -> None:
        """Writes a result.

        Args:
            rows: The result.
            stop: Ends the statement that makes the rows.

        Raises:
            UsageError: The format does not fit the place.
            TargetFailed: The file cannot be written.
        """
        self._refuse_binary()
        rows = self._started(rows)
        if self.format == formats.TABLE:
            self._table(rows, stop)
        else:
            self._chunks(formats.writer(str(self.format))(rows))

    def records(
        self, columns: Sequence[tuple[str, Any]], records: Iterable[Sequence[object]]
    ) -> None:
        """Writes rows of Python values; the columns come with Arrow types."""
        schema = pa.schema(list(columns))

        def batches() -> Iterator[Any]:
            remaining = iter(records)
            while part := list(itertools.islice(remaining, _BATCH)):
                arrays = [
                    pa.array([record[i] for record in part], kind)
                    for i, (_, kind) in enumerate(columns)
                ]
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)

        named = [(name, None) for name, _ in columns]
        warn = self._app.messages.warning
        self.rows(Rows(columns=named, schema=schema, batches=batches(), warn=warn))

    def text(self, lines: Iterable[str]) -> None:
        """Writes lines that are no rows."""
        self._chunks(f"{line}\n".encode("utf-8", "replace") for line in lines)

    def _usual(self, chosen: str | None) -> str:
        return chosen or (formats.TABLE if sys.stdout.isatty() else formats.DEFAULT)

    def _refuse_binary(self) -> None:
        if self.format in formats.BINARY and self.on_terminal:
            raise UsageError(
                f"{self.format} is no text for a terminal.",
                hint=f"Add --output FILE.{self.format}, or send it into a pipe.",
            )

    def _started(self, rows: Rows) -> Rows:
        """Waits for the first batch, so that what fails at once writes nothing."""
        first = next(rows.batches, None)
        self._app.progress.clear()
        start = [] if first is None else [first]
        batches = self._counted(itertools.chain(start, rows.batches))
        return Rows(columns=rows.columns, schema=rows.schema, batches=batches, warn=rows.warn)

    def _counted(self, batches: Iterator[Any]) -> Iterator[Any]:
        for batch in batches:
            self.count += batch.num_rows
            yield batch

    def _chunks(self, chunks: Iterable[bytes]) -> None:
        if self._path is None:
            write_stdout(chunks)
        else:
            write_file(self._path, chunks)

    def _table(self, rows: Rows, stop: Callable[[], None]) -> None:
        if not self.on_terminal:
            self.text(Table(rows, columns=None).lines())
            return
        size = terminal_size(sys.stdout.fileno())
        table = Table(rows, columns=size.columns, styled=self._styled())
        lines = table.lines()
        head = list(itertools.islice(lines, max(size.lines - 2, 4)))
        more = next(lines, None)
        if more is None or not self._page(itertools.chain(head, [more], lines), stop):
            self.text(head if more is None else itertools.chain(head, [more], lines))
        note = table.note()
        if note:
            self._app.messages.note(note)

    def _styled(self) -> bool:
        return not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") != "dumb"

    def _page(self, lines: Iterable[str], stop: Callable[[], None]) -> bool:
        """Shows the lines in the user's pager; False where there is none."""
        command = pager_command(os.environ) if self._app.paging() else None
        if command is None:
            return False
        try:
            pager = Pager(command, os.environ)
        except OSError:
            return False
        finished = threading.Event()
        pager.on_end(lambda: None if finished.is_set() else stop())
        interrupts = self._app.interrupts
        forget = interrupts.on_interrupt(pager.end) if interrupts else _nothing
        try:
            pager.feed(_until(finished, lines))
        except IngitdbError as error:
            if not (pager.ended and STATUS_BY_CODE.get(error.code) == Status.INTERRUPTED):
                raise
        finally:
            finished.set()
            forget()
            pager.close()
        return True


def _until(finished: threading.Event, lines: Iterable[str]) -> Iterator[str]:
    yield from lines
    finished.set()
