"""Changes of definitions in PostgreSQL's words."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeAlias

from ingitdb.migrations.altering import (
    AddColumn,
    AddConstraint,
    Alteration,
    ChangeType,
    CreateTable,
    DropColumn,
    DropConstraint,
    DropTable,
    EmptyTable,
    RenameColumn,
    RenameTable,
    SetDefault,
    SetNullable,
)
from ingitdb.migrations.constraints import Constraint, ConstraintKind
from ingitdb.migrations.model import OURS, Place, Table
from ingitdb.migrations.targets.statements import column_line, names, reference_line
from ingitdb.model.types import quote_identifier

Called: TypeAlias = Callable[[Place], str]
"""Gives the name of a table in statements."""
_WAITING = f"{OURS}waiting"
"""The name of a table between two others."""


def altered(change: Alteration, called: Called) -> Iterator[str]:
    """Gives the statements of a change.

    Args:
        change: The change.
        called: Gives the name of a table.
    """
    match change:
        case CreateTable(table=table, key=key):
            yield _created(table, key, called)
        case DropTable(table=table):
            yield f"DROP TABLE {called(table.place)}"
        case RenameTable(old=old, new=new):
            yield from _renamed(old, new, called)
        case EmptyTable(place=place):
            yield f"TRUNCATE {called(place)}"
        case AddConstraint(place=place, constraint=one):
            yield _constrained(place, one, called)
        case DropConstraint(place=place, constraint=one):
            name = quote_identifier(one.name)
            if one.kind is ConstraintKind.INDEX:
                schema = called(place).removesuffix(quote_identifier(place[1]))
                yield f"DROP INDEX {schema}{name}"
            else:
                yield f"ALTER TABLE {called(place)} DROP CONSTRAINT {name}"
        case _:
            yield f"ALTER TABLE {called(change.place)} {_of_column(change)}"


def _of_column(
    change: AddColumn | DropColumn | RenameColumn | ChangeType | SetNullable | SetDefault,
) -> str:
    match change:
        case AddColumn(column=column):
            return f"ADD COLUMN {quote_identifier(column.name)} {column.type}"
        case DropColumn(name=name):
            return f"DROP COLUMN {quote_identifier(name)}"
        case RenameColumn(old=old, new=new):
            return f"RENAME COLUMN {quote_identifier(old.name)} TO {quote_identifier(new)}"
        case ChangeType(new=column):
            name = quote_identifier(column.name)
            return f"ALTER COLUMN {name} TYPE {column.type} USING {name}::text::{column.type}"
        case SetNullable(column=column):
            word = "DROP" if column.nullable else "SET"
            return f"ALTER COLUMN {quote_identifier(column.name)} {word} NOT NULL"
        case SetDefault(column=column):
            word = "DROP DEFAULT" if column.default is None else f"SET DEFAULT {column.default}"
            return f"ALTER COLUMN {quote_identifier(column.name)} {word}"


def _created(table: Table, key: Constraint | None, called: Called) -> str:
    lines = [column_line(column) for column in table.columns]
    if key is not None:
        lines.append(_definition(key, called))
    return f"CREATE TABLE {called(table.place)} (\n  " + ",\n  ".join(lines) + "\n)"


def _renamed(old: Place, new: Place, called: Called) -> Iterator[str]:
    """Gives the statements that rename a table; between schemas by a name that neither has."""
    schema = called(new).removesuffix(f".{quote_identifier(new[1])}")
    if old[0] == new[0]:
        yield f"ALTER TABLE {called(old)} RENAME TO {quote_identifier(new[1])}"
    elif old[1] == new[1]:
        yield f"ALTER TABLE {called(old)} SET SCHEMA {schema}"
    else:
        between = partial(_called_between, called=called)
        yield f"ALTER TABLE {called(old)} RENAME TO {quote_identifier(_WAITING)}"
        yield f"ALTER TABLE {between(old)} SET SCHEMA {schema}"
        yield f"ALTER TABLE {between(new)} RENAME TO {quote_identifier(new[1])}"


def _called_between(place: Place, *, called: Called) -> str:
    return called((place[0], _WAITING))


def _constrained(place: Place, one: Constraint, called: Called) -> str:
    if one.kind is ConstraintKind.INDEX:
        return (
            f"CREATE INDEX {quote_identifier(one.name)} ON {called(place)} ({names(one.columns)})"
        )
    return f"ALTER TABLE {called(place)} ADD {_definition(one, called)}"


def _definition(one: Constraint, called: Called) -> str:
    head = f"CONSTRAINT {quote_identifier(one.name)}"
    match one.kind:
        case ConstraintKind.PRIMARY_KEY:
            return f"{head} PRIMARY KEY ({names(one.columns)})"
        case ConstraintKind.UNIQUE:
            return f"{head} UNIQUE ({names(one.columns)})"
        case ConstraintKind.CHECK:
            return f"{head} CHECK (\n{one.condition}\n)"
        case _:
            assert one.reference is not None
            return f"{head} {reference_line(one.reference, called(one.reference.target))}"
