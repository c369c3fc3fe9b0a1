"""CSV and TSV: never cut, NULL as an empty cell, an empty text as `""` in CSV."""

import re
from collections.abc import Callable, Iterable, Iterator

from ingitdb_cli.output.rows import Rows
from ingitdb_cli.output.values import text_values

_CHUNK = 8192
_NEEDS_QUOTES = re.compile(r'[",\r\n]|^\s|\s$')
_TSV_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def csv(rows: Rows) -> Iterator[bytes]:
    """Writes RFC 4180 with line feeds."""
    alone = len(rows.columns) == 1

    def cell(text: str | None) -> str:
        if text is None:
            return '""' if alone else ""  # an empty line would be no row
        if not text or _NEEDS_QUOTES.search(text):
            return '"' + text.replace('"', '""') + '"'
        return text

    return _lines(rows, ",", cell)


def tsv(rows: Rows) -> Iterator[bytes]:
    r"""Writes tabs between cells, and `\t`, `\n`, `\r`, `\\` inside them."""
    return _lines(rows, "\t", lambda text: "" if text is None else text.translate(_TSV_ESCAPES))


def _lines(rows: Rows, delimiter: str, cell: Callable[[str | None], str]) -> Iterator[bytes]:
    yield _line(map(cell, rows.names), delimiter)
    types = [kind for _, kind in rows.columns]
    for batch in rows.batches:
        for start in range(0, batch.num_rows, _CHUNK):
            part = batch.slice(start, _CHUNK)
            columns = [
                [cell(text) for text in text_values(part.column(i), kind)]
                for i, kind in enumerate(types)
            ]
            yield b"".join(_line(row, delimiter) for row in zip(*columns, strict=True))


def _line(cells: Iterable[str], delimiter: str) -> bytes:
    return (delimiter.join(cells) + "\n").encode()
