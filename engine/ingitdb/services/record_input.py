"""Reads records that come from outside, in the formats that files have."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ingitdb.errors import UsageError
from ingitdb.formats.registry import by_name
from ingitdb.model.records import Document, FormatFault, ReadOptions, Record, Value

FORMATS = ("jsonl", "yaml", "ingr", "csv", "json")
_OPTIONS = ReadOptions(typed_cells=False)
"""The type of a cell is that of the column which it is written to."""


def read_records(
    data: bytes, format: str, *, source: str, names: Sequence[str] = ()
) -> list[Record]:
    """Reads many records; each knows its line.

    Args:
        data: The bytes.
        format: One of `FORMATS`.
        source: Where the bytes come from, for errors.
        names: The columns of a CSV text without a header.

    Raises:
        UsageError: They are not of that format, or no records; with the line.
    """
    document = _document(data, format, source, header=not names)
    if document.kind == "empty":
        return []
    rows = [document.value] if document.kind == "map" else document.value
    if not isinstance(rows, list):
        raise UsageError(f"{source} holds no records.")
    found = []
    for at, row in enumerate(rows):
        line = document.lines[at] if at < len(document.lines) else 0
        if not isinstance(row, dict):
            raise UsageError(f"{_place(source, line)}: A record is a map of fields.")
        wanted = names or document.columns
        if wanted and len(row) != len(wanted):
            raise UsageError(
                f"{_place(source, line)}: Cells: {len(row)}, but there are {len(wanted)} columns.",
                hint=f"The columns are {', '.join(wanted)}.",
            )
        fields = dict(zip(names, row.values(), strict=True)) if names else row
        found.append(Record(fields=fields, line=line))
    return found


def read_record(data: bytes, *, source: str) -> Record:
    """Reads one record, a map in YAML or JSON.

    Raises:
        UsageError: It is none.
    """
    document = _document(data, "yaml", source)
    if document.kind == "empty":
        raise UsageError(f"{source} holds no record.")
    if document.kind != "map":
        raise UsageError(
            f"{source} is no map of fields.", hint="{name: Anna, age: 41}, or a field a line"
        )
    return Record(fields=document.value)


def read_value(text: str, *, source: str) -> Value:
    """Reads one value as YAML; nothing is a null.

    Raises:
        UsageError: It is no YAML.
    """
    value: Value = _document(text.encode(), "yaml", source).value
    return value


def _document(data: bytes, format: str, source: str, *, header: bool = True) -> Document:
    reader = by_name(format)
    if reader is None or reader.name not in FORMATS:
        raise UsageError(f"Records are not read from {format}.", hint=", ".join(FORMATS))
    try:
        return reader.read(data, replace(_OPTIONS, header=header))
    except FormatFault as fault:
        place = _place(source, fault.line, fault.column)
        raise UsageError(f"{place}: {fault.message}") from None


def _place(source: str, line: int, column: int = 0) -> str:
    place: list[Any] = [f"line {line}"] if line else []
    place += [f"column {column}"] if column else []
    return ", ".join([source, *place])
