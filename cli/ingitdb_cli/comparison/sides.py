"""Two values of a field as HTML, beside each other, with what differs inside set off."""

from html import escape

import orjson

from ingitdb_cli.comparison.changes import Pieces, hunks, words
from ingitdb_cli.comparison.records import Cell, Form
from ingitdb_cli.comparison.text import NO_COLUMN
from ingitdb_cli.output.display import clean_message

_CONTEXT = 3
_ONE_LINE = 80


def beside(old: Cell | None, new: Cell | None, *, is_same: bool) -> tuple[str, str]:
    """Gives both values as HTML."""
    if is_same or old is None or new is None or Form.NULL in (old.form, new.form):
        return _whole(old), _whole(new)
    before, after = _text(old), _text(new)
    if old.form is not new.form or before == after:
        before, after = old.spelled, new.spelled
        if before == after:
            return _escaped(before), f'{_escaped(after)} <span class="gap">(of another type)</span>'
    if "\n" in before or "\n" in after:
        return _lines(before, after)
    one, other = words(before, after)
    return _marked(one, "del"), _marked(other, "ins")


def _whole(cell: Cell | None) -> str:
    if cell is None:
        return f'<span class="null">{NO_COLUMN}</span>'
    if cell.form is Form.NULL:
        return '<span class="null">NULL</span>'
    return _escaped(_text(cell))


def _text(cell: Cell) -> str:
    """Gives the text of a value; that of a long nested one has lines."""
    if cell.form is not Form.NESTED or len(cell.text) <= _ONE_LINE:
        return cell.text
    return orjson.dumps(cell.tree, option=orjson.OPT_INDENT_2).decode()


def _lines(old: str, new: str) -> tuple[str, str]:
    """Gives the lines around those that differ, equal ones at the same height."""
    before, after = old.splitlines(), new.splitlines()
    shown: tuple[list[str], list[str]] = ([], [])
    end = 0
    for group in hunks(old, new, _CONTEXT):
        skipped = group[0][1] - end
        if skipped > 0:
            for side in shown:
                side.append(f'<span class="gap">… {skipped:,} equal lines</span>')
        end = group[-1][2]
        for tag, i, end_i, j, end_j in group:
            for n in range(max(end_i - i, end_j - j)):
                pair = (
                    before[i + n] if i + n < end_i else None,
                    after[j + n] if j + n < end_j else None,
                )
                for side, line in zip(shown, _line(tag, *pair), strict=True):
                    side.append(line)
    if len(before) > end:
        for side in shown:
            side.append(f'<span class="gap">… {len(before) - end:,} equal lines</span>')
    return "\n".join(shown[0]), "\n".join(shown[1])


def _line(tag: str, old: str | None, new: str | None) -> tuple[str, str]:
    if tag == "equal" and old is not None and new is not None:
        return _escaped(old), _escaped(new)
    if old is not None and new is not None:
        one, other = words(old, new)
        return _marked(one, "del"), _marked(other, "ins")
    before = "" if old is None else _marked([(True, old)], "del")
    return before, "" if new is None else _marked([(True, new)], "ins")


def _marked(pieces: Pieces, tag: str) -> str:
    return "".join(
        f"<{tag}>{_escaped(text)}</{tag}>" if is_other else _escaped(text)
        for is_other, text in pieces
    )


def _escaped(text: str) -> str:
    return escape(clean_message(text))
