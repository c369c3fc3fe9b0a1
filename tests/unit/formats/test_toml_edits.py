import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

import pytest

from ingitdb.formats.edits.editing import edited, written
from ingitdb.formats.edits.toml_edits import TomlEditor
from ingitdb.model.edits import EditFault, Insert, Put, Remove
from ingitdb.model.records import FormatFault, ReadOptions, Spelled

SCALARS = """# lead
a = "x" # b = 1
'q k' = 1.10
many = \"\"\"
one
two\"\"\"
raw = 'C:\\x'
list = [
  "b = 1",  # first
  [1, 2]
]
b . c = 2024-01-31
n = 0x1F
[tab]
  z = 1_000_000

[[items]]
k = inf
"""


@pytest.mark.parametrize(
    ("place", "value", "old", "new"),
    [
        (("a",), "it's", '"x" # b', '"it\'s" # b'),
        (("a",), 'say "hi"\\\n', '"x"', '"say \\"hi\\"\\\\\\n"'),
        (("a",), [1, {"k": "v", "e": {}}], '"x"', '[1, { k = "v", e = {} }]'),
        (("q k",), 2.5, "1.10", "2.5"),
        (("q k",), Spelled(1.1, "1.100"), "1.10", "1.100"),
        (("q k",), Decimal("1E+2"), "1.10", "100"),
        (("q k",), Decimal("0.10"), "1.10", "0.10"),
        (("q k",), Decimal("-Infinity"), "1.10", "-inf"),
        (("many",), "three\n", "one\ntwo", "three\n"),
        (("many",), 'a\\"""\r\n+++\n', "one\ntwo", 'a\\\\""\\"\\r\n\\u002B++\n'),
        (("raw",), "D:\\y", "'C:\\x'", "'D:\\y'"),
        (("raw",), "it's", "'C:\\x'", '"it\'s"'),
        (("list", 0), "c", '"b = 1"', '"c"'),
        (("list", 1, 0), True, "[1, 2]", "[true, 2]"),
        (("list", 1), "x", "[1, 2]", '"x"'),
        (("b", "c"), date(2020, 2, 3), "2024-01-31", "2020-02-03"),
        (
            ("b", "c"),
            datetime.fromisoformat("2020-02-03T04:05"),
            "2024-01-31",
            "2020-02-03T04:05:00",
        ),
        (("b", "c"), time(4, 5, 0, 1200), "2024-01-31", "04:05:00.0012"),
        (("n",), 10, "0x1F", "0xA"),
        (("n",), -1, "0x1F", "-1"),
        (("tab", "z"), 12345, "1_000_000", "12_345"),
        (("items", 0, "k"), float("nan"), "inf", "nan"),
    ],
)
def test_a_scalar_is_spelled_like_the_one_before(place, value, old, new):
    assert SCALARS.count(old) == 1
    made = edited("toml", SCALARS.encode(), [Put(place=place, value=value)])
    assert made.decode() == SCALARS.replace(old, new)
    windows = SCALARS.replace("\n", "\r\n").encode("utf-8-sig").removesuffix(b"\r\n")
    made = edited("toml", windows, [Put(place=place, value=value)])
    expected = SCALARS.replace(old, new).replace("\n", "\r\n").encode("utf-8-sig")
    assert made == expected.removesuffix(b"\r\n")


@pytest.mark.parametrize(
    ("old", "value", "new"),
    [
        ("1979-05-27 07:32:00Z", datetime(2020, 1, 2, tzinfo=UTC), "2020-01-02 00:00:00Z"),
        ("1979-05-27t07:32:00z", datetime(2020, 1, 2, tzinfo=UTC), "2020-01-02t00:00:00z"),
        (
            "1979-05-27T07:32:00+00:00",
            datetime(2020, 1, 2, tzinfo=UTC),
            "2020-01-02T00:00:00+00:00",
        ),
        ("1", datetime(2020, 1, 2, tzinfo=UTC), "2020-01-02T00:00:00Z"),
        ("07:32:00.500", time(1, 2, 3), "01:02:03.000"),
        ("07:32:00.5", time(1, 2, 3, 40), "01:02:03.00004"),
        (
            "1979-05-27T07:32:00Z",
            datetime(2020, 1, 2, tzinfo=timezone(timedelta(hours=-7))),
            "2020-01-02T00:00:00-07:00",
        ),
        ("''", "", "''"),
        ("'''x'''", "it's", "'''it's'''"),
        ("'''\nx'''", "a'''", '"""\na\'\'\'"""'),
        ('"""x"""', "\na\n", '"""\\na\n"""'),
        ("'''x'''", "\na", "'''\n\na'''"),
        ("{x=1}", [{"a": 1}], "[{ a = 1 }]"),
        ("[1]", {"a": "b"}, '{ a = "b" }'),
        ("0b101", 2, "0b10"),
        ("0xdead_beef", 48879, "0xbeef"),
        ("1", 10**30, "1" + "0" * 30),
        ("1.5", 1e22, "1e+22"),
    ],
)
def test_spellings(old, value, new):
    made = edited("toml", f"k = {old} # c\n".encode(), [Put(place=("k",), value=value)])
    assert made.decode() == f"k = {new} # c\n"


def test_what_is_there_already_stays():
    text = b"a = 0x1F\nb = +5\nc = 1.10\nd = 'x' \ne = [ 1,2 ]\nf = \"\\u0041\"\n"
    values = {"a": 31, "b": 5, "c": 1.1, "d": "x", "e": [1, 2], "f": "A"}
    edits = [Put(place=(key,), value=value) for key, value in values.items()]
    assert edited("toml", text, edits) == text
    assert edited("toml", text, [Put(place=(), value=values)]) == text
    assert TomlEditor().edit(text, []) == text


def test_texts_have_the_quotes_of_their_neighbours():
    text = b"a = 'x'\nb = 5\nc = ['p', \"it's\"]\n"
    edits = [Put(place=("b",), value="y"), Put(place=("c", 1), value="q")]
    assert edited("toml", text, edits) == b"a = 'x'\nb = 'y'\nc = ['p', 'q']\n"


KEYS = """title = 'T'

# about p
[p]
k    = "v" # of k
long = 2
# note

[p.q]
x = 1

[[r]]
n = "a"
tags = ["x"]

[[r]]
n = "b"
# tail
"""


@pytest.mark.parametrize(
    ("edit", "above", "added"),
    [
        (Insert(place=("new",), value="v"), "title = 'T'\n", "new = 'v'\n"),
        (Insert(place=("p", "a b"), value="v"), "long = 2\n", '"a b" = "v"\n'),
        (Insert(place=("p", "q", "y"), value=[1, "z"]), "x = 1\n", 'y = [1, "z"]\n'),
        (Insert(place=("p", "s"), value={"y": 1}), "x = 1\n", "\n[p.s]\ny = 1\n"),
        (Insert(place=("p", "s"), value={}), "x = 1\n", "\n[p.s]\n"),
        (Insert(place=("r", 1, "m"), value=True), 'n = "b"\n', "m = true\n"),
        (Insert(place=("r", 0, "s"), value={"y": 1}), 'tags = ["x"]\n', "\n[r.s]\ny = 1\n"),
        (
            Insert(place=("r", 0), value={"n": "0"}),
            "x = 1\n",
            '\n[[r]]\nn = "0"\n',
        ),
        (
            Insert(place=("r", 1), value={"n": "c", "o": {"y": {"z": 1}}}),
            'tags = ["x"]\n',
            '\n[[r]]\nn = "c"\n\n[r.o.y]\nz = 1\n',
        ),
        (Insert(place=("r", 2), value={"n": "c"}), "# tail\n", '\n[[r]]\nn = "c"\n'),
        (
            Insert(place=("t",), value=[{"a": 1}, {"b": [{"c": 2}]}]),
            "# tail\n",
            "\n[[t]]\na = 1\n\n[[t]]\n\n[[t.b]]\nc = 2\n",
        ),
        (Insert(place=("t",), value=[]), "title = 'T'\n", "t = []\n"),
    ],
)
@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
def test_new_entries_stand_with_their_siblings(edit, above, added, line_break):
    text = KEYS.replace("\n", line_break)
    made = edited("toml", text.encode(), [edit]).decode()
    new = KEYS.replace(above, above + added, 1)
    assert made == new.replace("\n", line_break)
    assert edited("toml", made.encode(), [Remove(place=edit.place)]) == text.encode()


@pytest.mark.parametrize(
    ("before", "place", "value", "after"),
    [
        ("[1, 2, 3]", 1, 9, "[1, 9, 2, 3]"),
        ("[1, 2, 3]", 3, 9, "[1, 2, 3, 9]"),
        ("[ 1,2, ]", 2, 9, "[ 1,2,9, ]"),
        ("[]", 0, 9, "[9]"),
        ("[ ]", 0, 9, "[ 9 ]"),
        ("[\n]", 0, 9, "[\n  9\n]"),
        ("[\n  # c\n]", 0, 9, "[\n  # c\n  9\n]"),
        ("[\n\t1, # one\n\t2 # two\n]", 2, 9, "[\n\t1, # one\n\t2, # two\n\t9\n]"),
        ("[\n\t1, # one\n\t2, # two\n]", 2, 9, "[\n\t1, # one\n\t2, # two\n\t9,\n]"),
        ("[\n  # a\n  1,\n  # b\n  2,\n]", 1, 9, "[\n  # a\n  1,\n  9,\n  # b\n  2,\n]"),
        ("[\n  # a\n  1,\n]", 0, 9, "[\n  # a\n  9,\n  1,\n]"),
        ("[\n  1,\n  2]", 2, 9, "[\n  1,\n  2,\n  9]"),
        ("[1,\n     2]", 2, 9, "[1,\n     2,\n     9]"),
        ("[1 # one\n, 2]", 2, 9, "[1 # one\n, 2, 9]"),
        ("[{x = 1}]", 1, {"x": 2}, "[{x = 1}, {x = 2}]"),
        ("{ x = 1 }", "y", 2, "{ x = 1, y = 2 }"),
        ("{x=1}", "y", {"z": 2}, "{x=1, y={ z = 2 }}"),
        ("{}", "y", 2, "{ y = 2 }"),
        ("{ x.y = 1 }", "z", 2, "{ x.y = 1, z = 2 }"),
        ("['a']", 1, "b", "['a', 'b']"),
        ("[\n  [\n    1,\n  ],\n]", 1, [2], "[\n  [\n    1,\n  ],\n  [\n    2,\n  ],\n]"),
    ],
)
def test_new_items_of_brackets_and_back(before, place, value, after):
    text = f"k = {before} # c\nl = 1\n"
    made = edited("toml", text.encode(), [Insert(place=("k", place), value=value)])
    assert made.decode() == f"k = {after} # c\nl = 1\n"
    assert edited("toml", made, [Remove(place=("k", place))]) == text.encode()


@pytest.mark.parametrize(
    ("before", "gone", "after"),
    [
        ("[1, 2, 3]", [0], "[2, 3]"),
        ("[1, 2,  3]", [1], "[1, 3]"),
        ("[1, 2, 3,]", [1, 2], "[1,]"),
        ("[ 1, 2 ]", [0, 1], "[ ]"),
        ("[\n  1, # one\n  # two\n  2 # two\n]", [1], "[\n  1 # one\n  # two\n]"),
        ("[\n  1, # one\n  2, # two\n]", [0, 1], "[\n]"),
        ("[1, # one\n 2\n]", [1], "[1 # one\n \n]"),
        ("[\n 1,\n 2]", [1], "[\n 1]"),
        ("[\n 1,\n 2]", [0, 1], "[\n]"),
    ],
)
def test_items_that_go(before, gone, after):
    edits = [Remove(place=("k", at)) for at in gone]
    made = edited("toml", f"k = {before} # c\n".encode(), edits)
    assert made.decode() == f"k = {after} # c\n"


@pytest.mark.parametrize(
    ("before", "edits", "after"),
    [
        ("a.b = 1 # c\nz = 1\n", [Remove(place=("a", "b"))], "a = {} # c\nz = 1\n"),
        ("a.b.c = 1\na.b.d = 2\n", [Remove(place=("a", "b"))], "a = {}\n"),
        ("a.b = 1\n", [Insert(place=("a", "c"), value={"d": 2})], "a.b = 1\na.c = { d = 2 }\n"),
        ("a.b = 1\na.c = 2\nz = 3\n", [Put(place=("a",), value=5)], "a = 5\nz = 3\n"),
        ("k = { a.b = 1, c = 2 }\n", [Remove(place=("k", "a", "b"))], "k = { a = {}, c = 2 }\n"),
        (
            "k = { a.b = 1 }\n",
            [Insert(place=("k", "a", "c"), value=2)],
            "k = { a.b = 1, a.c = 2 }\n",
        ),
        ("[a.b]\nx = 1\n", [Insert(place=("a", "y"), value=2)], "[a]\ny = 2\n\n[a.b]\nx = 1\n"),
        ("[a.b]\nx = 1\n", [Insert(place=("a", "c"), value={})], "[a.b]\nx = 1\n\n[a.c]\n"),
        ("z = 1\n\n[a.b]\nx = 1\n", [Remove(place=("a", "b"))], "z = 1\n\n[a]\n"),
        ("z = 1\n\n[a.b]\nx = 1\n", [Put(place=("a", "b"), value=5)], "z = 1\n\n[a]\nb = 5\n"),
        ("[a]\nx = 1\n[a.b]\n[c]\n", [Remove(place=("a",))], "[c]\n"),
        ("[a]\nx = 1\n", [Remove(place=("a", "x"))], "[a]\n"),
        ("[a]\nx = 1\n\n[b]\n", [Put(place=("a",), value=1)], "a = 1\n\n[b]\n"),
        ("[a]\nx = 1\n[b]\n", [Put(place=("a",), value={"y": 1})], "[a]\ny = 1\n[b]\n"),
        (
            "t = 1\n[[x]]\na = 1\n[[x]]\n",
            [Remove(place=("x", i)) for i in (0, 1)],
            "t = 1\nx = []\n",
        ),
        (
            "[p]\nk = 1\n\n[[p.x]]\na = 1\n",
            [Insert(place=("p", "x", 1), value="s")],
            '[p]\nk = 1\nx = [{ a = 1 }, "s"]\n',
        ),
        ("t = 1\n\n[a]\n", [Remove(place=("t",))], "[a]\n"),
        ("# c\n\n[a]\nx = 1\n", [Insert(place=("t",), value=1)], "# c\n\nt = 1\n\n[a]\nx = 1\n"),
        ("a = 1", [Insert(place=("b",), value=2)], "a = 1\nb = 2"),
        ("a = 1\nb = 2", [Remove(place=("b",))], "a = 1"),
        ("a = 1\nb = 2", [Remove(place=("a",)), Insert(place=("c",), value=3)], "b = 2\nc = 3"),
        (
            "[a]\n  x = 1\n  [a.b]\n    y = 2\n",
            [Insert(place=("a", "b", "z"), value=3)],
            "[a]\n  x = 1\n  [a.b]\n    y = 2\n    z = 3\n",
        ),
        (
            "[a]\n  x = 1\n  [a.b]\n    y = 2\n",
            [Insert(place=("a", "c"), value={"y": 3})],
            "[a]\n  x = 1\n  [a.b]\n    y = 2\n  [a.c]\n    y = 3\n",
        ),
        (
            "one = { n = 'x' }\n",
            [Insert(place=("two",), value={"n": "y"})],
            "one = { n = 'x' }\ntwo = { n = 'y' }\n",
        ),
        (
            "[one]\nn = 'x'\np.q = 1\nr = [\n  1,\n]\n",
            [Insert(place=("two",), value={"n": "y", "p": {"q": 2}, "r": [2, 3], "s": {"t": 1}})],
            "[one]\nn = 'x'\np.q = 1\nr = [\n  1,\n]\n\n[two]\n"
            "n = 'y'\np.q = 2\nr = [\n  2,\n  3,\n]\ns = { t = 1 }\n",
        ),
        (
            "name   = 'x'\nlonger = 'y'\n",
            [Insert(place=("k",), value=1), Insert(place=("longest",), value=2)],
            "name   = 'x'\nlonger = 'y'\nk      = 1\nlongest = 2\n",
        ),
        (
            "[[x]]\na=1\n[o]\nb=1\n[x.s]\nc=1\n",
            [Remove(place=("x", 0)), Insert(place=("x", 1), value={"a": 2})],
            "[o]\nb=1\n[[x]]\na=2\n",
        ),
    ],
)
def test_tables_without_a_text_of_their_own(before, edits, after):
    assert edited("toml", before.encode(), edits).decode() == after


@pytest.mark.parametrize(
    ("edit", "said", "line"),
    [
        (Put(place=("t", "b"), value=None), "TOML has no null: remove the field.", 3),
        (Put(place=("t", "b"), value=[1, None]), "TOML has no null: remove the field.", 3),
        (Insert(place=("t", "n"), value={"x": None}), "TOML has no null: remove the field.", 2),
        (Put(place=("a",), value=b"x"), "TOML has no values of the kind bytes.", 1),
        (Put(place=("a",), value=10**4001), "An integer has more than 4000 digits.", 1),
        (
            Put(place=("a",), value=time(1, tzinfo=UTC)),
            "TOML cannot say the offset of 01:00:00+00:00.",
            1,
        ),
        (Put(place=("a",), value="\ud800"), "The file's encoding utf-8 cannot say '\\ud800'.", 0),
        (Put(place=(), value=[1]), "A TOML file holds a map.", 0),
    ],
)
def test_what_toml_cannot_say(edit, said, line):
    with pytest.raises(EditFault) as fault:
        edited("toml", b"a = 1\n[t]\nb = [1]\n", [edit])
    assert (fault.value.message, fault.value.line) == (said, line)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32", "utf-8-sig"])
def test_byte_order_marks_stay(encoding):
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    data = f'{mark}"é" = 1\r\n'.encode(encoding)
    made = edited("toml", data, [Insert(place=("k",), value="ü")])
    assert made == f'{mark}"é" = 1\r\n"k" = "ü"\r\n'.encode(encoding)


def test_a_declared_encoding_is_kept():
    options = ReadOptions(encoding="latin-1")
    edit = Put(place=("k",), value="ü")
    assert edited("toml", b'k = "\xe9"', [edit], options) == b'k = "\xfc"'
    with pytest.raises(EditFault, match="The file's encoding iso8859-1 cannot say '€'"):
        edited("toml", b'k = "\xe9"', [Put(place=("k",), value="€")], options)
    data = "k = 1\n".encode("utf-16-le")
    options = ReadOptions(encoding="utf-16")
    assert edited("toml", data, [Put(place=("k",), value=2)], options) == "k = 2\n".encode(
        "utf-16-le"
    )


def test_files_without_keys():
    editor = TomlEditor()
    insert, remove = Insert(place=("k",), value=1), Remove(place=("k",))
    for text in (b"", b"# c\n", b"# c\r\n\r\n"):
        made = editor.edit(text, [insert])
        assert made.startswith(text)
        assert made.removeprefix(text).strip() == b"k = 1"
        assert editor.edit(made, [remove]) == text
    insert = Insert(place=("t",), value={"k": 1})
    for text in (b"", b"\n", b"\n# c\n", b"# c", b"# c\n\n# d\n"):
        made = editor.edit(text, [insert])
        assert made.removeprefix(text).strip() == b"[t]\nk = 1"
        assert editor.edit(made, [Remove(place=("t",))]) == text


def test_a_file_that_is_not_toml():
    with pytest.raises(FormatFault):
        TomlEditor().edit(b"a = \n", [Put(place=("a",), value=1)])


def test_a_new_file():
    value = {"t": {"x": 1, "y": {"z": [1]}}, "a": "it's", "l": [{"k": "v"}], "i": [1, {}]}
    assert written("toml", value).decode() == (
        'a = "it\'s"\ni = [1, {}]\n\n[t]\nx = 1\n\n[t.y]\nz = [1]\n\n[[l]]\nk = "v"\n'
    )
    with pytest.raises(EditFault, match="A TOML file holds a map"):
        written("toml", [1])
    with pytest.raises(EditFault, match="TOML has no null"):
        written("toml", {"a": None})


def test_a_new_file_like_another():
    like = (
        "#:schema ./s.json\r\n# of one\r\ntags=[\r\n\t'p',\r\n]\r\nname='b'\r\nat={x=2}\r\n"
        "[sub]\r\nk=1\r\n[[many]]\r\nn=1"
    )
    value = {
        "many": [{"n": 2}, {"n": 3}],
        "at": {"x": 1},
        "name": "q",
        "sub": {"k": 2},
        "tags": ["x"],
    }
    made = written("toml", value, like=like.encode("utf-8-sig"))
    assert made == (
        "#:schema ./s.json\r\ntags=[\r\n\t'x',\r\n]\r\nname='q'\r\nat={x=1}\r\n"
        "[sub]\r\nk=2\r\n[[many]]\r\nn=2\r\n[[many]]\r\nn=3"
    ).encode("utf-8-sig")


def test_readers_do_not_load_the_editor():
    loaded = "ingitdb.formats.toml, ingitdb.formats.edits.editing"
    script = f"import sys, {loaded}; print('tomlkit' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
