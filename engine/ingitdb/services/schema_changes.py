"""What differs in a table's definition between two commits: columns, key, references."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingitdb.execution.differences import Difference, Side
from ingitdb.execution.relations import is_nullable, key_columns
from ingitdb.model.types import ColumnType, ListOf, Struct
from ingitdb.snapshots.relation import Column

_REQUIRED = " NOT NULL"


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaChange:
    """One thing of a table's definition that differs; None where it is not there.

    Attributes:
        subject: `column`, `key` or `reference`.
    """

    subject: str
    before: str | None
    after: str | None


def schema_changes(difference: Difference) -> Iterator[SchemaChange]:
    """Gives what differs in the definition of a table that is there at both commits."""
    old, new = difference.sides
    if old.table is None or new.table is None:
        return
    keys = (key_columns(old.table), key_columns(new.table))
    for pair in difference.pairs:
        before, after = (
            _definition(column, key) for column, key in zip((pair.old, pair.new), keys, strict=True)
        )
        if before == after:
            continue
        if pair.old is not None and pair.new is not None and before and after:
            yield from _retyped(pair.old, pair.new, (before, after))
        else:
            yield SchemaChange(subject="column", before=before, after=after)
    if keys[0] != keys[1]:
        before, after = (", ".join(key) or None for key in keys)
        yield SchemaChange(subject="key", before=before, after=after)
    gone, come = (_references(side) for side in (old, new))
    yield from _listed("reference", gone, come)


def _definition(column: Column | None, key: Sequence[str]) -> str | None:
    if column is None:
        return None
    return f"{column.name} {column.type.sql}{'' if is_nullable(column, key) else _REQUIRED}"


def _retyped(old: Column, new: Column, spelled: tuple[str, str]) -> Iterator[SchemaChange]:
    """Tells what differs in a column: of nested ones only the places that do."""
    before, after = (list(leaves(column.name, column.type)) for column in (old, new))
    is_whole = old.name != new.name or old.type == new.type or min(len(before), len(after)) == 1
    if is_whole or spelled[0].endswith(_REQUIRED) is not spelled[1].endswith(_REQUIRED):
        yield SchemaChange(subject="column", before=spelled[0], after=spelled[1])
        return
    was, becomes = dict(before), dict(after)
    for path in dict.fromkeys([*was, *becomes]):
        one, other = (
            f"{path} {kinds[path]}" if path in kinds else None for kinds in (was, becomes)
        )
        if one != other:
            yield SchemaChange(subject="column", before=one, after=other)


def leaves(path: str, kind: ColumnType) -> Iterator[tuple[str, str]]:
    """Gives the places inside a type, each with its own."""
    if isinstance(kind, ListOf):
        yield from leaves(f"{path}[]", kind.item)
    elif isinstance(kind, Struct):
        for name, inner in kind:
            yield from leaves(f"{path}.{name}", inner)
    else:
        yield path, kind.sql


def _references(side: Side) -> list[str]:
    declared = side.table.locations[0].declaration.foreign_keys if side.table else ()
    return [
        f"{', '.join(one.columns)} → {one.schema}.{one.table}".replace(" → main.", " → ")
        for one in declared
    ]


def _listed(subject: str, old: Sequence[str], new: Sequence[str]) -> Iterator[SchemaChange]:
    for text in old:
        if text not in new:
            yield SchemaChange(subject=subject, before=text, after=None)
    for text in new:
        if text not in old:
            yield SchemaChange(subject=subject, before=None, after=text)
