"""Column types as tables.yaml spells them: as DuckDB does, or as upstream's definitions do."""

import re
from collections.abc import Mapping, Sequence

from ingitdb.catalog.column_types import column_type
from ingitdb.model.types import ColumnType, ListOf, MapOf, Scalar, Struct, decimal

_NAMES: Mapping[str, Sequence[str]] = {
    "BIGINT": ("INT8", "INT64", "LONG", "OID"),
    "BIT": ("BITSTRING",),
    "BLOB": ("BINARY", "BYTEA", "VARBINARY"),
    "BOOLEAN": ("BOOL", "LOGICAL"),
    "DATE": (),
    "DOUBLE": ("FLOAT8", "DOUBLE PRECISION"),
    "FLOAT": ("FLOAT4", "REAL"),
    "HUGEINT": ("INT128",),
    "INTEGER": ("INT", "INT4", "INT32", "INTEGRAL", "SIGNED"),
    "INTERVAL": (),
    "JSON": (),
    "SMALLINT": ("INT2", "INT16", "SHORT"),
    "TIME": ("TIME WITHOUT TIME ZONE",),
    "TIME WITH TIME ZONE": ("TIMETZ",),
    "TIMESTAMP": ("DATETIME", "TIMESTAMP_US", "TIMESTAMP WITHOUT TIME ZONE"),
    "TIMESTAMP WITH TIME ZONE": ("TIMESTAMPTZ",),
    "TIMESTAMP_MS": (),
    "TIMESTAMP_NS": (),
    "TIMESTAMP_S": (),
    "TINYINT": ("INT1",),
    "UBIGINT": ("UINT64",),
    "UHUGEINT": ("UINT128",),
    "UINTEGER": ("UINT32",),
    "USMALLINT": ("UINT16",),
    "UTINYINT": ("UINT8",),
    "UUID": ("GUID",),
    "VARCHAR": ("BPCHAR", "CHAR", "NVARCHAR", "STRING", "TEXT"),
}
_BY_NAME = {name: main for main, others in _NAMES.items() for name in (main, *others)}
_DECIMALS = frozenset({"DECIMAL", "DEC", "NUMERIC"})
_MOST_DIGITS = 38
_USUAL_SIZE = (18, 3)
"""Digits, and those after the point, of a DECIMAL that names none."""
_TOKEN = re.compile(r'\s*([A-Za-z_][A-Za-z0-9_]*|[0-9]+|"(?:[^"]|"")*"|[][(),])')
_SIZED = frozenset({"VARCHAR"})
"""Types that DuckDB gives a size to and takes no notice of it."""


def sql_type(text: str) -> ColumnType | None:
    """Reads a type; None where values may be anything.

    Raises:
        ValueError: There is no such type.

    Example:
        >>> sql_type("numeric(10, 2)").sql, sql_type("int[]").sql, sql_type("int").sql
        ('DECIMAL(10,2)', 'INTEGER[]', 'INTEGER')
        >>> sql_type("struct(a text, b map(text, date))").sql
        'STRUCT("a" VARCHAR, "b" MAP(VARCHAR, DATE))'
    """
    try:
        return _Reader(text).whole()
    except (ValueError, RecursionError):
        return column_type(text)


class _Reader:
    """Reads a type token by token."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[str] = []
        at = 0
        while text[at:].strip():
            found = _TOKEN.match(text, at)
            if found is None:
                raise ValueError(text)
            self._tokens.append(found[1])
            at = found.end()

    def whole(self) -> ColumnType:
        """Gives the type that all the text spells."""
        found = self._type()
        if self._tokens:
            raise ValueError(self._text)
        return found

    def _type(self) -> ColumnType:
        name = self._take().upper()
        if name in ("STRUCT", "ROW"):
            found = self._struct()
        elif name == "MAP":
            found = self._map()
        else:
            found = self._scalar(name)
        while self._tokens[:1] == ["["]:
            self._expect("[")
            self._expect("]")
            found = ListOf(found)
        return found

    def _scalar(self, name: str) -> ColumnType:
        while self._tokens and f"{name} {self._tokens[0].upper()}" in _BEGINNINGS:
            name = f"{name} {self._take().upper()}"
        if name in _DECIMALS:
            return self._decimal()
        if name not in _BY_NAME:
            raise ValueError(self._text)
        name = _BY_NAME[name]
        if name in _SIZED:
            self._sizes()
        return Scalar(name)

    def _decimal(self) -> ColumnType:
        sizes = self._sizes()
        if len(sizes) == 1:
            sizes.append(0)
        digits, scale = sizes or _USUAL_SIZE
        if not 1 <= digits <= _MOST_DIGITS or scale > digits:
            raise ValueError(self._text)
        return decimal(digits, scale)

    def _sizes(self) -> list[int]:
        found: list[int] = []
        while self._tokens[:1] == ["," if found else "("]:
            self._take()
            found.append(int(self._take()))
        if found:
            self._expect(")")
        return found

    def _map(self) -> ColumnType:
        self._expect("(")
        key = self._type()
        self._expect(",")
        value = self._type()
        self._expect(")")
        return MapOf(key, value)

    def _struct(self) -> ColumnType:
        fields: list[tuple[str, ColumnType]] = []
        while self._tokens[:1] == ["," if fields else "("]:
            self._take()
            name = self._take()
            if name.startswith('"'):
                name = name[1:-1].replace('""', '"')
            fields.append((name, self._type()))
        self._expect(")")
        return Struct(tuple(fields))

    def _expect(self, token: str) -> None:
        if self._take() != token:
            raise ValueError(self._text)

    def _take(self) -> str:
        if not self._tokens:
            raise ValueError(self._text)
        return self._tokens.pop(0)


_BEGINNINGS = frozenset(
    " ".join(name.split()[:length]) for name in _BY_NAME for length in range(2, 5) if " " in name
)
"""The first words of names of several words."""
