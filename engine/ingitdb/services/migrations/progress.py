"""Rows that tell how many of them have been taken."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from ingitdb.migrations.plan import Rows, Selection

_EVERY = 1_000


@dataclass(frozen=True)
class Told:
    """The same rows; those that come are counted as they are taken.

    Attributes:
        rows: The rows.
        tell: Told how many have been taken.
    """

    rows: Rows
    tell: Callable[[int], None]

    def deleted(self) -> Iterator[Sequence[Any]]:
        """Gives the address of each row that goes."""
        return self.rows.deleted()

    def updated(self) -> Iterator[tuple[Sequence[Any], Sequence[tuple[str, Any]]]]:
        """Gives the address of each row that changes, with the columns that do."""
        return self.rows.updated()

    def inserted(self) -> Iterator[Sequence[Any]]:
        """Gives the values of each row that comes."""
        done = 0
        for done, row in enumerate(self.rows.inserted(), 1):
            yield row
            if done % _EVERY == 0:
                self.tell(done)
        self.tell(done)

    def batches(self, select: Selection) -> Iterator[pa.RecordBatch]:
        """Gives the rows that come as Arrow."""
        done = 0
        for batch in self.rows.batches(select):
            yield batch
            done += batch.num_rows
            self.tell(done)
