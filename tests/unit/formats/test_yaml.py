import math
import time

import pytest

from ingitdb.formats.text import MAX_DEPTH
from ingitdb.formats.yaml import Yaml
from ingitdb.model.records import FormatFault, Spelled

FORMAT = Yaml()


def read(text):
    return FORMAT.read(text.encode())


def fault(text):
    data = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(FormatFault) as caught:
        FORMAT.read(data)
    assert caught.value.message.endswith(".")
    return caught.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("12:30:45", "12:30:45"),
        ("2024-01-31", "2024-01-31"),
        ("2024-01-31T10:00:00Z", "2024-01-31T10:00:00Z"),
        ("1_000", "1_000"),
        ("=", "="),
        ("0x1F", Spelled(31, "0x1F")),
        ("0o17", Spelled(15, "0o17")),
        ("0b11", "0b11"),
        ("02096", "02096"),
        ("010", "010"),
        ("-007", "-007"),
        ("00", "00"),
        ("01.5", "01.5"),
        ("0", 0),
        ("-0", Spelled(0, "-0")),
        ("+5", Spelled(5, "+5")),
        ("-5", -5),
        ("1.1", 1.1),
        ("1.10", Spelled(1.1, "1.10")),
        ("1.0", 1.0),
        ("1.", Spelled(1.0, "1.")),
        (".5", Spelled(0.5, ".5")),
        ("1e3", Spelled(1000.0, "1e3")),
        ("1e+16", 1e16),
        ("12e4567", "12e4567"),
        (".inf", Spelled(math.inf, ".inf")),
        ("-.INF", Spelled(-math.inf, "-.INF")),
        (".nan", Spelled(math.nan, ".nan")),
        ("~", None),
        ("null", None),
        ("Null", None),
        ("NULL", None),
        ("nUll", "nUll"),
        ("", None),
        ("true", True),
        ("True", Spelled(True, "True")),
        ("FALSE", Spelled(False, "FALSE")),
        ("tRue", "tRue"),
        ("12345678901234567890123", 12345678901234567890123),
        ("9" * 4_001, "9" * 4_001),
        ("0x" + "F" * 2_500, "0x" + "F" * 2_500),
        ("-", None),
        (".", "."),
        ("+", "+"),
        ("'no'", "no"),
        ("'12'", "12"),
        ('"1.10"', "1.10"),
        ("''", ""),
        ('"\\u00e9\\x41"', "éA"),
        ("!!str 12", "12"),
        ('!!int "12"', 12),
        ("!!int 0x1F", Spelled(31, "0x1F")),
        ("!!float 5", Spelled(5.0, "5")),
        ("!!float 1.5", 1.5),
        ("!!bool 'true'", True),
        ("!!null ''", None),
        ("!!binary aGk=", b"hi"),
        ("!!timestamp 2024-01-31", "2024-01-31"),
        ("!color 12", 12),
        ("!color '12'", "12"),
        ("! 12", "12"),
    ],
)
def test_scalars_follow_the_core_schema_of_yaml_1_2(text, value):
    found = read(f"a: {text}\n").value["a"] if text != "-" else read("a:\n- \n").value["a"][0]
    assert found == value
    assert type(found) is type(value)
    assert repr(found) == repr(value)


@pytest.mark.parametrize("text", ["!!int x", "!!float x", "!!bool 1", "!!null x", "!!binary '%'"])
def test_a_tag_that_does_not_fit_is_a_fault(text):
    assert (fault(f"b: 1\na: {text}\n").line, fault(f"b: 1\na: {text}\n").column) == (2, 4)


def test_kinds_and_lines():
    assert read("").kind == "empty"
    assert read("# nothing\n\n---\n").kind == "empty"
    assert read("text").kind == "other"
    assert read("null").kind == "other"
    document = read("# a\n---\nx: 1\n\n# b\ny:\n  - 2\n")
    assert (document.kind, list(document.lines)) == ("map", [3, 6])
    document = read("\n- a: 1\n  b: 2\n-\n  c: 3\n- [4]\n")
    assert (document.kind, list(document.lines)) == ("list", [2, 5, 6])


def test_a_stream_is_a_list_of_its_documents():
    document = read("a: 1\n---\nb: 2\n...\n---\n- 3\n")
    assert (document.kind, document.value) == ("list", [{"a": 1}, {"b": 2}, [3]])
    assert list(document.lines) == [1, 3, 6]
    assert read("---\na: 1\n---\n").value == {"a": 1}


def test_anchors_do_not_outlive_their_document():
    assert "anchor &x" in fault("a: &x 1\n---\nb: *x\n").message


def test_aliases_and_merge_keys():
    document = read(
        "base: &base {a: 1, b: 2}\nmore: &more {b: 3, c: 4}\n"
        "one:\n  b: 9\n  <<: *base\ntwo: {<<: [*more, *base], d: 5}\nlist: [*base]\n"
        "key: &k name\n*k : 1\n'<<': text\n"
    )
    assert document.value["one"] == {"b": 9, "a": 1}
    assert document.value["two"] == {"d": 5, "b": 3, "c": 4, "a": 1}
    assert document.value["list"] == [{"a": 1, "b": 2}]
    assert document.value["name"] == 1
    assert document.value["<<"] == "text"


def test_merge_at_the_root_keeps_lines_in_step():
    document = read("a: &a {x: 1, y: 2}\n<<: *a\nx: 3\n")
    assert document.value == {"a": {"x": 1, "y": 2}, "x": 3, "y": 2}
    assert list(document.lines) == [1, 3, 2]


def test_keys_are_their_source_text():
    keys = "1: a\n1.10: b\ntrue: c\n~: d\n0x1F: e\n2024-01-01: f\n? g\n: h\n'': i\n"
    expected = ["1", "1.10", "true", "null", "0x1F", "2024-01-01", "g", ""]
    assert list(read(keys).value) == expected


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, 1, "Key 'a' stands twice"),
        ("x:\n  {a: 1, 'a': 2}\n", 2, 10, "Key 'a' stands twice"),
        ("1: a\n'1': b\n", 2, 1, "stands twice"),
        ("~: a\nnull: b\n", 2, 1, "Key 'null' stands twice"),
        ("? [a]\n: b\n", 1, 3, "cannot be a key"),
        ("&a [x]: 1\nb: 2\n*a : 3\n", 1, 1, "cannot be a key"),
        ("a: b: c\n", 1, 5, "mapping values are not allowed"),
        ("a: [1\nb: 2\n", 2, 2, "expected ',' or ']'"),
        ("a: 1\nb: \x01\n", 2, 4, "control character U+0001"),
        ("a: \x00", 1, 4, "control character U+0000"),
        ("é: 1\nab: *x\n", 2, 5, "There is no anchor &x"),
        ("a: &a [1, *a]\n", 1, 11, "inside its own anchor"),
        ("a:\n  <<: 5\n", 2, 3, "merge key"),
        (b"a: 1\nb: x\xff\n", 2, 5, "not UTF-8"),
        ("%YAML 3.0\n---\na\n", 1, 1, "incompatible"),
    ],
)
def test_faults_tell_the_place(text, line, column, said):
    found = fault(text)
    assert said in found.message
    assert (found.line, found.column) == (line, column)


def test_nesting_is_bounded():
    assert read("[" * MAX_DEPTH + "]" * MAX_DEPTH).kind == "list"
    for text in ("[" * 201 + "]" * 201, "[" * 100_000, "- " * 100_000, "{a: " * 100_000):
        assert "levels deep" in fault(text).message
    chain = "- &a0 [x]\n" + "".join(f"- &a{i} [*a{i - 1}]\n" for i in range(1, 300))
    assert "levels deep" in fault(chain).message


def test_bombs_fail_fast():
    laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 30)
    )
    entries = ", ".join(f"k{i}: 1" for i in range(20_000))
    merges = f"- &m {{{entries}}}\n" + "- {<<: *m}\n" * 2_000
    for text in (laughs, merges):
        started = time.perf_counter()
        assert "aliases expand to more than" in fault(text).message
        assert time.perf_counter() - started < 60


def test_shared_values_are_not_copied():
    value = read("a: &a [1]\nb: *a\n").value
    assert value["a"] is value["b"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_byte_order_marks(encoding):
    assert FORMAT.read("é: ü\n".encode(encoding)).value == {"é": "ü"}


def test_line_breaks():
    assert read("a: |\r\n  x\r\n  y\r\nb: 1\r\n").value == {"a": "x\ny\n", "b": 1}
    document = read("a: 'x\u2028y\x85z'\nb: 1\u2029\nc: [\x85]\n")
    assert document.value == {"a": "x\u2028y\x85z", "b": "1\u2029", "c": ["\x85"]}
    assert list(document.lines) == [1, 2, 3]
    shared = read("a: &a ['\u2028']\nb: *a\n").value
    assert shared["a"] is shared["b"]
    assert shared["a"] == ["\u2028"]
