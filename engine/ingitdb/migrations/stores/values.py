"""DuckDB's SQL for values as key-value stores hold them: as text, or as a part of JSON."""

from ingitdb.model.types import JSON, ColumnType, Scalar

BLOB = "BLOB"
_NUMBERS = frozenset(
    ["BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER",
     "UBIGINT"]
)  # fmt: skip
_FRACTIONS = frozenset(["DOUBLE", "FLOAT"])
_ZONED = "TIMESTAMP WITH TIME ZONE"
_FIRST_YEAR = "TIMESTAMP '0001-01-01'"


def text(sql: str, kind: ColumnType) -> str:
    """Gives SQL for a value as a text, which tells it exactly; a BLOB's is hexadecimal.

    Example:
        >>> text("n", Scalar("BIGINT"))
        'CAST(n AS VARCHAR)'
    """
    if not isinstance(kind, Scalar):
        return f"CAST(to_json({sql}) AS VARCHAR)"
    name = kind.name.upper()
    if name == BLOB:
        return f"lower(hex({sql}))"
    if name == _ZONED:
        moment = _moment(f"make_timestamp(epoch_us({sql}))")
        return f"CASE WHEN isfinite({sql}) THEN {moment} || 'Z' ELSE CAST({sql} AS VARCHAR) END"
    if name.startswith("TIMESTAMP"):
        return _moment(sql)
    return f"CAST({sql} AS VARCHAR)"


def json(sql: str, kind: ColumnType) -> str:
    """Gives SQL for a value as JSON; NULL stays NULL.

    Numbers of JSON's are those that have one reading; others are texts, BLOBs in base64.
    """
    if kind == JSON or not isinstance(kind, Scalar):
        return text(sql, kind)
    name = kind.name.upper()
    if name in _NUMBERS:
        return f"CAST({sql} AS VARCHAR)"
    if name == BLOB:
        return f"""'"' || to_base64({sql}) || '"'"""
    quoted = f"CAST(to_json({text(sql, kind)}) AS VARCHAR)"
    if name in _FRACTIONS:
        return f"CASE WHEN isfinite({sql}) THEN CAST({sql} AS VARCHAR) ELSE {quoted} END"
    return quoted


def is_blob(kind: ColumnType) -> bool:
    """Whether the values of a type are bytes."""
    return isinstance(kind, Scalar) and kind.name.upper() == BLOB


def _moment(sql: str) -> str:
    """Gives SQL for a moment as ISO 8601 spells it; years before the first as DuckDB does."""
    plain = f"CAST({sql} AS VARCHAR)"
    return (
        f"CASE WHEN isfinite({sql}) AND {sql} >= {_FIRST_YEAR}"
        f" THEN replace({plain}, ' ', 'T') ELSE {plain} END"
    )
