"""Columns of Arrow as values of Python: the same ones for rows of here and of a server."""

import datetime as _dt
from typing import TYPE_CHECKING, Any

from ingitdb.api import dbapi

if TYPE_CHECKING:
    import pyarrow as pa

_FEW = 64
"""Up to so many values of a column are made one by one."""
_SAMPLE = 1024
_FIRST_DAY = _dt.date(1970, 1, 1).toordinal()
_START = _dt.datetime(1970, 1, 1)  # noqa: DTZ001 - a TIMESTAMP has no zone
_START_UTC = _START.replace(tzinfo=_dt.UTC)


def values(array: "pa.Array", kind: str) -> list[Any]:
    """Gives the values of a column; instants and texts that repeat are made once each.

    Args:
        array: The column.
        kind: DuckDB's name for its type.

    Raises:
        DataError: Python has no such value.
    """
    try:
        if len(array) > _FEW and (kind.startswith("TIMESTAMP") or _repeats(array, kind)):
            encoded = array.dictionary_encode()
            made = [*_each(encoded.dictionary, kind), None]
            return [made[i] for i in encoded.indices.fill_null(len(made) - 1).to_pylist()]
        return _each(array, kind)
    except (OverflowError, ValueError):
        raise dbapi.DataError(
            f"A {kind} lies outside the years that Python knows.",
            hint="Cast it to VARCHAR, or fetch it as Arrow.",
        ) from None


def _repeats(array: "pa.Array", kind: str) -> bool:
    """Tells by its first values whether a column of texts has few different ones."""
    first = array.slice(0, _SAMPLE)
    return kind == "VARCHAR" and 2 * len(first.unique()) < len(first)


def _each(array: "pa.Array", kind: str) -> list[Any]:
    if kind == "DATE":
        days = array.view("int32").to_pylist()
        return [d if d is None else _dt.date.fromordinal(_FIRST_DAY + d) for d in days]
    if kind in ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE") and array.type.unit == "us":
        start = _START if array.type.tz is None else _START_UTC
        counts = array.view("int64").to_pylist()
        return [c if c is None else start + _dt.timedelta(0, 0, c) for c in counts]
    if "MAP(" in kind:  # what makes dicts of maps takes twenty times as long, whatever the type
        return list(array.to_pylist(maps_as_pydicts="lossy"))
    found: list[Any] = array.to_pylist()
    if kind in ("HUGEINT", "UHUGEINT"):
        return [v if v is None else int(v) for v in found]
    return found
