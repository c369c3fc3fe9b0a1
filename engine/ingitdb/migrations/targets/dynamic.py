"""What a system says that runs each statement on rows in words of its own."""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class Dynamic(Protocol):
    """A system in which a whole script is read before its first statement is run."""

    def run(self, statement: str) -> str:
        """Gives what runs a statement, read only then, unless the script has run before."""
        ...

    def among(self, address: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
        """Gives a condition that holds for the rows of some addresses and for no others.

        Args:
            address: The columns that tell the rows apart.
            rows: Their values.
        """
        ...
