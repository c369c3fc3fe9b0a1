"""Where values stand in texts: the text at each place begins with the key or value meant."""

import json

import pytest

from ingitdb.formats.positions import positions
from ingitdb.formats.registry import by_name
from ingitdb.model.records import ReadOptions

CASES = [
    ("yaml", "# top\na: 1\nb:\n  c: [x, {d: 5}]\n  - : 1\n".replace("  - : 1\n", ""),
     {(): "a:", ("a",): "a:", ("b", "c"): "c:", ("b", "c", 0): "x", ("b", "c", 1, "d"): "d: 5"}),
    ("yaml", "- a: 1\n-   b: 2\n", {(0,): "a:", (1,): "b:", (1, "b"): "b:"}),
    ("yaml", "a: 1\n---\na: 2\n", {(0, "a"): "a: 1", (1, "a"): "a: 2"}),
    ("yaml", "text: é\u2028x\nb: 2\n", {("b",): "b: 2"}),
    ("json", '{\n "ø": {"k": [1,\n  {"z": 2}]},\n "q": 3}', {
        (): "{", ("ø",): '"ø"', ("ø", "k"): '"k"', ("ø", "k", 1): '{"z"', ("ø", "k", 1, "z"): '"z"',
        ("q",): '"q"'}),
    ("json", ' [{"a": 1},\n {"a": 2}]', {(1,): '{"a": 2', (1, "a"): '"a": 2'}),
    ("jsonl", '{"a": 1}\n\n{"b": {"c": 1}}\n', {(1,): '{"b"', (1, "b", "c"): '"c"'}),
    ("toml", "x = 1\ny.z = 2\n[t]\nu = [1, 2]\n[[l]]\nv = 3\n", {
        ("x",): "x =", ("y", "z"): "y.z", ("t",): "[t]", ("t", "u"): "u =", ("t", "u", 1): "2]",
        ("l", 0): "[[l]]", ("l", 0, "v"): "v ="}),
    ("csv", 'a;b\n1;"x\ny"\n\n2;z\n', {
        (0,): "1;", (0, "b"): '"x', (1, "a"): "2;", (1, "b"): "z"}),
    ("tsv", "a\tb\n1\t2\n", {(0, "b"): "2"}),
    ("markdown", "---\na: 1\nb: 2\n---\nBody\n", {
        (): "---", ("b",): "b: 2", ("_content",): "Body"}),
    ("markdown", "+++\na = 1\n+++\nBody\n", {("a",): "a = 1", ("_content",): "Body"}),
    ("markdown", "Body\n", {("_content",): "Body"}),
    ("ingr", '# INGR.io | t: $ID, n\n"k"\n1\n"l"\n2\n# 2 records\n', {
        (0,): '"k"', (1, "n"): "2\n"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "places"), CASES)
def test_places(name, text, places):
    form = by_name(name)
    document = form.read(text.encode(), ReadOptions())
    found = positions(name, text.encode(), document)
    lines = text.split("\n")
    for place, expected in places.items():
        at = found.of(place)
        assert at is not None, place
        rest = "\n".join([lines[at[0] - 1][at[1] - 1 :], *lines[at[0] :]])
        assert rest.startswith(expected), (place, at, rest)
    assert found.of(("nothing", "here")) is None


def test_a_missing_field_has_no_place():
    form = by_name("json")
    data = json.dumps([{"a": 1}]).encode()
    found = positions("json", data, form.read(data))
    assert (found.of((0, "b")), found.of((5,))) == (None, None)


def test_a_byte_order_mark_and_windows_line_ends():
    data = b"\xef\xbb\xbfa,b\r\n1,2\r\n3,4\r\n"
    found = positions("csv", data, by_name("csv").read(data))
    assert found.of((1, "b")) == (3, 3)


def test_a_format_without_places_tells_lines():
    data = b"a,b\n1,2\n"
    document = by_name("csv").read(data)
    found = positions("unknown", data, document)
    assert found.of((0, "b")) == (2, 0)
