"""Edits of random INGR files: read back as they were meant, and taken back to the same bytes."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ingitdb.formats.edits.editing import applied, edited, written
from ingitdb.formats.ingr import Ingr
from ingitdb.model.edits import Edit, Insert, Put, Remove

RELAXED = settings(max_examples=200, deadline=None, derandomize=True)
texts = st.sampled_from(["", "a", "#", "# 2 records", "#-", "ø\u2028", 'q"\\', "l\nl\r", "null"])
scalars = st.none() | st.booleans() | st.integers(-9, 2**40) | texts | st.sampled_from([0.5, -1e30])
values = scalars | st.lists(scalars, max_size=3) | st.dictionaries(texts, scalars, max_size=2)
keys = st.sampled_from([f"k{n}" for n in range(20)])
COLUMNS = ("$ID", "b", "c")


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file, and which of its lines are those of its rows."""

    lines: list[str]
    rows: list[dict[str, Any]]
    spots: list[range]
    end: str
    is_ended: bool
    is_hashed: bool

    @property
    def data(self) -> bytes:
        text = "".join(line + self.end for line in self.lines)
        if self.is_hashed:
            return f"{text}# sha256:{hashlib.sha256(text.encode()).hexdigest()}".encode()
        return (text if self.is_ended else text.removesuffix(self.end)).encode()


@st.composite
def files(draw: Any) -> File:
    lines, rows, spots = ["# INGR.io | x/$view: $ID:string, b, c:any"], [], []
    names = draw(st.lists(keys, unique=True, max_size=5))
    delimiter = draw(st.sampled_from(["", "#-", "#----"]))
    is_after, gap = draw(st.booleans()), draw(st.sampled_from([0, 0, 0, 1]))
    note = draw(st.sampled_from(["", " # note", "\t#"]))
    for at, name in enumerate(names):
        if draw(st.sampled_from([False, False, False, True])):
            lines += ['#"hidden"', "#", "#3", *([delimiter] if delimiter else [])]
        if at and delimiter and not is_after and not lines[-1].startswith("#-"):
            lines.append(delimiter)
        lines += [""] * gap
        row = {"$ID": name, "b": draw(values), "c": draw(values)}
        spots.append(range(len(lines), len(lines) + 3))
        lines += [json.dumps(each, ensure_ascii=False) + note for each in row.values()]
        lines += [delimiter] if delimiter and is_after else []
        rows.append(row)
    lines.append(f"# {len(rows)} record{'s' * (len(rows) != 1)}")
    return File(
        lines=lines,
        rows=rows,
        spots=spots,
        end=draw(st.sampled_from(["\n", "\r\n"])),
        is_ended=draw(st.booleans()),
        is_hashed=draw(st.booleans()),
    )


@st.composite
def edits_of(draw: Any, file: File) -> list[Edit]:
    """Draws edits of rows that do not contradict each other."""
    found: list[Edit] = []
    free = [f"new{n}" for n in range(40)]
    for at in range(len(file.rows)):
        what = draw(st.sampled_from(["stays", "cells", "row", "goes"]))
        if what == "goes":
            found.append(Remove(place=(at,)))
        elif what == "row":
            row = {"$ID": free.pop(), "b": draw(values), "c": draw(values)}
            found.append(Put(place=(at,), value=row))
        elif what == "cells":
            names = draw(st.lists(st.sampled_from(["b", "c"]), unique=True))
            found += [Put(place=(at, name), value=draw(values)) for name in names]
    for at in draw(st.lists(st.integers(0, len(file.rows)), max_size=3)):
        row = {"$ID": free.pop(), "b": draw(values), "c": draw(values)}
        found.append(Insert(place=(at,), value=row))
    return draw(st.permutations(found))


@RELAXED
@given(data=st.data(), file=files())
def test_edits_read_back_as_they_were_meant(data: st.DataObject, file: File) -> None:
    edits = data.draw(edits_of(file))
    made = edited("ingr", file.data, edits)
    wanted = applied(file.rows, edits)
    assert Ingr().read(made).value == wanted
    assert made.count(b"hidden") == file.data.count(b"hidden")
    if file.is_hashed:
        text, _, digest = made.rpartition(b"# sha256:")
        assert digest.decode() == hashlib.sha256(text).hexdigest()
    assert made.count(b"\r\n") == (made.count(b"\n") if file.end == "\r\n" else 0)


@RELAXED
@given(data=st.data(), file=files())
def test_a_value_takes_one_line(data: st.DataObject, file: File) -> None:
    assume(file.rows and not file.is_hashed)
    at = data.draw(st.integers(0, len(file.rows) - 1))
    position = data.draw(st.integers(1, 2))
    value, place = data.draw(values), (at, COLUMNS[position])
    made = edited("ingr", file.data, [Put(place=place, value=value)])
    spot = file.spots[at][position]
    lines = made.decode().split(file.end)
    assert lines[:spot] == file.lines[:spot]
    assert [line for line in lines[spot + 1 :] if line] == [x for x in file.lines[spot + 1 :] if x]
    old = Put(place=place, value=file.rows[at][place[1]])
    back = edited("ingr", made, [old])
    if not isinstance(old.value, dict | list) and "\u2028" not in str(old.value):
        assert back == file.data
    assert Ingr().read(back).value == file.rows


@RELAXED
@given(data=st.data(), file=files())
def test_rows_come_and_go(data: st.DataObject, file: File) -> None:
    at = data.draw(st.integers(0, len(file.rows)))
    row = {"$ID": "new", "b": data.draw(values), "c": data.draw(values)}
    made = edited("ingr", file.data, [Insert(place=(at,), value=row)])
    assert edited("ingr", made, [Remove(place=(at,))]) == file.data


@RELAXED
@given(file=files())
def test_a_new_file_like_another(file: File) -> None:
    made = written("ingr", file.rows, like=file.data)
    assert Ingr().read(made).value == file.rows
    assert made.count(b"\r\n") == (made.count(b"\n") if file.end == "\r\n" else 0)
