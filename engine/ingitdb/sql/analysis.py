"""One reading of a statement, shared by everything that asks about it.

A statement is cut into tokens once and parsed by DuckDB once; only a statement with a stray `@`
or a PIVOT without values is parsed twice.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from ingitdb.errors import IngitdbError
from ingitdb.model.ports import SqlParser
from ingitdb.sql.pivots import Instrumented, list_pivot_values
from ingitdb.sql.texts import Text, as_text
from ingitdb.sql.tokens import Offsets, Token, Tokens
from ingitdb.sql.trees import Base, Place, Tree
from ingitdb.sql.versions import Mention, VersionReader, parameters

_NAMELESS_PLACES = ("TABLE", "DESCRIBE", "DESC", "SUMMARIZE", "SHOW")


class Analysis:
    """What a query is made of.

    Attributes:
        text: The statement with its script.
        tokens: Its tokens.
        parameters: The parameter names by the offset of their sign.
        tree: DuckDB's tree of the query; the version syntax is no part of it.
        versions: For each table of the tree that has a version, its mention.
    """

    def __init__(self, text: Text, parser: SqlParser, *, query_start: int = 0) -> None:
        self.text = text
        self.parser = parser
        self.tokens = Tokens(text.text, parser)
        self.parameters = parameters(self.tokens)
        self._query_start = query_start
        reader = VersionReader(self.tokens, text, self.parameters)
        mentions = [m for m in reader.mentions() if self.tokens[m.first].start >= query_start]
        self._place: Place = self.tokens.offsets.index
        self.tree, self.versions = self._read(mentions)

    @cached_property
    def chains(self) -> Mapping[Base, range]:
        """The tokens that spell the name of each table."""
        return {base: chain for base in self.tree.bases if (chain := self._chain(base)) is not None}

    def _read(self, mentions: Sequence[Mention]) -> tuple[Tree, dict[Base, Mention]]:
        self.tree = self._parse(mentions)
        self.__dict__.pop("chains", None)
        claimed = self._claim(mentions)
        left = [m for m in mentions if m not in claimed.values()]
        for mention in left:
            if not mention.is_at_sign:
                raise self._stray(mention)
        if left:
            return self._read([m for m in mentions if m not in left])
        for base in () if self.tree.writes else self.tree.bases:
            self._verify(base, claimed.get(base))
        return self.tree, claimed

    def _parse(self, mentions: Sequence[Mention]) -> Tree:
        plain = self._blank(mentions)
        offsets = Offsets(plain)
        found = self.parser.serialize(plain)
        if found is not None:
            self._place = offsets.index
            return Tree(self._root(found, mentions), self._place)
        listed = list_pivot_values(self.tokens, plain)
        found = self.parser.serialize(listed.text) if listed else None
        if listed is None or found is None or found.get("error"):
            raise self._unreadable(plain)
        self._place = _way_back(listed)
        return Tree(self._root(found, mentions), self._place)

    def _blank(self, mentions: Sequence[Mention]) -> str:
        plain = self.tokens.plain
        pieces, before = [" " * self._query_start], self._query_start
        for mention in mentions:
            start, end = self.span(mention)
            pieces += [plain[before:start], " " * (end - start)]
            before = end
        return "".join([*pieces, plain[before:]])

    def span(self, mention: Mention) -> tuple[int, int]:
        """Gives where the words of a version begin and end."""
        return self.tokens[mention.first].start, self.tokens[mention.stop - 1].end

    def span_of(self, node: Mapping[str, Any]) -> tuple[int, int]:
        """Gives where the words of a node of the tree stand; DuckDB must tell its place."""
        location, length = node["query_location"], node.get("query_location_length", 0)
        start = self._place(location)
        return start, max(start + 1, self._place(location + length))

    def _root(self, found: Mapping[str, Any], mentions: Sequence[Mention]) -> Mapping[str, Any]:
        if found.get("error"):
            raise self._syntax_error(found, mentions)
        statements = found.get("statements", ())
        if len(statements) != 1:
            raise self.text.invalid("One statement is expected here.", 0, 1)
        root: Mapping[str, Any] = statements[0]["node"]
        return root

    def _chain(self, base: Base) -> range | None:
        first = (
            self.tokens.starting_at(base.start) if base.start is not None else self._place_of(base)
        )
        if first is None:
            return None
        stop = first + 1
        while self.tokens[stop].text == "." and self.tokens[stop + 1].is_word:
            stop += 2
        return range(first, stop)

    def _place_of(self, base: Base) -> int | None:
        """Finds a table whose place DuckDB does not tell: after TABLE, DESCRIBE, SUMMARIZE."""
        taken = self._taken
        for at, token in enumerate(self.tokens):
            if token.word in _NAMELESS_PLACES and at + 1 not in taken:
                names = [self.tokens[at + 1 + 2 * n].name for n in range(len(base.path))]
                if tuple(names) == base.path or base.path == (self.tokens[at + 1].value,):
                    taken.add(at + 1)
                    base.start = self.tokens[at + 1].start
                    return at + 1
        return None

    @cached_property
    def _taken(self) -> set[int]:
        return set()

    def _claim(self, mentions: Sequence[Mention]) -> dict[Base, Mention]:
        by_first = {m.first: m for m in mentions}
        claimed: dict[Base, Mention] = {}
        for base, chain in self.chains.items():
            mention = by_first.get(chain.stop)
            behind = self._behind_alias(base, mention.stop if mention else chain.stop)
            late = by_first.get(behind) if behind != chain.stop or mention else None
            if mention and late:
                raise self.text.invalid("A table has one version only.", *self.span(late))
            chosen = mention or late
            if chosen is not None:
                claimed[base] = chosen
        return claimed

    def _behind_alias(self, base: Base, at: int) -> int:
        if not base.alias:
            return at
        tokens = self.tokens
        at += tokens[at].word == "AS"
        if tokens[at].name != base.alias and tokens[at].value != base.alias:
            return at
        at += 1
        if base.has_columns and tokens[at].text == "(":
            close = tokens.closing(at)
            at = close + 1 if close is not None else at
        return at

    def _verify(self, base: Base, mention: Mention | None) -> None:
        chain = self.chains.get(base)
        if chain is None:
            raise self.text.invalid(
                f"The table {'.'.join(base.path)} has no place in the text.", 0, 1
            )
        first, last = self.tokens[chain.start], self.tokens[chain.stop - 1]
        names = tuple(self.tokens[at].name for at in chain if (at - chain.start) % 2 == 0)
        if names != base.path and first.value != base.path[-1]:
            raise self.text.invalid(
                "This is no name of a table.", first.start, last.end, 'Quote it: "t@v1.0".'
            )
        if base.has_at:
            raise self.text.invalid(
                "This AT clause is not understood.", first.start, last.end, "AT (VERSION => 'ref')"
            )
        if mention is not None and base.in_cte:
            raise self.text.invalid(
                f"{base.path[-1]} is a common table expression and has no versions.",
                *self.span(mention),
                "Give the versions to the tables inside it.",
            )

    def _stray(self, mention: Mention) -> IngitdbError:
        start, end = self.span(mention)
        return self.text.invalid("A version stands only behind the name of a table.", start, end)

    def _unreadable(self, plain: str) -> IngitdbError:
        self.parser.statement_types(plain)
        first = next(iter(self.tokens), Token("", "", 0, 1))
        return self.text.refused(
            "This statement cannot be analysed.",
            first.start,
            first.end,
            "A PIVOT is understood with its values: ON column IN ('a', 'b').",
        )

    def _syntax_error(self, found: Mapping[str, Any], mentions: Sequence[Mention]) -> IngitdbError:
        start = self._place(int(found.get("position", 0)))
        at = self.tokens.starting_at(start)
        end = self.tokens[at].end if at is not None else start + 1
        message = str(found.get("error_message", "syntax error"))
        return self.text.invalid(message, start, end, self._hint(at, mentions))

    def _hint(self, at: int | None, mentions: Sequence[Mention]) -> str | None:
        if at is None:
            return None
        if self.tokens.words(at - 2, "AS", "OF"):
            return "After AS OF stands 'ref', TIMESTAMP '2026-03-01', ? or $name."
        is_ref = any(m.is_at_sign and m.stop in (at, at + 1) for m in mentions)
        if is_ref or "@" in (self.tokens[at].text[:1], self.tokens[at - 1].text):
            return 'A ref that is no plain name is quoted with its table: "t@v1.0".'
        return None


def _way_back(listed: Instrumented) -> Place:
    offsets = Offsets(listed.text)
    return lambda byte: listed.original(offsets.index(byte))


def analyze(statement: str | Text, parser: SqlParser, *, query_start: int = 0) -> Analysis:
    """Reads a query; `query_start` skips the words of an EXPLAIN before it."""
    return Analysis(as_text(statement), parser, query_start=query_start)
