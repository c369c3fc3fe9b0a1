"""Edits of random tables in random styles: read back by Python's own reader, and taken back."""

import csv
import io
from dataclasses import dataclass
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ingitdb.formats.delimited import Csv
from ingitdb.formats.edits.editing import applied, edited, written
from ingitdb.formats.edits.text_bytes import Encoding, encoded
from ingitdb.model.edits import Edit, EditFault, Insert, Put, Remove
from ingitdb.model.records import FormatFault, ReadOptions

RELAXED = settings(max_examples=200, deadline=None, derandomize=True)
ENCODINGS = [
    Encoding(b"", "utf-8"),
    Encoding(b"\xef\xbb\xbf", "utf-8"),
    Encoding(b"\xff\xfe", "utf-16-le"),
    Encoding(b"\xfe\xff", "utf-16-be"),
]
words = st.sampled_from(["a", "b c", "ø", "x'y", " z ", "#", "n/a", "\u2028", "\x85", "\\"])
numbers = st.sampled_from(["1", "-2.5", "007", "1e5"])
hard = st.sampled_from(['q"', '"', "x,y", "a;b", "t\tt", "l\nl", "c\rc", "b\r\n", '""', "|", '","'])
given_texts = words | numbers | hard
given_cells = st.none() | given_texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table and how it is written."""

    columns: list[str]
    rows: list[list[str | None]]
    lines: list[str]
    end: str
    is_ended: bool
    delimiter: str
    quoting: str
    blank: bool
    encoding: Encoding

    @property
    def text(self) -> str:
        gap = self.end if self.blank else ""
        text = gap + "".join(line + self.end + gap for line in self.lines)
        return text if self.is_ended or self.blank else text.removesuffix(self.end)

    @property
    def data(self) -> bytes:
        return encoded(self.text, self.encoding)

    @property
    def options(self) -> ReadOptions:
        return ReadOptions(delimiter=self.delimiter, quote='"')

    def found(self, data: bytes) -> list[list[str]]:
        """Gives the records of a file as Python's reader sees them, the header left out."""
        text = data.removeprefix(self.encoding.mark).decode(self.encoding.codec)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=self.delimiter, strict=True)
        return [cells for cells in reader if cells][1:]


def line(cells: list[str | None], delimiter: str, quoting: str, chance: Any) -> str:
    """Writes a record."""
    written_cells = []
    for cell in (each or "" for each in cells):
        is_number = cell.replace(".", "").replace("-", "").replace("e", "").isdigit()
        quoted = {
            "needed": False,
            "all": True,
            "texts": bool(cell) and not is_number,
            "any": chance.random() < 0.5,
        }[quoting]
        quoted |= any(mark in cell for mark in (delimiter, '"', "\r", "\n"))
        written_cells.append('"' + cell.replace('"', '""') + '"' if quoted else cell)
    return delimiter.join(written_cells) or '""'


@st.composite
def tables(draw: Any, quotings: tuple[str, ...] = ("needed", "all", "texts", "any")) -> Table:
    columns = draw(st.lists(words | numbers | hard, min_size=1, max_size=4, unique=True))
    assume(not "".join(columns).isspace())
    width = len(columns)
    rows = draw(st.lists(st.lists(given_cells, min_size=width, max_size=width), max_size=6))
    quoting, delimiter = draw(st.sampled_from(quotings)), draw(st.sampled_from(",;\t|"))
    chance = draw(st.randoms(use_true_random=False))
    return Table(
        columns=columns,
        rows=rows,
        lines=[line(cells, delimiter, quoting, chance) for cells in [columns, *rows]],
        end=draw(st.sampled_from(["\n", "\r\n", "\r"])),
        is_ended=draw(st.booleans()),
        delimiter=delimiter,
        quoting=quoting,
        blank=draw(st.sampled_from([False, False, True])),
        encoding=draw(st.sampled_from(ENCODINGS)),
    )


@st.composite
def edits_of(draw: Any, table: Table) -> list[Edit]:
    """Draws edits of rows that do not contradict each other."""
    found: list[Edit] = []
    row_cells = st.fixed_dictionaries(dict.fromkeys(table.columns, given_cells))
    for at in range(len(table.rows)):
        what = draw(st.sampled_from(["stays", "stays", "cells", "row", "goes"]))
        if what == "goes":
            found.append(Remove(place=(at,)))
        elif what == "row":
            found.append(Put(place=(at,), value=draw(row_cells)))
        elif what == "cells":
            names = draw(st.lists(st.sampled_from(table.columns), unique=True))
            found += [Put(place=(at, name), value=draw(given_cells)) for name in names]
    places = draw(st.lists(st.integers(0, len(table.rows)), max_size=3))
    found += [Insert(place=(at,), value=draw(row_cells)) for at in places]
    return draw(st.permutations(found))


def read(table: Table) -> list[dict[str, str | None]]:
    return [dict(zip(table.columns, cells, strict=True)) for cells in table.rows]


def cells(rows: Any, columns: list[str]) -> list[list[str]]:
    return [[row[name] or "" for name in columns] for row in rows]


@RELAXED
@given(data=st.data(), table=tables())
def test_edits_read_back_as_they_were_meant(data: st.DataObject, table: Table) -> None:
    edits = data.draw(edits_of(table))
    made = edited("csv", table.data, edits, table.options)
    wanted = applied(read(table), edits)
    assert table.found(made) == cells(wanted, table.columns)
    text = made.removeprefix(table.encoding.mark).decode(table.encoding.codec)
    touched = {edit.place[0] for edit in edits if not isinstance(edit, Insert)}
    stay = [each for at, each in enumerate(table.lines[1:]) if at not in touched]
    position = len(table.lines[0])
    for each in stay:
        position = text.index(each, position) + len(each)
    assert text.endswith(table.end) == table.text.endswith(table.end)


@RELAXED
@given(data=st.data(), table=tables(("needed", "all", "texts")))
def test_rows_come_and_go(data: st.DataObject, table: Table) -> None:
    at = data.draw(st.integers(0, len(table.rows)))
    row = data.draw(st.fixed_dictionaries(dict.fromkeys(table.columns, given_cells)))
    made = edited("csv", table.data, [Insert(place=(at,), value=row)], table.options)
    assert edited("csv", made, [Remove(place=(at,))], table.options) == table.data


@RELAXED
@given(data=st.data(), table=tables(("needed", "all")))
def test_what_is_put_back_restores_the_bytes(data: st.DataObject, table: Table) -> None:
    assume(table.rows)
    at = data.draw(st.integers(0, len(table.rows) - 1))
    position = data.draw(st.integers(0, len(table.columns) - 1))
    others = [c for row, each in enumerate(table.rows) for c in each if row != at]
    assume(table.quoting == "needed" or any(c and is_easy(c) for c in others))
    swap(table, at, position, data.draw(given_cells))


@RELAXED
@given(data=st.data(), table=tables(("any",)))
def test_quotes_stay_where_none_are_needed(data: st.DataObject, table: Table) -> None:
    easy = [
        (at, position)
        for at, row in enumerate(table.rows)
        for position, cell in enumerate(row)
        if cell and is_easy(cell)
    ]
    assume(easy and len(table.columns) > 1)
    at, position = data.draw(st.sampled_from(easy))
    old = table.rows[at][position] or ""
    swap(table, at, position, data.draw(numbers if old[-1:].isdigit() else words))


def swap(table: Table, at: int, position: int, value: str | None) -> None:
    """Puts another value and then the old one again."""
    place = (at, table.columns[position])
    made = edited("csv", table.data, [Put(place=place, value=value)], table.options)
    old = Put(place=place, value=table.rows[at][position])
    assert edited("csv", made, [old], table.options) == table.data


def is_easy(cell: str | None) -> bool:
    return not cell or not any(mark in cell for mark in ',;\t|"\r\n')


@RELAXED
@given(table=tables(("needed", "all")))
def test_a_new_file_like_another_is_the_same(table: Table) -> None:
    assume(table.rows and not table.blank)
    made = written("csv", read(table), table.options, like=table.data)
    assert table.found(made) == cells(read(table), table.columns)
    if all(map(is_easy, [*table.columns, *(cell for row in table.rows for cell in row)])):
        assert made == table.data


@RELAXED
@given(data=st.data(), table=tables())
def test_detected_dialects(data: st.DataObject, table: Table) -> None:
    """Without being told the dialect an editor says what was meant, or that it must be told."""
    try:
        rows = Csv().read(table.data, ReadOptions(typed_cells=False)).value
    except FormatFault:
        return
    assume(rows == read(table) and len(table.columns) > 1)
    edits = data.draw(edits_of(table))
    try:
        made = edited("csv", table.data, edits)
    except EditFault as fault:
        assert fault.message.endswith("; declare them.")  # noqa: PT017
    else:
        assert table.found(made) == cells(applied(rows, edits), table.columns)
