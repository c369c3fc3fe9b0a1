import hashlib
from datetime import date
from decimal import Decimal

import pytest

from ingitdb.formats.edits.editing import edited, leaf_edits, written
from ingitdb.formats.edits.ingr_edits import IngrEditor
from ingitdb.formats.ingr import Ingr
from ingitdb.model.edits import EditFault, Insert, Put, Remove
from ingitdb.model.records import FormatFault, ReadOptions, Spelled

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
# end
"""
PLAIN = '# INGR.io | v: $ID, n\n"a"\n1\n"b"\n2\n# 2 records\n'
BETWEEN = '# INGR.io | v: $ID, n\n"a"\n1\n#-\n"b"\n2\n# 2 records\n'
AFTER = '# INGR.io | v: $ID, n\n"a"\n1\n#-\n"b"\n2\n#-\n# 2 records\n'


def put(row, name, value, *steps):
    return Put(place=(row, name, *steps), value=value)


def insert(row, **value):
    return Insert(place=(row,), value={"$ID": value.pop("key"), **value})


def remove(*place):
    return Remove(place=place)


def done(text, *edits):
    return edited("ingr", text.encode(), edits).decode()


def refused(text, *edits):
    with pytest.raises(EditFault) as caught:
        done(text, *edits)
    assert caught.value.message.endswith(".")
    return caught.value


@pytest.mark.parametrize(
    ("edit", "old", "new"),
    [
        (put(0, "$ID", "ié"), '"ie"', '"ié"'),
        (put(0, "name", None), '"Ireland # \\"x\\"" # inline', "null # inline"),
        (put(0, "size", Spelled(2.0, "2.00")), "1.10", "2.00"),
        (put(0, "size", Decimal("2.50")), "1.10", "2.50"),
        (put(0, "size", 7), "1.10", "7"),
        (put(0, "size", True), "1.10", "true"),
        (put(0, "size", [1, {"a": None}]), "1.10", '[1,{"a":null}]'),
        (put(0, "size", "x\ny\u2028"), "1.10", '"x\\ny\\u2028"'),
        (put(1, "name", "France"), '#"France"', '"France" #"France"'),
        (put(1, "size", 5), "\n#\n", "\n5 #\n"),
    ],
)
def test_a_value_is_put(edit, old, new):
    assert done(TEXT, edit) == TEXT.replace(old, new)


def test_what_is_there_already_changes_nothing():
    rows = Ingr().read(TEXT.encode()).value
    edits = [put(at, name, value) for at, row in enumerate(rows) for name, value in row.items()]
    assert done(TEXT, *edits) == TEXT
    assert done(TEXT, *(Put(place=(at,), value=row) for at, row in enumerate(rows))) == TEXT


def test_inside_a_value_only_what_differs_changes():
    text = '# INGR.io | v: $ID, n\n"a"\n{ "x": 1.10,"y": [1,  2] } # z\n# 1 record\n'
    found = Ingr().read(text.encode()).value
    (edit,) = leaf_edits(found, [{"$ID": "a", "n": {"x": Spelled(1.1, "1.10"), "y": [1, 3]}}])
    assert done(text, edit) == text.replace("2]", "3]")
    assert done(text, remove(0, "n", "x")) == text.replace('"x": 1.10,', "")
    longer = done(text, Insert(place=(0, "n", "z"), value={"k": [1]}))
    assert longer.count("\n") == text.count("\n")
    assert done(longer, remove(0, "n", "z")) == text
    assert refused(text, put(0, "n", 5, "x", "deep")).message


def test_the_style_of_other_values():
    text = '# INGR.io | v: $ID, n\n"a"\n{"x": "\\u003c\\u00f8", "y": 1}\n# 1 record\n'
    assert '{"x": "\\u003e\\u00e5", "z": [1, 2]}' in done(
        text, put(0, "n", {"x": ">å", "z": [1, 2]})
    )
    raw = '# INGR.io | v: $ID\n"\u2028"\n# 1 record\n'
    assert done(raw, put(0, "$ID", "x\u2028")) == raw.replace("\u2028", "x\u2028")


@pytest.mark.parametrize("text", [PLAIN, BETWEEN, AFTER, PLAIN.replace("\n", "\r\n"), PLAIN[:-1]])
@pytest.mark.parametrize("row", [0, 1, 2])
def test_a_row_is_inserted_and_removed_again(text, row):
    made = done(text, insert(row, key="c", n=3))
    assert "# 3 records" in made
    assert made.count("#-") == text.count("#-") + bool("#-" in text)
    assert made.count("\r") == text.count("\r") + 2 * bool("\r" in text)
    assert done(made, remove(row)) == text


@pytest.mark.parametrize(
    ("text", "rows", "wanted"),
    [
        (PLAIN, [0], '"b"\n2\n'),
        (PLAIN, [0, 1], ""),
        (BETWEEN, [1], '"a"\n1\n'),
        (BETWEEN, [0], '"b"\n2\n'),
        (BETWEEN, [0, 1], ""),
        (AFTER, [1], '"a"\n1\n#-\n'),
        (AFTER, [1, 0], ""),
    ],
)
def test_rows_are_removed(text, rows, wanted):
    word = {0: "0 records", 1: "1 record"}[2 - len(rows)]
    assert done(text, *map(remove, rows)) == f"# INGR.io | v: $ID, n\n{wanted}# {word}\n"


def test_several_edits_at_once():
    edits = [
        remove(1),
        insert(2, key="e", n=None),
        insert(1, key="b", n=5),
        put(0, "n", 9),
        insert(0, key="d", n=4),
    ]
    assert done(BETWEEN, *edits) == (
        '# INGR.io | v: $ID, n\n"d"\n4\n#-\n"a"\n9\n#-\n"b"\n5\n#-\n"e"\nnull\n# 4 records\n'
    )


def test_hidden_records_stay_and_count_as_before():
    gone = TEXT[TEXT.index('"ie"') : TEXT.index('"fr"')]
    assert done(TEXT, remove(0)) == TEXT.replace(gone, "").replace("2 records", "1 record")
    text = TEXT.replace("2 records", "3 records")
    made = done(text, insert(2, key="it", name="Italy", size=3))
    assert made == text.replace("#3\n# 3 rec", '#3\n#-----\n"it"\n"Italy"\n3\n# 4 rec')
    assert done(made, remove(2)) == text
    first = done(text, insert(1, key="it", name="Italy", size=None))
    assert first == text.replace('#-\n"fr"', '#-\n"it"\n"Italy"\nnull\n#-\n"fr"').replace(
        "3 records", "4 records"
    )


def test_comments_between_records_stay():
    text = BETWEEN.replace("#-\n", "\n#- second part\n\n")
    assert done(text, remove(0)) == text.replace('"a"\n1\n', "").replace("2 records", "1 record")
    assert done(done(text, insert(1, key="c", n=3)), remove(1)) == text


def test_rows_come_into_a_file_without_any():
    text = "# INGR.io | v: $ID, n\n# 0 records\n"
    made = done(text, insert(0, key="a", n=[1, 2]), insert(0, key="b", n="x"))
    assert made == '# INGR.io | v: $ID, n\n"a"\n[1,2]\n"b"\n"x"\n# 2 records\n'
    assert done(made, remove(0), remove(1)) == text


def test_rows_are_replaced():
    assert done(AFTER, Put(place=(1,), value={"$ID": "c", "n": 2})) == AFTER.replace('"b"', '"c"')


def test_a_right_hash_is_kept_right():
    def hashed(text):
        return f"{text}# sha256:{hashlib.sha256(text.encode()).hexdigest()}"

    assert done(hashed(AFTER), put(0, "n", 5)) == hashed(AFTER.replace("\n1\n", "\n5\n"))
    text = AFTER.replace("2 records", "1 record").replace('"b"\n2\n#-\n', "")
    assert done(hashed(AFTER), remove(1)) == hashed(text)
    assert written("ingr", [{"$ID": "a", "n": 1}], like=hashed(AFTER).encode()).decode() == hashed(
        text
    )
    wrong = AFTER + "# sha256:" + "0" * 64 + "\n"
    assert done(wrong, put(0, "n", 5)) == wrong.replace("\n1\n", "\n5\n")


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (put(0, "$ID", None), "must have a $ID"),
        (put(0, "$ID", "b"), "'b' would stand twice"),
        (insert(2, key="a", n=1), "'a' would stand twice"),
        (insert(2, key=None, n=1), "must have a $ID"),
        (insert(2, key="c", m=1), "names no column 'm'"),
        (Insert(place=(2,), value="x"), "A row is a map"),
        (Insert(place=(0, "m"), value=1), "names no column 'm'"),
        (remove(0, "n"), "'n' cannot be left out"),
        (put(0, "n", float("nan")), "nan"),
        (put(0, "n", date(2024, 1, 1)), "date"),
        (put(0, "n", Spelled(5, "+5")), "'+5'"),
        (put(0, "n", "\ud800"), "surrogate"),
        (Put(place=(), value=[]), "as a whole"),
    ],
)
def test_what_cannot_be_said(edit, said):
    assert said in refused(PLAIN, edit).message


def test_keys_may_change_places():
    made = done(PLAIN, put(0, "$ID", "b"), put(1, "$ID", "a"))
    assert made == '# INGR.io | v: $ID, n\n"b"\n1\n"a"\n2\n# 2 records\n'
    assert '"a"\n7' in done(PLAIN, remove(0), insert(2, key="a", n=7))


def test_the_editor_itself_refuses_what_is_not_there():
    editor = IngrEditor()
    for edit in (put(2, "n", 1), put("0", "n", 1), Insert(place=(0, "n"), value=1)):
        with pytest.raises(EditFault):
            editor.edit(PLAIN.encode(), [edit])
    with pytest.raises(EditFault, match="commented out"):
        editor.edit(TEXT.encode(), [put(1, "name", 1, "x")])
    with pytest.raises(EditFault, match="empty"):
        editor.edit(b"\n", [insert(0, key="a")])
    with pytest.raises(FormatFault):
        editor.edit(b"x\n", [insert(0, key="a")])
    assert editor.edit(b"x", []) == b"x"
    assert editor.edit(PLAIN.encode(), [insert(2, key="c")]).endswith(b'"c"\nnull\n# 3 records\n')


def test_encodings():
    for codec in ("utf-8-sig", "utf-16"):
        data = PLAIN.encode(codec)
        wanted = PLAIN.replace('"a"', '"ø"').encode(codec)
        assert edited("ingr", data, [put(0, "$ID", "ø")]) == wanted
    latin = ReadOptions(encoding="latin-1")
    made = edited("ingr", PLAIN.encode(), [put(0, "$ID", "ø€")], latin)
    assert made == PLAIN.replace('"a"', '"\\u00f8\\u20ac"').encode()


ROWS = [{"n": [1, {"x": 2}], "$ID": "ø"}, {"n": None, "$ID": "b"}]


def test_a_new_file():
    assert written("ingr", ROWS).decode() == (
        '# INGR.io | records: $ID, n\n"ø"\n[1,{"x":2}]\n"b"\nnull\n# 2 records\n'
    )
    assert written("ingr", [{"a": 1}]) == b"# INGR.io | records: a\n1\n# 1 record\n"
    assert IngrEditor().write([{"a": 1}, {"b": 2}]).endswith(b"1\nnull\nnull\n2\n# 2 records\n")
    made = written("ingr", ROWS, ReadOptions(encoding="utf-16"))
    assert made.decode("utf-16").startswith("# INGR.io")


@pytest.mark.parametrize(
    ("like", "wanted"),
    [
        (PLAIN, '# INGR.io | v: $ID, n\n"ø"\n[1,{"x":2}]\n"b"\nnull\n# 2 records\n'),
        (BETWEEN, '# INGR.io | v: $ID, n\n"ø"\n[1,{"x":2}]\n#-\n"b"\nnull\n# 2 records\n'),
        (AFTER, '# INGR.io | v: $ID, n\n"ø"\n[1,{"x":2}]\n#-\n"b"\nnull\n#-\n# 2 records\n'),
        (
            '#INGR|v:$ID:string,m,n:any\r\n"a"\r\n1\r\n{"a": [1, 2]}\r\n# 1 record',
            '#INGR|v:$ID:string,n:any\r\n"ø"\r\n[1, {"x": 2}]\r\n"b"\r\nnull\r\n# 2 records',
        ),
        ("\n", '# INGR.io | records: $ID, n\n"ø"\n[1,{"x":2}]\n"b"\nnull\n# 2 records\n'),
    ],
)
def test_a_new_file_like_another(like, wanted):
    assert written("ingr", ROWS, like=like.encode()).decode() == wanted


def test_a_new_file_without_rows():
    assert written("ingr", [], like=AFTER.encode()) == b"# INGR.io | v: $ID, n\n# 0 records\n"
    assert written("ingr", []) == b"# INGR.io | records: $ID\n# 0 records\n"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"a": 1}, "list of maps"),
        ([[]], "list of maps"),
        ([{}], "without columns"),
        ([{"a,b": 1}], "cannot name a column 'a,b'"),
        ([{"a:b": 1}], "cannot name"),
        ([{" a": 1}], "cannot name"),
        ([{"": 1}], "cannot name"),
        ([{"$ID": None}], "must have a $ID"),
        ([{"$ID": "a"}, {"$ID": "a"}], "twice"),
        ([{"a": b"x"}], "bytes"),
    ],
)
def test_new_files_that_cannot_be(value, said):
    with pytest.raises(EditFault) as caught:
        IngrEditor().write(value)
    assert said in caught.value.message
