"""What upstream's definition and tables.yaml say of one table's columns, as it changes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ingitdb.catalog.naming import NamedTable
from ingitdb.errors import WriteError
from ingitdb.execution.definition_ground import Ground
from ingitdb.writes.definition_files import (
    TABLES_FILE,
    DefinitionFiles,
    lists_of_names,
    without,
)
from ingitdb.writes.definition_texts import (
    KEY_COLUMN,
    ColumnDefinition,
    enum_values,
    own_column,
    upstream_type,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """The files that declare a table; each change is an edit of their texts.

    Attributes:
        path: Upstream's definition, or None.
        entry_name: What tables.yaml calls the table.
        shown: The table's columns, in their order.
    """

    files: DefinitionFiles
    path: str | None
    entry_name: str
    shown: Sequence[str]

    @classmethod
    def of(cls, ground: Ground, table: NamedTable) -> "Declared":
        """Gives what declares a table."""
        columns = ground.snapshot.relation(table).columns
        return cls(
            files=ground.files,
            path=ground.definition_of(table),
            entry_name=ground.entry_name(table),
            shown=[column.name for column in columns if column.name != KEY_COLUMN],
        )

    @property
    def definition(self) -> dict[str, Any]:
        """What upstream's definition says."""
        return self.files.value(self.path) if self.path is not None else {}

    @property
    def entry(self) -> dict[str, Any]:
        """What tables.yaml says."""
        return self.files.entry(self.entry_name)

    def has(self, column: str) -> bool:
        """Tells whether upstream's definition declares a column.

        Raises:
            WriteError: It takes the column from another definition.
        """
        value = self.definition
        if column not in value.get("columns", {}):
            if "inherits" in value and self.path is not None:
                raise WriteError(
                    f"{self.path} inherits columns; {column!r} may be one of these.",
                    hint="Change the definitions by hand.",
                )
            return False
        return True

    def put_entry(self, entry: Mapping[str, Any]) -> None:
        """Lets tables.yaml say something else; empty parts are left out."""
        kept = {name: value for name, value in entry.items() if value not in ({}, [])}
        self.files.put_entry(self.entry_name, kept)

    def add(self, column: ColumnDefinition) -> None:
        """Declares one column more."""
        if self.path is None:
            self._say(column.name, own_column(column, alone=True))
            return
        value = self.definition
        said: dict[str, Any] = {"type": upstream_type(column.type)[0]}
        if column.required:
            said["required"] = True
        if enum_values(column.type):
            said["enum"] = list(enum_values(column.type))
        value = {**value, "columns": {**value["columns"], column.name: said}}
        if "columns_order" in value:
            value["columns_order"] = [*value["columns_order"], column.name]
        self.files.put(self.path, value)
        own = own_column(column)
        if own:
            self._say(column.name, own)

    def drop(self, column: str) -> None:
        """Declares a column no more."""
        if self.path is not None and self.has(column):
            value = self.definition
            value = {**value, "columns": without(value["columns"], column)}
            if "columns_order" in value:
                value["columns_order"] = [c for c in value["columns_order"] if c != column]
            self.files.put(self.path, value)
        entry = self.entry
        if column in (entry.get("columns") or {}):
            entry = {**entry, "columns": without(entry["columns"], column)}
        indexes = list(lists_of_names(entry.get("indexes")))
        if any(column in group for group in indexes):
            kept = _listed(group for group in indexes if column not in group)
            entry = {**entry, "indexes": kept}
        if entry != self.entry:
            self.put_entry(entry)

    def rename(self, old: str, new: str) -> None:
        """Gives a column another name wherever it is named."""
        if self.path is not None and self.has(old):
            self.files.rename(self.path, ("columns", old), new)
            value = self.definition
            for name in ("columns_order", "primary_key"):
                if old in value.get(name, ()):
                    value = {**value, name: [new if c == old else c for c in value[name]]}
            if value["record_file"].get("content_field") == old:
                value = {**value, "record_file": {**value["record_file"], "content_field": new}}
            self.files.put(self.path, value)
        entry = self.entry
        if old in (entry.get("columns") or {}):
            place = ("tables", self.entry_name, "columns", old)
            self.files.rename(TABLES_FILE, place, new)
        self.put_entry(_renamed(self.entry, old, new))
        self._say(new, {"renamed_from": old}, instead={old: new})

    def retype(self, column: ColumnDefinition) -> None:
        """Gives a column another type."""
        if self.path is None or not self.has(column.name):
            said = own_column(column, alone=True)
            self._say(column.name, {"type": said["type"], "enum": said.get("enum")})
            return
        value = self.definition
        said = without(value["columns"][column.name], "enum")
        said["type"] = upstream_type(column.type)[0]
        if enum_values(column.type):
            said["enum"] = list(enum_values(column.type))
        self.files.put(self.path, {**value, "columns": {**value["columns"], column.name: said}})
        self._say(column.name, {"type": own_column(column).get("type")})

    def require(self, column: str, *, required: bool) -> None:
        """Says whether a column may be NULL."""
        if self.path is not None and self.has(column):
            value = self.definition
            said = without(value["columns"][column], "required")
            if required:
                said["required"] = True
            self.files.put(self.path, {**value, "columns": {**value["columns"], column: said}})
            if not required:
                self._say(column, {"required": None})
            return
        self._say(column, {"required": True if required else None})

    def default(self, column: str, text: str | None) -> None:
        """Gives a column a default, or takes it."""
        self._say(column, {"default": text})

    def put_keys(self, key: Sequence[str]) -> None:
        """Declares the columns of the primary key; none takes it away."""
        if self.path is None:
            entry = self.entry
            self.put_entry({**entry, "key": list(key)} if key else without(entry, "key"))
        else:
            value = without(self.definition, "primary_key")
            self.files.put(self.path, {**value, "primary_key": list(key)} if key else value)
        for column in key:
            self.require(column, required=True)

    def _say(
        self, column: str, said: Mapping[str, Any], *, instead: Mapping[str, str] | None = None
    ) -> None:
        """Says something of a column in tables.yaml; None takes it back.

        Where nothing else declares the table, the columns before this one are named, too, for
        those that are declared come first.
        """
        entry = self.entry
        columns = dict(entry.get("columns") or {})
        now = {**(columns.get(column) or {}), **said}
        now = {name: value for name, value in now.items() if value is not None}
        if not now and not columns.get(column):
            return
        if self.path is None and column not in columns and "glob" not in entry:
            for name in self.shown:
                name = (instead or {}).get(name, name)
                if name == column:
                    break
                columns.setdefault(name, None)
        columns[column] = now or None
        if not any(columns.values()):
            columns = {}
        elif not now and self.path is not None:
            columns.pop(column)
        self.put_entry({**entry, "columns": columns})


def _renamed(entry: Mapping[str, Any], old: str, new: str) -> dict[str, Any]:
    """Gives an entry in which a column has another name."""

    def names(said: Any) -> Any:
        if isinstance(said, str):
            return new if said == old else said
        return [new if name == old else name for name in said]

    changed: dict[str, Callable[[Any], Any]] = {
        "key": names,
        "unique": lambda said: _listed(map(names, lists_of_names(said))),
        "indexes": lambda said: _listed(map(names, lists_of_names(said))),
        "foreign_keys": lambda said: [{**key, "columns": names(key["columns"])} for key in said],
    }
    return {name: changed[name](said) if name in changed else said for name, said in entry.items()}


def _listed(groups: Iterable[Sequence[str]]) -> list[Any]:
    """Spells groups of columns: one of a single column is its name."""
    return [group[0] if len(group) == 1 else list(group) for group in groups]
