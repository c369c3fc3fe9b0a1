import pytest

from ingitdb.model.records import FormatFault
from ingitdb.model.tables import Form
from ingitdb.model.types import BIGINT, DOUBLE, TIMESTAMP, VARCHAR, MapOf
from tests.unit.catalog.trees import layout, rows, tables

ROOT = ".ingitdb/root-collections.yaml"
RECORDS = 'record_file: {name: "{key}.yaml", type: "map[string]any", format: yaml}\n'
LIST = 'record_file: {name: all.json, type: "[]map[string]any", format: json}\n'
MAP = 'record_file: {name: t.yaml, type: "map[$record_id]map[$field_name]any", format: yaml}\n'
COLUMN = "columns: {a: {type: int}}\n"


def definition(folder):
    return f"{folder}/.collection/definition.yaml"


def problems(files):
    return [(p.severity, str(p)) for p in layout(files).problems]


def test_records_of_one_file_each():
    files = {
        ROOT: "geo.countries: countries\n",
        definition("countries"): RECORDS + COLUMN,
        "countries/$records/ie.yaml": "a: 1\n",
        "countries/$records/.x.yaml": "a: 1\n",
        "countries/$records/old.yml": "a: 1\n",
        "countries/README.yaml": "a: 1\n",
        "other/x.yaml": "a: 1\n",
    }
    found = tables(files)
    assert set(found) == {"geo.countries"}
    where = found["geo.countries"].locations[0]
    assert (where.path, where.key_from_name, where.form) == (
        "countries/$records",
        "{key}.yaml",
        Form.RECORD,
    )
    assert [(r.key, dict(r.fields)) for r in rows(files, "geo.countries")] == [("ie", {"a": 1})]


def test_lists_and_maps_in_one_file():
    files = {
        ROOT: "l: l\nm: m\n",
        definition("l"): LIST + 'columns: {"$ID": {type: string}, a: {type: int}}\n',
        "l/all.json": '[{"$ID": "x", "a": 1}]',
        definition("m"): MAP + 'columns: {"$ID": {type: string, max_length: 3}, a: {type: int}}\n',
        "m/t.yaml": "x: {a: 1}\ny: null\n",
    }
    assert [(r.key, dict(r.fields)) for r in rows(files, "main.l")] == [
        (None, {"$ID": "x", "a": 1})
    ]
    assert [(r.key, dict(r.fields)) for r in rows(files, "main.m")] == [("x", {"a": 1}), ("y", {})]
    listed = tables(files)["main.l"].locations[0].declaration
    mapped = tables(files)["main.m"].locations[0].declaration
    assert listed.primary_key == ("$ID",)
    assert [c.name for c in mapped.columns] == ["a"]
    assert mapped.key is not None
    assert dict(mapped.key.rules)["max_length"] == 3


def test_a_file_of_another_kind_is_a_fault():
    files = {ROOT: "l: l\n", definition("l"): LIST + COLUMN, "l/all.json": "{}"}
    with pytest.raises(FormatFault, match="A list of records"):
        rows(files, "main.l")


def test_columns_are_typed_and_ordered():
    text = RECORDS + (
        "columns:\n"
        "  no: {type: float}\n"
        "  names: {type: 'map[locale]string', required: true}\n"
        "  at: {type: datetime}\n"
        "  old: {type: number, enum: [1, 2]}\n"
        "  free: {type: any}\n"
        "columns_order: [at, gone]\n"
    )
    files = {ROOT: "c: c\n", definition("c"): text}
    found = tables(files)["main.c"].locations[0].declaration
    assert [(c.name, c.type) for c in found.columns] == [
        ("at", TIMESTAMP),
        ("no", DOUBLE),
        ("names", MapOf(VARCHAR, VARCHAR)),
        ("old", DOUBLE),
        ("free", None),
    ]
    assert dict(found.columns[0].rules)["datetime"] is True
    assert dict(found.columns[3].rules)["enum"] == (1, 2)
    assert found.columns[2].required
    assert hash(found)
    assert problems(files) == [
        (
            "warning",
            "c/.collection/definition.yaml:8:21: columns_order names 'gone', which is no declared"
            " column.",
        )
    ]


def test_namespaces_are_imported_one_level_deep():
    files = {
        ROOT: "moons.*: modules/moons\nnone.*: nowhere\n",
        "modules/moons/.ingitdb/root-collections.yaml": "big: collections/big\ndeep.*: x\n",
        definition("modules/moons/collections/big"): RECORDS + COLUMN,
    }
    found = tables(files)["moons.big"]
    assert found.locations[0].path == "modules/moons/collections/big/$records"
    assert [kind for kind, _ in problems(files)] == ["warning", "error"]


@pytest.mark.parametrize("path", ["/etc", "~/x", "../x", "a/../../x", "C:\\x", "a*"])
def test_no_collection_leads_out_of_the_repository(path):
    files = {ROOT: f"x: '{path}'\n"}
    assert tables(files) == {}
    ((kind, text),) = problems(files)
    assert kind == "error"
    assert text.startswith(f"{ROOT}:1:1: The path")


def test_shared_folders():
    files = {
        ROOT: "tags: notes/.collections/tags\nnotes: notes/.collections/notes\n",
        "notes/.collections/tags/definition.yaml": (
            'record_file: {name: tags.json, type: "map[$record_id]map[$field_name]any",'
            " format: json}\n" + COLUMN
        ),
        "notes/tags.json": '{"x": {"a": 1}}',
        "notes/.collections/notes/definition.yaml": RECORDS + COLUMN + "data_dir: ./all\n",
        "notes/all/$records/n.yaml": "a: 1\n",
        "notes/.collections/notes/parts/definition.yaml": LIST + COLUMN,
        "notes/.collections/notes/$views/definition.yaml": "x",
        "notes/all/$records/n/parts/all.json": '[{"a": 2}]',
    }
    assert [r.key for r in rows(files, "main.tags")] == ["x"]
    assert [r.key for r in rows(files, "main.notes")] == ["n"]
    assert [dict(r.fields) for r in rows(files, "main.notes/parts")] == [{"_parent": "n", "a": 2}]
    assert problems(files) == []


@pytest.mark.parametrize("before", ["$records/", ""])
@pytest.mark.parametrize("after", ["$records/", ""])
def test_subcollections_in_both_conventions(before, after):
    below = "orders/.collection/subcollections/lines"
    files = {
        ROOT: "shop.orders: orders\n",
        definition("orders"): RECORDS + COLUMN,
        f"{below}/definition.yaml": RECORDS + COLUMN,
        f"{below}/subcollections/notes/definition.yaml": LIST + COLUMN,
        f"orders/{before}o1/lines/{after}l1.yaml": "a: 1\n",
        f"orders/{before}o1/lines/{after}l1/notes/all.json": '[{"a": 2}]',
    }
    (line,) = rows(files, "shop.orders/lines")
    assert (line.key, dict(line.fields)) == ("o1/l1", {"_parent": "o1", "a": 1})
    (note,) = rows(files, "shop.orders/lines/notes")
    assert (note.key, dict(note.fields)) == (None, {"_parent": "o1/l1", "a": 2})
    assert "lines" in tables(files)["shop.orders/lines"].aliases
    assert list(rows(files, "shop.orders")) == []


def test_a_row_below_a_parent_is_known_by_both_keys():
    files = {
        ROOT: "o: o\n",
        definition("o"): RECORDS + COLUMN,
        "o/.collection/subcollections/l/definition.yaml": LIST
        + 'columns: {"$ID": {type: string}}\n',
    }
    found = tables(files)["main.o/l"].locations[0].declaration
    assert found.primary_key == ("_parent", "$ID")


def test_what_is_inherited():
    files = {
        ROOT: "c: c\n",
        definition("c"): "inherits: ../../base/base.yaml\ncolumns: {a: {type: int}}\n",
        "base/base.yaml": "inherits: more.yaml\ncolumns: {a: {type: string}, b: {type: string}}\n",
        "base/more.yaml": RECORDS + "primary_key: [b]\n",
    }
    found = layout(files)
    columns = tables(files)["main.c"].locations[0].declaration.columns
    assert [(c.name, c.type) for c in columns] == [("a", BIGINT), ("b", VARCHAR)]
    assert {"base/base.yaml", "base/more.yaml"} <= found.inputs
    changed = {**files, "base/more.yaml": RECORDS}
    assert layout(changed).digest != found.digest


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("columns: {a: {type: int}}\n", "The file has no 'record_file'."),
        (RECORDS, "The file has no 'columns'."),
        (RECORDS + "columns: {a: {type: whole}}\n", "the unknown type 'whole'"),
        (RECORDS + "columns: {a: {type: int, required: maybe}}\n", "must be true or false"),
        (RECORDS + COLUMN + "inherits: ../../../x.yaml\n", "leads out of the repository"),
        (RECORDS + COLUMN + "inherits: definition.yaml\n", "inherits this definition in turn"),
        (RECORDS + COLUMN + "inherits: gone.yaml\n", "does not exist"),
        (RECORDS + COLUMN + COLUMN, "The key 'columns' stands twice."),
        ("{", "node content"),
        (RECORDS.replace("{key}", "../{key}") + COLUMN, "leads out of its folder"),
        (RECORDS.replace("format:", "records_dir: .., format:") + COLUMN, "leads out"),
        (RECORDS.replace("format:", "exclude_regex: '(', format:") + COLUMN, "regular expression"),
        ("a: &a [x, x]\nb: &b [*a, *a]\n" * 0 + "- 1\n", "must be a map"),
    ],
)
def test_an_invalid_definition_leaves_its_table_out(text, said):
    files = {ROOT: "c: c\nd: d\n", definition("c"): text, definition("d"): RECORDS + COLUMN}
    assert set(tables(files)) == {"main.d"}
    assert any(kind == "error" and said in message for kind, message in problems(files))


def test_unknown_keys_are_warnings():
    files = {ROOT: "c: c\n", definition("c"): RECORDS + COLUMN + "colunms_order: [a]\n"}
    assert set(tables(files)) == {"main.c"}
    assert problems(files) == [
        (
            "warning",
            "c/.collection/definition.yaml:3:1: The file has an unknown key 'colunms_order'."
            " Did you mean columns_order or columns?",
        )
    ]


def test_foreign_keys_look_in_the_own_namespace_first():
    other = RECORDS + (
        "columns:\n"
        "  near: {type: string, foreign_key: countries}\n"
        "  far: {type: string, foreign_key: tags}\n"
        "  exact: {type: string, foreign_key: geo.countries}\n"
        "  wrong: {type: string, foreign_key: county}\n"
        "  row: {type: string, foreign_key: rows}\n"
    )
    files = {
        ROOT: "geo.countries: a\nshop.countries: b\ntags: c\nshop.x: d\nrows: e\n",
        **{definition(folder): RECORDS + COLUMN for folder in "abc"},
        definition("d"): other,
        definition("e"): LIST + "columns: {id: {type: string}}\n",
    }
    found = tables(files)["shop.x"].locations[0].declaration.foreign_keys
    assert [(k.columns, k.schema, k.table, k.references) for k in found] == [
        (("near",), "shop", "countries", ("_key",)),
        (("far",), "main", "tags", ("_key",)),
        (("exact",), "geo", "countries", ("_key",)),
        (("row",), "main", "rows", ("id",)),
    ]
    ((kind, text),) = problems(files)
    assert kind == "warning"
    assert ":7:" not in text
    assert "'county', which is no collection" in text


def test_content_fields_and_excluded_names():
    record_file = (
        'record_file: {name: "{key}.md", type: "map[string]any", format: markdown,'
        " content_field: text, exclude_regex: '^README'}\n"
    )
    files = {
        ROOT: "c: c\n",
        definition("c"): record_file + COLUMN,
        "c/$records/README.md": "x",
        "c/$records/n.md": "---\na: 1\n---\nx",
    }
    where = tables(files)["main.c"].locations[0]
    assert where.options.content_field == "text"
    assert [r.key for r in rows(files, "main.c")] == ["n"]


def test_a_collection_with_two_definitions_or_none():
    files = {
        ROOT: "c: c\nd: d\n",
        definition("c"): RECORDS + COLUMN,
        "c/definition.yaml": RECORDS + COLUMN,
    }
    assert tables(files) == {}
    assert [text.partition(": ")[2][:24] for _, text in problems(files)] == [
        "The collection c has two",
        "The collection d has no ",
    ]


def test_discovery_beside_definitions():
    files = {
        ROOT: "c: c\n",
        definition("c"): RECORDS + COLUMN,
        "c/$records/x.yaml": "a: 1\n",
        "c/stray.yaml": "a: 1\n",
        "people/ann.yaml": "a: 1\n",
    }
    assert set(tables(files)) == {"main.c"}
    files[".ingitdb/tables.yaml"] = "discover: true\n"
    assert set(tables(files)) == {"main.c", "main.people"}
    assert layout(files).claim("c/stray.yaml").excluded == "in the folder of c, but no record of it"


@pytest.mark.parametrize(
    "mark", [".ingitdb.yaml", ".ingitdb/schema.json", "c/.ingitdb-collection.yaml"]
)
def test_the_old_layout_is_named_and_its_records_discovered(mark):
    files = {mark: "rootCollections: {c: c}\n", "c/x.json": '{"a": 1}'}
    assert set(tables(files)) == {"main.c"}
    ((kind, text),) = problems(files)
    assert kind == "warning"
    assert text.startswith(f"{mark}: This is the inGitDB layout before 2026.")


def test_bad_settings_are_warnings():
    files = {".ingitdb/settings.yaml": "languages: [{required: e}]\nx: 1\n", "p/a.yaml": "a: 1\n"}
    assert {kind for kind, _ in problems(files)} == {"warning"}
    assert set(tables(files)) == {"main.p"}
