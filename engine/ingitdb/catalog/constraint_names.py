"""Names of constraints, which files do not keep for keys: as PostgreSQL makes them."""

from collections.abc import Iterable, Sequence


def primary_key_name(table: str) -> str:
    """Gives the name of a table's primary key."""
    return f"{table}_pkey"


def key_names(table: str, groups: Iterable[Sequence[str]], kind: str) -> list[str]:
    """Gives the names of a table's other keys.

    Args:
        table: Its name.
        groups: The columns of each key.
        kind: `key` for what is unique, `fkey` for what refers to other tables, `idx` for indexes.

    Example:
        >>> key_names("fares", [["port"], ["route", "class"], ["port"]], "fkey")
        ['fares_port_fkey', 'fares_route_class_fkey', 'fares_port_fkey2']
    """
    names: list[str] = []
    for columns in groups:
        names.append(named_once(None, "_".join([table, *columns, kind]), names))
    return names


def named_once(name: str | None, usual: str, taken: Iterable[str]) -> str:
    """Gives a constraint's name: its own, else the usual one with a number that is free."""
    if name is not None:
        return name
    known = {other.casefold() for other in taken}
    found, number = usual, 1
    while found.casefold() in known:
        number += 1
        found = f"{usual}{number}"
    return found
