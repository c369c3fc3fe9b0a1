"""A result as an HTML table for notebooks."""

from collections.abc import Sequence
from html import escape
from typing import Any

from ingitdb.model.types import ColumnType

_MOST_CHARACTERS = 200


def html(
    columns: Sequence[tuple[str, ColumnType]],
    rows: Sequence[tuple[Any, ...]],
    most: int,
    commit: str,
) -> str:
    """Shows at most `most` rows, the types in the header and the commit in the caption."""
    head = "".join(
        f"<th>{escape(name)}<br><small>{escape(_cut(kind.sql))}</small></th>"
        for name, kind in columns
    )
    body = "".join(
        "<tr>" + "".join(f"<td>{_cell(value)}</td>" for value in row) + "</tr>"
        for row in rows[:most]
    )
    more = f", first {most} rows" if len(rows) > most else ""
    caption = f"<caption>commit {escape(str(commit)[:12])}{more}</caption>"
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(value: Any) -> str:
    return "<em>NULL</em>" if value is None else escape(_cut(str(value)))


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 1] + "…"
