"""What ON DELETE and ON UPDATE ask for: statements on the records that refer to what changed."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from ingitdb.execution.constraint_keys import Reference, Side, as_text
from ingitdb.execution.constraint_queries import spelled
from ingitdb.execution.constraint_states import Changes, State, Touched
from ingitdb.model.types import ListOf, quote_identifier, quote_literal
from ingitdb.snapshots.internal import PLACE

Key: TypeAlias = tuple[str, ...]


def reactions(before: State, after: State, changes: Changes) -> Iterator[str]:
    """Gives the statements, in the order of the tables that refer."""
    for table in after.snapshot.tables:
        for key in table.locations[0].declaration.foreign_keys:
            if {key.on_delete, key.on_update} == {"restrict"}:
                continue
            parent = after.table(key.schema, key.table)
            gone = Touched() if parent is None else changes.of(parent)
            reference = Reference.of(after, table, key) if gone.went else None
            if reference is not None:
                yield from _of(reference, before, gone)


def _of(reference: Reference, before: State, gone: Touched) -> Iterator[str]:
    key, table = reference.key, reference.table
    if any(isinstance(kind, ListOf) for kind in reference.child.types):
        return  # an item of a list that refers is not a record that does
    former = before.table(key.schema, key.table)
    side = None if former is None else Side.of(before, former, key.references)
    if side is None:
        return
    keys = reference.gone(side, gone)
    referred = _referred(reference, keys)
    renamed = _renamed(reference, side, gone) if keys and key.on_update != "restrict" else {}
    moved = {old: renamed[old] for old in referred if old in renamed}
    left = [old for old in referred if old not in moved]
    if moved and key.on_update == "cascade":
        yield _follow(reference, moved)
    elif moved:
        yield _forget(reference, list(moved))
    if left and key.on_delete == "cascade":
        yield f"DELETE FROM {spelled(table)} WHERE {_among(reference, left)}"
    elif left and key.on_delete == "set null":
        yield _forget(reference, left)


def _referred(reference: Reference, keys: Sequence[Key]) -> list[Key]:
    """Gives those of some keys that records refer to still."""
    if not keys or reference.child.relation.rows == 0:
        return []
    texts = ", ".join(reference.child.texts())
    rows = reference.child.state.query(
        f"SELECT DISTINCT {texts} FROM {reference.child.rows()}"
        f" WHERE {_among_sql(reference.child.texts(), keys)} ORDER BY ALL"
    )
    return [tuple(map(str, row)) for row in rows]


def _renamed(reference: Reference, before: Side, gone: Touched) -> Mapping[Key, Key]:
    """Gives the new keys of records that are still where they were: in their file at their place.

    They can only be told where the file has as many records as it had.
    """
    paths = [path for path, (had, has) in gone.counts.items() if had == has]
    old = _placed(before, paths)
    new = _placed(reference.parent, paths)
    return {old[place]: new[place] for place in old if place in new and old[place] != new[place]}


def _placed(side: Side, paths: Sequence[str]) -> dict[tuple[str, int], Key]:
    filled = " AND ".join(f"{text} IS NOT NULL" for text in side.texts())
    rows = side.state.query(
        f"SELECT {', '.join(side.texts())}, _path, {PLACE} FROM {side.placed(paths)} WHERE {filled}"
    )
    return {(path, number): tuple(map(str, key)) for *key, path, number in rows}


def _follow(reference: Reference, moved: Mapping[Key, Key]) -> str:
    set_to = []
    each = zip(reference.key.columns, reference.child.types, strict=True)
    for at, (name, kind) in enumerate(each):
        cases = " ".join(
            f"WHEN {_among(reference, [old])} THEN CAST({quote_literal(new[at])} AS {kind.sql})"
            for old, new in moved.items()
        )
        set_to.append(f"{quote_identifier(name)} = CASE {cases} END")
    which = _among(reference, list(moved))
    return f"UPDATE {spelled(reference.table)} SET {', '.join(set_to)} WHERE {which}"


def _forget(reference: Reference, keys: Sequence[Key]) -> str:
    nulls = ", ".join(f"{quote_identifier(name)} = NULL" for name in reference.key.columns)
    return f"UPDATE {spelled(reference.table)} SET {nulls} WHERE {_among(reference, keys)}"


def _among(reference: Reference, keys: Sequence[Key]) -> str:
    texts = [
        as_text(quote_identifier(name), kind)
        for name, kind in zip(reference.key.columns, reference.child.types, strict=True)
    ]
    return _among_sql(texts, keys)


def _among_sql(texts: Sequence[str], keys: Sequence[Key]) -> str:
    if len(texts) == 1:
        return f"{texts[0]} IN ({', '.join(quote_literal(one) for (one,) in keys)})"
    listed = ", ".join(f"({', '.join(map(quote_literal, key))})" for key in keys)
    return f"({', '.join(texts)}) IN ({listed})"
