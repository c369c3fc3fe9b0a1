"""Whatever DuckDB understands by itself comes out as it went in, and nothing makes us fall over."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingitdb.errors import IngitdbError
from ingitdb.execution.parser import DuckdbParser
from ingitdb.model.types import quote_identifier, quote_literal
from ingitdb.sql.analysis import analyze
from ingitdb.sql.fence import check
from ingitdb.sql.hidden import hide_in_stars, mentions_hidden
from ingitdb.sql.references import replace_reference, splice, table_references
from ingitdb.sql.statements import split
from ingitdb.sql.versions import Ref
from tests.support.duckdb_queries import QUERIES

BUSY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
SYNTAX = [
    "t AS OF 'v1'",
    "t@main",
    "AT (VERSION => 'x')",
    "FOR SYSTEM_TIME ALL",
    "AS OF",
    "_path",
    "; DROP TABLE t",
    "é😀",
    "/* */",
    "--",
]
texts = st.lists(st.sampled_from([*SYNTAX, " ", "'", '"', "x", "$$", "\n"]), max_size=5).map(
    "".join
)
fillers = st.sampled_from(
    [" ", "\n", "\t ", " /* t AS OF 'v1' */ ", " -- t@main\n", "\u00a0", "  "]
)
names = st.one_of(
    st.sampled_from(
        ["t", "of", "name", "T1", "système", "名前", "version", "branch", "system_time"]
    ),
    texts.filter(
        lambda t: (
            bool(t.strip()) and "@" not in t and "_path" not in t and "*" not in t and "/" not in t
        )
    ).map(quote_identifier),
)
strings = texts.map(quote_literal)
values = st.one_of(
    strings,
    st.sampled_from(
        ["1", "NULL", "a.b", "x + 1", "count(*)", "[x for x in l]", "$$t AS OF 'v1'$$"]
    ),
)


@cache
def parser() -> DuckdbParser:
    return DuckdbParser()


@pytest.fixture(autouse=True, scope="module")
def _closing() -> Iterator[None]:
    yield
    parser().close()
    parser.cache_clear()


def rewritten(sql: str) -> str:
    """Sends a script through everything that may change a text."""
    texts = []
    for statement in split(sql, parser()):
        analysis = analyze(statement.source, parser(), query_start=statement.query_start)
        check(analysis, parser())
        replacements = hide_in_stars(analysis, mentions_hidden(analysis, parser()), parser())
        for reference in table_references(analysis, parser()):
            assert reference.version is None
            written = analysis.text.text[reference.start : reference.end]
            replacements += replace_reference(reference, written, answers_to=reference.name)
        texts.append(splice(statement.text, replacements))
    return "\n;".join(texts)


@st.composite
def queries(draw: Callable) -> str:
    gap = lambda: draw(fillers)  # noqa: E731 - drawn anew at each place
    items = ("," + gap()).join(
        f"{draw(values)}{gap()}AS{gap()}{draw(names)}" for _ in range(draw(st.integers(1, 3)))
    )
    source = draw(names)
    if draw(st.booleans()):
        source += f"{gap()}AS{gap()}{draw(names)}"
    if draw(st.booleans()):
        source += f",{gap()}{draw(names)}"
    query = f"SELECT{gap()}{items}{gap()}FROM{gap()}{source}"
    if draw(st.booleans()):
        query += f"{gap()}WHERE{gap()}{draw(strings)} <> {draw(strings)}"
    if draw(st.booleans()):
        cte = draw(names)
        query = f"WITH{gap()}{cte}{gap()}AS{gap()}({query}){gap()}SELECT * FROM{gap()}{cte}"
    return query


@BUSY
@given(queries())
def test_generated_queries_pass_unchanged(query: str) -> None:
    with duckdb.connect() as connection:
        try:
            connection.extract_statements(query)
        except duckdb.Error:
            return
    assert rewritten(query) == query.strip().strip("\u00a0") or rewritten(query) == query.strip()


@BUSY
@given(st.sampled_from(QUERIES), st.sampled_from(QUERIES))
def test_listed_queries_pass_unchanged_in_scripts(one: str, other: str) -> None:
    assert rewritten(f"{one}\n;{other}") == f"{one}\n;{other}"


@BUSY
@given(strings, texts)
def test_versions_are_found_behind_any_text(literal: str, ref: str) -> None:
    sql = f'SELECT {literal}, t.x FROM t AS OF {quote_literal(ref)} /* é */, "ü"@dev w'
    analysis = analyze(sql, parser())
    first, second = table_references(analysis, parser())
    assert (first.version, second.version) == (Ref(ref), Ref("dev"))
    spliced = splice(sql, [*replace_reference(first, "c.t"), *replace_reference(second, "d.u")])
    assert spliced == f'SELECT {literal}, t.x FROM c.t AS "t" /* é */, d.u w'


WORDS = st.sampled_from(
    [
        "SELECT",
        "FROM",
        "t",
        "u",
        "WHERE",
        "AS",
        "OF",
        "AT",
        "(",
        ")",
        "(",
        ")",
        ",",
        ".",
        "*",
        "'x'",
        "?",
        "$1",
        "@",
        "@main",
        "t@main",
        "VERSION",
        "TIMESTAMP",
        "=>",
        "FOR",
        "SYSTEM_TIME",
        "ALL",
        "BETWEEN",
        "AND",
        "TO",
        "PIVOT",
        "ON",
        "USING",
        "sum",
        "JOIN",
        "WITH",
        "c",
        ";",
        "EXPLAIN",
        "DESCRIBE",
        "SHOW",
        "TABLES",
        "USE",
        "ATTACH",
        "CALL",
        "COPY",
        '"a"',
        "$$",
        "/*",
        "*/",
        "--",
        "é",
        "1",
        "[",
        "]",
        "{",
        "}",
        "TABLE",
        "SUMMARIZE",
        "UNION",
        "EXCLUDE",
        "_path",
        "IN",
    ]
)


@BUSY
@given(st.lists(WORDS, max_size=12).map(" ".join))
def test_word_salad_is_answered_or_refused(sql: str) -> None:
    with suppress(IngitdbError):
        for statement in split(sql, parser()):
            analysis = analyze(statement.source, parser(), query_start=statement.query_start)
            check(analysis, parser())
            table_references(analysis, parser())
            hide_in_stars(analysis, ["_path"], parser())


@pytest.mark.parametrize("query", QUERIES)
def test_listed_queries_pass_unchanged(query: str) -> None:
    assert rewritten(query) == query
