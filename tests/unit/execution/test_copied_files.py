"""Files that are copied into tables: the smallest change, or an error that names the line."""

from pathlib import Path

import pyarrow as pa
import pytest

import ingitdb
from tests.support.meetings import changed, filled
from tests.support.opening import Opened
from tests.support.repositories import RepoBuilder


@pytest.fixture
def data(repo: RepoBuilder) -> RepoBuilder:
    """Tables with and without keys, and someone who writes."""
    return filled(repo)


COPIES = [
    ("f.csv", "route,price\nR7,3\nR8,4.5\n", "fares FROM '{}'", ["+R7,3.00", "+R8,4.50"]),
    ("f.txt", "price;route\n3;R7\n\\N;R8\n",
     "fares (price, route) FROM '{}' (FORMAT csv, DELIMITER ';', NULL '\\N', HEADER)",
     ["+R7,3.00", "+R8,"]),
    ("f.csv", "'R;7';3\n", "fares FROM '{}' (DELIMITER ';', QUOTE '''', HEADER false)",
     ["+R;7,3.00"]),
    ("s.jsonl", '{"_key":"z","size":4}\n{"size":5,"_key":"w"}\n', "stops FROM '{}'",
     ["+z:", "+  size: 4", "+w:", "+  size: 5"]),
    ("s.ndjson", '{"_key":"z"}\n', "stops FROM '{}'", ["+z: {}"]),
    ("s.json", '[{"_key":"z","size":4}]', "stops FROM '{}'", ["+z:", "+  size: 4"]),
    ("n.csv", "id\n77\n", "log (id) FROM '{}'", ['+{"id":77,"n":42,"tag":"x1"}']),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "rest", "lines"), COPIES, ids=[c[2] for c in COPIES])
def test_copy(
    name: str,
    text: str,
    rest: str,
    lines: list[str],
    data: RepoBuilder,
    opened: Opened,
    tmp_path: Path,
) -> None:
    file = tmp_path / name
    file.write_text(text)
    cursor = opened(data).execute(f"COPY {rest.format(file)}")
    assert cursor.rowcount == len(lines) - sum(line.startswith("+  ") for line in lines)
    assert changed(data) == lines


def test_copy_of_a_relative_path_and_of_parquet(
    data: RepoBuilder, opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"route": ["P"], "price": [1.5]}), tmp_path / "fares.parquet")
    monkeypatch.chdir(tmp_path)
    connection = opened(data)
    assert connection.execute("COPY fares FROM 'fares.parquet'").rowcount == 1
    assert connection.execute("COPY fares FROM ?", ["fares.parquet"]).rowcount == 1
    assert changed(data) == ["+P,1.50"]


BAD_COPIES = [
    ("f.csv", "route,price\nR7,3\nR8,x\n", "fares", "", ingitdb.DataError, r"f\.csv, line 3: "),
    ("f.csv", "a,b,c\n1,2,3\n", "fares", "", ingitdb.DataError, "has 3 columns, and 2 are wanted"),
    ("f.csv", "route,price\n", "fares (rute)", "", ingitdb.ProgrammingError, '"?rute'),
    ("f.csv", "route,price\n", "fares", "(bogus 1)", ingitdb.DataError, "bogus"),
    ("f.csv", "route,price\n", "nope", "", ingitdb.ProgrammingError, "'nope' does not exist"),
    ("s.jsonl", '{"_key":"z","size":4}\n{"_key":"w","size":"q"}\n', "stops", "",
     ingitdb.DataError, r"s\.jsonl, line 2: "),
    ("s.jsonl", '{"_key":"a","size":4}\n', "stops", "", ingitdb.IntegrityError, "'a' already"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "table", "options", "kind", "said"), BAD_COPIES)
def test_a_file_that_cannot_be_copied(
    name: str,
    text: str,
    table: str,
    options: str,
    kind: type[Exception],
    said: str,
    data: RepoBuilder,
    opened: Opened,
    tmp_path: Path,
) -> None:
    file, before = tmp_path / name, data.tip()
    file.write_text(text)
    with pytest.raises(kind, match=said):
        opened(data).execute(f"COPY {table} FROM '{file}' {options}")
    assert data.tip() == before


@pytest.mark.parametrize(
    ("path", "kind", "said"),
    [
        ("'nope.csv'", ingitdb.DataError, "no file 'nope.csv'"),
        ("'https://example.org/x.csv'", ingitdb.NotSupportedError, "files of this machine"),
        ("1", ingitdb.ProgrammingError, "path in quotes"),
        ("'*.csv'", ingitdb.DataError, "no file"),
    ],
)
def test_what_is_no_file(
    path: str, kind: type[Exception], said: str, data: RepoBuilder, opened: Opened
) -> None:
    with pytest.raises(kind, match=said):
        opened(data).execute(f"COPY fares FROM {path}")
