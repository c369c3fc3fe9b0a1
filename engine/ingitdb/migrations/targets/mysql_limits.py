"""The limits of MariaDB and MySQL: what fits a key, a row and a name; what does not is said."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ingitdb.errors import UsageError
from ingitdb.migrations.model import Column, Place, Reference, Table, folded
from ingitdb.migrations.targets.fitting import Fitting, in_key_order
from ingitdb.migrations.targets.mysql_types import BYTES, JSON_TYPE, TEXT

LONGEST_NAME = 64
"""Characters of a table, a column or a constraint."""
KEY_BYTES = 3072
ROW_BYTES = 65_535
MOST_COLUMNS = 1017
_STEPS = (16, 32, 64, 128, 255, 512, 768)
"""Lengths that are declared: few, so that a longer value seldom changes a type."""
LONGEST_KEY = 768
_USUAL = 255
_CHARACTER_BYTES = 4
_POINTER_BYTES = 12
_VARYING = re.compile(r"VAR(CHAR|BINARY)\((\d+)\)")
_FIXED = {"BIGINT": 8, "TINYINT(1)": 1, "DOUBLE": 8, "DATE": 3, "TIME(6)": 6, "DATETIME(6)": 8}
_NUMBER_BYTES = 20
_UNNAMED = re.compile(r"[\x00-\x1f\x7f\U00010000-\U0010ffff]|\s\Z")


class MysqlFitting(Fitting):
    """Makes the tables of a commit fit MariaDB and MySQL."""

    def fitted(self, tables: Mapping[Place, Table]) -> dict[Place, Table]:
        """Gives the tables as the system can have them.

        Raises:
            UsageError: A name or a row does not fit.
        """
        for table in tables.values():
            self._check_names(table)
        found = {place: self.narrowed(table) for place, table in tables.items()}
        return {place: self._references(table, found) for place, table in found.items()}

    def _check_names(self, table: Table) -> None:
        schema, name = table.place
        called = name if schema == "main" else f"{schema}.{name}"
        names = [column.name for column in table.columns]
        for one in (called, *names):
            if len(one) > LONGEST_NAME or _UNNAMED.search(one) or not one:
                raise UsageError(
                    f"{self.title} can have nothing called {one!r} (of {table.title}).",
                    hint=f"At most {LONGEST_NAME} characters, no control characters, none beyond"
                    " U+FFFF, and no blank at the end.",
                )
        if len({one.lower() for one in names}) < len(names):
            raise UsageError(f"{self.title} takes two columns of {table.title} for one.")
        if len(names) > MOST_COLUMNS:
            raise UsageError(f"{table.title} has more than {MOST_COLUMNS} columns.")

    def fits(self, table: Table, group: Sequence[str], *, usual: bool = False) -> bool:
        """Whether columns can be a key."""
        columns = [table.column(name) for name in group]
        if any(column.type == JSON_TYPE or self._step(table, column) == 0 for column in columns):
            return False
        narrowed = (self.declared(table, column, usual=usual).type for column in columns)
        return sum(map(_bytes, narrowed)) - 2 * len(columns) <= KEY_BYTES

    def is_too_wide(self, columns: Sequence[Column]) -> bool:
        """Whether rows of such columns do not fit."""
        return sum(map(_bytes, (column.type for column in columns))) > ROW_BYTES

    def _step(self, table: Table, column: Column) -> int:
        """Gives the length to declare for a column; 0 where its values are too long."""
        longest = self.sizes[table.place].get(column.name, 0)
        return next((step for step in _STEPS if step >= longest), 0)

    def declared(self, table: Table, column: Column, *, usual: bool) -> Column:
        """Gives a column of a key with a type that has a length."""
        if column.type not in (TEXT, BYTES):
            return column
        length = self._step(table, column)
        length = max(length, _USUAL) if usual else length
        name = "VARCHAR" if column.type == TEXT else "VARBINARY"
        return replace(column, type=f"{name}({length})")

    def _references(self, table: Table, tables: Mapping[Place, Table]) -> Table:
        by_fold = {folded(place): other for place, other in tables.items()}
        kept = []
        for one in table.references:
            parent = by_fold[folded(one.target)]
            ordered = in_key_order(one, [parent.key, *parent.unique])
            fault = "it refers to no key" if ordered is None else self._fault(table, parent, one)
            if fault or ordered is None:
                said = ", ".join(one.columns)
                self.notes.append(f"{table.title}: the foreign key {said} is not carried: {fault}.")
            else:
                kept.append(ordered)
        return replace(table, references=tuple(kept))

    def _fault(self, table: Table, parent: Table, one: Reference) -> str:
        for mine, theirs in zip(one.columns, one.references, strict=True):
            types = [_family(table.column(mine)), _family(parent.column(theirs))]
            if types[0] != types[1]:
                return "its columns are of other types than those that it refers to"
            if "set null" in (one.on_update, one.on_delete) and not table.column(mine).nullable:
                return f"{mine} cannot be set to NULL"
        return ""


def _family(column: Column) -> str:
    return _VARYING.sub(r"\1", column.type)


def _bytes(declared: str) -> int:
    """Gives how many bytes of a row a value takes at most; texts that are long lie elsewhere."""
    found = _VARYING.fullmatch(declared)
    if found:
        return int(found[2]) * (_CHARACTER_BYTES if found[1] == "CHAR" else 1) + 2
    if declared in (TEXT, BYTES, JSON_TYPE):
        return _POINTER_BYTES
    return _FIXED.get(declared.partition(" COMMENT")[0], _NUMBER_BYTES)
