from datetime import date, time

import pytest

from ingitdb.formats.toml import Toml
from ingitdb.model.records import FormatFault, Spelled

FORMAT = Toml()
TEXT = '''# lead
a = "x" # b = 1
"q k" = 1.10
many = """
b = 1
[b]
"""
list = [
 "b = 1",
 [1, 2],
]
b.c = 2024-01-31
'd' = 07:32:00
[tab]
z = 1e400
list = 1
[tab.sub]
[[items]]
k = inf
[[items]]
'''


def test_values_and_lines():
    document = FORMAT.read(TEXT.encode())
    assert document.kind == "map"
    assert document.value == {
        "a": "x",
        "q k": Spelled(1.1, "1.10"),
        "many": "b = 1\n[b]\n",
        "list": ["b = 1", [1, 2]],
        "b": {"c": date(2024, 1, 31)},
        "d": time(7, 32),
        "tab": {"z": "1e400", "list": 1, "sub": {}},
        "items": [{"k": float("inf")}, {}],
    }
    assert list(document.lines) == [2, 3, 4, 8, 12, 13, 14, 18]


def test_lines_that_are_not_known_are_0():
    assert FORMAT.read(b'"a\\u0062" = 1\nc = 2\n').lines == [0, 2]


def test_empty():
    assert FORMAT.read(b"# nothing\n").kind == "empty"
    assert FORMAT.split(b"a = 1\n") is None


def test_encodings():
    assert FORMAT.read('é = 1\r\nb = "x"\r\n'.replace("é", '"é"').encode("utf-8-sig")).value == {
        "é": 1,
        "b": "x",
    }


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        ("a = 1\nb = \n", 2, 5, "invalid value"),
        ("a = 1\na = 2\n", 2, 6, "overwrite"),
        ("a = 010\n", 1, 6, "newline"),
        ("a = [", 0, 0, "invalid value"),
        ("d = 2024-02-30", 1, 5, "invalid date"),
        ("a = " + "9" * 5_000, 0, 0, "more digits"),
        ("a = " + "[" * 5_000, 0, 0, "levels deep"),
        ("a." * 300 + "a = 1", 0, 0, "levels deep"),
        ("a." * 100_000 + "a = 1", 0, 0, "levels deep"),
        ("[" + "a." * 150 + "a]\n" + "b." * 150 + "b = 1", 0, 0, "levels deep"),
    ],
)
def test_faults(text, line, column, said):
    with pytest.raises(FormatFault) as caught:
        FORMAT.read(text.encode())
    assert said in caught.value.message
    assert (caught.value.line, caught.value.column) == (line, column)
