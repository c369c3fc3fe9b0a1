"""Values that come from DuckDB in another form than they are spelled in."""

import struct
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Protocol

from ingitdb.errors import WriteError

_FEWEST_DIGITS = 6
_MOST_DIGITS = 9
"""So many digits tell every FLOAT from its neighbours."""


class Interval(Protocol):
    """An interval as Arrow has it."""

    months: int
    days: int
    nanoseconds: int


def interval_text(value: Interval) -> str:
    """Spells an interval as DuckDB does.

    Example:
        >>> from pyarrow import MonthDayNano
        >>> interval_text(MonthDayNano([-14, 1, 3_500_000_000]))
        '-1 year -2 months 1 day 00:00:03.5'
    """
    months, days, micros = value.months, value.days, value.nanoseconds // 1000
    years = int(months / 12)
    parts = [
        f"{count} {unit}" if abs(count) == 1 else f"{count} {unit}s"
        for count, unit in ((years, "year"), (months - 12 * years, "month"), (days, "day"))
        if count
    ]
    if micros or not parts:
        parts.append(_clock(micros))
    return " ".join(parts)


def _clock(micros: int) -> str:
    minutes, rest = divmod(abs(micros), 60_000_000)
    seconds, part = divmod(rest, 1_000_000)
    sign = "-" if micros < 0 else ""
    text = f"{sign}{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
    return f"{text}.{part:06}".rstrip("0") if part else text


def bits_text(value: bytes | str) -> str:
    """Spells bits, if they are not; the first byte says how many of the next are not meant.

    Example:
        >>> bits_text(bytes([4, 0b11110101]))
        '0101'
    """
    if isinstance(value, str):
        return value
    return "".join(f"{byte:08b}" for byte in value[1:])[value[0] :]


def _refused(_value: object) -> str:
    raise WriteError(
        "A time with a zone cannot be written: its zone gets lost on the way.",
        hint="Make it text, in a column of the type VARCHAR.",
    )


def unsigned(value: Decimal | str) -> int:
    """Gives a number of 128 bits that has perhaps been taken for one with a sign."""
    return int(value) % (1 << 128)


def shortest(value: float) -> float:
    """Gives the number of the fewest digits that is the same as a FLOAT.

    Example:
        >>> shortest(1.100000023841858)
        1.1
    """
    for digits in range(_FEWEST_DIGITS, _MOST_DIGITS + 1):
        found = float(f"{value:.{digits}g}")
        if abs(found) <= _MOST_FLOAT and struct.pack("f", found) == struct.pack("f", value):
            return found
    return value


_MOST_FLOAT = 3.4028234663852886e38
SPELLED: Mapping[str, Callable[[Any], str]] = {
    "INTERVAL": interval_text,
    "BIT": bits_text,
    "TIME WITH TIME ZONE": _refused,
}
"""By type what spells its values as texts."""
NUMBERS: Mapping[str, Callable[[Any], Any]] = {"UHUGEINT": unsigned, "FLOAT": shortest}
"""By type what gives the numbers that are meant."""
