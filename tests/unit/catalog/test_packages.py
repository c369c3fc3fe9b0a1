import json

import pytest

from ingitdb.model.types import BIGINT, DATE, DOUBLE, TIMESTAMP, VARCHAR
from tests.unit.catalog.trees import layout, rows, tables

CSV = "a,b\n1,2\n"


def package(*resources):
    return json.dumps({"resources": list(resources)})


def warnings(files):
    found = layout(files).problems
    assert {p.severity for p in found} <= {"warning"}
    return [str(p) for p in found]


def test_a_resource_is_named_after_its_file():
    files = {
        "datapackage.json": package({"name": "codes", "title": "Codes", "path": "data/c-c.csv"}),
        "data/c-c.csv": CSV,
    }
    table = tables(files)["data.c-c"]
    assert table.aliases == ("c-c.csv", "codes")
    assert table.locations[0].source == "data package"
    assert table.locations[0].declaration.title == "Codes"
    discovered = tables({"data/c-c.csv": CSV})["data.c-c"]
    assert table.locations[0].storage == discovered.locations[0].storage


def test_fields_keys_and_constraints():
    schema = {
        "fields": [
            {"name": "a", "type": "integer", "constraints": {"required": True, "minimum": 1}},
            {"id": "b", "type": "string", "constraints": {"maxLength": 3, "unique": False}},
            {"name": "c", "type": "date", "format": "%d/%m/%Y"},
            {"name": "d", "type": "date"},
            {"name": "e", "type": "datetime", "title": "E", "description": "when"},
            {"name": "f", "type": "number", "decimalChar": ","},
            {"name": "g", "type": "number"},
            {"name": "h"},
            {"name": "i", "type": "colour"},
        ],
        "primaryKey": "a",
        "foreignKeys": [
            {"fields": "b", "reference": {"resource": "other", "fields": "x"}},
            {"fields": ["a"], "reference": {"resource": "", "fields": ["a"]}},
            {"fields": "b", "reference": {"resource": "gone", "fields": "x"}},
        ],
        "missingValues": ["", "NA", "-"],
    }
    files = {
        "pkg/datapackage.json": package(
            {"name": "t", "path": "data/t.csv", "schema": schema},
            {"name": "other", "path": ["more/o.csv", "more/p.csv"]},
        ),
        "pkg/data/t.csv": "a,b\nNA,x\n",
        "pkg/more/o.csv": CSV,
    }
    found = tables(files)
    where = found["main.t"].locations[0]
    declared = where.declaration
    assert [(c.name, c.type) for c in declared.columns] == [
        ("a", BIGINT),
        ("b", VARCHAR),
        ("c", VARCHAR),
        ("d", DATE),
        ("e", TIMESTAMP),
        ("f", DOUBLE),
        ("g", DOUBLE),
        ("h", None),
        ("i", None),
    ]
    assert declared.columns[0].required
    assert dict(declared.columns[0].rules) == {"type": "integer", "min_value": 1}
    assert dict(declared.columns[2].rules)["format"] == "%d/%m/%Y"
    assert declared.primary_key == ("a",)
    assert [(k.columns, k.table, k.references) for k in declared.foreign_keys] == [
        (("b",), "other", ("x",)),
        (("a",), "t", ("a",)),
    ]
    assert [dict(r.fields) for r in rows(files, "main.t")] == [{"a": None, "b": "x"}]
    assert len(warnings(files)) == 2


def test_dialects():
    resource = {
        "path": "t.csv",
        "encoding": "latin1",
        "dialect": {"delimiter": ";", "csv": {"quoteChar": "'"}, "header": False},
        "schema": {"fields": [{"name": "x"}, {"name": "y"}]},
    }
    files = {"datapackage.json": package(resource), "t.csv": "column0,column1\n1,2\n"}
    options = tables(files)["main.t"].locations[0].options
    assert (options.delimiter, options.quote, options.encoding) == (";", "'", "iso8859-1")
    assert not options.header
    assert [dict(r.fields) for r in rows(files, "main.t")] == [{"x": "1", "y": "2"}]


def test_schemas_and_dialects_in_files_of_their_own():
    files = {
        "p/datapackage.yaml": "resources: [{path: t.csv, schema: s.json, dialect: d.json}]\n",
        "p/s.json": '{"fields": [{"name": "a", "type": "integer"}]}',
        "p/d.json": '{"delimiter": ";"}',
        "p/t.csv": CSV,
    }
    where = tables(files)["main.t"].locations[0]
    assert where.options.delimiter == ";"
    assert where.declaration.columns[0].type == BIGINT
    assert "p/s.json" in layout(files).inputs


@pytest.mark.parametrize(
    "resource",
    [
        {"path": "../t.csv"},
        {"path": "/t.csv"},
        {"path": "https://example.org/t.csv"},
        {"data": [1]},
        {"path": []},
        {"path": "t.csv", "schema": "gone.json"},
        {"path": "t.csv", "schema": {"fields": [{"type": "string"}]}},
        {"path": "t.csv", "schema": {"fields": [{"name": "a"}, {"name": "a"}]}},
        {"path": "t.csv", "schema": {"fields": 7}},
        {"path": "t.csv", "dialect": {"delimiter": "||"}},
        {"path": "t.csv", "encoding": "klingon"},
        {"path": "t.xlsx"},
        "t.csv",
    ],
)
def test_what_cannot_be_used_is_left_to_discovery(resource):
    files = {"datapackage.json": package(resource), "t.csv": CSV}
    found = tables(files)
    assert found["main.t"].locations[0].source == "discovery"
    (text,) = warnings(files)
    assert "is not used" in text


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"resources": 1}', "[" * 100_000])
def test_an_unusable_package_is_left_to_discovery(text):
    files = {"datapackage.json": text, "t.csv": CSV}
    assert tables(files)["main.t"].locations[0].source == "discovery"
    assert len(warnings(files)) == 1


def test_of_two_descriptions_the_json_one_counts():
    files = {
        "datapackage.json": package({"path": "t.csv"}),
        "datapackage.yml": "resources: []\n",
        "t.csv": CSV,
    }
    assert tables(files)["main.t"].locations[0].source == "data package"
    assert warnings(files) == ["datapackage.yml: It differs from datapackage.json, which is used."]


def test_a_resource_without_its_file_is_no_table():
    assert tables({"datapackage.json": package({"path": "t.csv"})}) == {}
