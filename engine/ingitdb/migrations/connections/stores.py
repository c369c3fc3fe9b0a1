"""What is asked of a connected key-value store."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ingitdb.migrations.stores.ledger import Entry, Standing
from ingitdb.migrations.stores.store import Limits, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """Some of what a store holds.

    Attributes:
        records: Keys, each with what is stored, in the form of `Store.content`.
        members: Keys of sets, each with a key that is in it.
    """

    records: Sequence[tuple[str, bytes]]
    members: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What the ledger says once all is done.

    Attributes:
        at: The commit that the store is at.
        rows: The rows of the ledger that are written, by what they are called there.
    """

    at: str
    rows: Sequence[tuple[str, Entry]]


class StoreConnection(Protocol):
    """A key-value store that is connected."""

    @property
    def store(self) -> Store:
        """What kind of store it is."""
        ...

    @property
    def limits(self) -> Limits:
        """What it takes in one transaction."""
        ...

    @property
    def columns(self) -> str:
        """DuckDB's SQL for what `write` takes of a change."""
        ...

    def lock(self) -> None:
        """Keeps other migrations out until the connection is closed.

        Raises:
            TargetError: Another one is at work.
        """
        ...

    def renew(self) -> None:
        """Makes sure that others are still kept out.

        Raises:
            TargetError: They are not.
        """
        ...

    def standing(self) -> Standing:
        """Says where the store is."""
        ...

    def entries(self) -> list[tuple[str, Entry]]:
        """Gives the rows of the ledger with their names, the oldest first."""
        ...

    def now(self) -> float:
        """Gives the time by the store's clock, in seconds since 1970."""
        ...

    def size(self) -> int:
        """Says how many keys there are at most that might be ours."""
        ...

    def read(self, keys: Sequence[str]) -> list[bytes | None]:
        """Gives what some keys hold, in the form of `Store.content`; None where nothing."""
        ...

    def scan(self, tables: Collection[str]) -> Iterator[Scanned]:
        """Gives all records and sets of some tables, piece by piece; a key may come twice.

        Args:
            tables: The keys of their members.
        """
        ...

    def depart(self, before: str, way: str) -> None:
        """Says that the store is on its way from a commit.

        Raises:
            TargetError: It is not at that commit any more.
        """
        ...

    def digested(self, rows: Sequence[tuple[Any, ...]]) -> bytes:
        """Gives what is told of some changes in the checksum.

        Args:
            rows: The columns of each change.
        """
        ...

    def write(self, rows: Sequence[tuple[Any, ...]], state: str, arrival: Arrival | None) -> None:
        """Does some changes in one transaction, which may still be under way afterwards.

        Args:
            rows: The columns of each change.
            state: Where the store is.
            arrival: What the ledger is to say in the same transaction, if anything.

        Raises:
            TargetError: The store refuses them, or another transaction before.
        """
        ...

    def close(self) -> None:
        """Lets others in, and closes it."""
        ...
