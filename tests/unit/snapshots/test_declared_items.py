"""Big declared files of many records are read item by item; broken ones are lost as a whole."""

import json

import pytest

from ingitdb.catalog.layout import Layout
from ingitdb.snapshots.reading import Reader
from tests.support.opening import Opened, rows
from tests.support.repositories import RepoBuilder

COUNT = 400
DECLARED = {".ingitdb/tables.yaml": "tables:\n  t: {glob: t.*, key: id}\n"}


def lines(**changes: str) -> list[str]:
    """Gives many records, a line for each, some of them changed."""
    made = [json.dumps({"id": n, "name": f"name of {n}"}) for n in range(COUNT)]
    for name, text in changes.items():
        made[int(name[1:])] = text
    return made


def test_lines_over_time(repo: RepoBuilder, opened: Opened) -> None:
    repo.commit({**DECLARED, "t.jsonl": "\n".join(lines())})
    repo.commit({"t.jsonl": "\r\n".join(lines(n7='\n{"id": 7, "name": 1.10}'))})
    repo.commit({"t.jsonl": "\n".join(lines(n7='{"id": 7', n9='{"id": 9, "id": 9}'))})
    repo.commit({"t.jsonl": "\ufeff" + "\n".join(lines()[1:])})
    connection = opened(repo)
    assert rows(connection, "SELECT count(*), min(_line) FROM t") == [(COUNT - 1, 1)]
    found = rows(connection, "SELECT name, _line FROM t AS OF 'main~2' WHERE id IN (7, 8)")
    assert found == [("1.10", 9), ("name of 8", 10)]
    assert rows(connection, "SELECT count(*) FROM t AS OF 'main~1'") == [(0,)]
    said = [str(problem) for problem in connection.database.problems("main~1")]
    assert [text.split(": ")[0] for text in said] == ["t.jsonl:8:9"]
    assert rows(connection, "SELECT count(*) FROM versions('t')") == [(2 * COUNT,)]


@pytest.mark.parametrize(
    ("path", "around", "comma", "first"),
    [("t.json", ("[\n", "\n]"), ",\n", 2), ("t.yaml", ("- ", "\n"), "\n-\n  ", 1)],
)
def test_lists_over_time(
    repo: RepoBuilder, opened: Opened, path: str, around: tuple[str, str], comma: str, first: int
) -> None:
    for changes in ({}, {"n3": '{"id": 3, "name": "other"}'}):
        repo.commit({**DECLARED, path: comma.join(lines(**changes)).join(around)})
    connection = opened(repo)
    line = 4 * comma.count("\n") + first
    assert rows(connection, "SELECT _line FROM t WHERE id = 4") == [(line,)]
    assert rows(connection, "SELECT name FROM t WHERE id = 3") == [("other",)]
    assert rows(connection, "SELECT count(*) FROM versions('t')") == [(COUNT + 1,)]


def test_cells_over_time(repo: RepoBuilder, opened: Opened) -> None:
    table = ["id,name", *(f'{n},"name\nof {n}"' for n in range(COUNT * 2))]
    repo.commit({**DECLARED, "t.csv": "\n".join(table)})
    repo.commit({"t.csv": "\n".join(["name,id", *table[1:]])})
    connection = opened(repo)
    assert rows(connection, "SELECT name, _line FROM t WHERE id = 'name\nof 5'") == [(5, 12)]
    assert rows(connection, "SELECT id, _line FROM t AS OF 'main~1' WHERE id = 5") == [(5, 12)]


@pytest.mark.slow
def test_more_items_than_are_remembered() -> None:
    numbers = [str(n) for n in range(210_000)]
    reader = Reader()
    layout = Layout.read(["t.jsonl"], lambda _: b"")
    first = reader.read(layout, "t.jsonl", "\n".join([*numbers, "{", "{}"]).encode())
    again = reader.read(layout, "t.jsonl", "\n".join(["7.10", *numbers[1:], "{", "{}"]).encode())
    assert [fault.line for fault in again.faults] == [210_001]
    assert again.faults == first.faults
    assert again.tables[0].values[1:] == first.tables[0].values[1:]
    assert again.tables[0].values[0] == len(first.tables[0].values)
    assert again.tables[0].lines[-1] == 210_002
