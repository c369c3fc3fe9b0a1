"""Column names that are usable: none empty, none twice."""

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
    names = []
    for position, name in enumerate(given):
        fresh = name or f"column{position}"
        if fresh in seen or (not name and fresh in taken):
            fresh = _numbered(fresh, taken)
        seen.add(fresh)
        taken.add(fresh)
        names.append(fresh)
    return tuple(names)


def _numbered(name: str, taken: set[str]) -> str:
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"
