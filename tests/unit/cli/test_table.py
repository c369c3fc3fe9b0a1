"""The table for people."""

import re

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from ingitdb_cli.output.display import clean, clean_message, fit, pad, width
from ingitdb_cli.output.rows import Rows
from ingitdb_cli.output.table import Table, share


def laid_out(
    columns: int | None, styled: bool = False, **values: list[object]
) -> tuple[Table, list[str]]:
    """Lays out a table and gives its lines."""
    data = pa.table(values)
    source = Rows(
        columns=[(name, None) for name in values],
        schema=data.schema,
        batches=iter(data.to_batches()),
        warn=print,
    )
    table = Table(source, columns=columns, styled=styled)
    return table, list(table.lines())


def test_columns_are_aligned_by_display_width() -> None:
    _, lines = laid_out(None, name=["Tromsø", "東京", "🚢 ferry", None], n=[1, 20, None, 4000])
    assert lines == [
        "name         n",
        "────────  ────",
        "Tromsø       1",
        "東京        20",
        "🚢 ferry  NULL",
        "NULL      4000",
    ]
    assert len({cell_len(line) for line in lines[1:]}) == 1


def test_decomposed_letters_take_one_column() -> None:
    assert width("A\u030a") == 1
    assert pad("A\u030a", 3) == "A\u030a  "


def test_wide_cells_are_cut_with_a_note() -> None:
    table, lines = laid_out(30, key=["a"], text=["x" * 100], more=["y" * 100])
    assert all(cell_len(line) <= 30 for line in lines)
    assert "…" in lines[2]
    assert table.note() == "cut: text, more (all of it: --format csv)"


def test_columns_grow_where_there_is_room() -> None:
    table, lines = laid_out(20, n=[*range(500), 123456], text=["x"] * 500 + ["y" * 50])
    assert lines[501] == "499  x"
    assert lines[502] == "123456  yyyyyyyyyyy…"
    assert table.note() == "cut: text (all of it: --format csv)"


def test_columns_without_room_are_named() -> None:
    values = {f"column_{i}": ["some text of length"] for i in range(12)}
    table, lines = laid_out(60, **values)
    assert all(cell_len(line) <= 60 for line in lines)
    assert lines[0].endswith("…")
    assert "no room for" in (table.note() or "")
    assert "column_11" in (table.note() or "")


def test_nothing_is_cut_elsewhere() -> None:
    table, lines = laid_out(None, text=["x" * 1000])
    assert lines[2] == "x" * 1000
    assert table.note() is None


def test_a_result_without_rows_has_a_head() -> None:
    data = pa.table({"a": pa.array([], pa.int64())})
    source = Rows(columns=[("a", None)], schema=data.schema, batches=iter([]), warn=print)
    assert list(Table(source, columns=80).lines()) == ["a", "─"]


@pytest.mark.parametrize(
    "text", ["\x1b[2J\x1b]0;title\x07", "a\x9b31mb", "\u202egpj.exe", "x\ry", "\x00\x08\x7f"]
)
def test_controls_never_reach_the_terminal(text: str) -> None:
    _, lines = laid_out(80, **{text: [text]})
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e]", "".join(lines))


@given(st.text())
def test_clean_text_is_one_printable_line(text: str) -> None:
    assert len(clean(text).splitlines()) <= 1
    assert "\x1b" not in clean(text)
    assert "\x1b" not in clean_message(text)


@given(st.text(alphabet="aø東🚢\u030a"), st.integers(1, 12))
def test_cut_text_fits(text: str, columns: int) -> None:
    assert cell_len(fit(text, columns)) <= columns


@given(st.lists(st.integers(1, 50), min_size=1, max_size=8), st.integers(0, 100))
def test_room_is_shared(wanted: list[int], room: int) -> None:
    given_out = share(wanted, room)
    assert all(1 <= got <= max(want, 1) for got, want in zip(given_out, wanted, strict=True))
    assert sum(given_out) <= max(room, len(wanted))


def test_style_is_only_for_terminals() -> None:
    _, plain = laid_out(80, a=[None])
    _, styled = laid_out(80, styled=True, a=[None])
    assert "\x1b" not in "".join(plain)
    assert styled[0] == "\x1b[1ma\x1b[0m" or styled[0].startswith("\x1b[1ma")
