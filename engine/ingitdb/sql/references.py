"""The tables and calls that a query names, where they stand, and what takes their place."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from ingitdb.errors import IngitdbError
from ingitdb.model.ports import SqlParser
from ingitdb.model.types import quote_identifier
from ingitdb.sql.analysis import Analysis, analyze
from ingitdb.sql.tokens import Tokens
from ingitdb.sql.trees import Base, Call, Node
from ingitdb.sql.versions import Parameter, Version, split_version

Replacement: TypeAlias = tuple[int, int, str]
"""Start, end and the text that takes the place of what stands between."""

_MOST_PARTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class TableReference:
    """A table that a query names. Offsets are indexes into the statement's string.

    Attributes:
        start: Where the name begins.
        end: Where the name ends, or its version if that follows directly.
        tail: The place of a version that stands behind an alias; it is to be removed.
        database: The first of three parts of the name.
        schema: The part before the last; it may turn out to be a database, such as `db/branch`.
        name: The last part, without `@ref`.
        written: The last part as written, for a table whose name really holds an `@`.
        version: None where the reference says nothing.
        alias: The alias, or None.
        takes_alias: Whether an alias may follow; not after TABLE, DESCRIBE and SUMMARIZE.
        is_string: Whether the name stands in single quotes, as file names do in DuckDB.
        word_start: Where TABLE begins if it stands before the name; else `start`.
    """

    start: int
    end: int
    name: str
    written: str
    database: str | None = None
    schema: str | None = None
    version: Version | None = None
    alias: str | None = None
    tail: tuple[int, int] | None = None
    takes_alias: bool = True
    is_string: bool = False
    word_start: int = 0

    @property
    def exposed(self) -> str:
        """The name by which the rest of the query calls the table."""
        return self.alias or self.name

    @property
    def path(self) -> tuple[str, ...]:
        """The parts of the name, as `names.address` takes them."""
        return tuple(part for part in (self.database, self.schema, self.name) if part is not None)

    @property
    def has_alias(self) -> bool:
        """Whether the query gives the table another name."""
        return self.alias is not None


@dataclass(frozen=True, slots=True)
class Expression:
    """An argument that is neither a literal nor a parameter, as written."""

    text: str


ArgumentValue: TypeAlias = str | int | bool | Parameter | Expression | None


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a call; `name` is None for a positional one."""

    name: str | None
    value: ArgumentValue


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionCall:
    """A call of a function by name, from its name to its closing bracket.

    Attributes:
        qualifier: What stands before the name, such as a schema.
        is_table: Whether it stands in FROM.
        alias: The alias of a call in FROM, or None.
        is_method: Whether it is spelled `x.f()`, so that its first argument stands before it.
        column: The name of the column that it makes by itself, or None.
    """

    start: int
    end: int
    name: str
    arguments: tuple[Argument, ...]
    qualifier: tuple[str, ...] = ()
    is_table: bool = True
    alias: str | None = None
    is_method: bool = False
    column: str | None = None


def table_references(statement: str | Analysis, parser: SqlParser) -> list[TableReference]:
    """Gives every table that a query reads by name, in the order of the text.

    Names of common table expressions are no tables. A reference in the text appears once.

    Raises:
        StatementInvalid: The statement does not parse, or a version stands where none can.
    """
    analysis = _analysis(statement, parser)
    found = {b.start: reference_of(analysis, b) for b in analysis.tree.bases if not b.in_cte}
    return sorted(found.values(), key=lambda r: r.start)


def function_calls(statement: str | Analysis, parser: SqlParser) -> list[FunctionCall]:
    """Gives every call of a function by name, in the order of the text; no operators."""
    analysis = _analysis(statement, parser)
    found = (_call(analysis, call) for call in analysis.tree.calls)
    return sorted((c for c in found if c is not None), key=lambda c: c.start)


def replace_reference(
    reference: TableReference, relation: str, *, answers_to: str | None = None
) -> list[Replacement]:
    """Gives the replacements that put another relation in a reference's place.

    Args:
        reference: What to replace.
        relation: SQL for the relation, such as `"c_1a2b".main.t`.
        answers_to: The name that the relation has by itself. Where the query calls the table by
            another name, that becomes its alias; None always gives one.
    """
    text = relation
    is_known = (answers_to or "").casefold() == reference.name.casefold()
    if reference.alias is None and reference.takes_alias and not is_known:
        text = f"{relation} AS {quote_identifier(reference.name)}"
    replacements = [(reference.start, reference.end, text)]
    if reference.tail is not None:
        replacements.append((*reference.tail, ""))
    return replacements


def replace_with_query(reference: TableReference, query: str) -> list[Replacement]:
    """Gives the replacements that put a query in a reference's place; see `replace_reference`."""
    found = replace_reference(reference, f"(\n{query}\n)")
    if reference.takes_alias:
        return found
    # DESCRIBE and SUMMARIZE take a query where no alias may stand; of TABLE the word goes, too.
    (_, end, text), *rest = found
    return [
        (reference.word_start, end, f"FROM {text} AS {quote_identifier(reference.name)}"),
        *rest,
    ]


def splice(statement: str, replacements: Sequence[Replacement]) -> str:
    """Puts texts in place; every other character stays.

    Example:
        >>> splice("SELECT  * FROM t AS OF 'dev' -- t", [(15, 28, '"c_1".t')])
        'SELECT  * FROM "c_1".t -- t'

    Raises:
        ValueError: Two replacements overlap.
    """
    pieces, before = [], 0
    for start, end, text in sorted(replacements, key=lambda r: (r[0], r[1])):
        if start < before or end < start:
            raise ValueError("Replacements overlap.")
        pieces += [statement[before:start], text]
        before = end
    return "".join([*pieces, statement[before:]])


def _analysis(statement: str | Analysis, parser: SqlParser) -> Analysis:
    return statement if isinstance(statement, Analysis) else analyze(statement, parser)


def reference_of(analysis: Analysis, base: Base) -> TableReference:
    """Gives the reference that one table of the tree stands for."""
    chain = analysis.chains[base]
    tokens = analysis.tokens
    start, end = tokens[chain.start].start, tokens[chain.stop - 1].end
    if len(base.path) > _MOST_PARTS:
        raise _too_long(analysis, start, end)
    last = tokens[chain.stop - 1]
    name, quoted_ref = split_version(base.path[-1]) if last.is_quoted else (base.path[-1], None)
    version: Version | None = quoted_ref
    tail = None
    mention = analysis.versions.get(base)
    if mention is not None:
        if quoted_ref is not None:
            raise analysis.text.invalid("A table has one version only.", *analysis.span(mention))
        version = mention.version
        if mention.first == chain.stop:
            end = analysis.span(mention)[1]
        else:
            tail = analysis.span(mention)
    return TableReference(
        start=start,
        end=end,
        name=name,
        written=base.path[-1],
        schema=base.path[-2] if len(base.path) > 1 else None,
        database=base.path[-3] if len(base.path) > 2 else None,
        version=version,
        alias=base.alias or None,
        tail=tail,
        takes_alias=base.has_place,
        is_string=not last.is_word,
        word_start=tokens[chain.start - 1].start
        if tokens[chain.start - 1].word == "TABLE"
        else start,
    )


def _too_long(analysis: Analysis, start: int, end: int) -> IngitdbError:
    return analysis.text.invalid(
        "A table's name has at most three parts.", start, end, "database.schema.table"
    )


def _call(analysis: Analysis, call: Call) -> FunctionCall | None:
    tokens = analysis.tokens
    first = tokens.starting_at(call.start) if call.start is not None else None
    if first is None or not tokens[first].is_word:
        return None
    at = first
    while tokens[at + 1].text == "." and tokens[at + 2].is_word:
        at += 2
    close = tokens.closing(at + 1) if tokens[at + 1].text == "(" else None
    if close is None:
        return None
    spans = _argument_spans(tokens, at + 1, close)
    nodes = call.node.get("arguments", ())
    is_method = len(spans) < len(nodes)
    spans = [(0, 0)] * (len(nodes) - len(spans)) + spans
    return FunctionCall(
        start=tokens[first].start,
        end=tokens[close].end,
        name=call.path[-1],
        qualifier=call.path[:-1],
        arguments=tuple(_argument(tokens, n, s) for n, s in zip(nodes, spans, strict=False)),
        is_table=call.is_table,
        alias=call.alias or None,
        is_method=is_method,
        column=_column(tokens, call, spans) if call.is_column else None,
    )


def _column(tokens: Tokens, call: Call, spans: Sequence[tuple[int, int]]) -> str:
    """Names the column of a call as DuckDB does."""
    texts = (tokens.text[tokens[first].start : tokens[last].end] for first, last in spans)
    return f"{call.path[-1]}({', '.join(texts)})"


def _argument_spans(tokens: Tokens, opening: int, close: int) -> list[tuple[int, int]]:
    """Gives the first and the last token of each argument."""
    spans, first, at = [], opening + 1, opening + 1
    while at < close:
        if tokens[at].text in ("(", "[", "{"):
            at = tokens.closing(at) or close
        elif tokens[at].text == ",":
            spans.append((first, at - 1))
            first = at + 1
        at += 1
    return [*spans, (first, close - 1)] if first < close else spans


def _argument(tokens: Tokens, node: Node, span: tuple[int, int]) -> Argument:
    name = node.get("name") or None
    first, last = span
    if tokens[first + 1].text in ("=>", ":=") and name is not None:
        first += 2
    text = tokens.text[tokens[first].start : tokens[last].end]
    return Argument(name, _value(node.get("expression", {}), text))


def _value(node: dict[str, Any], text: str) -> ArgumentValue:
    if node.get("class") == "PARAMETER":
        return Parameter(str(node.get("identifier")))
    literal = node.get("literal")
    if node.get("class") == "CONSTANT" and isinstance(literal, dict):
        content = str(literal.get("text", ""))
        match literal.get("kind"):
            case "STRING":
                return content
            case "BOOLEAN":
                return content.casefold() == "true"
            case "INTEGER" if content.isdecimal():
                return int(content)
            case "NULL_LITERAL":
                return None
    return Expression(text)
