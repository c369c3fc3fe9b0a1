"""The types of DuckDB that tables can have, as clients of ODBC and JDBC know types."""

from dataclasses import dataclass
from enum import IntEnum

from ingitdb.model.types import ColumnType, ListOf, MapOf, Scalar, Struct


class Code(IntEnum):
    """The numbers of SQL types in ODBC and JDBC."""

    UNKNOWN = 0
    NUMERIC = 2
    DECIMAL = 3
    INTEGER = 4
    SMALLINT = 5
    REAL = 7
    DOUBLE = 8
    DATETIME = 9
    INTERVAL = 10
    VARCHAR = 12
    DATE = 91
    TIME = 92
    TIMESTAMP = 93
    VARBINARY = -3
    BIGINT = -5
    TINYINT = -6
    BIT = -7


MOST = 2**31 - 1
"""Bytes that a text or a string of bytes may have in Arrow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlType:
    """A type.

    Attributes:
        size: The most digits of a number, bits of an approximate one, characters of another value.
        scale: The least and the most digits after the point, also of seconds.
        quotes: What stands before and after a literal.
        parameters: What may stand in parentheses behind its name.
        subcode: Which kind of date, time or interval it is.
        radix: 10 where the size counts digits, 2 where it counts bits.
        digits: The digits that an approximate number keeps.
    """

    code: Code
    size: int | None = None
    scale: tuple[int, int] | None = None
    quotes: tuple[str, str] | None = None
    parameters: tuple[str, ...] = ()
    subcode: int | None = None
    radix: int | None = None
    digits: int | None = None
    is_unsigned: bool | None = None
    is_case_sensitive: bool = False

    @property
    def generic(self) -> Code:
        """The number without the kind of date, time or interval."""
        moments = (Code.DATE, Code.TIME, Code.TIMESTAMP)
        return Code.DATETIME if self.code in moments else self.code


def _whole(code: Code, size: int, *, is_unsigned: bool = False) -> SqlType:
    return SqlType(code=code, size=size, scale=(0, 0), radix=10, is_unsigned=is_unsigned)


def _approximate(code: Code, bits: int, digits: int) -> SqlType:
    return SqlType(code=code, size=bits, radix=2, digits=digits, is_unsigned=False)


def _moment(name: str, code: Code, subcode: int, size: int, digits: int) -> SqlType:
    return SqlType(
        code=code,
        size=size,
        scale=None if code == Code.DATE else (digits, digits),
        quotes=(f"{name} '", "'"),
        subcode=subcode,
    )


def _text(code: Code = Code.VARCHAR, *, size: int = MOST, cast: str = "") -> SqlType:
    return SqlType(code=code, size=size, quotes=("'", f"'{cast}"), is_case_sensitive=not cast)


TYPES: dict[str, SqlType] = {
    "BIGINT": _whole(Code.BIGINT, 19),
    "BIT": _text(cast="::BIT"),
    "BLOB": SqlType(code=Code.VARBINARY, size=MOST, quotes=("'", "'::BLOB")),
    "BOOLEAN": SqlType(code=Code.BIT, size=1),
    "DATE": _moment("DATE", Code.DATE, 1, 10, 0),
    "DECIMAL": SqlType(
        code=Code.DECIMAL,
        size=38,
        scale=(0, 38),
        parameters=("precision", "scale"),
        radix=10,
        is_unsigned=False,
    ),
    "DOUBLE": _approximate(Code.DOUBLE, 53, 15),
    "FLOAT": _approximate(Code.REAL, 24, 7),
    "HUGEINT": _whole(Code.NUMERIC, 39),
    "INTEGER": _whole(Code.INTEGER, 10),
    "INTERVAL": SqlType(code=Code.INTERVAL, quotes=("INTERVAL '", "'"), subcode=0),
    "JSON": _text(),
    "LIST": SqlType(code=Code.UNKNOWN, quotes=("[", "]")),
    "MAP": SqlType(code=Code.UNKNOWN, quotes=("MAP {", "}"), parameters=("key type", "value type")),
    "SMALLINT": _whole(Code.SMALLINT, 5),
    "STRUCT": SqlType(code=Code.UNKNOWN, quotes=("{", "}"), parameters=("names and types",)),
    "TIME": _moment("TIME", Code.TIME, 2, 15, 6),
    "TIME WITH TIME ZONE": _moment("TIMETZ", Code.TIME, 4, 21, 6),
    "TIMESTAMP": _moment("TIMESTAMP", Code.TIMESTAMP, 3, 26, 6),
    "TIMESTAMP WITH TIME ZONE": _moment("TIMESTAMPTZ", Code.TIMESTAMP, 5, 32, 6),
    "TIMESTAMP_MS": _moment("TIMESTAMP_MS", Code.TIMESTAMP, 3, 23, 3),
    "TIMESTAMP_NS": _moment("TIMESTAMP_NS", Code.TIMESTAMP, 3, 29, 9),
    "TIMESTAMP_S": _moment("TIMESTAMP_S", Code.TIMESTAMP, 3, 19, 0),
    "TINYINT": _whole(Code.TINYINT, 3),
    "UBIGINT": _whole(Code.BIGINT, 20, is_unsigned=True),
    "UHUGEINT": _whole(Code.NUMERIC, 39, is_unsigned=True),
    "UINTEGER": _whole(Code.INTEGER, 10, is_unsigned=True),
    "USMALLINT": _whole(Code.SMALLINT, 5, is_unsigned=True),
    "UTINYINT": _whole(Code.TINYINT, 3, is_unsigned=True),
    "UUID": _text(size=36, cast="::UUID"),
    "VARCHAR": _text(),
}
"""Each type under the name that `CREATE TABLE` takes; lists are written with `[]` behind."""


def type_name(kind: ColumnType) -> str:
    """Gives the name of a column's type: without digits, which stand beside it.

    Example:
        >>> type_name(Scalar("DECIMAL(18,2)")), type_name(ListOf(Scalar("DATE")))
        ('DECIMAL', 'DATE[]')
    """
    return "DECIMAL" if _is_decimal(kind) else kind.sql


def known(kind: ColumnType) -> SqlType | None:
    """Gives what is known of a column's type; None for what tables cannot have."""
    if isinstance(kind, ListOf):
        return TYPES["LIST"]
    if isinstance(kind, MapOf | Struct):
        return TYPES["MAP" if isinstance(kind, MapOf) else "STRUCT"]
    return TYPES["DECIMAL"] if _is_decimal(kind) else TYPES.get(kind.name)


def precision_and_scale(kind: ColumnType) -> tuple[int | None, int | None]:
    """Gives how many digits or characters values of a column's type have, and how many decimals."""
    if _is_decimal(kind):
        digits, scale = kind.sql[8:-1].split(",")
        return int(digits), int(scale)
    found = known(kind)
    if found is None or found.size == MOST:
        return None, None
    return found.digits or found.size, found.scale[1] if found.scale else None


def _is_decimal(kind: ColumnType) -> bool:
    return isinstance(kind, Scalar) and kind.name.startswith("DECIMAL(")
