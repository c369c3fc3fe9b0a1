"""The parser, on a DuckDB of its own and on cursors that another one lends."""

from concurrent.futures import ThreadPoolExecutor

import duckdb
import pytest

from ingitdb.errors import StatementInvalid
from ingitdb.execution.parser import DuckdbParser

TEXTS = ["SELECT 1", "SELECT 'it''s' AS a FROM t", "SELEC 1", "INSERT INTO t VALUES (1)", "a\x00b"]
_MANY = 12
"""More calls than are made to what was lent."""


def test_what_is_lent_answers_the_same() -> None:
    with duckdb.connect() as lender, DuckdbParser() as own, DuckdbParser(lender.cursor) as lent:
        for _ in range(_MANY):
            for text in TEXTS:
                assert lent.serialize(text) == own.serialize(text)
            assert lent.statement_types("SELECT 1; USE x") == own.statement_types("SELECT 1; USE x")
            with pytest.raises(StatementInvalid):
                lent.statement_types("SELEC 1")


def test_little_is_asked_of_the_lender() -> None:
    lent = []
    with duckdb.connect() as lender:

        def lend() -> duckdb.DuckDBPyConnection:
            lent.append(lender.cursor())
            return lent[-1]

        with DuckdbParser(lend) as parser:
            for _ in range(_MANY):
                parser.serialize("SELECT 1")
            assert len(lent) == 1
            lender.close()
            assert parser.serialize("SELECT 1") == DuckdbParser().serialize("SELECT 1")


def test_threads_share_a_parser() -> None:
    texts = [f"SELECT {number} AS a" for number in range(200)]
    with duckdb.connect() as lender, DuckdbParser() as own, DuckdbParser(lender.cursor) as lent:
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lent.serialize, texts))
        assert found == [own.serialize(text) for text in texts]
