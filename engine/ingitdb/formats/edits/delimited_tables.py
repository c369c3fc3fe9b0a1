"""A delimited text as a table: its rows, and the text that it becomes by edits of them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ingitdb.formats.dialects import Dialect
from ingitdb.formats.edits.delimited_cells import Cell, Line, cells, line_end, lines
from ingitdb.formats.edits.delimited_quoting import (
    Quoting,
    Spelling,
    cell_text,
    is_forced,
    spelling_of,
)
from ingitdb.formats.edits.splices import Change, spliced
from ingitdb.formats.headers import column_names
from ingitdb.formats.text import place
from ingitdb.model.edits import Edit, EditFault, Insert, Put, Remove
from ingitdb.model.records import FormatFault, ReadOptions, Value

_NEAR = 48
"""Rows of a stretch, the last one apart; all of them show the custom that holds in it."""


class Table:
    """The rows of a text; only those that are touched are cut into cells.

    Raises:
        FormatFault: The text cannot be read.

    Attributes:
        columns: What the header names; None without a header.
        header: The header's cells.
        end: The line end of the text's records, as the last one that has an end shows it.
        is_ended: Whether the last record has a line end.
    """

    def __init__(self, text: str, dialect: Dialect, options: ReadOptions) -> None:
        found = lines(text, dialect)
        ends = (line_end(text[line.stop : line.end]) for line in reversed(found))
        self.end = next(filter(None, ends), "\n")
        self.is_ended = text.endswith(("\r", "\n"))
        if not self.is_ended:
            text += self.end
            found[-1] = found[-1]._replace(end=len(text))
        self.text = text
        self.dialect = dialect
        self.header: list[Cell] = []
        self.columns: tuple[str, ...] | None = None
        self._body = found[0].start
        if options.header:
            self._body = found[0].end
            self.header = cells(text, found.pop(0), dialect)
            self.columns = column_names(cell.text for cell in self.header)
        self.rows: Sequence[Line] = found
        self._check_widths()
        self._widest = max([len(options.names), *(line.width for line in found)])
        self._places = {name: at for at, name in enumerate(self.columns or self._numbered())}
        self._usual = spelling_of(text, dialect)
        self._near: dict[int, Quoting] = {}

    def edited(self, edits: Sequence[Edit], *, careful: bool) -> str:
        """Gives the text with some edits.

        Raises:
            EditFault: An edit cannot be made.
        """
        maker = _Rows(self, self.spelling(careful=careful))
        changes: list[Change[str]] = []
        by_row: dict[int, list[Edit]] = {}
        for edit in edits:
            at = self._row_of(edit)
            if len(edit.place) > 1:
                by_row.setdefault(at, []).append(edit)
            elif isinstance(edit, Insert):
                changes.append(self._added(at, maker.new(at, edit.value)))
            elif isinstance(edit, Remove):
                changes.append((self.rows[at].start, self.rows[at].end, ""))
            else:
                changes.append(self._changed(at, maker.replaced(at, edit.value)))
        changes += [self._changed(at, maker.changed(at, each)) for at, each in by_row.items()]
        text = spliced(self.text, changes)
        return text if self.is_ended else text.removesuffix(line_end(text))

    def spelling(self, *, careful: bool) -> Spelling:
        """Gives the way in which cells are written; a careful one quotes each new text."""
        return Spelling(
            dialect=self.dialect, is_bare=self._usual.is_bare and not careful, is_careful=careful
        )

    def cells_of(self, at: int) -> list[Cell]:
        """Gives the cells of a row."""
        return cells(self.text, self.rows[at], self.dialect)

    def quoting(self, at: int) -> Quoting:
        """Gives the custom of quoting around a row; without rows it is the header's."""
        stretch = min(at, max(len(self.rows) - _NEAR, 0)) // _NEAR
        if stretch not in self._near:
            first = stretch * _NEAR
            last = first + (2 * _NEAR if first + 2 * _NEAR >= len(self.rows) else _NEAR)
            rows = [self.cells_of(row) for row in range(first, min(last, len(self.rows)))]
            self._near[stretch] = Quoting(rows or [self.header], self._usual)
        return self._near[stretch]

    def column(self, name: Any) -> int:
        """Gives the position of a column.

        Raises:
            EditFault: There is none of that name.
        """
        if name not in self._places:
            what = "The header names" if self.columns is not None else "The rows have"
            raise EditFault(f"{what} no column {name!r}; it must be added to the table first.")
        return self._places[name]

    def fault(self, at: int, message: str) -> EditFault:
        """Gives the fault of an edit of a row."""
        return EditFault(message, line=place(self.text, self.rows[at].start)[0])

    def _check_widths(self) -> None:
        width = len(self.columns or ())
        for at, row in enumerate(self.rows if width else ()):
            if row.width > width and any(cell.text for cell in self.cells_of(at)[width:]):
                message = f"The record has {row.width} cells, but the header names {width}."
                raise FormatFault(message, line=place(self.text, row.start)[0])

    def _numbered(self) -> Iterable[str]:
        return (f"column{position}" for position in range(self._widest))

    def _row_of(self, edit: Edit) -> int:
        if not 1 <= len(edit.place) <= 2:
            what = "holds nothing else" if edit.place else "cannot be replaced as a whole"
            raise EditFault(f"A {'cell' if edit.place else 'table'} {what}.")
        at = edit.place[0]
        most = len(self.rows) if isinstance(edit, Insert) and len(edit.place) == 1 else -1
        if not isinstance(at, int) or not 0 <= at < max(len(self.rows), most + 1):
            raise EditFault(f"A table of {len(self.rows)} rows has no row {at!r}.")
        return at

    def _added(self, at: int, line: str) -> Change[str]:
        """Adds a record before a row, or after the last one, with the line end of the one above."""
        if at < len(self.rows):
            offset = self.rows[at].start
        else:
            offset = self.rows[-1].end if self.rows else self._body
        above = self.rows[at - 1] if at else None
        end = self.text[above.stop : above.end] if above else line_end(self.text[: self._body])
        return offset, offset, line + (end or self.end)

    def _changed(self, at: int, line: str) -> Change[str]:
        return self.rows[at].start, self.rows[at].stop, line


class _Rows:
    """Writes rows of a table anew; what stays of them stays as it is written."""

    def __init__(self, table: Table, spelling: Spelling) -> None:
        self._table = table
        self._spelling = spelling

    def new(self, at: int, value: Value) -> str:
        """Gives a record that comes before a row: all columns, the empty ones too."""
        wanted = self._texts(value)
        table = self._table
        width = len(table.columns or ()) or table.rows[min(at, len(table.rows) - 1)].width
        texts = [wanted.get(position, "") for position in range(max([width - 1, *wanted]) + 1)]
        return self._spelling.line(self._new(at, *each) for each in enumerate(texts))

    def replaced(self, at: int, value: Value) -> str:
        """Gives a row with other cells; those that are not given are empty."""
        wanted = self._texts(value)
        old = self._table.cells_of(at)
        texts = [wanted.get(position, "") for position in range(max([len(old) - 1, *wanted]) + 1)]
        return self._spelling.line(
            self._put(at, position, old, text)
            if position < len(old)
            else self._new(at, position, text)
            for position, text in enumerate(texts)
        )

    def changed(self, at: int, edits: Iterable[Edit]) -> str:
        """Gives a row with some other cells.

        A record that is shorter than the header may get more cells or lose its last ones; one
        that has all of them keeps them all.
        """
        table = self._table
        old = table.cells_of(at)
        width = len(old) if table.columns is None else min(len(old), len(table.columns))
        written = {position: self._source(cell) for position, cell in enumerate(old)}
        for edit in edits:
            name = edit.place[1]
            position = table.column(name)
            if isinstance(edit, Insert) == (position < width):
                what = "has a cell" if position < width else "has no cell"
                raise table.fault(at, f"The row {what} {name!r}.")
            if isinstance(edit, Remove):
                if width == len(table.columns or ()):
                    message = f"A row of all columns cannot lack {name!r}; make the cell NULL."
                    raise table.fault(at, message)
                del written[position]
            elif isinstance(edit, Put):
                written[position] = self._put(at, position, old, cell_text(edit.value))
            else:
                written[position] = self._new(at, position, cell_text(edit.value))
        if not written or max(written) >= len(written):
            raise table.fault(at, "A row can only lack its last cells.")
        return self._spelling.line(written[position] for position in range(len(written)))

    def _texts(self, value: Value) -> Mapping[int, str]:
        if not isinstance(value, dict):
            raise EditFault("A row is a map of its columns.")
        return {self._table.column(name): cell_text(item) for name, item in value.items()}

    def _new(self, at: int, position: int, text: str) -> str:
        quoted = self._table.quoting(at).of_new(position, text)
        return self._spelling.spelled(text, quoted=quoted)

    def _put(self, at: int, position: int, row: Sequence[Cell], text: str) -> str:
        old = row[position]
        if text == old.text:
            return self._source(old)
        quoting = self._table.quoting(at)
        forced = is_forced(old, row, self._spelling)
        quoted = quoting.of_changed(position, old, text, forced=forced)
        return self._spelling.spelled(text, quoted=quoted)

    def _source(self, cell: Cell) -> str:
        return self._table.text[cell.start : cell.end]
