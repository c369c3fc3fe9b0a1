"""Changes of a table's records as new texts of the files in which they lie."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from ingitdb.catalog.collection_rules import RECORDS_FOLDER
from ingitdb.catalog.globs import template_of
from ingitdb.catalog.own_keys import decoded_name
from ingitdb.catalog.records import KEY_FIELDS, PARENT_COLUMN, VALUE_COLUMN, key_of
from ingitdb.catalog.records import records as read_records
from ingitdb.catalog.spelled_cells import text_of
from ingitdb.errors import DuplicateKey, WriteError
from ingitdb.formats.edits.editing import leaf_edits
from ingitdb.model.edits import Edit, Insert, Place, Put, Remove
from ingitdb.model.records import Value
from ingitdb.model.tables import Form, Location
from ingitdb.model.types import ColumnType
from ingitdb.writes.files import TableFile
from ingitdb.writes.new_places import Places, captured, check_name, places_of
from ingitdb.writes.new_records import (
    NewRecord,
    first_files,
    insertions,
    new_file,
    new_record_file,
    record_file,
)
from ingitdb.writes.own_keys import at_their_keys, moved_path, new_records
from ingitdb.writes.values import ABSENT, Absence, Known, file_value

Cells: TypeAlias = Mapping[str, tuple[Any, ColumnType]]
"""By field the new value, as SQL gives it, and the column's type."""
_WITHOUT_NULL = ("toml",)
"""Formats in which a field without a value is not there."""
_DELIMITED = ("csv", "tsv")
_IN_COLUMNS = ("csv", "tsv", "ingr", "parquet")
"""Formats in which each record has each field."""
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


def _expect_nothing(_paths: Collection[str]) -> None:
    """Does nothing."""


def _stands_nowhere(_start: str) -> bool:
    """Knows of no path."""
    return False


def _unknown() -> None:
    """Knows of no parents."""


@dataclass(frozen=True, slots=True)
class TableTexts:
    """The files of one table at one commit.

    Attributes:
        name: The table's name.
        locations: Where its records may lie.
        located: How the records of each of its files belong to it, by path.
        read: Gives the bytes of a file; None where there is none.
        expect: Is told of files that will be asked for.
        stands: Tells whether any path of the commit begins with a text.
        parents: Gives the keys of the records that the table's belong to; None where to none.
    """

    name: str
    locations: Sequence[Location]
    located: Mapping[str, Location]
    read: Callable[[str], bytes | None]
    expect: Callable[[Collection[str]], None] = _expect_nothing
    stands: Callable[[str], bool] = _stands_nowhere
    parents: Callable[[], Collection[str] | None] = _unknown

    def changed(self, changes: Sequence[Change]) -> Texts:
        """Gives the new bytes of each file in which a record changes or goes.

        Raises:
            WriteError: A change cannot be made in a file.
        """
        by_path: dict[str, list[Change]] = {}
        for change in changes:
            by_path.setdefault(change.path, []).append(change)
        self.expect(by_path.keys())
        found: Texts = {}
        for path, those in by_path.items():
            file = self._file(path)
            if file.location.form == Form.RECORD and isinstance(those[0], Removed):
                found[path] = None
                continue
            made = file.edited(list(_edits(file, those)))
            made = at_their_keys(self.name, file, TableFile(path, made, file.location))
            if made != file.data:
                found[path] = made
        return self._at_their_keys(found)

    def without_nulls(self, records: Mapping[str, Collection[int]], names: Sequence[str]) -> Texts:
        """Gives the new bytes of each file in which fields of some records are null.

        Args:
            records: By path the numbers of the records; see `Changed`.
            names: The fields, which are not there then; in formats with columns they stay.

        Raises:
            WriteError: A field cannot be taken away.
        """
        self.expect(records.keys())
        found: Texts = {}
        for path, numbers in records.items():
            file = self._file(path)
            made = file.edited(list(_null_removals(file, numbers, names)))
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
        model = self._file(paths[-1]) if paths else None
        new = list(new_records(self.name, model.location if model else self.locations[0], records))
        where = model.location if model else self.locations[0]
        places = places_of(self.name, where, paths, self.stands)
        if places is not None:
            return self._placed(places, new)
        if model is None:
            return self._first(new)
        self._check_alike(model.location, paths)
        if model.location.form != Form.RECORD:
            self._check_keys(model, new)
            return {model.path: model.edited(list(insertions(self.name, model, new)))}
        found: Texts = {}
        made = [record_file(self.name, model, record) for record in new]
        self.expect([path for path, _ in made])
        for record, (path, data) in zip(new, made, strict=True):
            if path in found or self.read(path) is not None:
                raise DuplicateKey(self.name, record.key or path)
            found[path] = data
        return found

    def _first(self, records: Sequence[NewRecord]) -> Texts:
        """Gives the files of the first records, which take the place of none that is there."""
        found = first_files(self.name, self.locations[0], records)
        for path in found:
            if (self.read(path) or b"").strip():
                raise WriteError(
                    f"{path} is there already, and cannot be read as records of {self.name}.",
                    hint="SELECT * FROM unreadable() says why.",
                )
        return found

    def _placed(
        self, places: Places, records: Sequence[NewRecord], *, emptied: bool = False
    ) -> Texts:
        """Gives the files of records whose columns say where they belong.

        Args:
            places: Where that is.
            records: The records.
            emptied: Whether all files of the table go.
        """
        location = places.location
        found: dict[str, tuple[str | None, list[NewRecord]]] = {}
        for record in records:
            place = places.of(record.key, captured(location, record.fields))
            self._check_parent(place.parent)
            check_name(place.path)
            rest = {n: value for n, value in record.fields.items() if n not in location.captures}
            _, those = found.setdefault(place.path, (place.like, []))
            those.append(NewRecord(key=place.key, fields=rest))
        texts: Texts = {}
        for path, (like, those) in found.items():
            model = self._file(like) if like is not None else None
            is_there = not emptied and self.read(path) is not None
            if location.form == Form.RECORD:
                if is_there or len(those) > 1:
                    raise DuplicateKey(self.name, key_of(path, location))
                texts[path] = new_record_file(location, path, those[0], model)
            elif is_there:
                file = self._file(path)
                self._check_keys(file, those)
                texts[path] = file.edited(list(insertions(self.name, file, those)))
            else:
                texts[path] = new_file(self.name, TableFile(path, b"", location), those, model)
        return texts

    def _check_parent(self, parent: str | None) -> None:
        """Returns if the parent of a record is there."""
        known = self.parents() if parent is not None else None
        if parent is not None and known is not None and decoded_name(parent) not in known:
            raise WriteError(f"A record of {self.name} needs its parent: there is no {parent!r}.")

    def keys(self) -> Iterator[str]:
        """Gives the keys of the records, as those below them have them in their paths."""
        for path, where in self.located.items():
            if where.form == Form.RECORD:
                yield key_of(path, where)
                continue
            for record in read_records(self._file(path).document, where, path):
                names = where.declaration.primary_key
                texts = [text_of(record.fields.get(name)) or "" for name in names]
                yield record.key or "/".join(texts)

    def _check_keys(self, file: TableFile, records: Sequence[NewRecord]) -> None:
        """Returns if no two rows of a list would say the same key of their own."""
        rows = file.document.value
        if file.location.form != Form.ENTRIES or not isinstance(rows, list):
            return
        taken = {str(row[name]) for row in rows for name in KEY_FIELDS if name in row}
        for record in records:
            if record.key in taken:
                raise DuplicateKey(self.name, record.key)
            if record.key is not None:
                taken.add(record.key)

    def _check_alike(self, location: Location, paths: Sequence[str]) -> None:
        """Returns if the paths say the same of all records, and so of new ones."""
        names = [*location.captures]
        if location.form == Form.RECORD:  # the key says whose it is
            names = [name for name in names if name != PARENT_COLUMN]
        found = template_of(location) if names else None
        if found is None:
            return
        said = {
            tuple(captured.get(name) for name in names)
            for captured in map(found.captures, paths)
            if captured is not None
        }
        if len(said) > 1:
            raise WriteError(
                f"It is open where a new record of {self.name} belongs:"
                f" {', '.join(names)} would follow from its place.",
                hint="Commit its file with git.",
            )

    def _at_their_keys(self, texts: Texts) -> Texts:
        """Moves files that are named after keys which have changed in them."""
        moves = {
            path: moved
            for path, data in texts.items()
            if data is not None
            and (moved := moved_path(self._file(path), self._with(path, data))) is not None
        }
        if not moves:
            return texts
        found = {path: None if path in moves else data for path, data in texts.items()}
        for old, new in moves.items():
            check_name(new)
            self._check_nothing_below(old)
            is_free = self.read(new) is None or new in texts
            if found.get(new) is not None or not is_free:
                raise DuplicateKey(self.name, new)
            found[new] = texts[old]
        return found

    def _check_nothing_below(self, path: str) -> None:
        """Returns if no records of a subcollection lie in the folder that has a record's key."""
        head, _, name = path.rpartition("/")
        key = name.rpartition(".")[0]
        for folder in dict.fromkeys((head, head.removesuffix(RECORDS_FOLDER).rstrip("/"))):
            below = f"{folder}/{key}/" if folder else f"{key}/"
            if self.stands(below):
                raise WriteError(
                    f"Records lie below {path}, in {below}, and would lose their parent.",
                    hint="Insert the record under its new key, move those, and delete the old one.",
                )

    def _with(self, path: str, data: bytes) -> TableFile:
        return TableFile(path, data, self.located[path])

    def written(
        self, changes: Sequence[Change], records: Sequence[Added], paths: Sequence[str]
    ) -> Texts:
        """Gives the bytes of each file in which a record changes, goes or comes.

        Args:
            changes: The records that change or go.
            records: The records that come.
            paths: The table's files.

        Raises:
            DuplicateKey: A key is there already.
            WriteError: A change cannot be made.
        """
        found = self.changed(changes)
        if not records:
            return found

        def read(path: str) -> bytes | None:
            return found[path] if path in found else self.read(path)

        left = [path for path in paths if read(path) is not None]
        if left or not paths:
            return {**found, **replace(self, read=read).added(records, left)}
        return {**found, **self._instead(records, paths)}

    def _instead(self, records: Sequence[Added], paths: Sequence[str]) -> Texts:
        """Gives the files of records that come where those of all others go."""
        model = self._file(paths[-1])
        places = places_of(self.name, model.location, paths, self.stands)
        if places is not None:
            new = list(new_records(self.name, model.location, records))
            return self._placed(places, new, emptied=True)
        found: Texts = {}
        for record in new_records(self.name, model.location, records):
            made, data = record_file(self.name, model, record)
            if made in found:
                raise DuplicateKey(self.name, made)
            found[made] = data
        return found

    def revived(
        self,
        records: Sequence[Added],
        paths: Sequence[str],
        present: Callable[[str], bytes | None],
    ) -> Texts:
        """Gives the files of records that come into a table that is gone, as it last was.

        Args:
            records: The records.
            paths: The files that the table had.
            present: Gives the bytes that stand at a path now; None where there is no file.

        Raises:
            DuplicateKey: Two records have one key.
            WriteError: Something else stands there by now, or a record has no place there.
        """
        model = self._file(paths[-1])
        if model.location.form == Form.RECORD:
            found = self._instead(records, paths)
            for path in found:
                if present(path) is not None:
                    raise WriteError(f"{path} is there already and holds no record of {self.name}.")
            return found
        new = list(new_records(self.name, model.location, records))
        data = present(model.path)
        file = TableFile(model.path, data or b"", model.location)
        if data is None:
            return {file.path: new_file(self.name, file, new, model)}
        return {file.path: file.edited(list(insertions(self.name, file, new)))}

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


def _null_removals(
    file: TableFile, numbers: Collection[int], names: Sequence[str]
) -> Iterator[Edit]:
    if file.format in _IN_COLUMNS:
        return
    places = file.places
    for number in sorted(numbers):
        place = places[number - 1]
        held = _held(file, place)
        for name in map(file.raw_name, names):
            if isinstance(held, dict) and held.get(name, ABSENT) is None:
                yield Remove(place=(*place, name))


def _held(file: TableFile, place: Place) -> Any:
    held: Any = file.document.value
    for step in place:
        held = held[step]
    return held


def _record_edits(file: TableFile, place: Place, cells: Cells) -> Iterator[Edit]:
    """Gives the edits of one record's fields."""
    held = _held(file, place)
    known = held if isinstance(held, dict) else {}
    in_cells = file.format in _DELIMITED
    for name, (value, kind) in cells.items():
        raw = file.raw_name(name)
        if held is not None and not isinstance(held, dict) and name == VALUE_COLUMN:
            yield Put(place=place, value=file.fit(raw, _known(value, kind, held)))
            continue
        old = known.get(raw, ABSENT)
        new = file_value(value, kind, old, in_cells=in_cells)
        if old is not ABSENT and new is None and file.format in _WITHOUT_NULL:
            yield Remove(place=(*place, raw))
        elif old is not ABSENT:
            put = None if isinstance(new, Absence) else new
            yield from leaf_edits(old, file.fit(raw, put), (*place, raw))
        elif not isinstance(new, Absence):
            yield Insert(place=(*place, raw), value=file.fit(raw, new))


def _known(value: Any, kind: ColumnType, old: Known) -> Value:
    found = file_value(value, kind, old)
    return None if isinstance(found, Absence) else found
