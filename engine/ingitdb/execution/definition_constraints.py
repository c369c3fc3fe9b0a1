"""Constraints that come and go, once the records that are there agree."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from ingitdb.catalog.constraint_names import key_names, primary_key_name
from ingitdb.catalog.naming import NamedTable
from ingitdb.errors import (
    CatalogError,
    ConditionUnmet,
    ReferenceBroken,
    StatementError,
    StatementRefused,
    ValueMissing,
    ValueRepeated,
)
from ingitdb.execution.definition_declared import Declared
from ingitdb.execution.definition_drops import drop_foreign_key
from ingitdb.execution.definition_ground import Ground
from ingitdb.execution.definition_references import Referring, checked_expression, named
from ingitdb.execution.definition_scratch import DefinitionScratch
from ingitdb.execution.plans import Plans
from ingitdb.model.tables import ForeignKey, Form
from ingitdb.model.types import quote_identifier
from ingitdb.snapshots.internal import OUTER
from ingitdb.snapshots.relation import Column
from ingitdb.sql.definitions import AddConstraint, Check, DropConstraint, Reference
from ingitdb.sql.names import fold, spell
from ingitdb.writes.definition_files import lists_of_names
from ingitdb.writes.definition_texts import (
    ColumnDefinition,
    TableDefinition,
    foreign_key,
    with_names,
)

_PATH = "\u0001path"
_BROKEN = "Constraint Error: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraining:
    """Adds and drops constraints of one table; see `TableChanges`."""

    ground: Ground
    table: NamedTable
    rows: Callable[[str], pa.Table]
    plans: Plans
    zone: str

    def make(self, action: AddConstraint | DropConstraint) -> None:
        """Makes a change.

        Raises:
            StatementError: The constraint is wrong, or there is none of that name.
            WriteError: A record does not agree.
        """
        if isinstance(action, DropConstraint):
            self._drop(action)
        elif action.check is not None:
            self._hold(action.check.text)
            self.add((action.check,), (), self._columns())
        elif action.reference is not None:
            self.add((), (action.reference,), self._columns())
        elif action.unique:
            self._add_unique(action.unique)
        else:
            self._add_key(action.primary_key)

    def add(
        self,
        checks: Sequence[Check],
        references: Sequence[Reference],
        columns: Sequence[ColumnDefinition],
    ) -> None:
        """Declares checks and foreign keys.

        Args:
            checks: The checks, of which the records are known to agree.
            references: The foreign keys, which are looked at here.
            columns: The table's columns.

        Raises:
            WriteError: A record refers to nothing.
        """
        declared = Declared.of(self.ground, self.table)
        if checks:
            entry = declared.entry
            held = dict(entry.get("checks") or {})
            for check in checks:
                checked_expression(check.text, self.plans)
                if check.name is not None and check.name in held:
                    raise CatalogError(f"There is a constraint {check.name!r} already.")
            said = [(check.name, check.text, check.column) for check in checks]
            named_checks = dict(with_names(self.table.name, said, held))
            declared.put_entry({**entry, "checks": {**held, **named_checks}})
        for reference in references:
            self._refer(reference, columns)

    def _refer(self, reference: Reference, columns: Sequence[ColumnDefinition]) -> None:
        where = self.table.locations[0].declaration
        referring = Referring(
            ground=self.ground,
            name=(self.table.schema, self.table.name),
            table=TableDefinition(
                columns=tuple(columns),
                primary_key=where.primary_key,
                unique=where.unique,
                upstream={},
            ),
        )
        key = referring.key(reference)
        self._all_lead(key)
        declared = Declared.of(self.ground, self.table)
        target = referring.upstream(key)
        if target is not None and declared.path is not None and declared.has(key.columns[0]):
            value = declared.definition
            said = value["columns"][key.columns[0]]
            if "foreign_key" not in said:
                held = {**value["columns"], key.columns[0]: {**said, "foreign_key": target}}
                self.ground.files.put(declared.path, {**value, "columns": held})
                return
        entry = declared.entry
        keys = [*(entry.get("foreign_keys") or []), foreign_key(key)]
        declared.put_entry({**entry, "foreign_keys": keys})

    def _all_lead(self, key: ForeignKey) -> None:
        """Refuses a foreign key of which a record leads nowhere."""
        known = {column.name for column in self.ground.snapshot.relation(self.table).columns}
        if not set(key.columns) <= known:
            return  # a column that comes with it holds nothing yet
        pairs = list(zip(key.columns, key.references, strict=True))
        same = " AND ".join(
            f"r.{_quoted(there)} = {OUTER}.{_quoted(here)}" for here, there in pairs
        )
        given = " AND ".join(f"{OUTER}.{_quoted(here)} IS NOT NULL" for here, _ in pairs)
        shown = ", ".join(f"{OUTER}.{_quoted(here)} AS {_quoted(here)}" for here, _ in pairs)
        found = self.rows(
            f"SELECT {OUTER}._path AS {_quoted(_PATH)}, {shown}"
            f" FROM {spell(self.table.schema, self.table.name)} AS {OUTER}"
            f" WHERE {given} AND NOT EXISTS"
            f" (SELECT 1 FROM {spell(key.schema, key.table)} AS r WHERE {same}) LIMIT 1"
        )
        for row in found.to_pylist():
            value = ", ".join(str(row[here]) for here in key.columns)
            raise ReferenceBroken(
                f"{', '.join(key.columns)} is {value}, unknown to {spell(key.table)}.",
                place=row[_PATH],
            )

    def _hold(self, text: str) -> None:
        """Refuses a check that is wrong, or false of a record."""
        columns = self._shown()
        with DefinitionScratch(spell(self.table.name), self.zone) as scratch:
            scratch.create(", ".join([*map(_described, columns), f"CHECK (\n{text}\n)"]))
        held = self._held(columns)
        with DefinitionScratch(spell(self.table.name), self.zone) as scratch:
            scratch.create(", ".join(map(_described, columns)))
            scratch.fill(held.select([column.name for column in columns]))
            at = scratch.failing(f"NOT (\n{text}\n)")
        if at is not None:
            place = held[_PATH][at].as_py()
            raise ConditionUnmet(f"CHECK ({text}) is false of a record.", place=place)

    def _add_unique(self, names: Sequence[str]) -> None:
        group = self._group(names)
        self._fits(f"UNIQUE ({', '.join(map(_quoted, group))})")
        declared = Declared.of(self.ground, self.table)
        entry = declared.entry
        groups = [list(known) for known in lists_of_names(entry.get("unique"))]
        if list(group) not in groups:
            groups.append(list(group))
        said = [known[0] if len(known) == 1 else known for known in groups]
        declared.put_entry({**entry, "unique": said})

    def _add_key(self, names: Sequence[str]) -> None:
        where = self.table.locations[0]
        if where.declaration.primary_key:
            key = ", ".join(where.declaration.primary_key)
            raise CatalogError(f"{spell(self.table.name)} has a primary key already: {key}.")
        if any(one.form in (Form.RECORD, Form.ENTRIES) for one in self.table.locations):
            raise StatementRefused(
                f"The records of {spell(self.table.name)} are called by their key _key already.",
                hint="UNIQUE and NOT NULL keep other columns apart.",
            )
        group = self._group(names)
        self._fits(f"PRIMARY KEY ({', '.join(map(_quoted, group))})")
        Declared.of(self.ground, self.table).put_keys(group)

    def _fits(self, constraint: str) -> None:
        """Lets DuckDB judge whether the records agree with a constraint."""
        columns = self._shown()
        with DefinitionScratch(spell(self.table.name), self.zone) as scratch:
            scratch.create(", ".join([*map(_described, columns), constraint]))
            held = self._held(columns).select([column.name for column in columns])
            try:
                scratch.fill(held)
            except StatementError as error:
                said = error.message.removeprefix(_BROKEN)
                if said == error.message:
                    raise
                kind = ValueMissing if said.startswith("NOT NULL") else ValueRepeated
                raise kind(f"{spell(self.table.name)}: {said}") from None

    def _held(self, columns: Sequence[Column]) -> pa.Table:
        shown = ", ".join(f"t.{_quoted(column.name)}" for column in columns)
        name = spell(self.table.schema, self.table.name)
        return self.rows(f"SELECT {shown}, t._path AS {_quoted(_PATH)} FROM {name} AS t")

    def _drop(self, action: DropConstraint) -> None:
        declared = Declared.of(self.ground, self.table)
        entry = declared.entry
        wanted = fold(action.name)
        for name in entry.get("checks") or {}:
            if fold(name) == wanted:
                kept = {n: text for n, text in entry["checks"].items() if n != name}
                declared.put_entry({**entry, "checks": kept})
                return
        unique = list(lists_of_names(entry.get("unique")))
        for name, group in zip(self._names(unique, "key"), unique, strict=True):
            if fold(name) == wanted:
                groups = [list(g) for g in unique if list(g) != list(group)]
                said = [g[0] if len(g) == 1 else g for g in groups]
                declared.put_entry({**entry, "unique": said})
                return
        keys = self.table.locations[0].declaration.foreign_keys
        names = self._names([key.columns for key in keys], "fkey")
        for name, key in zip(names, keys, strict=True):
            if fold(name) == wanted:
                drop_foreign_key(self.ground, self.table, key)
                return
        self._drop_key(action, declared)

    def _drop_key(self, action: DropConstraint, declared: Declared) -> None:
        key = self.table.locations[0].declaration.primary_key
        if not key or fold(action.name) != fold(primary_key_name(self.table.name)):
            if action.if_exists:
                return
            raise StatementError(
                f"{spell(self.table.name)} has no constraint {action.name!r}.",
                hint=f"There are: {', '.join(self._known()) or 'none'}.",
            )
        if any(one.form in (Form.RECORD, Form.ENTRIES) for one in self.table.locations):
            raise StatementRefused(
                f"The key of {spell(self.table.name)} names its records' places."
            )
        if any(True for _ in self.ground.referring(self.table)):
            raise CatalogError("Foreign keys of other tables need the key.")
        declared.put_keys(())

    def _known(self) -> list[str]:
        where = self.table.locations[0].declaration
        return [
            *(name for name, _ in where.checks),
            *self._names(where.unique, "key"),
            *self._names([key.columns for key in where.foreign_keys], "fkey"),
            *([primary_key_name(self.table.name)] if where.primary_key else []),
        ]

    def _names(self, groups: Sequence[Sequence[str]], kind: str) -> list[str]:
        return key_names(self.table.name, groups, kind)

    def _group(self, names: Sequence[str]) -> tuple[str, ...]:
        known = [column.name for column in self._shown()]
        return tuple(named(name, known) for name in names)

    def _shown(self) -> Sequence[Column]:
        return self.ground.snapshot.relation(self.table).columns

    def _columns(self) -> list[ColumnDefinition]:
        return [ColumnDefinition(name=c.name, type=c.type.sql) for c in self._shown()]


def _described(column: Column) -> str:
    return f"{_quoted(column.name)} {column.type.sql}"


_quoted = quote_identifier
