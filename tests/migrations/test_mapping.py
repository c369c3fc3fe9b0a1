"""A mapping says what tables and columns are called in a target, and which of them it has."""

import json
from pathlib import Path
from typing import Any

import pytest

from ingitdb.errors import StatementRefused, UsageError
from ingitdb.migrations.mapping import TargetMapping, read_mapping
from ingitdb.services.migrations.migration import migration
from tests.migrations.test_scripts import Rounds, rows, tables
from tests.support.migrated import DuckdbTarget, Round, SqliteTarget, Target, same
from tests.support.repositories import RepoBuilder

FILES = {
    **tables(
        people={
            "key": "id",
            "unique": ["mail"],
            "indexes": ["town"],
            "columns": {"town": {"required": True}, "born": {"type": "DATE"}, "n": {"default": 5}},
            "checks": {"adult": "n > 0", "named": "first <> ''"},
            "foreign_keys": [{"columns": "town", "table": "towns", "references": "_key"}],
        },
        towns={"glob": "towns/{key}.json"},
        secret={},
    ),
    **rows("secret", {"x": 1}),
}
MAPPING = """
exclude: secret
prefix: app_
tables:
  people:
    name: persons
    indexes: [[town_key, full name], Age]
    exclude_columns: [last]
    columns:
      id: {name: person id}
      town: {name: town_key, type: VARCHAR(20)}
      n: {name: Age, expression: n * 2}
      first: {expression: upper(first)}
      full name: {expression: "concat_ws(' ', first, last) -- both"}
      year: {expression: "year(born)::INTEGER"}
  main.towns:
    columns:
      _key: {name: code}
"""


README = Path(__file__).parents[2] / "docs" / "migrations.md"


def person(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "first": f"f{number}",
        "last": f"l{number}",
        "mail": f"{number}@example.org",
        "town": "a",
        "born": "1990-02-03",
        "n": number,
        **more,
    }


@pytest.fixture(params=[SqliteTarget, DuckdbTarget], ids=lambda kind: kind.__name__)
def kind(request: pytest.FixtureRequest) -> type[Target]:
    return request.param


def said(text: str) -> TargetMapping:
    return read_mapping("mapping.yaml", text.encode())


def fresh(found: Round, kind: type[Target], ref: str, mapping: TargetMapping) -> Target:
    target = found.fresh(kind, None)
    with migration(found.database, kind.dialect, ref, mapping=mapping) as made:
        target.run("".join(made.up_script()))
    return target


def go(found: Round, kind: type[Target], a: str, b: str, text: str, *single: str) -> str:
    """Goes from one commit to another and back twice; a target that is made anew is the judge.

    `single` has what the mapping says of each commit alone, where that is less.
    """
    mapping = said(text)
    alone = [said(one) for one in single] or [mapping, mapping]
    target, there = (fresh(found, kind, ref, one) for ref, one in zip((a, b), alone, strict=True))
    before, after = target.rows(), there.rows()
    schemas = target.schema(), there.schema()
    with migration(found.database, kind.dialect, b, a, mapping=mapping) as made:
        up, down = "".join(made.up_script()), "".join(made.down_script())
    for script, expected, schema in (
        (up, after, schemas[1]),
        (up, after, schemas[1]),
        (down, before, schemas[0]),
        (down, before, schemas[0]),
        (up, after, schemas[1]),
    ):
        target.run(script)
        same(target.rows(), expected)
        assert target.schema() == schema
    return up


def test_names_types_and_expressions(repo: RepoBuilder, rounds: Rounds, kind: type[Target]) -> None:
    town = {"towns/a.json": '{"size": 1}', "towns/b.json": '{"size": 2}'}
    repo.commit({**FILES, **town, **rows("people", *map(person, range(1, 9)))})
    changed = [person(n) for n in range(1, 9)]
    changed[0]["town"] = "b"
    changed[1]["last"] = "Ø"
    changed[2]["n"] = 30
    changed[3]["born"] = "1991-02-03"
    changed[4]["born"] = "1990-12-31"
    changed[5] = person(50)
    repo.commit(rows("people", *changed))
    found = rounds(repo.path)
    up = go(found, kind, "HEAD~1", "HEAD", MAPPING)
    assert "update rows persons, 4 rows" not in up  # born is kept as it is, too
    assert "update rows persons, 5 rows" in up
    target = fresh(found, kind, "HEAD", said(MAPPING))
    assert sorted(target.rows()) == ["app_towns", "persons"]
    assert target.ask(
        'SELECT "person id", "first", mail, town_key, "Age", "full name", year FROM persons'
        ' WHERE "person id" IN (1, 2, 50) ORDER BY 1'
    ) == [
        (1, "F1", "1@example.org", "b", 2, "f1 l1", 1990),
        (2, "F2", "2@example.org", "a", 4, "f2 Ø", 1990),
        (50, "F50", "50@example.org", "a", 100, "f50 l50", 1990),
    ]
    assert target.ask("SELECT code FROM app_towns ORDER BY 1") == [("a",), ("b",)]
    if kind is SqliteTarget:
        ((sql,),) = target.ask("SELECT sql FROM sqlite_master WHERE name = 'persons'")
        assert '"town_key" VARCHAR(20) NOT NULL' in sql
        assert 'FOREIGN KEY ("town_key") REFERENCES "app_towns" ("code")' in sql
        assert 'PRIMARY KEY ("person id")' in sql
        assert "CHECK" not in sql
        found_indexes = target.ask(
            "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY 1"
        )
        assert [name for (name,) in found_indexes] == [
            "persons.Age",
            "persons.town_key",
            "persons.town_key_full name",
        ]
    with migration(found.database, kind.dialect, "HEAD", mapping=said(MAPPING)) as made:
        notes = "\n".join(made.up.notes)
    assert "people: the check adult is not carried." in notes
    assert "people: the check named is not carried." in notes


def test_rows_that_an_expression_does_not_tell_apart_stay(
    repo: RepoBuilder, rounds: Rounds, kind: type[Target]
) -> None:
    text = "tables: {t: {columns: {x: {expression: x // 10}, y: {exclude: true}}}}"
    declared = tables(t={"key": "id"})
    repo.commit({**declared, **rows("t", *({"id": n, "x": n, "y": n} for n in range(20)))})
    repo.commit(rows("t", *({"id": n, "x": n - n % 10 + n // 19 * 10, "y": -n} for n in range(20))))
    up = go(rounds(repo.path), kind, "HEAD~1", "HEAD", text)
    assert "-- update rows t, 1 rows" in up
    assert "insert rows" not in up


def test_what_expressions_read_changes_its_type_or_goes(
    repo: RepoBuilder, rounds: Rounds, kind: type[Target]
) -> None:
    half, y = "TRY_CAST(x AS DOUBLE) / 2", "coalesce(x::VARCHAR, 'none')"
    made = {"half": {"expression": half}, "y": {"expression": y}}
    text = json.dumps({"tables": {"t": {"columns": made}}})
    declared = tables(t={"key": "id"})
    data = [{"id": n, "x": n} for n in range(9)]
    repo.commit({**declared, **rows("t", *data)})
    repo.commit(rows("t", *data, {"id": 10, "x": 1.5}))
    repo.commit(rows("t", *data, {"id": 10, "x": "word"}, {"id": 11, "z": 1}))
    found = rounds(repo.path)
    go(found, kind, "HEAD~2", "HEAD~1", text)
    go(found, kind, "HEAD~1", "HEAD", text)
    target = fresh(found, kind, "HEAD", said(text))
    assert target.ask("SELECT half, y FROM t WHERE id > 8 ORDER BY id") == [
        (None, "word"),
        (None, "none"),
    ]


def test_a_renamed_column_keeps_its_name_there(
    repo: RepoBuilder, rounds: Rounds, kind: type[Target]
) -> None:
    repo.commit({**tables(t={"key": "id"}), **rows("t", *({"id": n, "a": n} for n in range(9)))})
    renamed = {"columns": {"b": {"renamed_from": "a"}}, "key": "id"}
    repo.commit({**tables(t=renamed), **rows("t", *({"id": n, "b": n} for n in range(9)))})
    text = "tables: {{t: {{columns: {{{}}}}}}}"
    names = ("a: {name: value}", "b: {name: value}")
    found = rounds(repo.path)
    single = [text.format(name) for name in names]
    up = go(found, kind, "HEAD~1", "HEAD", text.format(", ".join(names)), *single)
    assert "table t" not in up
    other = text.format("id: {name: b}, b: {name: id}")
    go(found, kind, "HEAD~1", "HEAD", other, text.format("id: {name: b}"), other)


def test_tables_go_into_schemas(repo: RepoBuilder, rounds: Rounds, kind: type[Target]) -> None:
    declared = tables(t={}, u={}, v={})
    repo.commit({**declared, **rows("t", {"x": 1}), **rows("u", {"x": 2}), **rows("v", {"x": 3})})
    repo.commit(
        {**tables(w={"renamed_from": "t", "glob": "data/t.jsonl"}, u={}), **rows("u", {"x": 4})}
    )
    text = "schema: app\ninclude: ['[tuw]']\ntables: {u: {schema: main, name: U 2}}"
    found = rounds(repo.path)
    go(found, kind, "HEAD~1", "HEAD", text)
    assert sorted(fresh(found, kind, "HEAD~1", said(text)).rows()) == ["U 2", "app.t"]


def test_a_table_may_be_empty_or_nested(
    repo: RepoBuilder, rounds: Rounds, kind: type[Target]
) -> None:
    repo.commit({**tables(t={"columns": {"x": None, "list": None}}), "data/t.jsonl": ""})
    repo.commit(rows("t", {"x": 1, "list": [1, 2], "s": {"a": {"b": 7}}}))
    columns = "list: {expression: 'list_sum(list)::INT'}, s: {expression: s.a.b}"
    text = f"tables: {{t: {{columns: {{{columns}}}}}}}"
    with pytest.raises(UsageError, match="no value at"):
        go(rounds(repo.path), kind, "HEAD~1", "HEAD", text)
    found = rounds(repo.path)
    go(found, kind, "EMPTY", "HEAD", text, "", text)
    target = fresh(found, kind, "HEAD", said(text))
    assert target.ask("SELECT x, list, s FROM t") == [(1, 3, 7)]


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("tablse: {}", "m.yaml:1:1: The file has an unknown key 'tablse'. Did you mean", ""),
        ("tables:\n  tt: {}", "m.yaml:2:3: There is no table 'tt'.", "Did you mean t?"),
        (
            "tables: {t: {columns:\n  {naem: {name: x}}}}",
            "m.yaml:2:4: t has no column 'naem'.",
            "Did you mean name?",
        ),
        (
            "tables: {t: {exclude_columns:\n  [id, nme]}}",
            "m.yaml:2:8: t has no column 'nme'.",
            "Did you mean name?",
        ),
        ("exclude: [t, u, x]", "m.yaml:1:17: There is no table 'x'.", ""),
        ("include: [", "m.yaml:", ""),
        ("tables: {t: {name: u}}", "t of main and u of main would be one table of", ""),
        (
            "tables: {t: {columns: {id: {name: Name}}}}",
            "m.yaml:1:29: The column 'name' would be there twice.",
            "",
        ),
        (
            "tables: {t: {columns: {id: {name: _path}}}}",
            "m.yaml:1:29: The column '_path' would be there twice.",
            "",
        ),
        (
            "tables: {t: {exclude_columns: id}}",
            "m.yaml:1:10: t would have no key: its primary key (id) is not carried",
            "",
        ),
        (
            "tables: {t: {columns: {id: {exclude: true, name: x}}}}",
            "m.yaml:1:24: The column 'id' is left out",
            "",
        ),
        (
            "tables: {t: {columns: {id: {type: 'INT; DROP'}}}}",
            "m.yaml:1:29: tables.t.columns.id.type cannot be 'INT; DROP'.",
            "",
        ),
        (
            "tables: {t: {columns: {id: {}}}}",
            "m.yaml:1:24: tables.t.columns.id must not be empty.",
            "",
        ),
        (
            "tables: {t: {indexes: [id, nam]}}",
            "m.yaml:1:28: An index names 'nam'",
            "Did you mean name?",
        ),
        (
            "tables: {t: {columns: {x: {expression: nothing + 1}}}}",
            "m.yaml:1:28: The expression gives no value at ",
            "",
        ),
        (
            "tables: {t: {columns: {x: {expression: 'name::INTEGER'}}}}",
            "m.yaml:1:28: The expression gives no value at ",
            "",
        ),
        (
            "tables: {t: {columns: {x: {expression: sum(id)}}}}",
            "sum looks at more than one row",
            "",
        ),
        (
            "tables: {t: {columns: {x: {expression: row_number() OVER ()}}}}",
            "columns of its own row",
            "",
        ),
        ("tables: {t: {columns: {x: {expression: (SELECT 1)}}}}", "columns of its own row", ""),
        (
            "tables: {t: {columns: {x: {expression: 'EXISTS (FROM u)'}}}}",
            "columns of its own row",
            "",
        ),
        ("tables: {t: {columns: {x: {expression: now()}}}}", "now is another one each time", ""),
        (
            "tables: {t: {columns: {x: {expression: current_date}}}}",
            "current_date is another one each time",
            "",
        ),
        (
            "tables: {t: {columns: {x: {expression: random()}}}}",
            "The expression gives no value",
            "",
        ),
        (
            "tables: {t: {columns: {x: {expression: 'unnest([1, 2])'}}}}",
            "unnest looks at more than one row",
            "",
        ),
        (
            "tables: {t: {columns: {x: {expression: '1) FROM t WHERE (true'}}}}",
            "The expression gives no value",
            "",
        ),
        ("tables: {t: {columns: {x: {expression: '1), (2'}}}}", "no single expression", ""),
        (
            "tables: {t: {columns: {x: {expression: \"getenv('HOME')\"}}}}",
            "The expression gives no value",
            "",
        ),
        ("tables: {t: {columns: {x: {expression: _path}}}}", "The expression gives no value", ""),
        ("tables: {T: {}, t: {}}", "m.yaml:1:1: A table is named twice.", ""),
        (
            "tables: {t: {columns: {ID: {name: x}, id: {name: y}}}}",
            "m.yaml:1:10: A column is named twice.",
            "",
        ),
        ("[1]", "m.yaml: The file must be a map, not a list.", ""),
    ],
)
def test_faults_say_where(
    repo: RepoBuilder, rounds: Rounds, text: str, message: str, hint: str
) -> None:
    declared = tables(t={"key": "id"}, u={"key": "id"})
    repo.commit({**declared, **rows("t", {"id": 1, "name": "a"}), **rows("u", {"id": 1})})
    with pytest.raises(UsageError) as caught:
        migration(
            rounds(repo.path).database, "sqlite", mapping=read_mapping("m.yaml", text.encode())
        )
    assert message.removeprefix("m.yaml:1:1: A") in caught.value.message or (
        message in caught.value.message
    )
    assert hint in (caught.value.hint or "")


def test_json_has_places_too() -> None:
    with pytest.raises(UsageError, match=r"^m\.json:3:4: tables\.t has an unknown key 'nam'"):
        read_mapping("m.json", b'{\n "tables": {"t": {\n   "nam": "x"}}\n}')
    with pytest.raises(UsageError, match=r"^m\.json:1:"):
        read_mapping("m.json", b"{tables: {}}")
    found = read_mapping("m.json", json.dumps({"prefix": "x_"}).encode())
    assert found.place(("main", "t")) == ("main", "x_t")
    assert read_mapping("m.yaml", b"").place(("geo", "t")) == ("geo", "t")


def test_a_key_may_go_where_another_one_stays(
    repo: RepoBuilder, rounds: Rounds, kind: type[Target]
) -> None:
    declared = tables(t={"key": "id", "unique": ["name", ["id", "name"]]})
    repo.commit({**declared, **rows("t", *({"id": n, "name": f"n{n}"} for n in range(9)))})
    repo.commit(rows("t", *({"id": n, "name": f"n{n}"} for n in range(5))))
    found = rounds(repo.path)
    text = "tables: {t: {exclude_columns: id}}"
    up = go(found, kind, "HEAD~1", "HEAD", text)
    assert "-- delete rows t, 4 rows" in up
    assert "t: the primary key (id) is not carried, for the mapping leaves out a column" in up
    assert "t: unique group (id, name) is not carried" in up


def test_the_example_of_the_documentation(
    repo: RepoBuilder, rounds: Rounds, kind: type[Target]
) -> None:
    text = README.read_text("utf-8").partition("# mapping.yaml\n")[2].partition("```")[0]
    people = [{**person(n), "mail": f"Me{n}@Example.org", "password": "x"} for n in range(9)]
    declared = tables(
        people={"key": "id"}, towns={"glob": "towns/{key}.json"}, logs={}, tmp_1={}, other={}
    )
    more = dict.fromkeys(("data/logs.jsonl", "data/tmp_1.jsonl", "data/other.jsonl"), '{"x": 1}\n')
    repo.commit({**declared, **rows("people", *people), **more, "towns/a.json": "{}"})
    people[3]["password"] = "y"
    people[4]["last"] = "Ø"
    repo.commit(rows("people", *people))
    found = rounds(repo.path)
    up = go(found, kind, "HEAD~1", "HEAD", text)
    assert "-- update rows persons, 1 rows" in up
    target = fresh(found, kind, "HEAD", said(text))
    assert sorted(target.rows()) == ["app_other", "app_towns", "persons"]
    assert target.ask("SELECT town_code, mail, full_name FROM persons WHERE id = 4") == [
        ("a", "me4@example.org", "f4 Ø")
    ]


@pytest.mark.parametrize(
    ("mode", "after", "back"),
    [
        ("sync", [(1, "x"), (2, "b"), (4, "d")], [(1, "a"), (2, "b"), (3, "c")]),
        ("upsert", [(1, "x"), (2, "b"), (3, "c"), (4, "d")], [(1, "a"), (2, "b"), (3, "c")]),
        ("insert", [(1, "a"), (2, "b"), (3, "c"), (4, "d")], [(1, "a"), (2, "b"), (3, "c")]),
    ],
)
def test_a_table_has_a_mode_of_its_own(
    repo: RepoBuilder, rounds: Rounds, kind: type[Target], mode: str, after: Any, back: Any
) -> None:
    def pairs(name: str, *found: tuple[int, str]) -> dict[str, str]:
        return rows(name, *({"id": number, "name": text} for number, text in found))

    declared = tables(t={"key": "id"}, u={"key": "id"})
    news = [(1, "x"), (2, "b"), (4, "d")]
    repo.commit({**declared, **pairs("t", *back), **pairs("u", *back)})
    repo.commit({**pairs("t", *news), **pairs("u", *news)})
    found = rounds(repo.path)
    mapping = said(f"tables: {{t: {{name: T 2, mode: {mode}}}}}")
    target = fresh(found, kind, "HEAD~1", mapping)
    with migration(found.database, kind.dialect, "HEAD", "HEAD~1", mapping=mapping) as made:
        up, down = "".join(made.up_script()), "".join(made.down_script())
    for script, rows_of_t, rows_of_u in (
        (up, after, news),
        (up, after, news),
        (down, back, back),
        (down, back, back),
        (up, after, news),
    ):
        target.run(script)
        assert target.ask('SELECT id, name FROM "T 2" ORDER BY 1') == rows_of_t
        assert target.ask("SELECT id, name FROM u ORDER BY 1") == rows_of_u


def test_rows_that_are_to_stay_are_not_taken_with_the_table(
    repo: RepoBuilder, rounds: Rounds, kind: type[Target]
) -> None:
    repo.commit(rows("t", {"x": 1}, {"x": 1}))
    repo.commit(rows("t", {"x": 1}, {"x": 2}))
    mapping = said("tables: {data.t: {mode: upsert}}")
    with pytest.raises(StatementRefused, match="as a whole"):
        migration(rounds(repo.path).database, kind.dialect, "HEAD", "HEAD~1", mapping=mapping)
