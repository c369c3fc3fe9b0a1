"""JSON, as one array or a line a row: a stream of valid UTF-8 and nothing else."""

from collections.abc import Iterator
from typing import Any

import orjson

from ingitdb_cli.output.rows import Rows, unique_names
from ingitdb_cli.output.values import json_values

_CHUNK = 2048


def json_array(rows: Rows) -> Iterator[bytes]:
    """Writes an array with an object a row, a row a line."""
    lead = b"[\n"
    for chunk in _chunks(rows):
        yield lead + b",\n".join(map(orjson.dumps, chunk))
        lead = b",\n"
    yield b"[]\n" if lead == b"[\n" else b"\n]\n"


def json_lines(rows: Rows) -> Iterator[bytes]:
    """Writes an object a line."""
    for chunk in _chunks(rows):
        yield b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in chunk)


def _chunks(rows: Rows) -> Iterator[list[dict[str, Any]]]:
    names = unique_names(rows.names)
    types = [kind for _, kind in rows.columns]
    for batch in rows.batches:
        for start in range(0, batch.num_rows, _CHUNK):
            part = batch.slice(start, _CHUNK)
            columns = [
                json_values(part.column(i), types[i], _named(rows, names[i]))
                for i in range(len(names))
            ]
            yield [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _named(rows: Rows, name: str) -> Any:
    return lambda message: rows.warn(f"{name}: {message}")
