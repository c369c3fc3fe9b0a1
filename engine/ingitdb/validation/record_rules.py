"""What is declared about the records of one table, ready to be asked of each of them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ingitdb.catalog.record_schemas import schema_errors
from ingitdb.catalog.records import INDEX_COLUMN
from ingitdb.model.records import Value
from ingitdb.model.tables import DeclaredColumn, Location
from ingitdb.validation.columns import Finding, column_finding
from ingitdb.validation.starlark import Expression, expression
from ingitdb.validation.starlark_functions import StarlarkFault
from ingitdb.validation.values import as_json, plain, shown

_ABSENT: Mapping[str, Value] = {}


@dataclass(frozen=True)
class RecordRules:
    """The rules of a table's records, each looked at alone.

    Attributes:
        location: Where the records lie, with what is declared about them.
        key_pattern: What each part of a key has to match, or None.
    """

    location: Location
    key_pattern: str | None = None

    @property
    def are_none(self) -> bool:
        """Whether there is nothing to ask of a record."""
        declared = self.location.declaration
        is_plain = not (declared.columns or declared.record_schema or self.key_pattern)
        return is_plain and (declared.key is None or not declared.key.rules)

    def findings(self, fields: Mapping[str, Value], key: str | None) -> Iterator[Finding]:
        """Gives the broken rules of one record."""
        by_name = fields if self._is_closed else _with_folds(fields, self._columns)
        for column in self._columns.values():
            value = by_name.get(column.name)
            if self._is_computed(column):
                if column.name in fields:
                    message = f"{column.name} is computed and cannot be stored"
                    yield _found("formula", column.name, message, value)
            elif plain(value) is None:
                yield from self._absent(column, fields)
            elif (finding := column_finding(column, value)) is not None:
                yield finding
        if self._is_closed:
            yield from self._undeclared(fields)
        yield from self._of_schema(fields)
        yield from self._of_key(fields, key)

    @cached_property
    def _columns(self) -> Mapping[str, DeclaredColumn]:
        return {column.name: column for column in self.location.declaration.columns}

    @cached_property
    def _is_closed(self) -> bool:
        """Whether the declared columns are all there may be: a definition says so."""
        return self.location.source == "definition"

    @cached_property
    def _conditions(self) -> Mapping[str, Expression]:
        """The readable conditions of columns that are required at times."""
        found = {}
        for name, column in self._columns.items():
            text = dict(column.rules).get("required_when")
            if isinstance(text, str):
                try:
                    found[name] = expression(text)
                except StarlarkFault:
                    continue  # the check of definitions names it
        return found

    @staticmethod
    def _is_computed(column: DeclaredColumn) -> bool:
        return any(rule == "formula" for rule, _ in column.rules)

    def _absent(self, column: DeclaredColumn, fields: Mapping[str, Value]) -> Iterator[Finding]:
        if column.required:
            message = f"{column.name} is required"
            yield Finding(family="not null", rule="required", way=(column.name,), message=message)
        condition = self._conditions.get(column.name)
        if condition is None:
            return
        try:
            answer = condition.value({name: _starlark(value) for name, value in fields.items()})
        except StarlarkFault as fault:
            answer = fault
        if answer is True:
            message = f"{column.name} is required when {condition.text}"
            yield Finding(
                family="not null", rule="required_when", way=(column.name,), message=message
            )
        elif answer is not False:
            message = f"{column.name}: required_when gives {answer}, not True or False"
            yield _found("required_when", column.name, message, None)

    def _undeclared(self, fields: Mapping[str, Value]) -> Iterator[Finding]:
        known = {*self._columns, INDEX_COLUMN, *self.location.captures}
        known.add(self.location.options.content_field)
        for name, value in fields.items():
            if name not in known and not name.startswith("$"):
                yield _found("undeclared", name, f"{name} is no declared column", value)

    def _of_schema(self, fields: Mapping[str, Value]) -> Iterator[Finding]:
        text = self.location.declaration.record_schema
        if text is None:
            return
        hidden = {INDEX_COLUMN, *self.location.captures}
        record = {name: as_json(value) for name, value in fields.items() if name not in hidden}
        for error in schema_errors(text, record):
            where = ".".join(map(str, error.way))
            message = f"{where}: {error.message}" if where else error.message
            yield Finding(
                family="not null" if error.keyword == "required" else "check",
                rule=f"schema.{error.keyword}" if error.keyword else "schema",
                way=error.way,
                message=message.rstrip("."),
                value=error.value if error.way else None,
            )

    def _of_key(self, fields: Mapping[str, Value], key: str | None) -> Iterator[Finding]:
        declared = self.location.declaration.key
        if declared is not None and key is not None:
            finding = column_finding(_key_column(declared), key)
            if finding is not None:
                yield finding
        if self.key_pattern is None:
            return
        names = self.location.declaration.primary_key
        parts = key.split("/") if key is not None else [fields.get(name) for name in names]
        for part in parts:
            text = None if part is None else str(plain(part))
            if text is not None and re.fullmatch(self.key_pattern, text) is None:
                message = f"the key {shown(text)} does not match {self.key_pattern}"
                yield Finding(
                    family="naming", rule="naming.keys", way=(), message=message, value=text
                )


def _key_column(column: DeclaredColumn) -> DeclaredColumn:
    """Gives the column of a key outside the fields, whose text may spell a number."""
    return DeclaredColumn(name=column.name, type=column.type, rules=column.rules, in_cells=True)


def _found(rule: str, name: str, message: str, value: Value) -> Finding:
    return Finding(family="check", rule=rule, way=(name,), message=message, value=value)


def _with_folds(
    fields: Mapping[str, Value], columns: Mapping[str, DeclaredColumn]
) -> Mapping[str, Value]:
    """Gives the fields by the names of columns, which may differ in case."""
    if all(name in fields for name in columns):
        return fields
    by_fold = {name.casefold(): value for name, value in fields.items()}
    missing = [name for name in columns if name not in fields and name.casefold() in by_fold]
    return {**fields, **{name: by_fold[name.casefold()] for name in missing}}


def _starlark(value: Value) -> Any:
    value = plain(value)
    return value if isinstance(value, bool | int | float | str | list | dict | None) else str(value)
