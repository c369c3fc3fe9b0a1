"""The manifest of a line of commits: which files hold it, and what no Parquet file can say.

A manifest is JSON of a fixed name, replaced atomically, with a checksum of its own; what it names
never changes.
"""

import hashlib
import os
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

import orjson

from ingitdb.errors import CacheCorrupt
from ingitdb.model.identifiers import CommitId
from ingitdb.model.records import Problem, ReadOptions
from ingitdb.model.tables import Declaration, DeclaredColumn, ForeignKey, Form, Location
from ingitdb.model.types import ColumnType, ListOf, MapOf, Scalar, Struct
from ingitdb.snapshots.segments import Segment

VERSION = 10
"""Raised whenever stored answers would differ: older manifests are then ignored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredField:
    """How a field is stored.

    Attributes:
        general: The column that holds it in every state, in a type that fits all but the odd.
        latest: In the file of standing states, a column in the type of the last commit; None
            where `general` has that type.
        odd: Shapes that contradict that type: a list where others have a map, and the like.
        source: Where there are odd shapes, a column with every state's value as JSON.
    """

    general: str
    latest: str | None
    odd: frozenset[int]
    source: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTable:
    """The states of the records that lie at one place.

    Attributes:
        storage: What names the place; see `Location.storage`.
        live: The states that stand at the end of the line, in the types of that commit.
        dead: The states that have ended, in types that hold every state; None without any.
        shapes: The file of all shapes, by number, with the count of standing records of each.
        head: What stands where in the standing states, spelled as a shape.
        place: What stands where in all states, spelled as a shape.
        columns: How each field is stored.
    """

    storage: str
    live: Segment
    dead: Segment | None
    shapes: Segment
    head: str
    place: str
    columns: Mapping[str, StoredField]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutSpan:
    """From an ordinal on, the tables that are declared and what is wrong with the declarations.

    Attributes:
        is_plain: Whether nothing is configured.
        expected: Paths, each with the problem that there is where it has no file.
    """

    start: int
    is_plain: bool
    declared: tuple[int, ...]
    problems: tuple[Problem, ...]
    expected: tuple[tuple[str, Problem], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFault:
    """A problem with a file and the interval in which it stood."""

    problem: Problem
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """All that is known about a line.

    Attributes:
        commits: Oldest first; a commit's place is its ordinal.
        locations: Every table location that occurred, by number.
        head_files: How many files hold records of each location at the last commit.
        placements: The file of placements.
    """

    commits: tuple[CommitId, ...]
    locations: tuple[Location, ...]
    layouts: tuple[LayoutSpan, ...]
    head_files: Mapping[int, int]
    placements: Segment
    tables: Mapping[str, StoredTable]
    faults: tuple[StoredFault, ...]

    @property
    def segments(self) -> list[Segment]:
        """Every file that the manifest names."""
        tables = [file for t in self.tables.values() for file in (t.live, t.dead, t.shapes)]
        return [self.placements, *(file for file in tables if file is not None)]

    def layout_at(self, ordinal: int) -> LayoutSpan:
        """Gives the layout that holds at an ordinal."""
        return [span for span in self.layouts if span.start <= ordinal][-1]


def save(manifest: Manifest, path: Path) -> None:
    """Writes a manifest so that readers see the old one or the new one, never a part."""
    body = orjson.dumps(packed(manifest), option=orjson.OPT_NON_STR_KEYS)
    mark = hashlib.blake2b(body, digest_size=16).hexdigest().encode()
    temporary = path.with_name(f".new-{os.getpid()}-{uuid.uuid4().hex}")
    with temporary.open("wb") as stream:
        stream.write(b"%d %s\n" % (VERSION, mark))
        stream.write(body)
    temporary.replace(path)


def load(path: Path) -> Manifest | None:
    """Reads a manifest; None where there is none of this version.

    Raises:
        CacheCorrupt: The bytes are not those that were written.
    """
    try:
        head, _, body = path.read_bytes().partition(b"\n")
    except FileNotFoundError:
        return None
    version, _, mark = head.partition(b" ")
    if version != b"%d" % VERSION:
        return None
    if hashlib.blake2b(body, digest_size=16).hexdigest().encode() != mark:
        raise CacheCorrupt(f"Cache manifest {path.name} is damaged.")
    return _manifest(orjson.loads(body))


def packed(value: Any) -> Any:
    """Turns our values into JSON's: data classes become maps, types their parts."""
    if isinstance(value, ListOf):
        return {"list": packed(value.item)}
    if isinstance(value, MapOf):
        return {"map": [packed(value.key), packed(value.value)]}
    if isinstance(value, Struct):
        return {"struct": [[name, packed(inner)] for name, inner in value]}
    if isinstance(value, Scalar):
        return value.name
    if is_dataclass(value):
        return {f.name: packed(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {name: packed(inner) for name, inner in value.items()}
    if isinstance(value, tuple | list | frozenset):
        return [packed(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _type(value: Any) -> ColumnType | None:
    if value is None:
        return None
    if isinstance(value, str):
        return Scalar(value)
    if "list" in value:
        return ListOf(_known_type(value["list"]))
    if "map" in value:
        return MapOf(_known_type(value["map"][0]), _known_type(value["map"][1]))
    return Struct(tuple((name, _known_type(inner)) for name, inner in value["struct"]))


def _known_type(value: Any) -> ColumnType:
    found = _type(value)
    if found is None:
        raise CacheCorrupt("A type is missing in the cache manifest.")
    return found


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


def _column(value: Mapping[str, Any]) -> DeclaredColumn:
    plain = {name: _frozen(inner) for name, inner in value.items() if name != "type"}
    return DeclaredColumn(**plain, type=_type(value["type"]))


def _declaration(value: Mapping[str, Any]) -> Declaration:
    parts: dict[str, Any] = {name: _frozen(inner) for name, inner in value.items()}
    parts["columns"] = tuple(_column(c) for c in value["columns"])
    parts["key"] = _column(value["key"]) if value["key"] else None
    parts["foreign_keys"] = tuple(
        ForeignKey(**{name: _frozen(inner) for name, inner in key.items()})
        for key in value["foreign_keys"]
    )
    return Declaration(**parts)


def location_of(value: Mapping[str, Any]) -> Location:
    """Gives the location that was packed."""
    parts: dict[str, Any] = {name: _frozen(inner) for name, inner in value.items()}
    options = {name: _frozen(inner) for name, inner in value["options"].items()}
    parts["options"] = ReadOptions(**options)
    parts["form"] = Form(value["form"])
    parts["declaration"] = _declaration(value["declaration"])
    return Location(**parts)


def _problems(values: Sequence[Mapping[str, Any]]) -> tuple[Problem, ...]:
    return tuple(Problem(**value) for value in values)


def _table(value: Mapping[str, Any]) -> StoredTable:
    return StoredTable(
        storage=value["storage"],
        live=Segment(**value["live"]),
        dead=Segment(**value["dead"]) if value["dead"] else None,
        shapes=Segment(**value["shapes"]),
        head=value["head"],
        place=value["place"],
        columns={
            name: StoredField(
                general=column["general"],
                latest=column["latest"],
                odd=frozenset(column["odd"]),
                source=column["source"],
            )
            for name, column in value["columns"].items()
        },
    )


def _manifest(value: Mapping[str, Any]) -> Manifest:
    return Manifest(
        commits=tuple(CommitId(c) for c in value["commits"]),
        locations=tuple(location_of(where) for where in value["locations"]),
        layouts=tuple(
            LayoutSpan(
                start=span["start"],
                is_plain=span["is_plain"],
                declared=tuple(span["declared"]),
                problems=_problems(span["problems"]),
                expected=tuple((path, Problem(**problem)) for path, problem in span["expected"]),
            )
            for span in value["layouts"]
        ),
        head_files={int(n): count for n, count in value["head_files"].items()},
        placements=Segment(**value["placements"]),
        tables={name: _table(table) for name, table in value["tables"].items()},
        faults=tuple(
            StoredFault(problem=Problem(**f["problem"]), start=f["start"], end=f["end"])
            for f in value["faults"]
        ),
    )
