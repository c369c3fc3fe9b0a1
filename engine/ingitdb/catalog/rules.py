"""Rules: which paths a declared table claims."""

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from ingitdb.catalog.content import Content
from ingitdb.catalog.globs import is_literal, literal_folder, template, template_of
from ingitdb.catalog.wellknown import ROWS_EXTENSIONS
from ingitdb.formats.registry import extension_of
from ingitdb.model.tables import Form, Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A declared table and the files that are its own.

    Attributes:
        location: The table; its form is a guess where `by_content` is set.
        by_content: Whether the content of each file decides the form.
        exclude_names: A regular expression; a file whose name has a match is left out.
        exclude: Path templates of files that are left out; one without `/` is for the name alone.
    """

    location: Location
    by_content: bool = False
    exclude_names: str | None = None
    exclude: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        """The deepest folder that all the rule's files lie in."""
        if self.location.key_from_name is None:
            return literal_folder(self.location.path)
        return literal_folder(f"{self.location.path}/x")

    def matches(self, path: str) -> bool:
        """Tells whether a file belongs to the table."""
        if not self._covers(path):
            return False
        name = path.rpartition("/")[2]
        if self.exclude_names is not None and _search(self.exclude_names, name):
            return False
        return not excludes(self.exclude, path)

    def leaves_out(self, path: str) -> bool:
        """Tells whether a file would belong to the table if `exclude` did not name it."""
        return bool(self.exclude) and self._covers(path) and excludes(self.exclude, path)

    def locate(self, content: Content) -> Location:
        """Gives the location of a file's records."""
        if not self.by_content:
            return self.location
        form = form_of(content, single=is_literal(self.location.path))
        return self.location if form == self.location.form else replace(self.location, form=form)

    def _covers(self, path: str) -> bool:
        compiled = template_of(self.location)
        if compiled is None or compiled.pattern.fullmatch(path) is None:
            return False
        if path.startswith(".") or "/." in path:
            return _hidden(path) <= _hidden(self.location.path)
        return True


def form_of(content: Content, *, single: bool) -> Form:
    """Decides how a declared file holds its records.

    Args:
        content: The file's outline.
        single: Whether the table is this one file, so that a map may hold many records.
    """
    if content.kind in ("list", "rows"):
        return Form.ROWS
    if single and content.kind == "map" and content.entries == "maps":
        return Form.ENTRIES
    if single and content.kind == "map" and content.entries == "lists":
        return Form.ENTRY_ITEMS
    return Form.RECORD


def guessed_form(path: str) -> Form:
    """Guesses the form of a declared table from its path template alone."""
    if extension_of(path) in ROWS_EXTENSIONS or is_literal(path):
        return Form.ROWS
    return Form.RECORD


def frozen(value: Any) -> Any:
    """Makes a value of a configuration file hashable: lists and maps become tuples."""
    if isinstance(value, list):
        return tuple(frozen(item) for item in value)
    if isinstance(value, dict):
        return tuple((name, frozen(item)) for name, item in value.items())
    return value


def inside(folder: str, path: str) -> str | None:
    """Joins a declared path to its folder; None where it leads out of the repository.

    Example:
        >>> inside("modules/geo", "../todo/./tags")
        'modules/todo/tags'
        >>> inside("", "../secrets") is None
        True
    """
    if path.startswith(("/", "~", "\\")) or "\\" in path or "\0" in path or re.match(r"\w:", path):
        return None
    joined = posixpath.normpath(posixpath.join(folder, path))
    if joined == ".":
        return ""
    return None if joined == ".." or joined.startswith(("../", "/")) else joined


def by_folder(rules: Iterable[Rule]) -> dict[str, tuple[Rule, ...]]:
    """Groups rules by the folder that their files lie in."""
    grouped: dict[str, tuple[Rule, ...]] = {}
    for rule in rules:
        grouped[rule.folder] = (*grouped.get(rule.folder, ()), rule)
    return grouped


def excludes(patterns: Iterable[str], path: str) -> bool:
    """Tells whether a path template leaves a file out; one without `/` is for the name alone."""
    name = path.rpartition("/")[2]
    return any(
        template(pattern).pattern.fullmatch(path if "/" in pattern else name) is not None
        for pattern in patterns
    )


def _hidden(path: str) -> frozenset[str]:
    """Gives the dot-folders and the dot-file of a path: a wildcard matches none of them."""
    return frozenset(part for part in path.split("/") if part.startswith("."))


@lru_cache(maxsize=1024)
def _regex(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _search(pattern: str, name: str) -> bool:
    return _regex(pattern).search(name) is not None
