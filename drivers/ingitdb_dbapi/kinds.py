"""The types of PEP 249: constructors of values, names of Arrow's types, and groups of names."""

import datetime as _dt
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

Date = _dt.date
Time = _dt.time
Timestamp = _dt.datetime
Binary = bytes


def DateFromTicks(ticks: float) -> _dt.date:  # noqa: N802 - PEP 249's name
    """Gives the local date of seconds since 1970."""
    return _dt.date(*time.localtime(ticks)[:3])


def TimeFromTicks(ticks: float) -> _dt.time:  # noqa: N802 - PEP 249's name
    """Gives the local time of seconds since 1970."""
    return _dt.time(*time.localtime(ticks)[3:6])


def TimestampFromTicks(ticks: float) -> _dt.datetime:  # noqa: N802 - PEP 249's name
    """Gives the local date and time of seconds since 1970."""
    return _dt.datetime(*time.localtime(ticks)[:6])  # noqa: DTZ001 - a TIMESTAMP has no zone


class Group:
    """Equals each type of its kind, as `description` names them."""

    def __init__(self, *names: str) -> None:
        self._names = frozenset(names)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Group):
            return self._names == other._names
        return isinstance(other, str) and other.partition("(")[0] in self._names

    def __hash__(self) -> int:
        return hash(self._names)


STRING = Group("VARCHAR", "JSON", "UUID", "BIT", "BIGNUM", "ENUM", "TIME WITH TIME ZONE")
BINARY = Group("BLOB")
NUMBER = Group(
    *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "DECIMAL", "FLOAT", "DOUBLE"),
    *("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT", "BOOLEAN"),
)
DATETIME = Group(
    *("DATE", "TIME", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"),
    *("TIMESTAMP WITH TIME ZONE", "INTERVAL"),
)
ROWID = Group()

_PLAIN = {
    "bool": "BOOLEAN",
    "int8": "TINYINT",
    "int16": "SMALLINT",
    "int32": "INTEGER",
    "int64": "BIGINT",
    "uint8": "UTINYINT",
    "uint16": "USMALLINT",
    "uint32": "UINTEGER",
    "uint64": "UBIGINT",
    "halffloat": "FLOAT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "string": "VARCHAR",
    "large_string": "VARCHAR",
    "string_view": "VARCHAR",
    "binary": "BLOB",
    "large_binary": "BLOB",
    "binary_view": "BLOB",
    "date32[day]": "DATE",
    "date64[ms]": "DATE",
    "time32[s]": "TIME",
    "time32[ms]": "TIME",
    "time64[us]": "TIME",
    "time64[ns]": "TIME",
    "timestamp[s]": "TIMESTAMP_S",
    "timestamp[ms]": "TIMESTAMP_MS",
    "timestamp[us]": "TIMESTAMP",
    "timestamp[ns]": "TIMESTAMP_NS",
    "month_day_nano_interval": "INTERVAL",
    "null": '"NULL"',
}
_TYPE_NAME = b"ARROW:FLIGHT:SQL:TYPE_NAME"


def name_of(field: "pa.Field") -> str:
    """Gives DuckDB's name for the type of a column."""
    said, spelled = (field.metadata or {}).get(_TYPE_NAME, b"").decode(), _spelled(field.type)
    return spelled if said in ("", "DECIMAL") else said  # which is said without its digits


def _spelled(kind: "pa.DataType") -> str:
    import pyarrow.types as is_kind

    if is_kind.is_map(kind):
        return f"MAP({_spelled(kind.key_type)}, {_spelled(kind.item_type)})"
    if is_kind.is_struct(kind):
        inner = ", ".join(f"{_quoted(each.name)} {_spelled(each.type)}" for each in kind)
        return f"STRUCT({inner})"
    if is_kind.is_nested(kind):
        return f"{_spelled(kind.value_type)}[]"
    if is_kind.is_decimal(kind):
        return f"DECIMAL({kind.precision},{kind.scale})"
    if is_kind.is_dictionary(kind):
        return _spelled(kind.value_type)
    if is_kind.is_timestamp(kind) and kind.tz is not None:
        return "TIMESTAMP WITH TIME ZONE"
    if (storage := getattr(kind, "storage_type", None)) is not None:
        return _EXTENSIONS.get(kind.extension_name) or _spelled(storage)
    return _PLAIN.get(str(kind), "VARCHAR")


_EXTENSIONS = {"arrow.json": "JSON", "arrow.uuid": "UUID", "arrow.bool8": "BOOLEAN"}


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
