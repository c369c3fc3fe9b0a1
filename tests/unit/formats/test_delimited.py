from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from ingitdb.formats.delimited import Csv, Tsv
from ingitdb.model.records import FormatFault, ReadOptions, Spelled

CSV = Csv()
TSV = Tsv()


def read(text, **options):
    return CSV.read(text.encode(), ReadOptions(**options))


def fault(data, form=CSV, **options):
    with pytest.raises(FormatFault) as caught:
        form.read(data if isinstance(data, bytes) else data.encode(), ReadOptions(**options))
    assert caught.value.message.endswith(".")
    return caught.value


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("12", 12),
        ("-12", -12),
        ("0", 0),
        ("-0", "-0"),
        ("007", "007"),
        ("+5", "+5"),
        ("1e3", "1e3"),
        ("1_000", "1_000"),
        ("٣", "٣"),
        ("12345678901234567890123", 12345678901234567890123),
        ("9" * 4_500, "9" * 4_500),
        ("12.50", Decimal("12.50")),
        ("-0.5", Decimal("-0.5")),
        (".5", ".5"),
        ("5.", "5."),
        ("01.5", "01.5"),
        ("0.00000012", "0.00000012"),
        ("true", True),
        ("false", False),
        ("True", "True"),
        ("yes", "yes"),
        ("NA", "NA"),
        ("null", "null"),
        (" 1", " 1"),
        ("2024-02-29", date(2024, 2, 29)),
        ("2023-02-29", "2023-02-29"),
        ("20240229", 20240229),
        ("0000-01-01", "0000-01-01"),
        ("2024-01-01T10:20:30", datetime(2024, 1, 1, 10, 20, 30)),  # noqa: DTZ001
        ("2024-01-01T10:20:30.000001", datetime(2024, 1, 1, 10, 20, 30, 1)),  # noqa: DTZ001
        (
            "2024-01-01 10:20:30",
            Spelled(datetime(2024, 1, 1, 10, 20, 30), "2024-01-01 10:20:30"),  # noqa: DTZ001
        ),
        (
            "2024-01-01T10:20:30.5Z",
            Spelled(datetime(2024, 1, 1, 10, 20, 30, 500_000, UTC), "2024-01-01T10:20:30.5Z"),
        ),
        ("2024-01-01T10:20:30+00:00", datetime(2024, 1, 1, 10, 20, 30, tzinfo=UTC)),
        (
            "2024-01-01T10:20:30+02:00",
            datetime(2024, 1, 1, 10, 20, 30, tzinfo=timezone(timedelta(hours=2))),
        ),
        ("2024-01-01T10:20", "2024-01-01T10:20"),
        ("2024-01-01T25:20:30", "2024-01-01T25:20:30"),
        ("2024-01-01T10:20:30+0200", "2024-01-01T10:20:30+0200"),
        ("2024-01-01T10:20:30,5", "2024-01-01T10:20:30,5"),
    ],
)
def test_cells_have_a_type_where_they_are_canonical(cell, value):
    found = read(f'a\n"{cell}"\n').value[0]["a"]
    assert found == value
    assert type(found) is type(value)
    assert read(f'a\n"{cell}"\n', typed_cells=False).value == [{"a": cell}]


def test_rows_columns_and_lines():
    document = read('a,b\n1,"x\ny"\n\n,""\n3\n4,"q""r"\n')
    assert (document.kind, document.columns) == ("rows", ("a", "b"))
    assert document.value == [
        {"a": 1, "b": "x\ny"},
        {"a": None, "b": None},
        {"a": 3},
        {"a": 4, "b": 'q"r'},
    ]
    assert list(document.lines) == [2, 5, 6, 7]


def test_empty_files_and_headers_alone():
    assert read("").kind == "empty"
    assert read("\n \n").kind == "empty"
    document = read("a,b\n")
    assert (document.kind, document.value, document.columns) == ("rows", [], ("a", "b"))


def test_names_of_columns():
    assert read("a,,a,a_2,a\n").columns == ("a", "column1", "a_3", "a_2", "a_4")
    assert read("column1,\n").columns == ("column1", "column1_2")


def test_too_many_cells():
    found = fault("a,b\n1,2\n1,2,3\n")
    assert (found.line, found.message) == (3, "The record has 3 cells, but the header names 2.")
    assert read("a,b\n1,2,,\n").value == [{"a": 1, "b": 2}]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('a,b\n1,2\n"3,4\n5,6\n', 3, "never closed"),
        ('a,b\n"1"x,2\n', 2, "followed by more text"),
        ("a\n1\0\n", 2, "NUL"),
        (b"a,b\nJos\xe9,1\n", 2, "The file is not UTF-8; declare its encoding."),
    ],
)
def test_faults(text, line, said):
    found = fault(text)
    assert found.line == line
    assert said in found.message


def test_encodings():
    assert CSV.read("é\nü\n".encode("utf-16")).value == [{"é": "ü"}]
    assert CSV.read("é\nü\n".encode("utf-8-sig")).columns == ("é",)
    assert CSV.read(b"\xe9\n1\n", ReadOptions(encoding="latin-1")).columns == ("é",)
    assert "no encoding 'nope'" in fault("a\n", encoding="nope").message
    assert "UTF-16" in fault(b"\xff\xfea").message


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("a;b\n1,5;2\n", {"a": "1,5", "b": 2}),
        ("a\tb\n1,5\t2\n", {"a": "1,5", "b": 2}),
        ("a|b\n1|2\n", {"a": 1, "b": 2}),
        ("a,b;c\n1,2;3\n4,5\n", {"a": 1, "b;c": "2;3"}),
        ('"a;b",c\n1,2\n', {"a;b": 1, "c": 2}),
        ("'a','b'\n'1,5','x'\n", {"a": "1,5", "b": "x"}),
        ("a\nit's, really\n", None),
    ],
)
def test_the_dialect_is_found(text, row):
    if row is None:
        assert fault(text).line == 2
    else:
        assert read(text).value[0] == row


def test_a_given_dialect_holds():
    assert read("a;b,c\n1;2,3\n", delimiter=",").value == [{"a;b": "1;2", "c": 3}]
    assert read("a,b\n^1,2^,3\n", quote="^").value == [{"a": "1,2", "b": 3}]
    assert "cannot delimit" in fault("a\n", delimiter="xx").message
    assert "cannot delimit" in fault("a\n", delimiter=",", quote="xx").message


def test_tabs():
    assert TSV.read(b"a,b\tc\n1,2\t3\n").value == [{"a,b": "1,2", "c": 3}]
    assert TSV.read(b'a\tb\n"x\ty"\tz\n').value == [{"a": "x\ty", "b": "z"}]
    data = b'a\tb\n"x" y\tz\n"\t"\n'
    assert TSV.read(data).value == [{"a": '"x" y', "b": "z"}, {"a": '"', "b": '"'}]
    chunks = TSV.split(data)
    assert [TSV.read_chunk(chunk, chunks).value[0] for chunk in chunks.items] == TSV.read(
        data
    ).value


def test_without_a_header():
    document = read("1,2\n3\n", header=False)
    assert document.columns == ()
    assert document.value == [{"column0": 1, "column1": 2}, {"column0": 3}]
    chunks = CSV.split(b"1,2\n3\n", ReadOptions(header=False))
    documents = [CSV.read_chunk(c, chunks, ReadOptions(header=False)) for c in chunks.items]
    assert [found.value[0] for found in documents] == document.value


def test_split():
    data = b'a;b\r\n1;"x\r\n\r\ny"\r\n\r\n2;5" pipe\r\n3;"z"'
    chunks = CSV.split(data)
    assert [(chunk.line, chunk.data) for chunk in chunks.items] == [
        (2, b'1;"x\r\n\r\ny"\r\n'),
        (6, b'2;5" pipe\r\n'),
        (7, b'3;"z"'),
    ]
    documents = [CSV.read_chunk(chunk, chunks) for chunk in chunks.items]
    assert [document.value[0] for document in documents] == CSV.read(data).value
    assert [document.lines[0] for document in documents] == list(CSV.read(data).lines)
    assert documents[0].columns == ("a", "b")


def test_equal_chunks_under_other_headers_differ():
    assert CSV.split(b"a,b\n1,2\n").header != CSV.split(b"b,a\n1,2\n").header
    assert CSV.split(b"a;b,\n1,2\n").header != CSV.split(b"a;b;\n1,2\n").header


@pytest.mark.parametrize("data", [b"", b"\n\n", b'a\n"b', b"\xff", b"a\n\0"])
def test_what_cannot_be_read_is_not_cut(data):
    assert CSV.split(data) is None


def test_a_fault_in_a_chunk_tells_the_line_of_the_file():
    chunks = CSV.split(b"a\n1\n1,2\n")
    with pytest.raises(FormatFault) as caught:
        CSV.read_chunk(chunks.items[1], chunks)
    assert caught.value.line == 3


def test_a_cell_may_be_long():
    text = "x" * 200_000
    assert read(f'a\n"{text}"\n').value == [{"a": text}]
