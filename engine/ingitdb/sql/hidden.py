"""Columns that every table has but `SELECT *` does not show: `_path`, `_line`, `_blob`, `_key`.

A query that names none of them runs on views without them and needs nothing of this. For one that
does, the views have those it names, and each `*` over such a view gets an EXCLUDE.
"""

from collections.abc import Callable, Collection, Iterable
from typing import TypeAlias

from ingitdb.model.ports import SqlParser
from ingitdb.model.types import quote_identifier
from ingitdb.sql.analysis import Analysis, analyze
from ingitdb.sql.references import Replacement, TableReference, reference_of
from ingitdb.sql.tokens import tokenize
from ingitdb.sql.trees import Base, Select, Star

NUMBER = "\u0001place"
"""The number of a record in its file, counted from 1: a name that no user types."""
HIDDEN = frozenset(["_path", "_line", "_blob", "_key", NUMBER])

HiddenOf: TypeAlias = Callable[[TableReference], Collection[str]]
"""Gives the columns of a table's view that `*` must not show."""


def mentions_hidden(statement: str | Analysis, parser: SqlParser) -> frozenset[str]:
    """Gives the hidden columns that a statement names anywhere."""
    tokens = statement.tokens if isinstance(statement, Analysis) else tokenize(statement, parser)
    names = (t.name.casefold() for t in tokens if t.is_word and t.text[:1] in '_"')
    return HIDDEN.intersection(names)


def hide_in_stars(
    statement: str | Analysis, names: Collection[str] | HiddenOf, parser: SqlParser
) -> list[Replacement]:
    """Gives the insertions that keep hidden columns out of every `*`.

    Stars over a subquery are left alone: what that shows was asked for. So are COLUMNS('pattern')
    and COLUMNS(lambda …), which say themselves what they take.

    Args:
        statement: A query.
        names: The hidden columns that the views have; or a function that tells them by table.
        parser: DuckDB's parser.

    Raises:
        StatementInvalid: NATURAL JOIN would join by the hidden columns.
    """
    analysis = statement if isinstance(statement, Analysis) else analyze(statement, parser)
    hidden_of: HiddenOf = names if callable(names) else lambda _: names
    found: list[Replacement] = []
    for select in analysis.tree.selects:
        columns = {base: _columns(analysis, base, hidden_of) for base in select.bases}
        if not any(columns.values()):
            continue
        if select.is_natural:
            raise _natural(analysis, select)
        for star in select.stars:
            found += _exclude(analysis, select, star, columns)
    return sorted(set(found))


def _columns(analysis: Analysis, base: Base, hidden_of: HiddenOf) -> tuple[str, ...]:
    return () if base.in_cte else tuple(sorted(hidden_of(reference_of(analysis, base))))


def _natural(analysis: Analysis, select: Select) -> Exception:
    chain = analysis.chains[select.bases[0]]
    first = analysis.tokens[chain.start]
    return analysis.text.invalid(
        "NATURAL JOIN would join by the hidden columns, too.",
        first.start,
        first.end,
        "Write JOIN … USING (column).",
    )


def _exclude(
    analysis: Analysis, select: Select, star: Star, columns: dict[Base, tuple[str, ...]]
) -> list[Replacement]:
    if star.node.get("expr") is not None:
        return []
    excluded = list(_excluded(analysis, star, columns))
    if not excluded:
        return []
    if star.start is None:
        return _spell_out(analysis, select, excluded)
    return _add(analysis, star, excluded)


def _excluded(
    analysis: Analysis, star: Star, columns: dict[Base, tuple[str, ...]]
) -> Iterable[str]:
    over = str(star.node.get("relation_name", "")).casefold()
    already = {str(n).casefold() for n in star.node.get("exclude_list", ())}
    for entry in star.node.get("qualified_exclude_list", ()):
        already.add(f"{entry.get('table')}.{entry.get('column')}".casefold())
    seen: set[str] = set()
    for base, names in columns.items():
        exposed = reference_of(analysis, base).exposed if names else ""
        if over and exposed.casefold() != over:
            continue
        for name in names:
            qualified = f"{exposed}.{name}".casefold()
            if name.casefold() not in already and qualified not in already | seen:
                seen.add(qualified)
                yield f"{quote_identifier(exposed)}.{quote_identifier(name)}"


def _add(analysis: Analysis, star: Star, excluded: list[str]) -> list[Replacement]:
    tokens = analysis.tokens
    at = tokens.starting_at(star.start) if star.start is not None else None
    while at is not None and tokens[at].text != "*":
        at += 1
    if at is None:
        return []
    listed = ", ".join(excluded)
    has_list = star.node.get("exclude_list") or star.node.get("qualified_exclude_list")
    if not has_list:
        end = tokens[at].end
        return [(end, end, f" EXCLUDE ({listed})")]
    after = tokens[at + 2]
    if after.text == "(":
        return [(after.end, after.end, f"{listed}, ")]
    stop = at + 2
    while tokens[stop + 1].text == ".":
        stop += 2
    return [(after.start, after.start, f"({listed}, "), (tokens[stop].end, tokens[stop].end, ")")]


def _spell_out(analysis: Analysis, select: Select, excluded: list[str]) -> list[Replacement]:
    """Gives a FROM without SELECT, or a TABLE, the select list that it stands for."""
    tokens = analysis.tokens
    at, depth = analysis.chains[select.bases[0]].start - 1, 0
    while at >= 0:
        token = tokens[at]
        if depth == 0 and token.word == "FROM":
            return [(token.start, token.start, f"SELECT * EXCLUDE ({', '.join(excluded)}) ")]
        if depth == 0 and token.word == "TABLE":
            return [(token.start, token.end, f"SELECT * EXCLUDE ({', '.join(excluded)}) FROM")]
        depth += (token.text == ")") - (token.text == "(" and depth > 0)
        at -= 1
    return []
