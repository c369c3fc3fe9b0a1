"""The values of a statement's parameters, once some parameters have gone out of its text."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from ingitdb.errors import StatementInvalid
from ingitdb.sql.analysis import Analysis
from ingitdb.sql.references import Replacement
from ingitdb.sql.versions import Parameter

Values: TypeAlias = Sequence[Any] | Mapping[str, Any]


def value_of(parameter: Parameter, values: Values | None) -> Any:
    """Gives the value of one parameter.

    Raises:
        StatementInvalid: The caller gave none.
    """
    if isinstance(values, Mapping):
        if parameter.name in values:
            return values[parameter.name]
    elif (
        values is not None and parameter.name.isdecimal() and 0 < int(parameter.name) <= len(values)
    ):
        return values[int(parameter.name) - 1]
    raise StatementInvalid(
        f"Parameter {parameter.name} has no value.", hint="Give one value a parameter."
    )


def remaining_values(
    analysis: Analysis, replacements: Sequence[Replacement], values: Values | None
) -> Values | None:
    """Gives the values for the text that is left after splicing.

    A `?` that went away shifts the later ones; numbered and named parameters keep their names.
    """
    if values is None or not analysis.parameters:
        return values
    left = {
        start: name
        for start, name in analysis.parameters.items()
        if not any(begin <= start < end for begin, end, _ in replacements)
    }
    if len(left) == len(analysis.parameters):
        return values
    if isinstance(values, Mapping):
        names = set(left.values())
        gone = set(analysis.parameters.values()) - names
        return {name: value for name, value in values.items() if name not in gone}
    if all(_is_anonymous(analysis, start) for start in left):
        return [value_of(Parameter(name), values) for name in left.values()]
    return {name: value_of(Parameter(name), values) for name in left.values()}


def _is_anonymous(analysis: Analysis, start: int) -> bool:
    text = analysis.tokens.plain
    return text[start] == "?" and not text[start + 1 : start + 2].isdecimal()
