"""When the definition of a table changed along a line of commits, and how."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from ingitdb.catalog.naming import NamedTable
from ingitdb.errors import TableNotFound
from ingitdb.execution.lines import Line
from ingitdb.execution.pairing import Fields, pair_columns
from ingitdb.execution.schemas import Schema
from ingitdb.execution.schemas import schemas as schemas_along
from ingitdb.model.history import Commit
from ingitdb.services.database import Database
from ingitdb.services.schema_changes import leaves
from ingitdb.snapshots.relation import Column
from ingitdb.snapshots.snapshot import Snapshot
from ingitdb.sql.names import name_parts

Event: TypeAlias = Literal["created", "changed", "gone"]
Kind: TypeAlias = Literal["added", "dropped", "retyped", "renamed", "key"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionChange:
    """One thing that a commit changed.

    Attributes:
        name: The column, or the place inside one; of a renamed one its new name; of a key nothing.
        before: The type before, or the key's columns; of a renamed column its name and type.
        after: The same afterwards; None where there is none.
    """

    kind: Kind
    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaEvent:
    """What a commit did to the definition of a table."""

    commit: Commit
    event: Event
    changes: tuple[DefinitionChange, ...]


def schema_history(database: Database, table: str, ref: str | None = None) -> list[SchemaEvent]:
    """Finds when a table's columns or key changed on the way to a ref, the newest first.

    Args:
        database: The database.
        table: The table's name; it may be gone by now.
        ref: Where the history ends; HEAD when None.

    Raises:
        TableNotFound: There never was one.
        TableAmbiguous: Several have the name.
        StatementRefused: The ref is EMPTY: nothing leads there.
    """

    def ask(snapshot: Snapshot) -> list[SchemaEvent]:
        line = Line(snapshot, database._catalogs.histories, database._instance.query)
        home, found = _home(database, snapshot, table)
        along = schemas_along(database._catalogs, replace(line, home=home), found)
        return list(_events(along, found))[::-1]

    return database._asked(ref, ask)


def _home(database: Database, snapshot: Snapshot, table: str) -> tuple[Snapshot, NamedTable]:
    """Finds a table at a commit, or where it was last."""
    try:
        return snapshot, database._find(snapshot, table)
    except TableNotFound:
        catalogs = database._catalogs
        names = (table, name_parts(table)[-1])
        last = next(filter(None, (catalogs.last_with(snapshot, name) for name in names)), None)
        if last is None:
            raise
        home = catalogs.snapshot(last)
        return home, database._find(home, table)


def _events(along: Iterator[Schema], table: NamedTable) -> Iterator[SchemaEvent]:
    """Compares each schema with the one before; columns have the former names declared last."""
    declared = {column.name: column for column in table.locations[0].declaration.columns}
    last: Schema | None = None
    for now in along:
        columns = [
            replace(column, declared=declared.get(column.name, column.declared))
            for column in now.columns or ()
        ]
        was = [] if last is None else list(last.columns or ())
        event: Event = "changed" if was else "created"
        if now.columns is None:
            yield SchemaEvent(commit=now.commit, event="gone", changes=())
        else:
            key = last.key if last is not None else ()
            changes = (*_columns(was, columns), *_key(key, now.key))
            yield SchemaEvent(commit=now.commit, event=event, changes=changes)
        last = now


def _columns(old: Sequence[Column], new: Sequence[Column]) -> Iterator[DefinitionChange]:
    for pair in pair_columns(Fields(old, {}), Fields(new, {})):
        before, after = pair.old, pair.new
        if before is None and after is not None:
            yield DefinitionChange(kind="added", name=after.name, before=None, after=after.type.sql)
        elif after is None and before is not None:
            yield DefinitionChange(
                kind="dropped", name=before.name, before=before.type.sql, after=None
            )
        elif before is not None and after is not None:
            yield from _changed(before, after)


def _changed(before: Column, after: Column) -> Iterator[DefinitionChange]:
    """Tells what differs in a column: of nested ones only the places that do."""
    if before.name != after.name:
        spelled = (f"{column.name} {column.type.sql}" for column in (before, after))
        yield DefinitionChange(
            kind="renamed", name=after.name, before=next(spelled), after=next(spelled)
        )
    elif before.type != after.type:
        was, becomes = (dict(leaves(column.name, column.type)) for column in (before, after))
        if min(len(was), len(becomes)) == 1:
            was, becomes = {before.name: before.type.sql}, {after.name: after.type.sql}
        for place in dict.fromkeys([*was, *becomes]):
            one, other = was.get(place), becomes.get(place)
            if one != other:
                kind: Kind = "added" if one is None else "dropped" if other is None else "retyped"
                yield DefinitionChange(kind=kind, name=place, before=one, after=other)


def _key(old: Sequence[str], new: Sequence[str]) -> Iterator[DefinitionChange]:
    if tuple(old) != tuple(new):
        before, after = (", ".join(key) or None for key in (old, new))
        yield DefinitionChange(kind="key", name="", before=before, after=after)
