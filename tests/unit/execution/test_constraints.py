"""Constraints of real repositories: each rule is found at its place, and only if it is broken."""

import json

import pytest

from tests.support.opening import rows
from tests.support.repositories import RepoBuilder
from tests.support.validated import (
    PORTS,
    ROOT,
    SHOP,
    TABLES,
    Validator,
    collection,
    definition,
    shop,
)


@pytest.fixture
def repo(tmp_path):
    return RepoBuilder(tmp_path / "shop")


@pytest.fixture
def found(repo, tmp_path):
    return Validator(repo, tmp_path / "cache")


# --- What each record says by itself ----------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "record", "rule", "place"),
    [
        ("name: {type: string}", "a: 1\nname: 5\n", "type", "2:1"),
        ("name: {type: string, required: true}", "x: 1\n", "required", "1:1"),
        ("name: {type: string, required: true}", "a: 1\nname:\n", "required", "2:1"),
        ("name: {type: string, enum: [x, y]}", "name: z\n", "enum", "1:1"),
        ("name: {type: string, max_length: 2}", "name: øåæ\n", "max_length", "1:1"),
        ("name: {type: string, min_length: 2}", "name: ø\n", "min_length", "1:1"),
        ("name: {type: string, length: 2}", "name: ø\n", "length", "1:1"),
        ("n: {type: int, min_value: 3}", "a: 1\nn: 2\n", "min_value", "2:1"),
        ("n: {type: float, max_value: 3}", "n: 3.5\n", "max_value", "1:1"),
        ("n: {type: int, formula: a + 1}", "n: 2\na: 1\n", "formula", "1:1"),
        (
            'n: {type: int, required_when: "a != None and a > 1"}',
            "a: 2\n",
            "required_when",
            "1:1",
        ),
        ("n: {type: int, required_when: a > 1}", "b: 2\n", "required_when", "1:1"),
        ("n: {type: int}", "n: 1\nsize: {x: 1}\n", "undeclared", "2:1"),
    ],
)
def test_each_rule_of_a_definition(repo, found, columns, record, rule, place):
    extra = "".join(f"\n{name}: {{type: any}}" for name in "abx" if f"{name}:" in record.split())
    extra = extra or "".join(f"\n{name}: {{type: any}}" for name in "abx" if f"{name}: " in record)
    if rule == "required_when" and "\na:" not in extra:
        extra += "\na: {type: any}"
    repo.commit(collection(columns + extra, bergen=record))
    assert found() == [(rule, f"ports/$records/bergen.yaml:{place}")]


def test_what_follows_the_rules_is_clean(repo, found):
    columns = "name: {type: string, required: true, enum: [Bergen]}\nn: {type: int, min_value: 1}"
    repo.commit(collection(columns, bergen="name: Bergen\nn: 1\n$note: x\n"))
    assert found() == []


def test_a_schema_of_records(repo, found):
    schema = {
        "properties": {
            "code": {"type": "string", "pattern": "^[A-Z]{2}$"},
            "mail": {"format": "email"},
            "position": {"properties": {"lat": {"maximum": 90}}, "required": ["lon"]},
        },
        "required": ["code"],
    }
    columns = "code: {type: any}\nmail: {type: any}\nposition: {type: any}"
    repo.commit(
        {
            **collection(
                columns,
                a="mail: desk@example.org\n",
                b="code: no\nmail: desk\nposition:\n  lon: 1\n  lat: 91\n",
                c="code: NO\nposition: {}\n",
            ),
            "ports/.collection/schema.json": json.dumps(schema),
        }
    )
    assert found() == [
        ("schema.required", "ports/$records/a.yaml:1:1"),
        ("schema.pattern", "ports/$records/b.yaml:1:1"),
        ("schema.format", "ports/$records/b.yaml:2:1"),
        ("schema.maximum", "ports/$records/b.yaml:5:3"),
        ("schema.required", "ports/$records/c.yaml:2:1"),
    ]


def test_a_schema_fetches_nothing(repo, found):
    schema = '{"properties": {"code": {"$ref": "https://schemas.example.org/code.json"}}}'
    repo.commit(
        {
            **collection("code: {type: any}", a="code: 1\n"),
            "ports/.collection/schema.json": schema,
        }
    )
    (violation,) = found.violations()
    assert (violation.rule, violation.place) == ("schema", "ports/$records/a.yaml:1:1")
    assert "https://schemas.example.org/code.json" in violation.message


def test_cells_of_a_table_that_tables_yaml_declares(repo, found):
    said = """
tables:
  fares:
    key: [route, class]
    columns:
      route: {pattern: '^R[0-9]+$'}
      price: {type: 'DECIMAL(6,2)', required: true, min_value: 1}
      season: {enum: [low, high]}
"""
    rows = "route,class,price,season\nR1,a,2.50,low\nX1,b,,mid\nR2,a,0.50,high\nR3,a,1.555,low\n"
    repo.commit({TABLES: said, "fares.csv": rows})
    assert found() == [
        ("pattern", "fares.csv:3:1"),
        ("required", "fares.csv:3:6"),
        ("enum", "fares.csv:3:7"),
        ("min_value", "fares.csv:4:6"),
        ("type", "fares.csv:5:6"),
    ]
    first = found.violations()[0]
    assert (first.table, first.key, first.field, first.value) == ("fares", "X1__b", "route", "X1")
    assert first.message == "fares 'X1__b': route must match ^R[0-9]+$, not 'X1'."


def test_a_data_package_is_looked_at_too(repo, found):
    package = {
        "resources": [
            {
                "name": "fares",
                "path": "fares.csv",
                "schema": {
                    "primaryKey": "id",
                    "fields": [
                        {"name": "id", "type": "integer"},
                        {"name": "code", "type": "string", "constraints": {"unique": True}},
                        {"name": "on", "type": "boolean", "trueValues": ["ja"],
                         "falseValues": ["nei"]},
                        {"name": "price", "type": "number", "decimalChar": ",",
                         "constraints": {"minimum": 1}},
                    ],
                },
            }
        ]
    }  # fmt: skip
    rows = 'id,code,on,price\n1,a,ja,"1,5"\n2,a,true,"0,5"\nx,b,nei,2\n'
    repo.commit({"datapackage.json": json.dumps(package), "fares.csv": rows})
    assert found() == [
        ("unique", "fares.csv:3:3"),
        ("type", "fares.csv:3:5"),
        ("min_value", "fares.csv:3:10"),
        ("type", "fares.csv:4:1"),
    ]


@pytest.mark.parametrize(
    ("path", "text", "place"),
    [
        ("t.json", '[{"n": 1},\n  {"n": "x"}]', "2:4"),
        ("t.jsonl", '{"n": 1}\n{"n": "x"}\n', "2:2"),
        ("t.yaml", "- n: 1\n-   n: x\n", "2:5"),
        ("t.csv", "m,n\n1,1\n2,x\n", "3:3"),
        ("t.tsv", "m\tn\n1\t1\n2\tx\n", "3:3"),
        ("t.ingr", '# INGR.io | t: $ID, n\n"k"\n1\n"l"\n"x"\n# 2 records\n', "5:1"),
    ],
)
def test_places_in_each_format(repo, found, path, text, place):
    repo.commit(
        {TABLES: f"tables: {{t: {{glob: {path}, columns: {{n: {{type: INT}}}}}}}}", path: text}
    )
    assert found() == [("type", f"{path}:{place}")]


def test_places_in_toml_and_markdown(repo, found):
    said = "tables: {t: {glob: 't/*.toml', columns: {n: {type: INT}}}, m: {glob: 'm/*.md', "
    said += "columns: {n: {type: INT}}}}"
    repo.commit(
        {
            TABLES: said,
            "t/a.toml": "m = 1\nn = 'x'\n",
            "m/a.md": "---\nm: 1\nn: x\n---\nBody\n",
        }
    )
    assert found() == [("type", "m/a.md:3:1"), ("type", "t/a.toml:2:1")]


# --- Keys, uniqueness, references -------------------------------------------------------------


def test_a_shop_that_is_in_order(repo, found):
    notes = '[{"route": "a", "class": "1"}, {"route": null, "class": "9"}, {"route": ""}]'
    repo.commit(shop("a,1,x1,2\nb,1,x2,3\n,1,,1\n".replace(",1,,1\n", ""), notes=notes))
    assert found() == []


def test_keys_and_uniqueness(repo, found):
    repo.commit(shop("a,1,l,2\na,1,m,2\nb,1,l,2\n,2,,2\n"))
    assert found() == [
        ("primary_key", "fares.csv:3:1"),
        ("unique", "fares.csv:4:3"),
        ("primary_key", "fares.csv:5:1"),
    ]
    again, unique, missing = found.violations()
    assert "the key 'a', '1' is that of the record 'a__1' of fares.csv, too" in again.message
    assert (unique.value, missing.family) == ({"class": "1", "label": "l"}, "not null")


def test_uniqueness_over_several_files(repo, found):
    files = shop("a,1,l,2\n", routes="ab")
    files["routes/b.yaml"] = "name: B\ncode: a0\n"
    repo.commit(files)
    assert found() == [("unique", "routes/b.yaml:2:1")]


def test_foreign_keys_and_checks(repo, found):
    notes = '[\n {"route": "a", "class": "1"},\n {"route": "a", "class": "2"}]'
    repo.commit(shop("a,1,l,2\nc,1,x,0\n", notes=notes))
    assert found() == [
        ("foreign_key", "fares.csv:3:1"),
        ("check label_named", "fares.csv:3:5"),
        ("check price_positive", "fares.csv:3:7"),
        ("foreign_key", "notes.json:3:3"),
    ]
    assert found.violations()[3].value == {"route": "a", "class": "2"}


def test_numbers_refer_to_texts(repo, found):
    said = "tables: {u: {glob: 'u/*.yaml'}, "
    said += "t: {glob: t.json, foreign_keys: [{columns: of, table: u}]}}"
    repo.commit({TABLES: said, "u/1.yaml": "x: 1\n", "t.json": '[{"of": 1},\n{"of": 2}]'})
    assert found() == [("foreign_key", "t.json:2:2")]


def test_counts(repo, found):
    repo.commit(shop("".join(f"a,{n},l{n},1\n" for n in range(5))))
    assert found() == [("max_records_count", ".ingitdb/tables.yaml:13:5")]
    repo.commit(shop(""))
    (violation,) = found.violations()
    assert violation.message == "fares has 0 records, but must have at least 1."


def test_counts_of_subcollections_hold_for_each_parent(repo, found):
    repo.commit(
        {
            ROOT: "orders: orders\n",
            "orders/.collection/definition.yaml": definition("a: {type: any}"),
            "orders/.collection/subcollections/lines/definition.yaml": definition(
                "n: {type: int}", "lines.json", "primary_key: [n]\nmin_records_count: 1\n"
            ),
            "orders/$records/o1.yaml": "a: 1\n",
            "orders/$records/o2.yaml": "a: 1\n",
            "orders/$records/o1/lines/lines.json": '[{"n": 1}, {"n": 2}]',
        }
    )
    (violation,) = found.violations()
    assert (violation.rule, violation.key) == ("min_records_count", "o2")


def test_custom_rules(repo, found):
    said = SHOP.replace(
        "tables:\n",
        "rules:\n  cheap_enough: SELECT _key, _path, _line, price FROM fares WHERE price > 9\n"
        "  known: SELECT 'no routes' AS message WHERE (SELECT count(*) FROM routes) = 0\ntables:\n",
    )
    said += "    rules: {few: 'SELECT count(*) AS n FROM notes HAVING count(*) > 1'}\n"
    repo.commit(shop("a,1,l,2\nb,1,m,10\n", notes="[{}, {}]", said=said))
    assert found() == [
        ("rule few", ".ingitdb/tables.yaml:22:13"),
        ("rule cheap_enough", "fares.csv:3"),
    ]
    few, cheap = found.violations()
    assert (few.table, few.value, few.message) == ("notes", {"n": 2}, "notes: few: n 2.")
    assert cheap.key == "b__1"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT * FROM nowhere", "Table 'nowhere' does not exist"),
        ("DELETE FROM fares", "is not one query"),
        ("SELECT 1; SELECT 2", "is not one query"),
        ("FROM constraint_violations", "which asks for it"),
        ("SELECT * FROM read_csv('/etc/passwd')", "read_csv"),
    ],
)
def test_rules_that_cannot_be_asked_are_named(repo, found, query, said):
    repo.commit(
        {TABLES: f'rules: {{r: "{query}"}}\ntables: {{fares: {{}}}}\n', "fares.csv": "a\n1\n"}
    )
    (violation,) = found.violations()
    assert (violation.family, violation.place) == ("definition", ".ingitdb/tables.yaml:1:9")
    assert said in violation.message


def test_naming(repo, found):
    said = "naming: {tables: '[a-z]+', columns: '[a-z_]+', keys: '[a-z0-9]+'}\n"
    files = {TABLES: said, "ports/Oslo.yaml": "Name: x\n", "ports/a/b1.yaml": "size: x\n"}
    repo.commit({**files, "lines_old.csv": "a\n1\n"})
    assert found() == [
        ("naming.tables", ".ingitdb/tables.yaml:1:10"),
        ("naming.columns", ".ingitdb/tables.yaml:1:28"),
        ("naming.keys", "ports/Oslo.yaml:1:1"),
    ]


# --- Declarations that contradict each other, and what cannot be read --------------------------


@pytest.mark.parametrize(
    ("columns", "more", "place", "said"),
    [
        ("a: {type: string, enum: [x, y, x]}", "", "3:21", "has 'x' twice"),
        ("a: {type: int, min_value: 5, max_value: 1}", "", "3:18", "more than max_value"),
        ("a: {type: int, min_value: 0.5}", "", "3:18", "no whole number"),
        ("a: {type: bool, max_length: 5}", "", "3:19", "has no length"),
        ("a: {type: string, min_length: 5, max_length: 1}", "", "3:21", "more than max_length"),
        ("a: {type: int, required_when: 'b > 1'}", "", "3:18", "names b, which is no stored"),
        ("a: {type: int, required_when: 'a >'}", "", "3:18", "is no expression"),
        ("a: {type: int, required: true, required_when: 'a > 1'}", "", "3:34", "says nothing"),
        ("a: {type: int, foreign_key: nowhere}", "", "3:18", "leads to 'nowhere'"),
        ("a: {type: int}", "min_records_count: 3\nmax_records_count: 1\n", "4:1", "is more than"),
    ],
)
def test_declarations_that_contradict_each_other(repo, found, columns, more, place, said):
    repo.commit(collection(columns, more))
    first = found.violations()[0]
    assert (first.severity, first.place) == ("error", f"{PORTS}:{place}")
    assert said in first.message


@pytest.mark.parametrize(
    ("entry", "place", "said"),
    [
        ("checks: {c: nothing > 0}", "2:12", "The check c cannot be asked"),
        ("unique: [nothing]", "2:12", "unique names nothing"),
        ("indexes: [a, nothing]", "2:16", "An index names nothing"),
        ("foreign_keys: [{columns: a, table: nowhere}]", "2:18", "leads to nowhere"),
        (
            "columns: {a: {type: INTEGER, default: \"'x'\"}}",
            "2:32",
            "The default of a is no INTEGER",
        ),
    ],
)
def test_what_tables_yaml_declares_in_vain(repo, found, entry, place, said):
    repo.commit({TABLES: f"tables: {{fares: {{\n  {entry}}}}}\n", "fares.csv": "a\n1\n"})
    violation, *others = found.violations()
    refers = "fares: a refers to '1', which is no key of nowhere."
    assert [other.message for other in others] == ([refers] if "nowhere" in said else [])
    assert (violation.family, violation.place) == ("definition", f"{TABLES}:{place}")
    assert said in violation.message


def test_a_table_that_went_with_its_last_record_leaves_references(repo, found):
    said = "tables: {kids: {foreign_keys: [{columns: p, table: parents, references: _key}]}}\n"
    repo.commit({TABLES: said, "parents/x.yaml": "n: 1\n", "kids/k.yaml": "p: x\n"})
    assert not found.violations()
    repo.commit({"parents/x.yaml": None})
    declared, dangling = found.violations()
    assert "leads to parents, no table" in declared.message
    assert (dangling.rule, dangling.path) == ("foreign_key", "kids/k.yaml")
    assert "p refers to 'x', which is no key of parents" in dangling.message


def test_unreadable_files_and_broken_definitions(repo, found):
    files = collection("a: {type: int}", a="a: [\n")
    files["ports/.collection/schema.json"] = "{"
    repo.commit(files)
    assert found() == [
        ("unreadable", "ports/$records/a.yaml:2:1"),
        ("definition", "ports/.collection/schema.json:1:2"),
    ]


def test_a_repository_that_declares_nothing_is_clean(repo, found):
    repo.commit({"t.csv": "a,a\n1,2\n", "x/a.yaml": "b: 1\n"})
    assert found() == []


# --- In SQL -----------------------------------------------------------------------------------


def test_the_information_schema_lists_them(repo, opened):
    repo.commit(shop("a,1,l,2\n"))
    db = opened(repo)
    listed = rows(db, "SELECT table_name, constraint_name, constraint_type"
                      " FROM information_schema.table_constraints ORDER BY ALL")  # fmt: skip
    assert listed == [
        ("fares", "fares_class_label_key", "UNIQUE"),
        ("fares", "fares_pkey", "PRIMARY KEY"),
        ("fares", "fares_route_fkey", "FOREIGN KEY"),
        ("fares", "label_named", "CHECK"),
        ("fares", "price_positive", "CHECK"),
        ("notes", "notes_route_class_fkey", "FOREIGN KEY"),
        ("routes", "routes_code_key", "UNIQUE"),
        ("routes", "routes_pkey", "PRIMARY KEY"),
    ]
    reactions = "SELECT constraint_name, update_rule, delete_rule"
    reactions += " FROM information_schema.referential_constraints ORDER BY ALL"
    assert rows(db, reactions) == [
        ("fares_route_fkey", "CASCADE", "CASCADE"),
        ("notes_route_class_fkey", "RESTRICT", "SET NULL"),
    ]
    names = "SELECT column_name FROM information_schema.key_column_usage"
    names += " WHERE constraint_name = 'fares_class_label_key' ORDER BY ordinal_position"
    assert rows(db, names) == [("class",), ("label",)]


def test_violations_of_a_key_of_two_columns(repo, opened):
    repo.commit(shop("a,1,l,2\na,1,m,0\n"))
    db = opened(repo)
    found = rows(db, "SELECT violation_type, route, class, violation_info->>'rule'"
                     " FROM constraint_violations('fares') ORDER BY ALL")  # fmt: skip
    assert found == [("check", "a", 1, "check"), ("unique", "a", 1, "primary_key")]


def test_violations_at_another_commit(repo, opened):
    repo.commit(shop("a,1,l,0\n"))
    bad = repo.tip()
    repo.commit(shop("a,1,l,1\n"))
    assert rows(opened(repo), "FROM constraint_violations") == []
    assert rows(opened(repo, ref=bad), "FROM constraint_violations") == [("fares", 1)]


def test_a_mixed_column_refers_by_its_text(repo, found):
    said = "tables: {u: {glob: 'u/*.yaml'}, "
    said += "t: {glob: t.json, unique: of, foreign_keys: [{columns: of, table: u}]}}"
    records = '[{"of": "x"},\n{"of": [1]},\n{"of": "y"},\n{"of": "x"}]'
    repo.commit({TABLES: said, "u/x.yaml": "a: 1\n", "t.json": records})
    assert found() == [
        ("foreign_key", "t.json:2:2"),
        ("foreign_key", "t.json:3:2"),
        ("unique", "t.json:4:2"),
    ]


def test_some_tables_alone_with_what_cannot_be_read_of_them(repo, found):
    files = collection("a: {type: int}", a="a: [\n")
    repo.commit({**files, "other/a.json": "{}", "other/b.json": "{"})
    assert found(tables=("ports",)) == [("unreadable", "ports/$records/a.yaml:2:1")]
    repo.commit({TABLES: "discover: true\n"})
    assert found(tables=("other",)) == [("unreadable", "other/b.json:1:2")]
