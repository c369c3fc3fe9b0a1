"""The table for people: columns by display width, laid out from the first rows, then streamed.

Where later rows need more and the terminal has room, columns grow.
"""

from collections.abc import Iterator, Sequence

from ingitdb_cli.output.display import clean, fit, pad, width
from ingitdb_cli.output.markdown import is_number
from ingitdb_cli.output.rows import Rows
from ingitdb_cli.output.values import text_values

_GAP = "  "
_SAMPLE = 500
_CHUNK = 500
_LONGEST = 4096
_NARROWEST = 8
_NULL = "NULL"

Cells = tuple[str | None, ...]


class Table:
    """Lays out one result.

    Attributes:
        count: How many rows have been given out.
        cut: Names of columns with shortened cells.
        hidden: Names of columns for which there was no room.
    """

    def __init__(self, rows: Rows, *, columns: int | None, styled: bool = False) -> None:
        self._rows = rows
        self._columns = columns
        self._styled = styled
        self._names = [clean(name) for name in rows.names]
        self._right = [is_number(field.type) for field in rows.schema]
        self._widths: list[int] = []
        self._shown = len(self._names)
        self.count = 0
        self.cut: dict[str, None] = {}
        self.hidden: Sequence[str] = ()

    def lines(self) -> Iterator[str]:
        """Gives the table line by line; the first after at most a batch of rows."""
        cells = self._cells()
        sample = next(cells, [])
        self._lay_out(sample[:_SAMPLE])
        more = [_GAP + "…"] if self.hidden else [""]
        yield self._bold(self._line(self._names, header=True) + more[0])
        yield self._dim(_GAP.join("─" * w for w in self._widths))
        while sample:
            self._grow(sample)
            for row in sample:
                self.count += 1
                yield self._line(row)
            sample = next(cells, [])

    def note(self) -> str | None:
        """Says what the table does not show; None where it shows all."""
        parts = []
        if self.hidden:
            parts.append(f"no room for {', '.join(map(clean, self.hidden))}")
        if self.cut:
            parts.append(f"cut: {', '.join(self.cut)}")
        return f"{'; '.join(parts)} (all of it: --format csv)" if parts else None

    def _cells(self) -> Iterator[list[Cells]]:
        kinds = [kind for _, kind in self._rows.columns]
        for batch in self._rows.batches:
            for start in range(0, batch.num_rows, _CHUNK):
                part = batch.slice(start, _CHUNK)
                columns = [text_values(part.column(i), kind) for i, kind in enumerate(kinds)]
                yield [tuple(map(_shown, row)) for row in zip(*columns, strict=True)]

    def _lay_out(self, sample: Sequence[Cells]) -> None:
        wanted = [
            max(width(name), *(width(row[i] or _NULL) for row in sample), 1)
            if sample
            else max(width(name), 1)
            for i, name in enumerate(self._names)
        ]
        self._widths = wanted
        if self._columns is None or sum(wanted) + len(_GAP) * (len(wanted) - 1) <= self._columns:
            return
        shown = len(wanted)
        while shown > 1 and self._least(wanted[:shown], shown < len(wanted)) > self._columns:
            shown -= 1
        room = self._columns - len(_GAP) * (shown - 1) - (len(_GAP) + 1) * (shown < len(wanted))
        self._widths = share(wanted[:shown], room)
        self._shown = shown
        self.hidden = self._rows.names[shown:]

    def _grow(self, rows: Sequence[Cells]) -> None:
        """Gives columns that are too narrow for more rows of the room that is left."""
        if self._columns is None:
            return
        used = sum(self._widths) + len(_GAP) * (self._shown - 1)
        room = self._columns - used - (len(_GAP) + 1) * bool(self.hidden)
        for i in range(self._shown) if room > 0 else ():
            wanted = max(width(row[i] or "") for row in rows)
            more = max(0, min(wanted - self._widths[i], room))
            self._widths[i] += more
            room -= more

    @staticmethod
    def _least(wanted: Sequence[int], mark: bool) -> int:
        return sum(min(w, _NARROWEST) + len(_GAP) for w in wanted) - len(_GAP) + mark * 3

    def _line(self, row: Sequence[str | None], *, header: bool = False) -> str:
        parts = []
        for i in range(self._shown):
            text, wide = row[i], self._widths[i]
            if text is None:
                parts.append(self._dim(pad(_NULL, wide, right=self._right[i])))
                continue
            if self._columns is not None and width(text) > wide:
                text = fit(text, wide)
                if not header:
                    self.cut[self._names[i]] = None
            parts.append(pad(text, wide, right=self._right[i]))
        return _GAP.join(parts).rstrip()

    def _bold(self, text: str) -> str:
        return f"\x1b[1m{text}\x1b[0m" if self._styled else text

    def _dim(self, text: str) -> str:
        return f"\x1b[2m{text}\x1b[0m" if self._styled else text


def share(wanted: Sequence[int], room: int) -> list[int]:
    """Shares the room out: narrow columns get what they want, wide ones the same.

    Example:
        >>> share([4, 30, 50], 34)
        [4, 15, 15]
    """
    given = [0] * len(wanted)
    left = room
    for rank, i in enumerate(sorted(range(len(wanted)), key=lambda i: wanted[i])):
        given[i] = max(1, min(wanted[i], left // (len(wanted) - rank)))
        left -= given[i]
    return given


def _shown(text: str | None) -> str | None:
    return None if text is None else clean(text[:_LONGEST])
