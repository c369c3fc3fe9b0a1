"""Declared types of values with parts hold where every part conforms; else nothing is lost."""

import json
from typing import Any

import pytest

from tests.support.opening import Opened, rows
from tests.support.repositories import RepoBuilder


def table(kind: str, *values: str) -> dict[str, str]:
    said = json.dumps({"tables": {"t": {"glob": "t.json", "columns": {"v": {"type": kind}}}}})
    records = ", ".join(f'{{"v": {value}}}' for value in values)
    return {".ingitdb/tables.yaml": f"{said}\n", "t.json": f"[{records}]\n"}


def shown(connection: Any, at: str = "HEAD") -> tuple[str, list[str | None]]:
    found = rows(connection, f"SELECT typeof(v), CAST(v AS VARCHAR) FROM t AS OF '{at}'")
    return found[0][0].replace('"', ""), [text for _, text in found]


@pytest.mark.parametrize(
    ("kind", "values", "texts"),
    [
        ("STRUCT(a INTEGER)", ['{"a": 1}', '{"a": 2.0}', "{}", "null"],
         ["{'a': 1}", "{'a': 2}", "{'a': NULL}", None]),
        ("STRUCT(a INTEGER)", ["{}"], ["{'a': NULL}"]),
        ("STRUCT(a INTEGER, b DATE)", ['{"b": "2026-01-02", "A": 1, "c": null}'],
         ["{'a': 1, 'b': 2026-01-02}"]),
        ("STRUCT(a STRUCT(b DECIMAL(4,1))[])", ['{"a": [{"b": 1.5}, null, {}]}'],
         ["{'a': [{'b': 1.5}, NULL, {'b': NULL}]}"]),
        ("INTEGER[][]", ["[[1], [], [2, null]]"], ["[[1], [], [2, NULL]]"]),
        ("MAP(VARCHAR, INTEGER)", ['{"x": 1}', '{"y": 2, "x": 3}', "{}"],
         ["{x=1}", "{x=3, y=2}", "{}"]),
        ("MAP(INTEGER, VARCHAR)", ['{"1": "x"}'], ["{1=x}"]),
        ("MAP(VARCHAR, STRUCT(a SMALLINT))", ['{"x": {"a": 1}}', '{"y": {"a": 2}}'],
         ["{x={'a': 1}}", "{y={'a': 2}}"]),
        ("MAP(VARCHAR, MAP(VARCHAR, DATE)[])", ['{"x": [{"y": "2026-01-02"}]}'],
         ["{x=[{y=2026-01-02}]}"]),
        ("MAP(VARCHAR, INTEGER)", ['{"a": 1, "A": 2}'], ["{a=1, A=2}"]),
        ("STRUCT(a TIMESTAMP, b UUID)[]",
         ['[{"a": "2026-01-02T10:00:00", "b": "6ba7b810-9dad-11d1-80b4-00c04fd430c8"}]'],
         ["[{'a': '2026-01-02 10:00:00', 'b': 6ba7b810-9dad-11d1-80b4-00c04fd430c8}]"]),
        ("STRUCT(a VARCHAR)", ['{"a": 7}'], ["{'a': 7}"]),
        ("JSON", ["[1, 2]", "null", "[]"], ["[1,2]", None, "[]"]),
        ("JSON", ['"a"', '"5"'], ['"a"', '"5"']),
        ("JSON", ["7"], ["7"]),
        ("JSON[]", ["[[1], null]"], ["[[1], NULL]"]),
        ("HUGEINT", ["-170141183460469231731687303715884105728"],
         ["-170141183460469231731687303715884105728"]),
        ("UHUGEINT", ["340282366920938463463374607431768211455", "1"],
         ["340282366920938463463374607431768211455", "1"]),
    ],
)  # fmt: skip
def test_what_conforms(
    repo: RepoBuilder, opened: Opened, kind: str, values: list[str], texts: list[str | None]
) -> None:
    repo.commit(table(kind, *values))
    connection = opened(repo)
    assert shown(connection) == (kind, texts)
    assert connection.database.describe("t").columns[0].widened_by == ()


@pytest.mark.parametrize(
    ("kind", "values", "natural", "texts"),
    [
        ("STRUCT(a INTEGER)", ['{"a": 1}', '{"a": 1.5}'], "STRUCT(a DOUBLE)",
         ["{'a': 1.0}", "{'a': 1.5}"]),
        ("STRUCT(a INTEGER)", ['{"a": 1, "b": 2}'], "STRUCT(a BIGINT, b BIGINT)",
         ["{'a': 1, 'b': 2}"]),
        ("STRUCT(a INTEGER)", ['{"a": "x"}'], "STRUCT(a VARCHAR)", ["{'a': x}"]),
        ("STRUCT(a INTEGER)", ["7"], "VARCHAR", ["7"]),
        ("STRUCT(a INTEGER)", ['{"a": 1}', "[1]"], "JSON", ['{"a":1}', "[1]"]),
        ("STRUCT(a DATE)[]", ['[{"a": "2026-01-02"}, {"a": "soon"}]'], "STRUCT(a VARCHAR)[]",
         ["[{'a': 2026-01-02}, {'a': soon}]"]),
        ("MAP(VARCHAR, TINYINT)", ['{"x": 300}'], "STRUCT(x BIGINT)", ["{'x': 300}"]),
        ("MAP(INTEGER, VARCHAR)", ['{"1": "a", "x": "b"}'], "STRUCT(1 VARCHAR, x VARCHAR)",
         ["{'1': a, 'x': b}"]),
        ("MAP(VARCHAR, INTEGER)", ['{"a": 1, "A": "x"}'], "JSON", ['{"a":1,"A":"x"}']),
        ("MAP(VARCHAR, TINYINT)", ['{"a": 1, "A": 300}'], "JSON", ['{"a":1,"A":300}']),
        ("INTEGER[][]", ["[[1], [2.5]]"], "DOUBLE[][]", ["[[1.0], [2.5]]"]),
        ("UHUGEINT", ["-1", "340282366920938463463374607431768211455"], "VARCHAR",
         ["-1", "340282366920938463463374607431768211455"]),
    ],
)  # fmt: skip
def test_what_does_not_conform_is_shown_as_it_stands(
    repo: RepoBuilder,
    opened: Opened,
    kind: str,
    values: list[str],
    natural: str,
    texts: list[str],
) -> None:
    repo.commit(table(kind, *values))
    connection = opened(repo)
    assert shown(connection) == (natural, texts)
    (column,) = connection.database.describe("t").columns
    assert column.widened_by[0].replace('"', "") == f"declared {kind}"


def test_each_commit_has_its_own_types(repo: RepoBuilder, opened: Opened) -> None:
    for values in (['{"a": 1}'], ['{"a": 1}', '{"a": "x"}'], ["{}"], ["[1]"]):
        repo.commit(table("STRUCT(a INTEGER)", *values))
    connection = opened(repo)
    assert [shown(connection, f"HEAD~{back}") for back in (3, 2, 1, 0)] == [
        ("STRUCT(a INTEGER)", ["{'a': 1}"]),
        ("STRUCT(a VARCHAR)", ["{'a': 1}", "{'a': x}"]),
        ("STRUCT(a INTEGER)", ["{'a': NULL}"]),
        ("BIGINT[]", ["[1]"]),
    ]


def test_cells_that_spell_json(repo: RepoBuilder, opened: Opened) -> None:
    said = "tables: {t: {glob: t.csv, columns: {v: {type: JSON}}}}\n"
    repo.commit({".ingitdb/tables.yaml": said, "t.csv": 'v\n"{""a"": 2.50}"\n7\n'})
    repo.commit({"t.csv": 'v\n"{""a"": 2.50}"\nsoon\n'})
    connection = opened(repo)
    assert shown(connection, "HEAD~1") == ("JSON", ['{"a": 2.50}', "7"])
    assert shown(connection) == ("VARCHAR", ['{"a": 2.50}', "soon"])


@pytest.mark.parametrize(
    ("kind", "cell", "text"),
    [
        ("TIMESTAMP_S", "2026-01-02T10:00:00", "2026-01-02 10:00:00"),
        ("TIMESTAMP_MS", "2026-01-02 10:00:00.125", "2026-01-02 10:00:00.125"),
        ("TIMESTAMP_NS", "2026-01-02T10:00:00.123456", "2026-01-02 10:00:00.123456"),
        ("TIMESTAMP_S", "2026-01-02", "2026-01-02 00:00:00"),
    ],
)
def test_moments_in_cells(
    repo: RepoBuilder, opened: Opened, kind: str, cell: str, text: str
) -> None:
    said = f"tables: {{t: {{glob: t.csv, columns: {{v: {{type: {kind}}}}}}}}}\n"
    repo.commit({".ingitdb/tables.yaml": said, "t.csv": f"v\n{cell}\n"})
    repo.commit({"t.csv": f"v\n{cell}\n2026-01-02T10:00:00.5\n"})
    connection = opened(repo)
    assert shown(connection, "HEAD~1") == (kind, [text])
    assert (shown(connection)[0] == kind) == (kind != "TIMESTAMP_S")
