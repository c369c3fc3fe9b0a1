import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingitdb.catalog.content import Content
from ingitdb.catalog.naming import name_tables
from ingitdb.model.tables import Form
from tests.unit.catalog.trees import content, layout, locations, rows, tables

MAP = "a: 1\n"
LIST = "[{a: 1}]\n"
ENTRIES = "x: {a: 1}\ny: {a: 2}\n"
ENTRY_ITEMS = "x: [{a: 1}, {a: 2}]\ny: []\n"
FIELDS = "updated: now\nincidents: [{a: 1}]\nparts: []\n"


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("people/ann.yaml", MAP, {"main.people": Form.RECORD}),
        ("people/ann.yaml", ENTRIES, {"main.people": Form.RECORD}),
        ("people/eu/ann.YAML", MAP, {"main.people": Form.RECORD}),
        ("data/people/ann.json", '{"a": 1}', {"data.people": Form.RECORD}),
        ("data/db/people/ann.yml", MAP, {"data/db.people": Form.RECORD}),
        ("people/data/ann.yml", MAP, {"main.people": Form.RECORD}),
        ("people/ann.md", "---\na: 1\n---\nHi", {"main.people": Form.RECORD}),
        ("docs/ann.md", "---\na: [{b: 1}]\n---\nHi", {"main.docs": Form.RECORD}),
        ("people/all.yaml", LIST, {"main.people": Form.ROWS}),
        ("people/all.csv", "a\n1\n", {"main.people": Form.ROWS}),
        ("people.yaml", LIST, {"main.people": Form.ROWS}),
        ("data/people.csv", "a\n1\n", {"data.people": Form.ROWS}),
        ("Data/people.csv", "a\n1\n", {"Data.people": Form.ROWS}),
        ("people.yaml", ENTRIES, {"main.people": Form.ENTRIES}),
        ("people.yaml", "{}", {"main.people": Form.ENTRIES}),
        ("people.yaml", ENTRY_ITEMS, {"main.people": Form.ENTRY_ITEMS}),
        (
            "status.yaml",
            FIELDS,
            {"main.status_incidents": Form.FIELD_ITEMS, "main.status_parts": Form.FIELD_ITEMS},
        ),
        ("data/ann.yaml", MAP, {"main.data": Form.RECORD}),
        ("data/db/ann.yaml", MAP, {"data.db": Form.RECORD}),
        ("ann.yaml", MAP, {}),
        ("ann.md", "---\na: 1\n---\nHi", {}),
        ("people/ann.md", "# Hi", {}),
        ("people/ann.yaml", "", {}),
        ("people/ann.yaml", "7", {}),
        ("people/words.yaml", "[one, two]", {"main.people": Form.ROWS}),
        ("notes/.hidden/ann.yaml", MAP, {}),
        ("notes/.ann.yaml", MAP, {"main.notes": Form.RECORD}),
        (".travis.yml", LIST, {}),
        ("package.json", "[]", {}),
        ("pkg/package.json", "{}", {"main.pkg": Form.RECORD}),
        ("package-lock.json", "[]", {}),
        ("README.md", "---\na: 1\n---\n", {}),
        ("src/main.py", "", {}),
        ("$ingitdb/people.json", "[]", {}),
        ("people/.ingitdb-collection.yaml", MAP, {}),
    ],
)
def test_each_kind_of_file_has_its_table(path, text, expected):
    found = {name: table.locations[0].form for name, table in tables({path: text}).items()}
    assert found == expected


def test_rows_beside_records_have_a_table_of_their_own():
    files = {"people/ann.yaml": MAP, "people/more.csv": "a\n1\n"}
    found = tables(files)
    assert set(found) == {"main.people", "main.people_rows"}
    assert found["main.people_rows"].locations[0].form == Form.ROWS
    alone = tables({"people/more.csv": "a\n1\n"})["main.people"]
    assert "people_rows" in alone.aliases


def test_full_names_always_lead_to_one_table():
    files = {"data/people/ann.yaml": MAP, "data/people.csv": "a\n1\n", "data/people.json": "[]"}
    found = {where for some in locations(files).values() for where in some}
    named = [(t.schema, t.name, t.aliases) for t in name_tables(found)]
    assert sorted(named) == [
        ("data", "people", ("people.csv",)),
        ("data", "people", ("people.json",)),
        ("data", "people", ("people/",)),
    ]


def test_the_stem_finds_the_only_field():
    one = tables({"status.yaml": "updated: now\nincidents: [{a: 1}]\n"})
    assert one["main.status_incidents"].aliases == (
        "status.yaml#incidents",
        "status.yaml",
        "status",
    )
    two = tables({"status.yaml": FIELDS})
    assert "status" not in two["main.status_incidents"].aliases


def test_keys_and_indexes():
    files = {"data/people/eu/ann.b.yaml": MAP, "members.yaml": ENTRY_ITEMS, "map.yaml": ENTRIES}
    assert [r.key for r in rows(files, "data.people")] == ["eu/ann.b"]
    assert [(r.key, dict(r.fields)) for r in rows(files, "main.members")] == [
        ("x", {"_index": 0, "a": 1}),
        ("x", {"_index": 1, "a": 2}),
    ]
    assert [(r.key, dict(r.fields)) for r in rows(files, "main.map")] == [
        ("x", {"a": 1}),
        ("y", {"a": 2}),
    ]


def test_items_that_are_no_maps_are_not_lost():
    assert [dict(r.fields) for r in rows({"w.yaml": "[one, {a: 1}, [2]]"}, "main.w")] == [
        {"value": "one"},
        {"a": 1},
        {"value": [2]},
    ]


def test_layouts_and_contents_can_be_sent_to_workers():
    found = layout({"people/ann.yaml": MAP})
    again = pickle.loads(pickle.dumps(found))
    outline = pickle.loads(pickle.dumps(content("people/ann.yaml", MAP)))
    assert again.digest == found.digest
    assert again.locate("people/ann.yaml", outline) == found.locate("people/ann.yaml", outline)


NAMES = st.sampled_from(["data", "db", "people", "a", ".x", "docs", "status"])
FILES = st.sampled_from(
    ["a.yaml", "people.csv", "b.json", "a.md", "x.py", "package.json", ".e.yml"]
)
PATHS = st.builds(lambda head, name: "/".join([*head, name]), st.lists(NAMES, max_size=3), FILES)
CONTENTS = st.builds(
    Content,
    kind=st.sampled_from(["map", "list", "rows", "empty", "other"]),
    entries=st.sampled_from(["maps", "lists", "mixed"]),
    list_fields=st.sampled_from([(), ("x",), ("x", "y")]),
    front_matter=st.booleans(),
)


@given(st.dictionaries(PATHS, CONTENTS, max_size=12), st.randoms())
def test_layout_and_names_do_not_depend_on_the_order_of_paths(tree, chance):
    def names(paths):
        found = layout(dict.fromkeys(paths, ""))
        live = set()
        for path in paths:
            if found.claim(path).excluded is None:
                live.update(found.locate(path, tree[path]))
        return found.digest, name_tables(live)

    paths = list(tree)
    expected = names(paths)
    chance.shuffle(paths)
    assert names(paths) == expected


@given(st.dictionaries(PATHS, CONTENTS, min_size=1, max_size=12))
def test_no_file_renames_the_table_of_another(tree):
    found = layout(dict.fromkeys(tree, ""))
    for path, outline in tree.items():
        if found.claim(path).excluded is None:
            alone = layout({path: ""}).locate(path, outline)
            assert found.locate(path, outline) == alone
