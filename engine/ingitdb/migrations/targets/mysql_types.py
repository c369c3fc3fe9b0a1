"""How MariaDB and MySQL store the values of a type, how they are spelled, and read back."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from ingitdb.migrations.targets.target import Stored
from ingitdb.model.types import JSON, ColumnType, Scalar, quote_identifier

Expression: TypeAlias = Callable[[str], str]
"""Gives SQL for a value that SQL stands for."""
TEXT = "LONGTEXT"
BYTES = "LONGBLOB"
JSON_TYPE = "JSON"
MOMENT = "DATETIME(6) COMMENT 'UTC'"
HUGE = "DECIMAL(39,0)"
_WIDE = frozenset(["HUGEINT", "UBIGINT", "UHUGEINT"])
_INTEGERS = frozenset(
    ["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"]
)
_EXACT = 38
_UNSAFE = r"[\x00-\x08\x0B-\x1F\x7F]"
"""What a client might cut a script at, or take away: a carriage return before a line end."""
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)( UNSIGNED)?")
_WIDTH = re.compile(r"\b((?:TINY|SMALL|MEDIUM|BIG)?INT)\(\d+\)")
_ZONED = "TIMESTAMP WITH TIME ZONE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Types that are stored alike.

    Attributes:
        type: What is declared.
        value: DuckDB's SQL for the value as it is stored, so that equal ones are equal here.
        spelled: DuckDB's SQL for the text of the literal of such a value.
        loaded: DuckDB's SQL for its text in a file that is loaded, not yet escaped.
        restored: DuckDB's SQL for such a value, of the text that is shown of it.
        unfit: DuckDB's SQL that holds for such a value which cannot be stored; None: all can be.
        is_free: Whether its text may hold any character.
    """

    type: str
    value: Expression
    spelled: Expression
    loaded: Expression
    restored: Expression
    unfit: Expression | None = None
    is_free: bool = False


def family(kind: ColumnType) -> Family:
    """Gives how values of a type are stored."""
    if not isinstance(kind, Scalar) or kind == JSON:
        return _text(JSON_TYPE, lambda sql: f"CAST(to_json({sql}) AS VARCHAR)")
    name = kind.name.upper()
    if name in _INTEGERS:
        return _number("BIGINT", _cast("BIGINT"), lambda sql: f"TRY_CAST({sql} AS BIGINT)")
    if name in _WIDE:
        return _number(HUGE, _cast("VARCHAR"), _same)
    if name.startswith("DECIMAL"):
        return _number(name, _cast("VARCHAR"), _same)
    return _FAMILIES.get(name) or _text(TEXT, _cast("VARCHAR"))


def stored(kind: ColumnType) -> Stored:
    """Says how values of a type are stored."""
    found = family(kind)
    return Stored(type=found.type, value=found.value)


def kind_of(declared: str) -> ColumnType:
    """Gives the type at a commit that a declared type stands for."""
    name = declared.upper().strip()
    if name == MOMENT.upper():
        return Scalar(_ZONED)
    found = _DECIMAL.fullmatch(name)
    if found:
        digits, scale = int(found[1]), int(found[2])
        if digits <= _EXACT:
            return Scalar(f"DECIMAL({digits},{scale})")
        return Scalar("HUGEINT" if scale == 0 else "VARCHAR")
    if name == "TINYINT(1)":
        return Scalar("BOOLEAN")
    if name.startswith("BIGINT") and name.endswith("UNSIGNED"):
        return Scalar("HUGEINT")
    return Scalar(_KINDS.get(re.split(r"[ (]", name)[0], "VARCHAR"))


def declared(column_type: str, comment: str) -> str:
    """Gives a type in our words, of what information_schema says.

    Example:
        >>> declared("bigint(20)", ""), declared("datetime(6)", "UTC")
        ('BIGINT', "DATETIME(6) COMMENT 'UTC'")
    """
    name = column_type.upper()
    if f"{name} COMMENT '{comment}'" == MOMENT:
        return MOMENT
    return name if name.startswith("TINYINT(1)") else _WIDTH.sub(r"\1", name)


def shown(name: str, kind: ColumnType) -> str:
    """Gives the system's SQL for the text of a column."""
    quoted = quote_identifier(name)
    return f"HEX({quoted})" if family(kind).type == BYTES else f"CAST({quoted} AS CHAR)"


def moved(sql: str, old: ColumnType, new: ColumnType) -> str | None:
    """Gives DuckDB's SQL for what a stored value becomes in a column of another type.

    Only what is stored alike stays: the rules of the system's own conversions are not DuckDB's.
    """
    return sql if family(old).type == family(new).type else None


def spelled(sql: str, kind: ColumnType) -> str:
    """Gives DuckDB's SQL for the text of the literal of a stored value."""
    return f"CASE WHEN {sql} IS NOT NULL THEN {family(kind).spelled(sql)} ELSE 'NULL' END"


def loaded(sql: str, kind: ColumnType) -> str:
    r"""Gives DuckDB's SQL for a stored value's text in a file that is loaded; NULL is `\N`."""
    found = family(kind)
    text = found.loaded(sql)
    if found.is_free:
        text = f"replace({text}, '\\', '\\\\')"
        for code, letter in ((0, "0"), (9, "t"), (10, "n")):
            text = f"replace({text}, chr({code}), '\\{letter}')"
    return rf"coalesce({text}, '\N')"


def _same(sql: str) -> str:
    return sql


def _cast(kind: str) -> Expression:
    return lambda sql: f"CAST({sql} AS {kind})"


def _number(declared: str, value: Expression, restored: Expression) -> Family:
    text = _cast("VARCHAR")
    return Family(type=declared, value=value, spelled=text, loaded=text, restored=restored)


def _text(declared: str, value: Expression) -> Family:
    return Family(
        type=declared,
        value=value,
        spelled=_quoted,
        loaded=_same,
        restored=_same,
        is_free=True,
    )


def _quoted(sql: str) -> str:
    return (
        f"CASE WHEN regexp_matches({sql}, '{_UNSAFE}') THEN '_utf8mb4 X''' || hex({sql}) || ''''"
        f" ELSE '''' || replace({sql}, '''', '''''') || '''' END"
    )


def _fraction(sql: str) -> str:
    text = f"CAST({sql} AS VARCHAR)"
    return f"CASE WHEN contains({text}, 'e') THEN {text} ELSE {text} || 'e0' END"


def _when(declared: str, kind: str, value: Expression, *, has_years: bool = True) -> Family:
    """Gives a family of points in time, which are stored as DuckDB spells them."""
    return Family(
        type=declared,
        value=value,
        spelled=lambda sql: f"'''' || {sql} || ''''",
        loaded=_same,
        restored=lambda sql: f"CAST(TRY_CAST({sql} AS {kind}) AS VARCHAR)",
        unfit=_beyond if has_years else None,
    )


def _beyond(sql: str) -> str:
    return f"NOT regexp_full_match({sql}, '[1-9][0-9]{{3}}-[^(]*')"


def _utc(sql: str) -> str:
    return f"make_timestamp(epoch_us({sql}))"


def _in_utc(sql: str) -> str:
    text = f"CAST({_utc(sql)} AS VARCHAR)"
    return f"CASE WHEN isfinite({sql}) THEN {text} ELSE CAST({sql} AS VARCHAR) END"


def _one_zero(sql: str) -> str:
    return f"CASE WHEN {sql} = 0 THEN CAST(0 AS DOUBLE) ELSE CAST({sql} AS DOUBLE) END"


_FRACTION = Family(
    type="DOUBLE",
    value=_one_zero,
    spelled=_fraction,
    loaded=_cast("VARCHAR"),
    restored=lambda sql: f"TRY_CAST({sql} AS DOUBLE)",
    unfit=lambda sql: f"NOT isfinite({sql})",
)
_BIT = Family(
    type="TINYINT(1)",
    value=_cast("BOOLEAN"),
    spelled=lambda sql: f"CAST(CAST({sql} AS TINYINT) AS VARCHAR)",
    loaded=lambda sql: f"CAST(CAST({sql} AS TINYINT) AS VARCHAR)",
    restored=lambda sql: f"CASE {sql} WHEN '1' THEN true WHEN '0' THEN false END",
)
_BINARY = Family(
    type=BYTES,
    value=_cast("BLOB"),
    spelled=lambda sql: f"'X''' || hex({sql}) || ''''",
    loaded=lambda sql: f"hex({sql})",
    restored=lambda sql: f"from_hex({sql})",
)
_FAMILIES = {
    "BOOLEAN": _BIT,
    "DOUBLE": _FRACTION,
    "FLOAT": _FRACTION,
    "BLOB": _BINARY,
    "DATE": _when("DATE", "DATE", _cast("VARCHAR")),
    "TIME": _when("TIME(6)", "TIME", _cast("VARCHAR"), has_years=False),
    "TIMESTAMP": _when("DATETIME(6)", "TIMESTAMP", _cast("VARCHAR")),
    _ZONED: _when(MOMENT, "TIMESTAMP", _in_utc),
}
_KINDS = {
    **dict.fromkeys(["TINYINT", "SMALLINT", "MEDIUMINT", "INT", "BIGINT", "YEAR"], "BIGINT"),
    **dict.fromkeys(["DOUBLE", "FLOAT"], "DOUBLE"),
    **dict.fromkeys(["BINARY", "VARBINARY", "TINYBLOB", "BLOB", "MEDIUMBLOB", "LONGBLOB"], "BLOB"),
    "JSON": "JSON",
    "DATE": "DATE",
    "TIME": "TIME",
    "DATETIME": "TIMESTAMP",
    "TIMESTAMP": _ZONED,
}
"""The type at a commit of each type's first word; all others are text."""
