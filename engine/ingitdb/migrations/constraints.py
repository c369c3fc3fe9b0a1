"""The constraints of tables, and the names that a target knows them by."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

from ingitdb.migrations.model import Check, Place, Reference, Table, fold, folded

_DIGEST = 10


class ConstraintKind(StrEnum):
    """What a constraint demands; the value ends its name."""

    PRIMARY_KEY = "pkey"
    UNIQUE = "key"
    CHECK = "check"
    FOREIGN_KEY = "fkey"
    INDEX = "idx"
    """Demands nothing, but is made and dropped like the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """A key, check, foreign key or index with the name that the target knows it by.

    Attributes:
        condition: Of a check.
        reference: Of a foreign key.
    """

    kind: ConstraintKind
    name: str = ""
    columns: tuple[str, ...] = ()
    condition: str = ""
    reference: Reference | None = None


Named: TypeAlias = dict[str, Constraint]
"""The constraints of a table by their names."""


def constraints(tables: Sequence[Table], longest: int) -> dict[Place, Named]:
    """Gives the constraints of all tables of a commit, by their folded places.

    A name is put together of the table's and what else tells it apart. One that another constraint
    or a table bears too ends in a digest, for a schema may have each name once.

    Args:
        tables: All tables.
        longest: How many bytes a name may have; a longer one ends in a digest.
    """
    said = [(table, one, parts) for table in tables for one, parts in _nameless(table)]
    plain = Counter(fold(constraint_name(parts, longest)) for _, _, parts in said)
    plain.update(fold(table.place[1]) for table in tables)
    found: dict[Place, Named] = {folded(table.place): {} for table in tables}
    for table, one, parts in said:
        name = constraint_name(parts, longest)
        if plain[fold(name)] > 1:
            name = _digested(name, repr((table.place, one)), longest)
        found[folded(table.place)][name] = replace(one, name=name)
    return found


def check_names(tables: Sequence[Table], longest: int) -> dict[Place, dict[str, Check]]:
    """Gives the checks of all tables of a commit by the names of their constraints.

    Args:
        tables: All tables.
        longest: How many bytes a name may have.
    """
    named = constraints(tables, longest)
    found = {}
    for table in tables:
        of_table = named[folded(table.place)].values()
        called = [one.name for one in of_table if one.kind is ConstraintKind.CHECK]
        found[folded(table.place)] = dict(zip(called, table.checks, strict=True))
    return found


def _nameless(table: Table) -> Iterator[tuple[Constraint, list[str]]]:
    """Gives constraints with the parts of their names."""
    kinds, own = ConstraintKind, table.place[1]
    if table.key:
        yield Constraint(kind=kinds.PRIMARY_KEY, columns=table.key), [own, kinds.PRIMARY_KEY]
    for group in table.unique:
        yield Constraint(kind=kinds.UNIQUE, columns=group), [own, *group, kinds.UNIQUE]
    for check in table.checks:
        found = Constraint(kind=kinds.CHECK, condition=check.condition)
        yield found, [own, check.name, kinds.CHECK]
    for one in table.references:
        found = Constraint(kind=kinds.FOREIGN_KEY, columns=one.columns, reference=one)
        yield found, [own, *one.columns, kinds.FOREIGN_KEY]
    for index in table.indexes:
        found = Constraint(kind=kinds.INDEX, columns=index.columns)
        yield found, [own, index.name, kinds.INDEX]


def constraint_name(parts: Iterable[str], longest: int) -> str:
    """Puts a name together; one that would be too long ends in a digest.

    Example:
        >>> constraint_name(["stops", "name", "key"], 63)
        'stops_name_key'
        >>> constraint_name(["stops", "x" * 60, "key"], 20)
        'stops_xxx_dc85f30f52'
    """
    name = "_".join(parts)
    if len(name.encode()) <= longest:
        return name
    return _digested(name, name, longest)


def _digested(name: str, what: str, longest: int) -> str:
    digest = hashlib.sha256(what.encode()).hexdigest()[:_DIGEST]
    head = name.encode()[: longest - _DIGEST - 1].decode(errors="ignore")
    return f"{head}_{digest}"
