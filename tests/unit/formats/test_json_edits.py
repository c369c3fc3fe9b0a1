"""Edits of JSON files change what they are about and no other byte."""

import datetime as dt
import json
import time
from decimal import Decimal

import pytest

from ingitdb.formats.edits.editing import edited, written
from ingitdb.formats.edits.json_edits import JsonEditor
from ingitdb.model.edits import EditFault, Insert, Put, Remove
from ingitdb.model.records import FormatFault, ReadOptions, Spelled


def put(*place, value):
    return Put(place=place, value=value)


def insert(*place, value):
    return Insert(place=place, value=value)


def remove(*place):
    return Remove(place=place)


def made(text, *edits):
    return edited("json", text.encode(), edits).decode()


FILE = """{
    "id": 7,
    "at": {"x": [1, 2], "y": {}},

    "all": [
        {"n": 1, "m": "\\u00f8"},
        {"n": 2, "m": "z"}
    ]
}
"""


@pytest.mark.parametrize(
    ("edit", "old", "new"),
    [
        (put("id", value=8), '"id": 7', '"id": 8'),
        (put("at", "x", 1, value=None), "[1, 2]", "[1, null]"),
        (put("all", 0, "m", value="å😀"), "\\u00f8", "\\u00e5\\ud83d\\ude00"),
        (put("id", value={"a": [1]}), "7", '{"a": [1]}'),
        (put("at", value={"y": 1, "x": [], "z": [2]}), '[1, 2], "y": {}', '[], "y": 1, "z": [2]'),
        (
            put("all", value=[{"m": 1}]),
            '"n": 1, "m": "\\u00f8"},\n        {"n": 2, "m": "z"',
            '"m": 1',
        ),
        (insert("at", "y", "k", value=3), '"y": {}', '"y": {"k": 3}'),
        (insert("at", "x", 0, value=0), "[1", "[0, 1"),
        (insert("at", "x", 1, value=0), "1, 2", "1, 0, 2"),
        (insert("at", "x", 2, value=0), "2]", "2, 0]"),
        (
            insert("new", value=[1, {"a": 2}]),
            "    ]\n}",
            '    ],\n    "new": [\n        1,\n        {"a": 2}\n    ]\n}',
        ),
        (
            insert("all", 1, value={"m": "q", "o": [1], "n": 3}),
            '\n        {"n": 2',
            '\n        {"n": 3, "m": "q", "o": [1]},\n        {"n": 2',
        ),
        (remove("id"), '\n    "id": 7,', ""),
        (remove("at"), '\n    "at": {"x": [1, 2], "y": {}},', ""),
        (remove("at", "x", 0), "[1, 2]", "[2]"),
        (remove("at", "x", 1), "[1, 2]", "[1]"),
        (remove("at", "y"), ', "y": {}', ""),
        (remove("all", 1), ',\n        {"n": 2, "m": "z"}', ""),
    ],
)
def test_one_edit(edit, old, new):
    assert FILE.count(old) == 1
    assert made(FILE, edit) == FILE.replace(old, new)
    windows = FILE.replace("\n", "\r\n")
    assert made(windows, edit) == made(FILE, edit).replace("\n", "\r\n")


@pytest.mark.parametrize(
    ("text", "edits", "wanted"),
    [
        ("[1, 2, 3]", [remove(0), remove(1), remove(2)], "[]"),
        ('{\n  "a": 1\n}\n', [remove("a")], "{}\n"),
        ('{\n  "a": 1,\n  "b": {\n  }\n}\n', [remove("a"), remove("b")], "{\n}\n"),
        (
            '{\n  "a": {"c": 1},\n  "b": {\n  }\n}',
            [remove("a", "c")],
            '{\n  "a": {},\n  "b": {\n  }\n}',
        ),
        ('{\n  "a": 1\n}\n', [remove("a"), insert("b", value=2)], '{\n  "b": 2\n}\n'),
        ("[1, 2, 3]", [remove(0), insert(0, value=7), remove(2)], "[7, 2]"),
        ("[1, 2, 3]", [remove(2), insert(3, value=7), insert(3, value=8)], "[1, 2, 7, 8]"),
        ("[1, 2]", [insert(1, value=8), insert(1, value=9), put(1, value=0)], "[1, 8, 9, 0]"),
        ("[\n 1,\n\n 2,\n 3\n]", [remove(1)], "[\n 1,\n\n 3\n]"),
        ("[\n 1,\n\n 2\n]", [remove(1)], "[\n 1\n]"),
        (
            "[ 1\n, 2\n, 3\n]",
            [insert(0, value=0), insert(3, value=4)],
            "[ 0\n, 1\n, 2\n, 3\n, 4\n]",
        ),
        ("[ 1\n, 2\n, 3\n]", [remove(0), remove(2)], "[ 2\n]"),
        ("[\n 1, 2,\n 3, 4\n]", [insert(1, value=0), remove(3)], "[\n 1, 0, 2,\n 3\n]"),
        ("[\r\t1\r]", [insert(1, value=2)], "[\r\t1,\r\t2\r]"),
        ('[{\n  "a": 1\n}]', [insert(1, value={"a": 2})], '[{\n  "a": 1\n}, {\n  "a": 2\n}]'),
        ('{"a":1}', [insert("b", value=[1, {"c": 2}])], '{"a":1,"b":[1,{"c":2}]}'),
        ('{ "a" : 1 }', [insert("b", value={"c": 2})], '{ "a" : 1, "b" : { "c" : 2 } }'),
        ('{"a": {}}', [insert("a", "b", value=[1, 2])], '{"a": {"b": [1, 2]}}'),
        ('{\n\t"a": []\n}', [insert("a", 0, value=1)], '{\n\t"a": [\n\t\t1\n\t]\n}'),
        ('{"a": null}', [insert("a", "b", value=1)], '{"a": {"b": 1}}'),
        ("", [insert("a", value=1)], '{\n  "a": 1\n}\n'),
        ("", [put(value=[1])], "[\n  1\n]\n"),
        (" 1 \n", [put(value=2)], " 2 \n"),
        ('{"a": 1}\n', [put(value={"b": [2]})], '{"b": [2]}\n'),
    ],
)
def test_edits_together(text, edits, wanted):
    assert made(text, *edits) == wanted


@pytest.mark.parametrize(
    ("text", "value", "wanted"),
    [
        ("1.10", Spelled(1.2, "1.20"), "1.20"),
        ("1.10", Spelled(1.1, "1.1"), "1.1"),
        ("1.10", 1.1, "1.10"),
        ("1", 1.0, "1.0"),
        ("0.0", -0.0, "-0.0"),
        ("1", True, "true"),
        ("1e400", "1e400", "1e400"),
        ("0", 2**70, "1180591620717411303424"),
        ("0", 1e16, "1e+16"),
        ("0", Decimal("1.10"), "1.10"),
        ("0", Decimal("1E+2"), "100"),
        ('"\\u0041"', "A", '"\\u0041"'),
        ('"A\\/"', "/</", '"\\/<\\/"'),
        ('"\\u003C\\u00AF"', "<ø>", '"\\u003C\\u00F8\\u003E"'),
        ('"\\u003c"', "\u2028&", '"\\u2028\\u0026"'),
        ('"ø\\u00e5"', "é\x7f", '"é\x7f"'),
        ('"x"', 'a"\\\n\x01/', '"a\\"\\\\\\n\\u0001/"'),
    ],
)
def test_spellings(text, value, wanted):
    assert made(f"[{text}]", put(0, value=value)) == f"[{wanted}]"


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("-inf"),
        Decimal("sNaN"),
        Decimal("1E+5000"),
        Decimal("1.5E+400"),
        pytest.param(10**4_000, id="4,001 digits"),
        pytest.param(10**5_000, id="5,001 digits"),
        "\ud800",
        b"x",
        dt.date(2020, 1, 1),
        Spelled(31, "0x1F"),
        Spelled(True, "True"),
        Spelled(1.0, "1e999"),
        {1: 2},
        {"\udc00": 1},
        {"a": [dt.time(1)]},
    ],
)
def test_what_json_cannot_say(value):
    for edit in (put("b", value=value), insert("c", value=value)):
        with pytest.raises(EditFault) as caught:
            made('{\n"b": 1}', edit)
        assert caught.value.message.endswith(".")
        assert caught.value.line == 2
    with pytest.raises(EditFault):
        written("json", [value])


def test_depth_is_bounded():
    value = []
    for _ in range(2_000):
        value = [value]
    with pytest.raises(EditFault, match="levels deep"):
        JsonEditor().edit(b"[1]", [put(0, value=value)])


@pytest.mark.parametrize(
    ("text", "edit", "line", "said"),
    [
        ('{"a":\n{"b": 1}}', put("a", "c", value=1), 2, "nothing at 'c'"),
        ('{"a":\n{"b": 1}}', insert("a", "b", value=1), 2, "there already"),
        ('{"a":\n1}', put("a", "b", value=1), 2, "no map and no list"),
        ("[1]", insert(2, value=1), 1, "inserted at 2"),
        ("[1]", put("x", value=1), 1, "nothing at 'x'"),
        ('{"a": 1}', remove(0), 1, "nothing at 0"),
        ("[1]", Remove(place=()), 1, "only be replaced"),
        ("", remove("a"), 0, "file is empty"),
        ("", Remove(place=()), 0, "file is empty"),
    ],
)
def test_places_that_are_not_there(text, edit, line, said):
    with pytest.raises(EditFault, match=said) as caught:
        JsonEditor().edit(text.encode(), [edit])
    assert caught.value.line == line


@pytest.mark.parametrize(
    "text", ['{"a": 1', '{"a": 1, "a": 1}', '{"a": NaN}', "{'a': 1}", "nul", "[1"]
)
def test_broken_files_are_not_edited(text):
    for edit in (put("a", value=2), put(value=2)):
        with pytest.raises(FormatFault):
            JsonEditor().edit(text.encode(), [edit])


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32", "utf-16-be"])
def test_byte_order_marks_stay(encoding):
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    data = (mark + '["é"]\n').encode(encoding)
    assert edited("json", data, [put(0, value="ø")]) == data.replace(
        "é".encode(encoding)[-4 if encoding == "utf-32" else -2 :],
        "ø".encode(encoding)[-4 if encoding == "utf-32" else -2 :],
    )


def test_an_encoding_that_lacks_a_letter():
    options = ReadOptions(encoding="latin-1")
    data = '["é", 1]'.encode("latin-1")
    assert edited("json", data, [put(1, value="ø€")], options) == b'["\xe9", "\\u00f8\\u20ac"]'
    assert written("json", ["é"], options) == '[\n  "é"\n]\n'.encode("latin-1")


@pytest.mark.parametrize(
    ("value", "like", "wanted"),
    [
        ({"a": [1, {}]}, None, '{\n  "a": [\n    1,\n    {}\n  ]\n}\n'),
        ([], None, "[]\n"),
        ([1], "", "[\n  1\n]\n"),
        ({"c": 3, "b": "ø", "a": 1}, '{"a":1,"b":"\\u00e5"}', '{"a":1,"b":"\\u00f8","c":3}'),
        ({"c": 1, "b": [1]}, '{\r\n\t"b": [2, 3],\r\n\t"c": 4\r\n}\r\n', None),
        ([{"b": 1, "a": 2}], '\n[\n {"a": 1, "b": 1}]', '\n[\n {"a": 2, "b": 1}]'),
        ([1, 2], '{\n "a": {\n  "b": 1}}\n', "[\n 1,\n 2\n]\n"),
        ([1, 2], '"x"\n', "[\n  1,\n  2\n]\n"),
    ],
)
def test_new_files(value, like, wanted):
    if wanted is None:
        wanted = '{\r\n\t"b": [1],\r\n\t"c": 1\r\n}\r\n'
    found = written("json", value, like=None if like is None else like.encode())
    assert found.decode() == wanted


def test_new_records_take_the_keys_of_all_near_them():
    text = '[{"a": 1, "c": 3}, {"a": 1, "b": 2, "c": 3}]'
    assert made(text, insert(0, value={"d": 4, "c": 3, "b": 2, "a": 1})).startswith(
        '[{"a": 1, "b": 2, "c": 3, "d": 4}, '
    )


def test_no_edit_changes_no_byte():
    data = FILE.encode("utf-16")
    value = json.loads(FILE)
    assert JsonEditor().edit(b"no JSON", []) == b"no JSON"
    assert edited("json", data, [put(key, value=value[key]) for key in value]) == data


def test_one_of_many_records_is_found_quickly():
    rows = [{"id": at, "name": f"n {at}", "in": {"x": [at]}} for at in range(100_000)]
    data = json.dumps(rows, indent=2).encode()
    started = time.perf_counter()
    found = JsonEditor().edit(data, [put(50_000, "in", "x", 0, value=-1), remove(7)])
    assert time.perf_counter() - started < 3
    assert len(json.loads(found)) == 99_999
    assert found.count(b"-1") == 1
