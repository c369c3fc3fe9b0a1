"""Why each table exists, and why each other file is in none."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain

from ingitdb.catalog.content import Content
from ingitdb.catalog.discovery import excluded_content
from ingitdb.catalog.layout import Layout
from ingitdb.catalog.naming import NamedTable, name_tables
from ingitdb.catalog.suggestions import Suggestion, suggest
from ingitdb.model.records import Problem
from ingitdb.model.tables import Location

_EVERYWHERE = frozenset({"describes data", "not declared, and discovery is off"})
"""Reasons for which the folder does not matter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Files that are in no table for one reason.

    Attributes:
        folder: The folder of the root that they lie in, empty for the root itself, or the name of
            the dot-folder; None where the reason is the same in all folders.
        example: The first of them.
    """

    reason: str
    folder: str | None
    files: int
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What became of the files of a tree.

    Attributes:
        tables: The tables; each location has its `reason`.
        left_out: The commonest reasons first.
    """

    tables: tuple[NamedTable, ...]
    left_out: tuple[LeftOut, ...]
    suggestions: tuple[Suggestion, ...]
    problems: tuple[Problem, ...]


def explain(
    layout: Layout, paths: Iterable[str], content_of: Callable[[str], Content | None]
) -> Explanation:
    """Explains a tree.

    Args:
        layout: The layout of the tree.
        paths: Its files, without links and submodules.
        content_of: Outlines a file; None where it cannot be read. Asked only for files that may
            hold records.
    """
    placed: dict[str, tuple[Location, ...]] = {}
    left_out: dict[tuple[str, str | None], list[str]] = {}
    there = frozenset(paths)
    for path in sorted(there):
        found, reason = _place(layout, path, content_of)
        if found:
            placed[path] = found
        else:
            left_out.setdefault(_group(path, reason), []).append(path)
    locations = {*layout.empty_locations(), *chain.from_iterable(placed.values())}
    groups = sorted(left_out.items(), key=lambda item: (-len(item[1]), item[1][0]))
    return Explanation(
        tables=tuple(name_tables(locations)),
        left_out=tuple(
            LeftOut(reason=reason, folder=folder, files=len(files), example=files[0])
            for (reason, folder), files in groups
        ),
        suggestions=suggest(placed),
        problems=(*layout.problems, *(said for p, said in layout.expected if p not in there)),
    )


def _place(
    layout: Layout, path: str, content_of: Callable[[str], Content | None]
) -> tuple[tuple[Location, ...], str]:
    claim = layout.claim(path)
    if claim.excluded is not None:
        return (), claim.excluded
    content = content_of(path)
    if content is None:
        return (), "cannot be read"
    found = layout.locate(path, content)
    if found or claim.slot is None:
        return found, ""
    return (), excluded_content(path, content, claim.slot)


def _group(path: str, reason: str) -> tuple[str, str | None]:
    if reason in _EVERYWHERE or reason.startswith("no record format"):
        return reason, None
    folders = path.split("/")[:-1]
    hidden = next((folder for folder in folders if folder.startswith(".")), None)
    return reason, hidden or "".join(folders[:1])
