"""Declarations that the files of a commit leave without effect are warnings."""

import json
from typing import Any

import pytest

from tests.support.opening import Opened, rows, types
from tests.support.repositories import RepoBuilder

TABLES = ".ingitdb/tables.yaml"


def warnings(connection: Any, at: str = "main") -> list[str]:
    """Gives the problems of a commit, all of them warnings."""
    found = connection.database.problems(at)
    assert {problem.severity for problem in found} <= {"warning"}
    return [str(problem) for problem in found]


def package(**resource: Any) -> str:
    """Gives a data package of one resource."""
    return json.dumps({"resources": [{"name": "t", **resource}]})


def test_a_resource_without_its_file(repo: RepoBuilder, opened: Opened) -> None:
    """The files decide at each commit, though the package stays as it is."""
    repo.commit({"datapackage.json": package(path=["t.csv", "u.csv"]), "t.csv": "a\n1\n"})
    repo.commit({"u.csv": "a\n2\n"})
    repo.commit({"t.csv": None})
    connection = opened(repo)
    said = "datapackage.json: The resource 't' has no file {}."
    assert warnings(connection, "main~2") == [said.format("'u.csv'")]
    assert warnings(connection, "main~1") == []
    assert warnings(connection) == [said.format("'t.csv'")]
    repo.commit({"t.csv": "a\n3\n"})
    assert warnings(connection) == []
    assert warnings(connection, "WORKING") == []
    repo.remove("u.csv")
    assert rows(connection, "SELECT a FROM t AS OF 'WORKING'") == [(3,)]
    assert warnings(connection, "WORKING") == [said.format("'u.csv'")]


def test_a_resource_with_a_line_and_with_wildcards(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({"p/datapackage.yaml": "resources:\n- name: t\n  path: data/*.csv\n"})
    connection = opened(repo)
    found = rows(connection, "SELECT path, line, severity, message FROM unreadable()")
    text = (
        "The resource 't' has no file 'p/data/*.csv'; a path is taken as it is, without wildcards."
    )
    assert found == [("p/datapackage.yaml", 3, "warning", text)]


def test_files_that_cannot_be_read_or_are_excluded_are_there(
    repo: RepoBuilder, opened: Opened
) -> None:
    repo.commit({"datapackage.json": package(path="t.csv"), "t.csv": b"a\n\xff\n"})
    repo.commit({TABLES: "tables: {t: {exclude: 't.csv'}}\n"})
    connection = opened(repo)
    (problem,) = connection.database.problems("main~1")
    assert (problem.path, problem.severity) == ("t.csv", "error")
    assert warnings(connection) == []


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ({"type": "boolean", "trueValues": "ja"}, "trueValues of the field 'v' has no effect"),
        ({"type": "boolean", "trueValues": ["1"], "falseValues": ["1"]}, "shares a text"),
        ({"type": "number", "decimalChar": "::"}, "is no single character"),
        ({"type": "number", "decimalChar": "-"}, "is no single character"),
        ({"type": "number", "groupChar": "."}, "is the decimalChar, too"),
        ({"type": "integer", "bareNumber": "no"}, "is neither true nor false"),
        ({"type": "string", "groupChar": ","}, "is not for fields of this type"),
        ({"type": "integer", "missingValues": "NA"}, "is no list"),
    ],
)
def test_spellings_that_cannot_be_obeyed(
    repo: RepoBuilder, opened: Opened, field: dict[str, Any], said: str
) -> None:
    schema = {"fields": [{"name": "v", **field}]}
    repo.commit({"datapackage.json": package(path="t.csv", schema=schema), "t.csv": "v\n1\n"})
    connection = opened(repo)
    (text,) = warnings(connection)
    assert text.startswith("datapackage.json: ")
    assert said in text
    kinds = {"boolean": "BOOLEAN", "number": "DOUBLE", "integer": "BIGINT", "string": "VARCHAR"}
    assert types(connection, "SELECT v FROM t") == {"v": kinds[field["type"]]}


def test_spellings_of_cells_where_there_are_none(repo: RepoBuilder, opened: Opened) -> None:
    schema = "{fields: [{name: v, type: number,\n  decimalChar: ','}]}"
    repo.commit(
        {
            "datapackage.yaml": f"resources: [{{path: t.json, schema: {schema}}}]\n",
            "t.json": '[{"v": 1.5}]',
        }
    )
    connection = opened(repo)
    assert warnings(connection) == [
        "datapackage.yaml:1:46: What the field 'v' says of cells has no effect on this file."
    ]
    assert types(connection, "SELECT v FROM t") == {"v": "DOUBLE"}


@pytest.mark.parametrize("pointer", ["meta.items", "/meta/items"])
def test_a_pointer_to_nothing(repo: RepoBuilder, opened: Opened, pointer: str) -> None:
    repo.commit(
        {
            TABLES: f"tables: {{t: {{glob: 's/*.yaml', pointer: {pointer}}}}}\n",
            "s/a.yaml": "meta: {items: [{a: 1}]}\n",
            "s/b.yaml": "meta: {other: [{a: 2}]}\n",
            "s/c.yaml": "meta: {items: []}\n",
        }
    )
    repo.commit({"s/b.yaml": "meta: {items: [{a: 3}]}\n"})
    connection = opened(repo)
    said = f"s/b.yaml: The pointer {pointer!r} leads to nothing in this file."
    assert warnings(connection, "main~1") == [said]
    assert rows(connection, "SELECT a FROM t AS OF 'main~1'") == [(1,)]
    assert warnings(connection) == []
    assert rows(connection, "SELECT a FROM t ORDER BY a") == [(1,), (3,)]


@pytest.mark.parametrize("key", ["idd", "id.x", "x.nope", "n.x", "ID"])
def test_a_key_of_no_column(repo: RepoBuilder, opened: Opened, key: str) -> None:
    repo.commit(
        {
            TABLES: f"tables:\n  t:\n    glob: s.json\n    key: [id, {key}]\n",
            "s.json": '[{"id": 1, "x": {"y": 2}}]',
        }
    )
    connection = opened(repo)
    assert rows(connection, "SELECT id, _key FROM t") == [(1, None)]
    assert rows(connection, "SELECT path, line, severity, message FROM unreadable()") == [
        (TABLES, 4, "warning", f"The key of t names {key!r}, which is no column of its records.")
    ]


@pytest.mark.parametrize("key", ["id", "[id, x.y]", "folder"])
def test_a_key_of_columns(repo: RepoBuilder, opened: Opened, key: str) -> None:
    repo.commit(
        {
            TABLES: f"tables: {{t: {{glob: 's/{{folder}}.json', key: {key}}}, u: {{key: id}},\n"
            "  v: {glob: none/*.json, key: id}}\n",
            "s/a.json": '[{"id": 1, "x": {"y": 2}}]',
            "u.csv": "id\n",
        }
    )
    assert warnings(opened(repo)) == []


def test_a_key_is_looked_for_at_each_commit(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({TABLES: "tables: {people: {key: id}}\n", "people/a.json": '{"nr": 1}'})
    repo.commit({"people/b.json": '{"id": 1}'})
    connection = opened(repo)
    assert len(warnings(connection, "main~1")) == 1
    assert warnings(connection) == []
