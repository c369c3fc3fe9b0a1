"""A declared JSON column is made from the source text of each value, whatever stands there."""

from typing import Any

import pytest

from tests.support.opening import Opened, rows
from tests.support.repositories import RepoBuilder


def shown(connection: Any, at: str = "HEAD") -> tuple[str, list[str | None]]:
    found = rows(connection, f"SELECT typeof(v), CAST(v AS VARCHAR) FROM t AS OF '{at}'")
    return found[0][0], [text for _, text in found]


@pytest.mark.parametrize(
    "values",
    [
        ['{"a":1}', '{"b":[1,2.50]}', "{}"],
        ["1", '"1"', '"a"', "true", "1.50"],
        ['[1,"a",{"b":null}]', "[]"],
        ['{"a":1,"A":"x"}', "7"],
    ],
)
def test_what_stands_there(repo: RepoBuilder, opened: Opened, values: list[str]) -> None:
    records = ", ".join(f'{{"v": {value}}}' for value in values)
    said = "tables: {t: {glob: t.json, columns: {v: {type: JSON}}}}\n"
    repo.commit({".ingitdb/tables.yaml": said, "t.json": f"[{records}, {{}}]\n"})
    connection = opened(repo)
    assert shown(connection) == ("JSON", [*values, None])
    assert connection.database.describe("t").columns[0].widened_by == ()


def test_objects_that_are_written(repo: RepoBuilder, opened: Opened) -> None:
    repo.git("config", "user.name", "Ports Desk")
    repo.git("config", "user.email", "ports@example.org")
    repo.commit({"README": "Data\n"})
    for number, layout in enumerate(("file per record", "one file")):
        connection = opened(repo)
        name = f"t{number}"
        connection.execute(
            f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, v JSON) WITH (layout = '{layout}')"
        )
        connection.execute(f"""INSERT INTO {name} VALUES (1, '{{"a":{{"b":2.50}}}}'), (2, '"5"')""")
        asked = f"SELECT typeof(v), CAST(v AS VARCHAR) FROM {name} ORDER BY id"
        assert rows(connection, asked) == [("JSON", '{"a":{"b":2.50}}'), ("JSON", '"5"')]
        connection.execute(f"""UPDATE {name} SET v = '{{"a":{{"b":3}}}}' WHERE id = 1""")
        assert rows(connection, asked)[0] == ("JSON", '{"a":{"b":3}}')
        changed = (
            "SELECT CAST(from_v AS VARCHAR), CAST(to_v AS VARCHAR)"
            f" FROM diff('{name}', 'HEAD~1', 'HEAD')"
        )
        assert rows(connection, changed) == [('{"a":{"b":2.50}}', '{"a":{"b":3}}')]
