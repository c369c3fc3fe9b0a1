"""What a statement made of keys that records refer to: the values they had, and those they got."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

Key: TypeAlias = tuple[str | None, ...]
Columns: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Renaming:
    """The keys of one table that a statement changed.

    Attributes:
        table: Its schema and name.
        keys: For columns that records refer to, the texts of each former key with the new ones.
        referring: Columns that refer to other records and that the statement gave values itself.
    """

    table: tuple[str, str]
    keys: Mapping[Columns, Mapping[Key, Key]] = field(default_factory=dict)
    referring: frozenset[Columns] = frozenset()
