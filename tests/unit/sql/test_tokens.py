"""Tokens and places, in characters whatever the bytes."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from ingitdb.errors import IngitdbError, StatementInvalid
from ingitdb.execution.parser import DuckdbParser
from ingitdb.sql.analysis import analyze
from ingitdb.sql.pivots import list_pivot_values
from ingitdb.sql.texts import display_width, excerpt
from ingitdb.sql.tokens import Offsets, tokenize


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 'é' AS \"😀\", t@main -- 東\n FROM t /* ü */ WHERE x = $$ß$$",
        "\ufeffSELECT\u00a01\u3000AS\u2003x",
        "SELECT e'\\'é', x'AB', $tag$ a $$ $tag$, 1_000.5e-3, a->>'b', [1:2]",
        "",
        "'unterminated é",
    ],
)
def test_tokens_are_slices_of_the_text(sql: str, parser: DuckdbParser) -> None:
    tokens = tokenize(sql, parser)
    assert len(tokens.plain) == len(sql)
    for token in tokens:
        assert tokens.plain[token.start : token.end] == token.text
        assert token.text == token.text.strip()


def test_offsets() -> None:
    text = "aé😀b"
    found = [Offsets(text).index(len(text[:n].encode())) for n in range(len(text) + 1)]
    assert found == [0, 1, 2, 3, 4]


def test_values_and_names(parser: DuckdbParser) -> None:
    tokens = tokenize("""'it''s' $$a$$ $x$b$x$ e'c' "a""b" Name 5""", parser)
    assert [t.value for t in tokens] == ["it's", "a", "b", None, None, None, None]
    assert (tokens[4].name, tokens[5].word, tokens[5].name) == ('a"b', "NAME", "Name")
    assert (tokens[99].text, tokens[4].word) == ("", "")


def test_excerpt_counts_cells() -> None:
    assert excerpt("SELECT '東京', x", 13, 14) == (
        "line 1, column 14:\nSELECT '東京', x\n" + " " * 14 + " ^"
    )
    assert display_width("e\u0301東") == 3


def test_excerpt_cuts_long_lines() -> None:
    shown = excerpt("SELECT " + "x, " * 200 + "FROM FROM", 607, 611)
    assert all(len(line) < 110 for line in shown.splitlines())
    assert "FROM" in shown


def test_trees_of_pivots_lead_back_to_the_text(parser: DuckdbParser) -> None:
    sql = "FROM (PIVOT t ON é, b || 'x' USING sum(c)) JOIN u ON u.x = 1"
    listed = list_pivot_values(tokenize(sql, parser), sql)
    assert listed is not None
    assert listed.text == (
        "FROM (PIVOT t ON (é) IN (1), (b || 'x') IN (1) USING sum(c)) JOIN u ON u.x = 1"
    )
    for word in ("é", "b ||", "USING", "JOIN", "u.x"):
        assert listed.original(listed.text.index(word)) == sql.index(word)


def test_zero_bytes_are_no_sql(parser: DuckdbParser) -> None:
    with pytest.raises(IngitdbError):
        analyze("SELECT '\x00'", parser)


def test_the_parser_says_what_is_wrong(parser: DuckdbParser) -> None:
    assert parser.statement_types("SELECT 1; DELETE FROM t") == ["SELECT", "DELETE"]
    assert parser.statement_types("PIVOT t ON a") == ["MULTI"]
    with pytest.raises(StatementInvalid, match=r"near \"FRMM\"|near \"t\""):
        parser.statement_types("SELECT * FRMM t")
    assert parser.serialize("DELETE FROM t") is None


def test_threads_share_a_parser(parser: DuckdbParser) -> None:
    def read(number: int) -> str:
        return analyze(f"SELECT {number} FROM t{number}", parser).tree.bases[0].path[0]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(read, range(200))) == [f"t{n}" for n in range(200)]
