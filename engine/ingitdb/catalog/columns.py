"""Column types from shapes: what a commit's records are, whatever order they were met in."""

from collections.abc import Iterable, Mapping

from ingitdb.model.shapes import Place, by_frequency, unite
from ingitdb.model.types import (
    BIGINT,
    BLOB,
    BOOLEAN,
    DATE,
    DOUBLE,
    HUGEINT,
    JSON,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
    VARCHAR,
    ColumnType,
    ListOf,
    Struct,
    decimal,
)

RESERVED_COLUMNS = ("_key", "_path", "_line", "_blob")
"""Names that every table can be asked for; a field of such a name gets a suffix."""
_MOST_KEYS = 256
_MOST_DIGITS = 38
_SHORT_DIGITS = 18
_SINGLE = {
    "b": BOOLEAN,
    "s": VARCHAR,
    "d": DATE,
    "t": TIME,
    "T": TIMESTAMP,
    "Z": TIMESTAMPTZ,
    "x": BLOB,
}


def place_at(counts: Mapping[str, int]) -> Place:
    """Unites the shapes of a commit's records, the commonest first."""
    return unite(by_frequency(counts))


def type_of(place: Place) -> ColumnType:
    """Gives the type that holds everything that stands at a place.

    Ints widen to BIGINT, HUGEINT and text; ints of 53 bits and floats to DOUBLE; other scalars of
    several kinds to text as it stands in the source; what is a list here and a scalar or map there,
    a map that is always empty, a map with more than 256 keys or with keys that differ only in case
    is JSON.
    """
    forms = bool(place.kinds) + place.is_list + place.is_map
    if forms == 0:
        return VARCHAR
    if forms > 1:
        return JSON
    if place.item is not None:
        return ListOf(type_of(place.item))
    if place.is_map:
        return _map_type(place)
    return scalar_type(place.kinds)


def _map_type(place: Place) -> ColumnType:
    names = place.fields
    if not 0 < len(names) <= _MOST_KEYS or len({n.casefold() for n in names}) < len(names):
        return JSON
    return Struct(tuple((name, type_of(inner)) for name, inner in names.items()))


def scalar_type(kinds: Iterable[str]) -> ColumnType:
    """Gives the type that holds scalars of some kinds."""
    plain = {kind.rstrip("'") for kind in kinds}
    if len(plain) == 1 and (single := _SINGLE.get(next(iter(plain)))):
        return single
    if plain <= {"i", "l"}:
        return BIGINT
    if plain <= {"i", "l", "h"}:
        return HUGEINT
    if plain <= {"i", "f", "F"}:
        return DOUBLE
    return _fixed_point_type(plain)


def _fixed_point_type(plain: set[str]) -> ColumnType:
    numbers = {kind for kind in plain if kind[0] in "mM"}
    if not numbers or not plain - numbers <= {"i", "f"}:
        return VARCHAR
    sizes = [tuple(map(int, kind[1:].split("."))) for kind in numbers]
    scales = {scale for _, scale in sizes}
    if numbers == plain and len(scales) == 1:
        scale = scales.pop()
        digits = max(size for size, _ in sizes)
        if digits <= _MOST_DIGITS:
            return decimal(_SHORT_DIGITS if digits <= _SHORT_DIGITS else _MOST_DIGITS, scale)
        return VARCHAR
    return DOUBLE if all(kind[0] == "m" for kind in numbers) else VARCHAR


def column_names(fields: Iterable[str]) -> dict[str, str]:
    """Gives each root field its column: one that differs from an earlier only in case gets `_2`.

    Example:
        >>> column_names(["Name", "name", "_path"])
        {'Name': 'Name', 'name': 'name_2', '_path': '_path_2'}
    """
    names = list(fields)
    taken = {name.casefold() for name in names}
    used = set(RESERVED_COLUMNS)
    columns: dict[str, str] = {}
    for name in names:
        column = name
        number = 2
        while column.casefold() in used or (column != name and column.casefold() in taken):
            column = f"{name}_{number}"
            number += 1
        used.add(column.casefold())
        columns[name] = column
    return columns
