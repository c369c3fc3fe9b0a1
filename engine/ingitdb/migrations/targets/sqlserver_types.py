"""How SQL Server stores the values of a type, how they are spelled, and read back."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from ingitdb.migrations.targets.json_texts import strict_json
from ingitdb.migrations.targets.target import Stored
from ingitdb.model.types import JSON, ColumnType, Scalar

Expression: TypeAlias = Callable[[str], str]
"""Gives SQL for a value that SQL stands for."""
COLLATION = "COLLATE Latin1_General_100_BIN2"
TEXT = f"NVARCHAR(MAX) {COLLATION}"
BYTES = "VARBINARY(MAX)"
_HUGE, _LONG = "NUMERIC(38,0)", "NUMERIC(20,0)"
_INTEGERS = frozenset(
    ["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"]
)
_ZONED = "TIMESTAMP WITH TIME ZONE"
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]|\$\(")
"""What sqlcmd reads otherwise: lines (`GO`, `:r`), variables; what others cut or take away."""
_NUMBERS = frozenset(["BIT", "BIGINT", "NUMERIC", "DECIMAL", "FLOAT"])
_NUMBER = re.compile(r"[+-]?\d{1,18}(\.\d{1,18})?")
_QUOTED = re.compile(r"'(?:[^']|'')*'")
_DAY = re.compile(r"'[1-9]\d{3}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])'")
"""Defaults that are surely values of their types."""
_YEAR = "([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])"
_SMALLEST = "2.2250738585072014e-308"
_DIGITS = 38
_AS_TEXT, _AS_BYTES, _AS_IS = "NX="
"""What begins the text that `literal` is given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Types that are stored alike.

    Attributes:
        type: What is declared.
        value: DuckDB's SQL for the value as it is stored, so that equal ones are equal here.
        spelled: DuckDB's SQL for what `literal` is given of such a value.
        shown: SQL Server's SQL for the text of a column.
        restored: DuckDB's SQL for such a value, of the text that is shown of it.
        unfit: DuckDB's SQL that holds for such a value which cannot be stored; None: all can be.
    """

    type: str
    value: Expression
    spelled: Expression
    shown: Expression
    restored: Expression
    unfit: Expression | None = None


def family(kind: ColumnType) -> Family:
    """Gives how values of a type are stored."""
    if is_json(kind):
        return _JSON if kind == JSON else _NESTED
    name = kind.name.upper() if isinstance(kind, Scalar) else ""
    if name in _INTEGERS:
        return _number("BIGINT", _cast("BIGINT"), lambda sql: f"TRY_CAST({sql} AS BIGINT)")
    if name == "UBIGINT":
        return _number(_LONG, _cast("VARCHAR"), _same)
    if name in ("HUGEINT", "UHUGEINT"):
        return _number(_HUGE, _cast("VARCHAR"), _same, _is_huge)
    if name.startswith("DECIMAL"):
        return _number(name, _cast("VARCHAR"), _same)
    return _FAMILIES.get(name) or _TEXT


def is_json(kind: ColumnType) -> bool:
    """Whether values of a type are stored as JSON."""
    return not isinstance(kind, Scalar) or kind == JSON


def stored(kind: ColumnType) -> Stored:
    """Says how values of a type are stored."""
    found = family(kind)
    return Stored(type=found.type, value=found.value)


def kind_of(declared: str) -> ColumnType:
    """Gives the type at a commit that a declared type stands for.

    Example:
        >>> kind_of("numeric(38,0)").sql, kind_of("nvarchar(256)").sql
        ('HUGEINT', 'VARCHAR')
    """
    name = declared.upper().strip().replace(", ", ",")
    found = _DECIMAL.fullmatch(name)
    if found:
        return Scalar(f"DECIMAL({found[1]},{found[2]})")
    return Scalar(_KINDS.get(name) or _KINDS.get(re.split(r"[ (]", name)[0], "VARCHAR"))


def moved(sql: str, old: ColumnType, new: ColumnType) -> str | None:
    """Gives DuckDB's SQL for what a stored value becomes in a column of another type.

    Only what is stored alike stays: the rules of the system's own conversions are not DuckDB's.
    """
    is_same = is_json(old) == is_json(new) and family(old).type == family(new).type
    return sql if is_same else None


def literal(value: Any) -> str:
    """Spells what `Family.spelled` has given."""
    if value is None:
        return "NULL"
    mark, text = str(value)[0], str(value)[1:]
    if mark == _AS_TEXT:
        return text_literal(text)
    return f"0x{text}" if mark == _AS_BYTES else text


def text_literal(text: str) -> str:
    """Spells a text: in hexadecimal where a client might read it otherwise.

    Example:
        >>> text_literal("it's"), text_literal("a" + chr(0))
        ("N'it''s'", 'CAST(0x61000000 AS NVARCHAR(MAX))')
    """
    if is_unsafe(text):
        return f"CAST(0x{text.encode('utf-16-le').hex().upper()} AS NVARCHAR(MAX))"
    return "N'" + text.replace("'", "''") + "'"


def is_unsafe(text: str) -> bool:
    """Whether a client might read a text otherwise than the server does."""
    return bool(_UNSAFE.search(text))


def quoted(name: str) -> str:
    """Gives a name for a statement.

    Example:
        >>> quoted("a]b")
        '[a]]b]'
    """
    return "[" + name.replace("]", "]]") + "]"


def cast_type(kind: ColumnType) -> str:
    """Gives the type that a literal is cast to."""
    return family(kind).type.partition(" COLLATE")[0]


def default(text: str, kind: ColumnType) -> str | None:
    """Gives a literal as the default of a column; None where it is surely no value of the type."""
    declared = family(kind).type.partition("(")[0]
    if is_json(kind) or not (_NUMBER.fullmatch(text) or _QUOTED.fullmatch(text)):
        return "NULL" if text.upper() == "NULL" and not is_json(kind) else None
    if not text.startswith("'"):
        is_whole = text.lstrip("+-").isdigit()
        fits = text in ("0", "1") if declared == "BIT" else is_whole or declared != "BIGINT"
        return text if declared in _NUMBERS and fits else None
    if family(kind) is _TEXT:
        return None if is_unsafe(text) else f"N{text}"
    return text if declared == "DATE" and _DAY.fullmatch(text) else None


def _same(sql: str) -> str:
    return sql


def _cast(kind: str) -> Expression:
    return lambda sql: f"CAST({sql} AS {kind})"


def _marked(mark: str, sql: str) -> str:
    return f"'{mark}' || {sql}"


def _shown(style: int | None = None) -> Expression:
    more = "" if style is None else f", {style}"
    return lambda name: f"CONVERT(NVARCHAR(MAX), {name}{more})"


def _number(
    declared: str, value: Expression, restored: Expression, unfit: Expression | None = None
) -> Family:
    return Family(
        type=declared,
        value=value,
        spelled=lambda sql: _marked(_AS_IS, f"CAST({sql} AS VARCHAR)"),
        shown=_shown(),
        restored=restored,
        unfit=unfit,
    )


def _text(value: Expression) -> Family:
    return Family(
        type=TEXT,
        value=value,
        spelled=lambda sql: _marked(_AS_TEXT, sql),
        shown=_shown(),
        restored=_same,
    )


def _when(declared: str, kind: str, value: Expression, style: int) -> Family:
    """Gives a family of points in time, which are stored as DuckDB spells them."""
    return Family(
        type=declared,
        value=value,
        spelled=lambda sql: _marked(_AS_IS, f"'''' || replace({sql}, ' ', 'T') || ''''"),
        shown=_shown(style),
        restored=lambda sql: value(f"TRY_CAST({sql} AS {kind})"),
        unfit=_is_midnight if kind == "TIME" else _beyond,
    )


def _is_huge(sql: str) -> str:
    return f"length(ltrim({sql}, '-')) > {_DIGITS}"


def _is_midnight(sql: str) -> str:
    return f"{sql} LIKE '24:%'"


def _beyond(sql: str) -> str:
    return f"NOT regexp_full_match({sql}, '{_YEAR}-[^(]*')"


def _in_utc(sql: str) -> str:
    text = f"CAST(make_timestamp(epoch_us({sql})) AS VARCHAR) || '+00:00'"
    return f"CASE WHEN isfinite({sql}) THEN {text} ELSE CAST({sql} AS VARCHAR) END"


def _one_zero(sql: str) -> str:
    return f"CASE WHEN {sql} = 0 THEN CAST(0 AS DOUBLE) ELSE CAST({sql} AS DOUBLE) END"


def _fraction(sql: str) -> str:
    text = f"CAST({sql} AS VARCHAR)"
    return _marked(_AS_IS, f"CASE WHEN contains({text}, 'e') THEN {text} ELSE {text} || 'e0' END")


def _is_no_fraction(sql: str) -> str:
    return f"NOT isfinite({sql}) OR ({sql} <> 0 AND abs({sql}) < {_SMALLEST})"


_TEXT = _text(_cast("VARCHAR"))
_JSON = _text(strict_json)
_NESTED = _text(lambda sql: strict_json(f"to_json({sql})"))
_FLOAT = Family(
    type="FLOAT(53)",
    value=_one_zero,
    spelled=_fraction,
    shown=_shown(3),
    restored=lambda sql: f"TRY_CAST({sql} AS DOUBLE)",
    unfit=_is_no_fraction,
)
_BIT = Family(
    type="BIT",
    value=_cast("BOOLEAN"),
    spelled=lambda sql: _marked(_AS_IS, f"CAST(CAST({sql} AS TINYINT) AS VARCHAR)"),
    shown=_shown(),
    restored=lambda sql: f"CASE {sql} WHEN '1' THEN true WHEN '0' THEN false END",
)
_BINARY = Family(
    type=BYTES,
    value=_cast("BLOB"),
    spelled=lambda sql: _marked(_AS_BYTES, f"hex({sql})"),
    shown=_shown(2),
    restored=lambda sql: f"from_hex({sql})",
)
_FAMILIES = {
    "BOOLEAN": _BIT,
    "DOUBLE": _FLOAT,
    "FLOAT": _FLOAT,
    "BLOB": _BINARY,
    "DATE": _when("DATE", "DATE", _cast("VARCHAR"), 23),
    "TIME": _when("TIME(6)", "TIME", _cast("VARCHAR"), 121),
    "TIMESTAMP": _when("DATETIME2(6)", "TIMESTAMP", _cast("VARCHAR"), 121),
    _ZONED: _when("DATETIMEOFFSET(6)", _ZONED, _in_utc, 121),
}
_KINDS = {
    _HUGE: "HUGEINT",
    _LONG: "HUGEINT",
    "BIT": "BOOLEAN",
    **dict.fromkeys(["TINYINT", "SMALLINT", "INT", "BIGINT"], "BIGINT"),
    **dict.fromkeys(["FLOAT", "REAL"], "DOUBLE"),
    **dict.fromkeys(["BINARY", "VARBINARY", "IMAGE"], "BLOB"),
    "DATE": "DATE",
    "TIME": "TIME",
    **dict.fromkeys(["DATETIME", "SMALLDATETIME", "DATETIME2"], "TIMESTAMP"),
    "DATETIMEOFFSET": _ZONED,
    "JSON": "JSON",
}
"""The type at a commit of each type, or of its first word; all others are text."""
