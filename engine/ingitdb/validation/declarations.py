"""Whether declarations agree with each other and with the columns that they name."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ingitdb.model.tables import Declaration, DeclaredColumn
from ingitdb.model.types import VARCHAR, ListOf, MapOf, Scalar
from ingitdb.validation.starlark import expression
from ingitdb.validation.starlark_functions import StarlarkFault
from ingitdb.validation.values import shown

_LENGTHS = ("length", "min_length", "max_length")
_RANGE = ("min_value", "max_value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inconsistency:
    """What is wrong in a declaration.

    Attributes:
        way: What leads to it: `columns`, the column's name and the rule's, say.
    """

    way: tuple[str | int, ...]
    message: str


def inconsistencies(declared: Declaration, known: Collection[str]) -> Iterator[Inconsistency]:
    """Gives what is wrong with the declaration of a table.

    Args:
        declared: The declaration.
        known: The names of the table's columns; empty where it has no records.
    """
    for column in declared.columns:
        rules = dict(column.rules)
        yield from _of_enum(column, rules)
        yield from _of_range(column, rules)
        yield from _of_lengths(column, rules)
        yield from _of_condition(column, rules, declared.columns)
    counts = dict(declared.rules)
    least, most = counts.get("min_records_count"), counts.get("max_records_count")
    if least is not None and most is not None and least > most:
        message = f"min_records_count {least} is more than max_records_count {most}."
        yield Inconsistency(way=("min_records_count",), message=message)
    if known:
        yield from _of_names(declared, known)


def _of_enum(column: DeclaredColumn, rules: Mapping[str, Any]) -> Iterator[Inconsistency]:
    allowed = rules.get("enum")
    if allowed is None:
        return
    way = ("columns", column.name, "enum")
    if not allowed:
        yield Inconsistency(way=way, message=f"The enum of {column.name} allows nothing.")
    seen: list[Any] = []
    for value in allowed:
        if any(value == one and isinstance(value, bool) == isinstance(one, bool) for one in seen):
            message = f"The enum of {column.name} has {shown(value)} twice."
            yield Inconsistency(way=way, message=message)
        seen.append(value)


def _of_range(column: DeclaredColumn, rules: Mapping[str, Any]) -> Iterator[Inconsistency]:
    least, most = (rules.get(name) for name in _RANGE)
    if _is_more(least, most):
        message = f"min_value {least} of {column.name} is more than max_value {most}."
        yield Inconsistency(way=("columns", column.name, "min_value"), message=message)
    is_whole = isinstance(column.type, Scalar) and "INT" in column.type.name.replace("INTERVAL", "")
    for name in _RANGE:
        bound = rules.get(name)
        if is_whole and isinstance(bound, float) and not bound.is_integer():
            message = f"{name} {bound} of {column.name} is no whole number, as its values are."
            yield Inconsistency(way=("columns", column.name, name), message=message)


def _of_lengths(column: DeclaredColumn, rules: Mapping[str, Any]) -> Iterator[Inconsistency]:
    least, most = rules.get("min_length"), rules.get("max_length")
    if _is_more(least, most):
        message = f"min_length {least} of {column.name} is more than max_length {most}."
        yield Inconsistency(way=("columns", column.name, "min_length"), message=message)
    has_length = column.type is None or column.type == VARCHAR
    if has_length or column.in_cells or isinstance(column.type, ListOf | MapOf):
        return
    for name in _LENGTHS:
        if name in rules:
            kind = column.type.sql if column.type is not None else ""
            message = f"{column.name} is {kind}, which has no length."
            yield Inconsistency(way=("columns", column.name, name), message=message)


def _of_condition(
    column: DeclaredColumn, rules: Mapping[str, Any], columns: Sequence[DeclaredColumn]
) -> Iterator[Inconsistency]:
    text = rules.get("required_when")
    if not isinstance(text, str):
        return
    way = ("columns", column.name, "required_when")
    if column.required:
        message = f"{column.name} is required, so that required_when says nothing."
        yield Inconsistency(way=way, message=message)
    try:
        names = expression(text).names
    except StarlarkFault as fault:
        yield Inconsistency(way=way, message=f"required_when of {column.name}: {fault}.")
        return
    stored = {c.name for c in columns if not any(rule == "formula" for rule, _ in c.rules)}
    for name in sorted(names - stored):
        message = f"required_when of {column.name} names {name}, which is no stored column."
        yield Inconsistency(way=way, message=message)


def _of_names(declared: Declaration, known: Collection[str]) -> Iterator[Inconsistency]:
    """Gives the constraints that name columns which do not exist."""
    folded = {"_key", "_path", *(name.casefold() for name in known)}
    named: list[tuple[tuple[str | int, ...], str, Sequence[str]]] = [
        (("unique", at), "unique", names) for at, names in enumerate(declared.unique)
    ]
    named += [(("indexes", at), "An index", names) for at, names in enumerate(declared.indexes)]
    named += [
        (("foreign_keys", at), "A foreign key", key.columns)
        for at, key in enumerate(declared.foreign_keys)
    ]
    for way, what, names in named:
        for name in names:
            if name.casefold() not in folded and name.partition(".")[0].casefold() not in folded:
                message = f"{what} names {name}, which is no column."
                yield Inconsistency(way=way, message=message)


def _is_more(one: Any, other: Any) -> bool:
    both = (one, other)
    if any(value is None for value in both):
        return False
    if all(isinstance(value, int | float) for value in both):
        return bool(one > other)
    return all(isinstance(value, str) for value in both) and one > other
