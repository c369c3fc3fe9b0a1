"""Files of many items, few of which are edited: the others are told apart by their bytes alone.

An edit is made among the items next to it, as if they were the file. What comes of it is cut at
its items, as the reader cuts it; those that an edit is about are read.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate
from typing import Any

from ingitdb.formats.edits.changed_values import applied, same
from ingitdb.formats.items_split import Items
from ingitdb.formats.text import encoding_of
from ingitdb.model.edits import Edit, EditFault, Editor, Insert, Remove, Step
from ingitdb.model.ports import Format
from ingitdb.model.records import Chunks, Document, FormatFault, ReadOptions

FEWEST_BYTES = 8192
"""Smaller files are read as a whole where that can be, by the reader too."""
_NEAR = 64
_NEAR_BYTES = 8192
"""Items on each side of an edit that show how its neighbours are written, and enough of them."""
_IN_WINDOWS = ("yaml", "csv", "tsv")
"""Formats whose editors look at all of a text; in the others they look for the place alone."""
_DELIMITED = ("csv", "tsv")


@dataclass(frozen=True, slots=True)
class Unread:
    """Stands for an item that cannot be read, as it does not for the reader of a table."""

    fault: FormatFault


def read_in_part(form: Format, data: bytes, options: ReadOptions) -> Document | None:
    """Reads what can be read of a list or of rows; None where the reader gives up the file."""
    chunks = form.split(data, options)
    if chunks is None or chunks.kind == "map":
        return None
    values: list[Any] = []
    lines: list[int] = []
    for chunk in chunks.items:
        try:
            values += form.read_chunk(chunk, chunks, options).value
        except FormatFault as fault:
            values.append(Unread(fault))
        lines.append(chunk.line)
    if len(values) != len(lines):
        return None
    return Document(kind=chunks.kind, value=values, lines=lines, columns=chunks.columns)


@dataclass(frozen=True)
class LongFile:
    """A file that has been read and can be cut at its items.

    Attributes:
        form: Its format.
        data: Its bytes.
        document: What it holds.
        options: How it is read.
        chunks: Its items as they stand.
    """

    form: Format
    data: bytes
    document: Document
    options: ReadOptions
    chunks: Chunks

    @classmethod
    def of(
        cls, form: Format, data: bytes, document: Document, options: ReadOptions
    ) -> "LongFile | None":
        """Gives a file as one of many items, or of which some are unread; None where it is not."""
        is_long = len(data) >= FEWEST_BYTES or _has_unread(document)
        chunks = form.split(data, options) if is_long else None
        if chunks is None or chunks.kind != document.kind:
            return None
        if len(chunks.items) != len(document.value):
            return None
        return cls(form, data, document, options, chunks)

    def edited(self, editor: Editor, edits: Sequence[Edit]) -> bytes | None:
        """Gives the file with some edits, made among the items near them; None if that is unsure.

        Raises:
            EditFault: An edit's place is not there.
        """
        starts = self._starts()
        if starts is None:
            return None
        parts, done = [], 0
        for (first, last), own in self._windows(edits, starts).items():
            made = self._window(editor, starts[first], starts[last], self._within(own, first))
            if made is None:
                return None
            parts += [self.data[done : starts[first]], made]
            done = starts[last]
        return b"".join([*parts, self.data[done:]]) if parts else None

    def is_meant(self, made: bytes, edits: Sequence[Edit]) -> bool:
        """Tells whether the items of a new text are the old ones with some edits.

        False may also mean that it cannot be told so.
        """
        new = self.form.split(made, self.options)
        if new is None or (new.kind, new.header) != (self.chunks.kind, self.chunks.header):
            return False
        value: Any = applied(self.document.value, edits)
        wanted = [{key: item} for key, item in value.items()] if self._is_map else value
        if len(wanted) != len(new.items):
            return False
        old_texts, texts = self._items.texts, Items.of(new.items).texts

        def is_read(at: int) -> bool:
            try:
                found = self.form.read_chunk(new.items[at], new, self.options).value
            except FormatFault:
                return False
            return same(found, wanted[at] if self._is_map else [wanted[at]])

        for old, at, count in self._runs(edits):
            if old is None:
                if not all(map(is_read, range(at, at + count))):
                    return False
            elif old_texts[old : old + count] != texts[at : at + count]:
                others = (n for n in range(count) if old_texts[old + n] != texts[at + n])
                if not all(is_read(at + n) for n in others):
                    return False
        return True

    def _runs(self, edits: Sequence[Edit]) -> Iterator[tuple[int | None, int, int]]:
        """Gives the items after some edits: from where, if they stay, to where, and how many."""
        below: dict[int, list[Edit]] = {}
        for edit in edits:
            below.setdefault(self._position(edit), []).append(edit)
        done = new = 0
        for at in sorted(below):
            yield done, new, at - done
            new += at - done
            done = at
            own = [edit for edit in below[at] if len(edit.place) == 1]
            come = sum(isinstance(edit, Insert) for edit in own)
            yield None, new, come
            new += come
            if come == len(below[at]):
                continue
            done += 1
            if not any(isinstance(edit, Remove) for edit in own):
                yield None, new, 1
                new += 1
        yield done, new, len(self._items) - done

    @property
    def _is_map(self) -> bool:
        return self.chunks.kind == "map"

    @cached_property
    def _items(self) -> Items:
        return Items.of(self.chunks.items)

    @cached_property
    def _keys(self) -> dict[Step, int]:
        return {key: at for at, key in enumerate(self.document.value)} if self._is_map else {}

    def _position(self, edit: Edit) -> int:
        """Gives the position of the item that an edit is about; that of a new entry is the last."""
        step = edit.place[0]
        if self._is_map:
            return self._keys.get(step, len(self._items))
        return step if isinstance(step, int) else len(self._items)

    def _within(self, edits: Sequence[Edit], first: int) -> list[Edit]:
        if self._is_map:
            return [*edits]
        return [
            replace(edit, place=(self._position(edit) - first, *edit.place[1:])) for edit in edits
        ]

    def _windows(
        self, edits: Sequence[Edit], starts: Sequence[int]
    ) -> Mapping[tuple[int, int], list[Edit]]:
        """Gives stretches of items with the edits in them, unless they are most of the file."""
        found: list[tuple[int, int, list[Edit]]] = []
        for edit in sorted(edits, key=self._position):
            first, last = _around(starts, self._position(edit))
            if found and first <= found[-1][1]:
                first, _, own = found.pop()
                own.append(edit)
                found.append((first, last, own))
            else:
                found.append((first, last, [edit]))
        size = sum(starts[last] - starts[first] for first, last, _ in found)
        is_few = 2 * size <= len(self.data)
        return {(first, last): own for first, last, own in found} if is_few else {}

    def _window(self, editor: Editor, start: int, end: int, edits: Sequence[Edit]) -> bytes | None:
        head, options = self._header(), self._own_options()
        try:
            made = editor.edit(head + self.data[start:end], edits, options)
        except (EditFault, FormatFault):
            return None
        is_open = end < len(self.data) and not made.endswith(b"\n")
        return None if is_open or not made.startswith(head) else made[len(head) :]

    def _header(self) -> bytes:
        """Gives the line of a delimited file that names the columns."""
        return self.chunks.header.partition(b"\n")[2]

    def _own_options(self) -> ReadOptions:
        """Gives options that say how a delimited file is written, so that a part of it reads so."""
        if self.form.name not in _DELIMITED:
            return self.options
        dialect = self.chunks.header.partition(b"\n")[0].decode()
        return replace(self.options, delimiter=dialect[0], quote=dialect[1:])

    def _starts(self) -> Sequence[int] | None:
        """Gives where the items begin, and the end; None where they do not follow each other."""
        if self.form.name not in _IN_WINDOWS or encoding_of(self.data) or self.options.encoding:
            return None
        if self.form.name in _DELIMITED and not self._own_options().quote:
            return None
        texts = self._items.texts
        lengths = [*map(len, texts)]
        head = self._header()
        first = len(self.data) - sum(lengths)
        if not texts or first < len(head):
            return None
        follows = self.data.startswith(head + texts[0], first - len(head))
        return [*accumulate(lengths, initial=first)] if follows else None


def _around(starts: Sequence[int], at: int) -> tuple[int, int]:
    """Gives the items around a position, no more than show how items are written."""
    end = len(starts) - 1
    first, last = max(at - 1, 0), min(at + 2, end)
    while first > 0 and at - first < _NEAR and starts[at] - starts[first] < _NEAR_BYTES:
        first -= 1
    while last < end and last - at < _NEAR and starts[last] - starts[at] < _NEAR_BYTES:
        last += 1
    return first, last


def _has_unread(document: Document) -> bool:
    return isinstance(document.value, list) and any(
        isinstance(item, Unread) for item in document.value
    )
