"""What tables.yaml and schema.json say of columns and records, as the catalog reads it."""

import pytest

from ingitdb.catalog.files import is_configuration
from ingitdb.catalog.sql_types import sql_type
from ingitdb.model.tables import Conventions, DeclaredColumn, ForeignKey
from ingitdb.model.types import BIGINT, Scalar, decimal
from tests.unit.catalog.trees import layout, tables

TABLES = ".ingitdb/tables.yaml"
DEFINED = {
    ".ingitdb/root-collections.yaml": "geo.fares: fares\n",
    "fares/.collection/definition.yaml": (
        "record_file: {name: '{key}.yaml', type: 'map[string]any', format: yaml}\n"
        "columns: {price: {type: float, min_value: 0}, n: {type: int}}\n"
        "min_records_count: 1\n"
    ),
}


def problems(files):
    return [str(problem) for problem in layout(files).problems]


def test_everything_that_can_be_said_of_a_table():
    text = """
naming: {tables: '[a-z_]+', keys: '[0-9]+'}
rules: {no_orphans: SELECT 1 WHERE false}
tables:
  geo.fares:
    glob: fares.csv
    key: [route, class]
    unique: [code, [route, season]]
    indexes: [season, [season, code], season]
    checks: {price_positive: price > 0}
    foreign_keys:
      - {columns: route, table: routes, on_delete: cascade, on_update: set null}
      - {columns: [route, class], table: main.classes, references: [r, c]}
    columns:
      price: {type: 'DECIMAL(10,2)', default: 0, required: true, max_value: 9.5}
      open: {type: bool, default: false}
      note:
    rules: {dear: SELECT * FROM geo.fares WHERE price > 5}
    min_records_count: 2
"""
    found = layout({TABLES: text})
    assert found.problems == ()
    assert found.conventions == Conventions(
        tables="[a-z_]+", keys="[0-9]+", rules=(("no_orphans", "SELECT 1 WHERE false"),)
    )
    (table,) = tables({TABLES: text}).values()
    said = table.locations[0].declaration
    assert said.primary_key == ("route", "class")
    assert said.unique == (("code",), ("route", "season"))
    assert said.indexes == (("season",), ("season", "code"))
    assert said.checks == (("price_positive", "price > 0"),)
    assert said.custom_rules == (("dear", "SELECT * FROM geo.fares WHERE price > 5"),)
    assert said.rules == (("min_records_count", 2),)
    assert said.foreign_keys == (
        ForeignKey(
            columns=("route",),
            schema="geo",
            table="routes",
            references=("_key",),
            on_delete="cascade",
            on_update="set null",
        ),
        ForeignKey(
            columns=("route", "class"), schema="main", table="classes", references=("r", "c")
        ),
    )
    price, is_open, note = said.columns
    assert (price.type, price.default, price.required) == (decimal(10, 2), "0", True)
    assert price.rules == (("type", "DECIMAL(10,2)"), ("max_value", 9.5))
    assert (is_open.default, is_open.in_cells) == ("false", True)
    assert note == DeclaredColumn(name="note", type=None, in_cells=True)


def test_what_it_says_lies_over_a_definition():
    files = {
        **DEFINED,
        TABLES: "tables: {geo.fares: {columns: {price: {type: 'DECIMAL(9,2)', required: true}, "
        "extra: {type: UUID}}, min_records_count: 3}}",
    }
    said = tables(files)["geo.fares"].locations[0].declaration
    price, n, extra = said.columns
    assert (price.type, price.required) == (decimal(9, 2), True)
    assert dict(price.rules) == {"type": "DECIMAL(9,2)", "min_value": 0}
    assert (n.type, dict(n.rules)) == (BIGINT, {"type": "int"})
    assert (extra.name, extra.type, extra.in_cells) == ("extra", Scalar("UUID"), False)
    assert said.rules == (("min_records_count", 3),)


def test_a_schema_of_records_stands_beside_the_definition():
    path = "fares/.collection/schema.json"
    files = {**DEFINED, path: '{"properties": {"price": {"multipleOf": 0.5}}}'}
    said = tables(files)["geo.fares"].locations[0].declaration
    assert said.record_schema == '{"properties": {"price": {"multipleOf": 0.5}}}'
    assert is_configuration(path)
    assert not is_configuration("fares/schema.json")
    assert layout(files).digest != layout(DEFINED).digest


def test_tables_yaml_names_a_schema_of_records():
    files = {TABLES: "tables: {t: {glob: t.csv, record_schema: schemas/t.yaml}}", "t.csv": "a\n1\n"}
    assert problems(files) == [
        ".ingitdb/tables.yaml:1:27: There is no file 'schemas/t.yaml' in the repository."
    ]
    files["schemas/t.yaml"] = "required: [a]\n"
    said = tables(files)["main.t"].locations[0].declaration
    assert said.record_schema == '{"required": ["a"]}'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("naming: {keys: '['}", "1:10: '[' is no regular expression"),
        ("naming: {rows: x}", "1:10: naming has an unknown key 'rows'."),
        ("tables: {t: {columns: {a: {type: money}}}}", "1:28: The column 'a' has the unknown type"),
        ("tables: {t: {columns: {a: {pattern: '('}}}}", "1:28: '(' is no regular expression"),
        ("tables: {t: {foreign_keys: [{columns: [a, b], table: x}]}}", "2 columns cannot refer"),
        ("tables: {t: {foreign_keys: [{columns: a}]}}", "has no 'table'"),
        (
            "tables: {t: {foreign_keys: [{columns: a, table: x, on_delete: vanish}]}}",
            "on_delete must be one of restrict, cascade, set null, not 'vanish'",
        ),
        ("tables: {t: {checks: [a]}}", "tables.t.checks must be a map, not a list."),
        ("tables: {t: {unique: 5}}", "must be a text or a list, not a whole number"),
        ("tables: {t: {indexes: {a: b}}}", "indexes must be a text or a list, not a map"),
        ("tables: {t: {indexes: [[]]}}", "tables.t.indexes[0] must not be empty"),
    ],
)
def test_what_is_wrong_is_named(text, said):
    (problem,) = problems({TABLES: f"{text}\n"})
    assert problem.startswith(".ingitdb/tables.yaml:1:")
    assert said in problem


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[1", ":1:3: "),
        ('{"type": "nonsense"}', "This is no JSON Schema: $.type: "),
    ],
)
def test_a_broken_schema_is_named_and_not_used(text, said):
    path = "fares/.collection/schema.json"
    files = {**DEFINED, path: text}
    (problem,) = problems(files)
    assert problem.startswith(path)
    assert said in problem
    assert tables(files)["geo.fares"].locations[0].declaration.record_schema is None


@pytest.mark.parametrize(
    ("text", "sql"),
    [
        ("INTEGER", "INTEGER"),
        ("int8", "BIGINT"),
        ("decimal", "DECIMAL(18,3)"),
        ("Numeric(5)", "DECIMAL(5,0)"),
        ("double precision", "DOUBLE"),
        ("timestamp  with time zone", "TIMESTAMP WITH TIME ZONE"),
        ("timestamptz", "TIMESTAMP WITH TIME ZONE"),
        ("varchar(20)[]", "VARCHAR[]"),
        ('struct("a b" int, c date[][])', 'STRUCT("a b" INTEGER, "c" DATE[][])'),
        ("map[locale]string", "MAP(VARCHAR, VARCHAR)"),
        ("[]int", "BIGINT[]"),
    ],
)
def test_types(text, sql):
    found = sql_type(text)
    assert found is not None
    assert found.sql == sql


@pytest.mark.parametrize(
    "text", ["", "money", "decimal(40,2)", "decimal(2,3)", "int(", "int int", "struct()", "map(a)"]
)
def test_types_that_do_not_exist(text):
    with pytest.raises(ValueError, match=r"^"):
        sql_type(text)
