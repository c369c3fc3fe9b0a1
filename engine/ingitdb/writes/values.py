"""Turns values of SQL into those of files, as near as can be to what stood there."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any, Final, TypeAlias

from ingitdb.catalog.spelled_cells import text_of
from ingitdb.errors import WriteError
from ingitdb.formats.edits.changed_values import same
from ingitdb.formats.json_values import read_value
from ingitdb.model.records import FormatFault, Value
from ingitdb.model.types import JSON, ColumnType, ListOf, MapOf, Struct
from ingitdb.writes.spelled_values import NUMBERS, SPELLED


class Absence(Enum):
    """That nothing stands somewhere, not even a null."""

    ABSENT = "absent"


ABSENT: Final = Absence.ABSENT
Known: TypeAlias = Value | Absence
_AS_THEY_ARE = (bool, int, float, Decimal, bytes, date, time)
"""What files may hold, but for texts."""


def file_value(
    value: Any, kind: ColumnType, old: Known = ABSENT, *, in_cells: bool = False
) -> Known:
    """Gives what to write for a value of SQL.

    NULL is null where something stands, and nothing where nothing does, also inside of a value. A
    number that stands in a column of texts stays one if its text is meant; dates are texts unless
    the file has dates of its own there, and are spelled as what stood there.

    Args:
        value: What SQL gives; lists, dicts and lists of pairs where it has parts.
        kind: The column's type.
        old: What stands in the file.
        in_cells: Whether it is a cell of a delimited file, where JSON is text.
    """
    if value is None:
        return ABSENT if old is ABSENT else None
    if isinstance(kind, Struct):
        return _record(value, kind, old if isinstance(old, dict) else {})
    if isinstance(kind, ListOf):
        return _items(value, kind.item, old if isinstance(old, list) else [])
    if isinstance(kind, MapOf):
        return _entries(value, kind, old if isinstance(old, dict) else {})
    if kind == JSON:
        parsed = _parsed(value)
        if in_cells:
            return old if isinstance(old, str) and _is_json(old, parsed) else value
        return old if old is not ABSENT and same(old, parsed) else parsed
    if kind.sql in NUMBERS:
        number: Value = NUMBERS[kind.sql](value)
        return number
    if kind.sql in SPELLED or not isinstance(value, _AS_THEY_ARE):
        text = str(SPELLED.get(kind.sql, str)(value))
        return old if old is not ABSENT and text_of(old) == text else text
    if isinstance(value, datetime | date | time):
        return _moment(value, old)
    found: Value = value
    return found


def _record(value: Mapping[str, Any], kind: Struct, old: Mapping[str, Value]) -> dict[str, Value]:
    return dict(_present((name, file_value(value[name], inner, old.get(name, ABSENT)))
                         for name, inner in kind))  # fmt: skip


def _items(value: Sequence[Any], kind: ColumnType, old: Sequence[Value]) -> list[Value]:
    found: list[Value] = []
    for at, item in enumerate(value):
        made = file_value(item, kind, old[at] if at < len(old) else ABSENT)
        found.append(None if made is ABSENT else made)
    return found


def _entries(value: Any, kind: MapOf, old: Mapping[str, Value]) -> dict[str, Value]:
    pairs = value.items() if isinstance(value, Mapping) else value
    found: dict[str, Value] = {}
    for key, item in pairs:
        name = _key_text(file_value(key, kind.key))
        made = file_value(item, kind.value, old.get(name, ABSENT))
        found[name] = None if made is ABSENT else made
    return found


def _key_text(key: Known) -> str:
    text = None if isinstance(key, Absence) else text_of(key)
    if text is None:
        raise WriteError("The keys of a map are texts in a file; bytes, lists and maps are none.")
    return text


def _present(pairs: Iterator[tuple[str, Known]]) -> Iterator[tuple[str, Value]]:
    for name, value in pairs:
        if value is not ABSENT:
            yield name, value


def _parsed(text: str) -> Value:
    found: Value = read_value(text.encode())
    return found


def _is_json(cell: str, meant: Value) -> bool:
    """Tells whether a cell spells a value of JSON."""
    try:
        return same(_parsed(cell), meant)
    except FormatFault:
        return False


def _moment(value: datetime | date | time, old: Known) -> Value:
    """Spells a date or time as what stood there: as such, or as text of the same form."""
    if isinstance(old, datetime | date | time) and type(old) is type(value):
        return value
    stood = old if isinstance(old, str) else ""
    if not isinstance(value, datetime):
        return value.isoformat()
    text = value.isoformat(sep=" " if stood[10:11] == " " else "T")
    if value.tzinfo is None or value.utcoffset() != UTC.utcoffset(None):
        return text
    return text if stood.endswith("+00:00") else text.removesuffix("+00:00") + "Z"
