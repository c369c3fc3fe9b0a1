"""Path templates: globs whose `{names}` capture a part of the path.

`*` and `?` stay inside one path segment, `**` crosses folders, `[ab]` is one of these characters,
`{a,b}` is one of these texts, `{name}` captures a part of a segment. Where `{key}` stands more than
once, its first place counts. `{name.1}`, `{name.2}` … are the parts of one capture, joined by `/`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from ingitdb.model.tables import Location

_SPECIAL = re.compile(r"[*?\[\]{}]")
_CLASS = r"\[\]\]|\[[^\]/]+\]"
_PIECE = re.compile(rf"\*\*/|\*\*|\*|\?|{_CLASS}|\{{(?:{_CLASS}|[^{{}}])*\}}|.", re.DOTALL)
_COMMA = re.compile(r",(?!\])")
_WILDCARDS = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
_NAME = re.compile(r"[A-Za-z_]\w*(\.\d+)?\Z", re.ASCII)


class GlobInvalid(ValueError):
    """Raised for a template that cannot be read, with one sentence that says why."""


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled path template.

    Attributes:
        pattern: Matches whole paths; its groups are the captures, in order.
        names: The captures' names, in order.
    """

    pattern: re.Pattern[str]
    names: tuple[str, ...]

    def captures(self, path: str) -> dict[str, str] | None:
        """Gives what the template captures from a path; None where the path does not match."""
        match = self.pattern.fullmatch(path)
        if match is None:
            return None
        found: dict[str, str] = {}
        for name, text in zip(self.names, match.groups(), strict=True):
            whole, _, part = name.partition(".")
            found[whole] = f"{found[whole]}/{text}" if part and whole in found else text
        return found


@lru_cache(maxsize=4096)
def template(text: str) -> Template:
    """Compiles a path template.

    Raises:
        GlobInvalid: A brace or bracket is not closed, or a name is no identifier.

    Example:
        >>> template("data/{state}/{key}.yml").captures("data/ny/albany.yml")
        {'state': 'ny', 'key': 'albany'}
    """
    names: list[str] = []
    pattern = "".join([_translate(piece, names, text) for piece in _PIECE.findall(text)])
    return Template(re.compile(pattern, re.DOTALL), tuple(names))


def _translate(piece: str, names: list[str], text: str) -> str:
    if piece in _WILDCARDS:
        return _WILDCARDS[piece]
    if piece[0] == "[" and len(piece) > 1:
        return f"[{re.escape(piece[1:-1])}]"
    if piece[0] == "{" and len(piece) > 1:
        return _braces(piece[1:-1], names, text)
    if piece in "[]{}":
        raise GlobInvalid(f"The glob {text!r} has a {piece!r} without its partner.")
    return re.escape(piece)


def _braces(inner: str, names: list[str], text: str) -> str:
    choices = _COMMA.split(inner)
    if len(choices) > 1:
        return "(?:" + "|".join(_alternative(choice) for choice in choices) + ")"
    if _NAME.match(inner) is None:
        raise GlobInvalid(
            f"The glob {text!r} has {{{inner}}}: a capture is named with letters, digits and _."
        )
    if inner in names:
        if inner == "key":
            return "[^/]+"
        raise GlobInvalid(f"The glob {text!r} captures {{{inner}}} twice.")
    names.append(inner)
    return "([^/]+?)"


def _alternative(text: str) -> str:
    return "".join(
        _translate(piece, [], text) if piece[0] in "*?" or len(piece) > 2 else re.escape(piece)
        for piece in _PIECE.findall(text)
    )


def literal(path: str) -> str:
    """Writes a path so that a template matches nothing but this path."""
    return re.sub(r"[*?\[\]{}]", lambda m: f"[{m.group()}]", path)


def one_of(paths: list[str]) -> str:
    """Writes a template that matches just these paths."""
    if len(paths) == 1:
        return literal(paths[0])
    return "{" + ",".join(literal(p).replace(",", "[,]") for p in paths) + "}"


def is_literal(text: str) -> bool:
    """Tells whether a template has no wildcard and no capture."""
    return _SPECIAL.search(text) is None


def literal_folder(text: str) -> str:
    """Gives the deepest folder that all paths of a template lie in; empty for the root."""
    return literal_start(text).rpartition("/")[0]


def literal_start(text: str) -> str:
    """Gives what all paths of a template begin with."""
    special = _SPECIAL.search(text)
    return text if special is None else text[: special.start()]


def template_of(location: Location) -> Template | None:
    """Compiles the template of a declared location; None for a discovered one."""
    text = template_text(location)
    return None if text is None else template(text)


def template_text(location: Location) -> str | None:
    """Gives the template of a declared location; None for a discovered one."""
    if location.source == "discovery":
        return None
    if location.key_from_name is None:
        return location.path
    folder = f"{location.path}/" if location.path else ""
    return f"{folder}{location.key_from_name}"


def choices(text: str, path: str) -> tuple[str, ...] | None:
    """Gives what stands in a path for each wildcard and each choice of a template, in order.

    Example:
        >>> choices("{a,b}/{key}.*", "b/x.yml")
        ('b', 'yml')
    """
    names: list[str] = []
    pattern = ""
    for at, piece in enumerate(_PIECE.findall(text)):
        made = _translate(piece, names, text)
        pattern += f"(?P<open{at}>{made})" if _is_open(piece) else made
    match = re.compile(pattern, re.DOTALL).fullmatch(path)
    return None if match is None else tuple(match.groupdict().values())


def first_choices(text: str) -> tuple[str, ...] | None:
    """Gives the first of each choice of a template; None where it has wildcards."""
    found: list[str] = []
    for piece in filter(_is_open, _PIECE.findall(text)):
        texts = _COMMA.split(piece[1:-1])
        if len(texts) < 2 or re.search(r"[*?]|\[..", texts[0]):
            return None
        found.append(_plain(texts[0]))
    return tuple(found)


def filled(text: str, values: Mapping[str, str], chosen: Iterable[str]) -> str:
    """Gives the path of a template with some captures.

    Args:
        text: The template.
        values: What its captures are to be, by name; `name.1` … for the parts of one.
        chosen: What is to stand for each wildcard and each choice, in order.

    Example:
        >>> filled("{a,b}/{key}.*", {"key": "x"}, ["b", "yml"])
        'b/x.yml'
    """
    rest = iter(chosen)
    return "".join(
        next(rest)
        if _is_open(piece)
        else values[piece[1:-1]]
        if piece[0] == "{" and len(piece) > 1
        else _plain(piece)
        for piece in _PIECE.findall(text)
    )


def _is_open(piece: str) -> bool:
    """Tells whether several texts may stand for a piece, though it captures none of them."""
    if piece in _WILDCARDS:
        return True
    if len(piece) > 1 and piece[0] == "{":
        return len(_COMMA.split(piece[1:-1])) > 1
    return piece[0] == "[" and len(piece) > 3


def _plain(text: str) -> str:
    return re.sub(r"\[(.)\]", r"\1", text, flags=re.DOTALL)
