"""What a system cannot hold though it has the types, asked for before anything is changed."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from ingitdb.model.types import ColumnType


@runtime_checkable
class Limited(Protocol):
    """A system of which more is to be known before a commit is led there.

    Attributes:
        title: What people call it.
        longest_name: How many bytes a name may have.
        refuses: Says which values cannot be stored.
        unindexed: Says of which row there is one that no key takes.
    """

    title: str
    longest_name: int
    refuses: str
    unindexed: str

    def is_reserved_column(self, name: str) -> bool:
        """Whether no column may have this name."""
        ...

    def unfit(self, sql: str, kind: ColumnType) -> str | None:
        """Gives DuckDB's SQL that holds for a value which cannot be stored.

        None where any value of the type can be.

        Args:
            sql: The value as it is stored.
            kind: Its type at the commit.
        """
        ...

    def too_long(self, values: Sequence[tuple[str, ColumnType]]) -> str:
        """Gives DuckDB's SQL that holds for a row which is too long for a key.

        Args:
            values: The columns of the key as they are stored, and their types at the commit.
        """
        ...

    def refers(self, child: ColumnType, parent: ColumnType) -> bool:
        """Whether a column of one type may refer to a column of another."""
        ...
