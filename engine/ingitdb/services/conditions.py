"""Conditions on records, as parts of a statement: comparisons with parameters, and expressions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, TypeAlias

from ingitdb.errors import ColumnNotFound, StatementInvalid, UsageError, nearest_names
from ingitdb.execution.parser import DuckdbParser
from ingitdb.model.types import (
    BOOLEAN,
    JSON,
    VARCHAR,
    ColumnType,
    Scalar,
    Struct,
    quote_identifier,
)
from ingitdb.services.fitting import is_number

KEY = "_key"
KEY_NAMES = ("$id", "$ID", KEY)
"""How a record's key is called beside its fields, the first one as inGitDB has it."""
_MOST_DIGITS = 38
"""Numbers of more are compared as DOUBLE."""
ValueKind: TypeAlias = Literal["text", "number", "word"]
_SIGNS: Mapping[str, str] = {
    "==": "=",
    "===": "=",
    "!=": "IS DISTINCT FROM",
    "!==": "IS DISTINCT FROM",
}
_AGAINST_NULL: Mapping[str, str] = {
    "==": "IS NULL",
    "===": "IS NULL",
    "!=": "IS NOT NULL",
    "!==": "IS NOT NULL",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A column compared with a value.

    Attributes:
        column: The column, a field of a nested one after a dot, or `$id`.
        operator: `== === != !== >= <= > <`; a record without the value differs from each value.
        value: The value as text.
        kind: `text` if it was in quotes, `number`, or `word` for what may be anything.
    """

    column: str
    operator: str
    value: str
    kind: ValueKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """Any SQL expression over the columns."""

    sql: str


Condition: TypeAlias = Comparison | Expression


def all_of(
    conditions: Sequence[Condition], types: Mapping[str, ColumnType]
) -> tuple[str, dict[str, Any]]:
    """Gives SQL that holds where all conditions do, and its parameters.

    Raises:
        ColumnNotFound: A comparison names no column.
        StatementInvalid: An expression is none.
        UsageError: A value cannot be compared so, or may be a column as well.
    """
    parts, parameters = [], {}
    for number, one in enumerate(conditions):
        if isinstance(one, Expression):
            parts.append(f"(\n{_checked(one.sql)}\n)")
            continue
        name = f"w{number}"
        part, value = _compared(one, types, f"${name}")
        parts.append(part)
        if value is not None:
            parameters[name] = value
    return " AND ".join(parts), parameters


def column_named(name: str, types: Mapping[str, ColumnType]) -> str:
    """Gives a column's name as the table spells it.

    Raises:
        ColumnNotFound: There is no such column.
    """
    if name in types:
        return name
    for known in types:
        if known.casefold() == name.casefold():
            return known
    raise ColumnNotFound(f"There is no column {name!r}.", hint=nearest_names(name, types))


def _checked(sql: str) -> str:
    """Gives an expression that is one, so that it cannot end the clause that it stands in."""
    with DuckdbParser() as parser:
        tree = parser.serialize(f"SELECT\n{sql}\n")
    statements = (tree or {}).get("statements", ())
    if tree is None or tree.get("error") or len(statements) != 1:
        said = str((tree or {}).get("error_message", "it is a statement"))
        raise StatementInvalid(
            f"{sql!r} is no condition: {said}",
            hint="Text takes single quotes, as in --where \"name = 'Anna'\".",
        )
    return sql


def _compared(
    wanted: Comparison, types: Mapping[str, ColumnType], parameter: str
) -> tuple[str, Any]:
    path, kind = _place(wanted.column, types)
    if not isinstance(kind, Scalar):
        raise UsageError(
            f"{wanted.column} is {kind.sql}, which is compared with no single value.",
            hint="Any SQL expression is a condition, such as list_contains(tags, 'new').",
        )
    if wanted.kind == "word":
        if wanted.value.lower() == "null":
            return _with_null(wanted, path), None
        _refuse_column(wanted, types)
    if kind == JSON:
        path, kind = f"({path} ->> '$')", VARCHAR
    sign = _SIGNS.get(wanted.operator, wanted.operator)
    if wanted.operator in ("===", "!=="):
        _refuse_other_kind(wanted, kind)
    if wanted.kind == "number" and kind == VARCHAR and wanted.operator not in ("===", "!=="):
        digits = f"replace({path}, ',', '')"
        if sign in ("=", "IS DISTINCT FROM"):
            return f"{digits} {sign} {parameter}", wanted.value
        return f"TRY_CAST({digits} AS DOUBLE) {sign} {parameter}", _number(wanted.value)
    if wanted.kind == "number" and is_number(kind):
        return f"{path} {sign} {parameter}", _number(wanted.value)
    return f"{path} {sign} CAST({parameter} AS {kind.sql})", wanted.value


def _with_null(wanted: Comparison, path: str) -> str:
    found = _AGAINST_NULL.get(wanted.operator)
    if found is None:
        raise UsageError(f"Nothing is {wanted.operator} null.", hint="== null, or != null.")
    return f"{path} {found}"


def _refuse_column(wanted: Comparison, types: Mapping[str, ColumnType]) -> None:
    if wanted.value.casefold() in {name.casefold() for name in types}:
        raise UsageError(
            f"{wanted.value} is a column, and may be meant as a text.",
            hint=f"The text: '{wanted.value}' in quotes. The column: ({wanted.value}).",
        )


def _refuse_other_kind(wanted: Comparison, kind: Scalar) -> None:
    """Refuses what holds for no record, or for all, as strict comparisons mind the type."""
    differs = wanted.kind == "number" and not is_number(kind)
    differs |= wanted.kind == "text" and (is_number(kind) or kind == BOOLEAN)
    differs |= wanted.kind == "word" and is_number(kind)
    if differs:
        raise UsageError(
            f"{wanted.column} is {kind.sql}, so that it is never {wanted.operator[:1]}== "
            f"{wanted.value!r}.",
            hint=f"{wanted.operator[:2]} compares across types.",
        )


def _place(name: str, types: Mapping[str, ColumnType]) -> tuple[str, ColumnType]:
    """Gives SQL for a column or a field below one, and its type."""
    if name in KEY_NAMES and name not in types:
        return KEY, VARCHAR
    folded = {known.casefold() for known in types}
    head, *rest = [name] if name.casefold() in folded else name.split(".")
    column = column_named(head, types)
    path, kind = quote_identifier(column), types[column]
    for step in rest:
        fields = dict(kind) if isinstance(kind, Struct) else {}
        field = column_named(step, fields)
        path, kind = f"{path}.{quote_identifier(field)}", fields[field]
    return path, kind


def _number(text: str) -> int | float | Decimal:
    number = Decimal(text)
    if number.adjusted() >= _MOST_DIGITS or len(number.as_tuple().digits) > _MOST_DIGITS:
        return float(number)
    return int(number) if number == number.to_integral_value() else number
