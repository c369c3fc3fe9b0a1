"""Edits JSON Lines files: other lines for the rows that edits are about, all others as they are."""

import re
from collections.abc import Sequence

from ingitdb.formats.edits.json_changes import ValueChanges
from ingitdb.formats.edits.json_edits import BLANKS, span
from ingitdb.formats.edits.json_nodes import Container, container
from ingitdb.formats.edits.json_spelling import MOST_MODELS, Speller
from ingitdb.formats.edits.splices import spliced
from ingitdb.formats.edits.text_bytes import decoded, encoded, encoding_for
from ingitdb.formats.json_values import read_value
from ingitdb.formats.text import moved
from ingitdb.model.edits import Edit, EditFault, Insert, Put, Remove
from ingitdb.model.records import DEFAULT_OPTIONS, FormatFault, ReadOptions, Value

_LINE = re.compile(rb"[^\n]*\n|[^\n]+")
_END = re.compile(rb"\r?\n\Z")


class JsonLinesEditor:
    """Edits JSON Lines files.

    A new line has the blanks and the order of keys of those near it. Blank lines stay; a file whose
    last line has no end keeps it so. A line that is not JSON counts as a row and stays, too.
    """

    def edit(
        self, data: bytes, edits: Sequence[Edit], options: ReadOptions = DEFAULT_OPTIONS
    ) -> bytes:
        """Gives a file with some edits.

        Raises:
            FormatFault: A row that is to be edited cannot be read.
            EditFault: An edit cannot be made.
        """
        if not edits:
            return data
        text, encoding = decoded(data, options.encoding)
        raw = text.encode()
        rows = _Rows(raw, Speller(raw, encoding, one_line=True))
        if not all(edit.place for edit in edits):
            edits = _row_edits(edits, rows.count)
        return encoded(rows.edited(edits).decode(), encoding)

    def write(
        self,
        value: Value,
        options: ReadOptions = DEFAULT_OPTIONS,
        *,
        like: bytes | None = None,
        table: str = "",
    ) -> bytes:
        """Gives a new file that holds rows.

        Raises:
            FormatFault: The file whose style is to be taken is not text in its encoding.
            EditFault: The value is no list, or JSON cannot say it.
        """
        text, encoding = "", encoding_for(options.encoding)
        if like is not None:
            text, encoding = decoded(like, options.encoding)
        raw = text.encode()
        rows = _Rows(raw, Speller(raw, encoding, one_line=True))
        return encoded(rows.written(_list(value)).decode(), encoding)


class _Rows:
    """The lines of a text, those that are not blank numbered as rows."""

    def __init__(self, raw: bytes, speller: Speller) -> None:
        self._speller = speller
        self._lines: list[bytes] = _LINE.findall(raw)
        self._places = [at for at, line in enumerate(self._lines) if line.strip(BLANKS)]
        self._is_open = bool(self._lines) and not raw.endswith(b"\n")

    @property
    def count(self) -> int:
        """The number of rows."""
        return len(self._places)

    def edited(self, edits: Sequence[Edit]) -> bytes:
        """Gives the text after some edits, each of a row or of what lies in one."""
        new: dict[int, list[Insert]] = {}
        own: dict[int, list[Edit]] = {}
        for edit in edits:
            row = edit.place[0]
            is_new = isinstance(edit, Insert) and len(edit.place) == 1
            if not isinstance(row, int) or not 0 <= row < self.count + is_new:
                raise EditFault(f"A file of {self.count} rows has no row {row!r}.")
            if isinstance(edit, Insert) and is_new:
                new.setdefault(row, []).append(edit)
            else:
                own.setdefault(row, []).append(edit)
        texts: dict[int, list[bytes]] = {}
        for row, found in own.items():
            texts[self._places[row]] = self._changed(self._places[row], found)
        for row, come in new.items():
            at = self._places[row] if row < self.count else self._behind()
            old = texts.get(at, self._lines[at : at + 1])
            texts[at] = self._new(row, [edit.value for edit in come]) + old
        lines = [line for at, old in enumerate(self._lines) for line in texts.get(at, [old])]
        return self._joined(lines + texts.get(len(self._lines), []))

    def written(self, values: Sequence[Value]) -> bytes:
        """Gives a text of other rows in the same style."""
        return self._joined(self._new(0, values))

    def _changed(self, at: int, edits: Sequence[Edit]) -> list[bytes]:
        """Gives what a line becomes by edits of its row: a line, or none."""
        if any(isinstance(edit, Remove) and len(edit.place) == 1 for edit in edits):
            return []
        line = self._lines[at]
        start, end = span(line)
        try:
            read_value(line[start:end])
            changes = ValueChanges(line, self._speller, outer=1).of(start, end, edits)
            return [spliced(line, [*changes])]
        except FormatFault as fault:
            raise moved(fault, at) from None
        except EditFault as fault:
            raise EditFault(fault.message, line=at + 1) from None

    def _new(self, row: int, values: Sequence[Value]) -> list[bytes]:
        """Gives the lines of rows that come before one."""
        models = self._near(row)
        texts = [self._speller.value(value, depth=0, models=models) for value in values]
        return [text.encode() + self._end(row) for text in texts]

    def _near(self, row: int) -> list[Container]:
        """Gives the maps and lists in the rows before and at one, the nearest first."""
        around = range(max(row - MOST_MODELS, 0), min(row + MOST_MODELS, self.count))
        found: list[Container] = []
        for other in sorted(around, key=lambda other: abs(other + 1 - row)):
            line = self._lines[self._places[other]]
            start, end = span(line)
            try:
                read_value(line[start:end])
            except FormatFault:
                continue
            model = container(line, start, end)
            found += [model] if model else []
        return found[:MOST_MODELS]

    def _behind(self) -> int:
        """Gives the place of the line after the last row."""
        return self._places[-1] + 1 if self._places else len(self._lines)

    def _end(self, row: int) -> bytes:
        """Gives the line end of the row before one, or of the first line."""
        at = self._places[max(row - 1, 0)] if self._places else 0
        for line in (*self._lines[at : at + 1], *self._lines[:1]):
            if found := _END.search(line):
                return found[0]
        return b"\n"

    def _joined(self, lines: Sequence[bytes]) -> bytes:
        """Gives a text of lines: each has an end, the last as in the file."""
        ended = [line if line.endswith(b"\n") else line + self._end(0) for line in lines]
        if ended and self._is_open:
            ended[-1] = _END.sub(b"", ended[-1])
        return b"".join(ended)


def _row_edits(edits: Sequence[Edit], count: int) -> list[Edit]:
    """Gives the edits of rows that replace the whole document."""
    (edit, *others) = edits
    if others or not isinstance(edit, Put):
        raise EditFault("The whole document can only be replaced.")
    values = _list(edit.value)
    found: list[Edit] = [Put(place=(row,), value=value) for row, value in enumerate(values[:count])]
    found += [Insert(place=(count,), value=value) for value in values[count:]]
    return found + [Remove(place=(row,)) for row in range(len(values), count)]


def _list(value: Value) -> list[Value]:
    if not isinstance(value, list):
        raise EditFault("A file of JSON Lines holds a list.")
    return value
