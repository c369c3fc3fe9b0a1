"""PIVOT without a list of values, made readable for DuckDB's tree.

DuckDB serializes `PIVOT t ON a IN (1)` but not `PIVOT t ON a`, because it has to look the values
up first. For analysis alone a list is put in; the text that runs is never touched.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ingitdb.sql.tokens import Tokens

_LISTED = ") IN (1)"
_ENDS = frozenset(
    [
        "USING",
        "GROUP",
        "ORDER",
        "LIMIT",
        "OFFSET",
        "UNION",
        "EXCEPT",
        "INTERSECT",
        "WHERE",
        "HAVING",
        "QUALIFY",
        "WINDOW",
        "SELECT",
    ]
)


@dataclass(frozen=True, slots=True)
class Instrumented:
    """A text with insertions, and the way back.

    Attributes:
        text: The text to parse.
        inserts: What was put in, and where in the original text; ascending.
    """

    text: str
    inserts: Sequence[tuple[int, str]]

    def original(self, index: int) -> int:
        """Gives the index in the original text of one in this text."""
        shift = 0
        for position, inserted in self.inserts:
            if index - shift < position:
                break
            shift += min(len(inserted), index - shift - position)
        return index - shift


def list_pivot_values(tokens: Tokens, text: str) -> Instrumented | None:
    """Gives every dynamic PIVOT a list of values; None where there is no PIVOT … ON.

    Example: `PIVOT t ON a, b USING sum(c)` becomes
    `PIVOT t ON (a) IN (1), (b) IN (1) USING sum(c)`.
    """
    found: dict[int, str] = {}
    for at, token in enumerate(tokens):
        if token.word in ("PIVOT", "PIVOT_WIDER"):
            for start, end in _columns(tokens, at + 1):
                found.update({start: "(", end: _LISTED})
    if not found:
        return None
    inserts = sorted(found.items())
    pieces, before = [], 0
    for place, inserted in inserts:
        pieces += [text[before:place], inserted]
        before = place
    return Instrumented("".join([*pieces, text[before:]]), inserts)


def _columns(tokens: Tokens, at: int) -> list[tuple[int, int]]:
    """Gives where each expression after ON begins and ends, if no list of values follows it."""
    first = _last_on(tokens, at)
    if first is None:
        return []
    found, depth, is_listed, at = [], 0, False, first
    while True:
        token = tokens[at]
        is_end = not token.text or (depth == 0 and (token.text in ");" or token.word in _ENDS))
        if is_end or (depth == 0 and token.text == ","):
            if not is_listed and at > first:
                found.append((tokens[first].start, tokens[at - 1].end))
            is_listed, first = False, at + 1
            if is_end:
                return found
        elif depth == 0 and token.word == "IN":
            is_listed = True
        depth += (token.text in ("(", "[", "{")) - (token.text in (")", "]", "}"))
        at += 1


def _last_on(tokens: Tokens, at: int) -> int | None:
    """Finds what follows the ON of a PIVOT; a join inside its source may have one of its own."""
    found, depth = None, 0
    while sign := tokens[at].text:
        if depth == 0:
            if sign in ");" or (tokens[at].word in _ENDS and found is not None):
                break
            if tokens[at].word == "ON":
                found = at + 1
        depth += (sign in ("(", "[", "{")) - (sign in (")", "]", "}"))
        at += 1
    return found
