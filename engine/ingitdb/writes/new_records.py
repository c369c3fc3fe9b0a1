"""New records as new texts: a file of its own for each, or a place in a file that is there."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ingitdb.catalog.globs import is_literal
from ingitdb.catalog.own_keys import declared_path, encoded_name, encodes_names
from ingitdb.catalog.records import KEY_FIELDS, WHOLE, follow, key_of
from ingitdb.errors import DuplicateKey, WriteError
from ingitdb.formats.edits.editing import written
from ingitdb.formats.edits.parquet_types import empty_file
from ingitdb.formats.registry import extension_of
from ingitdb.model.edits import EditFault, Insert, Place
from ingitdb.model.records import Value
from ingitdb.model.tables import Form, Location
from ingitdb.writes.files import TableFile
from ingitdb.writes.new_places import check_name

_UNSAFE = re.compile(r"(^|/)(\.|\Z)|//|^/|[\x00-\x1f\x7f\\:*?\"<>|]")
"""Names that some system does not take for a file, or takes for something else."""
_OF_ROWS = ("csv", "tsv", "ingr", "parquet")
"""Formats whose records have all columns of the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRecord:
    """A record that is added.

    Attributes:
        key: Its key, where records carry theirs outside of their fields.
        fields: Its fields, those without a value left out.
    """

    key: str | None
    fields: Mapping[str, Value]


def record_file(table: str, model: TableFile, record: NewRecord) -> tuple[str, bytes]:
    """Gives path and bytes of a record that is a file of its own, in the style of another one.

    Raises:
        WriteError: Its key makes no name for a file, or its values have no place in the format.
    """
    key = _needed(table, record)
    path = None
    if encodes_names(model.location):
        path = declared_path(model.location, encoded_name(key))
    if path is None:
        path = next(_paths_like(model, _safe(table, record)), None)
    if path is None:
        raise WriteError(f"It is open where the file of {key!r} would lie, beside {model.path}.")
    check_name(path)
    return path, _new(model, path, _raw(model, record), like=model.data)


def first_files(
    table: str, location: Location, records: Sequence[NewRecord]
) -> dict[str, bytes | None]:
    """Gives paths and bytes of the files of a declared table that has none yet.

    Raises:
        DuplicateKey: Two records have one key.
        WriteError: What is declared does not say where the records belong.
    """
    if declared_path(location, "") is not None:
        return _first_records(table, location, records)
    if not is_literal(location.path) or location.form not in (Form.ROWS, Form.ENTRIES):
        raise WriteError(
            f"{table} has no file yet, so that it is open how its records are written.",
            hint="Commit a first one as a model.",
        )
    file = TableFile(location.path, b"", location)
    return {file.path: new_file(table, file, records)}


def new_file(
    table: str, file: TableFile, records: Sequence[NewRecord], model: TableFile | None = None
) -> bytes:
    """Gives the bytes of a file of many records that is not there yet.

    Args:
        table: The table's name.
        file: The file, without bytes.
        records: Its records.
        model: A file of the table in whose style it is written.

    Raises:
        DuplicateKey: Two records have one key.
        WriteError: It is open how they are written.
    """
    like = model.data if model is not None else None
    known = model.document.columns if model is not None else ()
    if file.location.form == Form.ROWS:
        file.data = like or b"" if file.format == "parquet" else b""
        file.data = file.data or _columns_of(file)
        rows: Value = [_filled(file, _raw(file, record), known) for record in records]
        return _new(file, file.path, rows, like=like or file.data or None)
    if file.location.form != Form.ENTRIES:
        raise WriteError(
            f"{table} has no {file.path} yet, so that it is open how its records are written.",
            hint="Commit a first one as a model.",
        )
    entries: dict[str, dict[str, Value]] = {}
    for record in records:
        key = _needed(table, record)
        if key in entries:
            raise DuplicateKey(table, key)
        entries[key] = _raw(file, record)
    if file.format in _OF_ROWS:
        keyed: Value = [
            _filled(file, {KEY_FIELDS[0]: key, **fields}, known) for key, fields in entries.items()
        ]
        return _new(file, file.path, keyed, like=like)
    return _new(file, file.path, dict(entries), like=like)


def new_record_file(
    location: Location, path: str, record: NewRecord, model: TableFile | None
) -> bytes:
    """Gives the bytes of a record that is a file of its own at a known path."""
    file = TableFile(path, b"", location)
    return _new(file, path, _raw(file, record), like=model.data if model is not None else None)


def _first_records(
    table: str, location: Location, records: Sequence[NewRecord]
) -> dict[str, bytes | None]:
    found: dict[str, bytes | None] = {}
    for record in records:
        key = _needed(table, record)
        path = declared_path(location, encoded_name(key)) or ""
        check_name(path)
        if path in found:
            raise DuplicateKey(table, key)
        file = TableFile(path, b"", location)
        found[path] = _new(file, path, _raw(file, record))
    return found


def _filled(
    file: TableFile, fields: dict[str, Value], known: Sequence[str] = ()
) -> dict[str, Value]:
    """Gives a record of a file of rows all columns that are known or declared, in their order."""
    if file.format not in _OF_ROWS:
        return fields
    lead = {name: fields[name] for name in KEY_FIELDS if name in fields}
    columns = file.location.declaration.columns
    placed = {*file.location.captures}
    names = [*known] or [
        file.raw_name(column.name)
        for column in columns
        if "formula" not in dict(column.rules) and column.name not in placed
    ]
    return {**lead, **dict.fromkeys(names), **fields}


def _columns_of(file: TableFile) -> bytes:
    """Gives an empty file of the declared columns, if the format says their types."""
    columns = [
        (column.name, column.type)
        for column in file.location.declaration.columns
        if column.type is not None
    ]
    if file.format != "parquet" or not columns:
        return b""
    try:
        return empty_file(columns)
    except EditFault as fault:
        raise WriteError(f"{file.path}: {fault.message}") from fault


def _paths_like(model: TableFile, key: str) -> Iterator[str]:
    """Gives the paths that lead to a key as a model's path leads to its own."""
    old, known = model.path, key_of(model.path, model.location)
    places = [at for at in range(len(old)) if known and old.startswith(known, at)]
    one_by_one = [f"{old[:at]}{key}{old[at + len(known) :]}" for at in reversed(places)]
    for path in (*one_by_one, old.replace(known, key) if known else old):
        is_alike = extension_of(path) == extension_of(old)
        if is_alike and key_of(path, model.location) == key:
            yield path


def _safe(table: str, record: NewRecord) -> str:
    key = _needed(table, record)
    if _UNSAFE.search(key):
        raise WriteError(f"{key!r} makes no name for a file.")
    return key


def _raw(file: TableFile, record: NewRecord) -> dict[str, Value]:
    """Gives a record's fields as its file has them."""
    named = ((file.raw_name(name), value) for name, value in record.fields.items())
    found = {name: file.fit(name, value) for name, value in named}
    if file.format == "markdown":
        found.setdefault(file.location.options.content_field, "")
    return found


def _new(file: TableFile, path: str, value: Value, *, like: bytes | None = None) -> bytes:
    try:
        name = file.location.name
        return written(file.format, value, file.location.options, like=like, table=name)
    except EditFault as fault:
        raise WriteError(f"{path}: {fault.message}") from fault


def insertions(table: str, file: TableFile, records: Sequence[NewRecord]) -> list[Insert]:
    """Gives the edits that add records to a file of many.

    Raises:
        DuplicateKey: A key is there already.
        WriteError: A key is missing, or it is open where the records belong.
    """
    if file.location.form == Form.ENTRY_ITEMS:
        return _in_entries(table, file, records)
    way, value = _container(file)
    if value is None and file.location.form == Form.ENTRIES and file.format not in _OF_ROWS:
        value = {}
    if isinstance(value, dict):
        return _as_entries(table, file, records, way, value)
    found = []
    for record in records:
        fields = _raw(file, record)
        if file.location.form == Form.ENTRIES:
            fields = {_key_field(value): _needed(table, record), **fields}
        end = len(value) if isinstance(value, list) else 0
        found.append(Insert(place=(*way, end), value=fields))
    return found


def _as_entries(
    table: str,
    file: TableFile,
    records: Sequence[NewRecord],
    way: Place,
    value: Mapping[str, Value],
) -> list[Insert]:
    taken = set(value)
    found = []
    for record in records:
        key = _needed(table, record)
        if key in taken:
            raise DuplicateKey(table, key)
        taken.add(key)
        found.append(Insert(place=(*way, key), value=_raw(file, record)))
    return found


def _in_entries(table: str, file: TableFile, records: Sequence[NewRecord]) -> list[Insert]:
    """Adds items to the lists of entries; a new entry gets a list of its own."""
    held = file.document.value or {}
    fresh: dict[str, list[Value]] = {}
    found = []
    for record in records:
        key = _needed(table, record)
        item = _raw(file, record)
        if key not in held:
            fresh.setdefault(key, []).append(item)
        elif isinstance(held[key], list):
            found.append(Insert(place=(key, len(held[key])), value=item))
        else:
            raise WriteError(f"{file.path}: {key!r} holds no list to which a record can be added.")
    return [*found, *(Insert(place=(key,), value=items) for key, items in fresh.items())]


def _container(file: TableFile) -> tuple[Place, Value]:
    """Gives where the records of a file lie in it, and what lies there."""
    pointer = file.location.pointer or WHOLE
    if file.location.form != Form.FIELD_ITEMS or pointer == WHOLE:
        return (), file.document.value
    found = follow(file.document.value, pointer)
    if found is None or not isinstance(found[0], list | dict):
        raise WriteError(f"{file.path}: {pointer!r} holds no list to which a record can be added.")
    return found[1], found[0]


def _key_field(rows: Value) -> str:
    first = rows[0] if isinstance(rows, list) and rows else {}
    return next((name for name in KEY_FIELDS if name in first), KEY_FIELDS[0])


def _needed(table: str, record: NewRecord) -> str:
    if not record.key:
        raise WriteError(
            f"A record of {table} needs a key: the column _key.",
            hint="Give it with the other columns.",
        )
    return record.key
