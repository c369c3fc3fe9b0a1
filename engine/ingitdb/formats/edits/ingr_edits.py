"""Edits of INGR files: other lines for the values that edits are about, the count kept right.

A comment behind a value stays; one in its place moves behind the value that is put there. A
delimiter directly after a record goes with it, after the last record the one before it; blank
lines and hidden records stay. A hash at the end that was right is worked out anew.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ingitdb.formats.edits.changed_values import same
from ingitdb.formats.edits.ingr_places import Header, Places, delimiters
from ingitdb.formats.edits.json_changes import ValueChanges
from ingitdb.formats.edits.json_spelling import Speller
from ingitdb.formats.edits.splices import Change, spliced
from ingitdb.formats.edits.text_bytes import Encoding, decoded, encoded, encoding_for
from ingitdb.formats.headers import column_names
from ingitdb.formats.ingr import KEY, Ingr
from ingitdb.model.edits import Edit, EditFault, Insert, Put, Remove
from ingitdb.model.records import DEFAULT_OPTIONS, Document, ReadOptions, Value

_TABLE = "records"
_COMPACT = b'{"":[0,0],"":0}'
_NO_NAME = re.compile(r"[,:|\x00-\x1f\x7f\x85\u2028\u2029]|\A\s|\s\Z|\A\Z|\A\$ID\Z")
"""What the header cannot call a table."""
_BREAKS = re.compile("[\x85\u2028\u2029]")


class IngrEditor:
    """Edits INGR files."""

    def edit(
        self, data: bytes, edits: Sequence[Edit], options: ReadOptions = DEFAULT_OPTIONS
    ) -> bytes:
        """Gives a file with some edits; without edits the same bytes.

        Raises:
            FormatFault: The file cannot be read.
            EditFault: An edit cannot be made.
        """
        if not edits:
            return data
        text, encoding = decoded(data, options.encoding)
        document = Ingr().read(data, options)
        if document.kind == "empty":
            raise EditFault("The file is empty: it has no header.")
        return _File(text, document, encoding).edited(edits)

    def write(
        self,
        value: Value,
        options: ReadOptions = DEFAULT_OPTIONS,
        *,
        like: bytes | None = None,
        table: str = "",
    ) -> bytes:
        """Gives a new file that holds a list of maps; what a map lacks is null.

        Columns stand in the order of `like`, else `$ID` first, then as they come up. Without
        `like` the header names the table; it says `records` if it cannot.

        Raises:
            FormatFault: `like` cannot be read.
            EditFault: The format cannot say the value.
        """
        if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
            raise EditFault("A table is a list of maps.")
        if like is None or not like.strip():
            return _begun(table, value, encoding_for(options.encoding))
        text, encoding = decoded(like, options.encoding)
        document = Ingr().read(like, options)
        if document.kind == "empty":
            return _begun(table, value, encoding)
        return _File(text, document, encoding).like(value)


class _File:
    """A text that has been read, and what it becomes."""

    def __init__(self, text: str, document: Document, encoding: Encoding) -> None:
        self._text = text
        self._rows: Sequence[dict[str, Any]] = document.value
        self._columns = document.columns
        self._encoding = encoding
        self._places = Places(text, len(document.columns), document.lines)
        self._speller = _speller(self._places.values().encode(), encoding)
        self._end = self._places.line_end(0)

    def edited(self, edits: Sequence[Edit]) -> bytes:
        """Gives the file with some edits."""
        changes: list[Change[str]] = []
        added: list[tuple[int, Value]] = []
        removed: set[int] = set()
        cells: dict[tuple[int, str], list[Edit]] = {}
        for edit in edits:
            row = self._row_of(edit)
            if len(edit.place) > 1:
                cells.setdefault((row, self._column(edit.place[1])), []).append(edit)
            elif isinstance(edit, Insert):
                added.append((row, edit.value))
            elif isinstance(edit, Remove):
                removed.add(row)
            else:
                for name, value in self._row(edit.value).items():
                    cells[row, name] = [Put(place=(row, name), value=value)]
        self._check_keys(added, removed, cells)
        for (row, name), found in cells.items():
            changes += self._changed(row, name, found)
        changes += self._removals({self._places.shown[row] for row in removed})
        changes += self._additions(added, removed)
        changes += self._count(len(added) - len(removed))
        return self._written(spliced(self._text, changes))

    def like(self, rows: Sequence[Mapping[str, Any]]) -> bytes:
        """Gives a file of other rows in the same style."""
        places = self._places
        columns = _columns(rows, self._columns)
        if KEY in columns:
            _check_unique([row.get(KEY) for row in rows])
        head = places.line(0)
        if columns != list(self._columns):
            head = _header(places.header(), columns)
        found = delimiters(places)
        delimiter = places.line(found[0]) + self._end if found else ""
        texts = [self._record(columns, row) for row in rows]
        is_after = bool(found) and places.follower(places.items[-1]) is not None
        body = delimiter.join(texts) + (delimiter if texts and is_after else "")
        footer = places.footer_for(len(rows)) + places.line_end(places.footer)
        text = f"{head}{self._end}{body}{footer}"
        digest = places.digest()
        if digest is not None and self._is_right(digest.start):
            label = self._text[self._text.rindex("#", 0, digest.start) : digest.start]
            text += label + self._hash(text) + self._text[digest.end :]
        return encoded(text, self._encoding)

    def _row_of(self, edit: Edit) -> int:
        if not edit.place:
            raise EditFault("A table cannot be replaced as a whole.")
        row = edit.place[0]
        is_new = isinstance(edit, Insert) and len(edit.place) == 1
        if not isinstance(row, int) or not 0 <= row < len(self._rows) + is_new:
            raise EditFault(f"A table of {len(self._rows)} rows has no row {row!r}.")
        return row

    def _column(self, name: Any) -> str:
        if name not in self._columns:
            message = f"The header names no column {name!r}; it must be added to the table first."
            raise EditFault(message)
        return str(name)

    def _row(self, value: Value) -> dict[str, Value]:
        if not isinstance(value, dict):
            raise EditFault("A row is a map of its columns.")
        for name in value:
            self._column(name)
        return {name: value.get(name) for name in self._columns}

    def _check_keys(
        self,
        added: Sequence[tuple[int, Value]],
        removed: set[int],
        cells: Mapping[tuple[int, str], Sequence[Edit]],
    ) -> None:
        if KEY not in self._columns:
            return
        keys = {row: value[KEY] for row, value in enumerate(self._rows) if row not in removed}
        for (row, name), edits in cells.items():
            if name == KEY and isinstance(edits[0], Put) and len(edits[0].place) == 2:
                keys[row] = edits[0].value
        _check_unique([*keys.values(), *(self._row(value)[KEY] for _, value in added)])

    def _changed(self, row: int, name: str, edits: Sequence[Edit]) -> list[Change[str]]:
        places = self._places
        position = self._columns.index(name)
        item = places.items[places.shown[row]]
        line = item.first + position + 1
        start, end, is_comment = places.spots(item)[position]
        first = edits[0]
        if len(first.place) == 2:
            if not isinstance(first, Put):
                what = "is there already" if isinstance(first, Insert) else "cannot be left out"
                raise EditFault(f"A record has all its values: {name!r} {what}.", line=line)
            if same(self._rows[row][name], first.value):
                return []
        source = self._text[start:end]
        if is_comment:
            return [(start, start, self._uncommented(first, name, line, source))]
        cell = source.encode()
        try:
            found = ValueChanges(cell, self._speller, outer=2).of(0, len(cell), edits)
            made = spliced(cell, [*found]).decode()
        except EditFault as fault:
            raise EditFault(fault.message, line=line) from None
        return [(start, end, self._safe(made))]

    def _uncommented(self, edit: Edit, name: str, line: int, source: str) -> str:
        if not isinstance(edit, Put) or len(edit.place) > 2:
            raise EditFault(f"The value {name!r} is commented out.", line=line)
        return self._value(edit.value) + (" " if source else "")

    def _removals(self, removed: set[int]) -> list[Change[str]]:
        """Cuts records out, each with the delimiter after it; the last ones with that before."""
        places = self._places
        cut: set[int] = set()
        for index in removed:
            item = places.items[index]
            cut.update(range(item.first, item.following))
            follower = places.follower(item)
            if follower is not None:
                cut.add(follower)
        last = len(places.items) - 1
        if last in removed and places.follower(places.items[last]) is None:
            while last - 1 in removed:
                last -= 1
            leader = places.leader(last)
            if leader is not None:
                cut.add(leader)
        spans = (places.lines[index] for index in sorted(cut))
        return [(line.start, line.end, "") for line in spans]

    def _additions(
        self, added: Sequence[tuple[int, Value]], removed: set[int]
    ) -> list[Change[str]]:
        found = []
        for row, value in sorted(added, key=lambda each: each[0]):
            at = row
            while at in removed:
                at += 1
            found.append(self._added(at, self._row(value)))
        return found

    def _added(self, row: int, value: Mapping[str, Any]) -> Change[str]:
        """Adds a record before a row, or after the last of all, with a delimiter as others have."""
        places = self._places
        record = self._record(self._columns, value)
        if row < len(places.shown):
            index = places.shown[row]
            start = places.lines[places.items[index].first].start
            follower = places.follower(places.items[max(index - 1, 0)])
            return start, start, record + self._delimiter(follower)
        if not places.items:
            start = places.lines[places.footer].start
            return start, start, record
        last = places.items[-1]
        follower = places.follower(last)
        start = places.lines[last.following if follower is None else follower + 1].start
        if follower is None:
            return start, start, self._delimiter(places.leader(len(places.items) - 1)) + record
        return start, start, record + self._delimiter(follower)

    def _delimiter(self, index: int | None) -> str:
        return "" if index is None else self._places.line(index) + self._end

    def _record(self, columns: Sequence[str], value: Mapping[str, Any]) -> str:
        return "".join(self._value(value.get(name)) + self._end for name in columns)

    def _value(self, value: Value) -> str:
        return self._safe(self._speller.value(value, depth=0))

    def _safe(self, text: str) -> str:
        """Escapes what some programs take for line ends, unless the file has it as it is."""
        if _BREAKS.search(self._text):
            return text
        return _BREAKS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)

    def _count(self, more: int) -> list[Change[str]]:
        if not more:
            return []
        line = self._places.lines[self._places.footer]
        return [(line.start, line.stop, self._places.footer_for(self._places.count() + more))]

    def _written(self, text: str) -> bytes:
        """Gives the bytes of a new text, with a right hash if the old one was right."""
        digest = self._places.digest()
        if digest is None or not self._is_right(digest.start):
            return encoded(text, self._encoding)
        start = len(text) - (len(self._text) - digest.start)
        before = text[: text.rindex("#", 0, start)]
        text = text[:start] + self._hash(before) + text[start + digest.end - digest.start :]
        return encoded(text, self._encoding)

    def _is_right(self, start: int) -> bool:
        before = self._text[: self._text.rindex("#", 0, start)]
        return self._text[start : start + 64].lower() == self._hash(before)

    def _hash(self, text: str) -> str:
        return hashlib.sha256(encoded(text, self._encoding)).hexdigest()


def _speller(values: bytes, encoding: Encoding) -> Speller:
    """Gives what writes values on a line each; maps and lists have no blanks if none are there."""
    has_containers = b"{" in values or b"[" in values
    return Speller(values if has_containers else values + b"\n" + _COMPACT, encoding, one_line=True)


def _begun(table: str, rows: Sequence[Mapping[str, Any]], encoding: Encoding) -> bytes:
    """Gives a file without a model."""
    columns = _columns(rows, (KEY,))
    title = _TABLE if _NO_NAME.search(table) else table
    header = _header(Header(f"# INGR.io | {title}:", (" ", " ")), columns)
    text = f"{header}\n# 0 records\n"
    read = Document(kind="rows", value=[], lines=[], columns=columns)
    return _File(text, read, encoding).like(rows)


def _columns(rows: Sequence[Mapping[str, Any]], known: Sequence[str]) -> list[str]:
    """Gives the columns of a new file; without rows they are those that are known."""
    keys = list(dict.fromkeys(key for row in rows for key in row))
    columns = [name for name in known if name in keys or not rows]
    columns += [key for key in keys if key not in known]
    if not columns:
        raise EditFault("A table without columns is no file.")
    return columns


def _header(like: Header, columns: Sequence[str]) -> str:
    """Gives a header for other columns; those that were there keep their types."""
    for name in columns:
        if not name or name != name.strip() or re.search(r"[,:\n\r]", name):
            raise EditFault(f"The header cannot name a column {name!r}.")
    if list(column_names(columns)) != list(columns):
        raise EditFault("A column must have a name.")
    first, *others = like.parts
    blank = first[: len(first) - len(first.lstrip())]
    glue = others[0][: len(others[0]) - len(others[0].lstrip())] if others else " "
    return f"{like.before}{blank}" + f",{glue}".join(like.part(name) or name for name in columns)


def _check_unique(keys: Iterable[Value]) -> None:
    """Finds records without a key and keys that would stand twice."""
    seen: set[str] = set()
    for key in keys:
        if key is None:
            raise EditFault(f"A record must have a {KEY}.")
        if str(key) in seen:
            raise EditFault(f"The {KEY} {key!r} would stand twice.")
        seen.add(str(key))
