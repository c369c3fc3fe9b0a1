"""What every target knows: its types, its words, and how its scripts begin and end."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from ingitdb.migrations.model import Column, Place, Table
from ingitdb.migrations.plan import Plan
from ingitdb.model.types import ColumnType

Literal: TypeAlias = Callable[[str, ColumnType], str]
"""Gives DuckDB's SQL for the text of a literal of DuckDB's."""
BATCH_ROWS = 100
"""So many rows are added by one statement of a script."""
STATE = "ingitdb_state"
"""The temporary table that says whether the script has run before."""
STAGE = "ingitdb_stage"
"""The temporary table in which rows wait while theirs is made anew."""
CHECKED = "ingitdb_checked"
"""The temporary table that takes only what was expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """How a target stores the values of a type.

    Attributes:
        type: The type that it declares.
        value: DuckDB's SQL for the value as the target stores it.
    """

    type: str
    value: Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """From where to where a script leads.

    Attributes:
        before: The commit that the target is at; `EMPTY` or one that its ledger does not know
            where nothing is there.
        after: The commit that it is at afterwards.
        is_undo: Whether it takes back what the opposite script has done.
        is_repair: Whether it is to be done whatever the ledger says, for the target was compared.
    """

    before: str
    after: str
    is_undo: bool = False
    is_repair: bool = False


class Holder(Protocol):
    """A system that holds tables: what `CommitModel` asks of it.

    Attributes:
        title: What people call it.
        has_references: Whether foreign keys can be declared for data in any order.
    """

    title: str
    has_references: bool

    def stored(self, kind: ColumnType) -> Stored:
        """Says how values of a type are stored."""
        ...

    def can_be_key(self, kind: ColumnType) -> bool:
        """Whether a column may be part of a key."""
        ...

    def default(self, expression: str, kind: ColumnType) -> str | None:
        """Gives the default of a column of a type in the system's words; None if it has none."""
        ...

    def condition(self, expression: str, columns: Mapping[str, ColumnType]) -> str | None:
        """Gives a condition on a table's columns in the system's words; None if it has none."""
        ...

    def is_reserved(self, place: Place) -> bool:
        """Whether no table may have this name."""
        ...

    def name_of(self, place: Place) -> str:
        """Gives the name of a table."""
        ...


class Target(Holder, Protocol):
    """A system that SQL scripts are made for.

    Attributes:
        name: What the command line calls it.
        alters: Whether definitions are changed in place; else a table is made anew from its rows.
        is_atomic: Whether a transaction takes changed definitions back.
        done: SQL that says whether the script has run before.
    """

    name: str
    alters: bool
    is_atomic: bool
    done: str

    def kind(self, declared: str) -> ColumnType:
        """Gives the type at a commit that a declared type of the target stands for."""
        ...

    def shown(self, column: Column) -> str:
        """Gives the target's SQL for a column as `restored` takes it: mostly a text."""
        ...

    def restored(self, sql: str, kind: ColumnType) -> str:
        """Gives DuckDB's SQL for a stored value, of one that was shown.

        NULL where something is no value of the type.
        """
        ...

    def spelled(self, sql: str, kind: ColumnType) -> str:
        """Gives DuckDB's SQL for what `literal` is given, of a stored value."""
        ...

    def literal(self, value: Any) -> str:
        """Spells a value for a script."""
        ...

    def moved(self, sql: str, old: ColumnType, new: ColumnType) -> str | None:
        """Gives DuckDB's SQL for what a stored value becomes in a column of another type.

        None where the target would make something else of it than the commit says.
        """
        ...

    def quoted(self, name: str) -> str:
        """Gives the name of a column in statements."""
        ...

    def begin(self, ends: Ends, plan: Plan) -> Iterator[str]:
        """Gives the statements before the first change."""
        ...

    def prepare(self, plan: Plan) -> Iterator[str]:
        """Gives the changes of definitions that make room for the new rows."""
        ...

    def finish(self, plan: Plan) -> Iterator[str]:
        """Gives the changes of definitions that the new rows fit."""
        ...

    def insert(
        self, table: Table, rows: Iterator[Sequence[str]], size: int = BATCH_ROWS
    ) -> Iterator[str]:
        """Gives the statements that add rows of literals, unless the script has run before.

        Args:
            table: Where.
            rows: Literals in the order of the table's columns.
            size: So many rows are added by one statement, or fewer long ones.
        """
        ...

    def counted(self, table: Table) -> list[str]:
        """Gives the statements that fail unless a table has the rows that it should have."""
        ...

    def end(self, ends: Ends, checksum: str) -> Iterator[str]:
        """Gives the statements behind the last change: the ledger's row, and what was found."""
        ...

    def ledger_there(self) -> str:
        """Gives a query that says whether there is a ledger."""
        ...

    def ledger_rows(self) -> str:
        """Gives a query for version, commit, checksum, applied_at (a text), duration and state."""
        ...
