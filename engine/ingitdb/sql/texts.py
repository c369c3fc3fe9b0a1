"""A statement with the script it stands in, and errors that point at a place of it.

Offsets are indexes into the Python string (code points), never bytes.
"""

import unicodedata
from dataclasses import dataclass

from ingitdb.errors import IngitdbError, StatementInvalid, StatementRefused

_EXCERPT_WIDTH = 100


def display_width(text: str) -> int:
    """Gives the number of terminal cells that a text fills."""
    cells = 0
    for character in text:
        if unicodedata.combining(character):
            continue
        cells += 2 if unicodedata.east_asian_width(character) in "WF" else 1
    return cells


def excerpt(script: str, start: int, end: int) -> str:
    r"""Shows the line of a place with carets under it.

    Example:
        >>> print(excerpt("SELECT 1,\n  FRM t", 12, 15))
        line 2, column 3:
          FRM t
          ^^^
    """
    start = max(0, min(start, len(script)))
    line_start = script.rfind("\n", 0, start) + 1
    line_end = script.find("\n", start)
    line_end = len(script) if line_end < 0 else line_end
    number = script.count("\n", 0, start) + 1
    column = start - line_start + 1
    shown_from = max(line_start, start - _EXCERPT_WIDTH // 2)
    shown_to = min(line_end, max(start, shown_from + _EXCERPT_WIDTH))
    before = script[shown_from:start]
    lead = "…" if shown_from > line_start else ""
    tail = "…" if shown_to < line_end else ""
    line = lead + script[shown_from:shown_to].replace("\t", " ").rstrip("\r") + tail
    width = max(1, display_width(script[start : min(end, shown_to)].rstrip()))
    indent = " " * display_width(lead + before)
    return f"line {number}, column {column}:\n{line}\n{indent}{'^' * width}"


@dataclass(frozen=True, slots=True)
class Text:
    """One statement, and where it stands in the script that the user typed.

    Attributes:
        text: The statement.
        script: All that the user typed.
        offset: Where `text` begins in `script`.
    """

    text: str
    script: str
    offset: int = 0

    def describe(self, message: str, start: int, end: int) -> str:
        """Puts an excerpt of the script below a message; places count from the statement."""
        return f"{message}\n{excerpt(self.script, self.offset + start, self.offset + end)}"

    def invalid(self, message: str, start: int, end: int, hint: str | None = None) -> IngitdbError:
        """Makes the error for a statement that cannot be understood."""
        return StatementInvalid(self.describe(message, start, end), hint=hint)

    def refused(self, message: str, start: int, end: int, hint: str | None = None) -> IngitdbError:
        """Makes the error for a statement that asks for what queries may not do."""
        return StatementRefused(self.describe(message, start, end), hint=hint)


def as_text(statement: "str | Text") -> Text:
    """Takes a statement that stands alone for its own script."""
    return statement if isinstance(statement, Text) else Text(statement, statement)
