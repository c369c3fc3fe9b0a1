"""Finds what a statement made of keys: DuckDB gives them the texts that constraints compare."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from ingitdb.execution.constraint_keys import as_text
from ingitdb.execution.constraint_states import path_of
from ingitdb.execution.renamings import Columns, Key, Renaming
from ingitdb.execution.targets import KEY, Target
from ingitdb.model.tables import ForeignKey
from ingitdb.model.types import VARCHAR, quote_identifier
from ingitdb.snapshots.relation import KEY_SEPARATOR
from ingitdb.sql.write_queries import old_column

if TYPE_CHECKING:
    import duckdb

_ROWS = "\u0001changed"


def renaming(
    cursor: "duckdb.DuckDBPyConnection",
    target: Target,
    rows: pa.Table,
    names: Sequence[str],
    *,
    has_new: bool = False,
) -> Renaming:
    """Gives what a statement made of the keys of a table.

    Args:
        cursor: Runs SQL of our own.
        target: The table.
        rows: The records that were met as they will be, and some columns as they were.
        names: Those columns.
        has_new: Whether it adds records, too.
    """
    found = {group: _changed(cursor, target, rows, names, group) for group in referenced(target)}
    referring = {key.columns for key in target.table.locations[0].declaration.foreign_keys}
    return Renaming(
        table=target.name,
        keys={
            group: {old: new for old, new in pairs if None not in old}
            for group, pairs in found.items()
            if pairs
        },
        referring=frozenset(
            group for group in referring if has_new or _changed(cursor, target, rows, names, group)
        ),
    )


def referenced(target: Target) -> set[Columns]:
    """Gives the groups of columns that foreign keys lead to."""
    names = {name.casefold() for name in (target.table.name, *target.table.aliases)}

    def leads_there(key: ForeignKey) -> bool:
        return key.schema.casefold() == target.name[0].casefold() and key.table.casefold() in names

    return {
        key.references
        for table in target.snapshot.tables
        for key in table.locations[0].declaration.foreign_keys
        if leads_there(key)
    }


def _changed(
    cursor: "duckdb.DuckDBPyConnection",
    target: Target,
    rows: pa.Table,
    names: Sequence[str],
    group: Columns,
) -> list[tuple[Key, Key]]:
    parts = [_parts(target, name) for name in group]
    heads = {part.casefold() for each in parts for part in each}
    heads |= {head.split(".", 1)[0] for head in heads}
    if heads.isdisjoint(name.casefold() for name in names):
        return []
    olds, news = ([_text(target, side, each) for each in parts] for side in ("o", "n"))
    if not all(olds):
        return []
    shown = [name for name in target.kinds if name.casefold() in heads]
    cursor.register(_ROWS, rows)
    try:
        found = cursor.execute(
            f"SELECT DISTINCT {', '.join([*olds, *news])} FROM ("
            f"SELECT {_packed(target, shown, names)} AS o, {_packed(target, shown)} AS n"
            f" FROM {quote_identifier(_ROWS)}) ORDER BY ALL"
        ).fetchall()
    finally:
        cursor.unregister(_ROWS)
    count = len(group)
    return [(row[:count], row[count:]) for row in found if row[:count] != row[count:]]


def _parts(target: Target, name: str) -> Columns:
    """Gives the columns that a name stands for: `_key` may be the text of several."""
    if name.casefold() != KEY or KEY in target.kinds:
        return (name,)
    return target.table.locations[0].declaration.primary_key


def _text(target: Target, side: str, parts: Columns) -> str:
    """Gives SQL for the text of some columns; empty where the table lacks one."""
    relation = target.snapshot.relation(target.table)
    kinds = {name.casefold(): kind for name, kind in target.kinds.items()}
    paths = [(path_of(relation, part), kinds.get(part.casefold(), VARCHAR)) for part in parts]
    if not all(path for path, _ in paths):
        return ""
    return f" || '{KEY_SEPARATOR}' || ".join(
        as_text(f"{side}.{path}", kind) for path, kind in paths
    )


def _packed(target: Target, shown: Sequence[str], former: Collection[str] = ()) -> str:
    """Gives SQL for a struct of some columns, some of them as they were."""
    each = []
    for name in shown:
        column = quote_identifier(old_column(name) if name in former else name)
        each.append(f"{quote_identifier(name)} := CAST({column} AS {target.types[name]})")
    return f"struct_pack({', '.join(each)})"
