"""The items of a cut file, of which mostly the texts alone are looked at: the rest waits."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import overload

from ingitdb.model.records import Chunk


class Items(Sequence[Chunk]):
    """Chunks with their texts and lines side by side.

    Attributes:
        texts: The text of each.
    """

    def __init__(self, texts: Sequence[bytes], count_lines: Callable[[], Sequence[int]]) -> None:
        self.texts = texts
        self._count_lines = count_lines

    @classmethod
    def of(cls, chunks: Sequence[Chunk]) -> "Items":
        """Gives the items that chunks are."""
        if isinstance(chunks, Items):
            return chunks
        return cls([chunk.data for chunk in chunks], lambda: [chunk.line for chunk in chunks])

    @cached_property
    def lines(self) -> Sequence[int]:
        """The line of each, counted from 1."""
        return self._count_lines()

    def __len__(self) -> int:
        return len(self.texts)

    @overload
    def __getitem__(self, place: int) -> Chunk: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Chunk]: ...
    def __getitem__(self, place: int | slice) -> Chunk | Sequence[Chunk]:
        if isinstance(place, slice):
            return [self[at] for at in range(*place.indices(len(self)))]
        return Chunk(line=self.lines[place], data=self.texts[place])
