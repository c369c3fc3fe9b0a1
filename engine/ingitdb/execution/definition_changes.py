"""ALTER TABLE: DuckDB says what becomes of columns and values, which becomes edits of texts."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from ingitdb.catalog.naming import NamedTable
from ingitdb.catalog.sql_types import sql_type
from ingitdb.errors import (
    CatalogError,
    StatementError,
    StatementRefused,
    ValueMissing,
    WriteError,
)
from ingitdb.execution.definition_constraints import Constraining
from ingitdb.execution.definition_declared import Declared
from ingitdb.execution.definition_ground import Ground
from ingitdb.execution.definition_references import checked_expression, named
from ingitdb.execution.definition_renaming import rename_table
from ingitdb.execution.definition_scratch import DefinitionScratch
from ingitdb.execution.definition_tables import check_column
from ingitdb.execution.plans import Plans
from ingitdb.execution.relations import key_columns
from ingitdb.formats.registry import name_of
from ingitdb.model.types import VARCHAR, ColumnType, quote_identifier
from ingitdb.snapshots.relation import Column
from ingitdb.sql.definitions import Action, AddConstraint, ChangeColumns, DropConstraint, Rename
from ingitdb.sql.hidden import NUMBER
from ingitdb.sql.names import fold, spell
from ingitdb.writes.definition_columns import Columns
from ingitdb.writes.definition_records import Cells, altered
from ingitdb.writes.definition_texts import KEY_COLUMN, ColumnDefinition, enum_values
from ingitdb.writes.files import TableFile

_PATH = "\u0001path"
_NUMBER = "\u0001number"
_LACKS = "NOT NULL constraint failed"
_NULLABLE = re.compile(r"\bDROP\s+NOT\s+NULL\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """What DuckDB made of a table.

    Attributes:
        before: Its columns before.
        after: Its columns afterwards.
        checks: Those of its checks that are worded otherwise afterwards, by position; None for one
            that goes with its column.
        rows: Its rows afterwards, each with file and number.
    """

    before: Sequence[ColumnDefinition]
    after: Sequence[ColumnDefinition]
    checks: Mapping[int, str | None]
    rows: pa.Table


@dataclass(frozen=True, slots=True, kw_only=True)
class TableChanges:
    """Changes of one table.

    Attributes:
        ground: What is changed.
        table: The table as it is.
        rows: Gives all rows of a query.
        zone: The time zone in which values are converted.
    """

    ground: Ground
    table: NamedTable
    rows: Callable[[str], pa.Table]
    plans: Plans
    zone: str
    columns: Sequence[Column] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", self.ground.snapshot.relation(self.table).columns)

    def make(self, action: Action) -> None:
        """Makes a change.

        Raises:
            StatementError: It cannot be made.
            WriteError: Files cannot follow.
        """
        if self.table.locations[0].source == "data package":
            raise StatementRefused(
                f"{spell(self.table.name)} is declared in a data package.",
                hint="Change that file.",
            )
        if isinstance(action, Rename):
            rename_table(self.ground, self.table, action.name)
        elif isinstance(action, AddConstraint | DropConstraint):
            constraining = Constraining(
                ground=self.ground,
                table=self.table,
                rows=self.rows,
                plans=self.plans,
                zone=self.zone,
            )
            constraining.make(action)
        else:
            self._change(action)

    def _change(self, action: ChangeColumns) -> None:
        self._check(action)
        outcome = self._outcome(action)
        known = {fold(column.name): column for column in outcome.before}
        now = {fold(column.name): column for column in outcome.after}
        old = known.get(fold(action.column))
        new = now.get(fold(action.renamed or action.column))
        if action.verb == "add":
            self._add(action, outcome, old, new)
        elif old is not None and action.verb == "drop" and new is None:
            self._write(outcome, Columns(dropped=[self._field(old.name)]), ())
            Declared.of(self.ground, self.table).drop(old.name)
            self._declare_checks(outcome)
        elif old is not None and new is not None and action.verb == "rename":
            if not self._is_body(old.name):
                self._write(outcome, Columns(renamed={self._field(old.name): new.name}), ())
            self._declare_renamed(old.name, new.name, outcome)
        elif old is not None and new is not None:
            self._alter(action, outcome, old, new)

    def _add(
        self,
        action: ChangeColumns,
        outcome: _Outcome,
        old: ColumnDefinition | None,
        new: ColumnDefinition | None,
    ) -> None:
        if old is not None or new is None:
            return  # IF NOT EXISTS
        check_column(new, ())
        if new.default is not None:
            checked_expression(new.default, self.plans)
        self._write(outcome, Columns(added={new.name: _kind(new.type)}), [new])
        Declared.of(self.ground, self.table).add(new)
        constraining = Constraining(
            ground=self.ground, table=self.table, rows=self.rows, plans=self.plans, zone=self.zone
        )
        constraining.add(action.checks, action.references, outcome.after)

    def _alter(
        self,
        action: ChangeColumns,
        outcome: _Outcome,
        old: ColumnDefinition,
        new: ColumnDefinition,
    ) -> None:
        declared = Declared.of(self.ground, self.table)
        if action.verb == "type":
            check_column(new, key_columns(self.table))
            retyped = {self._field(new.name): _kind(new.type)}
            self._write(outcome, Columns(retyped=retyped), [new])
            declared.retype(new)
            return
        if new.default != old.default:
            if new.default is not None:
                checked_expression(new.default, self.plans)
            declared.default(new.name, new.default)
        if _NULLABLE.search(action.action):
            declared.require(new.name, required=False)
        elif new.required and not old.required:
            declared.require(new.name, required=True)

    def _check(self, action: ChangeColumns) -> None:
        """Refuses a change of what the key is made of, and of what others need."""
        if action.verb == "add":
            return
        name = next((c.name for c in self.columns if fold(c.name) == fold(action.column)), None)
        if name is None:
            if action.verb != "drop" or "EXISTS" not in action.action.upper().split():
                named(action.column, [column.name for column in self.columns])
            return
        if name == KEY_COLUMN:
            raise StatementRefused(
                "_key is the key that names a record's place; it stays as it is.",
                hint="A table of another key is made by CREATE TABLE AS.",
            )
        if name in self.table.locations[0].captures:
            raise StatementRefused(f"{name} follows from where a record lies; it stays as it is.")
        if action.verb in ("drop", "rename", "type"):
            self._check_body(action, name)
        if action.verb in ("drop", "type"):
            self._check_groups(action, name)
        if name in key_columns(self.table) and _NULLABLE.search(action.action):
            raise CatalogError(f"{name} is a part of the key, which is never NULL.")

    def _check_body(self, action: ChangeColumns, name: str) -> None:
        is_declared = self.ground.definition_of(self.table) is not None
        if self._is_body(name) and not (is_declared and action.verb == "rename"):
            raise StatementRefused(f"{name} is the body of a Markdown file; it stays as it is.")

    def _check_groups(self, action: ChangeColumns, name: str) -> None:
        declared = self.table.locations[0].declaration
        groups = [("the key", declared.primary_key), *(("UNIQUE", g) for g in declared.unique)]
        if action.verb == "drop":
            groups += [("a foreign key", key.columns) for key in declared.foreign_keys]
        for what, group in groups:
            if name in group:
                raise CatalogError(
                    f"{name} is a part of {what}: {', '.join(group)}.",
                    hint="Drop the constraint first.",
                )

    def _outcome(self, action: ChangeColumns) -> _Outcome:
        """Lets DuckDB make the change: of an empty table as it is declared, then of the rows."""
        spelled = spell(self.table.name)
        checks = [text for _, text in self.table.locations[0].declaration.checks]
        with DefinitionScratch(spelled, self.zone) as scratch:
            body = [*(_described(c) for c in self.columns), *(f"CHECK (\n{c}\n)" for c in checks)]
            scratch.create(", ".join(body))
            before, worded = scratch.columns(), scratch.checks()
            scratch.alter(action.action)
            after = scratch.columns()
            rewritten = _rewritten(worded, scratch.checks())
        held = self._held()
        with DefinitionScratch(spelled, self.zone) as scratch:
            body = [f"{quote_identifier(c.name)} {c.type.sql}" for c in self.columns]
            place = [f"{quote_identifier(_PATH)} VARCHAR", f"{quote_identifier(_NUMBER)} BIGINT"]
            scratch.create(", ".join([*body, *place]))
            scratch.fill(held)
            try:
                scratch.alter(action.action)
            except StatementError as error:
                raise self._located(action, error, held) from None
            rows = scratch.rows()
        return _Outcome(before=before, after=after, checks=rewritten, rows=rows)

    def _held(self) -> pa.Table:
        """Gives all records, each with file and number."""
        name = spell(self.table.schema, self.table.name)
        shown = ", ".join(f"t.{quote_identifier(column.name)}" for column in self.columns)
        return self.rows(
            f"SELECT {shown}, t._path AS {quote_identifier(_PATH)},"
            f" t.{quote_identifier(NUMBER)} AS {quote_identifier(_NUMBER)} FROM {name} AS t"
        )

    def _located(self, action: ChangeColumns, error: StatementError, held: pa.Table) -> Exception:
        """Names the first record over which a change fails."""
        for at in range(held.num_rows):
            with DefinitionScratch(spell(self.table.name), self.zone) as scratch:
                body = [f"{quote_identifier(c.name)} {c.type.sql}" for c in self.columns]
                scratch.create(", ".join(body))
                names = [column.name for column in self.columns]
                scratch.fill(held.select(names).slice(at, 1))
                try:
                    scratch.alter(action.action)
                except StatementError as single:
                    row = held.slice(at, 1)
                    where = f"{row[_PATH][0].as_py()}, record {row[_NUMBER][0].as_py()}"
                    said = f"{where}: {single.message}"
                    if _LACKS in said:
                        return ValueMissing(said)
                    return type(single)(said, sqlstate=single.sqlstate)
        return error

    def _write(
        self, outcome: _Outcome, columns: Columns, changed: Sequence[ColumnDefinition]
    ) -> None:
        """Changes the table's files: their columns, and the values of some in every record."""
        texts = self.ground.texts_of(self.table)
        located = self.ground.snapshot.files.located(self.table)
        cells: dict[str, dict[int, Cells]] = {}
        names = [column.name for column in changed]
        for row in outcome.rows.select([*names, _PATH, _NUMBER]).to_pylist(maps_as_pydicts="lossy"):
            values: Cells = {
                self._field(c.name): (row[c.name], _kind(c.type))
                for c in changed
                if row[c.name] is not None or c.name not in columns.added
            }
            cells.setdefault(row[_PATH], {})[row[_NUMBER]] = values
        for path, _ in self.ground.snapshot.files.of(self.table):
            data = texts.read(path)
            if data is None:
                raise WriteError(f"{path} cannot be read.")
            file = TableFile(path, data, located[path])
            made = altered(file, columns, cells.get(path, {}))
            if made != data:
                self.ground.records[path] = made

    def _declare_renamed(self, old: str, new: str, outcome: _Outcome) -> None:
        Declared.of(self.ground, self.table).rename(old, new)
        self._declare_checks(outcome)
        for other, key in self.ground.referring(self.table):
            if old in key.references:
                there = Declared.of(self.ground, other)
                said = there.entry
                keys = [
                    {**one, "references": _names(one["references"], old, new)}
                    if "references" in one and _leads(one["table"], other, self.table)
                    else one
                    for one in said.get("foreign_keys") or []
                ]
                there.put_entry({**said, "foreign_keys": keys})

    def _declare_checks(self, outcome: _Outcome) -> None:
        declared = Declared.of(self.ground, self.table)
        entry = declared.entry
        named_checks = enumerate((entry.get("checks") or {}).items())
        checks = {name: outcome.checks.get(at, text) for at, (name, text) in named_checks}
        kept = {name: text for name, text in checks.items() if text is not None}
        declared.put_entry({**entry, "checks": kept})

    def _is_body(self, column: str) -> bool:
        """Tells whether a column is what stands below the fields of Markdown files."""
        where = self.table.locations[0]
        if self._field(column) != where.options.content_field:
            return False
        paths = [path for path, _ in self.ground.snapshot.files.of(self.table)]
        names = [where.format, *(name_of(path) for path in (where.key_from_name or "", *paths))]
        return "markdown" in names

    def _field(self, column: str) -> str:
        return self.ground.snapshot.field_names(self.table).get(column, column)


def _rewritten(before: Sequence[str], after: Sequence[str]) -> dict[int, str | None]:
    """Gives the checks that differ, by position; with a column its own checks go."""
    if len(before) == len(after):
        pairs = enumerate(zip(before, after, strict=True))
        return {at: new for at, (old, new) in pairs if new != old}
    return {at: None for at, old in enumerate(before) if old not in after}


def _described(column: Column) -> str:
    declared = column.declared
    text = f"{quote_identifier(column.name)} {column.type.sql}"
    if declared is not None and declared.default is not None:
        text += f" DEFAULT ({declared.default})"
    return f"{text} NOT NULL" if declared is not None and declared.required else text


def _kind(text: str) -> ColumnType:
    if enum_values(text):
        return VARCHAR
    found = sql_type(text)
    return VARCHAR if found is None else found


def _names(said: Any, old: str, new: str) -> list[str]:
    return [new if name == old else name for name in ([said] if isinstance(said, str) else said)]


def _leads(said: str, other: NamedTable, table: NamedTable) -> bool:
    head, _, name = said.rpartition(".")
    wanted = (fold(table.schema), fold(table.name))
    return (fold(head or other.schema), fold(name)) == wanted
