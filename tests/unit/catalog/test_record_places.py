"""At the place of a record lies just what was read as the record."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ingitdb.catalog.record_places import record_places
from ingitdb.catalog.records import INDEX_COLUMN, KEY_FIELDS, VALUE_COLUMN, records
from ingitdb.model.records import Document, FormatFault
from ingitdb.model.tables import Form, Location

names = st.sampled_from(["a", "b", "a.b", "$ID", "0", "~/x"])
scalars = st.none() | st.integers(0, 3) | st.sampled_from(["x", ""])
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=12,
)
pointers = st.sampled_from(["a", "b", "a.b", "a.b.a", "/a/0", "/a/b", "/~0~1x", "/0", "$"])


def document(value: Any) -> Document:
    if isinstance(value, dict):
        return Document(kind="map", value=value)
    if isinstance(value, list):
        return Document(kind="list", value=value)
    return Document(kind="empty" if value is None else "other", value=value)


def at(value: Any, place: Any) -> Any:
    for step in place:
        value = value[step]
    return value


@given(value=values, form=st.sampled_from(Form), pointer=pointers)
def test_places_are_those_of_records(value: Any, form: Form, pointer: str) -> None:
    location = Location(
        path="x", schema="main", name="x", form=form, source="tables.yaml", pointer=pointer
    )
    try:
        found = list(records(document(value), location, "x/k.yaml"))
    except FormatFault:
        return
    places = list(record_places(document(value), location))
    assert len(set(places)) == len(places)
    for record, place in zip(found, places, strict=True):
        held = at(value, place)
        whole = held if isinstance(held, dict) else {VALUE_COLUMN: held}
        if held is None and not record.fields:
            whole = {}
        fields = {name: cell for name, cell in record.fields.items() if name != INDEX_COLUMN}
        gone = {name: cell for name, cell in whole.items() if name not in fields}
        assert {**fields, **gone} == whole
        assert set(gone) <= set(KEY_FIELDS)
