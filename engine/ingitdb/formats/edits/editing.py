"""Edits files and proves it: what is read afterwards is what was meant, all else as before."""

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from types import MappingProxyType

from ingitdb.formats.edits.changed_values import applied, leaf_edits, same
from ingitdb.formats.edits.long_files import LongFile, Unread, read_in_part
from ingitdb.formats.registry import by_name
from ingitdb.model.edits import Edit, EditFault, Editor, Insert
from ingitdb.model.ports import Format
from ingitdb.model.records import (
    DEFAULT_OPTIONS,
    Document,
    FormatFault,
    ReadOptions,
    Value,
)

__all__ = ["applied", "edited", "leaf_edits", "read_document", "same", "written"]

_DELIMITED = ("csv", "tsv")
_ROWS = (*_DELIMITED, "ingr", "parquet")
"""Formats whose records have all columns of the file."""
_EDITORS: Mapping[str, str] = MappingProxyType(
    {
        "yaml": "ingitdb.formats.edits.yaml_edits:YamlEditor",
        "json": "ingitdb.formats.edits.json_edits:JsonEditor",
        "jsonl": "ingitdb.formats.edits.jsonlines_edits:JsonLinesEditor",
        "csv": "ingitdb.formats.edits.delimited_edits:CsvEditor",
        "tsv": "ingitdb.formats.edits.delimited_edits:TsvEditor",
        "ingr": "ingitdb.formats.edits.ingr_edits:IngrEditor",
        "toml": "ingitdb.formats.edits.toml_edits:TomlEditor",
        "markdown": "ingitdb.formats.edits.markdown_edits:MarkdownEditor",
        "parquet": "ingitdb.formats.edits.parquet_edits:ParquetEditor",
    }
)


def read_document(
    name: str, data: bytes, options: ReadOptions = DEFAULT_OPTIONS, *, in_part: bool = False
) -> Document:
    """Reads a file as it is edited: cells of delimited files are texts.

    Args:
        name: The format's name.
        data: The file.
        options: How it is read.
        in_part: Whether items that cannot be read are left to `Unread`, as in tables that nobody
            has declared.

    Raises:
        FormatFault: The file cannot be read.
    """
    form, options = _reading(name, options)
    try:
        return form.read(data, options)
    except FormatFault:
        found = read_in_part(form, data, options) if in_part else None
        if found is None:
            raise
        return found


def edited(
    name: str,
    data: bytes,
    edits: Sequence[Edit],
    options: ReadOptions = DEFAULT_OPTIONS,
    *,
    document: Document | None = None,
) -> bytes:
    """Gives a file with some edits.

    Args:
        name: The format's name.
        data: The file.
        edits: What is to be changed.
        options: How the file is read.
        document: What `read_document` gives of it, if that is known.

    Raises:
        FormatFault: The file cannot be read.
        EditFault: An edit cannot be made, or what came of it reads otherwise than was meant.
    """
    if not edits:
        return data
    document = read_document(name, data, options) if document is None else document
    if name in _ROWS:
        edits = [_filled(edit, document.columns) for edit in edits]
    editor, (form, reading) = _editor(name), _reading(name, options)
    long = LongFile.of(form, data, document, reading) if _are_few(edits, document) else None
    if long is not None:
        made = long.edited(editor, edits)
        if made is not None and long.is_meant(made, edits):
            return made
    wanted = applied(document.value, edits)
    made = editor.edit(data, edits, options)
    if long is None or not long.is_meant(made, edits):
        _prove(name, made, wanted, options, what="edited")
    return made


def written(
    name: str,
    value: Value,
    options: ReadOptions = DEFAULT_OPTIONS,
    *,
    like: bytes | None = None,
    table: str = "",
) -> bytes:
    """Gives a new file that holds a value.

    Args:
        name: The format's name.
        value: A map, or a list.
        options: How the file will be read.
        like: Another file, whose style is taken.
        table: The name of the table whose records it holds.

    Raises:
        EditFault: The format cannot say the value.
    """
    if name in _ROWS and isinstance(value, list):
        known = read_document(name, like, options).columns if name == "parquet" and like else ()
        value = _even(value, known)
    made = _editor(name).write(value, options, like=like, table=table)
    _prove(name, made, value, options, what="new")
    return made


def _prove(name: str, made: bytes, wanted: Value, options: ReadOptions, *, what: str) -> None:
    """Reads a file that was made and compares it with what was meant."""
    try:
        found = read_document(name, made, options).value
    except FormatFault as fault:
        raise EditFault(f"The {what} file could not be read: {fault.message}") from fault
    if not (same(found, wanted) or (found is None and wanted in ({}, []))):
        raise EditFault(f"The {what} file would read otherwise than was meant.")


def _are_few(edits: Sequence[Edit], document: Document) -> bool:
    """Tells whether edits leave most items of a file alone, or there is one that they must."""
    if document.kind not in ("map", "list", "rows") or not all(edit.place for edit in edits):
        return False
    return 4 * len(edits) <= len(document.value) or _unread(document) is not None


def _unread(document: Document) -> Unread | None:
    """Gives the first item that could not be read."""
    if document.kind not in ("list", "rows"):
        return None
    return next((item for item in document.value if isinstance(item, Unread)), None)


def _even(rows: list[Value], known: Sequence[str]) -> list[Value]:
    """Gives rows that all have the columns of each other."""
    maps = [row for row in rows if isinstance(row, dict)]
    columns = dict.fromkeys([*known, *(name for row in maps for name in row)])
    return [{**columns, **row} if isinstance(row, dict) else row for row in rows]


def _filled(edit: Edit, columns: Sequence[str]) -> Edit:
    """Gives a new record of a file of rows the columns that it leaves out."""
    if not isinstance(edit, Insert) or len(edit.place) != 1 or not isinstance(edit.value, dict):
        return edit
    return Insert(place=edit.place, value={**dict.fromkeys(columns), **edit.value})


def _reading(name: str, options: ReadOptions) -> tuple[Format, ReadOptions]:
    """Gives the reader of a format, and how it reads what is to be edited."""
    form = by_name(name)
    if form is None:
        raise EditFault(f"There is no format {name!r}.")
    return form, replace(options, typed_cells=False) if name in _DELIMITED else options


@cache
def _editor(name: str) -> Editor:
    if name not in _EDITORS:
        raise EditFault(f"Files of the format {name} can be read but not written.")
    module, _, attribute = _EDITORS[name].partition(":")
    made: Editor = getattr(importlib.import_module(module), attribute)()
    return made
