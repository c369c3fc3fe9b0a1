import pytest

from ingitdb.model.tables import Form
from tests.unit.catalog.trees import file_counts, layout, rows, tables

TABLES = ".ingitdb/tables.yaml"


def test_captures_become_columns():
    files = {
        TABLES: "tables:\n  people:\n    glob: data/{state}/{chamber}/{key}.yml\n    key: id\n",
        "data/ny/senate/ann.yml": "id: 1\nstate: NY\n",
        "data/ny/README.yml": "id: 2\n",
    }
    found = tables(files)
    assert [dict(r.fields) for r in rows(files, "main.people")] == [
        {"state": "NY", "chamber": "senate", "id": 1}
    ]
    assert [r.key for r in rows(files, "main.people")] == ["ann"]
    assert found["main.people"].locations[0].declaration.primary_key == ("id",)
    assert set(found) == {"main.people", "data.ny"}


def test_a_table_takes_files_of_several_forms():
    files = {
        TABLES: "tables: {geo.t: {glob: ['x/*.yaml', 'y/*.csv']}}\n",
        "x/a.yaml": "a: 1\n",
        "x/b.yaml": "[{a: 2}]\n",
        "y/c.csv": "a\n3\n",
    }
    (table,) = tables(files).values()
    assert (table.schema, table.name) == ("geo", "t")
    assert file_counts(files) == {"geo.t": 3}
    assert {where.form for where in table.locations} == {Form.RECORD, Form.ROWS}
    assert sorted(str(r.fields["a"]) for r in rows(files, "geo.t")) == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("pointer", "text", "expected"),
    [
        ("data.items", "data: {items: [{a: 1}]}", [(None, {"a": 1})]),
        ("data.items", "data.items: [{a: 2}]\ndata: {items: [{a: 1}]}", [(None, {"a": 2})]),
        ("a.b.c", "a.b: {c: [{a: 1}]}", [(None, {"a": 1})]),
        ("items", "items: {x: {a: 1}, y: null}", [("x", {"a": 1}), ("y", {})]),
        ("items", "items: {x: [{a: 1}]}", [("x", {"_index": 0, "a": 1})]),
        ("items", "items: one", [(None, {"value": "one"})]),
        ("items", "items: null", []),
        ("/data/items", "data: {items: [{a: 1}]}", [(None, {"a": 1})]),
        ("/items", "items: {x: {a: 1}}", [("x", {"a": 1})]),
        ("/a~1b/c~0d~01", "{a/b: {c~d~1: [{a: 1}]}}", [(None, {"a": 1})]),
        ("/a.b/c", "{a.b: {c: [{a: 1}]}, a: {b: {c: [{a: 2}]}}}", [(None, {"a": 1})]),
        ("/data/1/items", "data: [1, {items: [{a: 1}]}]", [(None, {"a": 1})]),
        ("/0", "[[{a: 1}], {a: 2}]", [(None, {"a": 1})]),
        ("/items", "{/items: [{a: 1}], items: [{a: 2}]}", [(None, {"a": 1})]),
        ("$", "x: {a: 1}\ny: 2", [("x", {"a": 1}), ("y", {"value": 2})]),
    ],
)
def test_pointers(pointer, text, expected):
    files = {TABLES: f"tables: {{t: {{glob: 's/*.yaml', pointer: {pointer}}}}}\n", "s/a.yaml": text}
    assert [(r.key, dict(r.fields)) for r in rows(files, "main.t")] == expected


def test_a_map_in_the_root_can_be_declared():
    files = {TABLES: "tables: {me: {glob: me.yaml}}\n", "me.yaml": "a: 1\n"}
    (record,) = rows(files, "main.me")
    assert (record.key, dict(record.fields)) == ("me", {"a": 1})


def test_excluded_files_are_in_no_table():
    files = {
        TABLES: "tables: {t: {glob: '**/{key}.yaml', exclude: ['_*', 'x/y/**']}}\n",
        "x/a.yaml": "a: 1\n",
        "x/_b.yaml": "a: 1\n",
        "x/y/c.yaml": "a: 1\n",
    }
    assert [r.key for r in rows(files, "main.t")] == ["a"]
    assert set(tables(files)) == {"main.t"}
    assert layout(files).claim("x/_b.yaml").excluded == "excluded in .ingitdb/tables.yaml"


def test_an_entry_without_a_glob_adds_to_a_table():
    files = {
        TABLES: (
            "tables:\n"
            "  people: {key: id, merge: field, renamed_from: persons, exclude: 'z*',\n"
            "           columns: {name: {renamed_from: title}}}\n"
            "  data.people.csv: {header: false}\n"
            "  c: {columns: {a: {renamed_from: b}}}\n"
            "  people.csv: {schema: data, header: false}\n"
        ),
        ".ingitdb/root-collections.yaml": "c: c\n",
        "c/.collection/definition.yaml": (
            'record_file: {name: "{key}.yaml", type: "map[string]any", format: yaml}\n'
            "columns: {a: {type: int}}\n"
        ),
        "people/ann.yaml": "id: 1\n",
        "people/zoe.yaml": "id: 1\n",
        "data/people.csv": "1,2\n",
    }
    files[TABLES] += "discover: true\n"
    found = tables(files)
    declared = found["main.people"].locations[0].declaration
    assert file_counts(files)["main.people"] == 1
    assert declared.primary_key == ("id",)
    assert dict(declared.rules) == {"renamed_from": "persons", "merge": "field"}
    assert [(c.name, c.rules) for c in declared.columns] == [("name", (("renamed_from", "title"),))]
    assert found["data.people"].locations[0].options.header is False
    (column,) = found["main.c"].locations[0].declaration.columns
    assert dict(column.rules)["renamed_from"] == "b"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tables: {t: {golb: x}}", "tables.t has an unknown key 'golb'. Did you mean glob?"),
        ("tables: {t: {glob: '../x'}}", "leads out of the repository"),
        ("tables: {t: {glob: '/x'}}", "leads out of the repository"),
        ("tables: {t: {glob: '{a'}}", "without its partner"),
        ("tables: {t: {merge: all}}", "must be one of record, field, not 'all'"),
        ("tables: {t: {format: klingon}}", ":1:14: There is no format 'klingon'."),
        ("discover: sometimes", ":1:1: discover must be true or false, not a text."),
        ("tables: [", ":1:"),
        ("discover: true\ndiscover: false", ":2:1: The key 'discover' stands twice."),
        ("\tx", "tables.yaml:1"),
    ],
)
def test_an_invalid_tables_yaml_has_no_effect(text, said):
    files = {TABLES: f"{text}\n", "people/ann.yaml": "a: 1\n"}
    (problem,) = layout(files).problems
    assert problem.severity == "error"
    assert said in str(problem)
    assert set(tables(files)) == {"main.people"}


def test_discovery_can_be_turned_off():
    files = {TABLES: "discover: false\n", "people/ann.yaml": "a: 1\n"}
    assert tables(files) == {}


def test_declared_tables_exist_without_files():
    files = {TABLES: "tables: {t: {glob: 'x/{key}.yaml'}, u: {glob: 'x/*.csv'}}\n"}
    found = tables(files)
    assert {name: t.locations[0].form for name, t in found.items()} == {
        "main.t": Form.RECORD,
        "main.u": Form.ROWS,
    }


def test_tables_yaml_stands_above_definitions_and_discovery():
    files = {
        TABLES: "tables: {t: {glob: 'c/$records/{key}.yaml'}}\n",
        ".ingitdb/root-collections.yaml": "c: c\n",
        "c/.collection/definition.yaml": (
            'record_file: {name: "{key}.yaml", type: "map[string]any", format: yaml}\n'
            "columns: {a: {type: int}}\n"
        ),
        "c/$records/x.yaml": "a: 1\n",
    }
    assert file_counts(files) == {"main.t": 1, "main.c": 0}
