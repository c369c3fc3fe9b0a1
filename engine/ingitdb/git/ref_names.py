"""Names of branches and tags, held to git's own rules."""

from collections.abc import Collection

from ingitdb.errors import WriteError
from ingitdb.git.process import Git
from ingitdb.model.identifiers import PSEUDO_COMMITS
from ingitdb.model.types import quote_identifier

_TAKEN = (*PSEUDO_COMMITS, "HEAD", "@")
"""What means something else wherever a ref is asked for."""
_HINT = "Use letters, digits, hyphens and single slashes, as in spring/tariff-2."


def check_branch_name(git: Git, name: str) -> None:
    """Returns if a branch can have a name.

    Raises:
        WriteError: Git does not allow it, or it would mean something else here.
    """
    if "\0" not in name and name not in _TAKEN:
        answer = git.run("check-ref-format", "--branch", name, accept=(0, 1, 128))
        if not answer.status and answer.text == name:  # else it is short for another branch
            return
    raise WriteError(f"A branch cannot be named {name!r}.", hint=_HINT)


def check_tag_name(git: Git, name: str) -> None:
    """Returns if a tag can have a name.

    Raises:
        WriteError: Git does not allow it, or it would mean something else here.
    """
    if "\0" not in name and name not in _TAKEN and not name.startswith("-"):
        answer = git.run("check-ref-format", f"refs/tags/{name}", accept=(0, 1, 128))
        if not answer.status:
            return
    raise WriteError(f"A tag cannot be named {name!r}.", hint=_HINT)


def check_room(kind: str, name: str, known: Collection[str]) -> None:
    """Returns if there is room for a name, as names lie in folders: `a` leaves none for `a/b`.

    Args:
        kind: `branch` or `tag`.
        name: The new name.
        known: Those that there are.

    Raises:
        WriteError: It is taken, or a name above or below it is.
    """
    if name in known:
        dropped = f"DROP {kind.upper()} {quote_identifier(name)}"
        raise WriteError(
            f"There is a {kind} {name!r} already.",
            hint=f"Choose another name, or take it away first: {dropped}",
        )
    for other in sorted(known):
        if name.startswith(f"{other}/") or other.startswith(f"{name}/"):
            raise WriteError(
                f"There is a {kind} {other!r}, so that none can be named {name!r}.",
                hint="Names lie in folders: what is a name cannot be a folder, too.",
            )
