"""What a file holds once it is read: values, and records with their places in the text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class Spelled:
    """A bool, int, float or datetime whose source text is not the canonical text of its value.

    `1.10`, `0x1F`, `+5` and `True` are spelled so; `1.1`, `31`, `5` and `true` are plain Python
    values. A column that widens to text shows `text`. Canonical is `str(value)` for an int,
    `repr(value)` for a float, `true` or `false` for a bool, `isoformat()` for a datetime.
    """

    value: bool | int | float | datetime
    text: str


Value: TypeAlias = (
    bool
    | int
    | float
    | str
    | bytes
    | Decimal
    | date
    | time
    | datetime
    | Spelled
    | list[Any]
    | dict[str, Any]
    | None
)
"""A value as a format reads it. Containers are plain lists and dicts with string keys."""

Severity: TypeAlias = Literal["error", "warning"]
DocumentKind: TypeAlias = Literal["map", "list", "rows", "empty", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """How a file is to be read where its definition says more than its name does.

    Attributes:
        content_field: The field that holds a Markdown body.
        delimiter: The cell delimiter of a CSV file; detected when None.
        quote: The quote character of a CSV file; detected when None.
        encoding: The text encoding; detected from a byte order mark, else UTF-8, when None.
        header: Whether the first row of a CSV file names the columns; without a header they
            are named `column0`, `column1` …
        typed_cells: Whether CSV cells are read as numbers, booleans and dates where they are
            spelled canonically; when False every cell is text.
        names: The columns of a file without a header, in order; applied to its records.
        missing_values: Texts of cells that stand for NULL beside the empty cell; applied to the
            records.
        cells: For columns of a CSV file whose cells are spelled in their own way, the texts that
            stand for NULL there and whether all others stay text; applied to the records.
    """

    content_field: str = "_content"
    delimiter: str | None = None
    quote: str | None = None
    encoding: str | None = None
    header: bool = True
    typed_cells: bool = True
    names: tuple[str, ...] = ()
    missing_values: tuple[str, ...] = ()
    cells: tuple[tuple[str, tuple[str, ...], bool], ...] = ()


DEFAULT_OPTIONS = ReadOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The contents of one file.

    Attributes:
        kind: `map` (a mapping), `list` (a sequence, also a multi-document YAML stream),
            `rows` (a table of uniform rows: CSV, JSON Lines, Parquet), `empty` (nothing but
            blanks and comments) or `other` (a scalar).
        value: A dict for `map`, a list for `list` and `rows`, None for `empty`.
        lines: For `map` the first line of each entry, for `list` and `rows` that of each item,
            counted from 1; empty for formats without lines.
        columns: For `rows` with a header, the column names in file order, else empty.
        front_matter: For Markdown, whether the file begins with front matter.
    """

    kind: DocumentKind
    value: Any
    lines: Sequence[int] = ()
    columns: Sequence[str] = ()
    front_matter: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """The text of one top-level item of a file that can be read on its own."""

    line: int
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunks:
    """A file cut at its top-level items.

    Attributes:
        kind: As in `Document`: the kind of the whole file.
        header: Bytes that belong to every item, such as a CSV header; equal chunks under equal
            headers hold equal items.
        items: The chunks in file order.
        columns: As in `Document`: the columns that the file names.
    """

    kind: DocumentKind
    header: bytes
    items: Sequence[Chunk]
    columns: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record as it stands in a file.

    Attributes:
        fields: Field names and values in source order.
        key: The key that lies outside the fields (a map key, a file name), or None.
        line: The record's first line, counted from 1; 0 where the format has no lines.
    """

    fields: Mapping[str, Value]
    key: str | None = None
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something in a file that could not be read, with the place where it stands.

    Attributes:
        path: The file's path inside the repository.
        line: Counted from 1; 0 where unknown.
        column: Counted from 1; 0 where unknown.
        message: One sentence without the path.
        severity: An `error` hides data; a `warning` does not.
    """

    path: str
    message: str
    line: int = 0
    column: int = 0
    severity: Severity = "error"

    def __str__(self) -> str:
        """Gives `path:line:column: message`, leaving out what is unknown."""
        place = ":".join([self.path, *(str(n) for n in (self.line, self.column) if n)])
        return f"{place}: {self.message}"


class FormatFault(Exception):
    """Raised by a format that cannot read a file; it becomes a Problem before a user sees it."""

    def __init__(
        self, message: str, *, line: int = 0, column: int = 0, severity: Severity = "error"
    ) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column
        self.severity = severity

    def at(self, path: str) -> Problem:
        """Places the fault in a file."""
        return Problem(
            path=path,
            message=self.message,
            line=self.line,
            column=self.column,
            severity=self.severity,
        )
