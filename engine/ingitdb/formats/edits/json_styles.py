"""How a JSON file is written: its indentation, blanks, line breaks and escapes, as far as seen."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ingitdb.formats.edits.json_nodes import indent_at

_SAMPLE = 65_536
"""Bytes from the start of a file that are looked at for its layout."""

_TOKEN = re.compile(
    rb'"(?:[^"\\]|\\.)*+"(?P<colon>[ \t\r\n]*:[ \t\r\n]*)?'
    rb"|,(?P<comma>[ \t\r\n]*)|(?P<open>[{\[])(?P<pad>[ \t\r\n]*)|[}\]]",
    re.DOTALL,
)
_BREAK = re.compile(rb"\r\n|\n|\r")
_ESCAPE = re.compile(rb"\\(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)
_SLASH = re.compile(rb"\\.|/", re.DOTALL)
_OF_MARKUP = frozenset({b"003c", b"003e", b"0026"})

Sort: TypeAlias = tuple[bool, bool]
"""Of a container: whether it is a map, and whether it holds other containers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    r"""Which characters of texts are escaped.

    Attributes:
        is_ascii: Whether all are that ASCII does not print.
        slash: Whether `/` is.
        markup: Whether `<`, `>` and `&` are, as for a page in HTML.
        upper: Whether the digits of `\u00F8` are capitals.
    """

    is_ascii: bool = False
    slash: bool = False
    markup: bool = False
    upper: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """The layout of a file.

    Attributes:
        newline: The line end.
        unit: What a level is indented by.
        colon: What stands between a key and its value.
        comma: What stands after a comma within a line.
        pads: What stands inside the brackets of a list, and of a map, within a line.
        empty: What stands inside the brackets of an empty one; a line break for two lines.
        broken: For the containers of a depth and sort, whether they are broken over lines.
        breaks: Whether containers of an unseen sort are.
        one_line: Whether no container ever may be.
    """

    newline: str = "\n"
    unit: str = "  "
    colon: str = ": "
    comma: str = " "
    pads: tuple[str, str] = ("", "")
    empty: str = ""
    broken: Mapping[tuple[int, Sort], bool] = field(default_factory=dict)
    breaks: bool = True
    one_line: bool = False

    def known(self, depth: int, sort: Sort) -> bool | None:
        """Tells whether containers of a sort are broken over lines at a depth, if any was seen."""
        return self.broken.get((depth, sort))

    def is_broken(self, depth: int, sort: Sort) -> bool:
        """Tells whether a container is to be broken over lines."""
        found = self.known(depth, sort)
        if found is None:
            votes = [broken for (_, other), broken in self.broken.items() if other == sort]
            return sum(votes) * 2 > len(votes) if votes else self.breaks
        return found


def letters_of(raw: bytes) -> Letters:
    """Finds out which characters a file escapes: those that it never writes as they are."""
    codes = set(_ESCAPE.findall(raw)) - {b""} if b"\\u" in raw else set()
    digits = b"".join(codes)
    plain = {code.lower() for code in codes}
    return Letters(
        is_ascii=raw.isascii() and any(code >= b"007f" for code in plain),
        slash=b"\\/" in raw and b"/" not in (found := _SLASH.findall(raw)) and b"\\/" in found,
        markup=not plain.isdisjoint(_OF_MARKUP) and not any(c in raw for c in (b"<", b">", b"&")),
        upper=digits != digits.lower() and digits == digits.upper(),
    )


def style_of(raw: bytes, *, one_line: bool = False) -> Style:
    """Finds out the layout of a file by its beginning.

    Args:
        raw: The file.
        one_line: Whether a value must not be broken over lines.
    """
    seen = _Seen(raw)
    for token in _TOKEN.finditer(raw, 0, _SAMPLE):
        seen.take(token)
    return seen.style(one_line=one_line)


@dataclass(slots=True, kw_only=True)
class _Opened:
    """A container that is not closed yet; an empty one tells nothing."""

    is_map: bool
    is_broken: bool
    is_empty: bool
    holds: bool = False


class _Seen:
    """What the tokens of a file have shown so far."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._open: list[_Opened] = []
        self._breaks: dict[tuple[int, Sort], Counter[bool]] = {}
        self._colons: Counter[bytes] = Counter()
        self._commas: Counter[bytes] = Counter()
        self._pads: tuple[Counter[bytes], Counter[bytes]] = (Counter(), Counter())
        self._units: Counter[str] = Counter()
        self._empty: Counter[str] = Counter()

    def take(self, token: re.Match[bytes]) -> None:
        """Takes notice of the next token."""
        if token["open"]:
            self._take_opening(token)
        elif token["colon"]:
            self._colons[token["colon"]] += 1
        elif token["comma"] is not None:
            before = self._raw[token.start() - 1 : token.start()]
            if not before.isspace() and not _BREAK.search(token["comma"]):
                self._commas[token["comma"]] += 1
        elif token[0] in b"]}" and self._open:
            self._close()

    def style(self, *, one_line: bool) -> Style:
        """Gives what most of them have shown."""
        while self._open:
            self._close()
        found = _BREAK.search(self._raw)
        colon = _most(self._colons, b": ")
        return Style(
            newline=found[0].decode() if found else "\n",
            unit=_most(self._units, "  "),
            colon=colon.decode(),
            comma=_most(self._commas, b" " if colon.endswith(b" ") else b"").decode(),
            pads=(_most(self._pads[False], b"").decode(), _most(self._pads[True], b"").decode()),
            empty=_most(self._empty, ""),
            broken={key: votes[True] > votes[False] for key, votes in self._breaks.items()},
            breaks=not one_line and (not self._breaks or bool(self._units)),
            one_line=one_line,
        )

    def _take_opening(self, token: re.Match[bytes]) -> None:
        if self._open:
            self._open[-1].holds = True
        end, pad = token.end(), token["pad"]
        found = _Opened(
            is_map=token["open"] == b"{",
            is_broken=_BREAK.search(pad) is not None,
            is_empty=self._raw[end : end + 1] in (b"]", b"}", b""),
        )
        self._open.append(found)
        if found.is_empty:
            self._empty["\n" if found.is_broken else pad.decode()] += 1
            return
        if not found.is_broken:
            self._pads[found.is_map][pad] += 1
            return
        base, inner = indent_at(self._raw, token.start()), indent_at(self._raw, end)
        if inner.startswith(base):
            self._units[inner.removeprefix(base)] += 1

    def _close(self) -> None:
        last = self._open.pop()
        if not last.is_empty:
            sort = last.is_map, last.holds
            self._breaks.setdefault((len(self._open), sort), Counter())[last.is_broken] += 1


def _most(votes: Counter[Any], default: Any) -> Any:
    return votes.most_common(1)[0][0] if votes else default
