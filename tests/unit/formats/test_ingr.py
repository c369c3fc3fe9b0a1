import pytest

from ingitdb.formats.ingr import Ingr
from ingitdb.model.records import FormatFault, Spelled

FORMAT = Ingr()
TEXT = """# INGR.io | geo/$default_view: $ID:string, name, size:float
"ie"
"Ireland # \\"x\\"" # inline
1.10
#-
"fr"
#"France"
#
#-----
#"xx"
#null
#3
# 2 records
# sha256:00
"""


def test_records():
    document = FORMAT.read(TEXT.encode())
    assert (document.kind, document.columns) == ("rows", ("$ID", "name", "size"))
    assert document.value == [
        {"$ID": "ie", "name": 'Ireland # "x"', "size": Spelled(1.1, "1.10")},
        {"$ID": "fr", "name": None, "size": None},
    ]
    assert list(document.lines) == [2, 6]
    assert FORMAT.read(TEXT.replace("2 records", "3 records").encode()).value == document.value
    assert FORMAT.read(TEXT.replace("\n", "\r\n").encode()).value == document.value


@pytest.mark.parametrize(
    "header",
    [
        "# INGR.io | a: $ID, n",
        "#INGR.io|a:$ID,n:int",
        "# INGR | $ID, n",
        "# ingr.io | $ID:string, n",
    ],
)
def test_variants_of_the_header(header):
    text = f'{header}\n"x"\n1\n# 1 record'
    assert FORMAT.read(text.encode()).value == [{"$ID": "x", "n": 1}]


def test_empty():
    assert FORMAT.read(b"\n").kind == "empty"
    document = FORMAT.read(b"# INGR.io | a: b\n# 0 records\n")
    assert (document.kind, document.value, document.columns) == ("rows", [], ("b",))


def test_a_table_without_key_needs_none():
    assert len(FORMAT.read(b"# INGR.io | a: b\n1\n1\n# 2 records\n").value) == 2


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("x\n", 1, "The first line"),
        ("# INGR.io | a: \n# 0 records\n", 1, "no columns"),
        ('# INGR.io | a: $ID\n"x"\n', 3, "closing line"),
        ('# INGR.io | a: $ID\n# 1 record\n"x"\n', 4, "closing line"),
        ('# INGR.io | a: $ID\n"x"\n# 2 records\n', 3, "counts 2 records, but there are 1"),
        ('# INGR.io | a: $ID, b\n"x"\n1\n"y"\n# 2 records\n', 4, "has 1 values"),
        ('# INGR.io | a: $ID\n"x"\n"x"\n# 2 records\n', 3, "stands twice"),
        ("# INGR.io | a: $ID\nnull\n# 1 record\n", 2, "no $ID"),
        ('# INGR.io | a: $ID\n"x"\nbad\n# 2 records\n', 3, "not JSON"),
        ('# INGR.io | a: $ID\n"x" y # z\n# 2 records\n', 2, "not JSON"),
    ],
)
def test_faults(text, line, said):
    with pytest.raises(FormatFault) as caught:
        FORMAT.read(text.encode())
    assert said in caught.value.message
    assert caught.value.line == line
