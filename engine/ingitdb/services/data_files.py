"""The files of a state that hold records, and how each is to be read on its own."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from ingitdb.catalog.content import summarize
from ingitdb.catalog.globs import template
from ingitdb.catalog.layout import Layout
from ingitdb.catalog.records import INDEX_COLUMN, PARENT_COLUMN, WHOLE
from ingitdb.catalog.references import KEY_COLUMN
from ingitdb.formats.registry import by_name, by_path, name_of
from ingitdb.model.history import EXECUTABLE, REGULAR
from ingitdb.model.ports import Format
from ingitdb.model.records import DEFAULT_OPTIONS, FormatFault
from ingitdb.model.tables import Form, Location
from ingitdb.services.database import Database
from ingitdb.services.record_text import Reading

if TYPE_CHECKING:
    from ingitdb.model.identifiers import BlobId

_MODES = (REGULAR, EXECUTABLE)
_CAPTURE = re.compile(r"\{[A-Za-z_]\w*(?:\.\d+)?\}", re.ASCII)
_CHOICE = re.compile(r"\{([^{}\[\]]*,[^{}\[\]]*)\}")
_MOST_ALTERNATIVES = 16
_WILD = re.compile(r"[*?\[]")
_OURS = re.compile(r"[{}\\]|(?<![/*])\*\*|\*\*(?![/*])|\*\*\*")
"""What our templates mean otherwise than other globs, or what those do not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFile:
    """A file with records.

    Attributes:
        path: As the database has it: relative to the folder that it is narrowed to.
        table: The name of its table.
        folder: The folder below which all files of the extension may belong to the table, or None
            where its files lie beside those of others.
        glob: The glob of the table's files, with `**` for folders; None where there is none.
        reading: How its records are found in it.
    """

    path: str
    table: str
    folder: str | None
    glob: str | None
    reading: Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFiles:
    """All files of a state, and those of them that hold records.

    Attributes:
        globs: All files that each glob of theirs matches.
    """

    paths: Sequence[str]
    found: Sequence[DataFile]
    globs: Mapping[str, Sequence[str]]


def data_files(database: Database, ref: str | None = None) -> DataFiles:
    """Finds the files with records; one that cannot be read is none."""
    repository, commit = database.repository, database._allowed(ref)
    entries = repository.tree(commit)
    objects = repository.objects()
    layout = Layout.read(entries.keys(), lambda path: objects.read(entries[path].blob))
    paths = sorted(path for path, entry in entries.items() if entry.mode in _MODES)
    by_blob: dict[BlobId, list[str]] = {}
    for path in paths:
        if layout.claim(path).excluded is None:
            by_blob.setdefault(entries[path].blob, []).append(path)
    found = [
        _file(path, locations)
        for blob, data in objects.read_many(by_blob)
        if data is not None
        for path in by_blob[blob]
        if (locations := _located(layout, path, data))
    ]
    globs = {file.glob for file in found if file.glob is not None}
    return DataFiles(
        paths=paths,
        found=sorted(found, key=lambda file: file.path),
        globs={glob: _matched(glob, paths) for glob in globs},
    )


def _located(layout: Layout, path: str, data: bytes) -> tuple[Location, ...]:
    form, options = by_path(path), DEFAULT_OPTIONS
    for declared in layout.claim(path).locations:
        form, options = _format(declared, path), declared.options
    if form is None:
        return ()
    try:
        return layout.locate(path, summarize(form.read(data, options)))
    except FormatFault:
        return ()


def _format(location: Location, path: str) -> Format | None:
    return by_name(location.format) if location.format else by_path(path)


def _file(path: str, locations: Sequence[Location]) -> DataFile:
    where = locations[0]
    is_declared = where.source != "discovery"
    pointer = where.pointer if is_declared and where.pointer != WHOLE else None
    form = where.format if where.format != name_of(path) else None
    outside = {*where.captures, KEY_COLUMN, INDEX_COLUMN, PARENT_COLUMN}
    reading = Reading(
        single=where.form == Form.RECORD,
        key=tuple(name for name in where.declaration.primary_key if name not in outside),
        pointer=pointer,
        format=form,
        options=where.options,
    )
    if len(locations) > 1:  # the file is shown for all of its tables
        reading = replace(reading, key=(), pointer=None)
    return DataFile(
        path=path,
        table=where.name,
        folder=_folder(path, where),
        glob=_glob(path, where),
        reading=reading,
    )


def _folder(path: str, where: Location) -> str | None:
    """Gives the folder of a table that takes all files below it."""
    if where.source == "discovery" and where.path != path:
        return where.path
    return None


def _glob(path: str, where: Location) -> str | None:
    """Gives the template of a declared table as the plain glob that matches a file of its."""
    if where.source == "discovery":
        return None
    name = f"/{where.key_from_name}" if where.key_from_name is not None else ""
    for text in _alternatives(f"{where.path}{name}".removeprefix("/")):
        glob = _CAPTURE.sub("*", text)
        is_plain = _WILD.search(glob) and not _OURS.search(f"/{glob}")
        if is_plain and template(text).pattern.fullmatch(path):
            return glob
    return None


@cache
def _alternatives(text: str) -> Sequence[str]:
    """Gives a template once for each way of choosing from its `{a,b}`; nothing if they are many."""
    choice = _CHOICE.search(text)
    if choice is None:
        return (text,)
    found: list[str] = []
    for option in choice[1].split(","):
        found += _alternatives(f"{text[: choice.start()]}{option}{text[choice.end() :]}")
    return found if len(found) <= _MOST_ALTERNATIVES else ()


def _matched(glob: str, paths: Sequence[str]) -> Sequence[str]:
    pattern = template(glob).pattern
    return [path for path in paths if pattern.fullmatch(path)]
