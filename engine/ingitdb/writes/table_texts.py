"""Changes of a table's records as new texts of the files in which they lie."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from ingitdb.catalog.records import VALUE_COLUMN
from ingitdb.errors import DuplicateKey, WriteError
from ingitdb.formats.edits.editing import leaf_edits
from ingitdb.model.edits import Edit, Insert, Place, Put, Remove
from ingitdb.model.records import Value
from ingitdb.model.tables import Form, Location
from ingitdb.model.types import ColumnType
from ingitdb.writes.files import TableFile
from ingitdb.writes.new_records import NewRecord, first_files, insertions, record_file
from ingitdb.writes.values import ABSENT, Absence, Known, file_value

Cells: TypeAlias = Mapping[str, tuple[Any, ColumnType]]
"""By field the new value, as SQL gives it, and the column's type."""
Texts: TypeAlias = dict[str, bytes | None]
"""By path the new bytes of a file, or None for one that goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A record with other values.

    Attributes:
        path: Its file.
        number: Its place among the table's records of the file, counted from 1.
        cells: The fields that have another value.
    """

    path: str
    number: int
    cells: Cells


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """A record that goes; see `Changed`."""

    path: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """A record that comes, with its key where records carry theirs outside of their fields."""

    key: str | None
    cells: Cells


Change: TypeAlias = Changed | Removed


@dataclass(frozen=True, slots=True)
class TableTexts:
    """The files of one table at one commit.

    Attributes:
        name: The table's name.
        locations: Where its records may lie.
        located: How the records of each of its files belong to it, by path.
        read: Gives the bytes of a file; None where there is none.
    """

    name: str
    locations: Sequence[Location]
    located: Mapping[str, Location]
    read: Callable[[str], bytes | None]

    def changed(self, changes: Sequence[Change]) -> Texts:
        """Gives the new bytes of each file in which a record changes or goes.

        Raises:
            WriteError: A change cannot be made in a file.
        """
        by_path: dict[str, list[Change]] = {}
        for change in changes:
            by_path.setdefault(change.path, []).append(change)
        found: Texts = {}
        for path, those in by_path.items():
            file = self._file(path)
            if file.location.form == Form.RECORD and isinstance(those[0], Removed):
                found[path] = None
                continue
            made = file.edited(list(_edits(file, those)))
            if made != file.data:
                found[path] = made
        return found

    def added(self, records: Sequence[Added], paths: Sequence[str]) -> Texts:
        """Gives the bytes of each file that comes, or that records come into.

        A record that is no file of its own goes to the end of the last file.

        Args:
            records: The records.
            paths: The table's files.

        Raises:
            DuplicateKey: A key is there already.
            WriteError: It is open where a record belongs, or it has no place there.
        """
        new = [NewRecord(key=one.key, fields=_fields(one.cells)) for one in records]
        if not paths:
            return first_files(self.name, self.locations[0], new)
        model = self._file(paths[-1])
        if model.location.form != Form.RECORD:
            return {model.path: model.edited(list(insertions(self.name, model, new)))}
        found: Texts = {}
        for record in new:
            path, data = record_file(self.name, model, record)
            if path in found or self.read(path) is not None:
                raise DuplicateKey(self.name, record.key or path)
            found[path] = data
        return found

    def _file(self, path: str) -> TableFile:
        data = self.read(path)
        if data is None or path not in self.located:
            raise WriteError(f"{path} holds no records of {self.name} any more.")
        return TableFile(path, data, self.located[path])


def _edits(file: TableFile, changes: Sequence[Change]) -> Iterator[Edit]:
    places = file.places
    for change in changes:
        place = places[change.number - 1]
        if isinstance(change, Removed):
            yield Remove(place=place)
        else:
            yield from _record_edits(file, place, change.cells)


def _record_edits(file: TableFile, place: Place, cells: Cells) -> Iterator[Edit]:
    """Gives the edits of one record's fields."""
    held: Any = file.document.value
    for step in place:
        held = held[step]
    known = held if isinstance(held, dict) else {}
    for name, (value, kind) in cells.items():
        raw = file.raw_name(name)
        if held is not None and not isinstance(held, dict) and name == VALUE_COLUMN:
            yield Put(place=place, value=_given(file, value, kind, held))
            continue
        old = known.get(raw, ABSENT)
        new = file_value(value, kind, old)
        if old is not ABSENT:
            yield from leaf_edits(old, _given(file, value, kind, old), (*place, raw))
        elif new is not ABSENT:
            yield Insert(place=(*place, raw), value=_given(file, value, kind, old))


def _given(file: TableFile, value: Any, kind: ColumnType, old: Known) -> Value:
    found = file_value(value, kind, old)
    return file.fit(None if isinstance(found, Absence) else found)


def _fields(cells: Cells) -> dict[str, Value]:
    """Gives the fields of a new record that have a value."""
    made = ((name, file_value(value, kind)) for name, (value, kind) in cells.items())
    return {name: value for name, value in made if not isinstance(value, Absence)}
