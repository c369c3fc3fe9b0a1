"""What an entry of tables.yaml says of columns and of the records as a whole."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from ingitdb.catalog.discovery import MAIN
from ingitdb.catalog.parsed import Parsed, Way
from ingitdb.catalog.references import KEY_COLUMN
from ingitdb.catalog.rules import frozen
from ingitdb.catalog.sql_types import sql_type
from ingitdb.model.records import Problem
from ingitdb.model.tables import DeclaredColumn, ForeignKey

TABLE_RULES = ("renamed_from", "merge", "min_records_count", "max_records_count", "dropped")
_OWN_ATTRIBUTES = frozenset({"type", "default", "required", "description"})


class EntryReader:
    """Reads one entry, and collects what is wrong with it."""

    def __init__(self, parsed: Parsed, way: Way, schema: str, problems: list[Problem]) -> None:
        self._parsed = parsed
        self._way = way
        self._schema = schema
        self._problems = problems

    def columns(self, value: Mapping[str, Any]) -> Iterator[DeclaredColumn]:
        """Gives what is said of columns; a type that does not exist is a problem."""
        for name, said in value.get("columns", {}).items():
            said = said or {}
            kind = None
            if "type" in said:
                try:
                    kind = sql_type(said["type"])
                except ValueError:
                    text = f"The column {name!r} has the unknown type {said['type']!r}."
                    self._wrong(text, "columns", name, "type")
                    continue
            if "pattern" in said:
                self._is_pattern(said["pattern"], "columns", name, "pattern")
            default = said.get("default")
            yield DeclaredColumn(
                name=name,
                type=kind,
                required=said.get("required", False),
                description=said.get("description"),
                default=None if default is None else _expression(default),
                rules=tuple(_column_rules(said, kind.sql if kind else None)),
            )

    def foreign_keys(self, value: Mapping[str, Any]) -> Iterator[ForeignKey]:
        """Gives the foreign keys; by default a column refers to a key."""
        for at, said in enumerate(value.get("foreign_keys", ())):
            columns = _names(said["columns"])
            references = _names(said.get("references", KEY_COLUMN))
            if len(columns) != len(references):
                text = f"{len(columns)} columns cannot refer to {len(references)}."
                self._wrong(text, "foreign_keys", at)
                continue
            head, _, table = said["table"].rpartition(".")
            yield ForeignKey(
                columns=columns,
                schema=head or self._schema or MAIN,
                table=table,
                references=references,
                on_delete=said.get("on_delete", "restrict"),
                on_update=said.get("on_update", "restrict"),
            )

    def _is_pattern(self, pattern: str, *below: str | int) -> None:
        said = wrong_pattern(pattern)
        if said is not None:
            self._wrong(said, *below)

    def _wrong(self, message: str, *below: str | int) -> None:
        self._problems.append(self._parsed.problem(message, (*self._way, *below)))


def wrong_pattern(pattern: str) -> str | None:
    """Says why a text is no regular expression; None where it is one."""
    try:
        re.compile(pattern)
    except re.error as error:
        return f"{pattern!r} is no regular expression: {error}."
    return None


def groups(value: Mapping[str, Any], what: str) -> tuple[tuple[str, ...], ...]:
    """Gives the groups of columns that are declared to be `unique`, or `indexes`."""
    said = value.get(what, [])
    found = (_names(group) for group in ([said] if isinstance(said, str) else said))
    return tuple(dict.fromkeys(found)) if what == "indexes" else tuple(found)


def table_rules(value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Gives what else is said of a table."""
    for name in TABLE_RULES:
        if value.get(name) is not None:
            yield name, frozen(value[name])


def with_said(
    declared: Iterable[DeclaredColumn], said: Iterable[DeclaredColumn], *, in_cells: bool
) -> tuple[DeclaredColumn, ...]:
    """Lays what tables.yaml says of columns over what is declared elsewhere.

    Args:
        declared: The columns as they are declared elsewhere.
        said: What tables.yaml says.
        in_cells: Whether values of columns that only tables.yaml knows are cells.
    """
    by_name = {column.name: column for column in said}
    found = [
        _laid_over(column, by_name.pop(column.name)) if column.name in by_name else column
        for column in declared
    ]
    return (*found, *(replace(column, in_cells=in_cells) for column in by_name.values()))


def _laid_over(column: DeclaredColumn, said: DeclaredColumn) -> DeclaredColumn:
    over = dict(said.rules)
    dropped = {"type", "datetime"} if said.type is not None else set()
    rules = [rule for rule in column.rules if rule[0] not in {*over, *dropped}]
    return replace(
        column,
        type=column.type if said.type is None else said.type,
        required=column.required or said.required,
        description=said.description or column.description,
        default=said.default if said.default is not None else column.default,
        rules=(*rules, *over.items()),
    )


def _column_rules(said: Mapping[str, Any], kind: str | None) -> Iterator[tuple[str, Any]]:
    if kind is not None:
        yield "type", kind
    for name, value in said.items():
        if name not in _OWN_ATTRIBUTES:
            yield name, frozen(value)


def _expression(value: str | float) -> str:
    """Gives SQL for a default; YAML's numbers and booleans are as good as texts of them."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _names(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
