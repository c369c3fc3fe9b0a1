"""How the cells of a delimited text are quoted, and how a new one among them is."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

from ingitdb.formats.dialects import Dialect
from ingitdb.formats.edits.delimited_cells import Cell
from ingitdb.model.edits import EditFault
from ingitdb.model.records import Value

Kind: TypeAlias = Literal["empty", "number", "text"]

_NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?\Z")
_BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spelling:
    """How cells are written.

    Attributes:
        dialect: The delimiter and the quotation mark.
        is_bare: Whether a mark inside a cell needs no quotes, as is the custom of files with tabs
            whose cells are never quoted: then readers that know no quotes read the same.
        is_careful: Whether each new text is quoted, needed or not.
    """

    dialect: Dialect
    is_bare: bool = False
    is_careful: bool = False

    def needs_quotes(self, text: str) -> bool:
        """Tells whether a cell reads as this text only in quotes."""
        delimiter, quote = self.dialect
        if delimiter in text or "\n" in text or "\r" in text:
            return True
        if not quote:
            return False
        if text[:1] in (quote, _BYTE_ORDER_MARK):
            return True
        return quote in text and not self.is_bare

    def spelled(self, text: str, *, quoted: bool) -> str:
        """Writes a cell.

        Raises:
            EditFault: No cell of the file can hold the text.
        """
        if "\0" in text:
            raise EditFault("A cell cannot hold a NUL character.")
        needed = self.needs_quotes(text)
        if needed and not self.dialect.quote:
            message = "The file quotes no cells, so that none can hold a delimiter or a line end."
            raise EditFault(message)
        if needed or (self.dialect.quote and (quoted or (self.is_careful and text))):
            quote = self.dialect.quote
            return f"{quote}{text.replace(quote, quote * 2)}{quote}"
        return text

    def line(self, written: Iterable[str]) -> str:
        """Joins written cells to a record; one that is a single empty cell needs quotes.

        Raises:
            EditFault: It would be a blank line, and the file quotes no cells.
        """
        line = self.dialect.delimiter.join(written)
        if not line and not self.dialect.quote:
            raise EditFault("A record of one empty cell would be a blank line.")
        return line or self.dialect.quote * 2


class Quoting:
    """What some records show of the custom of quoting: cells that would not need it are quoted.

    A new cell is quoted where all cells of its kind (numbers, other texts, empty ones) in its
    column are; if there are none, where all in other columns are, in the end all whatsoever. So
    files that quote everything, only texts or only some columns go on to do so.
    """

    def __init__(self, rows: Sequence[Sequence[Cell]], spelling: Spelling) -> None:
        self._shown = [
            (position, kind(cell.text), cell.is_quoted)
            for cells in rows
            for position, cell in enumerate(cells)
            if not is_forced(cell, cells, spelling)
        ]
        self._known: dict[tuple[int, Kind], bool] = {}

    def of_new(self, position: int, text: str) -> bool:
        """Tells whether a new cell of a column is quoted."""
        key = position, kind(text)
        if key not in self._known:
            self._known[key] = self._of_kind(*key)
        return self._known[key]

    def of_changed(self, position: int, old: Cell, text: str, *, forced: bool) -> bool:
        """Tells whether a cell is quoted that held another text.

        Quotes that were there stay, none come; two cases apart: quotes that the old text needed
        show no custom (then the neighbours do), and where only texts are quoted a number that
        becomes a text, or the other way round, changes its quotes too.
        """
        if forced:
            return self.of_new(position, text)
        if kind(old.text) != kind(text) and self._quotes_texts_only:
            shown = {q for _, each, q in self._shown if each == kind(text)}
            return shown == {True} if len(shown) == 1 else old.is_quoted
        return old.is_quoted

    def _of_kind(self, position: int, wanted: Kind) -> bool:
        alike = [quoted for at, each, quoted in self._shown if each == wanted and at == position]
        column = [quoted for at, each, quoted in self._shown if each != "empty" and at == position]
        anywhere = [quoted for _, each, quoted in self._shown if each == wanted]
        everything = [quoted for _, _, quoted in self._shown]
        order = [alike, anywhere, everything]
        if wanted != "empty":
            order.insert(1 if wanted == "number" else 2, column)
        return all(next(filter(None, order), [False]))

    @cached_property
    def _quotes_texts_only(self) -> bool:
        texts, numbers = (
            {quoted for _, each, quoted in self._shown if each == wanted}
            for wanted in ("text", "number")
        )
        return texts == {True} and numbers == {False}


def is_forced(cell: Cell, row: Sequence[Cell], spelling: Spelling) -> bool:
    """Tells whether a cell of a row has quotes that it needs, a lone empty one among them."""
    if not cell.is_quoted:
        return False
    return spelling.needs_quotes(cell.text) or (not cell.text and len(row) == 1)


def kind(text: str) -> Kind:
    """Tells what a cell holds, as programs see it that quote texts only."""
    if not text:
        return "empty"
    return "number" if _NUMBER.match(text) else "text"


def cell_text(value: Value) -> str:
    """Gives the text of a cell that holds a value.

    Raises:
        EditFault: The value is neither None nor a text with characters.
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        raise EditFault(f"A cell holds text, which a {type(value).__name__} is not.")
    if not value:
        raise EditFault("A cell with an empty text cannot be told from an empty cell (NULL).")
    return value


def spelling_of(text: str, dialect: Dialect) -> Spelling:
    """Gives the way in which a text writes its cells."""
    quote = re.escape(dialect.quote)
    is_bare = (
        bool(quote)
        and dialect.delimiter == "\t"
        and not re.search(rf"(?:\A|[\t\r\n]){quote}", text)
    )
    return Spelling(dialect=dialect, is_bare=is_bare)
