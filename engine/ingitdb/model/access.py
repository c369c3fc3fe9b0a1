"""Who acts, on what, and the seam where a policy may say no."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Action(StrEnum):
    """What a principal wants to do."""

    READ = "read"
    WRITE = "write"
    BRANCH = "branch"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """The person or program on whose behalf a call is made."""

    identifier: str
    roles: frozenset[str] = frozenset()


LOCAL = Principal(identifier="local")
"""The user of this process, who could read the repository's files anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """What is acted on, in the grammar `kind:database/table[/record]@branch`."""

    kind: str
    database: str
    table: str | None = None
    record: str | None = None
    branch: str | None = None

    def __str__(self) -> str:
        """Spells the resource in its grammar."""
        path = "/".join(p for p in (self.database, self.table, self.record) if p)
        return f"{self.kind}:{path}" + (f"@{self.branch}" if self.branch else "")


class Policy(Protocol):
    """Decides what a principal may do."""

    def check(self, principal: Principal, action: Action, resource: Resource) -> None:
        """Returns if the action is allowed.

        Raises:
            AccessDenied: The policy does not allow it.
        """


class AllowAll:
    """The policy until policy files exist: whoever can reach the repository may use it."""

    def check(self, principal: Principal, action: Action, resource: Resource) -> None:
        """Allows everything."""
