"""The difference as lines for people, in colours where there are any."""

from collections.abc import Iterator
from typing import Any

import click

from ingitdb.services.differences import Counts, Differences, TableDifference
from ingitdb.services.schema_changes import SchemaChange
from ingitdb_cli.comparison.changes import MISSING, hunks, leaves, words
from ingitdb_cli.comparison.depths import Depth
from ingitdb_cli.comparison.records import Cell, FieldChange, Form, RecordChange, records
from ingitdb_cli.output.display import clean
from ingitdb_cli.output.values import dump

_SIGNS = {"added": "+", "removed": "-", "modified": "~"}
_COLOURS = {"+": "green", "-": "red", "~": "yellow"}
_CONTEXT = 2
_ONE_LINE = 100
"""Longer values stand below each other."""
NO_COLUMN = "(no column)"
NOTHING = "no record changes"


class Text:
    """Writes a difference line by line.

    Attributes:
        depth: How much is shown.
        is_styled: Whether there are colours.
    """

    def __init__(self, depth: Depth, *, is_styled: bool) -> None:
        self.depth = depth
        self.is_styled = is_styled

    def lines(self, found: Differences) -> Iterator[str]:
        """Gives the lines."""
        yield self._style(f"diff {clean(found.title)}", bold=True)
        for word, point in (("from", found.old), ("to  ", found.new)):
            moment = f" {point.at:%Y-%m-%d %H:%M:%S}Z {point.subject}" if point.at else ""
            yield self._style(f"{word} {clean(point.commit[:12] + moment)}", dim=True)
        if not found.tables:
            yield NOTHING
        for number, table in enumerate(found.tables):
            if number == 0 or self.depth is not Depth.SUMMARY:
                yield ""
            yield self._style(f"{clean(table.name)}: {counted(table.counts)}", bold=True) + (
                self._style(remark(table), fg="yellow")
            )
            for change in table.schema:
                yield self._schema(change)
            if self.depth is not Depth.SUMMARY and table.counts.differing:
                with found.rows(table) as rows:
                    for record in records(table, rows):
                        yield from self._record(record)

    def _schema(self, change: SchemaChange) -> str:
        if change.before is None or change.after is None:
            sign = "+" if change.before is None else "-"
            return self._signed(
                sign, f"{change.subject} {clean(change.after or change.before or '')}"
            )
        arrow = f"{clean(change.before)} → {clean(change.after)}"
        return self._signed("~", f"{change.subject} {arrow}")

    def _record(self, record: RecordChange) -> Iterator[str]:
        yield self._signed(_SIGNS[record.kind], clean(record.label))
        if self.depth is Depth.FIELDS and record.kind == "modified":
            for field in record.changed():
                yield from self._change(field)
        elif self.depth is Depth.FULL:
            for field in record.fields():
                yield from self._whole(record, field)

    def _whole(self, record: RecordChange, field: FieldChange) -> Iterator[str]:
        if record.kind == "modified" and field.is_changed:
            yield from self._change(field)
            return
        cell = field.old if field.new is None else field.new
        if cell is None or cell.form is Form.NULL:
            return
        if cell.form is Form.TEXT and "\n" in cell.text:
            yield self._dim(f"      {clean(field.label)}:")
            for line in cell.text.splitlines():
                yield self._dim(f"          {clean(line)}".rstrip())
        else:
            yield self._dim(f"      {clean(field.label)}: {clean(cell.spelled)}")

    def _change(self, field: FieldChange) -> Iterator[str]:
        old, new, label = field.old, field.new, f"      {clean(field.label)}:"
        forms = {cell.form for cell in (old, new) if cell is not None}
        if old is not None and new is not None and forms == {Form.NESTED}:
            places = list(leaves(old.tree, new.tree))
            if places:
                yield label
                yield from (self._place(*place) for place in places)
                return
        if old is not None and new is not None and _has_lines(old, new):
            yield label
            yield from self._lines(old.text, new.text)
            return
        yield from self._arrow(label, old, new)

    def _arrow(self, label: str, old: Cell | None, new: Cell | None) -> Iterator[str]:
        before, after = (clean(NO_COLUMN if c is None else c.spelled) for c in (old, new))
        kind = " (of another type)" if before == after else ""
        if len(before) + len(after) <= _ONE_LINE:
            yield f"{label} {self._red(before)} → {self._green(after)}{kind}"
            return
        yield label
        yield from self._pair(before, after + kind)

    def _pair(self, before: str, after: str) -> Iterator[str]:
        """Gives two texts below each other, with the words that differ set off."""
        pieces = words(before, after) if self.is_styled else ([(False, before)], [(False, after)])
        for sign, side in zip("-+", pieces, strict=True):
            shown = "".join(
                self._style(text, fg=_COLOURS[sign], reverse=is_other) for is_other, text in side
            )
            yield f"        {self._style(sign, fg=_COLOURS[sign])} {shown}"

    def _lines(self, old: str, new: str) -> Iterator[str]:
        before, after = old.splitlines(), new.splitlines()
        if before == after:
            yield "        (only line ends differ)"
        for group in hunks(old, new, _CONTEXT):
            yield self._style(f"        @@ line {group[0][3] + 1} @@", fg="cyan")
            for tag, i, end_i, j, end_j in group:
                if tag == "equal":
                    yield from (f"          {clean(line)}".rstrip() for line in before[i:end_i])
                elif end_i - i == end_j - j and self.is_styled:
                    for n in range(end_i - i):
                        yield from self._pair(clean(before[i + n]), clean(after[j + n]))
                else:
                    yield from (
                        self._red(f"        - {clean(x)}".rstrip()) for x in before[i:end_i]
                    )
                    yield from (
                        self._green(f"        + {clean(x)}".rstrip()) for x in after[j:end_j]
                    )

    def _place(self, path: str, old: Any, new: Any) -> str:
        label = f"        {clean(path) or '(all)'}:"
        before, after = ("" if v is MISSING else clean(dump(v)) for v in (old, new))
        if old is MISSING:
            return f"{label} {self._green(f'+ {after}')}"
        if new is MISSING:
            return f"{label} {self._red(f'- {before}')}"
        return f"{label} {self._red(before)} → {self._green(after)}"

    def _signed(self, sign: str, text: str) -> str:
        return self._style(f"  {sign} {text}", fg=_COLOURS[sign])

    def _red(self, text: str) -> str:
        return self._style(text, fg="red")

    def _green(self, text: str) -> str:
        return self._style(text, fg="green")

    def _dim(self, text: str) -> str:
        return self._style(text, dim=True)

    def _style(self, text: str, **style: Any) -> str:
        return click.style(text, **style) if self.is_styled and text else text


def _has_lines(*cells: Cell) -> bool:
    return all(cell.form is Form.TEXT for cell in cells) and any(
        "\n" in cell.text.strip() for cell in cells
    )


def counted(counts: Counts) -> str:
    """Words how many records came, changed and went."""
    return f"+{counts.rows_added:,} ~{counts.rows_modified:,} -{counts.rows_deleted:,}"


def remark(table: TableDifference) -> str:
    """Words what happened to a table itself."""
    if table.kind == "renamed":
        return f" (renamed from {clean(table.old)})"
    words = {"added": " (new table)", "dropped": " (dropped table)"}
    return words.get(table.kind, "")
