"""Column types as upstream definitions spell them."""

import re
from collections.abc import Mapping

from ingitdb.model.types import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    TIME,
    TIMESTAMP,
    VARCHAR,
    ColumnType,
    ListOf,
    MapOf,
)

_SCALARS: Mapping[str, ColumnType | None] = {
    "string": VARCHAR,
    "int": BIGINT,
    "float": DOUBLE,
    "number": DOUBLE,  # legal until the middle of 2026, and still in old definitions
    "bool": BOOLEAN,
    "date": DATE,
    "time": TIME,
    "datetime": TIMESTAMP,
    "any": None,
}
_MAP_KEYS: Mapping[str, ColumnType] = {
    "locale": VARCHAR,
    "string": VARCHAR,
    "int": BIGINT,
    "number": DOUBLE,
    "bool": BOOLEAN,
    "date": DATE,
}
_MAP = re.compile(r"map\[([^\[\]]*)\](.+)\Z")


def column_type(text: str) -> ColumnType | None:
    """Reads a type; None where values may be anything.

    Raises:
        ValueError: There is no such type.

    Example:
        >>> column_type("map[locale]string").sql
        'MAP(VARCHAR, VARCHAR)'
    """
    text = text.strip()
    if text in _SCALARS:
        return _SCALARS[text]
    if text.startswith("[]"):
        if text[2:] not in _SCALARS or text[2:] == "number":
            raise ValueError(text)
        item = _SCALARS[text[2:]]
        return None if item is None else ListOf(item)
    found = _MAP.match(text)
    if found is None or found[1] not in _MAP_KEYS:
        raise ValueError(text)
    value = column_type(found[2])
    return None if value is None else MapOf(_MAP_KEYS[found[1]], value)
