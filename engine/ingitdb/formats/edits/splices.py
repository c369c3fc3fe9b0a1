"""Changes of a text that are all made at once, by the offsets of the text as it was."""

from collections import deque
from collections.abc import Iterable
from itertools import pairwise
from typing import AnyStr, Generic, TypeAlias

from ingitdb.model.edits import EditFault

Change: TypeAlias = tuple[int, int, AnyStr]
"""What takes the place of the text between two offsets."""

_FIRST = (0,)
_LAST = (1_000,)
"""The rank of what takes the place of a part: what is added there stands before it."""


class Splices(Generic[AnyStr]):
    """Collects what is cut out of a text, added to it and put in the place of parts of it."""

    def __init__(self, text: AnyStr) -> None:
        self._text: AnyStr = text
        self._cuts: list[tuple[int, int]] = []
        self._puts: list[tuple[int, int]] = []
        self._kept: list[tuple[int, int]] = []
        self._added: list[tuple[int, tuple[int, ...], int, AnyStr]] = []

    def cut(self, start: int, end: int) -> None:
        """Takes a part away; parts that are cut may overlap."""
        if start < end:
            self._cuts.append((start, end))

    def add(self, offset: int, text: AnyStr, rank: tuple[int, ...] = _FIRST) -> None:
        """Adds a text; of those at one offset the lower rank stands first, then the earlier one."""
        if text:
            self._added.append((offset, rank, len(self._added), text))

    def put(self, start: int, end: int, text: AnyStr) -> None:
        """Puts a text in the place of a part; what is there already is left."""
        if start == end or not text:
            self.cut(start, end)
            self.add(start, text)
        elif self._text[start:end] != text:
            self._puts.append((start, end))
            self.add(start, text, _LAST)
        else:
            self._kept.append((start, end))

    def is_free(self, start: int, end: int) -> bool:
        """Tells whether nothing is cut out of a part or put in its place, not even the same."""
        taken = (*self._cuts, *self._puts, *self._kept)
        return all(end <= first or last <= start for first, last in taken)

    def made(self) -> AnyStr:
        """Gives the text with all changes.

        Raises:
            EditFault: Something else is changed where a text was put.
        """
        parts: list[AnyStr] = []
        at = 0
        marks = deque(sorted(self._added))
        for start, end in [*self._gone(), (len(self._text), len(self._text))]:
            while marks and marks[0][0] <= start:
                offset, _, _, text = marks.popleft()
                parts += [self._text[at:offset], text]
                at = offset
            parts.append(self._text[at:start])
            while marks and marks[0][0] < end:
                parts.append(marks.popleft()[3])
            at = end
        nothing: AnyStr = self._text[:0]
        return nothing.join(parts)

    def _gone(self) -> list[tuple[int, int]]:
        """Gives the parts that do not stay, in order and apart from each other."""
        found: list[tuple[int, int]] = []
        for start, end in sorted(self._cuts):
            if found and start < found[-1][1]:
                found[-1] = (found[-1][0], max(found[-1][1], end))
            else:
                found.append((start, end))
        found = sorted([*found, *self._puts])
        if any(following[0] < gone[1] for gone, following in pairwise(found)):
            raise EditFault("Two edits of the same lines cannot be made at once.")
        return found


def spliced(text: AnyStr, changes: Iterable[Change[AnyStr]]) -> AnyStr:
    """Gives a text with some changes; what is added at an offset stands before what changes there.

    Raises:
        EditFault: Two changes overlap.

    Example:
        >>> spliced("abc", [(1, 2, ""), (1, 1, "x"), (3, 3, "y")])
        'axcy'
    """
    splices = Splices(text)
    for start, end, new in changes:
        splices.put(start, end, new)
    return splices.made()
