"""What all key-value systems have in common: what a table is there, and how its rows are told."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar, TypeAlias, TypeVar

from ingitdb.migrations.model import OURS, Place
from ingitdb.migrations.stores.keys import Layout
from ingitdb.migrations.stores.values import text
from ingitdb.migrations.targets.target import Ends, Stored
from ingitdb.model.types import JSON, ColumnType, Scalar

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a system takes in one transaction.

    Attributes:
        operations: How many; None for any number.
        size: How many bytes of keys and values; None for any number.
    """

    operations: int | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A column of a record.

    Attributes:
        sql: DuckDB's SQL for its value.
    """

    name: str
    sql: str
    kind: ColumnType


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is done to one record, all of it or nothing.

    Attributes:
        value: What it is to be, in the system's own form; None where it goes.
        gone: The sets that its key leaves.
        come: The sets that its key comes into.
    """

    key: str
    value: bytes | None
    gone: tuple[str, ...] = ()
    come: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """How many bytes its key and value have."""
        return len(self.key.encode()) + len(self.value or b"")


Content: TypeAlias = dict[str, str | bytes | None]
"""The columns of a record."""


class ContentFault(Exception):
    """What is stored is no record of a table; the message says why."""


def check_known(names: Iterable[str], kinds: Mapping[str, ColumnType]) -> None:
    """Returns if all fields are columns.

    Raises:
        ContentFault: One is none.
    """
    for name in names:
        if name not in kinds:
            raise ContentFault(f"has a field {name!r}, which is no column")


class Store:
    """A key-value system; each kind of system is a subclass.

    Args:
        layout: How keys are put together.
    """

    name: ClassVar[str]
    title: str
    template: ClassVar[str]
    """How keys are put together where nobody says otherwise."""
    limits: ClassVar[Limits] = Limits()
    has_sets: ClassVar[bool] = False
    """Whether records are found by sets of keys."""
    has_references = False
    """No system checks foreign keys."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    def content(self, key: str, fields: Sequence[Field]) -> str:
        """Gives DuckDB's SQL for what is stored of a record, as bytes that tell it exactly.

        Args:
            key: SQL for its key.
            fields: Its columns, by name.
        """
        raise NotImplementedError

    def fields(self, content: bytes, kinds: Mapping[str, ColumnType]) -> Content:
        """Gives the columns of a record, each as a text that DuckDB casts to its type, or bytes.

        Args:
            content: What is stored of it.
            kinds: The types of the table's columns.

        Raises:
            ContentFault: It is no record of the table.
        """
        raise NotImplementedError

    def value_size(self, size: int) -> int:
        """Gives how many bytes of a transaction so many of keys and values take."""
        return size

    def opening(self, ends: Ends) -> bytes:
        """Gives the part of a script that says that the store is on its way."""
        raise NotImplementedError

    def part(self, changes: Sequence[Change], ends: Ends) -> bytes:
        """Gives the part of a script that changes some records in one transaction."""
        raise NotImplementedError

    def closing(self, ends: Ends, checksum: str) -> bytes:
        """Gives the part of a script that says that the store is there."""
        raise NotImplementedError

    def stored(self, kind: ColumnType) -> Stored:
        """Says how values of a type stand in keys."""
        return Stored(type=kind.sql, value=lambda sql: text(sql, kind))

    def can_be_key(self, kind: ColumnType) -> bool:
        """Whether a column may be part of a key."""
        return isinstance(kind, Scalar) and kind != JSON

    def default(self, expression: str, kind: ColumnType) -> str | None:
        """Gives nothing: no system has defaults."""
        return None

    def condition(self, expression: str, columns: Mapping[str, ColumnType]) -> str | None:
        """Gives nothing: no system has conditions."""
        return None

    def is_reserved(self, place: Place) -> bool:
        """Whether no table may have this name."""
        schema, name = place
        return (name if schema == "main" else schema).casefold().startswith(OURS)

    def name_of(self, place: Place) -> str:
        """Gives what the keys of a table's records begin with."""
        return self.layout.start(place)


def chunks(
    items: Iterable[Item], limits: Limits, batch_size: int, sized: Callable[[Item], int]
) -> Iterator[list[Item]]:
    """Puts changes together to transactions.

    Args:
        items: The changes.
        limits: What a transaction may have.
        batch_size: How many are wanted in one.
        sized: Gives how many bytes of a transaction a change takes.
    """
    most = min(batch_size, limits.operations or batch_size)
    if limits.size is None:
        every = iter(items)
        while some := list(islice(every, most)):
            yield some
        return
    chunk: list[Item] = []
    size = 0
    for item in items:
        more = sized(item)
        if chunk and (len(chunk) >= most or size + more > limits.size):
            yield chunk
            chunk, size = [], 0
        chunk.append(item)
        size += more
    if chunk:
        yield chunk
