"""Changes of a text that are all made at once, by the offsets of the text as it was."""

from collections import deque

_LAST = (1_000,)
"""The rank of what takes the place of a part: what is added there stands before it."""


class Splices:
    """Collects what is cut out of a text and what is added to it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._cuts: list[tuple[int, int]] = []
        self._added: list[tuple[int, tuple[int, ...], int, str]] = []

    def cut(self, start: int, end: int) -> None:
        """Takes a part away; parts may overlap."""
        if start < end:
            self._cuts.append((start, end))

    def add(self, offset: int, text: str, rank: tuple[int, ...] = (0,)) -> None:
        """Adds a text; of those at one offset the lower rank stands first, then the earlier one."""
        self._added.append((offset, rank, len(self._added), text))

    def put(self, start: int, end: int, text: str) -> None:
        """Puts a text in the place of a part; what is there already is left."""
        if self._text[start:end] != text:
            self.cut(start, end)
            self.add(start, text, _LAST)

    def made(self) -> str:
        """Gives the text with all changes."""
        parts: list[str] = []
        at = 0
        marks = deque(sorted(self._added))
        for start, end in [*_united(self._cuts), (len(self._text), len(self._text))]:
            while marks and marks[0][0] <= start:
                offset, _, _, text = marks.popleft()
                parts += [self._text[at:offset], text]
                at = offset
            parts.append(self._text[at:start])
            while marks and marks[0][0] < end:
                parts.append(marks.popleft()[3])
            at = end
        return "".join(parts)


def _united(cuts: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Gives parts that do not overlap, in order."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(cuts):
        if found and start < found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found
