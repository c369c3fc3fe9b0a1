"""Cuts INSERT, UPDATE, DELETE and TRUNCATE into their clauses, by position.

DuckDB's parser has said before that the statement is one; here the words of its clauses are found
among the tokens outside of brackets. What has another form is a `Whole`: only its table is known.
"""

from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from ingitdb.model.ports import SqlParser
from ingitdb.sql.texts import Text
from ingitdb.sql.tokens import Token, Tokens

Span: TypeAlias = tuple[int, int]
"""Where a clause begins and ends in the statement's text, without its own word."""
_VERBS = ("INSERT", "UPDATE", "DELETE", "TRUNCATE", "MERGE")
_CLAUSES = ("SET", "FROM", "USING", "WHERE", "RETURNING")
_AFTER_TARGET = frozenset([*_CLAUSES, "VALUES", "SELECT", "DEFAULT", "BY", "ON", "WITH", "TABLE"])
"""No alias of a table, though words."""
_ROWS = (
    "VALUES",
    "SELECT",
    "FROM",
    "WITH",
    "TABLE",
    "DEFAULT",
    "BY",
    "PIVOT",
    "UNPIVOT",
    "DESCRIBE",
)
"""With one of these begin the rows of INSERT, behind the names of its columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The table that is written.

    Attributes:
        path: The parts of its name as typed, without quotes.
        span: Where the name stands.
        alias: What the statement calls it, as typed; its own last part where it has no alias.
    """

    path: tuple[str, ...]
    span: Span
    alias: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One `column = value`."""

    column: str
    value: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """UPDATE, its clauses cut.

    Attributes:
        lead: What stands before: WITH and its expressions.
        source: What FROM has.
    """

    target: Target
    lead: Span
    assignments: tuple[Assignment, ...]
    source: Span | None
    condition: Span | None
    returning: Span | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """DELETE or TRUNCATE, its clauses cut; `source` is what USING has."""

    target: Target
    lead: Span
    source: Span | None
    condition: Span | None
    returning: Span | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Insert:
    """INSERT of rows that meet no others: neither ON CONFLICT nor OR REPLACE.

    Attributes:
        columns: What stands before the rows: names of columns in brackets, or BY NAME.
        rows: VALUES or the query that gives the rows; None for DEFAULT VALUES.
    """

    target: Target
    lead: Span
    columns: Span
    rows: Span | None
    returning: Span | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """A write of another form, whose clauses are not cut."""

    target: Target


Write: TypeAlias = Update | Delete | Insert | Whole


def clauses(statement: Text, parser: SqlParser) -> Write:
    """Cuts a writing statement.

    Raises:
        StatementInvalid: It has no table.

    Example:
        `UPDATE t SET n = n + 1 WHERE k = 'a'` has the assignment `n`, whose value is `n + 1`, and
        the condition `k = 'a'`.
    """
    return _Reader(statement, Tokens(statement.text, parser)).write()


class _Reader:
    """Finds the clauses of one statement."""

    def __init__(self, statement: Text, tokens: Tokens) -> None:
        self._statement = statement
        self._tokens = tokens
        self._outer = [at for at, depth in enumerate(_depths(tokens)) if not depth]

    def write(self) -> Write:
        verb = next(at for at in self._outer if self._tokens[at].word in _VERBS)
        lead = (0, self._tokens[verb].start)
        word = self._tokens[verb].word
        if word == "UPDATE":
            return self._update(verb, lead)
        if word == "DELETE":
            return self._delete(verb + 1 + (self._tokens[verb + 1].word == "FROM"), lead)
        if word == "TRUNCATE":
            return self._delete(verb + 1 + (self._tokens[verb + 1].word == "TABLE"), lead)
        return self._insert_or_merge(verb, lead)

    def _update(self, verb: int, lead: Span) -> Write:
        target, after = self._target(verb + 1)
        starts = self._clauses(after, ("SET", "FROM", "WHERE", "RETURNING"))
        assignments = self._assignments(starts)
        if assignments is None or self._tokens[after].word != "SET":
            return Whole(target=target)
        return Update(
            target=target,
            lead=lead,
            assignments=assignments,
            source=self._clause("FROM", starts),
            condition=self._clause("WHERE", starts),
            returning=self._clause("RETURNING", starts),
        )

    def _delete(self, name: int, lead: Span) -> Write:
        target, after = self._target(name)
        starts = self._clauses(after, ("USING", "WHERE", "RETURNING"))
        return Delete(
            target=target,
            lead=lead,
            source=self._clause("USING", starts),
            condition=self._clause("WHERE", starts),
            returning=self._clause("RETURNING", starts),
        )

    def _insert_or_merge(self, verb: int, lead: Span) -> Write:
        into = next(at for at in self._outer if at > verb and self._tokens[at].word == "INTO")
        target, after = self._target(into + 1)
        words = [self._tokens[at].word for at in self._outer if at >= after]
        is_plain = self._tokens[verb].word == "INSERT" and into == verb + 1
        if not is_plain or ("ON", "CONFLICT") in pairwise(words):
            return Whole(target=target)
        starts = self._clauses(after, ("RETURNING",))
        end = self._tokens[starts["RETURNING"]].start if starts else len(self._statement.text)
        first = self._first_of_rows(after)
        begin = self._tokens[first].start
        is_default = self._tokens.words(first, "DEFAULT", "VALUES")
        return Insert(
            target=target,
            lead=lead,
            columns=(self._tokens[after].start, begin),
            rows=None if is_default else (begin, end),
            returning=self._clause("RETURNING", starts),
        )

    def _first_of_rows(self, at: int) -> int:
        """Passes over the names of columns and BY NAME."""
        closing = self._tokens.closing(at) if self._tokens[at].text == "(" else None
        if closing is not None:
            behind = self._tokens[closing + 1]
            if behind.word in _ROWS or behind.text == "(":
                at = closing + 1
        if self._tokens[at].word == "BY":
            at += 2
        return at

    def _target(self, at: int) -> tuple[Target, int]:
        """Reads a table's name and alias; gives the index of the token behind them."""
        first, parts = at, [self._name(at)]
        while self._tokens[at + 1].text == ".":
            at += 2
            parts.append(self._name(at))
        span = (self._tokens[first].start, self._tokens[at].end)
        alias, after = self._tokens[at].text, at + 1
        if self._tokens[after].word == "AS":
            after += 1
        elif not self._tokens[after].is_word or self._tokens[after].word in _AFTER_TARGET:
            return Target(path=tuple(parts), span=span, alias=alias), after
        alias = self._tokens[after].text
        return Target(path=tuple(parts), span=span, alias=alias), after + 1

    def _name(self, at: int) -> str:
        token = self._tokens[at]
        if not token.is_word:
            raise self._statement.invalid("A table's name is wanted here.", token.start, token.end)
        return token.name

    def _clauses(self, after: int, words: Collection[str]) -> dict[str, int]:
        """Finds the words that begin clauses, each at its first place."""
        found: dict[str, int] = {}
        for at in self._outer:
            word = self._tokens[at].word
            if at < after or word not in words or word in found:
                continue
            if self._tokens[at - 1].word != "DISTINCT":  # `a IS DISTINCT FROM b` is no clause
                found[word] = at
        return found

    def _clause(self, word: str, starts: dict[str, int]) -> Span | None:
        if word not in starts:
            return None
        later = [at for at in starts.values() if at > starts[word]]
        end = self._tokens[min(later)].start if later else len(self._statement.text)
        return self._tokens[starts[word]].end, end

    def _assignments(self, starts: dict[str, int]) -> tuple[Assignment, ...] | None:
        """Cuts what SET has; None where it is more than `column = value`, one after another."""
        if "SET" not in starts:
            return None
        ends = [at for at in starts.values() if at > starts["SET"]]
        stop = min(ends, default=len(self._tokens))
        inside = [at for at in self._outer if starts["SET"] < at < stop]
        found: list[Assignment] = []
        for part in _split([self._tokens[at] for at in inside]):
            if len(part) < 3 or not part[0].is_word or part[1].text != "=":
                return None
            if [token.word for token in part[2:]] == ["DEFAULT"]:
                return None
            span = (part[2].start, part[-1].end)
            found.append(Assignment(column=part[0].name, value=span))
        return tuple(found)


def _split(tokens: list[Token]) -> list[list[Token]]:
    """Cuts tokens at their commas."""
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if token.text == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _depths(tokens: Tokens) -> list[int]:
    """Gives how many brackets are open around each token; a bracket stands outside itself."""
    found, depth = [], 0
    for token in tokens:
        depth -= token.text in (")", "]", "}")
        found.append(depth)
        depth += token.text in ("(", "[", "{")
    return found
