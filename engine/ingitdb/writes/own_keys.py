"""Keys among the fields of records that also name their files or the entries of a map."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from ingitdb.catalog.own_keys import declared_path, encoded_name, has_own_key, own_key
from ingitdb.catalog.records import KEY_FIELDS
from ingitdb.errors import DuplicateKey, WriteError
from ingitdb.formats.edits.editing import edited
from ingitdb.model.edits import EditFault, Place, Put
from ingitdb.model.records import Value
from ingitdb.model.tables import Form, Location
from ingitdb.model.types import ColumnType
from ingitdb.writes.definition_renames import renamed
from ingitdb.writes.files import TableFile
from ingitdb.writes.new_records import NewRecord
from ingitdb.writes.values import Absence, file_value


class Coming(Protocol):
    """A record that comes: its key if it stands outside of its fields, and its cells."""

    @property
    def key(self) -> str | None:
        """The key."""
        ...

    @property
    def cells(self) -> Mapping[str, tuple[Any, ColumnType]]:
        """By field the value and the column's type."""
        ...


def new_records(table: str, location: Location, records: Iterable[Coming]) -> Iterator[NewRecord]:
    """Gives records that come, each with its key.

    Raises:
        WriteError: A part of a key is missing.
    """
    named = has_own_key(location) and location.form in (Form.RECORD, Form.ENTRIES)
    in_cells = any(column.in_cells for column in location.declaration.columns)
    for one in records:
        made = (
            (name, file_value(value, kind, in_cells=in_cells))
            for name, (value, kind) in one.cells.items()
        )
        fields = {name: value for name, value in made if not isinstance(value, Absence)}
        key = one.key
        if key is None and named:
            key = own_key(fields, location)
            if key is None:
                parts = ", ".join(location.declaration.primary_key)
                raise WriteError(f"A record of {table} needs all of its key: {parts}.")
        yield NewRecord(key=key, fields=fields)


def moved_path(before: TableFile, after: TableFile) -> str | None:
    """Gives where a record's file belongs whose key has changed; None where it stays."""
    location = after.location
    if location.form != Form.RECORD or not has_own_key(location):
        return None
    old, new = (own_key(file.document.value or {}, location) for file in (before, after))
    if old == new or new is None:
        return None
    path = declared_path(location, encoded_name(new))
    return None if path == after.path else path


def at_their_keys(table: str, before: TableFile, after: TableFile) -> bytes:
    """Gives a file whose entries are called as the keys say that have changed in them.

    Raises:
        DuplicateKey: Another entry has the key.
        WriteError: An entry cannot be called so.
    """
    location = after.location
    if location.form != Form.ENTRIES or not has_own_key(location):
        return after.data
    known = dict(_entries(before.document.value, location))
    names = {
        step: key
        for step, key in _entries(after.document.value, location)
        if key is not None and known.get(step, key) != key
    }
    if not names:
        return after.data
    taken = [names.get(step, key) for step, key in _entries(after.document.value, location)]
    twice = next((key for key in names.values() if taken.count(key) > 1), None)
    if twice is not None:
        raise DuplicateKey(table, twice)
    try:
        if isinstance(after.document.value, dict):
            places: dict[Place, str] = {(step,): key for step, key in names.items()}
            return renamed(after.format, after.data, places, location.options)
        puts = [Put(place=(step, _field(after, step)), value=key) for step, key in names.items()]
        return edited(after.format, after.data, puts, location.options)
    except EditFault as fault:
        raise WriteError(f"{after.path}: {fault.message}") from fault


def _entries(value: Value, location: Location) -> Iterator[tuple[str | int, str | None]]:
    steps: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, dict):
        steps = value.items()
    elif isinstance(value, list):
        steps = enumerate(value)
    for step, fields in steps:
        yield step, own_key(fields if isinstance(fields, dict) else {}, location)


def _field(file: TableFile, step: str | int) -> str:
    row = file.document.value[step]
    return next(name for name in KEY_FIELDS if name in row)
