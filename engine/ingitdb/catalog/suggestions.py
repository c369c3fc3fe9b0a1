"""Globs to suggest where a level of folders looks like a column; it suggests, nothing more."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ingitdb.catalog.wellknown import is_container, stem
from ingitdb.formats.registry import extension_of
from ingitdb.model.tables import Form, Location

_FEWEST_SIBLINGS = 3
_YEAR = re.compile(r"(?:19|20)\d\d\Z")
_DATE = re.compile(r"\d{4}-\d\d(?:-\d\d)?\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A glob that tables.yaml could declare.

    Attributes:
        table: A name for the table.
        glob: The glob; its captures are to be renamed.
        reason: What it was seen by.
    """

    table: str
    glob: str
    reason: str


def suggest(placed: Mapping[str, tuple[Location, ...]]) -> tuple[Suggestion, ...]:
    """Finds levels that look like columns among the files that were discovered."""
    folders: dict[tuple[str, Form], list[str]] = {}
    for path in sorted(placed):
        for where in placed[path]:
            if where.source == "discovery" and where.path != path:
                folders.setdefault((where.path, where.form), []).append(path[len(where.path) + 1 :])
    found = [*_siblings(folders)]
    covered = {container for container, _ in found}
    for (folder, form), files in sorted(folders.items()):
        if folder.rpartition("/")[0] not in covered:
            found.extend((folder, one) for one in _levels(folder, form, files))
    return tuple(suggestion for _, suggestion in found)


def _siblings(
    folders: Mapping[tuple[str, Form], list[str]],
) -> Iterator[tuple[str, Suggestion]]:
    """Sees containers whose record folders hold folders or files of the same names."""
    containers: dict[str, dict[str, list[str]]] = {}
    for (folder, _), files in sorted(folders.items()):
        container, _, name = folder.rpartition("/")
        if container and not is_container(name):
            containers.setdefault(container, {}).setdefault(name, []).extend(files)
    for container, below in sorted(containers.items()):
        counts: dict[str, int] = {}
        for files in below.values():
            for child in {file.partition("/")[0] for file in files}:
                counts[child] = counts.get(child, 0) + 1
        common = max(counts.values())
        every = [f"{name}/{file}" for name, files in below.items() for file in files]
        depths = {file.count("/") for file in every}
        if common < _FEWEST_SIBLINGS or common * 2 < len(below) or len(depths) > 1:
            continue
        glob = f"{container}/{_captures(depths.pop())}{_ending(every)}"
        reason = f"{len(below)} folders of {container}/ hold the same names"
        name = container.rpartition("/")[2]
        yield container, Suggestion(table=name, glob=glob, reason=reason)


def _levels(folder: str, form: Form, files: list[str]) -> Iterator[Suggestion]:
    """Sees a record folder whose files all lie equally deep, or whose files are like a column."""
    table = folder.rpartition("/")[2]
    depths = {file.count("/") for file in files}
    depth = depths.pop()
    if depths or len(files) < _FEWEST_SIBLINGS:
        return
    if depth and all(_repeats(files, level) for level in range(depth)):
        values = len({file.partition("/")[0] for file in files})
        glob = f"{folder}/{_captures(depth)}{_ending(files)}"
        reason = f"its {len(files)} files lie in {values} folders, all equally deep"
        yield Suggestion(table=table, glob=glob, reason=reason)
    elif form == Form.ROWS and not depth:
        glob = f"{folder}/{_ending(files, _file_name(files))}"
        yield Suggestion(table=table, glob=glob, reason=f"it is made of {len(files)} files")


def _repeats(files: list[str], level: int) -> bool:
    values = {file.split("/")[level] for file in files}
    return 1 < len(values) <= len(files) // 2


def _captures(depth: int) -> str:
    return "".join(f"{{level{i + 1}}}/" for i in range(depth))


def _ending(files: list[str], name: str = "key") -> str:
    endings = sorted({extension_of(file) for file in files})
    choice = endings[0] if len(endings) == 1 else "{" + ",".join(endings) + "}"
    names = {stem(file) for file in files}
    if len(names) == 1 and name == "key":
        return f"{names.pop()}{choice}"
    return f"{{{name}}}{choice}"


def _file_name(files: list[str]) -> str:
    stems = [stem(file) for file in files]
    if all(_YEAR.match(text) for text in stems):
        return "year"
    return "date" if all(_DATE.match(text) for text in stems) else "file"
