import json
import time

import pytest

from ingitdb.formats.json import Json
from ingitdb.formats.jsonlines import JsonLines
from ingitdb.formats.text import MAX_DEPTH
from ingitdb.model.records import FormatFault, Spelled

JSON = Json()
LINES = JsonLines()


def fault(data, form=JSON):
    with pytest.raises(FormatFault) as caught:
        form.read(data if isinstance(data, bytes) else data.encode())
    assert caught.value.message.endswith(".")
    return caught.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-0", Spelled(0, "-0")),
        ("-0.0", -0.0),
        ("1.0", 1.0),
        ("1.5", 1.5),
        ("1.50", Spelled(1.5, "1.50")),
        ("1e3", Spelled(1000.0, "1e3")),
        ("1E-7", Spelled(1e-7, "1E-7")),
        ("1e-07", 1e-7),
        ("0.0001", 0.0001),
        ("0.00001", Spelled(0.00001, "0.00001")),
        ("12345678.12345678", 12345678.12345678),
        ("12345678.123456789123", Spelled(12345678.123456789123, "12345678.123456789123")),
        ("9007199254740993", 9007199254740993),
        ("18446744073709551616", 18446744073709551616),
        ("-12345678901234567890", -12345678901234567890),
        ("9" * 4_500, "9" * 4_500),
        ("1e400", "1e400"),
        ('"1.50"', "1.50"),
        ('"\\u0022:"', '":'),
        ('"\\ud83d\\ude00"', "😀"),
        ("null", None),
        ("true", True),
    ],
)
def test_values_are_exact(text, value):
    for form in (text, f"[{text}]", f'{{"a": {text}}}', f'{{"a":[1, {text} ]}}'):
        found = JSON.read(form.encode()).value
        while isinstance(found, list | dict):
            found = found[-1] if isinstance(found, list) else found["a"]
        assert repr(found) == repr(value)


def test_kinds_and_lines():
    assert JSON.read(b" \n").kind == "empty"
    assert JSON.read(b'"x"').kind == "other"
    document = JSON.read(b'{"a": 1,\n "b": {\n"c": 2},\n\n"d\\"":[]}')
    assert (document.kind, list(document.lines)) == ("map", [1, 2, 5])
    document = JSON.read(b"[\n[1,\n2],\n3, {}]")
    assert (document.kind, list(document.lines)) == ("list", [2, 4, 4])
    assert JSON.read(b"{ }").value == {}
    assert JSON.read(b"[ ]").value == []


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        ('{"a": 1,\n "a": 2}', 2, 2, "Key 'a' stands twice"),
        ('[{"a": 1, "\\u0061": 2}]', 1, 11, "Key 'a' stands twice"),
        ('{"x": "\\u0022\\u0022\\u0022\\u0022", "a": 1, "a": 2}', 1, 43, "Key 'a' stands twice"),
        ('{"a": [1,\n 2}', 2, 3, "expecting ',' delimiter"),
        ("[NaN]", 1, 2, "NaN is no value"),
        ('{"a": -Infinity}', 1, 8, "Infinity is no value"),
        ("[01]", 1, 3, "expecting ',' delimiter"),
        ("[1]x", 1, 4, "extra data"),
        ('["a\x01"]', 1, 4, "invalid control character"),
        ('["x", "\\ud800"]', 1, 7, "half of a surrogate pair"),
        ('["\\udc00\\ud800"]', 1, 2, "half of a surrogate pair"),
        (b'["\xff"]', 1, 3, "not UTF-8"),
        ("[" * 201 + "]" * 201, 1, 201, "levels deep"),
        ("[" * 100_000, 0, 0, "levels deep"),
    ],
)
def test_faults_tell_the_place(text, line, column, said):
    found = fault(text)
    assert said in found.message
    assert (found.line, found.column) == (line, column)


def test_nesting_is_bounded():
    assert JSON.read(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH).kind == "list"
    chunks = JSON.split(b"[" + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"]")
    with pytest.raises(FormatFault, match="levels deep"):
        JSON.read_chunk(chunks.items[0], chunks)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_byte_order_marks(encoding):
    data = '[{"é": "ü"},\n{"a": 1}]'.encode(encoding)
    assert JSON.read(data).value == [{"é": "ü"}, {"a": 1}]
    assert [chunk.data.decode() for chunk in JSON.split(data).items] == ['{"é": "ü"}', '{"a": 1}']


def test_split():
    data = b'{\n"a" : {"x": 1.50},\n"b":[1,2]\n}'
    chunks = JSON.split(data)
    assert [(chunk.line, chunk.data) for chunk in chunks.items] == [
        (2, b'"a" : {"x": 1.50}'),
        (3, b'"b":[1,2]'),
    ]
    documents = [JSON.read_chunk(chunk, chunks) for chunk in chunks.items]
    assert [document.value for document in documents] == [
        {"a": {"x": Spelled(1.5, "1.50")}},
        {"b": [1, 2]},
    ]
    assert [list(document.lines) for document in documents] == [[2], [3]]
    assert JSON.split(b'[[1], "a]",\n2 ]').items[1].data == b'"a]"'


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"5",
        b"[1",
        b'{"a":1,"a":2}',
        b'{"a":1,"a":1}',
        b'{"a":12,"a":1}',
        b'["\xff"]',
        b"[" * 9999,
    ],
)
def test_what_is_unusual_is_not_cut(data):
    assert JSON.split(data) is None


def test_a_fault_in_a_chunk_tells_the_line_of_the_file():
    chunks = JSON.split(b'[\n1,\n{"a":\n1, "a": 2}]')
    with pytest.raises(FormatFault) as caught:
        JSON.read_chunk(chunks.items[1], chunks)
    assert caught.value.line == 4


def test_lines_of_json():
    data = b'{"a": 1}\r\n\n  \n{"a": 1.50}\n[2]'
    document = LINES.read(data)
    assert document.kind == "rows"
    assert document.value == [{"a": 1}, {"a": Spelled(1.5, "1.50")}, [2]]
    assert list(document.lines) == [1, 4, 5]
    chunks = LINES.split(data)
    documents = [LINES.read_chunk(chunk, chunks) for chunk in chunks.items]
    assert [document.value[0] for document in documents] == document.value
    assert LINES.read(b"").value == []


def test_a_fault_names_the_line():
    found = fault(b'{"a": 1}\n\n{"a": 1, "a": 2}\n', LINES)
    assert (found.line, found.column) == (3, 10)
    assert fault(b'{}\n{"a": 1\n', LINES).line == 2
    assert LINES.split(b"\xff") is None


def test_a_large_file_is_read_in_bounded_time():
    data = json.dumps([{"id": i, "text": 'x"y', "v": i / 7} for i in range(20_000)]).encode()
    started = time.perf_counter()
    assert JSON.read(data).value == json.loads(data)
    assert time.perf_counter() - started < 60
