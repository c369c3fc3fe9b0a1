"""A result on its way out: its columns, and record batches that are read once."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ingitdb.model.types import ColumnType


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What every output format is given.

    Attributes:
        columns: Names as the query gave them, with types; None where Arrow's type says it all.
        schema: The `pyarrow.Schema` of the batches.
        warn: Is told once for each column what the format cannot express.
    """

    columns: Sequence[tuple[str, ColumnType | None]]
    schema: Any
    batches: Iterator[Any]
    warn: Callable[[str], None]

    @property
    def names(self) -> list[str]:
        """The names of the columns, as the query gave them."""
        return [name for name, _ in self.columns]


def unique_names(names: Iterable[str]) -> list[str]:
    """Gives repeated names a number.

    Example:
        >>> unique_names(["a", "a", "b", "a_2"])
        ['a', 'a_3', 'b', 'a_2']
    """
    listed = list(names)
    taken = set(listed)
    seen: set[str] = set()
    found = []
    for name in listed:
        candidate, number = name, 1
        while candidate in seen or (number > 1 and candidate in taken):
            number += 1
            candidate = f"{name}_{number}"
        seen.add(candidate)
        found.append(candidate)
    return found
