"""Tables and columns that are declared to have had other names."""

import pytest

from tests.support.opening import Opened, rows
from tests.support.repositories import RepoBuilder

ITEMS = "tables: {items: {glob: 'd/{key}.json'}}"
THINGS = "tables: {things: {glob: 'd/{key}.json', renamed_from: items, columns: {%s}}}"
GOODS = "tables: {goods: {glob: 'd/{key}.json', renamed_from: things, columns: {%s}}}"
TABLES = ".ingitdb/tables.yaml"
KINDS = "SELECT diff_type, changed_columns FROM diff('{}', '{}', '{}') ORDER BY ALL"


@pytest.fixture
def line(repo: RepoBuilder) -> list[str]:
    """Items become things with a column renamed, then goods with it renamed again."""
    return [
        repo.commit({TABLES: ITEMS, "d/a.json": '{"p": 1}', "d/b.json": '{"p": 2}'}, "Items"),
        repo.commit({"d/a.json": '{"p": 3}'}, "Raised"),
        repo.commit(
            {
                TABLES: THINGS % "price: {renamed_from: p}",
                "d/a.json": '{"price": 3}',
                "d/b.json": '{"price": 2}',
            },
            "Things",
        ),
        repo.commit({"d/b.json": '{"price": 5}'}, "Raised again"),
        repo.commit(
            {
                TABLES: GOODS % "eur: {renamed_from: price}",
                "d/a.json": '{"eur": 3}',
                "d/b.json": '{"eur": 6}',
            },
            "Goods",
        ),
    ]


def test_histories_go_back_through_renames(
    line: list[str], repo: RepoBuilder, opened: Opened
) -> None:
    connection = opened(repo, line[3])
    asked = "SELECT _key, price, commit_hash FROM history('things') ORDER BY commit_date, _key"
    values = [(1, 2), (3, 2), (3, 2), (3, 5)]
    expected = [
        (key, value, commit)
        for commit, pair in zip(line, values, strict=False)
        for key, value in zip("ab", pair, strict=True)
    ]
    assert rows(connection, asked) == expected
    states = "SELECT _key, price FROM versions('things') ORDER BY _valid_from, _key"
    assert rows(connection, states) == [("a", 1), ("b", 2), ("a", 3), ("b", 5)]
    changes = "SELECT to_commit, to__key, diff_type, changed_columns FROM diff('things')"
    assert rows(connection, f"{changes} ORDER BY to_commit_date, 2") == [
        (line[0], "a", "added", None),
        (line[0], "b", "added", None),
        (line[1], "a", "modified", ["price"]),
        (line[3], "b", "modified", ["price"]),
    ]
    blamed = "SELECT _key, message FROM blame('things') ORDER BY 1"
    assert rows(connection, blamed) == [("a", "Raised"), ("b", "Raised again")]
    cells = "SELECT _key, message FROM blame('things', cells => true) ORDER BY 1"
    assert rows(connection, cells) == [("a", "Raised"), ("b", "Raised again")]


def test_a_name_after_another(line: list[str], repo: RepoBuilder, opened: Opened) -> None:
    connection = opened(repo)
    blamed = "SELECT _key, message FROM blame('goods') ORDER BY 1"
    assert rows(connection, blamed) == [("a", "Raised"), ("b", "Goods")]
    values = "SELECT DISTINCT eur FROM history('goods') ORDER BY 1"
    assert rows(connection, values) == [(1,), (2,), (3,), (5,), (6,)]


@pytest.mark.parametrize("name", ["items", "things"])
def test_either_name_and_either_direction(
    name: str, line: list[str], repo: RepoBuilder, opened: Opened
) -> None:
    connection = opened(repo)
    old, new = line[0], line[3]
    both = ("modified", ["price"]), ("modified", ["price"])
    assert rows(connection, KINDS.format(name, old, new)) == list(both)
    turned = ("modified", ["p"]), ("modified", ["p"])
    assert rows(connection, KINDS.format(name, new, old)) == list(turned)
    shown = "from_table_name, to_table_name, diff_type, data_change"
    summed = f"SELECT {shown} FROM diff_summary('{{}}', '{{}}')"
    told = rows(connection, summed.format(line[1], line[2]))
    assert told == [("items", "things", "renamed", False)]
    told = rows(connection, summed.format(line[2], line[1]))
    assert told == [("things", "items", "renamed", False)]


def test_branches_that_each_rename_a_column(repo: RepoBuilder, opened: Opened) -> None:
    declared = "tables: {t: {glob: 'd/{key}.json', columns: {%s}}}"
    repo.commit({TABLES: declared.replace(", columns: {%s}", ""), "d/a.json": '{"x": 1, "y": 2}'})
    repo.branch("side")
    one = declared % "x2: {renamed_from: x}"
    repo.commit({TABLES: one, "d/a.json": '{"x2": 1, "y": 2}'})
    repo.checkout("main")
    repo.commit({TABLES: declared % "y2: {renamed_from: y}", "d/a.json": '{"x": 1, "y2": 2}'})
    connection = opened(repo)
    for old, new in (("main", "side"), ("side", "main")):
        assert rows(connection, KINDS.format("t", old, new)) == []


def test_a_name_that_another_column_bears_now(repo: RepoBuilder, opened: Opened) -> None:
    declared = (
        "tables: {t: {glob: 'd/{key}.json', columns: {x: {renamed_from: y}, y: {renamed_from: x}}}}"
    )
    repo.commit({TABLES: "tables: {t: {glob: 'd/{key}.json'}}", "d/a.json": '{"x": 1, "y": 2}'})
    repo.commit({TABLES: declared, "d/a.json": '{"x": 2, "y": 1}'})
    connection = opened(repo)
    assert rows(connection, KINDS.format("t", "HEAD~1", "HEAD")) == []
    assert rows(connection, KINDS.format("t", "HEAD", "HEAD~1")) == []


def test_types_that_were_declared_for_a_column_that_is_gone(
    repo: RepoBuilder, opened: Opened
) -> None:
    def package(fields: str) -> str:
        schema = f'{{"fields": [{fields}]}}'
        return f'{{"resources": [{{"name": "t", "path": "t.csv", "schema": {schema}}}]}}'

    both = '{"name": "id", "type": "integer"}, {"name": "day", "type": "string"}'
    repo.commit({"datapackage.json": package(both), "t.csv": "id,day\n1,2024-01-05\n"})
    one = '{"name": "id", "type": "integer"}'
    repo.commit({"datapackage.json": package(one), "t.csv": "id\n1\n"})
    asked = "SELECT day FROM history('t') WHERE day IS NOT NULL"
    assert rows(opened(repo), asked) == [("2024-01-05",)]
