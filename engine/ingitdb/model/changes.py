"""What subscribers learn when a branch of a database has got a new state."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from ingitdb.model.identifiers import CommitId
from ingitdb.model.records import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordChange:
    """One record that was created, updated or deleted."""

    schema: str
    table: str
    key: str | None
    kind: Literal["created", "updated", "deleted"]
    before: Mapping[str, Value] | None
    after: Mapping[str, Value] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeEvent:
    """A branch moved from one commit to another."""

    database: str
    branch: str
    before: CommitId | None
    after: CommitId
    at: datetime
    changes: tuple[RecordChange, ...] = ()


class ChangeListener(Protocol):
    """Receives change events; must not raise."""

    def changed(self, event: ChangeEvent) -> None:
        """Takes note of one event."""
