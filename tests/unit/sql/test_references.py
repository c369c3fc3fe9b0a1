"""Tables, their versions and calls, and what splicing leaves alone."""

import pytest

from ingitdb.errors import StatementInvalid
from ingitdb.execution.parser import DuckdbParser
from ingitdb.sql.analysis import analyze
from ingitdb.sql.arguments import remaining_values, value_of
from ingitdb.sql.references import (
    Argument,
    Expression,
    function_calls,
    replace_reference,
    splice,
    table_references,
)
from ingitdb.sql.versions import Parameter, Ref, split_version


def names(sql: str, parser: DuckdbParser) -> list[str]:
    return [".".join(r.path) for r in table_references(sql, parser)]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("WITH c AS (FROM t) FROM c, u", ["t", "u"]),
        ("WITH t AS (FROM t) FROM t", ["t"]),
        ("WITH a AS (FROM b), b AS (SELECT 1) FROM a, b", ["b"]),
        ("WITH c AS (SELECT 1) SELECT * FROM (WITH d AS (FROM c) FROM d), d", ["d"]),
        ("WITH c AS (SELECT 1) FROM main.c", ["main.c"]),
        ("WITH C AS (SELECT 1) FROM c", []),
        ("WITH RECURSIVE r AS (SELECT 1 UNION ALL SELECT * FROM r, t) FROM r", ["t"]),
        (
            "WITH RECURSIVE r(a, b) USING KEY (a) AS"
            " (SELECT 1, 2 UNION SELECT x.a, 3 FROM r x JOIN recurring.r y USING (a)) FROM r",
            [],
        ),
        ("SELECT (WITH c AS (SELECT 1) FROM c) FROM c", ["c"]),
        ("SELECT * FROM (FROM a UNION FROM b) JOIN c ON EXISTS (FROM d)", ["a", "b", "c", "d"]),
        ("TABLE a UNION ALL TABLE b", ["a", "b"]),
        ("SELECT * FROM (SUMMARIZE a) JOIN (DESCRIBE b) ON true", ["a", "b"]),
        ("SELECT * FROM a, a", ["a", "a"]),
        ("FROM range(3), unnest([1])", []),
        ("SELECT * FROM t GROUP BY (SELECT max(x) FROM u) HAVING (FROM v)", ["t", "u", "v"]),
    ],
)
def test_scopes(sql: str, expected: list[str], parser: DuckdbParser) -> None:
    assert names(sql, parser) == expected


def test_spans_are_the_names_and_their_versions(parser: DuckdbParser) -> None:
    sql = "SELECT 'é😀' FROM \"ä b\".t AS OF 'v1' x JOIN u y AT (VERSION => 'v2') ON true"
    first, second = table_references(sql, parser)
    assert sql[first.start : first.end] == "\"ä b\".t AS OF 'v1'"
    assert (first.schema, first.name, first.alias, first.tail) == ("ä b", "t", "x", None)
    assert sql[second.start : second.end] == "u"
    assert second.tail is not None
    assert sql[slice(*second.tail)] == "AT (VERSION => 'v2')"
    assert (second.exposed, second.has_alias) == ("y", True)


def test_other_names_become_aliases(parser: DuckdbParser) -> None:
    sql = 'SELECT country_codes.x FROM country_codes JOIN "t@v1" USING (id)'
    first, second = table_references(sql, parser)
    spliced = splice(
        sql,
        [
            *replace_reference(first, '"c_1"."country-codes"', answers_to="country-codes"),
            *replace_reference(second, '"c_2".t', answers_to="T"),
        ],
    )
    assert spliced == (
        'SELECT country_codes.x FROM "c_1"."country-codes" AS "country_codes"'
        ' JOIN "c_2".t USING (id)'
    )


def test_no_alias_where_none_can_stand(parser: DuckdbParser) -> None:
    sql = "SUMMARIZE t"
    [reference] = table_references(sql, parser)
    assert splice(sql, replace_reference(reference, "x.y")) == "SUMMARIZE x.y"


def test_splice_refuses_overlaps() -> None:
    with pytest.raises(ValueError, match="overlap"):
        splice("abc", [(0, 2, ""), (1, 3, "")])


def test_versions_in_quoted_names() -> None:
    assert split_version("t@branch@{1}") == ("t", Ref("branch@{1}"))
    assert split_version("@x") == ("@x", None)
    assert split_version("x@") == ("x@", None)


def test_written_keeps_a_name_with_an_at_sign(parser: DuckdbParser) -> None:
    [reference] = table_references('FROM "me@home.csv"', parser)
    assert (reference.written, reference.name) == ("me@home.csv", "me")


def test_calls(parser: DuckdbParser) -> None:
    sql = "SELECT upper(hash_of('é')) FROM git_log('a..b', n => [1, f(2)], r := ?) AS l(x), t"
    outer, inner, log, nested = function_calls(sql, parser)
    assert [c.name for c in (outer, inner, log, nested)] == ["upper", "hash_of", "git_log", "f"]
    assert sql[log.start : log.end] == "git_log('a..b', n => [1, f(2)], r := ?)"
    assert log.arguments == (
        Argument(None, "a..b"),
        Argument("n", Expression("[1, f(2)]")),
        Argument("r", Parameter("1")),
    )
    assert (log.is_table, log.alias, inner.is_table) == (True, "l", False)


def test_calls_as_methods(parser: DuckdbParser) -> None:
    [call] = function_calls("SELECT 'main'.hash_of()", parser)
    assert call.is_method
    assert [c.is_method for c in function_calls("SELECT count(*), f(1)", parser)] == [False, False]


@pytest.mark.parametrize(
    ("sql", "values", "left"),
    [
        ("SELECT ? FROM t AS OF ? WHERE a = ?", [1, "v", 3], [1, 3]),
        ("SELECT ? FROM t AS OF 'v' WHERE a = ?", [1, 3], [1, 3]),
        ("SELECT $1 FROM t AS OF $2 WHERE a = $3", [1, "v", 3], {"1": 1, "3": 3}),
        ("SELECT ?1 FROM t AS OF ?2", [1, "v"], {"1": 1}),
        ("SELECT $a FROM t AS OF $b", {"a": 1, "b": "v"}, {"a": 1}),
        ("SELECT $a, $b FROM t AS OF $b", {"a": 1, "b": "v"}, {"a": 1, "b": "v"}),
        ("FROM t AS OF ?", ["v"], []),
        ("FROM t", None, None),
        ("SELECT '?' FROM t -- ?", [], []),
    ],
)
def test_values_that_are_left(sql: str, values, left, parser: DuckdbParser) -> None:
    analysis = analyze(sql, parser)
    [reference] = table_references(analysis, parser)
    replacements = replace_reference(reference, "x.t", answers_to="t")
    assert remaining_values(analysis, replacements, values) == left
    if isinstance(reference.version, Parameter):
        assert value_of(reference.version, values) == "v"


def test_missing_value() -> None:
    with pytest.raises(StatementInvalid, match="Parameter 2"):
        value_of(Parameter("2"), [1])
