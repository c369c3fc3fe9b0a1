"""Numbers in JSON, YAML and TOML: a value is plain where its text is canonical, else `Spelled`."""

from math import isinf

from ingitdb.formats.text import MAX_DIGITS
from ingitdb.model.records import Spelled


def integer(text: str) -> int | Spelled | str:
    """Reads a decimal integer; one of more digits than can be computed with stays text.

    Example:
        >>> integer("12"), integer("-0")
        (12, Spelled(value=0, text='-0'))
    """
    if len(text) > MAX_DIGITS:
        return text
    value = int(text)
    return value if str(value) == text else Spelled(value, text)


def real(text: str) -> float | Spelled | str:
    """Reads a decimal fraction; one beyond the range of a double stays text.

    Example:
        >>> real("1.1"), real("1.10"), real("1e400")
        (1.1, Spelled(value=1.1, text='1.10'), '1e400')
    """
    value = float(text)
    if repr(value) == text:
        return value
    return text if isinf(value) and "inf" not in text.lower() else Spelled(value, text)
