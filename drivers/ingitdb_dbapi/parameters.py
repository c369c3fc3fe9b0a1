"""Values of parameters as rows of Arrow, in the order that the server gives the parameters."""

from collections.abc import Mapping, Sequence
from datetime import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from ingitdb.api.dbapi import DataError, ProgrammingError

if TYPE_CHECKING:
    import pyarrow as pa

Parameters = Sequence[Any] | Mapping[str, Any]
_PAST_WIDEST = 10**38
_LEAST_EXACT, _MOST_EXACT = 1e-9, 1e12


def bound(names: Sequence[str], sets: Sequence[Parameters]) -> "pa.RecordBatch":
    """Gives a row for each set of values.

    Args:
        names: The statement's parameters, as the server tells them.
        sets: A sequence for `?`, a mapping for `$name`.

    Raises:
        ProgrammingError: A value is missing, or too many are there.
        DataError: A value has no type of Arrow.
    """
    import pyarrow

    if not names and len(sets) > 1:
        raise _mismatch("The statement has no parameters: it cannot be run for several sets.")
    columns = zip(*(_row(names, values) for values in sets), strict=True)
    arrays = [_array(name, column) for name, column in zip(names, columns, strict=True)]
    return pyarrow.RecordBatch.from_arrays(arrays, [str(at) for at in range(len(arrays))])


def _row(names: Sequence[str], values: Parameters) -> list[Any]:
    if not isinstance(values, Mapping):
        row = list(values)
        if row and not all(name.isdigit() for name in names):
            raise _mismatch(f"The statement names its parameters: {', '.join(names)}.")
        if len(row) != len(names):
            raise _mismatch(
                f"The statement has {len(names)} parameters, and {len(row)} values are given."
            )
        return row
    missing = [name for name in names if name not in values]
    unknown = [name for name in values if name not in names]
    if missing or unknown:
        raise _mismatch(
            f"Values are missing for {', '.join(missing)}."
            if missing
            else f"The statement has no parameter {', '.join(unknown)}."
        )
    return [values[name] for name in names]


def _mismatch(message: str) -> ProgrammingError:
    return ProgrammingError(
        message,
        code="IGD-5002",
        sqlstate="42601",
        hint="`?` takes a sequence, `$name` a mapping.",
    )


def _array(name: str, values: Sequence[Any]) -> "pa.Array":
    import pyarrow

    plain = [_plain(value) for value in values]
    if {float, Decimal} <= {type(value) for value in plain}:  # Arrow mixes them in no array
        plain = _of_one_kind(plain)
    try:
        return pyarrow.array(plain)
    except (pyarrow.ArrowException, OverflowError, TypeError, UnicodeError) as error:
        if all(value is None or _is_wide(value) for value in plain):
            wide = [None if value is None else Decimal(value) for value in plain]
            return pyarrow.array(wide, pyarrow.decimal128(38, 0))
        raise DataError(
            f"The values of parameter {name} have no common type: {error}",
            code="IGD-5001",
            hint="Give all of them in one type.",
        ) from None


def _of_one_kind(values: list[Any]) -> list[Any]:
    """Gives decimals and doubles as decimals, where they fit into the widest; else as doubles."""
    doubles = [abs(value) for value in values if isinstance(value, float)]
    if all(value == 0 or _LEAST_EXACT < value < _MOST_EXACT for value in doubles):
        return [Decimal(repr(value)) if isinstance(value, float) else value for value in values]
    return [float(value) if isinstance(value, Decimal) else value for value in values]


def _is_wide(value: Any) -> bool:
    """Tells whether a value is an integer of at most 38 digits, the most that a DECIMAL has."""
    return isinstance(value, int) and abs(value) < _PAST_WIDEST


def _plain(value: Any) -> Any:
    """Gives as text what Arrow has no type for."""
    if isinstance(value, time) and value.tzinfo is not None:
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
