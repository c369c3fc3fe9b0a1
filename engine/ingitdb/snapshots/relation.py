"""A table at a commit as SQL: its columns, as declared where every value conforms."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ingitdb.catalog.columns import type_of
from ingitdb.model.shapes import Place
from ingitdb.model.tables import Declaration, DeclaredColumn
from ingitdb.model.types import (
    JSON,
    TIMESTAMP,
    TIMESTAMPTZ,
    VARCHAR,
    ColumnType,
    Struct,
    quote_identifier,
)
from ingitdb.snapshots.declared import Fitting, fittings
from ingitdb.snapshots.internal import ORDER, PLACE, numbered
from ingitdb.sql.hidden import NUMBER

KEY_SEPARATOR = "__"
"""Stands between the parts of a composite key's text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table at a commit.

    Attributes:
        declared: What a definition says about it, or None.
        conforms: Whether every value has the declared type.
    """

    name: str
    type: ColumnType
    declared: DeclaredColumn | None = None
    conforms: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A table at a commit as SQL.

    Attributes:
        columns: What `SELECT *` shows.
        rows: How many records there are.
        body: SQL that gives the columns and also `_key`, `_path` and `ORDER`.
        is_ordered: Whether the body gives the records in file order by itself.
        is_plain: Whether the body is one file just as it is.
        is_single: Whether each record is a file of its own.
        natural: What stands in each column, but for `_key`.
    """

    columns: tuple[Column, ...]
    rows: int
    body: str
    is_ordered: bool
    is_plain: bool = False
    is_single: bool = False
    natural: Mapping[str, Place] = field(default_factory=dict, compare=False, repr=False)

    def sql(self, *, ordered: bool = False, hidden: Sequence[str] = ()) -> str:
        """Gives a SELECT with the shown columns and those of the hidden ones that are asked for."""
        names = [column.name for column in self.columns]
        names += [name for name in hidden if name not in names]
        order = f" ORDER BY _path, {ORDER}" if ordered and not self.is_ordered else ""
        shown = ", ".join(quote_identifier(name) for name in names) or "NULL AS nothing"
        body = self.body
        if NUMBER in hidden:
            body = f"SELECT *, 1 AS {PLACE} FROM ({body})" if self.is_single else numbered(body)
        return f"SELECT {shown} FROM ({body}){order}"


def ways_to_show(
    natural: Mapping[str, Place], declared: Declaration, *, has_sources: bool = True
) -> dict[str, Sequence[Fitting]]:
    """Gives for each column the ways to show it, the wanted one first.

    Args:
        natural: What stands in each column.
        declared: What a definition says.
        has_sources: Whether texts can be read from the files; else such columns stay as they are.
    """
    ways: dict[str, Sequence[Fitting]] = {}
    for name, column in declared_first(natural, declared):
        inner = natural.get(name, Place())
        as_it_is = Fitting(type_of(inner), quote_identifier(name))
        found = [as_it_is]
        if column is not None:
            found = fittings(as_it_is.expression, inner, as_it_is.type, column)
        if not has_sources:
            found = [as_it_is if way.is_source else way for way in found]
        ways[name] = found
    return ways


def shaped(
    body: str,
    natural: Mapping[str, Place],
    declared: Declaration,
    chosen: Mapping[str, Fitting],
    *,
    has_key: bool,
    more: str = "",
) -> tuple[tuple[Column, ...], str]:
    """Gives the columns of a table, and SQL that gives them with `_key`, `_path` and `ORDER`.

    Args:
        body: SQL that gives the columns in the types of the records.
        natural: What stands in each column.
        declared: What a definition says.
        chosen: How to show each column.
        has_key: Whether the records carry their key outside their fields.
        more: Further columns of the body to give.
    """
    ordered = list(declared_first(natural, declared))
    columns = [Column(name="_key", type=VARCHAR, declared=declared.key)] if has_key else []
    columns += [
        Column(
            name=name,
            type=chosen[name].type,
            declared=column,
            conforms=_conforms(chosen[name].type, column),
        )
        for name, column in ordered
    ]
    shown = "".join(
        f", {chosen[name].expression} AS {quote_identifier(name)}" for name, _ in ordered
    )
    key = "_key" if has_key else _key_text(declared, natural)
    is_as_it_was = all(chosen[name].expression == quote_identifier(name) for name, _ in ordered)
    if is_as_it_was and key == "_key":
        return tuple(columns), body
    return tuple(columns), f"SELECT {key} AS _key, _path, {ORDER}{more}{shown} FROM ({body})"


def as_headed(columns: Sequence[Column], header: Sequence[str]) -> tuple[Column, ...]:
    """Gives columns in the order in which files name them, `_key` before and others behind."""
    places = {"_key": -1} | {name: at for at, name in enumerate(header)}
    return tuple(sorted(columns, key=lambda column: places.get(column.name, len(places))))


def _conforms(shown: ColumnType, column: DeclaredColumn | None) -> bool:
    if column is None or column.type in (None, shown):
        return True
    moments = (TIMESTAMP, TIMESTAMPTZ)
    return column.type in moments and shown in moments


def declared_first(
    natural: Mapping[str, Place], declared: Declaration
) -> Iterator[tuple[str, DeclaredColumn | None]]:
    """Gives every column, those that are declared first, with what is declared about it."""
    by_fold = {name.casefold(): name for name in natural}
    taken: set[str] = set()
    for column in declared.columns:
        name = column.name if column.name in natural else by_fold.get(column.name.casefold())
        if name is None and any(rule == "formula" for rule, _ in column.rules):
            continue  # a computed column is not stored
        taken.add(name or column.name)
        yield name or column.name, column
    for name in natural:
        if name not in taken:
            yield name, None


def only_known(declared: Declaration, natural: Mapping[str, Place]) -> Declaration:
    """Gives what is declared about columns that the files have: a header decides on them."""
    there = {name.casefold() for name in natural}
    columns = tuple(c for c in declared.columns if c.name.casefold() in there)
    return replace(declared, columns=columns)


def reaches(name: str, natural: Mapping[str, Place]) -> bool:
    """Tells whether a name, a dotted one perhaps, leads to a column or to a field below one."""
    head, *rest = [name] if name in natural else name.split(".")
    place = natural.get(head)
    for step in rest:
        kind = type_of(place) if place is not None else None
        if place is None or not isinstance(kind, Struct):
            return kind == JSON
        fields = {field.casefold(): inner for field, inner in place.fields.items()}
        place = fields.get(step.casefold())
    return place is not None


def _key_text(declared: Declaration, natural: Mapping[str, Place]) -> str:
    """Gives SQL for the text of a declared key; NULL where none is declared."""
    parts = []
    for name in declared.primary_key:
        head, *rest = [name] if name in natural else name.split(".")
        if not reaches(name, natural):
            return "CAST(NULL AS VARCHAR)"
        path = ".".join(quote_identifier(step) for step in (head, *rest))
        parts.append(f"CAST({path} AS VARCHAR)")
    return f" || '{KEY_SEPARATOR}' || ".join(parts) or "CAST(NULL AS VARCHAR)"
