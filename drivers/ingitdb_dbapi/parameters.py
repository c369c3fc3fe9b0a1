"""Values of parameters as rows of Arrow, in the order that the server gives the parameters."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from ingitdb.api.dbapi import DataError, ProgrammingError

if TYPE_CHECKING:
    import pyarrow as pa

Parameters = Sequence[Any] | Mapping[str, Any]


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

    columns = zip(*(_row(names, values) for values in sets), strict=True)
    arrays = [_array(name, column) for name, column in zip(names, columns, strict=True)]
    return pyarrow.RecordBatch.from_arrays(arrays, [str(at) for at in range(len(arrays))])


def _row(names: Sequence[str], values: Parameters) -> list[Any]:
    if not isinstance(values, Mapping):
        if isinstance(values, str | bytes):
            raise _mismatch("Parameters are a sequence or a mapping, not one text.")
        if len(values) != len(names):
            raise _mismatch(
                f"The statement has {len(names)} parameters, and {len(values)} values are given."
            )
        return list(values)
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
    try:
        return pyarrow.array(plain)
    except (pyarrow.ArrowException, OverflowError, TypeError) as error:
        if all(value is None or isinstance(value, int) for value in plain):
            wide = [None if value is None else Decimal(value) for value in plain]
            return pyarrow.array(wide, pyarrow.decimal128(38, 0))
        raise DataError(
            f"The values of parameter {name} have no common type: {error}",
            code="IGD-5001",
            hint="Give all of them in one type.",
        ) from None


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value
