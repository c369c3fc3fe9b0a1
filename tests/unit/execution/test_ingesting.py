"""Rows of Arrow come into tables by the names of their columns."""

from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

import ingitdb
from tests.support.opening import Opened, rows
from tests.support.repositories import RepoBuilder

FILES = {
    "log.jsonl": '{"id":1,"n":5}\n',
    "stops.yaml": "a:\n  size: 1\n",
    ".ingitdb/tables.yaml": 'tables: {log: {key: [id], columns: {n: {default: "40 + 2"}}}}\n',
}
ROWS = pa.table({"id": [2, 3]})


@pytest.fixture
def data(repo: RepoBuilder) -> RepoBuilder:
    """Two tables, and someone who writes."""
    repo.git("config", "user.name", "Ports Desk")
    repo.git("config", "user.email", "ports@example.org")
    repo.commit(FILES)
    return repo


class Stream:
    """What other libraries hand out."""

    def __arrow_c_stream__(self, schema: object = None) -> Any:
        return ROWS.__arrow_c_stream__(schema)


@pytest.mark.parametrize(
    "given",
    [ROWS, ROWS.to_batches()[0], ROWS.to_reader(), Stream()],
    ids=lambda given: type(given).__name__,
)
def test_append(given: Any, data: RepoBuilder, opened: Opened) -> None:
    connection = opened(data)
    assert connection.ingest("log", given) == 2
    assert (data.path / "log.jsonl").read_text() == (
        '{"id":1,"n":5}\n{"id":2,"n":42}\n{"id":3,"n":42}\n'
    )
    assert data.git("log", "-1", "--format=%s") == "INSERT log: 2 records"
    assert data.git("rev-list", "--count", "main") == "2"


def test_columns_are_found_by_name_and_values_cast(data: RepoBuilder, opened: Opened) -> None:
    connection = opened(data)
    given = pa.table({"size": [Decimal("7")], "_key": pa.array(["b"]).dictionary_encode()})
    assert connection.ingest("main.stops", given) == 1
    assert (data.path / "stops.yaml").read_text() == "a:\n  size: 1\nb:\n  size: 7\n"


@pytest.mark.parametrize(
    ("table", "given", "mode", "kind", "said"),
    [
        ("log", pa.table({"id": [1]}), "append", ingitdb.IntegrityError, "the key '1' is that of"),
        ("log", pa.table({"id": ["x"]}), "append", ingitdb.DataError, "Could not convert"),
        ("log", pa.table({"idd": [1]}), "append", ingitdb.Error, "idd"),
        ("nope", ROWS, "append", ingitdb.ProgrammingError, "'nope' does not exist"),
        ("log", ROWS, "upsert", ingitdb.Error, "no mode 'upsert'"),
        ("log", [1, 2], "append", ingitdb.Error, "list is not Arrow"),
    ],
)
def test_what_cannot_come(
    table: str,
    given: Any,
    mode: str,
    kind: type[Exception],
    said: str,
    data: RepoBuilder,
    opened: Opened,
) -> None:
    before = data.tip()
    with pytest.raises(kind, match=said):
        opened(data).ingest(table, given, mode)
    assert data.tip() == before


def test_nothing_comes_of_no_rows(data: RepoBuilder, opened: Opened) -> None:
    before = data.tip()
    assert opened(data).ingest("log", ROWS.slice(0, 0)) == 0
    assert data.tip() == before


def test_in_a_transaction(data: RepoBuilder, opened: Opened) -> None:
    connection = opened(data)
    connection.execute("BEGIN")
    connection.ingest("log", ROWS)
    assert rows(connection, "SELECT count(*) FROM log") == [(3,)]
    connection.execute("ROLLBACK")
    assert rows(connection, "SELECT count(*) FROM log") == [(1,)]
