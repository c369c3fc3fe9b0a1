import json
from importlib.resources import files

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingitdb.catalog.parsed import Parsed, parse
from ingitdb.catalog.schema_check import WORDS as WORDED
from ingitdb.catalog.schema_check import check, schema
from ingitdb.model.records import FormatFault

SILENT = {
    *("$schema", "$id", "$ref", "$defs", "title", "description", "properties", "items"),
    *("additionalProperties", "propertyNames"),  # worded by themselves
}
NAMES = ["definition", "root-collections", "settings", "tables"]


def keywords(rules):
    yield from rules
    for name in ("properties", "$defs"):
        for below in rules.get(name, {}).values():
            yield from keywords(below)
    for name in ("items", "additionalProperties", "propertyNames"):
        if isinstance(rules.get(name), dict):
            yield from keywords(rules[name])
    for below in rules.get("anyOf", []):
        yield from keywords(below)


def below(rules):
    yield rules
    parts = rules.values() if isinstance(rules, dict) else rules if isinstance(rules, list) else ()
    for part in parts:
        yield from below(part)


@pytest.mark.parametrize("name", NAMES)
def test_only_lists_of_texts_must_be_unique(name):
    lists = [r for r in below(schema(name)) if isinstance(r, dict) and "uniqueItems" in r]
    assert all(r["uniqueItems"] is True and r["items"]["type"] == "string" for r in lists)


@pytest.mark.parametrize("name", NAMES)
def test_the_schemas_are_schemas_and_use_only_what_is_worded(name):
    jsonschema.Draft202012Validator.check_schema(schema(name))
    assert set(keywords(schema(name))) <= WORDED.keys() | SILENT
    assert schema(name)["$id"] == f"urn:ingitdb:schema:{name}"


def test_every_schema_is_tested():
    found = {f.name for f in files("ingitdb.catalog.schemas").iterdir() if f.name.endswith("json")}
    assert found == {f"{name}.schema.json" for name in NAMES}


WORDS = st.sampled_from(
    [
        "tables",
        "glob",
        "schema",
        "key",
        "pointer",
        "exclude",
        "header",
        "format",
        "renamed_from",
        "merge",
        "columns",
        "discover",
        "record_file",
        "name",
        "type",
        "titles",
        "required",
        "max_length",
        "enum",
        "languages",
        "optional",
        "yaml",
        "field",
        "map[string]any",
        "$ID",
        "a.*",
        "a.",
        "x",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.just(1.5) | WORDS | st.just(""),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(WORDS, below, max_size=3),
    max_leaves=8,
)


def every_error_is_worded(name, value):
    problems = check(Parsed("x.yaml", value), name)
    assert all(p.message.endswith((".", "?")) and "is wrong:" not in p.message for p in problems)
    assert (not problems) == jsonschema.Draft202012Validator(schema(name)).is_valid(value)


@given(st.sampled_from(NAMES), VALUES)
def test_every_error_is_worded(name, value):
    every_error_is_worded(name, value)


@given(VALUES)
def test_every_error_of_a_table_entry_is_worded(value):
    every_error_is_worded("tables", {"tables": {"t": value}})


@given(VALUES)
def test_configuration_is_read_as_written(value):
    text = json.dumps(value, ensure_ascii=False)
    assert parse("x.yaml", text.encode()).value == value
    assert parse("x.json", text.encode()).value == value


def test_plain_values_follow_the_core_schema():
    text = """{no: no, yes: YES, on: 12:30:45, a: 010, b: 2024-01-01, c: ~, d: 1.5, e: 'true',
        f: True, g: 1.50, h: 0x1F, i: +5, j: 1e3, k: !!str 7, l: !!int '7', m: ! 7}"""
    assert parse("x.yaml", text.encode()).value == {
        "no": "no",
        "yes": "YES",
        "on": "12:30:45",
        "a": "010",
        "b": "2024-01-01",
        "c": None,
        "d": 1.5,
        "e": "true",
        "f": True,
        "g": 1.5,
        "h": 31,
        "i": 5,
        "j": 1000.0,
        "k": "7",
        "l": 7,
        "m": "7",
    }


@pytest.mark.parametrize(
    "data",
    [
        b"\xff",
        b"{[a]: 1}",
        b"a: *b",
        b"[" * 50_000,
        b"a: 1\n---\nb: 2\n",
        ("a: &a [x]\n" + "\n".join(f"{i}: &n{i} [*{p}, *{p}, *{p}, *{p}]" for i, p in enumerate(
            ["a", *(f"n{i}" for i in range(12))]))).encode(),
    ],
    ids=["bytes", "key", "alias", "deep", "two", "unfolding"],
)  # fmt: skip
def test_what_is_no_configuration_is_a_fault(data):
    with pytest.raises(FormatFault):
        parse("x.yaml", data)


def test_aliases_do_not_hide_how_deep_a_file_is():
    lists = [f"a{i}: &a{i} {'[' * 60}*a{i - 1}{']' * 60}" for i in range(1, 20)]
    with pytest.raises(FormatFault, match="too deeply"):
        parse("x.yaml", "\n".join(["a0: &a0 [x]", *lists]).encode())


def test_a_number_of_too_many_digits():
    digits = "9" * 5_000
    assert parse("x.yaml", f"a: {digits}".encode()).value == {"a": digits}
    with pytest.raises(FormatFault, match="too many digits"):
        parse("x.json", f'{{"a": {digits}}}'.encode())


def test_a_problem_stands_at_its_key():
    parsed = parse("t.yaml", b"tables:\n  t:\n    glob: 7\n")
    (problem,) = check(parsed, "tables")
    assert str(problem) == "t.yaml:3:5: tables.t.glob must be a text or a list, not a whole number."


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("tables", "tables:\n  t: {glob: 7}", ["2:7: tables.t.glob must be a text or a list, not a"
         " whole number."]),
        ("tables", "tables: {t: {glob: []}}", ["1:14: tables.t.glob must not be empty."]),
        ("tables", "tables: {t: {key: [a, {}]}}", ["1:23: tables.t.key[1] must be a text, not a"
         " map."]),
        ("tables", "tables: {t: {key: [a, a]}}", ["1:14: tables.t.key has an item twice."]),
        ("tables", "tables: {'': {}}", ["1:10: '' is no possible name."]),
        ("tables", "[]", ["The file must be a map, not a list."]),
        ("tables", "tables: {t: {\n golb: x,\n headr: y}}", [
            "2:2: tables.t has an unknown key 'golb'. Did you mean glob?",
            "3:2: tables.t has an unknown key 'headr'. Did you mean header or schema?"]),
        ("definition", "{}", ["The file has no 'record_file' and no 'columns'."]),
        ("root-collections", "a b: x\nc: ''", ["1:1: 'a b' is no possible name.",
         "2:1: c must not be empty."]),
        ("root-collections", "7", ["The file must be a map or null, not a whole number."]),
        ("settings", "languages:\n- {required: e}", ["2:4: languages[0].required cannot be 'e'."]),
        ("settings", "default_record_format: xml", ["1:1: default_record_format must be one of"
         " yaml, yml, json, markdown, toml, ingr, csv, jsonl, not 'xml'."]),
        ("settings", "default_namespace: !!binary YQ==", ["1:1: default_namespace must be a text,"
         " not something else."]),
    ],
)  # fmt: skip
def test_what_is_said_where(name, text, said):
    found = check(parse("x.yaml", text.encode()), name)
    assert [str(p).partition("x.yaml:")[2].strip() for p in found] == said


def test_only_unknown_keys_are_forgiven():
    parsed = parse("x.yaml", b"discover: 1\nx: 1\n")
    assert [(p.line, p.severity) for p in check(parsed, "tables", lenient=True)] == [
        (1, "error"),
        (2, "warning"),
    ]


def test_a_long_list_does_not_take_long():
    items = [{"a": n} for n in range(8_000)]
    found = check(Parsed("x.yaml", {"columns_order": items}), "definition")
    assert len(found) == len(items) + 1
