"""SQL that spells values as literals of DuckDB's."""

import re
from collections.abc import Iterator
from itertools import count

from ingitdb.model.types import (
    BOOLEAN,
    ColumnType,
    ListOf,
    MapOf,
    Struct,
    quote_literal,
)

_FRACTIONS = ("DOUBLE", "FLOAT", "DECIMAL")
_INTEGER = re.compile("U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?")
_MOST_DIGITS = 15
"""So many are exact in a double however it is read."""


def literal(sql: str, kind: ColumnType) -> str:
    """Gives SQL for the literal of a value; it is to be assigned to a column of the same type.

    Args:
        sql: SQL for the value.
        kind: Its type.

    Example:
        >>> literal("n", BOOLEAN)
        "coalesce(CAST(n AS VARCHAR), 'NULL')"
    """
    return _literal(sql, kind, count())


def _literal(sql: str, kind: ColumnType, numbers: Iterator[int]) -> str:
    if isinstance(kind, ListOf):
        found = f"'[' || {_each(sql, kind.item, numbers)} || ']'"
    elif isinstance(kind, MapOf):
        found = f"'MAP {{' || {_entries(sql, kind, numbers)} || '}}'"
    elif isinstance(kind, Struct):
        fields = (
            quote_literal(quote_literal(name) + ": ")
            + f" || {_literal(f'struct_extract({sql}, {quote_literal(name)})', inner, numbers)}"
            for name, inner in kind
        )
        between = " || ', ' || "
        found = f"'{{' || {between.join(fields)} || '}}'"
    else:
        return f"coalesce({_scalar(sql, kind)}, 'NULL')"
    return f"CASE WHEN {sql} IS NULL THEN 'NULL' ELSE {found} END"


def _each(sql: str, kind: ColumnType, numbers: Iterator[int]) -> str:
    item = f"x{next(numbers)}"
    inner = _literal(item, kind, numbers)
    return f"array_to_string(list_transform({sql}, lambda {item}: {inner}), ', ')"


def _entries(sql: str, kind: MapOf, numbers: Iterator[int]) -> str:
    item = f"x{next(numbers)}"
    key = _literal(f"{item}.key", kind.key, numbers)
    value = _literal(f"{item}.value", kind.value, numbers)
    inner = f"{key} || ': ' || {value}"
    return f"array_to_string(list_transform(map_entries({sql}), lambda {item}: {inner}), ', ')"


def _scalar(sql: str, kind: ColumnType) -> str:
    text = f"CAST({sql} AS VARCHAR)"
    quoted = f"chr(39) || replace({text}, chr(39), chr(39) || chr(39)) || chr(39)"
    if kind == BOOLEAN or _INTEGER.fullmatch(kind.sql):
        return text
    if kind.sql.startswith(_FRACTIONS):
        is_exact = f"length({text}) <= {_MOST_DIGITS} AND isfinite(CAST({sql} AS DOUBLE))"
        typed = f"'CAST(' || {quoted} || {quote_literal(f' AS {kind.sql})')}"
        return f"CASE WHEN {is_exact} THEN {text} ELSE {typed} END"
    return quoted
