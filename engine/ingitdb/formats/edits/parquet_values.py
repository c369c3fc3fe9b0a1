"""Turns values as they are read from Parquet into those of a column's type."""

from collections.abc import Mapping
from datetime import datetime, time
from decimal import Decimal, InvalidOperation
from math import isclose, isfinite
from typing import Any

import pyarrow as pa

from ingitdb.formats.edits.changed_values import same
from ingitdb.formats.parquet import values_of
from ingitdb.model.edits import EditFault
from ingitdb.model.records import Spelled, Value


def fitting(value: Value, field: pa.Field) -> tuple[pa.Array, Value]:
    """Gives a value in the type of a column, and as it is read again from there.

    A text that spells a date or time becomes one, a number is rounded only to a shorter float.

    Raises:
        EditFault: The value does not fit.
    """
    kind = field.type
    if value is None and not field.nullable:
        raise EditFault(f"The column {field.name!r} takes no NULL.")
    try:
        made = _array(value, kind)
        found = values_of(pa.chunked_array([made]))[0]
    except (pa.ArrowException, TypeError, ValueError, OverflowError, InvalidOperation):
        raise _refused(value, field) from None
    if not _agree(value, found):
        raise _refused(value, field)
    return made, found


def _refused(value: Value, field: pa.Field) -> EditFault:
    said = repr(value) if len(repr(value)) <= 60 else f"a {type(value).__name__}"
    return EditFault(f"The column {field.name!r} holds {field.type}, which {said} is not.")


def _array(value: Any, kind: pa.DataType) -> pa.Array:
    """Makes an array of one value."""
    if isinstance(kind, pa.BaseExtensionType):
        return pa.ExtensionArray.from_storage(kind, _extension(value, kind))
    if pa.types.is_dictionary(kind):
        return _array(value, kind.value_type).dictionary_encode().cast(kind)
    plain = _plain(value, kind)
    if not isinstance(plain, str) or _is_text(kind):
        return pa.array([plain], kind)
    if pa.types.is_time(kind):
        return pa.array([_nanoseconds(plain)]).cast(pa.time64("ns")).cast(kind)
    return pa.array([plain]).cast(kind)


def _extension(value: Any, kind: Any) -> pa.Array:
    """Gives what is stored for a value of an extension type, which is read as its text."""
    if isinstance(value, str) and pa.types.is_fixed_size_binary(kind.storage_type):
        return pa.array([bytes.fromhex(value.replace("-", ""))], kind.storage_type)
    return _array(value, kind.storage_type)


def _plain(value: Any, kind: pa.DataType) -> Any:
    """Gives a value as Arrow takes it for a type."""
    if isinstance(value, Spelled):
        value = value.value
    if value is None:
        return None
    if pa.types.is_map(kind) and isinstance(value, Mapping):
        return [
            (_key(key, kind.key_type), _one(item, kind.item_type)) for key, item in value.items()
        ]
    if pa.types.is_struct(kind) and isinstance(value, Mapping):
        names = [field.name for field in kind]
        if set(value) - set(names):
            raise ValueError(set(value) - set(names))
        return {field.name: _one(value.get(field.name), field.type) for field in kind}
    if pa.types.is_nested(kind):
        if not isinstance(value, list):
            raise TypeError(kind)
        return [_one(item, kind.value_type) for item in value]
    if pa.types.is_decimal(kind) and isinstance(value, int | float):
        return Decimal(str(value))
    if pa.types.is_floating(kind) and isinstance(value, Decimal | int):
        return float(value)
    is_whole = isinstance(value, float | Decimal) and value == int(value)
    return int(value) if pa.types.is_integer(kind) and is_whole else value


def _one(value: Any, kind: pa.DataType) -> Any:
    """Gives a value inside of another one."""
    if isinstance(value, str) and not _is_text(kind) and not pa.types.is_nested(kind):
        return _array(value, kind)[0].as_py()
    return _plain(value, kind)


def _nanoseconds(text: str) -> int:
    """Gives the time of a day in nanoseconds."""
    clock, _, fraction = text.partition(".")
    found = time.fromisoformat(clock)
    seconds = (found.hour * 60 + found.minute) * 60 + found.second
    return seconds * 10**9 + int(fraction[:9].ljust(9, "0"))


def _key(text: str, kind: pa.DataType) -> Any:
    return text if _is_text(kind) else pa.scalar(text).cast(kind).as_py()


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _agree(value: Value, found: Value) -> bool:
    """Tells whether what is read again is what was given, the ways of numbers and texts aside."""
    if isinstance(value, Spelled):
        value = value.value
    if isinstance(value, dict) and isinstance(found, dict):
        return value.keys() <= found.keys() and all(
            _agree(value.get(key), item) for key, item in found.items()
        )
    if isinstance(value, list) and isinstance(found, list):
        return len(value) == len(found) and all(map(_agree, value, found))
    if same(value, found) or (isinstance(value, str) and not isinstance(found, str)):
        return found is not None or value is None
    if isinstance(value, bool) or isinstance(found, bool):
        return False
    if isinstance(value, int | float | Decimal) and isinstance(found, int | float | Decimal):
        return _are_close(value, found)
    if isinstance(value, datetime) and isinstance(found, datetime):
        return value == found
    return False


def _are_close(value: float | Decimal, found: float | Decimal) -> bool:
    """Tells whether a number is another one, but for the digits that a float has no place for."""
    if not isinstance(found, float):
        return Decimal(str(value)) == Decimal(str(found))
    return isclose(float(value), found, rel_tol=1e-3) and isfinite(found)
