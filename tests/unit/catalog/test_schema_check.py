import json
from importlib.resources import files

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingitdb.catalog.parsed import parse
from ingitdb.catalog.schema_check import KEYWORDS, check, findings, schema
from ingitdb.model.records import FormatFault

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


@pytest.mark.parametrize("name", NAMES)
def test_the_schemas_are_schemas_and_use_only_what_is_read(name):
    jsonschema.Draft202012Validator.check_schema(schema(name))
    assert set(keywords(schema(name))) <= KEYWORDS
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


@given(st.sampled_from(NAMES), VALUES)
def test_our_reader_agrees_with_a_full_validator(name, value):
    ours = not list(findings(value, schema(name), schema(name)))
    assert ours == jsonschema.Draft202012Validator(schema(name)).is_valid(value)


@given(VALUES)
def test_our_reader_agrees_on_table_entries(value):
    value = {"tables": {"t": value}}
    ours = not list(findings(value, schema("tables"), schema("tables")))
    assert ours == jsonschema.Draft202012Validator(schema("tables")).is_valid(value)


@given(VALUES)
def test_configuration_is_read_as_written(value):
    text = json.dumps(value, ensure_ascii=False)
    assert parse("x.yaml", text.encode()).value == value
    assert parse("x.json", text.encode()).value == value


def test_plain_values_follow_the_core_schema():
    text = "{no: no, yes: YES, on: 12:30:45, a: 010, b: 2024-01-01, c: ~, d: 1.5, e: 'true'}"
    assert parse("x.yaml", text.encode()).value == {
        "no": "no",
        "yes": "YES",
        "on": "12:30:45",
        "a": "010",
        "b": "2024-01-01",
        "c": None,
        "d": 1.5,
        "e": "true",
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


def test_a_problem_stands_at_its_key():
    parsed = parse("t.yaml", b"tables:\n  t:\n    glob: 7\n")
    (problem,) = check(parsed, "tables")
    assert str(problem) == "t.yaml:3:5: tables.t.glob must be a text, not a whole number."
