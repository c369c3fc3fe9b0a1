"""Other columns for files whose records have all columns of the file: CSV, TSV, INGR, Parquet."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from ingitdb.formats.dialects import find_dialect
from ingitdb.formats.edits.changed_values import same
from ingitdb.formats.edits.delimited_tables import Table
from ingitdb.formats.edits.editing import read_document, written
from ingitdb.formats.edits.parquet_files import as_written, opened
from ingitdb.formats.edits.parquet_types import empty_file
from ingitdb.formats.edits.splices import Change, spliced
from ingitdb.formats.edits.text_bytes import decoded, encoded
from ingitdb.formats.headers import column_names
from ingitdb.model.edits import EditFault
from ingitdb.model.records import DEFAULT_OPTIONS, ReadOptions
from ingitdb.model.types import ColumnType

OF_ROWS = ("csv", "tsv", "ingr", "parquet")
_DELIMITERS: Mapping[str, str | None] = {"csv": None, "tsv": "\t"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """What becomes of the columns of a file; the values of new ones are empty.

    Attributes:
        retyped: New types, for formats whose files have some.
    """

    renamed: Mapping[str, str] = field(default_factory=dict)
    dropped: Collection[str] = ()
    added: Mapping[str, ColumnType] = field(default_factory=dict)
    retyped: Mapping[str, ColumnType] = field(default_factory=dict)


def with_columns(
    name: str, data: bytes, columns: Columns, options: ReadOptions = DEFAULT_OPTIONS
) -> bytes | None:
    """Gives a file with other columns.

    Args:
        name: The format's name.
        data: The file.
        columns: What becomes of its columns.
        options: How it is read.

    Returns:
        The file; None for one without records that has no place for columns by themselves.

    Raises:
        FormatFault: The file cannot be read.
        EditFault: It cannot have such columns.
    """
    if name == "parquet":
        return _typed(data, columns)
    document = read_document(name, data, options)
    held = list(document.columns)
    kept = [column for column in held if column not in columns.dropped]
    now = [columns.renamed.get(column, column) for column in kept]
    now += [column for column in columns.added if column not in now]
    if list(column_names(now)) != now:
        raise EditFault("Two columns would have one name.")
    wanted = [
        {**dict.fromkeys(now), **{columns.renamed.get(c, c): row.get(c) for c in kept if c in row}}
        for row in document.value or ()
    ]
    if name in _DELIMITERS:
        made = _delimited(name, data, columns, options)
    elif not wanted:
        return None
    else:
        made = written(name, wanted, options, like=data)
    found = read_document(name, made, options)
    if list(found.columns) != now and name in _DELIMITERS:
        raise EditFault("The file would have other columns than were meant.")
    full = [{**dict.fromkeys(now), **row} for row in found.value or ()]
    if not same(full, wanted):
        raise EditFault("The file would read otherwise than was meant.")
    return made


def _typed(data: bytes, columns: Columns) -> bytes:
    """Gives a Parquet file with other columns; those of another type are empty."""
    file = opened(data)
    held = file.read()
    found: dict[str, pa.ChunkedArray] = {}
    for name, column in zip(held.column_names, held.columns, strict=True):
        if name in columns.dropped:
            continue
        now = columns.renamed.get(name, name)
        if now in found:
            raise EditFault(f"There is a column {now!r} already.")
        kind = columns.retyped.get(name)
        found[now] = column if kind is None else _nothing(kind, held.num_rows)
    for name, kind in columns.added.items():
        found.setdefault(name, _nothing(kind, held.num_rows))
    table = pa.table(found)
    try:
        return as_written(table, file if table.column_names == held.column_names else None)
    except EditFault:
        return as_written(table, None)


def _nothing(kind: ColumnType, rows: int) -> pa.ChunkedArray:
    typed = opened(empty_file([("column", kind)])).schema_arrow.field(0).type
    return pa.chunked_array([pa.nulls(rows, typed)])


def _delimited(name: str, data: bytes, columns: Columns, options: ReadOptions) -> bytes:
    text, encoding = decoded(data, options.encoding)
    dialect = find_dialect(text, options.delimiter or _DELIMITERS[name], options.quote)
    table = Table(text, dialect, options)
    if table.columns is None:
        raise EditFault("A file without a header has columns by number alone.")
    spelling = table.spelling(careful=False)
    gone = {at for at, column in enumerate(table.columns) if column in columns.dropped}
    added = [column for column in columns.added if column not in table.columns]
    header = [
        table.text[cell.start : cell.end]
        if column not in columns.renamed
        else spelling.spelled(columns.renamed[column], quoted=cell.is_quoted)
        for column, cell in zip(table.columns, table.header, strict=True)
    ]
    header += [spelling.spelled(column, quoted=table.header[-1].is_quoted) for column in added]
    line = spelling.line(cell for at, cell in enumerate(header) if at not in gone)
    changes: list[Change[str]] = [(table.header[0].start, table.header[-1].end, line)]
    for at, row in enumerate(table.rows):
        texts = [table.text[cell.start : cell.end] for cell in table.cells_of(at)]
        texts += [""] * (len(table.columns) - len(texts)) if added else []
        texts += [""] * len(added)
        kept = spelling.line(cell for place, cell in enumerate(texts) if place not in gone)
        changes.append((row.start, row.stop, kept))
    made = spliced(table.text, changes)
    if not table.is_ended:
        made = made.removesuffix(table.end)
    return encoded(made, encoding)
