"""Edits of JSON Lines files change the lines that they are about."""

import pytest

from ingitdb.formats.edits.editing import edited, written
from ingitdb.formats.edits.jsonlines_edits import JsonLinesEditor
from ingitdb.model.edits import EditFault, Insert, Put, Remove
from ingitdb.model.records import FormatFault, ReadOptions

ROWS = '{"a":1,"b":"x"}\r\n\r\n{"a":2, "b":"ø"}\r\n'


def put(*place, value):
    return Put(place=place, value=value)


def insert(*place, value):
    return Insert(place=place, value=value)


def remove(*place):
    return Remove(place=place)


@pytest.mark.parametrize(
    ("edits", "wanted"),
    [
        ([put(0, "a", value=7)], ROWS.replace("1", "7")),
        ([put(1, value={"b": "å", "a": 2})], ROWS.replace("ø", "å")),
        ([put(1, value=None)], ROWS.replace('{"a":2, "b":"ø"}', "null")),
        ([insert(1, "c", value=[1, {"d": 2}])], ROWS.replace('ø"', 'ø", "c":[1,{"d":2}]')),
        ([insert(0, value={"b": 1, "a": 2})], '{"a":2,"b":1}\r\n' + ROWS),
        (
            [insert(1, value={"c": 3, "a": 2}), insert(1, value=4)],
            ROWS.replace('{"a":2', '{"a":2,"c":3}\r\n4\r\n{"a":2'),
        ),
        ([insert(2, value={"b": 1, "a": 2})], ROWS + '{"a":2, "b":1}\r\n'),
        ([remove(0)], '\r\n{"a":2, "b":"ø"}\r\n'),
        ([remove(1)], '{"a":1,"b":"x"}\r\n\r\n'),
        ([remove(0), insert(0, value=5), put(1, "a", value=3)], '5\r\n\r\n{"a":3, "b":"ø"}\r\n'),
        ([remove(1, "a"), remove(0, "b")], '{"a":1}\r\n\r\n{"b":"ø"}\r\n'),
        ([put(value=[{"a": 1, "b": "x"}])], '{"a":1,"b":"x"}\r\n\r\n'),
        ([put(value=[])], "\r\n"),
    ],
)
def test_edits(edits, wanted):
    assert edited("jsonl", ROWS.encode(), edits).decode() == wanted
    open_end = ROWS.removesuffix("\r\n")
    found = edited("jsonl", open_end.encode(), edits).decode()
    assert found == wanted.removesuffix("\r\n")


@pytest.mark.parametrize(
    ("text", "edits", "wanted"),
    [
        ("", [insert(0, value={"a": [1, {"b": 2}]})], '{"a": [1, {"b": 2}]}\n'),
        ("1", [insert(1, value=2)], "1\n2"),
        ("1", [remove(0)], ""),
        ("1\n2", [remove(0), remove(1)], ""),
        ("1\n \n", [insert(1, value=2)], "1\n2\n \n"),
        (" 1 \n", [put(0, value=[])], " [] \n"),
        ("null\n", [insert(0, "a", value=1)], '{"a": 1}\n'),
        ("\n\n", [insert(0, value=1)], "\n\n1\n"),
        ("1\n2\n", [put(value=[1, 3, 4])], "1\n3\n4\n"),
        ('["\\u00f8"]\n', [insert(1, value="å")], '["\\u00f8"]\n"\\u00e5"\n'),
    ],
)
def test_few_rows(text, edits, wanted):
    assert edited("jsonl", text.encode(), edits).decode() == wanted


def test_nothing_is_broken_over_lines():
    value = {"a": [{"b": ["x\n"]}]}
    assert edited("jsonl", b"[\r1]\n", [insert(1, value=[value])]) == (
        b'[\r1]\n[{"a": [{"b": ["x\\n"]}]}]\n'
    )


def test_lines_that_are_not_json_stay_and_count():
    data = b'{"a":1}\n{broken\n\n{"a":3}'
    edits = [put(2, "a", value=4), insert(3, value={"a": 5}), insert(1, value={"a": 0})]
    found = JsonLinesEditor().edit(data, edits)
    assert found == b'{"a":1}\n{"a":0}\n{broken\n\n{"a":4}\n{"a":5}'
    with pytest.raises(FormatFault) as caught:
        JsonLinesEditor().edit(data, [put(1, "a", value=4)])
    assert caught.value.line == 2
    assert JsonLinesEditor().edit(data, [remove(1)]) == b'{"a":1}\n\n{"a":3}'


@pytest.mark.parametrize(
    ("edit", "line", "said"),
    [
        (put(2, value=1), 0, "no row 2"),
        (insert(3, value=1), 0, "no row 3"),
        (insert("a", value=1), 0, "no row 'a'"),
        (put(1, "z", value=1), 3, "nothing at 'z'"),
        (put(1, "a", value=b"x"), 3, "type bytes"),
        (put(value={}), 0, "holds a list"),
        (Remove(place=()), 0, "only be replaced"),
    ],
)
def test_faults(edit, line, said):
    with pytest.raises(EditFault, match=said) as caught:
        JsonLinesEditor().edit(ROWS.encode(), [edit])
    assert caught.value.line == line


def test_no_edit_changes_no_byte():
    assert JsonLinesEditor().edit(b"no JSON", []) == b"no JSON"
    value = [{"a": 1, "b": "x"}, {"b": "ø", "a": 2}]
    assert edited("jsonl", ROWS.encode(), [put(value=value)]) == ROWS.encode()


def test_encodings():
    data = ROWS.encode("utf-16")
    assert edited("jsonl", data, [put(0, "a", value=9)]) == ROWS.replace("1", "9").encode("utf-16")
    latin = ROWS.encode("latin-1")
    found = edited("jsonl", latin, [put(0, "b", value="€")], ReadOptions(encoding="latin-1"))
    assert found == latin.replace(b"x", b"\\u20ac")


@pytest.mark.parametrize(
    ("like", "wanted"),
    [
        (None, '{"b": 1, "a": [2]}\n{}\n'),
        ("", '{"b": 1, "a": [2]}\n{}\n'),
        ('{"a":1,"b":2}\r\n', '{"a":[2],"b":1}\r\n{}\r\n'),
        ('{"x": 0}\n{"a": 1}\n{"c": 3}', '{"a": [2], "b": 1}\n{}'),
        ('broken\n{"a":1,"b":2}', '{"a":[2],"b":1}\n{}'),
    ],
)
def test_new_files(like, wanted):
    rows = [{"b": 1, "a": [2]}, {}]
    found = written("jsonl", rows, like=None if like is None else like.encode())
    assert found.decode() == wanted
    assert written("jsonl", []) == b""
