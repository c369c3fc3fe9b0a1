import pytest

from ingitdb.formats.edits.delimited_edits import CsvEditor, TsvEditor
from ingitdb.formats.edits.editing import edited, written
from ingitdb.model.edits import EditFault, Insert, Put, Remove
from ingitdb.model.records import FormatFault, ReadOptions, Spelled

FEWER = ReadOptions(header=False)


def put(row, name, value):
    return Put(place=(row, name), value=value)


def insert(row, value, *name):
    return Insert(place=(row, *name), value=value)


def remove(*place):
    return Remove(place=place)


def done(text, *edits, name="csv", **options):
    return edited(name, text.encode(), edits, ReadOptions(**options)).decode()


def refused(text, *edits, name="csv", **options):
    with pytest.raises(EditFault) as caught:
        done(text, *edits, name=name, **options)
    assert caught.value.message.endswith(".")
    return caught.value


@pytest.mark.parametrize(
    ("text", "edit", "wanted"),
    [
        ("a,b\n1,2\n", put(0, "b", "x"), "a,b\n1,x\n"),
        ("a,b\n1,2", put(0, "b", "x y"), "a,b\n1,x y"),
        ('a,b\n"1",2\n', put(0, "a", "x"), 'a,b\n"x",2\n'),
        ("a,b\n1,2\n", put(0, "a", "x,y"), 'a,b\n"x,y",2\n'),
        ("a,b\n1,2\n", put(0, "a", 'x"y'), 'a,b\n"x""y",2\n'),
        ("a,b\r\n1,2\r\n", put(0, "a", "x\ny"), 'a,b\r\n"x\ny",2\r\n'),
        ("a,b\n1,2\n", put(0, "a", "x\ry"), 'a,b\n"x\ry",2\n'),
        ('a,b\n"x\r\ny\rz",2\n', put(0, "b", "3"), 'a,b\n"x\r\ny\rz",3\n'),
        ("a,b\r1,2\r3,4\r", put(1, "a", "x"), "a,b\r1,2\rx,4\r"),
        ("a,b\n1,2\n", put(0, "a", None), "a,b\n,2\n"),
        ('a,b\n"1",2\n', put(0, "a", None), 'a,b\n"",2\n'),
        ('a,b\n"",2\n', put(0, "a", None), 'a,b\n"",2\n'),
        ("a,b\n,2\n", put(0, "a", "x"), "a,b\nx,2\n"),
        ("a\n1\n2\n", put(0, "a", None), 'a\n""\n2\n'),
        ('a\n""\n2\n', put(0, "a", "1"), "a\n1\n2\n"),
        ("a,b\n1,\n", put(0, "a", None), "a,b\n,\n"),
        ("a,b\n1\n", put(0, "a", None), 'a,b\n""\n'),
        ("\n\na,b\n\n1,2\n\n\n3,4\n\n", put(1, "a", "x"), "\n\na,b\n\n1,2\n\n\nx,4\n\n"),
        ("a,b\n1,2,,\n", put(0, "b", "x"), "a,b\n1,x,,\n"),
        ("a,,a\n1,2,3\n", put(0, "a_2", "x"), "a,,a\n1,2,x\n"),
        ("a,,a\n1,2,3\n", put(0, "column1", "x"), "a,,a\n1,x,3\n"),
        ("a;b\n1;2\n", put(0, "a", "x,y"), "a;b\nx,y;2\n"),
        ("a;b\n1;2\n", put(0, "a", "x;y"), 'a;b\n"x;y";2\n'),
        ("'a','b'\n'1','2'\n", put(0, "a", "it's"), "'a','b'\n'it''s','2'\n"),
        ("a,b\n1,2\n", put(0, "a", " x "), "a,b\n x ,2\n"),
        ("a,b\n1,2\n", put(0, "a", "x\u2028\x0b\x85"), "a,b\nx\u2028\x0b\x85,2\n"),
        ('a,b\n5" x,2\n', put(0, "b", "3"), 'a,b\n5" x,3\n'),
        ("# a,b\n#1,2\n", put(0, "# a", "#x"), "# a,b\n#x,2\n"),
    ],
)
def test_a_cell_is_put(text, edit, wanted):
    assert done(text, edit) == wanted


def test_several_cells_and_rows_at_once():
    text = "a,b\n1,2\n3,4\n5,6\n"
    edits = [
        put(2, "b", "x"),
        remove(1),
        insert(3, {"a": "8", "b": "9"}),
        insert(1, {"a": "i", "b": "j"}),
        put(0, "a", "y"),
        insert(1, {"a": "k", "b": None}),
        put(0, "b", "z"),
    ]
    assert done(text, *edits) == "a,b\ny,z\ni,j\nk,\n5,x\n8,9\n"


@pytest.mark.parametrize(
    ("text", "value", "wanted"),
    [
        ('a,b\n"x,y",p\nq,r\n', "z", "a,b\nz,p\nq,r\n"),
        ('a,b\n"x,y",p\n"q",r\n', "z", 'a,b\n"z",p\n"q",r\n'),
        ('"a","b"\n"x,y","p"\n', "z", '"a","b"\n"z","p"\n'),
        ('"a","b"\n"x",1\n"y",2\n', "z", '"a","b"\n"z",1\n"y",2\n'),
    ],
)
def test_quotes_that_a_text_needed_tell_no_custom(text, value, wanted):
    assert done(text, put(0, "a", value)) == wanted
    assert done(wanted, put(0, "a", done_value(text))) == text


def done_value(text):
    return "x,y" if "x,y" in text else "x"


def test_where_only_texts_are_quoted_a_number_that_becomes_one_is():
    text = '"a","b"\n"x",1\n"y",2\n'
    changed = done(text, put(0, "b", "none"))
    assert changed == '"a","b"\n"x","none"\n"y",2\n'
    assert done(changed, put(0, "b", "1")) == text
    assert done(text, insert(1, {"a": "7", "b": "x"})) == '"a","b"\n"x",1\n"7","x"\n"y",2\n'
    assert done(text, insert(2, {"a": "z", "b": "3"})) == text + '"z",3\n'


@pytest.mark.parametrize(
    ("text", "at", "value", "wanted"),
    [
        ("a,b\n", 0, {"a": "1", "b": "2"}, "a,b\n1,2\n"),
        ("a,b", 0, {"a": "1", "b": "2"}, "a,b\n1,2"),
        ("a,b\r\n1,2", 1, {"a": "3", "b": "4"}, "a,b\r\n1,2\r\n3,4"),
        ("a,b\r\n1,2", 0, {"b": "4", "a": "3"}, "a,b\r\n3,4\r\n1,2"),
        ("a,b\r1,2\r", 1, {"a": "3", "b": "4"}, "a,b\r1,2\r3,4\r"),
        ("a,b\n1,2\n\n\n", 1, {"a": "3", "b": None}, "a,b\n1,2\n3,\n\n\n"),
        ("a,b\n1,2\n\n5,6\n", 1, {"a": "3", "b": "4"}, "a,b\n1,2\n\n3,4\n5,6\n"),
        ('"a","b"\n"1",""\n', 1, {"a": "3", "b": None}, '"a","b"\n"1",""\n"3",""\n'),
        ('"a","b"\n"1","2"\n', 1, {"a": "3", "b": None}, '"a","b"\n"1","2"\n"3",""\n'),
        ('a,b\n"x",1\n"y",\n', 2, {"a": "z", "b": None}, 'a,b\n"x",1\n"y",\n"z",\n'),
        ('"a";"b"\n', 0, {"a": "x", "b": "2"}, '"a";"b"\n"x";"2"\n'),
        ("a\n1\n", 1, {"a": None}, 'a\n1\n""\n'),
        ('a,b\n"x,y",1\n', 1, {"a": "z", "b": "2"}, 'a,b\n"x,y",1\nz,2\n'),
    ],
)
def test_a_row_is_inserted_and_removed_again(text, at, value, wanted):
    assert done(text, insert(at, value)) == wanted
    assert done(wanted, remove(at)) == text


def test_columns_that_are_left_out_are_empty():
    made = CsvEditor().edit(b"a,b,c\n1,2,3\n", [insert(1, {"b": "x"})])
    assert made == b"a,b,c\n1,2,3\n,x,\n"


@pytest.mark.parametrize(
    ("text", "rows", "wanted"),
    [
        ("a,b\n1,2\n3,4\n", [0], "a,b\n3,4\n"),
        ("a,b\n1,2\n3,4", [1], "a,b\n1,2"),
        ("a,b\n1,2\n3,4\r\n", [1, 0], "a,b\n"),
        ("a,b\r\n1,2\r\n3,4", [1, 0], "a,b"),
        ('a,b\n1,"x\n\ny"\n3,4\n', [0], "a,b\n3,4\n"),
        ("a,b\n\n1,2\n\n3,4\n\n", [1], "a,b\n\n1,2\n\n\n"),
    ],
)
def test_rows_are_removed(text, rows, wanted):
    assert done(text, *map(remove, rows)) == wanted


def test_rows_are_replaced():
    text = 'a,b,c\n"1",2,3\n4\n'
    row = {"a": "1", "b": "x", "c": None}
    assert done(text, Put(place=(0,), value=row)) == 'a,b,c\n"1",x,\n4\n'
    assert done(text, Put(place=(1,), value={"a": "5"})) == 'a,b,c\n"1",2,3\n5\n'
    assert done(text, Put(place=(1,), value=row)) == 'a,b,c\n"1",2,3\n1,x,\n'


def test_short_rows():
    text = "a,b,c\n1\n1,2,3\n"
    longer = done(text, insert(0, "x", "b"))
    assert longer == "a,b,c\n1,x\n1,2,3\n"
    assert done(longer, remove(0, "b")) == text
    assert done(text, insert(0, None, "c"), insert(0, "x", "b")) == "a,b,c\n1,x,\n1,2,3\n"
    assert refused(text, insert(0, "x", "c")).line == 2
    assert "can only lack its last cells" in refused(text, remove(0, "a")).message
    found = refused("a,b\n1,2\n", remove(0, "b"))
    assert found.message == "A row of all columns cannot lack 'b'; make the cell NULL."
    assert found.line == 2


@pytest.mark.parametrize(
    ("text", "edit", "said"),
    [
        ("a,b\n1,2\n", put(0, "a", ""), "empty text cannot be told"),
        ("a,b\n1,2\n", put(0, "a", 1), "which a int is not"),
        ("a,b\n1,2\n", put(0, "a", Spelled(1.1, "1.10")), "which a Spelled is not"),
        ("a,b\n1,2\n", put(0, "a", "x\0"), "NUL"),
        ("a,b\n1,2\n", put(0, "a", "\ud800"), "utf-8 cannot say '\\ud800'"),
        ("a,b\n1,2\n", put(0, "c", "x"), "There is no 'c'"),
        ("a,b\n1,2\n", insert(0, "x", "c"), "names no column 'c'"),
        ("a,b\n1,2\n", insert(1, {"a": "x", "c": "y"}), "names no column 'c'"),
        ("a,b\n1,2\n", insert(1, ["x"]), "A row is a map"),
        ("a,b\n1,2\n", Put(place=(), value=[]), "as a whole"),
        ("a,b\n1,2\n", put(1, "a", "x"), "no position 1"),
        ("\n", insert(0, {"a": "x"}), "it has no columns"),
        ("\t\n1\t2\n", remove(0), "nothing but blanks"),
        ("'a','b'\n'1','2'\n", put(0, "a", 'x"y'), "declare them"),
    ],
)
def test_what_cannot_be_said(text, edit, said):
    assert said in refused(text, edit).message


def test_the_editor_itself_refuses_places_that_are_not_there():
    editor = CsvEditor()
    for edits in (
        [put(0, "c", "x")],
        [put(5, "a", "x")],
        [put("0", "a", "x")],
        [insert(0, "x", "a")],
        [Put(place=(0, "a", 0), value="x")],
        [remove(0), put(0, "a", "x")],
    ):
        with pytest.raises(EditFault):
            editor.edit(b"a,b\n1,2\n", edits)
    with pytest.raises(EditFault, match="empty"):
        editor.edit(b"\n", [insert(0, {"a": "x"})])
    for data in (b'a,b\n"1,2\n', b"a,b\n1,2,3\n", b"a,b\n\xff,2\n"):
        with pytest.raises(FormatFault):
            editor.edit(data, [put(0, "a", "x")])
    assert editor.edit(b"\xff", []) == b"\xff"


def test_a_dialect_is_found_again():
    assert done("a,b;c\n1,2\n", put(0, "a", "x;y")) == "a,b;c\nx;y,2\n"
    text = "1,2\n3,4\n"
    assert done(text, put(0, "column0", "x;y;z"), header=False) == '"x;y;z",2\n3,4\n'
    assert done(text, put(1, "column0", "x;y;z"), header=False) == "1,2\nx;y;z,4\n"
    text = "'a','b'\n'1','\"'\n"
    assert done(text, put(0, "'b'", "2")) == "'a','b'\n'1',\"2\"\n"


def test_a_given_dialect():
    assert done("a;b,c\n1;2,3\n", put(0, "a;b", "x,y"), delimiter=",") == 'a;b,c\n"x,y",3\n'
    assert done("a,b\n^1,2^,3\n", put(0, "a", "x^"), quote="^") == "a,b\n^x^^^,3\n"
    assert done("a,b\n1,2\n", put(0, "a", 'x"'), quote="'") == 'a,b\nx",2\n'


def test_files_without_a_header():
    text = "1,2\n3,4\n"
    assert done(text, put(1, "column1", "x"), header=False) == "1,2\n3,x\n"
    row = {"column0": "x", "column1": None}
    assert done(text, insert(1, row), header=False) == "1,2\nx,\n3,4\n"
    assert done(text, insert(2, row), header=False, names=("a", "b")) == "1,2\n3,4\nx,\n"
    longer = done("1,2\n3\n", insert(1, "x", "column1"), header=False)
    assert longer == "1,2\n3,x\n"
    assert done(longer, remove(1, "column1"), header=False) == "1,2\n3\n"
    assert "The rows have no column" in refused(text, insert(0, {"a": "x"}), header=False).message
    found = refused(text, remove(0), remove(1), header=False)
    assert "nothing but blanks" in found.message


def test_tabs():
    text = "a\tb\n1\t2\n"
    assert done(text, put(0, "a", "x,y"), name="tsv") == "a\tb\nx,y\t2\n"
    assert done(text, put(0, "a", "x\ty"), name="tsv") == 'a\tb\n"x\ty"\t2\n'
    assert done(text, put(0, "a", '5" x'), name="tsv") == 'a\tb\n5" x\t2\n'
    assert done(text, put(0, "a", '"x" y'), name="tsv") == 'a\tb\n"""x"" y"\t2\n'
    assert done('a\tb\n"1"\t2\n', put(0, "b", '5" x'), name="tsv") == 'a\tb\n"1"\t"5"" x"\n'


def test_tabs_without_quotes():
    text = 'a\tb\n"x" y\tz\n"\t"\n'
    assert done(text, put(1, "a", '"w'), name="tsv") == 'a\tb\n"x" y\tz\n"w\t"\n'
    assert "quotes no cells" in refused(text, put(0, "b", "x\ty"), name="tsv").message
    assert "quotes no cells" in refused(text, put(0, "b", "x\ny"), name="tsv").message
    assert "declare them" in refused(text, put(0, "a", "x"), name="tsv").message
    assert done('a\tb\n"x" y\tz"\n', put(0, "a", "x"), name="tsv") == 'a\tb\nx\tz"\n'
    assert "blank line" in refused('a\n"x\n', put(0, "a", None), name="tsv").message


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_byte_order_marks(encoding):
    data = "é,b\r\nü,2\r\n".encode(encoding)
    made = edited("csv", data, [put(0, "é", "ñ")])
    assert made == "é,b\r\nñ,2\r\n".encode(encoding)
    assert edited("csv", made, [put(0, "é", "ü")]) == data


def test_encodings():
    big = b"\xfe\xff" + "é,b\nü,2\n".encode("utf-16-be")
    wanted = b"\xfe\xff" + "é,b\nñ,2\n".encode("utf-16-be")
    assert edited("csv", big, [put(0, "é", "ñ")]) == wanted
    latin = ReadOptions(encoding="latin-1")
    assert edited("csv", b"\xe9,b\n1,2\n", [put(0, "b", "\xf1")], latin) == b"\xe9,b\n1,\xf1\n"
    with pytest.raises(EditFault, match="iso8859-1 cannot say '€'"):
        edited("csv", b"\xe9,b\n1,2\n", [put(0, "b", "€")], latin)
    bare = "é,b\n1,2\n".encode("utf-16")[2:]
    unmarked = ReadOptions(encoding="utf-16")
    assert edited("csv", bare, [put(0, "b", "3")], unmarked) == "é,b\n1,3\n".encode("utf-16")[2:]
    kana = "あ,い\n1,2\n".encode("iso2022_jp")
    japanese = ReadOptions(encoding="iso2022_jp")
    assert edited("csv", kana, [put(0, "い", "う")], japanese) == "あ,い\n1,う\n".encode(
        "iso2022_jp"
    )
    odd = kana.replace(b"\x1b(B,", b"\x1b(B\x1b(B,", 1)
    with pytest.raises(EditFault, match="bytes are not those"):
        edited("csv", odd, [put(0, "い", "う")], japanese)


ROWS = [{"b": "1", "a": "x,y"}, {"b": None, "a": "z"}]


def test_a_new_file():
    assert written("csv", ROWS) == b'b,a\n1,"x,y"\n,z\n'
    assert written("tsv", ROWS) == b"b\ta\n1\tx,y\n\tz\n"
    assert written("csv", [{"a": None}]) == b'a\n""\n'
    assert written("csv", [{"a;b;c": "x"}]) == b'"a;b;c"\n"x"\n'
    assert written("csv", [{"a|b": "1", "c": "2"}]) == b"a|b,c\n1,2\n"
    assert written("csv", ROWS, ReadOptions(delimiter=";", quote="'")) == b"b;a\n1;x,y\n;z\n"
    assert written("csv", ROWS, ReadOptions(encoding="utf-16")).decode("utf-16")[:4] == "b,a\n"
    assert CsvEditor().write([{"a": "1"}, {"b": "2"}]) == b"a,b\n1,\n,2\n"


@pytest.mark.parametrize(
    ("like", "wanted"),
    [
        ("a,b\n1,2\n", 'a,b\n"x,y",1\nz,\n'),
        ("a;b\r\n1;2", "a;b\r\nx,y;1\r\nz;"),
        ("a,c,b", 'a,b\n"x,y",1\nz,'),
        ('"a","b"\n"1","2"\n', '"a","b"\n"x,y","1"\n"z",""\n'),
        ('"c","a","b"\n"t","u",1\n', '"a","b"\n"x,y",1\n"z",\n'),
        ("'a'|'b'\n'1'|'2'\n", "'a'|'b'\n'x,y'|'1'\n'z'|''\n"),
        ("\n", 'b,a\n1,"x,y"\n,z\n'),
    ],
)
def test_a_new_file_like_another(like, wanted):
    assert written("csv", ROWS, like=like.encode()).decode() == wanted


def test_a_new_file_takes_marks_and_columns():
    assert written("csv", ROWS, like="a,b\n".encode("utf-16")) == 'a,b\n"x,y",1\nz,\n'.encode(
        "utf-16"
    )
    assert written("csv", [], like=b"a,b\r\n1,2\r\n") == b"a,b\r\n"
    assert written("tsv", [{"n": "1"}], like=b"a\tb\n") == b"n\n1\n"
    assert written("tsv", ROWS, like=b'd\t"e\n') == b"b\ta\n1\tx,y\n\tz\n"


def test_a_new_file_without_a_header():
    rows = [{"column0": "x", "column1": None}]
    assert written("csv", rows, FEWER) == b"x,\n"
    assert written("csv", rows, FEWER, like=b'"1";"2"') == b'"x";""'
    with pytest.raises(EditFault, match="column0"):
        written("csv", [{"a": "x"}], FEWER)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"a": "x"}, "list of maps"),
        (["x"], "list of maps"),
        ([], "without columns"),
        ([{}], "without columns"),
        ([{"": "x"}], "must have a name"),
        ([{"a": ""}], "empty text"),
        ([{"a": 1}], "int is not"),
    ],
)
def test_new_files_that_cannot_be(value, said):
    with pytest.raises(EditFault) as caught:
        TsvEditor().write(value)
    assert said in caught.value.message
