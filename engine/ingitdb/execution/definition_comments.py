"""COMMENT ON as titles of upstream's definitions, or descriptions of tables.yaml."""

from ingitdb.catalog.naming import NamedTable
from ingitdb.errors import ColumnNotFound, StatementRefused, nearest_names
from ingitdb.execution.definition_ground import Ground
from ingitdb.sql.definitions import Comment
from ingitdb.sql.names import fold, spell
from ingitdb.writes.definition_files import without
from ingitdb.writes.definition_texts import KEY_COLUMN, KEY_FIELD

_LANGUAGE = "en"


def comment_on(ground: Ground, table: NamedTable, said: Comment) -> None:
    """Gives a table or column a title, or takes it.

    Raises:
        ColumnNotFound: There is no such column.
        StatementRefused: There is no place for a title.
    """
    path = ground.definition_of(table)
    column = _column(ground, table, said.column) if said.column is not None else None
    if path is None:
        _describe(ground, table, column, said.text)
        return
    value = ground.files.value(path)
    if column is None:
        titles = dict(value.get("titles") or {})
        titles.pop(_LANGUAGE, None)
        if said.text is not None:
            titles[_LANGUAGE] = said.text
        whole = {**value, "titles": titles} if titles else without(value, "titles")
    else:
        field = KEY_FIELD if column == KEY_COLUMN else column
        columns = dict(value["columns"])
        if field not in columns:
            raise StatementRefused(f"{path} does not declare {column!r}.")
        columns[field] = without(columns[field], "title")
        if said.text is not None:
            columns[field]["title"] = said.text
        whole = {**value, "columns": columns}
    ground.files.put(path, whole)


def _describe(ground: Ground, table: NamedTable, column: str | None, text: str | None) -> None:
    if column is None:
        raise StatementRefused(
            f"{spell(table.name)} has no definition that could have a title.",
            hint="Its columns can have comments.",
        )
    name = ground.entry_name(table)
    entry = ground.files.entry(name)
    columns = dict(entry.get("columns") or {})
    said = without(columns.get(column) or {}, "description")
    if text is not None:
        said["description"] = text
    columns[column] = said
    kept = {key: value for key, value in columns.items() if value}
    entry = {**entry, "columns": kept} if kept else without(entry, "columns")
    ground.files.put_entry(name, entry)


def _column(ground: Ground, table: NamedTable, name: str) -> str:
    known = [column.name for column in ground.snapshot.relation(table).columns]
    for column in known:
        if fold(column) == fold(name):
            return column
    raise ColumnNotFound(f"There is no column {name!r}.", hint=nearest_names(name, known))
