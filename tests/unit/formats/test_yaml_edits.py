import codecs
import math
from decimal import Decimal

import pytest
import yaml

from ingitdb.formats.edits.editing import edited, leaf_edits, written
from ingitdb.formats.edits.yaml_edits import YamlEditor
from ingitdb.formats.yaml import Yaml
from ingitdb.model.edits import EditFault, Insert, Put, Remove
from ingitdb.model.records import FormatFault, ReadOptions, Spelled

HOSTILE = [
    *("no", "yes", "on", "off", "y", "n", "Y", "N", "010", "0", "1e3", "1_000", "0x1F", "0o7"),
    *("12:30:45", "2024-01-05", ".5", "5.", "~", "null", "Null", "=", "<<", "", " x", "x ", "true"),
    *("a: b", "a #b", "#b", "- x", "-", "--- x", "...", "? x", ": x", "@x", "`x", "%x", "!x"),
    *(
        "&x",
        "*x",
        "[x]",
        "{x}",
        "a, b",
        "it's",
        'say "hi"',
        "back\\slash",
        "x:",
        "\ufeffx",
        "|",
        ">",
    ),
    *("one\ntwo", "one\ntwo\n", "one\n\n", "\none", "\n", " one\ntwo", "\tone", "one\ttwo", "  \n"),
    *(
        "one\n  \ntwo",
        "one\n  ",
        "\x07",
        "\x7f",
        "\r",
        "a\r\nb",
        "\x85",
        "a\u2028b",
        "\u2029",
        "é😀",
    ),
    *(
        "\ue000",
        "\ufffe",
        ".inf",
        ".NaN",
        "x" * 300,
        "word " * 60 + "end",
        "1.5",
        "+1",
        "0b11",
        "é",
    ),
]


def edit(text, *edits):
    return edited("yaml", text.encode(), edits).decode()


def put(value, *place):
    return Put(place=place, value=value)


def insert(value, *place):
    return Insert(place=place, value=value)


def remove(*place):
    return Remove(place=place)


def refused(text, *edits):
    with pytest.raises(EditFault) as caught:
        edit(text, *edits)
    assert caught.value.message.endswith(".")
    return caught.value


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("a: 1  # x\n", 2, "a: 2  # x\n"),
        ("a: 1  # x\n", "no", "a: 'no'  # x\n"),
        ('a: 1\nb: "x"\nc: \'y\'\nd: "z"\n', "no", 'a: "no"\nb: "x"\nc: \'y\'\nd: "z"\n'),
        ("a: one\n", "two words", "a: two words\n"),
        ("a: 'one'\n", "it's", "a: 'it''s'\n"),
        ('a: "one"\n', 'two "2"\n', 'a: "two \\"2\\"\\n"\n'),
        ("a: 'one'\n", 5, "a: 5\n"),
        ("a: true\n", False, "a: false\n"),
        ("a: True\n", False, "a: False\n"),
        ("a: TRUE\n", False, "a: FALSE\n"),
        ("a: 1\n", None, "a: null\n"),
        ("a: 1\nb: ~\n", None, "a: ~\nb: ~\n"),
        ("a: 1  # x\nb:\n", None, "a:  # x\nb:\n"),
        ("a:   1\nb:\n", None, "a:   null\nb:\n"),
        ("a:  # x\n", 5, "a: 5  # x\n"),
        ("a: \n", 5, "a: 5\n"),
        ("a: &x  # c\n", 5, "a: &x 5  # c\n"),
        ("a: 1.5\n", 1e16, "a: 1.0e+16\n"),
        ("a: 1.5\n", 1e-7, "a: 1.0e-07\n"),
        ("a: 1.5\n", math.inf, "a: .inf\n"),
        ("a: 1.5\n", -math.inf, "a: -.inf\n"),
        ("a: 1.5\n", math.nan, "a: .nan\n"),
        ("a: 1.5\n", Decimal("1.10"), "a: 1.10\n"),
        ("a: 1.5\n", Decimal("1E+3"), "a: 1000\n"),
        ("a: 1.5\n", Decimal("1E-7"), "a: 1.0e-7\n"),
        ("a: 1.5\n", Spelled(1.1, "1.10"), "a: 1.10\n"),
        ("a: 1.10\n", Spelled(1.1, "1.100"), "a: 1.100\n"),
        ("a: 1\n", b"hi", 'a: !!binary "aGk="\n'),
        ("a: 2024-01-05\n", "2025-02-06", "a: 2025-02-06\n"),
        ("a: 2024-01-05\n", "2025-13-06", "a: '2025-13-06'\n"),
        ("a: yes\n", "no", "a: no\n"),
        ("a: yes\n", "y", "a: 'y'\n"),
        ("a: y\n", "n", "a: n\n"),
        ("a: y\n", "no", "a: 'no'\n"),
        ("a: 010\n", "011", "a: 011\n"),
        ("a: 10\n", "011", "a: '011'\n"),
        ("a: |  # c\n  x\n\n", "y", "a: 'y'  # c\n\n"),
        ("a: |\n    x\n  # c\n", "y\nz\n", "a: |\n    y\n    z\n  # c\n"),
        ("a: |  # c\n  x\n\nb: 1\n", 5, "a: 5  # c\n\nb: 1\n"),
        ("a: |\n  x\n", "", "a: ''\n"),
        ("a: |\n  x\n", " y\nz\n", "a: |2\n   y\n  z\n"),
        ("a: |+\n  x\n\nb: 1\n", "y\n", "a: |\n  y\nb: 1\n"),
        ("a: |\n  x\nb: 1\n", "y\n\n", "a: |+\n  y\n\nb: 1\n"),
        ("a: |\n  x\n\nb: 1\n", "y\n\n", 'a: "y\\n\\n"\n\nb: 1\n'),
        ("a: |2\n   x\n", "  y\n", "a: |2\n    y\n"),
        (f"a: |\n{' ' * 12}x\n", " y\n", 'a: " y\\n"\n'),
        ("a: >-\n  x y\n  z\n", "x y\nw", "a: >-\n  x y\n\n  w\n"),
        ("a: >-\n  u v\n  x y\n  z\n", "u v x w z", "a: >-\n  u v\n  x w\n  z\n"),
        ("a: >\n  x y\n", " p\nq\n", "a: |2\n   p\n  q\n"),
        ("a: 1  # c\n", "x\ny\n", "a: |  # c\n  x\n  y\n"),
        ("a: 1\n  # c\n", "x\ny\n", 'a: "x\\ny\\n"\n  # c\n'),
        ("a:\n  b c  # d\n", "e", "a:\n  e  # d\n"),
        ("a:\n  b\n", "x\ny", 'a:\n  "x\\ny"\n'),
        ("a: b\n  c\n\n  d # e\n", "b\nd", "a: b\n\n  d # e\n"),
        ("a: b\n  c\n\n  d # e\n", "b c\nx", "a: b\n  c\n\n  x # e\n"),
        ('a: "b c\\\n  \\ d"\n', "b e d", 'a: "b e\\\n  \\ d"\n'),
        ("a: 'b\n  c'\n", "b d", "a: 'b\n  d'\n"),
        ("a: {b: 1} # c\n", 5, "a: 5 # c\n"),
        ("a: [1, 2] # c\n", [3], "a: [3] # c\n"),
        ("a: 1 # c\n", {"b": [1, {"c": 2}]}, "a: # c\n  b:\n    - 1\n    - c: 2\n"),
        ("a: 1\nz:\n- 1\n", [[1, 2], []], "a:\n- - 1\n  - 2\n- []\nz:\n- 1\n"),
        ("a:\n    b: 1 # c\n    d: 2\nz: 1\n", "x", "a: x\nz: 1\n"),
        ("a:\n    b: 1\nz: 1\n", {"c": 2}, "a:\n    c: 2\nz: 1\n"),
        ("a:\n  # c\n  b: 1\n", {}, "a: {}\n  # c\n"),
        ("a: &x\n  b: 1\n", 5, "a: &x 5\n"),
        ("a: &x 5\n", {"b": 1}, "a: &x\n  b: 1\n"),
        ("a: 1\r\nb: 2\r\n", "x\ny", "a: |-\r\n  x\r\n  y\r\nb: 2\r\n"),
        ("a: 1\rb: 2\r", "x", "a: x\rb: 2\r"),
        ("a: 1", "x\n", "a: |\n  x\n"),
        ("a: |\n  x", "y", "a: |\n  y"),
        ("? a\n: 1\n", 2, "? a\n: 2\n"),
        ("a: !!str 5\n", "6", "a: !!str '6'\n"),
        ("a: !!str 5\n", 6, "a: 6\n"),
        ("a: !!int 5\n", "x", "a: x\n"),
        ("a: !color 5\n", 6, "a: !color 6\n"),
        ("a: !!map\n  b: 1\n", {"c": 1}, "a: !!map\n  c: 1\n"),
        ("a: !!map\n  b: 1\n", 5, "a: 5\n"),
        ("%YAML 1.1\n---\na: 1\n", 2, "%YAML 1.1\n---\na: 2\n"),
        ("é: 😀\na: 1 # \u2028\x85\n", 2, "é: 😀\na: 2 # \u2028\x85\n"),
        ("\ufeffa: 1\n", 2, "\ufeffa: 2\n"),
    ],
)
def test_a_value_takes_the_place_of_another(text, value, expected):
    assert edit(text, put(value, "a")) == expected


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: x\n", ("a",)),
        ("a: 5\n", ("a",)),
        ("a: 'x'  # c\n", ("a",)),
        ('a: "x"\n', ("a",)),
        ("a: |\n  x\n# c\n", ("a",)),
        ("a: >-\n  x\n", ("a",)),
        ("- x\n- y\n", (0,)),
        ("-\n- y\n", (0,)),
        ("[x, y]\n", (1,)),
        ("{a: x, b: y}\n", ("b",)),
        ("{a, b: y}\n", ("a",)),
        ("a:\n- b: x\n", ("a", 0, "b")),
        ("a: x", ("a",)),
        ("x\n---\ny\n", (1,)),
        ("--- x # c\n", ()),
        ("a: 1\n---\nb: [c, {d: e}]\n", (1, "b", 1, "d")),
    ],
)
@pytest.mark.parametrize("value", HOSTILE)
def test_texts_are_read_back_by_readers_of_both_versions(text, place, value):
    made = edit(text, Put(place=place, value=value))
    found = list(yaml.safe_load_all(made))
    found = found[0] if len(found) == 1 else found
    for step in place:
        found = found[step]
    assert found == value
    assert edit(made, Put(place=place, value=value)) == made


@pytest.mark.parametrize(
    ("text", "edits", "expected"),
    [
        ("a: 1 # x\n# y\n", [insert(2, "b")], "a: 1 # x\nb: 2\n# y\n"),
        ("a:\n  b: 1\n  # y\nc: 1\n", [insert(2, "a", "d")], "a:\n  b: 1\n  d: 2\n  # y\nc: 1\n"),
        ("a: |\n  x\n\nb: |\n  y\n\n", [insert(2, "c")], "a: |\n  x\n\nb: |\n  y\nc: 2\n\n"),
        ("a: 1", [insert(2, "b"), insert(3, "c")], "a: 1\nb: 2\nc: 3"),
        ("a: |\n  x", [insert(2, "b")], "a: |-\n  x\nb: 2"),
        ("a: |\n  x", [insert(2, "b"), insert(3, "c")], "a: |-\n  x\nb: 2\nc: 3"),
        ("a: |\n  x", [insert(2, "b"), put("y", "a")], "a: |-\n  y\nb: 2"),
        ("a: |\n  x", [insert(2, "b"), put("y\n", "a")], "a: |\n  y\nb: 2"),
        ("a:\n  b: |\n    x", [insert(2, "b"), put(5, "a")], "a: 5\nb: 2"),
        ("1: a\n", [insert("b", "2")], "1: a\n2: b\n"),
        ("a: b\n", [insert("b", "2"), insert(1, "no")], "a: b\n'2': b\n'no': 1\n"),
        ("'a': \"b\"\n", [insert("c", "d")], "'a': \"b\"\n'd': \"c\"\n"),
        ("a:   1\nbb:  2\n", [insert(3, "c")], "a:   1\nbb:  2\nc:   3\n"),
        ("a:   1\nbb:  2\n", [insert(3, "cccccc")], "a:   1\nbb:  2\ncccccc: 3\n"),
        ("a: {}\n", [insert(1, "a", "b")], "a:\n  b: 1\n"),
        ("a: [] # c\n", [insert("x", "a", 0)], "a: # c\n  - x\n"),
        ("a: {b: {c: 1}}\n", [insert(2, "a", "b", "d")], "a: {b: {c: 1, d: 2}}\n"),
        ("{ a: 1 }\n", [insert({"c": 2}, "b")], "{ a: 1, b: { c: 2 } }\n"),
        ("{a: 1,}\n", [insert(2, "b")], "{a: 1, b: 2,}\n"),
        ("[a: 1]\n", [insert(2, 0, "b")], "[{a: 1, b: 2}]\n"),
        ("- 1\n- 2\n", [insert(0, 0)], "- 0\n- 1\n- 2\n"),
        ("- 1\n# c\n- 2\n", [insert("x", 1)], "- 1\n- x\n# c\n- 2\n"),
        ("- 1\n", [insert(2, 1), insert(3, 1)], "- 1\n- 2\n- 3\n"),
        ("a:\n  - - 1\n", [insert(0, "a", 0, 0)], "a:\n  - - 0\n    - 1\n"),
        (
            "-   a: 1\n    b:\n    -   x\n",
            [insert({"a": 1, "b": ["z"]}, 1)],
            "-   a: 1\n    b:\n    -   x\n-   a: 1\n    b:\n    -   z\n",
        ),
        (
            "- {n: 'x', d: 2024-01-05}\n",
            [insert({"n": "y", "d": "2025-01-05"}, 1)],
            "- {n: 'x', d: 2024-01-05}\n- {n: 'y', d: 2025-01-05}\n",
        ),
        (
            "- n: 'x'\n  d: 2024-01-05\n- n: 'y'\n",
            [insert("2025-01-05", 1, "d")],
            "- n: 'x'\n  d: 2024-01-05\n- n: 'y'\n  d: 2025-01-05\n",
        ),
        ("[1, 2]\n", [insert(0, 0), insert(3, 2)], "[0, 1, 2, 3]\n"),
        ("[1,2]\n", [insert(3, 2)], "[1,2,3]\n"),
        ("[\n  1, # c\n  2 # d\n]\n", [insert(3, 2)], "[\n  1, # c\n  2, # d\n  3\n]\n"),
        ("[\n  1,\n]\n", [insert(0, 0), insert(2, 1)], "[\n  0,\n  1,\n  2,\n]\n"),
        (
            "a: 1\r\n",
            [insert([1, "x\ny"], "b")],
            "a: 1\r\nb:\r\n  - 1\r\n  - |-\r\n    x\r\n    y\r\n",
        ),
        ("a: 1\n---\nb: 2\n", [insert({"c": 3}, 2)], "a: 1\n---\nb: 2\n---\nc: 3\n"),
        ("--- 1\n--- 2\n", [insert(0, 0), insert(3, 2)], "--- 0\n--- 1\n--- 2\n--- 3\n"),
        ("a: 1\n---\nb: 2\n", [insert({"c": 3}, 0)], "c: 3\n---\na: 1\n---\nb: 2\n"),
    ],
)
def test_what_is_new_looks_like_its_neighbours(text, edits, expected):
    made = edit(text, *edits)
    assert made == expected
    if len(edits) == 1 and "|" not in text and edits[0].place != (0,):
        back = edit(made, Remove(place=edits[0].place))
        assert back == text or text in {"[a: 1]\n"}


@pytest.mark.parametrize(
    ("text", "edits", "expected"),
    [
        ("a: 1\n# c\nb: 2 # d\nc: 3\n", [remove("b")], "a: 1\n# c\nc: 3\n"),
        ("a: 1\nb: 2", [remove("b")], "a: 1"),
        ("a: |\n  x\nb: 2", [remove("b")], "a: |\n  x\n"),
        ("a: 1\nb:\n  - 1\n\n  - 2\n\nc: 1\n", [remove("b")], "a: 1\n\nc: 1\n"),
        ("- a: 1\n  # c\n  b: 2\n", [remove(0, "a")], "- # c\n  b: 2\n"),
        ("- a: 1\n  b: 2\n  c: 3\n", [remove(0, "a"), remove(0, "b")], "- c: 3\n"),
        ("- a: 1 # c\n", [remove(0, "a")], "- {} # c\n"),
        ("a:\n  b: 1\nc: 1\n", [remove("a", "b")], "a: {}\nc: 1\n"),
        ("a:\n- 1\n# c\n", [remove("a", 0)], "a: []\n# c\n"),
        ("# c\na: 1\n", [remove("a")], "# c\n{}\n"),
        ("a: {b: 1}\n", [remove("a", "b")], "a: {}\n"),
        ("[1, 2, 3]\n", [remove(0)], "[2, 3]\n"),
        ("[1, 2, 3]\n", [remove(1)], "[1, 3]\n"),
        ("[1, 2, 3]\n", [remove(2)], "[1, 2]\n"),
        ("[1, 2, 3]\n", [remove(0), remove(2)], "[2]\n"),
        ("[1, 2, 3]\n", [remove(1), insert(9, 1), insert(8, 3)], "[1, 9, 3, 8]\n"),
        ("[\n  1, # c\n  2, # d\n  3 # e\n]\n", [remove(2)], "[\n  1, # c\n  2 # d\n]\n"),
        ("[\n  1, # c\n  2, # d\n  3 # e\n]\n", [remove(1)], "[\n  1, # c\n  3 # e\n]\n"),
        ("[\n  1, # c\n  2, # d\n]\n", [remove(0)], "[\n  2, # d\n]\n"),
        ("- 1\n- 2\n- 3\n", [remove(0), insert(9, 0), remove(2), insert(8, 3)], "- 9\n- 2\n- 8\n"),
        ("a: 1\nb: 2", [remove("b"), insert(3, "c")], "a: 1\nc: 3"),
        ("a: 1\n", [remove("a"), insert(3, "c")], "c: 3\n"),
        ("a:\n  b: 1\n  c: 2\n", [remove("a", "c"), insert(3, "d")], "a:\n  b: 1\nd: 3\n"),
        ("a: 1\n---\nb: 2\n---\nc: 3\n", [remove(1)], "a: 1\n---\nc: 3\n"),
    ],
)
def test_what_goes_takes_its_own_lines_along(text, edits, expected):
    assert edit(text, *edits) == expected


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("", {"a": 1}, "a: 1\n"),
        ("# c\n", [1, {"a": 2}], "# c\n- 1\n- a: 2\n"),
        ("---\n# c\n", {"a": 1}, "---\n# c\na: 1\n"),
        ("# c", {"a": 1}, "# c\na: 1"),
        ("--- # c\n...\n", {"a": 1}, "--- # c\na: 1\n...\n"),
        ("a: 1 # c\n# d\n", [1], "- 1\n# d\n"),
        ("--- 5 # c\n", {"a": 1}, "--- # c\na: 1\n"),
        ("5 # c\n", {"a": 1, "b": 2}, "a: 1 # c\nb: 2\n"),
        ("--- |\n x\n", {"a": 1}, "---\na: 1\n"),
        ("--- # c\na: 1\n", "x", "--- x # c\n"),
    ],
)
def test_a_whole_document_is_replaced(text, value, expected):
    assert edit(text, put(value)) == expected


def test_what_is_inserted_below_nothing_makes_a_list_or_map():
    editor = YamlEditor()
    assert editor.edit(b"# c\n", [insert(1, "a"), insert(2, "b")]) == b"# c\na: 1\nb: 2\n"
    assert editor.edit(b"a: # c\nb: ~\n", [insert(1, "a", "x")]) == b"a: # c\n  x: 1\nb: ~\n"
    assert editor.edit(b"a:\nb: ~\n", [insert(1, "b", 0)]) == b"a:\nb:\n  - 1\n"


SHARED = "a: &x {k: 1, l: [1]}\nb: *x\nc:\n  <<: *x\n  z: 1\n"


def test_what_an_alias_repeats_is_written_out_where_it_changes():
    text = SHARED
    assert edit(text, put(5, "b")) == text.replace("b: *x", "b: 5")
    assert edit(text, put(5, "b", "k")) == text.replace("b: *x", "b: {k: 5, l: [1]}")
    assert edit(text, put(5, "c", "k")) == text + "  k: 5\n"
    assert edit(text, insert(2, "c", "l", 1)) == text + "  l: [1, 2]\n"
    block = "a: &x\n  k: 1\nb:\n- *x\n"
    assert edit(block, put(2, "b", 0, "k")) == "a: &x\n  k: 1\nb:\n- k: 2\n"
    both = edit(block, put(2, "b", 0, "k"), put(2, "a", "k"))
    assert both == "a: &x\n  k: 2\nb:\n- k: 2\n"


@pytest.mark.parametrize(
    ("text", "edits", "line"),
    [
        ("a: &x {k: 1}\nb:\n  <<: *x\n", [insert(6, "a", "l")], 3),
        ("a: &x\n  k: 1\nb: *x\n", [remove("a")], 3),
        ("- &x 1\n- *x\n", [remove(0)], 2),
        ("a: &x {k: 1}\nb:\n  <<: *x\n", [remove("b", "k")], 3),
        ("a: 1\n? b\n: 2\n", [remove("b")], 3),
        ("a: !color 5\n", [put([1], "a")], 1),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_line(text, edits, line):
    fault = refused(text, *edits)
    assert fault.line == line


def test_other_refusals():
    assert "U+D800" in refused("a: 1\n", put("\ud800", "a")).message
    assert "fewer" in refused("1\n---\n2\n", remove(0)).message
    assert "one by one" in refused("1\n---\n2\n", put([1, 2])).message
    assert "characters" in refused("a: 1\n", insert(1, "k" * 2_000)).message
    assert "too large" in refused("a: &x [1]\nb: *x\n", put(list(range(600)), "b", 0)).message
    with pytest.raises(FormatFault):
        edit("a: [1\n", put(2, "a"))


@pytest.mark.parametrize(
    "edit_of",
    [
        put(1, "x"),
        put(1, "b", 3),
        put(1, "x", "y"),
        put(1, "a", "y"),
        remove("x"),
        remove("b", 1),
        insert(1, "a"),
        insert(1, "b", 2),
        insert(1, "b", "x"),
        remove(),
    ],
)
def test_a_place_that_is_not_there_or_is_taken(edit_of):
    with pytest.raises(EditFault):
        YamlEditor().edit(b"a: 1\nb: [1]\n", [edit_of])


def test_what_is_too_deep():
    value = []
    for _ in range(5_000):
        value = [value]
    with pytest.raises(EditFault):
        YamlEditor().edit(b"a: 1\n", [put(value, "a")])
    with pytest.raises(EditFault):
        YamlEditor().write(value)


@pytest.mark.parametrize(
    "encoding", ["utf-8-sig", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]
)
def test_encodings_and_byte_order_marks_stay(encoding):
    mark = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}.get(encoding, b"")
    mark = {"utf-32-le": codecs.BOM_UTF32_LE, "utf-32-be": codecs.BOM_UTF32_BE}.get(encoding, mark)
    data = mark + "a: é\r\nb: 1\r\n".encode(encoding)
    made = edited("yaml", data, [put("ü", "a")])
    assert made == mark + "a: ü\r\nb: 1\r\n".encode(encoding)


def test_an_encoding_that_has_no_such_character():
    options = ReadOptions(encoding="latin-1")
    data = "a: é\n".encode("latin-1")
    assert edited("yaml", data, [put("ü", "a")], options) == "a: ü\n".encode("latin-1")
    with pytest.raises(EditFault, match=r"U\+20AC"):
        edited("yaml", data, [put("€", "a")], options)


def test_no_edit_changes_no_byte():
    data = b"\xef\xbb\xbf a: 1   \r\n\r\n"
    assert YamlEditor().edit(data, []) == data
    value = Yaml().read(data).value
    assert edited("yaml", data, [put(value)]) == data
    assert edited("yaml", data, [put(1, "a")]) == data


def test_a_torture_file_changes_in_one_line_at_a_time():
    text = TORTURE
    value = Yaml().read(text.encode()).value
    for place, new in [
        (("plain",), "other"),
        (("nested", "list", 1, "deep", 0), 7),
        (("flow", "b", 1), "q"),
        (("quoted",), "x"),
        (("last", 0, 0, 1), 9),
        (("empty",), 1),
    ]:
        old = value
        for step in place:
            old = old[step]
        made = edit(text, Put(place=place, value=new))
        lines, after = text.splitlines(), made.splitlines()
        assert len(lines) == len(after)
        assert sum(a != b for a, b in zip(lines, after, strict=True)) == 1
        assert edit(made, Put(place=place, value=old)) == text


TORTURE = """\
%YAML 1.1
# top
---
plain: some words   # trailing
quoted: "a é"
'single': 'it''s'
empty:
nested:   # why
    # own
    list:
    -   x
    -   deep:
        - 5    # five

        - 6
      # odd
    text: |+
        kept

flow: {a: 1, b: [1, "two" , 3], # c
  d: }
folded: >-
  one
  two

  # no comment
last:
- - - 1
    - 2   # two
# end
"""


def test_edits_that_turn_one_value_into_another_reach_it():
    old = {"a": [1, {"b": "x"}], "c": {"d": None}}
    new = {"a": [{"b": "y", "e": [1]}, 2], "f": {"d": {}}}
    text = "# top\na:\n- 1 # one\n- b: x\n\nc:\n    d: ~\n"
    assert Yaml().read(text.encode()).value == old
    made = edit(text, *leaf_edits(old, new))
    assert yaml.safe_load(made) == new
    assert made.startswith("# top\na:\n")


NEW = {"name": "it's", "no": "yes", "text": "one\ntwo\n", "list": [1, {"a": []}], "map": {}}


@pytest.mark.parametrize(
    ("like", "expected"),
    [
        (
            None,
            "name: it's\n'no': 'yes'\ntext: |\n  one\n  two\nlist:\n  - 1\n  - a: []\nmap: {}\n",
        ),
        (
            '# c\n---\nmap: {a: 1}\nlist:\n- "x"\n- y:\n    z: 1\nname: "x"\n',
            '---\nmap: {}\nlist:\n- 1\n- a: []\nname: "it\'s"\n"no": "yes"\n'
            "text: |\n  one\n  two\n",
        ),
        (
            "a:\r\n    b:\r\n        - 1",
            "name: it's\r\n'no': 'yes'\r\ntext: |\r\n    one\r\n    two\r\n"
            "list:\r\n    - 1\r\n    - a: []\r\nmap: {}",
        ),
    ],
)
def test_a_new_file_is_written_in_the_style_of_another(like, expected):
    data = None if like is None else like.encode()
    made = written("yaml", NEW, like=data).decode()
    assert made == expected
    assert yaml.safe_load(made) == NEW


def test_other_new_files():
    assert written("yaml", {}) == b"{}\n"
    assert written("yaml", []) == b"[]\n"
    assert written("yaml", [1, [2, [3]]], like=b"- 1") == b"- 1\n- - 2\n  - - 3"
    assert written("yaml", {"a": "x\n"}, like=b"b: 1") == b"a: |\n  x\n"
    assert written("yaml", [{"a": 1}, {"b": 2}], like=b"c: 1\n---\nd: 1\n") == b"a: 1\n---\nb: 2\n"
    assert written("yaml", [{"b": 1, "a": 2}], like=b"- a: 1\n  b: 2\n") == b"- a: 2\n  b: 1\n"
    with pytest.raises(EditFault):
        written("yaml", {"a": object()})


def test_an_alias_keeps_what_its_anchor_said_before():
    assert edit("a: &x 5\n\nb: *x\n", put(6, "a")) == "a: &x 6\n\nb: 5\n"
    assert edit(SHARED, put(6, "a", "k")) == (
        "a: &x {k: 6, l: [1]}\nb: {k: 1, l: [1]}\nc:\n  <<: *x\n  z: 1\n  k: 1\n"
    )
    assert edit("a: &x 5\nb: &y [*x]\nc: *y\n", put(6, "a")) == "a: &x 6\nb: &y [5]\nc: [5]\n"


@pytest.mark.parametrize(
    ("text", "key", "wanted"),
    [
        ("n: 1\n", "y", "y"),
        ("m: 1\n", "n", "'n'"),
        ("n: 1\n", "no", "'no'"),
        ("on: 1\n", "off", "off"),
        ("'n': 1\n", "y", "'y'"),
        ("5: a\nb: c\n", "6", "6"),
    ],
)
def test_keys_that_some_take_for_no_text_follow_others(text, key, wanted):
    assert edit(text, insert(9, key)) == f"{text}{wanted}: 9\n"


def test_a_key_stands_bare_where_it_does_in_another_record():
    text = "- n: 1\n  a: 2\n- a: 3\n"
    assert edit(text, insert(4, 1, "n")) == text + "  n: 4\n"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: word\n", "no"),
        ("a: word\nb: \"x y\"\nc: '5'\n", "no"),
        ('a: word\nb: "no"\n', "- x"),
        ('a: "word"\nb: "no"\n', "no"),
        ("a: 'word'\nb: 'x'\n", "no"),
        ('a: "no"\n', "word"),
        ("a: 'no'\nb: \"5\"\n", "word"),
        ("a: 2024-01-05\nb: 2024-01-06\n", "word"),
        ('a: "2024-01-05"\nb: "2024-01-06"\n', "word"),
    ],
)
def test_a_text_that_is_put_back_looks_as_before(text, value):
    old = Yaml().read(text.encode()).value["a"]
    made = edit(text, put(value, "a"))
    assert made.partition("\n")[2] == text.partition("\n")[2]
    assert edit(made, put(old, "a")) == text
