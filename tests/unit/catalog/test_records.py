import pytest

from ingitdb.catalog.column_types import column_type
from ingitdb.catalog.records import key_of, records
from ingitdb.model.records import Document, FormatFault, ReadOptions, Spelled
from ingitdb.model.tables import Form, Location
from ingitdb.model.types import VARCHAR, ListOf

EMPTY = Document(kind="empty", value=None)
SINGLE = Document(kind="other", value=7)


def where(form, *, pointer=None, options=None):
    return Location(
        path="x",
        schema="main",
        name="x",
        form=form,
        source="discovery",
        pointer=pointer,
        options=options or ReadOptions(),
    )


@pytest.mark.parametrize("form", Form)
def test_an_empty_file_holds_nothing_but_perhaps_its_key(form):
    found = list(records(EMPTY, where(form, pointer="a"), "x/k.yaml"))
    assert [(r.key, dict(r.fields)) for r in found] == ([("k", {})] if form == Form.RECORD else [])


@pytest.mark.parametrize("form", Form)
def test_a_single_value_fits_no_form(form):
    with pytest.raises(FormatFault, match="not a single value"):
        list(records(SINGLE, where(form, pointer="a"), "x/k.yaml"))


def test_lines_are_those_of_the_top_level():
    items = {"a": [{"n": 1}, {"n": 2}], "b": [{"n": 3}]}
    document = Document(kind="map", value=items, lines=(2, 7))
    found = records(document, where(Form.ENTRY_ITEMS), "x")
    assert [r.line for r in found] == [2, 2, 7]
    found = records(document, where(Form.FIELD_ITEMS, pointer="b"), "x")
    assert [(r.line, r.fields["n"]) for r in found] == [(7, 3)]
    rows = Document(kind="rows", value=[{"n": 1}, {"n": 2}], lines=(2, 3))
    assert [r.line for r in records(rows, where(Form.ROWS), "x")] == [2, 3]


def test_rows_can_hold_their_key_themselves():
    rows = Document(kind="rows", value=[{"$ID": 7, "n": 1}, {"$id": "b", "n": 2}])
    found = list(records(rows, where(Form.ENTRIES), "x"))
    assert [(r.key, dict(r.fields)) for r in found] == [("7", {"n": 1}), ("b", {"n": 2})]
    with pytest.raises(FormatFault, match="has no"):
        list(records(Document(kind="rows", value=[{"n": 1}]), where(Form.ENTRIES), "x"))


def test_missing_values_are_null_as_they_are_written():
    rows = [{"a": -99, "b": Spelled(1.0, "1.00"), "c": "n/a", "d": [1], "e": None}]
    options = ReadOptions(missing_values=("-99", "1.00", "n/a"))
    (record,) = records(Document(kind="rows", value=rows), where(Form.ROWS, options=options), "x")
    assert dict(record.fields) == {"a": None, "b": None, "c": None, "d": [1], "e": None}


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("x/a.yaml", "a"),
        ("x/a.b.yaml", "a.b"),
        ("x/d/a.yaml", "d/a"),
        ("x/.a.yaml", ".a"),
        ("x/.a", ".a"),
        ("x/d.e/a", "d.e/a"),
    ],
)
def test_keys_are_paths_without_the_extension(path, key):
    assert key_of(path, where(Form.RECORD)) == key


@pytest.mark.parametrize("text", ["", "text", "[][]int", "map[x]int", "map[string]", "[]number"])
def test_there_is_no_such_type(text):
    with pytest.raises(ValueError, match=r".*"):
        column_type(text)


def test_types_with_parts():
    assert column_type("[]string") == ListOf(VARCHAR)
    assert column_type("[]any") is None
    assert column_type("map[int][]string").sql == "MAP(BIGINT, VARCHAR[])"
