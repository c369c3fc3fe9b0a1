"""Lines of Git attributes that lead to the files with records, one a folder where that will do.

A pattern is so wide only where all files that it matches now have the same driver.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from ingitdb.catalog.wellknown import ROWS_EXTENSIONS
from ingitdb.formats.registry import extension_of

_SPECIAL = re.compile(r"[\\*?\[]")
_NEEDS_QUOTES = re.compile(r'[\s"\x00-\x1f\x7f]')
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def attribute_lines(
    drivers: Mapping[str, str],
    paths: Sequence[str],
    *,
    folders: Iterable[str] = (),
    globs: Mapping[str, Sequence[str]] | None = None,
) -> list[str]:
    """Gives the lines that set the driver of each file.

    Args:
        drivers: The files with the names of their drivers.
        paths: All files.
        folders: Folders that may take files of an extension as a whole.
        globs: Globs that may stand for the files that they match.

    Example:
        >>> attribute_lines({"a/b/x.yaml": "records"}, ["a/b/x.yaml", "a/y.md"], folders=["a"])
        ['/a/**/*.yaml diff=records']
    """
    named = {
        path: glob
        for glob, matched in (globs or {}).items()
        if _agree(matched, drivers)
        for path in matched
    }
    wide = set(folders)
    below = _grouped(paths, drivers, lambda path: [f for f in _ancestors(path) if f in wide])
    beside = _grouped(paths, drivers, lambda path: [path.rpartition("/")[0]])
    found: dict[str, str] = {}
    for path in sorted(drivers):
        glob = named.get(path)
        pattern = f"/{glob}" if glob else next(_patterns(path, below, beside))
        found[pattern] = drivers[path]
    return [f"{_quoted(pattern)} diff={driver}" for pattern, driver in found.items()]


def literal(text: str) -> str:
    """Writes a text so that a pattern matches nothing but it."""
    return _SPECIAL.sub(lambda found: f"\\{found[0]}", text)


_Groups = Mapping[tuple[str, str], int]
"""How many files of an extension there are at a folder, where all have one driver."""


def _patterns(path: str, below: _Groups, beside: _Groups) -> Iterator[str]:
    """Gives the patterns that may stand for a file, the widest first."""
    suffix = _suffix(path)
    head = path.rpartition("/")[0]
    for folder in reversed(_ancestors(path)):
        if (folder, suffix) in below:
            yield f"/{literal(folder)}/**/*{literal(suffix)}"
    may_grow = bool(head) or suffix.lower() in ROWS_EXTENSIONS
    if may_grow and beside.get((head, suffix), 0) > 1:
        yield f"{literal(f'/{head}' if head else '')}/*{literal(suffix)}"
    yield f"/{literal(path)}"


def _grouped(
    paths: Iterable[str], drivers: Mapping[str, str], places: Callable[[str], Iterable[str]]
) -> _Groups:
    found: dict[tuple[str, str], list[str]] = {}
    for path in paths:
        for place in places(path):
            found.setdefault((place, _suffix(path)), []).append(path)
    return {group: len(files) for group, files in found.items() if _agree(files, drivers)}


def _agree(paths: Sequence[str], drivers: Mapping[str, str]) -> bool:
    """Tells whether there are files, and all have one driver."""
    found = {drivers.get(path) for path in paths}
    return len(found) == 1 and None not in found


def _ancestors(path: str) -> list[str]:
    """Gives the folders above a file, the deepest first, without the root."""
    found = []
    while path := path.rpartition("/")[0]:
        found.append(path)
    return found


def _suffix(path: str) -> str:
    """Gives a file's extension as it is spelled."""
    return path[len(path) - len(extension_of(path)) :]


def _quoted(pattern: str) -> str:
    if not _NEEDS_QUOTES.search(pattern):
        return pattern
    return '"' + "".join(_ESCAPES.get(character, character) for character in pattern) + '"'
