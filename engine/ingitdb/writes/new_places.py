"""Where new records belong whose place says a part of them: captures of a path, parents, keys."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ingitdb.catalog.globs import (
    choices,
    filled,
    first_choices,
    literal_start,
    template,
    template_text,
)
from ingitdb.catalog.records import PARENT_COLUMN
from ingitdb.catalog.spelled_cells import text_of
from ingitdb.errors import WriteError
from ingitdb.model.records import Value
from ingitdb.model.tables import Form, Location

_UNSAFE = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]|^\.|\A\Z')
"""What some system does not take in a folder's or file's name, or takes for something else."""
_LONGEST = 255
"""So many bytes a name may have on common file systems."""
_PART = f"{PARENT_COLUMN}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a new record belongs.

    Attributes:
        path: Its file.
        like: A file of the table in whose style it is written; None where there is none.
        key: Its key in the file.
        parent: The key of its parent; None where it has none.
    """

    path: str
    like: str | None
    key: str | None
    parent: str | None


@dataclass(frozen=True)
class Places:
    """The places of one table that has captures.

    Attributes:
        table: The table's name.
        location: A location of it.
        text: The template of its paths.
        paths: Its files.
        stands: Tells whether any path of the commit begins with a text.
    """

    table: str
    location: Location
    text: str
    paths: Sequence[str]
    stands: Callable[[str], bool]

    def of(self, key: str | None, given: Mapping[str, str]) -> Place:
        """Gives the place of a record.

        Args:
            key: Its key, with that of its parent or without.
            given: What its columns say of its place.

        Raises:
            WriteError: They do not say enough, or make no path.
        """
        values, own = dict(given), key
        if PARENT_COLUMN in self.location.captures and key is not None:
            values, own = self._below_parent(key, values)
        values = {**self._alike, **values}
        parts = self._checked(values, own)
        same = self._by_place.get(tuple(values[name] for name in self.location.captures))
        like = same or (self.paths[-1] if self.paths else None)
        path = self._path(parts, like, is_same=same is not None)
        wanted = values if own is None or "key" not in self._names else {**values, "key": own}
        if path is None or not wanted.items() <= self._captures(path).items():
            raise WriteError(
                f"It is open which file a new record of {self.table} belongs to: {self.text}.",
                hint="Commit a first file there with git.",
            )
        return Place(path=path, like=like, key=own, parent=values.get(PARENT_COLUMN))

    def _checked(self, values: Mapping[str, str], key: str | None) -> dict[str, str]:
        """Gives what to fill the template with."""
        missing = [name for name in self.location.captures if name not in values]
        if missing:
            raise WriteError(
                f"It is open where a new record of {self.table} belongs:"
                f" {', '.join(missing)} would follow from its place.",
                hint="Give it with the other columns.",
            )
        parts = dict(self._parts(values))
        if "key" in self._names:
            if key is None:
                raise WriteError(
                    f"A record of {self.table} needs a key: the column _key.",
                    hint="Give it with the other columns.",
                )
            parts["key"] = key
        for name, value in parts.items():
            if _UNSAFE.search(value):
                shown = "_key" if name == "key" else name.partition(".")[0]
                raise WriteError(f"{shown}: {value!r} makes no name for a file or folder.")
        return parts

    @cached_property
    def _by_place(self) -> dict[tuple[str | None, ...], str]:
        """The last file of each place."""
        said = ((self._captures(path), path) for path in self.paths)
        return {tuple(map(one.get, self.location.captures)): path for one, path in said}

    @cached_property
    def _alike(self) -> dict[str, str]:
        """What the paths of all files say."""
        columns = zip(*self._by_place, strict=True)
        found = zip(self.location.captures, map(set, columns), strict=False)
        return {name: one for name, (one, *more) in found if not more and one is not None}

    @property
    def _names(self) -> tuple[str, ...]:
        return template(self.text).names

    def _captures(self, path: str) -> dict[str, str]:
        return template(self.text).captures(path) or {}

    def _below_parent(self, key: str, values: dict[str, str]) -> tuple[dict[str, str], str]:
        """Takes a key apart into its parent's and its own."""
        parent = values.get(PARENT_COLUMN)
        depth = sum(name == PARENT_COLUMN or name.startswith(_PART) for name in self._names)
        if parent is not None:
            return values, key.removeprefix(f"{parent}/")
        steps = key.split("/")
        if len(steps) <= depth:
            raise WriteError(
                f"A record of {self.table} needs its parent: {key!r} does not say it.",
                hint=f"Give {PARENT_COLUMN}, or a key such as 'parent/{key}'.",
            )
        values = {**values, PARENT_COLUMN: "/".join(steps[:depth])}
        return values, "/".join(steps[depth:])

    def _parts(self, values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """Gives the values of captures by the names that the template has for them."""
        depth = sum(name.startswith(_PART) for name in self._names)
        for name, value in values.items():
            if name != PARENT_COLUMN or not depth:
                yield name, value
                continue
            steps = value.split("/")
            if len(steps) != depth:
                raise WriteError(f"{value!r} is no key of a parent of {self.table}.")
            yield from ((f"{_PART}{at}", step) for at, step in enumerate(steps, 1))

    def _path(self, parts: Mapping[str, str], like: str | None, *, is_same: bool) -> str | None:
        """Gives the path; a wildcard stands for what it does in the same folder only."""
        first = first_choices(self.text)
        chosen = choices(self.text, like) if like is not None else None
        if is_same and chosen is not None and "key" in self._names:
            return filled(self.text, parts, chosen)
        if is_same:
            return like
        if first is None:
            return None
        path = filled(self.text, parts, first if chosen is None else chosen)
        return self._where_parent_stands(path, parts, first) or path

    def _where_parent_stands(
        self, path: str, parts: Mapping[str, str], first: Sequence[str]
    ) -> str | None:
        """Gives the path below the folder that a parent has already; None if it has none."""
        if PARENT_COLUMN not in self.location.captures:
            return None
        start = literal_start(self.text)
        parent = "/".join(value for name, value in parts.items() if name.startswith(PARENT_COLUMN))
        own = first[0]
        for folder in dict.fromkeys((own, "")):
            if "/" not in parent and self.stands(f"{start}{folder}{parent}/"):
                rest = path[path.index(f"{parent}/", len(start)) :]
                return f"{start}{folder}{rest}"
        return None


def captured(location: Location, fields: Mapping[str, Value]) -> dict[str, str]:
    """Gives what a record's fields say of its place."""
    texts = ((name, text_of(fields.get(name))) for name in location.captures)
    return {name: text for name, text in texts if text is not None}


def check_name(path: str) -> None:
    """Returns if common file systems take the names of a new file and its folders.

    Raises:
        WriteError: One is too long.
    """
    for name in path.split("/"):
        size = len(name.encode("utf-8", "surrogateescape"))
        if size > _LONGEST:
            raise WriteError(
                f"{name[:40]!r}… makes no name for a file: it would have {size} bytes.",
                hint=f"At most {_LONGEST} are possible.",
            )


def places_of(
    table: str, location: Location, paths: Sequence[str], stands: Callable[[str], bool]
) -> Places | None:
    """Gives the places of a table; None where what is captured does not say them."""
    text = template_text(location) if location.captures else None
    if text is None or (location.form == Form.RECORD and "key" not in template(text).names):
        return None
    return Places(table, location, text, paths, stands)
