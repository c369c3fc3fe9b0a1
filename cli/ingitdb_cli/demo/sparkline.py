"""Numbers as a line of blocks."""

from collections.abc import Sequence

_BLOCKS = "▁▂▃▄▅▆▇█"


def sparkline(numbers: Sequence[float]) -> str:
    """Draws each number as a block, the least as the lowest and the greatest as the highest.

    Example:
        >>> sparkline([1, 1, 8, 2])
        '▁▁█▂'
    """
    if not numbers:
        return ""
    low, high = min(numbers), max(numbers)
    span = (high - low) or 1
    return "".join(_BLOCKS[round((n - low) / span * (len(_BLOCKS) - 1))] for n in numbers)
