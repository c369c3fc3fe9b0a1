"""Markdown tables, for pull requests and notes."""

from collections.abc import Iterator

from pyarrow import types

from ingitdb_cli.output.display import clean
from ingitdb_cli.output.rows import Rows
from ingitdb_cli.output.values import text_values


def markdown(rows: Rows) -> Iterator[bytes]:
    """Writes a table; numbers stand right."""
    yield _line([_cell(name) for name in rows.names])
    yield _line(["---:" if is_number(field.type) else "---" for field in rows.schema])
    kinds = [kind for _, kind in rows.columns]
    for batch in rows.batches:
        columns = [text_values(batch.column(i), kind) for i, kind in enumerate(kinds)]
        lines = (_line([_cell(text) for text in row]) for row in zip(*columns, strict=True))
        yield b"".join(lines)


def is_number(kind: object) -> bool:
    """Tells whether values of an Arrow type stand right in a column."""
    return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind))


def _cell(text: str | None) -> str:
    if text is None:
        return ""
    lines = text.replace("\\", "\\\\").replace("|", "\\|").splitlines()
    return "<br>".join(clean(line) for line in lines)


def _line(cells: list[str]) -> bytes:
    return f"| {' | '.join(cells)} |\n".encode()
