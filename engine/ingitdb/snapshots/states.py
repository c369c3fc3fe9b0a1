"""The distinct fields of all records that were read, by number, and which of them files hold."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ingitdb.model.tables import Location
from ingitdb.snapshots.reading import Fault


class FileTable(NamedTuple):
    """The records that one file gives to one table: their keys, and the numbers of their fields."""

    location: Location
    header: tuple[str, ...]
    keys: Sequence[str | None]
    values: Sequence[int]


class Reading(NamedTuple):
    """What a file holds: records per table, and what went wrong."""

    tables: Sequence[FileTable] = ()
    faults: Sequence[Fault] = ()


@dataclass(slots=True)
class States:
    """Distinct fields, by number.

    Attributes:
        digests: The hash of each.
        shapes: The number of each one's shape.
        payloads: Each packed.
        shape_texts: The shapes.
    """

    digests: list[bytes] = field(default_factory=list)
    shapes: list[int] = field(default_factory=list)
    payloads: list[bytes] = field(default_factory=list)
    shape_texts: list[str] = field(default_factory=list)
    _numbers: dict[bytes, int] = field(default_factory=dict)
    _shape_numbers: dict[str, int] = field(default_factory=dict)

    def add(self, digest: bytes, shape: int, payload: bytes) -> int:
        """Gives the number of some fields, which are kept if they are new."""
        number = self._numbers.get(digest)
        if number is None:
            number = self._numbers[digest] = len(self.digests)
            self.digests.append(digest)
            self.shapes.append(shape)
            self.payloads.append(payload)
        return number

    def shape(self, text: str) -> int:
        """Gives the number of a shape."""
        number = self._shape_numbers.get(text)
        if number is None:
            number = self._shape_numbers[text] = len(self.shape_texts)
            self.shape_texts.append(text)
        return number

    def shape_of(self, value: int) -> str:
        """Gives the shape of the fields of a number."""
        return self.shape_texts[self.shapes[value]]
