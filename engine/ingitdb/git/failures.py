"""Turns what git prints on stderr into errors that say what to do."""

import re
from collections.abc import Sequence
from pathlib import Path

from ingitdb.errors import RefNotFound, RepositoryError, RepositoryNotFound, RepositoryRefused

_OWNER = re.compile(r"detected dubious ownership|unsafe repository")
_OWNER_WAY_OUT = re.compile(r"^\s*(git config --global --add safe\.directory .+)$", re.MULTILINE)
_EXTENSION = re.compile(
    r"unknown repository extensions? found:\s*(?P<names>.+)"
    r"|Expected git repo version (?P<version><= \d+, found \d+)",
    re.DOTALL,
)
_BARE = re.compile(r"cannot use bare repository")
_REVISION = re.compile(
    r"(?:bad revision|ambiguous argument|invalid symmetric difference expression"
    r"|Invalid revision range|Not a valid object name) '?(?P<ref>[^'\n]*)"
)
_MISSING = re.compile(
    r"promisor remote|lazy fetch|unable to read tree|bad object|missing object"
    r"|could not fetch|unable to read [0-9a-f]{40}|transport '.*' not allowed"
)


def failure(errors: str, arguments: Sequence[str | Path], place: Path) -> RepositoryError:
    """Words the failure of a git call, best known causes first."""
    if "not a git repository" in errors:
        return RepositoryNotFound(str(place))
    if _OWNER.search(errors):
        way_out = _OWNER_WAY_OUT.search(errors)
        line = way_out[1] if way_out else f"git config --global --add safe.directory {place}"
        return RepositoryRefused(f"{place} belongs to another user; git refuses it.", hint=line)
    if found := _REVISION.search(errors):
        return RefNotFound(found["ref"])
    if found := _EXTENSION.search(errors):
        return _unknown_extension(found, place)
    if _BARE.search(errors):
        return RepositoryRefused(
            f"git refuses the bare repository {place}: safe.bareRepository is `explicit`.",
            hint="git config --global safe.bareRepository all",
        )
    if _MISSING.search(errors):
        return RepositoryError(
            f"Objects are missing from the repository: {_first_line(errors)}",
            hint="In a partial or damaged clone, `git fetch --refetch --no-filter` brings them.",
        )
    command = next((str(a) for a in arguments if not str(a).startswith("-")), "git")
    return RepositoryError(f"git {command} failed: {_first_line(errors)}")


def _unknown_extension(found: re.Match[str], place: Path) -> RepositoryRefused:
    names = " ".join((found["names"] or "").split())
    what = f"the extension {names}" if names else f"format version {found['version']}"
    return RepositoryRefused(
        f"{place} uses {what}, which the installed git cannot read.",
        hint="Install a newer Git, or clone it with a git that knows the format:"
        " `git clone --ref-format=files --mirror`.",
    )


def _first_line(errors: str) -> str:
    """Gives the first line that names a cause, without git's own label."""
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    for label in ("fatal: ", "error: "):
        for line in lines:
            if line.startswith(label):
                return line.removeprefix(label)
    return lines[0] if lines else "it gave no reason."
