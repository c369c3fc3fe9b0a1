"""The output formats, from Arrow to bytes."""

import csv
import io
import json
from collections.abc import Iterable

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from ingitdb.errors import UsageError
from ingitdb_cli.output import formats
from ingitdb_cli.output.rows import Rows, unique_names

SAID: list[str] = []


def rows(table: pa.Table, size: int = 2) -> Rows:
    """Gives a table as a result that comes in small batches."""
    return Rows(
        columns=[(name, None) for name in table.schema.names],
        schema=table.schema,
        batches=iter(table.to_batches(max_chunksize=size)),
        warn=SAID.append,
    )


def written(name: str, table: pa.Table, size: int = 2) -> bytes:
    return b"".join(formats.writer(name)(rows(table, size)))


def table(**columns: Iterable[object]) -> pa.Table:
    return pa.table({name: list(values) for name, values in columns.items()})


PEOPLE = table(name=["Åse", None, "", 'a "b", c', "x\ny"], age=[1, 2, None, 4, 5])


def test_csv() -> None:
    assert written("csv", PEOPLE).decode() == (
        'name,age\nÅse,1\n,2\n"",\n"a ""b"", c",4\n"x\ny",5\n'
    )


def test_csv_keeps_a_row_with_one_null() -> None:
    assert written("csv", table(a=["x", None])).decode() == 'a\nx\n""\n'


@given(st.lists(st.tuples(st.text(), st.text()), max_size=9))
def test_csv_is_read_back(values: list[tuple[str, str]]) -> None:
    found = written("csv", table(a=[v[0] for v in values], b=[v[1] for v in values])).decode()
    wanted = [["a", "b"], *([a, b] for a, b in values)]
    if any("\0" in a + b or "\r" in a + b for a, b in values):
        return  # Python's reader takes a lone carriage return for a line end
    assert list(csv.reader(io.StringIO(found, newline=""))) == wanted


def test_tsv_escapes() -> None:
    found = written("tsv", table(a=["x\ty", "l\nm", "b\\c", None], b=[1, 2, 3, 4]))
    assert found.decode() == "a\tb\nx\\ty\t1\nl\\nm\t2\nb\\\\c\t3\n\t4\n"


def test_json_is_one_array() -> None:
    found = written("json", PEOPLE)
    assert json.loads(found) == PEOPLE.to_pylist()
    assert found.decode().splitlines()[1] == '{"name":"Åse","age":1},'
    assert written("json", PEOPLE.slice(0, 0)) == b"[]\n"


def test_json_lines() -> None:
    found = written("jsonl", PEOPLE).decode().splitlines()
    assert [json.loads(line) for line in found] == PEOPLE.to_pylist()
    assert written("jsonl", PEOPLE.slice(0, 0)) == b""


def test_json_warns_by_column() -> None:
    SAID.clear()
    found = written("json", table(x=[float("nan"), 1.0]))
    assert json.loads(found) == [{"x": None}, {"x": 1.0}]
    assert SAID == ["x: NaN and infinite numbers are written as null"]


def test_repeated_names_are_numbered() -> None:
    twice = pa.Table.from_arrays([pa.array([1]), pa.array([2]), pa.array([3])], ["a", "a", "a_2"])
    assert json.loads(written("json", twice)) == [{"a": 1, "a_3": 2, "a_2": 3}]
    assert pa.ipc.open_stream(written("arrow", twice)).schema.names == ["a", "a_3", "a_2"]


@given(st.lists(st.sampled_from(["a", "a_2", "a_3", "b", "a_2_2"]), max_size=8))
def test_unique_names_are_unique(names: list[str]) -> None:
    found = unique_names(names)
    assert len(set(found)) == len(names)
    firsts = [i for i, name in enumerate(names) if name not in names[:i]]
    assert all(found[i] == names[i] for i in firsts)


def test_markdown() -> None:
    found = written("markdown", table(a=["x|y", "l\nm", None], n=[1, 2, 3])).decode()
    assert found == "| a | n |\n| --- | ---: |\n| x\\|y | 1 |\n| l<br>m | 2 |\n|  | 3 |\n"


def test_arrow_and_parquet_are_read_back() -> None:
    assert pa.ipc.open_stream(written("arrow", PEOPLE)).read_all().equals(PEOPLE)
    assert parquet.read_table(io.BytesIO(written("parquet", PEOPLE))).equals(PEOPLE)
    empty = PEOPLE.slice(0, 0)
    assert parquet.read_table(io.BytesIO(written("parquet", empty))).schema == PEOPLE.schema


def test_parquet_says_what_it_cannot_hold() -> None:
    interval = pa.array([pa.MonthDayNano([1, 2, 3])])
    for name, column, cast in (
        ("i", interval, "i"),
        ("max(i)", interval, "…"),
        ("s", pa.StructArray.from_arrays([interval], ["n"]), "s"),
        ("l", pa.ListArray.from_arrays([0, 1], interval), "l"),
    ):
        with pytest.raises(UsageError, match="Parquet cannot hold intervals") as caught:
            written("parquet", pa.table({"n": pa.array([1]), name: column}))
        assert repr(name) in caught.value.message
        assert f"CAST({cast} AS VARCHAR)" in (caught.value.hint or "")
        assert (
            pa.ipc.open_stream(written("arrow", pa.table({name: column}))).read_all().num_rows == 1
        )


def test_rows_stream() -> None:
    asked = []

    def batches() -> Iterable[pa.RecordBatch]:
        for number in range(3):
            asked.append(number)
            yield from table(a=[number]).to_batches()

    for name in ("csv", "json", "jsonl", "tsv", "markdown", "arrow", "parquet"):
        asked.clear()
        source = rows(table(a=[1]))
        stream = formats.writer(name)(
            Rows(columns=source.columns, schema=source.schema, batches=iter(batches()), warn=print)
        )
        chunks = iter(stream)
        while not asked:
            next(chunks)
        assert len(asked) == 1, name


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("a.json", "json"),
        ("A.PARQUET", "parquet"),
        ("a.ndjson", "jsonl"),
        ("a", "csv"),
        ("a.md", "markdown"),
        (".csv", "csv"),
        ("a.b/c", "csv"),
        ("/dev/stdout", "csv"),
    ],
)
def test_file_name_tells_the_format(file: str, name: str) -> None:
    from pathlib import Path

    assert formats.format_of(Path(file)) == name
    assert set(formats.NAMES) == {
        "table", "csv", "tsv", "json", "jsonl", "markdown", "arrow", "parquet",
    }  # fmt: skip
