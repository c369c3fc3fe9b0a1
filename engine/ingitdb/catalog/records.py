"""Takes the records of one table out of a document that has been read."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ingitdb.catalog.globs import literal_folder, template_of
from ingitdb.catalog.own_keys import decoded_name, encodes_names
from ingitdb.catalog.spelled_cells import readers, text_of
from ingitdb.model.edits import Place, Step
from ingitdb.model.records import Document, FormatFault, ReadOptions, Record, Value
from ingitdb.model.tables import Form, Location

VALUE_COLUMN = "value"
"""The column that holds an item that is no map."""
INDEX_COLUMN = "_index"
"""The column that numbers the items of an entry, from 0."""
PARENT_COLUMN = "_parent"
"""The column that holds the key of the parent of a subcollection's record."""
WHOLE = "$"
"""The pointer to the whole document."""
_POSITION = re.compile(r"0|[1-9][0-9]{0,9}")
KEY_FIELDS = ("$ID", "$id")
"""Fields that hold a record's key in files that have no other place for it."""


def key_of(path: str, location: Location) -> str:
    """Gives the key that a file's name bears: what `{key}` captures, else its place in the folder.

    The key of a record of a subcollection is `<parent's key>/<key>`.

    Example:
        >>> vulns = Location(path="vulns", schema="main", name="vulns", form=Form.RECORD,
        ...                  source="discovery")
        >>> key_of("vulns/accesscontrol/PYSEC-2021-335.yaml", vulns)
        'accesscontrol/PYSEC-2021-335'
    """
    compiled = template_of(location)
    if compiled is not None:
        captured = compiled.captures(path) or {}
        if "key" in captured:
            key = captured["key"]
            key = decoded_name(key) if encodes_names(location) else key
            return _below(captured.get(PARENT_COLUMN), key)
    folder = location.path if compiled is None else literal_folder(location.path)
    below = path[len(folder) + 1 :] if folder and path.startswith(f"{folder}/") else path
    head, slash, name = below.rpartition("/")
    return f"{head}{slash}{name[: name.rindex('.')] if '.' in name[1:] else name}"


def records(document: Document, location: Location, path: str) -> Iterator[Record]:
    """Gives the records of a table that a document holds, in file order.

    What a template captures from the path comes first among the fields, then `_index` where the
    form has it. An item that is no map becomes a record with the one field `value`; an entry that
    is null has no fields.

    Raises:
        FormatFault: The document is of another kind than the form, or, a warning, the pointer
            leads to nothing in it; the caller adds the path.
    """
    found = _BY_FORM[location.form](document, location, path)
    lead = _captures(path, location)
    options = location.options
    if lead or options.names or options.missing_values or options.cells:
        return _refined(found, lead, options)
    return found


def header_of(columns: Sequence[str], location: Location) -> tuple[str, ...]:
    """Gives the fields that a file's records can have if it names them itself, else nothing."""
    if not columns or location.form != Form.ROWS:
        return ()
    return (*(name for name in location.captures if name not in columns), *columns)


def _captures(path: str, location: Location) -> dict[str, str]:
    if not location.captures:
        return {}
    compiled = template_of(location)
    captured = (compiled.captures(path) or {}) if compiled is not None else {}
    return {name: captured[name] for name in location.captures if name in captured}


def _refined(
    found: Iterator[Record], lead: Mapping[str, str], options: ReadOptions
) -> Iterator[Record]:
    names = {f"column{i}": name for i, name in enumerate(options.names)}
    missing = frozenset(options.missing_values)
    special = readers(options.cells)

    def cell(name: str, value: Value) -> Value:
        read = special[name]
        if read is not None:
            return read(value)
        return None if missing and text_of(value) in missing else value

    for record in found:
        named = ((names.get(name, name), value) for name, value in record.fields.items())
        fields = {name: cell(name, value) for name, value in named}
        yield Record(fields={**lead, **fields}, key=record.key, line=record.line)


def _below(parent: str | None, key: str) -> str:
    return key if parent is None else f"{parent}/{key}"


def _fields(item: Any) -> Mapping[str, Value]:
    if isinstance(item, dict):
        return item
    return {VALUE_COLUMN: item}


def _line(lines: Sequence[int], position: int) -> int:
    return lines[position] if position < len(lines) else 0


def _one_record(document: Document, location: Location, path: str) -> Iterator[Record]:
    if document.kind not in ("map", "empty"):
        raise FormatFault(f"One record, a map, is expected here, not {_said(document)}.")
    fields = document.value if document.kind == "map" else {}
    yield Record(fields=fields, key=key_of(path, location), line=1 if document.lines else 0)


def _rows(document: Document, _location: Location, _path: str) -> Iterator[Record]:
    if document.kind == "empty":
        return
    if document.kind not in ("list", "rows"):
        raise FormatFault(f"A list of records is expected here, not {_said(document)}.")
    lines = document.lines
    for position, item in enumerate(document.value):
        yield Record(fields=_fields(item), line=_line(lines, position))


def _entries(document: Document, location: Location, path: str) -> Iterator[Record]:
    parent = _captures(path, location).get(PARENT_COLUMN)
    if document.kind in ("list", "rows"):
        yield from _keyed_rows(document, parent)
        return
    if document.kind == "empty":
        return
    if document.kind != "map":
        raise FormatFault(f"A map of records is expected here, not {_said(document)}.")
    for position, (key, entry) in enumerate(document.value.items()):
        fields = {} if entry is None else _fields(entry)
        yield Record(fields=fields, key=_below(parent, key), line=_line(document.lines, position))


def _keyed_rows(document: Document, parent: str | None) -> Iterator[Record]:
    for position, item in enumerate(document.value):
        line = _line(document.lines, position)
        fields = dict(_fields(item))
        name = next((name for name in KEY_FIELDS if fields.get(name) is not None), None)
        if name is None:
            raise FormatFault("A record has no $ID, which holds its key here.", line=line)
        key = text_of(fields.pop(name)) or ""
        yield Record(fields=fields, key=_below(parent, key), line=line)


def _entry_items(document: Document, _location: Location, _path: str) -> Iterator[Record]:
    if document.kind == "empty":
        return
    if document.kind != "map":
        raise FormatFault(f"A map of lists is expected here, not {_said(document)}.")
    yield from _items_of_entries(document.value, document.lines)


def _items_of_entries(value: Mapping[str, Any], lines: Sequence[int]) -> Iterator[Record]:
    for position, (key, entry) in enumerate(value.items()):
        line = _line(lines, position)
        for index, item in enumerate(as_items(entry)):
            yield Record(fields={INDEX_COLUMN: index, **_fields(item)}, key=key, line=line)


def as_items(value: Any) -> Sequence[Any]:
    """Gives the items of an entry: of a list its own, else the value alone, if there is one."""
    if value is None:
        return ()
    return value if isinstance(value, list) else (value,)


def _field_items(document: Document, location: Location, path: str) -> Iterator[Record]:
    pointer = location.pointer or WHOLE
    if pointer == WHOLE:
        whole = _entries if document.kind == "map" else _rows
        yield from whole(document, location, path)
        return
    if document.kind == "empty":
        return
    if document.kind != "map" and not pointer.startswith("/"):
        raise FormatFault(f"A map with {pointer!r} is expected here, not {_said(document)}.")
    found = follow(document.value, pointer)
    if found is None:
        text = f"The pointer {pointer!r} leads to nothing in this file."
        raise FormatFault(text, severity="warning")
    value, way = found
    line = _line_of(document, way[0])
    if isinstance(value, dict) and value and all(isinstance(v, list) for v in value.values()):
        yield from _items_of_entries(value, (line,) * len(value))
    elif isinstance(value, dict):
        for key, entry in value.items():
            yield Record(fields={} if entry is None else _fields(entry), key=key, line=line)
    else:
        for item in as_items(value):
            yield Record(fields=_fields(item), line=line)


def follow(value: Any, pointer: str) -> tuple[Any, Place] | None:
    """Follows a dotted path or a JSON Pointer; a field whose own name is so is preferred.

    Returns:
        What it leads to and the steps of the way; None where it leads to nothing.
    """
    if isinstance(value, dict) and pointer in value:
        return value[pointer], (pointer,)
    if pointer.startswith("/"):
        steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer[1:].split("/")]
        return _below_steps(value, steps)
    if not isinstance(value, dict):
        return None
    parts = pointer.split(".")
    for length in range(len(parts) - 1, 0, -1):
        head = ".".join(parts[:length])
        if head in value:
            found = follow(value[head], ".".join(parts[length:]))
            return None if found is None else (found[0], (head, *found[1]))
    return None


def _below_steps(value: Any, steps: Sequence[str]) -> tuple[Any, Place] | None:
    """Follows the steps of a JSON Pointer: keys of maps, positions of lists from 0."""
    taken: list[Step] = []
    for text in steps:
        step: Step = text
        if isinstance(value, list) and _POSITION.fullmatch(text) and int(text) < len(value):
            step = int(text)
        elif not isinstance(value, dict) or text not in value:
            return None
        value = value[step]
        taken.append(step)
    return (value, tuple(taken)) if taken else None


def _line_of(document: Document, top: Step) -> int:
    """Gives the line of an entry or item of the document."""
    if isinstance(top, int):
        return _line(document.lines, top)
    position = next(
        (n for n, name in enumerate(document.value) if name == top), len(document.value)
    )
    return _line(document.lines, position)


def _said(document: Document) -> str:
    return {
        "map": "a map",
        "list": "a list",
        "rows": "a table of rows",
        "empty": "nothing",
        "other": "a single value",
    }[document.kind]


_BY_FORM: Mapping[Form, Callable[[Document, Location, str], Iterator[Record]]] = {
    Form.RECORD: _one_record,
    Form.ROWS: _rows,
    Form.ENTRIES: _entries,
    Form.ENTRY_ITEMS: _entry_items,
    Form.FIELD_ITEMS: _field_items,
}
