"""What users may do: viewers read, developers write the branches they are given, admins do all."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from ingitdb.errors import AccessDenied
from ingitdb.model.access import LOCAL, Action, Principal, Resource

_TAGS = "refs/tags/"


class Role(StrEnum):
    """What somebody is in a database."""

    VIEWER = "viewer"
    DEVELOPER = "developer"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A role in the databases of a pattern.

    Attributes:
        role: Which one.
        database: A pattern of names; upper and lower case are one.
        branches: Patterns of the branches that a developer writes. Tags are written under their
            whole names, `refs/tags/v1`, and only by a pattern that begins so.
    """

    role: Role
    database: str = "*"
    branches: tuple[str, ...] = ("*",)

    def covers(self, database: str) -> bool:
        """Tells whether it is about a database."""
        return fnmatchcase(database.casefold(), self.database.casefold())

    def lets_write(self, branch: str) -> bool:
        """Tells whether its holder may write a branch, or a tag under its whole name."""
        if self.role is Role.DEVELOPER:
            return any(_fits(branch, pattern) for pattern in self.branches)
        return self.role is Role.ADMIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Member(Principal):
    """A principal of whom the users file tells what it may do."""

    grants: tuple[Grant, ...]

    def grants_in(self, database: str) -> list[Grant]:
        """Gives what is granted in a database."""
        return [grant for grant in self.grants if grant.covers(database)]


def member(name: str, grants: Iterable[Grant]) -> Member:
    """Makes the principal of a user."""
    held = tuple(grants)
    roles = frozenset(grant.role.value for grant in held)
    return Member(identifier=name, roles=roles, grants=held)


def may_read(principal: Principal, database: str) -> bool:
    """Tells whether a principal may read a database; those without grants are not restricted."""
    return not isinstance(principal, Member) or bool(principal.grants_in(database))


def may_commit_for_others(principal: Principal, database: str) -> bool:
    """Tells whether a principal may name another author; those without grants may."""
    if not isinstance(principal, Member):
        return True
    return any(grant.role is Role.ADMIN for grant in principal.grants_in(database))


class RolePolicy:
    """Allows what the grants of a member say, and everything to the server itself.

    Reading is granted by the database, with all its branches and its history, as a clone gives it;
    writing by the branch.
    """

    def check(self, principal: Principal, action: Action, resource: Resource) -> None:
        """Returns if the action is allowed.

        Raises:
            AccessDenied: No grant of the principal allows it.
        """
        if principal is LOCAL:
            return
        grants = principal.grants_in(resource.database) if isinstance(principal, Member) else []
        name = principal.identifier
        if not grants:
            raise AccessDenied(
                f"{name} has no role in {resource.database}.",
                hint="Whoever keeps the server's users file can give one.",
            )
        if action in (Action.WRITE, Action.BRANCH):
            branch = resource.branch or ""
            if not any(grant.lets_write(branch) for grant in grants):
                raise AccessDenied(_denied(name, resource), hint=_writable(grants))
        elif action is Action.ADMIN and not may_commit_for_others(principal, resource.database):
            raise AccessDenied(f"{name} is no admin of {resource.database}.")


def _fits(branch: str, pattern: str) -> bool:
    if branch.startswith(_TAGS) and not pattern.startswith(_TAGS):
        return False
    return fnmatchcase(branch, pattern)


def _denied(name: str, resource: Resource) -> str:
    branch = resource.branch or "HEAD"
    kind = "the tag" if branch.startswith(_TAGS) else "the branch"
    return f"{name} may not write {kind} {branch.removeprefix(_TAGS)} of {resource.database}."


def _writable(grants: Iterable[Grant]) -> str:
    patterns = [p for grant in grants if grant.role is Role.DEVELOPER for p in grant.branches]
    if not patterns:
        return "A viewer reads; only a developer or an admin writes."
    return f"Branches that may be written: {', '.join(patterns)}."
