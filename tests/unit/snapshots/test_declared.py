"""Declared types hold where every value conforms; else the column shows the source text."""

import datetime as dt
from typing import Any

import pytest

from tests.support.opening import Opened, rows, types
from tests.support.repositories import RepoBuilder


def local(*parts: int) -> dt.datetime:
    """Gives a time without a zone."""
    return dt.datetime(*parts, tzinfo=dt.UTC).replace(tzinfo=None)  # type: ignore[misc,arg-type]


def declared(columns: str, *records: str) -> dict[str, str]:
    """Gives a definition and record files."""
    lines = "".join(f"  {line}\n" for line in columns.split("\n"))
    return {
        ".ingitdb/root-collections.yaml": "t: t\n",
        "t/.collection/definition.yaml": (
            "record_file:\n  name: '{key}.yaml'\n  type: map[string]any\n  format: yaml\n"
            f"columns:\n{lines}"
        ),
        **{f"t/$records/{n}.yaml": f"{text}\n" for n, text in enumerate(records)},
    }


@pytest.mark.parametrize(
    ("declaration", "records", "kind", "values"),
    [
        ("date", ["v: 2024-01-05"], "DATE", [dt.date(2024, 1, 5)]),
        ("date", ["v: 2024-01-05", "v: soon"], "VARCHAR", ["2024-01-05", "soon"]),
        ("date", ["v: 2024-02-30"], "VARCHAR", ["2024-02-30"]),
        ("datetime", ["v: 2024-01-05T10:00:00"], "TIMESTAMP", [local(2024, 1, 5, 10)]),
        ("datetime", ["v: 2024-01-05T10:00:00+02:00"], "TIMESTAMP WITH TIME ZONE",
         [dt.datetime(2024, 1, 5, 8, tzinfo=dt.UTC)]),
        ("datetime", ["v: 2024-01-05T10:00:00Z", "v: 2024-01-05T10:00:00"], "VARCHAR",
         ["2024-01-05T10:00:00Z", "2024-01-05T10:00:00"]),
        ("int", ["v: 1", "v: 2"], "BIGINT", [1, 2]),
        ("int", ["v: 1", "v: 1.50"], "VARCHAR", ["1", "1.50"]),
        ("int", ["v: 1", "v: 2.0"], "BIGINT", [1, 2]),
        ("float", ["v: 1", "v: 2"], "DOUBLE", [1.0, 2.0]),
        ("string", ["v: x"], "VARCHAR", ["x"]),
        ("string", ["v: 0x1F", "v: 7"], "VARCHAR", ["0x1F", "7"]),
        ("string", ["v: 1.10", "v: 1.20"], "VARCHAR", ["1.10", "1.20"]),
        ("bool", ["v: true", "v: ~"], "BOOLEAN", [True, None]),
        ("bool", ["v: maybe"], "VARCHAR", ["maybe"]),
        ("map[locale]string", ["v: {en: Oslo, de: ~}", "v: {fr: Paris}"], "MAP(VARCHAR, VARCHAR)",
         [{"en": "Oslo"}, {"fr": "Paris"}]),
        ("map[locale]string", ["v: {}"], "MAP(VARCHAR, VARCHAR)", [{}]),
        ("map[locale]string", ["v: Oslo"], "VARCHAR", ["Oslo"]),
        ("map[int]string", ["v: {1: a, 20: b}"], "MAP(BIGINT, VARCHAR)", [{1: "a", 20: "b"}]),
        ("map[int]string", ["v: {x: a}"], "STRUCT(x VARCHAR)", [{"x": "a"}]),
        ("map[string]int", ["v: {a: 1, b: ~}"], "MAP(VARCHAR, BIGINT)", [{"a": 1}]),
        ("map[string]int", ["v: {a: 1, b: x}"], "STRUCT(a BIGINT, b VARCHAR)",
         [{"a": 1, "b": "x"}]),
        ("[]int", ["v: [1, 2]", "v: []"], "BIGINT[]", [[1, 2], []]),
        ("[]int", ["v: []"], "BIGINT[]", [[]]),
        ("[]int", ["v: [1, x]"], "VARCHAR[]", [["1", "x"]]),
        ("[]string", ["v: [a]"], "VARCHAR[]", [["a"]]),
        ("int", ["w: 1"], "BIGINT", [None]),
    ],
)  # fmt: skip
def test_types(
    repo: RepoBuilder,
    opened: Opened,
    declaration: str,
    records: list[str],
    kind: str,
    values: list[Any],
) -> None:
    repo.commit(declared(f"v:\n  type: '{declaration}'", *records))
    connection = opened(repo)
    assert types(connection, "SELECT v FROM t")["v"].replace('"', "") == kind
    assert [row[0] for row in rows(connection, "SELECT v FROM t")] == values


def test_conforming_at_one_commit_and_not_at_the_next(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit(declared("v:\n  type: date", "v: 2024-01-05"))
    repo.commit({"t/$records/1.yaml": "v: soon\n"})
    repo.commit({"t/$records/1.yaml": None})
    connection = opened(repo)
    for at, kind in (("main", "DATE"), ("main~1", "VARCHAR"), ("main~2", "DATE")):
        assert types(connection, f"SELECT v FROM t AS OF '{at}'") == {"v": kind}
    description = connection.database.describe("t", "main~1").columns[1]
    assert description.widened_by == ("declared DATE", "t/$records/1.yaml: soon")


def test_a_definition_that_comes_and_goes(repo: RepoBuilder, opened: Opened) -> None:
    files = declared("v:\n  type: date", "v: 2024-01-05")
    repo.commit({name: text for name, text in files.items() if name.startswith("t/$")})
    repo.commit(files)
    repo.commit({name: None for name in files if not name.startswith("t/$")})
    connection = opened(repo)
    for at, kind in (("main", "VARCHAR"), ("main~1", "DATE"), ("main~2", "VARCHAR")):
        assert types(connection, f"SELECT v FROM t AS OF '{at}'") == {"v": kind}


def test_declared_columns_come_first(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit(declared("b:\n  type: int\nz:\n  type: date", "a: 1\nb: 2"))
    connection = opened(repo)
    assert list(types(connection, "SELECT * FROM t")) == ["_key", "b", "z", "a"]
    assert types(connection, "SELECT z FROM t") == {"z": "DATE"}


def test_over_overlays(repo: RepoBuilder, opened: Opened) -> None:
    """New commits below a definition are read as declared, though the line is not made anew."""
    repo.commit(declared("v:\n  type: date", "v: 2024-01-05"))
    connection = opened(repo)
    assert types(connection, "SELECT v FROM t") == {"v": "DATE"}
    repo.commit({"t/$records/1.yaml": "v: 2024-01-06\n"})
    assert rows(connection, "SELECT * FROM t") == [
        ("0", dt.date(2024, 1, 5)),
        ("1", dt.date(2024, 1, 6)),
    ]
    repo.commit({"t/$records/2.yaml": "v: soon\n", "t/.collection/note.txt": "x"})
    assert types(connection, "SELECT v FROM t") == {"v": "VARCHAR"}


def test_discovery_switched_off_holds_for_new_commits(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({".ingitdb/tables.yaml": "discover: false\n"})
    connection = opened(repo)
    assert rows(connection, "SHOW TABLES") == []
    repo.commit({"t/a.json": '{"n": 1}'})
    assert rows(connection, "SHOW TABLES") == []


def test_the_records_that_made_a_column_text(repo: RepoBuilder, opened: Opened) -> None:
    records = {f"t/{n}.yaml": f"cap: {n}\nwhere: x\n" for n in range(5)}
    repo.commit({**records, "t/7.yaml": "cap: ca. 450\nwhere: {at: 1}\n"})
    why = {c.name: c.widened_by for c in opened(repo).database.describe("t").columns}
    assert why["cap"] == ("t/7.yaml: ca. 450",)
    assert why["where"] == ('t/7.yaml: {"at":1}',)
    assert why["_key"] == ()
