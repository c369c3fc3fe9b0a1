"""Cuts INSERT, UPDATE, DELETE, TRUNCATE and COPY … FROM into their clauses, by position.

The words of the clauses are found among the tokens outside of brackets. What meets other rows, or
writes inside of a query, is a `Whole`: `sql.regions` reads it.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeAlias

from ingitdb.errors import IngitdbError
from ingitdb.model.ports import SqlParser
from ingitdb.sql.texts import Text
from ingitdb.sql.tokens import Token, Tokens

Span: TypeAlias = tuple[int, int]
"""Where a clause begins and ends in the statement's text, without its own word."""
VERBS: Final = ("INSERT", "UPDATE", "DELETE", "MERGE")
_VERBS = (*VERBS, "TRUNCATE", "COPY")
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
_OF_QUERIES = (
    "LIMIT",
    "OFFSET",
    "ORDER",
    "GROUP",
    "HAVING",
    "WINDOW",
    "QUALIFY",
    "UNION",
    "EXCEPT",
    "INTERSECT",
)
"""Reserved words that end a condition of a query; DuckDB says what a write has of these."""
_OPENING = ("(", "[", "{")
_CLOSING = (")", "]", "}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The table that is written.

    Attributes:
        path: The parts of its name as typed, without quotes.
        span: Where the name stands.
        alias: What the statement calls it, as typed; its own last part where it has no alias.
        end: Where its alias ends, or its name.
    """

    path: tuple[str, ...]
    span: Span
    alias: str
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One `column = value`; no value stands for the column's default."""

    column: str
    value: Span | None


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
class Copy:
    """COPY of a file into a table.

    Attributes:
        columns: The names of columns in brackets; empty if there are none.
        file: What stands for the file: a text, or a parameter.
        options: What follows the file.
    """

    target: Target
    columns: Span
    file: Span
    options: Span


@dataclass(frozen=True, slots=True)
class Whole:
    """A write of another form, whose clauses are not cut."""


Write: TypeAlias = Update | Delete | Insert | Copy | Whole


def clauses(statement: Text, parser: SqlParser) -> Write:
    """Cuts a writing statement.

    Raises:
        StatementInvalid: It does not parse, or has no table.
        StatementRefused: It is EXPLAIN of a write.

    Example:
        `UPDATE t SET n = n + 1 WHERE k = 'a'` has the assignment `n`, whose value is `n + 1`, and
        the condition `k = 'a'`.
    """
    tokens = Tokens(statement.text, parser)
    if tokens[0].word == "EXPLAIN":
        raise statement.refused("EXPLAIN is for queries.", tokens[0].start, tokens[0].end)
    found = _Reader(statement, tokens).write()
    if found is None:
        parser.statement_types(statement.text)
        raise statement.refused("This does not write.", tokens[0].start, tokens[0].end)
    return found


class _Reader:
    """Finds the clauses of one statement."""

    def __init__(self, statement: Text, tokens: Tokens) -> None:
        self._statement = statement
        self._tokens = tokens
        self._outer = [at for at, depth in enumerate(_depths(tokens)) if not depth]

    def write(self) -> Write | None:
        verb = next((at for at in self._outer if self._tokens[at].word in _VERBS), None)
        if any(writing_expressions(self._tokens, verb)):
            return Whole()
        if verb is None:
            return None
        lead = (0, self._tokens[verb].start)
        word = self._tokens[verb].word
        if word == "UPDATE":
            return self._update(verb, lead)
        if word == "DELETE":
            if self._tokens[verb + 1].word != "FROM":
                raise self._wrong(verb + 1)
            return self._delete(verb + 2, lead, ("USING", "WHERE", "RETURNING"))
        if word == "TRUNCATE":
            return self._delete(verb + 1 + (self._tokens[verb + 1].word == "TABLE"), lead, ())
        if word == "COPY":
            return self._copy(verb)
        return self._insert(verb, lead) if word == "INSERT" else Whole()

    def _update(self, verb: int, lead: Span) -> Write:
        target, after = target_at(self._statement, self._tokens, verb + 1)
        words = ("SET", "FROM", "WHERE", "RETURNING")
        starts = self._clauses(after, words)
        assignments = self._assignments(starts)
        if assignments is None or not self._is_plain(after, starts, words):
            return Whole()
        return Update(
            target=target,
            lead=lead,
            assignments=assignments,
            source=self._clause("FROM", starts),
            condition=self._clause("WHERE", starts),
            returning=self._clause("RETURNING", starts),
        )

    def _delete(self, name: int, lead: Span, words: Sequence[str]) -> Write:
        target, after = target_at(self._statement, self._tokens, name)
        starts = self._clauses(after, words)
        if not words and after < len(self._tokens):
            raise self._wrong(after)
        if not self._is_plain(after, starts, words):
            return Whole()
        return Delete(
            target=target,
            lead=lead,
            source=self._clause("USING", starts),
            condition=self._clause("WHERE", starts),
            returning=self._clause("RETURNING", starts),
        )

    def _copy(self, verb: int) -> Write | None:
        target, after = target_at(self._statement, self._tokens, verb + 1)
        columns = (target.end, target.end)
        if self._tokens[after].text == "(":
            closing = self._tokens.closing(after) or after
            columns, after = (self._tokens[after].start, self._tokens[closing].end), closing + 1
        if self._tokens[after].word != "FROM":
            return None
        last = after + 1 + (self._tokens[after + 1].text == "$")
        file = (self._tokens[after + 1].start, self._tokens[last].end)
        options = (file[1], len(self._statement.text))
        return Copy(target=target, columns=columns, file=file, options=options)

    def _insert(self, verb: int, lead: Span) -> Write:
        if self._tokens[verb + 1].word != "INTO":
            return Whole()
        target, after = target_at(self._statement, self._tokens, verb + 2)
        words = [self._tokens[at].word for at in self._outer if at >= after]
        if ("ON", "CONFLICT") in pairwise(words):
            return Whole()
        starts = self._clauses(after, ("RETURNING",))
        end = self._tokens[starts["RETURNING"]].start if starts else len(self._statement.text)
        first = first_of_rows(self._tokens, after)
        begin = self._tokens[first].start
        is_default = self._tokens.words(first, "DEFAULT", "VALUES")
        return Insert(
            target=target,
            lead=lead,
            columns=(self._tokens[after].start, begin),
            rows=None if is_default else (begin, end),
            returning=self._clause("RETURNING", starts),
        )

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

    def _wrong(self, at: int) -> IngitdbError:
        token = self._tokens[at]
        message = f'syntax error at or near "{token.text}"'
        return self._statement.invalid(message, token.start, token.end)

    def _is_plain(self, after: int, starts: dict[str, int], words: Sequence[str]) -> bool:
        """Tells whether the clauses begin behind the target, stand in order, and hold no other."""
        found = sorted(starts.values())
        if [starts[word] for word in words if word in starts] != found:
            return False
        if after != (found[0] if found else len(self._tokens)):
            return False
        return not any(
            self._tokens[at].word in _OF_QUERIES
            and self._tokens[at - 1].text != "."
            and self._tokens[at - 1].word != "AS"
            for at in self._outer
            if at > after
        )

    def _clause(self, word: str, starts: dict[str, int]) -> Span | None:
        if word not in starts:
            return None
        later = [at for at in starts.values() if at > starts[word]]
        end = self._tokens[min(later)].start if later else len(self._statement.text)
        return self._tokens[starts[word]].end, end

    def _assignments(self, starts: dict[str, int]) -> tuple[Assignment, ...] | None:
        """Cuts what SET has; None where it is more than columns and their values."""
        if "SET" not in starts:
            return None
        ends = [at for at in starts.values() if at > starts["SET"]]
        stop = min(ends, default=len(self._tokens))
        found: list[Assignment] = []
        for part in split_at_commas(self._tokens, starts["SET"] + 1, stop):
            if not part:
                return None
            sign = next((at for at in part if self._tokens[at].text == "="), None)
            names = self._assigned(part[0], sign)
            if sign is None or names is None or sign + 1 >= part.stop:
                return None
            values = self._values(range(sign + 1, part.stop), names)
            found += map(lambda n, v: Assignment(column=n, value=v), names, values)
        return tuple(found)

    def _assigned(self, first: int, sign: int | None) -> list[str] | None:
        """Names the columns before `=`: one, or several in brackets."""
        token = self._tokens[first]
        if token.is_word:
            return [token.name] if sign == first + 1 else None
        if token.text != "(" or sign is None or self._tokens.closing(first) != sign - 1:
            return None
        names = [self._tokens[at] for at in range(first + 1, sign - 1, 2)]
        return [name.name for name in names] if all(name.is_word for name in names) else None

    def _values(self, value: range, names: Sequence[str]) -> list[Span | None]:
        """Gives a value for each name: the items of a row, else the same for all."""
        is_row = self._tokens[value.start].word == "ROW"
        opening = value.start + is_row
        items = None
        if len(names) > 1 or is_row:
            items = self._row_items(opening, value.stop)
        if items is None or (len(items) == 1 and not is_row):
            return [self._value(value)] * len(names)
        if len(items) != len(names):
            raise self._statement.invalid(
                f"Could not perform assignment, expected {len(names)} values, got {len(items)}",
                self._tokens[value.start].start,
                self._tokens[value.stop - 1].end,
            )
        return [self._value(item) for item in items]

    def _row_items(self, opening: int, stop: int) -> list[range] | None:
        """Cuts a row at its commas; None where there is no row but another value."""
        if self._tokens[opening].text != "(" or self._tokens.closing(opening) != stop - 1:
            return None
        if self._tokens[opening + 1].word in _ROWS[:5]:
            return None
        return list(split_at_commas(self._tokens, opening + 1, stop - 1))

    def _value(self, value: range) -> Span | None:
        words = [self._tokens[at].text.upper() for at in value]
        if words in (["DEFAULT"], ["(", "DEFAULT", ")"]):
            return None
        return self._tokens[value.start].start, self._tokens[value.stop - 1].end


def target_at(statement: Text, tokens: Tokens, at: int) -> tuple[Target, int]:
    """Reads a table's name and alias; gives the index of the token behind them.

    Raises:
        StatementInvalid: Something else stands there.
    """
    first, parts = at, [_name(statement, tokens[at])]
    while tokens[at + 1].text == ".":
        at += 2
        parts.append(_name(statement, tokens[at]))
    span = (tokens[first].start, tokens[at].end)
    named, after = at, at + 1
    if tokens[after].word == "AS":
        named, after = after + 1, after + 2
    elif tokens[after].is_word and tokens[after].word not in _AFTER_TARGET:
        named, after = after, after + 1
    alias = tokens[named]
    return Target(path=tuple(parts), span=span, alias=alias.text, end=alias.end), after


def first_of_rows(tokens: Tokens, at: int) -> int:
    """Passes over the names of columns and BY NAME before the rows of INSERT."""
    closing = tokens.closing(at) if tokens[at].text == "(" else None
    if closing is not None:
        behind = tokens[closing + 1]
        if behind.word in _ROWS or behind.text == "(":
            at = closing + 1
    if tokens[at].word == "BY":
        at += 2
    return at


def split_at_commas(tokens: Tokens, first: int, stop: int) -> Iterator[range]:
    """Cuts a run of tokens at the commas outside of brackets."""
    begin, depth = first, 0
    for at in range(first, stop):
        text = tokens[at].text
        depth += (text in _OPENING) - (text in _CLOSING)
        if text == "," and depth == 0:
            yield range(begin, at)
            begin = at + 1
    yield range(begin, stop)


def writing_expressions(tokens: Tokens, stop: int | None) -> Iterator[int]:
    """Gives the verb of each common table expression that writes, up to a token."""
    for at in range(len(tokens) if stop is None else stop):
        is_body = tokens[at].word in ("AS", "MATERIALIZED") and tokens[at + 1].text == "("
        if is_body and tokens[at + 2].word in VERBS:
            yield at + 2


def _name(statement: Text, token: Token) -> str:
    if not token.is_word:
        raise statement.invalid("A table's name is wanted here.", token.start, token.end)
    return token.name


def _depths(tokens: Tokens) -> list[int]:
    """Gives how many brackets are open around each token; a bracket stands outside itself."""
    found, depth = [], 0
    for token in tokens:
        depth -= token.text in _CLOSING
        found.append(depth)
        depth += token.text in _OPENING
    return found
