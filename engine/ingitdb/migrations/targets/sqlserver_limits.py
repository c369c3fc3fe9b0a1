"""The limits of SQL Server: what fits a key, a row, a name, and which rows may go with others."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ingitdb.errors import UsageError
from ingitdb.migrations.model import Check, Column, Place, Reference, Table, folded
from ingitdb.migrations.targets.fitting import Fitting, in_key_order
from ingitdb.migrations.targets.sqlserver_types import (
    BYTES,
    COLLATION,
    TEXT,
    is_json,
    is_unsafe,
    quoted,
)

LONGEST_NAME = 128
"""UTF-16 units of a schema, a table, a column or a constraint."""
LONGEST_KEY = 425
"""Characters of a text in a key: each might take two UTF-16 units, of two bytes each."""
LONGEST_BYTES = 1700
CLUSTERED_BYTES = 900
KEY_BYTES = 1700
ROW_BYTES = 8060
MOST_COLUMNS = 1024
MOST_KEY_COLUMNS = 32
_STEPS = (32, 64, 128, 256, 450, 850, 1700)
"""Lengths that are declared: few, so that a longer value seldom changes a type."""
_USUAL = 256
_POINTER_BYTES = 24
_VARYING = re.compile(rf"(NVARCHAR|VARBINARY)\((\d+)\)(?: {COLLATION})?")
_FIXED = {"BIT": 1, "BIGINT": 8, "FLOAT(53)": 8, "DATE": 3, "TIME(6)": 5, "DATETIME2(6)": 8}
_NUMBER_BYTES = 17
_ROW_HEAD = 150
"""What a row has beside its values: its head, and a bit for each of at most 1,024 columns."""
_NOT_TRIED = "SQL Server: not executed here: no server has run such scripts."


def key_bytes(table: Table, columns: Iterable[str]) -> int:
    """Gives how many bytes a key of some columns takes at most."""
    return sum(_bytes(table.column(name).type) for name in columns)


class SqlServerFitting(Fitting):
    """Makes the tables of a commit fit SQL Server."""

    def fitted(self, tables: Mapping[Place, Table]) -> dict[Place, Table]:
        """Gives the tables as the system can have them.

        Raises:
            UsageError: A name or a row does not fit.
        """
        self.notes.append(_NOT_TRIED)
        for table in tables.values():
            self._check_names(table)
        found = {place: _with_json(self.narrowed(table)) for place, table in tables.items()}
        while _agree(found):
            pass
        cascades = Cascades()
        return {place: self._references(found[place], found, cascades) for place in sorted(found)}

    def _check_names(self, table: Table) -> None:
        names = [column.name for column in table.columns]
        for one in (*table.place, *names):
            units = len(one.encode("utf-16-le")) // 2
            if not one or units > LONGEST_NAME or is_unsafe(one) or one.endswith(" "):
                raise UsageError(
                    f"{self.title} can have nothing called {one!r} (of {table.title}).",
                    hint=f"At most {LONGEST_NAME} characters, no control characters, no $(, and"
                    " no blank at the end.",
                )
        if len({one.casefold() for one in names}) < len(names):
            raise UsageError(f"{self.title} takes two columns of {table.title} for one.")
        if len(names) > MOST_COLUMNS:
            raise UsageError(f"{table.title} has more than {MOST_COLUMNS} columns.")

    def fits(self, table: Table, group: Sequence[str], *, usual: bool = False) -> bool:
        """Whether columns can be a key."""
        columns = [table.column(name) for name in group]
        if len(columns) > MOST_KEY_COLUMNS:
            return False
        if any(is_json(column.kind) or self._step(table, column) == 0 for column in columns):
            return False
        narrowed = (self.declared(table, column, usual=usual).type for column in columns)
        return sum(map(_bytes, narrowed)) <= KEY_BYTES

    def is_too_wide(self, columns: Sequence[Column]) -> bool:
        """Whether rows of such columns do not fit."""
        return sum(_in_row(column.type) for column in columns) > ROW_BYTES - _ROW_HEAD

    def _step(self, table: Table, column: Column) -> int:
        """Gives the length to declare for a column; 0 where its values are too long."""
        longest = self.sizes[table.place].get(column.name, 0)
        longest *= 2 if column.type == TEXT else 1
        return next((step for step in _STEPS if step >= longest), 0)

    def declared(self, table: Table, column: Column, *, usual: bool) -> Column:
        """Gives a column of a key with a type that has a length."""
        if column.type not in (TEXT, BYTES):
            return column
        length = self._step(table, column)
        length = max(length, _USUAL) if usual else length
        is_text = column.type == TEXT
        declared = f"NVARCHAR({length}) {COLLATION}" if is_text else f"VARBINARY({length})"
        return replace(column, type=declared)

    def _references(
        self, table: Table, tables: Mapping[Place, Table], cascades: "Cascades"
    ) -> Table:
        by_fold = {folded(place): other for place, other in tables.items()}
        kept = []
        for one in table.references:
            parent = by_fold[folded(one.target)]
            ordered = in_key_order(one, [parent.key, *parent.unique])
            fault = "it refers to no key" if ordered is None else _fault(table, parent, ordered)
            said = f"{table.title}: the foreign key {', '.join(one.columns)}"
            if fault or ordered is None:
                self.notes.append(f"{said} is not carried: {fault}.")
                continue
            obstacle = _obstacle(table, parent, ordered, cascades)
            if obstacle:
                self.notes.append(f"{said} takes no rows along (NO ACTION): {obstacle}.")
                ordered = replace(ordered, on_update="restrict", on_delete="restrict")
            kept.append(ordered)
        return replace(table, references=tuple(kept))


def _agree(tables: dict[Place, Table]) -> bool:
    """Gives both columns of a foreign key the greater length of the two; says whether it did.

    Where that would be too long for a key, both stay as they are.
    """
    by_fold = {folded(place): place for place in tables}
    for place, table in tables.items():
        for one in table.references:
            other = by_fold[folded(one.target)]
            for mine, theirs in zip(one.columns, one.references, strict=True):
                ends = [(place, mine), (other, theirs)]
                types = [tables[at].column(name).type for at, name in ends]
                found = [_VARYING.fullmatch(declared) for declared in types]
                if types[0] == types[1] or len({one[1] if one else "" for one in found}) > 1:
                    continue
                longer = max(types, key=_bytes)
                wide = {at: _widened(tables[at], name, longer) for at, name in ends}
                if all(_is_short(changed) for changed in wide.values()):
                    tables.update(wide)
                    return True
    return False


def _widened(table: Table, name: str, declared: str) -> Table:
    columns = [replace(c, type=declared) if c.name == name else c for c in table.columns]
    return replace(table, columns=tuple(columns))


def _is_short(table: Table) -> bool:
    groups = [table.key, *table.unique, *(one.columns for one in table.indexes)]
    return all(key_bytes(table, group) <= KEY_BYTES for group in groups)


@dataclass
class Cascades:
    """Which tables' rows go or change with which others': at most one way leads to each.

    Attributes:
        ways: The tables that refer to a table, and whose rows go with its rows.
    """

    ways: dict[Place, set[Place]] = field(default_factory=dict)

    def takes(self, parent: Place, child: Place) -> bool:
        """Adds a way unless a second one would lead to some table; says whether it did."""
        sources = [place for place in self.ways if parent in self._reached(place)] + [parent]
        ends = {child, *self._reached(child)}
        if any(ends & {source, *self._reached(source)} for source in sources):
            return False
        self.ways.setdefault(parent, set()).add(child)
        return True

    def _reached(self, place: Place) -> set[Place]:
        found: set[Place] = set()
        left = list(self.ways.get(place, ()))
        while left:
            one = left.pop()
            if one not in found:
                found.add(one)
                left += self.ways.get(one, ())
        return found


def _with_json(table: Table) -> Table:
    """Adds the checks that texts are JSON; within a list, for ISJSON takes nothing else alone."""
    checks = [
        Check(name=f"{column.name}_json", condition=f"ISJSON(N'[' + {name} + N']') = 1")
        for column in table.columns
        if is_json(column.kind) and column.type == TEXT
        for name in [quoted(column.name)]
    ]
    return replace(table, checks=(*table.checks, *checks))


def _fault(table: Table, parent: Table, one: Reference) -> str:
    for mine, theirs in zip(one.columns, one.references, strict=True):
        if table.column(mine).type != parent.column(theirs).type:
            return "its columns are of other types or lengths than those that it refers to"
        if parent.column(theirs).nullable:
            return f"it refers to {theirs}, which may be NULL"
    return ""


def _obstacle(table: Table, parent: Table, one: Reference, cascades: Cascades) -> str:
    """Says why no row may go or change with others; empty where it may, or none would."""
    reactions = {one.on_update, one.on_delete} - {"restrict"}
    if not reactions:
        return ""
    fixed = [name for name in one.columns if not table.column(name).nullable]
    if "set null" in reactions and fixed:
        return f"{fixed[0]} cannot be set to NULL"
    places = folded(parent.place), folded(table.place)
    return "" if cascades.takes(*places) else "rows would go by two ways, or in a circle"


def _bytes(declared: str) -> int:
    """Gives how many bytes a value takes in a key at most."""
    found = _VARYING.fullmatch(declared)
    if found:
        return int(found[2]) * (2 if found[1] == "NVARCHAR" else 1)
    return _FIXED.get(declared, _NUMBER_BYTES)


def _in_row(declared: str) -> int:
    """Gives how many bytes of a row a value takes at least; texts can lie elsewhere."""
    is_long = declared in (TEXT, BYTES) or _VARYING.fullmatch(declared)
    return _POINTER_BYTES + 2 if is_long else _bytes(declared)
