"""Walks over the tokens of a statement, one after another."""

from collections.abc import Collection, Mapping
from typing import TypeVar

from ingitdb.errors import IngitdbError
from ingitdb.model.tables import Reaction
from ingitdb.sql.clauses import Span
from ingitdb.sql.texts import Text
from ingitdb.sql.tokens import STRING, Token, Tokens

Word = TypeVar("Word", bound=str)
_MOST_PARTS = 3
_OPENING = ("(", "[", "{")


class Reader:
    """A place among the tokens of a statement, which moves on as they are read.

    Attributes:
        at: The index of the next token.
    """

    def __init__(self, statement: Text, tokens: Tokens) -> None:
        self._statement = statement
        self._tokens = tokens
        self.at = 0

    def peek(self) -> str:
        """Gives the next word in upper case, or the next sign."""
        token = self._tokens[self.at]
        return token.word or token.text

    def word(self) -> str:
        """Takes what `peek` gives."""
        found = self.peek()
        self.at += 1
        return found

    def took(self, *words: str) -> bool:
        """Takes these words or signs if all of them come next."""
        if not self._tokens.words(self.at, *words):
            return False
        self.at += len(words)
        return True

    def expect(self, word: str) -> None:
        """Takes one word or sign.

        Raises:
            StatementInvalid: Something else comes next.
        """
        if not self.took(word):
            raise self.wrong(f"{word} is wanted here.")

    def one_of(self, *words: Word) -> Word:
        """Takes one of some words."""
        for word in words:
            if self.took(word):
                return word
        raise self.wrong(f"{' or '.join(words)} is wanted here.")

    def name(self) -> str:
        """Takes a name."""
        token = self._tokens[self.at]
        if not token.is_word or self.at >= len(self._tokens):
            raise self.wrong("A name is wanted here.")
        self.at += 1
        return token.name

    def path(self) -> tuple[str, ...]:
        """Takes a name of up to three parts."""
        parts = [self.name()]
        while self.took("."):
            parts.append(self.name())
        if len(parts) > _MOST_PARTS + 1:
            raise self.wrong("A name has at most three parts: database.schema.table.")
        return tuple(parts)

    def names(self) -> tuple[str, ...]:
        """Takes names in brackets."""
        self.expect("(")
        found = [self.name()]
        while self.took(","):
            found.append(self.name())
        self.expect(")")
        return tuple(found)

    def bracket(self) -> str:
        """Takes brackets and gives what stands in them."""
        opening = self.at
        self.expect("(")
        closing = self._tokens.closing(opening)
        if closing is None:
            raise self.wrong("The bracket is not closed.")
        self.at = closing + 1
        inner = slice(self._tokens[opening].end, self._tokens[closing].start)
        return self._statement.text[inner].strip()

    def skip(self) -> None:
        """Passes over one token, or over brackets and what is in them."""
        if self._tokens[self.at].text in _OPENING:
            self.at = self._tokens.closing(self.at) or self.at
        self.at += 1

    def is_over(self) -> bool:
        """Whether a comma, a closing bracket or the end comes next."""
        return self.at >= len(self._tokens) or self._tokens[self.at].text in (",", ")")

    def is_generated(self) -> bool:
        """Whether `AS (…)` comes next, which computes a column."""
        return self._tokens.words(self.at, "AS", "(")

    def is_query_behind(self) -> bool:
        """Whether a table is made of a query, after names and options perhaps."""
        at = self.at
        if self._tokens[at].text == "(":
            at = (self._tokens.closing(at) or at) + 1
        if self._tokens.words(at, "WITH", "("):
            at = (self._tokens.closing(at + 1) or at) + 1
        return self._tokens[at].word == "AS"

    def options(self, known: Collection[str]) -> Mapping[str, str]:
        """Takes `(name = value, …)` and gives the values by name in lower case."""
        found: dict[str, str] = {}
        self.expect("(")
        while True:
            name = self.name().lower()
            if name not in known:
                self.at -= 1
                raise self.wrong(f"{name} is no option; there are {', '.join(known)}.")
            self.expect("=")
            token = self._tokens[self.at]
            value = token.value if token.kind == STRING else token.name if token.is_word else None
            if value is None:
                raise self.wrong(f"The value of {name} stands in single quotes.")
            if name in found:
                raise self.wrong(f"{name} stands twice.")
            found[name] = value
            self.at += 1
            if not self.took(","):
                break
        self.expect(")")
        return found

    def reaction(self) -> Reaction:
        """Takes what becomes of a reference."""
        if self.took("CASCADE"):
            return "cascade"
        if self.took("SET", "NULL"):
            return "set null"
        if self.took("RESTRICT") or self.took("NO", "ACTION"):
            return "restrict"
        raise self.wrong("CASCADE, SET NULL, RESTRICT or NO ACTION is wanted here.")

    def text_or_null(self) -> str | None:
        """Takes a text in quotes, or NULL."""
        token = self._tokens[self.at]
        if self.took("NULL"):
            return None
        if token.value is None:
            raise self.wrong("A text in single quotes is wanted here, or NULL.")
        self.at += 1
        return token.value

    def rest(self) -> Span:
        """Takes all that is left.

        Raises:
            StatementInvalid: Nothing is left.
        """
        if self.at >= len(self._tokens):
            raise self.wrong("A query is wanted here.")
        start, self.at = self._tokens[self.at].start, len(self._tokens)
        return start, len(self._statement.text)

    def query_with_data(self) -> tuple[Span, bool]:
        """Takes a query and `WITH [NO] DATA` behind it; says whether its rows are wanted."""
        end = len(self._tokens)
        has_data = not self._tokens.words(end - 3, "WITH", "NO", "DATA")
        start, stop = self.rest()
        if not has_data:
            stop = self._tokens[end - 3].start
        elif self._tokens.words(end - 2, "WITH", "DATA"):
            stop = self._tokens[end - 2].start
        return (start, stop), has_data

    def words_to_end(self) -> list[str]:
        """Takes all that is left and gives its words outside of brackets."""
        found = []
        while self.at < len(self._tokens):
            found.append(self.peek())
            self.skip()
        return found

    def slice(self, first: int, stop: int) -> str:
        """Gives the text from one token up to another."""
        if first >= stop:
            return ""
        return self._statement.text[self._tokens[first].start : self._tokens[stop - 1].end]

    def end(self) -> None:
        """Returns at the end.

        Raises:
            StatementInvalid: There is more.
        """
        if self.at < len(self._tokens):
            raise self.wrong(f"{self._tokens[self.at].text} is not understood here.")

    def wrong(self, message: str) -> IngitdbError:
        """Makes the error for what comes next."""
        return self._statement.invalid(message, *self._place())

    def refused(self, message: str, hint: str) -> IngitdbError:
        """Makes the error for what comes next and is not to be had."""
        return self._statement.refused(message, *self._place(), hint)

    def _place(self) -> Span:
        token: Token = self._tokens[self.at]
        return token.start, max(token.end, token.start + 1)
