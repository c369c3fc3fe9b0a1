"""How an offence is told: its place, its words, and what a program may want to know of it."""

from collections.abc import Collection, Mapping
from typing import Any

from ingitdb.catalog.naming import NamedTable
from ingitdb.catalog.parsed import Way
from ingitdb.catalog.spelled_cells import text_of
from ingitdb.execution.constraint_keys import Offender
from ingitdb.execution.constraint_origins import TABLES_FILE, Origins
from ingitdb.execution.constraint_queries import Row
from ingitdb.execution.constraint_states import State
from ingitdb.model.records import Problem, Value
from ingitdb.model.tables import Declaration, ForeignKey, Location
from ingitdb.model.violations import Family, Violation
from ingitdb.snapshots.relation import KEY_SEPARATOR
from ingitdb.validation.columns import Finding
from ingitdb.validation.places import FilePlaces
from ingitdb.validation.standing import Standing
from ingitdb.validation.values import as_json, plain, shown


class Telling:
    """Tells what offends at a state."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._origins = Origins(state)
        self._places = FilePlaces(state.read)
        self._located: dict[NamedTable, Mapping[str, Location]] = {}

    def finding(self, table: NamedTable, record: Standing, found: Finding) -> Violation:
        """Tells what a record breaks by itself."""
        where = record.location
        line, column = self._places.of(where, record.path, record.number, found.way, record.line)
        key = record.key
        if key is None:
            key = _key_text(where.declaration, record.fields)
        return Violation(
            family=found.family,
            rule=found.rule,
            message=_said(table, key, found.message),
            schema=table.schema,
            table=table.name,
            key=key,
            path=record.path,
            line=line,
            column=column,
            field=str(found.way[0]) if found.way else "",
            value=as_json(found.value),
            details={"number": record.number},
        )

    def missing(self, table: NamedTable, offender: Offender, name: str) -> Violation:
        """Tells of a key that lacks a part."""
        message = f"{name} is a part of the key and cannot be NULL"
        return self._offence(table, offender, [name], message, ("not null", "primary_key"))

    def repeated(
        self, table: NamedTable, offender: Offender, group: tuple[str, ...], rule: str
    ) -> Violation:
        """Tells of values that another record has, too."""
        path, key = offender.other or ("", None)
        values = ", ".join(shown(value) for value in offender.values)
        who = f"the record {key!r} of {path}" if key else f"a record of {path}"
        what = "key" if rule == "primary_key" else ", ".join(group)
        message = f"the {what} {values} is that of {who}, too"
        more = {"other": {"path": path, "key": key}}
        return self._offence(table, offender, group, message, ("unique", rule), more)

    def dangling(
        self, table: NamedTable, offender: Offender, key: ForeignKey, words: str
    ) -> Violation:
        """Tells of a reference to what is not there."""
        values = ", ".join(shown(value) for value in offender.values)
        target = name_of(key.schema, key.table)
        message = f"{', '.join(key.columns)} refers to {values}, {words} {target}"
        more = {"references": {"table": target, "columns": list(key.references)}}
        rule: tuple[Family, str] = ("foreign key", "foreign_key")
        return self._offence(table, offender, key.columns, message, rule, more)

    def unmet(
        self, table: NamedTable, offender: Offender, name: str, condition: str, field: list[str]
    ) -> Violation:
        """Tells of a condition that is false."""
        message = f"{name} is not met: {condition}"
        return self._offence(table, offender, field, message, ("check", "check"), {"name": name})

    def row(self, table: NamedTable | None, name: str, row: Row) -> Violation:
        """Tells of a row that a custom rule gives; its own columns may say where it stands."""
        path, line, column = self._origins.of(table, ("rules", name))
        said = row.text("message") or ", ".join(
            f"{field} {shown(value)}" for field, value in row.values.items()
        )
        key, own_line = row.text("_key", "key"), row.values.get("_line")
        if row.text("_path"):
            path, column = row.text("_path") or "", 0
            line = own_line if isinstance(own_line, int) else 0
        return Violation(
            family="rule",
            rule="rule",
            name=name,
            message=_said(table, key, f"{name}: {said}"),
            schema=table.schema if table else "",
            table=table.name if table else "",
            key=key,
            path=path,
            line=line,
            column=column,
            value=as_json(row.values),
        )

    def count(
        self, table: NamedTable, rule: str, bound: int, count: int, parent: str | None
    ) -> Violation:
        """Tells of too few or too many records."""
        path, line, column = self._origins.of(table, (rule,))
        word = "at least" if rule == "min_records_count" else "at most"
        of = "" if parent is None else f" of {parent!r}"
        return Violation(
            family="count",
            rule=rule,
            message=f"{full_name(table)}{of} has {count} records, but must have {word} {bound}.",
            schema=table.schema,
            table=table.name,
            key=parent,
            path=path,
            line=line,
            column=column,
            value=count,
        )

    def named(self, table: NamedTable, what: str, name: str, pattern: str) -> Violation:
        """Tells of a table or a column whose name is against the convention."""
        path, line, column = self._origins.of(None, ("naming", what))
        of = f" of {full_name(table)}" if what == "columns" else ""
        return Violation(
            family="naming",
            rule=f"naming.{what}",
            message=f"The {what[:-1]} {name!r}{of} does not match {pattern}.",
            schema=table.schema,
            table=table.name,
            path=path or TABLES_FILE,
            line=line,
            column=column,
            field=name if what == "columns" else "",
            value=name,
        )

    def declared(self, table: NamedTable | None, way: Way, message: str, rule: str) -> Violation:
        """Tells of a declaration that is wrong itself."""
        path, line, column = self._origins.of(table, way)
        return Violation(
            family="definition",
            rule=rule,
            message=f"{full_name(table)}: {message}" if table else message,
            schema=table.schema if table else "",
            table=table.name if table else "",
            path=path,
            line=line,
            column=column,
        )

    def problem(self, problem: Problem) -> Violation:
        """Tells of what could not be read."""
        inputs = self._state.layout.inputs
        is_declared = problem.severity == "warning" or problem.path in inputs
        return Violation(
            family="definition" if is_declared else "unreadable",
            rule="definition" if is_declared else "unreadable",
            message=problem.message,
            path=problem.path,
            line=problem.line,
            column=problem.column,
            severity=problem.severity,
        )

    def _offence(
        self,
        table: NamedTable,
        offender: Offender,
        names: Collection[str],
        message: str,
        rule: tuple[Family, str],
        more: Mapping[str, Any] | None = None,
    ) -> Violation:
        names = list(names)
        where = self._location(table, offender.path)
        way: Way = (names[0],) if names and names[0] != "_key" else ()
        line, column = (0, 0)
        if where is not None:
            line, column = self._places.of(where, offender.path, offender.number, way)
        value: Any = dict(zip(names, offender.values, strict=False)) if offender.values else None
        if len(names) == 1 and offender.values:
            value = offender.values[0]
        details = dict(more or {})
        return Violation(
            family=rule[0],
            rule=rule[1],
            name=details.pop("name", ""),
            message=_said(table, offender.key, message),
            schema=table.schema,
            table=table.name,
            key=offender.key,
            path=offender.path,
            line=line,
            column=column,
            field=", ".join(names),
            value=value,
            details={"number": offender.number, **details},
        )

    def _location(self, table: NamedTable, path: str) -> Location | None:
        if table not in self._located:
            self._located[table] = self._state.snapshot.files.located(table)
        return self._located[table].get(path)


def full_name(table: NamedTable) -> str:
    """Gives a table's name, with its schema where that is not `main`."""
    return name_of(table.schema, table.name)


def name_of(schema: str, table: str) -> str:
    """Gives a name with a schema that is not `main`."""
    return table if schema == "main" else f"{schema}.{table}"


def _said(table: NamedTable | None, key: str | None, message: str) -> str:
    if table is None:
        return f"{message}."
    of = f" {key!r}" if key is not None else ""
    return f"{full_name(table)}{of}: {message}."


def _key_text(declared: Declaration, fields: Mapping[str, Value]) -> str | None:
    """Gives the key of a record that has it among its fields, as `_key` shows it."""
    parts = []
    for name in declared.primary_key:
        value: Any = fields.get(name)
        if value is None and "." in name:
            value = fields
            for step in name.split("."):
                value = value.get(step) if isinstance(value, Mapping) else None
        text = text_of(plain(value))
        if text is None:
            return None
        parts.append(text)
    return KEY_SEPARATOR.join(parts) or None
