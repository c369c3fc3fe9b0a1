"""Changes of a text that are all made at once."""

from collections.abc import Iterable
from typing import TypeAlias

from ingitdb.model.edits import EditFault

Change: TypeAlias = tuple[int, int, str]
"""What takes the place of the text between two offsets."""


def changed(text: str, changes: Iterable[Change]) -> str:
    """Gives a text with some changes; what is added at an offset stands before what changes there.

    Raises:
        EditFault: Two changes overlap.

    Example:
        >>> changed("abc", [(1, 2, ""), (1, 1, "x"), (3, 3, "y")])
        'axcy'
    """
    parts, at = [], 0
    for start, end, new in sorted(changes, key=lambda change: change[:2]):
        if start < at:
            raise EditFault("A part of the file is changed twice.")
        parts += [text[at:start], new]
        at = end
    return "".join([*parts, text[at:]])
