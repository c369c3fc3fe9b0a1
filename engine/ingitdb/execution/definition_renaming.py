"""RENAME TO: a table gets another name, and its files with it where they are named after it."""

from collections.abc import Iterator

from ingitdb.catalog.discovery import MAIN
from ingitdb.catalog.naming import NamedTable
from ingitdb.catalog.wellknown import stem
from ingitdb.errors import CatalogError, StatementRefused
from ingitdb.execution.definition_ground import Ground
from ingitdb.model.tables import ForeignKey, Form
from ingitdb.sql.names import fold, spell
from ingitdb.writes.definition_files import ROOTS, TABLES_FILE
from ingitdb.writes.definition_places import is_schema


def rename_table(ground: Ground, table: NamedTable, name: str) -> None:
    """Gives a table another name.

    Raises:
        CatalogError: The name is taken, or views need the old one.
        StatementRefused: The files that give it its name cannot be moved.
    """
    new = (table.schema, name)
    if ground.exact(new) not in (None, table) or ground.exact_view(new) is not None:
        raise CatalogError(f"There is a table or view {spell(*new)} already.")
    views = ground.views_of(table)
    if views:
        raise CatalogError(
            f"{spell(table.name)} is read by {', '.join(view.spelled for view in views)}.",
            hint="Drop these views, and make them anew afterwards.",
        )
    where = table.locations[0]
    if "." in name:
        raise StatementRefused(f"A table's name has no dot, as {name!r} has.")
    if where.source == "definition":
        _rename_root(ground, table, name)
    elif where.source == "discovery":
        _move_discovered(ground, table, name)
    _rename_entry(ground, table, name)
    own = [(table, key) for key in where.declaration.foreign_keys if _leads_to(key, table)]
    for other, key in (*ground.referring(table), *own):
        _refer_anew(ground, other, key, name, is_own=other is table)


def _full(table: NamedTable, name: str | None = None) -> str:
    name = name or table.name
    return name if table.schema == MAIN else f"{table.schema}.{name}"


def _rename_root(ground: Ground, table: NamedTable, name: str) -> None:
    old, new = ground.root_of(table) or "", _full(table, name)
    if not is_schema(new):
        raise StatementRefused(
            f"{new!r} cannot be a name here.", hint="Letters, digits and _ make it."
        )
    folder = str(ground.files.value(ROOTS)[old])
    ground.files.rename(ROOTS, (old,), new)
    usual, wanted = ("/".join(full.split(".")) for full in (old, new))
    if folder != usual or any(path.startswith(f"{wanted}/") for path in ground.paths):
        return
    ground.files.put(ROOTS, {**ground.files.value(ROOTS), new: wanted})
    for path in _below(ground, folder):
        data = ground.files.text(path)
        target = f"{wanted}{path[len(folder) :]}"
        if path == ground.definition_of(table):
            ground.files.put_text(target, data)
            value = ground.files.value(target)
            file = str(value["record_file"]["name"])
            if stem(file) == table.name and "{key}" not in file:
                file = f"{name}{file[len(table.name) :]}"
                ground.files.put(
                    target, {**value, "record_file": {**value["record_file"], "name": file}}
                )
        elif path.rpartition("/")[0] == folder and stem(path) == table.name:
            file = path.rpartition("/")[2]
            ground.files.put_text(f"{wanted}/{name}{file[len(table.name) :]}", data)
        else:
            ground.files.put_text(target, data)
        ground.files.put_text(path, None)


def _move_discovered(ground: Ground, table: NamedTable, name: str) -> None:
    paths = {where.path for where in table.locations}
    path = next(iter(paths))
    head, _, last = path.rpartition("/")
    is_folder = table.locations[0].form == Form.RECORD
    called = last if is_folder else stem(path)
    if len(paths) > 1 or fold(called) != fold(table.name):
        raise StatementRefused(
            f"{spell(table.name)} has its name from {path}, which names other tables, too.",
            hint=f"Declare it in {TABLES_FILE} under the new name.",
        )
    wanted = f"{head}/" * bool(head) + name + last[len(called) :]
    moved = list(_below(ground, path)) if path not in ground.paths else [path]
    if wanted in ground.paths or any(True for _ in _below(ground, wanted)):
        raise StatementRefused(f"{wanted} is there already.")
    for old in moved:
        ground.files.put_text(f"{wanted}{old[len(path) :]}", ground.files.text(old))
        ground.files.put_text(old, None)


def _below(ground: Ground, folder: str) -> Iterator[str]:
    yield from sorted(path for path in ground.paths if path.startswith(f"{folder}/"))


def _rename_entry(ground: Ground, table: NamedTable, name: str) -> None:
    old = ground.entry_name(table)
    new = name if "schema" in ground.files.entry(old) else _full(table, name)
    if old in (ground.files.value(TABLES_FILE).get("tables") or {}):
        ground.files.rename(TABLES_FILE, ("tables", old), new)
    ground.files.put_entry(new, {**ground.files.entry(new), "renamed_from": table.name})


def _leads_to(key: ForeignKey, table: NamedTable) -> bool:
    return (fold(key.schema), fold(key.table)) == (fold(table.schema), fold(table.name))


def _refer_anew(
    ground: Ground, other: NamedTable, key: ForeignKey, name: str, *, is_own: bool
) -> None:
    """Lets a foreign key name the table by its new name."""
    full = name if key.schema == MAIN else f"{key.schema}.{name}"
    path = ground.definition_of(other)
    if path is not None and is_own:
        root = ground.files.value(ROOTS).get(full)
        path = (
            path if ground.files.text(path) is not None else f"{root}/.collection/definition.yaml"
        )
    if path is not None and len(key.columns) == 1:
        value = ground.files.value(path)
        said = value["columns"].get(key.columns[0], {})
        if "foreign_key" in said:
            columns = {**value["columns"], key.columns[0]: {**said, "foreign_key": full}}
            ground.files.put(path, {**value, "columns": columns})
            return
    entry_name = full if is_own else ground.entry_name(other)
    entry = ground.files.entry(entry_name)
    keys = []
    for one in entry.get("foreign_keys") or []:
        head, _, last = one["table"].rpartition(".")
        leads = (fold(head or other.schema), fold(last)) == (fold(key.schema), fold(key.table))
        keys.append({**one, "table": f"{key.schema}.{name}"} if leads else one)
    ground.files.put_entry(entry_name, {**entry, "foreign_keys": keys} if keys else entry)
