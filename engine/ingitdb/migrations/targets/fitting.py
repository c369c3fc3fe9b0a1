"""What a target says of the limits that the tables of a commit have to fit as a whole."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from ingitdb.migrations.model import Place, Table
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
