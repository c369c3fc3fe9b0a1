"""The words of a statement, as DuckDB's own tokenizer cuts them.

DuckDB's tokenizer costs 4 µs for a usual query and is the parser's own, so the two never
disagree about strings, dollar quotes and nested comments. It counts bytes; here everything is
turned into indexes of the Python string.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from ingitdb.model.ports import SqlParser
from ingitdb.sql.texts import Text

KEYWORD: Final = "keyword"
IDENTIFIER: Final = "identifier"
NUMBER: Final = "numeric_const"
STRING: Final = "string_const"
OPERATOR: Final = "operator"
COMMENT: Final = "comment"

_WORDS = (KEYWORD, IDENTIFIER)
_BLANKS: Final = " \t\n\r\v\f"
# What DuckDB's parser reads as a blank though its tokenizer takes it for a letter.
_WIDE_BLANKS: Final = frozenset(
    "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b\u200c\u200d"
    "\u202f\u205f\u2060\u3000\ufeff"
)
_TO_SPACES: Final = dict.fromkeys(map(ord, _WIDE_BLANKS), " ")


@dataclass(frozen=True, slots=True)
class Token:
    """A word, number, string or sign, with its place."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def is_word(self) -> bool:
        """Whether it is a keyword or a name, quoted or not."""
        return self.kind in _WORDS

    @property
    def is_quoted(self) -> bool:
        """Whether it is a name in double quotes."""
        return self.text.startswith('"')

    @property
    def word(self) -> str:
        """Gives an unquoted word in upper case; the empty text for everything else."""
        if self.kind in _WORDS and not self.text.startswith('"'):
            return self.text.upper()
        return ""

    @property
    def name(self) -> str:
        """Gives the name that a word stands for, without its quotes."""
        return self.text[1:-1].replace('""', '"') if self.is_quoted else self.text

    @property
    def value(self) -> str | None:
        """Gives the value of a plain string; None where it is none, or has escapes."""
        if self.kind != STRING:
            return None
        if self.text.startswith("'") and self.text.endswith("'") and len(self.text) > 1:
            return self.text[1:-1].replace("''", "'")
        if self.text.startswith("$"):
            tag = self.text[: self.text.index("$", 1) + 1]
            if len(self.text) >= 2 * len(tag) and self.text.endswith(tag):
                return self.text[len(tag) : -len(tag)]
        return None


class Offsets:
    """Turns DuckDB's byte offsets into indexes of a string and back."""

    __slots__ = ("_bytes",)

    def __init__(self, text: str) -> None:
        self._bytes: list[int] | None = None
        if not text.isascii():
            position, table = 0, []
            for character in text:
                table.append(position)
                position += len(character.encode("utf-8", "surrogatepass"))
            self._bytes = [*table, position]

    def index(self, byte: int) -> int:
        """Gives the index of the character that holds a byte."""
        if self._bytes is None:
            return byte
        return max(0, bisect_right(self._bytes, byte) - 1)


class Tokens:
    """The tokens of one text, without comments.

    Attributes:
        text: The text as the user wrote it.
        plain: The same with unusual blanks replaced by spaces; as long as `text`.
        offsets: Turns byte offsets of `plain` into indexes of both.
    """

    __slots__ = ("items", "offsets", "plain", "text")

    def __init__(self, text: str, parser: SqlParser) -> None:
        self.text = text
        self.plain = text if text.isascii() else _with_plain_blanks(text, parser)
        self.offsets = Offsets(self.plain)
        items = _cut(self.plain, self.offsets, parser)
        self.items: Sequence[Token] = tuple(t for t in items if t.kind != COMMENT)

    def __len__(self) -> int:
        """Counts the tokens."""
        return len(self.items)

    def __iter__(self) -> Iterator[Token]:
        """Walks over the tokens."""
        return iter(self.items)

    def __getitem__(self, index: int) -> Token:
        """Gives a token; beyond the end an empty one, so that looking ahead needs no care."""
        if 0 <= index < len(self.items):
            return self.items[index]
        return Token("", "", len(self.text), len(self.text))

    def words(self, index: int, *expected: str) -> bool:
        """Tells whether the tokens from an index on are these words or signs."""
        for at, text in enumerate(expected, index):
            token = self[at]
            if (token.word or token.text) != text:
                return False
        return True

    def starting_at(self, start: int) -> int | None:
        """Gives the index of the token that begins at an offset."""
        low, high = 0, len(self.items)
        while low < high:
            middle = (low + high) // 2
            if self.items[middle].start < start:
                low = middle + 1
            else:
                high = middle
        return low if low < len(self.items) and self.items[low].start == start else None

    def closing(self, index: int) -> int | None:
        """Gives the index of the bracket that closes the one at `index`; None if none does."""
        depth = 0
        for at in range(index, len(self.items)):
            token = self.items[at]
            if token.kind == OPERATOR:
                depth += (token.text in _OPENING) - (token.text in _CLOSING)
                if depth == 0:
                    return at
        return None


_OPENING: Final = frozenset("([{")
_CLOSING: Final = frozenset(")]}")


def _cut(text: str, offsets: Offsets, parser: SqlParser) -> list[Token]:
    items = []
    for (start_byte, kind), (end_byte, _) in pairwise([*parser.tokenize(text), (-1, "")]):
        start = offsets.index(start_byte)
        end = len(text) if end_byte < 0 else offsets.index(end_byte)
        word = text[start:end].rstrip(_BLANKS)
        items.append(Token(kind, word, start, start + len(word)))
    return items


def _with_plain_blanks(text: str, parser: SqlParser) -> str:
    """Replaces unusual blanks outside of strings and quoted names, one space for each.

    DuckDB's parser does the same before it reads, which shifts the places that it tells. It does
    not know comments, so that a quote in one misleads it: comments are blanked out here.
    """
    done = 0
    while not _WIDE_BLANKS.isdisjoint(text[done:]):
        rest = text[done:]
        for token in _cut(rest, Offsets(rest), parser):
            start, end = done + token.start, done + token.end
            if token.kind == COMMENT:
                text = text[:start] + " " * len(token.text) + text[end:]
            elif not _keeps_blanks(token) and not _WIDE_BLANKS.isdisjoint(token.text):
                text = text[:start] + token.text.translate(_TO_SPACES) + text[end:]
                done = start
                break  # what follows may be cut otherwise now
        else:
            return text
    return text


def _keeps_blanks(token: Token) -> bool:
    if token.kind == STRING:
        return not token.text.startswith(("e", "E"))
    return token.is_quoted


def tokenize(statement: str | Text, parser: SqlParser) -> Tokens:
    """Cuts a statement into tokens."""
    return Tokens(statement if isinstance(statement, str) else statement.text, parser)
