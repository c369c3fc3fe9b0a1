"""Tables and views that go, with all that upstream's files and ours say of them."""

from collections.abc import Iterator

from ingitdb.catalog.naming import NamedTable
from ingitdb.errors import CatalogError, StatementRefused
from ingitdb.execution.definition_ground import Ground, Name
from ingitdb.execution.views import View
from ingitdb.model.tables import ForeignKey
from ingitdb.sql.names import fold, spell
from ingitdb.writes.definition_files import ROOTS, without


def drop_table(
    ground: Ground, table: NamedTable, *, cascade: bool, keeps_views: bool = False
) -> set[Name]:
    """Drops a table.

    Args:
        ground: What is changed.
        table: The table.
        cascade: Whether views and foreign keys that need it go, too, and subcollections.
        keeps_views: Whether views may stay that read it, as another table will bear its name.

    Returns:
        Schema and name of each table that goes or changes.

    Raises:
        CatalogError: Others need it.
        StatementRefused: It is not known by itself: its file holds other tables, too.
    """
    where = table.locations[0]
    name = spell(table.schema, table.name)
    if where.source == "data package":
        raise StatementRefused(f"{name} is declared in a data package.", hint="Change that file.")
    if where.declaration.rules and dict(where.declaration.rules).get("parent"):
        raise StatementRefused(
            f"{name} is a subcollection.", hint="Drop the table above it, or its files."
        )
    _check_alone(ground, table)
    below = list(_below(ground, table))
    referring = list(ground.referring(table))
    views = [] if keeps_views else ground.views_of(table)
    needed = [
        *(f"the foreign key of {spell(other.name)}" for other, _ in referring),
        *(f"the view {view.spelled}" for view in views),
        *(f"the subcollection {spell(other.name)}" for other in below),
    ]
    if needed and not cascade:
        raise CatalogError(
            f"{name} is needed by {', '.join(dict.fromkeys(needed))}.",
            hint="DROP … CASCADE drops these, too.",
        )
    for other, key in referring:
        drop_foreign_key(ground, other, key)
    for view in views:
        drop_view(ground, view, cascade=True)
    for gone in (table, *below):
        ground.records.update((path, None) for path, _ in ground.snapshot.files.of(gone))
    _undeclare(ground, table)
    changed = (table, *below, *(other for other, _ in referring))
    return {(one.schema, one.name) for one in changed}


def drop_view(ground: Ground, view: View, *, cascade: bool) -> None:
    """Drops a view.

    Raises:
        CatalogError: Another view reads it.
    """
    over = [other for other in ground.views_over(view) if ground.files.text(other.path) is not None]
    if over and not cascade:
        raise CatalogError(
            f"The view {view.spelled} is needed by {', '.join(other.spelled for other in over)}.",
            hint="DROP VIEW … CASCADE drops these, too.",
        )
    ground.files.put_text(view.path, None)
    for other in over:
        drop_view(ground, other, cascade=True)


def drop_foreign_key(ground: Ground, table: NamedTable, key: ForeignKey) -> None:
    """Takes a foreign key from where it is declared."""
    path = ground.definition_of(table)
    if path is not None and len(key.columns) == 1:
        value = ground.files.value(path)
        columns = dict(value["columns"])
        said = columns.get(key.columns[0], {})
        if "foreign_key" in said:
            columns[key.columns[0]] = without(said, "foreign_key")
            ground.files.put(path, {**value, "columns": columns})
            return
    name = ground.entry_name(table)
    entry = ground.files.entry(name)
    kept = [
        said
        for said in entry.get("foreign_keys") or []
        if not (_same(said["columns"], key.columns) and _leads(said["table"], key, table.schema))
    ]
    entry = {**entry, "foreign_keys": kept} if kept else without(entry, "foreign_keys")
    ground.files.put_entry(name, entry)


def _same(said: str | list[str], columns: tuple[str, ...]) -> bool:
    return tuple([said] if isinstance(said, str) else said) == columns


def _leads(said: str, key: ForeignKey, schema: str) -> bool:
    head, _, name = said.rpartition(".")
    return (fold(head or schema), fold(name)) == (fold(key.schema), fold(key.table))


def _below(ground: Ground, table: NamedTable) -> Iterator[NamedTable]:
    """Gives the subcollections of a table, those below them among them."""
    for other in ground.snapshot.tables:
        parent = dict(other.locations[0].declaration.rules).get("parent")
        if other.schema == table.schema and parent == table.name:
            yield other
            yield from _below(ground, other)


def _check_alone(ground: Ground, table: NamedTable) -> None:
    """Refuses a table whose files hold another one, too."""
    own = {path for path, _ in ground.snapshot.files.of(table)}
    if not own or table.locations[0].source == "definition":
        return
    for other in ground.snapshot.tables:
        if other is not table and any(path in own for path, _ in ground.snapshot.files.of(other)):
            raise StatementRefused(
                f"{spell(table.name)} lies in one file with {spell(other.name)}.",
                hint=f"DELETE FROM {spell(table.schema, table.name)} empties it.",
            )


def _undeclare(ground: Ground, table: NamedTable) -> None:
    """Takes away all that declares a table."""
    root = ground.root_of(table)
    path = ground.definition_of(table)
    if root is not None and path is not None:
        ground.files.put(ROOTS, without(ground.files.value(ROOTS), root))
        folder = path.rpartition("/")[0]
        for other in sorted(ground.paths):
            if other.startswith(f"{folder}/"):
                ground.files.put_text(other, None)
    is_found = table.locations[0].source == "discovery"
    ground.files.put_entry(ground.entry_name(table), {"dropped": True} if is_found else {})
