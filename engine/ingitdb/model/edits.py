"""Edits of a file's contents: where they lie in the file as it was read, and what is there then."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from ingitdb.model.records import DEFAULT_OPTIONS, ReadOptions, Value

Step: TypeAlias = str | int
Place: TypeAlias = tuple[Step, ...]
"""The way from a document's value to one inside it: keys of maps, positions in lists from 0.

The rows of a table are a list of maps; the empty place is the whole document.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """Another value at a place where one is."""

    place: Place
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Insert:
    """A value where none is: the place's last step is a new key of a map, or a position in a list.

    In a list it comes before the item that was read at that position, or last if that is the
    length of the list. What several edits insert at one position stands in the order of the edits.
    """

    place: Place
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Remove:
    """Nothing more at a place where a value is: an entry of a map or an item of a list goes."""

    place: Place


Edit: TypeAlias = Put | Insert | Remove
"""All edits of a file are made at once: the places of each are those of the file as it was read.

No edit lies below the place of another, and of those at one place but one is no insertion.
"""


class EditFault(Exception):
    """Raised by an editor that cannot make an edit; it becomes an error before a user sees it."""

    def __init__(self, message: str, *, line: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


class Editor(Protocol):
    """Changes the text of files of one format so that as many bytes stay as can.

    Values are None, bool, int, float, Decimal, str, Spelled (whose text is written as it stands),
    lists and maps of these; date, time and datetime where the format has them itself. Cells of
    delimited files are texts, or None for an empty one.
    """

    def edit(
        self, data: bytes, edits: Sequence[Edit], options: ReadOptions = DEFAULT_OPTIONS
    ) -> bytes:
        """Gives the file with some edits; without edits the same bytes.

        Raises:
            FormatFault: The file cannot be read.
            EditFault: An edit cannot be made.
        """
        ...

    def write(
        self,
        value: Value,
        options: ReadOptions = DEFAULT_OPTIONS,
        *,
        like: bytes | None = None,
        table: str = "",
    ) -> bytes:
        """Gives a new file that holds a value.

        Args:
            value: A map, or a list.
            options: How the file will be read.
            like: Another file, whose style is taken: indentation, quoting, line ends, the order
                of keys, what stands before and after.
            table: The name of the table whose records it holds, for formats that say it.

        Raises:
            EditFault: The format cannot say the value.
        """
        ...
