"""What ON DELETE and ON UPDATE ask for: statements on the records that refer to what changed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ingitdb.execution.constraint_keys import Reference, Side, as_text
from ingitdb.execution.constraint_queries import spelled
from ingitdb.execution.constraint_states import Changes, State, TableId, Touched
from ingitdb.execution.renamings import Key, Renaming
from ingitdb.model.identifiers import CommitId
from ingitdb.model.tables import ForeignKey
from ingitdb.model.types import ListOf, quote_identifier, quote_literal

_NOTHING = Renaming(table=("", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A statement that has run.

    Attributes:
        before: The commit before it.
        after: The commit after it.
        renamed: What it made of keys; None where nothing follows from it.
    """

    before: CommitId
    after: CommitId
    renamed: tuple[Renaming, ...] | None


def reactions(
    before: State, after: State, changes: Changes, renamed: Sequence[Renaming]
) -> Iterator[str]:
    """Gives the statements, in the order of the tables that refer."""
    known = {each.table: each for each in renamed}
    for table in after.snapshot.tables:
        for key in table.locations[0].declaration.foreign_keys:
            if {key.on_delete, key.on_update} == {"restrict"}:
                continue
            gone = touched_parent(before, after, changes, key)
            reference = Reference.of(after, table, key) if gone.went else None
            if reference is not None:
                yield from _of(reference, before, gone, known)


def touched_parent(
    before: State | None, after: State, changes: Changes, key: ForeignKey
) -> Touched:
    """Gives what happened to the table that a foreign key leads to, be it without records now."""
    parent = after.table(key.schema, key.table)
    if parent is None and before is not None and not changes.configured:
        parent = before.table(key.schema, key.table)
    return Touched() if parent is None else changes.of(parent)


def _of(
    reference: Reference, before: State, gone: Touched, known: Mapping[TableId, Renaming]
) -> Iterator[str]:
    if any(isinstance(kind, ListOf) for kind in reference.child.types):
        return  # an item of a list that refers is not a record that does
    key = reference.key
    former = before.table(key.schema, key.table)
    side = None if former is None else Side.of(before, former, key.references)
    if former is None or side is None:
        return
    lost: set[Key] = set(reference.gone(side, gone))
    renamed = known.get((former.schema, former.name), _NOTHING).keys.get(key.references, {})
    left = _referred(reference, sorted(lost - renamed.keys()))
    moved = _moved(reference, side, lost, renamed, known)
    if moved and key.on_update == "cascade":
        yield _follow(reference, moved)
    elif moved and key.on_update == "set null":
        yield _forget(reference, list(moved))
    if left and key.on_delete == "cascade":
        yield f"DELETE FROM {spelled(reference.table)} WHERE {_among(reference, left)}"
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


def _moved(
    reference: Reference,
    before: Side,
    lost: set[Key],
    renamed: Mapping[Key, Key],
    known: Mapping[TableId, Renaming],
) -> dict[Key, Key]:
    """Gives those of some keys that changed that records refer to still as they were.

    Where a statement changed what refers, too, only a key that is gone is one that was.
    """
    table = reference.table
    own = known.get((table.schema, table.name), _NOTHING)
    asked = renamed.keys() & lost
    if reference.key.columns not in own.referring:
        asked |= _single(before, renamed)
    return {old: renamed[old] for old in _referred(reference, sorted(asked))}


def _single(before: Side, renamed: Mapping[Key, Key]) -> set[Key]:
    """Gives those of some former keys that one record had alone."""
    if not renamed:
        return set()
    texts = ", ".join(before.texts())
    among = _among_sql(before.texts(), list(renamed))
    several = before.state.query(
        f"SELECT {texts} FROM {before.rows()} WHERE {among} GROUP BY ALL HAVING count(*) > 1"
    )
    return renamed.keys() - {tuple(map(str, row)) for row in several}


def _follow(reference: Reference, moved: Mapping[Key, Key]) -> str:
    """Gives one statement for all keys: what one of them becomes may be another one."""
    names, kinds = reference.key.columns, reference.child.types
    count = len(names)
    rows = ", ".join(f"({', '.join(map(_literal, (*old, *new)))})" for old, new in moved.items())
    listed = ", ".join([*(f"old{at}" for at in range(count)), *(f"new{at}" for at in range(count))])
    set_to, same = [], []
    for at, (name, kind) in enumerate(zip(names, kinds, strict=True)):
        column = quote_identifier(name)
        set_to.append(f"{column} = CAST(renamed.new{at} AS {kind.sql})")
        same.append(f"{as_text(f'referring.{column}', kind)} = renamed.old{at}")
    return (
        f"UPDATE {spelled(reference.table)} AS referring SET {', '.join(set_to)}"
        f" FROM (VALUES {rows}) AS renamed({listed}) WHERE {' AND '.join(same)}"
    )


def _literal(text: str | None) -> str:
    return "CAST(NULL AS VARCHAR)" if text is None else quote_literal(text)


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
        return f"{texts[0]} IN ({', '.join(_literal(one) for (one,) in keys)})"
    listed = ", ".join(f"({', '.join(map(_literal, key))})" for key in keys)
    return f"({', '.join(texts)}) IN ({listed})"
