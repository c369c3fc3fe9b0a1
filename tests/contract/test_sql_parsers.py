"""What every parser keeps to: one with a DuckDB of its own, and one that borrows at first."""

from collections.abc import Iterator

import duckdb
import pytest

from ingitdb.errors import StatementInvalid
from ingitdb.execution.parser import DuckdbParser
from ingitdb.model.ports import SqlParser


@pytest.fixture(params=["own", "lent"])
def parser(request: pytest.FixtureRequest) -> Iterator[SqlParser]:
    """A parser."""
    with duckdb.connect() as lender:
        lend = lender.cursor if request.param == "lent" else None
        with DuckdbParser(lend) as made:
            yield made


def test_offsets_are_bytes(parser: SqlParser) -> None:
    assert parser.tokenize("é'ø' -- x\n, 1")[1:] == [
        (2, "string_const"),
        (7, "comment"),
        (12, "operator"),
        (14, "numeric_const"),
    ]


def test_trees(parser: SqlParser) -> None:
    for _ in range(6):
        tree = parser.serialize("SELECT 'it''s' AS s FROM t WHERE a = 'x'") or {}
        assert tree["error"] is False
        assert tree["statements"][0]["node"]["from_table"]["table_name"] == "t"
        assert parser.serialize("DROP TABLE t") is None


def test_errors_have_a_place(parser: SqlParser) -> None:
    tree = parser.serialize("SELECT 1 FORM t x") or {}
    assert tree["error"] is True
    assert tree["error_message"]
    assert int(tree["position"]) == 14
    assert (parser.serialize("SELECT '\0'") or {})["error"] is True


def test_kinds(parser: SqlParser) -> None:
    assert parser.statement_types("SELECT 1; DELETE FROM t; COPY t TO 'x'") == [
        "SELECT",
        "DELETE",
        "COPY",
    ]
    with pytest.raises(StatementInvalid, match="line 1, column"):
        parser.statement_types("SELEC 1")


def test_nothing_is_run(parser: SqlParser) -> None:
    for _ in range(6):
        parser.statement_types("CREATE TABLE made AS SELECT 1; DROP TABLE made")
        tree = parser.serialize("SELECT * FROM read_csv('/etc/passwd')") or {}
        assert tree["error"] is False
