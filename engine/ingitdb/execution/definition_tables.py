"""A new table: its definition, what tables.yaml says of it, and the rows of CREATE TABLE AS."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from ingitdb.errors import StatementError, StatementRefused, WriteError
from ingitdb.execution.definition_ground import Ground, Name
from ingitdb.execution.definition_references import Referring, checked_expression
from ingitdb.execution.definition_scratch import DefinitionScratch
from ingitdb.execution.plans import Plans
from ingitdb.formats.registry import name_of
from ingitdb.model.types import ColumnType, quote_identifier
from ingitdb.sql.definitions import CreateTable
from ingitdb.sql.names import fold, spell
from ingitdb.writes.definition_files import ROOTS, SETTINGS_FILE, TABLES_FILE
from ingitdb.writes.definition_places import TablePlace, table_place
from ingitdb.writes.definition_texts import (
    KEY_COLUMN,
    ColumnDefinition,
    TableDefinition,
    definition_value,
    own_table,
    upstream_type,
    with_names,
)
from ingitdb.writes.table_texts import Added

_HIDDEN = ("_path", "_line", "_blob", "_index", "_parent")
_USUAL_FORMAT = "yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What the query of CREATE TABLE AS gives."""

    columns: Sequence[tuple[str, ColumnType]]
    table: pa.Table


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTable:
    """A table that is to be made.

    Attributes:
        ground: What is changed.
        name: Its schema and name.
        said: What the statement says.
        zone: The time zone in which defaults are read.
    """

    ground: Ground
    name: Name
    said: CreateTable
    plans: Plans
    zone: str

    def make(self, rows: Rows | None) -> int | None:
        """Makes the table; gives how many records it got from a query.

        Raises:
            StatementError: It is wrong, or has no place.
            WriteError: It cannot be written.
        """
        table = self._definition(rows)
        place = table_place(
            *self.name,
            self.said.options,
            key=table.primary_key,
            texts=[column.name for column in table.columns if column.type == "VARCHAR"],
            usual_format=self._usual_format(),
        )
        self._declare(table, place)
        after = self.ground.after()
        self._check(after, place)
        if rows is None:
            return None
        return self._fill(
            after, table, rows.table if self.said.has_data else rows.table.slice(0, 0)
        )

    def _definition(self, rows: Rows | None) -> TableDefinition:
        with DefinitionScratch(spell(self.name[1]), self.zone) as scratch:
            if rows is None:
                scratch.create(self.said.body)
            else:
                scratch.create(_described(rows, self.said.names))
            columns = scratch.columns()
            keys = scratch.groups("PRIMARY KEY")
            unique = scratch.groups("UNIQUE")
        key = keys[0] if keys else ()
        for column in columns:
            check_column(column, key, is_typed=self._is_parquet)
        checks = with_names(
            self.name[1], [(check.name, check.text, check.column) for check in self.said.checks]
        )
        for text in (*(text for _, text in checks), *filter(None, (c.default for c in columns))):
            checked_expression(text, self.plans)
        plain = TableDefinition(
            columns=columns, primary_key=key, unique=unique, checks=checks, upstream={}
        )
        referring = Referring(ground=self.ground, name=self.name, table=plain)
        return referring.with_references(self.said.references)

    @property
    def _is_parquet(self) -> bool:
        options = self.said.options
        return "parquet" in (options.get("format", "").lower(), name_of(options.get("path", "")))

    def _usual_format(self) -> str:
        settings = self.ground.files.value(SETTINGS_FILE)
        return str(settings.get("default_record_format") or _USUAL_FORMAT)

    def _declare(self, table: TableDefinition, place: TablePlace) -> None:
        files = self.ground.files
        roots = files.value(ROOTS)
        entry = own_table(table, alone=place.folder is None)
        if place.folder is None:
            entry = {"glob": place.glob, **entry}
        else:
            other = next((id for id, folder in roots.items() if folder == place.folder), None)
            if other is not None:
                raise StatementRefused(
                    f"{place.folder} is the folder of {other}.",
                    hint="WITH (path = '…') says where.",
                )
            files.put(ROOTS, {**roots, place.id: place.folder})
            files.put_text(place.definition, None)
            files.put(place.definition, definition_value(table, place.record_file))
        whole = files.value(TABLES_FILE)
        discovered = (t.locations[0].source == "discovery" for t in self.ground.snapshot.tables)
        if not roots and "discover" not in whole and place.folder is not None and any(discovered):
            files.put_whole({"discover": True, **whole})
        files.put_entry(place.id, entry)

    def _check(self, after: Ground, place: TablePlace) -> None:
        """Looks at the table as it would be read.

        Raises:
            StatementRefused: Its place is taken, or it would hide another table.
        """
        made = after.exact(self.name)
        if made is None:
            said = [p for p in after.snapshot.problems if p not in self.ground.snapshot.problems]
            raise WriteError(f"The table would not be read: {said[0] if said else place.id}")
        held = [path for path, _ in after.snapshot.files.of(made)]
        if set(held) - set(self.ground.records):
            raise StatementRefused(
                f"There are files already where it would lie: {held[0]}.",
                hint="WITH (path = '…') chooses another place.",
            )
        known = {(table.schema, table.name) for table in after.snapshot.tables}
        for table in self.ground.snapshot.tables:
            if (table.schema, table.name) not in known and not self._is_this(table):
                raise StatementRefused(
                    f"The table {spell(table.schema, table.name)} would no longer be seen: it lies"
                    f" in the folder {place.folder or place.glob}.",
                    hint="WITH (path = '…') chooses another place.",
                )

    def _is_this(self, table: object) -> bool:
        there = self.ground.exact(self.name)
        return there is not None and there is table

    def _fill(self, after: Ground, table: TableDefinition, rows: pa.Table) -> int:
        made = after.exact(self.name)
        if made is None:
            raise AssertionError(self.name)
        kinds = {column.name: column.type for column in after.snapshot.relation(made).columns}
        names = [column.name for column in table.columns]
        added = [
            Added(key=None, cells={name: (row[at], kinds[name]) for at, name in enumerate(names)})
            for row in _rows(rows)
        ]
        if added:
            texts = after.texts_of(made).added(added, [])
            self.ground.records.update(texts)
        return len(added)


def _rows(table: pa.Table) -> list[list[object]]:
    columns = [column.to_pylist(maps_as_pydicts="lossy") for column in table.columns]
    return [list(row) for row in zip(*columns, strict=True)] if columns else []


def _described(rows: Rows, names: Sequence[str]) -> str:
    """Gives the columns of a query as CREATE TABLE has them; equal names get numbers."""
    if len(names) > len(rows.columns):
        raise StatementError(
            f"The table names {len(names)} columns, but its query has {len(rows.columns)}."
        )
    named = [*names, *(name for name, _ in rows.columns[len(names) :])]
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name, (_, kind) in zip(named, rows.columns, strict=True):
        single, number = name, 0
        while fold(single) in taken:
            number += 1
            single = f"{name}_{number}"
        taken.add(fold(single))
        found[single] = kind.sql
    return ", ".join(f"{quote_identifier(name)} {kind}" for name, kind in found.items())


def check_column(column: ColumnDefinition, key: tuple[str, ...], *, is_typed: bool = False) -> None:
    """Refuses a column that files cannot have; those that are typed have bytes, too.

    Raises:
        StatementRefused: Its name or type has no place.
    """
    if column.name in _HIDDEN or column.name.startswith("$") or not column.name:
        raise StatementRefused(f"{column.name!r} cannot be the name of a column here.")
    if column.name == KEY_COLUMN and key != (KEY_COLUMN,):
        raise StatementRefused(
            "_key is the key that names a record's file: it is the PRIMARY KEY, alone."
        )
    if column.name == KEY_COLUMN and column.type != "VARCHAR":
        raise StatementRefused("_key is text, as names of files are.", hint="_key VARCHAR")
    if not is_typed:
        upstream_type(column.type)
