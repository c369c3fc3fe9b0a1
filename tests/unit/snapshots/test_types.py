"""Columns have the types that the commit's own records give them."""

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.opening import Opened, rows, types
from tests.support.repositories import RepoBuilder

LOCAL = dt.datetime(2024, 1, 5, 10, tzinfo=dt.UTC).replace(tzinfo=None)


def one_each(*texts: str, kind: str = "yaml") -> dict[str, str]:
    """Gives a record file for each text."""
    return {f"t/{number}.{kind}": f"{text}\n" for number, text in enumerate(texts)}


@pytest.mark.parametrize(
    ("texts", "kind", "values"),
    [
        (["v: 1", "v: 2"], "BIGINT", [1, 2]),
        (["v: 1", "v: 1.5"], "DOUBLE", [1.0, 1.5]),
        (["v: 1", "v: 1.10", "v: many"], "VARCHAR", ["1", "1.10", "many"]),
        (["v: 010", "v: 7"], "VARCHAR", ["010", "7"]),
        ([f"v: {2**63}", "v: 7"], "HUGEINT", [2**63, 7]),
        ([f"v: {2**127 - 1}", f"v: -{2**127 - 1}"], "HUGEINT", [2**127 - 1, -(2**127) + 1]),
        ([f"v: {2**127}", "v: 7"], "VARCHAR", [str(2**127), "7"]),
        ([f"v: {2**53 + 1}", "v: 1.5"], "VARCHAR", [str(2**53 + 1), "1.5"]),
        (["v: true", "v: 1"], "VARCHAR", ["true", "1"]),
        (["v: True", "v: x"], "VARCHAR", ["True", "x"]),
        (["v: true", "v: null"], "BOOLEAN", [True, None]),
        (["v: null", "w: 1"], "VARCHAR", [None, None]),
        (["v: .inf", "v: -.inf", "v: 1"], "DOUBLE", [float("inf"), float("-inf"), 1.0]),
        (["v: 2024-01-05"], "VARCHAR", ["2024-01-05"]),
        (["v: [1, 2]", "v: []"], "BIGINT[]", [[1, 2], []]),
        (["v: [1, 2.5]"], "DOUBLE[]", [[1.0, 2.5]]),
        (["v: [1, [2]]"], "JSON[]", [["1", "[2]"]]),
        (["v: [a, 0x1F]"], "VARCHAR[]", [["a", "0x1F"]]),
        (["v: [1]", "v: 1.10"], "JSON", ["[1]", "1.10"]),
        (["v: [1]", "v: {a: 1}"], "JSON", ["[1]", '{"a":1}']),
        (["v: {}", "v: {}"], "JSON", ["{}", "{}"]),
        (["v: {}", "v: {a: 1}"], 'STRUCT(a BIGINT)', [{"a": None}, {"a": 1}]),
        (["v: {a: 1, A: 2}"], "JSON", ['{"a":1,"A":2}']),
        (["v: {a: {}}"], "STRUCT(a JSON)", [{"a": "{}"}]),
        (["v: {a: 1}", "v: {b: x, a: 2}", "v: {a: 3}"], "STRUCT(a BIGINT, b VARCHAR)",
         [{"a": 1, "b": None}, {"a": 2, "b": "x"}, {"a": 3, "b": None}]),
        (["v: {a: [1]}", "v: {a: x}"], "STRUCT(a JSON)", [{"a": "[1]"}, {"a": '"x"'}]),
    ],
)  # fmt: skip
def test_yaml(
    repo: RepoBuilder, opened: Opened, texts: list[str], kind: str, values: list[Any]
) -> None:
    repo.commit(one_each(*texts))
    connection = opened(repo)
    assert types(connection, "SELECT v FROM t")["v"].replace('"', "") == kind
    assert [row[0] for row in rows(connection, "SELECT v FROM t")] == values


def test_not_a_number(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit(one_each("v: .nan", "v: 1.5"))
    assert rows(opened(repo), "SELECT isnan(v) FROM t") == [(True,), (False,)]


def test_more_keys_than_a_struct_may_have(repo: RepoBuilder, opened: Opened) -> None:
    def keys(count: int) -> str:
        return "{" + ", ".join(f"k{n}: 1" for n in range(count)) + "}"

    repo.commit(one_each(f"v: {keys(256)}\nw: {keys(257)}"))
    found = types(opened(repo), "SELECT v, w FROM t")
    assert found["v"].startswith("STRUCT(")
    assert found["w"] == "JSON"


def test_root_fields_that_differ_in_case(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit(one_each("Name: 1\nname: x\n_path: 5"))
    connection = opened(repo)
    assert rows(connection, "SELECT * FROM t") == [("0", 1, "x", 5)]
    assert list(types(connection, "SELECT * FROM t")) == ["_key", "Name", "name_2", "_path_2"]


def test_columns_follow_the_commonest_record(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit(one_each("b: 1\na: 1", "a: 1\nb: 1\nc: 1", "a: 2\nb: 1\nc: 1"))
    assert list(types(opened(repo), "SELECT * FROM t")) == ["_key", "a", "b", "c"]


def test_toml_knows_dates(repo: RepoBuilder, opened: Opened) -> None:
    local, there = "2024-01-05T10:00:00", "2024-01-05T10:00:00+02:00"
    repo.commit(one_each(f"d = 2024-01-05\nt = 10:30:00\nl = {local}\nz = {there}", kind="toml"))
    connection = opened(repo)
    sql = "SELECT d, t, l, z FROM t"
    assert list(types(connection, sql).values()) == [
        "DATE", "TIME", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE",
    ]  # fmt: skip
    assert rows(connection, sql) == [
        (
            dt.date(2024, 1, 5),
            dt.time(10, 30),
            LOCAL,
            dt.datetime(2024, 1, 5, 8, tzinfo=dt.UTC),
        )
    ]
    repo.commit({"t/1.toml": 'd = "soon"\nt = 5\nl = 2024-01-05\n'})
    assert rows(connection, "SELECT d, t, l FROM t") == [
        ("2024-01-05", "10:30:00", "2024-01-05T10:00:00"),
        ("soon", "5", "2024-01-05"),
    ]


def test_csv_cells(repo: RepoBuilder, opened: Opened) -> None:
    first, second = "2024-01-05,2024-01-05T10:00:00,12.50,1.10,true,", ",,9.95,1.1,false,"
    repo.commit({"t.csv": f"d,m,p,q,b,n\n{first}\n{second}\n"})
    connection = opened(repo)
    assert list(types(connection, "FROM t").values()) == [
        "DATE", "TIMESTAMP", "DECIMAL(18,2)", "VARCHAR", "BOOLEAN", "VARCHAR",
    ]  # fmt: skip
    assert rows(connection, "FROM t")[0] == (
        dt.date(2024, 1, 5), LOCAL, Decimal("12.50"), "1.10", True, None,
    )  # fmt: skip
    repo.commit({"t.csv": "d,m,p,q,b,n\nsoon,2024-01-05,12.505,1.10,yes,1\n,,2,,,\n"})
    assert list(types(connection, "FROM t").values())[:3] == ["VARCHAR", "DATE", "DOUBLE"]
    assert types(connection, "FROM t AS OF 'main~1'")["p"] == "DECIMAL(18,2)"


def test_parquet_keeps_its_types(repo: RepoBuilder, opened: Opened, tmp_path: Path) -> None:
    when = dt.datetime(2024, 1, 5, 10, tzinfo=dt.UTC)
    made = pa.table(
        {
            "n": pa.array([1, None]),
            "d": pa.array([dt.date(2024, 1, 5), None]),
            "z": pa.array([when, None], pa.timestamp("us", "UTC")),
            "x": pa.array([b"\0\1", None]),
            "p": pa.array([Decimal("1.50"), None], pa.decimal128(10, 2)),
        }
    )
    pq.write_table(made, tmp_path / "t.parquet")
    repo.commit({"t.parquet": (tmp_path / "t.parquet").read_bytes()})
    connection = opened(repo)
    assert rows(connection, "FROM t")[0] == (1, dt.date(2024, 1, 5), when, b"\0\1", Decimal("1.50"))
    assert rows(connection, "FROM t")[1] == (None,) * 5


STATES = [
    "v: 1", "v: 1.10", "v: x", "v: [1, 2]", "v: {a: 1}", "v: {a: 1.50, b: [x]}", "v: {}", "v: ~",
    f"v: {2**64}", "v: [{a: 0x1F}, {a: ~}]", "v: [{a: [1]}, 5]", "v: 2", "v: {a: {b: true}}",
]  # fmt: skip


def test_a_column_of_every_kind_over_time(repo: RepoBuilder, opened: Opened) -> None:
    """The same column is a number, text, a list, a map: at each commit as if it were alone."""
    commits = [
        repo.commit(one_each(text, "v: 3" if n % 3 else text)) for n, text in enumerate(STATES)
    ]
    connection = opened(repo)
    for commit, (number, text) in zip(commits, enumerate(STATES), strict=True):
        alone = RepoBuilder(repo.path.parent / f"alone{number}")
        alone.commit(one_each(text, "v: 3" if number % 3 else text))
        other = opened(alone)
        at = f"SELECT * FROM t AS OF '{commit}'"
        assert types(connection, at) == types(other, "SELECT * FROM t"), text
        assert rows(connection, at) == rows(other, "SELECT * FROM t"), text


def test_a_new_record_that_lacks_nested_fields(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({"t/0.json": '{"v": [{"a": "x", "b": [{"c": "y", "d": "z"}]}]}'}, "one")
    session = opened(repo)
    assert rows(session, "SELECT count(*) FROM t") == [(1,)]
    repo.commit({"t/1.json": '{"v": [{"b": [{"d": "w"}]}]}'}, "two")
    whole = {"a": "x", "b": [{"c": "y", "d": "z"}]}
    lacking = {"a": None, "b": [{"c": None, "d": "w"}]}
    assert rows(session, "SELECT v FROM t ORDER BY _path") == [([whole],), ([lacking],)]
