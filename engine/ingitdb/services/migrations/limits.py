"""Finds out what of a commit a target cannot hold, and says where it stands."""

from collections.abc import Sequence

from ingitdb.errors import UsageError
from ingitdb.migrations.model import Place, Table
from ingitdb.migrations.targets.fitting import Fitted
from ingitdb.migrations.targets.limits import Limited
from ingitdb.migrations.targets.target import Holder
from ingitdb.model.types import BLOB, quote_identifier
from ingitdb.services.migrations.held_rows import HeldRows
from ingitdb.snapshots.bodies import Query
from ingitdb.snapshots.relation import Column, Relation

_WAY_OUT = "Let a mapping file give the column another type or an expression."


def check_names(target: Holder, place: Place, columns: Sequence[Column]) -> None:
    """Returns if a target can have a table and columns of these names.

    Raises:
        UsageError: It cannot.
    """
    if not isinstance(target, Limited):
        return
    for name in (*place, *(column.name for column in columns)):
        if len(name.encode()) > target.longest_name:
            raise UsageError(
                f"{target.title} takes names of {target.longest_name} bytes at most:"
                f" {name!r} has {len(name.encode())}."
            )
        if "\0" in name:
            raise UsageError(f"{target.title} can have no name with a NUL character: {name!r}.")
    for column in columns:
        if target.is_reserved_column(column.name):
            raise UsageError(
                f"{target.title} can have no column called {column.name} ({place[1]})."
            )


def check_values(
    target: Holder, relation: Relation, title: str, query: Query, *, is_mapped: bool
) -> None:
    """Returns if a target can store all values of a table.

    Args:
        target: The target.
        relation: The table's columns and rows.
        title: What people call it.
        query: Runs SQL.
        is_mapped: Whether only columns of the target are there, so that no key is told.

    Raises:
        UsageError: It cannot; the first such record is named.
    """
    if not isinstance(target, Limited):
        return
    found = {}
    for column in relation.columns:
        unfit = target.unfit(_stored(target, column), column.type)
        if unfit is not None:
            found[column.name] = unfit
    if not found:
        return
    counted = ", ".join(f"count(*) FILTER ({sql})" for sql in found.values())
    (row,) = query(f"SELECT {counted} FROM ({relation.body})")
    for (name, unfit), count in zip(found.items(), row, strict=True):
        if count:
            key = "''" if is_mapped else "CAST(_key AS VARCHAR)"
            ((key, path),) = query(
                f"SELECT {key} AS key, _path FROM ({relation.body}) WHERE {unfit}"
                " ORDER BY _path, key LIMIT 1"
            )
            which = f"the record {key!r}" if key else "a record"
            others = f", nor of {count - 1} others" if count > 1 else ""
            raise UsageError(
                f"{title}: {target.title} cannot store {name} of {which} in {path}{others}:"
                f" {target.refuses}.",
                hint=_WAY_OUT,
            )


def check_held(target: Holder, rows: HeldRows, title: str) -> None:
    """Returns if a target can store the values that rows get.

    Raises:
        UsageError: It cannot; the first such row is named.
    """
    if not isinstance(target, Limited):
        return
    found = {
        name: unfit
        for at, (name, kind) in enumerate(rows.columns)
        if (unfit := target.unfit(f"n{at}", kind)) is not None
    }
    some = " OR ".join(f"({unfit})" for unfit in found.values())
    come = f"FROM {rows.held} WHERE (comes OR NOT goes)"
    if not found or not rows.instance.query(f"SELECT 1 {come} AND ({some}) LIMIT 1"):
        return
    for name, unfit in found.items():
        own = [f"CAST(n{place} AS VARCHAR)" for place in rows.places()]
        told = rows.instance.query(
            f"SELECT path, {', '.join(own) or 'NULL'} {come} AND ({unfit})"
            " ORDER BY path, place LIMIT 1"
        )
        for path, *key in told:
            raise UsageError(
                f"{title}: {target.title} cannot store {name} of the record"
                f" {', '.join(map(str, key))!r} in {path}: {target.refuses}.",
                hint=_WAY_OUT,
            )


def unindexed(target: Holder) -> str:
    """Says of which row there is one that no key takes."""
    return target.unindexed if isinstance(target, Limited) else ""


def too_long(target: Holder, relation: Relation, group: Sequence[str]) -> str:
    """Gives SQL that holds for a row which no key of these columns takes: mostly it is too long."""
    if not isinstance(target, Limited):
        return "false"
    columns = {column.name: column for column in relation.columns}
    values = [(_stored(target, columns[name]), columns[name].type) for name in group]
    return target.too_long(values)


def is_too_long(target: Holder, relation: Relation, group: Sequence[str], query: Query) -> bool:
    """Whether no key of these columns takes some row, mostly since it is too long."""
    condition = too_long(target, relation, group)
    if condition == "false":
        return False
    ((count,),) = query(f"SELECT count(*) FROM ({relation.body}) WHERE {condition}")
    return bool(count)


def can_refer(
    target: Holder, child: Relation, parent: Relation, pairs: Sequence[tuple[str, str]]
) -> bool:
    """Whether columns are of types that may refer to those of others."""
    if not isinstance(target, Limited):
        return True
    mine = {column.name: column.type for column in child.columns}
    theirs = {column.name: column.type for column in parent.columns}
    return all(target.refers(mine[one], theirs[other]) for one, other in pairs)


def longest(target: Fitted, relation: Relation, table: Table, query: Query) -> dict[str, int]:
    """Gives the length of the longest text of each column that some key or index has."""
    groups = [table.key, *table.unique, *(one.columns for one in table.indexes)]
    groups += [one.columns for one in table.references]
    held = {name for group in groups for name in group}
    columns = [column for column in relation.columns if column.name in held]
    if not columns:
        return {}
    sizes = (
        f"octet_length({quote_identifier(column.name)})"
        if column.type == BLOB
        else f"length(CAST({_stored(target, column)} AS VARCHAR))"
        for column in columns
    )
    counted = ", ".join(f"coalesce(max({size}), 0)" for size in sizes)
    (row,) = query(f"SELECT {counted} FROM ({relation.body})")
    return dict(zip((column.name for column in columns), row, strict=True))


def _stored(target: Holder | Fitted, column: Column) -> str:
    return target.stored(column.type).value(quote_identifier(column.name))
