"""What the calls of our own functions are given: arguments by name, flags, and how many."""

from collections.abc import Sequence
from typing import Any

from ingitdb.errors import StatementInvalid
from ingitdb.model.types import quote_literal
from ingitdb.sql.names import fold
from ingitdb.sql.references import FunctionCall


def named_arguments(
    call: FunctionCall, names: Sequence[str], values: Sequence[Any]
) -> dict[str, str]:
    """Gives the arguments of a call by the names of its parameters; NULL is none.

    Raises:
        StatementInvalid: There are too many, or one has an unknown name or is given twice.
    """
    if len(values) > len(names):
        raise StatementInvalid(f"{call.name} takes {len(names)} arguments, not {len(values)}.")
    found: dict[str, str] = {}
    for position, (argument, value) in enumerate(zip(call.arguments, values, strict=True)):
        name = names[position] if argument.name is None else fold(argument.name)
        if name not in names or name in found:
            what = "twice" if name in found else "but has no such parameter"
            raise StatementInvalid(
                f"{call.name} is given {name} {what}.", hint=f"It takes {', '.join(names)}."
            )
        if value is not None:
            found[name] = str(value)
    return found


def flag_argument(function: str, name: str, text: str | None) -> bool:
    """Reads an argument that is true or false; false where there is none.

    Raises:
        StatementInvalid: It is neither.
    """
    if text is None or text.casefold() in ("true", "false"):
        return text is not None and text.casefold() == "true"
    raise StatementInvalid(f"{function} wants true or false as {name}, not {text!r}.")


def expect_count(call: FunctionCall, arguments: Sequence[Any], count: tuple[int, int]) -> None:
    """Returns if a call has as many arguments as it should: at least and at most.

    Raises:
        StatementInvalid: It has not.
    """
    least, most = count
    if not least <= len(arguments) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        raise StatementInvalid(f"{call.name} takes {wanted} arguments, not {len(arguments)}.")


def scalar_literal(value: str | bool | None) -> str:
    """Gives SQL for the value of one of our scalar functions."""
    if value is None:
        return "CAST(NULL AS VARCHAR)"
    if isinstance(value, bool):
        return f"CAST({'true' if value else 'false'} AS BOOLEAN)"
    return f"CAST({quote_literal(value)} AS VARCHAR)"  # ORDER BY takes no plain literal
