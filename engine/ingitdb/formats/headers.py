"""Column names that are usable: none empty, none twice."""

from collections import Counter
from collections.abc import Iterable


def column_names(header: Iterable[str]) -> tuple[str, ...]:
    """Names nameless columns after their position, and numbers names that stand twice.

    Example:
        >>> column_names(["a", "", "a", "a_2"])
        ('a', 'column1', 'a_3', 'a_2')
    """
    given = list(header)
    taken = set(given)
    seen: set[str] = set()
    tried: Counter[str] = Counter()
    names = []
    for position, name in enumerate(given):
        wanted = fresh = name or f"column{position}"
        while fresh in seen or (fresh in taken and fresh != name):
            tried[wanted] += 1
            fresh = f"{wanted}_{tried[wanted] + 1}"
        seen.add(fresh)
        names.append(fresh)
    return tuple(names)
