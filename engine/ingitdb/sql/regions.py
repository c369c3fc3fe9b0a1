"""INSERT, UPDATE, DELETE and MERGE that DuckDB runs as typed: their parts, by position.

What stands between the parts are words and names of columns; whatever else is refused.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from ingitdb.errors import StatementInvalid
from ingitdb.model.ports import SqlParser
from ingitdb.sql.clauses import (
    VERBS,
    Span,
    Target,
    first_of_rows,
    split_at_commas,
    target_at,
    writing_expressions,
)
from ingitdb.sql.texts import Text
from ingitdb.sql.tokens import Tokens

PartKind: TypeAlias = Literal["rows", "source", "condition", "value", "list"]
_OWN = re.compile("[\u0001\u0002]")
_FIRST_OF_ROWS = ("VALUES", "SELECT", "FROM", "WITH", "TABLE", "(")


@dataclass(frozen=True, slots=True)
class Part:
    """A part that says something, and where it stands."""

    kind: PartKind
    span: Span


@dataclass(slots=True, kw_only=True)
class Region:
    """One INSERT, UPDATE, DELETE or MERGE.

    Attributes:
        span: Where it stands in the statement.
        columns: The places where the names of all columns may stand and do not.
        updates: What stands behind UPDATE where it takes the columns of the source as they come.
        inserts: The same of INSERT in MERGE.
        stars: Where each `*` of RETURNING ends.
        is_counted: Whether values are told by their places alone, so that they must be as many
            as there are columns.
        by_position: Whether it takes all columns of the table as they come in another way.
        returning: Whether it has RETURNING.
    """

    verb: str
    target: Target
    span: Span
    parts: list[Part] = field(default_factory=list)
    columns: list[Span] = field(default_factory=list)
    updates: list[Span] = field(default_factory=list)
    inserts: list[Span] = field(default_factory=list)
    stars: list[int] = field(default_factory=list)
    is_counted: bool = False
    by_position: bool = False
    returning: bool = False


def regions(statement: Text, parser: SqlParser) -> list[Region]:
    """Finds what writes in a statement: in its common table expressions, and itself.

    Raises:
        StatementInvalid: It does not parse.
    """
    tokens = Tokens(statement.text, parser)
    own = _OWN.search(statement.text)
    if own is not None:
        raise statement.invalid("A control character stands here.", *own.span())
    try:
        inside = {verb: tokens.closing(verb - 1) for verb in writing_expressions(tokens, None)}
        main = _main_verb(tokens)
        verbs = inside if main is None else {**inside, main: None}
        return [_Reader(statement, tokens, at, stop).region() for at, stop in verbs.items()]
    except StatementInvalid:
        parser.statement_types(statement.text)  # words it better, if it does not parse either
        raise


def _main_verb(tokens: Tokens) -> int | None:
    depth = 0
    for at, token in enumerate(tokens):
        depth += (token.text == "(") - (token.text == ")")
        if depth == 0 and token.word in VERBS and (at == 0 or tokens[at - 1].text == ")"):
            return at
    return None


class _Reader:
    """Finds the parts of one region."""

    def __init__(self, statement: Text, tokens: Tokens, verb: int, stop: int | None) -> None:
        self._statement = statement
        self._tokens = tokens
        self._verb = verb
        self._stop = len(tokens) if stop is None else stop
        end = len(statement.text) if stop is None else tokens[stop].start
        self._end = end
        word = tokens[verb].word
        target, self._at = target_at(statement, tokens, self._name())
        self._region = Region(verb=word, target=target, span=(tokens[verb].start, end))

    def region(self) -> Region:
        read = {
            "INSERT": self._insert,
            "UPDATE": self._update,
            "DELETE": self._delete,
            "MERGE": self._merge,
        }
        read[self._region.verb]()
        if self._word() == "RETURNING":
            self._region.returning = True
            self._at += 1
            first = self._at
            self._part("list", ())
            self._look_at_stars(first)
        if self._at < self._stop:
            raise self._fault()
        self._judge()
        self._region.by_position |= any(self._takes_all(at) for at in self._inside_parts())
        return self._region

    def _look_at_stars(self, first: int) -> None:
        """Finds each `*` that is an item of RETURNING; one that says more takes all columns."""
        for item in split_at_commas(self._tokens, first, self._stop):
            stars = [at for at in item if self._tokens[at].text == "*"]
            before = self._tokens[stars[0] - 1].text if stars else ""
            if stars == [item.stop - 1] and (before == "." or len(item) == 1):
                self._region.stars.append(self._tokens[stars[0]].end)
            elif stars and (stars[0] == item.start or before == "."):
                self._region.by_position = True

    def _inside_parts(self) -> Iterator[int]:
        """Gives the tokens of the parts that may speak of the table's columns."""
        spans = [p.span for p in self._region.parts if p.kind not in ("rows", "source")]
        for at in range(self._verb, self._stop):
            if any(start <= self._tokens[at].start < end for start, end in spans):
                yield at

    def _takes_all(self, at: int) -> bool:
        """Whether a word stands for all columns: COLUMNS, or the table itself as one value."""
        token, target = self._tokens[at], self._region.target
        if token.word == "COLUMNS":
            return True
        names = {target.path[-1].casefold(), target.alias.strip('"').casefold(), "excluded"}
        is_alone = self._tokens[at + 1].text != "." and self._tokens[at - 1].text != "."
        return token.is_word and is_alone and token.name.casefold() in names

    def _name(self) -> int:
        """Gives the index of the table's name."""
        at = self._verb + 1
        if self._tokens[at].word == "OR":
            at += 2
        return at + (self._tokens[at].word in ("INTO", "FROM"))

    def _insert(self) -> None:
        first = first_of_rows(self._tokens, self._at)
        if self._tokens.words(first, "DEFAULT", "VALUES"):
            self._at = first + 2
        else:
            if first == self._at:
                self._region.columns.append((self._tokens[first].start,) * 2)
                self._region.is_counted = self._tokens[first].word != "VALUES"
            elif self._tokens.words(self._at, "BY", "POSITION"):
                span = (self._tokens[self._at].start, self._tokens[first - 1].end)
                self._region.columns.append(span)
                self._region.is_counted = True
            self._at = first
            if self._text() not in _FIRST_OF_ROWS:
                raise self._fault()
            self._part("rows", ("RETURNING",), conflict=True)
        if self._word() == "ON":
            self._conflict()

    def _conflict(self) -> None:
        self._at += 2
        if self._text() == "(":
            self._at = (self._tokens.closing(self._at) or self._at) + 1
        self._optional("WHERE", "condition", ("DO",))
        if self._tokens.words(self._at, "DO", "NOTHING"):
            self._at += 2
        elif self._tokens.words(self._at, "DO", "UPDATE", "SET"):
            self._at += 3
            self._assignments(("WHERE", "RETURNING"))
            self._optional("WHERE", "condition", ("RETURNING",))

    def _update(self) -> None:
        if self._word() != "SET":
            raise self._fault()
        self._at += 1
        self._assignments(("FROM", "WHERE", "RETURNING"))
        self._optional("FROM", "source", ("WHERE", "RETURNING"))
        self._optional("WHERE", "condition", ("RETURNING",))

    def _delete(self) -> None:
        self._optional("USING", "source", ("WHERE", "RETURNING"))
        self._optional("WHERE", "condition", ("RETURNING",))

    def _merge(self) -> None:
        if self._word() != "USING":
            raise self._fault()
        self._at += 1
        joins = [
            at for at in self._outer(("ON", "USING", "WHEN")) if self._tokens[at].word != "WHEN"
        ]
        whens = list(self._outer(("WHEN",)))
        before = [at for at in joins if whens and at < whens[0]]
        if not before:
            raise self._fault()
        self._take("source", before[-1])
        if self._word() == "ON":
            self._at += 1
            self._take("condition", whens[0])
        else:
            self._at = (self._tokens.closing(self._at + 1) or self._at) + 1
        while self._word() == "WHEN":
            self._when()

    def _when(self) -> None:
        then = next(self._outer(("AND", "THEN")), None)
        if then is None:
            raise self._fault()
        self._at = then
        self._optional("AND", "condition", ("THEN",))
        self._at += 1
        action = self._word()
        self._at += 1
        if action == "UPDATE":
            self._merge_update()
        elif action == "INSERT":
            self._merge_insert()
        elif action == "ERROR":
            if self._at < self._stop and self._word() not in ("WHEN", "RETURNING"):
                self._part("value", ("WHEN", "RETURNING"))
        elif action == "DO":
            self._at += 1

    def _merge_update(self) -> None:
        if self._tokens.words(self._at, "BY", "NAME"):
            self._at += 2
        elif self._word() == "SET" and self._tokens[self._at + 1].text != "*":
            self._at += 1
            self._assignments(("WHEN", "RETURNING"))
        else:
            self._region.updates.append(self._as_they_come())

    def _merge_insert(self) -> None:
        before = (self._tokens[self._at].start,) * 2
        has_columns = self._text() == "("
        if has_columns:
            self._at = (self._tokens.closing(self._at) or self._at) + 1
        if self._word() == "VALUES":
            if not has_columns:
                self._region.columns.append(before)
            self._at += 1
            self._part("value", ("WHEN", "RETURNING"))
        elif self._tokens.words(self._at, "DEFAULT", "VALUES"):
            self._at += 2
        elif self._tokens.words(self._at, "BY", "NAME"):
            self._at += 2
            self._at += self._text() == "*"
        else:
            self._region.inserts.append(self._as_they_come())

    def _as_they_come(self) -> Span:
        """Passes over what follows a verb of MERGE up to the next clause."""
        begin = self._tokens[self._at - 1].end
        self._region.is_counted = True
        self._at = next(self._outer(("WHEN", "RETURNING")), self._stop)
        return begin, self._tokens[self._at - 1].end

    def _assignments(self, stops: Collection[str]) -> None:
        stop = next(self._outer(stops), self._stop)
        for item in split_at_commas(self._tokens, self._at, stop):
            sign = next((at for at in item if self._tokens[at].text == "="), None)
            if sign is None or sign + 1 >= item.stop:
                raise self._fault()
            span = (self._tokens[sign + 1].start, self._tokens[item.stop - 1].end)
            self._region.parts.append(Part("value", span))
        self._at = stop

    def _optional(self, word: str, kind: PartKind, stops: Collection[str]) -> None:
        if self._word() == word:
            self._at += 1
            self._part(kind, stops)

    def _part(self, kind: PartKind, stops: Collection[str], *, conflict: bool = False) -> None:
        words = (*stops, "ON") if conflict else stops
        for at in self._outer(words):
            if self._tokens[at].word != "ON" or self._tokens[at + 1].word == "CONFLICT":
                self._take(kind, at)
                return
        self._take(kind, self._stop)

    def _take(self, kind: PartKind, stop: int) -> None:
        if stop <= self._at:
            raise self._fault()
        span = (self._tokens[self._at].start, self._tokens[stop - 1].end)
        self._region.parts.append(Part(kind, span))
        self._at = stop

    def _outer(self, words: Collection[str]) -> Iterator[int]:
        """Gives the places of words from here on, outside of brackets and of CASE."""
        depth = 0
        for at in range(self._at, self._stop):
            token = self._tokens[at]
            depth -= token.text in (")", "]", "}") or token.word == "END"
            if depth == 0 and token.word in words and self._tokens[at - 1].word != "DISTINCT":
                yield at
            depth += token.text in ("(", "[", "{") or token.word == "CASE"

    def _judge(self) -> None:
        """Refuses whatever no query has judged but names of columns."""
        spans = [part.span for part in self._region.parts]
        target = self._region.target
        spans.append((target.span[0], target.end))
        depth = 0
        for at in range(self._verb, self._stop):
            token = self._tokens[at]
            if any(start <= token.start < end for start, end in spans):
                continue
            depth += (token.text == "(") - (token.text == ")")
            if depth > 1 or not (token.is_word or token.text in ("(", ")", ",", "=", "*")):
                self._at = at
                raise self._fault()

    def _word(self) -> str:
        return self._tokens[self._at].word if self._at < self._stop else ""

    def _text(self) -> str:
        token = self._tokens[self._at]
        return token.word or token.text

    def _fault(self) -> Exception:
        token = self._tokens[self._at]
        last = self._tokens[self._stop - 1]
        start, end = (token.start, token.end) if token.text else (last.start, last.end)
        return self._statement.invalid("This is not understood here.", start, end)
