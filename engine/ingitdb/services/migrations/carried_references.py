"""The foreign keys of a commit that a target can have; a note says of others why not."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from ingitdb.catalog.naming import NamedTable
from ingitdb.migrations.model import Place, Reference, Table, folded
from ingitdb.model.types import quote_identifier
from ingitdb.services.listing import ListedReference
from ingitdb.services.migrations.limits import can_refer
from ingitdb.services.migrations.mapped_commits import MappedCommit, place_of, title_of


def carried_references(
    commit: MappedCommit, table: NamedTable, tables: Mapping[Place, Table], notes: list[str]
) -> Iterator[Reference]:
    """Gives the foreign keys of a table that the target can have.

    Args:
        commit: The commit.
        table: The table.
        tables: All tables as the target has them.
        notes: Where it is said what is left out.
    """
    by_fold = {folded(place_of(other)): other for other in commit.listing.tables}
    for listed in _mapped_references(commit, table, by_fold):
        parent = by_fold.get(folded((listed.schema, listed.table)))
        if parent is None or commit.place(parent) not in tables or not listed.columns:
            fault = "there is nothing that it leads to"
        else:
            fault = _fault(commit, table, parent, tables[commit.place(parent)], listed)
        if fault or parent is None:
            said = f"the foreign key {listed.name} is not carried: {fault}."
            notes.append(f"{title_of(table)}: {said}")
            continue
        yield Reference(
            columns=listed.columns,
            target=commit.place(parent),
            references=listed.references,
            on_update=listed.on_update,
            on_delete=listed.on_delete,
        )


def _mapped_references(
    commit: MappedCommit, table: NamedTable, by_fold: Mapping[Place, NamedTable]
) -> Iterator[ListedReference]:
    """Gives the foreign keys by the names of the target; none of columns that it has not."""
    own = commit.mapped(table)
    for listed in commit.listing.references(table):
        parent = by_fold.get(folded((listed.schema, listed.table)))
        there = commit.mapped(parent).called(listed.references) if parent is not None else None
        columns = own.called(listed.columns) if there is not None else None
        if columns is None:
            said = ", ".join(listed.columns)
            yield replace(listed, columns=(), name=said)
        else:
            yield replace(listed, columns=columns, references=there or (), name=", ".join(columns))


def _fault(
    commit: MappedCommit,
    table: NamedTable,
    parent: NamedTable,
    model: Table,
    listed: ListedReference,
) -> str:
    """Says why a foreign key cannot be carried; empty where it can."""
    groups = [set(group) for group in (model.key, *model.unique)]
    if set(listed.references) not in groups:
        return "it refers to no key"
    child, other = commit.relation(table), commit.relation(parent)
    pairs = list(zip(listed.columns, listed.references, strict=True))
    if not can_refer(commit.target, child, other, pairs):
        return "its types differ from those that it refers to"
    mine, theirs = commit.stored(child), commit.stored(other)
    given = " AND ".join(f"{quote_identifier(name)} IS NOT NULL" for name in listed.columns)
    here = ", ".join(f"CAST({mine[name]} AS VARCHAR)" for name in listed.columns)
    there = ", ".join(f"CAST({theirs[name]} AS VARCHAR)" for name in listed.references)
    ((broken,),) = commit.query(
        f"SELECT count(*) FROM (SELECT {here} FROM ({child.body}) WHERE {given}"
        f" EXCEPT SELECT {there} FROM ({other.body}))"
    )
    return "some rows refer to nothing" if broken else ""
