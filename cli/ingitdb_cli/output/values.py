"""Arrow arrays as Python values: for JSON, and as text for people and CSV.

Dates and times are spelled by Arrow and never become Python's, which knows neither nanoseconds nor
the years that DuckDB knows.
"""

import base64
import re
from collections.abc import Callable
from typing import Any, TypeAlias

import orjson
import pyarrow as pa
from pyarrow import types

from ingitdb.model.types import ColumnType, ListOf, MapOf, Scalar, Struct

Values: TypeAlias = list[Any]

_NOT_FINITE = "NaN and infinite numbers are written as null"
_INT64 = 2**63
_ENDLESS = _INT64 - 1
_ENDLESS_DAYS = 2**31 - 1
_FRACTION = re.compile(r"\.(\d*?)0*(?!\d)")
_OFFSET = re.compile(r"([+-]\d\d)(\d\d)$")
_LINE_ENDS = re.compile(r"[\r\n]")


def json_values(
    array: Any, column: ColumnType | None = None, warn: Callable[[str], None] = lambda _: None
) -> Values:
    """Gives values that orjson writes as CLI.md's JSON rules say."""
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        return _extension(array, column, warn)
    if types.is_dictionary(kind):
        return json_values(array.dictionary_decode(), column, warn)
    nested = _nested(array, column, warn)
    if nested is not None:
        return nested
    if types.is_floating(kind):
        return _floats(array, warn)
    name = column.name if isinstance(column, Scalar) else ""
    if name == "JSON":
        return [None if text is None else fragment(text) for text in array.to_pylist()]
    return _leaf(array, name)


def text_values(array: Any, column: ColumnType | None = None) -> list[str | None]:
    """Gives each value as text; lists, maps and structs as JSON."""
    kind = array.type
    if types.is_string(kind) or types.is_large_string(kind):
        found: list[str | None] = array.to_pylist()
        return found
    if types.is_boolean(kind):
        return [None if v is None else "true" if v else "false" for v in array.to_pylist()]
    if types.is_integer(kind):
        return [None if v is None else str(v) for v in array.to_pylist()]
    if types.is_floating(kind):
        return [None if v is None else repr(v) for v in array.to_pylist()]
    if types.is_timestamp(kind):
        return [None if v is None else v.replace("T", " ", 1) for v in _timestamps(array)]
    return [_as_text(value) for value in json_values(array, column)]


def fragment(text: str) -> Any:
    """Takes JSON text over as it is, on one line; what is no JSON becomes a string."""
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    return orjson.Fragment(_LINE_ENDS.sub(" ", text))  # outside strings a line end is only space


def dump(value: Any) -> str:
    """Writes a value of `json_values` as compact JSON."""
    return orjson.dumps(value).decode()


def _as_text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else dump(value)


def _nested(array: Any, column: ColumnType | None, warn: Callable[[str], None]) -> Values | None:
    """Gives the values of a list, map, struct or union; None for every other type."""
    kind = array.type
    if types.is_struct(kind):
        return _structs(array, column, warn)
    if types.is_map(kind):
        return _maps(array, column, warn)
    if types.is_fixed_size_list(kind):
        array = array.cast(pa.list_(kind.value_type))
        kind = array.type
    if types.is_list(kind) or types.is_large_list(kind):
        item = column.item if isinstance(column, ListOf) else None
        return _cut(
            array, lambda start, end: json_values(_part(array.values, start, end), item, warn)
        )
    if types.is_union(kind):
        return _unions(array, warn)
    return None


def _structs(array: Any, column: ColumnType | None, warn: Callable[[str], None]) -> Values:
    names = [array.type.field(i).name for i in range(array.type.num_fields)]
    declared = [t for _, t in column] if isinstance(column, Struct) else [None] * len(names)
    parts = [json_values(array.field(i), declared[i], warn) for i in range(len(names))]
    rows = zip(*parts, strict=True)
    valid = array.is_valid().to_pylist()
    return [
        dict(zip(names, row, strict=True)) if ok else None
        for row, ok in zip(rows, valid, strict=True)
    ]


def _maps(array: Any, column: ColumnType | None, warn: Callable[[str], None]) -> Values:
    key = column.key if isinstance(column, MapOf) else None
    value = column.value if isinstance(column, MapOf) else None

    def entries(start: int, end: int) -> Values:
        keys = text_values(_part(array.keys, start, end), key)
        return list(
            zip(keys, json_values(_part(array.items, start, end), value, warn), strict=True)
        )

    return [None if pairs is None else dict(pairs) for pairs in _cut(array, entries)]


def _unions(array: Any, warn: Callable[[str], None]) -> Values:
    parts = [json_values(array.field(i), None, warn) for i in range(array.type.num_fields)]
    codes = array.type_codes
    place = {code: i for i, code in enumerate(array.type.type_codes)}
    picked = codes.to_pylist()
    if array.type.mode == "dense":
        offsets = array.offsets.to_pylist()
        return [parts[place[c]][o] for c, o in zip(picked, offsets, strict=True)]
    return [parts[place[c]][i] for i, c in enumerate(picked)]


def _cut(array: Any, items: Callable[[int, int], Values]) -> Values:
    """Cuts the values below lists at the lists' offsets."""
    offsets = array.offsets.to_pylist()
    if not len(array):
        return []
    first = offsets[0]
    below = items(first, offsets[-1])
    valid = array.is_valid().to_pylist()
    return [
        below[start - first : end - first] if ok else None
        for start, end, ok in zip(offsets[:-1], offsets[1:], valid, strict=True)
    ]


def _part(array: Any, start: int, end: int) -> Any:
    return array.slice(start, end - start)


def _extension(array: Any, column: ColumnType | None, warn: Callable[[str], None]) -> Values:
    name = getattr(array.type, "type_name", None) or array.type.extension_name
    if name == "bignum":
        return _per_value(array.storage, _bignum)
    if name == "bit":
        return _per_value(array.storage, _bits)
    if name == "arrow.json":
        column = Scalar("JSON")
    if name == "arrow.uuid":
        return [None if v is None else str(v) for v in array.to_pylist()]
    return json_values(array.storage, column, warn)


def _floats(array: Any, warn: Callable[[str], None]) -> Values:
    import pyarrow.compute as pc  # slow to load: only floating point numbers need it

    if not pc.all(pc.is_finite(array), skip_nulls=True).as_py() and len(array) > array.null_count:
        warn(_NOT_FINITE)
    found: Values = array.to_pylist()  # orjson writes null for what is not finite
    return found


def _leaf(array: Any, name: str) -> Values:
    kind = array.type
    if types.is_timestamp(kind):
        return _timestamps(array)
    if types.is_date(kind):
        return _dates(array)
    if types.is_time(kind) or types.is_duration(kind):
        return _per_value(array.cast(pa.string()), _without_zeros)
    if name == "HUGEINT":
        return _per_value(array, _integer)
    if types.is_decimal(kind):
        return _per_value(array, lambda value: format(value, "f"))
    if types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind):
        spell = {"BIT": _bits, "BIGNUM": _bignum}.get(name, _base64)
        return _per_value(array, spell)
    if types.is_interval(kind):
        return _per_value(array, _interval)
    found: Values = array.to_pylist()
    return found


def _integer(value: Any) -> int | str:
    """Spells an integer: as text where JSON's readers would round it off."""
    number = int(value)
    return number if -_INT64 <= number < _INT64 else str(number)


def _per_value(array: Any, spell: Callable[[Any], Any]) -> Values:
    return [None if value is None else spell(value) for value in array.to_pylist()]


def _timestamps(array: Any) -> list[str | None]:
    """Spells timestamps in ISO 8601, those with a zone with its offset."""
    numbers = array.cast(pa.int64()).to_pylist()
    texts = array.cast(pa.string()).to_pylist()
    return [
        None if text is None else _endless(number, _ENDLESS) or _iso(text)
        for number, text in zip(numbers, texts, strict=True)
    ]


def _dates(array: Any) -> Values:
    numbers = array.cast(pa.int32()).to_pylist()
    texts = array.cast(pa.string()).to_pylist()
    return [
        None if text is None else _endless(number, _ENDLESS_DAYS) or text
        for number, text in zip(numbers, texts, strict=True)
    ]


def _endless(number: int, bound: int) -> str | None:
    if number == bound:
        return "infinity"
    return "-infinity" if number == -bound else None


def _iso(text: str) -> str:
    return _OFFSET.sub(r"\1:\2", _without_zeros(text).replace(" ", "T", 1))


def _without_zeros(text: str) -> str:
    return _FRACTION.sub(lambda found: f".{found[1]}" if found[1] else "", text)


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def _bits(value: bytes) -> str:
    """Reads DuckDB's BIT: the count of padding bits, then the bits."""
    return "".join(f"{byte:08b}" for byte in value[1:])[value[0] :]


def _bignum(value: bytes) -> str:
    """Reads DuckDB's BIGNUM: sign and length in three bytes, inverted when negative."""
    negative = not value[0] & 0x80
    data = bytes(byte ^ 0xFF for byte in value) if negative else value
    return str(int.from_bytes(data[3:]) * (-1 if negative else 1))


def _interval(value: Any) -> str:
    """Spells an interval as an ISO 8601 duration."""
    parts = [f"{n}{unit}" for n, unit in ((value.months, "M"), (value.days, "D")) if n]
    text = "P" + "".join(parts)
    if value.nanoseconds:
        sign = "-" if value.nanoseconds < 0 else ""
        seconds, rest = divmod(abs(value.nanoseconds), 10**9)
        fraction = f".{rest:09d}".rstrip("0") if rest else ""
        text += f"T{sign}{seconds}{fraction}S"
    return text if len(text) > 1 else "PT0S"
