"""The tables of a commit are made to fit the limits of a target as a whole."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from ingitdb.errors import UsageError
from ingitdb.migrations.model import Column, Place, Reference, Table
from ingitdb.migrations.targets.target import Stored
from ingitdb.model.types import ColumnType


@runtime_checkable
class Fitted(Protocol):
    """A target whose types and keys depend on how long values are."""

    def stored(self, kind: ColumnType) -> Stored:
        """Says how values of a type are stored."""
        ...

    def fitted(
        self,
        tables: Mapping[Place, Table],
        sizes: Mapping[Place, Mapping[str, int]],
        notes: list[str],
    ) -> dict[Place, Table]:
        """Gives the tables of a commit as the target can have them.

        Args:
            tables: The tables.
            sizes: The length of the longest text of the columns of keys.
            notes: Where it is said what is left out.

        Raises:
            UsageError: A name or a row does not fit.
        """
        ...


@dataclass(frozen=True)
class Fitting:
    """Makes the tables of a commit fit; each system with such limits is a subclass.

    Attributes:
        title: What the system is called.
        sizes: The length of the longest text of each column of a table, in characters or bytes.
        notes: Where it is said what does not fit.
    """

    title: str
    sizes: Mapping[Place, Mapping[str, int]]
    notes: list[str]

    def narrowed(self, table: Table) -> Table:
        """Narrows the texts of keys; leaves out keys that are too long.

        Raises:
            UsageError: The rows do not fit.
        """
        groups: list[tuple[str, tuple[str, ...]]] = [("primary key", table.key)]
        groups += [("unique group", group) for group in table.unique]
        groups += [("foreign key", one.columns) for one in table.references]
        groups += [("index", one.columns) for one in table.indexes]
        kept = {one for one in groups if self.fits(table, one[1])}
        for what, group in dict.fromkeys(groups):
            if group and (what, group) not in kept:
                said = f"{what} ({', '.join(group)})"
                self.notes.append(f"{table.title}: the {said} is too long for {self.title}.")
        narrow = {name for _, group in kept for name in group}
        tight = {
            name for _, group in kept for name in group if not self.fits(table, group, usual=True)
        }
        columns = tuple(
            self.declared(table, column, usual=column.name not in tight)
            if column.name in narrow
            else column
            for column in table.columns
        )
        if self.is_too_wide(columns):
            raise UsageError(f"The rows of {table.title} are too wide for {self.title}.")
        return replace(
            table,
            columns=columns,
            key=table.key if ("primary key", table.key) in kept else (),
            unique=tuple(one for one in table.unique if ("unique group", one) in kept),
            references=tuple(
                one for one in table.references if ("foreign key", one.columns) in kept
            ),
            indexes=tuple(one for one in table.indexes if ("index", one.columns) in kept),
        )

    def fits(self, table: Table, group: Sequence[str], *, usual: bool = False) -> bool:
        """Whether columns can be a key.

        Args:
            table: Whose columns.
            group: Their names.
            usual: Whether their texts are as long as usual at least.
        """
        raise NotImplementedError

    def declared(self, table: Table, column: Column, *, usual: bool) -> Column:
        """Gives a column of a key with a type that has a length."""
        raise NotImplementedError

    def is_too_wide(self, columns: Sequence[Column]) -> bool:
        """Whether rows of such columns do not fit."""
        raise NotImplementedError


def in_key_order(one: Reference, groups: Iterable[tuple[str, ...]]) -> Reference | None:
    """Gives a foreign key with its columns in the order of the key that it refers to.

    Args:
        one: The foreign key.
        groups: The keys of the table that it refers to.
    """
    group = next((group for group in groups if set(group) == set(one.references)), None)
    if group is None:
        return None
    pairs = dict(zip(one.references, one.columns, strict=True))
    return replace(one, references=group, columns=tuple(pairs[name] for name in group))
