"""What statements of version control ask for, and where they are wrong."""

from decimal import Decimal

import pytest

from ingitdb.errors import StatementError, StatementInvalid, StatementRefused
from ingitdb.execution.parser import DuckdbParser
from ingitdb.sql.statements import Call, CreateRef, DropRef, StatementKind, split
from ingitdb.sql.version_control import PROCEDURES, Given
from ingitdb.sql.versions import Parameter


def detail(sql: str, parser: DuckdbParser) -> object:
    [statement] = split(sql, parser)
    return statement.detail


CREATED = [
    ("CREATE BRANCH b", ("branch", "b", None, False)),
    ('create branch "feature/x"', ("branch", "feature/x", None, False)),
    ("CREATE BRANCH 'feature/x' FROM 'v1.0~2'", ("branch", "feature/x", "v1.0~2", False)),
    ("CREATE BRANCH IF NOT EXISTS b FROM main", ("branch", "b", "main", True)),
    ("CREATE /* x */ BRANCH $$it's$$ -- end", ("branch", "it's", None, False)),
    ("CREATE TAG v AT main", ("tag", "v", "main", False)),
    ('CREATE TAG IF NOT EXISTS "a ""b""" FROM $ref', ("tag", 'a "b"', Parameter("ref"), True)),
    ("CREATE BRANCH ? FROM ?", ("branch", Parameter("1"), Parameter("2"), False)),
    ("CREATE BRANCH branch FROM tag", ("branch", "branch", "tag", False)),
]


@pytest.mark.parametrize(("sql", "wanted"), CREATED)
def test_create(sql: str, wanted: tuple[object, ...], parser: DuckdbParser) -> None:
    found = detail(sql, parser)
    assert isinstance(found, CreateRef)
    at = found.at.value if found.at is not None else None
    assert (found.kind, found.name.value, at, found.if_not_exists) == wanted


DROPPED = [
    ("DROP BRANCH b", ("branch", "b", False, False)),
    ("DROP BRANCH IF EXISTS 'a/b' FORCE", ("branch", "a/b", True, True)),
    ("drop branch force", ("branch", "force", False, False)),
    ('DROP TAG "v1.0"', ("tag", "v1.0", False, False)),
    ("DROP TAG IF EXISTS ?", ("tag", Parameter("1"), True, False)),
]


@pytest.mark.parametrize(("sql", "wanted"), DROPPED)
def test_drop(sql: str, wanted: tuple[object, ...], parser: DuckdbParser) -> None:
    found = detail(sql, parser)
    assert isinstance(found, DropRef)
    assert (found.kind, found.name.value, found.if_exists, found.force) == wanted


@pytest.mark.parametrize("sql", ["USE BRANCH b/c", "USE BRANCH", "USE BRANCH 'b' c"])
def test_use_that_is_wrong(sql: str, parser: DuckdbParser) -> None:
    if sql == "USE BRANCH":
        assert detail(sql, parser).path == ("BRANCH",)  # a schema of that name
        return
    with pytest.raises(StatementInvalid, match=r"\^"):
        split(sql, parser)


@pytest.mark.parametrize("written", ["b", '"b"', "'b'"])
def test_use(written: str, parser: DuckdbParser) -> None:
    assert detail(f"USE BRANCH {written}", parser).branch == "b"


def test_arguments_of_calls(parser: DuckdbParser) -> None:
    sql = "CALL commit('it''s', 1, -2, 1.50, 1_000, true, NULL, ?, $2, n => $$x$$, Author := $a)"
    found = detail(sql, parser)
    assert isinstance(found, Call)
    values = [given.value for given in found.positional]
    wanted = ["it's", 1, -2, Decimal("1.50"), 1000, True, None, Parameter("1"), Parameter("2")]
    assert values == wanted
    assert [type(value) for value in values] == [type(value) for value in wanted]
    assert {name: given.value for name, given in found.named.items()} == {
        "n": "x",
        "author": Parameter("a"),
    }
    for given in (*found.positional, *found.named.values()):
        text = sql[given.start : given.end]
        assert text.strip() == text != ""
    assert sql[found.positional[8].start : found.positional[8].end] == "$2"


@pytest.mark.parametrize(
    ("spelled", "procedure"),
    [(f"dolt_{name}", name) for name in sorted(PROCEDURES - {"set_commit_message", "remote_fetch"})]
    + [("dolt_fetch", "remote_fetch"), ('"Commit"', "commit"), ("COMMIT", "commit")]
    + [(name, name) for name in sorted(PROCEDURES)],
)
def test_names_of_procedures(spelled: str, procedure: str, parser: DuckdbParser) -> None:
    [statement] = split(f"CALL {spelled}()", parser)
    assert statement.kind is StatementKind.PROCEDURE
    assert isinstance(statement.detail, Call)
    assert statement.detail.procedure == procedure
    assert statement.detail.positional == ()


WRONG = [
    ("CREATE BRANCH", "", "name is expected"),
    ("CREATE BRANCH feature/x", "feature/x", "'feature/x'"),
    ("CREATE BRANCH b FROM HEAD~2", "HEAD~2", "'HEAD~2'"),
    ("CREATE BRANCH b FROM main^", "main^", "'main^'"),
    ("CREATE BRANCH b FROM", "", "ref is expected"),
    ("CREATE BRANCH a.b", "a.b", "'a.b'"),
    ("CREATE BRANCH a-b FROM c", "a-b", "'a-b'"),
    ("CREATE BRANCH 1", "1", "name is expected"),
    ("CREATE BRANCH a b", "b", "FROM 'ref'"),
    ("CREATE TAG v AT a b", "b", "AT 'ref'"),
    ("CREATE OR REPLACE BRANCH b", "OR", "DROP it first"),
    ("CREATE TEMP TAG b", "TEMP", "not understood"),
    ("DROP BRANCH a, b", ",", "not understood"),
    ("DROP TAG v FORCE", "FORCE", "not understood"),
    ("DROP BRANCH e'\\x41'", "e'\\x41'", "literal or parameter"),
    ("CALL commit", "", "brackets"),
    ("CALL commit 'x'", "'x'", "brackets"),
    ("CALL commit('x'", "", "not closed"),
    ("CALL commit('x',)", ")", "argument is expected"),
    ("CALL commit('x' || 'y')", "||", "one literal"),
    ("CALL commit(lower('x'))", "lower", "literal or parameter"),
    ("CALL commit((SELECT 1))", "(", "literal or parameter"),
    ("CALL commit(- x)", "-", "literal or parameter"),
    ("CALL commit(author => 'x', 'y')", "'y'", "come first"),
    ("CALL commit(author => 'x', AUTHOR => 'y')", "AUTHOR", "twice"),
    ("CALL commit('x') FROM t", "FROM", "not understood"),
]


@pytest.mark.parametrize(("sql", "place", "said"), WRONG)
def test_errors_name_the_place(sql: str, place: str, said: str, parser: DuckdbParser) -> None:
    with pytest.raises(StatementInvalid) as caught:
        split(sql, parser)
    assert said in str(caught.value)
    _, _, carets = caught.value.message.splitlines()[-3:]
    start = carets.index("^")
    assert sql[start : start + carets.count("^")] == place
    assert place or start == len(sql)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("mergee", "merge"),
        ("dolt_comit", "dolt_commit"),
        ("duckdb_x", "FROM"),
        ("dolt_add", "dolt_commit"),
    ],
)
def test_an_unknown_procedure(name: str, near: str, parser: DuckdbParser) -> None:
    with pytest.raises(StatementRefused) as caught:
        split(f"SELECT 1; CALL {name}('x')", parser)
    assert near in str(caught.value.hint)
    assert "^" * len(name) in caught.value.message
    with pytest.raises(StatementError):
        split("CALL", parser)


def test_places_count_from_the_statement(parser: DuckdbParser) -> None:
    [_, statement] = split("SELECT 'é';\n CREATE BRANCH 'ø' FROM 'x'", parser)
    assert isinstance(statement.detail, CreateRef)
    assert statement.detail.name == Given("ø", 14, 17)
