"""Explicit casts of values that are written: `'x'::VARCHAR` and `CAST('x' AS VARCHAR)`."""

from ingitdb.model.ports import SqlParser
from ingitdb.sql.tokens import Token, Tokens

_OPENING, _CLOSING = ("(", "[", "{"), (")", "]", "}")


def cast_type(expression: str, parser: SqlParser) -> str | None:
    """Gives the type that an expression as a whole is cast to, as typed; None if it is not cast.

    Example:
        Of `(a + 1)::DOUBLE` it is `DOUBLE`; `a + 1::DOUBLE` is no cast as a whole.
    """
    tokens = list(Tokens(expression, parser))
    if not tokens:
        return None
    if tokens[0].word in ("CAST", "TRY_CAST") and _closing(tokens, 1) == len(tokens) - 1:
        at = next((n for n, t in _outside(tokens[2:-1]) if t.word == "AS"), None)
        return None if at is None else expression[tokens[at + 3].start : tokens[-2].end]
    at = next((n for n, t in _outside(tokens) if t.text == "::"), None)
    if at is None or at + 1 >= len(tokens) or not _is_one(tokens[:at]):
        return None
    return expression[tokens[at + 1].start : tokens[-1].end]


def cast_types_of_rows(rows: str, parser: SqlParser) -> list[str | None]:
    """Gives for each place in the rows of VALUES the type that all of them are cast to there."""
    tokens = list(Tokens(rows, parser))
    if not tokens or tokens[0].word != "VALUES":
        return []
    found: list[list[str | None]] = []
    at = 1
    while at < len(tokens) and tokens[at].text == "(":
        closing = _closing(tokens, at)
        if closing is None:
            return []
        found.append([cast_type(part, parser) for part in _parts(rows, tokens[at : closing + 1])])
        at = closing + 2
    if len({len(row) for row in found}) != 1:
        return []
    return [column[0] if len(set(column)) == 1 else None for column in zip(*found, strict=True)]


def _parts(text: str, tokens: list[Token]) -> list[str]:
    """Cuts what stands in brackets at its commas."""
    inside = tokens[1:-1]
    cuts = [token for _, token in _outside(inside) if token.text == ","]
    starts = [tokens[0].end, *(token.end for token in cuts)]
    ends = [*(token.start for token in cuts), tokens[-1].start]
    return [text[start:end] for start, end in zip(starts, ends, strict=True)]


def _is_one(tokens: list[Token]) -> bool:
    """Tells whether tokens are one value: a word, a text, a number, or brackets, perhaps called."""
    if len(tokens) == 1:
        return True
    start = next((n for n, token in enumerate(tokens) if token.text in _OPENING), None)
    is_called = start in (0, 1) and (start == 0 or tokens[0].is_word)
    return start is not None and is_called and _closing(tokens, start) == len(tokens) - 1


def _outside(tokens: list[Token]) -> list[tuple[int, Token]]:
    """Gives the tokens that stand in no brackets, with their places."""
    found, depth = [], 0
    for at, token in enumerate(tokens):
        depth -= token.text in _CLOSING
        if not depth and token.text not in _CLOSING:
            found.append((at, token))
        depth += token.text in _OPENING
    return found


def _closing(tokens: list[Token], at: int) -> int | None:
    """Gives the place of the bracket that closes the one at a place."""
    depth = 0
    for place in range(at, len(tokens)):
        depth += tokens[place].text in _OPENING
        depth -= tokens[place].text in _CLOSING
        if not depth:
            return place
    return None
