"""Records of a table whose columns change: fields that go, come, or get another name."""

from collections.abc import Iterator, Mapping
from typing import Any

from ingitdb.errors import WriteError
from ingitdb.formats.edits.changed_values import leaf_edits
from ingitdb.formats.edits.editing import edited
from ingitdb.model.edits import Edit, EditFault, Insert, Place, Remove
from ingitdb.model.records import FormatFault, Value
from ingitdb.model.types import ColumnType
from ingitdb.writes.definition_columns import OF_ROWS, Columns, with_columns
from ingitdb.writes.definition_renames import renamed
from ingitdb.writes.files import TableFile
from ingitdb.writes.values import Absence, file_value

Cells = Mapping[str, tuple[Any, ColumnType]]


def altered(file: TableFile, columns: Columns, cells: Mapping[int, Cells]) -> bytes | None:
    """Gives a file of a table after its columns have changed.

    Args:
        file: The file.
        columns: Which fields go, come, and have another name.
        cells: By number of a record, from 1, the values that fields have then.

    Returns:
        The file; None for one without records that has no place for columns by themselves.

    Raises:
        WriteError: The change cannot be made in it.
    """
    try:
        made = _of_rows(file, columns) if file.format in OF_ROWS else _of_maps(file, columns)
        if made is None:
            return None
        after = TableFile(file.path, made, file.location)
        edits = [edit for number, those in cells.items() for edit in _puts(after, number, those)]
        return edited(after.format, made, edits, file.location.options)
    except (EditFault, FormatFault) as fault:
        raise WriteError(f"{file.path}: {fault.message}") from fault


def _of_rows(file: TableFile, columns: Columns) -> bytes | None:
    is_retyped = bool(columns.retyped) and file.format == "parquet"
    if not (columns.added or columns.dropped or columns.renamed or is_retyped):
        return file.data
    raw = Columns(
        renamed={file.raw_name(old): new for old, new in columns.renamed.items()},
        dropped=[file.raw_name(name) for name in columns.dropped],
        added=columns.added,
        retyped={file.raw_name(name): kind for name, kind in columns.retyped.items()},
    )
    return with_columns(file.format, file.data, raw, file.location.options)


def _of_maps(file: TableFile, columns: Columns) -> bytes:
    data, options = file.data, file.location.options
    names: dict[Place, str] = {}
    edits: list[Edit] = []
    for place in file.places:
        fields = _fields(file.document.value, place)
        names.update(((*place, old), new) for old, new in columns.renamed.items() if old in fields)
        edits += [Remove(place=(*place, name)) for name in columns.dropped if name in fields]
    if names:
        data = renamed(file.format, data, names, options)
    return edited(file.format, data, edits, options) if edits else data


def _puts(file: TableFile, number: int, cells: Cells) -> Iterator[Edit]:
    place = file.places[number - 1]
    fields = _fields(file.document.value, place)
    for name, (value, kind) in cells.items():
        raw = file.raw_name(name)
        made = file_value(value, kind)
        if raw in fields:
            new = None if isinstance(made, Absence) else made
            if new is None and file.format == "toml":  # which has no null
                yield Remove(place=(*place, raw))
                continue
            yield from leaf_edits(fields[raw], file.fit(raw, new), (*place, raw))
        elif not isinstance(made, Absence):
            yield Insert(place=(*place, raw), value=file.fit(raw, made))


def _fields(value: Value, place: Place) -> Mapping[str, Value]:
    held: Any = value
    for step in place:
        held = held[step]
    return held if isinstance(held, dict) else {}
