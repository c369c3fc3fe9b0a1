"""DuckDB's names of types, read into SQLAlchemy's types."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import types as sqltypes

from ingitdb_sqlalchemy.types import (
    HUGEINT,
    INTERVAL,
    LIST,
    MAP,
    STRUCT,
    TINYINT,
    UBIGINT,
    UINTEGER,
    USMALLINT,
    UTINYINT,
)

_PLAIN: dict[str, Callable[[], Any]] = {
    "BOOLEAN": sqltypes.BOOLEAN,
    "TINYINT": TINYINT,
    "SMALLINT": sqltypes.SMALLINT,
    "INTEGER": sqltypes.INTEGER,
    "BIGINT": sqltypes.BIGINT,
    "HUGEINT": HUGEINT,
    "UHUGEINT": HUGEINT,
    "UTINYINT": UTINYINT,
    "USMALLINT": USMALLINT,
    "UINTEGER": UINTEGER,
    "UBIGINT": UBIGINT,
    "FLOAT": sqltypes.REAL,
    "DOUBLE": sqltypes.FLOAT,
    "VARCHAR": sqltypes.VARCHAR,
    "JSON": sqltypes.JSON,
    "BLOB": sqltypes.BLOB,
    "DATE": sqltypes.DATE,
    "TIME": sqltypes.TIME,
    "TIMESTAMP": sqltypes.TIMESTAMP,
    "TIMESTAMP WITH TIME ZONE": lambda: sqltypes.TIMESTAMP(timezone=True),
    "INTERVAL": INTERVAL,
    "UUID": getattr(sqltypes, "Uuid", sqltypes.VARCHAR),
}
_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")
_LIST = re.compile(r"(.*)\[\d*\]", re.DOTALL)
_FIELD = re.compile(r'\s*(?:"((?:[^"]|"")*)"|(\w+))\s+(.*)', re.DOTALL)


def type_of(name: str) -> Any:
    """Gives the type that DuckDB calls so; text for one that is not known.

    Example:
        >>> type_of("DECIMAL(10,2)[]").item_type
        DECIMAL(precision=10, scale=2)
    """
    name = name.strip()
    if (found := _LIST.fullmatch(name)) is not None:
        return LIST(type_of(found[1]))
    if (found := _DECIMAL.fullmatch(name)) is not None:
        return sqltypes.DECIMAL(int(found[1]), int(found[2]))
    if name.startswith("MAP("):
        key, value = _parts(name[4:-1])
        return MAP(type_of(key), type_of(value))
    if name.startswith("STRUCT("):
        return STRUCT(dict(map(_field, _parts(name[7:-1]))))
    return _PLAIN.get(name, sqltypes.VARCHAR)()


def _field(text: str) -> tuple[str, Any]:
    found = _FIELD.fullmatch(text)
    assert found is not None, text
    name = found[2] if found[1] is None else found[1].replace('""', '"')
    return name, type_of(found[3])


def _parts(text: str) -> Iterator[str]:
    """Splits at the commas that stand outside of parentheses and double quotes."""
    depth, start, is_quoted = 0, 0, False
    for at, letter in enumerate(text):
        if letter == '"':
            is_quoted = not is_quoted
        elif is_quoted:
            continue
        elif letter in "()":
            depth += 1 if letter == "(" else -1
        elif letter == "," and depth == 0:
            yield text[start:at]
            start = at + 1
    yield text[start:]
