"""What is asked of a connected SQL system, and how to get in."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ingitdb.migrations.model import Check, Place, Table
from ingitdb.migrations.scripts import Insertion
from ingitdb.migrations.targets.target import Target

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How to get into a target.

    Attributes:
        password: Gives the password for a URL without one, if there is one.
        authority: A file of certificates that the target's must descend from; encrypts.
        certificate: A file with a certificate of one's own.
        key: A file with its key.
    """

    password: Callable[[str], str | None] = lambda url: None
    authority: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


class Connection(Protocol):
    """A SQL system that is connected; what is not committed when it is closed is undone."""

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Runs a statement and gives its rows, if it has any.

        Raises:
            TargetError: The target refuses it.
        """
        ...

    def run_script(self, script: str) -> None:
        """Runs a whole script.

        Raises:
            TargetError: The target refuses a statement; what is not committed is undone.
        """
        ...

    def stream(self, sql: str) -> "Iterator[pa.RecordBatch]":
        """Gives the rows of a query of texts, without holding them all.

        Raises:
            TargetError: The target refuses it.
        """
        ...

    def load(self, insertion: Insertion, target: Target) -> bool:
        """Adds rows to a table in the target's fastest way; False where it knows none.

        Raises:
            TargetError: The target refuses them.
        """
        ...

    def tables(self, target: Target) -> list[Table]:
        """Gives the tables that are there, as a model; those of the system itself are left out."""
        ...

    def check_names(self, tables: Sequence[Table]) -> Mapping[Place, Mapping[str, Check]]:
        """Gives the checks of all tables of a commit by the names that `tables` gives them.

        They are told by the folded places of their tables.
        """
        ...

    def references(self) -> list[tuple[Place, Place]]:
        """Gives the tables that hinder others from being emptied, each with the one it refers to.

        Raises:
            TargetError: The target refuses to tell.
        """
        ...

    def lock(self) -> None:
        """Keeps other migrations out until the connection is closed.

        Raises:
            TargetError: Another one is at work.
        """
        ...

    def close(self) -> None:
        """Closes it."""
        ...
