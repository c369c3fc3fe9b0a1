"""The values of a column that has one type in the older table and another in the newer one."""

from ingitdb.catalog.columns import type_of
from ingitdb.model.shapes import Place
from ingitdb.model.types import (
    BIGINT,
    DOUBLE,
    HUGEINT,
    JSON,
    ColumnType,
    ListOf,
    Struct,
    quote_identifier,
)
from ingitdb.snapshots.internal import kinds_of
from ingitdb.snapshots.projection import NotDerivable, project
from ingitdb.snapshots.relation import Column


def comparable(
    both: tuple[Column, Column],
    places: tuple[Place, Place],
    aliases: tuple[str, str],
    *,
    is_mixed: bool,
) -> tuple[str, str]:
    """Gives SQL for the old and the new values of a column in one type.

    Args:
        both: The column of the old and of the new table.
        places: What stands in each.
        aliases: What the tables are called.
        is_mixed: Whether their kinds are there, too.
    """
    names = [
        f"{alias}.{quote_identifier(column.name)}"
        for alias, column in zip(aliases, both, strict=True)
    ]
    types = (both[0].type, both[1].type)
    if types[0] == types[1]:
        return names[0], names[1]
    if tuple(map(type_of, places)) == types:
        union = Place()
        for place in places:
            union.include(place)
        try:
            one, other = (project(n, p, union) for n, p in zip(names, places, strict=True))
        except NotDerivable:
            pass
        else:
            return one, other
    kinds = [
        f"{alias}.{kinds_of(column.name)}" if is_mixed else None
        for alias, column in zip(aliases, both, strict=True)
    ]
    return (
        _spelled(names[0], kinds[0], types),
        _spelled(names[1], kinds[1], (types[1], types[0])),
    )


def _spelled(name: str, kinds: str | None, types: tuple[ColumnType, ColumnType]) -> str:
    """Gives SQL for a value as a text that is the same in a column of another type.

    Args:
        name: SQL for the value.
        kinds: SQL for its kinds, where they are known.
        types: The column's type, and that of the other one.
    """
    own, other = types
    if any(isinstance(kind, ListOf | Struct) for kind in types):
        return f"CAST({name} AS VARCHAR)" if own == JSON else f"CAST(to_json({name}) AS VARCHAR)"
    text = f"({name} ->> '$')" if own == JSON else f"CAST({name} AS VARCHAR)"
    if own == DOUBLE and (kinds is not None or other in (BIGINT, HUGEINT)):
        is_whole = f"{kinds} = 'i'" if kinds is not None else f"{name} = trunc({name})"
        whole = f"CAST(TRY_CAST({name} AS HUGEINT) AS VARCHAR)"
        return f"CASE WHEN {is_whole} THEN coalesce({whole}, {text}) ELSE {text} END"
    if other == DOUBLE and kinds is not None:
        number = f"CAST(TRY_CAST({text} AS DOUBLE) AS VARCHAR)"
        return f"CASE WHEN {kinds} = 'f' THEN coalesce({number}, {text}) ELSE {text} END"
    return text
